"""Large JSON files that are one list of flat objects, read into columns without a Python object per row."""

from __future__ import annotations

import json
import mmap
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.loading.files import decode_text
from drivelabel.geometry._kernels import json_tables as kernels
from drivelabel.geometry._kernels.json_numbers import OPEN_LIST, skip_space
from drivelabel.typing import BoolArray, FloatArray, IntArray, Rows, UInt8Array

TEXT, VALUE, FLAG, UNUSED = "text", "value", "flag", "unused"
"""Kinds of key: a text, any value, true or false, or one that may have anything and is not read. A number
stands for as many numbers, 1 for a bare one."""

MAX_MAGNITUDE = 1e18
_MAX_BYTES = (1 << 32) - 1  # positions have four bytes
_FIRST_ROOM, _MAX_UNKNOWN = 4096, 64


@dataclass(frozen=True, slots=True, eq=False)
class TextColumn:
    """A column of texts or values that are still in their file's text.

    Attributes:
        path: the file, for errors.
        text: its bytes.
        spans: (n, 2) uint32, where each row's value stands; (0, 0) where a row has none.
    """

    path: Path
    text: UInt8Array
    spans: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, rows: Rows) -> TextColumn:
        return TextColumn(self.path, self.text, self.spans[rows])

    def texts(self) -> list[str]:
        """The texts, "" where a row has none. Raises FormatError where one is no text in UTF-8."""
        return [self._decoded(a, b) for a, b in self.spans.tolist()]

    def values(self) -> list[Any]:
        """The values as JSON, None where a row has none. Raises FormatError where one is malformed."""
        from drivelabel.formats.loading.json_text import parse_json

        return [
            None if b == 0 else parse_json(self.text[a:b].tobytes(), f"{self.path}, byte {a}")
            for a, b in self.spans.tolist()
        ]

    def _decoded(self, first: int, stop: int) -> str:
        if stop == 0:
            return ""
        try:
            raw = self.text[first:stop].tobytes().decode()
            return raw if "\\" not in raw else str(json.loads(f'"{raw}"'))
        except ValueError as error:
            raise FormatError(f"{self.path}, byte {first}: expected a text in UTF-8 ({error}).") from None

    @property
    def is_empty(self) -> BoolArray:
        """(n,), whether the text is empty or absent."""
        return np.asarray(self.spans[:, 0] >= self.spans[:, 1])


@dataclass(frozen=True, slots=True, eq=False)
class TextIndex:
    """Texts that can be looked up, such as the tokens of a table."""

    column: TextColumn
    _table: IntArray
    _hashes: Any

    def find(self, column: TextColumn) -> IntArray:
        """(n,) int64, the row here of each text of `column`; -1 where it is not here."""
        own = self.column
        with np.errstate(over="ignore"):  # hashes run over, which only shows without the JIT
            return kernels.find_texts(
                column.text, column.spans, own.text, own.spans, self._table, self._hashes
            )


def index_texts(column: TextColumn, name: str) -> TextIndex:
    """An index of a column whose texts are all different.

    Raises:
        FormatError: a text occurs twice; `name` says of what.
    """
    room = 1 << max(4, int(2 * len(column)).bit_length())
    table, hashes = np.zeros(room, np.int64), np.zeros(len(column), np.uint64)
    with np.errstate(over="ignore"):  # see above
        twice = kernels.index_texts(column.text, column.spans, table, hashes)
    if twice >= 0:
        raise FormatError(
            f"{column.path}, row {twice}: the {name} {column[twice : twice + 1].texts()[0]!r} occurs twice."
        )
    return TextIndex(column, table, hashes)


@dataclass(frozen=True, slots=True, eq=False)
class JsonTable:
    """The columns of one file.

    Attributes:
        path: the file.
        texts: key to column, of texts and values.
        numbers: key to (n,) or (n, k) float64; flags are 0 and 1; NaN where an optional key is absent.
        unknown: other keys, and how many rows have them.
        n_rows: of the table.
    """

    path: Path
    n_rows: int
    texts: Mapping[str, TextColumn]
    numbers: Mapping[str, FloatArray]
    unknown: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.n_rows

    def integers(self, name: str) -> IntArray:
        """(n,) int64 of a column of numbers. Raises FormatError where one is not whole or beyond 2**53."""
        column = self.numbers[name]
        good = (np.abs(column) <= 2.0**53) & (np.trunc(column) == column)
        if not good.all():
            row = int(np.argmin(good))
            raise FormatError(
                f"{self.path}, row {row}: {name}: expected a whole number, got {column[row]:g}."
            )
        return column.astype(np.int64)


def read_json_table(
    path: Path, keys: Mapping[str, str | int], *, optional: Sequence[str] = (), max_bytes: int = _MAX_BYTES
) -> JsonTable:
    """A JSON file that is a list of objects, as columns.

    Args:
        path: the file.
        keys: key to its kind: TEXT, VALUE, FLAG, UNUSED, or how many numbers it holds. Best in the file's
            order.
        optional: keys that a row may lack.
        max_bytes: of the file.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no such list, a row lacks a key, has one twice or a value of another kind, a
            number is not finite, or it is larger than `max_bytes`.
    """
    text = _open_text(path, max_bytes)
    return _Reader(path, text, keys, optional).read()


def _open_text(path: Path, max_bytes: int) -> UInt8Array:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise StoreError(f"{path}: expected a file, got something else.")
            if facts.st_size > max_bytes:
                raise FormatError(f"{path}: expected at most {max_bytes} bytes, got {facts.st_size}.")
            if not facts.st_size:
                raise FormatError(f"{path}: expected a list in JSON, got an empty file.")
            # Not closed by hand: columns look at the text as long as they live.
            text = np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    except (OSError, ValueError) as error:
        if isinstance(error, (StoreError, FormatError)):
            raise
        raise StoreError(f"{path}: cannot be read ({error}).") from error
    if text[:2].tobytes() in (b"\xff\xfe", b"\xfe\xff") or text[:3].tobytes() == b"\xef\xbb\xbf":
        return np.frombuffer(decode_text(path, text.tobytes()).encode(), np.uint8)
    return text


class _Reader:
    """One file while it is read."""

    def __init__(
        self, path: Path, text: UInt8Array, keys: Mapping[str, str | int], optional: Sequence[str]
    ) -> None:
        self.path, self.text, self.keys = path, text, keys
        located = [key for key, kind in keys.items() if kind in (TEXT, VALUE)]
        counted = {
            key: kind if isinstance(kind, int) else 1
            for key, kind in keys.items()
            if key not in located and kind != UNUSED
        }
        ends = np.cumsum([0, *counted.values()]).tolist()
        self.text_place = {key: place for place, key in enumerate(located)}
        self.number_place = dict(zip(counted, ends[:-1], strict=True))
        self.widths = counted
        self.n_numbers = ends[-1]
        self.required = sum(1 << k for k, key in enumerate(keys) if key not in optional)

    def read(self) -> JsonTable:
        at = skip_space(self.text, 0)
        if at >= len(self.text) or self.text[at] != OPEN_LIST:
            self._refuse(at, "expected a list in JSON")
        words = "".join(self.keys).encode()
        key_text = np.frombuffer(words, np.uint8)
        key_start = np.cumsum([0, *(len(key.encode()) for key in self.keys)]).astype(np.int64)
        kinds = np.array([self._kind(kind) for kind in self.keys.values()], np.int64)
        places = np.array(
            [self.text_place.get(key, self.number_place.get(key, 0)) for key in self.keys], np.int64
        )
        widths = np.array([self.widths.get(key, 1) for key in self.keys], np.int64)
        unknown = np.zeros((_MAX_UNKNOWN, 3), np.int64)
        spans, numbers = self._room(_FIRST_ROOM)
        start = at + 1
        how, at, n = kernels.FULL, start, 0
        while how == kernels.FULL:
            places_of = (key_text, key_start, kinds, places, widths, self.required)
            with np.errstate(over="ignore"):  # of numbers with too many digits, seen without the JIT
                how, at, n, late = kernels.scan(self.text, at, n, *places_of, spans, numbers, unknown)
            for row, place, first, stop in late.tolist():
                numbers[row, place] = self._number(first, stop)
            if how == kernels.FULL:
                # As many rows as the rest of the file may have, going by those read. Pages of rows that are
                # not there take no memory.
                rest = (len(self.text) - at) / ((at - start) / n)
                room = self._room(n + int(1.1 * rest) + _FIRST_ROOM)
                room[0][:n], room[1][:n] = spans, numbers
                spans, numbers = room
        if how != kernels.DONE:
            self._refuse_row(how, at, n)
        if skip_space(self.text, at) < len(self.text):
            self._refuse(at, "expected nothing behind the list")
        return self._table(spans[:n], numbers[:n], unknown)

    def _room(self, n: int) -> tuple[npt.NDArray[np.uint32], FloatArray]:
        return np.empty((n, len(self.text_place), 2), np.uint32), np.empty((n, self.n_numbers))

    def _number(self, first: int, stop: int) -> float:
        """A number that the kernel was not sure of."""
        value = float(self.text[first:stop].tobytes())
        if not abs(value) <= MAX_MAGNITUDE:
            self._refuse(first, f"expected numbers up to {MAX_MAGNITUDE:g}")
        return value

    @staticmethod
    def _kind(kind: str | int) -> int:
        named = {TEXT: kernels.TEXT, VALUE: kernels.VALUE, FLAG: kernels.FLAG, UNUSED: kernels.SKIPPED}
        return kernels.NUMBERS if isinstance(kind, int) else named[kind]

    def _table(self, spans: npt.NDArray[np.uint32], numbers: FloatArray, unknown: IntArray) -> JsonTable:
        columns: dict[str, FloatArray] = {}
        for key, place in self.number_place.items():
            width = self.widths[key]
            columns[key] = numbers[:, place] if width == 1 else numbers[:, place : place + width]
        names = [
            (self.text[a:b].tobytes().decode("utf-8", "replace"), n) for a, b, n in unknown.tolist() if n
        ]
        return JsonTable(
            self.path,
            len(spans),
            {key: TextColumn(self.path, self.text, spans[:, k]) for key, k in self.text_place.items()},
            columns,
            dict(names),
        )

    def _refuse_row(self, how: int, at: int, row: int) -> NoReturn:
        problems = {
            kernels.MISSING_KEY: f"row {row} lacks one of the keys {', '.join(self._required())}",
            kernels.TWICE: f"row {row} has a key twice",
            kernels.WRONG_COUNT: f"row {row} has a list with the wrong number of values",
            kernels.NO_TEXT: f"row {row}: expected a text",
            kernels.TOO_MANY_KEYS: f"more than {_MAX_UNKNOWN} keys that are not known",
        }
        if at >= len(self.text):
            self._refuse(at, "the JSON ends too early; was the file cut off?")
        self._refuse(at, problems.get(how, f"row {row}: malformed JSON"))

    def _required(self) -> list[str]:
        return [key for k, key in enumerate(self.keys) if self.required >> k & 1]

    def _refuse(self, at: int, message: str) -> NoReturn:
        line = int(np.count_nonzero(self.text[:at] == 10)) + 1
        raise FormatError(f"{self.path}, line {line}, byte {at}: {message.rstrip('.')}.")
