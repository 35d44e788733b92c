"""Which points lie in which cuboids, for numba. Callers have checked shapes; nothing here raises.

Seen from above, the cuboids' surroundings are a grid of square cells; each cell lists the cuboids that
may reach into it (``rows[start[cell]:start[cell + 1]]``), so that nearly every point meets none.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import BoolArray, FloatArray, IntArray


@njit(cache=True)
def fill_cells(spans: IntArray, shape: tuple[int, int]) -> tuple[IntArray, IntArray]:
    """(n, 4) first and last cell x0, y0, x1, y1 of each cuboid -> start (cells + 1,), rows (k,)."""
    start = np.zeros(shape[0] * shape[1] + 1, np.int64)
    for i in range(len(spans)):
        for x in range(spans[i, 0], spans[i, 2] + 1):
            for y in range(spans[i, 1], spans[i, 3] + 1):
                start[x * shape[1] + y + 1] += 1
    start = np.cumsum(start)
    rows = np.empty(start[-1], np.int64)
    cursor = start[:-1].copy()
    for i in range(len(spans)):
        for x in range(spans[i, 0], spans[i, 2] + 1):
            for y in range(spans[i, 1], spans[i, 3] + 1):
                cell = x * shape[1] + y
                rows[cursor[cell]] = i
                cursor[cell] += 1
    return start, rows


@njit(cache=True)
def _inside(point: FloatArray, center: FloatArray, half: FloatArray, rotation: FloatArray) -> bool:
    dx, dy, dz = point[0] - center[0], point[1] - center[1], point[2] - center[2]
    for axis in range(3):
        along = rotation[0, axis] * dx + rotation[1, axis] * dy + rotation[2, axis] * dz
        if not abs(along) <= half[axis]:  # also for NaN
            return False
    return True


@njit(cache=True)
def _cell_of(point: FloatArray, origin: FloatArray, cell: float, shape: tuple[int, int]) -> int:
    """The cell a point lies in, or -1; NaN lies in none."""
    x, y = (point[0] - origin[0]) / cell, (point[1] - origin[1]) / cell
    if not (0.0 <= x < shape[0] and 0.0 <= y < shape[1]):
        return -1
    return int(x) * shape[1] + int(y)


@njit(cache=True)
def mark_points(
    points: FloatArray,
    center: FloatArray,
    half: FloatArray,
    rotation: FloatArray,
    origin: FloatArray,
    cell: float,
    shape: tuple[int, int],
    start: IntArray,
    rows: IntArray,
) -> tuple[IntArray, IntArray]:
    """How many points each cuboid holds (n,), and the first cuboid that holds each point or -1 (m,)."""
    counts = np.zeros(len(center), np.int64)
    owner = np.full(len(points), -1, np.int64)
    for p in range(len(points)):
        c = _cell_of(points[p], origin, cell, shape)
        if c < 0:
            continue
        for k in range(start[c], start[c + 1]):
            i = rows[k]
            if _inside(points[p], center[i], half[i], rotation[i]):
                counts[i] += 1
                if owner[p] < 0:
                    owner[p] = i
    return counts, owner


@njit(cache=True)
def points_in_one(
    points: FloatArray, center: FloatArray, half: FloatArray, rotation: FloatArray
) -> BoolArray:
    """(m, 3) -> (m,) bool, the points in one cuboid."""
    inside = np.empty(len(points), np.bool_)
    for p in range(len(points)):
        inside[p] = _inside(points[p], center, half, rotation)
    return inside
