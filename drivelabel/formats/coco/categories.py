"""COCO's list of categories: from a layer's taxonomy, and as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.loading import Fields
from drivelabel.formats.report import Tally
from drivelabel.labels import BULBS, Category, Taxonomy
from drivelabel.labels.taxonomies import COCO, COCO_IDS
from drivelabel.scene import Layer
from drivelabel.typing import IntArray

_KNOWN = {"id", "name", "supercategory", "isthing", "color", "keypoints", "skeleton"}


def category_ids(taxonomy: Taxonomy) -> IntArray:
    """(n,) the id of each category in files: COCO's own for COCO's things, else counted from 1."""
    if taxonomy == COCO:
        return np.array(COCO_IDS, np.int64)
    return np.arange(1, len(taxonomy) + 1)


def coco_categories(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """One entry per category of the layers' taxonomy."""
    taxonomy = layers[0].taxonomy
    light_ids: set[int] = set()
    for layer in layers:
        if "traffic_lights" in layer.tables:
            light_ids |= set(np.unique(layer.tables["traffic_lights"].rows.category_id).tolist())
    entries = []
    for row, (number, category) in enumerate(zip(category_ids(taxonomy).tolist(), taxonomy, strict=True)):
        entry: dict[str, Any] = {
            "id": number,
            "name": category.name,
            "supercategory": category.parent or category.name,
            "isthing": int(category.is_thing),
            "color": taxonomy.colors[row].tolist(),
        }
        points = category.skeleton or (BULBS if row in light_ids else ())
        if points:
            entry |= {"keypoints": list(points), "skeleton": []}
        entries.append(entry)
    return entries


def read_categories(
    files: Sequence[Fields], name: str, tally: Tally
) -> tuple[Taxonomy, list[dict[int, int]]]:
    """The classes of some files together, and for each file which row its ids are.

    Args:
        files: the files' root objects.
        name: of the taxonomy.
        tally: where fields that a taxonomy lacks are counted.

    Raises:
        FormatError: an id or name occurs twice in a file, or there are more than 255 names.
    """
    entries: dict[str, Fields] = {}
    rows: list[dict[int, int]] = []
    for file in files:
        row_of: dict[int, int] = {}
        names: list[str] = []
        for category in file.objects("categories", []):
            number, text = category.integer("id"), category.text("name")
            if number in row_of or text in names:
                raise category.wrong(f"id {number}, name {text!r}: occurs twice.")
            names.append(text)
            entries.setdefault(text, category)
            row_of[number] = list(entries).index(text)
        rows.append(row_of)
    return _taxonomy(entries, name, tally), rows


def _taxonomy(entries: dict[str, Fields], name: str, tally: Tally) -> Taxonomy:
    skeletons = {text: points for text, entry in entries.items() if (points := _points(entry))}
    plain = taxonomy_of_names(name, entries)
    if plain.name != name or {c.name: c.skeleton for c in plain if c.skeleton} == skeletons:
        found = plain
    else:
        found = taxonomy_of_names(name, entries, skeletons=skeletons)
    if found.name == name:  # not a built-in one, so the file decides
        found = _with_parents(Taxonomy(name, tuple(_like_file(c, entries[c.name]) for c in found)), entries)
    for category in found:
        _count_dropped(entries[category.name], category, tally)
    return found


def _points(entry: Fields) -> tuple[str, ...]:
    given = tuple(str(point) for point in entry.items("keypoints", []))
    return () if given == BULBS else given


def _like_file(category: Category, entry: Fields) -> Category:
    is_thing, color = entry.get("isthing"), entry.get("color")
    if is_thing in (0, 1):
        category = replace(category, is_thing=bool(is_thing))
    if isinstance(color, list) and len(color) == 3 and all(type(c) is int and 0 <= c < 256 for c in color):
        red, green, blue = color
        category = replace(category, color=f"#{red:02X}{green:02X}{blue:02X}")
    return category


def _with_parents(taxonomy: Taxonomy, entries: dict[str, Fields]) -> Taxonomy:
    """With supercategories as parents where they are categories too, and nobody its own ancestor."""
    given = {text: entry.get("supercategory") for text, entry in entries.items()}
    wider = {text: word if isinstance(word, str) else "" for text, word in given.items()}
    categories = tuple(
        replace(c, parent=wider[c.name]) if wider[c.name] in taxonomy and wider[c.name] != c.name else c
        for c in taxonomy
    )
    try:
        return Taxonomy(taxonomy.name, categories)
    except InvalidLabelError:
        return taxonomy


def _count_dropped(entry: Fields, category: Category, tally: Tally) -> None:
    wider = entry.get("supercategory")
    if wider and wider not in (category.parent, category.name):
        tally.drop("categories", "supercategory", 1, "no category of the file")
    if entry.get("skeleton"):
        tally.drop("categories", "skeleton", 1, "which points are joined is for show")
    for key in entry.value.keys() - _KNOWN:
        tally.drop("categories", key)
