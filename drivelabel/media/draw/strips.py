"""The strips above and below a picture: what it shows, and what its colours mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivelabel.media.draw.canvas import Canvas, Spans, spans_width, text_height
from drivelabel.media.draw.cuboids import DEPTH_RANGE, depth_colors
from drivelabel.media.draw.legend import LegendEntry, Meaning
from drivelabel.media.draw.style import FAINT, PANEL, PAPER, Rgb
from drivelabel.media.draw.text import text_width
from drivelabel.typing import UInt8Array


def strip_height(text: int) -> int:
    """Height of a strip for letters of a size, pixels."""
    return text_height(text) + text


def header(width: int, text: int, left: Spans, right: Spans) -> UInt8Array:
    """(h, width, 3) strip with words at its two ends; the right ones give way where room is short."""
    canvas, y = _strip(width, text)
    end = canvas.text(left, (text, y), text)
    start = width - text - spans_width(right, text)
    if start > end + text:
        canvas.text(right, (start, y), text)
    return canvas.pixels


def footer(
    width: int, text: int, entries: Sequence[LegendEntry], *, depth: bool, note: str = ""
) -> UInt8Array:
    """(h, width, 3) strip with the legend of what is shown, the depth scale, and a note."""
    canvas, y = _strip(width, text)
    room = width - text
    if note:
        room -= text_width(note, text)
        canvas.text([(note, FAINT)], (room, y), text)
        room -= text
    if depth:
        room -= _depth_width(text)
        _depth_scale(canvas, (room, y), text)
        room -= text
    _legend(canvas, entries, text, y, room)
    return canvas.pixels


def _strip(width: int, text: int) -> tuple[Canvas, int]:
    height = strip_height(text)
    canvas = Canvas(np.full((height, width, 3), PANEL, np.uint8))
    return canvas, (height - text_height(text)) // 2


def _legend(canvas: Canvas, entries: Sequence[LegendEntry], text: int, y: int, room: int) -> None:
    x = text
    for row, entry in enumerate(entries):
        count = [] if entry.count is None else [(f" {entry.count}", FAINT)]
        spans: list[tuple[str, Rgb]] = [(entry.meaning.name, PAPER), *count]
        rest = f"+{len(entries) - row} more"
        last = row == len(entries) - 1
        reserve = 0 if last else text_width(rest, text) + text
        if x + 1.4 * text + spans_width(spans, text) + reserve > room:
            canvas.text([(rest, FAINT)], (x, y), text)
            return
        _swatch(canvas, entry.meaning, (x, y), text)
        x = canvas.text(spans, (x + round(1.4 * text), y), text) + round(1.1 * text)


def _swatch(canvas: Canvas, meaning: Meaning, xy: tuple[int, int], text: int) -> None:
    x, y = xy
    top, size = y + round(0.24 * text), round(0.86 * text)
    if meaning.shape == "area":
        canvas.box((x, top, size, size), meaning.color, 0.5, radius=2)
    elif meaning.shape == "line":
        canvas.box((x, top + size // 2 - 2, size, 4), meaning.color, radius=2)
    elif meaning.shape == "light":
        canvas.box((x, top, size, size), meaning.color, radius=size // 2)
    else:
        canvas.box((x, top, size, size), meaning.color, radius=2)
        canvas.box((x + 2, top + 2, size - 4, size - 4), PANEL, radius=1)
        if meaning.shape == "dashed box":
            gap, middle = max(2, size // 5), size // 2
            canvas.box((x + middle - gap // 2, top, gap, size), PANEL)
            canvas.box((x, top + middle - gap // 2, size, gap), PANEL)


def _depth_width(text: int) -> int:
    low, high = (f"{metres:.0f} m" for metres in DEPTH_RANGE)
    return text_width("lidar  " + low, text) + text_width(high, text) + 7 * text


def _depth_scale(canvas: Canvas, xy: tuple[int, int], text: int) -> None:
    """A bar with the colours of the depths, and the metres at its ends."""
    x, y = xy
    low, high = (f"{metres:.0f} m" for metres in DEPTH_RANGE)
    x = canvas.text([("lidar  ", FAINT), (low, PAPER)], (x, y), text) + text // 2
    length, height = 6 * text, max(4, text // 2)
    depth = np.geomspace(*DEPTH_RANGE, length)
    top = y + round(0.24 * text) + (round(0.86 * text) - height) // 2
    canvas.pixels[top : top + height, x : x + length] = depth_colors(depth)[None]
    canvas.text([(high, PAPER)], (x + length + text // 2, y), text)
