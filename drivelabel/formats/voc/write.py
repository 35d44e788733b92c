"""One layer as Pascal VOC files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import numpy as np

from drivelabel.formats.aside import new_folder
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.losses import count_losses, labelled_pictures
from drivelabel.formats.pictures import Data, Picture, Pictures, pictures_of
from drivelabel.formats.pixels import CORNER, ONE_BASED_INCLUSIVE, PixelConvention
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.formats.voc.read import CLASSES
from drivelabel.formats.voc.values import FLAGS, VALUES, text_of, xml_text
from drivelabel.labels import HUMAN, NO_TRACK, ORIGINS, TABLES

_KEPT = {kind: frozenset(TABLES[kind].__dataclass_fields__) for kind in ("boxes2d", "tags")}


def write_voc(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: ImagesMode = "reference",
    pixels: Literal["voc", "corner"] = "voc",
    overwrite: bool = False,
) -> ConversionReport:
    """Write the boxes of one layer: ``Annotations/NAME.xml``, ``ImageSets/Main``, ``labels.txt``.

    Args:
        data: what to write.
        out: the folder.
        layer: whose labels.
        images: ``copy`` and ``link`` put images under ``OUT/JPEGImages``.
        pixels: ``voc`` counts pixels from 1 and names the last one, as VOC does; ``corner`` writes our
            numbers as they are, for tools that read so.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing or damaged.
    """
    out = Path(out)
    pictures, tally = pictures_of(data, layer), Tally()
    convention = ONE_BASED_INCLUSIVE if pixels == "voc" else CORNER
    with new_folder(out, overwrite=overwrite) as place:
        unlabelled = [
            row for row in range(len(pictures)) if pictures.table("boxes2d", pictures.items[row]) is None
        ]
        for row in unlabelled:
            tags = pictures.table("tags", pictures.items[row])
            tally.drop("tags", "", 0 if tags is None else len(tags), "VOC has boxes only")
        (place / "Annotations").mkdir()
        with ImageFiles(pictures, place / "JPEGImages", images, tally) as files:
            shown = labelled_pictures(pictures, {"boxes2d"}, tally)
            for row in shown:
                picture = pictures.items[row]
                name = files.place(picture)
                root = _annotation(pictures, picture, name, convention, tally)
                file = place / "Annotations" / f"{picture.name}.xml"
                file.parent.mkdir(parents=True, exist_ok=True)
                ElementTree.indent(root)
                file.write_bytes(ElementTree.tostring(root, encoding="utf-8") + b"\n")
        _write_lists(place, pictures, shown, tally)
    count_losses(pictures, tally, _KEPT, "VOC has boxes only")
    return tally.report("voc", str(out))


def _annotation(
    pictures: Pictures, picture: Picture, name: str, convention: PixelConvention, tally: Tally
) -> ElementTree.Element:
    root = ElementTree.Element("annotation")
    _add(root, "filename", name.rpartition("/")[2], tally)
    for field, value in _file_facts(pictures, picture, tally).items():
        parent = root
        *folders, last = field.split(".", 1)
        for folder in folders:
            found = parent.find(folder)
            parent = ElementTree.SubElement(parent, folder) if found is None else found
        _add(parent, last, str(value), tally)
    size = ElementTree.SubElement(root, "size")
    for side, value in (("width", picture.image_hw[1]), ("height", picture.image_hw[0]), ("depth", 3)):
        _add(size, side, str(value), tally)
    boxes = pictures.table("boxes2d", picture)
    theirs, _ = convention.from_xyxy(boxes.xyxy)
    error = np.abs(convention.to_xyxy(theirs).astype(np.float32) - boxes.xyxy).max(axis=1, initial=0)
    tally.approximate(
        "boxes2d", "xyxy", int((error > 0).sum()), float(error.max(initial=0)), "px", "counted from 1"
    )
    for row in range(len(boxes)):
        _object(root, pictures.taxonomy.names[boxes.category_id[row]], theirs[row], boxes, row, tally)
    tally.keep("boxes2d", "", len(boxes), "score, track_id, origin and attributes as extra elements")
    return root


def _object(root: ElementTree.Element, name: str, sides: Any, boxes: Any, row: int, tally: Tally) -> None:
    item = ElementTree.SubElement(root, "object")
    _add(item, "name", name, tally)
    facts = boxes.attributes.row(row)
    if isinstance(facts.get("pose"), str):
        _add(item, "pose", facts.pop("pose"), tally)
    for flag in FLAGS:
        if isinstance(facts.get(flag), bool):
            _add(item, flag, str(int(facts.pop(flag))), tally)
    box = ElementTree.SubElement(item, "bndbox")
    for side, value in zip(("xmin", "ymin", "xmax", "ymax"), sides.tolist(), strict=True):
        _add(box, side, f"{int(value)}" if value == int(value) else repr(value), tally)
    if boxes.score[row] != 1:
        _add(item, "score", repr(float(boxes.score[row])), tally)
    if boxes.track_id[row] != NO_TRACK:
        _add(item, "track_id", str(int(boxes.track_id[row])), tally)
    if boxes.origin[row] != HUMAN:
        _add(item, "origin", ORIGINS[boxes.origin[row]], tally)
    if facts:
        listed = ElementTree.SubElement(item, "attributes")
        for key, value in facts.items():
            attribute = ElementTree.SubElement(listed, "attribute")
            _add(attribute, "name", key, tally)
            text, kind = text_of(value)
            element = _add(attribute, "value", text, tally)
            if kind:
                element.set("type", kind)


def _file_facts(pictures: Pictures, picture: Picture, tally: Tally) -> dict[str, Any]:
    """The fields of the VOC file that the picture's tags come from; other tags are dropped and counted."""
    tags = pictures.table("tags", picture)
    found: dict[str, Any] = {}
    for row in range(0 if tags is None else len(tags)):
        facts = tags.attributes.row(row)
        fields = {name.removeprefix(VALUES): value for name, value in facts.items() if _is_field(name, value)}
        if fields and len(fields) == len(facts) and not found and tags.score[row] == 1:
            found = fields
            tally.keep("tags", "", 1, "fields of the file")
        else:
            tally.drop("tags", "", 1, "VOC has boxes only")
    return found


def _is_field(name: str, value: Any) -> bool:
    parts = name.removeprefix(VALUES).split(".", 1)
    return name.startswith(VALUES) and isinstance(value, str) and all(part.isidentifier() for part in parts)


def _add(parent: ElementTree.Element, tag: str, text: str, tally: Tally) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag)
    element.text, replaced = xml_text(text)
    tally.approximate("boxes2d", "attributes", int(replaced), 0.0, "", "signs that XML cannot hold")
    return element


def _write_lists(place: Path, pictures: Pictures, shown: Sequence[int], tally: Tally) -> None:
    """A list of images for each split, and all classes."""
    lists: dict[str, list[str]] = {}
    for row in shown:
        picture = pictures.items[row]
        if picture.split in ("train", "val", "test"):
            lists.setdefault(picture.split, []).append(picture.name)
        else:
            tally.drop("images", "split", int(bool(picture.split)), "none of train, val and test")
    folder = place / "ImageSets" / "Main"
    for split, names in lists.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{split}.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    names_text = "".join(f"{xml_text(name)[0]}\n" for name in pictures.taxonomy.names)
    (place / CLASSES).write_text(names_text, encoding="utf-8")
