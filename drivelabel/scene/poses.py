"""Where the ego vehicle was, at any time of the log."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.geometry import interpolate_poses
from drivelabel.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """Ego motion, one pose a row.

    Attributes:
        timestamp_ns: (n,) int64, rising.
        translation: (n, 3) float64, metres, ego's origin in world coords.
        quat_wxyz: (n, 4) float64, unit, ``world_from_ego`` rotation.

    Raises:
        InvalidLabelError: columns differ in length, time does not rise, or a number is not finite.
    """

    timestamp_ns: IntArray
    translation: FloatArray
    quat_wxyz: FloatArray

    def __post_init__(self) -> None:
        n = len(self.timestamp_ns)
        check_shape("poses.timestamp_ns", self.timestamp_ns, (n,))
        check_shape("poses.translation", self.translation, (n, 3))
        check_shape("poses.quat_wxyz", self.quat_wxyz, (n, 4))
        check_finite("poses.translation", self.translation)
        check_finite("poses.quat_wxyz", self.quat_wxyz)
        if n == 0:
            raise InvalidLabelError("poses: expected at least one pose, got none.")
        back = np.diff(self.timestamp_ns) <= 0
        if back.any():
            row = int(np.argmax(back)) + 1
            raise InvalidLabelError(f"poses, row {row}: time must rise from row to row.")
        with np.errstate(over="ignore"):  # 1e300 is refused below, not warned of
            off = np.abs(np.linalg.norm(self.quat_wxyz, axis=1) - 1) > 1e-6
        if off.any():
            raise InvalidLabelError(f"poses.quat_wxyz, row {int(np.argmax(off))}: expected unit length.")

    def __len__(self) -> int:
        return len(self.timestamp_ns)

    def at(self, timestamp_ns: IntArray | int) -> FloatArray:
        """``world_from_ego`` at any times inside the log, by slerp and straight lines.

        Args:
            timestamp_ns: (m,) or one.

        Returns:
            (m, 4, 4) float64, or (4, 4) for one time.

        Raises:
            SceneLookupError: a time lies before the first or after the last pose.
        """
        times = np.atleast_1d(np.asarray(timestamp_ns, np.int64))
        outside = (times < self.timestamp_ns[0]) | (times > self.timestamp_ns[-1])
        if outside.any():
            when = int(times[np.argmax(outside)])
            raise SceneLookupError(
                f"poses: no pose at {when} ns; they reach from {int(self.timestamp_ns[0])} "
                f"to {int(self.timestamp_ns[-1])} ns."
            )
        matrices = interpolate_poses(self.timestamp_ns, self.translation, self.quat_wxyz, times)
        return matrices if np.ndim(timestamp_ns) else matrices[0]
