"""One camera of scenes as sequences of KITTI's tracking benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from drivelabel.formats.aside import new_folder
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.kitti.calibration import calibration_text
from drivelabel.formats.kitti.frames import FrameObjects, camera_frames, frame_projection, lidar_poses
from drivelabel.formats.kitti.losses import count_kitti_losses
from drivelabel.formats.kitti.oxts import packets_of
from drivelabel.formats.kitti.points import write_velodyne
from drivelabel.formats.kitti.rows import Row, write_rows
from drivelabel.formats.pictures import Data, Picture, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.labels import NO_TRACK
from drivelabel.scene import Scene


def write_kitti_tracking(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    camera: str | None = None,
    images: ImagesMode = "copy",
    classes: Literal["kitti", "keep"] = "kitti",
    overwrite: bool = False,
) -> ConversionReport:
    """Write the labelled frames of one camera of each scene as a sequence, ``0000``, ``0001``, ...

    Objects without track have id -1, as KITTI's ``DontCare`` has. For the rest see :func:`write_kitti`.

    Raises:
        SceneLookupError, FormatError, StoreError: see :func:`write_kitti`.
    """
    tally = Tally()
    pictures = pictures_of(data, layer)
    objects = FrameObjects(pictures, classes, tally)
    with new_folder(Path(out), overwrite=overwrite) as place:
        home = place / "training"
        sequences: dict[int, list[Picture]] = {row: [] for row in range(len(pictures.data))}
        for picture in camera_frames(pictures, camera, tally):
            sequences[picture.data].append(picture)
        with ImageFiles(pictures, home, images, tally) as files:
            for sequence, frames in sequences.items():
                name, rows = f"{sequence:04d}", list[Row]()
                for number, picture in enumerate(frames):
                    rows += objects.rows(picture, number, tracking=True)
                    files.place(picture, f"image_02/{name}/{number:06d}")
                    if images in ("copy", "link"):
                        path = home / "velodyne" / name / f"{number:06d}.bin"
                        write_velodyne(pictures, picture, path, tally)
                write_rows(home / "label_02" / f"{name}.txt", rows, tracking=True)
                last = max((row.frame for row in rows), default=-1)
                if images not in ("copy", "link"):
                    note = "without images, nothing tells of empty frames at the end"
                    tally.drop("frames", "", len(frames) - 1 - last, note)
                untracked = sum(row.track == NO_TRACK for row in rows)
                tally.keep("boxes2d", "track_id", untracked, "untracked ones have id -1")
                projection, rect_from_velo = frame_projection(pictures, frames[0]) if frames else (None, None)
                _write_poses(pictures, frames, home / "oxts" / f"{name}.txt", tally)
                if projection is not None and rect_from_velo is not None:
                    (home / "calib").mkdir(exist_ok=True)
                    text = calibration_text(projection, rect_from_velo)
                    (home / "calib" / f"{name}.txt").write_text(text, encoding="ascii")
    count_kitti_losses(pictures, objects, tally, tracking=True)
    return tally.report("kitti-tracking", str(out))


def _write_poses(pictures: Pictures, frames: list[Picture], path: Path, tally: Tally) -> None:
    """Write the lidar's poses as packets of an IMU in its place, where the car's way is known."""
    poses = lidar_poses(pictures, frames)
    if poses is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [" ".join(repr(value) for value in packet) for packet in packets_of(poses).tolist()]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        moved = float(np.linalg.norm(poses[0, :3, 3]))
        note = "the world's origin moves to the first pose"
        tally.approximate("poses", "translation", len(poses), moved, "m", note)
    scene = pictures.data[frames[0].data] if frames else None
    if isinstance(scene, Scene) and scene.poses is not None:
        times = np.array([p.timestamp_ns for p in frames] if poses is not None else [], np.int64)
        lost = int((~np.isin(scene.poses.timestamp_ns, times)).sum())
        tally.drop("poses", "", lost, "not at a frame's time")
