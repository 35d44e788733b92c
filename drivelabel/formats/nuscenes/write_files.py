"""Images and sweeps of a scene as files of nuScenes' layout."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

import numpy as np

from drivelabel.errors import SceneLookupError, StoreError
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.loading import safe_name
from drivelabel.formats.pictures import pictures_of
from drivelabel.formats.report import Tally
from drivelabel.media.frames import source_path
from drivelabel.media.sweeps import LIDARSEG_KIND, NUSCENES_KIND, read_point_labels, read_sweep
from drivelabel.scene import Scene, Source

_FOLDERS = ("samples", "sweeps")


class FileWriter:
    """Puts a scene's files into an export; use it in a ``with`` statement.

    Attributes:
        scene: whose files.
        place: the export's folder.
    """

    def __init__(self, scene: Scene, layer: str, place: Path, how: ImagesMode, tally: Tally) -> None:
        self.scene, self.place, self.how = scene, place, how
        self._tally = tally
        self._pictures = pictures_of(scene, layer)
        self._images = ImageFiles(self._pictures, place, how, tally)

    def frame(self, frame: int, timestamp_us: int, *, is_key: bool) -> str:
        """The name of a frame's file, which is made when asked."""
        picture = self._pictures.items[frame]
        kept = _kept_name(picture.source)
        if self.how == "reference" and picture.is_file and not Path(picture.source.path).is_absolute():
            return self._images.referenced(picture)
        name = kept or self._name(self.scene.camera_of(frame).channel, timestamp_us, is_key, "")
        stem = name[: -len(PurePosixPath(name).suffix)] if kept else name
        if self.how == "reference":
            self._tally.drop("images", "file", 1, "lies outside of the scene's folder; ask for copies")
            return f"{stem}{Path(picture.source.path).suffix.lower() if picture.is_file else '.jpg'}"
        placed: str = self._images.place(replace(picture, name=stem))
        return placed

    def sweep(self, sweep: int, timestamp_us: int, *, is_key: bool) -> str:
        """The name of a sweep's file, which is made when asked."""
        source: Source = self.scene.sources[self.scene.sweeps.source[sweep]]
        if self.how == "reference" and not Path(source.path).is_absolute():
            return source.path
        channel = self.scene.sensors[self.scene.sweeps.sensor[sweep]].channel
        name = _kept_name(source) or self._name(channel, timestamp_us, is_key, ".pcd.bin")
        if self.how not in ("copy", "link"):
            self._tally.drop("sweeps", "points", 1, "not written; ask for copies")
            return name
        target = self.place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.kind == NUSCENES_KIND:
            self._copy(source, target)
        else:
            self._write_points(sweep, target)
        self._tally.keep("sweeps", "points")
        return name

    def lidarseg(self, source: Source, name: str) -> None:
        """Copy a file with the classes of points to `name`."""
        if self.how in ("copy", "link"):
            (self.place / name).parent.mkdir(parents=True, exist_ok=True)
            self._copy(source, self.place / name)

    def lidarseg_source(self, sweep: int) -> Source | None:
        """The file with the classes of a sweep's points, where the scene came with one."""
        named = self.scene.info.get("nuscenes", {}).get("lidarseg", {})
        path = named.get(self.scene.sources[self.scene.sweeps.source[sweep]].path)
        found = [one for one in self.scene.sources if one.kind == LIDARSEG_KIND and one.path == path]
        return found[0] if found else None

    def _name(self, channel: str, timestamp_us: int, is_key: bool, suffix: str) -> str:
        folder, channel = _FOLDERS[0 if is_key else 1], channel.upper()
        return f"{folder}/{channel}/{safe_name(self.scene.name)}__{channel}__{timestamp_us}{suffix}"

    def _copy(self, source: Source, target: Path) -> None:
        path = source_path(self.scene, source)
        try:
            shutil.copyfile(path, target)
        except OSError as error:
            raise StoreError(f"{path}: cannot be copied to the export: {error}") from error

    def _write_points(self, sweep: int, target: Path) -> None:
        made = read_sweep(self.scene, sweep)
        table = np.zeros((len(made), 5), "<f4")
        table[:, :4] = made.points
        if made.ring is not None:
            table[:, 4] = made.ring
        target.write_bytes(table.tobytes())
        spread = int((made.point_ns != made.timestamp_ns).sum())
        self._tally.drop("sweeps", "point_ns", int(spread > 0), "points have no times of their own")
        try:
            read_point_labels(self.scene, sweep)
        except (SceneLookupError, StoreError):
            return
        self._tally.drop("sweeps", "point_labels", 1, "classes of points; only nuScenes' own are copied")

    def __enter__(self) -> Self:
        self._images.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._images.__exit__(kind, error, trace)


def _kept_name(source: Source) -> str:
    """The source's own name where it follows nuScenes' layout, else ""."""
    path = PurePosixPath(source.path)
    good = len(path.parts) > 1 and path.parts[0] in _FOLDERS and ".." not in path.parts
    return source.path if good and source.kind in ("image", NUSCENES_KIND) else ""
