"""Named attributes of labels, such as ``occluded`` or ``cycle.with_rider``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.typing import BoolArray, Int32Array, Rows

AttributeValue = str | bool | int | float
ABSENT = -1


@dataclass(frozen=True, slots=True, eq=False)
class AttributeColumn:
    """One attribute of every row, stored as codes into its distinct values.

    Attributes:
        codes: (n,) int32, row of `values`; ABSENT (-1) where a row does not have the attribute.
        values: the distinct values: texts, bools, ints or floats, each kept with its own type.
    """

    codes: Int32Array
    values: tuple[AttributeValue, ...]

    @classmethod
    def from_list(cls, items: Sequence[AttributeValue | None]) -> AttributeColumn:
        """A column from one value per row; None where a row has none."""
        index: dict[tuple[type, AttributeValue], int] = {}
        codes = np.full(len(items), ABSENT, np.int32)
        for row, item in enumerate(items):
            if item is None:
                continue
            plain = item.item() if isinstance(item, np.generic) else item
            if not isinstance(plain, (str, bool, int, float)):
                raise InvalidLabelError(
                    f"attribute, row {row}: expected a text, bool or number, got {type(plain).__name__}."
                )
            if isinstance(plain, float) and not math.isfinite(plain):
                raise InvalidLabelError(f"attribute, row {row}: expected a finite number, got {plain}.")
            codes[row] = index.setdefault((type(plain), plain), len(index))
        return cls(codes, tuple(value for _, value in index))

    def to_list(self) -> list[AttributeValue | None]:
        """One value per row; None where a row has none."""
        lookup: tuple[AttributeValue | None, ...] = (*self.values, None)
        return [lookup[code] for code in self.codes]

    def is_value(self, value: AttributeValue) -> BoolArray:
        """(n,) mask of the rows that hold `value`: ``boxes.attributes["occluded"].is_value(True)``."""
        wanted = [i for i, v in enumerate(self.values) if type(v) is type(value) and v == value]
        return np.isin(self.codes, np.asarray(wanted, np.int32))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Rows) -> AttributeColumn:
        return AttributeColumn(self.codes[rows], self.values)


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """All attributes of a table: name to :class:`AttributeColumn`, each with the table's rows."""

    n_rows: int
    by_name: Mapping[str, AttributeColumn]

    @classmethod
    def empty(cls, n_rows: int) -> Attributes:
        """No attributes for `n_rows` rows."""
        return cls(n_rows, {})

    @classmethod
    def of(cls, given: Attributes | Mapping[str, Any], n_rows: int) -> Attributes:
        """Attributes from a mapping of name to column, or to one value per row.

        Raises:
            InvalidLabelError: a column has another number of rows.
        """
        if isinstance(given, Attributes):
            return given
        columns = {
            name: value if isinstance(value, AttributeColumn) else AttributeColumn.from_list(value)
            for name, value in given.items()
        }
        for name, value in columns.items():
            if len(value) != n_rows:
                raise InvalidLabelError(f"attribute {name!r}: expected {n_rows} rows, got {len(value)}.")
        return cls(n_rows, columns)

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, AttributeValue]]) -> Attributes:
        """Attributes from one small dict per row."""
        names = dict.fromkeys(name for row in rows for name in row)
        return cls(len(rows), {n: AttributeColumn.from_list([r.get(n) for r in rows]) for n in names})

    def row(self, index: int) -> dict[str, AttributeValue]:
        """The attributes that one row has."""
        return {
            name: column.values[column.codes[index]]
            for name, column in self.by_name.items()
            if column.codes[index] != ABSENT
        }

    def __len__(self) -> int:
        return self.n_rows

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that at least one row may have."""
        return tuple(self.by_name)

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    @overload
    def __getitem__(self, key: str) -> AttributeColumn: ...
    @overload
    def __getitem__(self, key: Rows) -> Attributes: ...
    def __getitem__(self, key: Any) -> Any:
        """One attribute's column by name, or all attributes of some rows."""
        if isinstance(key, str):
            return self.by_name[key]
        picked = {name: column[key] for name, column in self.by_name.items()}
        n_rows = len(np.empty(self.n_rows, np.bool_)[key])
        return Attributes(n_rows, picked)

    @classmethod
    def concat(cls, parts: Sequence[Attributes]) -> Attributes:
        """The rows of all parts; a row whose part lacks an attribute does not have it."""
        names = list(dict.fromkeys(name for part in parts for name in part.by_name))
        return cls(sum(part.n_rows for part in parts), {name: _concat_column(name, parts) for name in names})

    def equals(self, other: Attributes) -> bool:
        """Whether both say the same of every row; order of names and codes does not matter."""
        if self.n_rows != other.n_rows:
            return False
        names = set(self.by_name) | set(other.by_name)
        return all(_typed(self, name) == _typed(other, name) for name in names)


def _concat_column(name: str, parts: Sequence[Attributes]) -> AttributeColumn:
    index: dict[tuple[type, AttributeValue], int] = {}
    codes = []
    for part in parts:
        own = part.by_name.get(name)
        if own is None:
            codes.append(np.full(part.n_rows, ABSENT, np.int32))
            continue
        lookup = [index.setdefault((type(v), v), len(index)) for v in own.values]
        codes.append(np.asarray([*lookup, ABSENT], np.int32)[own.codes])
    return AttributeColumn(np.concatenate(codes), tuple(value for _, value in index))


def _typed(attributes: Attributes, name: str) -> list[tuple[type, Any]]:
    own = attributes.by_name.get(name)
    if own is None:
        return [(type(None), None)] * attributes.n_rows
    return [(type(v), v) for v in own.to_list()]
