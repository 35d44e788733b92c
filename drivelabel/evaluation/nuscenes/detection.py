"""The nuScenes detection task: mAP, five errors of true positives, NDS.

Source: nuScenes, A multimodal dataset for autonomous driving, CVPR 2020, section 3.1; equal to
nuscenes-devkit 1.2.0 to 1e-9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.nuscenes.columns import DetectionColumns, check_counts, countable
from drivelabel.evaluation.nuscenes.config import DETECTION_NAMES, NO_ATTRIBUTE, DetectionConfig
from drivelabel.evaluation.nuscenes.detection_result import N_RECALLS, DetectionCurve, DetectionResult
from drivelabel.geometry._kernels import nuscenes_detection as kernels
from drivelabel.geometry._kernels.ordering import ascending
from drivelabel.typing import FloatArray, IntArray

_RECALLS = np.linspace(0, 1, N_RECALLS)


def detection(
    truth: DetectionColumns, pred: DetectionColumns, config: DetectionConfig | None = None
) -> DetectionResult:
    """How good detections are, by nuScenes' rules.

    Boxes out of their class's range, without points or in a bike rack are dropped on both sides first; so
    call :func:`place` before, where the ego vehicle and the racks are known. Several logs are judged as one
    by :func:`joined`: an average precision is no sum over logs.

    Args:
        truth: what is there.
        pred: what was found, in the order of the results file.
        config: how to judge; nuScenes' own settings when None.

    Raises:
        InvalidLabelError: a sample has too many predictions, or a matched box has a side of 0 or less.
    """
    config = DetectionConfig() if config is None else config
    check_counts(pred, config.max_boxes_per_sample)
    kept_truth, kept_pred = countable(truth, config.class_range), countable(pred, config.class_range)
    n_samples = 1 + int(max(truth.sample.max(initial=-1), pred.sample.max(initial=-1)))
    curves: dict[tuple[str, float], DetectionCurve] = {}
    for name in config.class_range:
        own = _class_rows(kept_truth, kept_pred, DETECTION_NAMES.index(name), n_samples)
        candidates = own.candidates(max(config.match_distances))
        for distance in config.match_distances:
            curves[name, distance] = _curve(
                own, candidates, distance, np.pi if name == "barrier" else 2 * np.pi
            )
    return DetectionResult(
        config=config,
        curves=curves,
        n_samples=len(np.union1d(truth.sample, pred.sample)),
        n_truth=len(truth),
        n_pred=len(pred),
        n_truth_dropped=len(truth) - len(kept_truth),
        n_pred_dropped=len(pred) - len(kept_pred),
    )


@dataclass(frozen=True, slots=True)
class _ClassRows:
    """The boxes of one class that count; predictions by falling score, truths by sample."""

    truth: DetectionColumns
    pred: DetectionColumns
    start: IntArray  # (s + 1,) where each sample's truths start

    def candidates(self, limit: float) -> tuple[IntArray, IntArray, FloatArray]:
        """Offsets, truth rows and distances of the truths near each prediction."""
        return kernels.near_truths(
            self.pred.translation, self.pred.sample, self.truth.translation, self.start, limit
        )


def _class_rows(truth: DetectionColumns, pred: DetectionColumns, category: int, n_samples: int) -> _ClassRows:
    own_truth = truth[np.flatnonzero(truth.category_id == category)]
    own_pred = pred[np.flatnonzero(pred.category_id == category)]
    by_sample, start = kernels.group_rows(own_truth.sample, n_samples)
    # Falling score; of equal scores the later row first, so the reverse of a stable rising order.
    return _ClassRows(own_truth[by_sample], own_pred[ascending(own_pred.score)[::-1]], start)


def _curve(
    own: _ClassRows, candidates: tuple[IntArray, IntArray, FloatArray], distance: float, period: float
) -> DetectionCurve:
    """The curve of one class at one match distance."""
    n_truth, n_pred = len(own.truth), len(own.pred)
    partner = kernels.match(*candidates, n_truth, distance)
    hits = np.flatnonzero(partner >= 0)
    if not len(hits):
        return DetectionCurve.without_matches(n_truth, n_pred)
    precision, recall = kernels.precision_recall(partner, n_truth)
    score = np.interp(_RECALLS, recall, own.pred.score, right=0)
    errors = _errors(own.truth[partner[hits]], own.pred[hits], period)
    rising, at_hits = score[::-1], own.pred.score[hits][::-1]
    return DetectionCurve(
        recall=_RECALLS.copy(),
        precision=np.interp(_RECALLS, recall, precision, right=0),
        score=score,
        errors={
            name: np.interp(rising, at_hits, kernels.running_mean(values)[::-1])[::-1]
            for name, values in errors.items()
        },
        n_truth=n_truth,
        n_pred=n_pred,
        n_matched=len(hits),
    )


def _errors(truth: DetectionColumns, pred: DetectionColumns, period: float) -> dict[str, FloatArray]:
    """(k,) each error of matched pairs; NaN where it cannot be told."""
    for name, boxes in (("truth", truth), ("pred", pred)):
        flat = (boxes.size_wlh <= 0).any(axis=1)
        if flat.any():
            size = boxes.size_wlh[int(np.argmax(flat))].tolist()
            raise InvalidLabelError(
                f"{name}, size_wlh: expected positive metres in a matched box, got {size}."
            )
    place, scale, orient, velocity = kernels.true_positive_errors(
        truth.translation,
        pred.translation,
        truth.size_wlh,
        pred.size_wlh,
        truth.velocity,
        pred.velocity,
        kernels.yaws(truth.quat_wxyz) - kernels.yaws(pred.quat_wxyz),
        period,
    )
    wrong = (truth.attribute != pred.attribute).astype(np.float64)
    wrong[truth.attribute == NO_ATTRIBUTE] = np.nan
    return {
        "trans_err": place,
        "scale_err": scale,
        "orient_err": orient,
        "vel_err": velocity,
        "attr_err": wrong,
    }
