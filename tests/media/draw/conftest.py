"""Scenes small enough to draw in a test."""

from __future__ import annotations

import numpy as np
import pytest

from drivelabel.labels import Boxes3D, Grouped
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.scene import NO_SAMPLE, Camera, Frames, Layer, Poses, Scene, Source

# Camera x right, y down, z forward; ego x forward, y left, z up.
EGO_FROM_AHEAD = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 1.5], [0, 0, 0, 1]], np.float64)
SECOND = 1_000_000_000


def camera_looking(yaw_deg: float, channel: str, image_hw: tuple[int, int] = (240, 400)) -> Camera:
    """A calibrated camera turned to the left by `yaw_deg`."""
    c, s = np.cos(np.deg2rad(yaw_deg)), np.sin(np.deg2rad(yaw_deg))
    turn = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    height, width = image_hw
    matrix = np.array([[200.0, 0, width / 2], [0, 200.0, height / 2], [0, 0, 1]])
    return Camera(channel, image_hw, matrix, ego_from_sensor=turn @ EGO_FROM_AHEAD)


def cuboid_at(x: float, y: float = 0.0, velocity: tuple[float, float, float] | None = None) -> Boxes3D:
    """A car of 4 x 2 x 1.5 m on the ground, heading along world x, at time 0."""
    return Boxes3D(
        timestamp_ns=[0],
        center=[[x, y, 0.75]],
        size_lwh=[[4, 2, 1.5]],
        quat_wxyz=[[1, 0, 0, 0]],
        category_id=[DRIVING.id_of("car")],
        velocity=None if velocity is None else [velocity],
        track_id=[7],
    )


@pytest.fixture
def scene() -> Scene:
    """Two frames of one camera, one second and ten metres apart; a cuboid stands 20 m ahead of the first."""
    layer = Layer("truth", DRIVING, tables={"boxes3d": Grouped.from_groups(Boxes3D, 1, {0: cuboid_at(20)})})
    return Scene(
        name="drive",
        sensors=(camera_looking(0, "cam_front"),),
        taxonomy=DRIVING,
        frames=Frames([0, SECOND, 9 * SECOND], [0] * 3, [0] * 3, [0, 1, 2], [0, 0, NO_SAMPLE]),
        samples_ns=np.array([0]),
        sources=(Source("drive.mp4", "video"),),
        poses=Poses(
            np.array([0, SECOND]), np.array([[0.0, 0, 0], [10, 0, 0]]), np.array([[1.0, 0, 0, 0]] * 2)
        ),
        layers={"truth": layer},
    )
