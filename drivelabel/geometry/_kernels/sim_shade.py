"""Colours of a picture whose triangles are known, for numba. Colours are linear RGB.

Revision 3 of what is inlined here from sim_surface, sim_lighting, sim_texture, sim_sky and sim_noise: numba
keeps compiled kernels for as long as the text of this file alone stays the same, so count on with every
change of those.
"""

from __future__ import annotations

import numpy as np

from drivelabel.geometry._kernels.sim_bare import bare, inside
from drivelabel.geometry._kernels.sim_lighting import Maps
from drivelabel.geometry._kernels.sim_noise import TILE, fade, jitter
from drivelabel.geometry._kernels.sim_raster import NOTHING
from drivelabel.geometry._kernels.sim_sky import SKY_STEP, Sky, cloudy_sky, sun_disc
from drivelabel.geometry._kernels.sim_surface import Skin, View, shine_back
from drivelabel.geometry._kernels.sim_texture import FACADE
from drivelabel.typing import Float32Array, Int32Array

Shaded = tuple[float, float, float, float]
"""Red, green, blue, and 1 / depth."""


@bare
def shade_image(
    behind: Int32Array,
    skin: Skin,
    maps: Maps,
    sky: Sky,
    view: View,
    backdrop: Float32Array,
    rgb: Float32Array,
    nearness: Float32Array,
) -> None:
    """Colours (h, w, 3) and rough 1 / depth (h, w) of pixels that each hold 2 x 2 cells of `behind`.

    A pixel whose four cells hold one triangle is shaded once, at its middle; else each triangle once. Inside
    of triangles every other pixel is the mean of its neighbours: a third faster, no softer than a camera.
    `backdrop` is from :func:`paint_sky`.
    """
    height, width = rgb.shape[0], rgb.shape[1]
    for y in range(height):
        for x in range(width):
            if (x + y) & 1 and _is_even(behind, x, y, skin):
                continue
            a, b = behind[2 * y, 2 * x], behind[2 * y, 2 * x + 1]
            c, d = behind[2 * y + 1, 2 * x], behind[2 * y + 1, 2 * x + 1]
            red = green = blue = 0.0
            nearest = 0.0
            left = 4.0
            for k in range(4):
                number = a if k == 0 else (b if k == 1 else (c if k == 2 else d))
                if (k > 0 and number == a) or (k > 1 and number == b) or (k > 2 and number == c):
                    continue
                in_a, in_b = 1.0 if a == number else 0.0, 1.0 if b == number else 0.0
                in_c, in_d = 1.0 if c == number else 0.0, 1.0 if d == number else 0.0
                count = in_a + in_b + in_c + in_d
                px = x + 0.25 + 0.5 * (in_b + in_d) / count
                py = y + 0.25 + 0.5 * (in_c + in_d) / count
                r1, g1, b1, near = _shade(number, px, py, skin, maps, sky, view, backdrop)
                share = 0.25 * count
                red, green, blue = red + share * r1, green + share * g1, blue + share * b1
                nearest = max(nearest, near)
                left -= count
                if left == 0.0:
                    break
            rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2], nearness[y, x] = red, green, blue, nearest
    _fill_even(behind, skin, rgb, nearness)


@bare
def _is_even(behind: Int32Array, x: int, y: int, skin: Skin) -> bool:
    """Whether a pixel and its four neighbours show one triangle without hard edges in its texture."""
    if x < 1 or y < 1 or 2 * x + 4 > behind.shape[1] or 2 * y + 4 > behind.shape[0]:
        return False
    number = behind[2 * y, 2 * x]
    if number < 0 or skin.material[number] == FACADE:
        return False
    row, column = behind[2 * y], behind[:, 2 * x]
    if row[2 * x - 2] != number or row[2 * x + 3] != number or behind[2 * y + 1, 2 * x + 1] != number:
        return False
    return bool(column[2 * y - 2] == number and column[2 * y + 3] == number)


@bare
def _fill_even(behind: Int32Array, skin: Skin, rgb: Float32Array, nearness: Float32Array) -> None:
    """Give the pixels that were left out the mean of their neighbours, as a camera's colour filter does."""
    height, width = rgb.shape[0], rgb.shape[1]
    for y in range(1, height - 1):
        for x in range(1 + (y & 1), width - 1, 2):
            if _is_even(behind, x, y, skin):
                for k in range(3):
                    rgb[y, x, k] = 0.25 * (
                        rgb[y, x - 1, k] + rgb[y, x + 1, k] + rgb[y - 1, x, k] + rgb[y + 1, x, k]
                    )
                nearness[y, x] = 0.5 * (nearness[y, x - 1] + nearness[y, x + 1])


@bare
def paint_sky(sky: Sky, view: View, backdrop: Float32Array) -> None:
    """Fill (h / SKY_STEP + 2, w / SKY_STEP + 2, 4): the sky at every few pixels, and how clear it is."""
    m = view.world_from_cam
    for row in range(backdrop.shape[0]):
        for column in range(backdrop.shape[1]):
            ray_x, ray_y = flat_ray(view, float(column * SKY_STEP), float(row * SKY_STEP))
            long = 1.0 / np.sqrt(ray_x * ray_x + ray_y * ray_y + 1.0)
            if not np.isfinite(long):
                continue
            dx = (m[0, 0] * ray_x + m[0, 1] * ray_y + m[0, 2]) * long
            dy = (m[1, 0] * ray_x + m[1, 1] * ray_y + m[1, 2]) * long
            dz = (m[2, 0] * ray_x + m[2, 1] * ray_y + m[2, 2]) * long
            r, g, b, clear = cloudy_sky(sky, dx, dy, dz)
            cell = backdrop[row, column]
            cell[0], cell[1], cell[2], cell[3] = r, g, b, clear


@inside
def flat_ray(view: View, x: float, y: float) -> tuple[float, float]:
    """Where a pixel position lies in the plane z = 1."""
    if view.rays.shape[0] == 0:
        ray_y = (y - view.matrix[1, 2]) * view.inverse[1]
        return (x - view.matrix[0, 2] - view.matrix[0, 1] * ray_y) * view.inverse[0], ray_y
    height, width = view.rays.shape[0], view.rays.shape[1]
    column, row = min(int(x), width - 1), min(int(y), height - 1)
    right, low = min(column + 1, width - 1), min(row + 1, height - 1)
    left, top = right - 1, low - 1
    fx, fy = x - 0.5 - column, y - 0.5 - row
    ray_x, ray_y = view.rays[row, column, 0], view.rays[row, column, 1]
    ray_x += fx * (view.rays[row, right, 0] - view.rays[row, left, 0])
    ray_x += fy * (view.rays[low, column, 0] - view.rays[top, column, 0])
    ray_y += fx * (view.rays[row, right, 1] - view.rays[row, left, 1])
    ray_y += fy * (view.rays[low, column, 1] - view.rays[top, column, 1])
    return ray_x, ray_y


@inside
def _shade(
    number: int, x: float, y: float, skin: Skin, maps: Maps, sky: Sky, view: View, backdrop: Float32Array
) -> Shaded:
    """One triangle, or the sky, at a position in the image."""
    ray_x, ray_y = flat_ray(view, x, y)
    m = view.world_from_cam
    if number < NOTHING or not (np.isfinite(ray_x) and np.isfinite(ray_y)):
        return 0.0, 0.0, 0.0, 0.0
    long = 1.0 / np.sqrt(ray_x * ray_x + ray_y * ray_y + 1.0)
    dx = (m[0, 0] * ray_x + m[0, 1] * ray_y + m[0, 2]) * long
    dy = (m[1, 0] * ray_x + m[1, 1] * ray_y + m[1, 2]) * long
    dz = (m[2, 0] * ray_x + m[2, 1] * ray_y + m[2, 2]) * long
    if number < 0:
        above: Shaded = _sky_at(sky, backdrop, x, y, dx, dy, dz)
        return above
    t = skin.triangles[number]
    ax, ay, az = t[0, 0] - m[0, 3], t[0, 1] - m[1, 3], t[0, 2] - m[2, 3]
    bx, by, bz = t[1, 0] - m[0, 3], t[1, 1] - m[1, 3], t[1, 2] - m[2, 3]
    cx, cy, cz = t[2, 0] - m[0, 3], t[2, 1] - m[1, 3], t[2, 2] - m[2, 3]
    w0 = dx * (by * cz - bz * cy) + dy * (bz * cx - bx * cz) + dz * (bx * cy - by * cx)
    w1 = dx * (cy * az - cz * ay) + dy * (cz * ax - cx * az) + dz * (cx * ay - cy * ax)
    w2 = dx * (ay * bz - az * by) + dy * (az * bx - ax * bz) + dz * (ax * by - ay * bx)
    total = w0 + w1 + w2
    total = 1.0 / (total if total != 0.0 else 1e-30)
    # A cell's average position may lie a little outside of a sliver.
    w0, w1 = min(max(w0 * total, 0.0), 1.0), min(max(w1 * total, 0.0), 1.0)
    w2 = min(max(1.0 - w0 - w1, 0.0), 1.0)
    rx, ry, rz = w0 * ax + w1 * bx + w2 * cx, w0 * ay + w1 * by + w2 * cy, w0 * az + w1 * bz + w2 * cz
    distance = abs(rx * dx + ry * dy + rz * dz)
    uv = skin.uv[number]
    u = w0 * uv[0, 0] + w1 * uv[1, 0] + w2 * uv[2, 0]
    v = w0 * uv[0, 1] + w1 * uv[1, 1] + w2 * uv[2, 1]
    n = skin.normals[number]
    nx = w0 * n[0, 0] + w1 * n[1, 0] + w2 * n[2, 0]
    ny = w0 * n[0, 1] + w1 * n[1, 1] + w2 * n[2, 1]
    nz = w0 * n[0, 2] + w1 * n[1, 2] + w2 * n[2, 2]
    # 1 / sqrt near 1, to 1 in 200: normals of one corner lie close together.
    square = nx * nx + ny * ny + nz * nz
    scale = 1.875 - square * (1.25 - 0.375 * square)
    facing = (nx * dx + ny * dy + nz * dz) * scale
    if facing > 0.0:
        scale, facing = -scale, -facing
    nx, ny, nz = nx * scale, ny * scale, nz * scale
    px = distance * view.inverse[0] / np.sqrt(max(-facing, 0.03))
    cells = px * TILE * (0.75 + 0.75 * jitter(np.floor(x), np.floor(y)))
    r, g, b = shine_back(
        number, m[0, 3] + rx, m[1, 3] + ry, m[2, 3] + rz, dx, dy, dz, nx, ny, nz, u, v, px, cells,
        skin, maps, sky, view,
        view.matrix[0, 0] * ray_x + view.matrix[0, 2], view.matrix[1, 1] * ray_y + view.matrix[1, 2],
    )  # fmt: skip
    clear = fade(sky.thickness * distance)
    r = sky.haze[0] + (r - sky.haze[0]) * clear
    g = sky.haze[1] + (g - sky.haze[1]) * clear
    b = sky.haze[2] + (b - sky.haze[2]) * clear
    near: float = 1.0 / max(distance * long, 1e-6)
    return r, g, b, near


@inside
def _sky_at(sky: Sky, backdrop: Float32Array, x: float, y: float, dx: float, dy: float, dz: float) -> Shaded:
    """The sky at a position in the image, between the places where it is known, and the sun."""
    column, row = int(x / SKY_STEP), int(y / SKY_STEP)
    fx, fy = x / SKY_STEP - column, y / SKY_STEP - row
    r = g = b = clear = 0.0
    for k in range(4):
        part = (fx if k & 1 else 1.0 - fx) * (fy if k & 2 else 1.0 - fy)
        cell = backdrop[row + (k >> 1), column + (k & 1)]
        r, g, b, clear = r + part * cell[0], g + part * cell[1], b + part * cell[2], clear + part * cell[3]
    disc = sun_disc(sky, dx, dy, dz)
    if disc > 0.0:
        # Haze dims it as it dims the sky behind it.
        disc *= clear * fade(sky.thickness * 60.0 / (max(dz, 0.0) + 0.02))
        r, g, b = r + disc * sky.sun[0], g + disc * sky.sun[1], b + disc * sky.sun[2]
    return r, g, b, 0.0
