"""Box loops for numba. Callers have checked shapes and dtypes; nothing here raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import BoolArray, FloatArray, IntArray


@njit(cache=True)
def iou_of_two(a: FloatArray, b: FloatArray) -> float:
    """(4,) and (4,) float64 xyxy -> IoU; 0.0 where they do not overlap."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    overlap = width * height
    area_a = (a[2] - a[0]) * (a[3] - a[1])
    area_b = (b[2] - b[0]) * (b[3] - b[1])
    union = area_a + area_b - overlap
    if union <= 0.0:  # areas below the smallest float
        return 0.0
    return float(min(1.0, overlap / union))


@njit(cache=True)
def pairwise_iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """(n, 4) and (m, 4) float64 xyxy -> (n, m) float64; 0.0 where two do not overlap."""
    iou = np.zeros((a.shape[0], b.shape[0]))
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            iou[i, j] = iou_of_two(a[i], b[j])
    return iou


@njit(cache=True)
def nms(xyxy: FloatArray, category_id: IntArray, order: IntArray, iou_threshold: float) -> BoolArray:
    """Rows in `order` that no kept earlier row of their class covers -> (n,) bool, in that order."""
    n = len(order)
    keep = np.ones(n, np.bool_)
    for i in range(n):
        if not keep[i]:
            continue
        a = order[i]
        for j in range(i + 1, n):
            b = order[j]
            if keep[j] and category_id[a] == category_id[b]:
                keep[j] = iou_of_two(xyxy[a], xyxy[b]) <= iou_threshold
    return keep
