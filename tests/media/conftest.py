"""Small media files that the tests make themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest


def scenery(number: int, hw: tuple[int, int] = (64, 96)) -> np.ndarray:
    """(h, w, 3) uint8, a picture that no other number has: moving bars over a gradient."""
    height, width = hw
    y, x = np.mgrid[:height, :width]
    red = (x * 2 + number * 7) % 256
    green = (y * 3 + number * 3) % 256
    blue = np.where((x + 5 * number) % 40 < 12, 220, 30)
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def _write_video(
    path: Path,
    ticks: Sequence[int],
    *,
    codec: str = "libx264",
    time_base: Fraction = Fraction(1, 1000),
    hw: tuple[int, int] = (64, 96),
    options: dict[str, str] | None = None,
    rotation: int = 0,
    container_options: dict[str, str] | None = None,
    pix_fmt: str = "yuv420p",
    **open_options: Any,
) -> Path:
    with av.open(str(path), "w", options=container_options or {}, **open_options) as container:
        stream = container.add_stream(codec, rate=30, options=options or {})
        stream.height, stream.width = hw
        stream.pix_fmt = pix_fmt
        stream.time_base = time_base
        stream.codec_context.time_base = time_base
        if rotation:
            stream.set_display_rotation(rotation)
        for number, tick in enumerate(ticks):
            frame = av.VideoFrame.from_ndarray(scenery(number, hw), format="rgb24").reformat(format=pix_fmt)
            frame.pts = tick
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="session")
def write_video() -> Callable[..., Path]:
    """A function that writes frames of :func:`scenery` at given ticks."""
    return _write_video


@pytest.fixture(scope="session")
def draw_scenery() -> Callable[..., np.ndarray]:
    """See :func:`scenery`."""
    return scenery
