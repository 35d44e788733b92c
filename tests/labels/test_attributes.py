from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import AttributeColumn, Attributes

VALUES = st.one_of(
    st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=3)
)
ROWS = st.lists(st.dictionaries(st.sampled_from("abc"), VALUES), max_size=5)


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: (type(value), value) for name, value in row.items()}


@given(ROWS)
def test_rows_come_back_with_their_types(rows: list[dict[str, Any]]) -> None:
    attributes = Attributes.from_rows(rows)
    assert [_typed(attributes.row(k)) for k in range(len(rows))] == [_typed(row) for row in rows]


@given(ROWS, ROWS)
def test_joining_is_that_of_rows(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> None:
    joined = Attributes.concat([Attributes.from_rows(a), Attributes.from_rows(b)])
    assert joined.equals(Attributes.from_rows(a + b))


@given(ROWS, st.slices(5))
def test_a_slice_is_that_of_rows(rows: list[dict[str, Any]], picked: slice) -> None:
    assert Attributes.from_rows(rows)[picked].equals(Attributes.from_rows(rows[picked]))


@given(ROWS)
def test_the_order_of_names_and_codes_does_not_matter(rows: list[dict[str, Any]]) -> None:
    turned = [dict(reversed(row.items())) for row in rows]
    assert Attributes.from_rows(rows).equals(Attributes.from_rows(turned))
    backwards = Attributes.from_rows(rows[::-1])[::-1]
    assert Attributes.from_rows(rows).equals(backwards)


def test_true_one_and_one_point_zero_are_three_values() -> None:
    column = AttributeColumn.from_list([True, 1, 1.0, "1", None])
    assert column.to_list() == [True, 1, 1.0, "1", None]
    assert [type(v) for v in column.to_list()] == [bool, int, float, str, type(None)]
    np.testing.assert_array_equal(column.is_value(1), [False, True, False, False, False])
    np.testing.assert_array_equal(column.is_value(True), [True, False, False, False, False])


def test_numpy_scalars_become_plain_values() -> None:
    column = AttributeColumn.from_list([np.float32(0.5), np.bool_(True), np.int8(3)])
    assert [type(v) for v in column.to_list()] == [float, bool, int]


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidLabelError, match="row 1: expected a text, bool or number, got list"):
        AttributeColumn.from_list([1, [2]])  # type: ignore[list-item]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_must_be_finite(value: float) -> None:
    with pytest.raises(InvalidLabelError, match="attribute, row 0: expected a finite number"):
        AttributeColumn.from_list([value])


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(InvalidLabelError, match="attribute 'occluded': expected 3 rows, got 2"):
        Attributes.of({"occluded": [True, False]}, 3)


def test_an_attribute_is_looked_up_by_name() -> None:
    attributes = Attributes.of({"occluded": [True, None]}, 2)
    assert "occluded" in attributes
    assert attributes.names == ("occluded",)
    assert attributes["occluded"].to_list() == [True, None]
    assert attributes.row(1) == {}
