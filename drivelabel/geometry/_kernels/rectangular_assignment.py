"""Cheapest pairing of all rows with columns (or all columns with rows), for numba. Nothing here raises.

Where several pairings cost the same, this finds the one that SciPy finds: metrics that were defined by a
program using SciPy depend on it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import BoolArray, FloatArray, IntArray


@njit(cache=True)
def cheapest_columns(cost: FloatArray) -> IntArray:
    """(n, m) finite costs -> (n,) the column of each row, -1 for rows left over when n > m.

    Source: Crouse, On implementing 2D rectangular assignment algorithms, IEEE TAES 2016.
    """
    n, m = cost.shape
    if n <= m:
        return _columns_of_rows(cost)
    columns = np.full(n, -1, np.int64)
    rows = _columns_of_rows(np.ascontiguousarray(cost.T))
    for column in range(m):
        columns[rows[column]] = column
    return columns


@njit(cache=True)
def _columns_of_rows(cost: FloatArray) -> IntArray:
    """(n, m) with n <= m -> (n,)."""
    n, m = cost.shape
    row_price, column_price = np.zeros(n), np.zeros(m)
    column_of, row_of = np.full(n, -1, np.int64), np.full(m, -1, np.int64)
    came_from, length = np.empty(m, np.int64), np.empty(m)
    row_seen, column_seen = np.empty(n, np.bool_), np.empty(m, np.bool_)
    left = np.empty(m, np.int64)
    for new in range(n):
        end, shortest = _shortest_path(
            new, cost, row_price, column_price, row_of, came_from, length, row_seen, column_seen, left
        )
        row_price[new] += shortest
        for row in range(n):
            if row_seen[row] and row != new:
                row_price[row] += shortest - length[column_of[row]]
        for column in range(m):
            if column_seen[column]:
                column_price[column] -= shortest - length[column]
        while True:
            row = came_from[end]
            row_of[end] = row
            end, column_of[row] = column_of[row], end
            if row == new:
                break
    return column_of


@njit(cache=True)
def _shortest_path(
    row: int,
    cost: FloatArray,
    row_price: FloatArray,
    column_price: FloatArray,
    row_of: IntArray,
    came_from: IntArray,
    length: FloatArray,
    row_seen: BoolArray,
    column_seen: BoolArray,
    left: IntArray,
) -> tuple[int, float]:
    """The free column at which the shortest path from `row` ends, and its length; fills the last five."""
    m = len(row_of)
    row_seen[:], column_seen[:], length[:] = False, False, np.inf
    for k in range(m):  # from the last column on, so that equal costs end in the first
        left[k] = m - k - 1
    n_left, shortest, end = m, 0.0, -1
    while end < 0:
        row_seen[row] = True
        nearest, best = np.inf, -1
        for k in range(n_left):
            column = left[k]
            reach = shortest + cost[row, column] - row_price[row] - column_price[column]
            if reach < length[column]:
                came_from[column], length[column] = row, reach
            # Of equal paths one that ends here is preferred.
            if length[column] < nearest or (length[column] == nearest and row_of[column] < 0):
                nearest, best = length[column], k
        shortest, column = nearest, left[best]
        if row_of[column] < 0:
            end = column
        else:
            row = row_of[column]
        column_seen[column] = True
        n_left -= 1
        left[best] = left[n_left]
    return end, shortest
