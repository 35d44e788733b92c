"""CVAT's XML elements: checked numbers and points, and shapes as rows of our tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.report import Tally
from drivelabel.labels.attributes import AttributeValue
from drivelabel.typing import FloatArray

SHAPES = ("box", "polygon", "polyline", "points", "mask", "ellipse", "cuboid", "skeleton")
MAX_COORDINATE = 1e9

OCCLUDED, Z_ORDER, SHAPE = "occluded", "z_order", "shape"
"""Attributes of rows that came from CVAT's own attributes of a shape."""

_OWN = {
    "label", "occluded", "z_order", "source", "group_id", "rotation", "frame", "outside", "keyframe", "id",
    "xtl", "ytl", "xbr", "ybr", "points", "rle", "left", "top", "width", "height", "cx", "cy", "rx", "ry",
}  # fmt: skip
CUBOID_CORNERS = ("tl1", "bl1", "tr1", "br1", "tl2", "bl2", "tr2", "br2")


@dataclass(frozen=True, slots=True)
class Node:
    """One element, with the place that errors name."""

    element: Element
    where: str

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number. Raises FormatError when it is missing or of another kind."""
        text = self.element.get(name)
        if text is None:
            if default is None:
                raise FormatError(f"{self.where}: {name!r} is missing.")
            return default
        try:
            value = float(text)
        except ValueError:
            raise FormatError(f"{self.where}: {name}: expected a number, got {text[:40]!r}.") from None
        if not math.isfinite(value) or abs(value) > MAX_COORDINATE:
            raise FormatError(f"{self.where}: {name}: expected a finite number, got {text[:40]}.")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole number. Raises FormatError when it is missing or of another kind."""
        value = self.number(name, default)
        if not value.is_integer() if isinstance(value, float) else False:
            raise FormatError(f"{self.where}: {name}: expected a whole number, got {value:g}.")
        return int(value)

    def text(self, name: str, default: str | None = None) -> str:
        """A text. Raises FormatError when it is missing."""
        value = self.element.get(name, default)
        if value is None:
            raise FormatError(f"{self.where}: {name!r} is missing.")
        return value

    def points(self, name: str = "points") -> FloatArray:
        """(n, 2) pixels of ``x,y;x,y``. Raises FormatError when a pair is damaged."""
        pairs = [pair.split(",") for pair in self.text(name).split(";") if pair.strip()]
        try:
            values = [(float(x), float(y)) for x, y in pairs]
        except ValueError:
            raise FormatError(
                f"{self.where}: {name}: expected x,y;x,y;..., got {self.text(name)[:60]!r}."
            ) from None
        array = np.asarray(values, np.float64).reshape(len(values), 2)
        if not (np.abs(array) <= MAX_COORDINATE).all():
            raise FormatError(f"{self.where}: {name}: expected finite numbers.")
        return array


@dataclass(slots=True)
class Shape:
    """A shape of one image.

    Attributes:
        kind: one of SHAPES.
        numbers: box (4,) xyxy; polygon, polyline, points (k, 2); skeleton, cuboid (k, 3) with visibility.
        mask: (h, w) run lengths of a mask and its left upper corner, else None.
        facts: further attributes of the row.
    """

    kind: str
    label: str
    numbers: FloatArray
    facts: dict[str, AttributeValue] = field(default_factory=dict)
    mask: tuple[list[int], int, int, int, int] | None = None
    track_id: int = -1
    origin: int = 3


def read_shape(node: Node, types: Mapping[str, str], tally: Tally) -> Shape | None:
    """The shape of an element; None for one of an unknown kind, which is counted.

    Raises:
        FormatError: a number is missing or damaged, or a box has negative size.
    """
    kind = node.element.tag
    if kind not in SHAPES:
        tally.drop("shapes", kind[:40], 1, "of no kind that we know")
        return None
    shape = Shape(kind, node.text("label", ""), np.zeros((0, 2)))
    _GEOMETRY[kind](node, shape, tally)
    shape.facts |= _facts(node, types)
    known = _OWN | {f"{axis}{corner}" for axis in "xy" for corner in CUBOID_CORNERS}
    for name in node.element.attrib.keys() - known:
        tally.drop("shapes", name[:40], 1, "not of the format")
    return shape


def _facts(node: Node, types: Mapping[str, str]) -> dict[str, AttributeValue]:
    facts: dict[str, AttributeValue] = {}
    if node.integer("occluded", 0):
        facts[OCCLUDED] = True
    if node.integer("z_order", 0):
        facts[Z_ORDER] = node.integer("z_order", 0)
    if node.integer("group_id", 0):
        facts["group_id"] = node.integer("group_id", 0)
    if node.element.get("source", "manual") != "manual":
        facts["source"] = node.text("source")
    for child in node.element.iterfind("attribute"):
        name = child.get("name") or ""
        if name:
            facts[name] = typed(child.text or "", types.get(name, "text"))
    return facts


def typed(text: str, input_type: str) -> AttributeValue:
    """An attribute's value by the kind of its input field; a text where it does not fit that."""
    plain = text.strip()
    if input_type == "checkbox" and plain.lower() in ("true", "false"):
        return plain.lower() == "true"
    if input_type == "number":
        try:
            value = float(plain)
        except ValueError:
            return text
        if math.isfinite(value) and abs(value) < 1e15:
            return int(plain) if plain.lstrip("+-").isdecimal() else value
    return text


def _box(node: Node, shape: Shape, tally: Tally) -> None:
    xyxy = np.array([node.number(name) for name in ("xtl", "ytl", "xbr", "ybr")])
    if (xyxy[2:] < xyxy[:2]).any():
        width, height = (xyxy[2:] - xyxy[:2]).tolist()
        raise FormatError(f"{node.where}: box has negative size {width:g} x {height:g} px.")
    turn = node.number("rotation", 0.0)
    if turn == 0:
        shape.numbers = xyxy
        return
    shape.kind, shape.facts[SHAPE] = "polygon", "rotated_box"
    shape.numbers = rotated_corners(xyxy, turn)


def rotated_corners(xyxy: FloatArray, degrees: float) -> FloatArray:
    """(4, 2) corners of a box that is turned about its centre, clockwise in the image."""
    center, half = (xyxy[:2] + xyxy[2:]) / 2, (xyxy[2:] - xyxy[:2]) / 2
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    turned: FloatArray = corners @ np.array([(c, s), (-s, c)]) + center
    return turned


def _pointed(node: Node, shape: Shape, tally: Tally) -> None:
    shape.numbers = node.points()
    fewest = {"polygon": 3, "polyline": 2, "points": 1}[shape.kind]
    if len(shape.numbers) < fewest:
        raise FormatError(f"{node.where}: expected at least {fewest} points, got {len(shape.numbers)}.")


def _mask(node: Node, shape: Shape, tally: Tally) -> None:
    try:
        runs = [int(part) for part in node.text("rle").split(",")]
    except ValueError:
        raise FormatError(f"{node.where}: rle: expected whole numbers with commas.") from None
    left, top, width, height = (node.integer(name) for name in ("left", "top", "width", "height"))
    if min(runs) < 0 or min(left, top) < 0 or min(width, height) <= 0 or sum(runs) != width * height:
        raise FormatError(f"{node.where}: rle: expected runs that add up to {width} x {height} pixels.")
    shape.mask = (runs, left, top, width, height)


def _ellipse(node: Node, shape: Shape, tally: Tally) -> None:
    cx, cy, rx, ry = (node.number(name) for name in ("cx", "cy", "rx", "ry"))
    if rx <= 0 or ry <= 0:
        raise FormatError(f"{node.where}: expected positive radii, got {rx:g} and {ry:g}.")
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    around = np.stack([rx * np.cos(angle), ry * np.sin(angle)], axis=1)
    turn = math.radians(node.number("rotation", 0.0))
    c, s = math.cos(turn), math.sin(turn)
    shape.kind, shape.facts[SHAPE] = "polygon", "ellipse"
    shape.numbers = around @ np.array([(c, s), (-s, c)]) + (cx, cy)
    sagitta = max(rx, ry) * (1 - math.cos(math.pi / 64))
    tally.approximate("polygons", "points", 1, sagitta, "px", "ellipses as polygons of 64 points")


def _cuboid(node: Node, shape: Shape, tally: Tally) -> None:
    corners = [(node.number(f"x{corner}"), node.number(f"y{corner}"), 2.0) for corner in CUBOID_CORNERS]
    shape.numbers, shape.facts[SHAPE] = np.asarray(corners), "cuboid"


def _skeleton(node: Node, shape: Shape, tally: Tally) -> None:
    """Points by their names, in the order of the element; visibility by outside and occluded."""
    rows = []
    for row, child in enumerate(node.element.iterfind("points")):
        point = Node(child, f"{node.where}, point {row}")
        place = point.points()
        if len(place) != 1:
            raise FormatError(f"{point.where}: expected one point, got {len(place)}.")
        seen = 0 if point.integer("outside", 0) else 1 if point.integer("occluded", 0) else 2
        rows.append((point.text("label", str(row)), *place[0].tolist(), float(seen)))
    rows.sort(key=lambda entry: (not entry[0].isdigit(), int(entry[0]) if entry[0].isdigit() else 0))
    shape.numbers = np.asarray([entry[1:] for entry in rows], np.float64).reshape(len(rows), 3)


_GEOMETRY: dict[str, Any] = {
    "box": _box,
    "polygon": _pointed,
    "polyline": _pointed,
    "points": _pointed,
    "mask": _mask,
    "ellipse": _ellipse,
    "cuboid": _cuboid,
    "skeleton": _skeleton,
}
