"""Boundary IoU: how well the outlines of two masks agree.

Source: Cheng et al., Boundary IoU: Improving Object-Centric Image Segmentation Evaluation, CVPR 2021.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import AnyArray, BoolArray

DILATION_RATIO = 0.02


def boundary_of(mask: AnyArray, dilation_ratio: float = DILATION_RATIO) -> BoolArray:
    """(h, w) the pixels of a mask that lie near its outline, the image's border being one.

    Args:
        mask: (h, w) bool.
        dilation_ratio: how near, as a share of the image's diagonal; at least one pixel.

    Raises:
        InvalidLabelError: the mask has another shape, or the ratio is not positive.
    """
    inside = np.asarray(mask, np.bool_)
    check_shape("mask", inside, (None, None))
    if not dilation_ratio > 0:
        raise InvalidLabelError(f"dilation_ratio: expected a positive number, got {dilation_ratio}.")
    if not inside.size:
        return inside
    steps = max(1, round(dilation_ratio * math.hypot(*inside.shape)))
    padded = np.pad(inside, 1).astype(np.uint8)
    core = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=steps)[1:-1, 1:-1]
    near: BoolArray = inside & np.equal(core, 0)
    return near


def boundary_iou(truth: AnyArray, pred: AnyArray, dilation_ratio: float = DILATION_RATIO) -> float:
    """IoU of the outlines of two masks; NaN when both are empty.

    Args:
        truth: (h, w) bool.
        pred: (h, w) bool.
        dilation_ratio: see :func:`boundary_of`.

    Raises:
        InvalidLabelError: the masks differ in shape, or the ratio is not positive.
    """
    a, b = boundary_of(truth, dilation_ratio), boundary_of(pred, dilation_ratio)
    check_shape("pred", b, a.shape)
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else float("nan")
