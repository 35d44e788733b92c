"""Errors over time, in bins of a round number of seconds."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.area_numbers import mean_of_used
from drivelabel.evaluation.report.areas import AreaFrames
from drivelabel.evaluation.report.columns import Matched
from drivelabel.typing import IntArray

STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
MAX_BINS = 100


def step_of(seconds: float, n_instants: int) -> float:
    """Width of a bin in seconds, so that there are at most MAX_BINS and most hold a frame."""
    least = max(seconds / MAX_BINS, seconds / max(n_instants, 1))
    return next((step for step in STEPS if step >= least), STEPS[-1])


def timeline(matched: Matched, start_ns: int, stop_ns: int) -> dict[str, Any]:
    """Counts per bin since the start of the log, as plain JSON values; they add up to the log's counts."""
    step, n_bins = _bins(start_ns, stop_ns, matched.truth.time_ns)

    def bins(time_ns: Any, rows: Any) -> list[int]:
        which = _bin_of(time_ns[rows], start_ns, step, n_bins)
        binned: list[int] = np.bincount(which, minlength=n_bins).tolist()
        return binned

    truth_ns, pred_ns = matched.truth.time_ns, matched.pred.time_ns
    found = {
        name: bins(truth_ns, matched.truth_error == code)
        for name, code in (
            ("found", c.FOUND),
            ("wrong_class", c.WRONG_CLASS),
            ("loose", c.LOOSE),
            ("missed", c.MISSED),
        )
    }
    return {
        "step_seconds": step,
        "truth": bins(truth_ns, matched.counted),
        **found,
        "pred": bins(pred_ns, matched.judged),
        "duplicate": bins(pred_ns, matched.pred_error == c.DUPLICATE),
        "false": bins(pred_ns, matched.pred_error == c.FALSE),
    }


def area_timeline(areas: AreaFrames, start_ns: int, stop_ns: int) -> dict[str, Any]:
    """Mean IoU per bin, over the classes that both sides use in the log; None in bins without a frame."""
    step, n_bins = _bins(start_ns, stop_ns, areas.time_ns)
    which = _bin_of(areas.time_ns, start_ns, step, n_bins)
    values = [mean_of_used(areas, which == k) for k in range(n_bins)]
    return {"step_seconds": step, "mean_iou": values}


def _bins(start_ns: int, stop_ns: int, time_ns: IntArray) -> tuple[float, int]:
    seconds = max((stop_ns - start_ns) / 1e9, 1e-9)
    step = step_of(seconds, len(np.unique(time_ns)) or 1)
    return step, int(seconds // step) + 1


def _bin_of(time_ns: IntArray, start_ns: int, step: float, n_bins: int) -> IntArray:
    which: IntArray = np.clip(((time_ns - start_ns) / 1e9 // step).astype(np.int64), 0, n_bins - 1)
    return which
