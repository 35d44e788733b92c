"""Object data of one object in one frame as rows of our tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import Fields
from drivelabel.formats.openlabel.coords import euler_rotation, unit_wxyz
from drivelabel.formats.report import Tally
from drivelabel.geometry import matrix_to_quat_wxyz, quat_wxyz_to_matrix
from drivelabel.labels import (
    IMPORTED,
    LINE_SOURCES,
    UNKNOWN_COUNT,
    Attributes,
    Boxes2D,
    Boxes3D,
    Keypoints,
    LaneLines,
    Polygons,
    Ragged,
    Taxonomy,
)
from drivelabel.labels.attributes import AttributeValue
from drivelabel.typing import FloatArray

DATA_NAME, OBJECT_NAME, UID, SHAPE = "openlabel.name", "name", "openlabel.uid", "shape"
PLAIN_NAMES = frozenset({"", "box", "cuboid", "polygon", "line", "point"})
"""Names of object data that say no more than the kind of shape."""

PLAIN = ("num", "text", "boolean")
GEOMETRY = ("bbox", "rbbox", "cuboid", "poly2d", "point2d")


@dataclass(slots=True)
class Row:
    """One shape: its kind of table, its numbers, and what is told of it."""

    kind: str
    label: str
    track_id: int
    system: str
    numbers: Any
    facts: dict[str, AttributeValue] = field(default_factory=dict)
    score: float = 1.0
    n_points: int = UNKNOWN_COUNT
    velocity: FloatArray | None = None
    style: int = 0
    position: int = 0


def plain_facts(data: Fields, tally: Tally) -> dict[str, AttributeValue]:
    """The numbers, texts and truths of an element's data."""
    facts: dict[str, AttributeValue] = {}
    for kind in PLAIN:
        for item in data.objects(kind, []) if kind in data else ():
            value = item.get("val")
            if isinstance(value, (str, bool, int, float)):
                facts[item.text("name", kind)] = value
            else:
                tally.drop("object_data", kind, 1, "no single value")
    return facts


def read_shapes(data: Fields, common: Mapping[str, Any], tally: Tally) -> list[Row]:
    """The shapes in an element's data; kinds of data that we do not hold are counted.

    Raises:
        FormatError: a shape's numbers are damaged; the message names it.
    """
    rows: list[Row] = []
    for kind, items in data.value.items():
        if kind in PLAIN:
            continue
        if kind not in GEOMETRY:
            tally.drop(
                "object_data", str(kind)[:40], len(items) if isinstance(items, list) else 1, "no place for it"
            )
            continue
        for item in data.objects(kind):
            row = _READERS[kind](item, common, tally)
            if row is not None:
                _add_facts(row, item, tally)
                rows.append(row)
    return rows


def _add_facts(row: Row, item: Fields, tally: Tally) -> None:
    name = item.text("name", "")
    if name not in PLAIN_NAMES:
        row.facts[DATA_NAME] = name
    if "attributes" not in item:
        return
    given = item.object("attributes")
    facts = plain_facts(given, tally)
    score = facts.get("score")
    if isinstance(score, (int, float)) and not isinstance(score, bool) and 0 <= score <= 1:
        row.score = float(facts.pop("score"))
    if row.kind == "boxes3d":
        count = facts.get("n_points")
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            row.n_points = int(facts.pop("n_points"))
    row.facts |= facts
    for vector in given.objects("vec", []) if "vec" in given else ():
        if row.kind == "boxes3d" and vector.text("name", "") == "velocity":
            row.velocity = vector.numbers("val", 3)
        else:
            tally.drop("object_data", "attributes.vec", 1, "no single value")


def _row(kind: str, item: Fields, common: Mapping[str, Any], numbers: Any, **facts: AttributeValue) -> Row:
    system = item.text("coordinate_system", "") if "coordinate_system" in item else ""
    return Row(kind, common["label"], common["track_id"], system, numbers, {**common["facts"], **facts})


def _bbox(item: Fields, common: Mapping[str, Any], tally: Tally) -> Row:
    cx, cy, width, height = item.numbers("val", 4).tolist()
    if width < 0 or height < 0:
        raise FormatError(f"{item.where}: box has negative size {width:g} x {height:g} px.")
    return _row("boxes2d", item, common, [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2])


def _rbbox(item: Fields, common: Mapping[str, Any], tally: Tally) -> Row:
    cx, cy, width, height, alpha = item.numbers("val", 5).tolist()
    if width < 0 or height < 0:
        raise FormatError(f"{item.where}: box has negative size {width:g} x {height:g} px.")
    c, s = math.cos(alpha), math.sin(alpha)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (width / 2, height / 2)
    return _row(
        "polygons", item, common, corners @ np.array([(c, s), (-s, c)]) + (cx, cy), shape="rotated_box"
    )


def _poly2d(item: Fields, common: Mapping[str, Any], tally: Tally) -> Row | None:
    if item.text("mode", "MODE_POLY2D_ABSOLUTE") != "MODE_POLY2D_ABSOLUTE":
        tally.drop("poly2d", "", 1, "packed in a chain code")
        return None
    flat = item.numbers("val")
    if len(flat) % 2:
        raise FormatError(f"{item.where}: val: expected pairs x, y, got {len(flat)} numbers.")
    points, closed = flat.reshape(-1, 2), item.flag("closed", True)
    if len(points) < (3 if closed else 2):
        raise FormatError(
            f"{item.where}: val: expected at least {3 if closed else 2} points, got {len(points)}."
        )
    tally.drop("poly2d", "hierarchy", int("hierarchy" in item), "rings of one thing are told by one polygon")
    return _row("polygons" if closed else "lane_lines", item, common, points)


def _point2d(item: Fields, common: Mapping[str, Any], tally: Tally) -> Row:
    return _row("keypoints", item, common, np.array([[*item.numbers("val", 2), 2.0]]))


def _cuboid(item: Fields, common: Mapping[str, Any], tally: Tally) -> Row | None:
    if "val" not in item:
        tally.drop("cuboid", "", 1, "without val")
        return None
    values = item.numbers("val")
    pose = np.eye(4)
    if len(values) == 9:
        pose[:3, :3] = euler_rotation(values[3:6])
        quat = matrix_to_quat_wxyz(pose)
    elif len(values) == 10:
        quat = unit_wxyz(values[3:7], item.where)
        pose[:3, :3] = quat_wxyz_to_matrix(quat)
    else:
        raise FormatError(f"{item.where}: val: expected 9 or 10 numbers, got {len(values)}.")
    pose[:3, 3] = values[:3]
    size = values[-3:]
    if (size <= 0).any():
        raise FormatError(f"{item.where}: expected positive sides, got {size.tolist()}.")
    return _row("boxes3d", item, common, (pose, quat, size))


_READERS: dict[str, Any] = {
    "bbox": _bbox, "rbbox": _rbbox, "poly2d": _poly2d, "point2d": _point2d, "cuboid": _cuboid,
}  # fmt: skip


def table_of(kind: str, rows: list[Row], taxonomy: Taxonomy, time_ns: int = 0) -> Any:
    """Rows of one kind as a table; the poses of cuboids are already in the world."""
    if not rows:
        return _EMPTY[kind].empty()
    common: dict[str, Any] = {
        "category_id": taxonomy.ids_of(row.label for row in rows),
        "score": np.asarray([row.score for row in rows], np.float32),
        "track_id": np.asarray([row.track_id for row in rows], np.int64),
        "origin": np.full(len(rows), IMPORTED, np.uint8),
        "attributes": Attributes.from_rows([row.facts for row in rows]),
    }
    if kind == "boxes2d":
        return Boxes2D(xyxy=np.asarray([row.numbers for row in rows], np.float32), **common)
    if kind == "polygons":
        rings: dict[str, Any] = Polygons.ring_columns([[row.numbers.astype(np.float32)] for row in rows])
        return Polygons(**rings, **common)
    if kind == "lane_lines":
        source = np.full(len(rows), LINE_SOURCES.index("imported"), np.uint8)
        points = Ragged.from_rows([row.numbers for row in rows], np.float32, (2,))
        return LaneLines(points=points, source=source, **common)
    if kind == "keypoints":
        return Keypoints(
            keypoints=Ragged.from_rows([row.numbers for row in rows], np.float32, (3,)), **common
        )
    unknown = np.full(3, np.nan)
    poses = np.stack([row.numbers[0] for row in rows])
    return Boxes3D(
        timestamp_ns=np.full(len(rows), time_ns, np.int64),
        center=poses[:, :3, 3],
        size_lwh=np.asarray([row.numbers[2] for row in rows], np.float32),
        quat_wxyz=np.stack([row.numbers[1] for row in rows]),
        velocity=np.asarray([unknown if row.velocity is None else row.velocity for row in rows], np.float32),
        n_points=np.asarray([row.n_points for row in rows], np.int64),
        **common,
    )


_EMPTY: dict[str, Any] = {
    "boxes2d": Boxes2D, "polygons": Polygons, "lane_lines": LaneLines,
    "keypoints": Keypoints, "boxes3d": Boxes3D,
}  # fmt: skip
