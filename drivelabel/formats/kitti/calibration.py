"""KITTI's calibration files, and how they place its camera and its lidar in our ego coords.

Our ego coords are those of the velodyne: x forward, y left, z up. Labels are in the rectified coords of
camera 0: x right, y down, z forward. A point of theirs lands in image k at ``Pk @ point``; the fourth
column of Pk shifts it to camera k.

Source: Geiger et al., Vision meets robotics: the KITTI dataset, IJRR 2013.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import read_text
from drivelabel.geometry import invert_rigid
from drivelabel.typing import FloatArray

EGO_FROM_RECT_AXES: FloatArray = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""From camera axes to ours, where nothing is known of the mounting."""

_MAX_BYTES = 1 << 20
_NEARLY_RIGID = 1e-2


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """One frame's calibration.

    Attributes:
        projection: (3, 4), pixels: rectified camera 0 to the image.
        rect_from_ego: (4, 4), the velodyne's coords to rectified camera 0.
        error: how far the file's rotations were from rotations.
    """

    projection: FloatArray | None
    rect_from_ego: FloatArray
    error: float = 0.0

    @classmethod
    def unknown(cls) -> Self:
        """Only the axes are known."""
        return cls(None, invert_rigid(EGO_FROM_RECT_AXES))

    @property
    def camera_matrix(self) -> FloatArray | None:
        """(3, 3), pixels; None when not known."""
        return None if self.projection is None else self.projection[:, :3].copy()

    @property
    def ego_from_camera(self) -> FloatArray:
        """(4, 4), the image's camera."""
        camera_from_rect = np.eye(4)
        if self.projection is not None:
            camera_from_rect[:3, 3] = np.linalg.solve(self.projection[:, :3], self.projection[:, 3])
        return invert_rigid(camera_from_rect @ self.rect_from_ego)

    def key(self) -> bytes:
        """Equal for equal calibrations."""
        projection = b"" if self.projection is None else self.projection.tobytes()
        return projection + self.rect_from_ego.tobytes()


def read_values(path: Path) -> dict[str, FloatArray]:
    """The ``NAME: numbers`` (or ``NAME numbers``) lines of a calibration file; others are passed over.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no text, or a number is not finite.
    """
    found: dict[str, FloatArray] = {}
    for number, line in enumerate(read_text(path, max_bytes=_MAX_BYTES).splitlines(), 1):
        name, *words = line.replace(":", " ", 1).split() or [""]
        try:
            values = np.array([float(word) for word in words])
        except ValueError:
            continue  # calib_time: 09-Jan-2012 13:57:47
        if not (np.abs(values) <= 1e15).all():
            raise FormatError(f"{path}, line {number}: expected finite numbers.")
        found[name] = values
    return found


def read_calibration(path: Path, camera: int = 2) -> Calibration:
    """The calibration of an object or tracking frame.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: a matrix is missing or of another size, or a rotation is none.
    """
    values = read_values(path)
    projection = _matrix(path, values, (f"P{camera}",), (3, 4))
    rotation = _matrix(path, values, ("R0_rect", "R_rect"), (3, 3))
    motion = _matrix(path, values, ("Tr_velo_to_cam", "Tr_velo_cam"), (3, 4))
    rect, error = rigid(path, rotation, np.zeros(3))
    velo, other = rigid(path, motion[:, :3], motion[:, 3])
    if not (projection[0, 0] > 0 and projection[1, 1] > 0 and abs(np.linalg.det(projection[:, :3])) > 0):
        raise FormatError(f"{path}: P{camera}: expected positive focal lengths.")
    return Calibration(projection / projection[2, 2], rect @ velo, max(error, other))


def rigid(path: Path, rotation: FloatArray, translation: FloatArray) -> tuple[FloatArray, float]:
    """(4, 4) of the nearest rotation, and how far off the given one was. Raises FormatError beyond 1 %."""
    left, _, right = np.linalg.svd(rotation)
    nearest = left @ np.diag([1, 1, np.sign(np.linalg.det(left @ right))]) @ right
    error = float(np.abs(nearest - rotation).max())
    if error > _NEARLY_RIGID:
        raise FormatError(f"{path}: expected rotations, got a matrix that is off by {error:.2g}.")
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = nearest, translation
    return motion, error


def _matrix(
    path: Path, values: dict[str, FloatArray], names: tuple[str, ...], shape: tuple[int, int]
) -> FloatArray:
    found = next((values[name] for name in names if name in values), None)
    if found is None or found.size != shape[0] * shape[1]:
        raise FormatError(f"{path}: expected {shape[0] * shape[1]} numbers called {names[0]}.")
    return found.reshape(shape)


def calibration_text(projection: FloatArray, rect_from_velo: FloatArray) -> str:
    """The text of a calibration file: every camera has the one projection, rectification is none."""
    lines = [f"P{k}: {_words(projection)}" for k in range(4)]
    lines += [f"R0_rect: {_words(np.eye(3))}", f"Tr_velo_to_cam: {_words(rect_from_velo[:3])}"]
    lines += [f"Tr_imu_to_velo: {_words(np.eye(4)[:3])}"]
    return "\n".join(lines) + "\n"


def _words(matrix: FloatArray) -> str:
    return " ".join(repr(float(value)) for value in matrix.reshape(-1))
