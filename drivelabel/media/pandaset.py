"""A PandaSet sequence as a scene.

Coordinates. ``lidar/poses.json`` gives the motion of one system for both lidars: x right, y forward, z
up, its origin 0.4 m above the road (it moves along its own +y to half a degree, and the front camera
looks along +y). Our ego has the same origin, turned: x forward, y left. Points and cuboids are in world
coords.

Source: the data itself; https://github.com/scaleapi/pandaset-devkit (Apache-2.0) for what its columns mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.geometry import (
    count_points_in_cuboids,
    interpolate_poses,
    invert_rigid,
    matrix_to_quat_wxyz,
    project,
    transform_points,
    unproject,
)
from drivelabel.labels import Boxes3D, Grouped
from drivelabel.labels.taxonomies import DRIVING, PANDASET
from drivelabel.media._pandaset_cuboids import CuboidReport, read_cuboids
from drivelabel.media._pandaset_files import (
    CAMERAS,
    LIDARS,
    numbered_files,
    read_camera_matrix,
    read_classes,
    read_poses,
    read_times,
)
from drivelabel.media._sources import IngestOptions, file_source
from drivelabel.media.images import read_image_header
from drivelabel.media.sweeps import SEMSEG_KIND, SWEEP_KIND, read_points_world
from drivelabel.scene import NO_SAMPLE, Camera, Frames, Layer, Lidar, Poses, Scene, Source, Sweeps
from drivelabel.typing import FloatArray, IntArray

LAYER = "truth"
_EGO_FROM_LIDAR = np.array([[0.0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])

CLOSE_ENOUGH_PX = 0.3
"""Where a fixed mounting and interpolated ego poses miss a camera's given poses by more, at 20 m, ego poses
at the camera's own times are kept too, so that projection at those times is exact."""
_CHECK_DEPTH = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class _CameraFiles:
    """One camera's folder: all given times and poses, and the images that are there."""

    channel: str
    times: IntArray
    world_from_camera: FloatArray
    camera_matrix: FloatArray
    image_hw: tuple[int, int]
    images: Mapping[int, Path]


def is_pandaset(folder: Path) -> bool:
    """Whether a folder looks like one PandaSet sequence."""
    return (folder / "lidar" / "poses.json").is_file() and (folder / "camera").is_dir()


def ingest_pandaset(source: Path, options: IngestOptions) -> Scene:
    """A scene from the folder of one sequence: cameras, both lidars, poses, and labels in layer ``truth``.

    What is there is taken; ``scene.info["missing"]`` says what the sequence should have and does not.
    Instants with annotations are the scene's samples; where there are none, every lidar turn is one.

    Raises:
        StoreError: a file is missing or damaged.
        FormatError: a file holds other data than PandaSet's, or a broken box may not be skipped.
    """
    lidar_ns, world_from_lidar = _times_and_poses(source / "lidar")
    world_from_ego = world_from_lidar @ invert_rigid(_EGO_FROM_LIDAR)
    sweeps = numbered_files(source / "lidar", ".pkl.gz")
    cuboids = numbered_files(source / "annotations" / "cuboids", ".pkl.gz")
    semseg = numbered_files(source / "annotations" / "semseg", ".pkl.gz")
    for numbers in (sweeps, cuboids, semseg):
        _check_numbers(numbers, len(lidar_ns))
    cameras = [_camera_files(source / "camera" / name, channel) for name, channel in CAMERAS.items()]
    found = [camera for camera in cameras if camera is not None]
    indices = sorted(cuboids.keys() | semseg.keys()) or list(range(len(lidar_ns)))
    sample_of = {index: sample for sample, index in enumerate(indices)}
    sources = _Sources(options.hash_files)
    poses, mounted, residuals = _poses(lidar_ns, world_from_ego, found)
    frames = _frames(found, sample_of, sources)
    sweep_rows = _sweeps(sweeps, lidar_ns, len(mounted), sample_of, sources)
    info: dict[str, Any] = {
        "format": "pandaset",
        "licence": "CC BY 4.0",
        "timestamps": "timestamps.json of each sensor",
        "missing": _missing(found, sweeps, len(lidar_ns)),
        "mounting_residual_px": residuals,
    }
    layers = {}
    if cuboids or semseg:
        layers[LAYER] = _layer(
            cuboids, semseg, source, options, lidar_ns, world_from_ego, sweeps, sample_of, sources, info
        )
    return Scene(
        name=options.name or source.name,
        sensors=(*mounted, *(Lidar(channel, _EGO_FROM_LIDAR) for channel in LIDARS)),
        taxonomy=DRIVING,
        frames=frames,
        sweeps=sweep_rows,
        samples_ns=lidar_ns[indices],
        sources=tuple(sources.rows),
        poses=poses,
        layers=layers,
        info=info,
    )


class _Sources:
    """The scene's sources while they are collected."""

    def __init__(self, hash_files: bool) -> None:
        self.rows: list[Source] = []
        self._hash_files = hash_files

    def add(self, path: Path, kind: str) -> int:
        self.rows.append(file_source(path, kind, hash_file=self._hash_files))
        return len(self.rows) - 1


def _times_and_poses(folder: Path) -> tuple[IntArray, FloatArray]:
    times, poses = read_times(folder / "timestamps.json"), read_poses(folder / "poses.json")
    if len(times) != len(poses) or not len(times):
        raise FormatError(
            f"{folder}: expected one pose per time, got {len(poses)} poses, {len(times)} times."
        )
    return times, poses


def _camera_files(folder: Path, channel: str) -> _CameraFiles | None:
    images = numbered_files(folder, ".jpg")
    if not images:
        return None
    times, poses = _times_and_poses(folder)
    _check_numbers(images, len(times))
    first = next(iter(images.values()))
    matrix = read_camera_matrix(folder / "intrinsics.json")
    return _CameraFiles(channel, times, poses, matrix, read_image_header(first).image_hw, images)


def _check_numbers(files: Mapping[int, Path], n: int) -> None:
    for number, path in files.items():
        if number >= n:
            raise FormatError(f"{path}: expected a number below {n}, since timestamps.json has {n} times.")


def _poses(
    lidar_ns: IntArray, world_from_ego: FloatArray, cameras: list[_CameraFiles]
) -> tuple[Poses, list[Camera], dict[str, float]]:
    """Ego poses at the lidar's times and, where they matter, the cameras'; and how cameras are mounted."""
    times, matrices = [lidar_ns], [world_from_ego]
    mounted, residuals = [], {}
    for camera in cameras:
        inside = (camera.times >= lidar_ns[0]) & (camera.times <= lidar_ns[-1])
        if not inside.any():
            raise FormatError(f"{camera.channel}: expected times within the lidar's.")
        ego = interpolate_poses(
            lidar_ns, world_from_ego[:, :3, 3], matrix_to_quat_wxyz(world_from_ego), camera.times[inside]
        )
        ego_from_camera = mean_motion(invert_rigid(ego) @ camera.world_from_camera[inside])
        mounted.append(
            Camera(camera.channel, camera.image_hw, camera.camera_matrix, ego_from_sensor=ego_from_camera)
        )
        miss = mounting_residual(ego @ ego_from_camera, camera.world_from_camera[inside], mounted[-1])
        residuals[camera.channel] = round(miss, 3)
        rows = np.array(list(camera.images), np.int64)
        if miss > CLOSE_ENOUGH_PX or not inside[rows].all():
            times.append(camera.times[rows])
            matrices.append(camera.world_from_camera[rows] @ invert_rigid(ego_from_camera))
    return _sorted_poses(np.concatenate(times), np.concatenate(matrices)), mounted, residuals


def _sorted_poses(times: IntArray, matrices: FloatArray) -> Poses:
    times, rows = np.unique(times, return_index=True)
    return Poses(times, matrices[rows, :3, 3].copy(), matrix_to_quat_wxyz(matrices[rows]))


def mean_motion(motions: FloatArray) -> FloatArray:
    """(4, 4), the mean of (n, 4, 4) rigid motions that are nearly the same.

    Source: Moakher, Means and averaging in the group of rotations, 2002 (projected arithmetic mean).
    """
    left, _, right = np.linalg.svd(motions[:, :3, :3].mean(axis=0))
    mean = np.eye(4)
    mean[:3, :3] = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
    mean[:3, 3] = motions[:, :3, 3].mean(axis=0)
    return mean


def mounting_residual(one: FloatArray, other: FloatArray, camera: Camera) -> float:
    """The farthest, in pixels, that nine image points 20 m away move between (n, 4, 4) camera poses."""
    assert camera.camera_matrix is not None, "PandaSet's cameras are calibrated"
    height, width = camera.image_hw
    uv = np.array([[x * width, y * height] for x in (0.05, 0.5, 0.95) for y in (0.05, 0.5, 0.95)])
    points = unproject(uv, camera.camera_matrix) * _CHECK_DEPTH
    worst = 0.0
    for motion in invert_rigid(one) @ other:
        moved, _ = project(transform_points(motion, points), camera.camera_matrix)
        worst = max(worst, float(np.linalg.norm(moved - uv, axis=1).max()))
    return worst


def _frames(cameras: list[_CameraFiles], sample_of: Mapping[int, int], sources: _Sources) -> Frames:
    rows = [
        (camera.times[index], sensor, sources.add(path, "image"), 0, sample_of.get(index, NO_SAMPLE))
        for sensor, camera in enumerate(cameras)
        for index, path in camera.images.items()
    ]
    return Frames(*_columns(rows))


def _sweeps(
    files: Mapping[int, Path],
    lidar_ns: IntArray,
    first_sensor: int,
    sample_of: Mapping[int, int],
    sources: _Sources,
) -> Sweeps:
    """Both lidars share a file; ``source_index`` says whose points of it are meant."""
    source = {index: sources.add(path, SWEEP_KIND) for index, path in files.items()}
    rows = [
        (lidar_ns[index], first_sensor + lidar, source[index], lidar, sample_of.get(index, NO_SAMPLE))
        for lidar in range(len(LIDARS))
        for index in files
    ]
    return Sweeps(*_columns(rows))


def _columns(rows: list[tuple[Any, ...]]) -> list[Any]:
    table = np.array(rows, np.int64).reshape(-1, 5)
    return [table[:, 0], *(table[:, column].astype(np.int32) for column in range(1, 5))]


def _layer(
    cuboids: Mapping[int, Path],
    semseg: Mapping[int, Path],
    folder: Path,
    options: IngestOptions,
    lidar_ns: IntArray,
    world_from_ego: FloatArray,
    sweeps: Mapping[int, Path],
    sample_of: Mapping[int, int],
    sources: _Sources,
    info: dict[str, Any],
) -> Layer:
    boxes, report = read_cuboids(cuboids, lidar_ns, world_from_ego, PANDASET, options.on_invalid)
    for index in boxes.keys() & sweeps.keys():
        rows = boxes[index]
        counts = count_points_in_cuboids(
            read_points_world(sweeps[index]), rows.center, rows.size_lwh, rows.quat_wxyz
        )
        boxes[index] = rows.replace(n_points=counts)
    for path in semseg.values():
        sources.add(path, SEMSEG_KIND)
    if semseg:
        classes = read_classes(folder / "annotations" / "semseg" / "classes.json")
        info["semseg_classes"] = {str(number): name for number, name in classes.items()}
        info["point_labels"] = {"layer": LAYER, "kind": SEMSEG_KIND, "taxonomy": PANDASET.name}
    info["cuboids"] = _cuboid_info(report)
    table = Grouped.from_groups(
        Boxes3D, len(sample_of), {sample_of[index]: rows for index, rows in boxes.items()}
    )
    return Layer(LAYER, PANDASET, author="PandaSet", tables={"boxes3d": table} if cuboids else {})


def _cuboid_info(report: CuboidReport) -> dict[str, Any]:
    return {
        "given": report.n_given,
        "joined": report.n_joined,
        "pairs": [list(pair) for pair in report.pairs],
        "siblings_not_found": list(report.unresolved),
        "skipped": list(report.skipped),
    }


def _missing(cameras: list[_CameraFiles], sweeps: Mapping[int, Path], n_sweeps: int) -> dict[str, str]:
    here = {camera.channel: camera for camera in cameras}
    missing = {channel: "no images" for channel in CAMERAS.values() if channel not in here}
    for channel, camera in here.items():
        if len(camera.images) < len(camera.times):
            missing[channel] = f"{len(camera.times) - len(camera.images)} of {len(camera.times)} images"
    if len(sweeps) < n_sweeps:
        missing["lidar"] = f"{n_sweeps - len(sweeps)} of {n_sweeps} sweep files"
    return missing
