"""Three-way merge of one group's rows, by row id: what they changed, what we changed, and both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.labels import NEW_ROW, AttributeColumn, Attributes, Table

CONFLICT_WITH = "conflict_with"
"""Attribute of a row that was kept beside another version of itself: the other row's id."""


@dataclass(frozen=True, slots=True, eq=False)
class RowConflict:
    """One row that two writers changed, each in another way.

    Attributes:
        kind: of table.
        group: frame or sample.
        row_id: of the row.
        theirs, ours: (0 or 1 rows) each side's version; empty where that side deleted it.
    """

    kind: str
    group: int
    row_id: int
    theirs: Table
    ours: Table


def merge_rows(
    kind: str, group: int, base: Table, theirs: Table, ours: Table
) -> tuple[Table, list[RowConflict]]:
    """One group's rows after both sides' changes since `base`.

    A row that only one side changed or deleted is taken from that side. A row that both changed in the same
    way is taken once. Otherwise theirs stays, ours is added as a new row with the attribute ``conflict_with``
    (nothing a person did is dropped), and the pair is reported.

    Args:
        kind: of table, for the report.
        group: frame or sample, for the report.
        base: the rows that our side started from.
        theirs: the rows that are stored now.
        ours: the rows that our side wants.

    Returns:
        The merged rows, stored ones first, and the conflicts.
    """
    in_base, in_theirs = _by_id(base), _by_id(theirs)
    in_ours = _by_id(ours)
    parts: list[Table] = []
    conflicts: list[RowConflict] = []
    for row_id in dict.fromkeys([*in_theirs, *in_base, *in_ours]):
        b, t, o = (
            _pick(rows, index, row_id)
            for rows, index in ((base, in_base), (theirs, in_theirs), (ours, in_ours))
        )
        if b.equals(t) or t.equals(o):
            parts.append(o)
        elif b.equals(o):
            parts.append(t)
        else:
            parts += [t, _as_conflict(o, row_id)] if len(t) else [o]
            conflicts.append(RowConflict(kind, group, row_id, t, o))
    parts.append(ours[np.flatnonzero(ours.columns()["row_id"] == NEW_ROW)])
    return type(ours).concat([part for part in parts if len(part)]), conflicts


def _by_id(rows: Table) -> dict[int, int]:
    ids = rows.columns()["row_id"].tolist()
    return {row_id: row for row, row_id in enumerate(ids) if row_id != NEW_ROW}


def _pick(rows: Table, index: dict[int, int], row_id: int) -> Table:
    row = index.get(row_id)
    return rows[0:0] if row is None else rows[row : row + 1]


def _as_conflict(row: Table, row_id: int) -> Table:
    """Our version of a row as a new row that says which one it stands beside; nothing if we deleted it."""
    if not len(row):
        return row
    marked = dict(row.columns()["attributes"].by_name)
    marked[CONFLICT_WITH] = AttributeColumn.from_list([row_id])
    return row.replace(row_id=np.array([NEW_ROW]), attributes=Attributes(1, marked))
