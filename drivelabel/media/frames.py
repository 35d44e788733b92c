"""The images of a scene, from whatever files they are in."""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from drivelabel.errors import SceneLookupError, StoreError
from drivelabel.media.images import read_image
from drivelabel.media.video import VideoReader
from drivelabel.scene import Scene, Source
from drivelabel.typing import UInt8Array

_MAX_OPEN = 16
"""Videos held open at once; each holds a few decoded frames."""


def open_frames(scene: Scene) -> FrameReader:
    """The images of a scene; use it in a ``with`` statement."""
    return FrameReader(scene)


def source_path(scene: Scene, source: Source) -> Path:
    """Where a source's file is.

    Raises:
        StoreError: it is not on this machine.
    """
    if Path(source.path).is_absolute():  # also of a scene that itself lies on an object store
        return Path(source.path)
    if "://" in source.path or "://" in scene.root:
        raise StoreError(
            f"{scene.name}: {source.path} is not on this machine. Copy the recording here and ingest it."
        )
    return Path(scene.root) / source.path


class FrameReader:
    """Reads a scene's images by frame. Videos stay open, so reading in order does not seek.

    Attributes:
        scene: whose images.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._videos: OrderedDict[int, VideoReader] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, frame: int) -> UInt8Array:
        """(h, w, 3) uint8 RGB, upright.

        Raises:
            SceneLookupError: there is no such frame.
            StoreError: its file is missing, damaged or not the one that was ingested.
        """
        camera = self.scene.camera_of(frame)
        row = int(self.scene.frames.source[frame])
        try:
            with self._lock:
                image_rgb = self._read_source(row, int(self.scene.frames.source_index[frame]))
        except (StoreError, SceneLookupError) as error:
            raise StoreError(f"{self.scene.name}, frame {frame} of {camera.channel}: {error}") from error
        if image_rgb.shape[:2] != tuple(camera.image_hw):
            height, width = camera.image_hw
            raise StoreError(
                f"{self.scene.name}, frame {frame} of {camera.channel}: expected {width}x{height} pixels, "
                f"got {image_rgb.shape[1]}x{image_rgb.shape[0]}. The file was changed after it was ingested."
            )
        return image_rgb

    def iterate(self, frames: Iterable[int] | None = None, *, prefetch: int = 4) -> Iterator[UInt8Array]:
        """Images of some frames, or of all, in the given order, decoded ahead in a thread.

        Args:
            frames: which; rising frames of one camera are read without seeking.
            prefetch: how many decoded images may wait; 0 decodes in the caller's thread.

        Raises:
            SceneLookupError: there is no such frame.
            StoreError: see :meth:`read`; it comes when the bad frame's turn comes.
        """
        wanted = range(len(self.scene.frames)) if frames is None else frames
        if prefetch <= 0:
            return map(self.read, wanted)
        return self._ahead(iter(wanted), prefetch)

    def close(self) -> None:
        """Close all files. Closing twice does no harm."""
        with self._lock:
            for video in self._videos.values():
                video.close()
            self._videos.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ahead(self, frames: Iterator[int], prefetch: int) -> Iterator[UInt8Array]:
        ready: queue.Queue[UInt8Array | BaseException | None] = queue.Queue(maxsize=prefetch)
        stop = threading.Event()

        def put(item: UInt8Array | BaseException | None) -> None:
            while not stop.is_set():
                try:
                    return ready.put(item, timeout=0.1)
                except queue.Full:
                    continue

        def decode() -> None:
            try:
                for frame in frames:
                    if stop.is_set():
                        return
                    put(self.read(frame))
                put(None)
            except BaseException as error:  # handed to the caller, who raises it
                put(error)

        thread = threading.Thread(target=decode, name="drivelabel-frames", daemon=True)
        thread.start()
        try:
            while (item := ready.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            stop.set()
            thread.join()

    def _read_source(self, row: int, index: int) -> UInt8Array:
        source = self.scene.sources[row]
        if source.kind == "image":
            return read_image(source_path(self.scene, source))
        if source.kind in ("video", "damaged_video"):
            return self._video(row, source).read(index)
        raise StoreError(
            f"{source.path}: expected an image or a video, got a source of kind {source.kind!r}."
        )

    def _video(self, row: int, source: Source) -> VideoReader:
        video = self._videos.pop(row, None)
        if video is None:
            on_invalid = "skip" if source.kind == "damaged_video" else "error"
            video = VideoReader(source_path(self.scene, source), on_invalid=on_invalid)  # type: ignore[arg-type]
            while len(self._videos) >= _MAX_OPEN:
                self._videos.popitem(last=False)[1].close()
        self._videos[row] = video
        return video
