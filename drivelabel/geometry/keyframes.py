"""Keyframes of a track: the boxes that a person has to see, the others lie between them."""

from __future__ import annotations

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels import keyframes as kernels
from drivelabel.typing import AnyArray, BoolArray


def fewest_keyframes(
    time: AnyArray, xyxy: AnyArray, *, fixed: AnyArray | None = None, min_iou: float = 0.95
) -> BoolArray:
    """The fewest boxes of one track between which the others lie on straight lines.

    Args:
        time: (n,) whole numbers that rise: frames or nanoseconds.
        xyxy: (n, 4) boxes, pixels.
        fixed: (n,) rows that must be keyframes, as where an attribute changes; none when None.
        min_iou: how well each box between must be met.

    Returns:
        (n,) bool. The first and the last row are always keyframes.

    Raises:
        InvalidLabelError: shapes do not fit, times do not rise, a number is not finite, or `min_iou` lies
            outside [0, 1].
    """
    times = np.ascontiguousarray(time, np.int64)
    boxes = np.ascontiguousarray(xyxy, np.float64)
    check_shape("time", times, (None,))
    check_shape("xyxy", boxes, (len(times), 4))
    check_finite("xyxy", boxes)
    if (np.diff(times) <= 0).any():
        raise InvalidLabelError("time: expected times that rise.")
    if not 0 <= min_iou <= 1:
        raise InvalidLabelError(f"min_iou: expected a number in [0, 1], got {min_iou}.")
    must = np.zeros(len(times), np.bool_) if fixed is None else np.ascontiguousarray(fixed, np.bool_)
    check_shape("fixed", must, (len(times),))
    kept: BoolArray = kernels.fewest_keyframes(times, boxes, must, float(min_iou))
    return kept
