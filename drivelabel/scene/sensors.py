"""The sensors of a log and how they are mounted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import FloatArray

DISTORTION_MODELS = ("none", "brown", "fisheye")
"""``brown``: OpenCV's k1 k2 p1 p2 k3 [k4 k5 k6]; ``fisheye``: OpenCV's fisheye k1 k2 k3 k4."""


@dataclass(frozen=True, slots=True, eq=False)
class Distortion:
    """How a lens bends a pinhole picture.

    Attributes:
        model: one of DISTORTION_MODELS.
        coefficients: (k,) float64 in OpenCV's order.

    Raises:
        InvalidLabelError: the model is unknown or has another number of coefficients.
    """

    model: str
    coefficients: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", np.asarray(self.coefficients, np.float64).reshape(-1))
        counts = {"none": (0,), "brown": (4, 5, 8), "fisheye": (4,)}
        if self.model not in counts:
            raise InvalidLabelError(
                f"distortion: expected one of {', '.join(DISTORTION_MODELS)}, got {self.model!r}."
            )
        if len(self.coefficients) not in counts[self.model]:
            raise InvalidLabelError(
                f"distortion {self.model}: expected {counts[self.model]} coefficients, "
                f"got {len(self.coefficients)}."
            )
        check_finite("distortion", self.coefficients)


NO_DISTORTION = Distortion("none", np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """A camera.

    Attributes:
        channel: its name in the scene, such as ``cam_front``.
        image_hw: height and width of its images, pixels.
        camera_matrix: (3, 3) float64, pixels, (0, 0) at the image's corner; None when not calibrated.
        distortion: how its lens bends the picture.
        ego_from_sensor: (4, 4) float64, mounting, metres; None when not known.

    Raises:
        InvalidLabelError: a matrix has another shape, is not finite, or is no rigid motion.
    """

    channel: str
    image_hw: tuple[int, int]
    camera_matrix: FloatArray | None = None
    distortion: Distortion = NO_DISTORTION
    ego_from_sensor: FloatArray | None = None

    def __post_init__(self) -> None:
        _check_channel(self.channel)
        height, width = self.image_hw
        if height <= 0 or width <= 0:
            raise InvalidLabelError(f"{self.channel}: expected a positive image size, got {self.image_hw}.")
        if self.camera_matrix is not None:
            check_shape(f"{self.channel}.camera_matrix", self.camera_matrix, (3, 3))
            check_finite(f"{self.channel}.camera_matrix", self.camera_matrix)
            if self.camera_matrix[0, 0] <= 0 or self.camera_matrix[1, 1] <= 0:
                raise InvalidLabelError(f"{self.channel}.camera_matrix: expected positive focal lengths.")
        if self.ego_from_sensor is not None:
            check_rigid(f"{self.channel}.ego_from_sensor", self.ego_from_sensor)

    @property
    def is_calibrated(self) -> bool:
        """Whether points can be projected into its images."""
        return self.camera_matrix is not None and self.ego_from_sensor is not None


@dataclass(frozen=True, slots=True, eq=False)
class Lidar:
    """A lidar.

    Attributes:
        channel: its name in the scene, such as ``lidar_top``.
        ego_from_sensor: (4, 4) float64, mounting, metres.

    Raises:
        InvalidLabelError: the matrix has another shape, is not finite, or is no rigid motion.
    """

    channel: str
    ego_from_sensor: FloatArray

    def __post_init__(self) -> None:
        _check_channel(self.channel)
        check_rigid(f"{self.channel}.ego_from_sensor", self.ego_from_sensor)


Sensor: TypeAlias = Camera | Lidar


def check_rigid(name: str, matrix: FloatArray) -> None:
    """Raise InvalidLabelError unless `matrix` is a (4, 4) rotation and translation."""
    check_shape(name, matrix, (4, 4))
    check_finite(name, matrix)
    rotation = matrix[:3, :3]
    error = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    if error > 1e-6 or np.linalg.det(rotation) < 0 or not np.array_equal(matrix[3], [0, 0, 0, 1]):
        raise InvalidLabelError(f"{name}: expected a rigid motion, got one that is off by {error:.2g}.")


def _check_channel(channel: str) -> None:
    if not channel or not channel.replace("_", "").replace("-", "").isalnum():
        raise InvalidLabelError(
            f"channel: expected letters, digits, '_' and '-', such as cam_front, got {channel!r}."
        )
