"""Regions of one image as rows of our tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.labelstudio.regions import Region
from drivelabel.formats.loading import Fields
from drivelabel.formats.painting import InstancePainter
from drivelabel.formats.report import Tally
from drivelabel.geometry import brush_to_mask
from drivelabel.labels import (
    IMPORTED,
    LINE_SOURCES,
    Attributes,
    Boxes2D,
    Keypoints,
    LaneLines,
    Polygons,
    Ragged,
    Table,
    Taxonomy,
)
from drivelabel.typing import FloatArray

SHAPE = "shape"
N_AROUND = 64
"""Points of a polygon that stands for an ellipse."""


@dataclass(slots=True)
class RegionTables:
    """Makes the tables of each image.

    Attributes:
        painter: holds the masks.
        next_track: of masks, which need one to be told apart.
    """

    taxonomy: Taxonomy
    painter: InstancePainter
    tally: Tally
    next_track: int = 1_000_000_000

    def tables(self, group: int, regions: Sequence[Region], image_hw: tuple[int, int]) -> list[Table]:
        """One table a kind; empty where there is nothing of it, since somebody looked.

        Raises:
            FormatError: a region's numbers are damaged.
        """
        boxes: list[tuple[Region, FloatArray, int]] = []
        outlines: list[tuple[Region, FloatArray]] = []
        lines: list[tuple[Region, FloatArray]] = []
        points: list[Region] = []
        for region in regions:
            if region.kind == "rectangle" and not region.value.number("rotation", 0.0):
                boxes.append((region, rectangle(region.value, image_hw), -1))
            elif region.kind == "rectangle":
                region.facts[SHAPE] = "rotated_box"
                outlines.append((region, turned_rectangle(region.value, image_hw)))
            elif region.kind == "ellipse":
                outlines.append((region, self._ellipse(region, image_hw)))
            elif region.kind == "polygon":
                found = self._polygon(region, image_hw)
                (outlines if region.value.flag("closed", True) else lines).append((region, found))
            elif region.kind == "brush":
                boxes.append(self._brush(group, region, image_hw))
            elif region.kind == "keypoint":
                points.append(region)
        made = [
            self._boxes(boxes),
            self._polygons(outlines),
            self._lines(lines),
            self._points(points, image_hw),
        ]
        for table in made:
            self.tally.keep(table.KIND, "", len(table))
        return made

    def _polygon(self, region: Region, image_hw: tuple[int, int]) -> FloatArray:
        value = region.value
        pairs = value.items("points")
        named = {str(row): pair for row, pair in enumerate(pairs)}
        places = Fields(named, value.where)
        percent = np.asarray([places.numbers(str(row), 2) for row in range(len(pairs))]).reshape(-1, 2)
        fewest = 3 if value.flag("closed", True) else 2
        if len(percent) < fewest:
            raise FormatError(f"{value.where}: expected at least {fewest} points, got {len(percent)}.")
        return pixels(percent, image_hw)

    def _ellipse(self, region: Region, image_hw: tuple[int, int]) -> FloatArray:
        value = region.value
        center = pixels(np.array([value.number("x"), value.number("y")]), image_hw)
        radii = pixels(np.array([value.number("radiusX"), value.number("radiusY")]), image_hw)
        angle = np.linspace(0, 2 * np.pi, N_AROUND, endpoint=False)
        around = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radii
        region.facts[SHAPE] = "ellipse"
        error = float(radii.max()) * (1 - math.cos(math.pi / N_AROUND))
        self.tally.approximate(
            "polygons", "points", 1, error, "px", f"ellipses as polygons of {N_AROUND} points"
        )
        return np.asarray(around @ _turn(value.number("rotation", 0.0)) + center, np.float64)

    def _brush(self, group: int, region: Region, image_hw: tuple[int, int]) -> tuple[Region, FloatArray, int]:
        try:
            mask = brush_to_mask(region.value.items("rle"), image_hw)
        except InvalidLabelError as error:
            raise FormatError(f"{region.value.where}: rle: {error}") from None
        track_id, self.next_track = self.next_track, self.next_track + 1
        self.painter.paint(group, mask, track_id)
        self.tally.keep("instance_map")
        region.facts[SHAPE] = "mask"
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        corners = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1] if len(rows) else [0, 0, 0, 0]
        return region, np.asarray(corners, np.float64), track_id

    def _common(self, regions: Sequence[Region]) -> dict[str, Any]:
        return {
            "category_id": self.taxonomy.ids_of(region.label for region in regions),
            "score": np.asarray([region.score for region in regions], np.float32),
            "origin": np.full(len(regions), IMPORTED, np.uint8),
            "attributes": Attributes.from_rows([region.facts for region in regions]),
        }

    def _boxes(self, found: list[tuple[Region, FloatArray, int]]) -> Boxes2D:
        if not found:
            return Boxes2D.empty()
        tracks = np.asarray([track_id for _, _, track_id in found], np.int64)
        xyxy = np.stack([numbers for _, numbers, _ in found]).astype(np.float32)
        return Boxes2D(xyxy=xyxy, track_id=tracks, **self._common([region for region, _, _ in found]))

    def _polygons(self, found: list[tuple[Region, FloatArray]]) -> Polygons:
        if not found:
            return Polygons.empty()
        columns: dict[str, Any] = Polygons.ring_columns([[ring.astype(np.float32)] for _, ring in found])
        return Polygons(**columns, **self._common([region for region, _ in found]))

    def _lines(self, found: list[tuple[Region, FloatArray]]) -> LaneLines:
        if not found:
            return LaneLines.empty()
        points = Ragged.from_rows([line for _, line in found], np.float32, (2,))
        source = np.full(len(found), LINE_SOURCES.index("imported"), np.uint8)
        return LaneLines(points=points, source=source, **self._common([region for region, _ in found]))

    def _points(self, regions: list[Region], image_hw: tuple[int, int]) -> Keypoints:
        """Points of one parent and skeleton are one row, each other point is a row of its own."""
        groups: dict[tuple[str, str], list[Region]] = {}
        for number, region in enumerate(regions):
            key = (region.skeleton, region.parent) if region.skeleton else ("", f"#{number}")
            groups.setdefault(key, []).append(region)
        if not groups:
            return Keypoints.empty()
        rows: list[FloatArray] = []
        firsts: list[Region] = []
        for (skeleton, _), members in groups.items():
            names = self.taxonomy.categories[self.taxonomy.id_of(skeleton)].skeleton if skeleton else ()
            row = np.zeros((max(len(names), 1), 3))
            for member in members:
                percent = np.array([member.value.number("x"), member.value.number("y")])
                at = names.index(member.label) if member.label in names else 0
                hidden = member.facts.pop("hidden", False) is True
                row[at] = (*pixels(percent, image_hw), 1.0 if hidden else 2.0)
                self.tally.drop("keypoints", "width", int("width" in member.value), "size on the screen")
            first = members[0]
            first.label = skeleton or first.label
            rows.append(row)
            firsts.append(first)
        points = Ragged.from_rows(rows, np.float32, (3,))
        return Keypoints(keypoints=points, **self._common(firsts))


def pixels(percent: FloatArray, image_hw: tuple[int, int]) -> FloatArray:
    """(..., 2) percent of width and height -> pixels."""
    return np.asarray(percent, np.float64) / 100 * (image_hw[1], image_hw[0])


def rectangle(value: Fields, image_hw: tuple[int, int]) -> FloatArray:
    """(4,) xyxy in pixels of x, y, width and height in percent. Raises FormatError for negative size."""
    x, y, width, height = (value.number(name) for name in ("x", "y", "width", "height"))
    if width < 0 or height < 0:
        raise FormatError(f"{value.where}: box has negative size {width:g} x {height:g} %.")
    corners = pixels(np.array([[x, y], [x + width, y + height]]), image_hw)
    return corners.reshape(4)


def turned_rectangle(value: Fields, image_hw: tuple[int, int]) -> FloatArray:
    """(4, 2) corners in pixels of a rectangle that is turned about its left upper corner, clockwise."""
    box = rectangle(value, image_hw)
    size = box[2:] - box[:2]
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * size
    turned: FloatArray = corners @ _turn(value.number("rotation")) + box[:2]
    return turned


def _turn(degrees: float) -> FloatArray:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([(c, s), (-s, c)])
