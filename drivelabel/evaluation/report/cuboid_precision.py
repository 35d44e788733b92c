"""nuScenes' average precision and errors of true positives, of the cuboids of one log or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.errors import SceneLookupError
from drivelabel.evaluation.nuscenes import (
    DetectionColumns,
    DetectionConfig,
    DetectionResult,
    detection,
    detections_of,
    joined,
)
from drivelabel.evaluation.report.settings import Settings
from drivelabel.scene import Scene

# Not nuScenes' 500: this is a report and no entry to the contest.
STEP = 1e-9
CONFIG = DetectionConfig(max_boxes_per_sample=10**9)


@dataclass(frozen=True, slots=True, eq=False)
class CuboidColumns:
    """One log's cuboids as nuScenes judges them.

    Attributes:
        truth, pred: the boxes.
        n_samples: those that the truth has labelled.
        unmapped: rows of both sides that are of none of nuScenes' ten classes.
        unranked: whether all predictions had one score, so that their order stands in for it.
    """

    truth: DetectionColumns
    pred: DetectionColumns
    n_samples: int
    unmapped: tuple[int, int]
    unranked: bool


def cuboid_columns(scene: Scene, truth: str, pred: str, settings: Settings) -> CuboidColumns | str:
    """The cuboids of two layers; why there are none, where the log lacks a pose at a sample."""
    try:
        both = detections_of(scene, truth, pred)
    except SceneLookupError as error:
        return str(error)
    scored = both.pred[both.pred.score >= settings.min_score]
    unmapped = (sum(both.unmapped_truth.values()), sum(both.unmapped_pred.values()))
    unranked = len(scored) > 1 and bool((scored.score == scored.score[0]).all())
    if unranked:
        # nuScenes reads its errors off at scores: with one score it would read that of a single box. Of equal
        # scores it takes the later row first, and so do these.
        scored = scored.replace(score=scored.score + STEP * np.arange(len(scored)))
    return CuboidColumns(both.truth, scored, len(both.samples), unmapped, unranked)


def cuboid_precision(parts: Sequence[CuboidColumns | str]) -> dict[str, Any]:
    """nuScenes' numbers of all logs together; an average precision is no sum over logs.

    The contest's own mean goes over ten classes, those without truth counting 0; beside it stand means over
    the classes that have truth.
    """
    logs = [part for part in parts if isinstance(part, CuboidColumns)]
    whys = [part for part in parts if isinstance(part, str)]
    if not logs:
        return {"ap": None, "ap_missing": whys[0] if whys else "no cuboids", "curves": {}, "merged": {}}
    n_samples = [log.n_samples for log in logs]
    result = detection(
        joined([log.truth for log in logs], n_samples), joined([log.pred for log in logs], n_samples), CONFIG
    )
    over = [name for name in CONFIG.class_range if result.curves[name, 2.0].n_truth]
    return {
        "ap": {
            "rule": "nuscenes",
            **_means(result, over),
            "mean_ap_of_ten": result.mean_ap,
            "nds_of_ten": result.nd_score,
            "over": over,
            "class_range": dict(CONFIG.class_range),
            "n_truth": result.n_truth - result.n_truth_dropped,
            "n_pred": result.n_pred - result.n_pred_dropped,
            "dropped_truth": result.n_truth_dropped,
            "dropped_pred": result.n_pred_dropped,
            "unmapped_truth": sum(log.unmapped[0] for log in logs),
            "unmapped_pred": sum(log.unmapped[1] for log in logs),
            "logs_left_out": len(whys),
            "logs_without_scores": sum(log.unranked for log in logs),
        },
        "curves": {name: _curve(result, name) for name in over},
        "merged": {},
    }


def _means(result: DetectionResult, over: Sequence[str]) -> dict[str, Any]:
    """Over the classes that have truth: AP, AP at each distance, errors, and the score made of them."""
    if not over:
        return {"mean_ap": None, "ap_at": {}, "errors": {}, "nds": None}
    errors = _errors(result, over)
    mean_ap = float(np.mean([result.mean_dist_aps[name] for name in over]))
    scores = [max(0.0, 1.0 - value) for value in errors.values() if value is not None]
    weight = CONFIG.mean_ap_weight
    at = {str(d): float(np.mean([result.label_aps[n][d] for n in over])) for d in CONFIG.match_distances}
    nds = (weight * mean_ap + sum(scores)) / (weight + len(scores))
    return {"mean_ap": mean_ap, "ap_at": at, "errors": errors, "nds": nds}


def _errors(result: DetectionResult, over: Sequence[str]) -> dict[str, float | None]:
    """Error by name, mean over the classes that can have it; None where none can."""
    found: dict[str, float | None] = {}
    for name in result.tp_errors:
        values = [result.label_tp_errors[k][name] for k in over]
        known = [value for value in values if not np.isnan(value)]
        found[name] = float(np.mean(known)) if known else None
    return found


def _curve(result: DetectionResult, name: str) -> dict[str, Any]:
    curve = result.curves[name, CONFIG.error_match_distance]
    errors = result.label_tp_errors[name]
    return {
        "AP": result.mean_dist_aps[name],
        "ap_at": {str(distance): ap for distance, ap in result.label_aps[name].items()},
        "errors": {key: None if np.isnan(value) else value for key, value in errors.items()},
        "n_truth": curve.n_truth,
        "n_pred": curve.n_pred,
        "recall": np.round(curve.recall, 5).tolist(),
        "precision": np.round(curve.precision, 5).tolist(),
    }
