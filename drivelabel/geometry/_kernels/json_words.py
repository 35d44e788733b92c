"""JSON text eight bytes at a time, for numba: decimal numbers and known words. Nothing here raises.

Texts come twice: as bytes, and as `words`, where words[i] is bytes i to i + 7 as one little-endian number;
see :func:`as_words`. Callers see to it that the text goes on for some dozens of bytes.

Not cached: code from a cache cannot be built into its caller, and calls would take longer than the work.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from drivelabel.typing import UInt8Array

Words = npt.NDArray[np.uint64]

_MINUS, _POINT = 45, 46
_ZEROS = np.uint64(0x3030303030303030)
_LOW_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)
_HIGH_BITS = np.uint64(0x8080808080808080)
_NO_DIGIT = np.uint64(0x7676767676767676)  # with it, 10 and more have their highest bit set
_ONES = np.uint64(0x0101010101010101)
_TENS = np.array([10**k for k in range(9)], np.uint64)
_POWERS = np.array([float(10**k) for k in range(23)])
_HIGH_POWERS = 134217729.0 * _POWERS - (134217729.0 * _POWERS - _POWERS)  # their upper halves
_PARTS = 1.0 / _POWERS
_MOST = np.uint64(10**18)


def as_words(text: UInt8Array) -> Words:
    """(n,) bytes -> (n - 7,) a view of the eight bytes from each place on; empty on big-endian machines."""
    size = max(len(text) - 7, 0) if sys.byteorder == "little" else 0
    words: Words = np.ndarray((size,), np.uint64, text, strides=(1,))
    return words


@njit(forceinline=True)
def alike(words: Words, at: int, first: int, stop: int) -> bool:
    """Whether the text at `at` is the one at first:stop."""
    while stop - first > 8:
        if words[at] != words[first]:
            return False
        at, first = at + 8, first + 8
    # The rest: shift away what follows it.
    beyond = np.uint64(8 * (8 - (stop - first)))
    return bool((words[at] ^ words[first]) << beyond == np.uint64(0)) if stop > first else True


@njit(forceinline=True)
def read_decimal(text: UInt8Array, words: Words, at: int) -> tuple[int, float, bool]:
    """A number like -12.375 at `at`: the position behind it, the nearest float64, and whether both are
    certain; else it has another form or :func:`json_numbers.read_number` must look closer."""
    # Few branches: which numbers have a minus, a leading 0 or 17 digits is a coin toss that processors guess
    # badly. And words two at once, so that only one count of digits is waited for.
    negative = text[at] == _MINUS
    at += int(negative)
    n_whole, is_zero = _count_digits(words[at]), text[at] == 48
    mantissa = _first_digits(words[at], n_whole)
    doubtful = (n_whole == 0) | (n_whole == 8) | ((n_whole > 1) & is_zero)
    at += n_whole
    scale = 0
    if text[at] == _POINT:
        first = words[at + 1]
        scale = _count_digits(first)
        if scale == 8:
            second, third = words[at + 9], words[at + 17]
            n1, n2 = _count_digits(second), _count_digits(third)
            n2 *= int(n1 == 8)
            mantissa = mantissa * _TENS[8] + _eight_digits(first ^ _ZEROS)
            mantissa = mantissa * _TENS[n1] + _first_digits(second, n1)
            mantissa = mantissa * _TENS[n2] + _first_digits(third, n2)
            scale += n1 + n2
        else:
            mantissa = mantissa * _TENS[scale] + _first_digits(first, scale)
        at += 1 + scale
        doubtful |= (scale == 0) | (n_whole * int(not is_zero) + scale > 19) | (mantissa >= _MOST)
    doubtful |= (text[at] | 32) == 101
    value, certain = _over_power(int(np.int64(mantissa)), min(scale, 22))
    # Not one code for both: the next number would wait for this one's value.
    return at, value * (1.0 - 2.0 * int(negative)), certain & (not doubtful)


@njit(forceinline=True)
def _count_digits(word: Any) -> int:
    """How many of the eight bytes are digits before the first that is none."""
    digits = word ^ _ZEROS
    others = (((digits & _LOW_BITS) + _NO_DIGIT) | digits) & _HIGH_BITS
    # All bits below the lowest one set; of each whole byte among them, the highest is counted.
    below = ~others & (others - np.uint64(1))
    return int(np.int64((((below >> np.uint64(7)) & _ONES) * _ONES) >> np.uint64(56)))


@njit(forceinline=True)
def _first_digits(word: Any, n: int) -> Any:
    """The number that the first n <= 8 bytes make, which are digits."""
    half = np.uint64(4 * (8 - n))
    return _eight_digits(((word ^ _ZEROS) << half) << half)  # in two steps, as a shift by 64 is none


@njit(forceinline=True)
def _eight_digits(digits: Any) -> Any:
    """The number that eight bytes 0 to 9 make."""
    pairs = (digits * np.uint64(10) + (digits >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    fours = (pairs * np.uint64(100) + (pairs >> np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    return (fours * np.uint64(10000) + (fours >> np.uint64(32))) & np.uint64(0xFFFFFFFF)


@njit(forceinline=True)
def _over_power(mantissa: int, scale: int) -> tuple[float, bool]:
    """mantissa / 10**scale as the nearest float64, and whether that is certain; mantissa below 10**18.

    A quotient that may be some units off, and the exact rest of the division beside it.

    Source: Dekker, A floating-point technique for extending the available precision, 1971.
    """
    high = float(mantissa)
    low = float(mantissa - np.int64(high))
    power = _POWERS[scale]
    quotient = high * _PARTS[scale]
    product = quotient * power
    big = 134217729.0 * quotient
    q_high = big - (big - quotient)
    q_low, p_high = quotient - q_high, _HIGH_POWERS[scale]
    p_low = power - p_high
    error = ((q_high * p_high - product) + q_high * p_low + q_low * p_high) + q_low * p_low
    rest = (((high - product) - error) + low) * _PARTS[scale]
    doubt = abs(rest) * 1e-12
    value = quotient + (rest - doubt)
    return value, value == quotient + (rest + doubt)
