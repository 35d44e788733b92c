"""Cutting edges and outlines of cuboids, for numba. Callers have checked shapes; nothing here raises.

A window is (4,) float64: x_min, y_min, x_max, y_max in the plane z = 1 or in pixels.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import FloatArray, IntArray

MAX_VERTICES = 48
"""A cuboid cut at the near plane has at most 8 + 12 vertices; each side of a window adds at most one."""


@njit(cache=True)
def visible_edges(corners_cam: FloatArray, edges: IntArray, near: float, window: FloatArray) -> FloatArray:
    """(n, 8, 3) corners and (e, 2) edges -> (n, e, 2, 2) ends in the plane z = 1; NaN where unseen."""
    n, n_edges = corners_cam.shape[0], edges.shape[0]
    ends = np.full((n, n_edges, 2, 2), np.nan)
    for i in range(n):
        for e in range(n_edges):
            a, b = corners_cam[i, edges[e, 0]], corners_cam[i, edges[e, 1]]
            if a[2] < near and b[2] < near:
                continue
            if a[2] < near:
                a = a + (near - a[2]) / (b[2] - a[2]) * (b - a)
            elif b[2] < near:
                b = b + (near - b[2]) / (a[2] - b[2]) * (a - b)
            _cut_segment(a[:2] / a[2], b[:2] / b[2], window, ends[i, e])
    return ends


@njit(cache=True)
def _cut_segment(a: FloatArray, b: FloatArray, window: FloatArray, out: FloatArray) -> None:
    """Write the part of a-b inside the window into (2, 2) `out`; leave it alone when there is none."""
    first, last = 0.0, 1.0
    for axis in range(2):
        way = b[axis] - a[axis]
        low, high = window[axis] - a[axis], window[axis + 2] - a[axis]
        if way == 0.0:
            if low > 0.0 or high < 0.0:
                return
            continue
        enter, leave = low / way, high / way
        if enter > leave:
            enter, leave = leave, enter
        first, last = max(first, enter), min(last, leave)
    if first > last:
        return
    out[0] = a + first * (b - a)
    out[1] = a + last * (b - a)


@njit(cache=True)
def visible_outlines(
    corners_cam: FloatArray, edges: IntArray, near: float, window: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Outlines of the parts of cuboids beyond the near plane and inside the window.

    (n, 8, 3) -> (n, MAX_VERTICES, 2) in the plane z = 1, going round, and (n,) how many of them count.
    """
    n = corners_cam.shape[0]
    outline = np.zeros((n, MAX_VERTICES, 2))
    count = np.zeros(n, np.int64)
    for i in range(n):
        points = _points_beyond(corners_cam[i], edges, near)
        polygon = cut_polygon(convex_hull(points), window)
        count[i] = len(polygon)
        outline[i, : len(polygon)] = polygon
    return outline, count


@njit(cache=True)
def _points_beyond(corners: FloatArray, edges: IntArray, near: float) -> FloatArray:
    """(8, 3) -> (k, 2), vertices in the plane z = 1 of the part of a cuboid beyond the near plane."""
    points = np.empty((len(corners) + len(edges), 2))
    k = 0
    for corner in range(len(corners)):
        if corners[corner, 2] >= near:
            points[k] = corners[corner, :2] / corners[corner, 2]
            k += 1
    for e in range(len(edges)):
        a, b = corners[edges[e, 0]], corners[edges[e, 1]]
        if (a[2] < near) != (b[2] < near):
            points[k] = (a[:2] + (near - a[2]) / (b[2] - a[2]) * (b[:2] - a[:2])) / near
            k += 1
    return points[:k]


@njit(cache=True)
def convex_hull(points: FloatArray) -> FloatArray:
    """(k, 2) -> (h, 2) corners of the hull, going round. Source: Andrew's monotone chain, 1979."""
    k = len(points)
    if k < 3:
        return points.copy()
    # Stable by y, then stable by x: in order of x and, where equal, of y.
    order = np.argsort(points[:, 1], kind="mergesort")
    order = order[np.argsort(points[order, 0], kind="mergesort")]
    hull = np.empty((2 * k, 2))
    size = 0
    for sweep in range(2):
        floor = size if sweep else 1
        for step in range(sweep, k):
            point = points[order[k - 1 - step]] if sweep else points[order[step]]
            while size > floor and _turn(hull[size - 2], hull[size - 1], point) <= 0.0:
                size -= 1
            hull[size] = point
            size += 1
    return hull[: max(size - 1, 1)].copy()


@njit(cache=True)
def _turn(a: FloatArray, b: FloatArray, c: FloatArray) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


@njit(cache=True)
def cut_polygon(polygon: FloatArray, window: FloatArray) -> FloatArray:
    """(k, 2) -> (m, 2), the part inside the window. Source: Sutherland & Hodgman, 1974."""
    for side in range(4):
        axis, sign = side % 2, (1.0 if side < 2 else -1.0)
        limit = window[side]
        k = len(polygon)
        kept = np.empty((2 * k + 1, 2))
        size = 0
        for i in range(k):
            a, b = polygon[i - 1], polygon[i]
            in_a, in_b = sign * (a[axis] - limit) >= 0.0, sign * (b[axis] - limit) >= 0.0
            if in_a != in_b:
                kept[size] = a + (limit - a[axis]) / (b[axis] - a[axis]) * (b - a)
                kept[size, axis] = limit
                size += 1
            if in_b:
                kept[size] = b
                size += 1
        polygon = kept[:size].copy()
    return polygon


@njit(cache=True)
def boxes_of_polygons(polygons: FloatArray, counts: IntArray, window: FloatArray) -> FloatArray:
    """(n, m, 2) padded polygons -> (n, 4) xyxy of their parts inside the window; NaN where there is none."""
    boxes = np.full((len(polygons), 4), np.nan)
    for i in range(len(polygons)):
        inside = cut_polygon(polygons[i, : counts[i]].copy(), window)
        if len(inside) == 0:
            continue
        for axis in range(2):
            boxes[i, axis] = inside[:, axis].min()
            boxes[i, axis + 2] = inside[:, axis].max()
    return boxes
