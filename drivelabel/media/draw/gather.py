"""What a scene knows about one frame, ready to be drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivelabel.errors import SceneLookupError
from drivelabel.geometry import transform_points
from drivelabel.media.draw.cuboids import View
from drivelabel.media.draw.layer_labels import LayerLabels
from drivelabel.scene import NO_SAMPLE, Layer, Lidar, Scene
from drivelabel.typing import FloatArray, IntArray

MAX_SWEEP_LAG_NS = 100_000_000
"""A frame without a sample is shown with the lidar turn next to it in time, if it is no farther away."""


def labels_of(scene: Scene, frame: int, layers: Sequence[str]) -> list[LayerLabels]:
    """The labels that layers have of one frame; cuboids are moved to the frame's time.

    Raises:
        SceneLookupError: the scene has no such layer.
    """
    time_ns, sample = int(scene.frames.timestamp_ns[frame]), int(scene.frames.sample[frame])
    return [_labels_of(scene.layer(name), frame, sample, time_ns) for name in layers]


def _labels_of(layer: Layer, frame: int, sample: int, time_ns: int) -> LayerLabels:
    tables = {
        kind: layer.tables[kind][frame]
        for kind in ("boxes2d", "lane_lines", "traffic_lights", "keypoints", "polygons")
        if kind in layer.tables and layer.tables[kind].labelled[frame]
    }
    has_map = layer.label_maps is not None and frame in layer.label_maps
    has_cuboids = "boxes3d" in layer.tables and sample != NO_SAMPLE
    return LayerLabels(
        layer.taxonomy,
        layer.name,
        **tables,
        label_map=layer.label_map(frame) if has_map else None,
        cuboids=layer.boxes3d[sample].at_time(time_ns) if has_cuboids else None,
    )


def view_of_frame(scene: Scene, frame: int) -> View | None:
    """The camera at the frame's own time; None when it is not calibrated or the log has no pose then."""
    camera = scene.camera_of(frame)
    if not camera.is_calibrated or scene.poses is None:
        return None
    try:
        return View(camera, scene.world_from_camera(frame))
    except SceneLookupError:
        return None


def sweeps_of(scene: Scene, frame: int) -> IntArray:
    """The lidar turns to show with a frame: those of its sample, else each lidar's nearest in time."""
    sample = int(scene.frames.sample[frame])
    if sample != NO_SAMPLE:
        return np.flatnonzero(scene.sweeps.sample == sample)
    lag = np.abs(scene.sweeps.timestamp_ns - scene.frames.timestamp_ns[frame])
    rows = []
    for sensor in np.unique(scene.sweeps.sensor):
        own = np.flatnonzero(scene.sweeps.sensor == sensor)
        rows.append(int(own[np.argmin(lag[own])]))
    return np.asarray([row for row in rows if lag[row] <= MAX_SWEEP_LAG_NS], np.int64)


def points_of(scene: Scene, frame: int) -> FloatArray | None:
    """(n, 3) lidar points to show with a frame, metres, world coords; None when there are none.

    Sweeps from before the first or after the last pose have no place in the world and are not shown.

    Raises:
        StoreError: a sweep's file is missing.
        FormatError: a sweep's file cannot be read.
    """
    from drivelabel.media.sweeps import read_sweep

    if scene.poses is None:
        return None
    clouds = []
    for row in sweeps_of(scene, frame).tolist():
        lidar, time_ns = scene.sensors[scene.sweeps.sensor[row]], int(scene.sweeps.timestamp_ns[row])
        assert isinstance(lidar, Lidar), "sweeps of a camera are refused when a scene is made"
        if not scene.poses.timestamp_ns[0] <= time_ns <= scene.poses.timestamp_ns[-1]:
            continue
        world_from_lidar = scene.poses.at(time_ns) @ lidar.ego_from_sensor
        points = read_sweep(scene, row).points[:, :3].astype(np.float64)
        clouds.append(transform_points(world_from_lidar, points))
    return np.concatenate(clouds) if clouds else None
