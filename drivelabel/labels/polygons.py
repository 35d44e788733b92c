"""Areas in images, outlined point by point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from drivelabel.errors import InvalidLabelError
from drivelabel.labels._table import (
    HUMAN,
    NEW_ROW,
    NO_TRACK,
    Ragged,
    Table,
    attributes_column,
    column,
    ragged_column,
)
from drivelabel.labels.attributes import Attributes
from drivelabel.labels.boxes2d import check_score
from drivelabel.typing import AnyArray

MIN_RING = 3
"""Fewest points of a ring."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Polygons(Table):
    """Areas as polygons in images, one thing or area a row, each of one or more closed rings.

    They may overlap, which pixels of an instance map cannot, and keep the vertices that somebody set.
    Rings are joined by the even-odd rule, so a ring inside another one is a hole. A rotated box is a
    polygon of four points whose attribute ``shape`` is ``rotated_box``.

    Attributes:
        points: ragged (k, 2) float32 per row, pixels, all rings one after the other.
        ring_sizes: ragged (r,) int64 per row, how many points each ring has; they add up to k, each >= 3.
        category_id: (n,) int64, row of the layer's taxonomy.
        score: (n,) float32 in [0, 1].
        track_id: (n,) int64, equal for one thing through time, cameras and tasks; NO_TRACK if untracked.
        origin: (n,) uint8, index into ORIGINS.
        row_id: (n,) int64, the store's name of the row; NEW_ROW before.
        attributes: named values per row.

    Raises:
        InvalidLabelError: columns differ in length or shape, a number is not finite, a ring has fewer than
            three points, ring sizes do not add up, or a score lies outside [0, 1].
    """

    KIND: ClassVar[str] = "polygons"

    points: Ragged = ragged_column(np.float32, 2)
    ring_sizes: Ragged = ragged_column(np.int64)
    category_id: npt.NDArray[np.int64] = column(np.int64)
    score: npt.NDArray[np.float32] = column(np.float32, default=1.0)
    track_id: npt.NDArray[np.int64] = column(np.int64, default=NO_TRACK)
    origin: npt.NDArray[np.uint8] = column(np.uint8, default=HUMAN)
    row_id: npt.NDArray[np.int64] = column(np.int64, default=NEW_ROW)
    attributes: Attributes = attributes_column()

    @classmethod
    def ring_columns(cls, rings: list[list[AnyArray]]) -> dict[str, Ragged]:
        """The columns `points` and `ring_sizes` from each row's rings, (k, 2) each."""
        joined = [np.concatenate(row) if row else np.zeros((0, 2), np.float32) for row in rings]
        sizes = [np.array([len(ring) for ring in row], np.int64) for row in rings]
        return {
            "points": Ragged.from_rows(joined, np.float32, (2,)),
            "ring_sizes": Ragged.from_rows(sizes, np.int64, ()),
        }

    def rings(self, row: int) -> list[AnyArray]:
        """The rings of one row, (k, 2) views, pixels."""
        return np.split(self.points[row], np.cumsum(self.ring_sizes[row])[:-1])

    def bounds(self) -> npt.NDArray[np.float32]:
        """(n, 4) float32 xyxy, the tight box of each row."""
        starts = self.points.offsets[:-1]
        if not len(self):
            return np.zeros((0, 4), np.float32)
        low = np.minimum.reduceat(self.points.values, starts)
        high = np.maximum.reduceat(self.points.values, starts)
        return np.concatenate([low, high], axis=1)

    def _check_rows(self) -> None:
        if len(self.ring_sizes.values) and int(self.ring_sizes.values.min()) < MIN_RING:
            at = int(np.argmax(self.ring_sizes.values < MIN_RING))
            row = int(np.searchsorted(self.ring_sizes.offsets, at, side="right")) - 1
            raise InvalidLabelError(
                f"ring_sizes, row {row}: expected rings of at least {MIN_RING} points, "
                f"got {int(self.ring_sizes.values[at])}."
            )
        summed = np.concatenate([[0], np.cumsum(self.ring_sizes.values)])[self.ring_sizes.offsets]
        wrong = (np.diff(summed) != self.points.counts) | (self.points.counts == 0)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InvalidLabelError(
                f"ring_sizes, row {row}: expected to add up to its {int(self.points.counts[row])} points "
                f"(at least {MIN_RING}), got {int(np.diff(summed)[row])}."
            )
        check_score(self.score)
