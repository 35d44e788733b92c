"""Rain between the camera and the world, and drops on its lens. Works on linear light."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from drivelabel.typing import Float32Array

STREAK_TILE = 512
_DROPS = 30
"""On a lens in a downpour."""


def add_rain(radiance: Float32Array, rain: float, rng: np.random.Generator, lens_seed: int) -> None:
    """Draw streaks and drops into (h, w, 3) linear light, in place.

    Args:
        radiance: the light.
        rain: 0 to 1.
        rng: where streaks are; they differ in every picture.
        lens_seed: where drops are; they stay through a drive.
    """
    height, width = radiance.shape[:2]
    small_hw = (max(1, width // 16), max(1, height // 16))
    small = cv2.resize(radiance, small_hw, interpolation=cv2.INTER_AREA)
    around = np.asarray(cv2.GaussianBlur(small, (0, 0), 2.0), np.float32)
    _streaks(radiance, around, rain, rng)
    drops = np.random.default_rng(lens_seed)
    for _ in range(round(_DROPS * rain)):
        _drop(radiance, around, drops)


def _streaks(radiance: Float32Array, around: Float32Array, rain: float, rng: np.random.Generator) -> None:
    """Each falling drop shows the light around it, a little brighter."""
    height, width = radiance.shape[:2]
    veil = np.zeros((height, width), np.float32)
    for zoom, strength in ((1, 0.5), (3, 0.8)):
        tile = _streak_tile()
        y, x = (int(value) for value in rng.integers(STREAK_TILE, size=2))
        rows = (np.arange(-(-height // zoom)) + y) % STREAK_TILE
        columns = (np.arange(-(-width // zoom)) + x) % STREAK_TILE
        part = np.ascontiguousarray(tile[rows[:, None], columns[None]])
        if zoom > 1:
            part = cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
        veil += strength * part[:height, :width]
    veil = np.minimum(rain * veil, 0.6)[:, :, None]
    light = 1.25 * cv2.resize(around, (width, height), interpolation=cv2.INTER_LINEAR)
    radiance += veil * (light - radiance)


@lru_cache(maxsize=1)
def _streak_tile() -> Float32Array:
    rng = np.random.default_rng(11)
    drops = (rng.random((STREAK_TILE, STREAK_TILE)) < 0.0016) * rng.uniform(
        0.3, 1.0, (STREAK_TILE, STREAK_TILE)
    )
    length = 41
    line = np.zeros((length, length), np.float32)
    cv2.line(line, (length // 2 + 2, 0), (length // 2 - 2, length - 1), (1.0,), 1, cv2.LINE_AA)
    line *= np.sin(np.linspace(0, np.pi, length))[:, None]
    padded = np.pad(drops.astype(np.float32), length, mode="wrap")
    tile = cv2.filter2D(padded, -1, line)[length:-length, length:-length]
    streaks: Float32Array = np.clip(0.55 * tile, 0.0, 1.0).astype(np.float32)
    return streaks


def _drop(radiance: Float32Array, around: Float32Array, rng: np.random.Generator) -> None:
    """A drop on the lens: a blurred, upside-down picture of what lies around it."""
    height, width = radiance.shape[:2]
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    radius = width / 1600 * float(np.clip(rng.lognormal(2.3, 0.5), 5, 34))
    tall = float(rng.uniform(1.0, 1.3))
    low_x, high_x = int(max(0, x - radius)), int(min(width, x + radius + 1))
    low_y, high_y = int(max(0, y - tall * radius)), int(min(height, y + tall * radius + 1))
    if high_x <= low_x or high_y <= low_y:
        return
    dy, dx = np.mgrid[low_y:high_y, low_x:high_x].astype(np.float32)
    dx, dy = (dx - x) / radius, (dy - y) / (tall * radius)
    out = np.hypot(dx, dy)
    scale_x, scale_y = around.shape[1] / width, around.shape[0] / height
    bend = 4.5 * radius
    map_x = ((x - bend * dx) * scale_x).astype(np.float32)
    map_y = ((y - bend * dy) * scale_y).astype(np.float32)
    seen = cv2.remap(around, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    rim = 1.05 - 0.35 * np.clip(out, 0, 1) ** 4
    share = np.clip((1.0 - out) / 0.35, 0.0, 1.0)[:, :, None] * 0.8
    patch = radiance[low_y:high_y, low_x:high_x]
    patch += share.astype(np.float32) * (seen * rim[:, :, None].astype(np.float32) - patch)
