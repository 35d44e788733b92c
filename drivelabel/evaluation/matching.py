"""Pairing the labels of two authors one to one, whatever their geometry."""

from __future__ import annotations

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels.sparse_assignment import pair_sparse
from drivelabel.typing import AnyArray, IntArray


def pair_labels(similarity: AnyArray, threshold: float = 0.0) -> tuple[IntArray, IntArray]:
    """The one-to-one pairs with the largest total similarity.

    Args:
        similarity: (n, m), larger is more alike.
        threshold: only pairs at or above it, and above 0, are possible.

    Returns:
        rows and columns of the pairs, (k,) each, rows rising.

    Raises:
        InvalidLabelError: a similarity is not finite.
    """
    table = np.asarray(similarity, np.float64)
    check_shape("similarity", table, (None, None))
    if not np.isfinite(table).all():
        raise InvalidLabelError("similarity: expected finite numbers.")
    rows, columns = np.nonzero((table >= threshold) & (table > 0))
    starts = np.searchsorted(rows, np.arange(len(table) + 1))
    taken = pair_sparse(len(table), table.shape[1], starts, columns, table[rows, columns])
    kept = taken[taken >= 0]
    return rows[kept], columns[kept]
