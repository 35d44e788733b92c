"""The labelling interface that our tasks need, as Label Studio's XML."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from drivelabel.formats.labelstudio.results import NAMES
from drivelabel.formats.labelstudio.rows import SHAPE
from drivelabel.formats.pictures import Pictures

_TAGS = {
    "rectanglelabels": "RectangleLabels", "polygonlabels": "PolygonLabels",
    "keypointlabels": "KeyPointLabels", "brushlabels": "BrushLabels",
}  # fmt: skip


def interface_xml(pictures: Pictures, mode: str) -> str:
    """Controls for every kind of shape with all classes, and for every attribute."""
    root = Element("View")
    kind = "video" if mode == "video" else "image"
    SubElement(root, "Video" if mode == "video" else "Image", {"name": kind, "value": f"${kind}"})
    if mode == "video":
        _add_labels(SubElement(root, "Labels", {"name": "label", "toName": kind}), pictures)
        SubElement(root, "VideoRectangle", {"name": "box", "toName": kind})
    else:
        for type_name, name in NAMES.items():
            control = SubElement(root, _TAGS[type_name], {"name": name, "toName": kind})
            _add_labels(control, pictures, points=type_name == "keypointlabels")
    for name, values in _attributes(pictures).items():
        common = {"name": name, "toName": kind, "perRegion": "true"}
        if values == {bool}:
            choices = SubElement(root, "Choices", common | {"choice": "single"})
            for value in ("true", "false"):
                SubElement(choices, "Choice", {"value": value})
        elif values <= {int, float}:
            SubElement(root, "Number", common)
        else:
            SubElement(root, "TextArea", common | {"maxSubmissions": "1"})
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_labels(control: Element, pictures: Pictures, points: bool = False) -> None:
    names = {category.name: category.color for category in pictures.taxonomy}
    if points:
        names |= {point: category.color for category in pictures.taxonomy for point in category.skeleton}
    for name, color in names.items():
        SubElement(control, "Label", {"value": name, "background": color})


def _attributes(pictures: Pictures) -> dict[str, set[type]]:
    found: dict[str, set[type]] = {}
    for layer in pictures.layers:
        for kind, grouped in layer.tables.items():
            if kind == "traffic_lights":
                found |= {"state": {str}, "arrow": {str}, "relevance": {str}}
            if kind != "tags" and hasattr(grouped.rows, "category_id"):
                for name, column in grouped.rows.attributes.by_name.items():
                    found.setdefault(name, set()).update(type(value) for value in column.values)
    found.pop(SHAPE, None)
    return found
