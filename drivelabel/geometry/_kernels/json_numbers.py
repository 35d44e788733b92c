"""Reading JSON text of known shape, for numba. Nothing here raises: a position below 0 means malformed.

Decimal numbers come out as the nearest float64, bit for bit as ``float`` reads them; the few that need more
than 106 bits for it are left to the caller.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from drivelabel.typing import UInt8Array

QUOTE, BACKSLASH, COMMA, COLON = 34, 92, 44, 58
OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT = 91, 93, 123, 125
_MINUS, _PLUS, _POINT, _ZERO, _NINE = 45, 43, 46, 48, 57
_EXACT_POWER = 22  # 10**22 is the largest power of ten that a float64 holds exactly
_POWERS = np.array([float(10**k) for k in range(_EXACT_POWER + 1)])
_MAX_DIGITS = 18


@njit(cache=True)
def skip_space(text: UInt8Array, at: int) -> int:
    """The next position that is no white space."""
    while at < len(text) and text[at] <= 32:
        at += 1
    return at


@njit(cache=True)
def skip_string(text: UInt8Array, at: int) -> int:
    """The position behind the string whose opening quote stands at `at`, or -1."""
    at += 1
    while at < len(text):
        if text[at] == QUOTE:
            return at + 1
        at += 2 if text[at] == BACKSLASH else 1
    return -1


@njit(cache=True)
def skip_value(text: UInt8Array, at: int) -> int:
    """The position behind the value that starts at `at`, or -1."""
    depth = 0
    while at < len(text):
        sign = text[at]
        if sign == QUOTE:
            at = skip_string(text, at)
            if at < 0:
                return -1
            if depth == 0:
                return at
            continue
        if sign in (OPEN_LIST, OPEN_OBJECT):
            depth += 1
        elif sign in (CLOSE_LIST, CLOSE_OBJECT):
            if depth == 0:
                return at
            depth -= 1
            if depth == 0:
                return at + 1
        elif depth == 0 and (sign == COMMA or sign <= 32):
            return at
        at += 1
    return at if depth == 0 else -1


@njit(cache=True)
def read_number(text: UInt8Array, at: int) -> tuple[int, float, bool]:
    """The number at `at`: the position behind it (or -1), its value, and whether the value is exact."""
    negative = text[at] == _MINUS
    at += int(negative)
    first = at
    at, mantissa = _read_digits(text, at, np.uint64(0))
    n_digits = at - first
    if n_digits == 0:
        return _named_number(text, at, negative)
    if text[first] == _ZERO:
        if n_digits > 1:
            return -1, 0.0, False
        n_digits = 0
    scale = 0
    if at < len(text) and text[at] == _POINT:
        first = at + 1
        at, mantissa = _read_digits(text, first, mantissa)
        scale = first - at
        if scale == 0:
            return -1, 0.0, False
        n_digits -= scale
        if n_digits > _MAX_DIGITS and mantissa < np.uint64(10**_MAX_DIGITS):
            n_digits -= _leading_zeros(text, first) if n_digits == -scale else 0
    if at < len(text) and (text[at] == 101 or text[at] == 69):
        at, power = _read_power(text, at + 1)
        if at < 0:
            return -1, 0.0, False
        scale += power
    if n_digits > _MAX_DIGITS:
        return at, 0.0, False
    value, exact = _scaled(mantissa, scale)
    return at, -value if negative else value, exact


@njit(cache=True)
def _read_digits(text: UInt8Array, at: int, mantissa: Any) -> tuple[int, Any]:
    """Digits from `at` on behind those of `mantissa`: the position behind them, and all of them."""
    while at < len(text):
        digit = np.int64(text[at]) - _ZERO
        if digit < 0 or digit > 9:
            break
        mantissa = mantissa * np.uint64(10) + np.uint64(digit)
        at += 1
    return at, mantissa


@njit(cache=True)
def _leading_zeros(text: UInt8Array, at: int) -> int:
    first = at
    while text[at] == _ZERO:
        at += 1
    return at - first


@njit(cache=True)
def _named_number(text: UInt8Array, at: int, negative: bool) -> tuple[int, float, bool]:
    """``NaN`` or ``Infinity`` at `at`, as Python writes them, or nothing."""
    if at + 3 <= len(text) and text[at] == 78 and text[at + 1] == 97 and text[at + 2] == 78 and not negative:
        return at + 3, np.nan, True
    if at + 8 <= len(text) and text[at] == 73 and text[at + 1] == 110 and text[at + 7] == 121:
        return at + 8, -np.inf if negative else np.inf, True
    return -1, 0.0, False


@njit(cache=True)
def _read_power(text: UInt8Array, at: int) -> tuple[int, int]:
    negative = at < len(text) and text[at] == _MINUS
    if at < len(text) and (text[at] == _MINUS or text[at] == _PLUS):
        at += 1
    first, power = at, 0
    while at < len(text) and _ZERO <= text[at] <= _NINE:
        power = min(power * 10 + int(text[at] - _ZERO), 99999)
        at += 1
    return at if at > first else -1, -power if negative else power


@njit(cache=True)
def _scaled(mantissa: Any, scale: int) -> tuple[float, bool]:
    """mantissa * 10**scale as the nearest float64, and whether that is certain; mantissa has <= 18 digits."""
    high = float(mantissa)
    if mantissa < np.uint64(1 << 53):
        if mantissa == np.uint64(0) or scale == 0:
            return high, True
        if 0 < scale <= _EXACT_POWER:
            return high * _POWERS[scale], True
        if -_EXACT_POWER <= scale < 0:
            return high / _POWERS[-scale], True
        return 0.0, False
    low = float(np.int64(mantissa) - np.int64(high))
    if scale == 0:
        return high + low, True
    if scale > 0 or scale < -_EXACT_POWER:
        return 0.0, False
    # The quotient to twice the precision; then, is the sum clear of the middle between two floats?
    power = _POWERS[-scale]
    quotient = high / power
    rest = (_remainder(high, quotient, power) + low) / power
    doubt = abs(rest) * 1e-12
    value = quotient + (rest - doubt)
    return value, value == quotient + (rest + doubt)


@njit(cache=True)
def _remainder(high: float, quotient: float, power: float) -> float:
    """high - quotient * power, exactly.

    Source: Dekker, A floating-point technique for extending the available precision, 1971.
    """
    product = quotient * power
    big = 134217729.0 * quotient
    q_high = big - (big - quotient)
    big = 134217729.0 * power
    p_high = big - (big - power)
    q_low, p_low = quotient - q_high, power - p_high
    low = ((q_high * p_high - product) + q_high * p_low + q_low * p_high) + q_low * p_low
    return (high - product) - low
