"""From light to a picture, for numba: lens, tone curve, noise."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import Float32Array, FloatArray, UInt8Array


@njit(cache=True, nogil=True, error_model="numpy")
def develop(
    light: Float32Array,
    gain: FloatArray,
    vignette: float,
    noise: float,
    grain: Float32Array,
    start: int,
    curve: Float32Array,
    image: UInt8Array,
) -> None:
    """(h, w, 3) linear light -> 8 bits.

    Args:
        light: linear RGB.
        gain: (3,), exposure of red, green and blue.
        vignette: share lost in the corners.
        noise: standard deviation at mid grey, share of full scale.
        grain: (2^k,) standard normal numbers.
        start: where in the grain this picture begins.
        curve: (4096,), display value in [0, 255] by the square root of light from 0 to 4.
        image: the result.
    """
    height, width = light.shape[0], light.shape[1]
    mask = len(grain) - 1
    half = 0.25 * (height * height + width * width)
    top = len(curve) - 1
    # The curve's index is this times the square root of light; all in float32, whose roots are fast.
    exposed = gain.astype(np.float32)
    to_index, spread = np.float32(0.5 * top), np.float32(noise * 255.0)
    for y in range(height):
        dy = y + 0.5 - 0.5 * height
        at = start + y * 40_503 * 7
        for x in range(width):
            dx = x + 0.5 - 0.5 * width
            shade = np.float32(1.0 - vignette * (dx * dx + dy * dy) / half)
            common = grain[(at + 3 * x) & mask] * np.float32(0.6)
            r, g, b = light[y, x, 0], light[y, x, 1], light[y, x, 2]
            # A sensor's colours are paler than the paint's.
            grey = np.float32(0.16) * (np.float32(0.3) * r + np.float32(0.59) * g + np.float32(0.11) * b)
            for k in range(3):
                pale = grey + np.float32(0.84) * light[y, x, k]
                value = np.sqrt(max(pale * shade * exposed[k], np.float32(0.0))) * to_index
                shown = curve[min(int(value), top)]
                own = grain[(at + 3 * x + k + 1) & mask] * np.float32(0.8) + common
                # Photon noise: its share shrinks with light; the tone curve shrinks it in bright parts.
                shown += spread * (np.float32(1.25) - shown * np.float32(1 / 255.0)) * own
                image[y, x, k] = min(max(int(shown + np.float32(0.5)), 0), 255)
