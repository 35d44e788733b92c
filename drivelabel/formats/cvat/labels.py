"""The classes that a CVAT file names, and the kinds of their attributes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from drivelabel.errors import FormatError
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.cvat.elements import SHAPES
from drivelabel.formats.cvat.rows import UNLABELLED
from drivelabel.labels import Taxonomy


@dataclass(frozen=True, slots=True)
class Labels:
    """What the file's head says of its classes.

    Attributes:
        taxonomy: the classes, with those of shapes that the head does not name.
        types: class to attribute to kind of input field.
    """

    taxonomy: Taxonomy
    types: dict[str, dict[str, str]]


def read_labels(root: Element, file: Path) -> Labels:
    """The classes of a file. Raises FormatError when a name occurs twice or there are too many."""
    types: dict[str, dict[str, str]] = {}
    skeletons: dict[str, tuple[str, ...]] = {}
    parts: dict[str, list[str]] = {}
    for label in root.iterfind("meta//labels/label"):
        name = label.findtext("name") or ""
        parent = label.findtext("parent") or ""
        if parent:
            parts.setdefault(parent, []).append(name)
            continue
        if name in types and name:
            raise FormatError(f"{file}: label {name!r} occurs twice.")
        types[name] = {
            attribute.findtext("name") or "": attribute.findtext("input_type") or "text"
            for attribute in label.iterfind("attributes/attribute")
        }
    for name, points in parts.items():
        skeletons[name] = tuple(dict.fromkeys(points))
    nested = {id(child) for skeleton in root.iter("skeleton") for child in skeleton}
    used = [
        shape.get("label") or ""
        for shape in root.iter()
        if shape.tag in SHAPES and id(shape) not in nested and shape.get("frame") is None
    ] + [track.get("label") or "" for track in root.iterfind("track")]
    names = dict.fromkeys([*(name for name in types if name), *(name or UNLABELLED for name in used)])
    return Labels(taxonomy_of_names("cvat", names, skeletons=skeletons), types)
