"""A folder of CSV tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drivelabel.formats.imported import Imported
from drivelabel.formats.known import Format
from drivelabel.formats.pictures import Data
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.plain_tables.files import TableFile, read_csv, write_csv
from drivelabel.formats.plain_tables.read import looks_like_tables, read_tables
from drivelabel.formats.plain_tables.write import write_tables
from drivelabel.formats.report import ConversionReport

FILE = TableFile(".csv", write_csv, read_csv)


def write_csv_tables(
    data: Data | Sequence[Data], out: Path, layer: str, *, overwrite: bool = False
) -> ConversionReport:
    """Write one scene's or image set's layer as a folder of CSV tables; see :func:`write_tables`."""
    return write_tables(FILE, "csv", data, out, layer, overwrite=overwrite)


def read_csv_tables(path: Path, *, layer: str = "truth") -> Imported:
    """A folder of CSV tables that :func:`write_csv_tables` wrote; see :func:`read_tables`."""
    return read_tables(FILE, "csv", path, layer=layer)


FORMAT = Format(
    write=write_csv_tables,
    read=read_csv_tables,
    matches=lambda path: looks_like_tables(path, FILE.suffix),
    pixels=CORNER,
    about="one CSV table per kind of label, with everything",
)
