"""Lines of plain decimal numbers with commas between, for numba. Nothing here raises."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from drivelabel.typing import FloatArray

COMMA, NEWLINE, RETURN, SPACE, MINUS, PLUS, DOT, ZERO = 44, 10, 13, 32, 45, 43, 46, 48


@njit(cache=True)
def read_number_lines(text: npt.NDArray[np.uint8], tens: FloatArray, out: FloatArray) -> int:
    """Write the first fields of each line into (fields, lines) `out`; how many lines, or -1 if not all plain.

    `tens` (16,) are powers of ten. Plain are numbers of at most 15 digits without exponent: those come out as
    the nearest double, as division of two exact doubles rounds correctly. Empty lines are left out.
    """
    at, line, fields = 0, 0, out.shape[0]
    while at < len(text):
        if text[at] == NEWLINE or text[at] == RETURN:
            at += 1
            continue
        for field in range(fields):
            while at < len(text) and text[at] == SPACE:
                at += 1
            negative = at < len(text) and text[at] == MINUS
            if negative or (at < len(text) and text[at] == PLUS):
                at += 1
            value, digits, after = 0, 0, -1
            while at < len(text):
                byte = int(np.int64(text[at]))
                if ZERO <= byte <= ZERO + 9:
                    value = 10 * value + byte - ZERO
                    digits += 1
                    after += after >= 0
                elif byte == DOT and after < 0:
                    after = 0
                else:
                    break
                at += 1
            if digits == 0 or digits > 15:
                return -1
            number = np.float64(value) / tens[max(0, after)]
            out[field, line] = -number if negative else number
            while at < len(text) and (text[at] == SPACE or text[at] == RETURN):
                at += 1
            ended = at >= len(text) or text[at] == NEWLINE
            if ended != (field == fields - 1) and not (field == fields - 1 and text[at] == COMMA):
                return -1
            if not ended:
                at += 1
        while at < len(text) and text[at] != NEWLINE:
            at += 1
        line += 1
    return line
