"""Cuboids in the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from drivelabel.errors import InvalidLabelError
from drivelabel.labels._table import HUMAN, NEW_ROW, NO_TRACK, Table, attributes_column, column
from drivelabel.labels.attributes import Attributes
from drivelabel.labels.boxes2d import check_score

UNKNOWN_COUNT = -1
"""``n_points`` of a cuboid whose lidar points were not counted."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Boxes3D(Table):
    """Objects as cuboids in world coords, one row each.

    Attributes:
        timestamp_ns: (n,) int64, the instant at which the cuboid holds.
        center: (n, 3) float64, metres, world coords.
        size_lwh: (n, 3) float32, metres, along the cuboid's own x, y and z axes.
        quat_wxyz: (n, 4) float64, unit, ``world_from_box`` rotation; x is the heading.
        category_id: (n,) int64, row of the layer's taxonomy.
        velocity: (n, 3) float32, metres per second, world coords; NaN where unknown.
        score: (n,) float32 in [0, 1].
        track_id: (n,) int64, equal for one thing through time, cameras and tasks; NO_TRACK if untracked.
        n_points: (n,) int64, lidar points inside; UNKNOWN_COUNT if not counted.
        origin: (n,) uint8, index into ORIGINS.
        row_id: (n,) int64, the store's name of the row; NEW_ROW before.
        attributes: named values per row.

    Raises:
        InvalidLabelError: columns differ in length or shape, a number is not finite, a side is not
            positive, a quaternion is not of unit length, or a score lies outside [0, 1].
    """

    KIND: ClassVar[str] = "boxes3d"

    timestamp_ns: npt.NDArray[np.int64] = column(np.int64)
    center: npt.NDArray[np.float64] = column(np.float64, 3)
    size_lwh: npt.NDArray[np.float32] = column(np.float32, 3)
    quat_wxyz: npt.NDArray[np.float64] = column(np.float64, 4)
    category_id: npt.NDArray[np.int64] = column(np.int64)
    velocity: npt.NDArray[np.float32] = column(np.float32, 3, default=np.nan, finite=False)
    score: npt.NDArray[np.float32] = column(np.float32, default=1.0)
    track_id: npt.NDArray[np.int64] = column(np.int64, default=NO_TRACK)
    n_points: npt.NDArray[np.int64] = column(np.int64, default=UNKNOWN_COUNT)
    origin: npt.NDArray[np.uint8] = column(np.uint8, default=HUMAN)
    row_id: npt.NDArray[np.int64] = column(np.int64, default=NEW_ROW)
    attributes: Attributes = attributes_column()

    def at_time(self, time_ns: int) -> Boxes3D:
        """The cuboids at another time: moved along their velocity, left where that is unknown."""
        seconds = (time_ns - self.timestamp_ns) / 1e9
        velocity = np.nan_to_num(self.velocity.astype(np.float64), nan=0.0)
        return self.replace(
            center=self.center + velocity * seconds[:, None],
            timestamp_ns=np.full(len(self), time_ns, np.int64),
        )

    def _check_rows(self) -> None:
        bad = (self.size_lwh <= 0).any(axis=1)
        if bad.any():
            row = int(np.argmax(bad))
            raise InvalidLabelError(
                f"size_lwh, row {row}: expected positive metres, got {self.size_lwh[row].tolist()}."
            )
        with np.errstate(over="ignore"):  # 1e300 is refused below, not warned of
            length = np.linalg.norm(self.quat_wxyz, axis=1)
        bad = np.abs(length - 1) > 1e-6
        if bad.any():
            row = int(np.argmax(bad))
            raise InvalidLabelError(
                f"quat_wxyz, row {row}: expected unit length, got {length[row]:g}. Normalise it first."
            )
        check_score(self.score)
