"""A drive on disk in, a scene with its store out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats import detect_format, format_names
from drivelabel.media import READERS
from drivelabel.media import detect_format as detect_recording
from drivelabel.media.ingest import ingest as read_drive
from drivelabel.pipeline.placing import copy_sources, relative_to_place
from drivelabel.storage import SceneStore


def ingest(
    source: str | os.PathLike[str],
    location: str | os.PathLike[str],
    *,
    copy: bool = False,
    command: str = "ingest",
    **options: Any,
) -> SceneStore:
    """Read a drive and make a scene of it.

    Args:
        source: a video, a folder of images, a PandaSet sequence, a comma2k19 segment.
        location: where the scene is to lie: a folder that does not exist, or ``s3://bucket/prefix``.
        copy: put the recording's files into the scene's folder; otherwise they are referenced where they are.
        command: what the history says was run.
        options: for :func:`drivelabel.media.ingest.ingest`: ``format``, ``name``, ``hz``, ``on_invalid``, ...

    Raises:
        StoreError: the source is missing or damaged, or the scene cannot be written.
        FormatError: the source is of no known kind.
    """
    scene = read_drive(os.fspath(source), **options)
    place = Path(os.fspath(location))
    if copy and "://" in os.fspath(location):
        raise StoreError(f"{os.fspath(location)}: files are copied into local scenes only. Leave out --copy.")
    parameters: Mapping[str, Any] = {"source": os.fspath(source), "copy": copy, **_plain(options)}
    return SceneStore.create(
        location,
        relative_to_place(scene, place, copy),
        command=command,
        parameters=parameters,
        prepare=partial(copy_sources, scene) if copy else None,
    )


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, (bool, int, float)) else str(value)
        for name, value in options.items()
        if value is not None
    }


def labels_format(source: Path, format: str) -> str | None:
    """The foreign format whose reader :func:`drivelabel.pipeline.import_labels` takes for a source.

    None when it is a recording without labels, which :func:`ingest` reads.

    Args:
        format: a name, or ``auto``: recordings are looked for first.
    """
    if format in READERS:
        return None
    if format != "auto":
        return format if format in format_names() else None
    try:
        detect_recording(source)
    except FormatError:
        return detect_format(source)
    return None
