"""Which boxes of a track must be kept so that straight lines between them give the others back."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import BoolArray, FloatArray, IntArray


@njit(cache=True)
def _iou(a: FloatArray, left: float, top: float, right: float, bottom: float) -> float:
    width = min(a[2], right) - max(a[0], left)
    height = min(a[3], bottom) - max(a[1], top)
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (right - left) * (bottom - top)
    if width <= 0.0 or height <= 0.0:
        return 1.0 if whole == 0.0 else 0.0
    overlap = width * height
    return float(overlap / (whole - overlap))


@njit(cache=True)
def _is_between(time: IntArray, xyxy: FloatArray, i: int, j: int, min_iou: float) -> bool:
    """Whether the boxes between rows i and j are found again on the straight line from one to the other."""
    span = float(time[j] - time[i])
    for k in range(i + 1, j):
        share = (time[k] - time[i]) / span
        left = xyxy[i, 0] + share * (xyxy[j, 0] - xyxy[i, 0])
        top = xyxy[i, 1] + share * (xyxy[j, 1] - xyxy[i, 1])
        right = xyxy[i, 2] + share * (xyxy[j, 2] - xyxy[i, 2])
        bottom = xyxy[i, 3] + share * (xyxy[j, 3] - xyxy[i, 3])
        if _iou(xyxy[k], left, top, right, bottom) < min_iou:
            return False
    return True


@njit(cache=True)
def fewest_keyframes(time: IntArray, xyxy: FloatArray, fixed: BoolArray, min_iou: float) -> BoolArray:
    """(n,) rising times, (n, 4) boxes, (n,) rows that must be kept -> (n,) rows to keep, as few as can be.

    The first and last row are always kept. A shortest path over the steps that lose nothing.
    """
    n = len(time)
    kept = np.zeros(n, np.bool_)
    if n == 0:
        return kept
    steps = np.full(n, n + 1, np.int64)
    before = np.zeros(n, np.int64)
    steps[0] = 0
    for j in range(1, n):
        for i in range(j - 1, -1, -1):
            if steps[i] + 1 < steps[j] and _is_between(time, xyxy, i, j, min_iou):
                steps[j] = steps[i] + 1
                before[j] = i
            if fixed[i]:
                break
    row = n - 1
    while row > 0:
        kept[row] = True
        row = before[row]
    kept[0] = True
    return kept
