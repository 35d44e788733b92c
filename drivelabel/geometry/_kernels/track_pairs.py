"""Which rows and ids of two sets of tracks belong together, for numba. Nothing here raises.

Rows of truth and prediction stand frame by frame. What overlaps is a list of pairs, sorted by true row, with
``starts[i]:starts[i + 1]`` the pairs of true row i; ids are 0, 1, ... without gaps.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.sparse_assignment import pair_sparse
from drivelabel.typing import BoolArray, FloatArray, Int32Array, IntArray

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
    total, most = 0, np.diff(pred_frames).max() if len(pred_frames) > 1 else 0
    row_of, sides, shared = np.empty(most, np.int64), np.empty((5, most)), np.empty(most)
    strips = np.zeros(most + 2, np.int64)
    for f in range(len(truth_frames) - 1):
        first, stop = pred_frames[f], pred_frames[f + 1]
        n = stop - first
        low, per_px, widest = _by_left_side(pred[first:stop], row_of, sides, strips)
        for i in range(truth_frames[f], truth_frames[f + 1]):
            x0, y0, x1, y1 = truth[i, 0], truth[i, 1], truth[i, 2], truth[i, 3]
            area = (x1 - x0) * (y1 - y0)
            # One pixel of room: widths and sums are rounded.
            begin = strips[_strip(x0 - widest - 1.0, low, per_px, n)]
            end = strips[_strip(x1, low, per_px, n) + 1]
            if total + end - begin > len(columns):
                size = 2 * len(columns) + n
                more_columns, more_values = np.empty(size, np.int32), np.empty(size)
                more_columns[:total], more_values[:total] = columns[:total], values[:total]
                columns, values = more_columns, more_values
            if area > EPS and begin < end:
                _shared_areas(sides[:, begin:end], x0, y0, x1, y1, shared)
                for k in range(begin, end):
                    both = shared[k - begin]
                    union = area + sides[4, k] - both
                    # Written in any case, kept where it counts: a branch would be guessed badly.
                    columns[total], values[total] = first + row_of[k], both / (union if union > EPS else 1.0)
                    total += both > 0.0
            starts[i + 1] = total
    return starts, columns[:total], values[:total]


@njit(cache=True)
def _by_left_side(
    boxes: FloatArray, row_of: IntArray, sides: FloatArray, strips: IntArray
) -> tuple[float, float, float]:
    """Write (n, 4) boxes by the upright strip in which their left side lies: rows, and x0, y0, x1, y1, area.

    There are n strips of equal width, since sorting boxes takes ten times as long; a box without area lies
    nowhere. Then write where strips start among the boxes.

    Returns where the first strip starts, strips per pixel, and the width of the widest box.
    """
    if len(boxes) == 0:
        strips[:2] = 0
        return 0.0, 0.0, 0.0
    n, low, high, widest = len(boxes), np.inf, -np.inf, 0.0
    for j in range(n):
        low, high = min(low, boxes[j, 0]), max(high, boxes[j, 0])
        widest = max(widest, boxes[j, 2] - boxes[j, 0])
    per_px = n / (high - low) if high > low else 0.0
    strips[: n + 2] = 0
    for j in range(n):
        strips[_strip(boxes[j, 0], low, per_px, n) + 1] += 1
    for k in range(n):
        strips[k + 1] += strips[k]
    for j in range(n - 1, -1, -1):
        strip = _strip(boxes[j, 0], low, per_px, n) + 1
        strips[strip] -= 1
        k = strips[strip]
        row_of[k] = j
        for side in range(4):
            sides[side, k] = boxes[j, side]
        sides[4, k] = (boxes[j, 2] - boxes[j, 0]) * (boxes[j, 3] - boxes[j, 1])
        if sides[4, k] <= EPS:
            sides[3, k] = -np.inf
    strips[: n + 1] = strips[1 : n + 2]
    strips[n] = strips[n + 1] = n
    return low, per_px, widest


@njit(forceinline=True)  # not cached: see json_words
def _strip(x: float, low: float, per_px: float, n: int) -> int:
    """The strip of n that x lies in, or the one next to it."""
    return int(max(min((x - low) * per_px, n - 1.0), 0.0))


@njit(forceinline=True)  # not cached: see json_words
def _shared_areas(sides: FloatArray, x0: float, y0: float, x1: float, y1: float, shared: FloatArray) -> None:
    """Write the area that each of (5, k) boxes shares with one, 0 if none."""
    left, top, right, bottom = sides[0], sides[1], sides[2], sides[3]
    for k in range(len(left)):
        width = min(x1, right[k]) - max(x0, left[k])
        height = min(y1, bottom[k]) - max(y0, top[k])
        shared[k] = max(width, 0.0) * max(height, 0.0)


@njit(cache=True)
def couples(
    truth_id: IntArray,
    n_truth_ids: int,
    pred_id: IntArray,
    n_pred_ids: int,
    starts: IntArray,
    columns: Int32Array,
) -> tuple[IntArray, IntArray, IntArray]:
    """Number the couples of ids that overlap -> (e,) couple of each pair; (d,) true and predicted ids.

    Couples stand by true id, then in order of appearance.
    """
    # Each true id has a list of its couples; who was beside it in the frame before is found at its head.
    head = np.full(n_truth_ids, -1, np.int64)
    couple = np.empty(len(columns), np.int64)
    of_truth, of_pred = np.empty(len(columns), np.int64), np.empty(len(columns), np.int64)
    following, total = np.empty(len(columns), np.int64), 0
    for i in range(len(truth_id)):
        t = truth_id[i]
        for e in range(starts[i], starts[i + 1]):
            p, before, number = pred_id[columns[e]], -1, head[t]
            while number >= 0 and of_pred[number] != p:
                before, number = number, following[number]
            if number < 0:
                number, total = total, total + 1
                of_truth[number], of_pred[number] = t, p
            elif before >= 0:
                following[before] = following[number]
            if before >= 0 or head[t] != number:
                following[number], head[t] = head[t], number
            couple[e] = number
    return _in_order_of_truth(couple, of_truth[:total], of_pred[:total], n_truth_ids)


@njit(cache=True)
def _in_order_of_truth(
    couple: IntArray, of_truth: IntArray, of_pred: IntArray, n_truth_ids: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Couples renumbered by true id, in their own order within each."""
    place = np.zeros(n_truth_ids + 1, np.int64)
    for t in of_truth:
        place[t + 1] += 1
    place = np.cumsum(place)
    number = np.empty(len(of_truth), np.int64)
    truth, pred = np.empty(len(of_truth), np.int64), np.empty(len(of_truth), np.int64)
    for d in range(len(of_truth)):
        number[d] = place[of_truth[d]]
        place[of_truth[d]] += 1
        truth[number[d]], pred[number[d]] = of_truth[d], of_pred[d]
    for e in range(len(couple)):
        couple[e] = number[couple[e]]
    return couple, truth, pred


@njit(cache=True)
def frame_pairs(
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
def matched_preds(
    truth_frames: IntArray,
    pred_frames: IntArray,
    starts: IntArray,
    columns: Int32Array,
    similarity: FloatArray,
    threshold: float,
    wanted: BoolArray,
) -> BoolArray:
    """(m,) whether a prediction pairs with a `wanted` (n,) true row, when the pairs of each frame that are at
    least as alike as `threshold` have the largest total."""
    found = np.zeros(pred_frames[-1], np.bool_)
    for f in range(len(truth_frames) - 1):
        i0, i1, j0 = truth_frames[f], truth_frames[f + 1], pred_frames[f]
        gains = similarity[starts[i0] : starts[i1]].copy()
        gains[gains < threshold - EPS] = 0.0
        taken = frame_pairs(i0, i1, j0, starts, columns, gains, pred_frames[f + 1] - j0)
        for k in range(len(taken)):
            if taken[k] >= 0 and wanted[i0 + k]:
                found[columns[taken[k]]] = True
    return found
