"""From stripes of paint to lane lines: vote, fit, and keep what cannot be chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.geometry._kernels.lanes import fit_line, slope_votes
from drivelabel.tasks.lanes.paint import Stripes, WorkImage
from drivelabel.tasks.lanes.road import NEAREST_HORIZON, SLOPE_MAX, RoadShape
from drivelabel.typing import BoolArray, FloatArray, Int32Array, IntArray

SLOPE_STEP = 0.02
MIN_SPACING = 0.35
"""Two lines nearer than this many camera heights are one (a double line, or paint with a worn middle)."""

_MAX_CANDIDATES = 8
_STRIPE_RUN = 5.0  # rows over which one patch of paint makes stripes that are no news to each other
_FIT_ROUNDS = 4
_AROUND = 6.0  # tolerances to the side within which other stripes make a line doubtful


@dataclass(frozen=True, slots=True, eq=False)
class FittedLine:
    """One line in the reduced image, u = column + slope * y + curvature / y.

    Attributes:
        slope: distance to the side in camera heights; negative on the left.
        column, curvature: as in RoadShape, of this line alone.
        rows: (k,) int64, image rows in which paint lies on the line, ascending (far to near).
        evidence: minus the log of the probability that chance lays so many stripes on one line.
        spread: median distance of the paint from the line, pixels.
    """

    slope: float
    column: float
    curvature: float
    rows: IntArray
    evidence: float
    spread: float

    def columns_at(self, y: FloatArray) -> FloatArray:
        """(n,) u at rows `y` below the horizon."""
        return np.asarray(self.column + self.slope * y + self.curvature / y)


def fit_lines(stripes: Stripes, road: RoadShape, work: WorkImage) -> list[FittedLine]:
    """The lines that run along the road, strongest first; no two cross or stand too close."""
    y = stripes.uv[:, 1] - road.horizon
    keep = y > NEAREST_HORIZON * work.size_hw[0]
    u, y, row = stripes.uv[keep, 0], y[keep], stripes.row[keep]
    free = np.ones(len(u), np.bool_)
    lines: list[FittedLine] = []
    for _ in range(_MAX_CANDIDATES):
        start = _most_voted(u[free], y[free], row[free], road, work)
        if start is None:
            break
        line, near = _fit(u, y, row, free, start, road, work)
        free &= ~near
        if line is not None and _fits_beside(line, lines):
            lines.append(line)
    return sorted(lines, key=lambda line: -line.evidence)


def _tolerance(y: FloatArray, work: WorkImage) -> FloatArray:
    """(n,) how far paint may lie from its line, pixels: the reduction's own error and 4 % of the height."""
    return np.asarray(1.5 * work.size_hw[1] / 640.0 + 0.03 * y)


def _most_voted(
    u: FloatArray, y: FloatArray, row: Int32Array, road: RoadShape, work: WorkImage
) -> float | None:
    """The slope with stripes in most rows, or None when no slope has enough of them."""
    if not len(u):
        return None
    slope = (u - road.offset(y)) / y
    votes = slope_votes(slope, _tolerance(y, work) / y, row, int(row[-1]) + 1, SLOPE_MAX, SLOPE_STEP)
    best = int(votes.max())
    if best < max(4.0, 0.03 * work.size_hw[0]):
        return None
    top = np.flatnonzero(votes == best)
    return float(top[len(top) // 2] * SLOPE_STEP - SLOPE_MAX)


def _fit(
    u: FloatArray,
    y: FloatArray,
    row: Int32Array,
    free: BoolArray,
    slope: float,
    road: RoadShape,
    work: WorkImage,
) -> tuple[FittedLine | None, BoolArray]:
    """A robust fit from a first slope, and (n,) which stripes it used up."""
    start = np.array([slope, road.column, road.curvature])
    expected = np.array([0.0, road.column, road.curvature])
    tolerance = _tolerance(y, work)
    model, n_used = fit_line(u, y, free, tolerance, start, expected, _precision(work), _FIT_ROUNDS)
    if not n_used:
        return None, _around(slope, u, y, road)
    off = u - (model[1] + model[0] * y + model[2] / y)
    near = free & (np.abs(off) < tolerance)
    line = _judge(model, off, near, y, row, free, work)
    used = free & (np.abs(off) < np.maximum(tolerance, 0.5 * MIN_SPACING * y))
    return line, used | near


def _around(slope: float, u: FloatArray, y: FloatArray, road: RoadShape) -> BoolArray:
    return np.asarray(np.abs((u - road.offset(y)) / y - slope) < 2.0 * SLOPE_STEP)


def _precision(work: WorkImage) -> FloatArray:
    """(3,) how surely a line has the road's column and bend, so that few stripes stay tame; no slope."""
    width = work.size_hw[1]
    return np.array([0.0, (0.006 * width) ** -2.0, (0.00075 * width**2) ** -2.0])


def _judge(
    model: FloatArray,
    off: FloatArray,
    near: BoolArray,
    y: FloatArray,
    row: Int32Array,
    free: BoolArray,
    work: WorkImage,
) -> FittedLine | None:
    """The line with its evidence, or None when there is too little paint on it."""
    rows = np.unique(row[near]).astype(np.int64)
    if len(rows) < 4 or abs(model[0]) > SLOPE_MAX:
        return None
    inside = free & (row >= rows[0]) & (row <= rows[-1])
    n_rows = int(rows[-1] - rows[0]) + 1
    tolerance = _tolerance(y[inside], work)
    share = 2.0 * float(np.mean(tolerance)) / work.size_hw[1]
    around = (np.abs(off[inside]) < _AROUND * tolerance).sum() - near.sum()
    chance = max(inside.sum() * share, around / (_AROUND - 1.0)) / n_rows
    chance = min(0.9, chance + 0.01)
    evidence = _log_surprise(len(rows), n_rows, chance) / _STRIPE_RUN
    spread = float(np.median(np.abs(off[near])))
    return FittedLine(float(model[0]), float(model[1]), float(model[2]), rows, evidence, spread)


def _log_surprise(hits: int, trials: int, chance: float) -> float:
    """Minus the log of Hoeffding's bound for at least `hits` of `trials`, each with probability `chance`.

    Source: A. Desolneux, L. Moisan, J.-M. Morel, Meaningful alignments, IJCV 40, 2000, section 4.
    """
    rate = hits / trials
    if rate <= chance:
        return 0.0
    rest = (1.0 - rate) * np.log((1.0 - rate) / (1.0 - chance)) if rate < 1.0 else 0.0
    return float(trials * (rate * np.log(rate / chance) + rest))


def _fits_beside(line: FittedLine, others: list[FittedLine]) -> bool:
    return all(abs(line.slope - other.slope) >= MIN_SPACING for other in others)
