"""HOTA: detection and association in one number, as TrackEval computes it.

Source: Luiten et al., HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking, IJCV 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.tracks.columns import Overlaps, Tracks
from drivelabel.geometry._kernels import track_scores as kernels
from drivelabel.typing import FloatArray, IntArray

ALPHAS: FloatArray = np.arange(0.05, 0.99, 0.05)
"""The 19 similarity thresholds; a match needs at least ``alpha - eps``."""


@dataclass(frozen=True, slots=True, eq=False)
class Hota:
    """HOTA and its parts at each of ALPHAS; :meth:`mean` has the numbers that papers print.

    Attributes:
        tp: (a,) int64, matched rows.
        fn: (a,) int64, true rows without a match.
        fp: (a,) int64, predicted rows without a match.
        ass_a: (a,) float64, association accuracy, mean over matches.
        ass_re: (a,) float64, association recall.
        ass_pr: (a,) float64, association precision.
        loc_a: (a,) float64, mean similarity of matches; 1 when one side is empty.
    """

    tp: IntArray
    fn: IntArray
    fp: IntArray
    ass_a: FloatArray
    ass_re: FloatArray
    ass_pr: FloatArray
    loc_a: FloatArray

    @property
    def det_re(self) -> FloatArray:
        """(a,) detection recall."""
        return _over(self.tp, self.tp + self.fn)

    @property
    def det_pr(self) -> FloatArray:
        """(a,) detection precision."""
        return _over(self.tp, self.tp + self.fp)

    @property
    def det_a(self) -> FloatArray:
        """(a,) detection accuracy."""
        return _over(self.tp, self.tp + self.fn + self.fp)

    @property
    def hota(self) -> FloatArray:
        """(a,) root of detection times association accuracy."""
        value: FloatArray = np.sqrt(self.det_a * self.ass_a)
        return value

    @property
    def owta(self) -> FloatArray:
        """(a,) as HOTA, without counting false positives."""
        value: FloatArray = np.sqrt(self.det_re * self.ass_a)
        return value

    def mean(self) -> dict[str, float]:
        """Every number, mean over ALPHAS."""
        return {name: float(np.mean(getattr(self, name))) for name in _SCORES}

    def to_json(self) -> dict[str, Any]:
        """Means by name, and under ``by_alpha`` all numbers with their counts."""
        columns = {name: getattr(self, name).tolist() for name in (*_SCORES, "tp", "fn", "fp")}
        return {**self.mean(), "by_alpha": {"alpha": ALPHAS.tolist(), **columns}}

    @classmethod
    def combine(cls, logs: Sequence[Hota]) -> Hota:
        """One result for several logs: counts add up, association is weighted by matches.

        Raises:
            InvalidLabelError: there are no logs.
        """
        if not logs:
            raise InvalidLabelError("logs: expected at least one, got none.")
        tp, fn, fp = (np.sum([getattr(log, name) for log in logs], axis=0) for name in ("tp", "fn", "fp"))

        def weighted(name: str) -> FloatArray:
            total: FloatArray = np.sum([getattr(log, name) * log.tp for log in logs], axis=0)
            return total

        ass_a, ass_re, ass_pr = (_over(weighted(name), tp) for name in ("ass_a", "ass_re", "ass_pr"))
        return cls(tp, fn, fp, ass_a, ass_re, ass_pr, _location(weighted("loc_a"), tp))


_SCORES = ("hota", "det_a", "ass_a", "det_re", "det_pr", "ass_re", "ass_pr", "loc_a", "owta")


def hota(truth: Tracks, pred: Tracks, overlaps: Overlaps | None = None) -> Hota:
    """HOTA of one log.

    Where two ways to match have exactly the same total, TrackEval's choice depends on the order of rows and
    ours may differ.

    Args:
        truth: true tracks.
        pred: predicted tracks over the same frames.
        overlaps: how alike rows are; by default the IoU of their boxes.

    Raises:
        InvalidLabelError: the two differ in their number of frames, or come without boxes or overlaps.
    """
    n, m, a = len(truth.track_id), len(pred.track_id), len(ALPHAS)
    if not n or not m:
        zero = np.zeros(a)
        return Hota(np.zeros(a, np.int64), np.full(a, n), np.full(a, m), zero, zero, zero, np.ones(a))
    overlaps = overlaps or Overlaps.of_boxes(truth, pred)
    couple, of_truth, of_pred = overlaps.couples(truth, pred)
    truth_count = np.bincount(truth.track_id).astype(np.float64)[of_truth]
    pred_count = np.bincount(pred.track_id).astype(np.float64)[of_pred]
    exactly, sums = kernels.hota_counts(
        truth.frame_offsets,
        pred.frame_offsets,
        overlaps.starts,
        overlaps.pred_row,
        overlaps.similarity,
        couple,
        truth_count,
        pred_count,
        ALPHAS,
    )
    matched = exactly.any(axis=1)
    # A couple that matched at the first k alphas did so at each of them: sums from the right.
    times = np.cumsum(exactly[matched, ::-1], axis=1)[:, ::-1][:, 1:]
    tp = times.sum(axis=0)
    of_t, of_p = truth_count[matched, None], pred_count[matched, None]
    ass_a, ass_re, ass_pr = (
        _over((times * _over(times, whole)).sum(axis=0), tp) for whole in (of_t + of_p - times, of_t, of_p)
    )
    return Hota(tp, n - tp, m - tp, ass_a, ass_re, ass_pr, _location(sums, tp))


def _over(part: Any, whole: Any) -> FloatArray:
    share: FloatArray = part / np.maximum(1, whole)
    return share


def _location(sums: FloatArray, tp: IntArray) -> FloatArray:
    mean: FloatArray = np.maximum(1e-10, sums) / np.maximum(1e-10, tp)
    return mean
