"""A nuScenes results file, straight from its text into columns; for numba. Nothing here raises."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from drivelabel.geometry._kernels import nuscenes_alike
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
from drivelabel.geometry._kernels.json_words import Words
from drivelabel.geometry._kernels.nuscenes_alike import add_value, end_form, read_alike
from drivelabel.typing import FloatArray, IntArray, UInt8Array

DONE, MORE, MALFORMED, FOREIGN_BOX, UNKNOWN_NAME, UNKNOWN_ATTRIBUTE, MISSING_KEY, WRONG_COUNT = range(8)
"""How :func:`scan` ended: at the end, at its stop, or at an error."""

TRANSLATION, SIZE, ROTATION, VELOCITY, SCORE, POINTS, NAME, ATTRIBUTE, TOKEN, TRACK = range(10)
"""What a key of a box holds. The first six are numbers."""
NUMBERS = (0, 3, 6, 10, 12, 13, 14)
"""Where the numbers of each of the first six stand in a row of 14."""

N_BOXES, N_SAMPLES, N_TRACKS, N_FORM = range(4)
"""What :func:`scan` counts."""


@njit(cache=True)
def scan(
    text: UInt8Array,
    words: Words,
    at: int,
    stop: int,
    counts: IntArray,
    form: IntArray,
    key_text: UInt8Array,
    key_start: IntArray,
    roles: IntArray,
    required: int,
    name_text: UInt8Array,
    name_start: IntArray,
    attribute_text: UInt8Array,
    attribute_start: IntArray,
    translation: FloatArray,
    size: FloatArray,
    rotation: FloatArray,
    velocity: FloatArray,
    score: FloatArray,
    n_points: IntArray,
    category: IntArray,
    attribute: IntArray,
    track: IntArray,
    sample_first: IntArray,
    sample_stop: IntArray,
    sample_count: IntArray,
    track_table: IntArray,
    track_first: IntArray,
    track_stop: IntArray,
    track_hash: npt.NDArray[np.uint64],
) -> tuple[int, int, IntArray, IntArray]:
    """Read ``"token": [boxes], ...`` from `at` until a sample ends behind `stop` or there is
    no more room for samples.

    Words to find stand one after the other in a text, with (w + 1,) starts. Columns have room for every box
    that the file could hold. `track_table` is an open hash table of track number + 1.

    Returns how it ended, where, the table, and (k, 4) numbers left to the caller: row, place among the row's
    14 numbers, first and last position of the text.

    One long function: handing 20 arrays to a function for each box takes longer than reading the box.
    """
    late, n_late = np.empty((64, 4), np.int64), 0
    box = np.empty(14)
    names = nuscenes_alike.patterns(name_text, name_start)
    # One more, that of no attribute: an empty word.
    attributes = nuscenes_alike.patterns(attribute_text, np.append(attribute_start, attribute_start[-1]))
    while True:
        at = skip_space(text, at)
        if at < len(text) and text[at] == CLOSE_OBJECT:
            return DONE, at + 1, track_table, late[:n_late]
        if at < len(text) and text[at] == COMMA:
            at = skip_space(text, at + 1)
        if at >= len(text) or text[at] != QUOTE:
            return MALFORMED, at, track_table, late[:n_late]
        if at >= stop or counts[N_SAMPLES] == len(sample_first):
            return MORE, at, track_table, late[:n_late]
        token_first = at + 1
        token_stop = skip_string(text, at) - 1
        at = _after_colon(text, token_stop + 1)
        if token_stop < 0 or at < 0 or text[at] != OPEN_LIST:
            return MALFORMED, token_first, track_table, late[:n_late]
        sample = counts[N_SAMPLES]
        sample_first[sample], sample_stop[sample], sample_count[sample] = token_first, token_stop, 0
        counts[N_SAMPLES] += 1
        at = skip_space(text, at + 1)
        first_row = counts[N_BOXES]
        while at < len(text) and text[at] != CLOSE_LIST:
            if counts[N_FORM]:
                at, row = read_alike(
                    text,
                    words,
                    at,
                    (first_row, counts[N_BOXES]),
                    form,
                    counts[N_FORM],
                    (token_first, token_stop),
                    names,
                    attributes,
                    translation,
                    size,
                    rotation,
                    velocity,
                    score,
                    n_points,
                    category,
                    attribute,
                )
                sample_count[sample] += row - counts[N_BOXES]
                counts[N_BOXES] = row
                if at >= len(text) or text[at] == CLOSE_LIST:
                    break
            if text[at] == COMMA and sample_count[sample]:
                at = skip_space(text, at + 1)
            if at >= len(text) or text[at] != OPEN_OBJECT:
                return MALFORMED, at, track_table, late[:n_late]
            row, seen, guess, n_keys, box_first, n_values = counts[N_BOXES], 0, 0, 0, at, 0
            box[13] = -1.0
            attribute[row] = -1
            at = skip_space(text, at + 1)
            while at < len(text) and text[at] != CLOSE_OBJECT:
                if text[at] == COMMA and n_keys:
                    at = skip_space(text, at + 1)
                n_keys += 1
                if at >= len(text) or text[at] != QUOTE:
                    return MALFORMED, at, track_table, late[:n_late]
                first, key = at + 1, -1
                if guess < len(roles):  # mostly the keys of all boxes stand in one order
                    end = _behind(text, first, key_text, key_start[guess], key_start[guess + 1])
                    if end > 0:
                        key = guess
                if key < 0:
                    end = skip_string(text, at)
                    key = _find(text, first, end - 1, key_text, key_start, 0)
                at = _after_colon(text, end)
                if at < 0:
                    return MALFORMED, first, track_table, late[:n_late]
                if key < 0:
                    at = skip_value(text, at)
                    if at < 0:
                        return MALFORMED, first, track_table, late[:n_late]
                    at = skip_space(text, at)
                    continue
                guess = key + 1
                seen |= 1 << key
                role, value = roles[key], at
                if role <= POINTS:
                    place, last = NUMBERS[role], NUMBERS[role + 1]
                    listed = last > place + 1
                    if listed:
                        if text[at] != OPEN_LIST:
                            return WRONG_COUNT, at, track_table, late[:n_late]
                        at = skip_space(text, at + 1)
                    while place < last:
                        if at >= len(text) or text[at] == CLOSE_LIST:
                            return WRONG_COUNT, at, track_table, late[:n_late]
                        end, box[place], exact = read_number(text, at)
                        if end < 0:
                            return MALFORMED, at, track_table, late[:n_late]
                        if not exact:
                            if n_late == len(late):
                                late = np.append(late, np.empty((n_late, 4), np.int64), axis=0)
                            late[n_late, 0], late[n_late, 1] = row, place
                            late[n_late, 2], late[n_late, 3] = at, end
                            n_late += 1
                        n_values = add_value(form, n_values, place, at, end)
                        at = end
                        place += 1
                        if listed:
                            at = skip_space(text, at)
                            if at >= len(text) or text[at] != (COMMA if place < last else CLOSE_LIST):
                                return WRONG_COUNT, at, track_table, late[:n_late]
                            at = skip_space(text, at + 1)
                elif role == TRACK:
                    at = skip_value(text, at)
                    if at < 0:
                        return MALFORMED, value, track_table, late[:n_late]
                    if 2 * counts[N_TRACKS] >= len(track_table):
                        track_table = _roomier(track_table, track_hash, counts[N_TRACKS])
                    own = _hash(text, value, at)
                    slot = _slot(text, value, at, own, track_table, track_first, track_stop, track_hash)
                    if track_table[slot] == 0:
                        number = counts[N_TRACKS]
                        track_first[number], track_stop[number], track_hash[number] = value, at, own
                        track_table[slot] = number + 1
                        counts[N_TRACKS] += 1
                    track[row] = track_table[slot] - 1
                    n_values = add_value(form, n_values, nuscenes_alike.OTHER, value, at)
                else:
                    if text[at] != QUOTE:
                        return MALFORMED, at, track_table, late[:n_late]
                    if role == TOKEN:
                        at = _behind(text, value + 1, text, token_first, token_stop)
                        if at < 0:
                            return FOREIGN_BOX, value, track_table, late[:n_late]
                        n_values = add_value(form, n_values, nuscenes_alike.TOKEN, value + 1, at - 1)
                        at = skip_space(text, at)
                        continue
                    at = skip_string(text, at)
                    if at < 0:
                        return MALFORMED, value, track_table, late[:n_late]
                    which = nuscenes_alike.NAME if role == NAME else nuscenes_alike.ATTRIBUTE
                    n_values = add_value(form, n_values, which, value + 1, at - 1)
                    if role == NAME:
                        category[row] = _find(text, value + 1, at - 1, name_text, name_start, 0)
                        if category[row] < 0:
                            return UNKNOWN_NAME, value, track_table, late[:n_late]
                    elif at > value + 2:
                        attribute[row] = _find(text, value + 1, at - 1, attribute_text, attribute_start, 0)
                        if attribute[row] < 0:
                            return UNKNOWN_ATTRIBUTE, value, track_table, late[:n_late]
                at = skip_space(text, at)
            if at >= len(text):
                return MALFORMED, at, track_table, late[:n_late]
            if seen & required != required:
                return MISSING_KEY, at, track_table, late[:n_late]
            for k in range(3):
                translation[row, k], size[row, k], rotation[row, k] = box[k], box[3 + k], box[6 + k]
            rotation[row, 3], velocity[row, 0], velocity[row, 1], score[row] = (
                box[9],
                box[10],
                box[11],
                box[12],
            )
            n_points[row] = int(box[13])
            counts[N_BOXES] += 1
            sample_count[sample] += 1
            counts[N_FORM] = end_form(form, n_values, box_first, at + 1)
            at = skip_space(text, at + 1)
        at += 1


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
def _find(text: UInt8Array, first: int, stop: int, words: UInt8Array, start: IntArray, guess: int) -> int:
    """The word that stands at first:stop, or -1; `guess` is tried before all others."""
    n = len(start) - 1
    word = guess
    for _ in range(n):
        if word >= n:
            word = 0
        if _same(text, first, stop, words, start[word], start[word + 1]):
            return word
        word += 1
    return -1


@njit(cache=True)
def _behind(text: UInt8Array, at: int, words: UInt8Array, first: int, stop: int) -> int:
    """The position behind the string, if the word first:stop and then a quote stand at `at`; else -1."""
    end = at + stop - first
    if end >= len(text) or text[end] != QUOTE:
        return -1
    return end + 1 if _same(text, at, end, words, first, stop) else -1


@njit(cache=True)
def _same(a: UInt8Array, a0: int, a1: int, b: UInt8Array, b0: int, b1: int) -> bool:
    if a1 - a0 != b1 - b0:
        return False
    for k in range(a1 - a0):  # noqa: SIM110 - numba compiles no generator
        if a[a0 + k] != b[b0 + k]:
            return False
    return True


@njit(cache=True)
def _hash(text: UInt8Array, first: int, stop: int) -> int:
    """Of the bytes first:stop, by Fowler, Noll and Vo."""
    own = np.uint64(14695981039346656037)
    for k in range(first, stop):
        own = (own ^ np.uint64(text[k])) * np.uint64(1099511628211)
    return own  # type: ignore[return-value]  # numba: uint64


@njit(cache=True)
def _slot(
    text: UInt8Array,
    first: int,
    stop: int,
    own: int,
    table: IntArray,
    known_first: IntArray,
    known_stop: IntArray,
    known_hash: npt.NDArray[np.uint64],
) -> int:
    """Where in the hash table the text first:stop with hash `own` stands, or an empty place for it."""
    mask = len(table) - 1
    slot = np.int64(own >> np.uint64(20)) & mask
    while table[slot]:
        number = table[slot] - 1
        if known_hash[number] == own and _same(
            text, first, stop, text, known_first[number], known_stop[number]
        ):
            break
        slot = (slot + 1) & mask
    return int(slot)


@njit(cache=True)
def _roomier(table: IntArray, known_hash: npt.NDArray[np.uint64], n: int) -> IntArray:
    """The same `n` entries in a table four times as large."""
    roomy = np.zeros(4 * len(table), np.int64)
    mask = len(roomy) - 1
    for number in range(n):
        slot = np.int64(known_hash[number] >> np.uint64(20)) & mask
        while roomy[slot]:
            slot = (slot + 1) & mask
        roomy[slot] = number + 1
    return roomy
