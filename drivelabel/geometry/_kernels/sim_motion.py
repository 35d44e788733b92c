"""Blur of a camera that moves while its shutter is open, for numba."""

from __future__ import annotations

import numpy as np

from drivelabel.geometry._kernels.sim_bare import bare
from drivelabel.geometry._kernels.sim_shade import flat_ray
from drivelabel.geometry._kernels.sim_surface import View
from drivelabel.typing import Float32Array, FloatArray

TAPS = 7


@bare
def blur_motion(
    light: Float32Array,
    nearness: Float32Array,
    view: View,
    move: FloatArray,
    turn: FloatArray,
    out: Float32Array,
) -> None:
    """Average light along the way that each pixel's surface goes over the image, as if nothing else moved.

    Args:
        light: (h, w, 3), linear RGB.
        nearness: (h, w), 1 / depth in metres, 0 for the sky.
        view: the camera.
        move: (3,), metres that the camera moves in its own coords while the shutter is open.
        turn: (3,), radians that it turns.
        out: (h, w, 3), the result; a copy of the light at first.
    """
    height, width = nearness.shape
    is_pinhole, focal_x, focal_y = view.rays.shape[0] == 0, view.matrix[0, 0], view.matrix[1, 1]
    per_px = 1.0 / focal_x
    for y in range(height):
        first_x, first_y = flat_ray(view, 0.5, y + 0.5)
        for x in range(width):
            if is_pinhole:
                ray_x, ray_y = first_x + x * per_px, first_y
            else:
                ray_x, ray_y = view.rays[y, x, 0], view.rays[y, x, 1]
            near = nearness[y, x]
            ax = -move[0] * near - (turn[1] - turn[2] * ray_y)
            ay = -move[1] * near - (turn[2] * ray_x - turn[0])
            az = -move[2] * near - (turn[0] * ray_y - turn[1] * ray_x)
            step_x, step_y = (ax - ray_x * az) * focal_x, (ay - ray_y * az) * focal_y
            long = abs(step_x) + abs(step_y)
            if not long > 0.5:
                continue
            taps = 3 if long < 3.0 else TAPS
            r = g = b = 0.0
            for tap in range(taps):
                t = (tap + 0.5) / taps - 0.5
                column = min(max(int(np.floor(x + t * step_x + 0.5)), 0), width - 1)
                row = min(max(int(np.floor(y + t * step_y + 0.5)), 0), height - 1)
                r, g, b = r + light[row, column, 0], g + light[row, column, 1], b + light[row, column, 2]
            share = 1.0 / taps
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r * share, g * share, b * share
