"""Drives put together sensor by sensor, for readers of logs with several sensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.scene import NO_SAMPLE, Camera, Frames, Lidar, Sensor, Source, Sweeps
from drivelabel.typing import Int32Array, IntArray


@dataclass(slots=True)
class DriveBuilder:
    """Collects what sensors took, in any order; the properties give the tables of a scene.

    Attributes:
        sensors: in the order in which they were first named.
    """

    sensors: list[Sensor] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    _rows: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)

    def add_sensor(self, sensor: Sensor) -> int:
        """Its row."""
        self.sensors.append(sensor)
        self._rows[len(self.sensors) - 1] = []
        return len(self.sensors) - 1

    def add(self, sensor: int, timestamp_ns: int, source: Source, sample: int = NO_SAMPLE) -> None:
        """One file that a sensor took: an image, or a lidar turn."""
        self._rows[sensor].append((timestamp_ns, len(self.sources), sample))
        self.sources.append(source)

    def frames(self) -> Frames:
        """The images. Raises FormatError when a camera took two at one time."""
        return Frames(*self._columns(Camera))

    def sweeps(self) -> Sweeps:
        """The lidar turns. Raises FormatError when a lidar took two at one time."""
        return Sweeps(*self._columns(Lidar))

    def _columns(self, kind: type) -> tuple[IntArray, Int32Array, Int32Array, Int32Array, Int32Array]:
        rows: list[tuple[int, int, int, int]] = []
        for sensor, taken in self._rows.items():
            if isinstance(self.sensors[sensor], kind):
                taken.sort()
                self._check_times(sensor, taken)
                rows += [(time_ns, sensor, source, sample) for time_ns, source, sample in taken]
        table = np.asarray(rows, np.int64).reshape(len(rows), 4)
        small = table.astype(np.int32)
        return table[:, 0], small[:, 1], small[:, 2], np.zeros(len(rows), np.int32), small[:, 3]

    def _check_times(self, sensor: int, taken: Sequence[tuple[int, int, int]]) -> None:
        for before, after in pairwise(taken):
            if before[0] == after[0]:
                channel = self.sensors[sensor].channel
                raise FormatError(
                    f"{self.sources[after[1]].path}: {channel} has two files of the time {after[0]} ns."
                )


def nearest_sample(samples_ns: IntArray, timestamp_ns: int, within_ns: int) -> int:
    """The sample nearest in time; NO_SAMPLE when none is within `within_ns`."""
    if not len(samples_ns):
        return NO_SAMPLE
    after = int(np.searchsorted(samples_ns, timestamp_ns))
    nearby = [row for row in (after - 1, after) if 0 <= row < len(samples_ns)]
    best = min(nearby, key=lambda row: abs(int(samples_ns[row]) - timestamp_ns))
    return best if abs(int(samples_ns[best]) - timestamp_ns) <= within_ns else NO_SAMPLE
