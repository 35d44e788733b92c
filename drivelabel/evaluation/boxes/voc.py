"""Average precision as Pascal VOC counts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.boxes.columns import ImageBoxes
from drivelabel.geometry._kernels import box_matches as kernels
from drivelabel.typing import AnyArray, FloatArray, IntArray

METHODS = ("all_points", "11_points")


@dataclass(frozen=True, slots=True, eq=False)
class VocClass:
    """One class.

    Attributes:
        average_precision: in [0, 1]; NaN where there is no truth.
        precision: (n_counted,) after each prediction, best score first.
        recall: (n_counted,) NaN where there is no truth.
        n_truth: boxes to find; difficult ones are not among them.
        n_pred: predicted boxes.
        n_true_positive: predictions that are right.
        n_false_positive: predictions that are wrong, doubles among them.
        n_not_counted: predictions on difficult truth.
    """

    average_precision: float
    precision: FloatArray
    recall: FloatArray
    n_truth: int
    n_pred: int
    n_true_positive: int
    n_false_positive: int
    n_not_counted: int

    def to_json(self) -> dict[str, Any]:
        """The numbers without the curve; NaN is None."""
        return {
            "average_precision": None if np.isnan(self.average_precision) else self.average_precision,
            "n_truth": self.n_truth,
            "n_pred": self.n_pred,
            "n_true_positive": self.n_true_positive,
            "n_false_positive": self.n_false_positive,
            "n_not_counted": self.n_not_counted,
        }


@dataclass(frozen=True, slots=True, eq=False)
class VocResult:
    """All classes.

    Attributes:
        classes: by category id.
        iou_threshold: a match has at least this IoU.
        method: one of METHODS.
    """

    classes: dict[int, VocClass]
    iou_threshold: float
    method: str

    @property
    def mean_average_precision(self) -> float:
        """Mean over the classes that have truth; NaN if none has."""
        values = [one.average_precision for one in self.classes.values() if one.n_truth]
        return float(np.mean(values)) if values else float("nan")

    def to_json(self) -> dict[str, Any]:
        """All numbers and counts."""
        mean = self.mean_average_precision
        return {
            "mean_average_precision": None if np.isnan(mean) else mean,
            "iou_threshold": self.iou_threshold,
            "method": self.method,
            "classes": {str(key): one.to_json() for key, one in self.classes.items()},
        }


def voc_average_precision(
    truth: ImageBoxes,
    pred: ImageBoxes,
    iou_threshold: float = 0.5,
    method: str = "all_points",
    difficult: AnyArray | None = None,
) -> VocResult:
    """Average precision of predicted boxes per class.

    Equal scores keep the order of their rows. Pascal's own boxes include their last pixel: give them one
    further to the right and down, then IoUs equal the toolkit's ``+ 1``.

    Args:
        truth: boxes to find.
        pred: boxes found, with scores.
        iou_threshold: a match needs at least this.
        method: ``all_points`` (from 2010 on) or ``11_points`` (until 2009).
        difficult: (n,) bool, truth that need not be found: what finds it counts neither way.

    Raises:
        InvalidLabelError: the threshold or the method is unknown, or `difficult` has another length.

    Source: Everingham et al., The Pascal VOC Challenge, IJCV 2010; VOCevaldet.m of its toolkit.
    """
    if method not in METHODS:
        raise InvalidLabelError(f"method: expected one of {', '.join(METHODS)}, got {method!r}.")
    if not 0 < iou_threshold <= 1:
        raise InvalidLabelError(f"iou_threshold: expected a number in (0, 1], got {iou_threshold}.")
    hard = np.zeros(len(truth), np.bool_) if difficult is None else np.asarray(difficult, np.bool_)
    check_shape("difficult", hard, (len(truth),))
    known = np.unique(np.concatenate([truth.category_id, pred.category_id])).tolist()
    classes = {}
    for category in known:
        t, p = truth.category_id == category, np.flatnonzero(pred.category_id == category)
        p = p[np.argsort(-pred.score[p], kind="stable")]
        images, group = np.unique(np.concatenate([truth.image[t], pred.image[p]]), return_inverse=True)
        of_truth, of_pred = group[: t.sum()], group[t.sum() :]
        order = np.argsort(of_truth, kind="stable")
        start = np.searchsorted(of_truth[order], np.arange(len(images) + 1)).astype(np.int64)
        rows = np.flatnonzero(t)[order]
        state = kernels.voc_matches(
            truth.xyxy[rows], start, hard[rows], pred.xyxy[p], of_pred.astype(np.int64), float(iou_threshold)
        )
        classes[int(category)] = _of_class(state, int((~hard[rows]).sum()), method)
    return VocResult(classes, float(iou_threshold), method)


def _of_class(state: AnyArray, n_truth: int, method: str) -> VocClass:
    counted = state[state != kernels.NOT_COUNTED]
    right: IntArray = np.cumsum(counted == kernels.TRUE_POSITIVE)
    precision = right / np.arange(1, len(counted) + 1)
    recall = right / n_truth if n_truth else np.full(len(counted), np.nan)
    n_right = int(right[-1]) if len(right) else 0
    value = float("nan")
    if n_truth:
        value = _all_points(precision, recall) if method == "all_points" else _11_points(precision, recall)
    return VocClass(
        value,
        precision,
        recall,
        n_truth,
        len(state),
        n_right,
        len(counted) - n_right,
        len(state) - len(counted),
    )


def _all_points(precision: FloatArray, recall: FloatArray) -> float:
    """Area under the precision that is reached at each recall or beyond."""
    reached = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(np.concatenate([[0.0], recall]))
    return float(np.sum(steps * reached))


def _11_points(precision: FloatArray, recall: FloatArray) -> float:
    best = [precision[recall >= level].max(initial=0.0) for level in np.linspace(0, 1, 11)]
    return float(np.mean(best))
