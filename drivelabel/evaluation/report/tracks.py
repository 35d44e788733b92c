"""True tracks and who followed them, from matches: switches, gaps, how much of each was followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched
from drivelabel.evaluation.report.counts import ratio
from drivelabel.labels import DRIVING, NO_TRACK
from drivelabel.typing import IntArray

MOSTLY, BARELY = 0.8, 0.2
"""Shares of a track from which it is mostly followed, and below which it is mostly lost."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One true thing in one camera (cuboids: in the world), frame by frame.

    Attributes:
        log, camera, track_id, category: which one; camera is -1 for cuboids.
        rows: (k,) rows of the matched truth, in order of time, ignored ones left out.
        pred_track: (k,) the track that found it; -1 where nothing did or what did has no track.
        switches: how often the track that found it changed.
        gaps: how often it was found, lost and found again.
    """

    log: int
    camera: int
    track_id: int
    category: int
    rows: IntArray
    pred_track: IntArray
    found: int
    switches: int
    gaps: int

    @property
    def followed(self) -> float:
        """Share of its frames in which it was found."""
        return self.found / len(self.rows)


@dataclass(frozen=True, slots=True)
class TrackCounts:
    """Sums over true tracks.

    Attributes:
        tracks: true tracks; mostly_followed, partly_followed and mostly_lost of them.
        truth, found, false: objects with a track that count, those found, and labels that are no object.
        switches, gaps: see :class:`Track`.
        pred_tracks: tracks among the judged labels; untracked: judged labels without a track.
        id_found: objects whose label carries the one track that suits the true track best.
        id_pred: judged labels.
    """

    tracks: int = 0
    mostly_followed: int = 0
    partly_followed: int = 0
    mostly_lost: int = 0
    truth: int = 0
    found: int = 0
    false: int = 0
    switches: int = 0
    gaps: int = 0
    pred_tracks: int = 0
    untracked: int = 0
    id_found: int = 0
    id_pred: int = 0

    def to_json(self) -> dict[str, Any]:
        """Counts, then MOTA and IDF1 from them."""
        from dataclasses import asdict

        errors = self.truth - self.found + self.false + self.switches
        mota = None if not self.truth else 1 - errors / self.truth
        return asdict(self) | {"mota": mota, "idf1": ratio(2 * self.id_found, self.truth + self.id_pred)}


def true_tracks(matched: Matched) -> list[Track]:
    """The true tracks that count in at least one frame."""
    truth = matched.truth
    rows = np.flatnonzero(matched.counted & (truth.track_id != NO_TRACK))
    order = np.lexsort(
        (truth.time_ns[rows], truth.track_id[rows], truth.camera[rows], matched.truth_log[rows])
    )
    rows = rows[order]
    keys = np.stack([matched.truth_log[rows], truth.camera[rows], truth.track_id[rows]])
    starts = np.flatnonzero(np.r_[True, (np.diff(keys, axis=1) != 0).any(axis=0)]) if len(rows) else rows
    return [_track(matched, part) for part in np.split(rows, starts[1:])] if len(rows) else []


def _track(matched: Matched, rows: IntArray) -> Track:
    found = matched.truth_error[rows] == c.FOUND
    partner = matched.truth_pred[rows]
    pred_track = (
        np.where(found, matched.pred.track_id[np.maximum(partner, 0)], NO_TRACK)
        if len(matched.pred)
        else np.full(len(rows), NO_TRACK)
    )
    ids = pred_track[pred_track != NO_TRACK]
    at = np.flatnonzero(found)
    first = int(rows[0])
    categories = matched.truth.category[rows]
    return Track(
        log=int(matched.truth_log[first]),
        camera=int(matched.truth.camera[first]),
        track_id=int(matched.truth.track_id[first]),
        category=int(np.bincount(categories).argmax()),
        rows=rows,
        pred_track=pred_track,
        found=int(found.sum()),
        switches=int((np.diff(ids) != 0).sum()),
        gaps=int((np.diff(at) > 1).sum()),
    )


def count_tracks(matched: Matched, tracks: list[Track]) -> TrackCounts:
    """Sums over all true tracks."""
    pred_rows = np.flatnonzero(matched.judged)
    ids = matched.pred.track_id[pred_rows]
    keys = np.stack([matched.pred_log[pred_rows], matched.pred.camera[pred_rows], ids])[:, ids != NO_TRACK]
    followed = np.array([track.followed for track in tracks])
    false = ~np.isin(matched.pred_error[pred_rows], (c.RIGHT,))
    return TrackCounts(
        tracks=len(tracks),
        mostly_followed=int((followed >= MOSTLY).sum()),
        partly_followed=int(((followed < MOSTLY) & (followed >= BARELY)).sum()),
        mostly_lost=int((followed < BARELY).sum()),
        truth=sum(len(track.rows) for track in tracks),
        found=sum(track.found for track in tracks),
        false=int(false.sum()),
        switches=sum(track.switches for track in tracks),
        gaps=sum(track.gaps for track in tracks),
        pred_tracks=np.unique(keys, axis=1).shape[1],
        untracked=int((ids == NO_TRACK).sum()),
        id_found=_id_found(tracks),
        id_pred=len(pred_rows),
    )


def _id_found(tracks: list[Track]) -> int:
    """The most objects that one-to-one pairs of tracks share, among objects that were found."""
    shared: dict[tuple[int, tuple[int, int, int]], int] = {}
    for i, track in enumerate(tracks):
        for pred_id, n in zip(*np.unique(track.pred_track, return_counts=True), strict=True):
            if pred_id != NO_TRACK:
                shared[i, (track.log, track.camera, int(pred_id))] = int(n)
    if not shared:
        return 0
    columns = {key: j for j, key in enumerate(dict.fromkeys(key for _, key in shared))}
    table = np.zeros((len(tracks), len(columns)), np.int64)
    for (i, key), n in shared.items():
        table[i, columns[key]] = n
    rows, picked = linear_sum_assignment(table, maximize=True)
    return int(table[rows, picked].sum())


def track_lengths(matched: Matched, side: str) -> dict[str, dict[str, float | int]]:
    """Class to number, median and longest of its tracks' lengths, in frames."""
    objects = matched.truth if side == "truth" else matched.pred
    log = matched.truth_log if side == "truth" else matched.pred_log
    has = objects.track_id != NO_TRACK
    keys = np.stack([log[has], objects.camera[has], objects.track_id[has]])
    if not keys.shape[1]:
        return {}
    _, inverse, lengths = np.unique(keys, axis=1, return_inverse=True, return_counts=True)
    category = np.zeros(len(lengths), np.int64)
    category[inverse.reshape(-1)] = objects.category[has]
    return {
        DRIVING.names[row]: {
            "tracks": int((category == row).sum()),
            "median": float(np.median(lengths[category == row])),
            "longest": int(lengths[category == row].max()),
        }
        for row in np.unique(category).tolist()
    }
