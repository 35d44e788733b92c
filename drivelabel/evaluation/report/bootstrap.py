"""Intervals by resampling what is independent: logs, or within one log tracks; never frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched
from drivelabel.evaluation.report.precision import average_precision
from drivelabel.evaluation.report.settings import Settings
from drivelabel.labels import NO_TRACK
from drivelabel.typing import AnyArray, FloatArray, IntArray

NUMBERS = ("recall", "precision", "f1", "ap")
_BLOCK_NS = 2_000_000_000
"""Labels without a track are resampled in stretches of 2 s of one camera."""

Keys = list[tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Interval:
    """A number, and between which bounds it lies when other logs (tracks) of the same kind are drawn.

    Attributes:
        value: on the data as it is; None when it has no counts.
        low, high: bounds; None when they cannot be had.
        unit: what was resampled: ``logs`` or ``tracks``.
        units: how many of them there are.
    """

    value: float | None
    low: float | None
    high: float | None
    unit: str
    units: int

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
            "units": self.units,
        }


def units(matched: Matched, n_logs: int, side: int = 0) -> tuple[Keys, Keys]:
    """The unit of every truth row and of every pred row.

    Args:
        matched: of all logs.
        n_logs: with several, the unit is the log.
        side: tells the false tracks of two predictions apart.
    """
    if n_logs > 1:
        return [(0, k) for k in matched.truth_log.tolist()], [(0, k) for k in matched.pred_log.tolist()]
    truth = _keys(matched.truth, 1)
    own = _keys(matched.pred, 3 + 2 * side)
    pred = [truth[t] if t >= 0 else own[p] for p, t in enumerate(matched.pred_truth.tolist())]
    return truth, pred


def _keys(objects: c.Objects, kind: int) -> Keys:
    block = objects.time_ns // _BLOCK_NS
    tracked = objects.track_id != NO_TRACK
    third = np.where(tracked, objects.track_id, block)
    kinds = np.where(tracked, kind, kind + 1)
    return list(zip(kinds.tolist(), objects.camera.tolist(), third.tolist(), strict=True))


def draw_weights(keys: list[Keys], resamples: int, seed: int) -> tuple[FloatArray, list[IntArray], int]:
    """How often each unit is drawn in each resample; each kind of unit keeps its number.

    Returns:
        (b, u) weights, for each list of keys (n,) the unit of its rows, and the number of truth units.
    """
    names = sorted({key for part in keys for key in part})
    slot = {key: i for i, key in enumerate(names)}
    kinds = np.array([key[0] for key in names], np.int64)
    weights = np.zeros((resamples, len(names)))
    generator = np.random.default_rng(seed)
    for kind in np.unique(kinds).tolist():
        of_kind = np.flatnonzero(kinds == kind)
        share = np.full(len(of_kind), 1 / len(of_kind))
        weights[:, of_kind] = generator.multinomial(len(of_kind), share, size=resamples)
    rows = [np.array([slot[key] for key in part], np.int64) for part in keys]
    return weights, rows, int((kinds <= 2).sum())


def resampled(matched: Matched, weights: FloatArray, truth_unit: IntArray, pred_unit: IntArray) -> AnyArray:
    """(b, 4) the NUMBERS in each resample; NaN where one has no counts."""
    n_units = weights.shape[1]

    def sums(unit: IntArray, rows: AnyArray) -> FloatArray:
        drawn: FloatArray = weights @ np.bincount(unit[rows], minlength=n_units).astype(np.float64)
        return drawn

    truth, found = sums(truth_unit, matched.counted), sums(truth_unit, matched.truth_error == c.FOUND)
    pred, right = sums(pred_unit, matched.judged), sums(pred_unit, matched.pred_error == c.RIGHT)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = (found / truth, right / pred, (found + right) / (truth + pred))
    return np.stack([*shares, _mean_aps(matched, weights, truth_unit, pred_unit)], axis=1)


def _mean_aps(matched: Matched, weights: FloatArray, truth_unit: IntArray, pred_unit: IntArray) -> FloatArray:
    """(b,) mean over the classes that have truth in the resample."""
    summed, classes = np.zeros(len(weights)), np.zeros(len(weights))
    for row in np.unique(matched.truth.category[matched.counted]).tolist():
        own = np.flatnonzero((matched.truth.category == row) & matched.counted)
        n_truth = weights @ np.bincount(truth_unit[own], minlength=weights.shape[1])
        pred = np.flatnonzero((matched.pred.category == row) & matched.judged)
        pred = pred[np.argsort(-matched.pred.score[pred], kind="stable")]
        hit, unit = matched.hits[0, pred], pred_unit[pred]
        for b in np.flatnonzero(n_truth > 0).tolist():
            summed[b] += average_precision(hit, n_truth[b], weights[b, unit])
            classes[b] += 1
    with np.errstate(invalid="ignore"):
        means: FloatArray = summed / np.where(classes > 0, classes, np.nan)
    return means


def intervals(matched: Matched, n_logs: int, settings: Settings) -> dict[str, Interval]:
    """Every one of NUMBERS with its bounds."""
    truth_keys, pred_keys = units(matched, n_logs)
    weights, (truth_unit, pred_unit), n_units = draw_weights(
        [truth_keys, pred_keys], settings.resamples, settings.seed
    )
    once = np.ones((1, weights.shape[1]))
    values = resampled(matched, once, truth_unit, pred_unit)[0]
    drawn = resampled(matched, weights, truth_unit, pred_unit) if n_units > 1 else np.zeros((0, len(NUMBERS)))
    unit = "logs" if n_logs > 1 else "tracks"
    return {
        name: Interval(_number(values[i]), *bounds(drawn[:, i], settings.confidence), unit, n_units)
        for i, name in enumerate(NUMBERS)
    }


def bounds(drawn: FloatArray, confidence: float) -> tuple[float | None, float | None]:
    """The middle `confidence` of what was drawn; None without any."""
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return None, None
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
