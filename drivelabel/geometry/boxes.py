"""Boxes in images: xyxy, pixels, (0, 0) is the image's corner, half-open."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels import boxes as kernels
from drivelabel.typing import AnyArray, FloatArray, IntArray


def box_area(xyxy: AnyArray) -> FloatArray:
    """(n,) float64 areas, square pixels, of (n, 4) boxes."""
    boxes = _as_boxes("xyxy", xyxy)
    area: FloatArray = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return area


def pairwise_iou(a: AnyArray, b: AnyArray) -> FloatArray:
    """Intersection over union of each box of `a` with each of `b`.

    Args:
        a: (n, 4) xyxy, pixels.
        b: (m, 4) xyxy, pixels.

    Returns:
        (n, m) float64 in [0, 1]; 0 where the boxes do not overlap, also for boxes without area.

    Raises:
        InvalidLabelError: an input has another shape.
    """
    iou: FloatArray = kernels.pairwise_iou(_as_boxes("a", a), _as_boxes("b", b))
    return iou


def xywh_to_xyxy(xywh: AnyArray) -> npt.NDArray[Any]:
    """(n, 4) xyxy of (n, 4) left, top, width, height; a float type is kept."""
    boxes = _as_floats("xywh", xywh)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def xyxy_to_xywh(xyxy: AnyArray) -> npt.NDArray[Any]:
    """(n, 4) left, top, width, height of (n, 4) xyxy; a float type is kept."""
    boxes = _as_floats("xyxy", xyxy)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def clip_boxes(xyxy: AnyArray, image_hw: tuple[int, int]) -> npt.NDArray[Any]:
    """(n, 4) boxes cut at the image's border; one that lies outside has no area left."""
    boxes = _as_floats("xyxy", xyxy)
    height, width = image_hw
    limit = np.array([width, height, width, height], boxes.dtype)
    clipped: npt.NDArray[Any] = np.clip(boxes, 0, limit)
    return clipped


def nms(xyxy: AnyArray, score: AnyArray, category_id: AnyArray, iou_threshold: float) -> IntArray:
    """Rows to keep so that no two boxes of one class overlap by more than a threshold.

    Greedy: the box with the best score stays and removes those it overlaps, then the next one. Equal
    scores go in order of their rows, so the result does not depend on the machine.

    Args:
        xyxy: (n, 4), pixels.
        score: (n,).
        category_id: (n,); boxes of different classes never remove each other.
        iou_threshold: an IoU above it removes; at it, both stay.

    Returns:
        (k,) int64 row numbers, best score first.

    Raises:
        InvalidLabelError: columns differ in length or shape, or a number is not finite.
    """
    boxes = _as_boxes("xyxy", xyxy)
    scores, classes = np.asarray(score, np.float64), np.ascontiguousarray(category_id, np.int64)
    check_finite("xyxy", boxes)
    check_shape("score", scores, (len(boxes),))
    check_shape("category_id", classes, (len(boxes),))
    check_finite("score", scores)
    if not 0 <= iou_threshold <= 1:
        raise InvalidLabelError(f"iou_threshold: expected a number in [0, 1], got {iou_threshold}.")
    order = np.argsort(-scores, kind="stable")
    kept: IntArray = order[kernels.nms(boxes, classes, order, float(iou_threshold))]
    return kept


def _as_boxes(name: str, boxes: AnyArray) -> FloatArray:
    array = np.ascontiguousarray(boxes, dtype=np.float64)
    check_shape(name, array, (None, 4))
    return array


def _as_floats(name: str, boxes: AnyArray) -> npt.NDArray[Any]:
    array = np.asarray(boxes)
    check_shape(name, array, (None, 4))
    return array if array.dtype.kind == "f" else array.astype(np.float64)
