"""Skeletons of named points in camera images."""

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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Keypoints(Table):
    """Skeletons in images, one row each. Which point is which says the category's skeleton.

    Attributes:
        keypoints: ragged (k, 3) float32 per row: u, v in pixels and visibility (0 absent, 1 hidden, 2 seen).
        category_id: (n,) int64, row of the layer's taxonomy.
        score: (n,) float32 in [0, 1].
        track_id: (n,) int64; NO_TRACK if untracked.
        origin: (n,) uint8, index into ORIGINS.
        row_id: (n,) int64, the store's name of the row; NEW_ROW before.
        attributes: named values per row.

    Raises:
        InvalidLabelError: columns differ in length or shape, a number is not finite, or a visibility or
            score lies outside its range.
    """

    KIND: ClassVar[str] = "keypoints"

    keypoints: Ragged = ragged_column(np.float32, 3)
    category_id: npt.NDArray[np.int64] = column(np.int64)
    score: npt.NDArray[np.float32] = column(np.float32, default=1.0)
    track_id: npt.NDArray[np.int64] = column(np.int64, default=NO_TRACK)
    origin: npt.NDArray[np.uint8] = column(np.uint8, default=HUMAN)
    row_id: npt.NDArray[np.int64] = column(np.int64, default=NEW_ROW)
    attributes: Attributes = attributes_column()

    def _check_rows(self) -> None:
        check_visibility(self.keypoints.values)
        check_score(self.score)


def check_visibility(keypoints: AnyArray) -> None:
    """Raise InvalidLabelError when a visibility is not 0, 1 or 2."""
    visibility = keypoints[..., 2]
    if not np.isin(visibility, (0, 1, 2)).all():
        raise InvalidLabelError("keypoints: expected visibility 0 absent, 1 hidden or 2 seen.")
