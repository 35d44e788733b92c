"""Dense masks on disk: one chunk a frame, so a reviewer reads one frame and an editor rewrites one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.labels import NO_INSTANCE, VOID
from drivelabel.scene import Scene
from drivelabel.storage._arrays import Arrays, ArraySpec, strip_checksum
from drivelabel.storage._pages import UNLABELLED
from drivelabel.typing import AnyArray, BoolArray

MASK_KINDS: dict[str, tuple[str, int]] = {
    "label_map": ("uint8", VOID),
    "instance_map": ("uint16", NO_INSTANCE),
}
"""Name of a layer's mask group: its pixels' dtype and their value where nobody labelled."""

STATE_CHUNK = 1024


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """Which camera took each frame, and as its how many-th.

    Attributes:
        channels: camera to its frames.
        image_hw: camera to height and width of its images, pixels.
        n_frames: of the scene.
    """

    channels: Mapping[str, range]
    image_hw: Mapping[str, tuple[int, int]]
    n_frames: int

    @classmethod
    def of(cls, scene: Scene) -> FrameIndex:
        """The frame index of a scene."""
        return cls(
            {camera.channel: scene.frames_of(camera.channel) for camera in scene.cameras},
            {camera.channel: camera.image_hw for camera in scene.cameras},
            len(scene.frames),
        )

    def find(self, frame: int) -> tuple[str, int]:
        """Camera and place among its frames.

        Raises:
            SceneLookupError: there is no such frame.
        """
        for channel, frames in self.channels.items():
            if frame in frames:
                return channel, frame - frames.start
        raise SceneLookupError(f"no frame {frame}: the scene has {self.n_frames}.")


@dataclass(frozen=True, slots=True)
class StoredMasks:
    """One kind of mask of one layer; a :class:`drivelabel.scene.MaskStore`."""

    arrays: Arrays
    path: str
    index: FrameIndex
    dtype: str
    fill: int

    @classmethod
    def at(cls, arrays: Arrays, layer: str, kind: str, index: FrameIndex) -> StoredMasks:
        """The masks `kind` of a layer; they need not exist yet."""
        return cls(arrays, f"layers/{layer}/{kind}", index, *MASK_KINDS[kind])

    @property
    def exists(self) -> bool:
        """Whether anybody has written one."""
        return self.arrays.node(self.path) is not None

    def __contains__(self, frame: object) -> bool:
        if not isinstance(frame, (int, np.integer)) or not 0 <= frame < self.index.n_frames:
            return False
        channel, place = self.index.find(int(frame))
        return bool(self._state(channel)[place] > UNLABELLED)

    def labelled(self) -> BoolArray:
        """(n_frames,), which frames have a mask."""
        flags = np.zeros(self.index.n_frames, np.bool_)
        for channel, frames in self.index.channels.items():
            flags[frames.start : frames.stop] = self._state(channel) > UNLABELLED
        return flags

    def states(self, frame: int) -> int:
        """The state of a frame's mask: UNLABELLED, LABELLED or TOUCHED."""
        channel, place = self.index.find(frame)
        return int(self._state(channel)[place])

    def read(self, frame: int, out: AnyArray | None = None) -> AnyArray:
        """(h, w), the frame's mask, into `out` when it is given.

        Raises:
            SceneLookupError: the frame has no mask.
            CorruptSceneError: its chunk is damaged.
        """
        channel, place = self.index.find(frame)
        path = f"{self.path}/{channel}/pixels"
        spec = self.arrays.spec(path) if self.exists else None
        data = None if spec is None else self.arrays.get([spec.key(path, place)])[0]
        if spec is None or data is None:
            raise SceneLookupError(f"{self.arrays.where}, {self.path}: frame {frame} has no mask.")
        where = f"{self.arrays.where}, {path}, frame {frame}"
        return _decode(where, data, spec, out)

    def write(self, masks: Mapping[int, AnyArray], state: int) -> None:
        """Write some frames' masks and mark them.

        Raises:
            InvalidLabelError: a mask has another shape or dtype than its camera's images ask for.
        """
        if not self.exists:
            self.arrays.set_attrs(self.path, {"kind": self.path.rpartition("/")[2]})
        items: dict[str, bytes | None] = {}
        states: dict[str, AnyArray] = {}
        for frame, mask in masks.items():
            channel, place = self.index.find(frame)
            self._check(channel, frame, mask)
            self._make(channel)
            path = f"{self.path}/{channel}/pixels"
            spec = self.arrays.spec(path)
            assert spec is not None, "made the line before"
            items[spec.key(path, place)] = _encode(mask, spec)
            states.setdefault(channel, self._state(channel))[place] = max(
                state, int(states[channel][place]) if channel in states else 0
            )
        for channel, values in states.items():
            items |= self._state_items(channel, values)
        self.arrays.put(items)

    def _check(self, channel: str, frame: int, mask: AnyArray) -> None:
        if mask.shape != self.index.image_hw[channel] or mask.dtype != np.dtype(self.dtype):
            raise InvalidLabelError(
                f"frame {frame}: expected a {self.dtype} mask of shape {self.index.image_hw[channel]}, "
                f"got {mask.dtype} {mask.shape}."
            )

    def _make(self, channel: str) -> None:
        path = f"{self.path}/{channel}"
        if self.arrays.node(path) is not None:
            return
        n = len(self.index.channels[channel])
        height, width = self.index.image_hw[channel]
        self.arrays.set_attrs(path, {})
        self.arrays.create(
            {
                f"{path}/pixels": _pixel_spec((n, height, width), self.dtype, self.fill),
                f"{path}/state": ArraySpec((n,), (min(n, STATE_CHUNK),), "uint8"),
            }
        )

    def _state(self, channel: str) -> AnyArray:
        path = f"{self.path}/{channel}"
        n = len(self.index.channels[channel])
        if self.arrays.node(path) is None:
            return np.zeros(n, np.uint8)
        values = self.arrays.read_array(f"{path}/state")
        assert values is not None, "made together with its group"
        return values.copy()

    def _state_items(self, channel: str, values: AnyArray) -> dict[str, bytes | None]:
        path = f"{self.path}/{channel}/state"
        spec = self.arrays.spec(path)
        assert spec is not None, "made together with its group"
        items: dict[str, bytes | None] = {}
        for index, start in enumerate(range(0, len(values), spec.chunk[0])):
            full = np.zeros(spec.chunk, np.uint8)
            part = values[start : start + spec.chunk[0]]
            full[: len(part)] = part
            items[spec.key(path, index)] = spec.encode(full)
        return items


def _pixel_spec(shape: tuple[int, ...], dtype: str, fill: int) -> ArraySpec:
    return ArraySpec(shape, (1, *shape[1:]), dtype, fill)


def _encode(mask: AnyArray, spec: ArraySpec) -> bytes:
    return spec.encode(mask[None])


def _decode(where: str, data: bytes, spec: ArraySpec, out: AnyArray | None) -> AnyArray:
    mask: AnyArray = spec.decode(where, data)[0]
    if out is None:
        return mask
    out[...] = mask
    return out


__all__ = ["MASK_KINDS", "FrameIndex", "StoredMasks", "strip_checksum"]
