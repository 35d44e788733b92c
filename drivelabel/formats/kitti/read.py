"""A folder of KITTI's object benchmark as a scene."""

from __future__ import annotations

from pathlib import Path

from drivelabel.errors import StoreError
from drivelabel.formats.imported import Imported
from drivelabel.formats.kitti.calibration import Calibration, read_calibration
from drivelabel.formats.kitti.drive import FrameFiles, build_drive, image_files, numbered_files
from drivelabel.formats.kitti.gather import Objects, OnInvalid
from drivelabel.formats.kitti.rows import read_rows
from drivelabel.formats.report import Tally
from drivelabel.media.images import natural_key

CHANNEL = "image_2"


def read_kitti(path: Path | str, *, layer: str = "truth", on_invalid: OnInvalid = "error") -> Imported:
    """The frames of a folder with ``label_2``: boxes in images, cuboids where calibration places them.

    The benchmark's frames are from many drives and tell no times or poses: each is a sample of its own, a
    tenth of a second after the one before, and the world is the velodyne's coords in each frame.

    Args:
        path: the folder with ``label_2``, or one with ``training`` in it.
        layer: name of the layer with the labels.
        on_invalid: ``error`` refuses damaged lines, ``skip`` leaves them out and counts them.

    Raises:
        StoreError: there is no such folder, or a file cannot be read.
        FormatError: a label or calibration is damaged.
    """
    home = _home(Path(path))
    tally = Tally()
    labels = numbered_files(home / "label_2", (".txt",))
    images = image_files(home / "image_2")
    sweeps = numbered_files(home / "velodyne", (".bin",))
    calibrations = numbered_files(home / "calib", (".txt",))
    objects = Objects(tally, on_invalid)
    frames = []
    for name in sorted({*labels, *images}, key=natural_key):
        known = read_calibration(calibrations[name]) if name in calibrations else Calibration.unknown()
        frames.append(FrameFiles(name, images.get(name), sweeps.get(name), name in labels, known))
        if name in labels:
            for row in read_rows(labels[name]):
                objects.add(len(frames) - 1, row)
    tally.drop("calib", "", len(calibrations), "cameras 0, 1, 3 and the IMU")
    names = [frame.name for frame in frames]
    scene = build_drive(
        home.parent.name if home.name in ("training", "testing") else home.name,
        home, CHANNEL, frames, objects, layer, None, tally, tracked=False, info={"frames": names},
    )  # fmt: skip
    return Imported(scene, tally.report("kitti", str(home)))


def _home(path: Path) -> Path:
    path = path.parent if path.name == "label_2" else path
    for folder in (path, path / "training", path / "object" / "training"):
        if (folder / "label_2").is_dir():
            return folder
    raise StoreError(f"{path}: expected a folder label_2, or training/label_2.")


def is_kitti(path: Path) -> bool:
    """Whether a path looks like a folder of KITTI's object benchmark."""
    return any((folder / "label_2").is_dir() for folder in (path, path / "training"))
