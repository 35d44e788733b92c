"""From light on the sensor to a picture: glow of bright lamps, blur, exposure, tone curve, noise."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from drivelabel.geometry._kernels.sim_develop import develop
from drivelabel.geometry._kernels.sim_motion import blur_motion
from drivelabel.geometry._kernels.sim_surface import View
from drivelabel.simulate.render.light import Effects, Light
from drivelabel.simulate.render.weather import add_rain
from drivelabel.typing import Float32Array, UInt8Array

NIGHT_KEY = 0.22
"""Light on the ground for which a camera is set at night: that of street lamps, not of the moon."""


def develop_image(
    radiance: Float32Array,
    nearness: Float32Array,
    view: View,
    light: Light,
    effects: Effects,
    seed: int,
    lens_seed: int,
) -> UInt8Array:
    """The picture of (h, w, 3) linear light.

    Args:
        radiance: the light; used up.
        nearness: (h, w), 1 / depth in metres, 0 for the sky.
        view: the camera.
        light: for which it is exposed.
        effects: of weather and camera.
        seed: of noise and falling rain.
        lens_seed: of drops on the lens.
    """
    rng = np.random.default_rng(seed)
    gain = metered_gain(light) * 2.0**effects.exposure_ev
    radiance = _moved(radiance, nearness, view, effects)
    if effects.rain > 0:
        add_rain(radiance, effects.rain, rng, lens_seed)
    if effects.defocus_px > 0:
        radiance = np.asarray(cv2.GaussianBlur(radiance, (5, 5), effects.defocus_px), np.float32)
    _add_glow(radiance, gain, 0.12 if light.is_night or effects.rain > 0 else 0.03)
    image = np.empty(radiance.shape, np.uint8)
    start = int(rng.integers(1 << 20))
    balanced = gain * np.asarray(effects.white_balance, np.float64)
    develop(radiance, balanced, effects.vignette, effects.noise, _grain(), start, _curve(), image)
    return image


def _moved(radiance: Float32Array, nearness: Float32Array, view: View, effects: Effects) -> Float32Array:
    move = np.asarray(effects.velocity_cam, np.float64) * effects.motion_blur_s
    turn = np.asarray(effects.turn_cam, np.float64) * effects.motion_blur_s
    if not (move.any() or turn.any()):
        return radiance
    out = radiance.copy()
    blur_motion(radiance, nearness, view, move, turn, out)
    return out


def metered_gain(light: Light) -> float:
    """Exposure that shows a grey road as mid grey; the same for all cameras, so a drive does not flicker."""
    if light.is_night:
        return 0.08 / (0.18 * NIGHT_KEY)
    falls = light.sun[1] * max(light.sun_direction[2], 0.1) + light.zenith[1] + 0.3 * light.horizon[1]
    return 0.25 / (0.18 * falls) if falls > 0 else 1.0


def _add_glow(radiance: Float32Array, gain: float, strength: float) -> None:
    """Light that scatters in the lens around what is brighter than white."""
    height, width = radiance.shape[:2]
    small = cv2.resize(radiance, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    bright = np.minimum(np.maximum(small - 1.2 / gain, 0.0), 40.0 / gain)
    if not bright.any():
        return
    spread = cv2.GaussianBlur(bright, (0, 0), 2.0) + 0.6 * cv2.GaussianBlur(bright, (0, 0), 8.0)
    radiance += strength * cv2.resize(spread, (width, height), interpolation=cv2.INTER_LINEAR)


@lru_cache(maxsize=1)
def _grain() -> Float32Array:
    return np.random.default_rng(7).standard_normal(1 << 20).astype(np.float32)


@lru_cache(maxsize=1)
def _curve() -> Float32Array:
    """Display values in [0, 255] by the square root of light, from 0 to 4: a film curve and sRGB.

    Sources: IEC 61966-2-1 (sRGB); the film curve is Narkowicz's fit to the ACES reference transform, 2016.
    """
    x = np.linspace(0.0, 2.0, 4096) ** 2
    film = np.clip(
        0.85 * x * (2.51 * 0.85 * x + 0.03) / (0.85 * x * (2.43 * 0.85 * x + 0.59) + 0.14), 0.0, 1.0
    )
    soft = x * (1.0 + x / 16.0) / (1.0 + x)  # Reinhard et al. 2002, equation 4; keeps more of the shadows
    shown = 0.45 * film + 0.55 * np.minimum(1.25 * soft, 1.0)
    encoded = np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * shown ** (1 / 2.4) - 0.055)
    return (255.0 * encoded).astype(np.float32)
