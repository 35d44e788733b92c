from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drivelabel.errors import InvalidLabelError
from drivelabel.scene import Camera, Distortion, Lidar

MATRIX = np.array([[100.0, 0, 32], [0, 100, 24], [0, 0, 1]])


def test_a_camera_may_be_uncalibrated() -> None:
    assert not Camera("cam", (48, 64)).is_calibrated
    assert not Camera("cam", (48, 64), MATRIX).is_calibrated
    assert Camera("cam", (48, 64), MATRIX, ego_from_sensor=np.eye(4)).is_calibrated


@pytest.mark.parametrize("channel", ["", "cam/front", "../cam", "cam front", "cam.front", "cam\n"])
def test_a_channel_is_a_plain_name(channel: str) -> None:
    with pytest.raises(InvalidLabelError, match="channel: expected letters, digits, '_' and '-'"):
        Camera(channel, (48, 64))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_hw": (0, 64)}, r"cam: expected a positive image size, got \(0, 64\)\."),
        ({"camera_matrix": np.eye(4)}, r"cam\.camera_matrix: expected shape \(3, 3\), got \(4, 4\)\."),
        ({"camera_matrix": np.full((3, 3), np.nan)}, "camera_matrix, row 0: expected finite numbers"),
        ({"camera_matrix": -MATRIX}, "expected positive focal lengths"),
        ({"ego_from_sensor": np.eye(3)}, r"cam\.ego_from_sensor: expected shape \(4, 4\)"),
        ({"ego_from_sensor": np.diag([2.0, 1, 1, 1])}, "expected a rigid motion, got one that is off by 3"),
        ({"ego_from_sensor": np.diag([-1.0, 1, 1, 1])}, "expected a rigid motion"),
        ({"ego_from_sensor": np.full((4, 4), np.inf)}, "expected finite numbers"),
    ],
)
def test_a_wrong_calibration_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidLabelError, match=message):
        Camera(**({"channel": "cam", "image_hw": (48, 64)} | arguments))


def test_a_lidar_has_a_rigid_mounting() -> None:
    assert Lidar("lidar_top", np.eye(4)).channel == "lidar_top"
    with pytest.raises(InvalidLabelError, match=r"lidar\.ego_from_sensor: expected a rigid motion"):
        Lidar("lidar", np.zeros((4, 4)))


@pytest.mark.parametrize(
    ("model", "n", "message"),
    [
        ("fish", 4, "distortion: expected one of none, brown, fisheye, got 'fish'"),
        ("brown", 3, r"distortion brown: expected \(4, 5, 8\) coefficients, got 3"),
        ("none", 1, "distortion none: expected"),
        ("fisheye", 5, "distortion fisheye: expected"),
    ],
)
def test_a_wrong_distortion_is_refused(model: str, n: int, message: str) -> None:
    with pytest.raises(InvalidLabelError, match=message):
        Distortion(model, np.zeros(n))


@pytest.mark.parametrize(
    ("model", "n"), [("none", 0), ("brown", 4), ("brown", 5), ("brown", 8), ("fisheye", 4)]
)
def test_known_distortions_are_taken(model: str, n: int) -> None:
    assert len(Distortion(model, np.zeros((1, n))).coefficients) == n
