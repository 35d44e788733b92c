"""Who followed each true track, frame by frame, for drawing and findings; and how long tracks are.

The scores of tracks are those of :mod:`drivelabel.evaluation.report.tracks`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched
from drivelabel.labels import NO_TRACK
from drivelabel.typing import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One true thing in one camera (cuboids: in the world), frame by frame.

    Attributes:
        camera, track_id, category: which one; camera is -1 for cuboids.
        rows: (k,) rows of the matched truth, in order of time, ignored ones left out.
        pred_track: (k,) the track that found it; NO_TRACK where nothing did or what did has no track.
        found: in how many of them it was found.
        switched: (s,) places in `rows` from which on another track finds it.
    """

    camera: int
    track_id: int
    category: int
    rows: IntArray
    pred_track: IntArray
    found: int
    switched: IntArray


def true_tracks(matched: Matched) -> list[Track]:
    """The true tracks that count in at least one frame."""
    truth = matched.truth
    rows = np.flatnonzero(matched.counted & (truth.track_id != NO_TRACK))
    order = np.lexsort(
        (truth.time_ns[rows], truth.track_id[rows], truth.camera[rows], matched.truth_log[rows])
    )
    rows = rows[order]
    if not len(rows):
        return []
    keys = np.stack([matched.truth_log[rows], truth.camera[rows], truth.track_id[rows]])
    starts = np.flatnonzero(np.r_[True, (np.diff(keys, axis=1) != 0).any(axis=0)])
    return [_track(matched, part) for part in np.split(rows, starts[1:])]


def _track(matched: Matched, rows: IntArray) -> Track:
    found = matched.truth_error[rows] == c.FOUND
    pred_track = np.full(len(rows), NO_TRACK)
    pred_track[found] = matched.pred.track_id[matched.truth_pred[rows[found]]]
    named = np.flatnonzero(pred_track != NO_TRACK)
    first = int(rows[0])
    return Track(
        camera=int(matched.truth.camera[first]),
        track_id=int(matched.truth.track_id[first]),
        category=int(np.bincount(matched.truth.category[rows]).argmax()),
        rows=rows,
        pred_track=pred_track,
        found=int(found.sum()),
        switched=named[1:][np.diff(pred_track[named]) != 0],
    )


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
        matched.names[row]: {
            "tracks": int((category == row).sum()),
            "median": float(np.median(lengths[category == row])),
            "longest": int(lengths[category == row].max()),
        }
        for row in np.unique(category).tolist()
    }
