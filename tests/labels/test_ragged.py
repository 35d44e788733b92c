from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import Ragged

ROWS = st.lists(st.lists(st.integers(-9, 9), max_size=4), max_size=6)


def _ragged(rows: list[list[int]]) -> Ragged:
    return Ragged.from_rows([np.array(row, np.int64) for row in rows], np.int64, ())


def _lists(ragged: Ragged) -> list[list[int]]:
    return [ragged[k].tolist() for k in range(len(ragged))]


@given(ROWS)
def test_rows_come_back(rows: list[list[int]]) -> None:
    ragged = _ragged(rows)
    assert _lists(ragged) == rows
    assert ragged.counts.tolist() == [len(row) for row in rows]


@given(ROWS, st.slices(6))
def test_a_slice_is_that_of_a_list(rows: list[list[int]], picked: slice) -> None:
    assert _lists(_ragged(rows)[picked]) == rows[picked]


@given(ROWS, st.data())
def test_row_numbers_pick_rows_in_any_order(rows: list[list[int]], data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(-len(rows), len(rows) - 1), max_size=5)) if rows else []
    assert _lists(_ragged(rows)[np.array(numbers, np.int64)]) == [rows[k] for k in numbers]


@given(ROWS, ROWS)
def test_joining_is_that_of_lists(a: list[list[int]], b: list[list[int]]) -> None:
    assert _lists(Ragged.concat([_ragged(a), _ragged(b)])) == a + b


def test_one_row_is_a_view() -> None:
    ragged = _ragged([[1, 2], [3]])
    assert np.shares_memory(ragged[0], ragged.values)
    assert ragged[-1].tolist() == [3]
    with pytest.raises(IndexError):
        ragged[2]


@pytest.mark.parametrize("offsets", [[], [0, 2], [1, 3], [0, 2, 1, 3], [0, 4]])
def test_offsets_that_do_not_cover_the_values_are_refused(offsets: list[int]) -> None:
    with pytest.raises(InvalidLabelError, match="offsets: expected to rise from 0 to 3"):
        Ragged(np.arange(3), np.array(offsets, np.int64))
