"""Classes between which a detector may waver while it looks at one thing."""

from __future__ import annotations

import numpy as np

from drivelabel.labels import Taxonomy
from drivelabel.typing import IntArray


def category_groups(taxonomy: Taxonomy) -> IntArray:
    """The group of each category; a track holds boxes of one group only.

    Categories of one parent are a group, and the parent is in it: a car that is called a truck in one
    frame stays itself, and so does a rider called a pedestrian, but no pedestrian turns into a bicycle. A
    category without a parent and without children is a group of its own.

    Returns:
        (n,) int64, the id of a category that stands for the group.
    """
    parents = {category.parent for category in taxonomy}
    groups = [
        category.name if category.name in parents or category.parent is None else category.parent
        for category in taxonomy
    ]
    return taxonomy.ids_of(groups) if groups else np.zeros(0, np.int64)
