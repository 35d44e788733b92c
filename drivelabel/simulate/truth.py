"""What is true of a simulated drive: labels that follow from the world and from what each pixel shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from drivelabel.geometry import (
    count_points_in_cuboids,
    invert_rigid,
    matrix_to_quat_wxyz,
    project,
    transform_points,
)
from drivelabel.geometry._kernels.sim_boxes import instance_boxes, silhouette_areas
from drivelabel.labels import (
    ARROWS,
    BULBS,
    IMPORTED,
    LIGHT_STATES,
    LINE_SOURCES,
    LINE_STYLES,
    RELEVANCES,
    Attributes,
    Boxes2D,
    Boxes3D,
    LaneLines,
    Ragged,
    Tags,
    TrafficLights,
)
from drivelabel.scene import Camera
from drivelabel.simulate.geometry3d import SOLID, Surfaces
from drivelabel.simulate.world.mesh import category_id
from drivelabel.simulate.world.signals import signal_state
from drivelabel.simulate.world.world import Place, ThingStates, World
from drivelabel.typing import AnyArray, BoolArray, Float32Array, FloatArray, IntArray, UInt8Array, UInt16Array

MIN_PIXELS = 12
"""Things with fewer visible pixels get no box; they keep their pixels in the instance map."""

LINE_REACH_M = 110.0
CUBOID_REACH_M = 100.0
MIN_LINE_PX = 12.0

Projected: TypeAlias = tuple[FloatArray, FloatArray, BoolArray]
"""(n, 2) pixels, (n,) depths, and which points land in the image."""

_GROUND = ("road", "lane", "lane_marking", "crosswalk", "stop_line", "other_road_marking", "sidewalk")


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One frame as it was seen.

    Attributes:
        timestamp_ns: since 1970.
        camera: that took it.
        world_from_camera: (4, 4), metres.
        category: (h, w) uint8, row of DRIVING.
        instance: (h, w) uint16, 1 + row of the world's things.
        depth: (h, w) float32, metres along the camera's z.
    """

    timestamp_ns: int
    camera: Camera
    world_from_camera: FloatArray
    category: UInt8Array
    instance: UInt16Array
    depth: Float32Array

    def project(self, points_world: AnyArray) -> Projected:
        """(n, 2) pixels, (n,) depths, and which of (n, 3) points land in the image."""
        points_cam = transform_points(invert_rigid(self.world_from_camera), points_world)
        assert self.camera.camera_matrix is not None
        lens = self.camera.distortion
        uv, in_front = project(points_cam, self.camera.camera_matrix, lens.model, lens.coefficients)
        height, width = self.camera.image_hw
        with np.errstate(invalid="ignore"):
            inside = in_front & (uv >= 0).all(axis=1) & (uv[:, 0] < width) & (uv[:, 1] < height)
        return uv, points_cam[:, 2], inside


@dataclass(frozen=True, slots=True, eq=False)
class FrameTruth:
    """All labels of one frame.

    Attributes:
        label_map: (h, w) uint8, rows of DRIVING.
        instance_map: (h, w) uint16, the things' track ids themselves.
    """

    boxes2d: Boxes2D
    lane_lines: LaneLines
    traffic_lights: TrafficLights
    tags: Tags
    label_map: UInt8Array
    instance_map: UInt16Array
    depth: Float32Array


def frame_truth(world: World, view: View, surfaces: Surfaces, tags: Tags) -> FrameTruth:
    """All labels of one frame.

    Args:
        world: that was seen.
        view: what each pixel shows.
        surfaces: that were seen.
        tags: of the drive.
    """
    found = instance_boxes(view.instance, len(world.things))
    return FrameTruth(
        boxes_in(world, view, surfaces, found),
        lane_lines_in(world, view),
        traffic_lights_in(world, view, found),
        tags,
        view.category,
        view.instance,
        view.depth,
    )


def boxes_in(world: World, view: View, surfaces: Surfaces, found: IntArray) -> Boxes2D:
    """Tight boxes of the visible pixels.

    Attributes of each row: ``pixels`` seen; ``occlusion``, the share of the thing's pixels inside the image
    that something hides; ``truncation``, the share of its full box outside the image; ``full_x0`` to
    ``full_y1``, the box that it would have alone and in an endless image; ``distance``, metres to its middle.

    Args:
        world: that was seen.
        view: what each pixel shows.
        surfaces: that were seen.
        found: (n + 1, 5), boxes and pixels of each instance.
    """
    rows = np.flatnonzero(found[1:, 4] >= MIN_PIXELS)
    areas, full = _alone(view, surfaces, rows + 1, len(world.things))
    pixels = found[rows + 1, 4]
    occlusion = np.clip(1.0 - pixels / np.maximum(areas[rows + 1], pixels), 0.0, 1.0)
    attributes = {
        "pixels": pixels.tolist(),
        "occlusion": _rounded(occlusion),
        "truncation": _rounded(_outside(full, view.camera.image_hw)),
    }
    for k, name in enumerate(("full_x0", "full_y0", "full_x1", "full_y1")):
        attributes[name] = _rounded(full[:, k], 1)
    n = len(rows)
    return Boxes2D(
        xyxy=found[rows + 1, :4].astype(np.float32),
        category_id=world.things.category_id[rows],
        score=np.ones(n, np.float32),
        track_id=world.things.track_id[rows],
        origin=np.full(n, IMPORTED, np.uint8),
        attributes=Attributes.of(attributes, n),
    )


def _rounded(values: AnyArray, digits: int = 3) -> list[float]:
    return [round(float(value), digits) for value in values]


def _alone(view: View, surfaces: Surfaces, instances: IntArray, n: int) -> tuple[IntArray, FloatArray]:
    """(n + 1,) pixels that things would have alone, and (k, 4) boxes of `instances` in an endless image."""
    chosen = np.isin(surfaces.instance, instances) & (surfaces.layer == SOLID)
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(surfaces.instance[rows], kind="stable")]
    instance = surfaces.instance[rows].astype(np.int32)
    corners = surfaces.triangles[rows].reshape(-1, 3).astype(np.float64) + surfaces.origin
    uv, _, _ = view.project(corners)
    uv = uv.reshape(-1, 3, 2)
    whole = np.isfinite(uv).all(axis=(1, 2))
    height, width = view.camera.image_hw
    areas = silhouette_areas(uv[whole], instance[whole], (height, width), n)
    # What reaches behind the camera has no end; one image beyond each side is enough to tell.
    uv = np.clip(np.where(np.isfinite(uv), uv, np.nan), [-width, -height], [2 * width, 2 * height])
    full = np.zeros((len(instances), 4))
    starts = np.searchsorted(instance, instances)
    low = (
        np.minimum.reduceat(np.nan_to_num(uv, nan=np.inf).min(axis=1), starts)
        if len(rows)
        else np.zeros((0, 2))
    )
    high = (
        np.maximum.reduceat(np.nan_to_num(uv, nan=-np.inf).max(axis=1), starts)
        if len(rows)
        else np.zeros((0, 2))
    )
    full[:, :2], full[:, 2:] = low, high
    return areas, full


def _outside(full: FloatArray, image_hw: tuple[int, int]) -> FloatArray:
    """(k,) the share of boxes that lies outside the image."""
    height, width = image_hw
    low, high = np.maximum(full[:, :2], 0), np.minimum(full[:, 2:], [width, height])
    inside = np.maximum(high - low, 0).prod(axis=1)
    whole = np.maximum(full[:, 2:] - full[:, :2], 1e-6).prod(axis=1)
    share: FloatArray = np.clip(1.0 - inside / whole, 0.0, 1.0)
    return share


def lane_lines_in(world: World, view: View) -> LaneLines:
    """The visible parts of lane lines and kerbs, each as one line from near to far.

    Points that something hides are left out, so that a line goes straight over what stands on it. The
    attribute ``visible`` says which share of the line inside the image was seen; ``color`` that of the paint.
    """
    places = _positions(world, world.ego_place(view.timestamp_ns))
    ground = np.zeros(256, np.bool_)
    ground[[category_id(name) for name in _GROUND]] = True
    points: list[AnyArray] = []
    kept: list[int] = []
    shares: list[float] = []
    near = np.linalg.norm(world.line_points[:, :2] - view.world_from_camera[:2, 3], axis=1) < LINE_REACH_M
    projected = view.project(world.line_points[near])
    for row, (start, stop) in enumerate(
        pairwise(np.concatenate([[0], np.cumsum(near)])[world.line_ends].tolist())
    ):
        if stop - start < 2:
            continue
        own = (projected[0][start:stop], projected[1][start:stop], projected[2][start:stop])
        seen, share = _seen(view, own, ground)
        if len(seen) >= 2 and np.linalg.norm(np.diff(seen, axis=0), axis=1).sum() >= MIN_LINE_PX:
            points.append(seen)
            kept.append(row)
            shares.append(share)
    n = len(kept)
    lines = [world.lines[row] for row in kept]
    return LaneLines(
        points=Ragged.from_rows(points, np.float32, (2,)),
        category_id=np.full(n, category_id("lane_marking"), np.int64),
        source=np.full(n, LINE_SOURCES.index("imported"), np.uint8),
        style=np.array([LINE_STYLES.index(line.style) for line in lines], np.uint8),
        position=np.array([places.get(row, 0) for row in kept], np.int8),
        score=np.ones(n, np.float32),
        track_id=world.first_line_id + np.array(kept, np.int64),
        origin=np.full(n, IMPORTED, np.uint8),
        attributes=Attributes.of(
            {"color": [x.color for x in lines], "visible": _rounded(np.array(shares))}, n
        ),
    )


def _positions(world: World, ego: Place) -> dict[int, int]:
    """Row of a line of the ego's road to its place: -1 the first on the left, 1 the first on the right."""
    rows = []
    for row, line in enumerate(world.lines):
        ends = sorted(ego.along * (s - ego.s) for s in (line.start, line.stop))
        if line.road == ego.road and ends[1] > -60 and ends[0] < LINE_REACH_M:
            rows.append(row)
    offsets = {row: ego.along * round(world.lines[row].d, 1) for row in rows}
    left = sorted({d for d in offsets.values() if d > ego.along * ego.d})
    right = sorted({d for d in offsets.values() if d <= ego.along * ego.d}, reverse=True)
    place = {d: -1 - k for k, d in enumerate(left)} | {d: 1 + k for k, d in enumerate(right)}
    return {row: place[d] for row, d in offsets.items()}


def _seen(view: View, projected: Projected, ground: BoolArray) -> tuple[FloatArray, float]:
    """(k, 2) pixels of the points that are seen, near to far, and the seen share of those in the image."""
    uv, depth, inside = projected
    rows = np.flatnonzero(inside)
    if len(rows) < 2:
        return np.zeros((0, 2)), 0.0
    u, v = uv[rows, 0].astype(np.int64), uv[rows, 1].astype(np.int64)
    assert view.camera.camera_matrix is not None
    # Near the horizon one pixel spans many metres of road.
    slack = 0.4 + 1.5 * depth[rows] ** 2 / (view.camera.camera_matrix[1, 1] * 1.3)
    seen = ground[view.category[v, u]] & (np.abs(view.depth[v, u] - depth[rows]) < slack)
    share = float(seen.mean())
    first, last = rows[0], rows[-1]
    rows = rows[seen]
    if len(rows) < 2:
        return np.zeros((0, 2)), share
    line = uv[rows]
    if rows[0] == first and first > 0:
        line = np.concatenate([_to_border(view, uv[first - 1], depth[first - 1], uv[first]), line])
    if rows[-1] == last and last + 1 < len(uv):
        line = np.concatenate([line, _to_border(view, uv[last + 1], depth[last + 1], uv[last])])
    towards: FloatArray = line[::-1] if depth[rows[0]] > depth[rows[-1]] else line
    return towards, share


def _to_border(view: View, outside: FloatArray, depth: float, inside: FloatArray) -> FloatArray:
    """(1, 2) where a line leaves the image between two points; (0, 2) where that cannot be told."""
    height, width = view.camera.image_hw
    if not np.isfinite(outside).all() or depth < 0.3:
        return np.zeros((0, 2))
    step = outside - inside
    shares = [1.0]
    for axis, size in ((0, width), (1, height)):
        if step[axis] != 0:
            shares += [
                t for t in ((0 - inside[axis]) / step[axis], (size - inside[axis]) / step[axis]) if t > 0
            ]
    border: FloatArray = inside + min(shares) * step
    return np.clip(border, 0, [width - 1e-3, height - 1e-3])[None]


def traffic_lights_in(world: World, view: View, found: IntArray) -> TrafficLights:
    """Housings with visible pixels; ``state`` is unknown for those seen from behind.

    Attributes: ``for``, ``vehicles`` or ``pedestrians``; ``facing``, whether its front can be seen.
    """
    rows = [k for k, row in enumerate(world.signal_rows) if found[row + 1, 4] >= MIN_PIXELS]
    time_s = world.seconds_at(view.timestamp_ns)
    ahead = world.next_junction(view.timestamp_ns)
    signals = [world.signals[k] for k in rows]
    n = len(rows)
    keypoints, states, facing, relevance = np.zeros((n, 3, 3), np.float32), [], [], []
    for i, (k, signal) in enumerate(zip(rows, signals, strict=True)):
        to_eye = view.world_from_camera[:3, 3] - signal.world_from_signal[:3, 3]
        front = bool(to_eye @ signal.world_from_signal[:3, 0] > 0)
        keypoints[i] = _bulbs(view, signal.bulbs, world.signal_rows[k] + 1, front)
        if signal.is_pedestrian:
            keypoints[i, BULBS.index("yellow")] = 0.0
        state = signal_state(world.layout, signal, time_s)
        states.append(LIGHT_STATES.index(state if front else "unknown"))
        facing.append(front)
        mine = signal.junction == ahead and signal.approach == 1 and signal.group == world.ego_signals(ahead)
        relevance.append(RELEVANCES.index("relevant" if mine and not signal.is_pedestrian else "irrelevant"))
    instances = np.array([world.signal_rows[k] for k in rows], np.int64) + 1
    arrows = [s.arrow if front else "unknown" for s, front in zip(signals, facing, strict=True)]
    return TrafficLights(
        xyxy=found[instances, :4].astype(np.float32).reshape(n, 4),
        keypoints=keypoints,
        category_id=np.full(n, category_id("traffic_light"), np.int64),
        state=np.array(states, np.uint8),
        arrow=np.array([ARROWS.index(arrow) for arrow in arrows], np.uint8),
        relevance=np.array(relevance, np.uint8),
        score=np.ones(n, np.float32),
        track_id=instances,
        origin=np.full(n, IMPORTED, np.uint8),
        attributes=Attributes.of(
            {"for": ["pedestrians" if s.is_pedestrian else "vehicles" for s in signals], "facing": facing}, n
        ),
    )


def _bulbs(view: View, bulbs: FloatArray, instance: int, front: bool) -> Float32Array:
    """(3, 3) u, v and visibility of the bulbs of one housing."""
    uv, _, inside = view.project(bulbs)
    out = np.zeros((3, 3), np.float32)
    for k in range(3):
        if inside[k]:
            u, v = int(uv[k, 0]), int(uv[k, 1])
            seen = front and view.instance[v, u] == instance
            out[k] = (*uv[k], 2 if seen else 1)
    return out


def cuboids_of(
    world: World, states: ThingStates, timestamp_ns: int, points_world: AnyArray | None, seen: BoolArray
) -> Boxes3D:
    """Cuboids of all things near the ego, seen or not.

    Attributes: ``visible``, whether a camera's frame of this sample shows it; ``motion``, ``moving``,
    ``stopped`` or ``parked``, of what can move; and what is known of the thing.

    Args:
        world: that was seen.
        states: of its things at the time.
        timestamp_ns: of the sample.
        points_world: (m, 3) lidar points of the sample, or None where no lidar turned.
        seen: (n,), which things have pixels in a frame of the sample.
    """
    center, size = _cuboids(world, states)
    eye = world.ego_pose(timestamp_ns)[:2, 3]
    rows = np.flatnonzero(states.alive & (np.linalg.norm(center[:, :2] - eye, axis=1) < CUBOID_REACH_M))
    quat = matrix_to_quat_wxyz(states.world_from_thing[rows, :3, :3])
    n_points = np.full(len(rows), -1, np.int64)
    if points_world is not None:
        n_points = count_points_in_cuboids(points_world, center[rows], size[rows], quat)
    facts = [_facts(world, int(row), states, bool(seen[row])) for row in rows]
    return Boxes3D(
        timestamp_ns=np.full(len(rows), timestamp_ns, np.int64),
        center=center[rows],
        size_lwh=size[rows].astype(np.float32),
        quat_wxyz=quat,
        category_id=world.things.category_id[rows],
        velocity=states.velocity[rows].astype(np.float32),
        score=np.ones(len(rows), np.float32),
        track_id=world.things.track_id[rows],
        n_points=n_points,
        origin=np.full(len(rows), IMPORTED, np.uint8),
        attributes=Attributes.from_rows(facts),
    )


def _cuboids(world: World, states: ThingStates) -> tuple[FloatArray, FloatArray]:
    """(n, 3) middles in world coords and (n, 3) sizes."""
    low = np.array([thing.low for thing in world.things.rows]).reshape(-1, 3)
    high = np.array([thing.high for thing in world.things.rows]).reshape(-1, 3)
    poses = states.world_from_thing
    center = np.einsum("nij,nj->ni", poses[:, :3, :3], (low + high) / 2) + poses[:, :3, 3]
    return center, high - low


def _facts(world: World, row: int, states: ThingStates, seen: bool) -> dict[str, str | bool]:
    thing = world.things[row]
    facts: dict[str, str | bool] = {"visible": seen, **thing.attributes}
    if thing.world_from_thing is None:
        facts["motion"] = "moving" if np.linalg.norm(states.velocity[row]) > 0.2 else "stopped"
    return facts


def drive_tags(weather: str, time_of_day: str, style: str) -> Tags:
    """The facts of a drive, as one row."""
    attributes = {"weather": [weather], "time_of_day": [time_of_day], "road": [style]}
    return Tags(
        score=np.ones(1, np.float32),
        origin=np.full(1, IMPORTED, np.uint8),
        attributes=Attributes.of(attributes, 1),
    )
