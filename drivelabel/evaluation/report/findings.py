"""What to look at first: errors gathered into things a person can repair in one go, worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched, Objects
from drivelabel.evaluation.report.followed import Track
from drivelabel.evaluation.report.shapes import PRED_LOOKS, TRUTH_LOOKS, Shape, box
from drivelabel.labels import NO_TRACK
from drivelabel.typing import FloatArray, IntArray

MAX_FINDINGS = 60
_HORIZON_PX = 48.0
"""A thing of this height weighs half as much as one that fills the image: large things matter more."""

Outline: TypeAlias = Callable[[str, int], tuple[str, FloatArray]]
"""``truth`` or ``pred`` and a row of it -> the form of its shape and its points."""


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One thing that is wrong over one or more frames.

    Attributes:
        kind: of label.
        error: of TRUTH_ERRORS or PRED_ERRORS, or ``switch``.
        what: in words.
        truth_class, pred_class: class names, "" where a side has nothing.
        group: the frame (sample) where it shows best.
        camera: row of the scene's sensors; -1 for cuboids.
        n: in how many frames (samples) it is wrong.
        at_ns, first_ns, last_ns: when it shows best, first and last.
        track_id: of the truth, of the prediction when there is no truth; NO_TRACK if untracked.
        distance: metres, NaN when not known.
        weight: how bad.
        shapes: of both sides, in that frame; of cuboids the ground they stand on, in metres.
    """

    kind: str
    error: str
    what: str
    truth_class: str
    pred_class: str
    group: int
    camera: int
    n: int
    at_ns: int
    first_ns: int
    last_ns: int
    track_id: int
    distance: float
    weight: float
    shapes: tuple[Shape, ...] = ()

    def to_json(self, start_ns: int) -> dict[str, Any]:
        """As plain JSON values; times in seconds since the start of the log."""
        return {
            "kind": self.kind,
            "error": self.error,
            "what": self.what,
            "truth_class": self.truth_class or None,
            "pred_class": self.pred_class or None,
            "frame": self.group,
            "frames": self.n,
            "first_seconds": (self.first_ns - start_ns) / 1e9,
            "last_seconds": (self.last_ns - start_ns) / 1e9,
            "track_id": None if self.track_id == NO_TRACK else self.track_id,
            "metres": None if np.isnan(self.distance) else self.distance,
        }


def find(matched: Matched, tracks: Sequence[Track] = (), outline: Outline | None = None) -> list[Finding]:
    """All findings of one log, worst first.

    A finding's weight is the sum over its frames of how large it is in the image (how near it is, for
    cuboids), times the score for labels that are no object; half for lane lines and for what is only badly
    placed, and for a change of identity the size of what follows it.

    Args:
        matched: of one log.
        tracks: the true ones, for changes of identity.
        outline: what to draw of a row; its box when None.
    """
    thin = 0.5 if matched.kind == "lane_lines" else 1.0
    size = thin * _size(matched.truth), thin * _size(matched.pred)
    found = [
        *_on_truth(matched, size[0], outline),
        *_on_pred(matched, size[1], outline),
        *_switches(matched, tracks, size[0], outline),
    ]
    return sorted(found, key=order)


def order(finding: Finding) -> tuple[float, int, int, str, int]:
    """Worst first; of equal weight the earlier one."""
    return -finding.weight, finding.first_ns, finding.group, finding.what, finding.track_id


def chosen(findings: Sequence[Finding]) -> list[Finding]:
    """The same findings, worst first, but none of one kind beyond a third of MAX_FINDINGS before others."""
    share = MAX_FINDINGS // 3
    seen: dict[str, int] = {}
    first: list[Finding] = []
    later: list[Finding] = []
    for finding in findings:
        seen[finding.kind] = seen.get(finding.kind, 0) + 1
        (first if seen[finding.kind] <= share else later).append(finding)
    return [*first, *later]


def size_weight(height_px: Any) -> Any:
    """In [0, 1): large is 1."""
    return height_px / (height_px + _HORIZON_PX)


def _size(objects: Objects) -> FloatArray:
    """(n,) in [0, 1): large or near is 1."""
    height = objects.height_px
    near = 1 / (1 + np.nan_to_num(objects.distance, nan=30.0) / 15)
    sized: FloatArray = np.where(np.isnan(height), near, size_weight(np.nan_to_num(height)))
    return sized


def _on_truth(matched: Matched, size: FloatArray, outline: Outline | None) -> Iterator[Finding]:
    truth, pred = matched.truth, matched.pred
    for error in (c.MISSED, c.WRONG_CLASS, c.LOOSE):
        rows = np.flatnonzero(matched.truth_error == error)
        taken = matched.truth_pred[rows]
        also = np.where(taken >= 0, pred.category[np.maximum(taken, 0)], -1) if len(pred) else taken
        for part in _things(truth, rows, also):
            best = int(part[np.argmax(size[part])])
            p = int(matched.truth_pred[best])
            weight = float(size[part].sum()) * (0.5 if error == c.LOOSE else 1.0)
            name = c.TRUTH_ERRORS[error]
            shapes = _shapes(matched, best, p, outline)
            yield _finding(matched, truth, part, best, name, weight, shapes, partner=p)


def _on_pred(matched: Matched, size: FloatArray, outline: Outline | None) -> Iterator[Finding]:
    pred = matched.pred
    for error in (c.FALSE, c.DUPLICATE):
        rows = np.flatnonzero(matched.pred_error == error)
        for part in _things(pred, rows, pred.category[rows]):
            weights = size[part] * pred.score[part]
            best = int(part[np.argmax(weights)])
            shapes = _shapes(matched, -1, best, outline)
            name = c.PRED_ERRORS[error]
            yield _finding(matched, pred, part, best, name, float(weights.sum()), shapes, partner=best)


def _switches(
    matched: Matched, tracks: Sequence[Track], size: FloatArray, outline: Outline | None
) -> Iterator[Finding]:
    """One for each true track that changes hands; its picture shows the first change."""
    for track in tracks:
        if not len(track.switched):
            continue
        rows = track.rows[track.switched]
        best, p = int(rows[0]), int(matched.truth_pred[rows[0]])
        ids = track.pred_track[track.pred_track != NO_TRACK]
        passed = list(dict.fromkeys(ids.tolist()))
        names = " to ".join(map(str, passed[:3])) + (" and on" if len(passed) > 3 else "")
        times = "" if len(rows) == 1 else f", {len(rows)} changes"
        what = f"{_plain(matched.names[track.category])} {track.track_id} goes from track {names}{times}"
        weight = float(size[track.rows[track.switched[0] :]].sum()) / 2
        shapes = _shapes(matched, best, p, outline)
        yield _finding(matched, matched.truth, rows, best, "switch", weight, shapes, partner=p, what=what)


def _shapes(matched: Matched, t: int, p: int, outline: Outline | None) -> tuple[Shape, ...]:
    """The label first, so that the truth lies over it."""
    if matched.kind == "boxes3d" and outline is None:
        return ()
    shapes = []
    for side, row, looks, errors in (
        ("pred", p, PRED_LOOKS, matched.pred_error),
        ("truth", t, TRUTH_LOOKS, matched.truth_error),
    ):
        if row >= 0:
            look = looks.get(int(errors[row]), "t-found")
            objects = matched.pred if side == "pred" else matched.truth
            shape = Shape(*outline(side, row), look) if outline else box(objects.xyxy[row], look)
            shapes.append(shape)
    return tuple(shapes)


def _finding(
    matched: Matched,
    objects: Objects,
    part: IntArray,
    best: int,
    error: str,
    weight: float,
    shapes: tuple[Shape, ...],
    *,
    partner: int,
    what: str = "",
) -> Finding:
    own = matched.names[objects.category[best]]
    on_truth = objects is matched.truth
    said = matched.names[matched.pred.category[partner]] if partner >= 0 else ""
    score = float(matched.pred.score[partner]) if partner >= 0 else 1.0
    return Finding(
        kind=matched.kind,
        error=error,
        what=what or words(matched.kind, error, own if on_truth else "", said, score),
        truth_class=own if on_truth else "",
        pred_class=said,
        group=int(objects.group[best]),
        camera=int(objects.camera[best]),
        n=len(part),
        at_ns=int(objects.time_ns[best]),
        first_ns=int(objects.time_ns[part].min()),
        last_ns=int(objects.time_ns[part].max()),
        track_id=int(objects.track_id[best]),
        distance=float(objects.distance[best]),
        weight=weight,
        shapes=shapes,
    )


def words(kind: str, error: str, truth: str, pred: str, score: float) -> str:
    """What is wrong, in a few words."""
    if kind == "light_states":
        return f"the light is {truth.replace('_', ' and ')}, labelled {pred.replace('_', ' and ')}"
    thing, said = _plain(truth), f"{_plain(pred)}, score {score:.2f}"
    told = {
        "missed": f"{thing} has no label",
        "wrong_class": f"{thing} is labelled {said}",
        "loose": f"{thing} has a label that fits badly ({said})",
        "duplicate": f"a second label on one object: {said}",
    }
    return told.get(error, f"label without an object: {said}")


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _things(objects: Objects, rows: IntArray, also: IntArray) -> list[IntArray]:
    """Rows of one track in one camera with one kind of error; a row without a track is alone."""
    if not len(rows):
        return []
    tracked = objects.track_id[rows] != NO_TRACK
    thing = np.where(tracked, objects.track_id[rows], -2 - np.arange(len(rows)))
    keys = np.stack([objects.camera[rows], thing, also])
    order_ = np.lexsort((objects.time_ns[rows], *keys))
    starts = np.flatnonzero(np.r_[True, (np.diff(keys[:, order_], axis=1) != 0).any(axis=0)])
    return np.split(rows[order_], starts[1:].tolist())
