"""The rows of a stretch of groups, and what is known of each group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from drivelabel.labels import Table
from drivelabel.typing import Int32Array, UInt8Array

UNLABELLED, LABELLED, TOUCHED = 0, 1, 2
"""State of a group: nobody looked; a model or an import wrote it; a person did."""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The rows of `page_groups` groups in a row.

    Attributes:
        state: (g,) uint8, UNLABELLED, LABELLED or TOUCHED.
        counts: (g,) int32, rows of each group.
        rows: the groups' rows one after the other.
    """

    state: UInt8Array
    counts: Int32Array
    rows: Table

    def group(self, index: int) -> Table:
        """The rows of one of the page's groups."""
        start = int(self.counts[:index].sum())
        return self.rows[start : start + int(self.counts[index])]

    def replace(self, groups: Mapping[int, Table], state: int) -> Page:
        """The page with some groups exchanged. A group that a person touched stays marked so."""
        ends = np.cumsum(self.counts)
        new_state, counts = self.state.copy(), self.counts.copy()
        parts, done = [], 0
        for index in sorted(groups):
            start = int(ends[index] - self.counts[index])
            parts += [self.rows[done:start], groups[index]]
            done = int(ends[index])
            new_state[index] = max(state, new_state[index])
            counts[index] = len(groups[index])
        parts.append(self.rows[done:])
        return Page(new_state, counts, type(self.rows).concat([part for part in parts if len(part)]))
