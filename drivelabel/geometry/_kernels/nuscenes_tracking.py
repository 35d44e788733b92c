"""One class of tracks, judged at one score threshold, as nuScenes does it; for numba. Nothing here raises.

Rows are sorted by frame. ``near`` are the pairs of a truth and a prediction of one frame that may match:
offsets per truth, prediction rows, and three distances each, see :func:`near_pairs`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.nuscenes_tracks import numpy_sum
from drivelabel.geometry._kernels.rectangular_assignment import cheapest_columns
from drivelabel.typing import BoolArray, FloatArray, IntArray

FRAMES, TRUTHS, MATCHES, SWITCHES, MISSES, FALSE, DISTANCE, TRACKED, LOST, FRAGMENTS, FOUND, WAIT, GAP = (
    range(13)
)
"""What :func:`judge` counts: frames, boxes by outcome, metres, tracks by outcome, sums of frames."""

_TIE = 1e-9  # metres; pairings this close are decided as SciPy decides them, on the whole frame


@njit(cache=True)
def near_pairs(
    truth_xy: FloatArray,
    pred_xy: FloatArray,
    truth_start: IntArray,
    pred_start: IntArray,
    limit: float,
) -> tuple[IntArray, IntArray, FloatArray]:
    """(n, 2), (m, 2), both (f + 1,) -> (n + 1,) offsets, (e,) prediction rows, (e, 3) distances or NaN.

    The reference takes |x|^2 - 2xy + |y|^2 for the square of a distance, 2.6e-8 m off at 1 km from the
    origin, and its linear algebra rounds xy in one of three ways: a frame of one truth and one prediction
    (0), one of either (1), or several (2).
    """
    offsets = np.zeros(len(truth_xy) + 1, np.int64)
    rows, distances = np.empty(max(len(truth_xy), 16), np.int64), np.empty((max(len(truth_xy), 16), 3))
    size = 0
    for frame in range(len(truth_start) - 1):
        for i in range(truth_start[frame], truth_start[frame + 1]):
            x, y = truth_xy[i, 0], truth_xy[i, 1]
            for j in range(pred_start[frame], pred_start[frame + 1]):
                u, v = pred_xy[j, 0], pred_xy[j, 1]
                square = (x - u) ** 2 + (y - v) ** 2
                norms = x * x + y * y, u * u + v * v
                if square > limit * limit + 1e-9 + 1e-14 * (norms[0] + norms[1]):
                    continue
                if size == len(rows):
                    rows = np.append(rows, np.empty(size, np.int64))
                    distances = np.append(distances, np.empty((size, 3)), axis=0)
                products = x * u + y * v, _fused(x, u, y * v), _fused(y, v, x * u)
                for way in range(3):
                    distance = math.sqrt(max(-2.0 * products[way] + norms[0] + norms[1], 0.0))
                    distances[size, way] = distance if distance < limit else math.nan
                rows[size] = j
                size += 1
            offsets[i + 1] = size
    return offsets, rows[:size], distances[:size]


@njit(cache=True)
def _fused(a: float, b: float, c: float) -> float:
    """a * b + c, rounded once.

    Source: Dekker, A floating-point technique for extending the available precision, 1971.
    """
    product = a * b
    big = 134217729.0 * a
    a_high = big - (big - a)
    big = 134217729.0 * b
    b_high = big - (big - b)
    a_low, b_low = a - a_high, b - b_high
    low = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    total = product + c
    moved = total - product
    return total + (((product - (total - moved)) + (c - moved)) + low)


@njit(cache=True)
def earlier_twins(pred_track: IntArray, pred_start: IntArray, n_tracks: int) -> IntArray:
    """(m,) the row before in the same frame with the same track, or -1."""
    last, twin = np.full(n_tracks, -1, np.int64), np.full(len(pred_track), -1, np.int64)
    for frame in range(len(pred_start) - 1):
        for j in range(pred_start[frame], pred_start[frame + 1]):
            if last[pred_track[j]] >= pred_start[frame]:
                twin[j] = last[pred_track[j]]
            last[pred_track[j]] = j
    return twin


@njit(cache=True)
def judge(
    truth_start: IntArray,
    pred_start: IntArray,
    truth_track: IntArray,
    pred_track: IntArray,
    pred_score: FloatArray,
    twin: IntArray,
    near_offsets: IntArray,
    near_rows: IntArray,
    near_distances: FloatArray,
    n_truth_tracks: int,
    threshold: float,
) -> tuple[FloatArray, IntArray, IntArray]:
    """Pair truths with the predictions that score at least `threshold`, frame by frame.

    Returns (13,) counts, (n,) the prediction row of each truth or -1, (n,) 0 miss, 1 match, 2 switch.
    """
    n = len(truth_track)
    active, free = pred_score >= threshold, pred_score >= threshold
    partner, outcome = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    pair = np.full(n_truth_tracks, -1, np.int64)  # the prediction's track each truth's track had last
    frame_of = np.empty(n, np.int64)
    distance, counts = np.zeros(n), np.zeros(13)
    n_frames = 0
    for frame in range(len(truth_start) - 1):
        g0, g1, p0, p1 = truth_start[frame], truth_start[frame + 1], pred_start[frame], pred_start[frame + 1]
        n_active = 0
        for j in range(p0, p1):
            n_active += active[j]
        if g0 == g1 and n_active == 0:
            continue
        frame_of[g0:g1] = n_frames
        n_frames += 1
        counts[FALSE] += n_active
        if g0 == g1 or n_active == 0:
            continue
        way = 2 if g1 - g0 > 1 and n_active > 1 else (0 if g1 - g0 == 1 and n_active == 1 else 1)
        usable = near_distances[:, way]
        _carry_over(
            g0, g1, truth_track, pred_track, twin, near_offsets, near_rows, usable, pair, free, partner
        )
        for i in range(g0, g1):
            outcome[i] = partner[i] >= 0
        _pair_up(g0, g1, p0, p1, active, near_offsets, near_rows, usable, free, partner)
        for i in range(g0, g1):
            j = partner[i]
            if j < 0:
                continue
            if outcome[i] == 0:
                own = truth_track[i]
                outcome[i] = 2 if pair[own] >= 0 and pair[own] != pred_track[j] else 1
                pair[own] = pred_track[j]
            distance[i] = _distance_of(i, j, near_offsets, near_rows, usable)
            counts[FALSE] -= 1
    counts[FRAMES], counts[TRUTHS] = n_frames, n
    for i in range(n):
        counts[MISSES + (0, -2, -1)[outcome[i]]] += 1
    counts[DISTANCE] = numpy_sum(distance)
    _judge_tracks(truth_track, frame_of, outcome, n_truth_tracks, counts)
    return counts, partner, outcome


@njit(cache=True)
def _carry_over(
    g0: int,
    g1: int,
    truth_track: IntArray,
    pred_track: IntArray,
    twin: IntArray,
    offsets: IntArray,
    rows: IntArray,
    usable: FloatArray,
    pair: IntArray,
    free: BoolArray,
    partner: IntArray,
) -> None:
    """Truths keep the track they had last, where it is near; the first of several boxes of that track."""
    for i in range(g0, g1):
        before = pair[truth_track[i]]
        if before < 0:
            continue
        for e in range(offsets[i], offsets[i + 1]):
            j = rows[e]
            if pred_track[j] != before or not free[j]:
                continue
            first = twin[j]
            while first >= 0 and not free[first]:
                first = twin[first]
            if first < 0:
                if not math.isnan(usable[e]):
                    free[j], partner[i] = False, j
                break


@njit(cache=True)
def _pair_up(
    g0: int,
    g1: int,
    p0: int,
    p1: int,
    active: BoolArray,
    offsets: IntArray,
    rows: IntArray,
    usable: FloatArray,
    free: BoolArray,
    partner: IntArray,
) -> None:
    """As many of the free truths and predictions as possible, at the least total distance."""
    column_count = np.zeros(p1 - p0, np.int64)
    row_count = np.zeros(g1 - g0, np.int64)
    n_edges = 0
    for i in range(g0, g1):
        if partner[i] >= 0:
            continue
        for e in range(offsets[i], offsets[i + 1]):
            if free[rows[e]] and not math.isnan(usable[e]):
                row_count[i - g0] += 1
                column_count[rows[e] - p0] += 1
                n_edges += 1
    if n_edges == 0:
        return
    best, nearest = np.full(p1 - p0, -1, np.int64), np.full(p1 - p0, np.inf)
    hard = False
    for i in range(g0, g1):
        if row_count[i - g0] == 0:
            continue
        own_best, own_nearest, second = -1, np.inf, np.inf
        for e in range(offsets[i], offsets[i + 1]):
            j = rows[e]
            if not free[j] or math.isnan(usable[e]):
                continue
            # Both have a choice: no longer a star of one truth or of one prediction.
            hard = hard or (row_count[i - g0] > 1 and column_count[j - p0] > 1)
            if usable[e] < own_nearest:
                own_best, own_nearest, second = j, usable[e], own_nearest
            else:
                second = min(second, usable[e])
        hard = hard or second - own_nearest < _TIE
        column = own_best - p0
        hard = hard or abs(nearest[column] - own_nearest) < _TIE
        if own_nearest < nearest[column]:
            best[column], nearest[column] = i, own_nearest
    if hard:
        _pair_up_densely(g0, g1, p0, p1, active, offsets, rows, usable, free, partner)
        return
    for column in range(p1 - p0):
        if best[column] >= 0:
            partner[best[column]], free[p0 + column] = p0 + column, False


@njit(cache=True)
def _pair_up_densely(
    g0: int,
    g1: int,
    p0: int,
    p1: int,
    active: BoolArray,
    offsets: IntArray,
    rows: IntArray,
    usable: FloatArray,
    free: BoolArray,
    partner: IntArray,
) -> None:
    """The same on the whole frame's matrix, impossible pairs being dear, so that SciPy's ties come out."""
    column, columns, m = np.full(p1 - p0, -1, np.int64), np.empty(p1 - p0, np.int64), 0
    for j in range(p0, p1):
        if active[j]:
            column[j - p0], columns[m] = m, j
            m += 1
    cost = np.full((g1 - g0, m), -1.0)
    dearest = 0.0
    for i in range(g0, g1):
        if partner[i] >= 0:
            continue
        for e in range(offsets[i], offsets[i + 1]):
            if free[rows[e]] and not math.isnan(usable[e]):
                cost[i - g0, column[rows[e] - p0]] = usable[e]
                dearest = max(dearest, usable[e])
    impossible = 2.0 * min(g1 - g0, m) * (dearest + 1.0) + 1.0
    possible = cost >= 0.0
    chosen = cheapest_columns(np.where(possible, cost, impossible))
    for i in range(g1 - g0):
        if chosen[i] >= 0 and possible[i, chosen[i]]:
            partner[g0 + i], free[columns[chosen[i]]] = columns[chosen[i]], False


@njit(cache=True)
def _distance_of(i: int, j: int, offsets: IntArray, rows: IntArray, usable: FloatArray) -> float:
    for e in range(offsets[i], offsets[i + 1]):
        if rows[e] == j:
            return float(usable[e])
    return math.nan


@njit(cache=True)
def _judge_tracks(
    truth_track: IntArray, frame_of: IntArray, outcome: IntArray, n_tracks: int, counts: FloatArray
) -> None:
    """Count tracks by how much of them was found, breaks, and frames until found and in the longest gap."""
    total, found = np.zeros(n_tracks, np.int64), np.zeros(n_tracks, np.int64)
    first, last_seen = np.zeros(n_tracks, np.int64), np.zeros(n_tracks, np.int64)
    last_found, wait, gap = (
        np.zeros(n_tracks, np.int64),
        np.zeros(n_tracks, np.int64),
        np.zeros(n_tracks, np.int64),
    )
    missed_before = np.zeros(n_tracks, np.bool_)
    for i in range(len(truth_track)):
        own, now = truth_track[i], frame_of[i]
        if total[own] == 0:
            first[own] = now
        total[own] += 1
        last_seen[own] = now
        if outcome[i] == 0:
            missed_before[own] = True
            continue
        if found[own] == 0:
            wait[own] = gap[own] = now - first[own]
        else:
            gap[own] = max(gap[own], now - last_found[own] - 1)
            counts[FRAGMENTS] += missed_before[own]
        found[own] += 1
        last_found[own], missed_before[own] = now, False
    for own in range(n_tracks):
        if total[own] == 0:
            continue
        ratio = found[own] / total[own]
        counts[TRACKED] += ratio >= 0.8
        counts[LOST] += ratio < 0.2
        if found[own]:
            counts[FOUND] += 1
            counts[WAIT] += wait[own]
            counts[GAP] += max(gap[own], last_seen[own] - last_found[own])
