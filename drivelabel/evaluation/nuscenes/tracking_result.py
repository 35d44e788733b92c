"""The numbers of the nuScenes tracking task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.evaluation.nuscenes.config import TrackingConfig
from drivelabel.typing import FloatArray

AVERAGES = {"amota": ("motar", 0.0), "amotp": ("motp", 2.0)}
"""Metrics over all recalls: what they average, and what a recall that is not reached counts as."""

BEST = (
    "recall",
    "motar",
    "gt",
    "mota",
    "motp",
    "mt",
    "ml",
    "faf",
    "tp",
    "fp",
    "fn",
    "ids",
    "frag",
    "tid",
    "lgd",
)
"""Metrics at the score threshold with the highest MOTA."""

METRICS = (*AVERAGES, *BEST)

_SUMMED = ("mt", "ml", "tp", "fp", "fn", "ids", "frag")


@dataclass(frozen=True, slots=True, eq=False)
class TrackingCurve:
    """One class over falling recalls, from 1 to the lowest that counts.

    Attributes:
        score: (k,) the threshold that should reach each recall; NaN where it is not reached.
        recall_hypo: (k,) the recalls aimed at; NaN where nothing matches at all.
        metrics: name of BEST to (k,); NaN where a recall is not reached.
        n_truth, n_pred: boxes judged, those between a track's own included.
        n_truth_tracks, n_pred_tracks: tracks judged.
    """

    score: FloatArray
    recall_hypo: FloatArray
    metrics: Mapping[str, FloatArray]
    n_truth: int
    n_pred: int
    n_truth_tracks: int
    n_pred_tracks: int

    def values(self) -> dict[str, float]:
        """Each metric of METRICS; NaN where the class has no truth."""
        mota = self.metrics["mota"]
        found = dict.fromkeys(METRICS, math.nan)
        if not np.isnan(mota).all():
            best = int(np.nanargmax(mota))
            found |= {name: float(self.metrics[name][best]) for name in BEST}
        for name, (averaged, worst) in AVERAGES.items():
            own = self.metrics[averaged]
            if not np.isnan(own).all():
                found[name] = float(np.mean(np.where(np.isnan(own), worst, own)))
        return found

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers, NaN as None."""
        return {
            "score": _plain(self.score),
            "recall_hypo": _plain(self.recall_hypo),
            **{name: _plain(values) for name, values in self.metrics.items()},
            "n_truth": self.n_truth,
            "n_pred": self.n_pred,
            "n_truth_tracks": self.n_truth_tracks,
            "n_pred_tracks": self.n_pred_tracks,
        }


@dataclass(frozen=True, slots=True, eq=False)
class TrackingResult:
    """AMOTA, AMOTP and the metrics at the best threshold, per class and over all.

    Attributes:
        config: how it was judged.
        curves: class to its curve.
        n_samples: samples judged.
        n_truth, n_pred: boxes given.
        n_truth_dropped, n_pred_dropped: boxes out of range, without points or in a bike rack.
    """

    config: TrackingConfig
    curves: Mapping[str, TrackingCurve]
    n_samples: int
    n_truth: int
    n_pred: int
    n_truth_dropped: int
    n_pred_dropped: int

    @property
    def label_metrics(self) -> dict[str, dict[str, float]]:
        """Metric to class to value."""
        by_class = {name: curve.values() for name, curve in self.curves.items()}
        return {metric: {name: by_class[name][metric] for name in sorted(by_class)} for metric in METRICS}

    @property
    def metrics(self) -> dict[str, float]:
        """Metric over all classes that have truth: counts are added up (``gt`` is not), others averaged."""
        over_all: dict[str, float] = {}
        for metric, by_class in self.label_metrics.items():
            values = np.array([value for value in by_class.values() if not math.isnan(value)])
            if metric in _SUMMED:
                over_all[metric] = float(values.sum())
            else:
                over_all[metric] = float(values.mean()) if len(values) else math.nan
        return over_all

    def to_json(self) -> dict[str, Any]:
        """Plain values, NaN as None; the names are those of nuScenes' own ``metrics_summary.json``."""
        return {
            **{name: _number(value) for name, value in self.metrics.items()},
            "label_metrics": {
                metric: {name: _number(value) for name, value in by_class.items()}
                for metric, by_class in self.label_metrics.items()
            },
            "counts": {
                "n_samples": self.n_samples,
                "n_truth": self.n_truth,
                "n_pred": self.n_pred,
                "n_truth_dropped": self.n_truth_dropped,
                "n_pred_dropped": self.n_pred_dropped,
            },
            "curves": {name: curve.to_json() for name, curve in self.curves.items()},
        }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _plain(values: FloatArray) -> list[float | None]:
    return [_number(value) for value in values.tolist()]
