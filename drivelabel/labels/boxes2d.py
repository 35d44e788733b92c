"""Boxes in camera images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from drivelabel.errors import InvalidLabelError
from drivelabel.labels._table import HUMAN, NEW_ROW, NO_TRACK, Table, attributes_column, column
from drivelabel.labels.attributes import Attributes
from drivelabel.typing import AnyArray


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Boxes2D(Table):
    """Objects as boxes in images, one row each.

    Attributes:
        xyxy: (n, 4) float32, pixels; x right, y down, (0, 0) is the image's corner, half-open.
        category_id: (n,) int64, row of the layer's taxonomy.
        score: (n,) float32 in [0, 1]; 1 for a human's label.
        track_id: (n,) int64, equal for one thing through time, cameras and tasks; NO_TRACK if untracked.
        origin: (n,) uint8, index into ORIGINS.
        row_id: (n,) int64, the store's name of the row, kept when it is edited; NEW_ROW before.
        attributes: named values per row.

    Raises:
        InvalidLabelError: columns differ in length or shape, a number is not finite, a box has negative
            size, or a score lies outside [0, 1].
    """

    KIND: ClassVar[str] = "boxes2d"

    xyxy: npt.NDArray[np.float32] = column(np.float32, 4)
    category_id: npt.NDArray[np.int64] = column(np.int64)
    score: npt.NDArray[np.float32] = column(np.float32, default=1.0)
    track_id: npt.NDArray[np.int64] = column(np.int64, default=NO_TRACK)
    origin: npt.NDArray[np.uint8] = column(np.uint8, default=HUMAN)
    row_id: npt.NDArray[np.int64] = column(np.int64, default=NEW_ROW)
    attributes: Attributes = attributes_column()

    def _check_rows(self) -> None:
        check_box_size("xyxy", self.xyxy)
        check_score(self.score)


def check_box_size(name: str, xyxy: AnyArray) -> None:
    """Raise InvalidLabelError naming the first box whose right or lower side comes first."""
    bad = (xyxy[:, 2:] < xyxy[:, :2]).any(axis=1)
    if bad.any():
        row = int(np.argmax(bad))
        width, height = (xyxy[row, 2:] - xyxy[row, :2]).tolist()
        raise InvalidLabelError(f"{name}, row {row}: box has negative size {width:g} x {height:g} px.")


def check_score(score: AnyArray) -> None:
    """Raise InvalidLabelError naming the first score outside [0, 1]."""
    bad = ~((score >= 0) & (score <= 1))
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidLabelError(f"score, row {row}: expected a number in [0, 1], got {score[row]:g}.")
