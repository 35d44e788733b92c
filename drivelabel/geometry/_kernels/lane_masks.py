"""Lane lines drawn wide, as bits: splines, stamps, overlap, pairing. For numba; nothing here raises.

A line is drawn as cv2 draws it: a wide segment between each two of the spline's points. Those segments are a
few pixels long, so there are few different ones, and each is a stamp: up to 64 rows of 64 bits. A line's mask
is its stamps or-ed into rows of 64-bit words, with one word of room on the left and one on the right.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from drivelabel.typing import FloatArray, IntArray

Bits = npt.NDArray[np.uint64]
Points = npt.NDArray[np.float32]

STEPS = 50
"""Points that the spline has per given point."""
SLACK = 1e-2
"""CULane's program takes two weights for equal when they differ by less, in its pairing."""

NOTHING, DRAW = -1, -2
"""Keys of segments that lie outside the image, and of those that no stamp can draw."""


@njit(cache=True)
def _bends(points: Points, h: FloatArray, bend: FloatArray, axis: int) -> None:
    """Write the natural spline's second derivatives along one axis into (n,) `bend`."""
    n = len(points)
    upper, right = np.empty(n - 2), np.empty(n - 2)
    for i in range(n - 2):
        after = (points[i + 2, axis] - points[i + 1, axis]) / h[i + 1]
        before = (points[i + 1, axis] - points[i, axis]) / h[i]
        middle = 2.0 * (h[i] + h[i + 1])
        if i:
            middle -= h[i] * upper[i - 1]
        upper[i] = h[i + 1] / middle
        right[i] = 6.0 * (after - before)
        if i:
            right[i] -= h[i] * right[i - 1]
        right[i] /= middle
    bend[0] = bend[n - 1] = 0.0
    for i in range(n - 3, -1, -1):
        bend[i + 1] = right[i] - (upper[i] * bend[i + 2] if i < n - 3 else 0.0)


@njit(cache=True)
def _whole(value: float, nearest: bool) -> int:
    """A coordinate as a whole number: the nearest, or the one towards zero; from float32, as cv2 has it."""
    single = np.float32(value)
    return int(np.rint(single)) if nearest else int(single)


@njit(cache=True)
def spline_pixels(points: Points, nearest: bool, out: IntArray) -> int:
    """Write the (m, 2) pixels of a line's spline into `out`, equal neighbours once; how many there are.

    (k, 2) points, k at least 2, neighbours distinct; `out` holds (k - 1) * STEPS + 1 rows.
    """
    n = len(points)
    size = 0
    if n == 2:
        for i in range(2):
            out[i, 0], out[i, 1] = _whole(points[i, 0], nearest), _whole(points[i, 1], nearest)
        return 2 if out[0, 0] != out[1, 0] or out[0, 1] != out[1, 1] else 1
    h, bend_x, bend_y = np.empty(n - 1), np.empty(n), np.empty(n)
    for i in range(n - 1):
        dx, dy = points[i + 1, 0] - points[i, 0], points[i + 1, 1] - points[i, 1]
        h[i] = np.sqrt(np.float64(dx) ** 2 + np.float64(dy) ** 2)
    _bends(points, h, bend_x, 0)
    _bends(points, h, bend_y, 1)
    for i in range(n - 1):
        slope_x = (points[i + 1, 0] - points[i, 0]) / h[i] - h[i] * (2.0 * bend_x[i] + bend_x[i + 1]) / 6.0
        slope_y = (points[i + 1, 1] - points[i, 1]) / h[i] - h[i] * (2.0 * bend_y[i] + bend_y[i + 1]) / 6.0
        third_x = (bend_x[i + 1] - bend_x[i]) / (6.0 * h[i])
        third_y = (bend_y[i + 1] - bend_y[i]) / (6.0 * h[i])
        for k in range(STEPS):
            t = h[i] / STEPS * k
            x = _whole(points[i, 0] + t * (slope_x + t * (bend_x[i] / 2.0 + t * third_x)), nearest)
            y = _whole(points[i, 1] + t * (slope_y + t * (bend_y[i] / 2.0 + t * third_y)), nearest)
            if size == 0 or x != out[size - 1, 0] or y != out[size - 1, 1]:
                out[size, 0], out[size, 1] = x, y
                size += 1
    x, y = _whole(points[n - 1, 0], nearest), _whole(points[n - 1, 1], nearest)
    if x != out[size - 1, 0] or y != out[size - 1, 1]:
        out[size, 0], out[size, 1] = x, y
        size += 1
    return size


@njit(cache=True)
def all_segments(points: Points, offsets: IntArray, nearest: bool) -> tuple[IntArray, IntArray]:
    """Lines (m, 2) -> (s, 4) x, y, dx, dy of their segments, and (n + 1,) where a line's segments start.

    A line of fewer than two points has no segments; one that is a single pixel has one without length.
    """
    n = len(offsets) - 1
    starts = np.zeros(n + 1, np.int64)
    longest = 2
    for i in range(n):
        longest = max(longest, (offsets[i + 1] - offsets[i]) * STEPS + 1)
    pixels = np.empty((longest, 2), np.int64)
    segments = np.empty((1024, 4), np.int64)
    total = 0
    for i in range(n):
        line = points[offsets[i] : offsets[i + 1]]
        count = spline_pixels(line, nearest, pixels) if len(line) > 1 else 0
        if total + count > len(segments):
            grown = np.empty((2 * len(segments) + count, 4), np.int64)
            grown[:total] = segments[:total]
            segments = grown
        for k in range(max(count - 1, min(count, 1))):
            after = min(k + 1, count - 1)
            segments[total, 0], segments[total, 1] = pixels[k, 0], pixels[k, 1]
            segments[total, 2], segments[total, 3] = (
                pixels[after, 0] - pixels[k, 0],
                pixels[after, 1] - pixels[k, 1],
            )
            total += 1
        starts[i + 1] = total
    return segments[:total], starts


@njit(cache=True)
def segment_keys(segments: IntArray, height: int, width: int, margin: int, max_step: int) -> IntArray:
    """(s, 4) -> (s,) what a segment's picture depends on, as one number: its step, and how near a border is.

    The lowest ten bits are the step, the next ten 64 more than the first point's distance to the border, then
    the side: 0 none, 1 top, 2 bottom, 3 left, 4 right.
    """
    key = np.empty(len(segments), np.int64)
    for s in range(len(segments)):
        x, y, dx, dy = segments[s]
        top, left = min(y, y + dy), min(x, x + dx)
        bottom, right = height - 1 - max(y, y + dy), width - 1 - max(x, x + dx)
        n_near = (top < margin) + (bottom < margin) + (left < margin) + (right < margin)
        above, beside = max(y, y + dy) < -margin, max(x, x + dx) < -margin
        if above or beside or min(y, y + dy) >= height + margin or min(x, x + dx) >= width + margin:
            key[s] = NOTHING
            continue
        if n_near > 1 or abs(dx) > max_step or abs(dy) > max_step:
            key[s] = DRAW
            continue
        side, distance = 0, 0
        if n_near:
            if top < margin:
                side, distance = 1, y
            elif bottom < margin:
                side, distance = 2, height - 1 - y
            elif left < margin:
                side, distance = 3, x
            else:
                side, distance = 4, width - 1 - x
        key[s] = (side * 1024 + distance + 64) * 1024 + (dx + max_step) * 32 + dy + max_step
    return key


@njit(cache=True)
def _bit_count(word: int) -> int:
    """How many bits of 64 are set. Source: Warren, Hacker's Delight, 2nd ed., section 5-1."""
    w = np.uint64(word)
    w = w - ((w >> np.uint64(1)) & np.uint64(0x5555555555555555))
    w = (w & np.uint64(0x3333333333333333)) + ((w >> np.uint64(2)) & np.uint64(0x3333333333333333))
    w = (w + (w >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    # Not by a multiplication: NumPy warns of its overflow where nothing is compiled.
    w = w + (w >> np.uint64(8))
    w = w + (w >> np.uint64(16))
    w = w + (w >> np.uint64(32))
    return int(w & np.uint64(0x7F))


@njit(cache=True)
def _stamp_line(
    mask: Bits, span: IntArray, segments: IntArray, stamp_of: IntArray, stamps: Bits, reach: int
) -> None:
    """Or a line's stamps into its (h, words) mask; widen (h, 2) first and last word of each row."""
    for s in range(len(segments)):
        if stamp_of[s] < 0:
            continue
        top, left = segments[s, 1] - reach, segments[s, 0] - reach + 64
        word, shift = left >> 6, np.uint64(left & 63)
        for k in range(max(0, -top), min(stamps.shape[1], len(mask) - top)):
            bits = stamps[stamp_of[s], k]
            if bits == np.uint64(0):
                continue
            y = top + k
            mask[y, word] |= bits << shift
            span[y, 0] = min(span[y, 0], word)
            # Two shifts: one by 64 is no shift at all.
            over = (bits >> np.uint64(1)) >> (np.uint64(63) - shift)
            if over != np.uint64(0):
                mask[y, word + 1] |= over
                word_last = word + 1
            else:
                word_last = word
            span[y, 1] = max(span[y, 1], word_last)


@njit(cache=True)
def _area(mask: Bits, span: IntArray) -> int:
    total = 0
    for y in range(len(mask)):
        for w in range(span[y, 0], span[y, 1] + 1):
            total += _bit_count(mask[y, w])
    return total


@njit(cache=True)
def _overlap(a: Bits, span_a: IntArray, b: Bits, span_b: IntArray) -> int:
    total = 0
    for y in range(len(a)):
        for w in range(max(span_a[y, 0], span_b[y, 0]), min(span_a[y, 1], span_b[y, 1]) + 1):
            total += _bit_count(a[y, w] & b[y, w])
    return total


@njit(cache=True)
def frame_ious(
    height: int,
    words: int,
    drawn: Bits,
    drawn_of: IntArray,
    segments: IntArray,
    stamp_of: IntArray,
    stamps: Bits,
    reach: int,
    starts: IntArray,
    category: IntArray,
    n_truth: IntArray,
    n_pred: IntArray,
    partner_iou: FloatArray,
    partner: IntArray,
) -> None:
    """Pair the lines of frames by how much they overlap when drawn wide.

    A frame's true lines come first in `starts`, then its predicted ones; lines of two categories never pair.
    `drawn` (d, h, words) holds what stamps cannot draw of the lines with ``drawn_of[line] >= 0``. Writes, per
    true line, the IoU with its partner and which of the frame's predicted lines that is; -1 if none.
    """
    most = 1
    for f in range(len(n_truth)):
        most = max(most, n_truth[f] + n_pred[f])
    mask, span = np.zeros((most, height, words), np.uint64), np.empty((most, height, 2), np.int64)
    first, truth_row = 0, 0
    for f in range(len(n_truth)):
        n, m = n_truth[f], n_pred[f]
        iou, area = np.zeros((n, m)), np.zeros(n + m, np.int64)
        if n and m:
            for k in range(n + m):
                line = first + k
                span[k, :, 0], span[k, :, 1] = words, -1
                if drawn_of[line] >= 0:
                    mask[k] = drawn[drawn_of[line]]
                    span[k, :, 0], span[k, :, 1] = 0, words - 1
                part = slice(starts[line], starts[line + 1])
                _stamp_line(mask[k], span[k], segments[part], stamp_of[part], stamps, reach)
                area[k] = _area(mask[k], span[k])
            for i in range(n):
                for j in range(m):
                    if category[first + i] != category[first + n + j]:
                        continue
                    both = _overlap(mask[i], span[i], mask[n + j], span[n + j])
                    union = area[i] + area[n + j] - both
                    iou[i, j] = both / union if union else 0.0
            for k in range(n + m):
                for y in range(height):
                    for w in range(span[k, y, 0], span[k, y, 1] + 1):
                        mask[k, y, w] = np.uint64(0)
            partner[truth_row : truth_row + n] = pair_lines(iou)
        for i in range(n):
            if partner[truth_row + i] >= 0:
                partner_iou[truth_row + i] = iou[i, partner[truth_row + i]]
        first += n + m
        truth_row += n


@njit(cache=True)
def pair_lines(iou: FloatArray) -> IntArray:
    """(n, m) -> (n,) the partner of each row or -1, as CULane's program pairs lines.

    Kuhn and Munkres' method, with weights that count as equal within SLACK: the total may stay a little below
    the largest possible one.
    """
    n, m = iou.shape
    weight = iou.T.copy() if n > m else iou.copy()
    rows, columns = weight.shape
    of_row, of_column = np.zeros(rows), np.zeros(columns)
    for i in range(rows):
        of_row[i] = np.max(weight[i])
    holder = np.full(columns, -1, np.int64)
    seen_row, seen_column = np.zeros(rows, np.bool_), np.zeros(columns, np.bool_)
    for row in range(rows):
        while True:
            seen_row[:] = False
            seen_column[:] = False
            if _find_place(row, weight, of_row, of_column, seen_row, seen_column, holder):
                break
            step = np.inf
            for i in range(rows):
                for j in range(columns):
                    if seen_row[i] and not seen_column[j]:
                        step = min(step, of_row[i] + of_column[j] - weight[i, j])
            of_row[seen_row] -= step
            of_column[seen_column] += step
    partner = np.full(n, -1, np.int64)
    for j in range(columns):
        if holder[j] >= 0:
            if n > m:
                partner[j] = holder[j]
            else:
                partner[holder[j]] = j
    return partner


@njit(cache=True)
def _find_place(
    row: int,
    weight: FloatArray,
    of_row: FloatArray,
    of_column: FloatArray,
    seen_row: Any,
    seen_column: Any,
    holder: IntArray,
) -> bool:
    """Give `row` a column, moving the rows that hold one where that is possible."""
    seen_row[row] = True
    for j in range(weight.shape[1]):
        if seen_column[j] or abs(of_row[row] + of_column[j] - weight[row, j]) >= SLACK:
            continue
        seen_column[j] = True
        if holder[j] == -1 or _find_place(
            holder[j], weight, of_row, of_column, seen_row, seen_column, holder
        ):
            holder[j] = row
            return True
    return False
