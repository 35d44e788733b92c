"""The boxes of a nuScenes results file, straight from its text into columns; for numba. Nothing here raises."""

from __future__ import annotations

from typing import NamedTuple

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

DONE, MORE, MALFORMED, FOREIGN_BOX, UNKNOWN_NAME, UNKNOWN_ATTRIBUTE, MISSING_KEY, WRONG_COUNT = range(8)
"""How :func:`scan` ended: at the end, at its stop, or at an error."""

TRANSLATION, SIZE, ROTATION, VELOCITY, SCORE, POINTS, NAME, ATTRIBUTE, TOKEN, TRACK = range(10)
"""What a key of a box holds. The first six are numbers: columns of :class:`BoxColumns`, in this order."""
WIDTHS = np.array([3, 3, 4, 2, 1, 1])


class Words(NamedTuple):
    """Byte strings, one after the other, and where each starts."""

    text: UInt8Array
    start: IntArray


class BoxColumns(NamedTuple):
    """Where boxes go; flat, with room for every box that the file could hold.

    `late` are numbers left to the caller: column, flat index, first and last position of the text.
    """

    translation: FloatArray
    size: FloatArray
    rotation: FloatArray
    velocity: FloatArray
    score: FloatArray
    n_points: FloatArray
    category: IntArray
    attribute: IntArray
    track: IntArray


class Samples(NamedTuple):
    """Where each sample's token stands in the text (without quotes) and how many boxes it has."""

    first: IntArray
    stop: IntArray
    count: IntArray


class Identities(NamedTuple):
    """The identities seen so far: an open hash table of number + 1, and where each one's text stands."""

    table: IntArray
    first: IntArray
    stop: IntArray
    hashes: npt.NDArray[np.uint64]


@njit(cache=True)
def scan(
    text: UInt8Array,
    at: int,
    stop: int,
    n_boxes: int,
    n_samples: int,
    n_identities: int,
    keys: Words,
    roles: IntArray,
    required: int,
    names: Words,
    attributes: Words,
    boxes: BoxColumns,
    samples: Samples,
    identities: Identities,
    late: IntArray,
) -> tuple[int, int, int, int, int, Identities, IntArray]:
    """Read ``"token": [boxes], ...`` from `at` until a sample ends behind `stop`.

    Returns how it ended, where, numbers of boxes, samples and identities so far, the identities, and the
    (k, 4) late numbers.
    """
    while True:
        at = skip_space(text, at)
        if at >= len(text):
            return MALFORMED, at, n_boxes, n_samples, n_identities, identities, late
        if text[at] == CLOSE_OBJECT:
            return DONE, at + 1, n_boxes, n_samples, n_identities, identities, late
        if text[at] == COMMA:
            at = skip_space(text, at + 1)
        if at >= stop:
            return MORE, at, n_boxes, n_samples, n_identities, identities, late
        if at >= len(text) or text[at] != QUOTE:
            return MALFORMED, at, n_boxes, n_samples, n_identities, identities, late
        first = at + 1
        end = skip_string(text, at)
        at = _after_colon(text, end)
        if at < 0 or text[at] != OPEN_LIST:
            return MALFORMED, first, n_boxes, n_samples, n_identities, identities, late
        samples.first[n_samples], samples.stop[n_samples], samples.count[n_samples] = first, end - 1, 0
        n_samples += 1
        at = skip_space(text, at + 1)
        while at < len(text) and text[at] != CLOSE_LIST:
            if text[at] == COMMA:
                at = skip_space(text, at + 1)
            how, at, n_identities, identities, late = _read_box(
                text,
                at,
                n_boxes,
                first,
                end - 1,
                n_identities,
                keys,
                roles,
                required,
                names,
                attributes,
                boxes,
                identities,
                late,
            )
            if how != DONE:
                return how, at, n_boxes, n_samples, n_identities, identities, late
            samples.count[n_samples - 1] += 1
            n_boxes += 1
            at = skip_space(text, at)
        at += 1


@njit(cache=True)
def _read_box(
    text: UInt8Array,
    at: int,
    row: int,
    token_first: int,
    token_stop: int,
    n_identities: int,
    keys: Words,
    roles: IntArray,
    required: int,
    names: Words,
    attributes: Words,
    boxes: BoxColumns,
    identities: Identities,
    late: IntArray,
) -> tuple[int, int, int, Identities, IntArray]:
    """One box into `row` -> how it ended, where, and what grew."""
    if at >= len(text) or text[at] != OPEN_OBJECT:
        return MALFORMED, at, n_identities, identities, late
    seen, guess = 0, 0
    boxes.n_points[row], boxes.attribute[row] = -1.0, -1
    at = skip_space(text, at + 1)
    while at < len(text) and text[at] != CLOSE_OBJECT:
        if text[at] == COMMA:
            at = skip_space(text, at + 1)
        if at >= len(text) or text[at] != QUOTE:
            return MALFORMED, at, n_identities, identities, late
        first, end = at + 1, skip_string(text, at)
        at = _after_colon(text, end)
        if at < 0:
            return MALFORMED, first, n_identities, identities, late
        key = _find(text, first, end - 1, keys, guess)
        if key < 0:
            at = skip_value(text, at)
            if at < 0:
                return MALFORMED, first, n_identities, identities, late
            at = skip_space(text, at)
            continue
        guess = key + 1
        seen |= 1 << key
        role, value = roles[key], at
        if role <= POINTS:
            how, at, late = _read_numbers(text, at, role, row, boxes, late)
            if how != DONE:
                return how, value, n_identities, identities, late
        elif role == TRACK:
            at = skip_value(text, at)
            if at < 0:
                return MALFORMED, value, n_identities, identities, late
            if 2 * n_identities >= len(identities.table):
                identities = _roomier(identities, n_identities)
            boxes.track[row], n_identities = _identify(text, value, at, identities, n_identities)
        else:
            if text[at] != QUOTE:
                return MALFORMED, at, n_identities, identities, late
            at = skip_string(text, at)
            if at < 0:
                return MALFORMED, value, n_identities, identities, late
            if role == TOKEN:
                if not _same(text, value + 1, at - 1, text, token_first, token_stop):
                    return FOREIGN_BOX, value, n_identities, identities, late
            elif role == NAME:
                boxes.category[row] = _find(text, value + 1, at - 1, names, 0)
                if boxes.category[row] < 0:
                    return UNKNOWN_NAME, value, n_identities, identities, late
            elif at > value + 2:
                boxes.attribute[row] = _find(text, value + 1, at - 1, attributes, 0)
                if boxes.attribute[row] < 0:
                    return UNKNOWN_ATTRIBUTE, value, n_identities, identities, late
        at = skip_space(text, at)
    if at >= len(text):
        return MALFORMED, at, n_identities, identities, late
    if seen & required != required:
        return MISSING_KEY, at, n_identities, identities, late
    return DONE, at + 1, n_identities, identities, late


@njit(cache=True)
def _read_numbers(
    text: UInt8Array, at: int, role: int, row: int, boxes: BoxColumns, late: IntArray
) -> tuple[int, int, IntArray]:
    """The number or the list of numbers at `at` into its column -> how it ended, where, late numbers."""
    width = WIDTHS[role]
    listed = width > 1
    if listed:
        if text[at] != OPEN_LIST:
            return MALFORMED, at, late
        at = skip_space(text, at + 1)
    for k in range(width):
        if k:
            at = skip_space(text, at)
            if at >= len(text) or text[at] != COMMA:
                return WRONG_COUNT, at, late
            at = skip_space(text, at + 1)
        if at >= len(text):
            return MALFORMED, at, late
        if text[at] == CLOSE_LIST:
            return WRONG_COUNT, at, late
        end, value, exact = read_number(text, at)
        if end < 0:
            return MALFORMED, at, late
        place = row * width + k
        if not exact:
            late = np.append(late, np.array([[role, place, at, end]]), axis=0)
        _store(boxes, role, place, value)
        at = end
    if listed:
        at = skip_space(text, at)
        if at >= len(text) or text[at] != CLOSE_LIST:
            return WRONG_COUNT, at, late
        at += 1
    return DONE, at, late


@njit(cache=True)
def _store(boxes: BoxColumns, role: int, place: int, value: float) -> None:
    if role == TRANSLATION:
        boxes.translation[place] = value
    elif role == SIZE:
        boxes.size[place] = value
    elif role == ROTATION:
        boxes.rotation[place] = value
    elif role == VELOCITY:
        boxes.velocity[place] = value
    elif role == SCORE:
        boxes.score[place] = value
    else:
        boxes.n_points[place] = value


@njit(cache=True)
def _after_colon(text: UInt8Array, at: int) -> int:
    """The position of the value whose key ends at `at` (-1 stays -1), or -1."""
    if at < 0:
        return -1
    at = skip_space(text, at)
    if at >= len(text) or text[at] != COLON:
        return -1
    at = skip_space(text, at + 1)
    return at if at < len(text) else -1


@njit(cache=True)
def _find(text: UInt8Array, first: int, stop: int, words: Words, guess: int) -> int:
    """The word that stands at first:stop, or -1; `guess` is tried before all others."""
    n = len(words.start) - 1
    for k in range(n):
        word = (guess + k) % n
        if _same(text, first, stop, words.text, words.start[word], words.start[word + 1]):
            return word
    return -1


@njit(cache=True)
def _same(a: UInt8Array, a0: int, a1: int, b: UInt8Array, b0: int, b1: int) -> bool:
    if a1 - a0 != b1 - b0:
        return False
    for k in range(a1 - a0):  # noqa: SIM110 - numba compiles no generator
        if a[a0 + k] != b[b0 + k]:
            return False
    return True


@njit(cache=True)
def _identify(text: UInt8Array, first: int, stop: int, known: Identities, n: int) -> tuple[int, int]:
    """The number of the identity whose text is first:stop, a new one if need be; how many there are now."""
    own = np.uint64(14695981039346656037)
    for k in range(first, stop):
        own = (own ^ np.uint64(text[k])) * np.uint64(1099511628211)
    mask = len(known.table) - 1
    slot = np.int64(own >> np.uint64(20)) & mask
    while known.table[slot]:
        number = known.table[slot] - 1
        if known.hashes[number] == own and _same(
            text, first, stop, text, known.first[number], known.stop[number]
        ):
            return number, n
        slot = (slot + 1) & mask
    known.table[slot] = n + 1
    known.first[n], known.stop[n], known.hashes[n] = first, stop, own
    return n, n + 1


@njit(cache=True)
def _roomier(known: Identities, n: int) -> Identities:
    """The same identities in a table four times as large."""
    table = np.zeros(4 * len(known.table), np.int64)
    mask = len(table) - 1
    for number in range(n):
        slot = np.int64(known.hashes[number] >> np.uint64(20)) & mask
        while table[slot]:
            slot = (slot + 1) & mask
        table[slot] = number + 1
    return Identities(table, known.first, known.stop, known.hashes)
