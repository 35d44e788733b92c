"""LabelMe's files as an image set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError, StoreError
from drivelabel.formats.building import MAX_PIXELS, image_tags
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.coco.gather import Gathered
from drivelabel.formats.coco.images import ImageList, labelled_flags, own_tags
from drivelabel.formats.imported import Imported
from drivelabel.formats.labelme.shapes import ShapeReader
from drivelabel.formats.loading import Fields, kept_name, no_collecting, read_json, read_text, scalars_of
from drivelabel.formats.painting import InstancePainter
from drivelabel.formats.report import Tally
from drivelabel.labels import NO_TRACK
from drivelabel.media.images import read_image_header
from drivelabel.scene import ImageSet, Layer, Source

CLASSES = "labels.txt"
"""Where all classes are listed, also those that no shape has."""

FLAGS = "labelme."
"""What names of tags begin with that are flags of an image."""

_KNOWN = {"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"}
_OURS = {"labelled", "split", "tags"}


def looks_like_labelme(path: Path) -> bool:
    """Whether a path is a LabelMe file or a folder with such files."""
    if path.is_dir():
        first = next(iter(sorted(path.glob("*.json"))), None) or next(
            iter(sorted(path.glob("*/*.json"))), None
        )
        return first is not None and looks_like_labelme(first)
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(1 << 20)
    return b'"shapes"' in head and (b'"imagePath"' in head or b'"shape_type"' in head)


def read_labelme(
    path: Path, *, layer: str = "truth", on_invalid: Literal["error", "skip"] = "error"
) -> Imported:
    """Shapes of LabelMe's files, also those that X-AnyLabeling writes.

    Args:
        path: a file, or a folder; files of all folders below it are read.
        layer: name of the layer.
        on_invalid: ``skip`` leaves out files and shapes that break a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a file breaks a rule of the format; the message names file and shape.
    """
    path, tally = Path(path), Tally()
    if not path.exists():
        raise StoreError(f"{path}: no such file or folder.")
    root = path if path.is_dir() else path.parent
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    if not files:
        raise FormatError(f"{path}: expected LabelMe's JSON files, found none.")
    with no_collecting():
        contents = list(_contents(files, on_invalid == "skip", tally))
        return _read(path, root, contents, layer, on_invalid == "skip", tally)


def _contents(files: list[Path], skip: bool, tally: Tally) -> Iterator[tuple[Path, Fields]]:
    for file in files:
        try:
            content = Fields(read_json(file), str(file))
            content.items("shapes")
            yield file, content
        except (FormatError, StoreError) as error:
            if not skip:
                raise
            tally.drop("images", "", 1, f"invalid: {error}")


def _read(
    path: Path, root: Path, contents: list[tuple[Path, Fields]], layer: str, skip: bool, tally: Tally
) -> Imported:
    taxonomy = taxonomy_of_names("labelme", _classes(root, contents))
    gathered, images = Gathered(tally, InstancePainter(tally)), ImageList()
    shapes = ShapeReader(taxonomy, gathered)
    groups = [s.get("group_id") for _, c in contents for s in c.items("shapes") if isinstance(s, dict)]
    gathered.next_track = max([group for group in groups if type(group) is int], default=0) + 1
    hws: list[tuple[int, int]] = []
    names: set[str] = set()
    for file, content in contents:
        try:
            name, hw = _image(file, content, root)
            if name in names:
                raise content.wrong(f"imagePath {name[:200]!r} occurs twice.")
            names.add(name)
            row = len(hws)
            images.sources.append(Source(name, "image"))
            hws.append(hw)
            _add_facts(content, row, images, gathered)
        except (FormatError, StoreError) as error:
            if not skip:
                raise
            tally.drop("images", "", 1, f"invalid: {error}")
            continue
        _read_shapes(content, row, hw, shapes, skip, tally)
    shapes.finish()
    sizes = np.array(hws, np.int64).reshape(-1, 2)
    kinds = gathered.kinds | {"boxes2d"} if images.unsaid else gathered.kinds
    flags = labelled_flags(images, sorted(kinds), len(hws))
    for kind, look in (("instance_map", gathered.painter.look), ("label_map", gathered.label_map)):
        for row in images.labelled.get(kind, []):
            look(row, hws[row])
    own = Layer(layer, taxonomy, tables=gathered.tables(flags), **gathered.masks(len(hws)))
    splits = {split: np.array(rows, np.int64) for split, rows in images.splits.items()}
    data = ImageSet(path.stem, tuple(images.sources), sizes, taxonomy, {layer: own}, splits, str(root))
    return Imported(data, tally.report("labelme", str(path)))


def _read_shapes(
    content: Fields, row: int, hw: tuple[int, int], shapes: ShapeReader, skip: bool, tally: Tally
) -> None:
    items = [s for s in content.items("shapes") if isinstance(s, dict)]
    boxed = {
        (int(s["group_id"]), str(s.get("label")))
        for s in items
        if s.get("shape_type") == "rectangle" and type(s.get("group_id")) is int and s["group_id"] != NO_TRACK
    }
    for k in range(len(content.items("shapes"))):
        try:
            shape = Fields(content.items("shapes")[k], f"{content.where}, shape {k}")
            shapes.read(shape, row, hw, boxed)
        except (FormatError, InvalidLabelError) as error:
            if not skip:
                raise
            tally.drop("shapes", "", 1, f"invalid: {error}")


def _classes(root: Path, contents: list[tuple[Path, Fields]]) -> list[str]:
    listed: list[str] = []
    if (root / CLASSES).is_file():
        listed = [line for line in read_text(root / CLASSES).splitlines() if line]
    found = [
        shape["label"]
        for _, content in contents
        for shape in content.items("shapes")
        if isinstance(shape, dict) and isinstance(shape.get("label"), str)
    ]
    return list(dict.fromkeys([*listed, *found]))


def _image(file: Path, content: Fields, root: Path) -> tuple[str, tuple[int, int]]:
    """The image's path below the root, and its size."""
    below = file.parent.relative_to(root)
    base = kept_name(content.text("imagePath", f"{file.stem}.jpg") or f"{file.stem}.jpg")[0]
    name = (below / base).as_posix()
    if content.get("imageHeight") is None or content.get("imageWidth") is None:
        return name, read_image_header(root / name).image_hw
    hw = content.integer("imageHeight"), content.integer("imageWidth")
    if min(hw) <= 0 or hw[0] * hw[1] > MAX_PIXELS:
        raise content.wrong(f"expected an image of 1 to {MAX_PIXELS} pixels, got {hw[1]}x{hw[0]}.")
    return name, hw


def _add_facts(content: Fields, row: int, images: ImageList, gathered: Gathered) -> None:
    kinds = content.get("labelled")
    if isinstance(kinds, list):
        for kind in {kind for kind in kinds if isinstance(kind, str)}:
            images.labelled.setdefault(kind, []).append(row)
    else:
        images.unsaid.append(row)
    split = content.get("split")
    if isinstance(split, str) and split:
        images.splits.setdefault(split, []).append(row)
    facts: dict[str, Any] = {FLAGS + k: v for k, v in scalars_of(content.get("flags")).items()}
    for key in content.value.keys() - _KNOWN - _OURS:
        facts |= {FLAGS + name: value for name, value in scalars_of({key: content.get(key)}).items()}
        gathered.tally.drop("images", key, int(FLAGS + key not in facts), "no plain value")
    tables = [image_tags(facts)] if facts else []
    if "tags" in content:
        tables.append(own_tags(content))
    for number, tags in enumerate(tables):
        gathered.tally.keep("tags", "", len(tags))
        image = np.full(len(tags), row, np.int64)
        gathered.add("tags", tags, image, np.arange(len(tags)) + 10**6 * number)
    gathered.tally.drop(
        "images", "imageData", int(bool(content.get("imageData"))), "images are read from files"
    )
