"""Source paths of a scene that is about to be stored, and copies of the files."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from drivelabel.errors import StoreError
from drivelabel.scene import Scene


def relative_to_place(scene: Scene, place: Path, copy: bool) -> Scene:
    """The scene with source paths that count from its own folder, where they move with it.

    Args:
        place: the scene's folder, or a URL.
        copy: whether :func:`copy_sources` will put the files there.
    """
    if "://" in str(place):
        return scene
    home = place.resolve()
    sources = []
    for row, source in enumerate(scene.sources):
        path = Path(source.path)
        if copy and "://" not in source.path:
            new = f"media/{_media_name(row, path)}"
        elif path.is_absolute() and path.is_relative_to(home.parent):
            new = os.path.relpath(path, home)
        else:
            new = source.path
        sources.append(replace(source, path=new))
    return replace(scene, sources=tuple(sources))


def copy_sources(scene: Scene, folder: Path) -> None:
    """Copy all files of a recording into a folder that nobody else knows yet."""
    media = folder / "media"
    media.mkdir()
    for row, source in enumerate(scene.sources):
        if "://" in source.path:
            continue
        target = media / _media_name(row, Path(source.path))
        try:
            shutil.copyfile(source.path, target)
        except OSError as error:
            raise StoreError(f"{source.path}: cannot be copied into the scene ({error.strerror}).") from error


def _media_name(row: int, path: Path) -> str:
    return f"{row:06d}{path.suffix}"
