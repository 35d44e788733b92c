"""The nuScenes detection task: mAP, five errors of true positives, NDS.

Source: nuScenes, A multimodal dataset for autonomous driving, CVPR 2020, section 3.1; equal to
nuscenes-devkit 1.2.0 to 1e-9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.nuscenes.columns import DetectionColumns, check_counts, countable_rows
from drivelabel.evaluation.nuscenes.config import DETECTION_NAMES, DetectionConfig
from drivelabel.evaluation.nuscenes.detection_result import N_RECALLS, DetectionCurve, DetectionResult
from drivelabel.geometry._kernels import nuscenes_detection as kernels
from drivelabel.geometry._kernels.ordering import ascending
from drivelabel.typing import FloatArray, Int32Array, IntArray

_RECALLS = np.linspace(0, 1, N_RECALLS)
_ERRORS = ("trans_err", "scale_err", "orient_err", "vel_err", "attr_err")


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
    pairs = _Pairs.of(truth, pred, truth_rows, pred_rows, config.match_distances)
    curves = {(name, limit): curve for name in config.class_range for limit, curve in pairs.curves(name)}
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
class _Pairs:
    """Which predictions match which truths, all classes together.

    Rows, not smaller tables: to copy 1.2 million rows ten columns wide takes longer than to judge them.
    """

    limits: tuple[float, ...]
    n_truth: IntArray  # (c,) of each class
    score: list[FloatArray]  # of each class, in the file's order
    pair: list[Int32Array]  # of each class, (limits, k) number of a pair or -1
    errors: FloatArray  # (5, e)

    @classmethod
    def of(
        cls,
        truth: DetectionColumns,
        pred: DetectionColumns,
        truth_rows: IntArray,
        pred_rows: IntArray,
        limits: tuple[float, ...],
    ) -> _Pairs:
        """From the rows that count."""
        n_classes = len(DETECTION_NAMES)
        n_groups = n_classes * (1 + int(max(truth.sample.max(initial=-1), pred.sample.max(initial=-1))))
        truth_class, pred_class = truth.category_id[truth_rows], pred.category_id[pred_rows]
        truth_order, truth_start = kernels.group_rows(
            truth.sample[truth_rows] * n_classes + truth_class, n_groups
        )
        order, start = kernels.group_rows(pred.sample[pred_rows] * n_classes + pred_class, n_groups)
        by_class, class_start = kernels.group_rows(pred_class, n_classes)
        place = np.empty(len(by_class), np.int64)
        place[by_class] = np.arange(len(by_class))
        pair, *matched, metres = kernels.match(
            pred_rows[order],
            start,
            place[order],
            pred.score,
            pred.translation,
            truth_rows[truth_order],
            truth_start,
            truth.translation,
            np.array(limits, np.float64),
        )
        return cls(
            limits,
            np.bincount(truth_class, minlength=n_classes),
            np.split(pred.score[pred_rows[by_class]], class_start[1:-1]),
            np.split(pair, class_start[1:-1], axis=1),
            np.concatenate([metres[None], _errors(truth, pred, *matched)]),
        )

    def curves(self, name: str) -> Iterator[tuple[float, DetectionCurve]]:
        """The curve of a class at each match distance."""
        category = DETECTION_NAMES.index(name)
        score = self.score[category]
        # Falling score; of equal scores the later row first, so the reverse of a stable rising order.
        falling = ascending(score)[::-1].copy()
        score, n_truth = score[falling], int(self.n_truth[category])
        for limit, pair in zip(self.limits, self.pair[category], strict=True):
            yield limit, self._curve(pair[falling], score, n_truth)

    def _curve(self, pair: Int32Array, score: FloatArray, n_truth: int) -> DetectionCurve:
        """At one match distance, from (k,) pairs and scores in falling order."""
        hits = np.flatnonzero(pair >= 0)
        if not len(hits):
            return DetectionCurve.without_matches(n_truth, len(pair))
        # Recall changes at hits: interpolation looks at nothing but them, the ones before them, and the last.
        corner = np.append(np.stack([hits - 1, hits], axis=1), len(pair) - 1)
        n_found = np.append(np.repeat(np.arange(len(hits)), 2), len(hits))
        n_found[1:-1:2] += 1
        corner, n_found = (values[1:] if hits[0] == 0 else values for values in (corner, n_found))
        recall, precision = n_found / n_truth, n_found / (corner + 1.0)
        reached = np.interp(_RECALLS, recall, score[corner], right=0)
        rising, at_hits, pairs = reached[::-1], score[hits][::-1], pair[hits]
        return DetectionCurve(
            recall=_RECALLS.copy(),
            precision=np.interp(_RECALLS, recall, precision, right=0),
            score=reached,
            errors={
                error: np.interp(rising, at_hits, kernels.running_mean(values[pairs])[::-1])[::-1]
                for error, values in zip(_ERRORS, self.errors, strict=True)
            },
            n_truth=n_truth,
            n_pred=len(pair),
            n_matched=len(hits),
        )


def _errors(
    truth: DetectionColumns, pred: DetectionColumns, pred_rows: IntArray, truth_rows: IntArray
) -> FloatArray:
    """(4, e) errors of pairs of rows but for the distance; NaN where one cannot be told."""
    errors: FloatArray = kernels.pair_errors(
        pred_rows,
        truth_rows,
        pred.size_wlh,
        truth.size_wlh,
        pred.quat_wxyz,
        truth.quat_wxyz,
        pred.velocity,
        truth.velocity,
        pred.attribute,
        truth.attribute,
        truth.category_id,
        np.array([np.pi if name == "barrier" else 2 * np.pi for name in DETECTION_NAMES]),
    )
    if np.isinf(errors[0]).any():
        bad = int(np.argmax(np.isinf(errors[0])))
        row = int(pred_rows[bad])
        sizes = truth.size_wlh[truth_rows[bad]].tolist(), pred.size_wlh[row].tolist()
        raise InvalidLabelError(
            f"pred, row {row}, size_wlh: expected positive metres in matched boxes, got {sizes[1]} "
            f"beside the truth's {sizes[0]}."
        )
    return errors
