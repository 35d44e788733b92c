"""Which predicted boxes are right, as benchmarks count it, for numba. Nothing here raises.

Truth is grouped: rows of one image (and class) stand together, ``start[g]:start[g + 1]``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.boxes import iou_of_two
from drivelabel.typing import BoolArray, FloatArray, IntArray, UInt8Array

FALSE_POSITIVE = 0
TRUE_POSITIVE = 1
NOT_COUNTED = 2

EVALUATED = 0
IGNORED = 1
OTHER = -1
NOTHING = -1


@njit(cache=True)
def voc_matches(
    truth: FloatArray,
    start: IntArray,
    difficult: BoolArray,
    pred: FloatArray,
    group: IntArray,
    threshold: float,
) -> UInt8Array:
    """Predictions best score first, with the group of their truth -> (n,) what each one is.

    Each takes the truth it overlaps most, also one already taken: then it is false (Pascal VOC's rule).
    """
    taken = np.zeros(len(truth), np.bool_)
    result = np.zeros(len(pred), np.uint8)
    for p in range(len(pred)):
        best, row = 0.0, NOTHING
        for t in range(start[group[p]], start[group[p] + 1]):
            iou = iou_of_two(truth[t], pred[p])
            if iou > best:
                best, row = iou, t
        if row == NOTHING or best < threshold:
            continue
        if difficult[row]:
            result[p] = NOT_COUNTED
        elif not taken[row]:
            taken[row] = True
            result[p] = TRUE_POSITIVE
    return result


@njit(cache=True)
def kitti_scores(
    overlap: FloatArray, truth_state: IntArray, pred_state: IntArray, score: FloatArray, threshold: float
) -> FloatArray:
    """One image, (n, m) IoU -> scores of the right predictions, each truth taking the best score."""
    taken = np.zeros(len(score), np.bool_)
    found, size = np.empty(len(truth_state)), 0
    for t in range(len(truth_state)):
        if truth_state[t] == OTHER:
            continue
        row = NOTHING
        for p in range(len(score)):
            if pred_state[p] == OTHER or taken[p] or not overlap[t, p] > threshold:
                continue
            if row == NOTHING or score[p] > score[row]:
                row = p
        if row == NOTHING:
            continue
        taken[row] = True
        if truth_state[t] == EVALUATED and pred_state[row] == EVALUATED:
            found[size] = score[row]
            size += 1
    return found[:size]


@njit(cache=True)
def kitti_counts(
    overlap: FloatArray,
    stuff: FloatArray,
    truth_state: IntArray,
    pred_state: IntArray,
    score: FloatArray,
    limits: FloatArray,
    turn: FloatArray,
    threshold: float,
    total: FloatArray,
) -> None:
    """One image: add true positives, false positives, misses and orientation similarity to `total` (k, 4).

    `overlap` (n, m) is IoU, `stuff` (d, m) the part of a prediction inside each area that nobody labelled,
    `limits` (k,) the least scores, `turn` (n, m) what a match adds to the similarity.
    """
    for k in range(len(limits)):
        taken = score < limits[k]
        for t in range(len(truth_state)):
            if truth_state[t] == OTHER:
                continue
            row, best, on_ignored = NOTHING, 0.0, False
            for p in range(len(score)):
                if pred_state[p] == OTHER or taken[p] or not overlap[t, p] > threshold:
                    continue
                if pred_state[p] == EVALUATED and (overlap[t, p] > best or on_ignored):
                    row, best, on_ignored = p, overlap[t, p], False
                elif pred_state[p] == IGNORED and row == NOTHING:
                    row, on_ignored = p, True
            if row == NOTHING:
                if truth_state[t] == EVALUATED:
                    total[k, 2] += 1
                continue
            taken[row] = True
            if truth_state[t] == EVALUATED and pred_state[row] == EVALUATED:
                total[k, 0] += 1
                total[k, 3] += turn[t, row]
        for p in range(len(score)):
            if taken[p] or pred_state[p] != EVALUATED:
                continue
            inside = False
            for d in range(len(stuff)):
                inside |= stuff[d, p] > threshold
            if not inside:
                total[k, 1] += 1
