"""How much turned boxes overlap, for numba. Callers have checked shapes; nothing here raises.

A box is a row: center x, y, z, half sides along its own x, y, z, then its orientation: cos and sin of the
yaw (kinds BEV and UPRIGHT) or its (3, 3) rotation (kind TURNED).

The overlap is an integral round the border of one box, seen from the other one, where that one is
|x| <= half: each edge (face) adds what lies between it and the floor, cut at the other's sides. Nothing is
clipped into a list of corners, so boxes that touch or coincide are no special case.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from drivelabel.typing import FloatArray, IntArray

BEV = 0
UPRIGHT = 1
TURNED = 2

NOISE = 1e-14
"""Overlaps below this part of the smaller box are rounding of boxes that touch: they count as none."""


@njit(cache=True, error_model="numpy")
def row_candidates(
    i: int,
    low: FloatArray,
    high: FloatArray,
    low_b: FloatArray,
    high_b: FloatArray,
    order: IntArray,
    sorted_low: FloatArray,
    longest: float,
    found: IntArray,
) -> int:
    """Write rows of b whose upright hull (.., 3) meets hull i of a into `found` (m,), ascending; how many."""
    first = np.searchsorted(sorted_low, low[i, 0] - longest)
    n = 0
    for k in range(first, len(order)):
        if sorted_low[k] >= high[i, 0]:
            break
        j = order[k]
        across = high_b[j, 0] > low[i, 0] and high_b[j, 1] > low[i, 1] and low_b[j, 1] < high[i, 1]
        if across and high_b[j, 2] > low[i, 2] and low_b[j, 2] < high[i, 2]:
            found[n] = j
            n += 1
    return n


@njit(cache=True, error_model="numpy")
def dense_iou(
    kind: int,
    a: FloatArray,
    b: FloatArray,
    size_a: FloatArray,
    size_b: FloatArray,
    hulls: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    order: IntArray,
    sorted_low: FloatArray,
    longest: float,
) -> FloatArray:
    """(n, .) and (m, .) boxes -> (n, m) IoU; 0.0 where a union is empty."""
    iou = np.zeros((len(a), len(b)))
    found, room = np.empty(len(b), np.int64), np.empty((3, 12, 3))
    low, high, low_b, high_b = hulls
    for i in range(len(a)):
        n = row_candidates(i, low, high, low_b, high_b, order, sorted_low, longest, found)
        for k in range(n):
            j = found[k]
            iou[i, j] = iou_of_two(kind, a, i, b, j, size_a[i], size_b[j], room)
    return iou


@njit(cache=True, error_model="numpy")
def sparse_iou(
    kind: int,
    a: FloatArray,
    b: FloatArray,
    size_a: FloatArray,
    size_b: FloatArray,
    hulls: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    order: IntArray,
    sorted_low: FloatArray,
    longest: float,
    above: float,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Row of a, row of b and IoU of each pair with an IoU above `above`, by a, then b."""
    found, room = np.empty(len(b), np.int64), np.empty((3, 12, 3))
    limit, size = 256, 0
    rows, columns, values = np.empty(limit, np.int64), np.empty(limit, np.int64), np.empty(limit)
    low, high, low_b, high_b = hulls
    for i in range(len(a)):
        n = row_candidates(i, low, high, low_b, high_b, order, sorted_low, longest, found)
        found[:n].sort()
        if size + n > limit:
            limit = 2 * (size + n)
            rows, columns, values = _longer(rows, limit), _longer(columns, limit), _longer(values, limit)
        for k in range(n):
            j = found[k]
            iou = iou_of_two(kind, a, i, b, j, size_a[i], size_b[j], room)
            if iou > above:
                rows[size], columns[size], values[size] = i, j, iou
                size += 1
    return rows[:size].copy(), columns[:size].copy(), values[:size].copy()


@njit(cache=True, error_model="numpy")
def _longer(values: npt.NDArray[Any], limit: int) -> npt.NDArray[Any]:
    more = np.empty(limit, values.dtype)
    more[: len(values)] = values
    return more


@njit(cache=True, error_model="numpy")
def paired_overlap(
    kind: int, a: FloatArray, b: FloatArray, size_a: FloatArray, size_b: FloatArray
) -> FloatArray:
    """(n, .) and (n, .) boxes -> (n,) area or volume that row i of both has in common."""
    overlap, room = np.zeros(len(a)), np.empty((3, 12, 3))
    for i in range(len(a)):
        overlap[i] = overlap_of_two(kind, a, i, b, i, size_a[i], size_b[i], room)
    return overlap


@njit(cache=True, error_model="numpy")
def iou_of_two(
    kind: int, a: FloatArray, i: int, b: FloatArray, j: int, size_a: float, size_b: float, room: FloatArray
) -> float:
    """IoU of two boxes; 0.0 where the union is empty."""
    overlap = overlap_of_two(kind, a, i, b, j, size_a, size_b, room)
    return overlap / (size_a + size_b - overlap) if overlap > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def overlap_of_two(
    kind: int, a: FloatArray, i: int, b: FloatArray, j: int, size_a: float, size_b: float, room: FloatArray
) -> float:
    """Area (BEV) or volume that two boxes have in common; `room` is scratch."""
    # Seen from the smaller box: errors are in proportion to it. Equal ones go by their numbers, so that
    # a with b is bit for bit b with a.
    smallest = min(size_a, size_b)
    if smallest <= 0.0:
        return 0.0
    swap = size_b < size_a or (size_b == size_a and _comes_first(b, j, a, i))
    if kind == TURNED:
        overlap = _turned(b, j, a, i, room) if swap else _turned(a, i, b, j, room)
    else:
        overlap = _flat(b, j, a, i) if swap else _flat(a, i, b, j)
        if kind == UPRIGHT:
            top = min(a[i, 2] + a[i, 5], b[j, 2] + b[j, 5])
            overlap *= max(0.0, top - max(a[i, 2] - a[i, 5], b[j, 2] - b[j, 5]))
    return min(overlap, smallest) if overlap > NOISE * smallest else 0.0


@njit(cache=True, error_model="numpy")
def _comes_first(a: FloatArray, i: int, b: FloatArray, j: int) -> bool:
    for k in range(a.shape[1]):
        if a[i, k] != b[j, k]:
            return bool(a[i, k] < b[j, k])
    return False


@njit(cache=True, error_model="numpy")
def _flat(a: FloatArray, i: int, b: FloatArray, j: int) -> float:
    """Area in common from above, seen from box i of a."""
    dx, dy = b[j, 0] - a[i, 0], b[j, 1] - a[i, 1]
    cos_a, sin_a, cos_b, sin_b = a[i, 6], a[i, 7], b[j, 6], b[j, 7]
    half_x, half_y = a[i, 3], a[i, 4]
    cos, sin = cos_a * cos_b + sin_a * sin_b, cos_a * sin_b - sin_a * cos_b
    x, y = cos_a * dx + sin_a * dy, cos_a * dy - sin_a * dx
    ux, uy, vx, vy = cos * b[j, 3], sin * b[j, 3], -sin * b[j, 4], cos * b[j, 4]
    if abs(x) >= half_x + abs(ux) + abs(vx) or abs(y) >= half_y + abs(uy) + abs(vy):
        return 0.0
    if abs(cos_b * dx + sin_b * dy) >= b[j, 3] + abs(cos) * half_x + abs(sin) * half_y:
        return 0.0
    if abs(cos_b * dy - sin_b * dx) >= b[j, 4] + abs(sin) * half_x + abs(cos) * half_y:
        return 0.0
    area = 0.0
    if ux != 0.0:
        slope, reach = uy / ux, abs(ux)
        strip = _under(x + vx, y + vy, reach, slope, half_x, half_y)
        strip -= _under(x - vx, y - vy, reach, slope, half_x, half_y)
        area += strip if ux > 0.0 else -strip
    if vx != 0.0:
        slope, reach = vy / vx, abs(vx)
        strip = _under(x - ux, y - uy, reach, slope, half_x, half_y)
        strip -= _under(x + ux, y + uy, reach, slope, half_x, half_y)
        area += strip if vx > 0.0 else -strip
    return area


@njit(cache=True, error_model="numpy")
def _under(x: float, y: float, reach: float, slope: float, half_x: float, half_y: float) -> float:
    """Area inside |x| <= half_x, |y| <= half_y below an edge through (x, y), x +- reach."""
    left, right = max(x - reach, -half_x), min(x + reach, half_x)
    if left >= right:
        return 0.0
    # Selections instead of branches: which case holds is a coin toss that processors guess badly (2x).
    middle, rise = y + slope * (0.5 * (left + right) - x), 0.5 * abs(slope) * (right - left)
    low, high = middle - rise, middle + rise
    part = 0.5 / max(rise, 1e-300)
    below, above = min(1.0, max(0.0, -half_y - low) * part), min(1.0, max(0.0, high - half_y) * part)
    height = 0.5 * (min(half_y, max(low, -half_y)) + max(-half_y, min(high, half_y))) + half_y
    return (right - left) * (above * 2.0 * half_y + max(0.0, 1.0 - above - below) * height)


@njit(cache=True, error_model="numpy")
def _turned(a: FloatArray, i: int, b: FloatArray, j: int, room: FloatArray) -> float:
    """Volume in common, seen from box i of a."""
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
