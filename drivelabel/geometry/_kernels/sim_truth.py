"""What exactly lies behind pixels, for numba. Nothing here raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.sim_raster import NOTHING
from drivelabel.typing import Float32Array, FloatArray, Int32Array, UInt8Array, UInt16Array


@njit(cache=True, nogil=True, error_model="numpy")
def plane_of(triangle: Float32Array, cam_from_world: FloatArray, p: FloatArray, plane: FloatArray) -> None:
    """Write (4,): a normal in camera coords and its product with the triangle's points; `p` is scratch."""
    for j in range(3):
        x, y, z = triangle[j, 0], triangle[j, 1], triangle[j, 2]
        for axis in range(3):
            row = cam_from_world[axis]
            p[j, axis] = row[0] * x + row[1] * y + row[2] * z + row[3]
    ax, ay, az = p[1, 0] - p[0, 0], p[1, 1] - p[0, 1], p[1, 2] - p[0, 2]
    bx, by, bz = p[2, 0] - p[0, 0], p[2, 1] - p[0, 1], p[2, 2] - p[0, 2]
    plane[0], plane[1], plane[2] = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    plane[3] = plane[0] * p[0, 0] + plane[1] * p[0, 1] + plane[2] * p[0, 2]


@njit(cache=True, nogil=True, error_model="numpy")
def truth_maps(
    behind: Int32Array,
    triangles: Float32Array,
    category_of: UInt8Array,
    instance_of: UInt16Array,
    cam_from_world: FloatArray,
    matrix: FloatArray,
    rays: FloatArray,
    sky: int,
    void: int,
    category: UInt8Array,
    instance: UInt16Array,
    depth: Float32Array,
) -> None:
    """Fill (h, w) maps from the triangles' numbers; `rays` is (h, w, 2), or empty for a pinhole."""
    height, width = behind.shape
    corners, plane = np.empty((3, 3)), np.empty(4)
    last = NOTHING
    for y in range(height):
        for x in range(width):
            number = behind[y, x]
            if number < 0:
                category[y, x] = sky if number == NOTHING else void
                instance[y, x], depth[y, x] = 0, np.inf
                continue
            category[y, x], instance[y, x] = category_of[number], instance_of[number]
            if rays.shape[0] == 0:
                ray_y = (y + 0.5 - matrix[1, 2]) / matrix[1, 1]
                ray_x = (x + 0.5 - matrix[0, 2] - matrix[0, 1] * ray_y) / matrix[0, 0]
            else:
                ray_x, ray_y = rays[y, x, 0], rays[y, x, 1]
            if number != last:  # neighbours mostly show the same triangle
                plane_of(triangles[number], cam_from_world, corners, plane)
                last = number
            along = plane[0] * ray_x + plane[1] * ray_y + plane[2]
            away = plane[3] / along if along != 0.0 else np.inf
            depth[y, x] = away if away > 0.0 else np.inf
