"""One camera of scenes as a folder of KITTI's object benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from drivelabel.formats.aside import new_folder
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.kitti.calibration import calibration_text
from drivelabel.formats.kitti.frames import FrameObjects, camera_frames, frame_projection
from drivelabel.formats.kitti.losses import count_kitti_losses
from drivelabel.formats.kitti.points import write_velodyne
from drivelabel.formats.kitti.rows import write_rows
from drivelabel.formats.pictures import Data, pictures_of
from drivelabel.formats.report import ConversionReport, Tally


def write_kitti(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    camera: str | None = None,
    images: ImagesMode = "copy",
    classes: Literal["kitti", "keep"] = "kitti",
    overwrite: bool = False,
) -> ConversionReport:
    """Write the labelled frames of one camera as ``training/label_2``, ``calib``, ``image_2``, ``velodyne``.

    A cuboid and the box with its track id are one object. A cuboid without one gets the box round its
    projection; those outside of the image are dropped and counted. Objects without cuboid have KITTI's
    values for that.

    Args:
        data: scenes and image sets; their frames are numbered through.
        out: a folder.
        layer: whose labels.
        camera: a scene's channel; None for its first camera.
        images: ``copy`` puts images and sweeps into the folder, ``link`` links images; ``reference`` and
            ``none`` write labels and calibration only.
        classes: ``kitti`` maps classes to KITTI's own and drops others, ``keep`` writes the layer's names.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer or camera.
        FormatError: a name of a class is not known, or an image cannot be read.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing.
    """
    tally = Tally()
    pictures = pictures_of(data, layer)
    objects = FrameObjects(pictures, classes, tally)
    with new_folder(Path(out), overwrite=overwrite) as place:
        home = place / "training"
        with ImageFiles(pictures, home, images, tally) as files:
            for number, picture in enumerate(camera_frames(pictures, camera, tally)):
                name = f"{number:06d}"
                write_rows(home / "label_2" / f"{name}.txt", objects.rows(picture))
                projection, rect_from_velo = frame_projection(pictures, picture)
                if projection is not None:
                    (home / "calib").mkdir(exist_ok=True)
                    text = calibration_text(projection, rect_from_velo)
                    (home / "calib" / f"{name}.txt").write_text(text, encoding="ascii")
                files.place(picture, f"image_2/{name}")
                if images in ("copy", "link"):
                    write_velodyne(pictures, picture, home / "velodyne" / f"{name}.bin", tally)
    count_kitti_losses(pictures, objects, tally)
    return tally.report("kitti", str(out))
