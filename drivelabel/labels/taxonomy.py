"""Classes: their names, colours, parents, and which class of another taxonomy each one is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from drivelabel._check import did_you_mean
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import IntArray, UInt8Array

MAX_CATEGORIES = 255
"""A label map's pixel is one byte, and 255 means void."""


@dataclass(frozen=True, slots=True)
class Category:
    """One class.

    Attributes:
        name: as its own taxonomy spells it.
        color: ``#RRGGBB``.
        concept: the category of the built-in ``driving`` taxonomy that this one is, or None when there is
            none; through it any two taxonomies map to each other.
        parent: name of a wider category of the same taxonomy, or None.
        is_thing: true for what can be counted (a car), false for areas (road).
        skeleton: names of the keypoints, in order.
    """

    name: str
    color: str
    concept: str | None = None
    parent: str | None = None
    is_thing: bool = True
    skeleton: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taxonomy:
    """The classes that labels of a layer can have; ``category_id`` is a row of `categories`.

    Raises:
        InvalidLabelError: a name occurs twice, a parent is unknown or its own ancestor, a colour is
            malformed, or there are more than 255 categories.
    """

    name: str
    categories: tuple[Category, ...]
    _ids: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.categories) > MAX_CATEGORIES:
            raise InvalidLabelError(
                f"taxonomy {self.name}: expected at most {MAX_CATEGORIES} categories, "
                f"got {len(self.categories)}."
            )
        for row, category in enumerate(self.categories):
            if category.name in self._ids:
                raise InvalidLabelError(f"taxonomy {self.name}: category {category.name!r} occurs twice.")
            self._ids[category.name] = row
            _rgb(category)
        for category in self.categories:
            self._check_ancestors(category)

    def _check_ancestors(self, category: Category) -> None:
        seen = {category.name}
        parent = category.parent
        while parent is not None:
            if parent in seen:
                raise InvalidLabelError(f"taxonomy {self.name}: {category.name!r} is its own ancestor.")
            seen.add(parent)
            parent = self.categories[self.id_of(parent)].parent

    def __len__(self) -> int:
        return len(self.categories)

    def __iter__(self) -> Iterator[Category]:
        return iter(self.categories)

    def __contains__(self, name: object) -> bool:
        return name in self._ids

    @property
    def names(self) -> tuple[str, ...]:
        """Category names, in order of their ids."""
        return tuple(category.name for category in self.categories)

    @cached_property
    def colors(self) -> UInt8Array:
        """(n, 3) uint8, RGB."""
        return np.array([_rgb(c) for c in self.categories], np.uint8).reshape(-1, 3)

    def id_of(self, name: str) -> int:
        """The id of a category.

        Raises:
            InvalidLabelError: there is no category of that name; the nearest one is suggested.
        """
        row = self._ids.get(name)
        if row is None:
            raise InvalidLabelError(
                f"taxonomy {self.name}: no category {name!r}.{did_you_mean(name, self._ids)}"
            )
        return row

    def ids_of(self, names: Iterable[str]) -> IntArray:
        """(n,) the ids of some categories; see :meth:`id_of`."""
        return np.array([self.id_of(name) for name in names], np.int64)

    def check_ids(self, name: str, category_id: IntArray) -> None:
        """Raise InvalidLabelError naming the first id that is no row of this taxonomy."""
        bad = (category_id < 0) | (category_id >= len(self))
        if bad.any():
            row = int(np.argmax(bad))
            raise InvalidLabelError(
                f"{name}, row {row}: expected a category id of taxonomy {self.name} "
                f"(0 to {len(self) - 1}), got {int(category_id[row])}."
            )


def _rgb(category: Category) -> tuple[int, int, int]:
    text = category.color
    try:
        if len(text) != 7 or text[0] != "#":
            raise ValueError
        value = int(text[1:], 16)
    except ValueError:
        raise InvalidLabelError(
            f"category {category.name!r}: expected a colour like #4C9AFF, got {text!r}."
        ) from None
    return value >> 16, value >> 8 & 255, value & 255
