"""Areas of polygons and of what they have in common, for numba. Callers have checked; nothing here raises.

An edge stands for the strip below it down to a floor, counted positive or negative by its direction; a
polygon is the sum of its strips, and what two polygons share the sum over pairs of strips. A pair of edges
meets at most once, so no case is special: not touching corners, not shared edges, not holes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import FloatArray, IntArray


@njit(cache=True, error_model="numpy")
def signed_area(points: FloatArray) -> float:
    """(k, 2) -> area, positive where the corners go from x to y."""
    area, n = 0.0, len(points)
    for k in range(n):
        after = k + 1 if k + 1 < n else 0
        area += (points[k, 0] - points[0, 0]) * (points[after, 1] - points[0, 1])
        area -= (points[after, 0] - points[0, 0]) * (points[k, 1] - points[0, 1])
    return 0.5 * area


@njit(cache=True, error_model="numpy")
def _strip(p: FloatArray, i: int, j: int, q: FloatArray, k: int, m: int, floor: float, x: float) -> float:
    """Area below both edge i-j of p and edge k-m of q, above the floor, with x as zero; never negative."""
    ax, ay, bx, by = p[i, 0] - x, p[i, 1] - floor, p[j, 0] - x, p[j, 1] - floor
    cx, cy, dx, dy = q[k, 0] - x, q[k, 1] - floor, q[m, 0] - x, q[m, 1] - floor
    if ax > bx:
        ax, ay, bx, by = bx, by, ax, ay
    if cx > dx:
        cx, cy, dx, dy = dx, dy, cx, cy
    left, right = max(ax, cx), min(bx, dx)
    if left >= right:
        return 0.0
    slope_p, slope_q = (by - ay) / (bx - ax), (dy - cy) / (dx - cx)
    p0, p1 = ay + (left - ax) * slope_p, by - (bx - right) * slope_p
    q0, q1 = cy + (left - cx) * slope_q, dy - (dx - right) * slope_q
    gap0, gap1 = p0 - q0, p1 - q1
    if gap0 <= 0.0 and gap1 <= 0.0:
        return float(0.5 * (right - left) * (p0 + p1))
    if gap0 >= 0.0 and gap1 >= 0.0:
        return float(0.5 * (right - left) * (q0 + q1))
    weight = gap0 / (gap0 - gap1)
    middle = p0 + weight * (p1 - p0)
    height = weight * (min(p0, q0) + middle) + (1.0 - weight) * (min(p1, q1) + middle)
    return float(0.5 * (right - left) * height)


@njit(cache=True, error_model="numpy")
def overlap_of_two(p: FloatArray, q: FloatArray) -> float:
    """Area that two polygons share, times the product of the signs of their directions."""
    floor, x = min(p[:, 1].min(), q[:, 1].min()), max(p[:, 0].min(), q[:, 0].min())
    right = min(p[:, 0].max(), q[:, 0].max())
    area, n, m = 0.0, len(p), len(q)
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        if p[i, 0] == p[j, 0] or max(p[i, 0], p[j, 0]) <= x or min(p[i, 0], p[j, 0]) >= right:
            continue
        for k in range(m):
            after = k + 1 if k + 1 < m else 0
            if q[k, 0] == q[after, 0]:
                continue
            strip = _strip(p, i, j, q, k, after, floor, x)
            area += strip if (p[i, 0] < p[j, 0]) == (q[k, 0] < q[after, 0]) else -strip
    return area


@njit(cache=True, error_model="numpy")
def pairwise_iou(
    points_a: FloatArray, start_a: IntArray, points_b: FloatArray, start_b: IntArray
) -> FloatArray:
    """Ragged (k, 2) corners, n and m polygons -> (n, m) IoU; 0.0 where a union is empty."""
    n, m = len(start_a) - 1, len(start_b) - 1
    iou = np.zeros((n, m))
    hull_a, hull_b = _hulls(points_a, start_a), _hulls(points_b, start_b)
    area_a, area_b = _areas(points_a, start_a), _areas(points_b, start_b)
    for i in range(n):
        for j in range(m):
            if hull_a[i, 2] <= hull_b[j, 0] or hull_b[j, 2] <= hull_a[i, 0]:
                continue
            if hull_a[i, 3] <= hull_b[j, 1] or hull_b[j, 3] <= hull_a[i, 1]:
                continue
            p, q = points_a[start_a[i] : start_a[i + 1]], points_b[start_b[j] : start_b[j + 1]]
            smallest = min(abs(area_a[i]), abs(area_b[j]))
            overlap = abs(overlap_of_two(p, q))
            if overlap > 1e-14 * smallest and smallest > 0.0:  # less is rounding of polygons that touch
                overlap = min(overlap, smallest)
                iou[i, j] = overlap / (abs(area_a[i]) + abs(area_b[j]) - overlap)
    return iou


@njit(cache=True)
def _hulls(points: FloatArray, start: IntArray) -> FloatArray:
    hulls = np.zeros((len(start) - 1, 4))
    for i in range(len(start) - 1):
        ring = points[start[i] : start[i + 1]]
        if len(ring):
            hulls[i] = ring[:, 0].min(), ring[:, 1].min(), ring[:, 0].max(), ring[:, 1].max()
    return hulls


@njit(cache=True)
def _areas(points: FloatArray, start: IntArray) -> FloatArray:
    areas = np.zeros(len(start) - 1)
    for i in range(len(start) - 1):
        if start[i + 1] > start[i]:
            areas[i] = signed_area(points[start[i] : start[i + 1]])
    return areas
