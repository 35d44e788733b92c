"""Dense masks on disk: one chunk a frame, so a reviewer reads one frame and an editor rewrites one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from drivelabel.errors import CorruptSceneError, InvalidLabelError, SceneLookupError
from drivelabel.labels import NO_INSTANCE, VOID
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._frame_index import Extent, FrameIndex
from drivelabel.storage._page import UNLABELLED
from drivelabel.storage._spec import MASK_CODECS, ArraySpec, checksum_of
from drivelabel.typing import AnyArray, BoolArray

MASK_KINDS: dict[str, tuple[str, int]] = {
    "label_map": ("uint8", VOID),
    "instance_map": ("uint16", NO_INSTANCE),
}
"""Name of a layer's mask group: its pixels' dtype and their value where nobody labelled."""

MARK_CHUNK = 1024
AT_ONCE = 32
STATE_BITS = 32
"""A frame's mark is its state, times two to this, plus the checksum of its chunk of pixels."""


@dataclass(frozen=True, slots=True)
class StoredMasks:
    """One kind of mask of one layer; a :class:`drivelabel.scene.MaskStore`."""

    arrays: Arrays
    path: str
    index: FrameIndex
    dtype: str
    fill: int
    codec: str
    _marks: dict[str, AnyArray] = field(default_factory=dict)

    @classmethod
    def at(cls, arrays: Arrays, layer: str, kind: str, extent: Extent) -> StoredMasks:
        """The masks `kind` of a layer; they need not exist yet."""
        path = f"layers/{layer}/{kind}"
        return cls(arrays, path, extent.frames, *MASK_KINDS[kind], extent.mask_codec)

    @property
    def exists(self) -> bool:
        """Whether anybody has written one."""
        return self.arrays.node(self.path) is not None

    def __contains__(self, frame: object) -> bool:
        if not isinstance(frame, (int, np.integer)) or not 0 <= frame < self.index.n_frames:
            return False
        return self.state(int(frame)) > UNLABELLED

    def labelled(self) -> BoolArray:
        """(n_frames,), which frames have a mask."""
        flags = np.zeros(self.index.n_frames, np.bool_)
        for channel, frames in self.index.channels.items():
            flags[frames.start : frames.stop] = self._read_marks(channel) >> STATE_BITS > UNLABELLED
        return flags

    def state(self, frame: int) -> int:
        """The state of a frame's mask: UNLABELLED, LABELLED or TOUCHED."""
        channel, place = self.index.find(frame)
        return int(self._read_marks(channel)[place]) >> STATE_BITS

    def read(self, frame: int, out: AnyArray | None = None) -> AnyArray:
        """(h, w), the frame's mask, into `out` when it is given.

        Raises:
            SceneLookupError: the frame has no mask.
            CorruptSceneError: its chunk is damaged, missing or in another's place.
            InvalidLabelError: `out` has another shape or dtype than the mask.
        """
        spec, key = self._spec_and_key(frame)
        return self._decode(frame, spec, self.arrays.get([key])[0], out)

    def iterate(self, frames: Iterable[int], out: AnyArray | None = None) -> Iterator[tuple[int, AnyArray]]:
        """Some frames and their masks, in the order given; faster than reading one by one.

        Args:
            frames: that have a mask.
            out: each mask is read into it when it is given: use it before the next.

        Raises:
            SceneLookupError, CorruptSceneError, InvalidLabelError: as for :meth:`read`.
        """
        wanted = list(frames)
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            places = [self._spec_and_key(frame) for frame in some]
            found = self.arrays.get(key for _, key in places)
            for frame, (spec, _), data in zip(some, places, found, strict=True):
                yield frame, self._decode(frame, spec, data, out)

    def _spec_and_key(self, frame: int) -> tuple[ArraySpec, str]:
        """The frame's array, and the key of its chunk."""
        if self.state(frame) == UNLABELLED:
            raise SceneLookupError(f"{self.arrays.where}, {self.path}: frame {frame} has no mask.")
        channel, place = self.index.find(frame)
        path = f"{self.path}/{channel}/pixels"
        spec = self.arrays.spec(path)
        return spec, spec.key(path, place)

    def _decode(self, frame: int, spec: ArraySpec, data: bytes | None, out: AnyArray | None) -> AnyArray:
        """A frame's mask from its stored bytes, compared with its mark."""
        channel, place = self.index.find(frame)
        where = f"{self.arrays.where}, {self.path}/{channel}/pixels, frame {frame}"
        if out is None:
            out = np.empty(spec.chunk[1:], spec.dtype)
        elif out.shape != spec.chunk[1:] or out.dtype != spec.dtype:
            raise InvalidLabelError(
                f"out: expected {spec.dtype} {spec.chunk[1:]}, got {out.dtype} {out.shape}."
            )
        if data is None or checksum_of(data) != int(self._read_marks(channel)[place]) & 0xFFFFFFFF:
            raise _misplaced(where)
        if out.flags.c_contiguous:
            return spec.decode(where, data, out)
        out[...] = spec.decode(where, data)[0]
        return out

    def write(self, masks: Mapping[int, AnyArray], state: int) -> None:
        """Write some frames' masks and mark them; a frame that a person touched stays marked so.

        Raises:
            InvalidLabelError: a mask has another shape or dtype than its camera's images ask for.
        """
        by_channel: dict[str, dict[int, AnyArray]] = {}
        for frame, mask in masks.items():
            channel, place = self.index.find(frame)
            self._check(channel, frame, mask)
            by_channel.setdefault(channel, {})[place] = mask
        for channel, some in by_channel.items():
            self._make(channel)
            self._write_channel(channel, some, state)

    def _write_channel(self, channel: str, masks: Mapping[int, AnyArray], state: int) -> None:
        path = f"{self.path}/{channel}/pixels"
        spec = self.arrays.spec(path)
        marks = self._read_marks(channel).copy()
        items: dict[str, bytes | None] = {}
        for place, mask in masks.items():
            data = spec.encode(mask[None])
            items[spec.key(path, place)] = data
            new_state = max(state, int(marks[place]) >> STATE_BITS)
            mark = new_state << STATE_BITS | checksum_of(data)
            if mark == marks[place]:
                self.arrays.get([spec.key(path, place)])  # so that the same bytes are not written again
            marks[place] = mark
        self.arrays.put(items)
        self._write_marks(channel, marks, {place // MARK_CHUNK for place in masks})

    # For repairs

    def chunk(self, frame: int, unmarked_state: int) -> tuple[bytes, int] | None:
        """A frame's stored bytes and state; None when it has no mask.

        Args:
            frame: of the scene.
            unmarked_state: what a mask has whose mark cannot be read.

        Raises:
            CorruptSceneError: the mask is missing, damaged or in another's place.
        """
        channel, place = self.index.find(frame)
        try:
            mark = int(self._read_marks(channel)[place])
        except CorruptSceneError:
            mark = None
        if mark == 0:
            return None
        path = f"{self.path}/{channel}/pixels"
        spec = self.arrays.spec(path)
        data = self.arrays.get([spec.key(path, place)])[0]
        if data is None and mark is None:
            return None
        if data is None or (mark is not None and checksum_of(data) != mark & 0xFFFFFFFF):
            raise _misplaced(path)
        spec.decode(path, data)
        return data, unmarked_state if mark is None else mark >> STATE_BITS

    def rewrite(self, channel: str, chunks: Mapping[int, tuple[bytes, int]]) -> None:
        """Make a camera's arrays anew and write these frames' bytes and states into them.

        Args:
            channel: the camera.
            chunks: number of the frame within the camera to what :meth:`chunk` returns.
        """
        path = f"{self.path}/{channel}"
        facts = self.arrays.attrs(self.path)
        self.arrays.delete_tree(path)
        others = [name for name in facts["channels"] if name != channel]
        self.arrays.set_attrs(self.path, facts | {"channels": others})
        self._make(channel)
        marks = np.zeros(len(self.index.channels[channel]), np.uint64)
        pixels = self.arrays.spec(f"{path}/pixels")
        for place, (data, state) in chunks.items():
            self.arrays.put({pixels.key(f"{path}/pixels", place): data})
            marks[place] = state << STATE_BITS | checksum_of(data)
        self._write_marks(channel, marks, {place // MARK_CHUNK for place in chunks})

    def _check(self, channel: str, frame: int, mask: AnyArray) -> None:
        if mask.shape != self.index.image_hw[channel] or mask.dtype != np.dtype(self.dtype):
            raise InvalidLabelError(
                f"frame {frame}: expected a {self.dtype} mask of shape {self.index.image_hw[channel]}, "
                f"got {mask.dtype} {mask.shape}."
            )

    def _make(self, channel: str) -> None:
        if not self.exists:
            self.arrays.set_attrs(self.path, {"kind": self.path.rpartition("/")[2], "channels": []})
        facts = self.arrays.attrs(self.path)
        if channel in facts["channels"]:
            return
        self.arrays.set_attrs(self.path, facts | {"channels": [*facts["channels"], channel]})
        path = f"{self.path}/{channel}"
        codecs = MASK_CODECS[self.codec]
        n, hw = len(self.index.channels[channel]), self.index.image_hw[channel]
        self.arrays.set_attrs(path, {})
        self.arrays.create(
            {
                f"{path}/pixels": ArraySpec((n, *hw), (1, *hw), self.dtype, self.fill, codecs),
                f"{path}/mark": ArraySpec((n,), (MARK_CHUNK,), "uint64"),
                f"{path}/seal": ArraySpec((-(-n // MARK_CHUNK),), (1,), "uint32"),
            }
        )

    # Marks

    def _read_marks(self, channel: str) -> AnyArray:
        """(n,) uint64, the marks of a camera's frames; zeros where the layer has no masks of it."""
        if channel not in self._marks:
            self._marks[channel] = self._fetch_marks(channel)
        return self._marks[channel]

    def _fetch_marks(self, channel: str) -> AnyArray:
        n = len(self.index.channels[channel])
        marks = np.zeros(-(-n // MARK_CHUNK) * MARK_CHUNK, np.uint64)
        if not self.exists or channel not in self.arrays.attrs(self.path)["channels"]:
            return marks[:n]
        path = f"{self.path}/{channel}"
        self.arrays.load_nodes([f"{path}/mark", f"{path}/seal", f"{path}/pixels"])
        mark_spec, seal_spec = self.arrays.spec(f"{path}/mark"), self.arrays.spec(f"{path}/seal")
        n_chunks = len(marks) // MARK_CHUNK
        found = self.arrays.get(
            spec.key(f"{path}/{name}", index)
            for name, spec in (("mark", mark_spec), ("seal", seal_spec))
            for index in range(n_chunks)
        )
        for index, (mark, seal) in enumerate(zip(found[:n_chunks], found[n_chunks:], strict=True)):
            if mark is None and seal is None:
                continue
            first = index * MARK_CHUNK
            where = f"{self.arrays.where}, {path}, marks of its frames from {first} on"
            if mark is None or seal is None or seal_spec.decode(where, seal)[0] != checksum_of(mark):
                raise _misplaced(where)
            mark_spec.decode(where, mark, marks[first : first + MARK_CHUNK])
        return marks[:n]

    def _write_marks(self, channel: str, marks: AnyArray, chunks: set[int]) -> None:
        mark_path, seal_path = (f"{self.path}/{channel}/{name}" for name in ("mark", "seal"))
        mark_spec, seal_spec = self.arrays.spec(mark_path), self.arrays.spec(seal_path)
        items: dict[str, bytes | None] = {}
        for index in chunks:
            data = mark_spec.encode(marks[index * MARK_CHUNK : (index + 1) * MARK_CHUNK])
            items[mark_spec.key(mark_path, index)] = data
            seal = np.array([checksum_of(data)], np.uint32)
            items[seal_spec.key(seal_path, index)] = seal_spec.encode(seal)
        self.arrays.put(items)
        self._marks[channel] = marks


def _misplaced(where: str) -> CorruptSceneError:
    return CorruptSceneError(
        f"{where}: chunk is missing, altered or in another's place. Run: drivelabel check --fix"
    )
