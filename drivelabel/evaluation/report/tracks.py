"""HOTA, CLEAR and Identity of a report's objects: per class, camera by camera, then added up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.evaluation.report.columns import Matched, Objects
from drivelabel.evaluation.report.settings import Settings
from drivelabel.evaluation.tracks import Clear, Hota, Identity, Overlaps, Tracks, clear, hota, identity
from drivelabel.labels import DRIVING, NO_TRACK
from drivelabel.typing import FloatArray, IntArray

CLEAR_SIMILARITY = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class TrackScores:
    """How well tracks are followed in one log.

    Attributes:
        classes: category to its scores in each camera; a track in two cameras is two tracks.
        untracked: rows of truth and prediction without a track; each counts as a track of its own.
        repeated: rows of truth and prediction whose track has another row in the frame; likewise.
    """

    classes: dict[int, list[tuple[Hota, Clear, Identity]]]
    untracked: tuple[int, int]
    repeated: tuple[int, int]

    def total(self) -> tuple[Hota, Clear, Identity] | None:
        """All classes and cameras together; None without any row on either side."""
        every = [one for scores in self.classes.values() for one in scores]
        return _combined(every) if every else None


def score_tracks(matched: Matched, settings: Settings) -> TrackScores | None:
    """HOTA, CLEAR and Identity of what counts; None where one side has rows, but no tracks.

    Boxes are alike by IoU, cuboids by 1 - distance / (2 metres), where `metres` is the settings'. CLEAR and
    Identity match from `iou` (`metres`) on.
    """
    truth, pred = np.flatnonzero(matched.counted), np.flatnonzero(matched.judged)
    sides = matched.truth.take(truth), matched.pred.take(pred)
    loose = [side.track_id == NO_TRACK for side in sides]
    if loose[0].all() or (len(sides[1]) and loose[1].all()):
        return None
    named = [_own_tracks(side) for side in sides]
    found: dict[int, list[tuple[Hota, Clear, Identity]]] = {}
    for category, rows_t, rows_p in _parts(*sides):
        a, b = _tracks(sides[0], named[0][0], rows_t, sides[1], named[1][0], rows_p)
        overlaps = _overlaps(matched.kind, sides, rows_t, rows_p, a, b, settings)
        threshold = CLEAR_SIMILARITY if matched.kind == "boxes3d" else settings.iou
        scores = (
            hota(a, b, overlaps),
            clear(a, b, overlaps, threshold=threshold),
            identity(a, b, overlaps, threshold=threshold),
        )
        found.setdefault(category, []).append(scores)
    untracked = (int(loose[0].sum()), int(loose[1].sum()))
    return TrackScores(found, untracked, (named[0][1], named[1][1]))


def _own_tracks(objects: Objects) -> tuple[IntArray, int]:
    """Track ids in which rows without track, and repeated rows of a frame, have one of their own."""
    ids = objects.track_id.copy()
    keys = np.stack([objects.group, objects.category, ids])
    _, first = np.unique(keys, axis=1, return_index=True)
    again = np.ones(len(ids), np.bool_)
    again[first] = False
    again &= ids != NO_TRACK
    own = again | (ids == NO_TRACK)
    ids[own] = int(ids.max(initial=0)) + 1 + np.arange(int(own.sum()))
    return ids, int(again.sum())


def _parts(truth: Objects, pred: Objects) -> Iterator[tuple[int, IntArray, IntArray]]:
    """Category, rows of truth and rows of pred, for each class in each camera."""
    keys = np.concatenate([np.stack([side.category, side.camera]) for side in (truth, pred)], axis=1)
    for category, camera in np.unique(keys, axis=1).T.tolist():
        t, p = (
            np.flatnonzero((side.category == category) & (side.camera == camera)) for side in (truth, pred)
        )
        yield category, t, p


def _tracks(
    truth: Objects, ids_t: IntArray, rows_t: IntArray, pred: Objects, ids_p: IntArray, rows_p: IntArray
) -> tuple[Tracks, Tracks]:
    """Both sides over the frames in which either has a row."""
    frames = np.union1d(truth.group[rows_t], pred.group[rows_p])
    made = [
        Tracks.from_rows(
            np.searchsorted(frames, side.group[rows]), ids[rows], _boxes(side, rows), len(frames)
        )
        for side, ids, rows in ((truth, ids_t, rows_t), (pred, ids_p, rows_p))
    ]
    return made[0], made[1]


def _boxes(side: Objects, rows: IntArray) -> FloatArray | None:
    return None if len(side) and side.camera[0] < 0 else side.xyxy[rows]


def _overlaps(
    kind: str,
    sides: tuple[Objects, Objects],
    rows_t: IntArray,
    rows_p: IntArray,
    a: Tracks,
    b: Tracks,
    settings: Settings,
) -> Overlaps | None:
    """None for boxes, which the metrics compare themselves; else how near cuboids of one sample are."""
    if kind != "boxes3d":
        return None
    truth, pred = sides
    t_of, p_of = [], []
    for group in np.intersect1d(truth.group[rows_t], pred.group[rows_p]).tolist():
        t = np.flatnonzero(truth.group[rows_t] == group)
        p = np.flatnonzero(pred.group[rows_p] == group)
        t_of.append(np.repeat(t, len(p)))
        p_of.append(np.tile(p, len(t)))
    none = np.zeros(0, np.int64)
    t, p = np.concatenate([*t_of, none]), np.concatenate([*p_of, none])
    apart = np.linalg.norm(truth.center[rows_t[t], :2] - pred.center[rows_p[p], :2], axis=1)
    alike = np.maximum(0.0, 1.0 - apart / (2 * settings.metres))
    return Overlaps.from_pairs(a, b, t, p, alike)


def tracks_json(parts: Sequence[TrackScores]) -> dict[str, Any] | None:
    """The scores of one log or several; counts add up over cameras, classes and logs."""
    if not parts:
        return None
    every = [one for part in parts for scores in part.classes.values() for one in scores]
    if not every:
        return None
    names = sorted({category for part in parts for category in part.classes})
    by_class = {
        DRIVING.names[category]: _scores([s for part in parts for s in part.classes.get(category, ())])
        for category in names
    }
    return {
        **_scores(every),
        "untracked_truth": sum(part.untracked[0] for part in parts),
        "untracked_pred": sum(part.untracked[1] for part in parts),
        "repeated_truth": sum(part.repeated[0] for part in parts),
        "repeated_pred": sum(part.repeated[1] for part in parts),
        "by_class": by_class,
    }


def total_scores(totals: Sequence[tuple[Hota, Clear, Identity]]) -> dict[str, float]:
    """HOTA, MOTA and IDF1 of several logs, from what :meth:`TrackScores.total` gave of each."""
    hota_, clear_, identity_ = _combined(totals)
    return {"HOTA": float(np.mean(hota_.hota)), "MOTA": clear_.mota, "IDF1": identity_.idf1}


def _combined(every: Sequence[tuple[Hota, Clear, Identity]]) -> tuple[Hota, Clear, Identity]:
    hotas, clears, identities = zip(*every, strict=True)
    return Hota.combine(hotas), Clear.combine(clears), Identity.combine(identities)


def _scores(every: Sequence[tuple[Hota, Clear, Identity]]) -> dict[str, Any]:
    hota_, clear_, identity_ = _combined(every)
    counts = ("tp", "fn", "fp", "idsw", "mt", "pt", "ml", "frag")
    return {
        **{name: value for name, value in hota_.mean().items() if name != "owta"},
        "mota": clear_.mota,
        "motp": clear_.motp,
        "idf1": identity_.idf1,
        "idp": identity_.idp,
        "idr": identity_.idr,
        **{name: getattr(clear_, name) for name in counts},
        "idtp": identity_.idtp,
        "idfn": identity_.idfn,
        "idfp": identity_.idfp,
        "tracks": clear_.mt + clear_.pt + clear_.ml,
    }
