"""What reports allow to differ, and what of it a comparison has used."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel.formats import ConversionReport
from drivelabel.labels import ABSENT, IMPORTED, LINE_SOURCES, Attributes, Ragged, Table, Taxonomy

FREE = frozenset({"row_id"})
"""Columns that are the store's own."""

_IMPORTED_SOURCE = LINE_SOURCES.index("imported")
_ROUNDING = 1e-6
"""Relative; reports print errors in float64, columns are float32."""


@dataclass(slots=True)
class Allowances:
    """Counts and errors of some reports, added up, and how much of the counts was needed.

    Attributes:
        dropped: object and field to count.
        approximated: object and field to count and largest error.
        kept: objects and fields that are said to be exact.
    """

    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    approximated: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    kept: set[tuple[str, str]] = field(default_factory=set)
    used: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, reports: tuple[ConversionReport, ...]) -> Allowances:
        """Everything that several reports (of writing and of reading back) allow."""
        found = cls()
        for report in reports:
            found.kept |= {(entry.object, entry.field) for entry in report.kept}
            for entry in report.dropped:
                found.dropped[entry.object, _column(entry.field)] += entry.count
            for entry in report.approximated:
                key = (entry.object, _column(entry.field))
                count, error = found.approximated.get(key, (0, 0.0))
                found.approximated[key] = (count + entry.count, error + entry.largest_error)
        return found

    def may_drop(self, what: str, column: str) -> bool:
        """Whether some of it may be missing."""
        return self.dropped[what, column] > 0

    def error_of(self, what: str, column: str) -> float | None:
        """How far a value may be off, or None when it must be exact."""
        found = self.approximated.get((what, column))
        return None if found is None else found[1]

    def check(self, what: str, columns: list[str]) -> None:
        """Fail when more was lost than was counted, or whole rows were counted that are not lost."""
        for column in columns:
            used, counted = self.used[what, column], self.dropped[what, column]
            assert used <= counted, f"{what}.{column}: {used} values are lost, the report counts {counted}"
        lost, counted = self.used[what, ""], self.dropped[what, ""]
        assert lost == counted, f"{what}: {lost} rows are lost, the report counts {counted}"


def _column(name: str) -> str:
    """``attributes.occluded`` is about the column ``attributes``."""
    return name.partition(".")[0]


def row_difference(
    allowed: Allowances, kind: str, before: Table, row: int, after: Table, other: int, names: Names
) -> list[tuple[str, str]] | None:
    """What of a row is lost in the other row, as far as that is allowed; None when they differ more."""
    lost: list[tuple[str, str]] = []
    for column, values in before.columns().items():
        if column in FREE:
            continue
        theirs = getattr(after, column)
        if isinstance(values, Attributes):
            own = _attributes_lost(allowed, kind, values, row, theirs, other, names.extra_attributes)
            if own is None:
                return None
            lost += [(kind, column)] * own
        else:
            same = _value_difference(allowed, kind, column, before, row, theirs[other], names)
            if same is None:
                return None
            lost += [(kind, column)] * same
    return lost


@dataclass(frozen=True, slots=True)
class Names:
    """Whose ids the categories are, before and after, and attributes that the other format adds."""

    before: Taxonomy
    after: Taxonomy
    extra_attributes: frozenset[str] = frozenset()


def _value_difference(
    allowed: Allowances, kind: str, column: str, before: Table, row: int, theirs: Any, names: Names
) -> int | None:
    """0 same or near enough, 1 dropped, None neither."""
    values = getattr(before, column)
    ours = values[row]
    if column == "category_id":
        ours, theirs = names.before.names[ours], names.after.names[theirs]
        return 0 if ours == theirs else None
    if np.shape(ours) == np.shape(theirs) and np.array_equal(ours, theirs, equal_nan=_is_float(values)):
        return 0
    if (column == "origin" and theirs == IMPORTED) or (column == "source" and theirs == _IMPORTED_SOURCE):
        default = type(before).__dataclass_fields__[column].metadata["default"]
        return 0 if ours == default else (1 if allowed.may_drop(kind, column) else None)
    error = allowed.error_of(kind, column)
    if error is not None and _distance(column, ours, theirs) <= error * (1 + _ROUNDING) + _ROUNDING:
        return 0
    if allowed.may_drop(kind, column) and _is_default(before, column, theirs):
        return 1
    return None


def _is_float(values: Any) -> bool:
    array = values.values if isinstance(values, Ragged) else values
    return bool(array.dtype.kind == "f")


def _is_default(table: Table, column: str, value: Any) -> bool:
    default = type(table).__dataclass_fields__[column].metadata.get("default")
    return default is None or bool(np.array_equal(value, np.full_like(value, default), equal_nan=True))


def _distance(column: str, ours: Any, theirs: Any) -> float:
    """How far two values are apart: an angle in radians, or the largest difference of a number.

    Lines and rings of different numbers of points: the farthest that a point of one lies from the other.
    """
    if column == "quat_wxyz":
        return 2 * float(np.arccos(min(1.0, abs(float(np.dot(ours, theirs))))))
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if ours.shape == theirs.shape:
        return float(np.abs(ours - theirs).max(initial=0.0))
    if ours.ndim != 2 or not len(ours) or not len(theirs):
        return np.inf
    return max(_farthest(ours[:, :2], theirs[:, :2]), _farthest(theirs[:, :2], ours[:, :2]))


def _farthest(points: Any, line: Any) -> float:
    if len(line) == 1:
        return float(np.linalg.norm(points - line, axis=1).max())
    start, step = line[:-1], np.diff(line, axis=0)
    along = ((points[:, None] - start) * step).sum(axis=2) / np.maximum((step**2).sum(axis=1), 1e-12)
    nearest = start + np.clip(along, 0, 1)[..., None] * step
    return float(np.linalg.norm(points[:, None] - nearest, axis=2).min(axis=1).max())


def _attributes_lost(
    allowed: Allowances, kind: str, ours: Attributes, row: int, theirs: Attributes, other: int,
    extra: frozenset[str],
) -> int | None:  # fmt: skip
    """How many values are gone; None when that is not allowed, or one is new or changed."""
    before, after = _typed_row(ours, row), _typed_row(theirs, other)
    if set(after) - set(before) - extra:
        return None
    lost = [name for name in before if name not in after]
    changed = [name for name in before if name in after and before[name] != after[name]]
    error = allowed.error_of(kind, "attributes")
    for name in changed:
        (_, a), (_, b) = before[name], after[name]
        both_numbers = not isinstance(a, (str, bool)) and not isinstance(b, (str, bool))
        if error is None or (both_numbers and abs(a - b) > error * (1 + _ROUNDING) + _ROUNDING):
            return None
    return None if lost and not allowed.may_drop(kind, "attributes") else len(lost)


def _typed_row(attributes: Attributes, row: int) -> dict[str, tuple[type, Any]]:
    return {
        name: (type(column.values[column.codes[row]]), column.values[column.codes[row]])
        for name, column in attributes.by_name.items()
        if column.codes[row] != ABSENT
    }
