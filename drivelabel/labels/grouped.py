"""Scene-wide tables: the rows of all frames, and where each frame's rows start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.labels._table import Table
from drivelabel.typing import BoolArray, IntArray

T = TypeVar("T", bound=Table)


@dataclass(frozen=True, slots=True, eq=False)
class Grouped(Generic[T]):
    """One table over a whole scene: ``boxes[frame]`` is that frame's rows, as views.

    Image labels are grouped by frame, cuboids by sample.

    Attributes:
        rows: the rows of all groups, one after the other.
        offsets: (g + 1,) int64, group i has rows ``offsets[i]:offsets[i + 1]``.
        labelled: (g,) bool, whether somebody looked at the group; one without rows is then truly empty.

    Raises:
        InvalidLabelError: the offsets do not cover the rows from first to last.
    """

    rows: T
    offsets: IntArray
    labelled: BoolArray

    def __post_init__(self) -> None:
        check_shape("offsets", self.offsets, (None,))
        check_shape("labelled", self.labelled, (max(len(self.offsets) - 1, 0),))
        if not len(self.offsets):
            raise InvalidLabelError("offsets: expected to start with 0, got none.")
        if self.offsets[0] != 0 or self.offsets[-1] != len(self.rows) or (np.diff(self.offsets) < 0).any():
            raise InvalidLabelError(
                f"offsets: expected to rise from 0 to {len(self.rows)}, got {self.offsets[:5].tolist()}..."
            )

    @classmethod
    def from_groups(cls, kind: type[T], n_groups: int, groups: Mapping[int, T] | Sequence[T]) -> Grouped[T]:
        """A scene-wide table from one small table per group; groups not given are not labelled.

        Raises:
            InvalidLabelError: a group lies outside 0 to `n_groups`.
        """
        given = dict(groups) if isinstance(groups, Mapping) else dict(enumerate(groups))
        labelled = np.zeros(n_groups, np.bool_)
        counts = np.zeros(n_groups, np.int64)
        for group, rows in given.items():
            if not 0 <= group < n_groups:
                raise InvalidLabelError(f"group {group}: expected 0 to {n_groups - 1}.")
            labelled[group] = True
            counts[group] = len(rows)
        parts = [given[group] for group in sorted(given)]
        offsets = np.zeros(n_groups + 1, np.int64)
        np.cumsum(counts, out=offsets[1:])
        return cls(kind.concat(parts), offsets, labelled)

    @classmethod
    def unlabelled(cls, kind: type[T], n_groups: int) -> Grouped[T]:
        """A table in which nobody has labelled any group."""
        return cls.from_groups(kind, n_groups, {})

    def __len__(self) -> int:
        return len(self.labelled)

    def __getitem__(self, group: int) -> T:
        """The rows of one frame or sample, as views.

        Raises:
            SceneLookupError: there is no such group.
        """
        if not 0 <= group < len(self):
            raise SceneLookupError(f"no group {group}: the table has {len(self)}, 0 to {len(self) - 1}.")
        return self.rows[int(self.offsets[group]) : int(self.offsets[group + 1])]

    def __iter__(self) -> Iterator[T]:
        return (self[group] for group in range(len(self)))

    @property
    def counts(self) -> IntArray:
        """(g,), how many rows each group has."""
        return np.diff(self.offsets)

    @property
    def group_of_row(self) -> IntArray:
        """(n,), the group that each row belongs to."""
        return np.repeat(np.arange(len(self)), self.counts)

    def replace(self, groups: Mapping[int, T]) -> Grouped[T]:
        """The same table with some groups exchanged (and so labelled)."""
        kept = {int(g): self[int(g)] for g in np.flatnonzero(self.labelled)}
        return Grouped.from_groups(type(self.rows), len(self), {**kept, **groups})

    def equals(self, other: Grouped[T]) -> bool:
        """Whether both hold the same rows in the same groups."""
        return (
            np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.labelled, other.labelled)
            and self.rows.equals(other.rows)
        )

    def __repr__(self) -> str:
        return (
            f"<{type(self.rows).__name__} by group: {len(self.rows)} rows in "
            f"{int(self.labelled.sum())} of {len(self)} groups>"
        )
