"""COCO's run-length code, for numba. Callers have checked shapes and dtypes; nothing here raises.

Runs go down the columns. Where they change is found along the rows, in which images lie in memory: a row
is compared with the one above, and the places that differ are then put in order of their columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from drivelabel.typing import IntArray, UInt8Array

BAD_TEXT = -1
BLOCK = 64

Words = npt.NDArray[np.uint64]

_LOW_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)


@njit(cache=True, nogil=True)
def _any_differs(words: Words, others: Words) -> bool:
    # Its own loop, since LLVM makes vectors of it: 20 us over 1280x720, looking for the next one takes 60.
    difference = np.uint64(0)
    for i in range(words.shape[0]):
        difference |= words[i] ^ others[i]
    return bool(difference != np.uint64(0))


@njit(cache=True, nogil=True)
def _differing_words(words: Words, others: Words) -> IntArray:
    """Ascending places at which two (n,) arrays differ."""
    blocks, n_blocks = np.empty(len(words) // BLOCK + 2, np.int64), 0
    for first in range(0, len(words), BLOCK):
        blocks[n_blocks] = first
        n_blocks += _any_differs(words[first : first + BLOCK], others[first : first + BLOCK])
    # Then groups of 8, then words, without branches and with unsigned places, which cannot mean "from the
    # end": 25 us less for 900 changes than a search word by word.
    groups, n_groups = np.empty(n_blocks * (BLOCK // 8) + 1, np.int64), 0
    for b in range(n_blocks):
        for first in range(blocks[b], min(blocks[b] + BLOCK, len(words) - 7), 8):
            difference = np.uint64(0)
            for k in range(8):
                at = np.uint64(first + k)
                difference |= words[at] ^ others[at]
            groups[n_groups] = first
            n_groups += difference != np.uint64(0)
    places, size = np.empty(8 * (n_groups + 1), np.int64), 0
    for g in range(n_groups):
        for k in range(8):
            at = np.uint64(groups[g] + k)
            places[size] = groups[g] + k
            size += words[at] != others[at]
    for i in range(len(words) - len(words) % 8, len(words)):
        places[size] = i
        size += words[i] != others[i]
    return places[:size]


@njit(forceinline=True)  # not cached: see json_words
def _byte_of(bit: Any) -> int:
    """Which of 8 bytes a single bit of a uint64 lies in, the lowest being 0."""
    byte = 0
    for k in range(1, 8):
        byte += bit >= np.uint64(1 << 8 * k)
    return byte


@njit(cache=True, nogil=True)
def differing(flat: UInt8Array, lag: int) -> IntArray:
    """Ascending places from `lag` on whose pixel differs from the one `lag` before."""
    here, before = flat[lag:], flat[: len(flat) - lag]
    whole = len(here) - len(here) % 8
    words, others = here[:whole].view(np.uint64), before[:whole].view(np.uint64)
    changed = _differing_words(words, others)
    places, size = np.empty(8 * len(changed) + 8, np.int64), 0
    for c in range(len(changed)):
        word = np.uint64(changed[c])
        difference = words[word] ^ others[word]
        # The highest bit of each byte that is not zero; the lowest of them first.
        marks = (((difference & _LOW_BITS) + _LOW_BITS) | difference) & ~_LOW_BITS
        while marks != np.uint64(0):
            lowest = marks & (~marks + np.uint64(1))
            places[size] = 8 * changed[c] + lag + _byte_of(lowest)
            size += 1
            marks ^= lowest
    for k in range(whole, len(here)):
        places[size] = k + lag
        size += here[k] != before[k]
    return places[:size]


@njit(cache=True, nogil=True)
def changes_of_rows(image: UInt8Array) -> IntArray:
    """(h, w) rows in memory -> ascending places x * h + y whose pixel differs from the one before."""
    height, width = image.shape
    below = differing(image.reshape(-1), width)
    ys, xs = np.empty(len(below), np.int32), np.empty(len(below), np.int32)
    start = np.zeros(width + 1, np.int64)
    for x in range(1, width):
        start[x + 1] = image[0, x] != image[height - 1, x - 1]
    y, floor = 0, 0
    for k in range(len(below)):
        while below[k] >= floor + width:
            y, floor = y + 1, floor + width
        x = int(below[k]) - floor
        xs[k], ys[k] = x, y
        start[x + 1] += 1
    for x in range(width):
        start[x + 1] += start[x]
    places = np.empty(start[width], np.int64)
    for x in range(1, width):
        if image[0, x] != image[height - 1, x - 1]:
            places[start[x]] = x * height
            start[x] += 1
    for k in range(len(below)):
        x = int(xs[k])
        places[start[x]] = x * height + ys[k]
        start[x] += 1
    return places


@njit(cache=True, nogil=True)
def _write(text: UInt8Array, at: int, number: int) -> int:
    """Write one number in groups of five bits, low first; where the next one goes."""
    while True:
        bits = number & 31
        number >>= 5
        more = number != (-1 if bits & 16 else 0)
        text[at] = 48 + (bits | (32 if more else 0))
        at += 1
        if not more:
            return at


@njit(cache=True, nogil=True)
def write_counts(counts: IntArray) -> UInt8Array:
    """Counts of runs as text."""
    text = np.empty(13 * len(counts), np.uint8)
    at = 0
    for k in range(len(counts)):
        at = _write(text, at, counts[k] - (counts[k - 2] if k > 2 else 0))
    return text[:at]


@njit(cache=True, nogil=True)
def read_counts(text: UInt8Array) -> tuple[IntArray, int]:
    """Counts in a text, and how many they are; BAD_TEXT where it is no such text."""
    counts = np.empty(len(text), np.int64)
    size, at = 0, 0
    while at < len(text):
        number, shift, more = np.int64(0), 0, True
        while more:
            if at >= len(text) or shift > 60:
                return counts, BAD_TEXT
            bits = np.int64(text[at]) - 48
            if bits < 0 or bits > 63:
                return counts, BAD_TEXT
            number |= (bits & 31) << shift
            more = (bits & 32) != 0
            shift += 5
            at += 1
            if not more and bits & 16:
                number |= np.int64(-1) << shift
        if size > 2:
            number += counts[size - 2]
        if number < 0:
            return counts, BAD_TEXT
        counts[size] = number
        size += 1
    return counts, size


@njit(cache=True, nogil=True)
def counts_of_changes(changes: IntArray, inside: bool, n_pixels: int) -> IntArray:
    """Places where a mask changes and whether it starts inside -> counts of runs, outside first."""
    shift = 1 if inside else 0
    counts = np.zeros(len(changes) + 1 + shift, np.int64)
    before = 0
    for k in range(len(changes)):
        counts[k + shift] = changes[k] - before
        before = changes[k]
    counts[-1] = n_pixels - before
    return counts


@njit(cache=True, nogil=True)
def text_of_rows(image: UInt8Array) -> UInt8Array:
    """The code of a (h, w) mask of zeros and ones whose rows lie in memory."""
    changes = changes_of_rows(image)
    return write_counts(counts_of_changes(changes, image[0, 0] != 0, image.size))


@njit(cache=True, nogil=True)
def text_of_columns(columns: UInt8Array) -> UInt8Array:
    """The code of a mask of zeros and ones from its (w * h,) columns."""
    changes = differing(columns, 1)
    return write_counts(counts_of_changes(changes, columns[0] != 0, columns.size))


@njit(cache=True, nogil=True)
def texts_of_values(changes: IntArray, values: UInt8Array, n_pixels: int) -> tuple[UInt8Array, IntArray]:
    """Where a label map changes, the value of each run -> texts of all 256 values, where each starts."""
    runs = np.zeros(256, np.int64)
    for k in range(len(values)):
        runs[values[k]] += 1
    at = np.zeros(257, np.int64)
    for v in range(256):
        at[v + 1] = at[v] + (7 * (2 * runs[v] + 1) if runs[v] else 0)
    room = np.empty(at[256], np.uint8)
    end, last = at[:256].copy(), np.zeros(256, np.int64)
    k_of, two_before, one_before = np.zeros(256, np.int64), np.zeros(256, np.int64), np.zeros(256, np.int64)
    begin = 0
    for k in range(len(values)):
        stop = changes[k] if k < len(changes) else n_pixels
        v = values[k]
        outside, inside = begin - last[v], stop - begin
        end[v] = _write(room, end[v], outside - (two_before[v] if k_of[v] > 2 else 0))
        end[v] = _write(room, end[v], inside - (one_before[v] if k_of[v] > 1 else 0))
        k_of[v] += 2
        two_before[v], one_before[v], last[v] = outside, inside, stop
        begin = stop
    for v in range(256):
        if runs[v] and last[v] < n_pixels:
            rest = n_pixels - last[v]
            end[v] = _write(room, end[v], rest - (two_before[v] if k_of[v] > 2 else 0))
    # Moved together, since the room is many times what the texts need.
    start = np.zeros(257, np.int64)
    for v in range(256):
        n = end[v] - at[v]
        start[v + 1] = start[v] + n
        room[start[v] : start[v] + n] = room[at[v] : end[v]]
    return room[: start[256]], start


@njit(cache=True, nogil=True)
def values_after(changes: IntArray, image: UInt8Array) -> UInt8Array:
    """(k,) ascending places x * h + y of a (h, w) image -> (k + 1,) pixel of each run."""
    values = np.empty(len(changes) + 1, np.uint8)
    values[0] = image[0, 0]
    height, x, floor = image.shape[0], 0, 0
    for k in range(len(changes)):
        while changes[k] >= floor + height:
            x, floor = x + 1, floor + height
        values[k + 1] = image[changes[k] - floor, x]
    return values


@njit(cache=True, nogil=True)
def fill_columns(counts: IntArray, flat: UInt8Array) -> None:
    """Write runs into (h * w,) columns in memory."""
    at = 0
    for k in range(len(counts)):
        flat[at : at + counts[k]] = k & 1
        at += counts[k]


@njit(cache=True, nogil=True)
def fill_rows(counts: IntArray, image: UInt8Array) -> None:
    """Write runs into (h, w) rows in memory, which must be zeros."""
    height, width = image.shape
    # First only where a column changes, then each row takes over the row above: that one is all vectors.
    at, top = 0, height
    for k in range(len(counts)):
        stop = at + counts[k]
        if k & 1 and stop > at:
            x, y = at // height, at % height
            left = stop - at
            while left > 0:
                here = min(left, height - y)
                image[y, x] ^= 1
                top = min(top, y)
                if y + here < height:
                    image[y + here, x] ^= 1
                left -= here
                x, y = x + 1, 0
        at = stop
    for y in range(top + 1, height):
        row, above = image[y], image[y - 1]
        for x in range(width):
            row[x] ^= above[x]


@njit(cache=True, nogil=True)
def spans(counts: IntArray) -> IntArray:
    """Counts -> (k, 2) where the runs inside start and stop, empty ones left out and neighbours joined."""
    found = np.empty((len(counts) // 2 + 1, 2), np.int64)
    at, size = 0, 0
    for k in range(len(counts)):
        stop = at + counts[k]
        if k & 1 and stop > at:
            if size and found[size - 1, 1] == at:
                found[size - 1, 1] = stop
            else:
                found[size, 0], found[size, 1] = at, stop
                size += 1
        at = stop
    return found[:size]


@njit(cache=True, nogil=True)
def counts_of_spans(runs: IntArray, n_pixels: int) -> IntArray:
    """(k, 2) starts and stops -> counts, outside first, without an empty end."""
    counts = np.empty(2 * len(runs) + 1, np.int64)
    last = 0
    for k in range(len(runs)):
        counts[2 * k], counts[2 * k + 1] = runs[k, 0] - last, runs[k, 1] - runs[k, 0]
        last = runs[k, 1]
    counts[-1] = n_pixels - last
    return counts[:-1] if last == n_pixels and len(runs) else counts


@njit(cache=True, nogil=True)
def _shared(a: IntArray, b: IntArray) -> int:
    i, j, shared = 0, 0, 0
    while i < len(a) and j < len(b):
        low, high = max(a[i, 0], b[j, 0]), min(a[i, 1], b[j, 1])
        if high > low:
            shared += high - low
        if a[i, 1] < b[j, 1]:
            i += 1
        else:
            j += 1
    return shared


@njit(cache=True, nogil=True)
def meet(a: IntArray, b: IntArray) -> IntArray:
    """(k, 2) and (m, 2) spans -> the spans of pixels in both."""
    found, size, i, j = np.empty((len(a) + len(b), 2), np.int64), 0, 0, 0
    while i < len(a) and j < len(b):
        low, high = max(a[i, 0], b[j, 0]), min(a[i, 1], b[j, 1])
        if high > low:
            found[size, 0], found[size, 1] = low, high
            size += 1
        if a[i, 1] < b[j, 1]:
            i += 1
        else:
            j += 1
    return found[:size]


@njit(cache=True, nogil=True)
def join(a: IntArray, b: IntArray) -> IntArray:
    """(k, 2) and (m, 2) spans -> the spans of pixels in either."""
    found, size, i, j = np.empty((len(a) + len(b), 2), np.int64), 0, 0, 0
    while i < len(a) or j < len(b):
        take_a = j >= len(b) or (i < len(a) and a[i, 0] <= b[j, 0])
        low, high = (a[i, 0], a[i, 1]) if take_a else (b[j, 0], b[j, 1])
        if take_a:
            i += 1
        else:
            j += 1
        if size and low <= found[size - 1, 1]:
            found[size - 1, 1] = max(high, found[size - 1, 1])
        else:
            found[size, 0], found[size, 1] = low, high
            size += 1
    return found[:size]


@njit(cache=True, nogil=True)
def pairwise_shared(a: IntArray, start_a: IntArray, b: IntArray, start_b: IntArray) -> IntArray:
    """Ragged spans of n and m masks -> (n, m) pixels in both."""
    n, m = len(start_a) - 1, len(start_b) - 1
    shared = np.zeros((n, m), np.int64)
    for i in range(n):
        one = a[start_a[i] : start_a[i + 1]]
        for j in range(m):
            other = b[start_b[j] : start_b[j + 1]]
            if len(one) and len(other) and one[0, 0] < other[-1, 1] and other[0, 0] < one[-1, 1]:
                shared[i, j] = _shared(one, other)
    return shared
