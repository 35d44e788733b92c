"""What commands print: results on stdout, complaints on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import typer


def complain(message: str, name: str = "drivelabel") -> None:
    """One line on stderr; no box around it, so that it can be searched for."""
    line = " ".join(message.split())
    typer.echo(f"{name}: {line}", err=True)


def say(message: str) -> None:
    """One line on stdout."""
    typer.echo(message)


def say_json(value: Any) -> None:
    """Exactly one JSON object on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Rows as columns of equal width; plain text that also reads well in a file.

    Args:
        header: the columns' names.
        rows: one text per column.
        right: columns that are aligned at the right, such as numbers.
    """
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = []
    for line in lines:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        texts.append("  ".join(cells).rstrip())
    return "\n".join(texts)


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 frame``, ``2,000 frames``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
