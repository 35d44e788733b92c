"""A look at JSON text before it is parsed: how deep it nests, and whether an object has one key twice."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.json_numbers import (
    BACKSLASH,
    CLOSE_LIST,
    CLOSE_OBJECT,
    COLON,
    OPEN_LIST,
    OPEN_OBJECT,
    QUOTE,
    skip_space,
)
from drivelabel.typing import UInt8Array

PLAIN, DOUBTFUL = range(2)
"""What :func:`look_over` found: all is well, or a slower reader must say."""

_MAX_KEYS = 64  # of one object; beyond that a slower reader compares them
_MAX_DIGITS = 18  # int64 holds any number of so many


@njit(cache=True)
def look_over(text: UInt8Array, max_depth: int) -> int:
    """PLAIN where nothing nests deeper than `max_depth`, no object has more than 64 keys or one of them
    twice, no key has an escape, and no number more than 18 digits in a row; else DOUBTFUL.

    What is no JSON at all may pass: the parser that follows says so.
    """
    first = np.empty(max_depth * _MAX_KEYS, np.int64)
    size = np.empty(max_depth * _MAX_KEYS, np.int64)
    n_keys = np.zeros(max_depth + 1, np.int64)
    depth, at, n_digits = 0, 0, 0
    while at < len(text):
        sign = text[at]
        if 48 <= sign <= 57:
            n_digits += 1
            if n_digits > _MAX_DIGITS:
                return DOUBTFUL
            at += 1
            continue
        n_digits = 0
        if sign == QUOTE:
            start = at + 1
            at = start
            escaped = False
            while at < len(text) and text[at] != QUOTE:
                escaped |= text[at] == BACKSLASH
                at += 2 if text[at] == BACKSLASH else 1
            stop = at
            at += 1
            after = skip_space(text, at)
            if after >= len(text) or text[after] != COLON:
                continue
            at = after
            n = n_keys[depth]
            if escaped or depth == 0 or n == _MAX_KEYS:
                return DOUBTFUL
            base = (depth - 1) * _MAX_KEYS
            for k in range(base, base + n):
                if size[k] == stop - start and _same(text, first[k], start, size[k]):
                    return DOUBTFUL
            first[base + n], size[base + n] = start, stop - start
            n_keys[depth] = n + 1
        elif sign in (OPEN_OBJECT, OPEN_LIST):
            if depth == max_depth:
                return DOUBTFUL
            depth += 1
            n_keys[depth] = 0
        elif sign in (CLOSE_OBJECT, CLOSE_LIST) and depth > 0:
            depth -= 1
        at += 1
    return PLAIN


@njit(cache=True)
def _same(text: UInt8Array, a: int, b: int, size: int) -> bool:
    for k in range(size):  # noqa: SIM110 - numba compiles no generator
        if text[a + k] != text[b + k]:
            return False
    return True
