"""Closed outlines as files have them: lists of numbers, rings of one thing."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading.values import as_numbers
from drivelabel.geometry import polygon_area, polygon_overlap
from drivelabel.labels.polygons import MIN_RING
from drivelabel.typing import AnyArray, FloatArray


def rings_of_lists(lists: Any, where: str) -> tuple[list[FloatArray], int]:
    """Rings of flat lists ``[x, y, x, y, ...]``, and how many of fewer than three points were left out.

    Raises:
        FormatError: it is no list of lists of an even count of finite numbers.
    """
    if not isinstance(lists, list):
        raise FormatError(f"{where}: expected a list of polygons, got {type(lists).__name__}.")
    rings = []
    for flat in lists:
        numbers = as_numbers(flat, where)
        if len(numbers) % 2:
            raise FormatError(f"{where}: expected x and y of each point, got {len(numbers)} numbers.")
        rings.append(numbers.reshape(-1, 2))
    kept = [ring for ring in rings if len(ring) >= MIN_RING]
    return kept, len(rings) - len(kept)


def has_holes(rings: list[AnyArray]) -> bool:
    """Whether two rings share area, so that a format which joins rings would fill it."""
    for a, b in combinations(rings, 2):
        apart = (a.max(axis=0) <= b.min(axis=0)) | (b.max(axis=0) <= a.min(axis=0))
        if not apart.any() and polygon_overlap(a, b) > 0:
            return True
    return False


def rings_area(rings: list[AnyArray]) -> float:
    """Area of rings that share none, px²."""
    return float(sum(polygon_area(ring) for ring in rings))


def joined(rings: list[AnyArray]) -> AnyArray:
    """One ring that goes through all of them, over and back by thin bridges between nearest points.

    For formats that hold one outline a thing. The bridges have no area.
    """
    whole = np.asarray(rings[0])
    for ring in rings[1:]:
        distance = np.linalg.norm(whole[:, None] - ring[None], axis=-1)
        here, there = np.unravel_index(int(np.argmin(distance)), distance.shape)
        turned = np.roll(ring, -int(there), axis=0)
        whole = np.concatenate([whole[: here + 1], turned, turned[:1], whole[here:]])
    return whole
