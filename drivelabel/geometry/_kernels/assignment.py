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
    row_count, column_count = np.zeros(n, np.int64), np.zeros(m, np.int64)
    for e in range(len(rows)):
        row_count[rows[e]] += 1
        column_count[columns[e]] += 1
    shared = np.empty(len(rows), np.int64)
    size = 0
    for e in range(len(rows)):
        if row_count[rows[e]] == 1 and column_count[columns[e]] == 1:
            partner[rows[e]] = columns[e]
        else:
            shared[size] = e
            size += 1
    if size:
        _solve_shared(n, m, shared[:size], rows, columns, gains, partner)
    return partner


@njit(cache=True)
def _solve_shared(
    n: int,
    m: int,
    shared: IntArray,
    rows: IntArray,
    columns: IntArray,
    gains: FloatArray,
    partner: IntArray,
) -> None:
    """Write the best partners of rows in the pairs `shared`, group by group."""
    root = np.arange(n + m)
    for e in shared:
        _join(root, rows[e], n + columns[e])
    group = np.empty(len(shared), np.int64)
    for k in range(len(shared)):
        group[k] = _find(root, rows[shared[k]])
    order, slot = np.argsort(group, kind="mergesort"), np.full(n + m, -1, np.int64)
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and group[order[stop]] == group[order[start]]:
            stop += 1
        _solve_group(shared[order[start:stop]], rows, columns, gains, slot, n, partner)
        start = stop


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
    pairs: IntArray,
    rows: IntArray,
    columns: IntArray,
    gains: FloatArray,
    slot: IntArray,
    n: int,
    partner: IntArray,
) -> None:
    """Write the best partners of one group's rows into `partner`; `slot` (n + m,) is -1 before and after."""
    own_rows, own_columns = np.empty(len(pairs), np.int64), np.empty(len(pairs), np.int64)
    n_rows, n_columns = 0, 0
    for e in pairs:
        if slot[rows[e]] < 0:
            slot[rows[e]], own_rows[n_rows] = n_rows, rows[e]
            n_rows += 1
        if slot[n + columns[e]] < 0:
            slot[n + columns[e]], own_columns[n_columns] = n_columns, columns[e]
            n_columns += 1
    size = max(n_rows, n_columns)
    gain = np.zeros((size, size))
    for e in pairs:
        gain[slot[rows[e]], slot[n + columns[e]]] = gains[e]
    best = assign(gain)
    for row in range(n_rows):
        slot[own_rows[row]] = -1
        if gain[row, best[row]] > 0.0:
            partner[own_rows[row]] = own_columns[best[row]]
    for column in range(n_columns):
        slot[n + own_columns[column]] = -1


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
