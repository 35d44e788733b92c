"""Label Studio's results of one task, sorted into regions, facts of regions, and facts of the image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from drivelabel.errors import FormatError
from drivelabel.formats.loading import Fields
from drivelabel.formats.report import Tally
from drivelabel.labels.attributes import AttributeValue

SHAPES = {
    "rectanglelabels": "rectangle", "rectangle": "rectangle",
    "ellipselabels": "ellipse", "ellipse": "ellipse",
    "polygonlabels": "polygon", "polygon": "polygon",
    "keypointlabels": "keypoint", "keypoint": "keypoint",
    "brushlabels": "brush", "brush": "brush",
    "videorectangle": "video",
}  # fmt: skip
"""Type of a result to kind of shape."""

_FACTS = ("choices", "textarea", "number", "rating", "labels", "taxonomy", "datetime", "pairwise")
BOOKKEEPING = frozenset({
    "id", "from_name", "to_name", "type", "origin", "original_width", "original_height", "image_rotation",
    "value", "score", "parentID", "meta", "item_index", "readonly", "hidden",
})  # fmt: skip
UNLABELLED = "unlabelled"
SKELETON = "skeleton"
"""Key of a keypoint's ``meta``: the class of the skeleton that it belongs to."""


@dataclass(slots=True)
class Region:
    """One shape.

    Attributes:
        kind: a value of SHAPES.
        label: its class; UNLABELLED when it has none.
        value: what the file says of its geometry, as it is.
        facts: attributes of the row.
        score: of a prediction; 1 else.
        parent: id of the region that it is a part of, or "".
        skeleton: class of the skeleton that a keypoint belongs to, or "".
    """

    kind: str
    label: str
    value: Fields
    ident: str
    size_hw: tuple[int, int]
    facts: dict[str, AttributeValue] = field(default_factory=dict)
    score: float = 1.0
    parent: str = ""
    skeleton: str = ""


@dataclass(slots=True)
class Results:
    """What one person or model said of one task."""

    regions: list[Region] = field(default_factory=list)
    facts: dict[str, AttributeValue] = field(default_factory=dict)


def read_results(items: list[Fields], tally: Tally) -> Results:
    """The results of one annotation or prediction.

    Raises:
        FormatError: a result breaks a rule of the format; the message names it.
    """
    found = Results()
    by_ident: dict[str, Region] = {}
    loose: list[tuple[Fields, str, str]] = []
    for item in items:
        kind = item.text("type", "")
        if kind in SHAPES:
            region = _region(item, SHAPES[kind], tally)
            if region.ident in by_ident and region.ident:
                raise FormatError(f"{item.where}: the region {region.ident!r} occurs twice.")
            by_ident[region.ident] = region
            found.regions.append(region)
        elif kind in _FACTS:
            loose.append((item, kind, item.text("id", "")))
        else:
            tally.drop("results", kind[:40] or "without type", 1, "of no kind that we hold")
    for item, kind, ident in loose:
        _add_fact(item, kind, by_ident.get(ident), found, tally)
    return found


def _region(item: Fields, kind: str, tally: Tally) -> Region:
    value = item.object("value")
    names = _labels(value)
    if len(names) > 1:
        tally.drop("results", "labels", len(names) - 1, "a row has one class; the first is taken")
    if item.integer("image_rotation", 0):
        raise FormatError(f"{item.where}: image_rotation: expected 0. Turn the image itself.")
    for key in item.value.keys() - BOOKKEEPING:
        tally.drop("results", str(key)[:40], 1, "not of the format")
    meta = item.object("meta") if isinstance(item.get("meta"), dict) else Fields({}, item.where)
    score = item.number("score", 1.0)
    if not 0 <= score <= 1:
        raise FormatError(f"{item.where}: score: expected a number in [0, 1], got {score:g}.")
    size = (item.integer("original_height", 0), item.integer("original_width", 0))
    return Region(
        kind=kind,
        label=names[0] if names else UNLABELLED,
        value=value,
        ident=item.text("id", ""),
        size_hw=size,
        score=score,
        parent=item.text("parentID", ""),
        skeleton=meta.text(SKELETON, ""),
    )


def _labels(value: Fields) -> list[str]:
    for key, found in value.value.items():
        if key.endswith("labels") and isinstance(found, list):
            if not all(isinstance(name, str) for name in found):
                raise FormatError(f"{value.where}: {key}: expected texts.")
            return found
    return []


def _add_fact(item: Fields, kind: str, region: Region | None, found: Results, tally: Tally) -> None:
    """A fact goes to its region, else to the whole image; of labels it is the region's class."""
    value = item.object("value")
    name = item.text("from_name", kind)
    if kind == "labels":
        names = _labels(value)
        if region is not None and names and region.label == UNLABELLED:
            region.label = names[0]
        elif region is None:
            tally.drop("results", "labels", 1, "without a shape")
        return
    facts = region.facts if region is not None else found.facts
    for row, plain in enumerate(_plain_values(value, kind, tally)):
        facts[name if row == 0 else f"{name}.{row + 1}"] = plain


def _plain_values(value: Fields, kind: str, tally: Tally) -> list[AttributeValue]:
    key = "text" if kind == "textarea" else kind
    given: Any = value.get(key)
    items = given if isinstance(given, list) else [given]
    plain: list[AttributeValue] = []
    for item in items:
        if isinstance(item, list):  # a path in a tree of choices
            item = "/".join(str(part) for part in item)
        if isinstance(item, (str, bool, int, float)):
            as_flag = kind == "choices" and item in ("true", "false")
            plain.append(item == "true" if as_flag else item)
        else:
            tally.drop("results", kind, 1, "no single value")
    return plain
