"""Tiles of noise that repeat without a seam: the grain of every procedural texture."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from drivelabel.typing import Float32Array

SIZE = 256
"""Cells on a side of the finest level."""


@lru_cache(maxsize=1)
def noise_tiles() -> Float32Array:
    """Two tiles with all their halved levels, (2, n) float32, mostly in [-1, 1], mean 0.

    Row 0 is cloudy (every octave half as strong as the one above it), row 1 is fine grain. Level k has
    (SIZE >> k) squared cells, one level behind the other; both keep their mean at every level.
    """
    rng = np.random.default_rng(20_240_711)
    return np.stack([_levels(_cloudy(rng)), _levels(_grain(rng))])


def _cloudy(rng: np.random.Generator) -> Float32Array:
    frequency = np.hypot(
        *np.meshgrid(np.fft.fftfreq(SIZE) * SIZE, np.fft.rfftfreq(SIZE) * SIZE, indexing="ij")
    )
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((SIZE, SIZE))) / np.maximum(frequency, 2.0) ** 1.6
    tile = np.fft.irfft2(spectrum)
    cloudy: Float32Array = (tile / (2.5 * tile.std())).astype(np.float32)
    return cloudy


def _grain(rng: np.random.Generator) -> Float32Array:
    tile = rng.standard_normal((SIZE, SIZE)).astype(np.float32)
    padded = np.pad(tile, 4, mode="wrap")
    soft = np.asarray(cv2.GaussianBlur(padded, (0, 0), 0.7), np.float32)[4:-4, 4:-4]
    soft = soft - soft.mean()
    grain: Float32Array = (soft / (2.5 * soft.std())).astype(np.float32)
    return grain


def _levels(tile: Float32Array) -> Float32Array:
    levels = [tile]
    while len(levels[-1]) > 1:
        last = levels[-1]
        levels.append((last[::2, ::2] + last[1::2, ::2] + last[::2, 1::2] + last[1::2, 1::2]) / 4)
    flat: Float32Array = np.concatenate([level.ravel() for level in levels]).astype(np.float32)
    return flat
