"""Run-length loops for label masks. Callers have checked shapes and dtypes; nothing here raises.

A frame is coded row by row as runs of equal pixels. Borders of things continue downwards, so a run is first
looked for in the row above: one token byte says how many runs of that row to skip and by how many pixels
the run's start moved. Only runs that are new spell out their value and distance.

Four streams (the caller compresses and stores them):
    heads (rows,): COPY if the row equals the one above, else 1 + zigzag(runs - runs above) or WIDE, which
        says that the number of runs stands in `numbers`;
    tokens: NEW, or 16 * skip + shift + SHIFT with skip < SKIPS and -SHIFT <= shift < SHIFT, one per run of a
        row that is not a copy;
    values: value of each NEW run, all low bytes, then (uint16) all high bytes;
    numbers: LEB128, the distance of each NEW run's start from the start before it, and run counts after WIDE.
The row above the first one is a single run of zeros.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

SHIFT = 8
SKIPS = 15
NEW = 255
COPY = 0
WIDE = 255

BLOCK = 128

OK = 0
DAMAGED = 1

Frame = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]
Index = npt.NDArray[np.int64]


@njit(cache=True, nogil=True)
def row_runs(row: Frame, borders: Bytes, starts: Index) -> int:
    """Write where runs of a (w,) row start into `starts` (w + 8,); their number, at least 1.

    `borders` is room for w flags, a multiple of 8 in length, with zeros after the flags.
    """
    # Two passes, since LLVM makes vectors of the first: 26 us a frame of 1280x720, a plain loop takes 380.
    right = row[1:]
    left = row[:-1]
    for k in range(right.shape[0]):
        borders[k] = right[k] != left[k]
    starts[0] = 0
    n = 1
    eights = borders.view(np.uint64)
    for i in range(eights.shape[0]):
        if eights[i] != 0:
            for k in range(8 * i, 8 * i + 8):
                starts[n] = k + 1
                n += borders[k]
    return n


@njit(cache=True, nogil=True)
def write_number(numbers: Bytes, at: int, number: int) -> int:
    """Write LEB128 at `at`; where the next one goes."""
    while number >= 128:
        numbers[at] = (number & 127) | 128
        number >>= 7
        at += 1
    numbers[at] = number
    return at + 1


@njit(cache=True, nogil=True)
def read_number(numbers: Bytes, at: int) -> tuple[int, int]:
    """LEB128 at `at` and where the next one stands; (-1, at) if it is cut off or above 28 bits."""
    number = 0
    for k in range(4):
        if at + k >= numbers.shape[0]:
            return -1, at
        byte = int(np.int64(numbers[at + k]))
        number |= (byte & 127) << (7 * k)
        if byte < 128:
            return number, at + k + 1
    return -1, at


@njit(cache=True, nogil=True)
def find_above(start: int, value: int, above: Index, above_value: Index, i: int, n_above: int) -> int:
    """Token of the first run at or after `i` of the row above that has this value nearby; NEW if none."""
    for skip in range(min(SKIPS, n_above - i)):
        shift = start - above[i + skip]
        if shift < -SHIFT:
            break
        if shift < SHIFT and above_value[i + skip] == value:
            return int(16 * skip + shift + SHIFT)
    return NEW


@njit(cache=True, nogil=True)
def encode_rows(
    frame: Frame, limit: int, heads: Bytes, tokens: Bytes, low: Bytes, high: Bytes, numbers: Bytes
) -> tuple[int, int, int]:
    """Code a (rows, width) uint8 or uint16 frame into the streams.

    `tokens`, `low` and `high` hold at least `limit + width` bytes, `numbers` 5 bytes more.

    Returns:
        How many bytes of tokens, of low (and high) and of numbers were written; (-1, -1, -1) once tokens, low
        and numbers together exceed `limit`.
    """
    rows, width = frame.shape
    wide = frame.itemsize == 2
    borders = np.zeros((width + 7) // 8 * 8, np.uint8)
    starts = np.zeros(width + 8, np.int64)
    values = np.zeros(width + 8, np.int64)
    above = np.zeros(width + 8, np.int64)
    above_value = np.zeros(width + 8, np.int64)
    n_above = 1
    n_tokens = n_values = n_numbers = 0
    for y in range(rows):
        n = row_runs(frame[y], borders, starts)
        same = n == n_above
        for j in range(n):
            values[j] = frame[y, starts[j]]
            same &= starts[j] == above[j]
            same &= values[j] == above_value[j]
        if same:
            heads[y] = COPY
            continue
        change = n - n_above
        head = 1 + (2 * change if change >= 0 else -2 * change - 1)
        heads[y] = min(head, WIDE)
        if head >= WIDE:
            n_numbers = write_number(numbers, n_numbers, n)
        i = 0
        before = 0
        for j in range(n):
            start = starts[j]
            value = values[j]
            while i < n_above and above[i] + SHIFT <= before + 1 and j > 0:
                i += 1  # too far left for any run still to come
            token = find_above(start, value, above, above_value, i, n_above)
            tokens[n_tokens] = token
            n_tokens += 1
            if token == NEW:
                low[n_values] = value & 255
                if wide:
                    high[n_values] = value >> 8
                n_values += 1
                n_numbers = write_number(numbers, n_numbers, start - before)
            else:
                i += (token >> 4) + 1
            before = start
        if n_tokens + n_values + n_numbers > limit:
            return -1, -1, -1
        starts, above = above, starts
        values, above_value = above_value, values
        n_above = n
    return n_tokens, n_values, n_numbers


@njit(cache=True, nogil=True)
def fill_run(flat: Frame, start: int, stop: int, value: int, roomy: bool) -> None:
    """Set pixels start to stop; if `roomy` also some behind them, at most BLOCK - 1."""
    if not roomy:
        flat[start:stop] = value
        return
    # Runs differ in length, and a processor that guesses lengths wrong waits: whole blocks take 87 us a frame
    # of 10,000 runs, exact fills 140. Unsigned, or LLVM makes no vectors; blocks of 64 it unrolls into single
    # stores for uint16.
    x = np.uint64(start)
    while x < np.uint64(stop):
        for k in range(np.uint64(BLOCK)):
            flat[x + np.uint64(k)] = value
        x += np.uint64(BLOCK)


@njit(cache=True, nogil=True)
def decode_rows(frame: Frame, streams: Bytes, n_tokens: int, n_values: int) -> int:
    """Fill a (rows, width) uint8 or uint16 frame from heads, tokens, values and numbers, one after the other.

    `streams` holds at least rows + n_tokens + itemsize * n_values bytes.

    Returns:
        OK when every pixel was set and every stream used up, else DAMAGED. Nothing outside `frame` is ever
        written, whatever the streams hold.
    """
    rows, width = frame.shape
    wide = frame.itemsize == 2
    heads = streams[:rows]
    tokens = streams[rows : rows + n_tokens]
    low = streams[rows + n_tokens : rows + n_tokens + n_values]
    high = streams[rows + n_tokens + n_values :]  # read only if wide
    numbers = streams[rows + n_tokens + n_values * frame.itemsize :]
    starts = np.zeros(width + 1, np.int64)
    values = np.zeros(width + 1, np.int64)
    above = np.zeros(width + 1, np.int64)
    above_value = np.zeros(width + 1, np.int64)
    n_above = 1
    t = v = q = 0
    flat = frame.reshape(-1)
    for y in range(rows):
        head = int(np.int64(heads[y]))
        row = y * width
        roomy = row + width + BLOCK <= flat.shape[0]  # the rows below are set later
        if head == COPY:
            above[n_above] = width
            for j in range(n_above):  # not a copy of the row above: numba copies pixel by pixel
                fill_run(flat, row + above[j], row + above[j + 1], above_value[j], roomy)
            continue
        if head == WIDE:
            n, q = read_number(numbers, q)
        elif head & 1:
            n = n_above + (head - 1) // 2
        else:
            n = n_above - head // 2
        if n < 1 or n > width or t + n > tokens.shape[0]:
            return DAMAGED
        i = 0
        start = 0
        value = 0
        for j in range(n):
            while i < n_above and above[i] + SHIFT <= start + 1 and j > 0:
                i += 1
            before = start
            token = int(np.int64(tokens[t + j]))
            if token == NEW:
                distance, q = read_number(numbers, q)
                if distance < 0 or v >= low.shape[0]:
                    return DAMAGED
                start = before + distance
                new_value = int(np.int64(low[v]))
                if wide:
                    new_value |= int(np.int64(high[v])) << 8
                v += 1
            else:
                i += token >> 4
                if i >= n_above:
                    return DAMAGED
                start = int(above[i]) + (token & 15) - SHIFT
                new_value = int(above_value[i])
                i += 1
            if start >= width or (j == 0 and start != 0) or (j > 0 and start <= before):
                return DAMAGED
            fill_run(flat, row + before, row + start, value, roomy)
            value = new_value
            starts[j] = start
            values[j] = value
        fill_run(flat, row + start, row + width, value, roomy)
        t += n
        starts, above = above, starts
        values, above_value = above_value, values
        n_above = n
    if t != tokens.shape[0] or v != low.shape[0] or q != numbers.shape[0]:
        return DAMAGED
    return OK
