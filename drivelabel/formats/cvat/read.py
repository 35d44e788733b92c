"""CVAT's XML as an image set (for images) or a scene of one camera (for video)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.building import ImageSetBuilder, image_tags
from drivelabel.formats.cvat.elements import Node, Shape, read_shape, typed
from drivelabel.formats.cvat.labels import Labels, read_labels
from drivelabel.formats.cvat.rows import RowMaker
from drivelabel.formats.cvat.video import read_video
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import read_xml, safe_join
from drivelabel.formats.painting import InstancePainter
from drivelabel.formats.pictures import Data
from drivelabel.formats.report import Tally
from drivelabel.labels.attributes import AttributeValue
from drivelabel.scene import ImageSet

FILE = "annotations.xml"
TAG = "cvat.tag."
"""Beginning of tags' names: an image's own labels."""


def looks_like_cvat(path: Path) -> bool:
    """Whether a path is CVAT's XML, or a folder with it."""
    file = _file(path)
    if not file.is_file() or file.suffix.lower() != ".xml":
        return False
    with file.open("rb") as opened:
        head = opened.read(2048)
    return b"<annotations>" in head and b"<version>" in head


def _file(path: Path) -> Path:
    """The XML of a path: itself, annotations.xml in it, or the only XML in it."""
    if not path.is_dir() or (path / FILE).is_file():
        return path / FILE if path.is_dir() else path
    found = sorted(path.glob("*.xml"))
    return found[0] if len(found) == 1 else path / FILE


def read_cvat(
    path: Path,
    *,
    layer: str = "truth",
    hz: float = 30.0,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """The labels of a CVAT export, "CVAT for images 1.1" or "CVAT for video 1.1".

    Boxes become boxes, turned boxes and polygons polygons, polylines lane lines, points, skeletons and
    projected cuboids keypoints, masks instance maps, image labels tags.

    Args:
        path: the XML file, or a folder with annotations.xml or one other XML, and ``images``.
        layer: name of the layer.
        hz: frames a second of a video, which the file does not tell.
        on_invalid: ``skip`` leaves out shapes that break a rule and counts them.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no CVAT XML, or a shape breaks a rule; the message names the image and shape.
    """
    path = Path(path)
    file = _file(path)
    root = read_xml(file)
    if root.tag != "annotations":
        raise FormatError(f"{file}: expected the element annotations, got {root.tag[:40]!r}.")
    tally = Tally()
    labels = read_labels(root, file)
    if root.find("track") is not None and root.find("image") is None:
        data: Data = read_video(root, file, layer, labels, hz, on_invalid == "skip", tally)
    else:
        data = _read_images(root, file, layer, labels, on_invalid == "skip", tally)
    for child in root:
        if child.tag not in ("version", "meta", "image", "track"):
            tally.drop("file", child.tag[:40], 1, "not of the format")
    return Imported(data, tally.report("cvat", str(path)))


def _read_images(root: Element, file: Path, layer: str, labels: Labels, skip: bool, tally: Tally) -> ImageSet:
    folder = file.parent
    home = folder / "images" if (folder / "images").is_dir() else folder
    builder = ImageSetBuilder(_name(root, file), str(home), labels.taxonomy, layer)
    painter = InstancePainter(tally)
    maker = RowMaker(labels.taxonomy, painter, tally)
    for row, element in enumerate(root.iterfind("image")):
        image = Node(element, f"{file}, image {row}")
        try:
            _add_image(builder, image, home, labels, maker, skip, tally)
        except (FormatError, StoreError) as error:
            if not skip:
                raise
            tally.drop("images", "", 1, f"invalid: {error}")
    return builder.build(only_found=True, **painter.columns(len(builder)))


def _name(root: Element, file: Path) -> str:
    return (
        root.findtext("meta/task/name") or root.findtext("meta/project/name") or file.parent.name or file.stem
    )


def _add_image(
    builder: ImageSetBuilder,
    image: Node,
    home: Path,
    labels: Labels,
    maker: RowMaker,
    skip: bool,
    tally: Tally,
) -> None:
    name, split = image.text("name"), image.text("subset", "")
    if (split and (home / split / name).is_file()) or (split and name in builder):
        name = f"{split}/{name}"
    safe_join(home, name)
    hw = (image.integer("height"), image.integer("width"))
    shapes: list[Shape] = []
    facts: dict[str, AttributeValue] = {}
    for number, element in enumerate(image.element):
        node = Node(element, f"{image.where}, {element.tag[:40]} {number}")
        types = labels.types.get(element.get("label") or "", {})
        if element.tag == "tag":
            facts |= _tag(node, types)
            continue
        try:
            shape = read_shape(node, types, tally)
        except FormatError as error:
            if not skip:
                raise
            tally.drop("shapes", "", 1, f"invalid: {error}")
            continue
        if shape is not None:
            shapes.append(shape)
    tables = maker.tables(len(builder), shapes, hw)
    builder.add(name, hw, *tables, image_tags(facts), split=split)
    for key in image.element.attrib.keys() - {"id", "name", "width", "height", "subset"}:
        tally.drop("images", key[:40], 1, "belongs to CVAT's tasks")


def _tag(node: Node, types: dict[str, str]) -> dict[str, AttributeValue]:
    name = TAG + node.text("label", "")
    facts: dict[str, AttributeValue] = {name: True}
    for child in node.element.iterfind("attribute"):
        key = child.get("name") or ""
        facts[f"{name}.{key}"] = typed(child.text or "", types.get(key, "text"))
    return facts
