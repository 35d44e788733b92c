"""Drawn roads whose lane lines are known exactly, pixel by pixel from the ground plane.

Plain and slow on purpose: each pixel below the horizon is sent to the ground and asked what lies there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class PaintedLine:
    """A line along the road: metres to the left of the camera (negative: right)."""

    left: float
    width: float = 0.15
    dash: float = 0.0  # painted length; 0 for a solid line
    gap: float = 0.0
    phase: float = 0.0
    rgb: tuple[int, int, int] = (230, 230, 225)


@dataclass(frozen=True)
class Road:
    """One view of a road."""

    image_hw: tuple[int, int] = (360, 640)
    lines: tuple[PaintedLine, ...] = (
        PaintedLine(5.35, dash=3.0, gap=6.0),
        PaintedLine(1.75),
        PaintedLine(-1.75, dash=3.0, gap=6.0, phase=2.0),
        PaintedLine(-5.25),
    )
    camera_height: float = 1.5
    focal_share: float = 0.9  # focal length over width
    horizon_share: float = 0.45
    yaw: float = 0.0  # radians, the camera turned to the left
    curvature: float = 0.0  # 1/m, positive bends left
    gray: float = 90.0
    noise: float = 3.0
    light: float = 1.0
    shadows: tuple[tuple[float, float, float], ...] = ()  # metres from, to, and light left there
    wear: float = 0.0  # share of the paint that is gone
    seed: int = 0
    shoulder: float = 9.0  # metres of asphalt to each side

    @property
    def focal(self) -> float:
        return self.focal_share * self.image_hw[1]

    @property
    def horizon(self) -> float:
        return self.horizon_share * self.image_hw[0]

    def without_lines(self) -> Road:
        return replace(self, lines=())


@dataclass(frozen=True)
class RenderedRoad:
    image_rgb: np.ndarray
    lines: list[np.ndarray] = field(default_factory=list)  # (k, 2) each, from left to right, near to far


def ground(road: Road, u, v):
    """Metres ahead and metres to the left of the road's middle line for pixels below the horizon."""
    ahead = road.focal * road.camera_height / np.maximum(v - road.horizon, 1e-6)
    left = (road.image_hw[1] / 2.0 - u) / road.focal * ahead + road.yaw * ahead
    return ahead, left - 0.5 * road.curvature * ahead**2


def line_points(road: Road, line: PaintedLine, step: float, farthest: float = 60.0) -> np.ndarray:
    """(k, 2) middle of a line in the image, near to far, one point each `step` rows."""
    height, width = road.image_hw
    v = np.arange(height, road.horizon, -step)
    ahead = road.focal * road.camera_height / (v - road.horizon)
    left = line.left + 0.5 * road.curvature * ahead**2 - road.yaw * ahead
    u = width / 2.0 - road.focal * left / ahead
    good = (u >= 0) & (u <= width) & (ahead <= farthest)
    return np.column_stack([u[good], v[good]])


def render(road: Road) -> RenderedRoad:
    """The image, four samples a pixel, and the lines that can be seen in it."""
    height, width = road.image_hw
    random = np.random.default_rng(road.seed)
    image = np.zeros((height, width, 3))
    for du in (0.25, 0.75):
        for dv in (0.25, 0.75):
            image += 0.25 * _sample(road, np.arange(width) + du, np.arange(height) + dv)
    image += random.normal(0.0, 1.0, image.shape) * road.noise
    lines = [line_points(road, line, height / 72.0) for line in road.lines]
    return RenderedRoad(np.clip(np.round(image), 0, 255).astype(np.uint8), [p for p in lines if len(p) >= 2])


def _sample(road: Road, u, v):
    random = np.random.default_rng(road.seed + 1)
    uu, vv = np.meshgrid(u, v)
    sky = vv <= road.horizon
    ahead, left = ground(road, uu, vv)
    color = np.empty((*uu.shape, 3))
    color[:] = road.gray
    color[np.abs(left) > road.shoulder] = (95.0, 110.0, 60.0)
    for line in road.lines:
        on = np.abs(left - line.left) < 0.5 * line.width
        if line.dash > 0.0:
            on &= (ahead + line.phase) % (line.dash + line.gap) < line.dash
        if road.wear > 0.0:
            cells = random.random(4096) >= road.wear
            on &= cells[(ahead * 8.0).astype(np.int64) * 7 % 4096]
        color[on] = line.rgb
    for start, stop, light in road.shadows:
        color[(ahead >= start) & (ahead < stop)] *= light
    color[sky] = (150.0, 180.0, 220.0)
    return color * road.light
