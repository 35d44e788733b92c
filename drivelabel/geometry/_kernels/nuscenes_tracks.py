"""Tracks as nuScenes completes them before it judges them, for numba. Nothing here raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import FloatArray, IntArray

_BLOCK = 128


@njit(cache=True)
def number_tracks(code: IntArray, scene: IntArray, n_codes: int) -> tuple[IntArray, int]:
    """(n,) identity codes below n_codes and scenes, scene by scene -> (n,) track numbers, how many.

    A track is one code within one scene; tracks are numbered in order of first appearance.
    """
    number, in_scene = np.full(n_codes, -1, np.int64), np.full(n_codes, -1, np.int64)
    track, count = np.empty(len(code), np.int64), 0
    for row in range(len(code)):
        own = code[row]
        if in_scene[own] != scene[row]:
            in_scene[own], number[own] = scene[row], count
            count += 1
        track[row] = number[own]
    return track, count


@njit(cache=True)
def track_means(values: FloatArray, order: IntArray, start: IntArray) -> FloatArray:
    """(n,) values, rows by track -> (t,) mean of each track, added up in the order in which NumPy adds."""
    means = np.empty(len(start) - 1)
    for track in range(len(means)):
        own = values[order[start[track] : start[track + 1]]]
        means[track] = numpy_sum(own) / len(own)
    return means


@njit(cache=True)
def numpy_sum(values: FloatArray) -> float:
    """(n,) -> the sum, to the last bit as ``np.sum`` has it: halves, blocks of 128, eight sums each."""
    n = len(values)
    if n > _BLOCK:
        half = n // 2
        half -= half % 8
        return float(numpy_sum(values[:half]) + numpy_sum(values[half:]))
    total = 0.0
    if n < 8:
        for value in values:
            total += value
        return total
    part = values[:8].copy()
    whole = n - n % 8
    for first in range(8, whole, 8):
        for k in range(8):
            part[k] += values[first + k]
    total = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]))
    for k in range(whole, n):
        total += values[k]
    return float(total)


@njit(cache=True)
def fill_gaps(
    order: IntArray, start: IntArray, frame: IntArray, time: IntArray, xy: FloatArray, score: FloatArray
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Boxes for the frames in which a track is missing between two of its own.

    Rows by track (rising in time), (n,) frame of each row, (f,) time of each frame, (n, 2), (n,)
    -> (k,) the row to the right of each new box, (k,) its frame, (k, 2) its place, (k,) its score.

    The weight of the right box is (t_right - t) / (t_right - t_left): nuScenes has it the wrong way round.
    """
    n_new = 0
    for track in range(len(start) - 1):
        for k in range(start[track] + 1, start[track + 1]):
            n_new += max(frame[order[k]] - frame[order[k - 1]] - 1, 0)
    right, new_frame = np.empty(n_new, np.int64), np.empty(n_new, np.int64)
    new_xy, new_score = np.empty((n_new, 2)), np.empty(n_new)
    i = 0
    for track in range(len(start) - 1):
        for k in range(start[track] + 1, start[track + 1]):
            a, b = order[k - 1], order[k]
            for middle in range(frame[a] + 1, frame[b]):
                weight = float(time[frame[b]] - time[middle]) / float(time[frame[b]] - time[frame[a]])
                for axis in range(2):
                    new_xy[i, axis] = (1.0 - weight) * xy[a, axis] + weight * xy[b, axis]
                new_score[i] = (1.0 - weight) * score[a] + weight * score[b]
                right[i], new_frame[i] = b, middle
                i += 1
    return right, new_frame, new_xy, new_score
