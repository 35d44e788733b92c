"""Rows of our tables as CVAT's elements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from drivelabel.formats.cvat.elements import CUBOID_CORNERS, OCCLUDED, SHAPE, Z_ORDER, rotated_corners
from drivelabel.formats.cvat.read import TAG
from drivelabel.formats.cvat.rows import UNLABELLED
from drivelabel.formats.outlines import joined
from drivelabel.formats.pictures import Picture, Pictures, same_objects
from drivelabel.formats.report import Tally
from drivelabel.labels import (
    ARROWS,
    LIGHT_STATES,
    NO_TRACK,
    RELEVANCES,
    Boxes2D,
    Keypoints,
    LaneLines,
    Polygons,
    TrafficLights,
)
from drivelabel.labels.attributes import AttributeValue
from drivelabel.typing import AnyArray, BoolArray

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OWN = {OCCLUDED, Z_ORDER, SHAPE, "group_id", "source"}
_RECTANGLE_PX = 0.02


def text_of(value: str, tally: Tally) -> str:
    """The text without signs that XML cannot hold; carriage returns become line feeds."""
    plain = _NOT_XML.sub("�", value).replace("\r\n", "\n").replace("\r", "\n")
    tally.approximate("texts", "", int(plain != value), 0.0, "", "signs that XML cannot hold")
    return plain


def value_text(value: AttributeValue, tally: Tally) -> str:
    """An attribute's value as CVAT writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_of(value, tally) if isinstance(value, str) else repr(value)


def labels_element(pictures: Pictures, tally: Tally) -> Element:
    """The list of classes with their colours, attributes and points."""
    types = _attribute_types(pictures)
    root = Element("labels")
    for category in pictures.taxonomy:
        label = SubElement(root, "label")
        SubElement(label, "name").text = text_of(category.name, tally)
        SubElement(label, "color").text = category.color.lower()
        SubElement(label, "type").text = "skeleton" if category.skeleton else "any"
        attributes = SubElement(label, "attributes")
        for name, kind in types.get(category.name, {}).items():
            attribute = SubElement(attributes, "attribute")
            SubElement(attribute, "name").text = text_of(name, tally)
            SubElement(attribute, "mutable").text = "True"
            SubElement(attribute, "input_type").text = kind
            SubElement(attribute, "default_value").text = ""
            SubElement(attribute, "values").text = ""
        for point in category.skeleton:
            part = SubElement(root, "label")
            SubElement(part, "name").text = text_of(point, tally)
            SubElement(part, "type").text = "points"
            SubElement(part, "parent").text = text_of(category.name, tally)
    return root


def _attribute_types(pictures: Pictures) -> dict[str, dict[str, str]]:
    """Class to attribute to kind of input field: checkbox for bools, number for numbers, else text."""
    found: dict[str, dict[str, str]] = {}
    for layer in pictures.layers:
        for grouped in layer.tables.values():
            rows = grouped.rows
            if not hasattr(rows, "category_id"):
                continue
            for name, column in rows.attributes.by_name.items():
                kinds = {type(value) for value in column.values}
                kind = "checkbox" if kinds == {bool} else "number" if kinds <= {int, float} else "text"
                for row in np.unique(rows.category_id[column.codes >= 0]).tolist():
                    known = found.setdefault(layer.taxonomy.names[row], {})
                    known[name] = kind if known.get(name, kind) == kind else "text"
    return found


@dataclass(slots=True)
class ShapeWriter:
    """Makes the elements of pictures."""

    pictures: Pictures
    tally: Tally

    def shapes(self, picture: Picture) -> list[Element]:
        """All shapes and tags of a picture."""
        found: list[Element] = []
        lights = self.pictures.table("traffic_lights", picture)
        boxes = self.pictures.table("boxes2d", picture)
        if boxes is not None:
            doubles = same_objects(boxes, lights)
            self.tally.keep("boxes2d", "", int(doubles.sum()), "written once, with the traffic light")
            found += self._boxes(picture, boxes[~doubles])
        if lights is not None:
            found += [self.light(lights, row) for row in range(len(lights))]
        polygons = self.pictures.table("polygons", picture)
        found += [] if polygons is None else [self.polygon(polygons, row) for row in range(len(polygons))]
        lines = self.pictures.table("lane_lines", picture)
        found += [] if lines is None else [self.line(lines, row) for row in range(len(lines))]
        points = self.pictures.table("keypoints", picture)
        found += [] if points is None else [self.points(points, row) for row in range(len(points))]
        return found + self._tags(picture)

    def box(self, boxes: Boxes2D, row: int) -> Element:
        """A box."""
        names = ("xtl", "ytl", "xbr", "ybr")
        corners = dict(zip(names, (number_text(side) for side in boxes.xyxy[row]), strict=True))
        self.tally.keep("boxes2d")
        return self._element("box", boxes, row, corners)

    def light(self, lights: TrafficLights, row: int) -> Element:
        """A traffic light as a box with its state, arrow and relevance."""
        names = ("xtl", "ytl", "xbr", "ybr")
        corners = dict(zip(names, (number_text(side) for side in lights.xyxy[row]), strict=True))
        element = self._element("box", lights, row, corners)
        facts = {
            "state": LIGHT_STATES[lights.state[row]],
            "arrow": ARROWS[lights.arrow[row]],
            "relevance": RELEVANCES[lights.relevance[row]],
        }
        for name, value in facts.items():
            SubElement(element, "attribute", {"name": name}).text = value
        self.tally.drop("traffic_lights", "", 1, "written as boxes with attributes state, arrow, relevance")
        return element

    def polygon(self, polygons: Polygons, row: int) -> Element:
        """A polygon, or a turned box."""
        rings = polygons.rings(row)
        if (
            polygons.attributes.row(row).get(SHAPE) == "rotated_box"
            and len(rings) == 1
            and len(rings[0]) == 4
        ):
            turned = self._turned_box(polygons, row, rings[0].astype(np.float64))
            if turned is not None:
                return turned
        if len(rings) > 1:
            note = "rings joined by bridges without area"
            self.tally.approximate("polygons", "points", 1, 0.0, "px", note)
            self.tally.drop("polygons", "ring_sizes", 1, note)
        else:
            self.tally.keep("polygons")
        return self._element("polygon", polygons, row, {"points": points_text(joined(rings))})

    def _turned_box(self, polygons: Polygons, row: int, ring: AnyArray) -> Element | None:
        along = ring[1] - ring[0]
        center = ring.mean(axis=0)
        size = np.array([np.linalg.norm(along), np.linalg.norm(ring[3] - ring[0])])
        degrees = float(np.degrees(np.arctan2(along[1], along[0]))) % 360
        xyxy = np.concatenate([center - size / 2, center + size / 2])
        error = float(np.abs(rotated_corners(xyxy, degrees) - ring).max())
        if error > _RECTANGLE_PX:
            return None
        self.tally.approximate("polygons", "points", 1, max(error, 1e-3), "px", "as turned boxes")
        names = ("xtl", "ytl", "xbr", "ybr")
        corners = dict(zip(names, (repr(side) for side in xyxy.tolist()), strict=True))
        return self._element("box", polygons, row, corners | {"rotation": repr(degrees)})

    def line(self, lines: LaneLines, row: int) -> Element:
        """A polyline."""
        self.tally.keep("lane_lines")
        return self._element("polyline", lines, row, {"points": points_text(lines.points[row])})

    def points(self, skeletons: Keypoints, row: int) -> Element:
        """Points, a skeleton, or a projected cuboid."""
        keypoints = skeletons.keypoints[row]
        category = self.pictures.taxonomy.categories[skeletons.category_id[row]]
        is_cuboid = skeletons.attributes.row(row).get(SHAPE) == "cuboid"
        if is_cuboid and len(keypoints) == len(CUBOID_CORNERS):
            corners: dict[str, str] = {}
            for name, (u, v, _) in zip(CUBOID_CORNERS, keypoints, strict=True):
                corners |= {f"x{name}": number_text(u), f"y{name}": number_text(v)}
            self.tally.keep("keypoints")
            return self._element("cuboid", skeletons, row, corners)
        if category.skeleton and len(category.skeleton) == len(keypoints):
            return self._skeleton(skeletons, row, category.skeleton)
        hidden = int((keypoints[:, 2] != 2).sum())
        self.tally.drop("keypoints", "keypoints", int(hidden > 0), "visibility of points without a skeleton")
        self.tally.keep("keypoints")
        return self._element("points", skeletons, row, {"points": points_text(keypoints[:, :2])})

    def _skeleton(self, skeletons: Keypoints, row: int, names: tuple[str, ...]) -> Element:
        element = self._element("skeleton", skeletons, row, {})
        for name, (u, v, seen) in zip(names, skeletons.keypoints[row], strict=True):
            facts = {
                "label": text_of(name, self.tally),
                "outside": str(int(seen == 0)),
                "occluded": str(int(seen == 1)),
                "points": f"{number_text(u)},{number_text(v)}",
            }
            SubElement(element, "points", facts)
        self.tally.keep("keypoints")
        return element

    def _boxes(self, picture: Picture, boxes: Boxes2D) -> list[Element]:
        """Boxes; those whose track has pixels as masks."""
        layer = self.pictures.layer_of(picture)
        if layer.instance_maps is None or picture.group not in layer.instance_maps:
            return [self.box(boxes, row) for row in range(len(boxes))]
        instances = layer.instance_map(picture.group)
        found = []
        for row in range(len(boxes)):
            track_id = int(boxes.track_id[row])
            mask = instances.mask(track_id) if track_id != NO_TRACK else np.zeros((1, 1), np.bool_)
            found.append(self._mask(boxes, row, mask) if mask.any() else self.box(boxes, row))
        return found

    def _mask(self, boxes: Boxes2D, row: int, mask: BoolArray) -> Element:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
        error = float(np.abs(np.array([left, top, right, bottom]) - boxes.xyxy[row]).max())
        self.tally.approximate("boxes2d", "xyxy", int(error > 0), error, "px", "the tight box of its mask")
        self.tally.keep("instance_map")
        flat = mask[top:bottom, left:right].reshape(-1)
        changes = np.flatnonzero(np.diff(flat)) + 1
        runs = np.diff(np.concatenate([[0], changes, [len(flat)]])).tolist()
        facts = {
            "rle": ",".join(map(str, [0, *runs] if flat[0] else runs)),
            "left": str(left),
            "top": str(top),
        }
        return self._element(
            "mask", boxes, row, facts | {"width": str(right - left), "height": str(bottom - top)}
        )

    def _element(self, kind: str, table: Any, row: int, geometry: Mapping[str, str]) -> Element:
        facts = table.attributes.row(row)
        name = self.pictures.taxonomy.names[table.category_id[row]]
        own = {
            "label": "" if name == UNLABELLED else text_of(name, self.tally),
            "source": text_of(str(facts.get("source", "manual")), self.tally),
            "occluded": str(int(facts.get(OCCLUDED) is True)),
            "z_order": str(_whole(facts.get(Z_ORDER))),
        }
        if _whole(facts.get("group_id")):
            own["group_id"] = str(_whole(facts.get("group_id")))
        element = Element(kind, {**own, **geometry})
        for key, value in facts.items():
            if not _is_own(key, value):
                SubElement(element, "attribute", {"name": text_of(key, self.tally)}).text = value_text(
                    value, self.tally
                )
        return element

    def _tags(self, picture: Picture) -> list[Element]:
        tags = self.pictures.table("tags", picture)
        found: dict[str, Element] = {}
        for row in range(0 if tags is None else len(tags)):
            facts = tags.attributes.row(row)
            for name, value in facts.items():
                if name.startswith(TAG) and value is True and "." not in name.removeprefix(TAG):
                    label = name.removeprefix(TAG)
                    found[label] = Element("tag", {"label": text_of(label, self.tally), "source": "manual"})
                    self.tally.keep("tags")
                else:
                    self.tally.drop("tags", f"attributes.{name}", 1, "no class of CVAT")
        return list(found.values())


def _is_own(name: str, value: AttributeValue) -> bool:
    """Whether an attribute is one of CVAT's own of a shape, with a value that those can hold."""
    if name == OCCLUDED:
        return value is True
    if name in (Z_ORDER, "group_id"):
        return _whole(value) != 0
    return name in _OWN and isinstance(value, str)


def _whole(value: AttributeValue | None) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def number_text(value: Any) -> str:
    """The shortest digits that give the same float32 back."""
    return np.format_float_positional(np.float32(value), trim="-")


def points_text(points: AnyArray) -> str:
    """``x,y;x,y``."""
    return ";".join(f"{number_text(x)},{number_text(y)}" for x, y in points)
