"""Class names of other people's files as taxonomies, and layers under another taxonomy."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.report import Tally
from drivelabel.labels import DRIVING, UNMAPPED, VOID, Category, Grouped, Taxonomy, mapping
from drivelabel.labels.taxonomies import TAXONOMIES, spelling
from drivelabel.scene import Layer, MaskStore, MemoryMasks
from drivelabel.typing import IntArray


def taxonomy_of_names(
    name: str, names: Iterable[str], *, skeletons: Mapping[str, tuple[str, ...]] | None = None
) -> Taxonomy:
    """A taxonomy of class names that a file lists, in the file's order.

    A class that a built-in taxonomy spells alike takes over its concept and colour, so that it maps to every
    other taxonomy; the rest get colours far from each other. When the names are just those of a built-in
    taxonomy, in its order, that one is returned.

    Args:
        name: of the taxonomy.
        names: the classes.
        skeletons: class name to names of its keypoints.

    Raises:
        FormatError: a name occurs twice, or there are more than 255.
    """
    given = tuple(names)
    if not skeletons:
        for known in TAXONOMIES.values():
            if known.names == given:
                return known
    skeletons = skeletons or {}
    categories = [_category(text, row, skeletons.get(text, ())) for row, text in enumerate(given)]
    try:
        return Taxonomy(name, tuple(categories))
    except InvalidLabelError as error:
        raise FormatError(f"classes: {error}") from error


def _category(name: str, row: int, skeleton: tuple[str, ...]) -> Category:
    like = _LIKE.get(spelling(name))
    if like is None:
        red, green, blue = colorsys.hsv_to_rgb((row * 0.618034) % 1.0, 0.65, 0.95)
        color = f"#{int(red * 255):02X}{int(green * 255):02X}{int(blue * 255):02X}"
        return Category(name, color, skeleton=skeleton)
    concept, color, is_thing = like
    return Category(name, color, concept=concept, is_thing=is_thing, skeleton=skeleton)


def _spellings() -> dict[str, tuple[str | None, str, bool]]:
    found: dict[str, tuple[str | None, str, bool]] = {}
    for taxonomy in (DRIVING, *TAXONOMIES.values()):
        for category in taxonomy:
            concept = category.concept or (category.name if category.name in DRIVING else None)
            found.setdefault(spelling(category.name), (concept, category.color, category.is_thing))
    return found


_LIKE = _spellings()


def layer_under(
    layer: Layer,
    taxonomy: Taxonomy,
    tally: Tally,
    *,
    names: Mapping[str, str] | None = None,
    dropped: Iterable[str] = (),
) -> Layer:
    """The layer with the classes of another taxonomy; rows of classes that it lacks are dropped and counted.

    Args:
        layer: whose labels.
        taxonomy: the other classes.
        tally: where dropped rows are counted, by class.
        names: class name to class name of `taxonomy`, before the built-in mapping is asked.
        dropped: classes that are left out.

    Raises:
        InvalidLabelError: `names` or `dropped` names a class that is not there.
    """
    dropped = tuple(dropped)
    if layer.taxonomy == taxonomy and not names and not dropped:
        return layer
    rows = mapping(layer.taxonomy, taxonomy)
    for name, other in (names or {}).items():
        rows[layer.taxonomy.id_of(name)] = taxonomy.id_of(other)
    rows[layer.taxonomy.ids_of(dropped)] = UNMAPPED
    tables = {kind: _table_under(kind, grouped, layer, rows, tally) for kind, grouped in layer.tables.items()}
    maps = layer.label_maps
    if maps is not None:
        maps = _maps_under(maps, rows, tally)
    return replace(layer, taxonomy=taxonomy, tables=tables, label_maps=maps)


def _maps_under(maps: MaskStore, rows: IntArray, tally: Tally) -> MaskStore:
    lookup = np.full(256, VOID, np.uint8)
    lookup[: len(rows)][rows != UNMAPPED] = rows[rows != UNMAPPED].astype(np.uint8)
    lost = np.zeros(256, np.bool_)
    lost[: len(rows)] = rows == UNMAPPED
    found = {}
    for frame in np.flatnonzero(maps.labelled()).tolist():
        label_map = maps.read(frame)
        found[frame] = lookup[label_map]
        tally.drop("label_map", "pixels", int(lost[label_map].sum()), "their class has no counterpart")
    return MemoryMasks(found, len(maps.labelled()))


def _table_under(
    kind: str, grouped: Grouped[Any], layer: Layer, rows: IntArray, tally: Tally
) -> Grouped[Any]:
    if not hasattr(grouped.rows, "category_id"):
        return grouped
    category_id = rows[grouped.rows.category_id]
    kept = category_id != UNMAPPED
    for lost in np.unique(grouped.rows.category_id[~kept]).tolist():
        count = int((grouped.rows.category_id == lost).sum())
        tally.drop(kind, "", count, f"class {layer.taxonomy.names[lost]!r} has no counterpart")
    counts = np.bincount(grouped.group_of_row[kept], minlength=len(grouped))
    table = grouped.rows[kept]
    columns = table.columns() | {"category_id": category_id[kept]}
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Grouped(type(table)(**columns), offsets, grouped.labelled)
