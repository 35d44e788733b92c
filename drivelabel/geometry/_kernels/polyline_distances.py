"""How far lines of points are apart, for numba. Callers have checked shapes; nothing here raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import FloatArray, IntArray, UInt8Array


@njit(cache=True)
def _distance(a: FloatArray, i: int, b: FloatArray, j: int) -> float:
    total = 0.0
    for k in range(a.shape[1]):
        total += (a[i, k] - b[j, k]) ** 2
    return float(np.sqrt(total))


@njit(cache=True)
def chamfer(a: FloatArray, b: FloatArray) -> float:
    """(n, d) and (m, d) -> mean of the two mean distances to the nearest point of the other."""
    nearest_a, nearest_b = np.full(len(a), np.inf), np.full(len(b), np.inf)
    for i in range(len(a)):
        for j in range(len(b)):
            distance = _distance(a, i, b, j)
            nearest_a[i] = min(nearest_a[i], distance)
            nearest_b[j] = min(nearest_b[j], distance)
    return float(0.5 * (nearest_a.mean() + nearest_b.mean()))


@njit(cache=True)
def frechet(a: FloatArray, b: FloatArray) -> float:
    """(n, d) and (m, d) -> discrete Frechet distance, one row of the table at a time."""
    row = np.empty(len(b))
    for i in range(len(a)):
        diagonal = 0.0
        for j in range(len(b)):
            distance = _distance(a, i, b, j)
            above = row[j]
            if i == 0 and j == 0:
                reach = distance
            elif i == 0:
                reach = row[j - 1]
            elif j == 0:
                reach = above
            else:
                reach = min(above, row[j - 1], diagonal)
            diagonal = above
            row[j] = max(reach, distance)
    return float(row[-1])


@njit(cache=True)
def pairwise(
    use_frechet: bool, a: FloatArray, start_a: IntArray, b: FloatArray, start_b: IntArray
) -> FloatArray:
    """Ragged (k, d) points of n and m lines -> (n, m) distances."""
    n, m = len(start_a) - 1, len(start_b) - 1
    distance = np.zeros((n, m))
    for i in range(n):
        one = a[start_a[i] : start_a[i + 1]]
        for j in range(m):
            other = b[start_b[j] : start_b[j + 1]]
            distance[i, j] = frechet(one, other) if use_frechet else chamfer(one, other)
    return distance


@njit(cache=True)
def shared_pixels(spans_a: IntArray, start_a: IntArray, spans_b: IntArray, start_b: IntArray) -> IntArray:
    """Ragged (k, 3) spans y, x0, x1 in ascending order of n and m masks -> (n, m) pixels in both."""
    n, m = len(start_a) - 1, len(start_b) - 1
    shared = np.zeros((n, m), np.int64)
    for i in range(n):
        for j in range(m):
            p, q, total = start_a[i], start_b[j], 0
            while p < start_a[i + 1] and q < start_b[j + 1]:
                if spans_a[p, 0] != spans_b[q, 0]:
                    if spans_a[p, 0] < spans_b[q, 0]:
                        p += 1
                    else:
                        q += 1
                    continue
                total += max(0, min(spans_a[p, 2], spans_b[q, 2]) - max(spans_a[p, 1], spans_b[q, 1]))
                if spans_a[p, 2] < spans_b[q, 2]:
                    p += 1
                else:
                    q += 1
            shared[i, j] = total
    return shared


@njit(cache=True)
def take_spans(image: UInt8Array, top: int, bottom: int, left: int, right: int) -> IntArray:
    """(k, 3) y, x0, x1 of what is not 0 in a window of a (h, w) uint8 image; the window becomes 0."""
    limit, size = 2 * (bottom - top) + 16, 0
    spans = np.empty((limit, 3), np.int64)
    for y in range(top, bottom):
        row = image[y]
        x = left
        while x < right:
            if row[x] == 0:
                x += 1
                continue
            begin = x
            while x < right and row[x] != 0:
                x += 1
            if size == limit:
                limit *= 2
                more = np.empty((limit, 3), np.int64)
                more[:size] = spans[:size]
                spans = more
            spans[size, 0], spans[size, 1], spans[size, 2] = y, begin, x
            size += 1
        row[left:right] = 0
    return spans[:size]
