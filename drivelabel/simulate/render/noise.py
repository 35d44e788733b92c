"""Patterns that repeat without a seam: the grain of every procedural texture, mixed once and kept."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from drivelabel.geometry._kernels.sim_noise import CLOUD, GRAIN, LAWN, LEAF, ROAD, STAIN, TILE, WALL, WEAR
from drivelabel.typing import AnyArray, Float32Array


@lru_cache(maxsize=1)
def noise_tiles() -> Float32Array:
    """All patterns with their halved levels, (k, n) float32, mostly in [-1, 1], mean 0.

    Level k has (TILE >> k) squared cells, one level behind the other; all levels keep the mean. Mixing
    layers here instead of at every pixel makes a picture twice as fast.
    """
    rng = np.random.default_rng(20_240_711)
    cloud, grain, other = _cloudy(rng), _grain(rng, 1.4), _cloudy(rng, 1.1)
    pebbles, streaks = _grain(rng, 0.6), _streaky(rng)
    patterns = {
        CLOUD: cloud,
        GRAIN: grain,
        # 1.6 m of asphalt: stones in tar, some of them bright.
        ROAD: 0.30 * pebbles + 0.26 * grain + 0.25 * np.maximum(pebbles - 0.75, 0.0) + 0.12 * cloud,
        # 33 m of anything out of doors: large and small stains, and some that run along.
        STAIN: 0.55 * cloud + 0.35 * other + 0.25 * streaks,
        # 2.6 m of worn paint.
        WEAR: 0.8 * cloud + 0.45 * grain + 0.3 * _repeated(cloud, 4),
        # 4 m of lawn: tufts and blades.
        LAWN: 0.30 * other + 0.34 * pebbles + 0.22 * grain,
        # 4 m of leaves: bright ones over dark gaps.
        LEAF: 0.55 * other + 0.75 * _grain(rng, 2.4) + 0.45 * _grain(rng, 4.5),
        # 6 m of plaster or concrete.
        WALL: 0.5 * cloud + 0.32 * _grain(rng, 1.0) + 0.3 * _repeated(streaks.T, 2),
    }
    return np.stack([_levels(patterns[kind]) for kind in range(len(patterns))])


def _cloudy(rng: np.random.Generator, steepness: float = 1.6) -> Float32Array:
    """Noise whose octaves fade with their fineness."""
    across, along = np.fft.fftfreq(TILE) * TILE, np.fft.rfftfreq(TILE) * TILE
    frequency = np.hypot(*np.meshgrid(across, along, indexing="ij"))
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((TILE, TILE))) / np.maximum(frequency, 2.0) ** steepness
    return _even(np.fft.irfft2(spectrum))


def _streaky(rng: np.random.Generator) -> Float32Array:
    """The same, stretched along the rows' direction: traces of wheels, or of rain on walls."""
    across, along = np.fft.fftfreq(TILE) * TILE, np.fft.rfftfreq(TILE) * TILE
    long, wide = np.meshgrid(across, along, indexing="ij")
    weight = np.exp(-((long / 3.0) ** 2)) / np.maximum(np.abs(wide), 4.0) ** 0.8
    weight[0, 0] = 0.0
    return _even(np.fft.irfft2(np.fft.rfft2(rng.standard_normal((TILE, TILE))) * weight))


def _grain(rng: np.random.Generator, soft_cells: float) -> Float32Array:
    """Specks of one size."""
    specks = rng.standard_normal((TILE, TILE)).astype(np.float32)
    pad = 4 * int(np.ceil(soft_cells))
    padded = np.pad(specks, pad, mode="wrap")
    return _even(np.asarray(cv2.GaussianBlur(padded, (0, 0), soft_cells))[pad:-pad, pad:-pad])


def _repeated(pattern: Float32Array, times: int) -> Float32Array:
    """The pattern smaller, and that often on each side."""
    small = pattern.reshape(TILE // times, times, TILE // times, times).mean(axis=(1, 3))
    return _even(np.tile(small, (times, times)))


def _even(values: AnyArray) -> Float32Array:
    """With mean 0, and mostly in [-1, 1]."""
    centred = values - values.mean()
    even: Float32Array = (centred / (2.5 * centred.std())).astype(np.float32)
    return even


def _levels(pattern: Float32Array) -> Float32Array:
    levels = [pattern.astype(np.float32) - np.float32(pattern.mean())]
    while len(levels[-1]) > 1:
        last = levels[-1]
        levels.append((last[::2, ::2] + last[1::2, ::2] + last[::2, 1::2] + last[1::2, 1::2]) / 4)
    flat: Float32Array = np.concatenate([level.ravel() for level in levels]).astype(np.float32)
    return flat
