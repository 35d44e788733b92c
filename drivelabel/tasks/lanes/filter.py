"""One lane line through time: where it is in each row, and how fast it moves there."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from drivelabel.typing import BoolArray, FloatArray, IntArray

_SMOOTHING = 0.06  # seconds after which a new position counts for two thirds
_GLIDE = 0.15  # seconds after which an unseen line has lost two thirds of its speed
_STYLE_MEMORY = 0.5  # seconds


@dataclass(frozen=True, slots=True, eq=False)
class LineTracks:
    """Lines that are followed, one row each; knots are image rows that all lines share.

    Attributes:
        track_id: (n,) int64.
        u: (n, k) float64, column in each knot, pixels.
        speed: (n, k) float64, pixels per second.
        known: (n, k) bool, knots in which the line has been seen at all.
        drawn: (n, k) bool, knots in which it was seen last.
        hits: (n,) int64, frames in which it was seen.
        unseen_ns: (n,) int64, time since it was seen.
        score: (n,) float64, of its last sighting.
        style_votes: (n, s) float64, per style, fading.
        side: (n,) int64, -1 left of the camera, 1 right.
        category_id: (n,) int64.
        source: (n,) int64.
    """

    track_id: IntArray
    u: FloatArray
    speed: FloatArray
    known: BoolArray
    drawn: BoolArray
    hits: IntArray
    unseen_ns: IntArray
    score: FloatArray
    style_votes: FloatArray
    side: IntArray
    category_id: IntArray
    source: IntArray

    def __len__(self) -> int:
        return len(self.track_id)

    def __getitem__(self, rows: BoolArray | IntArray) -> LineTracks:
        return LineTracks(*(getattr(self, f.name)[rows] for f in fields(self)))

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Name to column."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def empty(cls, n_knots: int, n_styles: int) -> LineTracks:
        """No lines."""
        ints, flags = np.zeros(0, np.int64), np.zeros((0, n_knots), np.bool_)
        values = np.zeros((0, n_knots))
        votes = np.zeros((0, n_styles))
        return cls(ints, values, values, flags, flags, ints, ints, np.zeros(0), votes, ints, ints, ints)

    def concat(self, other: LineTracks) -> LineTracks:
        """The rows of both."""
        return LineTracks(
            *(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self))
        )


def predict(tracks: LineTracks, elapsed_ns: int) -> LineTracks:
    """The lines after some time; all count as unseen, and slow down while they are."""
    seconds = elapsed_ns * 1e-9
    moved = tracks.u + tracks.speed * seconds
    unseen = tracks.unseen_ns > 0
    slower = np.where(unseen[:, None], tracks.speed * np.exp(-seconds / _GLIDE), tracks.speed)
    return replace(
        tracks,
        u=moved,
        speed=slower,
        unseen_ns=tracks.unseen_ns + elapsed_ns,
        style_votes=tracks.style_votes * np.exp(-seconds / _STYLE_MEMORY),
    )


def update(tracks: LineTracks, seen: LineTracks, elapsed_ns: int) -> LineTracks:
    """Predicted lines corrected by a sighting of each, row by row.

    An alpha-beta filter with the gains for least error at a smooth change of speed.

    Source: T. Benedict, G. Bordner, Synthesis of an optimal set of radar track-while-scan smoothing
    equations, IRE Transactions on Automatic Control 7, 1962.
    """
    seconds = elapsed_ns * 1e-9
    gain = 1.0 - np.exp(-seconds / _SMOOTHING)
    speed_gain = gain**2 / (2.0 - gain)
    both = tracks.known & seen.known
    error = np.where(both, seen.u - tracks.u, 0.0)
    fresh = seen.known & ~tracks.known
    return replace(
        seen,
        track_id=tracks.track_id,
        u=np.where(fresh, seen.u, tracks.u + gain * error),
        speed=np.where(fresh, 0.0, tracks.speed + speed_gain * error / max(seconds, 1e-9)),
        # A knot that was passed over is forgotten: its place would be stale when the line returns to it.
        known=seen.known,
        drawn=seen.known,
        hits=tracks.hits + 1,
        style_votes=tracks.style_votes + seen.style_votes,
    )
