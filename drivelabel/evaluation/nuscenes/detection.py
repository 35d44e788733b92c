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
    truth_classes = _by_class(truth, truth_rows)
    pred_classes = _by_class(pred, pred_rows)
    curves: dict[tuple[str, float], DetectionCurve] = {}
    for name in config.class_range:
        category = DETECTION_NAMES.index(name)
        own = _ClassRows.of(truth, pred, truth_classes[category], pred_classes[category])
        curves |= {(name, distance): curve for distance, curve in own.curves(name, config.match_distances)}
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


def _by_class(boxes: DetectionColumns, rows: IntArray) -> list[IntArray]:
    """The rows of each class, in their own order."""
    order, start = kernels.group_rows(boxes.category_id[rows], len(DETECTION_NAMES))
    return np.split(rows[order], start[1:-1])


@dataclass(frozen=True, slots=True)
class _ClassRows:
    """The boxes of one class that count, as rows of the tables.

    Rows, not smaller tables: to copy 1.2 million rows ten columns wide takes longer than to judge them.
    """

    truth: DetectionColumns
    pred: DetectionColumns
    truth_rows: IntArray  # by sample
    truth_start: IntArray  # (s + 1,) where samples start among them
    pred_rows: IntArray  # in the file's order, so that memory is read in order

    @classmethod
    def of(
        cls, truth: DetectionColumns, pred: DetectionColumns, truth_rows: IntArray, pred_rows: IntArray
    ) -> _ClassRows:
        """From the rows of one class in their own order."""
        n_samples = 1 + int(max(truth.sample.max(initial=-1), pred.sample.max(initial=-1)))
        by_sample, start = kernels.group_rows(truth.sample[truth_rows], n_samples)
        return cls(truth, pred, truth_rows[by_sample], start, pred_rows)

    def curves(self, name: str, limits: tuple[float, ...]) -> Iterator[tuple[float, DetectionCurve]]:
        """The curve at each match distance."""
        near = kernels.near_truths(
            self.pred_rows,
            self.pred.sample,
            self.pred.translation,
            self.truth_rows,
            self.truth_start,
            self.truth.translation,
            max(limits),
        )
        score = self.pred.score[self.pred_rows]
        # Falling score; of equal scores the later row first, so the reverse of a stable rising order.
        falling = ascending(score)[::-1].copy()
        score, n_truth = score[falling], len(self.truth_rows)
        pairs = kernels.match(falling, *near, n_truth, np.array(limits, np.float64))
        errors = self._errors(near, pairs, np.pi if name == "barrier" else 2 * np.pi)
        for limit, pair in zip(limits, pairs, strict=True):
            yield limit, _curve(pair, score, errors, n_truth)

    def _errors(
        self, near: tuple[IntArray, IntArray, FloatArray], pairs: IntArray, period: float
    ) -> dict[str, FloatArray]:
        """(e,) each error of the pairs that are matched at any distance; NaN where it cannot be told."""
        offsets, rows, distances = near
        used = np.zeros(len(rows), np.bool_)
        used[pairs[pairs >= 0]] = True
        truth, pred = self.truth, self.pred
        scale, orient, velocity, attribute = kernels.pair_errors(
            used,
            offsets,
            rows,
            self.pred_rows,
            self.truth_rows,
            pred.size_wlh,
            truth.size_wlh,
            pred.quat_wxyz,
            truth.quat_wxyz,
            pred.velocity,
            truth.velocity,
            pred.attribute,
            truth.attribute,
            period,
        )
        if np.isinf(scale).any():
            pair = int(np.argmax(np.isinf(scale)))
            row = int(self.pred_rows[np.searchsorted(offsets, pair, "right") - 1])
            sizes = truth.size_wlh[self.truth_rows[rows[pair]]].tolist(), pred.size_wlh[row].tolist()
            raise InvalidLabelError(
                f"pred, row {row}, size_wlh: expected positive metres in matched boxes, got {sizes[1]} "
                f"beside the truth's {sizes[0]}."
            )
        return {
            "trans_err": distances,
            "scale_err": scale,
            "orient_err": orient,
            "vel_err": velocity,
            "attr_err": attribute,
        }


def _curve(pair: IntArray, score: FloatArray, errors: dict[str, FloatArray], n_truth: int) -> DetectionCurve:
    """The curve of one class at one match distance, from (k,) pairs and scores in falling order."""
    hits = np.flatnonzero(pair >= 0)
    if not len(hits):
        return DetectionCurve.without_matches(n_truth, len(pair))
    precision, recall = kernels.precision_recall(pair, n_truth)
    reached = np.interp(_RECALLS, recall, score, right=0)
    rising, at_hits, pairs = reached[::-1], score[hits][::-1], pair[hits]
    return DetectionCurve(
        recall=_RECALLS.copy(),
        precision=np.interp(_RECALLS, recall, precision, right=0),
        score=reached,
        errors={
            name: np.interp(rising, at_hits, kernels.running_mean(values[pairs])[::-1])[::-1]
            for name, values in errors.items()
        },
        n_truth=n_truth,
        n_pred=len(pair),
        n_matched=len(hits),
    )
