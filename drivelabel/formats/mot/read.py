"""MOT Challenge's truth, detection and result files as scenes of one camera."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import read_text
from drivelabel.formats.mot.classes import MOT
from drivelabel.formats.picking import picked_scene
from drivelabel.formats.pixels import PixelConvention
from drivelabel.formats.report import Tally
from drivelabel.formats.sequences import (
    MAX_FRAMES,
    SequenceInfo,
    read_seqinfo,
    sequence_images,
    sequence_scene,
)
from drivelabel.labels import IMPORTED, NO_TRACK, AttributeColumn, Boxes2D, Grouped, Taxonomy
from drivelabel.labels.attributes import ABSENT
from drivelabel.scene import Layer
from drivelabel.typing import FloatArray, IntArray

MOT_PIXELS = PixelConvention(first=1.0)
"""The image's left upper corner is (1, 1); boxes are continuous."""

IGNORED, VISIBILITY, CONFIDENCE = "mot.ignored", "visibility", "mot.confidence"
"""Attributes: the truth's flag 0, how much of a thing is seen, a result's confidence outside [0, 1]."""

_MAX_ROWS = 50_000_000


def looks_like_mot(path: Path) -> bool:
    """Whether a folder is a sequence with gt/gt.txt, or holds some."""
    return path.is_dir() and bool(mot_sequences(path))


def mot_sequences(path: Path) -> list[str]:
    """Names of the sequences in a folder, up to two levels down; ``.`` when it is one itself."""
    if (path / "gt/gt.txt").is_file() or (path / "det/det.txt").is_file():
        return ["."]
    found = {file.parent.parent for level in ("*/", "*/*/") for file in path.glob(f"{level}gt/gt.txt")}
    found |= {file.parent.parent for level in ("*/", "*/*/") for file in path.glob(f"{level}det/det.txt")}
    return sorted(folder.relative_to(path).as_posix() for folder in found)


def read_mot(
    path: Path,
    *,
    layer: str = "truth",
    scene: str | None = None,
    truth: bool | None = None,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """One sequence: its folder (truth, and detections without ids), or one text file.

    Args:
        path: a sequence's folder, one with several, or a file of truth or results.
        layer: name of the layer.
        scene: which sequence, when there are several.
        truth: of a single file, whether its 7th to 9th values are flag, class and visibility; when None, a
            file of nine values a line is truth and one of ten a result. Folders always hold truth.
        on_invalid: ``skip`` leaves out rows that break a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: there are several sequences and none is named, or a line breaks a rule.
    """
    path = Path(path)
    tally = Tally()
    if path.is_file():
        folder, info = path.parent, SequenceInfo(path.stem, image_folder="")
        table = _numbers(path, on_invalid, tally)
        parts = [_truth_or_result(path, table, truth, tally)]
        taxonomy = MOT
    else:
        folder = picked_scene(path, mot_sequences(path), scene, "sequence", "a sequence with gt/gt.txt")
        info = read_seqinfo(folder)
        taxonomy = _taxonomy(folder)
        parts = []
        for name, as_truth in (("gt/gt.txt", True), ("det/det.txt", False)):
            if (folder / name).is_file():
                table = _numbers(folder / name, on_invalid, tally)
                parts.append(_truth_or_result(folder / name, table, as_truth, tally))
    frame = np.concatenate([part[0] for part in parts])
    boxes = Boxes2D.concat([part[1] for part in parts])
    boxes, frame = _known_classes(boxes, frame, taxonomy, path, on_invalid, tally)
    n_frames = max(info.n_frames, len(sequence_images(folder, info)), int(frame.max(initial=-1)) + 1, 1)
    if n_frames > MAX_FRAMES:
        raise FormatError(f"{path}: expected frames 1 to {MAX_FRAMES}, got {n_frames}.")
    order = np.argsort(frame, kind="stable")
    counts = np.bincount(frame, minlength=n_frames)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    grouped = Grouped(boxes[order], offsets, np.ones(n_frames, np.bool_))
    tally.keep("boxes2d", "", len(boxes))
    hull = _hull(boxes)
    built = sequence_scene(folder, info, n_frames, hull, Layer(layer, taxonomy, tables={"boxes2d": grouped}))
    return Imported(replace(built, info={**built.info, "format": "mot"}), tally.report("mot", str(path)))


def _taxonomy(folder: Path) -> Taxonomy:
    """The classes of gt/labels.txt, else the data set's own."""
    file = folder / "gt/labels.txt"
    if not file.is_file():
        return MOT
    names = tuple(line.strip() for line in read_text(file, max_bytes=1 << 20).splitlines() if line.strip())
    return MOT if names == MOT.names else taxonomy_of_names("mot", names)


def _numbers(file: Path, on_invalid: str, tally: Tally) -> FloatArray:
    """(n, 10) float64, lines of 6 to 10 values, NaN for those that are left out."""
    rows = []
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append(_line(line, f"{file}, line {number}"))
        except FormatError as error:
            if on_invalid == "error":
                raise
            tally.drop("boxes2d", "", 1, f"invalid: {error}")
        if len(rows) > _MAX_ROWS:
            raise FormatError(f"{file}: expected at most {_MAX_ROWS} lines.")
    return np.asarray(rows, np.float64).reshape(len(rows), 10)


def _line(line: str, where: str) -> list[float]:
    try:
        values = [float(word) for word in line.replace(",", " ").split()]
    except ValueError:
        raise FormatError(f"{where}: expected numbers, got {line[:60]!r}.") from None
    if not 6 <= len(values) <= 10:
        raise FormatError(f"{where}: expected 6 to 10 values, got {len(values)}.")
    if not all(abs(value) < 1e15 for value in values):
        raise FormatError(f"{where}: expected finite numbers.")
    frame, track_id, _, _, width, height = values[:6]
    if frame != int(frame) or not 1 <= frame <= MAX_FRAMES or track_id != int(track_id):
        raise FormatError(f"{where}: expected a frame from 1 and a whole id, got {frame:g} and {track_id:g}.")
    if width < 0 or height < 0:
        raise FormatError(f"{where}: box has negative size {width:g} x {height:g} px.")
    return values + [float("nan")] * (10 - len(values))


def _truth_or_result(
    file: Path, table: FloatArray, truth: bool | None, tally: Tally
) -> tuple[IntArray, Boxes2D]:
    """Frame (from 0) and box of each line."""
    told = ~np.isnan(table)
    if truth is None:
        truth = bool(told[:, 8].all() and not told[:, 9].any() and len(table))
    ltwh = table[:, 2:6]
    theirs = np.concatenate([ltwh[:, :2], ltwh[:, :2] + ltwh[:, 2:]], axis=1)
    track_id = table[:, 1].astype(np.int64)
    _check_twice(file, table)
    columns = _truth(table) if truth else _result(table, tally)
    # Of older truth files (ten values, or class -1) only the flag is told.
    world = table[:, 7:10] if not truth else table[:, 9:10]
    has_world = (~np.isnan(world) & (world != -1)).any(axis=1)
    tally.drop("boxes2d", "x, y, z", int(has_world.sum()), "boxes in images have no place in the world")
    boxes = Boxes2D(
        xyxy=MOT_PIXELS.to_xyxy(theirs).astype(np.float32),
        track_id=np.where(track_id < 0, NO_TRACK, track_id),
        origin=np.full(len(table), IMPORTED, np.uint8),
        **columns,  # type: ignore[arg-type]
    )
    return table[:, 0].astype(np.int64) - 1, boxes


def _check_twice(file: Path, table: FloatArray) -> None:
    tracked = table[table[:, 1] >= 0, :2]
    keys, counts = np.unique(tracked, axis=0, return_counts=True)
    if (counts > 1).any():
        frame, track_id = keys[np.argmax(counts > 1)]
        raise FormatError(f"{file}: frame {frame:g} has the id {track_id:g} twice.")


def _truth(table: FloatArray) -> dict[str, object]:
    n = len(table)
    category = table[:, 7]
    category_id = np.where(np.isnan(category) | (category < 0), 1, category).astype(np.int64) - 1
    ignored = table[:, 6] == 0
    visibility = table[:, 8]
    told = (visibility >= 0) & (visibility <= 1)  # false for NaN
    attributes = {}
    if ignored.any():
        attributes[IGNORED] = AttributeColumn(np.where(ignored, 0, ABSENT).astype(np.int32), (True,))
    if told.any():
        values = [float(value) if known else None for value, known in zip(visibility, told, strict=True)]
        attributes[VISIBILITY] = AttributeColumn.from_list(values)
    return {"category_id": category_id, "score": np.ones(n, np.float32), "attributes": attributes}


def _result(table: FloatArray, tally: Tally) -> dict[str, object]:
    confidence = np.where(np.isnan(table[:, 6]) | (table[:, 6] == -1), 1.0, table[:, 6])
    outside = (confidence < 0) | (confidence > 1)
    attributes = {}
    if outside.any():
        worst = float(np.abs(confidence - np.clip(confidence, 0, 1)).max())
        note = f"scores lie in [0, 1]; the confidence stays as {CONFIDENCE}"
        tally.approximate("boxes2d", "score", int(outside.sum()), worst, "", note)
        values = [float(value) if odd else None for value, odd in zip(confidence, outside, strict=True)]
        attributes[CONFIDENCE] = AttributeColumn.from_list(values)
    score = np.clip(confidence, 0, 1).astype(np.float32)
    return {"category_id": np.zeros(len(table), np.int64), "score": score, "attributes": attributes}


def _known_classes(
    boxes: Boxes2D, frame: IntArray, taxonomy: Taxonomy, path: Path, on_invalid: str, tally: Tally
) -> tuple[Boxes2D, IntArray]:
    bad = (boxes.category_id < 0) | (boxes.category_id >= len(taxonomy))
    if not bad.any():
        return boxes, frame
    if on_invalid == "error":
        row = int(np.argmax(bad))
        number = int(boxes.category_id[row]) + 1
        raise FormatError(
            f"{path}, frame {frame[row] + 1}: expected a class from 1 to {len(taxonomy)}, got {number}."
        )
    tally.drop("boxes2d", "", int(bad.sum()), "invalid: unknown class")
    return boxes[~bad], frame[~bad]


def _hull(boxes: Boxes2D) -> tuple[int, int]:
    """The smallest image that holds all boxes, for sequences that tell no size."""
    if not len(boxes):
        return 1, 1
    right, bottom = np.ceil(boxes.xyxy[:, 2:].max(axis=0)).astype(np.int64).tolist()
    return min(max(bottom, 1), 65_535), min(max(right, 1), 65_535)
