"""The small files of a PandaSet sequence: poses, times, camera matrices, cuboid tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.geometry import pose_matrix
from drivelabel.media._pandas_pickle import read_table
from drivelabel.typing import AnyArray, FloatArray, IntArray

CAMERAS = {
    "front_camera": "cam_front",
    "front_left_camera": "cam_front_left",
    "front_right_camera": "cam_front_right",
    "left_camera": "cam_left",
    "right_camera": "cam_right",
    "back_camera": "cam_back",
}
"""PandaSet's camera folders and what the cameras are called here."""

LIDARS = ("lidar_top", "lidar_front")
"""Channels of a point's ``d``: 0 the turning Pandar64 on the roof, 1 the PandarGT that looks ahead."""

_MAX_JSON_BYTES = 64 << 20


def numbered_files(folder: Path, suffix: str) -> dict[int, Path]:
    """Files called ``NN`+ suffix` by their number; empty where the folder is missing."""
    if not folder.is_dir():
        return {}
    named = (
        (path.name.removesuffix(suffix), path) for path in folder.iterdir() if path.name.endswith(suffix)
    )
    return dict(sorted((int(name), path) for name, path in named if name.isdecimal()))


def read_times(path: Path) -> IntArray:
    """(n,) int64, nanoseconds since 1970. The file has float seconds, which are exact to a microsecond.

    Raises:
        StoreError: the file is missing or unreadable.
        FormatError: it holds other data, or time does not rise.
    """
    given = _read_json(path)
    if not isinstance(given, list) or not all(isinstance(t, (int, float)) and 0 <= t < 9e9 for t in given):
        raise FormatError(f"{path}: expected a list of seconds since 1970.")
    times = np.array([round(t * 1_000_000) * 1000 for t in given], np.int64)
    back = np.diff(times) <= 0
    if back.any():
        row = int(np.argmax(back)) + 1
        raise FormatError(f"{path}, row {row}: expected a time after {given[row - 1]} s, got {given[row]} s.")
    return times


def read_poses(path: Path) -> FloatArray:
    """(n, 4, 4) ``world_from_sensor``.

    Raises:
        StoreError: the file is missing or unreadable.
        FormatError: it holds other data.
    """
    given = _read_json(path)
    try:
        positions = np.array(
            [[pose["position"][axis] for axis in "xyz"] for pose in given], np.float64
        ).reshape(-1, 3)
        headings = np.array(
            [[pose["heading"][part] for part in "wxyz"] for pose in given], np.float64
        ).reshape(-1, 4)
    except (TypeError, KeyError, ValueError) as error:
        raise FormatError(
            f"{path}: expected a list of poses with position and heading ({error!r})."
        ) from error
    good = np.isfinite(positions).all(axis=1) & (np.abs(np.linalg.norm(headings, axis=1) - 1) < 1e-3)
    if not good.all():
        row = int(np.argmin(good))
        raise FormatError(f"{path}, row {row}: expected a finite position and a heading of unit length.")
    return pose_matrix(positions, headings)


def read_camera_matrix(path: Path) -> FloatArray:
    """(3, 3), pixels, (0, 0) at the image's corner.

    The file counts from the first pixel's centre, as calibration with OpenCV does, hence the half pixel.

    Raises:
        StoreError: the file is missing or unreadable.
        FormatError: it holds other data.
    """
    given = _read_json(path)
    try:
        fx, fy, cx, cy = (float(given[name]) for name in ("fx", "fy", "cx", "cy"))
    except (TypeError, KeyError, ValueError) as error:
        raise FormatError(f"{path}: expected the numbers fx, fy, cx and cy ({error!r}).") from error
    if not (np.isfinite([fx, fy, cx, cy]).all() and fx > 0 and fy > 0):
        raise FormatError(f"{path}: expected finite numbers and positive focal lengths.")
    return np.array([[fx, 0, cx + 0.5], [0, fy, cy + 0.5], [0, 0, 1]])


def read_classes(path: Path) -> dict[int, str]:
    """Number to name of the point classes.

    Raises:
        StoreError: the file is missing or unreadable.
        FormatError: it holds other data.
    """
    given = _read_json(path)
    if not isinstance(given, dict) or not all(k.isdecimal() and isinstance(v, str) for k, v in given.items()):
        raise FormatError(f"{path}: expected numbers and names of classes.")
    return {int(number): name for number, name in given.items()}


def read_columns(path: Path, expected: Iterable[tuple[str, str]]) -> dict[str, AnyArray]:
    """A table whose columns are there with the kinds that are given: ``f`` numbers, ``b`` flags, ``O`` texts.

    Raises:
        StoreError: the file is missing or damaged.
        FormatError: it is no table, or a column is missing or of another kind.
    """
    table = read_table(path)
    for name, kind in expected:
        if name not in table:
            raise FormatError(f"{path}: expected a column {name!r}. It has {', '.join(table) or 'none'}.")
        allowed = "fiu" if kind == "f" else kind
        if table[name].dtype.kind not in allowed:
            raise FormatError(
                f"{path}, column {name!r}: expected another kind of value, got {table[name].dtype}."
            )
    return table


def _read_json(path: Path) -> Any:
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise FormatError(f"{path}: expected at most {_MAX_JSON_BYTES} bytes.")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: expected JSON ({error}).") from error
