"""Procedural textures, for numba: what a surface's colour is at a point of it.

`u`, `v` are metres on the surface, `px` is how many metres of it one pixel covers, `cells` the same for
:func:`sim_noise.tile`. Numbers of materials are rows of ``simulate.geometry3d.MATERIALS``.
"""

from __future__ import annotations

import numpy as np

from drivelabel.geometry._kernels.sim_bare import bare
from drivelabel.geometry._kernels.sim_noise import (
    CLOUD,
    LAWN,
    ROAD,
    STAIN,
    WALL,
    WEAR,
    scatter,
    smooth,
    tile,
)
from drivelabel.geometry._kernels.sim_sky import Rgb
from drivelabel.typing import Float32Array

PLAIN, ASPHALT, PAINT, GRASS, FACADE, FOLIAGE, METAL, GLASS, CONCRETE, LAMP = range(10)


@bare
def asphalt(
    noise: Float32Array, r: float, g: float, b: float, u: float, v: float, px: float, cells: float
) -> Rgb:
    """Stones, stains, tracks along the road, and cracks."""
    stain = tile(noise, STAIN, u, v, 1 / 33.0, cells)
    shade = 1.0 + tile(noise, ROAD, u, v, 1 / 1.6, cells) + 0.34 * stain
    if px < 0.12:
        near = tile(noise, CLOUD, u + 6.29, v, 1 / 17.0, cells)
        width = 0.012 + 0.6 * px
        if abs(near) < 0.625 * width:
            where = smooth(0.1, 0.45, tile(noise, STAIN, u, v + 25.8, 1 / 43.0, cells))
            shade *= 1.0 - 0.55 * where * (1.0 - 1.6 * abs(near) / width) * min(1.0, 0.012 / width)
    shade = max(shade, 0.25)
    warm = 0.035 * stain
    return r * shade * (1.0 + warm), g * shade, b * shade * (1.0 - warm)


@bare
def paint(
    noise: Float32Array, r: float, g: float, b: float, u: float, v: float, px: float, cells: float
) -> Rgb:
    """Worn paint, through which asphalt shows."""
    worn = tile(noise, WEAR, u, v, 1 / 2.6, cells)
    road = tile(noise, STAIN, u + 11.0, v, 1 / 37.0, cells)
    kept = 0.30 + 0.70 * smooth(-1.2, -0.35, worn + 0.8 * road)
    dirt = max(0.4, 1.0 + 0.10 * worn + 0.22 * road)
    under = 0.075 * (1.0 + 0.25 * road)
    return (
        under + (r * dirt - under) * kept,
        under + (g * dirt - under) * kept,
        under + (b * dirt * 0.97 - under) * kept,
    )


@bare
def grass(
    noise: Float32Array, r: float, g: float, b: float, u: float, v: float, px: float, cells: float
) -> Rgb:
    """Blades, tufts, and dry patches."""
    patch = tile(noise, CLOUD, u + 7.4, v, 1 / 37.0, cells)
    dry = smooth(-0.35, 0.8, patch)
    shade = max(0.2, 0.92 + tile(noise, LAWN, u, v, 1 / 4.0, cells) + 0.18 * patch)
    return (
        shade * (0.8 * r + dry * 0.075),
        shade * (0.85 * g + dry * 0.04),
        shade * (b + dry * 0.014),
    )


@bare
def foliage(noise: Float32Array, r: float, g: float, b: float, leaf: float) -> Rgb:
    """Leaves: bright ones over dark gaps; `leaf` is the pattern's value."""
    shade = max(0.12, 0.95 + 1.1 * leaf + 0.5 * leaf * abs(leaf))
    yellow = 0.16 * max(0.0, leaf) + 0.05
    return r * shade * (1.0 + yellow), g * shade, b * shade * (1.0 - yellow)


@bare
def concrete(
    noise: Float32Array, r: float, g: float, b: float, u: float, v: float, px: float, cells: float, flat: bool
) -> Rgb:
    """Stains and grain; slabs with joints where it lies flat."""
    stain = tile(noise, WALL, u, v, 1 / 6.0, cells)
    shade = 1.0 + 0.34 * stain
    if flat:
        shade += 0.20 * tile(noise, STAIN, u, v, 1 / 23.0, cells)
        slab = 1.2
        x, y = np.floor(u / slab + 0.5), np.floor(v / slab + 0.5)
        if px < 0.3:
            du, dv = abs(u / slab - x) * slab, abs(v / slab - y) * slab
            width = 0.012 + 0.5 * px
            joint = max(1.0 - min(du, dv) / width, 0.0) * min(1.0, 0.016 / width)
            shade *= 1.0 - 0.5 * joint
        shade *= 1.0 + 0.14 * (scatter(x, y, 3.0) - 0.5) * min(1.0, 0.3 / px)
    shade = max(shade, 0.3)
    return r * shade, g * shade, b * shade * (1.0 - 0.04 * stain)


@bare
def wall(
    noise: Float32Array, r: float, g: float, b: float, u: float, v: float, px: float, cells: float,
    house: float,
) -> Rgb:  # fmt: skip
    """A house's wall: plaster, brick or panels, with traces of rain."""
    kind = scatter(house, 4.0, 5.0)
    stain = tile(noise, WALL, u, v, 1 / 5.0, cells)
    tone = tile(noise, STAIN, u + 3.0 * kind, v, 1 / 19.0, cells)
    shade = 1.0 + 0.16 * stain + 0.20 * tone
    if kind < 0.45:  # bricks, 25 x 8 cm
        row = np.floor(v / 0.08)
        own = scatter(np.floor(u / 0.25 + 0.5 * row), row, 9.0) - 0.5
        shade *= 1.0 + 0.45 * own * min(1.0, 0.05 / px)
        if px < 0.06:
            from_joint = abs(v / 0.08 - row - 0.5) * 0.08
            joint = smooth(0.040 - 0.008 - px, 0.040, from_joint) * min(1.0, 0.012 / (px + 0.004))
            shade *= 1.0 + 0.30 * joint
    elif kind > 0.75:  # panels, a floor high
        width = 0.02 + 0.7 * px
        dv = abs((v - 4.0) / 3.2 - np.floor((v - 4.0) / 3.2 + 0.5)) * 3.2
        du = abs(u / 2.4 - np.floor(u / 2.4 + 0.5)) * 2.4
        shade *= 1.0 - 0.35 * max(1.0 - min(du, dv) / width, 0.0) * min(1.0, 0.02 / width)
    # Splashed and grimy at the foot.
    shade *= 1.0 - 0.25 * (1.0 - smooth(0.0, 1.2, v + 0.4 * stain))
    shade = max(shade, 0.25)
    return r * shade, g * shade, b * shade * (1.0 - 0.05 * tone)


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
