"""From light to a picture, for numba: lens, tone curve, noise."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import Float32Array, UInt8Array


@njit(cache=True, nogil=True, error_model="numpy")
def develop(
    light: Float32Array,
    gain: float,
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
        gain: exposure.
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
    for y in range(height):
        dy = y + 0.5 - 0.5 * height
        at = start + y * 40_503 * 7
        for x in range(width):
            dx = x + 0.5 - 0.5 * width
            shade = gain * (1.0 - vignette * (dx * dx + dy * dy) / half)
            common = grain[(at + 3 * x) & mask] * 0.6
            grey = 0.3 * light[y, x, 0] + 0.59 * light[y, x, 1] + 0.11 * light[y, x, 2]
            for k in range(3):
                # A sensor's colours are paler than the paint's.
                pale = grey + 0.84 * (light[y, x, k] - grey)
                value = np.sqrt(max(pale * shade, 0.0)) * (0.5 * top)
                low = min(int(value), top)
                shown = curve[low]
                own = grain[(at + 3 * x + k + 1) & mask] * 0.8 + common
                # Photon noise: its share shrinks with light; the tone curve shrinks it in bright parts.
                spread = noise * 255.0 * (1.25 - shown / 255.0)
                shown += spread * own
                image[y, x, k] = min(max(int(shown + 0.5), 0), 255)
