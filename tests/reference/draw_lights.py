"""Draws traffic lights with known state: housings of many sizes, lamps with glow, and bad weather."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

LENS_PX = 40
"""Housings are drawn about this wide, then averaged down: edges fall between pixels."""

# Ranges of RGB seen in cameras for a lit lamp, from dim to overexposed.
LAMPS = {
    "red": ((200, 20, 15), (255, 75, 55)),
    "yellow": ((225, 145, 15), (255, 205, 70)),
    "green": ((15, 185, 95), (110, 255, 215)),
}
GLASS = {"red": (60, 18, 16), "yellow": (62, 50, 18), "green": (16, 48, 34)}
HOUSINGS = ((28, 28, 30), (45, 46, 44), (20, 26, 22), (150, 120, 32))


@dataclass(frozen=True)
class Scenery:
    """How hard it is: each setting is drawn from here."""

    blur: tuple[float, float] = (0.0, 0.6)
    noise: tuple[float, float] = (0.0, 6.0)
    gain: tuple[float, float] = (0.7, 1.1)
    loose: float = 0.08
    jpeg: tuple[int, int] = (70, 95)


@dataclass(frozen=True)
class Drawn:
    image_rgb: np.ndarray
    xyxy: np.ndarray
    bulbs_uv: np.ndarray
    state: str


def draw_light(
    rng: np.random.Generator, width: float, state: str, *, lying: bool = False, scenery: Scenery | None = None
) -> Drawn:
    """One light `width` pixels across its short side, in an image about twice its size."""
    scenery = scenery or Scenery()
    long = width * rng.uniform(2.3, 2.9)
    size = np.array([long, width] if lying else [width, long])
    room = np.ceil(size * 1.5 + 8).astype(int)
    corner = (room - size) / 2 + rng.uniform(-1, 1, 2)
    scale = max(2, round(LENS_PX / width))
    fine = _background(rng, room * scale)
    housing = np.array(HOUSINGS[rng.integers(len(HOUSINGS))], float) * rng.uniform(0.6, 1.3)
    a, b = (corner * scale).astype(int), ((corner + size) * scale).astype(int)
    fine[a[1] : b[1], a[0] : b[0]] = housing
    along = np.array([1.0, 0.0]) if lying else np.array([0.0, 1.0])
    bulbs = np.stack([corner + size / 2 + along * long * step for step in (-0.31, 0.0, 0.31)])
    radius = width * rng.uniform(0.30, 0.40)
    for bulb, name in zip(bulbs, GLASS, strict=True):
        _disc(fine, bulb * scale, radius * scale, GLASS[name])
    for bulb, name in zip(bulbs, GLASS, strict=True):
        if name in state.split("_"):
            _shine(fine, rng, bulb * scale, radius * scale, name)
    image = cv2.resize(fine, tuple(int(side) for side in room), interpolation=cv2.INTER_AREA)
    return Drawn(_camera(image, rng, scenery), _loose_box(rng, corner, size, scenery), bulbs, state)


# Sky, cloud, night, leaves, concrete, brick, deep sky.
BEHIND = (
    (190, 205, 225),
    (225, 225, 225),
    (15, 15, 25),
    (70, 95, 45),
    (120, 110, 100),
    (110, 60, 45),
    (90, 140, 210),
)


def _background(rng: np.random.Generator, size_wh: np.ndarray) -> np.ndarray:
    a, b = (np.array(BEHIND[rng.integers(len(BEHIND))], float) for _ in range(2))
    ramp = np.linspace(0, 1, size_wh[1])[:, None, None]
    return np.ascontiguousarray(np.broadcast_to(a + (b - a) * ramp, (size_wh[1], size_wh[0], 3)), np.float32)


def _disc(image: np.ndarray, center: np.ndarray, radius: float, color) -> None:
    cv2.circle(image, tuple(int(c) for c in center), round(radius), tuple(float(c) for c in color), -1)


def _shine(image: np.ndarray, rng: np.random.Generator, center: np.ndarray, radius: float, name: str) -> None:
    low, high = (np.array(c, float) for c in LAMPS[name])
    color = low + (high - low) * rng.uniform(0, 1, 3)
    _disc(image, center, radius, color)
    if rng.random() < 0.4:  # overexposed: a white middle
        _disc(image, center, radius * rng.uniform(0.3, 0.7), np.minimum(color + 160, 255))
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    distance = np.hypot(x - center[0], y - center[1]) / radius
    halo = rng.uniform(0, 0.5) * np.exp(-0.5 * (np.maximum(distance - 1, 0) / 0.5) ** 2)
    outside = (distance > 1)[..., None]
    image += outside * halo[..., None] * (color - image).clip(0).astype(np.float32)


def _camera(image: np.ndarray, rng: np.random.Generator, scenery: Scenery) -> np.ndarray:
    sigma = rng.uniform(*scenery.blur)
    if sigma > 0.05:
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    image = image * rng.uniform(*scenery.gain) + rng.normal(0, rng.uniform(*scenery.noise), image.shape)
    seen = np.clip(image, 0, 255).astype(np.uint8)
    quality = int(rng.integers(*scenery.jpeg))
    _, data = cv2.imencode(".jpg", seen[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1])


def _loose_box(
    rng: np.random.Generator, corner: np.ndarray, size: np.ndarray, scenery: Scenery
) -> np.ndarray:
    """The box a detector gives: each side off by some of the housing's size."""
    off = rng.normal(0, scenery.loose, 4).clip(-2 * scenery.loose, 2 * scenery.loose)
    return np.concatenate([corner + off[:2] * size, corner + size + off[2:] * size])
