"""Traffic lights in camera images: housing, bulbs and what they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from drivelabel.labels._table import HUMAN, NEW_ROW, NO_TRACK, Table, attributes_column, column
from drivelabel.labels.attributes import Attributes
from drivelabel.labels.boxes2d import check_box_size, check_score
from drivelabel.labels.keypoints import check_visibility
from drivelabel.labels.lanes import check_code

BULBS = ("red", "yellow", "green")
"""The bulbs of a housing in the order of its keypoints."""

LIGHT_STATES = ("unknown", "off", "red", "yellow", "red_yellow", "green")
"""What a light shows; a row's ``state`` is an index into this tuple."""

ARROWS = ("unknown", "none", "left", "straight", "right", "straight_left", "straight_right", "u_turn")
"""The pictogram of the lit bulb; a row's ``arrow`` is an index into this tuple."""

RELEVANCES = ("unknown", "relevant", "irrelevant")
"""Whether the light rules the ego vehicle's lane; a row's ``relevance`` is an index into this tuple."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TrafficLights(Table):
    """Traffic lights in images, one housing a row.

    Attributes:
        xyxy: (n, 4) float32, pixels; the housing's box.
        keypoints: (n, k, 3) float32: u, v in pixels and visibility (0 absent, 1 hidden, 2 seen) of the
            bulbs, in the order of BULBS when k is 3.
        category_id: (n,) int64, row of the layer's taxonomy.
        state: (n,) uint8, index into LIGHT_STATES.
        arrow: (n,) uint8, index into ARROWS.
        relevance: (n,) uint8, index into RELEVANCES.
        score: (n,) float32 in [0, 1].
        track_id: (n,) int64; NO_TRACK if untracked.
        origin: (n,) uint8, index into ORIGINS.
        row_id: (n,) int64, the store's name of the row; NEW_ROW before.
        attributes: named values per row.

    Raises:
        InvalidLabelError: columns differ in length or shape, a number is not finite, a box has negative
            size, or a code, visibility or score lies outside its range.
    """

    KIND: ClassVar[str] = "traffic_lights"

    xyxy: npt.NDArray[np.float32] = column(np.float32, 4)
    keypoints: npt.NDArray[np.float32] = column(np.float32, len(BULBS), 3)
    category_id: npt.NDArray[np.int64] = column(np.int64)
    state: npt.NDArray[np.uint8] = column(np.uint8, default=0)
    arrow: npt.NDArray[np.uint8] = column(np.uint8, default=0)
    relevance: npt.NDArray[np.uint8] = column(np.uint8, default=0)
    score: npt.NDArray[np.float32] = column(np.float32, default=1.0)
    track_id: npt.NDArray[np.int64] = column(np.int64, default=NO_TRACK)
    origin: npt.NDArray[np.uint8] = column(np.uint8, default=HUMAN)
    row_id: npt.NDArray[np.int64] = column(np.int64, default=NEW_ROW)
    attributes: Attributes = attributes_column()

    def _check_rows(self) -> None:
        check_box_size("xyxy", self.xyxy)
        check_visibility(self.keypoints)
        check_code("state", self.state, LIGHT_STATES)
        check_code("arrow", self.arrow, ARROWS)
        check_code("relevance", self.relevance, RELEVANCES)
        check_score(self.score)
