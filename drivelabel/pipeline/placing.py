"""Source paths of a scene that is about to be stored, and copies of the files."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from drivelabel.errors import StoreError
from drivelabel.scene import ImageSet, Scene

MEDIA = "media"
"""The folder of a scene in which copied files are."""

IMAGE_ROOT = "image_root"
"""The fact of a scene that was an image set: the folder from which its files' names count."""


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
        if copy and "://" not in source.path:
            new = f"{MEDIA}/{_media_name(scene, row)}"
        else:
            new = _moving_with(home, source.path)
        sources.append(replace(source, path=new))
    info = dict(scene.info)
    if IMAGE_ROOT in info:
        info[IMAGE_ROOT] = MEDIA if copy else _moving_with(home, str(info[IMAGE_ROOT]))
    return replace(scene, sources=tuple(sources), info=info)


def _moving_with(home: Path, path: str) -> str:
    """A path that counts from the scene's folder where both lie in one folder and may move together."""
    inside = Path(path).is_absolute() and Path(path).is_relative_to(home.parent)
    return os.path.relpath(path, home) if inside else path


def copy_sources(scene: Scene, folder: Path) -> None:
    """Copy all files of a recording into a folder that nobody else knows yet."""
    media = folder / MEDIA
    media.mkdir()
    for row, source in enumerate(scene.sources):
        if "://" in source.path:
            continue
        target = media / _media_name(scene, row)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.path, target)
        except OSError as error:
            raise StoreError(f"{source.path}: cannot be copied into the scene ({error.strerror}).") from error


def _media_name(scene: Scene, row: int) -> str:
    """Images of a set keep their names; the files of a drive are numbered."""
    path, root = Path(scene.sources[row].path), scene.info.get(IMAGE_ROOT)
    if isinstance(root, str) and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return f"{row:06d}{path.suffix}"


def with_own_names(images: ImageSet, scene: Scene) -> ImageSet:
    """The image set that was stored as a scene, with the paths of its files below its own root again."""
    root = scene.info.get(IMAGE_ROOT)
    if not isinstance(root, str) or "://" in images.root:
        return images
    home = os.path.normpath(Path(images.root).absolute() / root)
    sources = []
    for source in images.sources:
        path = os.path.normpath(Path(images.root).absolute() / source.path)
        if "://" in source.path or not Path(path).is_relative_to(home):
            return images
        sources.append(replace(source, path=Path(path).relative_to(home).as_posix()))
    return replace(images, sources=tuple(sources), root=home)
