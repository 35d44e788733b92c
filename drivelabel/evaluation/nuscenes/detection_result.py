"""The numbers of the nuScenes detection task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.evaluation.nuscenes.config import DetectionConfig
from drivelabel.typing import FloatArray

ERRORS = ("trans_err", "scale_err", "orient_err", "vel_err", "attr_err")
"""What is measured on true positives: place (m), size (1 - IoU), heading (rad), velocity (m/s), attribute."""

N_RECALLS = 101

# What cannot be said of a class: a cone has no heading, cones and barriers do not move.
_MEANINGLESS = {
    "traffic_cone": ("attr_err", "vel_err", "orient_err"),
    "barrier": ("attr_err", "vel_err"),
}


@dataclass(frozen=True, slots=True, eq=False)
class DetectionCurve:
    """One class at one match distance, over the recalls 0, 0.01, ..., 1.

    Attributes:
        recall, precision, score: (101,); score is the threshold at which a recall is reached, 0 if never.
        errors: name of ERRORS to (101,), the mean error of the true positives down to that score.
        n_truth, n_pred: boxes that counted.
        n_matched: true positives among all predictions.
    """

    recall: FloatArray
    precision: FloatArray
    score: FloatArray
    errors: Mapping[str, FloatArray]
    n_truth: int
    n_pred: int
    n_matched: int

    @classmethod
    def without_matches(cls, n_truth: int, n_pred: int) -> DetectionCurve:
        """The curve of a class that has no truth or no match: precision 0, errors 1."""
        zeros = np.zeros(N_RECALLS)
        errors = {name: np.ones(N_RECALLS) for name in ERRORS}
        return cls(np.linspace(0, 1, N_RECALLS), zeros, zeros.copy(), errors, n_truth, n_pred, 0)

    @property
    def last_reached(self) -> int:
        """Index of the highest recall reached. A score of exactly 0 reads as not reached, as in nuScenes."""
        reached = np.flatnonzero(self.score)
        return int(reached[-1]) if len(reached) else 0

    def average_precision(self, min_recall: float, min_precision: float) -> float:
        """Mean precision above both minima, scaled so that a perfect detector has 1."""
        kept = self.precision[round(100 * min_recall) + 1 :] - min_precision
        kept[kept < 0] = 0
        return float(np.mean(kept)) / (1.0 - min_precision)

    def mean_error(self, name: str, min_recall: float) -> float:
        """Mean of an error from the minimal to the highest recall reached; 1 where it is not reached."""
        first, last = round(100 * min_recall) + 1, self.last_reached
        return 1.0 if last < first else float(np.mean(self.errors[name][first : last + 1]))

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return {
            "recall": self.recall.tolist(),
            "precision": self.precision.tolist(),
            "score": self.score.tolist(),
            **{name: values.tolist() for name, values in self.errors.items()},
            "n_truth": self.n_truth,
            "n_pred": self.n_pred,
            "n_matched": self.n_matched,
        }


@dataclass(frozen=True, slots=True, eq=False)
class DetectionResult:
    """mAP, the five true positive errors and the nuScenes detection score (NDS).

    Attributes:
        config: how it was judged.
        curves: (class, match distance) to its curve.
        n_samples: samples that hold a box.
        n_truth, n_pred: boxes given.
        n_truth_dropped, n_pred_dropped: boxes out of range, without points or in a bike rack.
    """

    config: DetectionConfig
    curves: Mapping[tuple[str, float], DetectionCurve]
    n_samples: int
    n_truth: int
    n_pred: int
    n_truth_dropped: int
    n_pred_dropped: int

    @property
    def label_aps(self) -> dict[str, dict[float, float]]:
        """Average precision by class and match distance."""
        config = self.config
        return {
            name: {
                distance: self.curves[name, distance].average_precision(
                    config.min_recall, config.min_precision
                )
                for distance in config.match_distances
            }
            for name in config.class_range
        }

    @property
    def label_tp_errors(self) -> dict[str, dict[str, float]]:
        """Error by class and name; NaN where a class cannot have it."""
        return {
            name: {error: self._error(name, error) for error in ERRORS} for name in self.config.class_range
        }

    def _error(self, name: str, error: str) -> float:
        if error in _MEANINGLESS.get(name, ()):
            return math.nan
        curve = self.curves[name, self.config.error_match_distance]
        return curve.mean_error(error, self.config.min_recall)

    @property
    def mean_dist_aps(self) -> dict[str, float]:
        """Average precision by class, mean over the match distances."""
        return {name: float(np.mean(list(aps.values()))) for name, aps in self.label_aps.items()}

    @property
    def mean_ap(self) -> float:
        """mAP: mean over classes and match distances."""
        return float(np.mean(list(self.mean_dist_aps.values())))

    @property
    def tp_errors(self) -> dict[str, float]:
        """Error by name, mean over the classes that can have it."""
        by_class = self.label_tp_errors
        return {error: float(np.nanmean([by_class[name][error] for name in by_class])) for error in ERRORS}

    @property
    def tp_scores(self) -> dict[str, float]:
        """1 - error, at least 0, by name."""
        return {error: max(0.0, 1.0 - value) for error, value in self.tp_errors.items()}

    @property
    def nd_score(self) -> float:
        """NDS: the weighted mean of mAP and the scores of the errors."""
        weight = self.config.mean_ap_weight
        scores = list(self.tp_scores.values())
        return float(weight * self.mean_ap + np.sum(scores)) / float(weight + len(scores))

    def to_json(self) -> dict[str, Any]:
        """Plain values, NaN as None; the names are those of nuScenes' own ``metrics_summary.json``."""
        errors = {
            name: {error: None if math.isnan(value) else value for error, value in row.items()}
            for name, row in self.label_tp_errors.items()
        }
        return {
            "mean_ap": self.mean_ap,
            "nd_score": self.nd_score,
            "tp_errors": self.tp_errors,
            "tp_scores": self.tp_scores,
            "mean_dist_aps": self.mean_dist_aps,
            "label_aps": {
                name: {str(d): ap for d, ap in row.items()} for name, row in self.label_aps.items()
            },
            "label_tp_errors": errors,
            "counts": {
                "n_samples": self.n_samples,
                "n_truth": self.n_truth,
                "n_pred": self.n_pred,
                "n_truth_dropped": self.n_truth_dropped,
                "n_pred_dropped": self.n_pred_dropped,
            },
            "curves": {
                f"{name}:{distance}": curve.to_json() for (name, distance), curve in self.curves.items()
            },
        }
