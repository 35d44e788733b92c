"""The sky, the air and noise tiles, for numba. Directions are unit, world coords; colours linear RGB."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from drivelabel.geometry._kernels.sim_bare import bare
from drivelabel.typing import Float32Array, FloatArray

TILE = 256
"""Cells on a side of the finest level of a noise tile."""

Rgb = tuple[float, float, float]


class Sky(NamedTuple):
    """What fills the space around the surfaces.

    ``sun_direction, sun, zenith, horizon, ground, haze``: (3,) float64; ``noise``: see ``noise_tiles``;
    ``thickness``: share of light lost per metre of air.
    """

    sun_direction: FloatArray
    sun: FloatArray
    zenith: FloatArray
    horizon: FloatArray
    ground: FloatArray
    haze: FloatArray
    cloud_cover: float
    thickness: float
    is_night: bool
    noise: Float32Array


@bare
def _cell(noise: Float32Array, kind: int, level: int, u: float, v: float) -> float:
    size = TILE >> level
    start = 4 * (TILE * TILE - size * size) // 3
    x, y = u * size - 0.5, v * size - 0.5
    x0, y0 = np.floor(x), np.floor(y)
    fx, fy = x - x0, y - y0
    left, top = int(x0) & (size - 1), int(y0) & (size - 1)
    right, low = (left + 1) & (size - 1), (top + 1) & (size - 1)
    row, next_row = start + top * size, start + low * size
    a = noise[kind, row + left] + fx * (noise[kind, row + right] - noise[kind, row + left])
    b = noise[kind, next_row + left] + fx * (noise[kind, next_row + right] - noise[kind, next_row + left])
    value: float = a + fy * (b - a)
    return value


@bare
def tile(noise: Float32Array, kind: int, u: float, v: float, size: float, lod: float) -> float:
    """Noise at (u, v) metres, from tiles of `size` metres; kind 0 cloudy, 1 grain.

    `lod` is log2 of the metres that a pixel covers times TILE; finer noise than that is averaged away.
    """
    level = lod - np.log2(size)
    if level >= 7.0:
        return 0.0
    x, y = u * (1.0 / size), v * (1.0 / size)
    if level <= 0.0:
        nearest: float = _cell(noise, kind, 0, x, y)
        return nearest
    low = int(level)
    part = level - low
    a: float = _cell(noise, kind, low, x, y)
    if part < 0.08:
        return a
    b: float = _cell(noise, kind, low + 1, x, y)
    mixed: float = a + part * (b - a)
    return mixed


@bare
def smooth(low: float, high: float, x: float) -> float:
    """0 below `low`, 1 above `high`, smooth between."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@bare
def sky_color(sky: Sky, x: float, y: float, z: float, with_clouds: bool) -> Rgb:
    """Light that comes from a direction above the horizon; below it, from the ground far away."""
    up = max(z, 0.0)
    mix = np.exp(-3.6 * up)
    r = sky.zenith[0] + (sky.horizon[0] - sky.zenith[0]) * mix
    g = sky.zenith[1] + (sky.horizon[1] - sky.zenith[1]) * mix
    b = sky.zenith[2] + (sky.horizon[2] - sky.zenith[2]) * mix
    towards = max(x * sky.sun_direction[0] + y * sky.sun_direction[1] + z * sky.sun_direction[2], 0.0)
    glow = 0.10 * towards**8 + 0.25 * towards**64
    if not sky.is_night:
        glow += 30.0 * smooth(0.99985, 0.99997, towards)
    if with_clouds and sky.cloud_cover > 0.0 and up > 0.003:
        s = 0.11 / (up + 0.12)
        shape = tile(sky.noise, 0, x * s + 0.31, y * s + 0.17, 1.0, -9.0)
        shape += 0.45 * tile(sky.noise, 0, x * s * 4.3 + 0.7, y * s * 4.3, 1.0, -9.0)
        low = 1.0 - 2.3 * sky.cloud_cover
        cover = smooth(low, low + 0.8, shape) * smooth(0.0, 0.12, up)
        thick = smooth(low + 0.3, low + 1.5, shape)
        white = 1.0 - 0.32 * thick
        lit = 0.22 + 0.12 * towards**3
        r += cover * (white * (sky.horizon[0] * 0.85 + lit * sky.sun[0]) - r)
        g += cover * (white * (sky.horizon[1] * 0.85 + lit * sky.sun[1]) - g)
        b += cover * (white * (sky.horizon[2] * 0.87 + lit * sky.sun[2]) - b)
        glow *= 1.0 - 0.85 * cover
    r, g, b = r + glow * sky.sun[0], g + glow * sky.sun[1], b + glow * sky.sun[2]
    if z < 0.0:
        down = smooth(0.0, 0.08, -z)
        r += down * (sky.ground[0] - r)
        g += down * (sky.ground[1] - g)
        b += down * (sky.ground[2] - b)
    veil = np.exp(-sky.thickness * 60.0 / (up + 0.02)) if sky.thickness > 0.0 else 1.0
    return (
        sky.haze[0] + (r - sky.haze[0]) * veil,
        sky.haze[1] + (g - sky.haze[1]) * veil,
        sky.haze[2] + (b - sky.haze[2]) * veil,
    )


@bare
def mirrored(sky: Sky, x: float, y: float, z: float) -> Rgb:
    """What a shiny surface sees in a direction: sky above a line of houses and trees, ground below."""
    r, g, b = sky_color(sky, x, y, z, False)
    skyline = 0.16 + 0.10 * tile(sky.noise, 0, 0.4 * x + 0.2 * y, 0.6 * y, 1.0, -9.0)
    wall = 1.0 - smooth(skyline - 0.03, skyline + 0.03, z)
    dark_r, dark_g, dark_b = 0.9 * sky.ground[0], 0.9 * sky.ground[1], 0.95 * sky.ground[2]
    return r + wall * (dark_r - r), g + wall * (dark_g - g), b + wall * (dark_b - b)
