"""Patterns that repeat without a seam, and small functions of one number, for numba."""

from __future__ import annotations

import numpy as np

from drivelabel.geometry._kernels.sim_bare import bare
from drivelabel.typing import Float32Array

TILE = 512
"""Cells on a side of the finest level of a pattern."""

LEVELS = 10
"""Halvings of a pattern, from TILE cells to one."""

CLOUD, GRAIN, ROAD, STAIN, WEAR, LAWN, LEAF, WALL = range(8)
"""Rows of the table of patterns, see ``simulate.render.noise``; all have mean 0 and are mostly in [-1, 1]."""


@bare
def tile(noise: Float32Array, kind: int, u: float, v: float, per_m: float, cells: float) -> float:
    """A pattern at (u, v) metres.

    Args:
        noise: the patterns, (k, n), level behind level.
        kind: which of them.
        u: metres.
        v: metres.
        per_m: how often it repeats in a metre.
        cells: cells of a pattern one metre wide that a pixel covers; finer detail than a pixel is averaged
            away. Callers jitter it from pixel to pixel, so that no border between levels shows.
    """
    covered = cells * per_m
    level, size = 0, TILE
    while covered >= 2.0 and size > 1:
        covered *= 0.5
        level += 1
        size >>= 1
    if size < 4:
        return 0.0
    start = 4 * (TILE * TILE - size * size) // 3
    x, y = u * per_m * size - 0.5, v * per_m * size - 0.5
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
def jitter(x: float, y: float) -> float:
    """A number in [0, 1) that differs between neighbouring pixels and is even over any few of them.

    Source: Jimenez, Next generation post processing in Call of Duty: Advanced Warfare, SIGGRAPH 2014
    ("interleaved gradient noise").
    """
    f = 0.06711056 * x + 0.00583715 * y
    f = 52.9829189 * (f - np.floor(f))
    value: float = f - np.floor(f)
    return value


@bare
def smooth(low: float, high: float, x: float) -> float:
    """0 below `low`, 1 above `high`, smooth between."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@bare
def fade(x: float) -> float:
    """exp(-x) for x from 0 on, to 1 part in 400 of 1; several times faster than the library's."""
    t = x * 0.0625
    t = 1.0 + t * (1.0 + t * (0.5 + t * (0.16666667 + t * 0.041666667)))
    t *= t
    t *= t
    t *= t
    t *= t
    return 1.0 / t


@bare
def scatter(a: float, b: float, c: float) -> float:
    """A number in [0, 1) that looks random, of three whole numbers."""
    n = (int(a) * 374761393 + int(b) * 668265263 + int(c) * 1274126177) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFFFF) / 16777216.0
