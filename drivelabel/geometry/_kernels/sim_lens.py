"""Seeing through a bent lens, for numba: triangles drawn straight onto rays that lie anywhere in a picture.

A pinhole picture has its rays in a grid; those of a bent lens lie unevenly in it. They are sorted into bins,
and each triangle is tried against the rays of the bins that it touches: no ray is missed, however thin the
triangle. The rule which of two neighbours owns a ray is the one of :mod:`sim_raster`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.sim_raster import DECAL_METRES, DECAL_RELATIVE
from drivelabel.typing import AnyArray, FloatArray, Int32Array

UNSEEN = -2
"""Number of the triangle behind a pixel that no light reaches: outside of the lens's circle."""

BIN = 2
"""Cells of the picture on a side of a bin."""


@njit(cache=True, nogil=True, error_model="numpy")
def sort_into_bins(at: FloatArray, hw: tuple[int, int]) -> tuple[Int32Array, Int32Array]:
    """(n, 2) places in a picture of some cells -> first ray of each bin, (n,) the one after each; -1."""
    head = np.full((hw[0] // BIN + 1, hw[1] // BIN + 1), -1, np.int32)
    after = np.empty(len(at), np.int32)
    for i in range(len(at)):
        row, column = int(at[i, 1]) // BIN, int(at[i, 0]) // BIN
        after[i] = head[row, column]
        head[row, column] = i
    return head, after


@njit(cache=True, nogil=True, error_model="numpy")
def fill_rays(
    corners: FloatArray,
    planes: FloatArray,
    owner: Int32Array,
    layer: AnyArray,
    at: FloatArray,
    head: Int32Array,
    after: Int32Array,
    nearness: FloatArray,
    behind: Int32Array,
) -> None:
    """Draw cut triangles onto rays: bodies first, then each layer of decals.

    Args:
        corners: (k, 3, 2), cells, see :mod:`sim_raster`.
        planes: (k, 3), of nearness over the cells.
        owner: (k,), the triangles' numbers.
        layer: by number, 0 for bodies.
        at: (n, 2), cells, where the rays lie in the picture.
        head: see :func:`sort_into_bins`.
        after: the same.
        nearness: (n,), changed in place.
        behind: (n,), the nearest triangle's number, changed in place.
    """
    highest = 0
    for k in range(len(owner)):
        highest = max(highest, layer[owner[k]])
    for level in range(highest + 1):
        for k in range(len(owner)):
            if layer[owner[k]] == level:
                _draw(corners[k], planes[k], owner[k], level > 0, at, head, after, nearness, behind)


@njit(cache=True, nogil=True, error_model="numpy")
def _draw(
    flat: FloatArray, plane: FloatArray, number: int, is_decal: bool, at: FloatArray, head: Int32Array,
    after: Int32Array, nearness: FloatArray, behind: Int32Array,
) -> None:  # fmt: skip
    """Draw one triangle onto the rays of all bins that it touches."""
    top, mid, low = 0, 1, 2
    if flat[mid, 1] < flat[top, 1]:
        top, mid = mid, top
    if flat[low, 1] < flat[mid, 1]:
        mid, low = low, mid
        if flat[mid, 1] < flat[top, 1]:
            top, mid = mid, top
    x0, y0, x1, y1, x2, y2 = (
        flat[top, 0],
        flat[top, 1],
        flat[mid, 0],
        flat[mid, 1],
        flat[low, 0],
        flat[low, 1],
    )
    first, last = max(int(np.floor(y0 / BIN)), 0), min(int(np.floor(y2 / BIN)), head.shape[0] - 1)
    for row in range(first, last + 1):
        left, right = _span(x0, y0, x1, y1, x2, y2, float(row * BIN), float((row + 1) * BIN))
        start = max(int(np.floor(left / BIN - 1e-6)), 0)
        stop = min(int(np.floor(right / BIN + 1e-6)), head.shape[1] - 1)
        for column in range(start, stop + 1):
            i = head[row, column]
            while i >= 0:
                x, y = at[i, 0], at[i, 1]
                if y0 <= y < y2:
                    # Edges always from their upper end, so that neighbours share every ray's decision.
                    long = x0 + (y - y0) * ((x2 - x0) / (y2 - y0))
                    if y < y1:
                        short = x0 + (y - y0) * ((x1 - x0) / (y1 - y0))
                    else:
                        short = x1 + (y - y1) * ((x2 - x1) / (y2 - y1))
                    if min(long, short) <= x < max(long, short):
                        _meet(plane[0] * x + plane[1] * y + plane[2], number, is_decal, i, nearness, behind)
                i = after[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _meet(
    value: float, number: int, is_decal: bool, i: int, nearness: FloatArray, behind: Int32Array
) -> None:
    """Keep a triangle that a ray meets when it is the nearest so far, or lies on it."""
    there = nearness[i]
    if is_decal:
        if value >= there * (1.0 - DECAL_RELATIVE - DECAL_METRES * there):
            nearness[i], behind[i] = max(there, value), number
    elif value > there:
        nearness[i], behind[i] = value, number


@njit(cache=True, nogil=True, error_model="numpy")
def _span(
    x0: float, y0: float, x1: float, y1: float, x2: float, y2: float, low: float, high: float
) -> tuple[float, float]:
    """Least and greatest x of a triangle, its corners from above, between two heights."""
    left, right = np.inf, -np.inf
    for k in range(3):
        ax, ay = (x1, y1) if k == 2 else (x0, y0)
        bx, by = (x1, y1) if k == 0 else (x2, y2)
        if by < low or ay > high:
            continue
        steep = (bx - ax) / (by - ay) if by > ay else 0.0
        p = ax + (max(ay, low) - ay) * steep
        q = ax + (min(by, high) - ay) * steep if by > ay else bx
        left, right = min(left, p, q), max(right, p, q)
    return left, right


@njit(cache=True, nogil=True, error_model="numpy")
def look_up_cells(
    rays: FloatArray,
    face_of: AnyArray,
    face: int,
    face_from_cam: FloatArray,
    face_matrix: FloatArray,
    seen: Int32Array,
    fine: Int32Array,
) -> None:
    """Colours of the pixels that look through one face of a cube around the camera.

    Args:
        rays: (h, w, 2) in the plane z = 1, NaN beyond the lens's circle.
        face_of: (h, w), which face each pixel looks through.
        face: which one this is.
        face_from_cam: (3, 3), its rotation.
        face_matrix: (3, 3), of the pinhole picture through it.
        seen: (fh, fw), triangles in that picture.
        fine: (2 h, 2 w); the nearest cell of the picture for four places of each pixel, changed in place.
    """
    height, width = face_of.shape
    for y in range(height):
        for x in range(width):
            if face_of[y, x] != face:
                continue
            right, low = min(x + 1, width - 1), min(y + 1, height - 1)
            left, top = right - 1, low - 1
            for k in range(4):
                fx, fy = (0.25 if k & 1 else -0.25), (0.25 if k & 2 else -0.25)
                sub_x = rays[y, x, 0] + fx * (rays[y, right, 0] - rays[y, left, 0])
                sub_x += fy * (rays[low, x, 0] - rays[top, x, 0])
                sub_y = rays[y, x, 1] + fx * (rays[y, right, 1] - rays[y, left, 1])
                sub_y += fy * (rays[low, x, 1] - rays[top, x, 1])
                if not (np.isfinite(sub_x) and np.isfinite(sub_y)):
                    sub_x, sub_y = rays[y, x, 0], rays[y, x, 1]
                column, row = _cell_of(sub_x, sub_y, face_from_cam, face_matrix, seen.shape)
                fine[2 * y + (k >> 1), 2 * x + (k & 1)] = seen[row, column]


@njit(cache=True, nogil=True, error_model="numpy")
def _cell_of(
    x: float, y: float, face_from_cam: FloatArray, matrix: FloatArray, hw: tuple[int, ...]
) -> tuple[int, int]:
    m = face_from_cam
    z = max(m[2, 0] * x + m[2, 1] * y + m[2, 2], 1e-6)
    u = (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / z * matrix[0, 0] + matrix[0, 2]
    v = (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / z * matrix[1, 1] + matrix[1, 2]
    return min(max(int(u), 0), hw[1] - 1), min(max(int(v), 0), hw[0] - 1)
