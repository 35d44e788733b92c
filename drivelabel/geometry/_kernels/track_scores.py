"""Loops behind HOTA, CLEAR and Identity, for numba. Callers have checked shapes; nothing here raises.

Rows and pairs stand as in :mod:`track_pairs`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.sparse_assignment import pair_sparse
from drivelabel.geometry._kernels.track_pairs import EPS, frame_pairs
from drivelabel.typing import FloatArray, Int32Array, IntArray


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
    n_alphas, limits = len(alphas), alphas - EPS
    counts = np.zeros((len(truth_count), n_alphas + 1), np.int64)
    sums = np.zeros(n_alphas + 1)  # of matches at exactly the first k alphas
    for f in range(len(truth_frames) - 1):
        i0, i1, j0 = truth_frames[f], truth_frames[f + 1], pred_frames[f]
        gains = np.empty(starts[i1] - starts[i0])
        for e in range(len(gains)):
            gains[e] = alignment[couple[starts[i0] + e]] * similarity[starts[i0] + e]
        for e in frame_pairs(i0, i1, j0, starts, columns, gains, pred_frames[f + 1] - j0):
            if e < 0:
                continue
            k = np.searchsorted(limits, similarity[e], side="right")
            sums[k] += similarity[e]
            counts[couple[e], k] += 1
    for k in range(n_alphas - 1, -1, -1):
        sums[k] += sums[k + 1]
    return counts, sums[1:]


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
        taken = frame_pairs(i0, i1, j0, starts, columns, gains, j1 - j0)
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
        fresh = frame_pairs(i0, i1, j0, starts, columns, gains, j1 - j0)
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
