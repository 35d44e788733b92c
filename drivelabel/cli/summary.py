"""A scene in numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from drivelabel.labels import Grouped
from drivelabel.scene import Camera, Layer, Scene, Sensor, is_image_set

_YEAR_1990_NS = 631_152_000_000_000_000


def summarise(scene: Scene) -> dict[str, Any]:
    """What a scene holds, as plain dicts and lists."""
    times = np.concatenate([scene.frames.timestamp_ns, scene.sweeps.timestamp_ns])
    start = int(times.min()) if len(times) else 0
    stop = int(times.max()) if len(times) else 0
    return {
        "name": scene.name,
        "start_ns": start,
        "stop_ns": stop,
        "start": f"{datetime.fromtimestamp(start / 1e9, UTC):%Y-%m-%d %H:%M:%S} UTC"
        if start > _YEAR_1990_NS
        else "",
        "seconds": (stop - start) / 1e9,
        "frames": len(scene.frames),
        "sweeps": len(scene.sweeps),
        "samples": len(scene.samples_ns),
        "poses": 0 if scene.poses is None else len(scene.poses),
        "path_metres": _path_metres(scene),
        "sensors": [_sensor(scene, row, sensor) for row, sensor in enumerate(scene.sensors)],
        "layers": [_layer(layer) for layer in scene.layers.values()],
        "images": _images(scene),
        "info": {key: value for key, value in scene.info.items() if key != "images"},
    }


def _images(scene: Scene) -> dict[str, Any] | None:
    """How many images a set has, and how many are in each split; None for a drive."""
    if not is_image_set(scene):
        return None
    splits = {name: len(rows) for name, rows in scene.info["images"].items()}
    return {"count": len(scene.frames), "splits": splits}


def _path_metres(scene: Scene) -> float | None:
    if scene.poses is None:
        return None
    return float(np.linalg.norm(np.diff(scene.poses.translation, axis=0), axis=1).sum())


def _sensor(scene: Scene, row: int, sensor: Sensor) -> dict[str, Any]:
    records = scene.frames if isinstance(sensor, Camera) else scene.sweeps
    times = records.timestamp_ns[records.sensor == row]
    seconds = (int(times[-1]) - int(times[0])) / 1e9 if len(times) > 1 else 0.0
    facts = {
        "channel": sensor.channel,
        "kind": "camera" if isinstance(sensor, Camera) else "lidar",
        "records": len(times),
        "hz": (len(times) - 1) / seconds if seconds > 0 and not is_image_set(scene) else None,
        "calibrated": sensor.is_calibrated if isinstance(sensor, Camera) else None,
    }
    if isinstance(sensor, Camera):
        facts |= {"height": sensor.image_hw[0], "width": sensor.image_hw[1]}
    return facts


def _layer(layer: Layer) -> dict[str, Any]:
    kinds = {kind: _table(layer, grouped) for kind, grouped in layer.tables.items()}
    for name, masks in (("label_map", layer.label_maps), ("instance_map", layer.instance_maps)):
        if masks is not None:
            labelled = int(masks.labelled().sum())
            kinds[name] = {"rows": labelled, "labelled": labelled, "tracks": None, "classes": {}}
    return {
        "name": layer.name,
        "author": layer.author,
        "model": dict(layer.model),
        "created_ns": layer.created_ns,
        "taxonomy": layer.taxonomy.name,
        "kinds": kinds,
    }


def _table(layer: Layer, grouped: Grouped[Any]) -> dict[str, Any]:
    rows = grouped.rows
    tracks = np.unique(rows.track_id[rows.track_id >= 0]) if hasattr(rows, "track_id") else None
    classes: dict[str, int] = {}
    if hasattr(rows, "category_id"):
        counts = np.bincount(rows.category_id, minlength=len(layer.taxonomy))
        classes = {
            layer.taxonomy.categories[row].name: int(counts[row]) for row in np.flatnonzero(counts).tolist()
        }
    return {
        "rows": len(rows),
        "labelled": int(grouped.labelled.sum()),
        "tracks": None if tracks is None else len(tracks),
        "classes": classes,
    }
