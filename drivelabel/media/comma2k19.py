"""A comma2k19 segment as a scene: poses, and the video where it is there.

Coordinates. ``frame_positions`` are ECEF (WGS 84). ``frame_orientations`` turn device coords (x forward,
y right, z down) into ECEF; w comes first. The device is the camera behind the windscreen, so our ego is
the device with y to the left and z up. World coords begin at the first position: x east, y north, z up.

Source: https://github.com/commaai/comma2k19 (MIT), its README; axes checked with the velocities of the
segment.
"""

from __future__ import annotations

import tokenize
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.geometry import matrix_to_quat_wxyz, quat_wxyz_to_matrix
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.media._sources import IngestOptions, file_source
from drivelabel.media.video import VideoReader
from drivelabel.media.video_file import video_kind
from drivelabel.scene import NO_SAMPLE, Camera, Frames, Poses, Scene
from drivelabel.typing import AnyArray, FloatArray, IntArray

VIDEO_NAMES = ("video.hevc", "video.mp4")
_DEVICE_FROM_EGO = np.diag([1.0, -1.0, -1.0])
_EGO_FROM_CAMERA = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
_NS_PER_SECOND = 1_000_000_000
_GPS_EPOCH, _LEAP_SECONDS = 315_964_800, 18
"""6 January 1980, and how far GPS time is ahead of UTC since 2017."""
_FLATTENING, _EQUATOR = 1 / 298.257223563, 6_378_137.0

CAMERA_MATRIX = np.array([[910.0, 0, 582.0], [0, 910.0, 437.0], [0, 0, 1]])
"""Of the EON's road camera at 1164x874, which all segments share; distortion is not given."""
_CAMERA_HW = (874, 1164)


def is_comma2k19(folder: Path) -> bool:
    """Whether a folder looks like one comma2k19 segment."""
    return (folder / "global_pose" / "frame_positions").is_file()


def ingest_comma2k19(source: Path, options: IngestOptions) -> Scene:
    """A scene from the folder of one segment. Without a video it has poses and no frames.

    ``frame_times`` count from when the device was switched on. ``frame_gps_times`` tie them to 1970 by one
    offset for the whole segment; where that file is missing they stay as they are.

    Raises:
        StoreError: a file is missing or damaged.
        FormatError: a file holds other data, or there are fewer times than video frames.
    """
    times, poses = read_comma2k19_poses(source / "global_pose")
    video = next((source / name for name in VIDEO_NAMES if (source / name).is_file()), None)
    info: dict[str, Any] = {
        "format": "comma2k19",
        "licence": "MIT",
        "timestamps": "frame_times"
        + (" with the offset of frame_gps_times" if _has_gps_times(source) else ""),
        "world_origin_ecef": _read(source / "global_pose" / "frame_positions", 3)[0].tolist(),
        "missing": {} if video else {options.channel: "no video.hevc or video.mp4"},
    }
    given: dict[str, Any] = {}
    if video is not None:
        given = _video(video, times, options, info)
    return Scene(
        name=options.name or source.name,
        sensors=given.pop("sensors", ()),
        taxonomy=DRIVING,
        poses=poses,
        info=info,
        **given,
    )


def read_comma2k19_poses(folder: Path) -> tuple[IntArray, Poses]:
    """Times of the frames and the ego poses at them, from a ``global_pose`` folder.

    Returns:
        frame_ns: (n,) int64.
        poses: in a local system; see the module's text.

    Raises:
        StoreError: a file is missing or damaged.
        FormatError: files differ in length, or a number is not finite.
    """
    times = _read(folder / "frame_times", 1)[:, 0]
    positions, orientations = _read(folder / "frame_positions", 3), _read(folder / "frame_orientations", 4)
    if not len(times) == len(positions) == len(orientations) or not len(times):
        raise FormatError(
            f"{folder}: expected one position and orientation per time, got {len(times)} times, "
            f"{len(positions)} positions, {len(orientations)} orientations."
        )
    frame_ns = np.round(times * _NS_PER_SECOND).astype(np.int64) + _offset_ns(folder, times)
    enu_from_ecef = local_from_ecef(positions[0])
    rotations = enu_from_ecef @ quat_wxyz_to_matrix(orientations) @ _DEVICE_FROM_EGO
    translation = (positions - positions[0]) @ enu_from_ecef.T
    return frame_ns, Poses(frame_ns, translation, matrix_to_quat_wxyz(rotations))


def local_from_ecef(origin: AnyArray) -> FloatArray:
    """(3, 3), the rotation from ECEF to east, north, up at a place.

    Args:
        origin: (3,), ECEF, metres.

    Source: WGS 84; latitude by Bowring's method, 1976, whose error on the ground is below a nanometre.
    """
    x, y, z = np.asarray(origin, np.float64)
    pole = _EQUATOR * (1 - _FLATTENING)
    first, second = _FLATTENING * (2 - _FLATTENING), (_EQUATOR / pole) ** 2 - 1
    across = np.hypot(x, y)
    reduced = np.arctan2(z * _EQUATOR, across * pole)
    latitude = np.arctan2(
        z + second * pole * np.sin(reduced) ** 3, across - first * _EQUATOR * np.cos(reduced) ** 3
    )
    longitude = np.arctan2(y, x)
    sin_lat, cos_lat, sin_lon, cos_lon = (
        np.sin(latitude),
        np.cos(latitude),
        np.sin(longitude),
        np.cos(longitude),
    )
    return np.array(
        [
            [-sin_lon, cos_lon, 0.0],
            [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
        ]
    )


def _has_gps_times(source: Path) -> bool:
    return (source / "global_pose" / "frame_gps_times").is_file()


def _offset_ns(folder: Path, times: FloatArray) -> int:
    """What to add to the device's clock to count from 1970: the median over frames; 0 without GPS times."""
    if not _has_gps_times(folder.parent):
        return 0
    gps = _read(folder / "frame_gps_times", 2)  # week, second of the week
    if len(gps) != len(times):
        raise FormatError(f"{folder / 'frame_gps_times'}: expected {len(times)} rows, got {len(gps)}.")
    since_1970 = _GPS_EPOCH + gps[:, 0] * 604_800 + gps[:, 1] - _LEAP_SECONDS
    return round(float(np.median(since_1970 - times)) * 1e6) * 1000


def _video(path: Path, times: IntArray, options: IngestOptions, info: dict[str, Any]) -> dict[str, Any]:
    """The video's sensors, frames and sources; its frames take the times of the poses, one by one."""
    with VideoReader(path, on_invalid=options.on_invalid) as reader:
        n, hw, kind = len(reader), reader.image_hw, video_kind(reader)
        if reader.n_skipped:
            info["skipped"] = [f"{path}: {reader.n_skipped} frames"]
    if n > len(times):
        raise FormatError(f"{path}: expected at most {len(times)} frames, one per time, got {n}.")
    zeros = np.zeros(n, np.int32)
    matrix = CAMERA_MATRIX if hw == _CAMERA_HW else None
    return {
        "sensors": (Camera(options.channel, hw, matrix, ego_from_sensor=_EGO_FROM_CAMERA),),
        "frames": Frames(
            times[:n], zeros, zeros, np.arange(n, dtype=np.int32), np.full(n, NO_SAMPLE, np.int32)
        ),
        "sources": (file_source(path, kind, hash_file=options.hash_files),),
    }


def _read(path: Path, n_columns: int) -> FloatArray:
    """(n, n_columns) float64 from a .npy file, whatever its name ends with; pickled objects are refused."""
    try:
        with path.open("rb") as file:
            _check_size(file, path.stat().st_size)
            array: AnyArray = np.load(file, allow_pickle=False)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except (ValueError, EOFError, TypeError, SyntaxError, MemoryError, tokenize.TokenError) as error:
        raise FormatError(f"{path}: expected a NumPy array of numbers ({error}).") from error
    if array.dtype.kind not in "fiu":
        raise FormatError(f"{path}: expected numbers, got {array.dtype}.")
    flat = array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1)
    if flat.shape[1] != n_columns or not np.isfinite(flat).all():
        raise FormatError(f"{path}: expected finite numbers of shape (n, {n_columns}), got {array.shape}.")
    numbers: FloatArray = flat.astype(np.float64)
    return numbers


def _check_size(file: BinaryIO, n_bytes: int) -> None:
    """Raise ValueError when the header promises more than the file holds; goes back to the file's start."""
    read_magic: Any = np.lib.format.read_magic
    old = read_magic(file) == (1, 0)
    read_header: Any = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    if int(np.prod(shape, dtype=object)) * dtype.itemsize != n_bytes - file.tell():
        raise ValueError(f"its header promises {shape} of {dtype}, which is not its size")
    file.seek(0)
