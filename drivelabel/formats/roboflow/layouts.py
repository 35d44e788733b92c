"""Roboflow's folders: ``train``, ``valid`` and ``test``, each with its images and labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.aside import new_folder
from drivelabel.formats.coco.files import LabelFile
from drivelabel.formats.coco.read import read_label_files
from drivelabel.formats.coco.write import KEPT, MASKS, write_labels
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import no_collecting
from drivelabel.formats.losses import count_losses, labelled_pictures
from drivelabel.formats.pictures import IMAGE_KINDS, Data, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.formats.yolo.files import find_data_set, has_data_yaml
from drivelabel.formats.yolo.read import read_data_set
from drivelabel.formats.yolo.write import kept_columns, task_of, write_splits

COCO_NAME = "_annotations.coco.json"
FOLDERS = {"train": "train", "val": "valid", "test": "test"}
"""Split to the name of its folder."""


def looks_like_roboflow(path: Path) -> bool:
    """Whether a folder has Roboflow's folders, with COCO or YOLO labels."""
    return path.is_dir() and (bool(_coco_files(path)) or _is_yolo(path))


def _coco_files(path: Path) -> list[LabelFile]:
    return [
        LabelFile(path / folder / COCO_NAME, split)
        for split, folder in FOLDERS.items()
        if (path / folder / COCO_NAME).is_file()
    ]


def _is_yolo(path: Path) -> bool:
    return any((path / folder / "labels").is_dir() for folder in FOLDERS.values()) and has_data_yaml(path)


def read_roboflow(
    path: Path,
    *,
    layer: str = "truth",
    image_size: str = "",
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """Images and labels of a folder that Roboflow exported as COCO or YOLO.

    Args:
        path: the folder.
        layer: name of the layer.
        image_size: ``WIDTHxHEIGHT`` of images that are not there; for YOLO labels.
        on_invalid: ``skip`` leaves out what breaks a rule and counts it.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: the folder has another layout, or a file breaks a rule of its format.
    """
    path, tally = Path(path), Tally()
    if not path.is_dir():
        raise StoreError(f"{path}: no such folder.")
    files = _coco_files(path)
    with no_collecting():
        if files:
            prefixes = {file.split: f"{FOLDERS[file.split]}/" for file in files}
            return read_label_files(
                files, tally, path, layer=layer, root=path, on_invalid=on_invalid, name="roboflow",
                prefixes=prefixes,
            )  # fmt: skip
        if _is_yolo(path):
            data = find_data_set(path, None, tally)
            return read_data_set(
                data, tally, path, layer=layer, image_size=image_size, on_invalid=on_invalid, name="roboflow"
            )
    raise FormatError(f"{path}: expected train/{COCO_NAME}, or data.yaml with train/images and train/labels.")


def write_roboflow(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    layout: Literal["coco", "yolo"] = "coco",
    images: ImagesMode = "link",
    task: Literal["auto", "detect", "segment", "pose", "obb"] = "auto",
    decimals: int = 8,
    overwrite: bool = False,
) -> ConversionReport:
    """Write one layer in Roboflow's folders ``train``, ``valid`` and ``test``.

    Args:
        data: what to write.
        out: the folder.
        layer: whose labels.
        layout: ``coco`` writes a COCO file in each folder, ``yolo`` folders ``images`` and ``labels``.
        images: ``link`` and ``copy`` put images into the folders; the others write labels only.
        task, decimals: of YOLO labels; see :func:`drivelabel.formats.yolo.write_yolo`.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing or damaged.
    """
    out = Path(out)
    pictures, tally = pictures_of(data, layer), Tally()
    with new_folder(out, overwrite=overwrite) as place:
        if layout == "coco":
            _write_coco(pictures, place, images, tally)
            count_losses(pictures, tally, KEPT, "COCO has images only", masks=MASKS)
        else:
            chosen = task_of(pictures) if task == "auto" else task
            write_splits(
                pictures, place, tally, task=chosen, images=images, decimals=decimals,
                layout="{split}/{kind}", names=FOLDERS,
            )  # fmt: skip
            count_losses(pictures, tally, kept_columns(chosen), f"YOLO {chosen} has no such labels")
    return tally.report("roboflow", str(out))


def _write_coco(pictures: Pictures, place: Path, images: ImagesMode, tally: Tally) -> None:
    shown: dict[str, list[int]] = {}
    n_other = 0
    for row in labelled_pictures(pictures, {*IMAGE_KINDS, *MASKS}, tally):
        split = pictures.items[row].split
        shown.setdefault(split if split in FOLDERS else "train", []).append(row)
        n_other += split not in FOLDERS
    tally.drop("images", "split", n_other, "in none of train, val and test, so written as train")
    for split, rows in (shown or {"train": []}).items():
        folder = place / FOLDERS[split]
        folder.mkdir()
        with ImageFiles(pictures, folder, images, tally) as files:
            write_labels(folder / COCO_NAME, pictures, files, tally, rows)
