"""KITTI's GPS and IMU packets (oxts) as ego poses.

Source: Geiger et al., Vision meets robotics: the KITTI dataset, IJRR 2013; readme of its raw development kit:
positions by Mercator's projection at the first packet's latitude, rotation by roll, pitch and yaw.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.kitti.calibration import read_values, rigid
from drivelabel.formats.loading import read_text
from drivelabel.formats.report import Tally
from drivelabel.geometry import invert_rigid
from drivelabel.typing import FloatArray

N_VALUES = 30
EARTH_RADIUS = 6378137.0
_MAX_BYTES = 1 << 28


def read_oxts(files: Sequence[Path]) -> FloatArray:
    """(n, 30) packets, a line each, of all files.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a line has another count of numbers, or one is not finite.
    """
    rows = []
    for path in files:
        for number, line in enumerate(read_text(path, max_bytes=_MAX_BYTES).splitlines(), 1):
            words = line.split()
            if not words:
                continue
            try:
                values = np.array([float(word) for word in words])
            except ValueError:
                raise FormatError(f"{path}, line {number}: expected numbers.") from None
            if len(values) != N_VALUES or not (np.abs(values) <= 1e15).all():
                raise FormatError(
                    f"{path}, line {number}: expected {N_VALUES} finite numbers, got {len(values)}."
                )
            if abs(values[0]) > 89:
                raise FormatError(f"{path}, line {number}: expected a latitude, got {values[0]:g}.")
            rows.append(values)
    return np.array(rows).reshape(-1, N_VALUES)


def world_from_imu(packets: FloatArray) -> FloatArray:
    """(n, 4, 4), x east, y north, z up; the origin is at the first packet."""
    if not len(packets):
        return np.zeros((0, 4, 4))
    scale = np.cos(np.deg2rad(packets[0, 0]))
    position = np.stack(
        [
            scale * EARTH_RADIUS * np.deg2rad(packets[:, 1]),
            scale * EARTH_RADIUS * np.log(np.tan(np.pi / 4 + np.deg2rad(packets[:, 0]) / 2)),
            packets[:, 2],
        ],
        axis=1,
    )
    roll, pitch, yaw = packets[:, 3], packets[:, 4], packets[:, 5]
    motion = np.tile(np.eye(4), (len(packets), 1, 1))
    motion[:, :3, :3] = _turn(yaw, 2) @ _turn(pitch, 1) @ _turn(roll, 0)
    motion[:, :3, 3] = position - position[0]
    return motion


def _turn(angle: FloatArray, axis: int) -> FloatArray:
    """(n, 3, 3) rotations about one axis."""
    one, other = [(1, 2), (2, 0), (0, 1)][axis]
    turn = np.tile(np.eye(3), (len(angle), 1, 1))
    turn[:, one, one] = turn[:, other, other] = np.cos(angle)
    turn[:, one, other], turn[:, other, one] = -np.sin(angle), np.sin(angle)
    return turn


def packets_of(world_from_imu: FloatArray) -> FloatArray:
    """(n, 30) packets that :func:`world_from_imu` turns into these poses, up to the world's origin.

    Speeds and accuracies are 0. The place is made up: 49 degrees north, 8.4 east.
    """
    latitude, longitude = 49.0, 8.4
    scale = np.cos(np.deg2rad(latitude))
    packets = np.zeros((len(world_from_imu), N_VALUES))
    moved = world_from_imu[:, :3, 3] - world_from_imu[:1, :3, 3]
    packets[:, 1] = longitude + np.rad2deg(moved[:, 0] / (scale * EARTH_RADIUS))
    north = np.log(np.tan(np.pi / 4 + np.deg2rad(latitude) / 2)) + moved[:, 1] / (scale * EARTH_RADIUS)
    packets[:, 0] = np.rad2deg(2 * np.arctan(np.exp(north)) - np.pi / 2)
    packets[:, 2] = moved[:, 2]
    rotation = world_from_imu[:, :3, :3]
    packets[:, 3] = np.arctan2(rotation[:, 2, 1], rotation[:, 2, 2])
    packets[:, 4] = np.arcsin(np.clip(-rotation[:, 2, 0], -1, 1))
    packets[:, 5] = np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0])
    return packets


def poses_of_oxts(packets: FloatArray, calibration: Path, tally: Tally) -> FloatArray:
    """(n, 4, 4) world_from_ego, the velodyne's; where its mounting to the IMU is not told, the IMU's.

    Raises:
        FormatError: the mounting is no rigid motion.
    """
    values = read_values(calibration) if calibration.is_file() else {}
    given = next((values[name] for name in ("Tr_imu_to_velo", "Tr_imu_velo") if name in values), None)
    velo_from_imu = np.eye(4)
    if given is not None and given.size == 12:
        velo_from_imu, _ = rigid(calibration, given.reshape(3, 4)[:, :3], given.reshape(3, 4)[:, 3])
    else:
        tally.approximate("poses", "", len(packets), 0.0, "", "the IMU's mounting is not told: taken as none")
    count_other_values(packets, tally)
    return world_from_imu(packets) @ invert_rigid(velo_from_imu)


def count_other_values(packets: FloatArray, tally: Tally) -> None:
    """Count the packets' speeds, accelerations and accuracies, which are not kept."""
    told = int((packets[:, 6:] != 0).any(axis=1).sum())
    tally.drop("oxts", "speeds, accelerations, accuracies", told, "poses only")
    if len(packets):
        tally.drop("oxts", "origin", 1, "the world's origin is the first pose")
