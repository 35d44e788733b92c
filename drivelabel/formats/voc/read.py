"""Pascal VOC files as an image set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.building import ImageSetBuilder, image_tags
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import kept_name, no_collecting, read_text, read_xml
from drivelabel.formats.pixels import CORNER, ONE_BASED_INCLUSIVE
from drivelabel.formats.report import Tally
from drivelabel.formats.voc.values import FLAGS, VALUES, number_of, value_of
from drivelabel.labels import IMPORTED, NO_TRACK, ORIGINS, Attributes, Boxes2D, Tags
from drivelabel.media.images import IMAGE_SUFFIXES, read_image_header
from drivelabel.typing import FloatArray

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CLASSES = "labels.txt"
"""Where we write all classes, also those that no object has."""

_OF_OBJECT = {"name", "bndbox", "score", "track_id", "origin", "attributes"}
_OF_IMAGE = {"filename", "size", "object", "path"}


@dataclass(slots=True)
class _Image:
    """One file: the image's path and size, and what its objects say."""

    path: str
    image_hw: tuple[int, int]
    boxes: FloatArray
    names: list[str]
    columns: dict[str, Any]
    facts: dict[str, Any]


def looks_like_voc(path: Path) -> bool:
    """Whether a path is a VOC file, or a folder with ``Annotations``, or of such files."""
    if path.is_dir():
        folder = path / "Annotations" if (path / "Annotations").is_dir() else path
        first = next(iter(sorted(folder.glob("*.xml"))[:1] or sorted(folder.glob("*/*.xml"))[:1]), None)
        return first is not None and _is_voc(first)
    return path.suffix.lower() == ".xml" and _is_voc(path)


def _is_voc(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
    except OSError:
        return False
    return (
        b"<annotation" in head and b"<annotations" not in head and (b"<size>" in head or b"<bndbox>" in head)
    )


def read_voc(
    path: Path,
    *,
    layer: str = "truth",
    pixels: Literal["voc", "corner"] = "voc",
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """Boxes of VOC files.

    Args:
        path: a file, a folder with ``Annotations`` and ``JPEGImages``, or a folder of files.
        layer: name of the layer.
        pixels: ``voc`` counts pixels from 1 and names the last one, as VOC does; ``corner`` takes numbers
            as they are, for files of tools that write so.
        on_invalid: ``skip`` leaves out files and objects that break a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a file breaks a rule of the format; the message names file and object.
    """
    path, tally = Path(path), Tally()
    root, files = _files(path)
    images: list[_Image] = []
    with no_collecting():
        for file, below in files:
            try:
                images.append(_read_file(file, below, root, on_invalid == "skip", tally))
            except (FormatError, StoreError) as error:
                if on_invalid == "error":
                    raise
                tally.drop("images", "", 1, f"invalid: {error}")
        builder = ImageSetBuilder(
            path.stem, str(root), taxonomy_of_names("voc", _classes(root, images)), layer
        )
        rows = [_add(builder, image, pixels, tally) for image in images]
        data = builder.build()
    for folder in ("SegmentationClass", "SegmentationObject"):
        masks = list((root / folder).glob("*.png")) if (root / folder).is_dir() else []
        tally.drop("files", folder, len(masks), "masks are not read")
    splits = _splits(root, {image.path: row for image, row in zip(images, rows, strict=True)}, tally)
    return Imported(replace(data, splits=splits), tally.report("voc", str(path)))


def _files(path: Path) -> tuple[Path, list[tuple[Path, str]]]:
    """The folder that all lies under, and each file with its folder's path below ``Annotations``."""
    if path.is_file():
        home = path.parent
        home = home.parent if home.name == "Annotations" else home
        return home, [(path, "")]
    if not path.is_dir():
        raise StoreError(f"{path}: no such file or folder.")
    folder = path / "Annotations" if (path / "Annotations").is_dir() else path
    found = sorted(folder.rglob("*.xml"))
    if not found:
        raise FormatError(f"{path}: expected Annotations/*.xml, found no XML file.")
    return path, [(file, file.parent.relative_to(folder).as_posix().strip(".")) for file in found]


def _read_file(file: Path, below: str, root: Path, skip: bool, tally: Tally) -> _Image:
    annotation = read_xml(file)
    if annotation.tag != "annotation":
        raise FormatError(f"{file}: expected <annotation>, got <{annotation.tag[:40]}>.")
    found: list[tuple[str, FloatArray, float, int, int, dict[str, Any]]] = []
    for k, item in enumerate(annotation.findall("object")):
        try:
            found.append(_object(item, f"{file}, object {k}", tally))
        except FormatError as error:
            if not skip:
                raise
            tally.drop("boxes2d", "", 1, f"invalid: {error}")
    path = _image_path(annotation, file, below, root)
    return _Image(
        path=path,
        image_hw=_size(annotation, root / path, file),
        boxes=np.array([box for _, box, *_ in found]).reshape(-1, 4),
        names=[name for name, *_ in found],
        columns={
            "score": np.array([score for _, _, score, *_ in found], np.float32),
            "track_id": np.array([track for *_, track, _, _ in found], np.int64),
            "origin": np.array([origin for *_, origin, _ in found], np.uint8),
            "attributes": Attributes.from_rows([facts for *_, facts in found]),
        },
        facts=dict(_image_facts(annotation, tally)),
    )


def _image_path(annotation: Element, file: Path, below: str, root: Path) -> str:
    name = (annotation.findtext("filename") or "").strip() or f"{file.stem}.jpg"
    base = kept_name(name)[0].rpartition("/")[2]
    if not base.lower().endswith(IMAGE_SUFFIXES):
        base += ".jpg"
    folder = "JPEGImages/" if (root / "Annotations").is_dir() else ""
    return f"{folder}{below}/{base}" if below else f"{folder}{base}"


def _size(annotation: Element, image: Path, file: Path) -> tuple[int, int]:
    size = annotation.find("size")
    if size is not None and size.findtext("width") and size.findtext("height"):
        height, width = (number_of(size, side, str(file)) for side in ("height", "width"))
        if height >= 1 and width >= 1 and height == int(height) and width == int(width):
            return int(height), int(width)
    if image.is_file():
        return read_image_header(image).image_hw
    raise FormatError(f"{file}: expected <size> with the image's width and height, or the image {image}.")


def _object(
    item: Element, where: str, tally: Tally
) -> tuple[str, FloatArray, float, int, int, dict[str, Any]]:
    name = (item.findtext("name") or "").strip()
    box = item.find("bndbox")
    if not name or box is None:
        raise FormatError(f"{where}: expected <name> and <bndbox>.")
    sides = np.array([number_of(box, side, where) for side in ("xmin", "ymin", "xmax", "ymax")])
    score = number_of(item, "score", where, 1.0)
    if not 0 <= score <= 1:
        raise FormatError(f"{where}: score: expected a number in [0, 1], got {score:g}.")
    track = number_of(item, "track_id", where, NO_TRACK)
    if track != int(track) or track < NO_TRACK:
        raise FormatError(f"{where}: track_id: expected a whole number, got {track:g}.")
    word = item.findtext("origin")
    facts: dict[str, Any] = {}
    for child in item:
        if child.tag in FLAGS and (child.text or "").strip() in ("0", "1", ""):
            facts[child.tag] = (child.text or "").strip() == "1"
        elif child.tag == "attributes":
            facts |= _attributes(child)
        elif child.tag not in _OF_OBJECT:
            if len(child):
                tally.drop("boxes2d", child.tag, 1, "no plain value")
            elif child.tag not in facts:
                facts[child.tag] = child.text or ""
    return name, sides, score, int(track), ORIGINS.index(word) if word in ORIGINS else IMPORTED, facts


def _attributes(element: Element) -> dict[str, Any]:
    found = {}
    for attribute in element.findall("attribute"):
        value = attribute.find("value")
        name = attribute.findtext("name") or ""
        if value is not None:
            found[name] = value_of(value.text or "", value.get("type", ""))
    return found


def _image_facts(annotation: Element, tally: Tally) -> Iterator[tuple[str, Any]]:
    """Other fields of the file, also one level down: ``voc.source.database``."""
    for child in annotation:
        if child.tag in _OF_IMAGE:
            continue
        if not len(child):
            yield f"{VALUES}{child.tag}", child.text or ""
        for inner in child:
            if len(inner):
                tally.drop("images", f"{child.tag}.{inner.tag}", 1, "no plain value")
            else:
                yield f"{VALUES}{child.tag}.{inner.tag}", inner.text or ""


def _classes(root: Path, images: list[_Image]) -> list[str]:
    listed: list[str] = []
    if (root / CLASSES).is_file():
        listed = [line for line in read_text(root / CLASSES).splitlines() if line.strip()]
    return list(dict.fromkeys([*listed, *(name for image in images for name in image.names)]))


def _add(builder: ImageSetBuilder, image: _Image, pixels: str, tally: Tally) -> int:
    convention = ONE_BASED_INCLUSIVE if pixels == "voc" else CORNER
    exact = convention.to_xyxy(image.boxes)
    flat = (exact[:, 2:] < exact[:, :2]).any(axis=1)
    if flat.any():
        raise FormatError(f"{image.path}, object {int(np.argmax(flat))}: box has negative size.")
    xyxy = exact.astype(np.float32)
    error = np.abs(xyxy - exact).max(axis=1, initial=0)
    tally.keep("boxes2d", "", len(xyxy))
    tally.approximate("boxes2d", "xyxy", int((error > 0).sum()), float(error.max(initial=0)), "px", "float32")
    boxes = Boxes2D(xyxy=xyxy, category_id=builder.taxonomy.ids_of(image.names), **image.columns)
    tags: list[Tags] = [image_tags(image.facts)] if image.facts else []
    tally.keep("tags", "", len(tags))
    return builder.add(image.path, image.image_hw, boxes, *tags)


def _splits(root: Path, row_of: dict[str, int], tally: Tally) -> dict[str, Any]:
    """``ImageSets/Main/train.txt`` and so on; lists of one class (with a second column) are passed over."""
    stems = {path.removeprefix("JPEGImages/").rpartition(".")[0]: row for path, row in row_of.items()}
    found: dict[str, Any] = {}
    folder = root / "ImageSets" / "Main"
    for file in sorted(folder.glob("*.txt")) if folder.is_dir() else []:
        lines = [line.strip() for line in read_text(file).splitlines() if line.strip()]
        if file.stem not in ("train", "val", "test"):
            tally.drop("files", file.name, int(file.stem != "trainval"), "no split")
            continue
        rows = [stems[line] for line in lines if line in stems]
        tally.drop("splits", file.stem, len(lines) - len(rows), "images without a file of labels")
        if rows:
            found[file.stem] = np.array(sorted(set(rows)), np.int64)
    return found
