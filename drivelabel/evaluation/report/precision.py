"""Average precision and curves of precision over recall, from matches that exist already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.evaluation.report.classes import MERGED
from drivelabel.evaluation.report.columns import Matched
from drivelabel.labels import DRIVING
from drivelabel.typing import BoolArray, FloatArray

RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Precision over recall at the first threshold.

    Attributes:
        ap: (t,) average precision at each threshold of the matches; None where there is no truth.
        n_truth, n_pred: what it was computed from.
        recall, precision, score: (k,) points of the curve, score falling.
    """

    ap: FloatArray | None
    n_truth: int
    n_pred: int
    recall: FloatArray
    precision: FloatArray
    score: FloatArray

    def to_json(self) -> dict[str, Any]:
        """At most 101 points, as plain JSON values."""
        step = max(1, -(-len(self.recall) // 101))
        return {
            "ap": None if self.ap is None else float(self.ap[0]),
            "ap_mean": None if self.ap is None else float(self.ap[1:].mean()),
            "n_truth": self.n_truth,
            "n_pred": self.n_pred,
            "recall": np.round(self.recall[::step], 5).tolist(),
            "precision": np.round(self.precision[::step], 5).tolist(),
            "score": np.round(self.score[::step], 5).tolist(),
        }


def average_precision(hit: BoolArray, n_truth: float, weight: FloatArray | None = None) -> float:
    """COCO's average precision of predictions in order of falling score.

    Args:
        hit: (m,) which are right.
        n_truth: how many true objects there are; above 0.
        weight: (m,) how often each prediction counts; once when None.

    Source: pycocotools' rule: precision made falling, read at 101 values of recall.
    """
    ones = np.ones(len(hit)) if weight is None else weight
    right, shown = np.cumsum(hit * ones), np.cumsum(ones)
    precision = right / np.maximum(shown, np.spacing(1.0))
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(right / n_truth, RECALLS, side="left")
    return float(np.append(falling, 0.0)[np.minimum(at, len(falling))].mean())


def curve(matched: Matched, truth_rows: BoolArray, pred_rows: BoolArray) -> Curve:
    """Precision over recall of some rows."""
    n_truth = int((truth_rows & matched.counted).sum())
    rows = np.flatnonzero(pred_rows & matched.judged)
    rows = rows[np.argsort(-matched.pred.score[rows], kind="stable")]
    hits = matched.hits[:, rows]
    ap = np.array([average_precision(hit, n_truth) for hit in hits]) if n_truth else None
    right = np.cumsum(hits[0])
    return Curve(
        ap,
        n_truth,
        len(rows),
        right / n_truth if n_truth else np.zeros(len(rows)),
        right / np.arange(1, len(rows) + 1),
        matched.pred.score[rows],
    )


def class_curves(matched: Matched) -> dict[str, Curve]:
    """One curve per class that either side has, in the order of DRIVING."""
    used = np.union1d(matched.truth.category[matched.counted], matched.pred.category[matched.judged])
    return {
        DRIVING.names[row]: curve(matched, matched.truth.category == row, matched.pred.category == row)
        for row in used.astype(int).tolist()
    }


def merged_members(matched: Matched) -> dict[str, list[str]]:
    """Groups of classes that are merged, to those of their members that occur; only groups of several."""
    used = np.union1d(matched.truth.category[matched.counted], matched.pred.category[matched.judged])
    present = {DRIVING.names[row] for row in used.astype(int).tolist()}
    members = {name: [m for m in names if m in present] for name, names in MERGED.items()}
    return {name: found for name, found in members.items() if len(found) > 1}


def mean_ap(curves: dict[str, Curve]) -> tuple[FloatArray | None, list[str]]:
    """(t,) the mean over the classes that have truth, and which those are."""
    names = [name for name, one in curves.items() if one.ap is not None]
    values = [one.ap for one in curves.values() if one.ap is not None]
    return (np.mean(values, axis=0) if values else None), names
