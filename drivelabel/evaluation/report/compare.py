"""Two predictions side by side on the same truth, with the significance of their difference."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel.evaluation.report.bootstrap import (
    bounds,
    draw_weights,
    numbers_of,
    resampled,
    too_few,
    unit_of,
    units,
)
from drivelabel.evaluation.report.columns import Matched
from drivelabel.evaluation.report.counts import count
from drivelabel.evaluation.report.settings import Settings


def compare(pred: Matched, other: Matched, n_logs: int, settings: Settings) -> dict[str, Any]:
    """Each number of both, their difference (pred minus other), its bounds and two-sided p.

    Both are resampled together, so what makes a log (track) hard for both does not blur the difference.
    """
    unit = unit_of(n_logs, settings)
    keys = [*units(pred, unit, 0), *units(other, unit, 1)]
    weights, (t0, p0, t1, p1), n_units = draw_weights(keys, settings.resamples, settings.seed)
    once = np.ones((1, weights.shape[1]))
    value = resampled(pred, once, t0, p0)[0], resampled(other, once, t1, p1)[0]
    why = too_few(n_logs, n_units, unit, settings)
    names = numbers_of(pred.kind)
    empty = np.zeros((0, len(names)))
    drawn = empty if why else resampled(pred, weights, t0, p0) - resampled(other, weights, t1, p1)
    numbers = {
        name: difference(value[0][i], value[1][i], drawn[:, i], settings) for i, name in enumerate(names)
    }
    classes = sorted(set(pred.truth.bands["class"].tolist()))
    return {
        "unit": unit,
        "units": n_units,
        "why": why,
        "numbers": numbers,
        "counts": {"pred": count(pred).to_json(), "other": count(other).to_json()},
        "classes": {
            name: {
                side: count(
                    matched, matched.truth.bands["class"] == name, matched.pred.bands["class"] == name
                ).to_json()
                for side, matched in (("pred", pred), ("other", other))
            }
            for name in classes
        },
        **_partners(pred, other),
    }


def difference(a: float, b: float, drawn: Any, settings: Settings) -> dict[str, Any]:
    """Two numbers, their difference and, where differences were drawn, its bounds and two-sided p."""
    drawn = drawn[np.isfinite(drawn)]
    low, high = bounds(drawn, settings.confidence)
    p = None
    if len(drawn):
        # One is added to both: a bootstrap of b draws cannot show a p below 2 / (b + 1).
        below, above = (drawn <= 0).sum() + 1, (drawn >= 0).sum() + 1
        p = float(min(1.0, 2 * min(below, above) / (len(drawn) + 1)))
    known = np.isfinite(a) and np.isfinite(b)
    return {
        "pred": float(a) if np.isfinite(a) else None,
        "other": float(b) if np.isfinite(b) else None,
        "difference": float(a - b) if known else None,
        "low": low,
        "high": high,
        "p": p,
    }


def _partners(pred: Matched, other: Matched) -> dict[str, int]:
    """How many true objects only one of both found; the truth rows are the same on both sides."""
    a, b = pred.truth_error == 0, other.truth_error == 0
    return {
        "both_found": int((a & b).sum()),
        "only_pred_found": int((a & ~b).sum()),
        "only_other_found": int((b & ~a).sum()),
        "neither_found": int((pred.counted & ~a & ~b).sum()),
    }
