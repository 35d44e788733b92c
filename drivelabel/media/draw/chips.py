"""Small name plates, placed where they hide no other plate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivelabel.media.draw.canvas import Canvas, Spans, spans_width, text_height
from drivelabel.media.draw.legend import Meaning
from drivelabel.media.draw.style import INK, PAPER, Rgb
from drivelabel.typing import FloatArray


@dataclass(frozen=True, slots=True)
class Chip:
    """What a name plate says and which rectangle of the picture it belongs to.

    Attributes:
        texts: what it may say, the fullest first; a shorter one is taken where room is short.
        meaning: of the thing's colour; the colour is that of the bar at the plate's left end.
        around: x0, y0, x1, y1 of the thing, picture pixels.
        weight: heavier chips are placed first.
    """

    texts: tuple[Spans, ...]
    meaning: Meaning
    around: tuple[float, float, float, float]
    weight: float = 1.0


Rect = tuple[float, float, float, float]
"""x0, y0, x1, y1 in picture pixels."""


def draw_chips(canvas: Canvas, chips: Sequence[Chip]) -> int:
    """Place and draw chips; how many found no room and were left out."""
    placed = place_chips(canvas, chips)
    for row, (spans, rect) in placed.items():
        draw_chip(canvas, spans, chips[row].meaning.color, (round(rect[0]), round(rect[1])))
    return len(chips) - len(placed)


def place_chips(canvas: Canvas, chips: Sequence[Chip]) -> dict[int, tuple[Spans, Rect]]:
    """Where chips go, the heaviest first: inside the picture, no two over each other.

    Returns:
        Row of the chip to what it says and where; chips without room are absent.
    """
    around = np.asarray([chip.around for chip in chips], np.float64).reshape(-1, 4)
    placed: dict[int, tuple[Spans, Rect]] = {}
    for row in sorted(range(len(chips)), key=lambda row: -chips[row].weight):
        taken = np.asarray([rect for _, rect in placed.values()], np.float64).reshape(-1, 4)
        spot = _find_spot(canvas, chips[row], taken, np.delete(around, row, axis=0))
        if spot is not None:
            placed[row] = spot
    return placed


def draw_chip(canvas: Canvas, spans: Spans, color: Rgb, xy: tuple[int, int]) -> None:
    """One plate with its left upper corner at `xy`, picture pixels."""
    width, height = chip_size(canvas, spans)
    bar, pad = _bar(canvas), _pad(canvas)
    x, y = xy
    canvas.box((x, y, width, height), INK, 0.82, radius=max(2, height // 6))
    canvas.box((x, y, bar, height), color, 1.0, radius=min(bar // 2, 2))
    canvas.text(spans, (x + bar + pad, y + 1), canvas.style.text)


def chip_size(canvas: Canvas, spans: Spans) -> tuple[int, int]:
    """Width and height of a plate, picture pixels."""
    size = canvas.style.text
    return spans_width(spans, size) + _bar(canvas) + 2 * _pad(canvas), text_height(size) + 2


def _bar(canvas: Canvas) -> int:
    return max(3, canvas.style.text // 4)


def _pad(canvas: Canvas) -> int:
    return max(3, canvas.style.text // 4)


def _find_spot(
    canvas: Canvas, chip: Chip, taken: FloatArray, others: FloatArray
) -> tuple[Spans, Rect] | None:
    """The text and rectangle that cover no plate and as little as can be of other things."""
    for spans in chip.texts:
        width, height = chip_size(canvas, spans)
        corners = _corners(chip.around, width, height, canvas.style.line)
        rects = np.floor(_inside(np.hstack([corners, corners + np.asarray([width, height])]), canvas.hw))
        moved = np.abs(rects[:, :2] - corners).sum(axis=1)
        fits = (rects[:, :2] >= 0).all(axis=1) & (rects[:, 2:] <= (canvas.hw[1], canvas.hw[0])).all(axis=1)
        free = (_overlap(rects, taken) == 0) & (moved <= max(width, height)) & fits
        if not free.any():
            continue
        cost = _overlap(rects, others) / (width * height) + np.arange(len(rects)) * 0.04
        best = rects[int(np.argmin(np.where(free, cost, np.inf)))]
        return spans, (float(best[0]), float(best[1]), float(best[2]), float(best[3]))
    return None


def _corners(around: tuple[float, float, float, float], width: int, height: int, line: int) -> FloatArray:
    """Left upper corners to try, the best first: above, below, beside, then inside the thing."""
    x0, y0, x1, y1 = around
    edge = line + 1
    left, right = x0 - edge, x1 + edge - width
    above, below = y0 - edge - height, y1 + edge
    spots = [(left, above), (right, above), (left, below), (right, below)]
    spots += [(x1 + edge + 1, y0 - edge), (x0 - edge - 1 - width, y0 - edge)]
    if x1 - x0 > 1.2 * width and y1 - y0 > 2.5 * height:
        spots += [(x0 + edge, y0 + edge), (x1 - edge - width, y1 - edge - height)]
    spots += [(left, above - height - 2), (right, above - height - 2), (left, below + height + 2)]
    return np.asarray(spots, np.float64)


def _inside(rects: FloatArray, hw: tuple[int, int]) -> FloatArray:
    """Rectangles shifted into the picture."""
    high = np.asarray([hw[1], hw[0]], np.float64)
    shift = np.maximum(0, -rects[:, :2]) - np.maximum(0, rects[:, 2:] - high)
    return np.asarray(rects + np.hstack([shift, shift]), np.float64)


def _overlap(rects: FloatArray, others: FloatArray) -> FloatArray:
    """(n,) area that each rectangle shares with all others together."""
    low = np.maximum(rects[:, None, :2], others[None, :, :2])
    high = np.minimum(rects[:, None, 2:], others[None, :, 2:])
    return np.asarray(np.prod(np.maximum(high - low, 0), axis=2).sum(axis=1), np.float64)


def name_spans(name: str, track_id: int, score: float | None, color: Rgb) -> tuple[Spans, ...]:
    """What a thing's plate says: class, id and score; then class and id; then the id or class alone."""
    ident = [(f"  #{track_id}", color)] if track_id >= 0 else []
    sure = [(f"  {score:.2f}", _dim(PAPER))] if score is not None else []
    short: list[tuple[str, Rgb]] = [(f"#{track_id}", color)] if track_id >= 0 else [(name, PAPER)]
    plain: list[tuple[str, Rgb]] = [(name, PAPER), *ident]
    return ([*plain, *sure], plain, short)


def texts_for(texts: tuple[Spans, ...], height: float, canvas: Canvas) -> tuple[Spans, ...]:
    """The texts that suit a thing's height in the picture: tiny things get the shortest only."""
    return texts if height > 1.3 * canvas.style.text else texts[-1:]


def _dim(color: Rgb) -> Rgb:
    return color[0] * 7 // 10, color[1] * 7 // 10, color[2] * 7 // 10
