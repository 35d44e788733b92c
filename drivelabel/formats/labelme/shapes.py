"""Shapes of LabelMe's files as rows of our tables."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.coco.gather import Gathered
from drivelabel.formats.label_images import mask_of_png
from drivelabel.formats.loading import Fields, is_scalar, scalars_of
from drivelabel.formats.loading.values import as_numbers
from drivelabel.labels import (
    ARROWS,
    IMPORTED,
    LIGHT_STATES,
    LINE_SOURCES,
    LINE_STYLES,
    NO_TRACK,
    ORIGINS,
    RELEVANCES,
    TABLES,
    Attributes,
    Polygons,
    Taxonomy,
)
from drivelabel.typing import AnyArray, FloatArray

CIRCLE_POINTS = 64
"""Corners of the polygon that stands for a circle."""

_KNOWN = {
    "label", "points", "group_id", "shape_type", "flags", "description", "mask", "score", "attributes",
    "kie_linking", "origin",
}  # fmt: skip
_OURS = {
    "kind",
    "style",
    "source",
    "position",
    "state",
    "arrow",
    "relevance",
    "keypoints",
    "visibility",
    "rings",
}


@dataclass(slots=True)
class ShapeReader:
    """Reads shapes into rows; :meth:`finish` makes tables of them.

    Attributes:
        taxonomy: of the labels.
        gathered: where tables and masks go.
    """

    taxonomy: Taxonomy
    gathered: Gathered
    _rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _images: dict[str, list[int]] = field(default_factory=dict)

    @property
    def kinds(self) -> set[str]:
        """The tables that got rows."""
        return set(self._rows)

    def read(self, shape: Fields, image: int, image_hw: tuple[int, int], boxed: set[tuple[int, str]]) -> None:
        """One shape; `boxed` are the group ids and labels of the image's rectangles.

        Raises:
            FormatError: it breaks a rule.
        """
        kind, row = self._row(shape, image, image_hw, boxed)
        if kind:
            self._rows.setdefault(kind, []).append(row)
            self._images.setdefault(kind, []).append(image)
            self.gathered.tally.keep(kind)

    def finish(self) -> None:
        """Make tables of all rows."""
        for kind, rows in self._rows.items():
            columns: dict[str, Any] = {
                name: [row[name] for row in rows] for name in rows[0] if name not in ("attributes", "rings")
            }
            if kind == "polygons":
                columns |= dict(Polygons.ring_columns([row["rings"] for row in rows]))
            columns["attributes"] = Attributes.from_rows([row["attributes"] for row in rows])
            image = np.array(self._images[kind], np.int64)
            self.gathered.add(kind, TABLES[kind](**columns), image, np.arange(len(rows)))

    def _row(
        self, shape: Fields, image: int, image_hw: tuple[int, int], boxed: set[tuple[int, str]]
    ) -> tuple[str, dict[str, Any]]:
        points = _points(shape)
        row = self._common(shape)
        kind = shape.get("shape_type")
        if shape.get("kind") == "traffic_light":
            return "traffic_lights", row | {"xyxy": _box(points, shape)} | _light(shape)
        if kind == "rectangle":
            return "boxes2d", row | {"xyxy": _box(points, shape)}
        if kind in ("polygon", "oriented_rectangle", "rotation"):
            if len(points) < 3:
                raise shape.wrong(f"points: expected at least three of a {kind}, got {len(points)}.")
            if kind != "polygon":
                row["attributes"].setdefault("shape", "rotated_box")
            return "polygons", row | {"rings": _rings(points, shape)}
        if kind == "circle":
            row["attributes"].setdefault("shape", "circle")
            return "polygons", row | {"rings": [self._circle(points, shape)]}
        if kind in ("line", "linestrip"):
            if len(points) < 2:
                raise shape.wrong(f"points: expected at least two of a {kind}, got {len(points)}.")
            return "lane_lines", row | {"points": points.astype(np.float32)} | _line(shape)
        if kind in ("point", "points"):
            return "keypoints", row | {"keypoints": _skeleton(points, shape)}
        if kind == "mask":
            return self._mask(shape, points, row, image, image_hw, boxed)
        raise shape.wrong(f"shape_type: unknown type {str(kind)[:40]!r}.")

    def _common(self, shape: Fields) -> dict[str, Any]:
        score = shape.get("score")
        score = 1.0 if score is None else shape.number("score")
        if not 0 <= score <= 1:
            raise shape.wrong(f"score: expected a number in [0, 1], got {score:g}.")
        word = shape.get("origin")
        group = shape.integer("group_id", NO_TRACK) if shape.get("group_id") is not None else NO_TRACK
        return {
            "category_id": self.taxonomy.id_of(shape.text("label")),
            "score": score,
            "track_id": max(group, NO_TRACK),
            "origin": ORIGINS.index(word) if word in ORIGINS else IMPORTED,
            "attributes": self._attributes(shape),
        }

    def _attributes(self, shape: Fields) -> dict[str, Any]:
        tally = self.gathered.tally
        found = scalars_of(shape.get("attributes")) | scalars_of(shape.get("flags"))
        if shape.get("description"):
            found["description"] = shape.text("description")
        tally.drop("shapes", "kie_linking", int(bool(shape.get("kie_linking"))), "links between shapes")
        for name in shape.value.keys() - _KNOWN - (_OURS if "kind" in shape else set()):
            value = shape.get(name)
            if is_scalar(value):
                found.setdefault(name, value)
            else:
                tally.drop("shapes", name, int(value is not None), "no plain value")
        return found

    def _circle(self, points: FloatArray, shape: Fields) -> AnyArray:
        if len(points) != 2:
            raise shape.wrong(f"points: expected centre and edge of a circle, got {len(points)}.")
        radius = float(np.linalg.norm(points[1] - points[0]))
        angle = np.arange(CIRCLE_POINTS) * 2 * np.pi / CIRCLE_POINTS
        error = radius * (1 - np.cos(np.pi / CIRCLE_POINTS))
        self.gathered.tally.approximate("polygons", "points", 1, error, "px", "circles as polygons")
        ring: AnyArray = points[0] + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return ring

    def _mask(
        self, shape: Fields, points: FloatArray, row: dict[str, Any], image: int, image_hw: tuple[int, int],
        boxed: set[tuple[int, str]],
    ) -> tuple[str, dict[str, Any]]:  # fmt: skip
        """Pixels of the instance map, and a box round them where no rectangle is in the same group."""
        whole = np.sort(points.astype(np.int64), axis=0)
        (left, top), (right, bottom) = whole[0].tolist(), whole[-1].tolist()
        if len(points) != 2 or left < 0 or top < 0 or right >= image_hw[1] or bottom >= image_hw[0]:
            raise shape.wrong("points: expected the first and last pixel of a mask inside the image.")
        try:
            data = base64.b64decode(shape.text("mask"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise shape.wrong(f"mask: no base64 text ({error}).") from None
        mask = np.zeros(image_hw, np.bool_)
        mask[top : bottom + 1, left : right + 1] = mask_of_png(
            data, (bottom + 1 - top, right + 1 - left), f"{shape.where}: mask"
        )
        if shape.get("kind") == "area":
            self.gathered.label_map(image, image_hw)[mask] = row["category_id"]
            self.gathered.tally.keep("label_map")
            return "", {}
        is_boxed = (row["track_id"], shape.text("label")) in boxed
        if row["track_id"] == NO_TRACK:
            row["track_id"] = self.gathered.next_track
            self.gathered.next_track += 1
        if self.gathered.painter.paint(image, mask, row["track_id"]):
            self.gathered.tally.keep("instance_map")
        if is_boxed:
            return "", {}
        return "boxes2d", row | {"xyxy": np.array([left, top, right + 1, bottom + 1], np.float32)}


def _points(shape: Fields) -> FloatArray:
    given = shape.items("points")
    points = [as_numbers(point, f"{shape.where}: points", 2) for point in given]
    if not points:
        raise shape.wrong("points: expected at least one.")
    return np.array(points)


def _box(points: FloatArray, shape: Fields) -> AnyArray:
    """Two corners, whichever; or all four, as newer tools write."""
    if len(points) not in (2, 4):
        raise shape.wrong(f"points: expected two or four corners of a rectangle, got {len(points)}.")
    xyxy: AnyArray = np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)
    return xyxy


def _rings(points: FloatArray, shape: Fields) -> list[FloatArray]:
    """One ring, or those whose sizes a file of ours names."""
    if "kind" not in shape or shape.get("rings") is None:
        return [points]
    sizes = shape.numbers("rings")
    if (sizes < 3).any() or sizes.sum() != len(points):
        raise shape.wrong("rings: expected sizes of at least three that add up to the points.")
    return np.split(points, np.cumsum(sizes.astype(np.int64))[:-1])


def _skeleton(points: FloatArray, shape: Fields) -> AnyArray:
    seen = np.full(len(points), 2.0)
    if "kind" in shape and shape.get("visibility") is not None:
        seen = shape.numbers("visibility", len(points))
        if not np.isin(seen, (0, 1, 2)).all():
            raise shape.wrong("visibility: expected 0 absent, 1 hidden or 2 seen.")
    skeleton: AnyArray = np.concatenate([points, seen[:, None]], axis=1).astype(np.float32)
    return skeleton


def _light(shape: Fields) -> dict[str, Any]:
    bulbs = np.array([as_numbers(bulb, f"{shape.where}: keypoints", 3) for bulb in shape.items("keypoints")])
    if bulbs.shape != (3, 3) or not np.isin(bulbs[:, 2], (0, 1, 2)).all():
        raise shape.wrong("keypoints: expected u, v and visibility of the three bulbs.")
    return {
        "keypoints": bulbs.astype(np.float32),
        "state": _code(shape, "state", LIGHT_STATES),
        "arrow": _code(shape, "arrow", ARROWS),
        "relevance": _code(shape, "relevance", RELEVANCES),
    }


def _line(shape: Fields) -> dict[str, Any]:
    if "kind" not in shape:
        return {"style": 0, "source": LINE_SOURCES.index("imported"), "position": 0}
    position = shape.integer("position", 0)
    if not -128 <= position < 128:
        raise shape.wrong(f"position: expected a small number, got {position}.")
    style, source = _code(shape, "style", LINE_STYLES), _code(shape, "source", LINE_SOURCES)
    return {"style": style, "source": source, "position": position}


def _code(shape: Fields, name: str, words: tuple[str, ...]) -> int:
    word = shape.text(name, words[0])
    if word not in words:
        raise FormatError(f"{shape.where}: {name}: expected one of {', '.join(words)}, got {word[:40]!r}.")
    return words.index(word)
