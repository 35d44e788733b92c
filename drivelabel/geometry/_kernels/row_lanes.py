"""Loops over lane lines given as x per image row, for numba. Callers have checked shapes; nothing raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.geometry._kernels.assignment import assign
from drivelabel.typing import FloatArray, IntArray

FAR = -100.0
"""Where TuSimple's script puts a point that is missing, so that two missing points agree."""


@njit(cache=True)
def pixel_threshold(x: FloatArray, rows: FloatArray, pixels: float) -> float:
    """How far beside a (k,) lane line a point may lie: `pixels` across the line, measured along its row."""
    n, mean_x, mean_y = 0, 0.0, 0.0
    for i in range(len(x)):
        if x[i] >= 0.0:
            n += 1
            mean_x += x[i]
            mean_y += rows[i]
    if n < 2:
        return pixels
    mean_x, mean_y = mean_x / n, mean_y / n
    covariance, variance = 0.0, 0.0
    for i in range(len(x)):
        if x[i] >= 0.0:
            covariance += (rows[i] - mean_y) * (x[i] - mean_x)
            variance += (rows[i] - mean_y) ** 2
    slope = covariance / variance if variance > 0.0 else 0.0
    return float(pixels / np.cos(np.arctan(slope)))


@njit(cache=True)
def _agreeing(truth: FloatArray, pred: FloatArray, threshold: float) -> int:
    """Rows on which two lines agree, rows that both miss among them."""
    n = 0
    for i in range(len(truth)):
        a = truth[i] if truth[i] >= 0.0 else FAR
        b = pred[i] if pred[i] >= 0.0 else FAR
        n += abs(b - a) < threshold
    return n


@njit(cache=True)
def tusimple_frames(
    truth_x: FloatArray,
    truth_lines: IntArray,
    truth_frames: IntArray,
    pred_x: FloatArray,
    pred_lines: IntArray,
    pred_frames: IntArray,
    rows: FloatArray,
    row_frames: IntArray,
    refused: IntArray,
    pixels: float,
    share: float,
) -> FloatArray:
    """Values of all lines, where lines and frames start -> (f, 3) accuracy, FP and FN of each frame."""
    out = np.zeros((len(refused), 3))
    for f in range(len(refused)):
        n_truth = truth_frames[f + 1] - truth_frames[f]
        n_pred = pred_frames[f + 1] - pred_frames[f]
        if refused[f] or n_truth + 2 < n_pred:
            out[f, 2] = 1.0
            continue
        height = rows[row_frames[f] : row_frames[f + 1]]
        total, lowest, matched, missed = 0.0, np.inf, 0.0, 0.0
        for t in range(truth_frames[f], truth_frames[f + 1]):
            line = truth_x[truth_lines[t] : truth_lines[t + 1]]
            threshold = pixel_threshold(line, height, pixels)
            best = 0
            for p in range(pred_frames[f], pred_frames[f + 1]):
                best = max(best, _agreeing(line, pred_x[pred_lines[p] : pred_lines[p + 1]], threshold))
            accuracy = best / len(line) if len(line) and n_pred else 0.0
            if accuracy < share:
                missed += 1.0
            else:
                matched += 1.0
            total += accuracy
            lowest = min(lowest, accuracy)
        if n_truth > 4:
            missed -= missed > 0.0
            total -= lowest
        out[f, 0] = total / max(min(4.0, n_truth), 1.0)
        out[f, 1] = (n_pred - matched) / n_pred if n_pred else 0.0
        out[f, 2] = missed / max(min(4.0, n_truth), 1.0)
    return out


@njit(cache=True)
def paired_frames(
    truth_x: FloatArray,
    truth_lines: IntArray,
    truth_frames: IntArray,
    pred_x: FloatArray,
    pred_lines: IntArray,
    pred_frames: IntArray,
    rows: FloatArray,
    row_frames: IntArray,
    pixels: float,
    share: float,
) -> IntArray:
    """As above -> (f, 4) pairs of lines, points that agree in pairs, points of truth, points of pred.

    Lines pair one to one for the most agreeing points; a pair counts when these are at least `share` of the
    rows that either line has. A row that a line misses never agrees.
    """
    out = np.zeros((len(row_frames) - 1, 4), np.int64)
    for f in range(len(out)):
        first_truth, first_pred = truth_frames[f], pred_frames[f]
        n_truth, n_pred = truth_frames[f + 1] - first_truth, pred_frames[f + 1] - first_pred
        size = max(n_truth, n_pred)
        gain, points = np.zeros((size, size)), np.zeros((size, size), np.int64)
        height = rows[row_frames[f] : row_frames[f + 1]]
        for p in range(n_pred):
            out[f, 3] += np.sum(pred_x[pred_lines[first_pred + p] : pred_lines[first_pred + p + 1]] >= 0.0)
        for t in range(n_truth):
            a = truth_x[truth_lines[first_truth + t] : truth_lines[first_truth + t + 1]]
            out[f, 2] += np.sum(a >= 0.0)
            threshold = pixel_threshold(a, height, pixels)
            for p in range(n_pred):
                b = pred_x[pred_lines[first_pred + p] : pred_lines[first_pred + p + 1]]
                both, either = 0, 0
                for i in range(len(a)):
                    either += a[i] >= 0.0 or b[i] >= 0.0
                    both += a[i] >= 0.0 and b[i] >= 0.0 and abs(a[i] - b[i]) < threshold
                if either and both / either >= share:
                    gain[t, p], points[t, p] = both / either, both
        best = assign(gain)
        for t in range(n_truth):
            out[f, 0] += gain[t, best[t]] > 0.0
            out[f, 1] += points[t, best[t]]
    return out
