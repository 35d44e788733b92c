"""A short drawn drive, for a first try without a recording."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np

from drivelabel.typing import AnyArray, FloatArray, UInt8Array

IMAGE_HW = (540, 960)
FOCAL = 700.0
HORIZON = 250.0
CAMERA_HEIGHT = 1.4
LANE_WIDTH = 3.6
SPEED = 14.0
HZ = 10
SECONDS = 6.0

Color = tuple[int, int, int]
SKY: Color = (148, 188, 222)
GRASS: Color = (96, 122, 78)
ASPHALT: Color = (78, 80, 84)
PAINT: Color = (236, 236, 230)
CARS: tuple[tuple[float, float, float, Color], ...] = (
    (0.0, 26.0, 1.5, (176, 40, 44)),
    (-LANE_WIDTH, 48.0, -3.0, (40, 84, 160)),
    (LANE_WIDTH, 18.0, 3.0, (214, 214, 216)),
)
"""Left offset and start ahead in metres, speed beyond ours in metres per second, colour."""


def write_demo_clip(path: Path) -> None:
    """Draw a straight three-lane road with three cars, and write it as a video."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("h264", rate=HZ)
        stream.height, stream.width = IMAGE_HW
        stream.pix_fmt = "yuv420p"
        for step in range(round(SECONDS * HZ)):
            frame = av.VideoFrame.from_ndarray(draw_demo_frame(step / HZ), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def draw_demo_frame(seconds: float) -> UInt8Array:
    """(h, w, 3) uint8 RGB, the drawn drive at a time."""
    height, width = IMAGE_HW
    image = np.full((height, width, 3), SKY, np.uint8)
    image[int(HORIZON) :] = GRASS
    _strip(image, 1.5 * LANE_WIDTH + 0.5, -1.5 * LANE_WIDTH - 0.5, 3.0, 400.0, ASPHALT)
    for left in (1.5 * LANE_WIDTH, -1.5 * LANE_WIDTH):
        _strip(image, left + 0.08, left - 0.08, 3.0, 150.0, PAINT)
    first = -((SPEED * seconds) % 12.0)
    for start in np.arange(first, 120.0, 12.0).tolist():
        for left in (0.5 * LANE_WIDTH, -0.5 * LANE_WIDTH):
            _strip(image, left + 0.08, left - 0.08, max(start, 3.0), max(start + 4.0, 3.0), PAINT)
    for left, start, speed, color in sorted(CARS, key=lambda car: -(car[1] + car[2] * seconds)):
        _car(image, left, start + speed * seconds, color)
    # A camera's grain: pure flat colour is what no detector has ever seen.
    noise = np.random.default_rng(round(seconds * 1000)).normal(0, 3, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _uv(ahead: AnyArray | float, left: AnyArray | float, up: AnyArray | float) -> FloatArray:
    ahead = np.asarray(ahead, np.float64)
    u = IMAGE_HW[1] / 2 - FOCAL * np.asarray(left) / ahead
    v = HORIZON + FOCAL * (CAMERA_HEIGHT - np.asarray(up)) / ahead
    return np.stack(np.broadcast_arrays(u, v), axis=-1)


def _strip(image: UInt8Array, left: float, right: float, near: float, far: float, color: Color) -> None:
    """A flat stripe on the road between two distances."""
    if far > near:
        corners = _uv(np.asarray([near, far, far, near]), np.asarray([left, left, right, right]), 0.0)
        _polygon(image, corners, color)


def _car(image: UInt8Array, left: float, ahead: float, color: Color) -> None:
    """A car from behind: body, cabin, window, wheels, lamps, number plate, and its shadow."""
    parts: list[tuple[list[float], list[float], Color]] = [
        ([0.95, 0.95, -0.95, -0.95], [0.0, 0.12, 0.12, 0.0], (38, 38, 40)),
        ([0.86, 0.86, 0.6, 0.6], [0.0, 0.5, 0.5, 0.0], (22, 22, 24)),
        ([-0.6, -0.6, -0.86, -0.86], [0.0, 0.5, 0.5, 0.0], (22, 22, 24)),
        ([0.92, 0.92, -0.92, -0.92], [0.28, 0.92, 0.92, 0.28], color),
        ([0.84, 0.62, -0.62, -0.84], [0.9, 1.44, 1.44, 0.9], color),
        ([0.7, 0.54, -0.54, -0.7], [0.95, 1.36, 1.36, 0.95], (44, 54, 64)),
        ([0.9, 0.9, 0.66, 0.66], [0.66, 0.84, 0.84, 0.66], (196, 32, 30)),
        ([-0.66, -0.66, -0.9, -0.9], [0.66, 0.84, 0.84, 0.66], (196, 32, 30)),
        ([0.26, 0.26, -0.26, -0.26], [0.48, 0.6, 0.6, 0.48], (232, 232, 226)),
    ]
    for sides, ups, tint in parts:
        _polygon(image, _uv(np.full(4, ahead), left + np.asarray(sides), np.asarray(ups)), tint)


def _polygon(image: UInt8Array, corners: FloatArray, color: Color) -> None:
    fixed = np.round((np.clip(corners, -5000, 5000) - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(image, [fixed], color, cv2.LINE_AA, 4)
