"""Argoverse's Feather tables: checked columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from drivelabel.errors import FormatError
from drivelabel.formats.loading import read_bytes
from drivelabel.typing import FloatArray, IntArray

_MAX_BYTES, _MAX_ROWS = 1 << 30, 50_000_000


class FeatherTable:
    """One Feather file's columns, by name, each checked when it is asked for.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no Feather file; from every method, when a column is missing or of another kind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        data = read_bytes(path, max_bytes=_MAX_BYTES)
        try:
            self._table = pl.read_ipc(data)
        except BaseException as error:  # polars panics (no Exception) on some damaged files
            if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
                raise
            raise FormatError(f"{path}: no Feather file ({str(error)[:120]}).") from None
        if len(self._table) > _MAX_ROWS:
            raise FormatError(f"{path}: expected at most {_MAX_ROWS} rows, got {len(self._table)}.")

    def __len__(self) -> int:
        return len(self._table)

    @property
    def names(self) -> list[str]:
        """The columns that are there."""
        return self._table.columns

    def numbers(self, *names: str) -> FloatArray:
        """(n, k) float64, finite."""
        columns: FloatArray = np.stack([self._numeric(name).astype(np.float64) for name in names], axis=1)
        bad = ~np.isfinite(columns).all(axis=1)
        if bad.any():
            row = int(np.argmax(bad))
            raise FormatError(
                f"{self.path}, row {row}: expected finite numbers, got {columns[row].tolist()}."
            )
        return columns

    def integers(self, name: str) -> IntArray:
        """(n,) int64."""
        values = self._numeric(name)
        if values.dtype.kind not in "iu":
            raise FormatError(f"{self.path}: {name}: expected whole numbers, got {values.dtype}.")
        return np.asarray(values, np.int64)

    def texts(self, name: str) -> list[str]:
        """One text a row."""
        values = self._column(name).to_list()
        if not all(isinstance(value, str) for value in values):
            raise FormatError(f"{self.path}: {name}: expected texts.")
        return values

    def _numeric(self, name: str) -> Any:
        column = self._column(name)
        if not column.dtype.is_numeric() or column.null_count():
            raise FormatError(f"{self.path}: {name}: expected numbers in all rows, got {column.dtype}.")
        return column.to_numpy()

    def _column(self, name: str) -> pl.Series:
        if name not in self._table.columns:
            raise FormatError(f"{self.path}: no column {name!r}. It has {', '.join(self.names)[:200]}.")
        return self._table[name]
