"""JSON lists of flat objects, straight from text into columns; for numba. Nothing here raises."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from drivelabel.geometry._kernels.json_numbers import (
    CLOSE_LIST,
    CLOSE_OBJECT,
    COLON,
    COMMA,
    OPEN_LIST,
    OPEN_OBJECT,
    QUOTE,
    read_number,
    skip_space,
    skip_string,
    skip_value,
)
from drivelabel.typing import FloatArray, IntArray, UInt8Array

Spans = npt.NDArray[np.uint32]
"""(n, 2) first and last position of each text; (0, 0) where there is none."""

DONE, FULL, MALFORMED, MISSING_KEY, TWICE, WRONG_COUNT, NO_TEXT, TOO_MANY_KEYS = range(8)
"""How :func:`scan` ended: at the end, without room for a row, or at an error."""

TEXT, VALUE, NUMBERS, FLAG, SKIPPED = range(5)
"""What a key holds: a text, any value (both are only located), numbers, true or false, what nobody needs."""

_TRUE, _FALSE = 116, 102
_LARGEST = 1e18


@njit(cache=True)
def scan(
    text: UInt8Array,
    at: int,
    row: int,
    key_text: UInt8Array,
    key_start: IntArray,
    kinds: IntArray,
    places: IntArray,
    widths: IntArray,
    required: int,
    spans: npt.NDArray[np.uint32],
    numbers: FloatArray,
    unknown: IntArray,
) -> tuple[int, int, int, IntArray]:
    """Read ``{...}, {...}, ...]`` from `at` on into rows from `row` on.

    Keys to find stand one after the other in a text, with (k + 1,) starts; `required` has bit k set where
    key k must be there. `places` says which of the columns of `spans` (rows, s, 2) or `numbers` (rows, m) a
    key's values start at; those of absent keys become (0, 0) and NaN. `unknown` (u, 3) counts other keys:
    first, last position of the name, how often. Numbers beyond 1e18 are malformed.

    Returns how it ended, where, the row after the last, and (k, 4) numbers that are left to the caller: row,
    place, first and last position of the text.
    """
    late, n_late = np.empty((64, 4), np.int64), 0
    while True:
        at = skip_space(text, at)
        if at < len(text) and text[at] == CLOSE_LIST:
            return DONE, at + 1, row, late[:n_late]
        if row == len(spans):
            return FULL, at, row, late[:n_late]
        if at < len(text) and text[at] == COMMA and row > 0:
            at = skip_space(text, at + 1)
        if at >= len(text) or text[at] != OPEN_OBJECT:
            return MALFORMED, at, row, late[:n_late]
        start, seen, guess, n_keys = at, 0, 0, 0
        spans[row] = 0
        numbers[row] = np.nan
        at = skip_space(text, at + 1)
        while at < len(text) and text[at] != CLOSE_OBJECT:
            if n_keys:
                if text[at] != COMMA:
                    return MALFORMED, at, row, late[:n_late]
                at = skip_space(text, at + 1)
            n_keys += 1
            if at >= len(text) or text[at] != QUOTE:
                return MALFORMED, at, row, late[:n_late]
            first, key = at + 1, -1
            end = -1
            if guess < len(kinds):  # mostly the keys of all rows stand in one order
                stop = first + key_start[guess + 1] - key_start[guess]
                fits = stop < len(text) and text[stop] == QUOTE
                if fits and _same(text, first, stop, key_text, key_start[guess], key_start[guess + 1]):
                    key, end = guess, stop + 1
            if key < 0:
                end = skip_string(text, at)
                if end < 0:
                    return MALFORMED, at, row, late[:n_late]
                key = _find(text, first, end - 1, key_text, key_start)
            at = skip_space(text, end)
            if at >= len(text) or text[at] != COLON:
                return MALFORMED, at, row, late[:n_late]
            at = skip_space(text, at + 1)
            if at >= len(text):
                return MALFORMED, at, row, late[:n_late]
            if key < 0:
                if not _count(text, first, end - 1, unknown):
                    return TOO_MANY_KEYS, first, row, late[:n_late]
                end = skip_value(text, at)
                if end <= at:
                    return MALFORMED, at, row, late[:n_late]
                at = skip_space(text, end)
                continue
            guess = key + 1
            if seen >> key & 1:
                return TWICE, first, row, late[:n_late]
            seen |= 1 << key
            kind, place = kinds[key], places[key]
            if kind == NUMBERS:
                last = place + widths[key]
                listed = widths[key] > 1
                if listed:
                    if text[at] != OPEN_LIST:
                        return WRONG_COUNT, at, row, late[:n_late]
                    at = skip_space(text, at + 1)
                while place < last:
                    if at >= len(text) or text[at] == CLOSE_LIST:
                        return WRONG_COUNT, at, row, late[:n_late]
                    end, value, exact = read_number(text, at)
                    if end < 0 or not abs(value) <= _LARGEST:  # also NaN, which is no JSON
                        return MALFORMED, at, row, late[:n_late]
                    numbers[row, place] = value
                    if not exact:
                        if n_late == len(late):
                            late = np.append(late, np.empty((n_late, 4), np.int64), axis=0)
                        late[n_late, 0], late[n_late, 1] = row, place
                        late[n_late, 2], late[n_late, 3] = at, end
                        n_late += 1
                    at = end
                    place += 1
                    if listed:
                        at = skip_space(text, at)
                        if at >= len(text) or text[at] != (COMMA if place < last else CLOSE_LIST):
                            return WRONG_COUNT, at, row, late[:n_late]
                        at = skip_space(text, at + 1)
            elif kind == FLAG:
                sign = text[at]
                end = skip_value(text, at)
                if not ((sign == _TRUE and end == at + 4) or (sign == _FALSE and end == at + 5)):
                    return MALFORMED, at, row, late[:n_late]
                numbers[row, place] = 1.0 if sign == _TRUE else 0.0
                at = end
            elif kind == SKIPPED:
                end = skip_value(text, at)
                if end <= at:
                    return MALFORMED, at, row, late[:n_late]
                at = end
            else:
                is_text = text[at] == QUOTE
                if kind == TEXT and not is_text:
                    return NO_TEXT, at, row, late[:n_late]
                end = skip_string(text, at) if is_text else skip_value(text, at)
                if end <= at:
                    return MALFORMED, at, row, late[:n_late]
                inner = 1 if kind == TEXT else 0
                spans[row, place, 0], spans[row, place, 1] = at + inner, end - inner
                at = end
            at = skip_space(text, at)
        if at >= len(text):
            return MALFORMED, at, row, late[:n_late]
        if seen & required != required:
            return MISSING_KEY, start, row, late[:n_late]
        at += 1
        row += 1


@njit(cache=True)
def index_texts(text: UInt8Array, spans: Spans, table: IntArray, hashes: npt.NDArray[np.uint64]) -> int:
    """Fill an open hash table of row + 1 with (n, 2) places of texts; the first that repeats one, or -1."""
    mask = len(table) - 1
    for row in range(len(spans)):
        first, stop = np.int64(spans[row, 0]), np.int64(spans[row, 1])
        own = _hash(text, first, stop)
        hashes[row] = own
        slot = np.int64(own >> np.uint64(20)) & mask
        while table[slot]:
            other = table[slot] - 1
            if hashes[other] == own and _same(
                text, first, stop, text, np.int64(spans[other, 0]), np.int64(spans[other, 1])
            ):
                return row
            slot = (slot + 1) & mask
        table[slot] = row + 1
    return -1


@njit(cache=True)
def find_texts(
    text: UInt8Array,
    spans: Spans,
    known: UInt8Array,
    known_spans: Spans,
    table: IntArray,
    hashes: npt.NDArray[np.uint64],
) -> IntArray:
    """(n,) row of the indexed texts that each of (n, 2) places of `text` holds; -1 where it is none."""
    mask = len(table) - 1
    found = np.full(len(spans), -1, np.int64)
    before_first = before_stop = np.int64(0)
    for row in range(len(spans)):
        first, stop = np.int64(spans[row, 0]), np.int64(spans[row, 1])
        # Rows of one group mostly stand together.
        if row > 0 and _same(text, first, stop, text, before_first, before_stop):
            found[row] = found[row - 1]
            continue
        before_first, before_stop = first, stop
        own = _hash(text, first, stop)
        slot = np.int64(own >> np.uint64(20)) & mask
        while table[slot]:
            other = table[slot] - 1
            if hashes[other] == own and _same(
                text, first, stop, known, np.int64(known_spans[other, 0]), np.int64(known_spans[other, 1])
            ):
                found[row] = other
                break
            slot = (slot + 1) & mask
    return found


@njit(cache=True)
def _count(text: UInt8Array, first: int, stop: int, unknown: IntArray) -> bool:
    """Count a key that is not known; false when there are too many different ones."""
    for k in range(len(unknown)):
        if unknown[k, 2] == 0:
            unknown[k, 0], unknown[k, 1] = first, stop
        elif not _same(text, first, stop, text, unknown[k, 0], unknown[k, 1]):
            continue
        unknown[k, 2] += 1
        return True
    return False


@njit(cache=True)
def _find(text: UInt8Array, first: int, stop: int, words: UInt8Array, start: IntArray) -> int:
    for word in range(len(start) - 1):
        if _same(text, first, stop, words, start[word], start[word + 1]):
            return word
    return -1


@njit(cache=True)
def _same(a: UInt8Array, a0: Any, a1: Any, b: UInt8Array, b0: Any, b1: Any) -> bool:
    if a1 - a0 != b1 - b0:
        return False
    for k in range(a1 - a0):  # noqa: SIM110 - numba compiles no generator
        if a[a0 + k] != b[b0 + k]:
            return False
    return True


@njit(cache=True)
def _hash(text: UInt8Array, first: Any, stop: Any) -> Any:
    """Of the bytes first:stop, by Fowler, Noll and Vo, in four strands that do not wait for each other."""
    prime = np.uint64(1099511628211)
    a = b = c = d = np.uint64(14695981039346656037)
    k = first
    while k + 4 <= stop:
        a = (a ^ np.uint64(text[k])) * prime
        b = (b ^ np.uint64(text[k + 1])) * prime
        c = (c ^ np.uint64(text[k + 2])) * prime
        d = (d ^ np.uint64(text[k + 3])) * prime
        k += 4
    while k < stop:
        a = (a ^ np.uint64(text[k])) * prime
        k += 1
    own = (a ^ (b >> np.uint64(32))) * prime
    own = (own ^ c) * prime
    own = (own ^ (d >> np.uint64(32)) ^ d) * prime
    return own ^ (own >> np.uint64(29))
