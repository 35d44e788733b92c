"""Lane lines in camera images."""

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

LINE_SOURCES = ("hough", "learned", "human", "imported")
"""What found a line; a row's ``source`` is an index into this tuple."""

LINE_STYLES = ("unknown", "solid", "dashed", "double", "road_edge")
"""How a line is painted; a row's ``style`` is an index into this tuple."""

UNKNOWN_POSITION = 0
"""``position`` of a line whose place among the lanes is not known."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LaneLines(Table):
    """Lane lines in images, one row each.

    Attributes:
        points: ragged (k, 2) float32 per row, pixels, from near to far; k >= 2.
        category_id: (n,) int64, row of the layer's taxonomy.
        source: (n,) uint8, index into LINE_SOURCES.
        style: (n,) uint8, index into LINE_STYLES.
        position: (n,) int8, place seen from the ego vehicle: -1 the first line on its left, -2 the next,
            1 the first on its right; UNKNOWN_POSITION (0) if not known.
        score: (n,) float32 in [0, 1].
        track_id: (n,) int64, equal for one line through time; NO_TRACK if untracked.
        origin: (n,) uint8, index into ORIGINS.
        row_id: (n,) int64, the store's name of the row; NEW_ROW before.
        attributes: named values per row.

    Raises:
        InvalidLabelError: columns differ in length or shape, a number is not finite, a line has fewer
            than two points, or a code or score lies outside its range.
    """

    KIND: ClassVar[str] = "lane_lines"

    points: Ragged = ragged_column(np.float32, 2)
    category_id: npt.NDArray[np.int64] = column(np.int64)
    source: npt.NDArray[np.uint8] = column(np.uint8, default=LINE_SOURCES.index("human"))
    style: npt.NDArray[np.uint8] = column(np.uint8, default=0)
    position: npt.NDArray[np.int8] = column(np.int8, default=UNKNOWN_POSITION)
    score: npt.NDArray[np.float32] = column(np.float32, default=1.0)
    track_id: npt.NDArray[np.int64] = column(np.int64, default=NO_TRACK)
    origin: npt.NDArray[np.uint8] = column(np.uint8, default=HUMAN)
    row_id: npt.NDArray[np.int64] = column(np.int64, default=NEW_ROW)
    attributes: Attributes = attributes_column()

    def _check_rows(self) -> None:
        short = self.points.counts < 2
        if short.any():
            row = int(np.argmax(short))
            raise InvalidLabelError(
                f"points, row {row}: expected at least 2 points, got {int(self.points.counts[row])}."
            )
        check_code("source", self.source, LINE_SOURCES)
        check_code("style", self.style, LINE_STYLES)
        check_score(self.score)


def check_code(name: str, codes: npt.NDArray[np.uint8], names: tuple[str, ...]) -> None:
    """Raise InvalidLabelError naming the first code that has no name."""
    bad = codes >= len(names)
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidLabelError(
            f"{name}, row {row}: expected 0 to {len(names) - 1} ({', '.join(names)}), got {int(codes[row])}."
        )
