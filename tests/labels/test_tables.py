"""Laws that every kind of label table obeys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labels.tables import OF_KIND, same_kind_tables, tables

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import TABLES, Attributes, Boxes2D, LaneLines, Ragged, Table


@given(tables(), st.data())
def test_cutting_a_table_and_joining_the_parts_gives_it_back(table: Table, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(table)))
    assert type(table).concat([table[:cut], table[cut:]]).equals(table)


@given(same_kind_tables())
def test_joining_is_associative(parts: list[Table]) -> None:
    a, b, c = parts
    kind = type(a)
    once = kind.concat([a, b, c])
    assert once.equals(kind.concat([a, kind.concat([b, c])]))
    assert len(once) == len(a) + len(b) + len(c)


@given(tables())
def test_joining_nothing_changes_nothing(table: Table) -> None:
    kind = type(table)
    assert kind.concat([kind.empty(), table, kind.empty()]).equals(table)
    assert len(kind.concat([])) == 0


@given(tables(), st.data())
def test_a_mask_row_numbers_and_a_list_of_slices_pick_the_same_rows(
    table: Table, data: st.DataObject
) -> None:
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table))), np.bool_)
    rows = np.flatnonzero(mask)
    one_by_one = type(table).concat([table[int(r) : int(r) + 1] for r in rows])
    assert table[mask].equals(table[rows])
    assert table[mask].equals(one_by_one)


@given(tables(), st.slices(6))
def test_any_slice_picks_the_rows_that_python_would(table: Table, picked: slice) -> None:
    rows = np.array(list(range(len(table)))[picked], np.int64)
    assert table[picked].equals(table[rows])


@given(tables(), st.data())
def test_any_order_of_rows_can_be_undone(table: Table, data: st.DataObject) -> None:
    order = np.array(data.draw(st.permutations(range(len(table)))), np.int64)
    assert table[order][np.argsort(order)].equals(table)


@given(tables())
def test_replacing_a_column_by_itself_changes_nothing(table: Table) -> None:
    assert table.replace().equals(table)
    assert table.replace(score=table.score).equals(table)


@given(tables())
def test_replacing_keeps_the_old_table(table: Table) -> None:
    before = table.score.copy()
    changed = table.replace(score=np.zeros(len(table)))
    np.testing.assert_array_equal(table.score, before)
    np.testing.assert_array_equal(changed.score, 0)


@pytest.mark.parametrize("kind", sorted(TABLES))
@given(data=st.data())
def test_a_slice_shares_memory_with_its_table(kind: str, data: st.DataObject) -> None:
    table = data.draw(OF_KIND[kind](3))
    part = table[1:3]
    for name, column in part.columns().items():
        whole = getattr(table, name)
        if isinstance(column, Ragged):
            assert not column.values.size or np.shares_memory(column.values, whole.values)
        elif isinstance(column, Attributes):
            for key in column.names:
                assert np.shares_memory(column[key].codes, whole[key].codes)
        else:
            assert np.shares_memory(column, whole)


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_an_empty_table_can_be_made_and_joined(kind: str) -> None:
    empty = TABLES[kind].empty()
    assert len(empty) == 0
    assert empty.equals(TABLES[kind].concat([empty, empty]))
    assert empty.replace().equals(empty), "an empty table passes the checks of a given one"
    assert repr(empty) == f"<{TABLES[kind].__name__}: 0 rows>"


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_every_kind_names_itself(kind: str) -> None:
    assert kind == TABLES[kind].KIND


@pytest.mark.parametrize("kind", sorted(TABLES))
@given(data=st.data())
def test_one_changed_value_makes_tables_unequal(kind: str, data: st.DataObject) -> None:
    table = data.draw(OF_KIND[kind](2))
    other = table.replace(row_id=table.row_id + 1)
    assert not table.equals(other)
    assert not table.equals(table[:1])
    assert not table.equals(table.replace(attributes={"new": [1, None]}))


def test_tables_of_other_kinds_are_never_equal() -> None:
    assert not Boxes2D.empty().equals(LaneLines.empty())


@given(tables())
def test_tables_do_not_change(table: Table) -> None:
    with pytest.raises(AttributeError):
        table.score = table.score  # type: ignore[misc]


def _boxes(**columns: Any) -> Boxes2D:
    return Boxes2D(**({"xyxy": [[0, 0, 1, 1], [2, 2, 3, 3]], "category_id": [0, 1]} | columns))


def test_columns_get_their_dtype_and_defaults() -> None:
    boxes = _boxes()
    assert boxes.xyxy.dtype == np.float32
    assert boxes.category_id.dtype == np.int64
    np.testing.assert_array_equal(boxes.score, [1, 1])
    np.testing.assert_array_equal(boxes.track_id, [-1, -1])
    np.testing.assert_array_equal(boxes.origin, [1, 1])
    assert boxes.attributes.names == ()


def test_a_column_of_the_right_dtype_is_not_copied() -> None:
    xyxy = np.zeros((2, 4), np.float32)
    assert np.shares_memory(_boxes(xyxy=xyxy).xyxy, xyxy)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"xyxy": np.zeros((4, 17))}, r"xyxy: expected shape \(n, 4\), got \(4, 17\)\."),
        ({"category_id": [1]}, r"category_id: expected 2 rows like the first column, got 1\."),
        ({"category_id": [0.5, 1]}, r"category_id: expected whole numbers, got float64\."),
        ({"category_id": [np.inf, 1]}, r"category_id: expected whole numbers, got float64\."),
        ({"category_id": [2.0**63, 1]}, r"category_id: expected int64, got values outside its range\."),
        ({"category_id": ["car", "bus"]}, r"category_id: expected numbers, got <U3\."),
        ({"category_id": [np.nan, 1]}, r"category_id: expected whole numbers, got float64\."),
        ({"origin": [1, 300]}, r"origin: expected uint8, got values outside its range\."),
        ({"track_id": np.array([1, 2**63], np.uint64)}, r"track_id: expected int64, got values outside"),
        ({"xyxy": [[0, 0, 1, 1], [0, 0, np.nan, 1]]}, r"xyxy, row 1: expected finite numbers"),
        ({"xyxy": [[0, 0, 1, 1], [5, 0, 2, 1]]}, r"xyxy, row 1: box has negative size -3 x 1 px\."),
        ({"score": [0.5, 1.5]}, r"score, row 1: expected a number in \[0, 1\], got 1\.5\."),
        ({"score": [0.5, np.nan]}, r"score, row 1: expected finite numbers, got nan\."),
        ({"attributes": {"occluded": [True]}}, r"attribute 'occluded': expected 2 rows, got 1\."),
        (
            {"origin": [0, 9]},
            r"origin, row 1: expected 0 to 3 \(model, human, interpolated, imported\), got 9",
        ),
    ],
)
def test_a_wrong_column_is_refused_in_words(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidLabelError, match=message):
        _boxes(**columns)


def test_attributes_of_another_length_are_refused() -> None:
    with pytest.raises(InvalidLabelError, match="expected 2 rows"):
        _boxes(attributes=Attributes.empty(5))


def test_a_table_without_any_column_is_refused() -> None:
    with pytest.raises(TypeError):
        Boxes2D()  # type: ignore[call-arg]


def test_a_float_that_float32_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidLabelError, match="xyxy, row 0: expected finite numbers"):
        _boxes(xyxy=[[0, 0, 1e300, 1], [0, 0, 1, 1]])
