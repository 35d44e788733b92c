"""Lines of a whole number and fractions, as text files of labels have them."""

from __future__ import annotations

import numpy as np

from drivelabel.geometry._kernels.decimal_text import MAX_DIGITS, write_rows
from drivelabel.typing import AnyArray, IntArray

MAX_DECIMALS = 15


def number_lines(
    first: IntArray, values: AnyArray, start: IntArray, decimals: int, whole: AnyArray | None = None
) -> tuple[bytes, IntArray, AnyArray]:
    """Lines ``first value value ...`` of all rows, where each starts, and the values as they are written.

    Args:
        first: (n,) whole numbers.
        values: (m,) of all rows one after the other, below 10**(18 - decimals).
        start: (n + 1,) row i has ``values[start[i]:start[i + 1]]``.
        decimals: digits after the point, at most 15; zeros at the end are left out.
        whole: (m,) bool, values that are whole numbers; none when None.
    """
    scale = np.full(len(values), 10.0**decimals)
    places = np.full(len(values), decimals, np.int64)
    if whole is not None:
        scale[whole], places[whole] = 1.0, 0
    scaled = np.rint(np.asarray(values, np.float64) * scale).astype(np.int64)
    out = np.empty((len(values) + len(first)) * (MAX_DIGITS + 2), np.uint8)
    lines = write_rows(first, scaled, start, places, out)
    return out[: lines[-1]].tobytes(), lines, scaled / scale
