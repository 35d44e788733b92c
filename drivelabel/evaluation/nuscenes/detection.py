"""The nuScenes detection task: mAP, five errors of true positives, NDS.

Source: nuScenes, A multimodal dataset for autonomous driving, CVPR 2020, section 3.1; equal to
nuscenes-devkit 1.2.0 to 1e-9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.nuscenes.columns import DetectionColumns, check_counts, countable_rows
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
    truth_rows = countable_rows(truth, config.class_range)
    pred_rows = countable_rows(pred, config.class_range)
    curves: dict[tuple[str, float], DetectionCurve] = {}
    for name in config.class_range:
        category = DETECTION_NAMES.index(name)
        own = _ClassRows.of(
            truth,
            pred,
            truth_rows[truth.category_id[truth_rows] == category],
            pred_rows[pred.category_id[pred_rows] == category],
            max(config.match_distances),
        )
        period = np.pi if name == "barrier" else 2 * np.pi
        for distance in config.match_distances:
            curves[name, distance] = _curve(own, distance, period)
    return DetectionResult(
        config=config,
        curves=curves,
        n_samples=_n_samples(truth, pred),
        n_truth=len(truth),
        n_pred=len(pred),
        n_truth_dropped=len(truth) - len(truth_rows),
        n_pred_dropped=len(pred) - len(pred_rows),
    )


def _n_samples(truth: DetectionColumns, pred: DetectionColumns) -> int:
    """How many samples hold a box."""
    size = 1 + int(max(truth.sample.max(initial=-1), pred.sample.max(initial=-1)))
    count = np.bincount(truth.sample, minlength=size) + np.bincount(pred.sample, minlength=size)
    return int(np.count_nonzero(count))


@dataclass(frozen=True, slots=True)
class _ClassRows:
    """The boxes of one class that count, as rows of the tables, and which of them may match.

    Rows, not smaller tables: to copy 1.2 million rows ten columns wide takes longer than to judge them.
    """

    truth: DetectionColumns
    pred: DetectionColumns
    truth_rows: IntArray  # by sample
    pred_rows: IntArray  # by falling score
    score: FloatArray  # of pred_rows
    near: tuple[IntArray, IntArray, FloatArray]  # see kernels.near_truths
    errors: FloatArray  # (e, 3) of the pairs in `near`, infinite until they are asked for

    @classmethod
    def of(
        cls,
        truth: DetectionColumns,
        pred: DetectionColumns,
        truth_rows: IntArray,
        pred_rows: IntArray,
        limit: float,
    ) -> _ClassRows:
        """From the rows of one class in their own order."""
        n_samples = 1 + int(max(truth.sample.max(initial=-1), pred.sample.max(initial=-1)))
        by_sample, start = kernels.group_rows(truth.sample[truth_rows], n_samples)
        truth_rows, score = truth_rows[by_sample], pred.score[pred_rows]
        # Falling score; of equal scores the later row first, so the reverse of a stable rising order.
        falling = ascending(score)[::-1]
        pred_rows = pred_rows[falling]
        near = kernels.near_truths(
            pred_rows, pred.sample, pred.translation, truth_rows, start, truth.translation, limit
        )
        return cls(
            truth, pred, truth_rows, pred_rows, score[falling], near, np.full((len(near[1]), 3), np.inf)
        )


def _curve(own: _ClassRows, distance: float, period: float) -> DetectionCurve:
    """The curve of one class at one match distance."""
    n_truth, n_pred = len(own.truth_rows), len(own.pred_rows)
    pair = kernels.match(*own.near, n_truth, distance)
    hits = np.flatnonzero(pair >= 0)
    if not len(hits):
        return DetectionCurve.without_matches(n_truth, n_pred)
    precision, recall = kernels.precision_recall(pair, n_truth)
    score = np.interp(_RECALLS, recall, own.score, right=0)
    rising, at_hits = score[::-1], own.score[hits][::-1]
    return DetectionCurve(
        recall=_RECALLS.copy(),
        precision=np.interp(_RECALLS, recall, precision, right=0),
        score=score,
        errors={
            name: np.interp(rising, at_hits, kernels.running_mean(values)[::-1])[::-1]
            for name, values in _errors(own, pair[hits], own.pred_rows[hits], period).items()
        },
        n_truth=n_truth,
        n_pred=n_pred,
        n_matched=len(hits),
    )


def _errors(own: _ClassRows, pair: IntArray, pred_rows: IntArray, period: float) -> dict[str, FloatArray]:
    """(k,) each error of matched pairs; NaN where it cannot be told."""
    truth, pred = own.truth, own.pred
    truth_rows = own.truth_rows[own.near[1][pair]]
    _check_sizes("truth", truth.size_wlh[truth_rows])
    _check_sizes("pred", pred.size_wlh[pred_rows])
    kernels.pair_errors(
        pair,
        truth_rows,
        pred_rows,
        truth.size_wlh,
        pred.size_wlh,
        truth.quat_wxyz,
        pred.quat_wxyz,
        truth.velocity,
        pred.velocity,
        period,
        own.errors,
    )
    scale, orient, velocity = np.ascontiguousarray(own.errors[pair].T)
    attribute = truth.attribute[truth_rows]
    wrong = (attribute != pred.attribute[pred_rows]).astype(np.float64)
    wrong[attribute == NO_ATTRIBUTE] = np.nan
    return {
        "trans_err": own.near[2][pair],
        "scale_err": scale,
        "orient_err": orient,
        "vel_err": velocity,
        "attr_err": wrong,
    }


def _check_sizes(name: str, size_wlh: FloatArray) -> None:
    flat = (size_wlh <= 0).any(axis=1)
    if flat.any():
        size = size_wlh[int(np.argmax(flat))].tolist()
        raise InvalidLabelError(f"{name}, size_wlh: expected positive metres in a matched box, got {size}.")
