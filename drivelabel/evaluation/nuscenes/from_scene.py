"""Two layers of a scene as nuScenes judges them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.nuscenes.columns import TRUTH_SCORE, DetectionColumns, TrackingColumns
from drivelabel.evaluation.nuscenes.config import DETECTION_NAMES, TRACKING_NAMES
from drivelabel.evaluation.nuscenes.samples import BikeRacks, Samples, place
from drivelabel.labels import Boxes3D, Taxonomy
from drivelabel.labels.nuscenes_tasks import own_tracks, task_attributes, task_classes
from drivelabel.scene import Layer, Scene
from drivelabel.typing import FloatArray, IntArray

_RACK = "static_object.bicycle_rack"

T = TypeVar("T", DetectionColumns, TrackingColumns)


@dataclass(frozen=True, slots=True, eq=False)
class SceneBoxes(Generic[T]):
    """Two layers' cuboids in the samples that the truth has labelled, and what was left out.

    Attributes:
        truth, pred: ready to be judged.
        samples: those that the truth has labelled.
        sample_rows: (s,) int64, which samples of the scene they are.
        unmapped_truth, unmapped_pred: class to how many of its boxes are of none of the task's classes.
        n_pred_elsewhere: predictions in samples that the truth has not labelled.
        n_without_pred: samples that the prediction has not labelled; they count as empty.
        in_range_known: false when the scene has no poses; then no box is out of range.
    """

    truth: T
    pred: T
    samples: Samples
    sample_rows: IntArray
    unmapped_truth: dict[str, int]
    unmapped_pred: dict[str, int]
    n_pred_elsewhere: int
    n_without_pred: int
    in_range_known: bool


def detections_of(scene: Scene, truth: str, pred: str) -> SceneBoxes[DetectionColumns]:
    """The cuboids of two layers for :func:`detection`.

    Classes go through the DRIVING taxonomy, which for nuScenes' own classes is nuScenes' own rule. Attributes
    are those named as in nuScenes (``vehicle.moving``: true), or an ``attribute`` of that text.

    Raises:
        SceneLookupError: the scene has no such layer, the layer no cuboids, or the log no pose at a sample.
        InvalidLabelError: the truth has labelled no sample, or a box has two attributes.
    """
    return _pair(scene, truth, pred, DetectionColumns)


def tracks_of(scene: Scene, truth: str, pred: str) -> SceneBoxes[TrackingColumns]:
    """The cuboids of two layers for :func:`tracking`; a box without track is a track of its own.

    Raises:
        SceneLookupError, InvalidLabelError: see :func:`detections_of`.
    """
    return _pair(scene, truth, pred, TrackingColumns)


def _pair(scene: Scene, truth: str, pred: str, kind: type[T]) -> SceneBoxes[T]:
    layers = scene.layer(truth), scene.layer(pred)
    table_truth, table_pred = layers[0].boxes3d, layers[1].boxes3d
    if not table_truth.labelled.any():
        raise InvalidLabelError(f"{scene.name}, layer {truth!r}: no sample is labelled; there is no truth.")
    rows = np.flatnonzero(table_truth.labelled)
    sample_of = np.full(len(table_truth), -1, np.int64)
    sample_of[rows] = np.arange(len(rows))
    samples = _samples(scene, rows, layers[0], sample_of)
    columns, unmapped = [], []
    for layer, table, is_truth in ((layers[0], table_truth, True), (layers[1], table_pred, False)):
        own, lost = _columns(
            kind, layer.taxonomy, table.rows, sample_of[table.group_of_row], is_truth=is_truth
        )
        columns.append(place(own, samples) if scene.poses is not None else own)
        unmapped.append(lost)
    return SceneBoxes(
        truth=columns[0],
        pred=columns[1],
        samples=samples,
        sample_rows=rows,
        unmapped_truth=unmapped[0],
        unmapped_pred=unmapped[1],
        n_pred_elsewhere=int(np.count_nonzero(sample_of[table_pred.group_of_row] < 0)),
        n_without_pred=int(np.count_nonzero(~table_pred.labelled[rows])),
        in_range_known=scene.poses is not None,
    )


def _samples(scene: Scene, rows: IntArray, truth: Layer, sample_of: IntArray) -> Samples:
    times = scene.samples_ns[rows]
    ego: FloatArray = np.zeros((len(rows), 2))
    if scene.poses is not None:
        ego = np.ascontiguousarray(scene.poses.at(times)[:, :2, 3])
    return Samples(
        scene=np.zeros(len(rows), np.int64),
        timestamp_ns=times,
        ego_xy=ego,
        racks=_racks(truth, sample_of),
    )


def _racks(truth: Layer, sample_of: IntArray) -> BikeRacks:
    """The truth's bike racks, where its taxonomy has them."""
    if _RACK not in truth.taxonomy:
        return BikeRacks.none()
    table = truth.boxes3d
    is_rack = table.rows.category_id == truth.taxonomy.id_of(_RACK)
    racks = table.rows[is_rack]
    return BikeRacks(
        sample=sample_of[table.group_of_row[is_rack]],
        center=racks.center,
        size_wlh=racks.size_lwh[:, [1, 0, 2]].astype(np.float64),
        quat_wxyz=racks.quat_wxyz,
    )


def _columns(
    kind: type[T], taxonomy: Taxonomy, boxes: Boxes3D, sample: IntArray, *, is_truth: bool
) -> tuple[T, dict[str, int]]:
    """The rows that have a class of the task and lie in a judged sample, and the others by class."""
    names = DETECTION_NAMES if kind is DetectionColumns else TRACKING_NAMES
    category = task_classes(taxonomy, names)[boxes.category_id]
    judged = sample >= 0
    lost_ids, counts = np.unique(boxes.category_id[judged & (category < 0)], return_counts=True)
    lost = {taxonomy.names[k]: int(n) for k, n in zip(lost_ids, counts, strict=True)}
    rows = np.flatnonzero(judged & (category >= 0))
    own = boxes[rows]
    shared: dict[str, Any] = {
        "sample": sample[rows],
        "translation": own.center,
        "category_id": category[rows],
        "score": np.full(len(rows), TRUTH_SCORE) if is_truth else own.score.astype(np.float64),
        "n_points": own.n_points if is_truth else None,
    }
    if kind is TrackingColumns:
        return kind(**shared, track_id=own_tracks(own.track_id)), lost
    extra: dict[str, Any] = {
        "size_wlh": own.size_lwh[:, [1, 0, 2]],
        "quat_wxyz": own.quat_wxyz,
        "velocity": own.velocity[:, :2],
        "attribute": task_attributes(own),
    }
    return kind(**shared, **extra), lost
