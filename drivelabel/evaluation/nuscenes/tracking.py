"""The nuScenes tracking task: AMOTA, AMOTP and the CLEAR metrics at the best threshold.

Source: nuscenes-devkit 1.2.0 with motmetrics 1.4.0 and SciPy's assignment; equal to 1e-9. The metrics are of
Weng & Kitani, A baseline for 3D multi-object tracking, 2019, and of Bernardin & Stiefelhagen, Evaluating
multiple object tracking performance: the CLEAR MOT metrics, 2008.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.nuscenes.columns import TrackingColumns, check_counts, countable_rows
from drivelabel.evaluation.nuscenes.config import TRACKING_NAMES, TrackingConfig
from drivelabel.evaluation.nuscenes.samples import Samples
from drivelabel.evaluation.nuscenes.tracking_result import BEST, TrackingCurve, TrackingResult
from drivelabel.evaluation.nuscenes.tracks import Tracks, complete_tracks
from drivelabel.geometry._kernels import nuscenes_tracking as kernels
from drivelabel.geometry._kernels.ordering import ascending
from drivelabel.typing import FloatArray, IntArray

_SECONDS_PER_FRAME = 0.5  # nuScenes annotates at 2 Hz and takes every gap for that
_MATCH = 1


def tracking(
    truth: TrackingColumns,
    pred: TrackingColumns,
    samples: Samples,
    config: TrackingConfig | None = None,
) -> TrackingResult:
    """How good tracks are, by nuScenes' rules.

    Boxes out of their class's range, without points or in a bike rack are dropped on both sides first; so
    call :func:`place` before, where the ego vehicle and the racks are known. Then each prediction gets its
    track's mean score, and gaps in tracks are filled.

    Args:
        truth: what is there.
        pred: what was found, in the order of the results file.
        samples: all samples of the scenes, so that time steps without boxes are known.
        config: how to judge; nuScenes' own settings when None.

    Raises:
        InvalidLabelError: a sample has too many predictions or so many boxes of one track that recall
            would pass 1, or a box names a sample that is not there.
    """
    config = TrackingConfig() if config is None else config
    check_counts(pred, config.max_boxes_per_sample)
    kept_truth = truth[countable_rows(truth, config.class_range)]
    kept_pred = pred[countable_rows(pred, config.class_range)]
    tracks_truth = complete_tracks(kept_truth, samples, one_score=False)
    tracks_pred = complete_tracks(kept_pred, samples, one_score=True)
    curves = {
        name: _curve(
            tracks_truth.of_class(TRACKING_NAMES.index(name)),
            tracks_pred.of_class(TRACKING_NAMES.index(name)),
            config,
        )
        for name in config.class_range
    }
    return TrackingResult(
        config=config,
        curves=curves,
        n_samples=len(samples),
        n_truth=len(truth),
        n_pred=len(pred),
        n_truth_dropped=len(truth) - len(kept_truth),
        n_pred_dropped=len(pred) - len(kept_pred),
    )


@dataclass(frozen=True, slots=True)
class _Pairs:
    """One class of tracks, and which boxes may match."""

    truth: Tracks
    pred: Tracks
    twin: IntArray
    near: tuple[IntArray, IntArray, FloatArray]

    @classmethod
    def of(cls, truth: Tracks, pred: Tracks, limit: float) -> _Pairs:
        twin = kernels.earlier_twins(pred.track, pred.start, pred.n_tracks)
        return cls(truth, pred, twin, kernels.near_pairs(truth.xy, pred.xy, truth.start, pred.start, limit))

    def judge(self, threshold: float) -> tuple[FloatArray, IntArray, IntArray]:
        """Counts, the prediction row of each truth, and its outcome; see the kernel."""
        truth, pred = self.truth, self.pred
        return kernels.judge(
            truth.start,
            pred.start,
            truth.track,
            pred.track,
            pred.score,
            self.twin,
            *self.near,
            truth.n_tracks,
            threshold,
        )


def _curve(truth: Tracks, pred: Tracks, config: TrackingConfig) -> TrackingCurve:
    """One class over all recalls."""
    n = config.n_thresholds
    score, recall = np.full(n, np.nan), np.full(n, np.nan)
    metrics = {name: np.full(n, np.nan) for name in BEST}
    if len(truth):
        pairs = _Pairs.of(truth, pred, config.match_distance)
        score, recall = _thresholds(pairs, config)
        reached = np.unique(score[~np.isnan(score)])
        for threshold in reached:
            for name, value in _metrics(pairs.judge(threshold)[0]).items():
                metrics[name][score == threshold] = value
        if not len(reached):
            metrics = {name: np.full(n, value) for name, value in _worst(truth).items()}
    return TrackingCurve(
        score=score,
        recall_hypo=recall,
        metrics=metrics,
        n_truth=len(truth),
        n_pred=len(pred),
        n_truth_tracks=len(np.unique(truth.track)),
        n_pred_tracks=len(np.unique(pred.track)),
    )


def _thresholds(pairs: _Pairs, config: TrackingConfig) -> tuple[FloatArray, FloatArray]:
    """(k,) scores that should reach (k,) falling recalls; NaN for those out of reach."""
    _, partner, outcome = pairs.judge(-np.inf)
    score = _match_scores(pairs.pred, partner[outcome == _MATCH])
    if not len(score):
        return np.full(config.n_thresholds, np.nan), np.full(config.n_thresholds, np.nan)
    if len(score) > len(pairs.truth):
        raise InvalidLabelError(
            f"pred, track_id: expected each track once in a sample, got {len(score)} matched boxes for "
            f"{len(pairs.truth)} truths. Keep one box a track and sample."
        )
    falling = score[ascending(score)][::-1]
    reached = np.arange(1, len(falling) + 1) / len(pairs.truth)
    wanted = np.linspace(config.min_recall, 1, config.n_thresholds).round(12)
    threshold = np.interp(wanted, reached, falling, right=0)
    threshold[wanted > reached.max()] = np.nan
    return threshold[::-1].copy(), wanted[::-1].copy()


def _match_scores(pred: Tracks, matched: IntArray) -> FloatArray:
    """Scores of the boxes whose track matches in their frame: all boxes of that track, if it has several."""
    key = pred.frame * pred.n_tracks + pred.track
    return pred.score[np.isin(key, key[matched])]


def _metrics(counts: FloatArray) -> dict[str, float]:
    """The metrics of BEST at one threshold."""
    truths, matches, switches = counts[kernels.TRUTHS], counts[kernels.MATCHES], counts[kernels.SWITCHES]
    misses, false, found = counts[kernels.MISSES], counts[kernels.FALSE], counts[kernels.FOUND]
    detections = matches + switches
    recall = matches / truths
    at_recall = recall * truths
    extra = (misses + switches + false) - (1 - recall) * truths
    nan = float("nan")
    return {
        "recall": detections / truths,
        "motar": max(0.0, 1 - extra / at_recall) if at_recall else nan,
        "gt": truths,
        "mota": max(0.0, 1 - (misses + switches + false) / truths),
        "motp": counts[kernels.DISTANCE] / detections if detections else nan,
        "mt": counts[kernels.TRACKED],
        "ml": counts[kernels.LOST],
        "faf": false / counts[kernels.FRAMES] * 100,
        "tp": matches,
        "fp": false,
        "fn": misses,
        "ids": switches,
        "frag": counts[kernels.FRAGMENTS],
        "tid": counts[kernels.WAIT] * _SECONDS_PER_FRAME / found if found else nan,
        "lgd": counts[kernels.GAP] * _SECONDS_PER_FRAME / found if found else nan,
    }


def _worst(truth: Tracks) -> dict[str, float]:
    """What nuScenes says of a class with truth of which no recall is reached."""
    nan = float("nan")
    return {
        "recall": 0.0,
        "motar": 0.0,
        "gt": float(len(truth)),
        "mota": 0.0,
        "motp": 2.0,
        "mt": 0.0,
        "ml": float(len(np.unique(truth.track_id))),
        "faf": 500.0,
        "tp": 0.0,
        "fp": nan,  # nobody knows how these are distributed
        "fn": float(len(truth)),
        "ids": nan,
        "frag": nan,
        "tid": 20.0,
        "lgd": 20.0,
    }
