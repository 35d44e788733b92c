"""Which classes are compared: both layers' in DRIVING, and groups of them that are merged by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from drivelabel.labels import DRIVING, UNMAPPED, Taxonomy, mapping
from drivelabel.typing import IntArray

MERGED: dict[str, tuple[str, ...]] = {
    "any vehicle": (
        "car",
        "truck",
        "bus",
        "train",
        "trailer",
        "construction_vehicle",
        "emergency_vehicle",
        "other_vehicle",
    ),
    "any person": ("pedestrian", "rider"),
    "any cycle": ("motorcycle", "bicycle", "personal_mobility"),
}
"""Groups that are scored as one class beside the classes themselves; the report names their members."""


@lru_cache(maxsize=1)
def group_of() -> IntArray:
    """(len(DRIVING),) a number per category: one for those that are merged, else its own."""
    groups = np.arange(len(DRIVING))
    for names in MERGED.values():
        ids = DRIVING.ids_of(names)
        groups[ids] = ids[0]
    return groups


@dataclass(frozen=True, slots=True)
class Translation:
    """How a layer's classes became classes of DRIVING.

    Attributes:
        taxonomy: the layer's.
        merged: class of DRIVING to the several classes of the layer that became it.
        unmapped: class of the layer that is none of DRIVING, to the number of its rows, which are left out.
    """

    taxonomy: str
    merged: dict[str, list[str]]
    unmapped: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"taxonomy": self.taxonomy, "merged": self.merged, "unmapped": self.unmapped}


def translate(taxonomy: Taxonomy, category_id: IntArray) -> tuple[IntArray, Translation]:
    """(n,) categories of DRIVING, UNMAPPED where there is none, and what happened on the way.

    Raises:
        InvalidLabelError: an id is no row of `taxonomy`.
    """
    taxonomy.check_ids(f"category_id of {taxonomy.name}", category_id)
    table = mapping(taxonomy, DRIVING)
    category = table[category_id]
    used = np.unique(category_id)
    merged: dict[str, list[str]] = {}
    for row in used[table[used] != UNMAPPED].tolist():
        merged.setdefault(DRIVING.names[table[row]], []).append(taxonomy.names[row])
    unmapped = {
        taxonomy.names[row]: int((category_id == row).sum()) for row in used[table[used] == UNMAPPED].tolist()
    }
    return category, Translation(taxonomy.name, {k: v for k, v in merged.items() if len(v) > 1}, unmapped)


def judged_categories(truth: Taxonomy) -> IntArray:
    """The classes of DRIVING that the truth's author could have labelled."""
    table = mapping(truth, DRIVING)
    known: IntArray = np.unique(table[table != UNMAPPED])
    return known
