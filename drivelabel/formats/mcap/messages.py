"""Labels and recordings as Foxglove messages: plain dicts, ready for JSON."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from drivelabel.geometry import matrix_to_quat_wxyz
from drivelabel.labels import (
    ARROWS,
    BULBS,
    LIGHT_STATES,
    LINE_SOURCES,
    LINE_STYLES,
    NO_TRACK,
    ORIGINS,
    RELEVANCES,
    Boxes3D,
    Table,
    Taxonomy,
)
from drivelabel.media import Sweep
from drivelabel.scene import Camera, Layer
from drivelabel.typing import AnyArray, FloatArray

Message = dict[str, Any]

POINTS, LINE_LOOP, LINE_STRIP = 1, 2, 3
"""Types of a points annotation."""

FLOAT32 = 7
"""Type of a packed element field."""

_CODES = {
    "origin": ORIGINS, "source": LINE_SOURCES, "style": LINE_STYLES, "state": LIGHT_STATES, "arrow": ARROWS,
    "relevance": RELEVANCES,
}  # fmt: skip
_CLEAR = {"r": 0.0, "g": 0.0, "b": 0.0, "a": 0.0}
_UNUSED = ("arrows", "spheres", "cylinders", "lines", "triangles", "texts", "models")
_THICKNESS_PX, _FONT_PX = 2.0, 14.0
_LENSES = {"none": "", "brown": "plumb_bob", "fisheye": "kannala_brandt"}


def time_of(timestamp_ns: int) -> Message:
    """Nanoseconds since 1970 as seconds and the rest."""
    return {"sec": timestamp_ns // 10**9, "nsec": timestamp_ns % 10**9}


def transform(time_ns: int, parent: str, child: str, parent_from_child: FloatArray) -> Message:
    """A rigid motion, (4, 4), as a frame transform."""
    quat = matrix_to_quat_wxyz(parent_from_child[:3, :3])
    return transform_of_quat(time_ns, parent, child, parent_from_child[:3, 3], quat)


def transform_of_quat(
    time_ns: int, parent: str, child: str, translation: FloatArray, quat_wxyz: FloatArray
) -> Message:
    """A translation, metres, and a rotation as a frame transform."""
    return {
        "timestamp": time_of(time_ns),
        "parent_frame_id": parent,
        "child_frame_id": child,
        "translation": _vector(translation),
        "rotation": _quaternion(quat_wxyz),
    }


def calibration(time_ns: int, camera: Camera) -> Message:
    """A calibrated camera."""
    height, width = camera.image_hw
    matrix = np.zeros((3, 3)) if camera.camera_matrix is None else camera.camera_matrix
    numbers = camera.distortion.coefficients.tolist()
    model = _LENSES[camera.distortion.model]
    if model == "plumb_bob":
        model = "rational_polynomial" if len(numbers) > 5 else model
        numbers += [0.0] * (5 - len(numbers))
    return {
        "timestamp": time_of(time_ns),
        "frame_id": camera.channel,
        "width": width,
        "height": height,
        "distortion_model": model,
        "D": numbers,
        "K": matrix.reshape(-1).tolist(),
        "R": np.eye(3).reshape(-1).tolist(),
        "P": np.hstack([matrix, np.zeros((3, 1))]).reshape(-1).tolist(),
    }


def compressed_image(time_ns: int, channel: str, data: bytes, kind: str) -> Message:
    """An image file's bytes; `kind` is ``jpeg``, ``png`` or ``webp``."""
    return {
        "timestamp": time_of(time_ns),
        "frame_id": channel,
        "data": base64.b64encode(data).decode(),
        "format": kind,
    }


def image_annotations(time_ns: int, layer: Layer, frame: int) -> Message:
    """All drawn labels of a frame; every column of a row is in its metadata."""
    points: list[Message] = []
    texts: list[Message] = []
    for kind in ("boxes2d", "traffic_lights", "lane_lines", "keypoints", "polygons"):
        grouped = layer.tables.get(kind)
        if grouped is None or not grouped.labelled[frame]:
            continue
        table = grouped[frame]
        for row in range(len(table)):
            facts = metadata(table, row, layer.taxonomy)
            color = _color(layer.taxonomy, int(table.category_id[row]))
            for shape, outline in _outlines(table, row):
                points.append(_annotation(time_ns, shape, outline, color, facts))
            if kind in ("boxes2d", "traffic_lights"):
                corner = table.xyxy[row, :2].astype(np.float64).tolist()
                texts.append(_text(time_ns, corner, facts[0]["value"], color))
    return {"circles": [], "points": points, "texts": texts}


def _outlines(table: Any, row: int) -> list[tuple[int, AnyArray]]:
    """Shapes of one row: type and (k, 2) points."""
    if table.KIND == "polygons":
        return [(LINE_LOOP, ring) for ring in table.rings(row)]
    if table.KIND == "lane_lines":
        return [(LINE_STRIP, table.points[row])]
    shapes: list[tuple[int, AnyArray]] = []
    if table.KIND in ("boxes2d", "traffic_lights"):
        left, top, right, bottom = table.xyxy[row]
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        shapes.append((LINE_LOOP, np.array(corners, np.float32)))
    if table.KIND in ("keypoints", "traffic_lights"):
        seen = table.keypoints[row]
        shapes.append((POINTS, seen[seen[:, 2] > 0, :2]))
    return shapes


def _annotation(time_ns: int, shape: int, outline: AnyArray, color: Message, facts: list[Message]) -> Message:
    return {
        "timestamp": time_of(time_ns),
        "type": shape,
        "points": [{"x": x, "y": y} for x, y in outline.astype(np.float64).tolist()],
        "outline_color": color,
        "outline_colors": [],
        "fill_color": _CLEAR,
        "thickness": _THICKNESS_PX,
        "metadata": facts,
    }


def _text(time_ns: int, corner: list[float], text: str, color: Message) -> Message:
    return {
        "timestamp": time_of(time_ns),
        "position": {"x": corner[0], "y": corner[1]},
        "text": text,
        "font_size": _FONT_PX,
        "text_color": {"r": 1.0, "g": 1.0, "b": 1.0, "a": 1.0},
        "background_color": color,
        "metadata": [],
    }


def scene_update(time_ns: int, lifetime_ns: int, cuboids: Boxes3D, taxonomy: Taxonomy) -> Message:
    """The cuboids of one sample; those before are taken away."""
    entities = []
    for row in range(len(cuboids)):
        track_id = int(cuboids.track_id[row])
        pose = {"position": _vector(cuboids.center[row]), "orientation": _quaternion(cuboids.quat_wxyz[row])}
        cube = {
            "pose": pose,
            "size": _vector(cuboids.size_lwh[row]),
            "color": _color(taxonomy, int(cuboids.category_id[row])) | {"a": 0.4},
        }
        entities.append({
            "timestamp": time_of(time_ns),
            "frame_id": "world",
            "id": f"untracked {row}" if track_id == NO_TRACK else f"track {track_id}, {row}",
            "lifetime": time_of(lifetime_ns),
            "frame_locked": False,
            "metadata": metadata(cuboids, row, taxonomy),
            "cubes": [cube],
            **{name: [] for name in _UNUSED},
        })  # fmt: skip
    clear = {"timestamp": time_of(time_ns), "type": 1, "id": ""}
    return {"deletions": [clear], "entities": entities}


def point_cloud(sweep: Sweep) -> Message:
    """A lidar turn: x, y, z in metres, lidar coords, and intensity 0 to 255."""
    names = ("x", "y", "z", "intensity")
    return {
        "timestamp": time_of(sweep.timestamp_ns),
        "frame_id": sweep.channel,
        "pose": {"position": _vector(np.zeros(3)), "orientation": _quaternion(np.array([1.0, 0, 0, 0]))},
        "point_stride": 16,
        "fields": [{"name": name, "offset": 4 * k, "type": FLOAT32} for k, name in enumerate(names)],
        "data": base64.b64encode(np.ascontiguousarray(sweep.points, "<f4").tobytes()).decode(),
    }


def metadata(table: Table, row: int, taxonomy: Taxonomy) -> list[Message]:
    """What a row says besides its shape, as texts: category, score, ..., ``attribute.NAME`` as JSON."""
    columns = table.columns()
    facts: dict[str, Any] = {"category": taxonomy.names[int(columns["category_id"][row])], "kind": table.KIND}
    for name in ("score", "track_id", "position", "n_points", *_CODES):
        if name in columns:
            value = columns[name][row].item()
            facts[name] = _CODES[name][value] if name in _CODES else repr(value)
    if table.KIND == "traffic_lights":
        facts |= {f"bulb.{b}": json.dumps(columns["keypoints"][row, k].tolist()) for k, b in enumerate(BULBS)}
    elif table.KIND == "keypoints":
        facts["keypoints"] = json.dumps(columns["keypoints"][row].tolist())
    elif table.KIND == "boxes3d" and not np.isnan(columns["velocity"][row]).any():
        facts["velocity"] = json.dumps(columns["velocity"][row].tolist())
    facts |= {f"attribute.{n}": json.dumps(v) for n, v in columns["attributes"].row(row).items()}
    return [{"key": key, "value": value} for key, value in facts.items()]


def _color(taxonomy: Taxonomy, category_id: int) -> Message:
    red, green, blue = (taxonomy.colors[category_id] / 255).tolist()
    return {"r": red, "g": green, "b": blue, "a": 1.0}


def _vector(xyz: AnyArray) -> Message:
    return dict(zip("xyz", np.asarray(xyz, np.float64).tolist(), strict=True))


def _quaternion(quat_wxyz: AnyArray) -> Message:
    return dict(zip("wxyz", np.asarray(quat_wxyz, np.float64).tolist(), strict=True))
