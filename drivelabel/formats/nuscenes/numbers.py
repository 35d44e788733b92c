"""Numbers as people wrote them."""

from __future__ import annotations

import numpy as np

from drivelabel.typing import AnyArray, FloatArray


def shortest(values: AnyArray) -> FloatArray:
    """float32 numbers as the float64 of their shortest text: 0.621 stays 0.621, not 0.62099999."""
    small = np.ascontiguousarray(values, np.float32)
    return small.astype(str).astype(np.float64).reshape(small.shape)
