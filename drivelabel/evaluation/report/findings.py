"""What to look at first: errors gathered into things a person can repair in one go, worst first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched, Objects
from drivelabel.labels import DRIVING, NO_TRACK
from drivelabel.typing import FloatArray, IntArray

MAX_FINDINGS = 60
_HORIZON_PX = 48.0
"""A box of this height weighs half as much as one that fills the image: large things matter more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong over one or more frames.

    Attributes:
        kind: of label.
        error: of TRUTH_ERRORS or PRED_ERRORS.
        truth_class, pred_class: class names, "" where a side has nothing.
        group: the frame (sample) where it shows best.
        n: in how many frames (samples) it is wrong.
        first_ns, last_ns: when.
        track_id: of the truth, of the prediction when there is no truth; NO_TRACK if untracked.
        truth_row, pred_row: rows of the matched objects in that frame, or -1.
        distance: metres, NaN when not known.
        weight: how bad.
    """

    kind: str
    error: str
    truth_class: str
    pred_class: str
    group: int
    n: int
    first_ns: int
    last_ns: int
    track_id: int
    truth_row: int
    pred_row: int
    distance: float
    weight: float

    def to_json(self, start_ns: int) -> dict[str, Any]:
        """As plain JSON values; times in seconds since the start of the log."""
        return {
            "kind": self.kind,
            "error": self.error,
            "truth_class": self.truth_class or None,
            "pred_class": self.pred_class or None,
            "frame": self.group,
            "frames": self.n,
            "first_seconds": (self.first_ns - start_ns) / 1e9,
            "last_seconds": (self.last_ns - start_ns) / 1e9,
            "track_id": None if self.track_id == NO_TRACK else self.track_id,
            "metres": None if np.isnan(self.distance) else self.distance,
        }


def find(matched: Matched) -> list[Finding]:
    """All findings of one log, worst first.

    A finding's weight is the sum over its frames of how large it is in the image (how near it is, for
    cuboids), times the score for labels that are no object.
    """
    size = _sizes(matched)
    found = [*_on_truth(matched, size[0]), *_on_pred(matched, size[1])]
    return sorted(found, key=lambda f: (-f.weight, f.first_ns, f.group, f.truth_row, f.pred_row))


def _sizes(matched: Matched) -> tuple[FloatArray, FloatArray]:
    return _size(matched.truth), _size(matched.pred)


def _size(objects: Objects) -> FloatArray:
    """(n,) in (0, 1): large or near is 1."""
    height = objects.height_px
    near = 1 / (1 + np.nan_to_num(objects.distance, nan=30.0) / 15)
    sized: FloatArray = np.where(np.isnan(height), near, height / (height + _HORIZON_PX))
    return sized


def _on_truth(matched: Matched, size: FloatArray) -> Iterator[Finding]:
    truth, pred = matched.truth, matched.pred
    for error in (c.MISSED, c.WRONG_CLASS, c.LOOSE):
        rows = np.flatnonzero(matched.truth_error == error)
        taken = matched.truth_pred[rows]
        also = np.where(taken >= 0, pred.category[np.maximum(taken, 0)], -1) if len(pred) else taken
        for part in _things(truth, rows, also):
            best = int(part[np.argmax(size[part])])
            p = int(matched.truth_pred[best])
            weight = float(size[part].sum()) * (0.5 if error == c.LOOSE else 1.0)
            other = DRIVING.names[pred.category[p]] if p >= 0 else ""
            yield _finding(matched, truth, part, best, c.TRUTH_ERRORS[error], weight, other, p)


def _on_pred(matched: Matched, size: FloatArray) -> Iterator[Finding]:
    pred = matched.pred
    for error in (c.FALSE, c.DUPLICATE):
        rows = np.flatnonzero(matched.pred_error == error)
        for part in _things(pred, rows, pred.category[rows]):
            weights = size[part] * pred.score[part]
            best = int(part[np.argmax(weights)])
            yield _finding(matched, pred, part, best, c.PRED_ERRORS[error], float(weights.sum()), "", -1)


def _finding(
    matched: Matched,
    objects: Objects,
    part: IntArray,
    best: int,
    error: str,
    weight: float,
    other: str,
    partner: int,
) -> Finding:
    own = DRIVING.names[objects.category[best]]
    on_truth = objects is matched.truth
    return Finding(
        kind=matched.kind,
        error=error,
        truth_class=own if on_truth else "",
        pred_class=other if on_truth else own,
        group=int(objects.group[best]),
        n=len(part),
        first_ns=int(objects.time_ns[part].min()),
        last_ns=int(objects.time_ns[part].max()),
        track_id=int(objects.track_id[best]),
        truth_row=best if on_truth else -1,
        pred_row=partner if on_truth else best,
        distance=float(objects.distance[best]),
        weight=weight,
    )


def _things(objects: Objects, rows: IntArray, also: IntArray) -> list[IntArray]:
    """Rows of one track in one camera with one kind of error; a row without a track is alone."""
    if not len(rows):
        return []
    tracked = objects.track_id[rows] != NO_TRACK
    thing = np.where(tracked, objects.track_id[rows], -2 - np.arange(len(rows)))
    keys = np.stack([objects.camera[rows], thing, also])
    order = np.lexsort((objects.time_ns[rows], *keys))
    starts = np.flatnonzero(np.r_[True, (np.diff(keys[:, order], axis=1) != 0).any(axis=0)])
    return np.split(rows[order], starts[1:].tolist())
