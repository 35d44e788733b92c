"""Tables while they are written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from drivelabel.formats.nuscenes.tokens import TokenBook

Record = dict[str, Any]


class Records:
    """The records of tables that will be written, and the tokens that are taken.

    Attributes:
        rows: table to its records, in order.
    """

    def __init__(self, tables: Iterable[str]) -> None:
        self.rows: dict[str, list[Record]] = {table: [] for table in tables}
        self._books: dict[str, TokenBook] = {}

    def book(self, table: str) -> TokenBook:
        """The tokens of a table."""
        return self._books.setdefault(table, TokenBook(table))

    def add(self, table: str, kept: object, *parts: object, **fields: Any) -> str:
        """Add a record; its token, which is `kept` or follows from `parts`."""
        token = self.book(table).take(kept, *parts)
        self.rows[table].append({"token": token, **fields})
        return token

    def write(self, folder: Path) -> None:
        """One JSON file per table, a record a line."""
        folder.mkdir(parents=True, exist_ok=True)
        for table, rows in self.rows.items():
            with (folder / f"{table}.json").open("w", encoding="ascii", newline="\n") as file:
                file.write("[\n" + ",\n".join(_line(row) for row in rows) + "\n]\n")


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, allow_nan=False, separators=(",", ": "))
