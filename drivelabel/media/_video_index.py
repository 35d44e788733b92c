"""Which frames a video has, and when: taken from its packets where those can be trusted, else by decoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from drivelabel.errors import StoreError
from drivelabel.typing import IntArray

_ONE_PACKET_ONE_FRAME = frozenset(
    {"h264", "hevc", "av1", "vp8", "vp9", "mjpeg", "png", "ffv1", "prores", "rawvideo", "mpeg4"}
)
"""Codecs whose packets in a file with timestamps are one shown frame each."""

_SHORT_BY_SECONDS = 0.25
"""A file that ends this much before its stated duration was cut; the last frame often has no length."""

_PACKED_FORMATS = ("avi",)
"""Containers without presentation times, in which one packet may hold two frames."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoIndex:
    """The frames of one video stream, in the order in which they are shown.

    Attributes:
        pts: (n,) int64, presentation times in ticks; when `is_counted` the frames' numbers instead.
        timestamp_ns: (n,) int64, nanoseconds after the first frame.
        key_pts: (k,) int64, rising, presentation times of the frames that decoding can start from.
        is_counted: the file has no usable timestamps, so frames are found by counting from the start.
        n_skipped: frames that the file promises or holds but that cannot be decoded.
        problem: what is wrong with the file, or "".
    """

    pts: IntArray
    timestamp_ns: IntArray
    key_pts: IntArray
    is_counted: bool = False
    n_skipped: int = 0
    problem: str = ""


def index_by_packets(container: InputContainer, stream: VideoStream) -> VideoIndex | None:
    """The frames as the packets tell them, without decoding; None when packets cannot be trusted.

    Reads the whole file once. Packets that an edit list hides are decoded but never shown.
    """
    pts: list[int] = []
    keys: list[int] = []
    n_damaged, n_packets, problem, end = 0, 0, "", 0.0
    try:
        for packet in container.demux():
            if packet.size == 0:
                continue
            end = max(end, _end_seconds(packet))
            if packet.stream_index != stream.index:
                continue
            n_packets += 1
            if packet.pts is None:
                return None
            if packet.is_corrupt:
                n_damaged += 1
                continue
            if packet.is_keyframe:
                keys.append(packet.pts)
            if not packet.is_discard:
                pts.append(packet.pts)
    except av.FFmpegError as error:
        problem = f"reading stops with {error.strerror!r}"
    shown = np.unique(np.asarray(pts, np.int64))
    trusted = (
        stream.codec_context.name in _ONE_PACKET_ONE_FRAME
        and container.format.name not in _PACKED_FORMATS
        and len(shown) == len(pts)
        and len(keys) > 0
        and (len(pts) == 0 or min(keys) <= shown[0])
    )
    if not trusted:
        return None
    n_missing = max(0, stream.frames - n_packets)
    if n_damaged or n_missing:
        problem = problem or f"the file ends too early: {n_damaged + n_missing} frames are missing or cut"
    elif _ends_early(container, end):
        problem = problem or f"the file ends too early: it should last {_stated_seconds(container):.3f} s"
    times = ticks_to_ns(shown - shown[0] if len(shown) else shown, _time_base(stream))
    n_skipped = n_damaged + n_missing
    return VideoIndex(shown, times, np.unique(np.asarray(keys, np.int64)), False, n_skipped, problem)


def _end_seconds(packet: Packet[Any]) -> float:
    if packet.pts is None or packet.time_base is None:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)


def _stated_seconds(container: InputContainer) -> float:
    return (container.duration or 0) / av.time_base


def _ends_early(container: InputContainer, end_seconds: float) -> bool:
    """Whether a Matroska file, which states no count of frames, is shorter than it says."""
    if "matroska" not in container.format.name:
        return False
    return end_seconds < _stated_seconds(container) - _SHORT_BY_SECONDS


def index_by_decoding(container: InputContainer, stream: VideoStream) -> VideoIndex:
    """The frames that really come out of the decoder."""
    pts: list[int | None] = []
    keys: list[int] = []
    n_bad = 0
    for frame in decode_what_decodes(container, stream):
        if frame is None or frame.is_corrupt:
            n_bad += 1
            continue
        pts.append(frame.pts if frame.pts is not None else frame.dts)
        if frame.key_frame and pts[-1] is not None:
            keys.append(pts[-1])
    n_missing = max(0, stream.frames - len(pts) - n_bad)
    n_bad = max(n_bad, n_missing) if n_bad == 0 else n_bad
    problem = f"{n_bad} frames do not decode" if n_bad else ""
    numbers = np.arange(len(pts), dtype=np.int64)
    known = [tick for tick in pts if tick is not None]
    if len(known) < len(pts) or not known:
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        return VideoIndex(numbers, ticks_to_ns(numbers, 1 / rate), numbers[:1], True, n_bad, problem)
    ticks = np.asarray(known, np.int64)
    times = ticks_to_ns(ticks - ticks[0], _time_base(stream))
    if (np.diff(ticks) <= 0).any():
        return VideoIndex(numbers, times, numbers[:1], True, n_bad, problem)
    return VideoIndex(ticks, times, np.unique(np.asarray(keys, np.int64)), False, n_bad, problem)


def decode_what_decodes(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame | None]:
    """Frames in the order in which they are shown; None for a packet that fails to decode."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            packet = None  # The file ends in the middle of a packet: show what the decoder still holds.
        if packet is not None and packet.is_corrupt:
            yield None
            continue
        try:
            yield from _decode(stream, packet)
        except av.FFmpegError:
            yield None
        if packet is None:
            return


def _decode(stream: VideoStream, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
    return list(stream.codec_context.decode(packet))


def check_rising(path: str, index: VideoIndex) -> None:
    """Raise StoreError naming the first frame whose time does not come after the one before."""
    back = np.diff(index.timestamp_ns) <= 0
    if back.any():
        frame = int(np.argmax(back)) + 1
        raise StoreError(
            f"{path}, frame {frame}: expected a time after frame {frame - 1} "
            f"({int(index.timestamp_ns[frame - 1])} ns), got {int(index.timestamp_ns[frame])} ns. "
            f'Drop such frames with on_invalid="skip".'
        )


def drop_not_rising(index: VideoIndex) -> VideoIndex:
    """The frames whose time comes after that of every frame before; the others count as skipped."""
    highest = np.maximum.accumulate(index.timestamp_ns)
    keep = np.r_[True, index.timestamp_ns[1:] > highest[:-1]][: len(highest)]
    n_dropped = int((~keep).sum())
    return VideoIndex(
        index.pts[keep],
        index.timestamp_ns[keep],
        index.key_pts,
        index.is_counted,
        index.n_skipped + n_dropped,
        index.problem,
    )


def ticks_to_ns(ticks: IntArray, tick_seconds: Fraction) -> IntArray:
    """(n,) int64 nanoseconds, each rounded once; exact integers, since floats lose a nanosecond in days."""
    per_tick = tick_seconds * 1_000_000_000
    num, den = per_tick.numerator, per_tick.denominator
    return np.array([(2 * int(tick) * num + den) // (2 * den) for tick in ticks], np.int64)


def _time_base(stream: VideoStream) -> Fraction:
    if stream.time_base is None:
        raise StoreError("video: expected a time base, got none.")
    return Fraction(stream.time_base)
