"""Shapes of one image as rows of our tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.cvat.elements import SHAPE, Shape
from drivelabel.formats.painting import InstancePainter
from drivelabel.formats.report import Tally
from drivelabel.labels import (
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

UNLABELLED = "unlabelled"
"""The class of shapes whose label is empty."""


@dataclass(slots=True)
class RowMaker:
    """Makes the tables of each image.

    Attributes:
        painter: holds the masks.
        next_track: of masks, which need one to be told apart.
    """

    taxonomy: Taxonomy
    painter: InstancePainter
    tally: Tally
    next_track: int = 1_000_000_000

    def tables(self, group: int, shapes: Sequence[Shape], image_hw: tuple[int, int]) -> list[Table]:
        """One table for each kind; empty where there is nothing of it, since somebody looked.

        Raises:
            FormatError: a mask reaches out of the image.
        """
        for shape in shapes:
            if shape.mask is not None:
                self._paint(group, shape, image_hw)
        boxes = [shape for shape in shapes if shape.kind in ("box", "mask")]
        polygons = [shape for shape in shapes if shape.kind == "polygon"]
        lines = [shape for shape in shapes if shape.kind == "polyline"]
        points = [shape for shape in shapes if shape.kind in ("points", "skeleton", "cuboid")]
        made: list[Table] = [
            self._boxes(boxes),
            self._polygons(polygons),
            self._lines(lines),
            self._points(points),
        ]
        for table in made:
            self.tally.keep(table.KIND, "", len(table))
        return made

    def _paint(self, group: int, shape: Shape, image_hw: tuple[int, int]) -> None:
        assert shape.mask is not None
        runs, left, top, width, height = shape.mask
        if left + width > image_hw[1] or top + height > image_hw[0]:
            raise FormatError(
                f"mask of {shape.label!r}: reaches out of the image of {image_hw[1]}x{image_hw[0]}."
            )
        values = np.zeros(len(runs), np.bool_)
        values[1::2] = True  # the first run is outside
        mask = np.zeros(image_hw, np.bool_)
        mask[top : top + height, left : left + width] = np.repeat(values, runs).reshape(height, width)
        shape.track_id, self.next_track = self.next_track, self.next_track + 1
        shape.facts[SHAPE] = "mask"
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows):
            shape.numbers = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)
        else:
            shape.numbers = np.array([left, top, left + width, top + height], np.float64)
        self.painter.paint(group, mask, shape.track_id)
        self.tally.keep("instance_map")

    def _common(self, shapes: Sequence[Shape]) -> dict[str, Any]:
        return {
            "category_id": self.taxonomy.ids_of(shape.label or UNLABELLED for shape in shapes),
            "track_id": np.asarray([shape.track_id for shape in shapes], np.int64),
            "origin": np.asarray([shape.origin for shape in shapes], np.uint8),
            "attributes": Attributes.from_rows([shape.facts for shape in shapes]),
        }

    def _boxes(self, shapes: Sequence[Shape]) -> Boxes2D:
        xyxy = np.asarray([shape.numbers for shape in shapes], np.float32).reshape(len(shapes), 4)
        return Boxes2D(xyxy=xyxy, **self._common(shapes)) if shapes else Boxes2D.empty()

    def _polygons(self, shapes: Sequence[Shape]) -> Polygons:
        if not shapes:
            return Polygons.empty()
        columns: dict[str, Any] = Polygons.ring_columns(
            [[shape.numbers.astype(np.float32)] for shape in shapes]
        )
        return Polygons(**columns, **self._common(shapes))

    def _lines(self, shapes: Sequence[Shape]) -> LaneLines:
        if not shapes:
            return LaneLines.empty()
        points = Ragged.from_rows([shape.numbers for shape in shapes], np.float32, (2,))
        source = np.full(len(shapes), LINE_SOURCES.index("imported"), np.uint8)
        return LaneLines(points=points, source=source, **self._common(shapes))

    def _points(self, shapes: Sequence[Shape]) -> Keypoints:
        if not shapes:
            return Keypoints.empty()
        rows = [
            shape.numbers
            if shape.numbers.shape[1] == 3
            else np.concatenate([shape.numbers, np.full((len(shape.numbers), 1), 2.0)], axis=1)
            for shape in shapes
        ]
        return Keypoints(keypoints=Ragged.from_rows(rows, np.float32, (3,)), **self._common(shapes))
