"""Seeing through a bent lens, for numba: pinhole pictures name triangles to try, the ray itself decides."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.sim_raster import DECAL_METRES, DECAL_RELATIVE, NOTHING
from drivelabel.typing import AnyArray, Float32Array, FloatArray, Int32Array

UNSEEN = -2
"""Number of the triangle behind a pixel that no light reaches: outside of the lens's circle."""

_INSIDE = -1e-9
"""Share of a triangle's weight by which a ray may miss it: neighbours must not leave gaps between them."""


@njit(cache=True, nogil=True, error_model="numpy")
def meet(
    triangle: Float32Array, cam_from_world: FloatArray, ray_x: float, ray_y: float, corners: FloatArray
) -> float:
    """1 / depth at which the ray (ray_x, ray_y, 1) meets a triangle; 0 when it does not."""
    for j in range(3):
        x, y, z = triangle[j, 0], triangle[j, 1], triangle[j, 2]
        for axis in range(3):
            row = cam_from_world[axis]
            corners[j, axis] = row[0] * x + row[1] * y + row[2] * z + row[3]
    w0, w1, w2 = (
        _volume(corners, 1, 2, ray_x, ray_y),
        _volume(corners, 2, 0, ray_x, ray_y),
        _volume(corners, 0, 1, ray_x, ray_y),
    )
    total = w0 + w1 + w2
    if total == 0.0:
        return 0.0
    if w0 / total < _INSIDE or w1 / total < _INSIDE or w2 / total < _INSIDE:
        return 0.0
    depth = (w0 * corners[0, 2] + w1 * corners[1, 2] + w2 * corners[2, 2]) / total
    return 1.0 / depth if depth > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _volume(p: FloatArray, a: int, b: int, x: float, y: float) -> float:
    """Triple product of a ray with two corners."""
    volume: float = (
        x * (p[a, 1] * p[b, 2] - p[a, 2] * p[b, 1])
        + y * (p[a, 2] * p[b, 0] - p[a, 0] * p[b, 2])
        + (p[a, 0] * p[b, 1] - p[a, 1] * p[b, 0])
    )
    return volume


@njit(cache=True, nogil=True, error_model="numpy")
def through_lens(
    rays: FloatArray,
    face_of: AnyArray,
    face: int,
    face_from_cam: FloatArray,
    face_matrix: FloatArray,
    seen: Int32Array,
    triangles: Float32Array,
    layer: AnyArray,
    cam_from_world: FloatArray,
    truth: Int32Array,
    fine: Int32Array,
) -> None:
    """Fill in the pixels that look through one face of a cube around the camera.

    Args:
        rays: (h, w, 2) in the plane z = 1, NaN beyond the lens's circle.
        face_of: (h, w), which face each pixel looks through.
        face: which one this is.
        face_from_cam: (3, 3), its rotation.
        face_matrix: (3, 3), of the pinhole picture through it.
        seen: (fh, fw), triangles in that picture.
        triangles: (m, 3, 3), metres.
        layer: (m,), 0 for bodies.
        cam_from_world: (4, 4).
        truth: (h, w); the triangle that the ray through a pixel's middle meets.
        fine: (2 h, 2 w); the nearest cell of the picture, for colours.
    """
    height, width = truth.shape
    corners, found = np.empty((3, 3)), np.empty(9, np.int32)
    for y in range(height):
        for x in range(width):
            if face_of[y, x] != face:
                continue
            column, row = _cell_of(rays[y, x, 0], rays[y, x, 1], face_from_cam, face_matrix, seen.shape)
            n = _around(seen, column, row, found)
            if n == 1:
                truth[y, x] = found[0]
            else:
                truth[y, x] = _decide(
                    found, n, triangles, layer, cam_from_world, rays[y, x, 0], rays[y, x, 1], corners
                )
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


@njit(cache=True, nogil=True, error_model="numpy")
def _around(seen: Int32Array, column: int, row: int, found: Int32Array) -> int:
    """Different triangles in a cell and its neighbours, the cell's own first; returns how many."""
    found[0] = seen[row, column]
    n = 1
    for y in range(max(row - 1, 0), min(row + 2, seen.shape[0])):
        for x in range(max(column - 1, 0), min(column + 2, seen.shape[1])):
            number = seen[y, x]
            is_new = True
            for k in range(n):
                is_new = is_new and found[k] != number
            if is_new:
                found[n] = number
                n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _decide(
    found: Int32Array,
    n: int,
    triangles: Float32Array,
    layer: AnyArray,
    cam_from_world: FloatArray,
    ray_x: float,
    ray_y: float,
    corners: FloatArray,
) -> int:
    """Which of some triangles a ray meets first; decals lie on bodies, in order of layer and number."""
    best, nearness, hit_any = NOTHING, 0.0, False
    for k in range(n):
        number = found[k]
        if number < 0 or layer[number] != 0:
            continue
        value = meet(triangles[number], cam_from_world, ray_x, ray_y, corners)
        if value > nearness:
            best, nearness, hit_any = number, value, True
    order = -1
    while True:
        # The decal that comes next; there are at most nine.
        following, key = -1, 1 << 62
        for k in range(n):
            number = found[k]
            if number >= 0 and layer[number] != 0:
                own = (int(layer[number]) << 40) + number
                if order < own < key:
                    following, key = number, own
        if following < 0:
            break
        order = key
        value = meet(triangles[following], cam_from_world, ray_x, ray_y, corners)
        if value > 0.0 and value >= nearness * (1.0 - DECAL_RELATIVE - DECAL_METRES * nearness):
            best, nearness, hit_any = following, max(nearness, value), True
    # A ray between all of them that is not seen past them: a sliver that no cell's middle met.
    has_sky = False
    for k in range(n):
        has_sky = has_sky or found[k] < 0
    return best if hit_any or has_sky else found[0]
