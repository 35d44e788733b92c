"""Columns and tables: what every kind of label is made of.

A table is a frozen dataclass of parallel columns, one row per label. A column is a NumPy array, a
:class:`Ragged` array (a varying number of values per row) or :class:`Attributes`. Rows are selected
with a slice (views), a mask or row numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self, overload

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.labels.attributes import Attributes
from drivelabel.typing import AnyArray, IntArray, Rows

NO_TRACK = -1
"""The ``track_id`` of a label that belongs to no track."""

NEW_ROW = -1
"""The ``row_id`` of a label that no store has numbered yet."""

ORIGINS = ("model", "human", "interpolated", "imported")
"""Who made a row; a row's ``origin`` is an index into this tuple."""
MODEL, HUMAN, INTERPOLATED, IMPORTED = range(4)


def column(dtype: Any, *tail: int | None, default: Any = None, finite: bool = True) -> Any:
    """A dataclass field that holds one value of `tail` shape per row.

    Args:
        dtype: what the column is converted to.
        tail: the shape of one row's value; None for any size.
        default: a scalar that fills the column when it is not given; None makes the column required.
        finite: refuse NaN and infinity in a float column.
    """
    spec = {"dtype": np.dtype(dtype), "tail": tail, "default": default, "finite": finite}
    return field(metadata=spec) if default is None else field(default=None, metadata=spec)


def ragged_column(dtype: Any, *tail: int) -> Any:
    """A dataclass field that holds a varying number of values of `tail` shape per row."""
    return field(metadata={"dtype": np.dtype(dtype), "tail": tail, "ragged": True})


def attributes_column() -> Any:
    """A dataclass field that holds named attributes; absent by default."""
    return field(default=None, metadata={"attributes": True})


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """A varying number of values per row, as one array and where each row starts in it.

    Attributes:
        values: (m, ...), the rows' values one after the other.
        offsets: (n + 1,) int64, row i is ``values[offsets[i]:offsets[i + 1]]``.

    Raises:
        InvalidLabelError: the offsets do not cover the values from first to last.
    """

    values: AnyArray
    offsets: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets", np.ascontiguousarray(self.offsets, dtype=np.int64))
        check_shape("offsets", self.offsets, (None,))
        good = (
            len(self.offsets) > 0
            and self.offsets[0] == 0
            and self.offsets[-1] == len(self.values)
            and bool(np.all(np.diff(self.offsets) >= 0))
        )
        if not good:
            raise InvalidLabelError(
                f"offsets: expected to rise from 0 to {len(self.values)}, got {self.offsets[:5].tolist()}..."
            )

    @classmethod
    def from_rows(cls, rows: Iterable[AnyArray], dtype: Any, tail: tuple[int, ...]) -> Ragged:
        """One ragged column from one array per row."""
        arrays = [np.asarray(row, dtype=dtype).reshape(-1, *tail) for row in rows]
        offsets = np.zeros(len(arrays) + 1, np.int64)
        np.cumsum([len(a) for a in arrays], out=offsets[1:])
        values = np.concatenate(arrays) if arrays else np.zeros((0, *tail), dtype)
        return cls(values, offsets)

    @property
    def counts(self) -> IntArray:
        """(n,), how many values each row has."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, rows: int) -> AnyArray: ...
    @overload
    def __getitem__(self, rows: Rows) -> Ragged: ...
    def __getitem__(self, rows: Any) -> Any:
        """One row's values (a view), or the rows of a slice, a mask or row numbers."""
        if isinstance(rows, (int, np.integer)):
            row = range(len(self))[rows]
            return self.values[self.offsets[row] : self.offsets[row + 1]]
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                stop = max(start, stop)
                offsets = self.offsets[start : stop + 1]
                return Ragged(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])
            rows = np.arange(start, stop, step)
        picked = np.arange(len(self))[rows]
        counts = self.counts[picked]
        offsets = np.zeros(len(picked) + 1, np.int64)
        np.cumsum(counts, out=offsets[1:])
        inner = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        return Ragged(self.values[np.repeat(self.offsets[picked], counts) + inner], offsets)

    @classmethod
    def concat(cls, parts: Sequence[Ragged]) -> Ragged:
        """The rows of all parts, one after the other."""
        offsets = np.zeros(sum(len(p) for p in parts) + 1, np.int64)
        np.cumsum(np.concatenate([p.counts for p in parts]), out=offsets[1:])
        return cls(np.concatenate([p.values for p in parts]), offsets)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Base of every kind of label; see the module's text. Subclasses list their columns."""

    KIND: ClassVar[str] = ""

    def __post_init__(self) -> None:
        n_rows = self._n_rows_given()
        for spec in fields(self):
            value = _checked(spec.name, getattr(self, spec.name), spec.metadata, n_rows)
            object.__setattr__(self, spec.name, value)
        _check_origin(getattr(self, "origin", None))
        self._check_rows()

    def _n_rows_given(self) -> int:
        for spec in fields(self):
            value = getattr(self, spec.name)
            if value is not None:
                return len(value)
        raise InvalidLabelError(f"{type(self).__name__}: no column was given.")

    def _check_rows(self) -> None:
        """Raise InvalidLabelError when a row breaks a rule of its kind."""

    @classmethod
    def _trusted(cls, columns: dict[str, Any]) -> Self:
        """A table of columns that are known to be good; nothing is checked or copied."""
        table = object.__new__(cls)
        for name, value in columns.items():
            object.__setattr__(table, name, value)
        return table

    @classmethod
    def empty(cls) -> Self:
        """No rows."""
        columns: dict[str, Any] = {}
        for spec in fields(cls):
            meta = spec.metadata
            if meta.get("attributes"):
                columns[spec.name] = Attributes.empty(0)
                continue
            values = np.zeros((0, *(size or 0 for size in meta["tail"])), meta["dtype"])
            columns[spec.name] = Ragged(values, np.zeros(1, np.int64)) if meta.get("ragged") else values
        return cls._trusted(columns)

    def columns(self) -> dict[str, Any]:
        """Column name to column, in order."""
        return {spec.name: getattr(self, spec.name) for spec in fields(self)}

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def __getitem__(self, rows: Rows) -> Self:
        """The rows of a slice (views), a mask or row numbers: ``boxes[boxes.score > 0.5]``."""
        return self._trusted({name: value[rows] for name, value in self.columns().items()})

    def replace(self, **columns: Any) -> Self:
        """The same rows with some columns exchanged."""
        return type(self)(**(self.columns() | columns))

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """The rows of all parts, one after the other."""
        if not parts:
            return cls.empty()
        if len(parts) == 1:
            return parts[0]
        columns: dict[str, Any] = {}
        for name, first in parts[0].columns().items():
            values = [getattr(part, name) for part in parts]
            if isinstance(first, (Ragged, Attributes)):
                columns[name] = type(first).concat(values)
            else:
                columns[name] = np.concatenate(values)
        return cls._trusted(columns)

    def equals(self, other: Table) -> bool:
        """Whether both hold the same rows, bit for bit, attributes compared by value."""
        if type(self) is not type(other) or len(self) != len(other):
            return False
        return all(_same(value, getattr(other, name)) for name, value in self.columns().items())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)} rows>"


def _checked(name: str, value: Any, meta: Any, n_rows: int) -> Any:
    """One column, converted and checked against its field's metadata."""
    if meta.get("attributes"):
        value = Attributes.empty(n_rows) if value is None else Attributes.of(value, n_rows)
    elif meta.get("ragged"):
        if not isinstance(value, Ragged):
            value = Ragged.from_rows(value, meta["dtype"], meta["tail"])
        elif value.values.dtype != meta["dtype"]:
            value = Ragged(value.values.astype(meta["dtype"]), value.offsets)
        check_shape(f"{name}.values", value.values, (None, *meta["tail"]))
        check_finite(f"{name}.values", value.values)
    elif value is None:
        tail = tuple(size or 0 for size in meta["tail"])
        value = np.full((n_rows, *tail), meta["default"], meta["dtype"])
    else:
        value = _as_column(name, value, meta["dtype"])
        if value.ndim == 1 and len(value) == 0 and meta["tail"]:
            value = value.reshape(0, *(size or 0 for size in meta["tail"]))
        check_shape(name, value, (None, *meta["tail"]))
        if meta["finite"] and value.dtype.kind == "f":
            check_finite(name, value)
    if len(value) != n_rows:
        raise InvalidLabelError(f"{name}: expected {n_rows} rows like the first column, got {len(value)}.")
    return value


def _check_origin(origin: AnyArray | None) -> None:
    if origin is not None and (bad := origin >= len(ORIGINS)).any():
        row = int(np.argmax(bad))
        raise InvalidLabelError(
            f"origin, row {row}: expected 0 to {len(ORIGINS) - 1} ({', '.join(ORIGINS)}), "
            f"got {int(origin[row])}."
        )


def _as_column(name: str, value: Any, dtype: np.dtype[Any]) -> AnyArray:
    """An array of `dtype`, or an InvalidLabelError when a number would change its meaning."""
    array = np.asarray(value)
    if array.dtype == dtype:
        return array
    if array.dtype.kind not in "biuf" and array.size:
        raise InvalidLabelError(f"{name}: expected numbers, got {array.dtype}.")
    if dtype.kind in "iu" and array.size:
        info = np.iinfo(dtype)
        whole = np.isfinite(array).all() and np.array_equal(array, np.trunc(array))
        if array.dtype.kind == "f" and not whole:
            raise InvalidLabelError(f"{name}: expected whole numbers, got {array.dtype}.")
        # As Python's integers: as float64, 2**63 would pass for the largest int64.
        if int(array.min()) < info.min or int(array.max()) > info.max:
            raise InvalidLabelError(f"{name}: expected {dtype}, got values outside its range.")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf, which is refused by row
        return array.astype(dtype)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Ragged):
        return np.array_equal(a.offsets, b.offsets) and np.array_equal(a.values, b.values)
    if isinstance(a, Attributes):
        return a.equals(b)
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
