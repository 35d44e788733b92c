"""Which pixels things have, and would have alone, for numba. Nothing here raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import FloatArray, Int32Array, IntArray, UInt16Array


@njit(cache=True, nogil=True)
def instance_boxes(instance: UInt16Array, n: int) -> IntArray:
    """(h, w) -> (n + 1, 5) per value: x0, y0, x1, y1 (half-open) and how many pixels have it."""
    height, width = instance.shape
    boxes = np.zeros((n + 1, 5), np.int64)
    boxes[:, 0], boxes[:, 1] = width, height
    for y in range(height):
        for x in range(width):
            value = instance[y, x]
            if value == 0:
                continue
            box = boxes[value]
            box[0], box[1] = min(box[0], x), min(box[1], y)
            box[2], box[3] = max(box[2], x + 1), max(box[3], y + 1)
            box[4] += 1
    return boxes


@njit(cache=True, nogil=True, error_model="numpy")
def silhouette_areas(corners: FloatArray, instance: Int32Array, hw: tuple[int, int], n: int) -> IntArray:
    """(k, 3, 2) triangles in pixels, sorted by instance -> (n + 1,) pixel middles that each covers."""
    height, width = hw
    stamp = np.zeros((height, width), np.int32)
    areas = np.zeros(n + 1, np.int64)
    for k in range(len(instance)):
        value = instance[k]
        top, mid, low = 0, 1, 2
        t = corners[k]
        if t[mid, 1] < t[top, 1]:
            top, mid = mid, top
        if t[low, 1] < t[mid, 1]:
            mid, low = low, mid
            if t[mid, 1] < t[top, 1]:
                top, mid = mid, top
        x0, y0, x1, y1, x2, y2 = t[top, 0], t[top, 1], t[mid, 0], t[mid, 1], t[low, 0], t[low, 1]
        first, stop = int(max(np.ceil(y0 - 0.5), 0.0)), int(min(np.ceil(y2 - 0.5), float(height)))
        for row in range(first, stop):
            y = row + 0.5
            long = x0 + (y - y0) * ((x2 - x0) / (y2 - y0))
            short = (
                x0 + (y - y0) * ((x1 - x0) / (y1 - y0)) if y < y1 else x1 + (y - y1) * ((x2 - x1) / (y2 - y1))
            )
            left, right = min(long, short), max(long, short)
            column = int(min(max(np.ceil(left - 0.5), 0.0), float(width)))
            end = int(min(np.ceil(right - 0.5), float(width)))
            for x in range(column, end):
                if stamp[row, x] != value:
                    stamp[row, x] = value
                    areas[value] += 1
    return areas
