"""Numbers as text, many at a time, for numba. Callers have checked; nothing here raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import IntArray, UInt8Array

MAX_DIGITS = 20
"""Most characters of one number: 18 digits, a sign and a point."""


@njit(cache=True)
def write_rows(
    first: IntArray, values: IntArray, start: IntArray, decimals: IntArray, out: UInt8Array
) -> IntArray:
    """Lines ``first value value ...`` into `out`; returns (n + 1,) where each line starts.

    Line i has a whole number and ``values[start[i]:start[i + 1]]``, each divided by ``10**decimals``;
    zeros at the end of a fraction are left out. `out` has room for MAX_DIGITS + 2 bytes a number.
    """
    n = len(first)
    lines = np.empty(n + 1, np.int64)
    digits = np.empty(MAX_DIGITS, np.uint8)
    at = 0
    for row in range(n):
        lines[row] = at
        at = _write(first[row], 0, digits, out, at)
        for k in range(start[row], start[row + 1]):
            out[at] = 32
            at = _write(values[k], decimals[k], digits, out, at + 1)
        out[at] = 10
        at += 1
    lines[n] = at
    return lines


@njit(cache=True)
def _write(value: int, decimals: int, digits: UInt8Array, out: UInt8Array, at: int) -> int:
    """One number at `at`; the position behind it."""
    if value < 0:
        out[at] = 45
        at += 1
        value = -value
    while decimals > 0 and value % 10 == 0:
        value //= 10
        decimals -= 1
    n = 0
    while value > 0 or n <= decimals:
        if n == decimals and n > 0:
            digits[n] = 46
            n += 1
            decimals = -1
            if value == 0:
                digits[n] = 48
                n += 1
            continue
        digits[n] = 48 + value % 10
        value //= 10
        n += 1
    for k in range(n):
        out[at + k] = digits[n - 1 - k]
    return at + n
