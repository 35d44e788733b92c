from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labels.tables import OF_KIND

from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.labels import TABLES, Boxes2D, Grouped, Table

N_GROUPS = 4


@st.composite
def groups(draw: Any) -> tuple[type[Table], dict[int, Table]]:
    """A kind, and small tables of it for some of the groups."""
    kind = draw(st.sampled_from(sorted(OF_KIND)))
    keys = draw(st.sets(st.integers(0, N_GROUPS - 1)))
    return TABLES[kind], {key: draw(OF_KIND[kind](draw(st.integers(0, 2)))) for key in keys}


@given(groups())
def test_every_group_comes_back(given_groups: tuple[type[Table], dict[int, Table]]) -> None:
    kind, tables = given_groups
    grouped = Grouped.from_groups(kind, N_GROUPS, tables)
    for group in range(N_GROUPS):
        assert grouped[group].equals(tables.get(group, kind.empty()))
        assert grouped.labelled[group] == (group in tables)
    assert grouped.counts.tolist() == [len(tables.get(g, ())) for g in range(N_GROUPS)]
    assert len(list(grouped)) == len(grouped) == N_GROUPS


@given(groups())
def test_rows_know_their_group(given_groups: tuple[type[Table], dict[int, Table]]) -> None:
    kind, tables = given_groups
    grouped = Grouped.from_groups(kind, N_GROUPS, tables)
    expected = [group for group in sorted(tables) for _ in range(len(tables[group]))]
    assert grouped.group_of_row.tolist() == expected


@given(groups())
def test_building_it_again_from_its_groups_gives_it_back(
    given_groups: tuple[type[Table], dict[int, Table]],
) -> None:
    kind, tables = given_groups
    grouped = Grouped.from_groups(kind, N_GROUPS, tables)
    again = {int(g): grouped[int(g)] for g in np.flatnonzero(grouped.labelled)}
    assert Grouped.from_groups(kind, N_GROUPS, again).equals(grouped)


@given(groups())
def test_replacing_groups_touches_only_those(given_groups: tuple[type[Table], dict[int, Table]]) -> None:
    kind, tables = given_groups
    grouped = Grouped.from_groups(kind, N_GROUPS, tables)
    assert grouped.replace({}).equals(grouped)
    emptied = grouped.replace({1: kind.empty()})
    assert len(emptied[1]) == 0
    assert emptied.labelled[1], "looked at, and nothing there"
    for group in (0, 2, 3):
        assert emptied[group].equals(grouped[group])
        assert emptied.labelled[group] == grouped.labelled[group]


def _boxes(n: int) -> Boxes2D:
    return Boxes2D(xyxy=np.zeros((n, 4)), category_id=np.zeros(n))


def test_a_group_is_a_view() -> None:
    grouped = Grouped.from_groups(Boxes2D, 3, [_boxes(2), _boxes(1), _boxes(0)])
    assert np.shares_memory(grouped[0].xyxy, grouped.rows.xyxy)


def test_nobody_labelled_is_not_the_same_as_empty() -> None:
    nobody = Grouped.unlabelled(Boxes2D, 2)
    empty = Grouped.from_groups(Boxes2D, 2, {0: Boxes2D.empty(), 1: Boxes2D.empty()})
    assert not nobody.equals(empty)
    assert repr(nobody) == "<Boxes2D by group: 0 rows in 0 of 2 groups>"


def test_a_group_that_is_not_there_is_named() -> None:
    with pytest.raises(SceneLookupError, match="no group 3: the table has 3, 0 to 2"):
        Grouped.unlabelled(Boxes2D, 3)[3]
    with pytest.raises(InvalidLabelError, match=r"group 5: expected 0 to 2\."):
        Grouped.from_groups(Boxes2D, 3, {5: _boxes(1)})


@pytest.mark.parametrize("offsets", [[0, 1], [0, 2, 1], [1, 2], [0]])
def test_offsets_must_cover_the_rows(offsets: list[int]) -> None:
    with pytest.raises(InvalidLabelError, match="offsets: expected to rise from 0 to 2"):
        Grouped(_boxes(2), np.array(offsets), np.ones(len(offsets) - 1, np.bool_))


def test_offsets_of_nothing_are_refused() -> None:
    with pytest.raises(InvalidLabelError, match="offsets"):
        Grouped(_boxes(0), np.zeros(0, np.int64), np.zeros(0, np.bool_))


def test_a_table_without_groups_is_empty() -> None:
    assert len(Grouped.unlabelled(Boxes2D, 0)) == 0
