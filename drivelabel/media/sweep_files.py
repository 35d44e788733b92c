"""Files of lidar points in the lidar's own coords, one reader a kind of source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.typing import AnyArray, Float32Array, IntArray

NPY_KIND = "npy_sweep"
"""A .npy file of (n, 4 to 8) float32: x, y, z in metres, lidar coords at the sweep's time, intensity to 255;
then seconds after the sweep's time, ring, row of the built-in ``driving`` taxonomy, track id."""
NUSCENES_KIND = "nuscenes_sweep"
"""A .pcd.bin file of (n, 5) float32: x, y, z in metres, lidar coords, intensity to 255, ring."""
KITTI_KIND = "kitti_sweep"
"""A velodyne .bin file of (n, 4) float32: x, y, z in metres, lidar coords, reflectance 0 to 1."""
ARGOVERSE2_KIND = "argoverse2_sweep"
"""A Feather file with x, y, z in metres, ego coords, intensity to 255, laser_number, offset_ns."""
DGP_KIND = "dgp_sweep"
"""An .npz file whose ``data`` is (n, 3 or more) of x, y, z in metres, lidar coords, and intensity."""

_BIN_COLUMNS = {NUSCENES_KIND: 5, KITTI_KIND: 4}
_MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, eq=False)
class SweepColumns:
    """The points of one file.

    Attributes:
        points: (n, 4) float32: x, y, z in metres, lidar coords, and intensity 0 to 255.
        since_ns: (n,) int64, when each point was measured after the sweep's time; None where not told.
        ring: (n,) int64, the laser; None where not told.
    """

    points: Float32Array
    since_ns: IntArray | None = None
    ring: IntArray | None = None


def read_npy(path: Path) -> Float32Array:
    """(n, 4 to 8) float32, the columns of a .npy sweep.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it holds other data.
    """
    columns = _numpy(path)
    good = isinstance(columns, np.ndarray) and columns.ndim == 2 and 4 <= columns.shape[1] <= 8
    if not good or columns.dtype != np.float32:
        raise FormatError(f"{path}: expected float32 of shape (n, 4 to 8).")
    table: Float32Array = columns
    return table


def read_bin(path: Path, kind: str) -> Float32Array:
    """(n, k) float32, the points of a file that is nothing but numbers; finite in all columns.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: its size is no whole number of points, or a number is not finite.

    Source: nuscenes-devkit, LidarPointCloud.from_file; KITTI raw data development kit, readme.
    """
    data, n_columns = read_whole(path), _BIN_COLUMNS[kind]
    if len(data) % (4 * n_columns):
        raise FormatError(f"{path}: expected {n_columns} float32 a point, got {len(data)} bytes.")
    table = np.frombuffer(data, "<f4").astype(np.float32).reshape(-1, n_columns)
    _check_finite(path, table)
    return table


def read_whole(path: Path) -> bytes:
    """All bytes of a file of at most 1 GiB.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is larger.
    """
    try:
        if not path.is_file():
            raise StoreError(f"{path}: no such file.")
        if path.stat().st_size > _MAX_BYTES:
            raise FormatError(f"{path}: expected at most {_MAX_BYTES} bytes.")
        return path.read_bytes()
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{path}: cannot be read ({error.strerror or error}).") from error


def _numpy(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except (ValueError, EOFError) as error:
        raise FormatError(f"{path}: is no .npy file of numbers ({error}).") from error


def _check_finite(path: Path, table: AnyArray) -> None:
    bad = ~np.isfinite(table).all(axis=1)
    if bad.any():
        raise FormatError(f"{path}, point {int(np.argmax(bad))}: expected finite numbers.")


def _of_npy(path: Path) -> SweepColumns:
    columns = read_npy(path)
    since_ns = ring = None
    if columns.shape[1] > 4:
        since_ns = np.round(columns[:, 4].astype(np.float64) * 1e9).astype(np.int64)
    if columns.shape[1] > 5:
        ring = columns[:, 5].astype(np.int64)
    return SweepColumns(np.ascontiguousarray(columns[:, :4]), since_ns, ring)


def _of_nuscenes(path: Path) -> SweepColumns:
    columns = read_bin(path, NUSCENES_KIND)
    return SweepColumns(np.ascontiguousarray(columns[:, :4]), None, columns[:, 4].astype(np.int64))


def _of_kitti(path: Path) -> SweepColumns:
    points = read_bin(path, KITTI_KIND)
    points[:, 3] *= 255
    return SweepColumns(points)


def _of_argoverse2(path: Path) -> SweepColumns:
    import polars as pl

    data = read_whole(path)
    try:
        table = pl.read_ipc(data)
        named = [table[name].to_numpy() for name in ("x", "y", "z", "intensity", "laser_number", "offset_ns")]
        columns = np.stack([column.astype(np.float64) for column in named], axis=1)
    except BaseException as error:  # polars panics (no Exception) on some damaged files
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise FormatError(f"{path}: no sweep of Argoverse 2 ({str(error)[:120]}).") from None
    _check_finite(path, columns)
    return SweepColumns(
        columns[:, :4].astype(np.float32), columns[:, 5].astype(np.int64), columns[:, 4].astype(np.int64)
    )


def _of_dgp(path: Path) -> SweepColumns:
    archive = _numpy(path)
    if isinstance(archive, np.ndarray) or "data" not in archive.files:
        raise FormatError(f"{path}: expected an .npz file with the array data.")
    try:
        found = archive["data"]
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise FormatError(f"{path}: data is damaged ({error}).") from error
    if found.dtype.names:  # named columns
        names = [name for name in ("X", "Y", "Z", "INTENSITY") if name in found.dtype.names]
        found = np.stack([found[name].astype(np.float64) for name in names], axis=1)
    if found.ndim != 2 or found.shape[1] < 3 or found.dtype.kind not in "fiu":
        raise FormatError(f"{path}: data: expected numbers of shape (n, 3 or more), got {found.shape}.")
    points = np.zeros((len(found), 4), np.float32)
    points[:, : min(found.shape[1], 4)] = found[:, :4]
    _check_finite(path, points)
    return SweepColumns(points)


SWEEP_READERS: dict[str, Callable[[Path], SweepColumns]] = {
    NPY_KIND: _of_npy,
    NUSCENES_KIND: _of_nuscenes,
    KITTI_KIND: _of_kitti,
    ARGOVERSE2_KIND: _of_argoverse2,
    DGP_KIND: _of_dgp,
}
"""Kind of source to what reads its files; PandaSet's, which hold two lidars in world coords, are not here."""
