"""Masks of polygons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.geometry._kernels.polygon_masks import fill_even_odd
from drivelabel.typing import AnyArray, BoolArray


def polygon_mask(rings: Sequence[AnyArray], image_hw: tuple[int, int]) -> BoolArray:
    """The pixels whose centre lies inside of a polygon.

    Args:
        rings: (k, 2) corners each, pixels, (0, 0) is the image's corner; they may leave the image. A ring
            inside of another is a hole (even-odd rule).
        image_hw: height and width, pixels.

    Returns:
        (h, w) bool. Polygons that share an edge share no pixel.

    Raises:
        InvalidLabelError: a ring has another shape, or a number is not finite.
    """
    for row, ring in enumerate(rings):
        check_shape(f"rings[{row}]", ring, (None, 2))
        check_finite(f"rings[{row}]", ring)
    mask = np.zeros(image_hw, np.bool_)
    points = np.concatenate([np.zeros((0, 2)), *rings]).astype(np.float64)
    start = np.concatenate([[0], np.cumsum([len(ring) for ring in rings])]).astype(np.int64)
    fill_even_odd(points, start, mask)
    return mask
