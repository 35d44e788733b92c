"""A folder of Parquet tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drivelabel.formats.imported import Imported
from drivelabel.formats.known import Format
from drivelabel.formats.pictures import Data
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.plain_tables.files import TableFile, read_parquet, write_parquet
from drivelabel.formats.plain_tables.read import looks_like_tables, read_tables
from drivelabel.formats.plain_tables.write import write_tables
from drivelabel.formats.report import ConversionReport

FILE = TableFile(".parquet", write_parquet, read_parquet)


def write_parquet_tables(
    data: Data | Sequence[Data], out: Path, layer: str, *, overwrite: bool = False
) -> ConversionReport:
    """Write one scene's or image set's layer as a folder of Parquet tables; see :func:`write_tables`."""
    return write_tables(FILE, "parquet", data, out, layer, overwrite=overwrite)


def read_parquet_tables(path: Path, *, layer: str = "truth") -> Imported:
    """A folder of Parquet tables that :func:`write_parquet_tables` wrote; see :func:`read_tables`."""
    return read_tables(FILE, "parquet", path, layer=layer)


FORMAT = Format(
    write=write_parquet_tables,
    read=read_parquet_tables,
    matches=lambda path: looks_like_tables(path, FILE.suffix),
    pixels=CORNER,
    about="one Parquet table per kind of label, with everything",
)
