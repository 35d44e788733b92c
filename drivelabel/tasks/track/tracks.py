"""What a tracker remembers of each thing it follows."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.tasks.annotator import State
from drivelabel.typing import AnyArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Things a tracker follows, one row each.

    Attributes:
        motion: (n, 4, 5) float64, see geometry's kalman kernels.
        track_id: (n,) int64, NO_TRACK while it waits for enough evidence.
        group: (n,) int64, see category_groups.
        evidence: (n,) float64, sum of scores.
        last_seen: (n,) int64, ns.
        votes: (n, categories) float64, sum of scores by which it was called each class.
    """

    motion: FloatArray
    track_id: IntArray
    group: IntArray
    evidence: FloatArray
    last_seen: IntArray
    votes: FloatArray

    @classmethod
    def none(cls, n_categories: int) -> Tracks:
        """No things."""
        whole = np.zeros(0, np.int64)
        return cls(np.zeros((0, 4, 5)), whole, whole, np.zeros(0), whole, np.zeros((0, n_categories)))

    @classmethod
    def of(cls, state: State, n_categories: int) -> Tracks:
        """The things in a tracker's state, copied.

        Raises:
            InvalidLabelError: a column is missing or has another shape.
        """
        columns: dict[str, AnyArray] = {}
        for name, empty in cls.none(n_categories).columns().items():
            if name not in state:
                raise InvalidLabelError(f"tracker state: column {name} is missing.")
            columns[name] = np.array(state[name], empty.dtype, order="C")
            check_shape(f"tracker state, {name}", columns[name], (None, *empty.shape[1:]))
        n = len(columns["motion"])
        for name, column in columns.items():
            check_shape(f"tracker state, {name}", column, (n, *column.shape[1:]))
        return cls(**columns)

    def __len__(self) -> int:
        return len(self.track_id)

    def seen_since(self, timestamp_ns: int) -> Tracks:
        """The things last seen then or later."""
        recent = self.last_seen >= timestamp_ns
        if recent.all():
            return self
        return Tracks(*(column[recent] for column in self.columns().values()))

    def columns(self) -> dict[str, AnyArray]:
        """Column name to column."""
        return {column.name: getattr(self, column.name) for column in fields(self)}
