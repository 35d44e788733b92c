"""A drive on disk in, a scene with its store out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from drivelabel.errors import StoreError
from drivelabel.media.ingest import ingest as read_drive
from drivelabel.scene import Scene
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
        _relative(scene, place, copy),
        command=command,
        parameters=parameters,
        prepare=partial(_copy_sources, scene) if copy else None,
    )


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, (bool, int, float)) else str(value)
        for name, value in options.items()
        if value is not None
    }


def _relative(scene: Scene, place: Path, copy: bool) -> Scene:
    """The scene with source paths that count from its own folder, where they move with it."""
    if "://" in str(place):
        return scene
    home = place.resolve()
    sources = []
    for row, source in enumerate(scene.sources):
        path = Path(source.path)
        if copy:
            new = f"media/{_media_name(row, path)}"
        elif path.is_absolute() and path.is_relative_to(home.parent):
            new = os.path.relpath(path, home)
        else:
            new = source.path
        sources.append(replace(source, path=new))
    return replace(scene, sources=tuple(sources))


def _media_name(row: int, path: Path) -> str:
    return f"{row:06d}{path.suffix}"


def _copy_sources(scene: Scene, folder: Path) -> None:
    """Copy all files of a recording into a folder that nobody else knows yet."""
    media = folder / "media"
    media.mkdir()
    for row, source in enumerate(scene.sources):
        target = media / _media_name(row, Path(source.path))
        try:
            shutil.copyfile(source.path, target)
        except OSError as error:
            raise StoreError(f"{source.path}: cannot be copied into the scene ({error.strerror}).") from error
