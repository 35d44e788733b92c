"""Both layers' objects as columns, in the classes of DRIVING, in order of frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.classes import Translation, translate
from drivelabel.evaluation.report.columns import Objects
from drivelabel.evaluation.report.not_counted import not_visible, without_points
from drivelabel.evaluation.report.projected import projected_truth
from drivelabel.evaluation.report.settings import Settings
from drivelabel.labels import DRIVING, UNMAPPED, Boxes3D, Grouped
from drivelabel.scene import NO_SAMPLE, Layer, Scene
from drivelabel.typing import BoolArray, FloatArray, IntArray

LIGHT = DRIVING.id_of("traffic_light")
MOVING = 0.5
"""Metres per second from which on a cuboid moves."""
MOTIONS = ("moving", "standing", "unknown")


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """One side's objects.

    Attributes:
        objects: in the judged groups only.
        labelled: (g,) which frames (samples) this side has looked at.
        translation: of its classes.
        n_low_score: rows left out because of their score.
        n_lights: rows left out because traffic lights are judged on their own.
    """

    objects: Objects
    labelled: BoolArray
    translation: Translation
    n_low_score: int
    n_lights: int = 0


def table_of(scene: Scene, layer: Layer, kind: str) -> Grouped[Any] | None:
    """A layer's table, checked against the scene; None when the layer has none.

    Raises:
        InvalidLabelError: it has labels of frames (samples) that the scene does not have, or a score is no
            number in [0, 1].
    """
    table = layer.tables.get(kind)
    if table is None:
        return None
    what, expected = (
        ("samples", len(scene.samples_ns)) if kind == "boxes3d" else ("frames", len(scene.frames))
    )
    if len(table) != expected:
        raise InvalidLabelError(
            f"{scene.name}, layer {layer.name!r}, {kind}: expected labels of the scene's {expected} {what}, "
            f"got {len(table)}. The labels belong to another recording, or were made before it was cut."
        )
    score = getattr(table.rows, "score", np.zeros(0))
    bad = ~((score >= 0) & (score <= 1))  # a stored table is not checked again when it is read
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidLabelError(
            f"{scene.name}, layer {layer.name!r}, {kind}, row {row}: expected a score in [0, 1], got "
            f"{score[row]}. Without a score the row cannot be ranked; give it one or drop it."
        )
    return table


def gather(
    scene: Scene, layer: Layer, kind: str, groups: BoolArray, settings: Settings, *, lights: bool = True
) -> Gathered:
    """A layer's own rows of one kind in the judged frames (samples).

    Args:
        scene: the log.
        layer: whose.
        kind: of label.
        groups: (g,) the frames (samples) that are judged.
        settings: with the least score; truth is gathered with 0.
        lights: whether boxes of traffic lights are among them.
    """
    table = table_of(scene, layer, kind)
    assert table is not None, "the caller has seen that there is one"
    rows, group = table.rows, table.group_of_row
    judged = np.flatnonzero(groups[group])
    category, translation = translate(layer.taxonomy, rows.category_id[judged])
    scored = rows.score[judged].astype(np.float64) >= settings.min_score
    twice = np.zeros(len(judged), np.bool_) if lights else category == LIGHT
    use = scored & ~twice & (category != UNMAPPED)
    keep = judged[use]
    place = _cuboid_places(scene, rows[keep], group[keep]) if kind == "boxes3d" else _box_places(rows[keep])
    objects = _objects(scene, kind, rows, keep, group[keep], category[use], *place)
    return Gathered(objects, table.labelled, translation, int((~scored).sum()), int(twice.sum()))


def what_counts(scene: Scene, layer: Layer, kind: str, objects: Objects, settings: Settings) -> Objects:
    """The truth's own objects, with those that are too low (cuboids: without lidar points) marked."""
    if kind == "boxes3d":
        empty = without_points(layer.boxes3d, scene.samples_ns, settings.min_points)
        return objects.without(empty[objects.row], c.NO_POINTS)
    return objects.without(objects.height_px < settings.min_size_px, c.TOO_LOW)


def _objects(
    scene: Scene,
    kind: str,
    rows: Any,
    keep: IntArray,
    group: IntArray,
    category: IntArray,
    xyxy: FloatArray,
    center: FloatArray,
    distance: FloatArray,
) -> Objects:
    in_3d = kind == "boxes3d"
    return Objects(
        group=group,
        row=keep,
        time_ns=scene.samples_ns[group] if in_3d else scene.frames.timestamp_ns[group],
        camera=np.full(len(keep), -1) if in_3d else scene.frames.sensor[group].astype(np.int64),
        category=category,
        score=rows.score[keep].astype(np.float64),
        track_id=rows.track_id[keep],
        origin=rows.origin[keep].astype(np.int64),
        xyxy=xyxy,
        center=center,
        distance=distance,
        ignored_for=np.zeros(len(keep), np.int64),
        bands={"motion": motion_of(rows.velocity[keep])} if in_3d else {},
    )


def motion_of(velocity: FloatArray) -> Any:
    """(n,) of MOTIONS, from (n, 3) metres per second; unknown where it is NaN."""
    speed = np.linalg.norm(velocity[:, :2].astype(np.float64), axis=1)
    code = np.where(np.isnan(speed), 2, np.where(speed >= MOVING, 0, 1))
    return np.array(MOTIONS, object)[code]


def _box_places(rows: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    n = len(rows)
    return rows.xyxy.astype(np.float64), np.full((n, 3), np.nan), np.full(n, np.nan)


def _cuboid_places(
    scene: Scene, rows: Boxes3D, sample: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    distance = np.full(len(rows), np.nan)
    poses = scene.poses
    if poses is not None and len(rows):
        time_ns = np.clip(scene.samples_ns[sample], poses.timestamp_ns[0], poses.timestamp_ns[-1])
        ego = poses.at(time_ns)[:, :2, 3]
        distance = np.linalg.norm(rows.center[:, :2] - ego, axis=1)
    return np.full((len(rows), 4), np.nan), rows.center.astype(np.float64), distance


def frames_with_cuboids(scene: Scene, truth: Layer) -> BoolArray:
    """(n_frames,) frames into which the layer's cuboids can be projected."""
    table = table_of(scene, truth, "boxes3d")
    assert table is not None, "the caller has seen that there is one"
    sample = scene.frames.sample
    usable = (sample != NO_SAMPLE) & table.labelled[np.maximum(sample, 0)] if len(table) else sample < -1
    if scene.poses is None:
        return np.zeros(len(sample), np.bool_)
    calibrated = np.array([getattr(sensor, "is_calibrated", False) for sensor in scene.sensors], np.bool_)
    time_ns = scene.frames.timestamp_ns
    posed = (time_ns >= scene.poses.timestamp_ns[0]) & (time_ns <= scene.poses.timestamp_ns[-1])
    result: BoolArray = usable & calibrated[scene.frames.sensor] & posed
    return result


def gather_projected(
    scene: Scene, layer: Layer, frames: BoolArray, settings: Settings, *, lights: bool = True
) -> Gathered:
    """A layer's cuboids as image boxes; those that a rule takes out are marked with its reason."""
    table = table_of(scene, layer, "boxes3d")
    assert table is not None, "the caller has seen that there is one"
    every, _ = translate(layer.taxonomy, table.rows.category_id)
    parts = []
    for frame in np.flatnonzero(frames).tolist():
        sample = int(scene.frames.sample[frame])
        seen = projected_truth(scene, frame, table[sample])
        rows = seen.row + int(table.offsets[sample])
        parts.append((np.full(len(rows), frame), rows, seen.xyxy, seen.center, seen.distance, seen.hidden))
    if not parts:
        raise SceneLookupError(f"{scene.name}: no frame into which cuboids can be projected.")
    frame_of, row, xyxy, center, distance, hidden = (np.concatenate(x) for x in zip(*parts, strict=True))
    _, translation = translate(layer.taxonomy, table.rows.category_id[row])
    twice = np.zeros(len(row), np.bool_) if lights else every[row] == LIGHT
    keep = (every[row] != UNMAPPED) & ~twice
    row, xyxy, distance, hidden = row[keep], xyxy[keep], distance[keep], hidden[keep]
    objects = _objects(
        scene, "boxes2d", table.rows, row, frame_of[keep], every[row], xyxy, center[keep], distance
    )
    least = max(settings.min_height_px, settings.min_size_px)
    for bad, reason in (
        (objects.height_px < least, c.TOO_LOW),
        (distance > settings.max_range, c.TOO_FAR),
        (hidden >= settings.max_hidden, c.HIDDEN),
        (without_points(table, scene.samples_ns, settings.min_points)[row], c.NO_POINTS),
        (not_visible(table.rows, row, settings.max_hidden), c.NOT_VISIBLE),
    ):
        objects = objects.without(bad, reason)
    return Gathered(objects, frames, translation, 0, int(twice.sum()))
