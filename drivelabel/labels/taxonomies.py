"""The built-in taxonomies, and which class of one is which of another."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from drivelabel._check import did_you_mean
from drivelabel.errors import InvalidLabelError
from drivelabel.labels._builtin.argoverse2 import ARGOVERSE2 as ARGOVERSE2
from drivelabel.labels._builtin.bdd100k import BDD100K as BDD100K
from drivelabel.labels._builtin.bdd100k import BDD100K_DETECTION as BDD100K_DETECTION
from drivelabel.labels._builtin.bdd100k import BDD100K_DRIVABLE as BDD100K_DRIVABLE
from drivelabel.labels._builtin.bdd100k import BDD100K_LANES as BDD100K_LANES
from drivelabel.labels._builtin.bdd100k import BDD100K_SEMANTIC as BDD100K_SEMANTIC
from drivelabel.labels._builtin.cityscapes import CITYSCAPES as CITYSCAPES
from drivelabel.labels._builtin.cityscapes import CITYSCAPES_IDS as CITYSCAPES_IDS
from drivelabel.labels._builtin.cityscapes import CITYSCAPES_TRAIN_IDS as CITYSCAPES_TRAIN_IDS
from drivelabel.labels._builtin.coco import COCO as COCO
from drivelabel.labels._builtin.coco import COCO_IDS as COCO_IDS
from drivelabel.labels._builtin.driving import DRIVING as DRIVING
from drivelabel.labels._builtin.kitti import KITTI as KITTI
from drivelabel.labels._builtin.nuscenes import NUSCENES as NUSCENES
from drivelabel.labels._builtin.pandaset import PANDASET as PANDASET
from drivelabel.labels._builtin.pandaset import PANDASET_CUBOIDS as PANDASET_CUBOIDS
from drivelabel.labels.taxonomy import Category, Taxonomy
from drivelabel.typing import IntArray

UNMAPPED = -1
"""What :func:`mapping` has for a class that the other taxonomy does not know."""

TAXONOMIES: dict[str, Taxonomy] = {
    taxonomy.name: taxonomy
    for taxonomy in (DRIVING, NUSCENES, COCO, KITTI, BDD100K, CITYSCAPES, PANDASET, ARGOVERSE2)
}
"""Every built-in taxonomy by name."""

# Which class stands for a concept, where it is not the class of that name or the first of that concept.
# None: every class of that concept says more than the concept does (a stop sign, for any traffic sign).
_STANDS_FOR: dict[str, dict[str, str | None]] = {
    "nuscenes": {"bus": "vehicle.bus.rigid", "other_object": None, "other_stuff": "static.other"},
    "coco": {
        "animal": None,
        "other_object": None,
        "person": "person",
        "personal_mobility": None,
        "rider": "person",
        "traffic_sign": None,
    },
    "kitti": {"person": "Pedestrian"},
    "cityscapes": {"other_stuff": "static", "other_vehicle": None, "person": "person"},
    "bdd100k": {"lane": None, "lane_marking": None, "person": "person"},
    "pandaset": {
        "animal": "Animals - Other",
        "other_object": None,
        "other_stuff": "Other Static Object",
        "person": "Pedestrian",
        "traffic_cone": "Cones",
        "traffic_sign": "Signs",
        "truck": "Medium-sized Truck",
    },
    "argoverse2": {
        "barrier": None,
        "other_object": None,
        "person": "PEDESTRIAN",
        "personal_mobility": "WHEELED_DEVICE",
        "rider": "WHEELED_RIDER",
        "traffic_cone": "CONSTRUCTION_CONE",
        "traffic_sign": "SIGN",
        "trailer": "VEHICULAR_TRAILER",
    },
}


def get_taxonomy(name: str) -> Taxonomy:
    """A built-in taxonomy by name.

    Raises:
        InvalidLabelError: there is none of that name; the nearest one is suggested.
    """
    if name not in TAXONOMIES:
        raise InvalidLabelError(f"no taxonomy {name!r}.{did_you_mean(name, TAXONOMIES)}")
    return TAXONOMIES[name]


def mapping(src: Taxonomy, dst: Taxonomy) -> IntArray:
    """Which class of `dst` each class of `src` is: ``mapping(COCO, DRIVING)[boxes.category_id]``.

    A class keeps its own name where `dst` means the same by it. Else it becomes the class with the same
    concept, else with the nearest wider concept of DRIVING, else the one whose name is spelt alike. It never
    becomes a class that says more than it does itself: a traffic sign is no ``stop sign``.

    Returns:
        (len(src),) int64, rows of `dst`; UNMAPPED (-1) where `dst` has no such class.

    Raises:
        InvalidLabelError: a category's concept is not a category of DRIVING.
    """
    return _mapping(src, dst).copy()


@lru_cache(maxsize=256)
def _mapping(src: Taxonomy, dst: Taxonomy) -> IntArray:
    by_concept = _by_concept(dst)
    by_spelling = {spelling(c.name): row for row, c in reversed(list(enumerate(dst)))}
    rows = [_row_in(dst, category, src, by_concept, by_spelling) for category in src]
    return np.array(rows, np.int64)


def _row_in(
    dst: Taxonomy,
    category: Category,
    src: Taxonomy,
    by_concept: dict[str, int],
    by_spelling: dict[str, int],
) -> int:
    concept = _concept(category, src)
    if category.name in dst:
        row = dst.id_of(category.name)
        if _concept(dst.categories[row], dst) == concept:
            return row
    for wider in _with_ancestors(concept):
        if wider in by_concept:
            return by_concept[wider]
    if concept is None:
        return by_spelling.get(spelling(category.name), UNMAPPED)
    return UNMAPPED


def _by_concept(taxonomy: Taxonomy) -> dict[str, int]:
    """Concept to the row that stands for it: the chosen one, the one named so, or the first."""
    rows: dict[str, int] = {}
    for row, category in enumerate(taxonomy):
        concept = _concept(category, taxonomy)
        if concept is not None and (concept not in rows or spelling(category.name) == concept):
            rows[concept] = row
    if TAXONOMIES.get(taxonomy.name) == taxonomy:
        for concept, name in _STANDS_FOR.get(taxonomy.name, {}).items():
            rows.pop(concept, None)
            if name is not None:
                rows[concept] = taxonomy.id_of(name)
    return rows


def _concept(category: Category, taxonomy: Taxonomy) -> str | None:
    """The category's concept: its own, its name when DRIVING has that, or its nearest ancestor's."""
    if category.concept is not None:
        DRIVING.id_of(category.concept)
        return category.concept
    if spelling(category.name) in DRIVING:
        return spelling(category.name)
    if category.parent is None:
        return None
    return _concept(taxonomy.categories[taxonomy.id_of(category.parent)], taxonomy)


def _with_ancestors(concept: str | None) -> list[str]:
    chain: list[str] = []
    while concept is not None:
        chain.append(concept)
        concept = DRIVING.categories[DRIVING.id_of(concept)].parent
    return chain


def spelling(name: str) -> str:
    """A name without differences of habit: ``Traffic-Light`` and ``trafficLight`` are ``traffic_light``."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_")
