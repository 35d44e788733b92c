"""Which triangle lies behind each cell of a grid: a depth buffer, for numba. Nothing here raises.

A *cut* triangle is what is left of a triangle before the near plane, on the grid: corners (3, 2) in cells,
and a plane (a, b, c) that gives its *nearness* a * x + b * y + c, which is 1 / depth for a camera and the way
towards the sun for a shadow map. The larger nearness wins. The plane is that of the whole triangle, so
cutting never changes a depth.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import AnyArray, Float32Array, FloatArray, Int32Array

NOTHING = -1
"""Number of the triangle behind a cell where there is none."""

IGNORED = 255
"""Layer of what is not drawn at all."""

DECAL_RELATIVE, DECAL_METRES = 2e-4, 0.006
"""A decal is drawn unless it lies deeper than what is there by more than this share of its depth and this
length: float32 corners at 200 m and grazing sight err by 6e-6 of the depth."""


@njit(cache=True, nogil=True, error_model="numpy")
def cut_for_camera(
    triangles: Float32Array,
    layer: AnyArray,
    cam_from_world: FloatArray,
    matrix: FloatArray,
    grid_hw: tuple[int, int],
    near: float,
    only_middles: bool,
) -> tuple[FloatArray, FloatArray, Int32Array]:
    """(m, 3, 3) triangles through a pinhole -> (k, 3, 2) corners, (k, 3) planes, (k,) rows they came from.

    With `only_middles` triangles that no cell's middle can show are left out.
    """
    m = triangles.shape[0]
    corners, planes = np.empty((2 * m, 3, 2)), np.empty((2 * m, 3))
    owner = np.empty(2 * m, np.int32)
    p, polygon, flat = np.empty((3, 3)), np.empty((4, 3)), np.empty((4, 2))
    k = 0
    for i in range(m):
        if layer[i] == IGNORED:
            continue
        behind = 0
        for j in range(3):
            x, y, z = triangles[i, j, 0], triangles[i, j, 1], triangles[i, j, 2]
            for axis in range(3):
                row = cam_from_world[axis]
                p[j, axis] = row[0] * x + row[1] * y + row[2] * z + row[3]
            if p[j, 2] < near:
                behind += 1
        if behind == 3:
            continue
        n = _cut_near(p, near, behind, polygon)
        for j in range(n):
            y = polygon[j, 1] / polygon[j, 2]
            flat[j, 0] = (matrix[0, 0] * polygon[j, 0] + matrix[0, 1] * polygon[j, 1]) / polygon[
                j, 2
            ] + matrix[0, 2]
            flat[j, 1] = matrix[1, 1] * y + matrix[1, 2]
        if _is_outside(flat, n, grid_hw, only_middles):
            continue
        if not _inverse_depth(p, matrix, planes[k]):
            continue
        for part in range(n - 2):
            planes[k] = planes[k - part]
            owner[k] = i
            corners[k, 0] = flat[0]
            corners[k, 1] = flat[part + 1]
            corners[k, 2] = flat[part + 2]
            k += 1
    return corners[:k], planes[:k], owner[:k]


@njit(cache=True, nogil=True, error_model="numpy")
def _cut_near(p: FloatArray, near: float, behind: int, out: FloatArray) -> int:
    """The part of a triangle beyond the near plane: 3 or 4 corners in `out`."""
    if behind == 0:
        out[:3] = p
        return 3
    n = 0
    for j in range(3):
        a, b = p[j], p[(j + 1) % 3]
        if a[2] >= near:
            out[n] = a
            n += 1
        if (a[2] >= near) != (b[2] >= near):
            # Always from the corner in front, so that neighbours get the same point.
            if a[2] < near:
                a, b = b, a
            t = (a[2] - near) / (a[2] - b[2])
            for axis in range(2):
                out[n, axis] = a[axis] + t * (b[axis] - a[axis])
            out[n, 2] = near
            n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _is_outside(flat: FloatArray, n: int, grid_hw: tuple[int, int], only_middles: bool) -> bool:
    x0 = x1 = flat[0, 0]
    y0 = y1 = flat[0, 1]
    for j in range(1, n):
        x0, x1 = min(x0, flat[j, 0]), max(x1, flat[j, 0])
        y0, y1 = min(y0, flat[j, 1]), max(y1, flat[j, 1])
    outside: bool = x1 < 0.0 or y1 < 0.0 or x0 > grid_hw[1] or y0 > grid_hw[0]
    if only_middles:
        # Also what lies between the middles of cells.
        outside = outside or np.ceil(x0 - 0.5) >= np.ceil(x1 - 0.5) or np.ceil(y0 - 0.5) >= np.ceil(y1 - 0.5)
    return outside


@njit(cache=True, nogil=True, error_model="numpy")
def _inverse_depth(p: FloatArray, matrix: FloatArray, plane: FloatArray) -> bool:
    """Write 1 / depth over the grid; False when the triangle is seen exactly from its edge."""
    ax, ay, az = p[1, 0] - p[0, 0], p[1, 1] - p[0, 1], p[1, 2] - p[0, 2]
    bx, by, bz = p[2, 0] - p[0, 0], p[2, 1] - p[0, 1], p[2, 2] - p[0, 2]
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    offset = nx * p[0, 0] + ny * p[0, 1] + nz * p[0, 2]
    if offset == 0.0:
        return False
    nx, ny, nz = nx / offset, ny / offset, nz / offset
    a = nx / matrix[0, 0]
    b = (ny - a * matrix[0, 1]) / matrix[1, 1]
    plane[0], plane[1] = a, b
    plane[2] = nz - a * matrix[0, 2] - b * matrix[1, 2]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def cut_for_map(
    triangles: Float32Array, map_from_world: FloatArray, grid_hw: tuple[int, int]
) -> tuple[FloatArray, FloatArray, Int32Array]:
    """The same along parallel rays: rows of (3, 4) give cells x, cells y and nearness."""
    m = triangles.shape[0]
    corners, planes, owner = np.empty((m, 3, 2)), np.empty((m, 3)), np.empty(m, np.int32)
    p = np.empty((3, 3))
    k = 0
    for i in range(m):
        for j in range(3):
            x, y, z = triangles[i, j, 0], triangles[i, j, 1], triangles[i, j, 2]
            for axis in range(3):
                row = map_from_world[axis]
                p[j, axis] = row[0] * x + row[1] * y + row[2] * z + row[3]
        if _is_outside(p[:, :2], 3, grid_hw, True):
            continue
        ax, ay, bx, by = p[1, 0] - p[0, 0], p[1, 1] - p[0, 1], p[2, 0] - p[0, 0], p[2, 1] - p[0, 1]
        area = ax * by - ay * bx
        if abs(area) < 1e-9:
            continue
        da, db = p[1, 2] - p[0, 2], p[2, 2] - p[0, 2]
        planes[k, 0] = (da * by - db * ay) / area
        planes[k, 1] = (db * ax - da * bx) / area
        planes[k, 2] = p[0, 2] - planes[k, 0] * p[0, 0] - planes[k, 1] * p[0, 1]
        corners[k] = p[:, :2]
        owner[k] = i
        k += 1
    return corners[:k], planes[:k], owner[:k]


@njit(cache=True, nogil=True, error_model="numpy")
def fill(
    corners: FloatArray,
    planes: FloatArray,
    owner: Int32Array,
    layer: AnyArray,
    nearness: Float32Array,
    behind: Int32Array,
) -> None:
    """Draw cut triangles into (h, w) `nearness` and `behind`: bodies first, then each layer of decals."""
    highest = 0
    for k in range(len(owner)):
        if layer[owner[k]] == 0:
            _fill_one(corners[k], planes[k], owner[k], False, nearness, behind)
        else:
            highest = max(highest, layer[owner[k]])
    for level in range(1, highest + 1):
        for k in range(len(owner)):
            if layer[owner[k]] == level:
                _fill_one(corners[k], planes[k], owner[k], True, nearness, behind)


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_one(
    flat: FloatArray,
    plane: FloatArray,
    number: int,
    is_decal: bool,
    nearness: Float32Array,
    behind: Int32Array,
) -> None:
    height, width = behind.shape
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
    first = int(max(np.ceil(y0 - 0.5), 0.0))
    stop = int(min(np.ceil(y2 - 0.5), float(height)))
    for row in range(first, stop):
        y = row + 0.5
        # Edges always from their upper end, so that neighbours share every cell's decision.
        long = x0 + (y - y0) * ((x2 - x0) / (y2 - y0))
        short = x0 + (y - y0) * ((x1 - x0) / (y1 - y0)) if y < y1 else x1 + (y - y1) * ((x2 - x1) / (y2 - y1))
        left, right = min(long, short), max(long, short)
        column = int(min(max(np.ceil(left - 0.5), 0.0), float(width)))
        end = int(min(np.ceil(right - 0.5), float(width)))
        base = plane[1] * y + plane[2]
        if is_decal:
            for x in range(column, end):
                value = plane[0] * (x + 0.5) + base
                there = nearness[row, x]
                if value >= there * (1.0 - DECAL_RELATIVE - DECAL_METRES * there):
                    nearness[row, x] = max(there, np.float32(value))
                    behind[row, x] = number
        else:
            for x in range(column, end):
                value = np.float32(plane[0] * (x + 0.5) + base)
                if value > nearness[row, x]:
                    nearness[row, x] = value
                    behind[row, x] = number
