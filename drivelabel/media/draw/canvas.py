"""A picture that is being drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from drivelabel.media.draw.style import INK, Rgb, Style
from drivelabel.media.draw.text import line_height, text_mask, text_width
from drivelabel.typing import AnyArray, BoolArray, FloatArray, UInt8Array

DOT_ALPHA = 0.85
_SHIFT = 4
_FAR = 16_000.0
"""OpenCV takes 16 bits left of the point; what lies further out is not seen anyway."""

Dash = tuple[float, float] | None
Spans = Sequence[tuple[str, Rgb]]


class Canvas:
    """A picture that is being drawn on; the image it starts from is not changed.

    Shapes are given in the image's own pixels (continuous, (0, 0) is its corner) and land `scale` times
    as large. Widths and text are in pixels of the picture.

    Attributes:
        pixels: (h, w, 3) uint8, RGB.
        scale: picture pixels per image pixel.
        style: sizes of lines and text.
    """

    def __init__(self, image_rgb: UInt8Array, scale: float = 1.0) -> None:
        self.pixels: UInt8Array = _resized(image_rgb, scale)
        self.scale = scale
        self.style = Style.of_height(self.pixels.shape[0])

    @property
    def hw(self) -> tuple[int, int]:
        """Height and width of the picture, pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def outline(
        self, points: AnyArray, color: Rgb, width: int, *, closed: bool = False, dash: Dash = None
    ) -> None:
        """A polyline drawn twice: dark and 2 px wider below, the colour above.

        Args:
            points: (k, 2), image pixels.
            color: of the upper line.
            width: of the upper line, picture pixels.
            closed: join the last point with the first.
            dash: length of dashes and gaps in picture pixels. Each side of a closed shape begins and
                ends with a dash; an open line is dashed along its whole length.
        """
        corners = np.asarray(points, np.float64) * self.scale
        if closed:
            corners = np.vstack([corners, corners[:1]])
        cut = dashes if closed else dashes_along
        pieces = [corners] if dash is None else cut(corners, *dash)
        self._lines(pieces, INK, _dark_width(width))
        self._lines(pieces, color, width)

    def segments(self, segments: AnyArray, color: Rgb, width: int, *, dash: Dash = None) -> None:
        """Separate straight lines, drawn twice like :meth:`outline`; (n, 4) x0 y0 x1 y1, image pixels."""
        height, width_px = self.hw
        limits = (width_px / self.scale, height / self.scale)
        pieces: list[FloatArray] = []
        for pair in clip_segments(np.asarray(segments, np.float64), limits).reshape(-1, 2, 2) * self.scale:
            pieces += [pair] if dash is None else dashes(pair, *dash)
        self._lines(pieces, INK, _dark_width(width))
        self._lines(pieces, color, width)

    def plain(self, points: AnyArray, color: Rgb, width: int) -> None:
        """A polyline without the dark line below, for guides; (k, 2), image pixels."""
        self._lines([np.asarray(points, np.float64) * self.scale], color, width)

    def thin(self, segments: AnyArray, color: Rgb) -> None:
        """Separate hair lines in a darkened colour, for what lies behind; (n, 4), image pixels."""
        height, width = self.hw
        inside = clip_segments(np.asarray(segments, np.float64), (width / self.scale, height / self.scale))
        dim = (color[0] * 6 // 10, color[1] * 6 // 10, color[2] * 6 // 10)
        self._lines(list(inside.reshape(-1, 2, 2) * self.scale), dim, 1)

    def _lines(self, lines: Sequence[FloatArray], color: Rgb, width: int) -> None:
        fixed = [_fixed(line) for line in lines if len(line) > 1]
        cv2.polylines(self.pixels, fixed, False, color, width, cv2.LINE_AA, _SHIFT)

    def disc(self, center: AnyArray, radius: float, color: Rgb, *, filled: bool = True) -> None:
        """A circle with a dark rim; centre in image pixels, radius in picture pixels."""
        x, y = _fixed(np.asarray(center, np.float64)[None] * self.scale)[0].tolist()
        size = round(radius * (1 << _SHIFT))
        rim = round((radius + 1.5) * (1 << _SHIFT))
        cv2.circle(self.pixels, (x, y), rim, INK, -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(self.pixels, (x, y), size, color, -1 if filled else 1, cv2.LINE_AA, _SHIFT)

    def fill(self, polygon: AnyArray, color: Rgb, alpha: float) -> None:
        """Blend a convex or simple polygon, (k, 2) image pixels, into the picture."""
        corners = _fixed(np.asarray(polygon, np.float64) * self.scale)
        mask = np.zeros(self.hw, np.uint8)
        cv2.fillPoly(mask, [corners], (255,), cv2.LINE_AA, _SHIFT)
        self.blend(mask > 127, color, alpha)

    def blend(self, mask: BoolArray, color: Rgb, alpha: float) -> None:
        """Tint the pixels of a (h, w) mask of the picture's own size."""
        under = self.pixels[mask].astype(np.float32)
        tint = np.asarray(color, np.float32)
        self.pixels[mask] = (under + (tint - under) * alpha + 0.5).astype(np.uint8)

    def dots(self, uv: AnyArray, colors: UInt8Array) -> None:
        """Small squares, (n, 2) image pixels with (n, 3) colours; later ones lie above earlier ones.

        They are translucent, so that a dense cloud does not hide the picture.
        """
        height, width = self.hw
        size = self.style.dot
        at = np.floor(uv * self.scale - (size - 1) / 2).astype(np.int64)
        sheet, covered = np.zeros_like(self.pixels), np.zeros(self.hw, np.bool_)
        for dy, dx in np.ndindex(size, size):
            x, y = at[:, 0] + dx, at[:, 1] + dy
            seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            sheet[y[seen], x[seen]] = colors[seen]
            covered[y[seen], x[seen]] = True
        mixed = self.pixels[covered] * np.float32(1 - DOT_ALPHA) + sheet[covered] * np.float32(DOT_ALPHA)
        self.pixels[covered] = mixed.astype(np.uint8)

    def box(self, xywh: tuple[int, int, int, int], color: Rgb, alpha: float = 1.0, radius: int = 0) -> None:
        """Blend a rectangle with round corners, in picture pixels, into the picture."""
        x, y, w, h = xywh
        self._stamp(round_rectangle(w, h, radius), (x, y), color, alpha)

    def text(self, spans: Spans, xy: tuple[int, int], size: int) -> int:
        """Write spans of coloured text from a left upper corner, picture pixels; returns the pen's x."""
        x, y = xy
        for words, color in spans:
            self._stamp(text_mask(words, size), (x, y), color)
            x += text_width(words, size)
        return x

    def _stamp(self, mask: UInt8Array, xy: tuple[int, int], color: Rgb, alpha: float = 1.0) -> None:
        height, width = self.hw
        x, y = xy
        left, top = max(0, -x), max(0, -y)
        part = mask[top : max(top, height - y), left : max(left, width - x)]
        under = self.pixels[y + top : y + top + part.shape[0], x + left : x + left + part.shape[1]]
        cover = part[..., None].astype(np.float32) * (alpha / 255)
        tint = np.asarray(color, np.float32)
        under[...] = (under + (tint - under) * cover + 0.5).astype(np.uint8)


def spans_width(spans: Spans, size: int) -> int:
    """Width of a line of coloured text, pixels."""
    return sum(text_width(words, size) for words, _ in spans)


def text_height(size: int) -> int:
    """Height of a line of text, pixels."""
    return line_height(size)


def round_rectangle(width: int, height: int, radius: int) -> UInt8Array:
    """(h, w) uint8, how much of each pixel a rectangle with round corners covers."""
    x = np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius)
    y = np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius)
    outside = np.hypot(np.maximum(x, 0)[None], np.maximum(y, 0)[:, None])
    cover: UInt8Array = (np.clip(radius + 0.5 - outside, 0, 1) * 255).astype(np.uint8)
    return cover


def dashes(points: FloatArray, dash: float, gap: float) -> list[FloatArray]:
    """Pieces of a polyline; each of its straight sides begins and ends with a dash, so corners are closed."""
    pieces: list[FloatArray] = []
    for start, stop in pairwise(points):
        length = float(np.hypot(*(stop - start)))
        n_gaps = min(200, int((length - dash) // (dash + gap))) if length > dash else 0
        if n_gaps < 1:
            pieces.append(np.stack([start, stop]))
            continue
        period = (length - dash) / n_gaps
        begins = np.arange(n_gaps + 1) * period
        along = np.stack([begins, begins + dash], axis=1)[..., None] / length
        pieces += list(start + along * (stop - start))
    return pieces


def dashes_along(points: FloatArray, dash: float, gap: float) -> list[FloatArray]:
    """Pieces of a polyline, dashed along its length whatever its bends; the first begins where it begins."""
    lengths = np.r_[0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T))]
    n_dashes = min(1000, int(np.ceil(lengths[-1] / (dash + gap))))
    pieces: list[FloatArray] = []
    for begin in (np.arange(n_dashes) * (dash + gap)).tolist():
        end = min(begin + dash, float(lengths[-1]))
        inner = points[(lengths > begin) & (lengths < end)]
        ends = [[np.interp(at, lengths, points[:, axis]) for axis in (0, 1)] for at in (begin, end)]
        pieces.append(np.vstack([ends[:1], inner, ends[1:]]))
    return pieces


def clip_segments(segments: FloatArray, limits_wh: tuple[float, float], margin: float = 64.0) -> FloatArray:
    """The parts of (n, 4) segments inside a rectangle from (0, 0), plus a margin; segments outside are gone.

    Source: Liang & Barsky, A New Concept and Method for Line Clipping, ACM TOG 1984.
    """
    start, step = segments[:, :2], segments[:, 2:] - segments[:, :2]
    low, high = np.full(2, -margin), np.asarray(limits_wh) + margin
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        a, b = (low - start) / step, (high - start) / step
    still = step == 0
    inside = (start >= low) & (start <= high)
    enter = np.where(still, np.where(inside, -np.inf, np.inf), np.minimum(a, b)).max(axis=1, initial=0.0)
    leave = np.where(still, np.where(inside, np.inf, -np.inf), np.maximum(a, b)).min(axis=1, initial=1.0)
    keep = enter < leave
    begin = start + np.where(keep, enter, 0.0)[:, None] * step
    end = start + np.where(keep, leave, 0.0)[:, None] * step
    return np.asarray(np.hstack([begin, end])[keep], np.float64)


def _dark_width(width: int) -> int:
    """Thickness that is 2 px more; smooth lines of OpenCV are 1.4, 3.4, 5.4, 5.4, 7.4 px for 1 to 5."""
    return 2 if width == 1 else width + 2


def _fixed(points: FloatArray) -> AnyArray:
    """OpenCV's fixed-point coordinates: there a pixel's centre, not its corner, is a whole number."""
    fixed: AnyArray = np.round((np.clip(points, -_FAR, _FAR) - 0.5) * (1 << _SHIFT)).astype(np.int32)
    return fixed


def _resized(image_rgb: UInt8Array, scale: float) -> UInt8Array:
    if scale == 1.0:
        return np.array(image_rgb, np.uint8, order="C")
    height, width = image_rgb.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image_rgb, size, interpolation=method), np.uint8)
