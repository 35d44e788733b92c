"""Frames of KITTI with their calibrations as a scene of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.drive_building import DriveBuilder
from drivelabel.formats.kitti.calibration import Calibration
from drivelabel.formats.kitti.gather import Objects
from drivelabel.formats.report import Tally
from drivelabel.geometry import invert_rigid, matrix_to_quat_wxyz
from drivelabel.media.images import IMAGE_SUFFIXES, natural_key, read_image_header
from drivelabel.media.sweeps import KITTI_KIND
from drivelabel.scene import Camera, Layer, Lidar, Poses, Scene, Source
from drivelabel.typing import FloatArray, IntArray

STEP_NS = 100_000_000
"""KITTI takes ten frames a second; labels tell no times."""
USUAL_HW = (375, 1242)
"""Of most of its images; taken where an image is not there."""
MAX_FRAMES = 1_000_000
VELODYNE = "velodyne"


@dataclass(frozen=True, slots=True)
class FrameFiles:
    """What is there of one frame.

    Attributes:
        name: its number, as files are called.
        image: below the root, or None.
        sweep: below the root, or None.
        looked: whether it has labels.
    """

    name: str
    image: Path | None
    sweep: Path | None
    looked: bool
    calibration: Calibration


def build_drive(
    name: str,
    root: Path,
    camera: str,
    frames: Sequence[FrameFiles],
    objects: Objects,
    layer: str,
    poses: FloatArray | None,
    tally: Tally,
    *,
    tracked: bool,
    times_ns: IntArray | None = None,
    info: dict[str, Any] | None = None,
) -> Scene:
    """A scene of one camera and the velodyne, a sample a frame; cameras of other calibration are numbered.

    Args:
        name: of the scene.
        root: the folder that paths count from.
        camera: the camera's channel.
        frames: in order.
        objects: of these frames, by their place.
        layer: name of the layer.
        poses: (f, 4, 4) world_from_ego; None where the car's way is not told: then the world is the ego's
            coords in each frame.
        tally: where approximations are counted.
        tracked: whether objects have track ids.
        times_ns: (f,) of the frames; None for ten a second.
        info: facts about the log.

    Raises:
        FormatError: there are no frames or too many, or labels contradict each other.
        StoreError: an image is damaged.
    """
    n = len(frames)
    if not 0 < n <= MAX_FRAMES:
        raise FormatError(f"{root}: expected 1 to {MAX_FRAMES} frames, got {n}.")
    times = np.arange(n, dtype=np.int64) * STEP_NS if times_ns is None else times_ns
    ego = np.tile(np.eye(4), (n, 1, 1)) if poses is None else poses
    _count(frames, poses, times_ns, tally)
    drive = DriveBuilder()
    _add_cameras(drive, root, camera, frames, times)
    if any(frame.sweep for frame in frames):
        lidar = drive.add_sensor(Lidar(VELODYNE, np.eye(4)))
        for k, frame in enumerate(frames):
            if frame.sweep is not None:
                source = Source(frame.sweep.relative_to(root).as_posix(), KITTI_KIND)
                drive.add(lidar, int(times[k]), source, k)
    recorded = drive.frames()
    place = recorded.sample.astype(np.int64)  # the frame's number among those given
    back = np.empty(n, np.int64)
    back[place] = np.arange(n)
    objects.frames = [int(back[k]) for k in objects.frames]
    rect = np.stack([invert_rigid(frame.calibration.rect_from_ego) for frame in frames])
    taxonomy, tables = objects.tables(
        [frames[k].looked for k in place], place, times, (ego @ rect)[place], tracked=tracked
    )
    return Scene(
        name=name,
        sensors=tuple(drive.sensors),
        taxonomy=taxonomy,
        frames=recorded,
        sweeps=drive.sweeps(),
        samples_ns=times,
        sources=tuple(drive.sources),
        poses=Poses(times, ego[:, :3, 3].copy(), matrix_to_quat_wxyz(ego)),
        layers={layer: Layer(layer, taxonomy, author="KITTI", tables=tables)},
        root=str(root.absolute()),
        info={"format": "kitti", **(info or {})},
    )


def _count(frames: Sequence[FrameFiles], poses: Any, times_ns: Any, tally: Tally) -> None:
    n = len(frames)
    if times_ns is None:
        tally.approximate("frames", "timestamp_ns", n, 0.0, "", "made, ten a second")
    if poses is None:
        note = "not told; the world is the car's own coords in each frame"
        tally.approximate("poses", "", n, 0.0, "", note)
    bare = sum(frame.calibration.projection is None for frame in frames)
    tally.approximate("sensors", "calibration", bare, 0.0, "", "not told; cuboids stand in camera axes")
    missing = sum(frame.image is None for frame in frames)
    note = f"images are not there; taken to be {USUAL_HW[1]}x{USUAL_HW[0]}"
    tally.approximate("frames", "image_hw", missing, 0.0, "", note)
    off = max((frame.calibration.error for frame in frames), default=0.0)
    wrong = sum(frame.calibration.error > 1e-6 for frame in frames)
    tally.approximate("sensors", "ego_from_sensor", wrong, off, "", "brought to a rotation")


def _add_cameras(
    drive: DriveBuilder,
    root: Path,
    channel: str,
    frames: Sequence[FrameFiles],
    times: IntArray,
) -> None:
    """One camera for each calibration and image size."""
    known: dict[tuple[bytes, tuple[int, int]], int] = {}
    for k, frame in enumerate(frames):
        hw = USUAL_HW if frame.image is None else read_image_header(frame.image).image_hw
        key = (frame.calibration.key(), hw)
        if key not in known:
            own = channel if not known else f"{channel}_{len(known)}"
            calibration = frame.calibration
            try:
                made = Camera(own, hw, calibration.camera_matrix, ego_from_sensor=calibration.ego_from_camera)
            except InvalidLabelError as error:
                raise FormatError(f"{root}, frame {frame.name}: {error}") from None
            known[key] = drive.add_sensor(made)
        path = frame.image.relative_to(root) if frame.image else Path(channel) / f"{frame.name}.png"
        drive.add(known[key], int(times[k]), Source(path.as_posix(), "image"), k)


def numbered_files(folder: Path, suffixes: Sequence[str]) -> dict[str, Path]:
    """Name without suffix to file, in natural order; none where the folder is missing."""
    if not folder.is_dir():
        return {}
    files = [path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.is_file()]
    return {path.stem: path for path in sorted(files, key=lambda path: natural_key(path.name))}


def image_files(folder: Path) -> dict[str, Path]:
    """The images of a folder, see :func:`numbered_files`."""
    return numbered_files(folder, IMAGE_SUFFIXES)
