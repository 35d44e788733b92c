"""Facts about a whole frame: captions, weather, time of day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from drivelabel.labels._table import HUMAN, NEW_ROW, Table, attributes_column, column
from drivelabel.labels.attributes import Attributes
from drivelabel.labels.boxes2d import check_score


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tags(Table):
    """Facts about a frame, one row each: ``Tags(score=[0.9], attributes={"weather": ["rain"]})``.

    Attributes:
        score: (n,) float32 in [0, 1].
        origin: (n,) uint8, index into ORIGINS.
        row_id: (n,) int64, the store's name of the row; NEW_ROW before.
        attributes: the facts: name and value.

    Raises:
        InvalidLabelError: columns differ in length, or a score lies outside [0, 1].
    """

    KIND: ClassVar[str] = "tags"

    score: npt.NDArray[np.float32] = column(np.float32)
    origin: npt.NDArray[np.uint8] = column(np.uint8, default=HUMAN)
    row_id: npt.NDArray[np.int64] = column(np.int64, default=NEW_ROW)
    attributes: Attributes = attributes_column()

    def _check_rows(self) -> None:
        check_score(self.score)
