"""The frames with most errors, with everything that counts drawn over them."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched
from drivelabel.evaluation.report.log import LANES, LogReport
from drivelabel.evaluation.report.shapes import PRED_LOOKS, TRUTH_LOOKS, Shape, box
from drivelabel.typing import IntArray

KINDS = ("boxes2d", "traffic_lights", LANES)
_APART_NS = 1_000_000_000


def worst_frames(log: LogReport, n: int) -> list[dict[str, Any]]:
    """The frames with most errors, not more than one within a second of one camera."""
    matched = [one for kind, one in log.matched().items() if kind in KINDS]
    if not matched:
        return []
    errors = np.sum([_errors(one, _size(matched)) for one in matched], axis=0)
    where = {
        int(group): (int(side.camera[i]), int(side.time_ns[i]))
        for one in matched
        for side in (one.truth, one.pred)
        for i, group in enumerate(side.group.tolist())
    }
    chosen: list[dict[str, Any]] = []
    for frame in np.argsort(-errors, kind="stable").tolist():
        if not errors[frame] or len(chosen) == n:
            break
        camera, time_ns = where[frame]
        if all(one["camera"] != camera or abs(one["time_ns"] - time_ns) > _APART_NS for one in chosen):
            told = {"frame": frame, "camera": camera, "time_ns": time_ns, "errors": int(errors[frame])}
            chosen.append(told)
    return chosen


def _size(matched: list[Matched]) -> int:
    return 1 + max(int(side.group.max(initial=-1)) for one in matched for side in (one.truth, one.pred))


def _errors(matched: Matched, n_groups: int) -> IntArray:
    bad_t = matched.counted & (matched.truth_error != c.FOUND)
    bad_p = np.isin(matched.pred_error, (c.FALSE, c.DUPLICATE))
    errors: IntArray = np.bincount(matched.truth.group[bad_t], minlength=n_groups)
    return errors + np.bincount(matched.pred.group[bad_p], minlength=n_groups)


def frame_shapes(log: LogReport, frame: int) -> list[Shape]:
    """Everything of one frame that counts on either side; names only where something is wrong."""
    shapes: list[Shape] = []
    for kind, matched in log.matched().items():
        if kind not in KINDS:
            continue
        for p in np.flatnonzero((matched.pred.group == frame) & matched.judged).tolist():
            error = int(matched.pred_error[p])
            name = f"{matched.names[matched.pred.category[p]]} {matched.pred.score[p]:.2f}"
            shapes.append(_shape(log, matched, "pred", p, PRED_LOOKS[error], name if error else ""))
        for t in np.flatnonzero((matched.truth.group == frame) & matched.counted).tolist():
            error = int(matched.truth_error[t])
            name = matched.names[matched.truth.category[t]] if error else ""
            shapes.append(_shape(log, matched, "truth", t, TRUTH_LOOKS[error], name))
    return shapes


def _shape(log: LogReport, matched: Matched, side: str, row: int, look: str, name: str) -> Shape:
    if matched.kind == LANES and log.lanes is not None:
        return Shape(*log.lanes.outline(side, row), look)
    objects = matched.truth if side == "truth" else matched.pred
    return box(objects.xyxy[row], look, name.replace("_", " "))
