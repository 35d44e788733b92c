"""Boxes of a nuScenes results file that are written like one already read; for numba. Nothing here raises.

Programs write all boxes in one way: the same keys in the same order with the same spaces. Where the values
of one box stand is its form; boxes of that form are read by comparing what lies between values eight bytes
at a time. Any other box is left to :mod:`nuscenes_json`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.json_numbers import COMMA, QUOTE, skip_space
from drivelabel.geometry._kernels.json_words import Words, alike, read_decimal
from drivelabel.typing import FloatArray, IntArray, UInt8Array

ROOM = 8192
"""Bytes that must follow a box, so that no step asks whether the text goes on."""
MAX_FORM = 2048
"""The most bytes of a box that may serve as a form."""

NUMBERS, NAME, ATTRIBUTE, TOKEN, OTHER = 14, 14, 15, 16, 17
"""Roles of values: below NUMBERS the place of a number among a box's 14; a box with an OTHER has no form."""

_VALUES = 40
"""Values that a form may have."""


def new_form() -> IntArray:
    """Room for a form."""
    return np.zeros((_VALUES + 1, 3), np.int64)


@njit(cache=True)
def add_value(form: IntArray, n: int, role: int, first: int, stop: int) -> int:
    """Note that value `n` of a box stands at first:stop; how many values there are now.

    Rows of a form: role of a value, then first and last position of the text before it. Row n is what
    follows the last value.
    """
    if role == OTHER or n + 1 >= len(form):
        return len(form)
    form[n, 0], form[n, 2], form[n + 1, 1] = role, first, stop
    return n + 1


@njit(cache=True)
def end_form(form: IntArray, n: int, first: int, stop: int) -> int:
    """Finish the form of a box at first:stop with `n` values; `n`, or 0 if it cannot serve as a form."""
    if n + 1 >= len(form) or stop - first > MAX_FORM:
        return 0
    form[0, 1], form[n, 2] = first, stop
    return n


@njit(cache=True)
def patterns(known: UInt8Array, start: IntArray) -> Words:
    """Words up to 31 bytes -> (9, w) what is compared with the text: four times eight bytes, the bits of them
    that count, and the length. Each word goes to its closing quote."""
    table = np.zeros((9, len(start) - 1), np.uint64)
    for word in range(len(start) - 1):
        size = start[word + 1] - start[word]
        for k in range(min(size + 1, 32)):
            byte = np.uint64(known[start[word] + k] if k < size else QUOTE)
            table[k // 8, word] |= byte << np.uint64(8 * (k % 8))
            table[4 + k // 8, word] |= np.uint64(255) << np.uint64(8 * (k % 8))
        table[8, word] = size
    return table


@njit(forceinline=True)  # not cached: see json_words
def find_pattern(words: Words, at: int, table: Words) -> int:
    """Which word of a table of :func:`patterns` stands at `at`; -1 if none."""
    found = -1
    w0, w1, w2, w3 = words[at], words[at + 8], words[at + 16], words[at + 24]
    for word in range(table.shape[1]):  # all of them, as to stop at the right one is guessed badly
        other = ((w0 ^ table[0, word]) & table[4, word]) | ((w1 ^ table[1, word]) & table[5, word])
        other |= ((w2 ^ table[2, word]) & table[6, word]) | ((w3 ^ table[3, word]) & table[7, word])
        found = word if other == np.uint64(0) else found
    return found


@njit(cache=True)
def read_alike(
    text: UInt8Array,
    words: Words,
    at: int,
    rows: tuple[int, int],
    form: IntArray,
    n_values: int,
    token: tuple[int, int],
    names: Words,
    attributes: Words,
    translation: FloatArray,
    size: FloatArray,
    rotation: FloatArray,
    velocity: FloatArray,
    score: FloatArray,
    n_points: IntArray,
    category: IntArray,
    attribute: IntArray,
) -> tuple[int, int]:
    """Read boxes of a sample into the columns as long as they have the form.

    `rows` are those of the sample's first box and of the next one; `token` is where the sample's own stands.
    Returns the position of what was not read, and the next row.
    """
    row, limit, box = rows[1], len(words) - ROOM, np.empty(14)
    heads, bits = np.empty(n_values, np.uint64), np.empty(n_values, np.uint64)
    for k in range(n_values):
        heads[k] = words[form[k, 1]]
        bits[k] = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(8 * max(0, 8 - (form[k, 2] - form[k, 1])))
    while at < limit:
        begin = at
        if row > rows[0] and text[at] == COMMA:
            at = skip_space(text, at + 1)
        box[13], attribute[row] = -1.0, -1
        good = at < limit
        for k in range(n_values):
            length = form[k, 2] - form[k, 1]
            good &= (words[at] ^ heads[k]) & bits[k] == np.uint64(0)
            if not good or (length > 8 and not alike(words, at + 8, form[k, 1] + 8, form[k, 2])):
                return begin, row
            at += length
            role = form[k, 0]
            if role < NUMBERS:
                at, box[role], good = read_decimal(text, words, at)
            elif role == TOKEN:
                good = alike(words, at, token[0], token[1])
                at += token[1] - token[0]
            elif role == NAME:
                category[row] = find_pattern(words, at, names)
                good = category[row] >= 0
                at += int(np.int64(names[8, category[row]]))
            else:
                attribute[row] = find_pattern(words, at, attributes)
                good = attribute[row] >= 0
                at += int(np.int64(attributes[8, attribute[row]]))
        if not good or not alike(words, at, form[n_values, 1], form[n_values, 2]):
            return begin, row
        at = skip_space(text, at + form[n_values, 2] - form[n_values, 1])
        for k in range(3):
            translation[row, k], size[row, k], rotation[row, k] = box[k], box[3 + k], box[6 + k]
        rotation[row, 3], velocity[row, 0], velocity[row, 1] = box[9], box[10], box[11]
        score[row], n_points[row] = box[12], int(box[13])
        attribute[row] = attribute[row] if attribute[row] < attributes.shape[1] - 1 else -1
        row += 1
    return at, row
