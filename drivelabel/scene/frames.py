"""What was recorded: images, lidar sweeps, and the files they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import Int32Array, IntArray

NO_SAMPLE = -1
"""``sample`` of a frame or sweep that belongs to no sample."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that frames or sweeps are read from.

    Attributes:
        path: where it is, a local path or URL; relative paths count from the scene's folder.
        kind: ``image``, ``video``, ``pandaset_sweep``, ...; says which decoder reads it.
        sha256: hex digest of its bytes, or "" when it was not taken.
        n_bytes: its size.
    """

    path: str
    kind: str
    sha256: str = ""
    n_bytes: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """What sensors took, one row each; those of one sensor stand together, in order of time.

    Attributes:
        timestamp_ns: (n,) int64, nanoseconds since 1970.
        sensor: (n,) int32, row of the scene's sensors.
        source: (n,) int32, row of the scene's sources.
        source_index: (n,) int32, number of the item within its source (0 for an image file).
        sample: (n,) int32, row of the scene's samples; NO_SAMPLE if it belongs to none.

    Raises:
        InvalidLabelError: columns differ in length, or a sensor's time does not rise.
    """

    timestamp_ns: IntArray
    sensor: Int32Array
    source: Int32Array
    source_index: Int32Array
    sample: Int32Array

    def __post_init__(self) -> None:
        _check_columns(self)

    def __len__(self) -> int:
        return len(self.timestamp_ns)

    @classmethod
    def empty(cls) -> Self:
        """No rows."""
        return cls(np.zeros(0, np.int64), *(np.zeros(0, np.int32) for _ in range(4)))


@dataclass(frozen=True, slots=True, eq=False)
class Frames(Recorded):
    """Images, one row each; see :class:`Recorded` for the columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweeps(Recorded):
    """Lidar turns, one row each; see :class:`Recorded` for the columns."""


def _check_columns(table: Recorded) -> None:
    what = type(table).__name__.lower()
    n = len(table.timestamp_ns)
    for name in ("timestamp_ns", "sensor", "source", "source_index", "sample"):
        dtype = np.int64 if name == "timestamp_ns" else np.int32
        value = np.ascontiguousarray(getattr(table, name), dtype=dtype)
        check_shape(f"{what}.{name}", value, (n,))
        object.__setattr__(table, name, value)
    steps, same = np.diff(table.timestamp_ns), np.diff(table.sensor) == 0
    back = same & (steps <= 0)
    if back.any():
        row = int(np.argmax(back)) + 1
        raise InvalidLabelError(
            f"{what}, row {row}: time must rise within one sensor, got {int(table.timestamp_ns[row])} ns "
            f"after {int(table.timestamp_ns[row - 1])} ns. Sort the input, or drop rows with "
            f'on_invalid="skip".'
        )
    firsts = table.sensor[np.flatnonzero(np.r_[True, ~same])] if n else table.sensor
    if len(np.unique(firsts)) != len(firsts):
        raise InvalidLabelError(f"{what}: the rows of one sensor must stand together.")
