"""One data frame in a Parquet or CSV file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.loading import read_bytes

if TYPE_CHECKING:
    import polars as pl

MAX_BYTES = 4 << 30
_RISKY = ("=", "+", "-", "@", "\t", "\r", "'")
"""A spreadsheet takes a cell that begins so for a formula; the quote is there to be taken off again."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """How a data frame becomes a file.

    Attributes:
        suffix: of the file.
        write: a frame to a path.
        read: a path to a frame, given the types of its columns.
    """

    suffix: str
    write: Callable[[pl.DataFrame, Path], None]
    read: Callable[[Path, dict[str, Any]], pl.DataFrame]


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as Parquet, zstd."""
    frame.write_parquet(path)


def read_parquet(path: Path, schema: dict[str, Any]) -> pl.DataFrame:
    """A Parquet file.

    Raises:
        StoreError: it is missing or cannot be read.
        FormatError: it is no Parquet, or a column has another type.
    """
    import polars as pl

    read_bytes(path, max_bytes=MAX_BYTES)
    with _Decoding(path):
        frame = pl.read_parquet(path, use_pyarrow=False, memory_map=False, n_rows=None)
        return frame.with_columns(
            [_cast(frame, name, kind) for name, kind in schema.items() if name in frame.columns]
        )


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as CSV: texts that a spreadsheet would run begin with ``'``; blanks part lists."""
    import polars as pl

    columns = []
    for name, kind in frame.schema.items():
        column = pl.col(name)
        if isinstance(kind, pl.List):
            columns.append(
                pl.concat_str([pl.lit(""), column.cast(pl.List(pl.String)).list.join(" ")]).alias(name)
            )
        elif kind == pl.String:
            risky = column.str.head(1).is_in(list(_RISKY)) | (column == "")
            columns.append(
                pl.when(risky).then(pl.concat_str([pl.lit("'"), column])).otherwise(column).alias(name)
            )
    frame = frame.with_columns(columns) if columns else frame
    names = {name: f"'{name}" for name in frame.columns if name.startswith(_RISKY)}
    frame.rename(names).write_csv(path, line_terminator="\n", quote_style="necessary")


def read_csv(path: Path, schema: dict[str, Any]) -> pl.DataFrame:
    """A CSV file of :func:`write_csv`, or one that a spreadsheet has saved again.

    Raises:
        StoreError: it is missing or cannot be read.
        FormatError: it is no CSV in UTF-8, or a cell does not fit its column.
    """
    import polars as pl

    data = read_bytes(path, max_bytes=MAX_BYTES).removeprefix(b"\xef\xbb\xbf")
    with _Decoding(path):
        frame = pl.read_csv(data, infer_schema=False, encoding="utf8")
        frame = frame.rename({name: name[1:] for name in frame.columns if name.startswith("'")})
        return frame.select([_of_text(name, schema.get(name, pl.String)) for name in frame.columns])


def _of_text(name: str, kind: Any) -> pl.Expr:
    import polars as pl

    column = pl.col(name)
    if kind == pl.String:
        return pl.when(column.str.starts_with("'")).then(column.str.slice(1)).otherwise(column).alias(name)
    if kind == pl.Boolean:
        flags = {"true": True, "false": False, None: None}
        return column.str.to_lowercase().replace_strict(flags, return_dtype=pl.Boolean)
    if isinstance(kind, pl.List):
        parts = column.fill_null("").str.split(" ").list.eval(pl.element().filter(pl.element() != ""))
        return parts.cast(kind, strict=True).alias(name)
    return column.cast(kind, strict=True)


def _cast(frame: pl.DataFrame, name: str, kind: Any) -> pl.Expr:
    import polars as pl

    return pl.col(name) if frame.schema[name] == kind else pl.col(name).cast(kind, strict=True)


class _Decoding:
    """Turns what polars raises into our error."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        import polars as pl

        if isinstance(error, (FormatError, StoreError)) or error is None:
            return
        ours = (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, TypeError, OSError)
        if isinstance(error, ours):
            reason = (str(error).splitlines() or [""])[0][:200]
            raise FormatError(f"{self.path}: cannot be read as a table: {reason}.") from None
