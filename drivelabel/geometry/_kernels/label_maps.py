"""Pixel-counting loops for numba. Callers have checked shapes; nothing here raises."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from drivelabel.typing import IntArray

Map = npt.NDArray[Any]


@njit(cache=True)
def count_pairs(truth: Map, pred: Map) -> IntArray:
    """Two flat uint8 maps -> (256, 256), how often each true value meets each predicted one."""
    # Two tables in turn: long runs of one value would wait for their own last addition.
    counts = np.zeros((2, 256, 256), np.int64)
    for i in range(len(truth)):
        counts[i & 1, truth[i], pred[i]] += 1
    total: IntArray = counts[0] + counts[1]
    return total


@njit(cache=True)
def _row_of(ids: IntArray, value: int) -> int:
    """Row of a value among rising ids, counted from 1; 0 for the value 0; -1 if there is none."""
    if value == 0:
        return 0
    low, high = 0, len(ids)
    while low < high:
        middle = (low + high) // 2
        if ids[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low + 1 if low < len(ids) and ids[low] == value else -1


@njit(cache=True)
def count_segment_pairs(
    truth: Map, pred: Map, truth_ids: IntArray, pred_ids: IntArray
) -> tuple[IntArray, int, int]:
    """Flat segment maps and rising ids -> (n + 1, m + 1) pixels of each pair, row and column 0 void.

    Also how many pixels hold an id that is not in the list, of truth and of prediction.
    """
    counts = np.zeros((len(truth_ids) + 1, len(pred_ids) + 1), np.int64)
    unknown_truth, unknown_pred = 0, 0
    last_t, last_p, row, column = -1, -1, 0, 0
    for i in range(len(truth)):
        t, p = int(truth[i]), int(pred[i])
        if t != last_t:
            last_t, row = t, _row_of(truth_ids, t)
        if p != last_p:
            last_p, column = p, _row_of(pred_ids, p)
        if row < 0 or column < 0:
            unknown_truth += row < 0
            unknown_pred += column < 0
        else:
            counts[row, column] += 1
    return counts, unknown_truth, unknown_pred
