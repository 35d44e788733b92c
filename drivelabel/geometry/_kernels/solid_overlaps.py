"""How much cuboids turned any way overlap, for numba. Callers have checked shapes; nothing here raises.

A cuboid is a row: center x, y, z, half sides along its own x, y, z, its (3, 3) rotation. The volume in
common is an integral over the faces of one, seen from the other, where that one is |x| <= half: each face
adds what lies between it and the floor, cut at the other's sides. Touching and equal cuboids are no
special case.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import FloatArray


@njit(cache=True, error_model="numpy")
def solid_overlap(a: FloatArray, i: int, b: FloatArray, j: int, room: FloatArray) -> float:
    """Volume in common, seen from box i of a; `room` (3, 12, 3) is scratch."""
    sides, middle, half = room[2, :3], room[2, 3], room[2, 4]
    for r in range(3):
        half[r] = a[i, 3 + r]
        middle[r] = 0.0
        for k in range(3):
            middle[r] += a[i, 6 + 3 * k + r] * (b[j, k] - a[i, k])
        for c in range(3):  # row c: b's half side along its axis c
            along = 0.0
            for k in range(3):
                along += a[i, 6 + 3 * k + r] * b[j, 6 + 3 * k + c]
            sides[c, r] = along * b[j, 3 + c]
        if abs(middle[r]) >= half[r] + abs(sides[0, r]) + abs(sides[1, r]) + abs(sides[2, r]):
            return 0.0
    volume = 0.0
    for k in range(3):
        one, two = sides[(k + 1) % 3], sides[(k + 2) % 3]
        for sign in (-1.0, 1.0):
            for r in range(3):
                face = middle[r] + sign * sides[k, r]
                room[0, 0, r], room[0, 1, r] = face + one[r] + two[r], face - one[r] + two[r]
                room[0, 2, r], room[0, 3, r] = face - one[r] - two[r], face + one[r] - two[r]
            volume += sign * _under_face(room, half)
    return volume


@njit(cache=True, error_model="numpy")
def _under_face(room: FloatArray, half: FloatArray) -> float:
    """Signed volume inside the box |x| <= half and below a face, the 4 corners room[0, :4]."""
    n, at = 4, 0
    for axis in range(2):
        for sign in (-1.0, 1.0):
            n = _cut(room[at], n, axis, sign, half[axis], room[1 - at])
            at = 1 - at
            if n < 3:
                return 0.0
    n = _cut(room[at], n, 2, -1.0, half[2], room[1 - at])  # what is under the floor adds nothing
    at = 1 - at
    lowest = np.inf
    for k in range(n):
        lowest = min(lowest, room[at, k, 2])
    if lowest >= half[2]:  # asked first: a face that lies in the ceiling would count above and below it
        return float(2.0 * half[2] * _area(room[at], n))
    above = _cut(room[at], n, 2, -1.0, -half[2], room[1 - at])
    volume = 2.0 * half[2] * _area(room[1 - at], above)
    n = _cut(room[at], n, 2, 1.0, half[2], room[1 - at])
    return float(volume + _integral(room[1 - at], n, half[2]))


@njit(cache=True, error_model="numpy")
def _cut(polygon: FloatArray, n: int, axis: int, sign: float, limit: float, out: FloatArray) -> int:
    """Write the part of an n-gon with sign * x[axis] <= limit into `out`; its number of corners."""
    size = 0
    for k in range(n):
        after = k + 1 if k + 1 < n else 0
        d0, d1 = limit - sign * polygon[k, axis], limit - sign * polygon[after, axis]
        if d0 >= 0.0:
            out[size] = polygon[k]
            size += 1
        if (d0 > 0.0 and d1 < 0.0) or (d0 < 0.0 and d1 > 0.0):
            weight = d0 / (d0 - d1)
            for r in range(3):
                out[size, r] = polygon[k, r] + weight * (polygon[after, r] - polygon[k, r])
            out[size, axis] = sign * limit
            size += 1
    return size


@njit(cache=True, error_model="numpy")
def _area(polygon: FloatArray, n: int) -> float:
    area = 0.0
    for k in range(1, n - 1):
        area += _triangle(polygon, k)
    return area


@njit(cache=True, error_model="numpy")
def _integral(polygon: FloatArray, n: int, floor: float) -> float:
    total = 0.0
    for k in range(1, n - 1):
        height = (polygon[0, 2] + polygon[k, 2] + polygon[k + 1, 2]) / 3.0 + floor
        total += _triangle(polygon, k) * height
    return total


@njit(cache=True, error_model="numpy")
def _triangle(polygon: FloatArray, k: int) -> float:
    """Signed area from above of corners 0, k, k + 1."""
    ax, ay = polygon[k, 0] - polygon[0, 0], polygon[k, 1] - polygon[0, 1]
    bx, by = polygon[k + 1, 0] - polygon[0, 0], polygon[k + 1, 1] - polygon[0, 1]
    return float(0.5 * (ax * by - ay * bx))
