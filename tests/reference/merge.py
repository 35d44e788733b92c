"""Three-way merge of rows by id, on plain dicts. Row 0 of nothing is None: the row is not there."""

from __future__ import annotations

Rows = dict[int, str]


def merge(base: Rows, theirs: Rows, ours: Rows) -> tuple[Rows, list[str], list[int]]:
    """Rows by id, the rows added beside them as the other side of a conflict, and the ids in conflict."""
    merged: Rows = {}
    beside: list[str] = []
    conflicts: list[int] = []
    for row in sorted({*base, *theirs, *ours}):
        before, there, here = base.get(row), theirs.get(row), ours.get(row)
        if before == there or there == here:  # only we changed it, or both did alike
            result = here
        elif before == here:  # only they changed it
            result = there
        else:  # both did: nobody's work is dropped
            conflicts.append(row)
            result = there if there is not None else here
            if there is not None and here is not None:
                beside.append(here)
        if result is not None:
            merged[row] = result
    return merged, beside, conflicts
