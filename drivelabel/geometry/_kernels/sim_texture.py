"""Procedural textures, for numba: what a surface's colour is at a point of it.

`u`, `v` are metres on the surface, `px` is how many metres of it one pixel covers. Numbers of materials are
rows of ``simulate.geometry3d.MATERIALS``.
"""

from __future__ import annotations

import numpy as np

from drivelabel.geometry._kernels.sim_bare import bare
from drivelabel.geometry._kernels.sim_sky import Rgb, smooth, tile
from drivelabel.typing import Float32Array

PLAIN, ASPHALT, PAINT, GRASS, FACADE, FOLIAGE, METAL, GLASS, CONCRETE, LAMP = range(10)


@bare
def asphalt(
    noise: Float32Array, r: float, g: float, b: float, u: float, v: float, px: float, lod: float
) -> Rgb:
    """Grain, stains, and cracks."""
    shade = 1.0 + 0.34 * tile(noise, 1, u, v, 1.1, lod)
    shade += 0.16 * tile(noise, 1, u, v, 0.31, lod)
    shade += 0.17 * tile(noise, 0, u, v, 6.0, lod) + 0.15 * tile(noise, 0, u, v, 31.0, lod)
    near = tile(noise, 0, u + 6.29, v, 17.0, lod)
    width = 0.012 + 0.6 * px
    if abs(near) < 0.625 * width:
        where = smooth(0.15, 0.5, tile(noise, 0, u, v + 25.8, 43.0, lod))
        shade *= 1.0 - 0.55 * where * (1.0 - 1.6 * abs(near) / width) * min(1.0, 0.012 / width)
    return r * shade, g * shade, b * shade


@bare
def paint(
    noise: Float32Array, r: float, g: float, b: float, u: float, v: float, px: float, lod: float
) -> Rgb:
    """Worn paint, through which asphalt shows."""
    wear = 0.9 * tile(noise, 0, u, v, 2.3, lod) + 0.5 * tile(noise, 1, u, v, 0.6, lod)
    wear += 0.5 * tile(noise, 0, u, v, 37.0, lod)
    kept = 0.35 + 0.65 * smooth(-1.15, -0.45, wear)
    dirt = 1.0 + 0.10 * tile(noise, 1, u, v, 1.0, lod) + 0.10 * tile(noise, 0, u, v, 9.0, lod)
    return (
        0.065 + (r * dirt - 0.065) * kept,
        0.065 + (g * dirt - 0.065) * kept,
        0.065 + (b * dirt - 0.065) * kept,
    )


@bare
def grass(
    noise: Float32Array, r: float, g: float, b: float, u: float, v: float, px: float, lod: float
) -> Rgb:
    """Blades, tufts, and dry patches."""
    fine = tile(noise, 1, u, v, 0.9, lod)
    tuft = tile(noise, 0, u, v, 5.3, lod)
    dry = smooth(-0.2, 0.9, tile(noise, 0, u + 7.4, v, 37.0, lod))
    shade = 1.0 + 0.4 * fine + 0.3 * tuft
    return (
        shade * (r + dry * 0.055),
        shade * (g + dry * 0.03),
        shade * (b + dry * 0.008),
    )


@bare
def foliage(
    noise: Float32Array, r: float, g: float, b: float, u: float, v: float, px: float, lod: float
) -> Rgb:
    """Leaves: bright ones over dark gaps."""
    leaf = tile(noise, 1, u, v, 4.1, lod)
    clump = tile(noise, 0, u, v, 3.3, lod)
    shade = max(0.18, 1.0 + 0.75 * leaf + 0.75 * clump)
    yellow = 0.12 * max(0.0, leaf + clump)
    return r * shade * (1.0 + yellow), g * shade, b * shade * (1.0 - yellow)


@bare
def concrete(
    noise: Float32Array, r: float, g: float, b: float, u: float, v: float, px: float, lod: float, flat: bool
) -> Rgb:
    """Stains and grain; slabs with joints where it lies flat."""
    shade = 1.0 + 0.14 * tile(noise, 1, u, v, 1.7, lod) + 0.17 * tile(noise, 0, u, v, 7.0, lod)
    if flat:
        slab = 1.2
        du = abs(u / slab - np.floor(u / slab + 0.5)) * slab
        dv = abs(v / slab - np.floor(v / slab + 0.5)) * slab
        width = 0.012 + 0.5 * px
        joint = max(1.0 - min(du, dv) / width, 0.0) * min(1.0, 0.016 / width)
        shade *= 1.0 - 0.5 * joint
        shade *= 1.0 + 0.10 * (scatter(np.floor(u / slab + 0.5), np.floor(v / slab + 0.5), 3.0) - 0.5) * min(
            1.0, 0.3 / px
        )
    return r * shade, g * shade, b * shade


@bare
def scatter(a: float, b: float, c: float) -> float:
    """A number in [0, 1) that looks random, of three whole numbers."""
    n = (int(a) * 374761393 + int(b) * 668265263 + int(c) * 1274126177) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFFFF) / 16777216.0


@bare
def window(u: float, v: float, px: float, house: float) -> tuple[float, float, float, float]:
    """The windows of a wall: (share of glass, share of frame, a random number of the window, of its floor).

    Floors are 3.2 m high, the first one 4 m with shop windows; `house` is a whole number that differs between
    houses.
    """
    style = scatter(house, 1.0, 5.0)
    pitch = 2.1 + 1.4 * scatter(house, 2.0, 5.0)
    if v < 4.0:
        floor, low, high = 0.0, 0.7, 3.1
        pitch = 2.0 * pitch
        y = v
        half = 0.41 * pitch
    else:
        floor = np.floor((v - 4.0) / 3.2) + 1.0
        y = (v - 4.0) - (floor - 1.0) * 3.2
        low, high = 0.95 - 0.4 * style, 2.55
        half = (0.24 + 0.2 * scatter(house, 3.0, 5.0)) * pitch
    column = np.floor(u / pitch)
    x = abs(u - (column + 0.5) * pitch)
    soft = 0.5 * px + 0.01
    frame = 0.07
    outer = smooth(-soft, soft, half - x) * smooth(-soft, soft, min(y - low, high - y))
    bar = 1.0 if v >= 4.0 and x < 0.03 + soft else 0.0
    inner = smooth(-soft, soft, half - frame - x) * smooth(-soft, soft, min(y - low, high - y) - frame)
    inner *= 1.0 - bar * min(1.0, 0.06 / (2 * soft + 0.03))
    return inner, outer - inner, scatter(house * 31.0 + column, floor, 7.0), scatter(house, floor, 11.0)
