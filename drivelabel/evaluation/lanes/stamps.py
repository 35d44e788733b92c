"""Wide short line segments as cv2 draws them, kept as bits.

A segment of at most 8 px looks the same wherever it stands inside the image, so it is drawn once. Near one
border cv2 clips and may round a pixel differently: there the distance to the border is part of the key. Long
segments and those in corners are drawn each on its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from drivelabel.geometry._kernels import lane_masks as kernels
from drivelabel.typing import AnyArray, IntArray, UInt8Array

MAX_STEP = 8
BITS = 64
_FAR = 1 << 20
_ROOM = BITS

Bits = npt.NDArray[np.uint64]


@dataclass
class Stamps:
    """Stamps of one line width, drawn when they are first needed.

    Attributes:
        width_px: how wide lines are drawn.
    """

    width_px: int
    _row_of: dict[int, int] = field(default_factory=dict)
    _bits: Bits = field(default_factory=lambda: np.zeros((0, BITS), np.uint64))

    @property
    def reach(self) -> int:
        """Rows above, and columns left of, a segment's first point in its stamp."""
        return self.width_px // 2 + 2 + MAX_STEP

    @property
    def usable(self) -> bool:
        """Whether a stamp of this width fits 64 bits."""
        return 2 * self.reach + 1 <= BITS

    def find(self, segments: IntArray, image_hw: tuple[int, int]) -> tuple[IntArray, Bits]:
        """(s,) the stamp of each (s, 4) segment, NOTHING, or DRAW if no stamp can draw it; and the stamps."""
        if not self.usable:
            return np.full(len(segments), kernels.DRAW), np.zeros((1, BITS), np.uint64)
        margin = self.width_px // 2 + 3
        key = kernels.segment_keys(segments, *image_hw, margin, MAX_STEP)
        distinct, inverse = np.unique(key, return_inverse=True)
        new = [k for k in distinct.tolist() if k >= 0 and k not in self._row_of]
        if new:
            self._bits = np.concatenate([self._bits, [self._drawn(k) for k in new]])
            self._row_of.update({k: len(self._row_of) + i for i, k in enumerate(new)})
        rows = np.array([self._row_of[k] if k >= 0 else k for k in distinct.tolist()], np.int64)
        bits = self._bits if len(self._bits) else np.zeros((1, BITS), np.uint64)
        return rows[inverse.reshape(-1)].astype(np.int64), bits

    def _drawn(self, key: int) -> Bits:
        """(64,) rows of bits of a key; the first bit and row are `reach` px before the first point."""
        step, key = key % 1024, key // 1024
        dx, dy = step // 32 - MAX_STEP, step % 32 - MAX_STEP
        side, distance = key // 1024, key % 1024 - BITS
        # An image in which the point stands as far from the border as the key says, and far from the others.
        before, after = [_ROOM, _ROOM], [_ROOM, _ROOM]  # rows, columns
        if side:
            (before, after)[(side - 1) % 2][(side - 1) // 2] = distance
        canvas = np.zeros((before[0] + after[0] + 1, before[1] + after[1] + 1), np.uint8)
        start, stop = (before[1], before[0]), (before[1] + dx, before[0] + dy)
        cv2.line(canvas, start, stop, (1,), self.width_px)
        window = np.zeros((BITS, BITS), np.uint8)
        _copy(canvas, window, before[0] - self.reach, before[1] - self.reach)
        return pack_bits(window)[:, 0]


@lru_cache(maxsize=4)
def stamps_of(width_px: int) -> Stamps:
    """The stamps of one width, shared by all calls."""
    return Stamps(width_px)


def draw_segments(segments: AnyArray, image_hw: tuple[int, int], width_px: int) -> Bits:
    """(h, words) the bits of some segments, drawn by cv2; one word of room on both sides."""
    height, width = image_hw
    canvas = np.zeros(image_hw, np.uint8)
    for x, y, dx, dy in np.clip(segments, -_FAR, _FAR).tolist():
        cv2.line(canvas, (x, y), (x + dx, y + dy), (1,), width_px)
    padded = np.zeros((height, words_of(width) * BITS), np.uint8)
    padded[:, BITS : BITS + width] = canvas
    return pack_bits(padded)


def words_of(width: int) -> int:
    """Words in a row of bits: the image's, and one more on each side."""
    return -(-width // BITS) + 2


def pack_bits(mask: UInt8Array) -> Bits:
    """(h, w) of zeros and ones, w a multiple of 64 -> (h, w / 64); a word's lowest bit is its first pixel."""
    packed = np.packbits(mask, axis=1, bitorder="little")
    return packed.view("<u8").astype(np.uint64)


def _copy(canvas: UInt8Array, window: UInt8Array, top: int, left: int) -> None:
    """Fill a window with what the canvas has at (top, left); zeros outside of it."""
    y0, x0 = max(0, top), max(0, left)
    part = canvas[y0 : max(y0, top + BITS), x0 : max(x0, left + BITS)]
    window[y0 - top : y0 - top + part.shape[0], x0 - left : x0 - left + part.shape[1]] = part
