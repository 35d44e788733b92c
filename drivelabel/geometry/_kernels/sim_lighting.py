"""How much light falls on a point of a surface, for numba. Colours are linear RGB."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from drivelabel.geometry._kernels.sim_bare import inside
from drivelabel.geometry._kernels.sim_noise import fade, smooth
from drivelabel.geometry._kernels.sim_sky import Rgb, Sky
from drivelabel.typing import Float32Array, FloatArray


class Maps(NamedTuple):
    """Pictures of the light, seen along parallel rays; each with its (3, 4) ``map_from_world``.

    ``near`` and ``far``: (h, w) nearness to the sun; ``cover``: (h, w), how much of the sky the ground lacks;
    ``lamps``: (h, w, 3), light of lamps on the ground.
    """

    near: Float32Array
    near_from_world: FloatArray
    far: Float32Array
    far_from_world: FloatArray
    cover: Float32Array
    cover_from_world: FloatArray
    lamps: Float32Array
    lamps_from_world: FloatArray
    headlights: FloatArray
    headlights_forward: FloatArray


@inside
def light_on(
    x: float,
    y: float,
    z: float,
    nx: float,
    ny: float,
    nz: float,
    is_ground: bool,
    is_leaf: bool,
    maps: Maps,
    sky: Sky,
) -> tuple[float, float, float, float]:
    """(red, green, blue) light on a surface, and the share of the sun that reaches it."""
    to_sun = nx * sky.sun_direction[0] + ny * sky.sun_direction[1] + nz * sky.sun_direction[2]
    if is_leaf:
        to_sun = 0.35 + 0.65 * to_sun  # leaves let light through
    seen = 0.0
    if to_sun > 0.0 and sky.sun[1] > 0.0:
        seen = _sun_reaches(x + 0.04 * nx, y + 0.04 * ny, z + 0.04 * nz, 0.45 if is_leaf else 0.03, maps)
    direct = max(to_sun, 0.0) * seen
    cover = _lookup(maps.cover, maps.cover_from_world, x, y, z)
    open_sky = 1.0 - cover
    if not is_ground:
        open_sky = 1.0 - 0.75 * cover * max(0.0, 1.0 - z / 1.5) if nz < 0.5 else 1.0
    above = 0.5 + 0.5 * nz
    side = 1.0 - abs(nz)
    r = sky.zenith[0] + (sky.horizon[0] - sky.zenith[0]) * (0.42 + 0.3 * side)
    g = sky.zenith[1] + (sky.horizon[1] - sky.zenith[1]) * (0.42 + 0.3 * side)
    b = sky.zenith[2] + (sky.horizon[2] - sky.zenith[2]) * (0.42 + 0.3 * side)
    bounce = 1.0 - above
    r = open_sky * (above * r + bounce * sky.ground[0]) + direct * sky.sun[0]
    g = open_sky * (above * g + bounce * sky.ground[1]) + direct * sky.sun[1]
    b = open_sky * (above * b + bounce * sky.ground[2]) + direct * sky.sun[2]
    if sky.is_night:
        l_r, l_g, l_b = _lamp_light(x, y, z, nx, ny, nz, maps)
        r, g, b = r + l_r, g + l_g, b + l_b
    return r, g, b, seen


@inside
def _sun_reaches(x: float, y: float, z: float, slack: float, maps: Maps) -> float:
    """Share of four cells of the finest shadow map around a point that let the sun through."""
    for k in range(2):
        m = maps.near_from_world if k == 0 else maps.far_from_world
        grid = maps.near if k == 0 else maps.far
        u = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3] - 0.5
        v = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3] - 0.5
        if u < 1.0 or v < 1.0 or u >= grid.shape[1] - 2.0 or v >= grid.shape[0] - 2.0:
            continue
        here = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3] + slack * (1.0 if k == 0 else 4.0)
        column, row = int(u), int(v)
        fu, fv = u - column, v - row
        a = 1.0 if here >= grid[row, column] else 0.0
        b = 1.0 if here >= grid[row, column + 1] else 0.0
        c = 1.0 if here >= grid[row + 1, column] else 0.0
        d = 1.0 if here >= grid[row + 1, column + 1] else 0.0
        top, low = a + fu * (b - a), c + fu * (d - c)
        share: float = top + fv * (low - top)
        return share
    return 1.0


@inside
def _lookup(grid: Float32Array, m: FloatArray, x: float, y: float, z: float) -> float:
    """A map's value at a point, between its cells; 0 beyond its border."""
    u = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3] - 0.5
    v = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3] - 0.5
    if u < 0.0 or v < 0.0 or u >= grid.shape[1] - 1.0 or v >= grid.shape[0] - 1.0:
        return 0.0
    column, row = int(u), int(v)
    fu, fv = u - column, v - row
    top = grid[row, column] + fu * (grid[row, column + 1] - grid[row, column])
    low = grid[row + 1, column] + fu * (grid[row + 1, column + 1] - grid[row + 1, column])
    value: float = top + fv * (low - top)
    return value


@inside
def _lamp_light(x: float, y: float, z: float, nx: float, ny: float, nz: float, maps: Maps) -> Rgb:
    """Light of street lamps and other cars, and of the ego's headlights."""
    m = maps.lamps_from_world
    u, v = m[0, 0] * x + m[0, 1] * y + m[0, 3], m[1, 0] * x + m[1, 1] * y + m[1, 3]
    r = g = b = 0.0
    if u >= 0.0 and v >= 0.0 and u < maps.lamps.shape[1] - 1.0 and v < maps.lamps.shape[0] - 1.0:
        column, row = int(u), int(v)
        fu, fv = u - column, v - row
        # Walls get less of the light that falls on the ground beside them, and less with height.
        share = (0.35 + 0.65 * max(nz, 0.0)) * fade(max(z, 0.0) / 6.0)
        for k in range(4):
            part = (fu if k & 1 else 1.0 - fu) * (fv if k & 2 else 1.0 - fv) * share
            cell = maps.lamps[row + (k >> 1), column + (k & 1)]
            r, g, b = r + part * cell[0], g + part * cell[1], b + part * cell[2]
    for i in range(maps.headlights.shape[0]):
        hx, hy, hz = x - maps.headlights[i, 0], y - maps.headlights[i, 1], z - maps.headlights[i, 2]
        distance = np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
        forward = maps.headlights_forward
        along = (hx * forward[0] + hy * forward[1] + hz * forward[2]) / distance
        up = hz / distance
        beam = smooth(0.83, 0.99, along) * (1.0 - 0.94 * smooth(-0.015, 0.004, up))
        beam *= 0.12 + 0.88 * smooth(-0.22, -0.03, up)
        beam += 0.03 * smooth(0.2, 0.9, along)
        facing = max(-(nx * hx + ny * hy + nz * hz) / distance, 0.0)
        power = 420.0 * beam * (facing * (1.0 - 0.7 * facing) + 0.01) / (distance * distance + 60.0)
        r, g, b = r + power, g + 0.97 * power, b + 0.9 * power
    return r, g, b
