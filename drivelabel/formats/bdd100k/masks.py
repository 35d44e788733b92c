"""BDD100K's masks: PNG of instances, classes, drivable areas and lanes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.building import ImageSetBuilder
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import read_bytes
from drivelabel.formats.painting import InstancePainter
from drivelabel.formats.report import Tally
from drivelabel.labels import IMPORTED, VOID, Attributes, Boxes2D, Taxonomy
from drivelabel.labels.taxonomies import BDD100K, BDD100K_DRIVABLE, BDD100K_LANES, BDD100K_SEMANTIC
from drivelabel.media.images import read_image_header
from drivelabel.typing import AnyArray, UInt8Array

MaskKind: TypeAlias = Literal["instances", "semantic", "drivable", "lanes"]

INSTANCE_CLASSES = ("pedestrian", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle")
"""Classes 1 to 8 of instance masks.

Source: github.com/bdd100k/bdd100k, doc/source/format.rst, as all codes below.
"""
_LANE_BACKGROUND, _LANE_CLASS = 0b1000, 0b111
_FLAGS = ("ignore", "crowd", "occluded", "truncated")


def read_masks(path: Path, kind: MaskKind, layer: str, tally: Tally) -> Imported:
    """The masks of a folder (also of folders in it) or of one PNG, as an image set.

    Raises:
        StoreError: a file is missing or damaged.
        FormatError: `kind` is unknown, or an image is of another kind.
    """
    if kind not in _READERS:
        raise FormatError(f"masks: expected one of {', '.join(_READERS)}, got {kind!r}.")
    files = sorted(path.rglob("*.png")) if path.is_dir() else [path]
    if not files:
        raise StoreError(f"{path}: expected PNG, found none.")
    home = path if path.is_dir() else path.parent
    taxonomy, read = _READERS[kind]
    builder = ImageSetBuilder(path.stem, str(home), taxonomy, layer)
    painter = InstancePainter(tally)
    for file in files:
        name = file.relative_to(home).with_suffix(".jpg").as_posix()
        read(builder, painter, file, name, tally)
    masks = painter.columns(len(builder)) if kind == "instances" else {}
    return Imported(builder.build(**masks), tally.report("bdd100k", str(path)))


def _pixels(file: Path, channels: int) -> AnyArray:
    read_image_header(file)  # its size, before decoding
    pixels = cv2.imdecode(np.frombuffer(read_bytes(file), np.uint8), cv2.IMREAD_UNCHANGED)
    found = 0 if pixels is None else pixels.shape[2] if pixels.ndim == 3 else 1
    if found != channels or pixels.dtype != np.uint8:
        raise FormatError(f"{file}: expected a PNG of {channels} channels of 8 bits, got {found}.")
    return pixels


def _instances(
    builder: ImageSetBuilder, painter: InstancePainter, file: Path, name: str, tally: Tally
) -> None:
    """Red is the class, green four flags, blue and alpha the number of the thing."""
    pixels = _pixels(file, 4).astype(np.int64)  # as OpenCV orders them: blue, green, red, alpha
    category, green, number = pixels[..., 2], pixels[..., 1], (pixels[..., 0] << 8) + pixels[..., 3]
    hw = (category.shape[0], category.shape[1])
    group = len(builder)
    painter.look(group, hw)
    boxes, rows, facts, tracks = [], [], [], []
    for key in np.unique(category << 24 | green << 16 | number).tolist():
        row, flags, ident = key >> 24, key >> 16 & 255, key & 0xFFFF
        if row == 0:
            continue
        if row > len(INSTANCE_CLASSES):
            tally.drop("instance_map", "", 1, f"unknown class {row}")
            continue
        mask = (category == row) & (number == ident) & (green == flags)
        track_id = ident if ident else 1_000_000_000 + group
        painter.paint(group, mask, track_id)
        across, down = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        boxes.append([across[0], down[0], across[-1] + 1, down[-1] + 1])
        rows.append(BDD100K.id_of(INSTANCE_CLASSES[row - 1]))
        facts.append({flag: True for bit, flag in enumerate(_FLAGS) if flags >> bit & 1} | {"shape": "mask"})
        tracks.append(track_id)
    tally.keep("instance_map", "", len(boxes))
    table = Boxes2D.empty()
    if boxes:
        table = Boxes2D(
            xyxy=np.asarray(boxes, np.float32),
            category_id=np.asarray(rows, np.int64),
            track_id=np.asarray(tracks, np.int64),
            origin=np.full(len(boxes), IMPORTED, np.uint8),
            attributes=Attributes.from_rows(facts),
        )
    builder.add(name, hw, table)


def _classes(builder: ImageSetBuilder, painter: InstancePainter, file: Path, name: str, tally: Tally) -> None:
    """The value is the class; above the last one, nobody knows."""
    pixels: UInt8Array = _pixels(file, 1)
    unknown = (pixels >= len(builder.taxonomy)) & (pixels != VOID)
    tally.drop("label_map", "", int(unknown.any()), "values that are no class")
    builder.add(name, (pixels.shape[0], pixels.shape[1]), label_map=np.where(unknown, VOID, pixels))
    tally.keep("label_map")


def _lanes(builder: ImageSetBuilder, painter: InstancePainter, file: Path, name: str, tally: Tally) -> None:
    """The last three bits are the class, the next one says background; direction and style have bits too."""
    pixels: UInt8Array = _pixels(file, 1)
    background = (pixels & _LANE_BACKGROUND) > 0
    classes = np.where(background, VOID, pixels & _LANE_CLASS).astype(np.uint8)
    builder.add(name, (pixels.shape[0], pixels.shape[1]), label_map=classes)
    tally.keep("label_map")
    tally.drop("label_map", "direction and style", int((~background).any()), "label maps have a class only")


def _in_order(name: str, names: tuple[str, ...]) -> Taxonomy:
    """The classes of one task; a pixel's value is the row."""
    return Taxonomy(name, tuple(BDD100K.categories[BDD100K.id_of(each)] for each in names))


_READERS: dict[str, tuple[Taxonomy, Any]] = {
    "instances": (BDD100K, _instances),
    "semantic": (_in_order("bdd100k_semantic", BDD100K_SEMANTIC), _classes),
    "drivable": (_in_order("bdd100k_drivable", BDD100K_DRIVABLE), _classes),
    "lanes": (_in_order("bdd100k_lanes", BDD100K_LANES), _lanes),
}
