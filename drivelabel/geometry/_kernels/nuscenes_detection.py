"""Matching of detections as nuScenes does it, for numba. Callers have checked; nothing here raises."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivelabel.typing import BoolArray, FloatArray, IntArray


@njit(cache=True)
def group_rows(group: IntArray, n_groups: int) -> tuple[IntArray, IntArray]:
    """(n,) group of each row -> (n,) rows by group in their own order, (n_groups + 1,) where groups start."""
    start = np.zeros(n_groups + 1, np.int64)
    for row in range(len(group)):
        start[group[row] + 1] += 1
    for k in range(n_groups):
        start[k + 1] += start[k]
    free, order = start[:-1].copy(), np.empty(len(group), np.int64)
    for row in range(len(group)):
        order[free[group[row]]] = row
        free[group[row]] += 1
    return order, start


@njit(cache=True)
def near_truths(
    pred_xy: FloatArray, pred_group: IntArray, truth_xy: FloatArray, start: IntArray, limit: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """Truths of each prediction's group nearer than `limit` metres.

    pred_xy (n, 3), truth_xy (m, 3) sorted by group, start (g + 1,) -> (n + 1,) offsets, (e,) truth rows in
    their own order, (e,) distances.
    """
    n = len(pred_xy)
    offsets = np.zeros(n + 1, np.int64)
    rows, distances = np.empty(max(n, 16), np.int64), np.empty(max(n, 16))
    size, loose = 0, limit * limit * (1.0 + 1e-12)
    for i in range(n):
        x, y, group = pred_xy[i, 0], pred_xy[i, 1], pred_group[i]
        for j in range(start[group], start[group + 1]):
            dx, dy = x - truth_xy[j, 0], y - truth_xy[j, 1]
            square = dx * dx + dy * dy
            if square > loose:
                continue
            distance = math.sqrt(square)
            if distance < limit:
                if size == len(rows):
                    rows = np.append(rows, np.empty(size, np.int64))
                    distances = np.append(distances, np.empty(size))
                rows[size], distances[size] = j, distance
                size += 1
        offsets[i + 1] = size
    return offsets, rows[:size], distances[:size]


@njit(cache=True)
def match(offsets: IntArray, rows: IntArray, distances: FloatArray, n_truth: int, limit: float) -> IntArray:
    """Each prediction in turn takes the nearest free truth, if it is nearer than `limit`.

    Near truths of k predictions as :func:`near_truths` returns them -> (k,) truth row or -1.
    """
    taken = np.zeros(n_truth, np.bool_)
    partner = np.full(len(offsets) - 1, -1, np.int64)
    for k in range(len(partner)):
        best, nearest = -1, limit
        for e in range(offsets[k], offsets[k + 1]):
            if distances[e] < nearest and not taken[rows[e]]:
                best, nearest = rows[e], distances[e]
        if best >= 0:
            taken[best] = True
            partner[k] = best
    return partner


@njit(cache=True)
def precision_recall(partner: IntArray, n_truth: int) -> tuple[FloatArray, FloatArray]:
    """(k,) partners in order of score -> (k,) precision and (k,) recall down to each prediction."""
    precision, recall = np.empty(len(partner)), np.empty(len(partner))
    hits = 0.0
    for k in range(len(partner)):
        if partner[k] >= 0:
            hits += 1.0
        precision[k] = hits / (k + 1.0)
        recall[k] = hits / n_truth
    return precision, recall


@njit(cache=True)
def yaws(quat_wxyz: FloatArray) -> FloatArray:
    """(n, 4) rotations -> (n,) direction of the box's x axis in the xy plane, radians."""
    yaw = np.empty(len(quat_wxyz))
    for i in range(len(quat_wxyz)):
        w, x, y, z = quat_wxyz[i, 0], quat_wxyz[i, 1], quat_wxyz[i, 2], quat_wxyz[i, 3]
        yaw[i] = math.atan2(2.0 * (x * y + w * z), w * w + x * x - y * y - z * z)
    return yaw


@njit(cache=True)
def true_positive_errors(
    truth_xy: FloatArray,
    pred_xy: FloatArray,
    truth_wlh: FloatArray,
    pred_wlh: FloatArray,
    truth_velocity: FloatArray,
    pred_velocity: FloatArray,
    yaw_difference: FloatArray,
    period: float,
) -> FloatArray:
    """(k, ...) matched pairs -> (4, k): place (m), size (1 - IoU), heading (rad), velocity (m/s)."""
    errors = np.empty((4, len(truth_xy)))
    for i in range(len(truth_xy)):
        dx, dy = pred_xy[i, 0] - truth_xy[i, 0], pred_xy[i, 1] - truth_xy[i, 1]
        errors[0, i] = math.sqrt(dx * dx + dy * dy)
        common, own, other = 1.0, 1.0, 1.0
        for axis in range(3):
            common *= min(truth_wlh[i, axis], pred_wlh[i, axis])
            own *= truth_wlh[i, axis]
            other *= pred_wlh[i, axis]
        errors[1, i] = 1.0 - common / (own + other - common)
        turn = (yaw_difference[i] + period / 2.0) % period - period / 2.0
        if turn > math.pi:
            turn -= 2.0 * math.pi
        errors[2, i] = abs(turn)
        vx = pred_velocity[i, 0] - truth_velocity[i, 0]
        vy = pred_velocity[i, 1] - truth_velocity[i, 1]
        errors[3, i] = math.sqrt(vx * vx + vy * vy)
    return errors


@njit(cache=True)
def running_mean(values: FloatArray) -> FloatArray:
    """(n,) -> (n,) mean of all values so far that are no NaN; 0 before the first, 1 where all are NaN."""
    mean, total, count = np.zeros(len(values)), 0.0, 0
    for i in range(len(values)):
        if not math.isnan(values[i]):
            total += values[i]
            count += 1
        if count:
            mean[i] = total / count
    if count == 0:
        mean[:] = 1.0
    return mean


@njit(cache=True)
def in_racks(
    points: FloatArray,
    first: IntArray,
    stop: IntArray,
    center: FloatArray,
    size_wlh: FloatArray,
    quat_wxyz: FloatArray,
) -> BoolArray:
    """(n, 3) points, and the racks first[i]:stop[i] of each -> (n,) whether it lies in one, border included.

    Measured from a corner along the edges, as nuScenes does it: it decides points on the border.
    """
    inside = np.zeros(len(points), np.bool_)
    for i in range(len(points)):
        for k in range(first[i], stop[i]):
            axes = _axes(quat_wxyz[k])
            good = True
            for axis in range(3):
                # Width runs along y, length along x.
                side = size_wlh[k, (1, 0, 2)[axis]]
                along, edge = 0.0, 0.0
                for d in range(3):
                    corner = (
                        center[k, d]
                        + (
                            axes[d, 0] * size_wlh[k, 1]
                            + axes[d, 1] * size_wlh[k, 0]
                            + axes[d, 2] * size_wlh[k, 2]
                        )
                        / 2.0
                    )
                    along -= axes[d, axis] * side * (points[i, d] - corner)
                    edge += (axes[d, axis] * side) ** 2
                good = good and 0.0 <= along <= edge
            inside[i] = inside[i] or good
    return inside


@njit(cache=True)
def _axes(quat_wxyz: FloatArray) -> FloatArray:
    """(4,) -> (3, 3) rotation matrix."""
    norm = math.sqrt((quat_wxyz * quat_wxyz).sum())
    q = quat_wxyz / norm if norm > 0.0 else quat_wxyz
    w, x, y, z = q[0], q[1], q[2], q[3]
    return np.array(
        [
            [w * w + x * x - y * y - z * z, 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
            [2.0 * (x * y + w * z), w * w - x * x + y * y - z * z, 2.0 * (y * z - w * x)],
            [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), w * w - x * x - y * y + z * z],
        ]
    )
