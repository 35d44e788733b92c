"""One foreign format into another, without a scene on disk in between."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError
from drivelabel.formats import ConversionReport, Data, Imported
from drivelabel.pipeline.export_run import ExportSettings, write_labels
from drivelabel.pipeline.import_run import drives_of, read_labels, resolve_format


@dataclass(frozen=True, slots=True)
class ConvertReport:
    """What two conversions kept, approximated and dropped.

    Attributes:
        read: of reading, one a drive.
        written: of writing.
    """

    read: tuple[ConversionReport, ...]
    written: ConversionReport


def convert_labels(
    source_format: str,
    path: str | os.PathLike[str],
    out_format: str,
    out: str | os.PathLike[str],
    settings: ExportSettings | None = None,
    *,
    scene: str | None = None,
    on_invalid: str = "error",
    read_options: Mapping[str, str] | Sequence[str] = (),
) -> ConvertReport:
    """Read one format and write another.

    Args:
        source_format: of `path`; ``auto`` to find it by looking.
        path: the label file or the data set's folder.
        out_format: of `out`.
        out: the file or folder to write.
        settings: of the writing; its layer is what the labels are called in between.
        scene: which drive, when there are several; all when None.
        on_invalid: ``error`` refuses damaged entries, ``skip`` leaves them out and counts them.
        read_options: more for the reader, name to text, or ``NAME=TEXT`` each.

    Raises:
        StoreError, FormatError, SceneLookupError: see :func:`drivelabel.pipeline.import_labels` and
            :func:`drivelabel.pipeline.export_labels`.
    """
    settings = settings or ExportSettings(layer="truth")
    path = Path(path)
    name = resolve_format(source_format, path)
    names = drives_of(name, path)
    if scene is not None and scene not in names:
        raise FormatError(f"{path}: no drive {scene!r}.{did_you_mean(scene, names)}")
    chosen: list[str | None] = [scene] if scene is not None else [*names] or [None]
    read: list[Imported] = [
        read_labels(
            name, path, layer=settings.layer, scene=drive, on_invalid=on_invalid, options=read_options
        )
        for drive in chosen
    ]
    if settings.strict:
        for part in read:
            part.report.check_lossless()
    data = [_absolute(part.data) for part in read]
    written = write_labels(out_format, data, Path(out), settings)
    return ConvertReport(tuple(part.report for part in read), written)


def _absolute(data: Data) -> Data:
    """The data with an absolute root, so that what is written names images wherever it lies."""
    return data if "://" in data.root else replace(data, root=str(Path(data.root).absolute()))
