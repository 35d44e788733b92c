"""One layer as a YOLO data set: data.yaml, images/SPLIT and labels/SPLIT."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.aside import new_folder
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.losses import count_losses, labelled_pictures
from drivelabel.formats.number_lines import MAX_DECIMALS, number_lines
from drivelabel.formats.pictures import Data, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.formats.yolo.files import SPLITS, YAML_NAME
from drivelabel.formats.yolo.rows import Rows, box_rows, outline_rows, pose_rows

_KEPT: dict[str, dict[str, set[str]]] = {
    "detect": {"boxes2d": {"xyxy", "category_id"}},
    "segment": {"polygons": {"points", "ring_sizes", "category_id"}},
    "obb": {"polygons": {"points", "ring_sizes", "category_id"}},
    "pose": {"boxes2d": {"xyxy", "category_id"}, "keypoints": {"keypoints", "category_id"}},
}
_MAIN = {"detect": "boxes2d", "segment": "polygons", "obb": "polygons", "pose": "keypoints"}


def write_yolo(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    task: Literal["auto", "detect", "segment", "pose", "obb"] = "auto",
    images: ImagesMode = "link",
    decimals: int = 8,
    scores: bool = False,
    overwrite: bool = False,
) -> ConversionReport:
    """Write one layer as a folder that ultralytics trains on.

    Args:
        data: what to write.
        out: the folder.
        layer: whose labels.
        task: detect (boxes), segment (polygons), pose (keypoints with boxes) or obb (polygons of four
            corners); ``auto`` takes detect where there are boxes, else what there is.
        images: ``link`` and ``copy`` put images under ``OUT/images``; the others write labels only.
        decimals: digits after the point, 1 to 15.
        scores: write each box's score as a sixth number, for predictions; detect only.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        FormatError: an option has a value that is not possible.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing or damaged.
    """
    out = Path(out)
    pictures = pictures_of(data, layer)
    chosen = task_of(pictures) if task == "auto" else task
    if not 1 <= decimals <= MAX_DECIMALS:
        raise FormatError(f"decimals: expected 1 to {MAX_DECIMALS}, got {decimals}.")
    if scores and chosen != "detect":
        raise FormatError(f"scores: expected the task detect, got {chosen}.")
    tally = Tally()
    with new_folder(out, overwrite=overwrite) as place:
        write_splits(pictures, place, tally, task=chosen, images=images, decimals=decimals, scores=scores)
    count_losses(pictures, tally, kept_columns(chosen, scores), f"YOLO {chosen} has no such labels")
    return tally.report("yolo", str(out))


def write_splits(
    pictures: Pictures, place: Path, tally: Tally, *, task: str, images: ImagesMode, decimals: int,
    scores: bool = False, layout: str = "{kind}/{split}", names: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """Write labels, images and the YAML of all labelled pictures below `place`.

    Args:
        layout: the folder of ``images`` and of ``labels`` of a split.
        names: what splits are called in folders, where it is something else.
    """
    n_points = 0
    if task == "detect":
        rows = box_rows(pictures, scores, tally)
    elif task == "pose":
        rows, n_points = pose_rows(pictures, tally)
    else:
        rows = outline_rows(pictures, task == "obb", tally)
    taxonomy = pictures.taxonomy
    taxonomy.check_ids("category_id", rows.category_id)
    shown = labelled_pictures(pictures, set(_KEPT[task]), tally)
    split_of = _splits(pictures, shown, tally)
    folder_of = {
        split: layout.format(kind="{kind}", split=(names or {}).get(split, split))
        for split in {"train", *split_of.values()}
    }
    with ImageFiles(pictures, place, images, tally) as files:
        labels: dict[int, tuple[str, str]] = {}
        for row in shown:
            labels[row] = _name(pictures, row), folder_of[split_of[row]]
            files.place(pictures.items[row], f"{labels[row][1].format(kind='images')}/{labels[row][0]}")
    _write_label_files(place, rows, labels, decimals, tally, task)
    content = _yaml(pictures, sorted(set(split_of.values()), key=SPLITS.index), folder_of, task, n_points)
    for folder in {content[split] for split in SPLITS if split in content}:
        (place / folder.replace("images", "labels", 1)).mkdir(parents=True, exist_ok=True)
        if images in ("copy", "link"):
            (place / folder).mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (place / YAML_NAME).write_text(text, encoding="utf-8")


def task_of(pictures: Pictures) -> str:
    """The task for what there is: detect where there are boxes, else segment or pose."""
    kinds = {kind for layer in pictures.layers for kind, grouped in layer.tables.items() if len(grouped.rows)}
    for task in ("detect", "segment", "pose"):
        if _MAIN[task] in kinds:
            return task
    return "detect"


def kept_columns(task: str, scores: bool = False) -> dict[str, set[str]]:
    """Kind of label to the columns that lines of a task hold."""
    kept = {kind: set(columns) for kind, columns in _KEPT[task].items()}
    if scores:
        kept["boxes2d"].add("score")
    return kept


def _splits(pictures: Pictures, shown: Sequence[int], tally: Tally) -> dict[int, str]:
    """Row to split; what is in none is for training."""
    found = {}
    n_other = 0
    for row in shown:
        split = pictures.items[row].split
        found[row] = split if split in SPLITS else "train"
        n_other += split != found[row]
    tally.drop("images", "split", n_other, "in none of train, val and test, so written as train")
    return found


def _name(pictures: Pictures, row: int) -> str:
    """The picture's name; a folder called ``images`` in it would lead to another label file."""
    return "/".join(f"{part}_" if part == "images" else part for part in pictures.items[row].name.split("/"))


def _write_label_files(
    place: Path, rows: Rows, labels: dict[int, tuple[str, str]], decimals: int, tally: Tally, task: str
) -> None:
    text, lines, written = number_lines(rows.category_id, rows.values, rows.start, decimals, rows.whole)
    error = np.abs(written - rows.values) * rows.size
    kind, column = {"detect": ("boxes2d", "xyxy"), "pose": ("boxes2d", "xyxy")}.get(
        task, ("polygons", "points")
    )
    n = len(rows.category_id)
    # A side is the middle and half of the size: both are rounded; then float32 holds the sum.
    worst = 1.5 * float(error.max(initial=0)) + float(np.spacing(np.float32(rows.size.max(initial=0))))
    if n:
        tally.approximate(kind, column, n, worst, "px", f"{decimals} digits after the point")
        if task == "pose":
            tally.approximate("keypoints", "keypoints", n, worst, "px", f"{decimals} digits after the point")
    first = np.searchsorted(rows.picture, np.arange(max(labels, default=-1) + 2)).tolist()
    bounds = lines.tolist()
    handles: dict[str, int] = {}
    try:
        for row, (name, folder) in labels.items():
            body = text[bounds[first[row]] : bounds[first[row + 1]]]
            _write_one(place, f"{folder.format(kind='labels')}/{name}.txt", body, handles)
    except OSError as error_:
        raise StoreError(f"{place}: labels cannot be written: {error_}") from error_
    finally:
        for handle in handles.values():
            os.close(handle)


def _write_one(place: Path, name: str, body: bytes, handles: dict[str, int]) -> None:
    """One small file, by its open folder: a third of the time that a path from the root takes."""
    folder, _, base = name.rpartition("/")
    if folder not in handles:
        (place / folder).mkdir(parents=True, exist_ok=True)
        if len(handles) > 100:
            for handle in handles.values():
                os.close(handle)
            handles.clear()
        handles[folder] = os.open(place / folder, os.O_RDONLY)
    file = os.open(base, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=handles[folder])
    try:
        os.write(file, body)
    finally:
        os.close(file)


def _yaml(
    pictures: Pictures, splits: list[str], folder_of: dict[str, str], task: str, n_points: int
) -> dict[str, Any]:
    """`val` is asked for by trainers; without one, the training images stand for it.

    There is no `path`: ultralytics then counts from the YAML's folder, but from elsewhere for ``path: .``.
    """
    own = list(splits)
    folders = {split: folder_of[split].format(kind="images") for split in splits}
    folders.setdefault("train", next(iter(folders.values()), folder_of["train"].format(kind="images")))
    folders.setdefault("val", folders["train"])
    content: dict[str, Any] = {**folders, "splits": own, "task": task}
    taxonomy = pictures.taxonomy
    content |= {"nc": len(taxonomy), "names": dict(enumerate(taxonomy.names))}
    if task == "pose":
        content["kpt_shape"] = [n_points, 3]
        named = {row: list(c.skeleton) for row, c in enumerate(taxonomy) if c.skeleton}
        if named:
            content["kpt_names"] = named
    return content
