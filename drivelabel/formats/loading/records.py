"""A JSON list of objects, read column by column."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading.values import MAX_MAGNITUDE, Fields, as_numbers
from drivelabel.typing import BoolArray, FloatArray, IntArray


class Records:
    """The objects of a list, all alike, as columns: thousands of them without a call for each.

    A value that breaks a rule is an error, or marks its row as bad when invalid rows are to be skipped.

    Attributes:
        items: the objects.
        where: the file and the list in it; a row's place is ``WHERE ROW``.
        bad: row to what is wrong with it.
    """

    def __init__(self, items: Any, where: str, *, skip_invalid: bool = False) -> None:
        if not isinstance(items, list):
            raise FormatError(f"{where}: expected a list, got {type(items).__name__}.")
        self.where, self.skip_invalid = where, skip_invalid
        self.bad: dict[int, str] = {}
        self._names: Counter[str] | None = None
        self.items: Sequence[dict[str, Any]] = items
        if not set(map(type, items)) <= {dict}:
            for row, item in enumerate(items):
                if not isinstance(item, dict):
                    self.refuse(row, f"expected an object, got {type(item).__name__}.")
            self.items = [item if isinstance(item, dict) else {} for item in items]

    def __len__(self) -> int:
        return len(self.items)

    def place(self, row: int) -> str:
        """The row's place, as errors begin."""
        return f"{self.where} {row}"

    def refuse(self, row: int, why: str) -> None:
        """Raise FormatError for a row, or mark it as bad."""
        if not self.skip_invalid:
            raise FormatError(f"{self.place(row)}: {why}")
        self.bad.setdefault(row, why)

    def good(self) -> BoolArray:
        """(n,), the rows that nothing is wrong with."""
        flags = np.ones(len(self), np.bool_)
        flags[list(self.bad)] = False
        return flags

    def names(self) -> Counter[str]:
        """In how many objects each key is."""
        if self._names is None:
            self._names = Counter(chain.from_iterable(self.items))
        return self._names

    def has(self, name: str) -> BoolArray:
        """(n,), where the value is there, and neither null, false, 0 nor empty."""
        if not self.names()[name]:
            return np.zeros(len(self), np.bool_)
        return np.array([bool(item.get(name)) for item in self.items], np.bool_)

    def values(self, name: str) -> list[Any]:
        """The values as they are; None where there is none."""
        return [item.get(name) for item in self.items]

    def integers(self, name: str, default: int | None = None) -> IntArray:
        """(n,) int64; bad values are 0. Objects may lack the key where there is a default."""
        values = [item.get(name, default) for item in self.items]
        if set(map(type, values)) <= {int}:
            return np.array(values, np.int64)
        return np.array(self._each(name, default, Fields.integer, values), np.int64)

    def numbers(self, name: str, default: float | None = None) -> FloatArray:
        """(n,) float64 of finite numbers; bad values are 0."""
        values = [item.get(name, default) for item in self.items]
        if set(map(type, values)) <= {int, float}:
            found = np.array(values, np.float64)
            if (np.abs(found) <= MAX_MAGNITUDE).all():
                return found
        return np.array(self._each(name, default, Fields.number, values), np.float64)

    def texts(self, name: str, default: str | None = None) -> list[str]:
        """The texts; bad ones are ""."""
        values: list[Any] = [item.get(name, default) for item in self.items]
        if set(map(type, values)) <= {str}:
            return values
        found: list[str] = self._each(name, default, Fields.text, values)
        return found

    def flags(self, name: str) -> BoolArray:
        """(n,) of true, false, 1, 0 or nothing, which is false."""
        values = [item.get(name, False) for item in self.items]
        if not (set(map(type, values)) <= {bool, int} and set(values) <= {0, 1}):
            values = self._each(name, False, Fields.flag, values)
        return np.array(values, np.bool_)

    def vectors(self, name: str, size: int, rows: BoolArray | None = None) -> FloatArray:
        """(n, size) float64 of finite numbers; zeros where `rows` is false or the value is bad."""
        found = np.zeros((len(self), size))
        wanted = np.arange(len(self)) if rows is None else np.flatnonzero(rows)
        lists = [self.items[row].get(name) for row in wanted.tolist()]
        if set(map(type, lists)) <= {list} and set(map(len, lists)) <= {size}:
            flat = list(chain.from_iterable(lists))
            if set(map(type, flat)) <= {int, float}:
                numbers = np.array(flat, np.float64).reshape(-1, size)
                if (np.abs(numbers) <= MAX_MAGNITUDE).all():
                    found[wanted] = numbers
                    return found
        for row, value in zip(wanted.tolist(), lists, strict=True):
            try:
                found[row] = as_numbers(value, name, size)
            except FormatError as error:
                self.refuse(row, str(error))
        return found

    def _each(
        self,
        name: str,
        default: Any,
        read: Callable[..., Any],
        values: list[Any],
    ) -> list[Any]:
        """One value after the other, so that the bad one can be named."""
        filler: Any = default if default is not None else "" if read is Fields.text else 0
        found = [filler] * len(values)
        for row in range(len(values)):
            if values[row] is None and name not in self.items[row] and default is not None:
                continue
            try:
                found[row] = read(Fields(self.items[row], self.place(row)), name)
            except FormatError as error:
                self.refuse(row, str(error).removeprefix(f"{self.place(row)}: "))
        return found


def scalars_of(value: Any) -> dict[str, str | bool | int | float]:
    """The texts, bools and finite numbers of an object, by name; what an attribute can hold."""
    if not isinstance(value, dict):
        return {}
    return {name: item for name, item in value.items() if is_scalar(item)}


def is_scalar(value: Any) -> bool:
    """Whether an attribute can hold a value: a text, bool or finite number."""
    return isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value))
