"""Intervals by resampling what is independent: logs where there are enough, else tracks; never frames.

Tracks of a few logs tell how sure a number is for those logs, not for other ones: what the logs have in
common (place, weather, hour) is not resampled. With too few tracks as well there is no interval at all.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched
from drivelabel.evaluation.report.settings import Settings
from drivelabel.labels import NO_TRACK
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray

IN_IMAGES = ("boxes2d", "traffic_lights")
"""The kinds whose average precision (COCO's, at the settings' IoU) has an interval too."""
_BLOCK_NS = 2_000_000_000
"""Labels without a track are resampled in stretches of 2 s of one camera."""
_RECALLS = np.linspace(0.0, 1.0, 101)

Keys = list[tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Interval:
    """A number, and between which bounds it lies when other logs (tracks) of the same kind are drawn.

    Attributes:
        value: on the data as it is; None when it has no counts.
        low, high: bounds; None when they cannot be had.
        unit: what was resampled: ``logs`` or ``tracks``.
        units: how many of them there are.
        why: there are no bounds; "" where there are.
    """

    value: float | None
    low: float | None
    high: float | None
    unit: str
    units: int
    why: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def numbers_of(kind: str) -> tuple[str, ...]:
    """What has an interval."""
    shares = ("recall", "precision", "f1")
    return ("recall",) if kind == "light_states" else (*shares, "ap") if kind in IN_IMAGES else shares


def unit_of(n_logs: int, settings: Settings) -> str:
    """What is resampled."""
    return "logs" if n_logs >= settings.min_logs else "tracks"


def units(matched: Matched, unit: str, side: int = 0) -> tuple[Keys, Keys]:
    """The unit of every truth row and of every pred row.

    Args:
        matched: of all logs.
        unit: ``logs`` or ``tracks``.
        side: tells the false tracks of two predictions apart.
    """
    if unit == "logs":
        truth_log, pred_log = matched.truth_log.tolist(), matched.pred_log.tolist()
        return [(0, 0, k) for k in truth_log], [(0, 0, k) for k in pred_log]
    truth = _keys(matched.truth, matched.truth_log, 1)
    own = _keys(matched.pred, matched.pred_log, 3 + 2 * side)
    pred = [truth[t] if t >= 0 else own[p] for p, t in enumerate(matched.pred_truth.tolist())]
    return truth, pred


def _keys(objects: c.Objects, log: IntArray, kind: int) -> Keys:
    block = objects.time_ns // _BLOCK_NS
    tracked = objects.track_id != NO_TRACK
    last = np.where(tracked, objects.track_id, block)
    kinds = np.where(tracked, kind, kind + 1)
    columns = (kinds, objects.category, log, objects.camera, last)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def draw_weights(keys: list[Keys], resamples: int, seed: int) -> tuple[FloatArray, list[IntArray], int]:
    """How often each unit is drawn in each resample; each class of each kind of unit keeps its number.

    Else a class with few tracks would be missing from many resamples, and means over classes would shift.

    Returns:
        (b, u) weights, for each list of keys (n,) the unit of its rows, and the number of truth units.
    """
    names = sorted({key for part in keys for key in part})
    slot = {key: i for i, key in enumerate(names)}
    kinds = np.array([key[:2] for key in names], np.int64).reshape(-1, 2)
    weights = np.zeros((resamples, len(names)))
    generator = np.random.default_rng(seed)
    for kind in np.unique(kinds, axis=0):
        of_kind = np.flatnonzero((kinds == kind).all(axis=1))
        share = np.full(len(of_kind), 1 / len(of_kind))
        weights[:, of_kind] = generator.multinomial(len(of_kind), share, size=resamples)
    rows = [np.array([slot[key] for key in part], np.int64) for part in keys]
    return weights, rows, int((kinds[:, 0] <= 2).sum())


def resampled(matched: Matched, weights: FloatArray, truth_unit: IntArray, pred_unit: IntArray) -> AnyArray:
    """(b, k) the numbers of the kind in each resample; NaN where one has no counts."""
    n_units = weights.shape[1]

    def sums(unit: IntArray, rows: AnyArray) -> FloatArray:
        drawn: FloatArray = weights @ np.bincount(unit[rows], minlength=n_units).astype(np.float64)
        return drawn

    truth, found = sums(truth_unit, matched.counted), sums(truth_unit, matched.truth_error == c.FOUND)
    pred, right = sums(pred_unit, matched.judged), sums(pred_unit, matched.pred_error == c.RIGHT)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = {"recall": found / truth, "precision": right / pred, "f1": (found + right) / (truth + pred)}
    names = numbers_of(matched.kind)
    if "ap" in names:
        shares["ap"] = _mean_aps(matched, weights, truth_unit, pred_unit)
    return np.stack([shares[name] for name in names], axis=1)


def _mean_aps(matched: Matched, weights: FloatArray, truth_unit: IntArray, pred_unit: IntArray) -> FloatArray:
    """(b,) mean over the classes that have truth in the resample."""
    summed, classes = np.zeros(len(weights)), np.zeros(len(weights))
    for row in np.unique(matched.truth.category[matched.counted]).tolist():
        own = np.flatnonzero((matched.truth.category == row) & matched.counted)
        n_truth = weights @ np.bincount(truth_unit[own], minlength=weights.shape[1])
        pred = np.flatnonzero((matched.pred.category == row) & matched.judged)
        pred = pred[np.argsort(-matched.pred.score[pred], kind="stable")]
        hit, unit = matched.pred_error[pred] == c.RIGHT, pred_unit[pred]
        for b in np.flatnonzero(n_truth > 0).tolist():
            summed[b] += weighted_precision(hit, n_truth[b], weights[b, unit])
            classes[b] += 1
    with np.errstate(invalid="ignore"):
        means: FloatArray = summed / np.where(classes > 0, classes, np.nan)
    return means


def weighted_precision(hit: BoolArray, n_truth: float, weight: FloatArray) -> float:
    """COCO's average precision of labels that count several times, which its own program cannot do.

    Args:
        hit: (m,) which are right, in order of falling score.
        n_truth: how many true objects there are; above 0.
        weight: (m,) how often each label counts.
    """
    right, shown = np.cumsum(hit * weight), np.cumsum(weight)
    precision = right / np.maximum(shown, np.spacing(1.0))
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(right / n_truth, _RECALLS, side="left")
    return float(np.append(falling, 0.0)[np.minimum(at, len(falling))].mean())


def intervals(matched: Matched, n_logs: int, settings: Settings) -> dict[str, Interval]:
    """Every number of the kind with its bounds, where they can be had."""
    unit = unit_of(n_logs, settings)
    truth_keys, pred_keys = units(matched, unit)
    weights, (truth_unit, pred_unit), n_units = draw_weights(
        [truth_keys, pred_keys], settings.resamples, settings.seed
    )
    values = resampled(matched, np.ones((1, weights.shape[1])), truth_unit, pred_unit)[0]
    why = too_few(n_logs, n_units, unit, settings)
    drawn = np.zeros((0, len(values))) if why else resampled(matched, weights, truth_unit, pred_unit)
    return {
        name: Interval(_number(values[i]), *bounds(drawn[:, i], settings.confidence), unit, n_units, why)
        for i, name in enumerate(numbers_of(matched.kind))
    }


def too_few(n_logs: int, n_units: int, unit: str, settings: Settings) -> str:
    """Why there can be no interval; "" if there can."""
    if not settings.resamples:
        return "not asked for"
    if n_units >= settings.min_units or unit == "logs":
        return ""
    logs = f"{n_logs} log{'' if n_logs == 1 else 's'}"
    return f"too few for an interval: {logs}, {n_units} tracks; {settings.min_units} of either are needed"


def bounds(drawn: FloatArray, confidence: float) -> tuple[float | None, float | None]:
    """The middle `confidence` of what was drawn; None without any."""
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return None, None
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
