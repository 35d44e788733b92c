"""How much turned boxes overlap, for numba. Callers have checked shapes; nothing here raises.

A box is a row: center x, y, z, half sides along its own x, y, z, then its orientation: cos and sin of the
yaw (kinds BEV and UPRIGHT) or its (3, 3) rotation (kind TURNED).

How they overlap is in :mod:`flat_overlaps` and :mod:`solid_overlaps`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from drivelabel.geometry._kernels.flat_overlaps import AREA, LANES, ROOM, flat_overlaps, line_up
from drivelabel.geometry._kernels.solid_overlaps import solid_overlap
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
    iou, overlap = np.zeros((len(a), len(b))), np.empty(len(b))
    found, block, room = np.empty(len(b), np.int64), np.empty(ROOM), np.empty((3, 12, 3))
    low, high, low_b, high_b = hulls
    for i in range(len(a)):
        n = row_candidates(i, low, high, low_b, high_b, order, sorted_low, longest, found)
        _overlaps_of(kind, a, i, b, found[:n], size_a[i], size_b, block, room, overlap)
        for k in range(n):
            j = found[k]
            iou[i, j] = _over_union(overlap[k], size_a[i], size_b[j])
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
    overlap = np.empty(len(b))
    found, block, room = np.empty(len(b), np.int64), np.empty(ROOM), np.empty((3, 12, 3))
    limit, size = 256, 0
    rows, columns, values = np.empty(limit, np.int64), np.empty(limit, np.int64), np.empty(limit)
    low, high, low_b, high_b = hulls
    for i in range(len(a)):
        n = row_candidates(i, low, high, low_b, high_b, order, sorted_low, longest, found)
        found[:n].sort()
        _overlaps_of(kind, a, i, b, found[:n], size_a[i], size_b, block, room, overlap)
        if size + n > limit:
            limit = 2 * (size + n)
            rows, columns, values = _longer(rows, limit), _longer(columns, limit), _longer(values, limit)
        for k in range(n):
            iou = _over_union(overlap[k], size_a[i], size_b[found[k]])
            if iou > above:
                rows[size], columns[size], values[size] = i, found[k], iou
                size += 1
    return rows[:size].copy(), columns[:size].copy(), values[:size].copy()


@njit(cache=True, error_model="numpy")
def _longer(values: npt.NDArray[Any], limit: int) -> npt.NDArray[Any]:
    more = np.empty(limit, values.dtype)
    more[: len(values)] = values
    return more


@njit(forceinline=True, error_model="numpy")
def _over_union(overlap: float, size_a: float, size_b: float) -> float:
    return overlap / (size_a + size_b - overlap) if overlap > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def paired_overlap(
    kind: int, a: FloatArray, b: FloatArray, size_a: FloatArray, size_b: FloatArray
) -> FloatArray:
    """(n, .) and (n, .) boxes -> (n,) area or volume that row i of both has in common."""
    overlap, block, room = np.zeros(len(a)), np.empty(ROOM), np.empty((3, 12, 3))
    for i in range(len(a)):
        _overlaps_of(kind, a, i, b, np.array([i]), size_a[i], size_b, block, room, overlap[i : i + 1])
    return overlap


@njit(cache=True, error_model="numpy")
def _overlaps_of(
    kind: int,
    a: FloatArray,
    i: int,
    b: FloatArray,
    rows: IntArray,
    size_a: float,
    size_b: FloatArray,
    block: FloatArray,
    room: FloatArray,
    out: FloatArray,
) -> None:
    """Write the area (BEV) or volume that box i of a has in common with each of some rows of b into `out`.

    `block` and `room` are scratch.
    """
    if kind == TURNED:
        for k in range(len(rows)):
            j = rows[k]
            swap = _sees(b, j, size_b[j], a, i, size_a)
            overlap = solid_overlap(b, j, a, i, room) if swap else solid_overlap(a, i, b, j, room)
            out[k] = _without_noise(overlap, min(size_a, size_b[j]))
        return
    for first in range(0, len(rows), LANES):
        n = min(LANES, len(rows) - first)
        for k in range(n):
            j = rows[first + k]
            if _sees(b, j, size_b[j], a, i, size_a):
                line_up(block, k, b, j, a, i)
            else:
                line_up(block, k, a, i, b, j)
        flat_overlaps(block, n)
        for k in range(n):
            j = rows[first + k]
            overlap = block[AREA + k]
            if kind == UPRIGHT:
                top = min(a[i, 2] + a[i, 5], b[j, 2] + b[j, 5])
                overlap *= max(0.0, top - max(a[i, 2] - a[i, 5], b[j, 2] - b[j, 5]))
            out[first + k] = _without_noise(overlap, min(size_a, size_b[j]))


@njit(forceinline=True, error_model="numpy")
def _sees(a: FloatArray, i: int, size_a: float, b: FloatArray, j: int, size_b: float) -> bool:
    """Whether box i of a is the one from which the two are seen.

    It is the smaller one: errors are in proportion to it. Equal ones go by their numbers, so that a with b is
    bit for bit b with a.
    """
    if size_a != size_b:
        return size_a < size_b
    for k in range(a.shape[1]):
        if a[i, k] != b[j, k]:
            return bool(a[i, k] < b[j, k])
    return False


@njit(forceinline=True, error_model="numpy")
def _without_noise(overlap: float, smallest: float) -> float:
    """An overlap, at most the smaller box; 0.0 where it is rounding or a box has no size."""
    return min(overlap, smallest) if smallest > 0.0 and overlap > NOISE * smallest else 0.0
