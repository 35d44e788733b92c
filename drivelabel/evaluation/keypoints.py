"""How near keypoints are: object keypoint similarity and the share of correct ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import AnyArray, FloatArray, IntArray

COCO_SIGMAS: FloatArray = (
    np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89], np.float64) / 1000
)
"""How far people place COCO's 17 points of a person apart, in parts of the object's size."""

_EPSILON = float(np.spacing(1))


def keypoint_similarity(
    truth: AnyArray, pred: AnyArray, area: AnyArray, xyxy: AnyArray, sigmas: AnyArray = COCO_SIGMAS
) -> FloatArray:
    """Object keypoint similarity (OKS) of each true skeleton and each predicted one.

    Only points that truth has (visibility above 0) count; where it has none, the distance to its box
    widened to twice its sides stands in, as in COCO's tool.

    Args:
        truth: (n, k, 3) u, v and visibility, pixels.
        pred: (m, k, 2) or (m, k, 3), pixels.
        area: (n,) square pixels of the true objects.
        xyxy: (n, 4) boxes of the true objects.
        sigmas: (k,).

    Returns:
        (n, m) float64 in [0, 1].

    Raises:
        InvalidLabelError: an input has another shape, or a number is not finite.

    Source: pycocotools 2.0, COCOeval.computeOks.
    """
    stated, found = np.asarray(truth, np.float64), np.asarray(pred, np.float64)
    spread, size = np.asarray(sigmas, np.float64), np.asarray(area, np.float64)
    boxes = np.asarray(xyxy, np.float64)
    check_shape("truth", stated, (None, len(spread), 3))
    check_shape("pred", found[..., :2], (None, len(spread), 2))
    check_shape("area", size, (len(stated),))
    check_shape("xyxy", boxes, (len(stated), 4))
    for name, values in (("truth", stated), ("pred", found), ("area", size), ("xyxy", boxes)):
        check_finite(name, values)
    variance = (spread * 2) ** 2
    similarity = np.zeros((len(stated), len(found)))
    for row in range(len(stated)):
        seen = stated[row, :, 2] > 0
        if seen.any():
            away = found[:, :, :2] - stated[row, :, :2]
        else:
            away = _outside(found[:, :, :2], boxes[row])
            seen = np.ones(len(spread), np.bool_)
        error = (away[:, :, 0] ** 2 + away[:, :, 1] ** 2) / variance / (size[row] + _EPSILON) / 2
        similarity[row] = np.sum(np.exp(-error[:, seen]), axis=1) / seen.sum()
    return similarity


def _outside(points: FloatArray, xyxy: FloatArray) -> FloatArray:
    """How far points lie outside a box of twice the sides."""
    sides = xyxy[2:] - xyxy[:2]
    low, high = xyxy[:2] - sides, xyxy[:2] + sides * 2
    outside: FloatArray = np.maximum(0, low - points) + np.maximum(0, points - high)
    return outside


@dataclass(frozen=True, slots=True, eq=False)
class CorrectKeypoints:
    """Percentage of correct keypoints (PCK), with its counts.

    Attributes:
        threshold: a point is correct within this part of its object's size.
        n_correct: (k,) int64.
        n_truth: (k,) int64, points that truth has.
    """

    threshold: float
    n_correct: IntArray
    n_truth: IntArray

    @property
    def value(self) -> float:
        """Share of all points; NaN if there are none."""
        total = int(self.n_truth.sum())
        return int(self.n_correct.sum()) / total if total else float("nan")

    @property
    def per_point(self) -> FloatArray:
        """(k,) share of each point; NaN where truth has none."""
        share: FloatArray = np.where(self.n_truth > 0, self.n_correct / np.maximum(self.n_truth, 1), np.nan)
        return share

    def __add__(self, other: CorrectKeypoints) -> CorrectKeypoints:
        """Both together, as for the logs of a set.

        Raises:
            InvalidLabelError: thresholds or numbers of points differ.
        """
        if self.threshold != other.threshold or len(self.n_truth) != len(other.n_truth):
            raise InvalidLabelError(
                "keypoints: expected equal thresholds and points to add, got different ones."
            )
        return CorrectKeypoints(
            self.threshold, self.n_correct + other.n_correct, self.n_truth + other.n_truth
        )

    def to_json(self) -> dict[str, Any]:
        """All numbers and counts; None where there is no truth."""
        return {
            "pck": None if np.isnan(self.value) else self.value,
            "threshold": self.threshold,
            "n_correct": self.n_correct.tolist(),
            "n_truth": self.n_truth.tolist(),
        }


def correct_keypoints(
    truth: AnyArray, pred: AnyArray, size_px: AnyArray, threshold: float = 0.2
) -> CorrectKeypoints:
    """PCK of skeletons that belong together, row by row.

    Args:
        truth: (n, k, 3) u, v and visibility, pixels; points of visibility 0 do not count.
        pred: (n, k, 2) or (n, k, 3), pixels; NaN where it has no such point: that one is wrong.
        size_px: (n,) what the threshold is a part of: the longer side of the box, the head's length
            (PCKh), or the torso's.
        threshold: a point at this part of the size or nearer is correct.

    Raises:
        InvalidLabelError: an input has another shape, or a threshold or size is not above 0.

    Source: Yang & Ramanan, Articulated human detection with flexible mixtures of parts, PAMI 2013.
    """
    stated, found = np.asarray(truth, np.float64), np.asarray(pred, np.float64)
    size = np.asarray(size_px, np.float64)
    check_shape("truth", stated, (None, None, 3))
    check_shape("pred", found[..., :2], (*stated.shape[:2], 2))
    check_shape("size_px", size, (len(stated),))
    check_finite("truth", stated)
    if not threshold > 0 or not (size > 0).all():
        raise InvalidLabelError("threshold and size_px: expected numbers above 0.")
    distance = np.linalg.norm(found[..., :2] - stated[..., :2], axis=2)
    seen = stated[..., 2] > 0
    correct = seen & (distance <= threshold * size[:, None])
    return CorrectKeypoints(float(threshold), correct.sum(axis=0), seen.sum(axis=0))
