"""KITTI's cuboids (rectified camera coords, bottom centre, one angle) and ours."""

from __future__ import annotations

import numpy as np

from drivelabel.geometry import matrix_to_quat_wxyz, quat_wxyz_to_matrix, transform_points
from drivelabel.typing import AnyArray, FloatArray

DECIMALS = 6
"""Digits after the point that are written: micrometres, microradians."""


def to_world(
    location: FloatArray, size_lwh: FloatArray, rotation_y: FloatArray, world_from_rect: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(n, 3) centres and (n, 4) quaternions in world coords.

    Args:
        location: (n, 3), metres, the bottom's middle in rectified camera coords.
        size_lwh: (n, 3), metres.
        rotation_y: (n,), radians about the camera's y (down); at 0 a box looks along its x (right).
        world_from_rect: (4, 4), or (n, 4, 4).
    """
    middle = location.copy()
    middle[:, 1] -= size_lwh[:, 2] / 2
    axes = np.zeros((len(location), 3, 3))
    axes[:, 0, 0], axes[:, 2, 0] = np.cos(rotation_y), -np.sin(rotation_y)  # forward
    axes[:, 1, 2] = -1  # up
    axes[:, :, 1] = np.cross(axes[:, :, 2], axes[:, :, 0])  # left
    rotation = world_from_rect[..., :3, :3] @ axes
    return transform_points(world_from_rect, middle), matrix_to_quat_wxyz(rotation)


def from_world(
    center: AnyArray, size_lwh: AnyArray, quat_wxyz: AnyArray, rect_from_world: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(n, 3) bottom centres, (n,) angles, and (n,) how far boxes lean out of upright, radians."""
    location = transform_points(rect_from_world, center)
    location[:, 1] += np.asarray(size_lwh, np.float64)[:, 2] / 2
    axes = rect_from_world[:3, :3] @ quat_wxyz_to_matrix(quat_wxyz)
    rotation_y = -np.arctan2(axes[:, 2, 0], axes[:, 0, 0])
    lean = np.arccos(np.clip(-axes[:, 1, 2], -1, 1))
    return location, rotation_y, lean


def observation_angle(location: FloatArray, rotation_y: FloatArray) -> FloatArray:
    """(n,) KITTI's alpha: the angle at which the camera sees the box, in (-pi, pi]."""
    alpha = rotation_y - np.arctan2(location[:, 0], location[:, 2])
    wrapped: FloatArray = -((-alpha + np.pi) % (2 * np.pi) - np.pi)
    return wrapped
