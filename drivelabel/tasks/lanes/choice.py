"""Which fitted lines are lane lines, how far they reach, how they are painted, and their place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.labels import LINE_STYLES
from drivelabel.tasks.lanes.lines import FittedLine
from drivelabel.tasks.lanes.paint import WorkImage
from drivelabel.tasks.lanes.road import RoadShape
from drivelabel.typing import BoolArray, FloatArray, IntArray

SURE_EVIDENCE = 8.0
"""A line with more is taken on its own; see FittedLine.evidence."""

LIKELY_EVIDENCE = 4.0
"""A line with more is taken when it stands a lane's width beside a sure one."""

LANE_WIDTHS = (1.3, 3.4)
"""Width of a lane in camera heights: 2.9 m under a lorry's 2.2 m to 3.75 m under a low car's 1.1 m."""

MIN_LENGTH = 1.5
"""Camera heights along the road from a line's first to its last paint."""

N_BESIDE = 2
"""Lines kept on each side of the camera."""

_WEAK_NEIGHBOUR = 0.35  # share of its neighbour's evidence that a line inside a lane must have to stay
_WEAK_INSIDE = 0.25  # the same for a line between two that make a lane without it
_NEXT_LANE = (0.6, 1.7)  # width of the next lane over the width of our own
_FOCAL_SHARE = (
    0.9  # focal length over image width of a usual road camera; only lengths of dashes depend on it
)
_STYLE_REACH = 20.0  # camera heights ahead up to which dashes are told apart
_GAP, _SPECK = 1.2, 0.3  # camera heights: a gap between dashes, and a hole in one
_FAR_WINDOW, _FAR_HITS = 12, 4


@dataclass(frozen=True, slots=True, eq=False)
class ChosenLine:
    """A lane line in the reduced image.

    Attributes:
        line: its fit.
        position: as in LaneLines.
        style: index into LINE_STYLES.
        far_row, near_row: first and last image row that it is drawn in; near_row is at the image's lower
            edge or where the lowest paint of the frame lies (below that may be the car's bonnet).
    """

    line: FittedLine
    position: int
    style: int
    far_row: int
    near_row: int


def choose_lines(lines: list[FittedLine], road: RoadShape, work: WorkImage) -> list[ChosenLine]:
    """The lane lines among fitted lines (strongest first), from left to right."""
    lines = [line for line in lines if _length_ahead(line, road, work) >= MIN_LENGTH]
    placed = _placed(_without_strays(_plausible(lines)))
    near_row = max((int(line.rows[-1]) for _, line in placed), default=0)
    chosen = []
    for position, line in placed:
        painted = _painted_rows(line)
        if len(painted) < 2 or near_row - painted[0] < 2:
            continue
        style = _style(line, painted, near_row, road, work)
        chosen.append(ChosenLine(line, position, style, int(painted[0]), near_row))
    return chosen


def _plausible(lines: list[FittedLine]) -> list[FittedLine]:
    """Sure lines, and likely ones that stand one lane beside a sure one."""
    sure = [line for line in lines if line.evidence >= SURE_EVIDENCE]
    low, high = LANE_WIDTHS
    likely = [
        line
        for line in lines
        if LIKELY_EVIDENCE <= line.evidence < SURE_EVIDENCE
        and any(low <= abs(line.slope - other.slope) <= high for other in sure)
    ]
    return sure + likely


def _length_ahead(line: FittedLine, road: RoadShape, work: WorkImage) -> float:
    """Camera heights from the nearest to the farthest paint."""
    far, near = line.rows[[0, -1]] + work.top + 0.5 - road.horizon
    return float(_FOCAL_SHARE * work.size_hw[1] * (1.0 / far - 1.0 / near))


def _without_strays(lines: list[FittedLine]) -> list[FittedLine]:
    """Lines without those inside a lane: cracks, seams, arrows, tyre marks.

    A line is one when it stands too near a much stronger one, or when its neighbours make a lane without
    it and it is weak, or too near the stronger of them.
    """
    kept: list[FittedLine] = []
    for line in sorted(lines, key=lambda line: -line.evidence):
        near = [other for other in kept if abs(other.slope - line.slope) < LANE_WIDTHS[0]]
        if all(line.evidence > _WEAK_NEIGHBOUR * other.evidence for other in near):
            kept.append(line)
    kept.sort(key=lambda line: line.slope)
    return [line for n, line in enumerate(kept) if not _splits_a_lane(kept, n)]


def _splits_a_lane(lines: list[FittedLine], n: int) -> bool:
    if not 0 < n < len(lines) - 1:
        return False
    left, line, right = lines[n - 1 : n + 2]
    nearer = left if line.slope - left.slope < right.slope - line.slope else right
    narrow = abs(line.slope - nearer.slope) < LANE_WIDTHS[0] and line.evidence < nearer.evidence
    weak = line.evidence < _WEAK_INSIDE * min(left.evidence, right.evidence)
    return right.slope - left.slope <= LANE_WIDTHS[1] and (narrow or weak)


def _placed(lines: list[FittedLine]) -> list[tuple[int, FittedLine]]:
    """Position and line, from left to right, counted from the camera to both sides."""
    left = sorted((x for x in lines if x.slope < 0.0), key=lambda x: -x.slope)
    right = sorted((x for x in lines if x.slope >= 0.0), key=lambda x: x.slope)
    width = right[0].slope - left[0].slope if left and right else None
    left, right = _outwards(left, width), _outwards(right, width)
    placed = [(-n - 1, x) for n, x in enumerate(left)] + [(n + 1, x) for n, x in enumerate(right)]
    return sorted(placed, key=lambda item: item[0])


def _outwards(lines: list[FittedLine], width: float | None) -> list[FittedLine]:
    """The first line of a side and those that follow at about the width of the lane we are in, if known.

    Kerbs, barriers and guard rails run along the road too, but seldom at that distance.
    """
    kept = lines[:1]
    low, high = (width * r for r in _NEXT_LANE) if width is not None else (LANE_WIDTHS[0], np.inf)
    for line in lines[1:]:
        if len(kept) < N_BESIDE and low <= abs(line.slope - kept[-1].slope) <= high:
            kept.append(line)
    return kept


def _painted_rows(line: FittedLine) -> IntArray:
    """The rows with paint, without lonely ones at the far end, where many things look like a line."""
    rows = line.rows
    company = np.searchsorted(rows, rows + _FAR_WINDOW) - np.arange(len(rows))
    good = np.flatnonzero(company >= _FAR_HITS)
    return rows[good[0] :] if len(good) else rows


def _style(line: FittedLine, painted: IntArray, near_row: int, road: RoadShape, work: WorkImage) -> int:
    """Solid or dashed by the paint's gaps along the ground; unknown when too little of it is seen."""
    row = np.arange(painted[0], near_row + 1)
    y = row + work.top + 0.5 - road.horizon
    ahead = _FOCAL_SHARE * work.size_hw[1] / y
    u = line.columns_at(y)
    seen = (ahead < _STYLE_REACH) & (u > 0.0) & (u < work.size_hw[1])
    if seen.sum() < 2:
        return LINE_STYLES.index("unknown")
    paint = np.isin(row, painted)[seen]
    lengths = _run_lengths(paint, ahead[seen])
    gaps, runs = lengths
    total = float(ahead[seen].max() - ahead[seen].min())
    if gaps and max(gaps) > _GAP and runs and max(runs) > _SPECK:
        return LINE_STYLES.index("dashed")
    if total > 2.0 * _GAP and sum(runs) > 0.8 * total:
        return LINE_STYLES.index("solid")
    return LINE_STYLES.index("unknown")


def _run_lengths(paint: BoolArray, ahead: FloatArray) -> tuple[list[float], list[float]]:
    """Lengths along the ground of gaps and of painted runs, holes shorter than a speck filled."""
    edges = np.flatnonzero(np.diff(paint.astype(np.int8))) + 1
    starts, stops = np.r_[0, edges], np.r_[edges, len(paint)]
    bounds = np.r_[ahead, ahead[-1]]
    gaps: list[float] = []
    runs: list[float] = []
    for start, stop in zip(starts, stops, strict=True):
        length = float(bounds[start] - bounds[stop])
        if paint[start] or length < _SPECK or stop - start <= 2:
            runs.append(length)
        else:
            gaps.append(length)
    return gaps, runs
