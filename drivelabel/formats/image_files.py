"""Where an export's images are: the recorded files by name, or copies, links and decoded frames beside it."""

from __future__ import annotations

import shutil
from pathlib import Path
from posixpath import splitext
from types import TracebackType
from typing import Literal, Self, TypeAlias

import cv2
import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.pictures import VIDEO_KINDS, Picture, Pictures
from drivelabel.formats.report import Tally
from drivelabel.media.frames import FrameReader
from drivelabel.media.images import IMAGE_SUFFIXES
from drivelabel.scene import Scene
from drivelabel.typing import UInt8Array

ImagesMode: TypeAlias = Literal["reference", "copy", "link", "none"]
"""``reference`` names the recorded files, ``copy`` and ``link`` put them beside the labels (frames of videos
are decoded to JPEG by both), ``none`` leaves images out where the format does not need them."""

_JPEG_QUALITY = 95


class ImageFiles:
    """Puts the images of an export into a folder; use it in a ``with`` statement.

    Attributes:
        pictures: what is exported.
        folder: where images go; None when they are not to be placed.
        how: ``copy`` or ``link``.
    """

    def __init__(self, pictures: Pictures, folder: Path | None, how: ImagesMode, tally: Tally) -> None:
        self.pictures = pictures
        self.folder = folder if how in ("copy", "link") else None
        self.how = how
        self._tally = tally
        self._readers: dict[int, FrameReader] = {}

    def place(self, picture: Picture, name: str = "") -> str:
        """The picture's file name below the folder, with a suffix. Its file is made when asked.

        Args:
            picture: which.
            name: without suffix, of safe parts; the picture's own when empty.

        Raises:
            StoreError: the recorded file is missing or damaged, or the copy cannot be written.
        """
        suffix = splitext(picture.source.path)[1].lower() if picture.is_file else ".jpg"
        name = f"{name or picture.name}{suffix if suffix in IMAGE_SUFFIXES else '.jpg'}"
        if self.folder is None:
            if picture.is_file:
                self._tally.keep(
                    "images", "", 1, "named, not copied" if self.how == "reference" else "not written"
                )
            else:
                self._tally.drop("images", "pixels", 1, "frames of videos; ask for copies to get them")
            return name
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if picture.is_file:
            self._copy_or_link(self.pictures.path(picture), target)
        else:
            self._decode(picture, target)
        return name

    def referenced(self, picture: Picture) -> str:
        """The recorded file's path as its scene or set names it; frames of videos as :meth:`place` does."""
        if picture.source.kind in VIDEO_KINDS:
            return self.place(picture)
        self._tally.keep("images", "", 1, "named, not copied")
        return picture.source.path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self._readers.values():
            reader.close()

    def _copy_or_link(self, source: Path, target: Path) -> None:
        try:
            if self.how == "link":
                if not source.is_file():
                    raise FileNotFoundError("no such file")
                target.symlink_to(source.resolve())
            else:
                shutil.copyfile(source, target)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise StoreError(f"{source}: cannot be put into the export: {error}") from error
        self._tally.keep("images", "", 1, "copied" if self.how == "copy" else "linked")

    def _decode(self, picture: Picture, target: Path) -> None:
        data = self.pictures.data[picture.data]
        if not isinstance(data, Scene):
            raise FormatError(f"{data.name}, image {picture.group}: its file is not on this machine.")
        if picture.data not in self._readers:
            self._readers[picture.data] = FrameReader(data)
        image_rgb = self._readers[picture.data].read(picture.group)
        error = _write_jpeg(image_rgb, target)
        note = f"frames of videos as JPEG {_JPEG_QUALITY}"
        self._tally.approximate("images", "pixels", 1, error, "grey levels", note)


def _write_jpeg(image_rgb: UInt8Array, target: Path) -> float:
    """Write an image as JPEG; how far its worst pixel is off, in grey levels."""
    done, code = cv2.imencode(".jpg", image_rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise FormatError(f"{target.name}: the image cannot be written as JPEG.")
    target.write_bytes(code.tobytes())
    again = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return float(np.abs(again[..., ::-1].astype(np.int16) - image_rgb).max(initial=0))
