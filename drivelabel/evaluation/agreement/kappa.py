"""Kappa: agreement on classes beyond chance, for two or for a fixed number of people.

Sources: Cohen, A Coefficient of Agreement for Nominal Scales, 1960, and Weighted Kappa, 1968; Fleiss,
Measuring Nominal Scale Agreement among Many Raters, 1971.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import AnyArray


def cohen_kappa(
    first: AnyArray, second: AnyArray, *, weights: Literal["none", "linear", "quadratic"] = "none"
) -> float:
    """Agreement of two people on the classes of the same things; 1 is full, 0 is what chance gives.

    Args:
        first: (n,) whole numbers.
        second: (n,), of the same things.
        weights: how much worse distant classes are; for classes that have an order.

    Returns:
        At most 1; NaN when both name one single class throughout, where chance agrees fully too.

    Raises:
        InvalidLabelError: the columns differ in length, or `weights` is unknown.
    """
    a, b = np.asarray(first), np.asarray(second)
    check_shape("first", a, (None,))
    check_shape("second", b, a.shape)
    names, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    k, codes = len(names), codes.reshape(-1)
    table = np.bincount(codes[: len(a)] * k + codes[len(a) :], minlength=k * k).reshape(k, k)
    apart = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).astype(np.float64)
    costs = {"none": np.minimum(apart, 1), "linear": apart, "quadratic": apart**2}
    if weights not in costs:
        raise InvalidLabelError(f"weights: expected none, linear or quadratic, got {weights!r}.")
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(1, len(a))
    expected = float((costs[weights] * chance).sum())
    return 1.0 - float((costs[weights] * table).sum()) / expected if expected else float("nan")


def fleiss_kappa(counts: AnyArray) -> float:
    """Agreement of a fixed number of people on the classes of things.

    Args:
        counts: (n, k), how many people gave thing i class j; all rows add up to one number, at least 2.

    Returns:
        At most 1; NaN without things or when all name one single class throughout.

    Raises:
        InvalidLabelError: the table has another shape, or its rows add up to different numbers.
    """
    table = np.asarray(counts, np.float64)
    check_shape("counts", table, (None, None))
    if not len(table):
        return float("nan")
    raters = table.sum(axis=1)
    uneven = (raters != raters[0]) | (raters < 2)
    if uneven.any():
        row = int(np.argmax(uneven))
        raise InvalidLabelError(
            f"counts, row {row}: expected the same number of people in each row, at least 2, "
            f"got {raters[row]:g} after {raters[0]:g}. Where people left things out use krippendorff_alpha."
        )
    n = raters[0]
    observed = float(((table**2).sum(axis=1) - n).mean() / (n * (n - 1)))
    chance = float(((table.sum(axis=0) / table.sum()) ** 2).sum())
    return (observed - chance) / (1.0 - chance) if chance < 1.0 else float("nan")
