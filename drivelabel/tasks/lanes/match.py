"""Which line of a frame is which line of the frames before."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from drivelabel.typing import BoolArray, FloatArray, IntArray

_TOO_FAR = 1e6


def line_distance(
    u_a: FloatArray, known_a: BoolArray, u_b: FloatArray, known_b: BoolArray, scale: FloatArray
) -> FloatArray:
    """How far lines lie apart, on average over the rows that both have.

    Args:
        u_a, known_a: (n, k), columns of some lines, and where they are known.
        u_b, known_b: (m, k), of others.
        scale: (k,), pixels per unit of the answer in each row.

    Returns:
        (n, m) float64; infinite for lines that share fewer than two rows.
    """
    both = known_a[:, None] & known_b[None]
    off = np.where(both, np.abs(u_a[:, None] - u_b[None]), 0.0) / scale
    shared = both.sum(axis=2)
    return np.where(shared >= 2, off.sum(axis=2) / np.maximum(shared, 1), np.inf)


def match_lines(distance: FloatArray, limit: FloatArray) -> tuple[IntArray, IntArray]:
    """Pairs of rows and columns with the least total distance, none beyond its row's limit.

    Args:
        distance: (n, m).
        limit: (n,).
    """
    cost = np.where(distance <= limit[:, None], distance, _TOO_FAR)
    row, column = linear_sum_assignment(cost)
    good = cost[row, column] < _TOO_FAR
    return row[good].astype(np.int64), column[good].astype(np.int64)
