"""Categories from compact tables: one tuple of name, colour and concept a row."""

from __future__ import annotations

from collections.abc import Iterable

from drivelabel.labels._builtin.driving import DRIVING
from drivelabel.labels.taxonomy import Category, Taxonomy

Row = tuple[str, str, str | None]
"""Name, ``RRGGBB``, name of the DRIVING category that it is or None."""


def taxonomy(name: str, things: Iterable[Row] = (), stuff: Iterable[Row] = ()) -> Taxonomy:
    """A taxonomy of things, then stuff, each in the order given."""
    return Taxonomy(name, (*_categories(things, is_thing=True), *_categories(stuff, is_thing=False)))


def mixed(name: str, rows: Iterable[Row], stuff: frozenset[str]) -> Taxonomy:
    """A taxonomy in the order given; the names in `stuff` are areas, the others things."""
    return Taxonomy(name, tuple(_category(row, row[0] not in stuff) for row in rows))


def _categories(rows: Iterable[Row], *, is_thing: bool) -> tuple[Category, ...]:
    return tuple(_category(row, is_thing) for row in rows)


def _category(row: Row, is_thing: bool) -> Category:
    name, color, concept = row
    if concept is not None:
        DRIVING.id_of(concept)  # a typing error in a table is found at import, not in somebody's labels
    return Category(name, f"#{color.upper()}", concept, is_thing=is_thing)
