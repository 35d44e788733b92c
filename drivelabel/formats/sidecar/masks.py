"""Dense masks as runs of equal pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from drivelabel.errors import FormatError, SceneLookupError
from drivelabel.scene import MaskStore
from drivelabel.typing import AnyArray, BoolArray, IntArray

MAX_PIXELS = 200_000_000


@dataclass(frozen=True, slots=True, eq=False)
class RunMasks:
    """Masks by frame, held as runs and expanded when they are read: a :class:`drivelabel.scene.MaskStore`.

    Attributes:
        frame: (m,) int64, the frames that have a mask, rising.
        image_hw: (m, 2) int64, pixels.
        offsets: (m + 1,) int64, where each mask's runs start.
        values: (r,) uint8 or uint16, the value of each run, row by row of the image.
        lengths: (r,) int64, pixels.
        n_frames: of the scene.

    Raises:
        FormatError: the runs do not fill the images.
    """

    frame: IntArray
    image_hw: IntArray
    offsets: IntArray
    values: AnyArray
    lengths: IntArray
    n_frames: int

    def __post_init__(self) -> None:
        m = len(self.frame)
        shapes = (self.frame.shape, self.image_hw.shape, self.offsets.shape, self.values.shape)
        good = shapes == ((m,), (m, 2), (m + 1,), self.lengths.shape) and self.lengths.ndim == 1
        good = good and bool((np.diff(self.frame) > 0).all()) and self.values.dtype in (np.uint8, np.uint16)
        if good and m:
            good = int(self.frame[0]) >= 0 and int(self.frame[-1]) < self.n_frames
        good = good and int(self.offsets[0]) == 0 and int(self.offsets[-1]) == len(self.lengths)
        good = good and bool((np.diff(self.offsets) >= 0).all()) and bool((self.image_hw > 0).all())
        good = good and bool((self.image_hw <= 65_535).all())
        if not good or not self._fills():
            raise FormatError("masks: their runs do not fill their images.")

    def _fills(self) -> bool:
        pixels = self.image_hw.prod(axis=1)
        if (pixels > MAX_PIXELS).any() or (self.lengths <= 0).any() or (self.lengths > MAX_PIXELS).any():
            return False
        ends = np.concatenate([[0], np.cumsum(self.lengths)])
        return bool(np.array_equal(ends[self.offsets[1:]] - ends[self.offsets[:-1]], pixels))

    def __contains__(self, frame: object) -> bool:
        return isinstance(frame, (int, np.integer)) and self._row(int(frame)) is not None

    def read(self, frame: int, out: AnyArray | None = None) -> AnyArray:
        """See :meth:`drivelabel.scene.MaskStore.read`."""
        row = self._row(frame)
        if row is None:
            raise SceneLookupError(f"frame {frame} has no mask.")
        part = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        height, width = self.image_hw[row].tolist()
        mask = np.repeat(self.values[part], self.lengths[part]).reshape(height, width)
        if out is None:
            return mask
        out[...] = mask
        return out

    def labelled(self) -> BoolArray:
        """See :meth:`drivelabel.scene.MaskStore.labelled`."""
        flags = np.zeros(self.n_frames, np.bool_)
        flags[self.frame] = True
        return flags

    def _row(self, frame: int) -> int | None:
        row = int(np.searchsorted(self.frame, frame))
        return row if row < len(self.frame) and int(self.frame[row]) == frame else None

    def arrays(self) -> dict[str, AnyArray]:
        """The columns, for a file."""
        return {name: getattr(self, name) for name in ("frame", "image_hw", "offsets", "values", "lengths")}


def runs_of(masks: MaskStore) -> RunMasks:
    """Any masks as runs; they are read one at a time."""
    flags = masks.labelled()
    frames = np.flatnonzero(flags)
    hws, values, lengths = [], [], []
    for frame in frames.tolist():
        mask = masks.read(frame)
        flat = np.ascontiguousarray(mask).reshape(-1)
        starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
        hws.append(mask.shape)
        values.append(flat[starts])
        lengths.append(np.diff(np.append(starts, len(flat))))
    counts = [len(part) for part in lengths]
    return RunMasks(
        frame=frames.astype(np.int64),
        image_hw=np.asarray(hws, np.int64).reshape(-1, 2),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        values=np.concatenate(values) if values else np.zeros(0, np.uint8),
        lengths=np.concatenate(lengths).astype(np.int64) if lengths else np.zeros(0, np.int64),
        n_frames=len(flags),
    )


def runs_of_arrays(arrays: Mapping[str, AnyArray], prefix: str, n_frames: int) -> RunMasks:
    """Masks from the arrays of a file, named ``PREFIX.frame``, ...

    Raises:
        FormatError: one is missing, or they do not fit each other.
    """
    names = ("frame", "image_hw", "offsets", "values", "lengths")
    try:
        return RunMasks(**{name: arrays[f"{prefix}.{name}"] for name in names}, n_frames=n_frames)
    except (KeyError, IndexError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{prefix}: its arrays are missing or do not fit each other.") from None
