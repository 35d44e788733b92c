"""COCO's list of images: names of recorded files, or copies made for the export."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.report import Tally
from drivelabel.scene import Scene, Source
from drivelabel.typing import UInt8Array

_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
_JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True)
class ImageWriter:
    """Makes the entries of COCO's list of images, and the image files when they are copied.

    Attributes:
        folder: where copies go; None to name the recorded files.
        read_image: decodes a frame to (h, w, 3) uint8 RGB, for frames that are no files of their own.
    """

    scene: Scene
    folder: Path | None
    read_image: Callable[[int], UInt8Array] | None
    tally: Tally

    def entry(self, frame: int, labelled: list[str]) -> dict[str, Any]:
        """One frame's entry.

        Raises:
            FormatError: the frame has to be copied and cannot be read.
            StoreError: its file is missing, or the copy cannot be written.
        """
        camera = self.scene.camera_of(frame)
        height, width = camera.image_hw
        return {
            "id": frame + 1,
            "file_name": self._referenced(frame) if self.folder is None else self._copied(frame),
            "width": width,
            "height": height,
            "camera": camera.channel,
            "timestamp_ns": int(self.scene.frames.timestamp_ns[frame]),
            "source": self._source(frame).path,
            "source_index": int(self.scene.frames.source_index[frame]),
            "labelled": labelled,
        }

    def _source(self, frame: int) -> Source:
        return self.scene.sources[int(self.scene.frames.source[frame])]

    def _referenced(self, frame: int) -> str:
        source = self._source(frame)
        if _is_image_file(source):
            self.tally.keep("images", "", 1, "named, not copied")
            return source.path
        self.tally.drop("images", "pixels", 1, "frames of videos; source and source_index name them")
        return self._made_name(frame, ".jpg")

    def _copied(self, frame: int) -> str:
        # A name from a file decides nothing but which of the known suffixes is used.
        source = self._source(frame)
        local = _is_image_file(source) and "://" not in source.path
        name = self._made_name(frame, Path(source.path).suffix.lower() if local else ".jpg")
        assert self.folder is not None, "only called when images are copied"
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if local:
            self._copy_file(source, target)
        else:
            self._write_jpeg(frame, target)
        return name

    def _made_name(self, frame: int, suffix: str) -> str:
        return f"{self.scene.camera_of(frame).channel}/{frame:06d}{suffix}"

    def _copy_file(self, source: Source, target: Path) -> None:
        path = Path(self.scene.root) / source.path
        try:
            shutil.copyfile(path, target)
        except OSError as error:
            raise StoreError(f"{path}: cannot be copied to the export: {error}") from error
        self.tally.keep("images", "", 1, "copied")

    def _write_jpeg(self, frame: int, target: Path) -> None:
        if self.read_image is None:
            raise FormatError(
                f"{self.scene.name}, frame {frame}: its image is no file of its own. "
                'Pass read_image=..., or images="reference".'
            )
        image_rgb = self.read_image(frame)
        options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        done, code = cv2.imencode(".jpg", image_rgb[..., ::-1], options)
        if not done:
            raise FormatError(f"{self.scene.name}, frame {frame}: the image cannot be written as JPEG.")
        target.write_bytes(code.tobytes())
        again = cv2.imdecode(code, cv2.IMREAD_COLOR)
        error = float(np.abs(again[..., ::-1].astype(np.int16) - image_rgb).max(initial=0))
        self.tally.approximate(
            "images", "pixels", 1, error, "grey levels", f"frames of videos as JPEG {_JPEG_QUALITY}"
        )


def _is_image_file(source: Source) -> bool:
    return source.kind == "image" and Path(source.path).suffix.lower() in _SUFFIXES
