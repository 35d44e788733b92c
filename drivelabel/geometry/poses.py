"""Rigid motions: quaternions, 4x4 matrices, and poses between two known ones."""

from __future__ import annotations

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import AnyArray, FloatArray, IntArray

_NEARLY_PARALLEL = 1e-8
"""Below this angle slerp's weights are those of a straight line to the last bit."""


def quat_wxyz_to_matrix(quat_wxyz: AnyArray) -> FloatArray:
    """Rotation matrices of quaternions.

    Args:
        quat_wxyz: (..., 4), w first; any length but zero, q and -q are the same rotation.

    Returns:
        (..., 3, 3) float64.

    Raises:
        InvalidLabelError: the last axis is not 4 long, a number is not finite, or a quaternion is zero.

    Source: Shoemake, Animating rotation with quaternion curves, SIGGRAPH 1985.
    """
    quat = _quaternions(quat_wxyz)
    w, x, y, z = np.moveaxis(quat, -1, 0)
    twice = 2.0 / np.sum(quat * quat, axis=-1)
    rows = (
        (1 - twice * (y * y + z * z), twice * (x * y - w * z), twice * (x * z + w * y)),
        (twice * (x * y + w * z), 1 - twice * (x * x + z * z), twice * (y * z - w * x)),
        (twice * (x * z - w * y), twice * (y * z + w * x), 1 - twice * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def matrix_to_quat_wxyz(matrix: AnyArray) -> FloatArray:
    """Unit quaternions of rotations.

    Args:
        matrix: (..., 3, 3) rotations or (..., 4, 4) rigid motions, whose rotation is taken.

    Returns:
        (..., 4) float64, w first, w never negative.

    Raises:
        InvalidLabelError: the matrices have another shape or a number is not finite.

    Source: Bar-Itzhack, New method for extracting the quaternion from a rotation matrix, 2000. Of its
        four ways to divide, each row takes the one with the largest divisor.
    """
    array = np.asarray(matrix, np.float64)
    if array.ndim < 2 or array.shape[-2:] not in ((3, 3), (4, 4)):
        raise InvalidLabelError(f"matrix: expected shape (..., 3, 3) or (..., 4, 4), got {array.shape}.")
    flat = array[..., :3, :3].reshape(-1, 3, 3)
    check_finite("matrix", flat)
    # Row k of the symmetric 4x4 is 4 q[k] q, so the row with the largest diagonal is the safest to scale.
    xx, yy, zz = flat[:, 0, 0], flat[:, 1, 1], flat[:, 2, 2]
    outer = np.empty((len(flat), 4, 4))
    for k, diagonal in enumerate((1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz)):
        outer[:, k, k] = diagonal
    for i, j, value in (
        (0, 1, flat[:, 2, 1] - flat[:, 1, 2]),
        (0, 2, flat[:, 0, 2] - flat[:, 2, 0]),
        (0, 3, flat[:, 1, 0] - flat[:, 0, 1]),
        (1, 2, flat[:, 0, 1] + flat[:, 1, 0]),
        (1, 3, flat[:, 0, 2] + flat[:, 2, 0]),
        (2, 3, flat[:, 1, 2] + flat[:, 2, 1]),
    ):
        outer[:, i, j] = outer[:, j, i] = value
    best = np.argmax(np.diagonal(outer, axis1=1, axis2=2), axis=1)
    quat = outer[np.arange(len(flat)), best]
    quat /= np.linalg.norm(quat, axis=1, keepdims=True)
    quat[quat[:, 0] < 0] *= -1
    shaped: FloatArray = quat.reshape(*array.shape[:-2], 4)
    return shaped


def yaw_of_quat(quat_wxyz: AnyArray) -> FloatArray:
    """Heading of the rotated x axis about +z: radians in [-pi, pi], 0 = +x, left is positive.

    Args:
        quat_wxyz: (..., 4).

    Raises:
        InvalidLabelError: see :func:`quat_wxyz_to_matrix`.
    """
    w, x, y, z = np.moveaxis(_quaternions(quat_wxyz), -1, 0)
    yaw: FloatArray = np.arctan2(2 * (w * z + x * y), w * w + x * x - y * y - z * z)
    return yaw


def quat_of_yaw(yaw: AnyArray | float) -> FloatArray:
    """(..., 4) unit quaternions that turn by `yaw` (...,) radians about +z."""
    half = np.asarray(yaw, np.float64) / 2
    zero = np.zeros_like(half)
    return np.stack([np.cos(half), zero, zero, np.sin(half)], axis=-1)


def pose_matrix(translation: AnyArray, quat_wxyz: AnyArray) -> FloatArray:
    """``dst_from_src`` of a position and an orientation of src in dst.

    Args:
        translation: (..., 3), metres.
        quat_wxyz: (..., 4).

    Returns:
        (..., 4, 4) float64.

    Raises:
        InvalidLabelError: shapes do not fit, a number is not finite, or a quaternion is zero.
    """
    position = np.asarray(translation, np.float64)
    rotation = quat_wxyz_to_matrix(quat_wxyz)
    if position.shape != (*rotation.shape[:-2], 3):
        raise InvalidLabelError(
            f"translation: expected shape {(*rotation.shape[:-2], 3)}, got {position.shape}."
        )
    matrix = np.zeros((*position.shape[:-1], 4, 4))
    matrix[..., :3, :3] = rotation
    matrix[..., :3, 3] = position
    matrix[..., 3, 3] = 1.0
    return matrix


def invert_rigid(matrix: AnyArray) -> FloatArray:
    """``src_from_dst`` of (..., 4, 4) rigid motions ``dst_from_src``; more exact than a general inverse."""
    array = _motions(matrix)
    inverse = np.zeros_like(array)
    back = np.swapaxes(array[..., :3, :3], -1, -2)
    inverse[..., :3, :3] = back
    inverse[..., :3, 3] = -(back @ array[..., :3, 3:])[..., 0]
    inverse[..., 3, 3] = 1.0
    return inverse


def transform_points(dst_from_src: AnyArray, points_src: AnyArray) -> FloatArray:
    """Points in other coords.

    Args:
        dst_from_src: (4, 4) one motion for all points, or (n, 4, 4) one each.
        points_src: (n, 3), metres.

    Returns:
        points_dst: (n, 3) float64.

    Raises:
        InvalidLabelError: an input has another shape.
    """
    motion = _motions(dst_from_src)
    points = np.asarray(points_src, np.float64)
    check_shape("points_src", points, (None, 3))
    if motion.ndim == 2:
        at_once: FloatArray = points @ motion[:3, :3].T + motion[:3, 3]
        return at_once
    check_shape("dst_from_src", motion, (len(points), 4, 4))
    moved: FloatArray = (motion[:, :3, :3] @ points[:, :, None])[:, :, 0] + motion[:, :3, 3]
    return moved


def interpolate_poses(
    timestamp_ns: IntArray, translation: FloatArray, quat_wxyz: FloatArray, times: IntArray
) -> FloatArray:
    """Poses at any times between the first and the last known one.

    Positions move on straight lines and rotations by slerp along the short arc. At a known time the
    known pose comes back unchanged. Differences of times are taken in int64, so nanoseconds since 1970
    lose nothing.

    Args:
        timestamp_ns: (n,) int64, rising, n at least 1.
        translation: (n, 3), metres.
        quat_wxyz: (n, 4), unit; neighbours may differ in sign.
        times: (m,) int64, in any order.

    Returns:
        (m, 4, 4) float64.

    Raises:
        InvalidLabelError: shapes do not fit, time does not rise, or a time lies outside the known ones.

    Source: Shoemake, Animating rotation with quaternion curves, SIGGRAPH 1985.
    """
    known, wanted = np.asarray(timestamp_ns, np.int64), np.asarray(times, np.int64)
    position, quat = np.asarray(translation, np.float64), _quaternions(quat_wxyz)
    check_shape("timestamp_ns", known, (None,))
    check_shape("times", wanted, (None,))
    check_shape("translation", position, (len(known), 3))
    check_shape("quat_wxyz", quat, (len(known), 4))
    _check_times(known, wanted)
    if len(known) == 1:
        return np.repeat(pose_matrix(position, quat), len(wanted), axis=0)
    left = np.clip(np.searchsorted(known, wanted, side="right") - 1, 0, len(known) - 2)
    weight = (wanted - known[left]) / (known[left + 1] - known[left])
    # (1 - w) a + w b and not a + w (b - a): the former is exact at both ends.
    between = (1 - weight)[:, None] * position[left] + weight[:, None] * position[left + 1]
    return pose_matrix(between, _slerp(quat[left], quat[left + 1], weight))


def _slerp(a: FloatArray, b: FloatArray, weight: FloatArray) -> FloatArray:
    """(m, 4) unit quaternions from a (weight 0) to b (weight 1), along the shorter way."""
    b = np.where(np.sum(a * b, axis=1, keepdims=True) < 0, -b, b)
    # atan2 and not arccos of the dot product: arccos loses half its digits at small angles.
    angle = 2 * np.arctan2(np.linalg.norm(b - a, axis=1), np.linalg.norm(b + a, axis=1))
    straight = angle < _NEARLY_PARALLEL
    safe = np.where(straight, 1.0, angle)
    from_a = np.where(straight, 1 - weight, np.sin((1 - weight) * safe) / np.sin(safe))
    from_b = np.where(straight, weight, np.sin(weight * safe) / np.sin(safe))
    between: FloatArray = from_a[:, None] * a + from_b[:, None] * b
    return between


def _check_times(known: IntArray, wanted: IntArray) -> None:
    if len(known) == 0:
        raise InvalidLabelError("timestamp_ns: expected at least one pose, got none.")
    back = known[1:] <= known[:-1]
    if back.any():
        raise InvalidLabelError(f"timestamp_ns, row {int(np.argmax(back)) + 1}: time must rise.")
    outside = (wanted < known[0]) | (wanted > known[-1])
    if outside.any():
        row = int(np.argmax(outside))
        raise InvalidLabelError(
            f"times, row {row}: expected a time from {int(known[0])} to {int(known[-1])} ns, "
            f"got {int(wanted[row])}."
        )


def _quaternions(quat_wxyz: AnyArray) -> FloatArray:
    quat = np.asarray(quat_wxyz, np.float64)
    if quat.ndim == 0 or quat.shape[-1] != 4:
        raise InvalidLabelError(f"quat_wxyz: expected shape (..., 4), got {quat.shape}.")
    flat = quat.reshape(-1, 4)
    check_finite("quat_wxyz", flat)
    zero = ~flat.any(axis=1)
    if zero.any():
        raise InvalidLabelError(f"quat_wxyz, row {int(np.argmax(zero))}: a zero quaternion is no rotation.")
    return quat


def _motions(matrix: AnyArray) -> FloatArray:
    array = np.asarray(matrix, np.float64)
    if array.ndim < 2 or array.shape[-2:] != (4, 4):
        raise InvalidLabelError(f"matrix: expected shape (..., 4, 4), got {array.shape}.")
    return array
