"""Mean IoU over classes, from pixels counted over all frames first, as Cityscapes does it.

Pixels whose truth is void or of an ignored class do not count. A pixel that the prediction leaves void is a
miss of its true class. Classes that occur on neither side have no IoU and stay out of the mean.

Source: github.com/mcordts/cityscapesScripts, evaluation/evalPixelLevelSemanticLabeling.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels import label_maps as kernels
from drivelabel.labels import VOID
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class MeanIou:
    """IoU per class and their mean.

    Attributes:
        names: the classes, in order of their ids.
        tp: (n,) int64, pixels of the class on both sides.
        fp: (n,) int64, pixels predicted as the class whose truth is another class that counts.
        fn: (n,) int64, pixels of the class predicted as anything else, void among it.
        counts: (n,) bool, whether the class is judged at all.
    """

    names: tuple[str, ...]
    tp: IntArray
    fp: IntArray
    fn: IntArray
    counts: BoolArray

    @property
    def iou(self) -> FloatArray:
        """(n,) NaN for classes that are not judged or occur on neither side."""
        union = self.tp + self.fp + self.fn
        known = self.counts & (union > 0)
        value: FloatArray = np.where(known, self.tp / np.maximum(1, union), np.nan)
        return value

    @property
    def mean(self) -> float:
        """Mean over the classes that have an IoU; NaN without any."""
        known = [value for value in self.iou.tolist() if value == value]
        return sum(known) / len(known) if known else float("nan")

    def to_json(self) -> dict[str, Any]:
        """The mean, and per class its IoU and counts."""
        rows = zip(
            self.names, self.iou.tolist(), self.tp.tolist(), self.fp.tolist(), self.fn.tolist(), strict=True
        )
        classes = {name: {"iou": iou, "tp": tp, "fp": fp, "fn": fn} for name, iou, tp, fp, fn in rows}
        return {"mean_iou": self.mean, "classes": classes}


def confusion_of(frames: Iterable[tuple[AnyArray, AnyArray]], n_categories: int) -> IntArray:
    """Pixels by true and predicted class, over frames; those of several logs add up.

    Args:
        frames: (truth, pred) label maps, (h, w) uint8 each; VOID (255) for void.
        n_categories: how many classes there are.

    Returns:
        (n + 1, n + 1) int64; the last row and column are void.

    Raises:
        InvalidLabelError: two maps of a frame differ in shape, a map is not uint8, or a value is no class.
    """
    if not 0 < n_categories <= VOID:
        raise InvalidLabelError(f"n_categories: expected 1 to {VOID}, got {n_categories}.")
    pairs = np.zeros((256, 256), np.int64)
    for frame, (truth, pred) in enumerate(frames):
        for name, values in (("truth", truth), ("pred", pred)):
            if values.dtype != np.uint8:
                raise InvalidLabelError(f"frame {frame}, {name}: expected uint8, got {values.dtype}.")
        check_shape(f"frame {frame}, pred", pred, truth.shape)
        pairs += kernels.count_pairs(truth.reshape(-1), pred.reshape(-1))
    known = np.r_[np.arange(n_categories), VOID]
    confusion: IntArray = pairs[np.ix_(known, known)]
    if confusion.sum() != pairs.sum():
        pairs[np.ix_(known, known)] = 0
        truth_value, pred_value = (int(v[0]) for v in np.nonzero(pairs))
        bad = truth_value if truth_value not in known else pred_value
        raise InvalidLabelError(f"label map: expected classes 0 to {n_categories - 1} or {VOID}, got {bad}.")
    return confusion


def mean_iou(confusion: AnyArray, names: Sequence[str], ignore: Collection[str] = ()) -> MeanIou:
    """IoU per class of counted pixels.

    Args:
        confusion: (n + 1, n + 1), see :func:`confusion_of`.
        names: the n classes.
        ignore: classes that are not judged; pixels whose truth is one of them do not count.

    Raises:
        InvalidLabelError: the table has another shape, or an ignored class is unknown.
    """
    n = len(names)
    table = np.asarray(confusion, np.int64)
    check_shape("confusion", table, (n + 1, n + 1))
    unknown = sorted(set(ignore) - set(names))
    if unknown:
        raise InvalidLabelError(f"ignore: no class {unknown[0]!r}. Known: {', '.join(names)}.")
    judged = np.array([name not in ignore for name in names], np.bool_)
    rows = table[:n] * judged[:, None]
    tp = np.diagonal(rows).copy()
    return MeanIou(tuple(names), tp, rows[:, :n].sum(axis=0) * judged - tp, rows.sum(axis=1) - tp, judged)
