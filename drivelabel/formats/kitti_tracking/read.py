"""A sequence of KITTI's tracking benchmark as a scene."""

from __future__ import annotations

from pathlib import Path

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, SceneLookupError, StoreError
from drivelabel.formats.imported import Imported
from drivelabel.formats.kitti.calibration import Calibration, read_calibration
from drivelabel.formats.kitti.drive import FrameFiles, build_drive, image_files, numbered_files
from drivelabel.formats.kitti.gather import Objects, OnInvalid
from drivelabel.formats.kitti.oxts import poses_of_oxts, read_oxts
from drivelabel.formats.kitti.rows import read_rows
from drivelabel.formats.report import Tally

CHANNEL = "image_02"
_MAX_FRAMES = 1_000_000


def read_kitti_tracking(
    path: Path | str,
    *,
    layer: str = "truth",
    scene: str | None = None,
    on_invalid: OnInvalid = "error",
) -> Imported:
    """One sequence: tracked boxes and cuboids, images and sweeps; poses where ``oxts`` has its file.

    Args:
        path: the folder with ``label_02``, or one with ``training`` in it.
        layer: name of the layer with the labels.
        scene: the sequence, such as ``0007``; may be None when there is only one.
        on_invalid: ``error`` refuses damaged lines, ``skip`` leaves them out and counts them.

    Raises:
        StoreError: there is no such folder, or a file cannot be read.
        SceneLookupError: there is no such sequence.
        FormatError: a label or calibration is damaged, or the sequence must be named.
    """
    home = _home(Path(path))
    name = _sequence(home, scene)
    tally = Tally()
    images = list(image_files(home / CHANNEL / name).values())
    sweeps = numbered_files(home / "velodyne" / name, (".bin",))
    calibration_file = home / "calib" / f"{name}.txt"
    known = read_calibration(calibration_file) if calibration_file.is_file() else Calibration.unknown()
    objects = Objects(tally, on_invalid)
    for row in read_rows(home / "label_02" / f"{name}.txt", tracking=True):
        if not isinstance(row, FormatError) and not 0 <= row.frame < _MAX_FRAMES:
            row = FormatError(f"{home / 'label_02' / name}.txt: expected frames from 0, got {row.frame}.")
        objects.add(0 if isinstance(row, FormatError) else row.frame, row)
    n = max([len(images), *(row.frame + 1 for row in objects.rows)], default=0)
    frames = [
        FrameFiles(
            f"{k:06d}",
            images[k] if k < len(images) else None,
            sweeps.get(f"{k:06d}"),
            True,
            known,
        )
        for k in range(n)
    ]
    oxts = home / "oxts" / f"{name}.txt"
    poses = None
    if oxts.is_file():
        rows = read_oxts([oxts])
        if len(rows) < n:
            raise FormatError(f"{oxts}: expected {n} lines, one a frame, got {len(rows)}.")
        # Poses are the IMU's; how it is mounted to the velodyne stands in the calibration.
        poses = poses_of_oxts(rows[:n], calibration_file, tally)
    tally.drop("calib", "", int(calibration_file.is_file()), "cameras 0, 1 and 3")
    made = build_drive(name, home, CHANNEL, frames, objects, layer, poses, tally, tracked=True)
    return Imported(made, tally.report("kitti-tracking", f"{home}, {name}"))


def _home(path: Path) -> Path:
    path = path.parent if path.name == "label_02" else path
    for folder in (path, path / "training"):
        if (folder / "label_02").is_dir():
            return folder
    raise StoreError(f"{path}: expected a folder label_02, or training/label_02.")


def sequence_names(path: Path) -> list[str]:
    """The sequences of a folder. Raises StoreError when it is none."""
    return list(numbered_files(_home(path) / "label_02", (".txt",)))


def _sequence(home: Path, name: str | None) -> str:
    names = sequence_names(home)
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        shown = ", ".join(names[:10])
        raise FormatError(f"{home}: has {len(names)} sequences ({shown}). Name one with scene=...")
    if name not in names:
        raise SceneLookupError(f"{home}: no sequence {name!r}.{did_you_mean(name, names)}")
    return name


def is_kitti_tracking(path: Path) -> bool:
    """Whether a path looks like a folder of KITTI's tracking benchmark."""
    return any((folder / "label_02").is_dir() for folder in (path, path / "training"))
