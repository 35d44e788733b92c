"""Video files: every frame by its number, with its own time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from drivelabel.errors import SceneLookupError, StoreError
from drivelabel.media._video_index import (
    VideoIndex,
    check_rising,
    decode_what_decodes,
    drop_not_rising,
    index_by_decoding,
    index_by_packets,
)
from drivelabel.typing import IntArray, UInt8Array

OnInvalid = Literal["error", "skip"]
"""What to do with damaged input: raise, or leave it out and count it."""

_ATTACHED_PICTURE = "attached_pic"


class VideoReader:
    """The frames of a video file, in the order in which they are shown.

    Frames are numbered from 0. Reading any frame gives exactly what decoding from the start gives.
    A rotation in the file's metadata is applied. One reader belongs to one thread at a time.

    Args:
        path: the file.
        on_invalid: ``error`` refuses a file that is cut short or damaged; ``skip`` leaves out the frames
            that do not decode and counts them in `n_skipped`.
        n_threads: of the decoder; 0 lets it choose.

    Attributes:
        path: the file.
        timestamps_ns: (n,) int64, rising, nanoseconds after the first frame.
        image_hw: height and width as shown, pixels.
        n_skipped: frames that the file should have but that cannot be decoded.
        created: the creation time that the file states, ISO 8601, or "".

    Raises:
        StoreError: the file is missing, is no video, has no frames, or is damaged.
    """

    def __init__(self, path: str | Path, *, on_invalid: OnInvalid = "error", n_threads: int = 0) -> None:
        self.path = Path(path)
        self._n_threads = n_threads
        self._container, self._stream = self._open()
        try:
            self._index = self._make_index(on_invalid)
            self._frames: Iterator[VideoFrame | None] | None = None
            self._next = 0
            self._rotation = 0
            self._rewind()
            self.image_hw = self._first_size()
        except BaseException:
            self._container.close()
            raise
        self.timestamps_ns: IntArray = self._index.timestamp_ns
        self.n_skipped = self._index.n_skipped
        self.created = str(self._container.metadata.get("creation_time", ""))

    def __len__(self) -> int:
        return len(self.timestamps_ns)

    def read(self, index: int) -> UInt8Array:
        """(h, w, 3) uint8 RGB, one frame.

        Reading on from the frame before costs one decoded frame; elsewhere it starts at a key frame.

        Raises:
            SceneLookupError: there is no such frame.
            StoreError: the frame does not decode.
        """
        if not 0 <= index < len(self):
            raise SceneLookupError(
                f"{self.path.name}: no frame {index}. It has {len(self)}, from 0 to {len(self) - 1}."
            )
        return self._to_rgb(self._frame(index), index)

    def iterate(self, start: int = 0, stop: int | None = None) -> Iterator[UInt8Array]:
        """Frames `start` up to, not including, `stop`, decoded one after the other."""
        for index in range(start, len(self) if stop is None else stop):
            yield self.read(index)

    def close(self) -> None:
        """Close the file. Closing twice does no harm."""
        self._frames = None
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        height, width = self.image_hw
        return f"<VideoReader {self.path.name}: {len(self)} frames of {width}x{height}>"

    def _open(self) -> tuple[InputContainer, VideoStream]:
        if not self.path.is_file():
            raise StoreError(f"{self.path}: no such video file.")
        try:
            container = av.open(str(self.path))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise StoreError(
                f"{self.path}: expected a video file, but it cannot be opened ({error}). "
                f"It may be cut short or of another kind."
            ) from error
        for stream in container.streams.video:
            context: Any = stream.codec_context  # None when the codec is unknown
            if context is not None and not stream.disposition & av.stream.Disposition[_ATTACHED_PICTURE]:
                stream.thread_type = "AUTO"
                context.thread_count = self._n_threads
                return container, stream
        container.close()
        raise StoreError(f"{self.path}: expected a video stream that can be decoded, but it has none.")

    def _make_index(self, on_invalid: OnInvalid) -> VideoIndex:
        index = index_by_packets(self._container, self._stream)
        if on_invalid == "skip":
            index = self._salvage(index)
        elif index is None:
            self._reopen()
            index = index_by_decoding(self._container, self._stream)
        if index.problem and on_invalid == "error":
            last = int(index.timestamp_ns[-1]) / 1e9 if len(index.pts) else 0.0
            raise StoreError(
                f"{self.path}, frame {len(index.pts)} (after {last:.3f} s): {index.problem}. "
                f'Use the frames that decode with on_invalid="skip".'
            )
        if not len(index.pts):
            raise StoreError(f"{self.path}: expected frames, but no frame of its video stream decodes.")
        check_rising(str(self.path), index)
        return index

    def _salvage(self, promised: VideoIndex | None) -> VideoIndex:
        """What really decodes. One thread, since several lose other frames on every run beside a bad one."""
        n_threads, self._n_threads = self._n_threads, 1
        self._reopen()
        index = drop_not_rising(index_by_decoding(self._container, self._stream))
        n_promised = len(promised.pts) + promised.n_skipped if promised else 0
        n_skipped = max(index.n_skipped, n_promised - len(index.pts))
        if n_skipped:
            return replace(index, n_skipped=n_skipped)
        self._n_threads = n_threads
        return promised or index

    def _reopen(self) -> None:
        self._container.close()
        self._container, self._stream = self._open()

    def _rewind(self) -> None:
        """Stand before the first frame, whatever was read."""
        self._reopen()
        self._frames = decode_what_decodes(self._container, self._stream)
        self._next = 0

    def _first_size(self) -> tuple[int, int]:
        frame = self._frame(0)
        self._rotation = _quarter_turns(frame.rotation)
        self._size = (frame.height, frame.width)
        self._rewind()
        return (frame.width, frame.height) if self._rotation % 2 else (frame.height, frame.width)

    def _frame(self, index: int) -> VideoFrame:
        pts = int(self._index.pts[index])
        if self._index.is_counted:
            return self._frame_by_counting(pts)
        if self._is_ahead(index):
            frame = self._decode_until(pts)
            if frame is not None:
                return self._found(frame, index)
        keys = self._index.key_pts
        # An open group of pictures may need the one before it, so try earlier key frames when one fails.
        for key in keys[: np.searchsorted(keys, pts, side="right")][::-1][:3]:
            frame = self._decode_from(int(key), pts)
            if frame is not None:
                return self._found(frame, index)
        self._rewind()
        frame = self._decode_until(pts)
        if frame is None:
            self._frames = None
            raise StoreError(
                f"{self.path}, frame {index}: it does not decode. "
                f'Leave such frames out with on_invalid="skip".'
            )
        return self._found(frame, index)

    def _is_ahead(self, index: int) -> bool:
        """Whether decoding on from here reaches the frame without passing a later key frame."""
        if self._frames is None or index < self._next:
            return False
        here, there = (int(self._index.pts[i]) for i in (self._next, index))
        keys = self._index.key_pts
        return int(np.searchsorted(keys, here, "right")) == int(np.searchsorted(keys, there, "right")) or (
            index == self._next
        )

    def _found(self, frame: VideoFrame, index: int) -> VideoFrame:
        self._next = index + 1
        if self._next >= len(self._index.pts):
            self._frames = None
        return frame

    def _decode_until(self, pts: int) -> VideoFrame | None:
        """The frame of this time, decoding on from where we are; None when it does not come."""
        if self._frames is None:
            return None
        for frame in self._frames:
            if frame is None or frame.is_corrupt:
                continue
            tick = frame.pts if frame.pts is not None else frame.dts
            if tick == pts:
                return frame
            if tick is not None and tick > pts:
                return None
        return None

    def _decode_from(self, key: int, pts: int) -> VideoFrame | None:
        self._container.seek(key, stream=self._stream, backward=True)
        self._frames = decode_what_decodes(self._container, self._stream)
        return self._decode_until(pts)

    def _frame_by_counting(self, number: int) -> VideoFrame:
        if self._frames is None or number < self._next:
            self._rewind()
        assert self._frames is not None, "rewinding opens the frames"
        for frame in self._frames:
            if frame is None or frame.is_corrupt:
                continue
            self._next += 1
            if self._next == number + 1:
                return frame
        self._frames = None
        raise StoreError(f"{self.path}, frame {number}: it does not decode.")

    def _to_rgb(self, frame: VideoFrame, index: int) -> UInt8Array:
        if (frame.height, frame.width) != self._size:
            raise StoreError(
                f"{self.path}, frame {index}: expected {self._size[1]}x{self._size[0]} pixels like the first "
                f"frame, got {frame.width}x{frame.height}. Cut the video where its size changes."
            )
        image_rgb = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        return np.ascontiguousarray(np.rot90(image_rgb, self._rotation)) if self._rotation else image_rgb


def _quarter_turns(degrees: float) -> int:
    """Turns to the left that show the picture upright; the metadata counts the same way round."""
    return round(degrees / 90) % 4
