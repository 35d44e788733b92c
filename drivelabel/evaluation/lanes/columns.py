"""Lane lines of many frames as columns: x per image row, or points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivelabel._check import check_finite
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import polyline_x_at_y
from drivelabel.labels import Grouped, LaneLines, Ragged
from drivelabel.typing import AnyArray, FloatArray, IntArray

MISSING = -2.0
"""The x of a row that a line does not reach, as TuSimple's files write it; any negative x means missing."""


@dataclass(frozen=True, slots=True, eq=False)
class RowLanes:
    """Lane lines as TuSimple has them: one x for each of a frame's rows.

    Attributes:
        x: ragged (k,) float64 per line, pixels; negative where the line misses the row.
        frame_offsets: (f + 1,) int64, frame i has lines ``frame_offsets[i]:frame_offsets[i + 1]``.
    """

    x: Ragged
    frame_offsets: IntArray

    @classmethod
    def from_frames(cls, frames: Sequence[Sequence[AnyArray | Sequence[float]]]) -> RowLanes:
        """The lines of frames, each frame a sequence of lines, each line its x per row.

        Raises:
            InvalidLabelError: an x is not finite.
        """
        lines = [np.asarray(line, np.float64) for frame in frames for line in frame]
        x = Ragged.from_rows(lines, np.float64, ())
        check_finite("x", x.values)
        return cls(x, offsets_of([len(frame) for frame in frames]))

    @classmethod
    def of_lane_lines(cls, lines: Grouped[LaneLines], rows: AnyArray) -> RowLanes:
        """Where the lines of a layer cross the rows (k,), pixels of our coords; those below 0 are missing."""
        heights = np.asarray(rows, np.float64)
        crossings = [polyline_x_at_y(points, heights) for points in _each(lines.rows.points)]
        x = [np.where(np.isnan(c) | (c < 0), MISSING, c) for c in crossings]
        return cls(Ragged.from_rows(x, np.float64, ()), lines.offsets)

    def __len__(self) -> int:
        return len(self.frame_offsets) - 1


@dataclass(frozen=True, slots=True, eq=False)
class LinePoints:
    """Lane lines as points, those of a frame together.

    Attributes:
        points: ragged (k, d) float64 per line; pixels (d = 2) or metres (d = 3).
        frame_offsets: (f + 1,) int64, frame i has lines ``frame_offsets[i]:frame_offsets[i + 1]``.
    """

    points: Ragged
    frame_offsets: IntArray

    @classmethod
    def from_frames(cls, frames: Sequence[Sequence[AnyArray]], dims: int = 2) -> LinePoints:
        """The lines of frames, each frame a sequence of (k, dims) lines.

        Raises:
            InvalidLabelError: a number is not finite.
        """
        points = Ragged.from_rows([line for frame in frames for line in frame], np.float64, (dims,))
        check_finite("points", points.values)
        return cls(points, offsets_of([len(frame) for frame in frames]))

    @classmethod
    def of_lane_lines(cls, lines: Grouped[LaneLines]) -> LinePoints:
        """The lines of a layer; half a pixel is taken off, so that a pixel's centre is a whole number."""
        points = lines.rows.points
        return cls(Ragged(points.values.astype(np.float64) - 0.5, points.offsets), lines.offsets)

    def __len__(self) -> int:
        return len(self.frame_offsets) - 1


def offsets_of(counts: Sequence[int]) -> IntArray:
    """(n + 1,) int64, where each of n groups starts."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def check_same_frames(truth: RowLanes | LinePoints, pred: RowLanes | LinePoints) -> None:
    """Raise InvalidLabelError unless both have the same number of frames."""
    if len(truth) != len(pred):
        raise InvalidLabelError(
            f"pred: expected {len(truth)} frames like the truth, got {len(pred)}. "
            f"Give a frame without lines as an empty one."
        )


def contiguous(values: AnyArray) -> FloatArray:
    """The values as the kernels want them."""
    return np.ascontiguousarray(values, np.float64)


def _each(column: Ragged) -> list[AnyArray]:
    return [column[row] for row in range(len(column))]
