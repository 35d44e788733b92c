"""One Argoverse 2 log as a scene.

Cuboids and lidar points of the files are in ego coords at their own time. Images are taken as undistorted,
as the data set's own reader takes them. Both lidars' points of a turn lie in one file.

Source: github.com/argoverse/av2-api (MIT), what its readers do; the sensor data set's user guide.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.argoverse2.feather import FeatherTable
from drivelabel.formats.drive_building import DriveBuilder, nearest_sample
from drivelabel.formats.imported import Imported
from drivelabel.formats.picking import picked_scene
from drivelabel.formats.report import Tally
from drivelabel.geometry import matrix_to_quat_wxyz, pose_matrix, quat_wxyz_to_matrix
from drivelabel.labels import ARGOVERSE2, IMPORTED, Attributes, Boxes3D, Grouped
from drivelabel.media.sweep_files import ARGOVERSE2_KIND
from drivelabel.scene import Camera, Layer, Lidar, Poses, Scene, Source
from drivelabel.typing import FloatArray, IntArray

POSES, CUBOIDS = "city_SE3_egovehicle.feather", "annotations.feather"

TRACK = "track_uuid"
"""Attribute of a cuboid: the thing's own name in the data set."""

_MOUNTINGS, _INTRINSICS = "calibration/egovehicle_SE3_sensor.feather", "calibration/intrinsics.feather"
_SAME_SAMPLE_NS = 50_000_000
"""An image belongs to the lidar turn nearest in time; turns are 100 ms apart."""

_QUAT = ("qw", "qx", "qy", "qz")
_CUBOID_COLUMNS = {
    "timestamp_ns", "track_uuid", "category", "length_m", "width_m", "height_m", "num_interior_pts",
    "tx_m", "ty_m", "tz_m", *_QUAT,
}  # fmt: skip


def looks_like_argoverse2(path: Path) -> bool:
    """Whether a folder is a log, or holds logs."""
    return path.is_dir() and bool(argoverse2_logs(path))


def argoverse2_logs(path: Path) -> list[str]:
    """Names of the logs below a folder, up to two levels down; ``.`` when it is one itself."""
    if (path / POSES).is_file():
        return ["."]
    found = [*path.glob(f"*/{POSES}"), *path.glob(f"*/*/{POSES}")]
    return sorted(file.parent.relative_to(path).as_posix() for file in found)


def read_argoverse2(
    path: Path,
    *,
    layer: str = "truth",
    scene: str | None = None,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """One log: cameras, lidar, ego motion and, where they are given, cuboids.

    Args:
        path: a log's folder, or one with several.
        layer: name of the layer.
        scene: which log, when there are several.
        on_invalid: ``skip`` leaves out cuboids that break a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: there are several logs and none is named, or a file breaks a rule.
    """
    path = Path(path)
    folder = picked_scene(path, argoverse2_logs(path), scene, "log", f"a log with {POSES}")
    tally = Tally()
    poses = _poses(folder)
    has_cuboids = (folder / CUBOIDS).is_file()
    table = FeatherTable(folder / CUBOIDS) if has_cuboids else None
    turns = sorted((folder / "sensors/lidar").glob("*.feather"))
    samples_ns = np.unique(table.integers("timestamp_ns")) if table is not None else _times(turns)
    drive = DriveBuilder()
    _add_cameras(drive, folder, samples_ns, tally)
    _add_lidar(drive, turns, folder, samples_ns)
    layers = {}
    if table is not None:
        grouped = _cuboids(table, poses, samples_ns, on_invalid, tally)
        layers[layer] = Layer(layer, ARGOVERSE2, tables={"boxes3d": grouped})
    tally.drop("map", "", len(list((folder / "map").glob("*"))), "no place for maps")
    built = Scene(
        name=folder.name,
        sensors=tuple(drive.sensors),
        taxonomy=ARGOVERSE2,
        frames=drive.frames(),
        sweeps=drive.sweeps(),
        samples_ns=samples_ns,
        sources=tuple(drive.sources),
        poses=poses,
        layers=layers,
        root=str(folder),
        info={"format": "argoverse2"},
    )
    tally.keep("frames", "", len(built.frames))
    tally.keep("sweeps", "", len(built.sweeps))
    tally.keep("poses", "", len(poses))
    return Imported(built, tally.report("argoverse2", str(folder)))


def _poses(folder: Path) -> Poses:
    table = FeatherTable(folder / POSES)
    times, translation, quat = table.integers("timestamp_ns"), *_rigid(table)
    times, first = np.unique(times, return_index=True)
    try:
        return Poses(times, translation[first], quat[first])
    except InvalidLabelError as error:
        raise FormatError(f"{table.path}: {error}") from error


def _rigid(table: FeatherTable) -> tuple[FloatArray, FloatArray]:
    """(n, 3) translation in metres, (n, 4) unit quaternions."""
    quat = table.numbers(*_QUAT)
    length = np.linalg.norm(quat, axis=1, keepdims=True)
    if (np.abs(length - 1) > 1e-3).any():
        row = int(np.argmax(np.abs(length - 1)))
        raise FormatError(
            f"{table.path}, row {row}: expected a unit quaternion, got length {length[row, 0]:g}."
        )
    return table.numbers("tx_m", "ty_m", "tz_m"), quat / length


def _mountings(folder: Path) -> dict[str, FloatArray]:
    """Sensor name to (4, 4) ``ego_from_sensor``."""
    table = FeatherTable(folder / _MOUNTINGS)
    translation, quat = _rigid(table)
    return dict(zip(table.texts("sensor_name"), pose_matrix(translation, quat), strict=True))


def _add_cameras(drive: DriveBuilder, folder: Path, samples_ns: IntArray, tally: Tally) -> None:
    mountings = _mountings(folder)
    table = FeatherTable(folder / _INTRINSICS)
    focal = table.numbers("fx_px", "fy_px", "cx_px", "cy_px")
    sizes = table.numbers("height_px", "width_px").astype(np.int64)
    bent = [name for name in ("k1", "k2", "k3") if name in table.names]
    for row, name in enumerate(table.texts("sensor_name")):
        if name not in mountings:
            raise FormatError(f"{folder / _MOUNTINGS}: no sensor {name!r}.")
        fx, fy, cx, cy = focal[row]
        matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        hw = (int(sizes[row, 0]), int(sizes[row, 1]))
        sensor = drive.add_sensor(Camera(name, hw, camera_matrix=matrix, ego_from_sensor=mountings[name]))
        tally.drop("sensors", ", ".join(bent), int(bool(bent)), "images are taken as undistorted")
        images = sorted((folder / "sensors/cameras" / name).glob("*.jpg"))
        for image, time_ns in zip(images, _times(images).tolist(), strict=True):
            sample = nearest_sample(samples_ns, time_ns, _SAME_SAMPLE_NS)
            source = Source(image.relative_to(folder).as_posix(), "image", n_bytes=image.stat().st_size)
            drive.add(sensor, time_ns, source, sample)


def _add_lidar(drive: DriveBuilder, turns: list[Path], folder: Path, samples_ns: IntArray) -> None:
    """One lidar at the ego's origin: the files' points are in ego coords."""
    if not turns:
        return
    sensor = drive.add_sensor(Lidar("lidar", np.eye(4)))
    for turn, time_ns in zip(turns, _times(turns).tolist(), strict=True):
        source = Source(turn.relative_to(folder).as_posix(), ARGOVERSE2_KIND, n_bytes=turn.stat().st_size)
        drive.add(sensor, time_ns, source, nearest_sample(samples_ns, time_ns, 0))


def _times(files: list[Path]) -> IntArray:
    """(n,) nanoseconds, from the files' names."""
    for file in files:
        if not (file.stem.isdecimal() and len(file.stem) <= 18):
            raise FormatError(f"{file}: expected a name that is a time in nanoseconds.")
    return np.asarray([int(file.stem) for file in files], np.int64)


def _cuboids(
    table: FeatherTable, poses: Poses, samples_ns: IntArray, on_invalid: str, tally: Tally
) -> Grouped[Boxes3D]:
    times = table.integers("timestamp_ns")
    translation, quat_ego = _rigid(table)
    size_lwh = table.numbers("length_m", "width_m", "height_m")
    names, tracks = table.texts("category"), table.texts(TRACK)
    good = _good_rows(table, times, size_lwh, names, poses, on_invalid, tally)
    order = good[np.argsort(times[good], kind="stable")]
    world_from_ego = poses.at(times[order])
    center = np.einsum("nij,nj->ni", world_from_ego[:, :3, :3], translation[order]) + world_from_ego[:, :3, 3]
    things = {name: row for row, name in enumerate(dict.fromkeys(tracks))}
    boxes = Boxes3D(
        timestamp_ns=times[order],
        center=center,
        size_lwh=size_lwh[order].astype(np.float32),
        quat_wxyz=matrix_to_quat_wxyz(world_from_ego[:, :3, :3] @ quat_wxyz_to_matrix(quat_ego[order])),
        category_id=ARGOVERSE2.ids_of(names[row] for row in order),
        track_id=np.asarray([things[tracks[row]] for row in order], np.int64),
        n_points=table.integers("num_interior_pts")[order],
        origin=np.full(len(order), IMPORTED, np.uint8),
        attributes=Attributes.of({TRACK: [tracks[row] for row in order]}, len(order)),
    )
    tally.keep("boxes3d", "", len(boxes))
    tally.keep("boxes3d", "track_id", len(boxes), f"numbers; the data set's names stay as {TRACK}")
    for name in sorted(set(table.names) - _CUBOID_COLUMNS):
        tally.drop("boxes3d", name, len(table), "not of the format")
    counts = np.bincount(np.searchsorted(samples_ns, times[order]), minlength=len(samples_ns))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Grouped(boxes, offsets, np.ones(len(samples_ns), np.bool_))


def _good_rows(
    table: FeatherTable,
    times: IntArray,
    size_lwh: FloatArray,
    names: list[str],
    poses: Poses,
    on_invalid: str,
    tally: Tally,
) -> IntArray:
    """The rows that break no rule."""
    known = np.asarray([name in ARGOVERSE2 for name in names], np.bool_)
    inside = (times >= poses.timestamp_ns[0]) & (times <= poses.timestamp_ns[-1])
    rules = (
        (known, "a category of Argoverse 2"),
        ((size_lwh > 0).all(axis=1), "positive sides"),
        (inside, "a time with an ego pose"),
    )
    good = np.ones(len(names), np.bool_)
    for holds, rule in rules:
        bad = good & ~holds
        if bad.any() and on_invalid == "error":
            row = int(np.argmax(bad))
            raise FormatError(
                f"{table.path}, row {row}: expected {rule}. Leave such rows out with on_invalid=skip."
            )
        tally.drop("boxes3d", "", int(bad.sum()), f"invalid: without {rule}")
        good &= holds
    return np.flatnonzero(good)
