"""Values from foreign dicts, checked one by one, with errors that say where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.typing import FloatArray

_MISSING: Any = object()
MAX_MAGNITUDE = 1e15
"""Largest number that is taken for a coordinate."""


@dataclass(frozen=True, slots=True)
class Fields:
    """One object of a foreign file: ``Fields(value, "boxes.json, annotation 12").number("score")``.

    Attributes:
        where: the file and the place in it, as errors begin.

    Raises:
        FormatError: every method, when a value is missing (and has no default) or of another kind.
    """

    value: Mapping[str, Any]
    where: str

    def __post_init__(self) -> None:
        if not isinstance(self.value, Mapping):
            raise FormatError(f"{self.where}: expected an object, got {_kind(self.value)}.")

    def __contains__(self, name: object) -> bool:
        return self.value.get(name) is not None  # type: ignore[call-overload]

    def get(self, name: str) -> Any:
        """The value as it is, or None."""
        return self.value.get(name)

    def number(self, name: str, default: float = _MISSING) -> float:
        """A finite number."""
        found = self._found(name, default)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            raise self._wrong(name, "a number", found)
        if not abs(found) <= MAX_MAGNITUDE:  # false for NaN too, and right for integers of any size
            raise FormatError(f"{self.where}: {name}: expected a finite number, got {_shown(found)}.")
        return float(found)

    def integer(self, name: str, default: int = _MISSING) -> int:
        """A whole number of 64 bits; 3.0 counts."""
        found = self._found(name, default)
        whole = isinstance(found, int) or (isinstance(found, float) and found.is_integer())
        if isinstance(found, bool) or not whole or not -(2**63) <= found < 2**63:
            raise self._wrong(name, "a whole number", found)
        return int(found)

    def text(self, name: str, default: str = _MISSING) -> str:
        """A text."""
        found = self._found(name, default)
        if not isinstance(found, str):
            raise self._wrong(name, "a text", found)
        return found

    def flag(self, name: str, default: bool = _MISSING) -> bool:
        """true or false, also written as 0 and 1."""
        found = self._found(name, default)
        if isinstance(found, bool) or found in (0, 1):
            return bool(found)
        raise self._wrong(name, "true or false", found)

    def items(self, name: str, default: list[Any] = _MISSING) -> list[Any]:
        """A list."""
        found = self._found(name, default)
        if not isinstance(found, list):
            raise self._wrong(name, "a list", found)
        return found

    def objects(self, name: str, default: list[Any] = _MISSING) -> Iterator[Fields]:
        """The objects of a list, each with its own place."""
        for row, item in enumerate(self.items(name, default)):
            yield Fields(item, f"{self.where}, {name} {row}")

    def object(self, name: str) -> Fields:
        """An object inside this one."""
        return Fields(self._found(name, _MISSING), f"{self.where}, {name}")

    def numbers(self, name: str, count: int | None = None) -> FloatArray:
        """(count,) float64, a list of finite numbers."""
        return as_numbers(self._found(name, _MISSING), f"{self.where}: {name}", count)

    def wrong(self, problem: str) -> FormatError:
        """The error that something is wrong with this object."""
        return FormatError(f"{self.where}: {problem}")

    def _found(self, name: str, default: Any) -> Any:
        found = self.value.get(name, default)
        if found is _MISSING:
            raise FormatError(f"{self.where}: {name!r} is missing.")
        return found

    def _wrong(self, name: str, expected: str, found: Any) -> FormatError:
        return FormatError(f"{self.where}: {name}: expected {expected}, got {_kind(found)}.")


def as_numbers(value: Any, where: str, count: int | None = None) -> FloatArray:
    """(n,) float64 of a list of numbers.

    Raises:
        FormatError: it is no list of finite numbers, or has another length than `count`.
    """
    good = isinstance(value, (list, tuple)) and all(
        isinstance(item, (int, float)) and not isinstance(item, bool) for item in value
    )
    if not good:
        raise FormatError(f"{where}: expected a list of numbers, got {_kind(value)}.")
    if count is not None and len(value) != count:
        raise FormatError(f"{where}: expected {count} numbers, got {len(value)}.")
    try:
        numbers = np.asarray(value, np.float64)
    except OverflowError:
        raise FormatError(f"{where}: expected finite numbers, got one of hundreds of digits.") from None
    if not (np.abs(numbers) <= MAX_MAGNITUDE).all():  # false for NaN too
        row = int(np.argmin(np.abs(numbers) <= MAX_MAGNITUDE))
        raise FormatError(f"{where}: expected finite numbers, got {numbers[row]} at place {row}.")
    return numbers


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    shown = _shown(value) if isinstance(value, (str, int, float, bool)) else ""
    return f"{type(value).__name__} {shown[:60]}".strip()


def _shown(value: str | float) -> str:
    """A value for an error; integers of thousands of digits cannot be printed."""
    return "a huge number" if isinstance(value, int) and abs(value) >= 2**64 else repr(value)
