"""Bookkeeping of the box tracker, for numba: who lives on, who begins, and who gets an id."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.boxes import iou_of_two
from drivelabel.geometry._kernels.kalman import correct, start_motion
from drivelabel.geometry._kernels.tracking import WAITING
from drivelabel.typing import FloatArray, IntArray


@njit(cache=True)
def next_tracks(
    motion: FloatArray,
    track_id: IntArray,
    track_group: IntArray,
    evidence: FloatArray,
    last_seen: IntArray,
    votes: FloatArray,
    box_of_track: IntArray,
    xyxy: FloatArray,
    group: IntArray,
    category: IntArray,
    score: FloatArray,
    now: int,
    low_score: float,
    new_score: float,
    enough: float,
    max_overlap: float,
    next_id: int,
) -> tuple[
    FloatArray, IntArray, IntArray, FloatArray, IntArray, FloatArray, IntArray, IntArray, int
]:  # fmt: skip
    """The tracks after a frame, the track id and voted class of each of its boxes, and the next free id."""
    m = len(xyxy)
    source = _who_goes_on(track_id, box_of_track)
    born = _who_begins(box_of_track, xyxy, group, score, low_score, max_overlap)
    size = len(source) + len(born)
    started = start_motion(xyxy[born])
    new_motion, new_votes = np.empty((size, 4, 5)), np.zeros((size, votes.shape[1]))
    new_id, new_group = np.full(size, WAITING, np.int64), np.empty(size, np.int64)
    new_evidence, new_seen = np.zeros(size), np.full(size, now, np.int64)
    row_id, row_category = np.full(m, WAITING, np.int64), category.copy()
    for k in range(size):
        if k < len(source):
            i = source[k]
            box = box_of_track[i]
            if box >= 0:
                correct(motion[i], xyxy[box], new_motion[k])
            else:
                new_motion[k] = motion[i]
            new_votes[k], new_evidence[k] = votes[i], evidence[i]
            new_id[k], new_group[k] = track_id[i], track_group[i]
            if box < 0:
                new_seen[k] = last_seen[i]
                continue
        else:
            box = born[k - len(source)]
            new_motion[k], new_group[k] = started[k - len(source)], group[box]
        new_votes[k, category[box]] += score[box]
        new_evidence[k] += score[box]
        if new_id[k] == WAITING and (score[box] >= new_score or new_evidence[k] >= enough):
            new_id[k] = next_id
            next_id += 1
        if new_id[k] != WAITING:
            row_id[box], row_category[box] = new_id[k], np.argmax(new_votes[k])
    return new_motion, new_id, new_group, new_evidence, new_seen, new_votes, row_id, row_category, next_id


@njit(cache=True)
def _who_goes_on(track_id: IntArray, box_of_track: IntArray) -> IntArray:
    """Rows of tracks that were seen or that have an id."""
    kept = np.empty(len(track_id), np.int64)
    size = 0
    for i in range(len(track_id)):
        if box_of_track[i] >= 0 or track_id[i] != WAITING:
            kept[size] = i
            size += 1
    return kept[:size]


@njit(cache=True)
def _who_begins(
    box_of_track: IntArray,
    xyxy: FloatArray,
    group: IntArray,
    score: FloatArray,
    low_score: float,
    max_overlap: float,
) -> IntArray:
    """Rows of boxes that begin a track: in no track, not weak, and no second box on a thing in one."""
    is_taken = np.zeros(len(xyxy), np.bool_)
    for i in range(len(box_of_track)):
        if box_of_track[i] >= 0:
            is_taken[box_of_track[i]] = True
    free = np.flatnonzero(~is_taken & (score >= low_score))
    born = np.empty(len(free), np.int64)
    size = 0
    for j in free[np.argsort(-score[free], kind="mergesort")]:
        is_second = False
        for other in range(len(xyxy)):
            if is_taken[other] and group[other] == group[j]:
                is_second = is_second or iou_of_two(xyxy[j], xyxy[other]) > max_overlap
        if not is_second:
            is_taken[j] = True
            born[size] = j
            size += 1
    return np.sort(born[:size])
