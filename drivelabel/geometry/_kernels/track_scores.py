"""Loops behind HOTA, CLEAR and Identity, for numba. Callers have checked shapes; nothing here raises.

Rows of truth and prediction stand frame by frame. What overlaps is a list of pairs, sorted by true row, with
``starts[i]:starts[i + 1]`` the pairs of true row i; ids are 0, 1, ... without gaps.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.sparse_assignment import pair_sparse
from drivelabel.typing import FloatArray, Int32Array, IntArray

EPS = np.finfo(np.float64).eps


@njit(cache=True)
def first_repeat(frame: IntArray, track_id: IntArray, n_ids: int) -> int:
    """The first row whose id its frame already has, -1 if none; frames rise."""
    last = np.full(n_ids, -1, np.int64)
    for i in range(len(frame)):
        if last[track_id[i]] == frame[i]:
            return i
        last[track_id[i]] = frame[i]
    return -1


@njit(cache=True)
def overlapping_pairs(
    truth: FloatArray, truth_frames: IntArray, pred: FloatArray, pred_frames: IntArray
) -> tuple[IntArray, Int32Array, FloatArray]:
    """Boxes (n, 4) and (m, 4) xyxy by frame -> starts (n + 1,), pred rows and IoUs of pairs that overlap."""
    starts = np.zeros(len(truth) + 1, np.int64)
    columns, values = np.empty(len(truth) * 2 + 64, np.int32), np.empty(len(truth) * 2 + 64)
    total = 0
    for f in range(len(truth_frames) - 1):
        first, stop = pred_frames[f], pred_frames[f + 1]
        order = first + np.argsort(pred[first:stop, 0])
        left = pred[order, 0]
        widest = 0.0
        for j in range(first, stop):
            widest = max(widest, pred[j, 2] - pred[j, 0])
        for i in range(truth_frames[f], truth_frames[f + 1]):
            x0, y0, x1, y1 = truth[i, 0], truth[i, 1], truth[i, 2], truth[i, 3]
            area = (x1 - x0) * (y1 - y0)
            # One pixel of room: widths and sums are rounded.
            k = np.searchsorted(left, x0 - widest - 1.0)
            if total + len(left) - k > len(columns):
                size = 2 * len(columns) + len(left)
                more_columns, more_values = np.empty(size, np.int32), np.empty(size)
                more_columns[:total], more_values[:total] = columns[:total], values[:total]
                columns, values = more_columns, more_values
            while k < len(left) and left[k] < x1:
                j = order[k]
                k += 1
                width = min(x1, pred[j, 2]) - max(x0, pred[j, 0])
                height = min(y1, pred[j, 3]) - max(y0, pred[j, 1])
                if width <= 0.0 or height <= 0.0:
                    continue
                other = (pred[j, 2] - pred[j, 0]) * (pred[j, 3] - pred[j, 1])
                both = width * height
                if area <= EPS or other <= EPS:
                    continue
                union = area + other - both
                columns[total], values[total] = j, both / (union if union > EPS else 1.0)
                total += 1
            starts[i + 1] = total
    return starts, columns[:total], values[:total]


@njit(cache=True)
def couples(
    truth_id: IntArray,
    n_truth_ids: int,
    pred_id: IntArray,
    n_pred_ids: int,
    starts: IntArray,
    columns: Int32Array,
) -> tuple[IntArray, IntArray, IntArray]:
    """Number the couples of ids that overlap -> (e,) couple of each pair; (d,) true and predicted ids."""
    begin = np.zeros(n_truth_ids + 1, np.int64)
    for i in range(len(truth_id)):
        begin[truth_id[i] + 1] += starts[i + 1] - starts[i]
    begin = np.cumsum(begin)
    place = begin[:-1].copy()
    by_id = np.empty(len(columns), np.int64)
    for i in range(len(truth_id)):
        for e in range(starts[i], starts[i + 1]):
            by_id[place[truth_id[i]]] = e
            place[truth_id[i]] += 1
    couple = np.empty(len(columns), np.int64)
    of_truth, of_pred = np.empty(len(columns), np.int64), np.empty(len(columns), np.int64)
    number, seen_for = np.empty(n_pred_ids, np.int64), np.full(n_pred_ids, -1, np.int64)
    total = 0
    for t in range(n_truth_ids):
        for k in range(begin[t], begin[t + 1]):
            p = pred_id[columns[by_id[k]]]
            if seen_for[p] != t:
                seen_for[p], number[p] = t, total
                of_truth[total], of_pred[total] = t, p
                total += 1
            couple[by_id[k]] = number[p]
    return couple, of_truth[:total].copy(), of_pred[:total].copy()


@njit(cache=True)
def _frame_pairs(
    i0: int, i1: int, j0: int, starts: IntArray, columns: Int32Array, gains: FloatArray, m: int
) -> IntArray:
    """Best pairs of one frame -> (i1 - i0,) the pair that each true row takes, or -1."""
    first, last = starts[i0], starts[i1]
    local = starts[i0 : i1 + 1] - first
    part = np.empty(last - first, np.int64)
    for e in range(last - first):
        part[e] = columns[first + e] - j0
    taken = pair_sparse(i1 - i0, m, local, part, gains)
    for k in range(len(taken)):
        if taken[k] >= 0:
            taken[k] += first
    return taken


@njit(cache=True)
def hota_counts(
    truth_frames: IntArray,
    pred_frames: IntArray,
    starts: IntArray,
    columns: Int32Array,
    similarity: FloatArray,
    couple: IntArray,
    truth_count: FloatArray,
    pred_count: FloatArray,
    alphas: FloatArray,
) -> tuple[IntArray, FloatArray]:
    """Matches -> (d, a + 1) how often a couple matched at exactly the first k alphas; (a,) similarity sums.

    `truth_count` and `pred_count` (d,) are the lengths of a couple's two tracks.
    """
    shared = np.zeros(len(truth_count))
    for f in range(len(truth_frames) - 1):
        i0, i1, j0 = truth_frames[f], truth_frames[f + 1], pred_frames[f]
        beside = np.zeros(pred_frames[f + 1] - j0)
        for e in range(starts[i0], starts[i1]):
            beside[columns[e] - j0] += similarity[e]
        for i in range(i0, i1):
            of_row = 0.0
            for e in range(starts[i], starts[i + 1]):
                of_row += similarity[e]
            for e in range(starts[i], starts[i + 1]):
                whole = beside[columns[e] - j0] + of_row - similarity[e]
                if whole > EPS:
                    shared[couple[e]] += similarity[e] / whole
    alignment = shared / (truth_count + pred_count - shared)
    n_alphas = len(alphas)
    counts = np.zeros((len(truth_count), n_alphas + 1), np.int64)
    sums = np.zeros(n_alphas)
    for f in range(len(truth_frames) - 1):
        i0, i1, j0 = truth_frames[f], truth_frames[f + 1], pred_frames[f]
        gains = np.empty(starts[i1] - starts[i0])
        for e in range(len(gains)):
            gains[e] = alignment[couple[starts[i0] + e]] * similarity[starts[i0] + e]
        for e in _frame_pairs(i0, i1, j0, starts, columns, gains, pred_frames[f + 1] - j0):
            if e < 0:
                continue
            k = 0
            while k < n_alphas and similarity[e] >= alphas[k] - EPS:
                sums[k] += similarity[e]
                k += 1
            counts[couple[e], k] += 1
    return counts, sums


@njit(cache=True)
def clear_counts(
    truth_id: IntArray,
    n_truth_ids: int,
    pred_id: IntArray,
    truth_frames: IntArray,
    pred_frames: IntArray,
    starts: IntArray,
    columns: Int32Array,
    similarity: FloatArray,
    threshold: float,
) -> tuple[int, int, float, IntArray, IntArray]:
    """CLEAR as TrackEval -> matches, identity switches, sum of similarity; (t,) matches and starts per id.

    A pair goes on from the frame before (frames without truth or prediction left out); a switch is counted
    against the last id that the track ever had.
    """
    matches, switches, total = 0, 0, 0.0
    last, before = np.full(n_truth_ids, -1, np.int64), np.full(n_truth_ids, -1, np.int64)
    when = np.full(n_truth_ids, -1, np.int64)
    matched, begun = np.zeros(n_truth_ids, np.int64), np.zeros(n_truth_ids, np.int64)
    now = 0
    for f in range(len(truth_frames) - 1):
        i0, i1, j0, j1 = truth_frames[f], truth_frames[f + 1], pred_frames[f], pred_frames[f + 1]
        if i0 == i1 or j0 == j1:
            continue
        now += 1
        gains = np.zeros(starts[i1] - starts[i0])
        for i in range(i0, i1):
            t = truth_id[i]
            for e in range(starts[i], starts[i + 1]):
                if similarity[e] >= threshold - EPS:
                    goes_on = when[t] == now - 1 and before[t] == pred_id[columns[e]]
                    gains[e - starts[i0]] = 1000.0 * goes_on + similarity[e]
        taken = _frame_pairs(i0, i1, j0, starts, columns, gains, j1 - j0)
        for i in range(i0, i1):
            e = taken[i - i0]
            if e < 0:
                continue
            t, p = truth_id[i], pred_id[columns[e]]
            matches += 1
            total += similarity[e]
            switches += last[t] >= 0 and last[t] != p
            begun[t] += when[t] != now - 1
            matched[t] += 1
            last[t], before[t], when[t] = p, p, now
    return matches, switches, total, matched, begun


@njit(cache=True)
def motmetrics_counts(
    truth_id: IntArray,
    n_truth_ids: int,
    pred_id: IntArray,
    n_pred_ids: int,
    truth_frames: IntArray,
    pred_frames: IntArray,
    starts: IntArray,
    columns: Int32Array,
    distance: FloatArray,
    limit: float,
) -> tuple[IntArray, float, IntArray]:
    """CLEAR as py-motmetrics -> (6,) matches, switches, fragments, transfers, ascends, migrates; sum of
    distances; (t,) matches per id.

    A pair goes on however long ago it last matched, as long as both are there and near; the others pair up as
    many as possible, for the smallest total distance.
    """
    out = np.zeros(6, np.int64)
    total = 0.0
    pair_of, owner_of = np.full(n_truth_ids, -1, np.int64), np.full(n_pred_ids, -1, np.int64)
    matched = np.zeros(n_truth_ids, np.int64)
    lost, used = np.zeros(n_truth_ids, np.bool_), np.zeros(n_pred_ids, np.bool_)
    for f in range(len(truth_frames) - 1):
        i0, i1, j0, j1 = truth_frames[f], truth_frames[f + 1], pred_frames[f], pred_frames[f + 1]
        taken = np.full(i1 - i0, -1, np.int64)
        busy = np.zeros(j1 - j0, np.bool_)
        for i in range(i0, i1):
            for e in range(starts[i], starts[i + 1]):
                j = columns[e]
                if pair_of[truth_id[i]] == pred_id[j] and distance[e] <= limit and not busy[j - j0]:
                    taken[i - i0], busy[j - j0] = e, True
                    used[pred_id[j]] = True
        gains = np.zeros(starts[i1] - starts[i0])
        enough = 2.0 * (i1 - i0 + j1 - j0) * max(1.0, limit) + 1.0
        for i in range(i0, i1):
            for e in range(starts[i], starts[i + 1]):
                if taken[i - i0] < 0 and not busy[columns[e] - j0] and distance[e] <= limit:
                    gains[e - starts[i0]] = enough - distance[e]
        fresh = _frame_pairs(i0, i1, j0, starts, columns, gains, j1 - j0)
        for i in range(i0, i1):
            t, e = truth_id[i], fresh[i - i0]
            if e >= 0:
                p = pred_id[columns[e]]
                switched, moved = pair_of[t] >= 0 and pair_of[t] != p, owner_of[p] >= 0 and owner_of[p] != t
                out[1] += switched
                out[3] += moved
                out[4] += switched and not used[p]
                out[5] += moved and matched[t] == 0
                pair_of[t], owner_of[p], used[p] = p, t, True
            else:
                e = taken[i - i0]
            if e < 0:
                lost[t] = matched[t] > 0
                continue
            out[0] += 1
            out[2] += lost[t]
            total += distance[e]
            matched[t] += 1
            lost[t] = False
    return out, total, matched


@njit(cache=True)
def identity_matches(
    n_truth_ids: int,
    n_pred_ids: int,
    couple: IntArray,
    of_truth: IntArray,
    of_pred: IntArray,
    close: IntArray,
) -> int:
    """(e,) which pairs are close enough -> how many rows agree once each true id has one predicted id."""
    frames = np.zeros(len(of_truth))
    for e in range(len(couple)):
        frames[couple[e]] += close[e]
    starts = np.zeros(n_truth_ids + 1, np.int64)
    for d in range(len(of_truth)):
        starts[of_truth[d] + 1] += 1
    taken = pair_sparse(n_truth_ids, n_pred_ids, np.cumsum(starts), of_pred, frames)
    total = 0
    for d in taken:
        if d >= 0:
            total += int(frames[d])
    return total
