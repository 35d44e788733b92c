"""Krippendorff's alpha: agreement of any number of people, with gaps, on any scale.

Source: Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import AnyArray, FloatArray

Level = Literal["nominal", "ordinal", "interval", "ratio"]


def krippendorff_alpha(values: AnyArray, level: Level = "nominal") -> float:
    """Agreement of people on values of the same things; 1 is full, 0 is what chance gives.

    Args:
        values: (people, things) numbers; NaN where somebody said nothing.
        level: what they are: ``nominal`` classes, ``ordinal`` ranks, ``interval`` or ``ratio`` numbers.

    Returns:
        At most 1; NaN when fewer than two things can be compared or all values are one.

    Raises:
        InvalidLabelError: the table has another shape, holds infinity, or `level` is unknown.
    """
    table = np.asarray(values, np.float64)
    check_shape("values", table, (None, None))
    if np.isinf(table).any():
        raise InvalidLabelError("values: expected finite numbers, or NaN where nothing was said.")
    said = ~np.isnan(table)
    pairable = said.sum(axis=0) >= 2
    table, said = table[:, pairable], said[:, pairable]
    names = np.unique(table[said])
    if len(names) < 2:
        return float("nan")
    things = np.broadcast_to(np.arange(table.shape[1]), table.shape)[said]
    counts = np.zeros((table.shape[1], len(names)))
    np.add.at(counts, (things, np.searchsorted(names, table[said])), 1)
    total = counts.sum(axis=0)
    distance = _distance(names, total, level)
    weight = 1.0 / (counts.sum(axis=1) - 1)
    # A value is not compared with itself, but its distance to itself is 0 anyway.
    observed = float(((counts * weight[:, None]) @ distance * counts).sum())
    expected = float(total @ distance @ total) / (total.sum() - 1)
    return float(1.0 - observed / expected)


def _distance(names: FloatArray, total: FloatArray, level: Level) -> FloatArray:
    """(k, k) squared difference of values, for Krippendorff's four scales."""
    if level == "nominal":
        return 1.0 - np.eye(len(names))
    if level == "ordinal":
        middle = np.cumsum(total) - total / 2
        return _differences(middle) ** 2
    if level == "interval":
        return _differences(names) ** 2
    if level == "ratio":
        sums = np.add.outer(names, names)
        share: FloatArray = (_differences(names) / np.where(sums == 0, 1, sums)) ** 2
        return share
    raise InvalidLabelError(f"level: expected nominal, ordinal, interval or ratio, got {level!r}.")


def _differences(values: FloatArray) -> FloatArray:
    table: FloatArray = values[:, None] - values[None, :]
    return table
