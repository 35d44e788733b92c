"""Tracks as nuScenes judges them: scenes in order of time, one score a track, gaps filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.nuscenes.columns import TrackingColumns
from drivelabel.evaluation.nuscenes.samples import Samples
from drivelabel.geometry._kernels import nuscenes_detection as rows
from drivelabel.geometry._kernels import nuscenes_tracks as kernels
from drivelabel.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Boxes by frame: all samples, scene by scene, in order of time.

    Attributes:
        start: (f + 1,) int64, where each frame's boxes start.
        frame: (n,) int64, the frame of each box.
        track: (n,) int64, numbers from 0; equal for one thing within one scene.
        track_id: (n,) int64, as given.
        category_id: (n,) int64.
        xy: (n, 2) float64, metres, world coords.
        score: (n,) float64.
        n_tracks: how many tracks there are.
    """

    start: IntArray
    frame: IntArray
    track: IntArray
    track_id: IntArray
    category_id: IntArray
    xy: FloatArray
    score: FloatArray
    n_tracks: int

    def __len__(self) -> int:
        return len(self.frame)

    def of_class(self, category: int) -> Tracks:
        """The boxes of one class."""
        return self[self.category_id == category]

    def __getitem__(self, keep: BoolArray) -> Tracks:
        return Tracks(
            start=np.concatenate([[0], np.cumsum(keep)])[self.start],
            frame=self.frame[keep],
            track=self.track[keep],
            track_id=self.track_id[keep],
            category_id=self.category_id[keep],
            xy=self.xy[keep],
            score=self.score[keep],
            n_tracks=self.n_tracks,
        )


def complete_tracks(boxes: TrackingColumns, samples: Samples, *, one_score: bool) -> Tracks:
    """Tracks without gaps.

    A box is put between two boxes of a track wherever the track is missing in a sample. It has the class of
    the later one. As in nuScenes, its place is weighted the wrong way round.

    Args:
        boxes: those that count.
        samples: all samples of the scenes.
        one_score: give each box its track's mean score first.

    Raises:
        InvalidLabelError: a box names a sample that is not there.
    """
    if len(boxes) and boxes.sample.max() >= len(samples):
        raise InvalidLabelError(f"sample: expected 0 to {len(samples) - 1}, got {int(boxes.sample.max())}.")
    by_time = np.lexsort((samples.timestamp_ns, samples.scene))
    frame_of_sample = np.empty(len(samples), np.int64)
    frame_of_sample[by_time] = np.arange(len(samples))
    order, _ = rows.group_rows(frame_of_sample[boxes.sample], len(samples))
    boxes = boxes[order]
    frame, xy = frame_of_sample[boxes.sample], boxes.translation[:, :2]
    codes, n_codes = _codes(boxes.track_id)
    track, n_tracks = kernels.number_tracks(codes, samples.scene[boxes.sample], n_codes)
    by_track, track_start = rows.group_rows(track, n_tracks)
    score = boxes.score
    if one_score:
        score = kernels.track_means(score, by_track, track_start)[track]
    time = samples.timestamp_ns[by_time]
    right, new_frame, new_xy, new_score = kernels.fill_gaps(by_track, track_start, frame, time, xy, score)
    source = np.concatenate([np.arange(len(boxes)), right])
    merged, start = rows.group_rows(np.concatenate([frame, new_frame]), len(samples))
    source = source[merged]
    return Tracks(
        start=start,
        frame=np.concatenate([frame, new_frame])[merged],
        track=track[source],
        track_id=boxes.track_id[source],
        category_id=boxes.category_id[source],
        xy=np.concatenate([xy, new_xy])[merged],
        score=np.concatenate([score, new_score])[merged],
        n_tracks=n_tracks,
    )


def _codes(track_id: IntArray) -> tuple[IntArray, int]:
    """(n,) small numbers for identities, and a bound on them."""
    if not len(track_id):
        return track_id, 0
    low, high = int(track_id.min()), int(track_id.max())
    if high - low <= 4 * len(track_id) + 1000:
        return track_id - low, high - low + 1
    known, codes = np.unique(track_id, return_inverse=True)
    return codes.reshape(-1), len(known)
