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
def countable(
    category: IntArray, distance: FloatArray, n_points: IntArray, in_rack: BoolArray, limit: FloatArray
) -> IntArray:
    """(n,) columns of boxes, (c,) range of each class -> (k,) rows nearer than it, not empty, in no rack."""
    rows, size = np.empty(len(category), np.int64), 0
    for i in range(len(category)):
        if distance[i] < limit[category[i]] and n_points[i] != 0 and not in_rack[i]:
            rows[size] = i
            size += 1
    return rows[:size]


@njit(cache=True)
def near_truths(
    pred_rows: IntArray,
    pred_sample: IntArray,
    pred_xyz: FloatArray,
    truth_rows: IntArray,
    truth_start: IntArray,
    truth_xyz: FloatArray,
    limit: float,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Truths of each prediction's sample nearer than `limit` metres along the ground.

    (k,) rows of predictions, (t,) rows of truths by sample, (s + 1,) where samples start among them
    -> (k + 1,) offsets, (e,) index into truth_rows, (e,) distances; a sample's truths in their own order.
    """
    offsets = np.zeros(len(pred_rows) + 1, np.int64)
    near, distances = np.empty(max(len(pred_rows), 16), np.int64), np.empty(max(len(pred_rows), 16))
    xy = np.empty((len(truth_rows), 2))
    for t in range(len(truth_rows)):
        xy[t, 0], xy[t, 1] = truth_xyz[truth_rows[t], 0], truth_xyz[truth_rows[t], 1]
    size, loose = 0, limit * limit * (1.0 + 1e-12)
    for k in range(len(pred_rows)):
        x, y, sample = pred_xyz[pred_rows[k], 0], pred_xyz[pred_rows[k], 1], pred_sample[pred_rows[k]]
        for t in range(truth_start[sample], truth_start[sample + 1]):
            dx, dy = x - xy[t, 0], y - xy[t, 1]
            square = dx * dx + dy * dy
            if square > loose:
                continue
            distance = math.sqrt(square)
            if distance < limit:
                if size == len(near):
                    near = np.append(near, np.empty(size, np.int64))
                    distances = np.append(distances, np.empty(size))
                near[size], distances[size] = t, distance
                size += 1
        offsets[k + 1] = size
    return offsets, near[:size], distances[:size]


@njit(cache=True)
def match(
    order: IntArray,
    offsets: IntArray,
    near: IntArray,
    distances: FloatArray,
    n_truth: int,
    limits: FloatArray,
) -> IntArray:
    """Each prediction in `order` takes the nearest free truth, if it is nearer than a limit.

    (k,) predictions, near truths as :func:`near_truths` returns them, (t,) limits
    -> (t, k) index of the pair for each limit, or -1.
    """
    taken = np.zeros((len(limits), n_truth), np.bool_)
    pair = np.full((len(limits), len(order)), -1, np.int64)
    for k in range(len(order)):
        first, stop = offsets[order[k]], offsets[order[k] + 1]
        if first == stop:
            continue
        for t in range(len(limits)):
            best, nearest = -1, limits[t]
            for e in range(first, stop):
                if distances[e] < nearest and not taken[t, near[e]]:
                    best, nearest = e, distances[e]
            if best >= 0:
                taken[t, near[best]] = True
                pair[t, k] = best
    return pair


@njit(cache=True)
def precision_recall(pair: IntArray, n_truth: int) -> tuple[FloatArray, FloatArray]:
    """(k,) pairs in order of score -> (k,) precision and (k,) recall down to each prediction."""
    precision, recall = np.empty(len(pair)), np.empty(len(pair))
    hits = 0.0
    for k in range(len(pair)):
        if pair[k] >= 0:
            hits += 1.0
        precision[k] = hits / (k + 1.0)
        recall[k] = hits / n_truth
    return precision, recall


@njit(cache=True)
def pair_errors(
    used: BoolArray,
    offsets: IntArray,
    near: IntArray,
    pred_rows: IntArray,
    truth_rows: IntArray,
    pred_wlh: FloatArray,
    truth_wlh: FloatArray,
    pred_quat: FloatArray,
    truth_quat: FloatArray,
    pred_velocity: FloatArray,
    truth_velocity: FloatArray,
    pred_attribute: IntArray,
    truth_attribute: IntArray,
    period: float,
) -> FloatArray:
    """(e,) which pairs are asked for -> (4, e) errors: 1 - IoU of size, heading, velocity, attribute.

    Pairs as :func:`near_truths` returns them; headings are equal up to `period` radians; a velocity or
    attribute is NaN where it is not known, a size infinite where a side is not positive.
    """
    errors = np.full((4, len(near)), np.nan)
    for k in range(len(pred_rows)):
        for e in range(offsets[k], offsets[k + 1]):
            if not used[e]:
                continue
            a, b = truth_rows[near[e]], pred_rows[k]
            errors[0, e] = _size_error(truth_wlh[a], pred_wlh[b])
            turn = (_yaw(truth_quat[a]) - _yaw(pred_quat[b]) + period / 2.0) % period - period / 2.0
            errors[1, e] = abs(turn)
            vx = pred_velocity[b, 0] - truth_velocity[a, 0]
            vy = pred_velocity[b, 1] - truth_velocity[a, 1]
            errors[2, e] = math.sqrt(vx * vx + vy * vy)
            if truth_attribute[a] >= 0:
                errors[3, e] = 1.0 if truth_attribute[a] != pred_attribute[b] else 0.0
    return errors


@njit(cache=True)
def _size_error(truth_wlh: FloatArray, pred_wlh: FloatArray) -> float:
    """(3,) and (3,) -> 1 - IoU of boxes in one place and heading; infinite if a side is not positive."""
    common, own, other = 1.0, 1.0, 1.0
    for axis in range(3):
        if truth_wlh[axis] <= 0.0 or pred_wlh[axis] <= 0.0:
            return math.inf
        common *= min(truth_wlh[axis], pred_wlh[axis])
        own *= truth_wlh[axis]
        other *= pred_wlh[axis]
    return 1.0 - common / (own + other - common)


@njit(cache=True)
def _yaw(quat_wxyz: FloatArray) -> float:
    """(4,) rotation -> direction of the box's x axis in the xy plane, radians."""
    w, x, y, z = quat_wxyz[0], quat_wxyz[1], quat_wxyz[2], quat_wxyz[3]
    return math.atan2(2.0 * (x * y + w * z), w * w + x * x - y * y - z * z)


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
