"""Pairing rows with columns for the largest total gain, for numba. Nothing here raises.

Few pairs are possible in practice, so they are a list (row, column, gain above 0), and the list falls into
small groups that share no row and no column. Nearly all groups are one pair; the others are solved exactly.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import FloatArray, IntArray


@njit(cache=True)
def best_pairs(n: int, m: int, rows: IntArray, columns: IntArray, gains: FloatArray) -> IntArray:
    """Pairs (e,) of n rows and m columns -> (n,) the column of each row or -1, for the largest total gain."""
    partner = np.full(n, -1, np.int64)
    root = np.arange(n + m)
    for e in range(len(rows)):
        _join(root, rows[e], n + columns[e])
    group = np.empty(len(rows), np.int64)
    for e in range(len(rows)):
        group[e] = _find(root, rows[e])
    order = np.argsort(group, kind="mergesort")
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and group[order[stop]] == group[order[start]]:
            stop += 1
        if stop == start + 1:
            partner[rows[order[start]]] = columns[order[start]]
        else:
            _solve_group(order[start:stop], rows, columns, gains, partner)
        start = stop
    return partner


@njit(cache=True)
def _find(root: IntArray, node: int) -> int:
    while root[node] != node:
        root[node] = root[root[node]]
        node = root[node]
    return node


@njit(cache=True)
def _join(root: IntArray, a: int, b: int) -> None:
    a, b = _find(root, a), _find(root, b)
    root[max(a, b)] = min(a, b)


@njit(cache=True)
def _solve_group(
    pairs: IntArray, rows: IntArray, columns: IntArray, gains: FloatArray, partner: IntArray
) -> None:
    """Write the best partners of one group's rows into `partner`."""
    own_rows, own_columns = np.unique(rows[pairs]), np.unique(columns[pairs])
    size = max(len(own_rows), len(own_columns))
    gain = np.zeros((size, size))
    for e in pairs:
        row = np.searchsorted(own_rows, rows[e])
        column = np.searchsorted(own_columns, columns[e])
        gain[row, column] = gains[e]
    best = assign(gain)
    for row in range(len(own_rows)):
        if gain[row, best[row]] > 0.0:
            partner[own_rows[row]] = own_columns[best[row]]


@njit(cache=True)
def assign(gain: FloatArray) -> IntArray:
    """(n, n) -> (n,) the column of each row for the largest total gain.

    Source: Kuhn, The Hungarian method, 1955; by shortest augmenting paths, Jonker & Volgenant, 1987.
    """
    n = len(gain)
    of_row, of_column = np.zeros(n + 1), np.zeros(n + 1)
    row_of = np.full(n + 1, n, np.int64)  # column n is where each new row starts; row n is nobody
    for new in range(n):
        row_of[n] = new
        column = n
        distance, came_from = np.full(n, np.inf), np.full(n, n, np.int64)
        done = np.zeros(n + 1, np.bool_)
        while row_of[column] != n:
            done[column] = True
            row, step, following = row_of[column], np.inf, n
            for j in range(n):
                if done[j]:
                    continue
                reduced = -gain[row, j] - of_row[row] - of_column[j]
                if reduced < distance[j]:
                    distance[j], came_from[j] = reduced, column
                if distance[j] < step:
                    step, following = distance[j], j
            for j in range(n + 1):
                if done[j]:
                    of_row[row_of[j]] += step
                    of_column[j] -= step
                elif j < n:
                    distance[j] -= step
            column = following
        while column != n:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    best = np.empty(n, np.int64)
    for column in range(n):
        best[row_of[column]] = column
    return best
