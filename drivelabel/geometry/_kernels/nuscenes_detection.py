"""Matching of detections as nuScenes does it, for numba. Callers have checked; nothing here raises."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivelabel.typing import BoolArray, FloatArray, Int32Array, IntArray


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
def match(
    pred_rows: IntArray,
    pred_start: IntArray,
    place: IntArray,
    score: FloatArray,
    pred_xyz: FloatArray,
    truth_rows: IntArray,
    truth_start: IntArray,
    truth_xyz: FloatArray,
    limits: FloatArray,
) -> tuple[Int32Array, IntArray, IntArray, FloatArray]:
    """Best score first, each prediction takes the nearest free truth of its group, if nearer than a limit.

    (k,) rows of predictions by group (its sample and class), (g + 1,) where groups start, (k,) where the
    result of each goes; (t,) rows of truths by group, (g + 1,); (l,) limits in metres along the ground.
    Group by group, though the order of scores goes through all: only within a group does it matter here,
    and so memory is read in order.

    Returns (l, k) number of the pair at each limit or -1; rows of the (e,) pairs that match at any limit,
    prediction and truth, and their distances.
    """
    pair, size = np.full((len(limits), len(pred_rows)), -1, np.int32), 0
    room = max(len(truth_rows), 16)
    of_pred, of_truth, metres = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    most = 0 if len(truth_start) == 1 else np.diff(truth_start).max()
    taken, xy = np.empty((len(limits), most), np.bool_), np.empty((most, 2))
    near, distances = np.empty(most, np.int64), np.empty(most)
    most = 0 if len(pred_start) == 1 else np.diff(pred_start).max()
    order, scores = np.empty(most + 1, np.int64), np.empty(most + 1)
    farthest = limits.max()
    loose = farthest * farthest * (1.0 + 1e-12)
    for g in range(len(pred_start) - 1):
        first, n_truths = truth_start[g], truth_start[g + 1] - truth_start[g]
        if n_truths == 0 or pred_start[g] == pred_start[g + 1]:
            continue
        for t in range(n_truths):
            xy[t, 0], xy[t, 1] = truth_xyz[truth_rows[first + t], 0], truth_xyz[truth_rows[first + t], 1]
        taken[:, :n_truths] = False
        n_asked = 0
        for k in range(pred_start[g], pred_start[g + 1]):  # most are near no truth: those need no order
            row, is_near = pred_rows[k], False
            x, y = pred_xyz[row, 0], pred_xyz[row, 1]
            for t in range(n_truths):
                dx, dy = x - xy[t, 0], y - xy[t, 1]
                is_near |= dx * dx + dy * dy <= loose
            if is_near:
                _insert_falling(order, scores, n_asked, k, score[row])
                n_asked += 1
        for k in order[:n_asked]:
            row, n_near, n_before = pred_rows[k], 0, size
            for t in range(n_truths):
                dx, dy = pred_xyz[row, 0] - xy[t, 0], pred_xyz[row, 1] - xy[t, 1]
                square = dx * dx + dy * dy
                if square <= loose:
                    near[n_near], distances[n_near] = t, math.sqrt(square)
                    n_near += 1
            for limit in range(len(limits) if n_near else 0):
                best, nearest = -1, limits[limit]
                for e in range(n_near):
                    if distances[e] < nearest and not taken[limit, near[e]]:
                        best, nearest = near[e], distances[e]
                if best < 0:
                    continue
                taken[limit, best] = True
                e = n_before
                while e < size and of_truth[e] != truth_rows[first + best]:
                    e += 1
                if e == size:
                    if size == len(metres):
                        of_pred, of_truth = np.append(of_pred, of_pred), np.append(of_truth, of_truth)
                        metres = np.append(metres, metres)
                    of_pred[e], of_truth[e], metres[e] = row, truth_rows[first + best], nearest
                    size += 1
                pair[limit, place[k]] = e
    return pair, of_pred[:size], of_truth[:size], metres[:size]


@njit(forceinline=True)  # not cached: see json_words
def _insert_falling(order: IntArray, scores: FloatArray, n: int, k: int, score: float) -> None:
    """Put k into a list of n by falling score, before those of the same score."""
    while n > 0 and scores[n - 1] <= score:
        order[n], scores[n] = order[n - 1], scores[n - 1]
        n -= 1
    order[n], scores[n] = k, score


@njit(cache=True)
def pair_errors(
    of_pred: IntArray,
    of_truth: IntArray,
    pred_wlh: FloatArray,
    truth_wlh: FloatArray,
    pred_quat: FloatArray,
    truth_quat: FloatArray,
    pred_velocity: FloatArray,
    truth_velocity: FloatArray,
    pred_attribute: IntArray,
    truth_attribute: IntArray,
    truth_category: IntArray,
    period: FloatArray,
) -> FloatArray:
    """(e,) rows of pairs -> (4, e) errors: 1 - IoU of size, heading, velocity, attribute.

    Headings are equal up to `period` (c,) radians of their class; a velocity or attribute is NaN where it is
    not known, a size infinite where a side is not positive.
    """
    errors = np.full((4, len(of_pred)), np.nan)
    for e in range(len(of_pred)):
        a, b = of_truth[e], of_pred[e]
        errors[0, e] = _size_error(truth_wlh[a], pred_wlh[b])
        errors[1, e] = _heading_error(truth_quat[a], pred_quat[b], period[truth_category[a]])
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
def _heading_error(truth_quat: FloatArray, pred_quat: FloatArray, period: float) -> float:
    """(4,) and (4,) rotations -> radians between the boxes' x axes seen from above, up to `period`."""
    ax, ay = _forward(truth_quat)
    bx, by = _forward(pred_quat)
    # One angle instead of the difference of two: half the time, and equal but for rounding.
    turn = abs(math.atan2(bx * ay - by * ax, ax * bx + ay * by))
    return min(turn, abs(period - turn))


@njit(cache=True)
def _forward(quat_wxyz: FloatArray) -> tuple[float, float]:
    """(4,) rotation -> the box's x axis in the xy plane, not of unit length."""
    w, x, y, z = quat_wxyz[0], quat_wxyz[1], quat_wxyz[2], quat_wxyz[3]
    return w * w + x * x - y * y - z * z, 2.0 * (x * y + w * z)


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
def place(
    sample: IntArray,
    category: IntArray,
    xyz: FloatArray,
    ego_xy: FloatArray,
    asked: BoolArray,
    rack_start: IntArray,
    center: FloatArray,
    size_wlh: FloatArray,
    quat_wxyz: FloatArray,
) -> tuple[FloatArray, BoolArray]:
    """(n,) metres along the ground from the ego vehicle, and (n,) whether a box stands in a bike rack.

    `asked` (c,) are the classes whose boxes may; racks stand by sample, ``rack_start[s]:rack_start[s + 1]``.
    """
    distance, inside = np.empty(len(sample)), np.zeros(len(sample), np.bool_)
    for i in range(len(sample)):
        own = sample[i]
        dx, dy = xyz[i, 0] - ego_xy[own, 0], xyz[i, 1] - ego_xy[own, 1]
        distance[i] = math.sqrt(dx * dx + dy * dy)
        if asked[category[i]]:
            for k in range(rack_start[own], rack_start[own + 1]):
                inside[i] |= _in_rack(xyz[i], center[k], size_wlh[k], quat_wxyz[k])
    return distance, inside


@njit(cache=True)
def _in_rack(point: FloatArray, center: FloatArray, size_wlh: FloatArray, quat_wxyz: FloatArray) -> bool:
    """Whether a point lies in a rack, border included.

    Measured from a corner along the edges, as nuScenes does it: it decides points on the border.
    """
    reach, square = 0.0, 0.0
    for d in range(3):
        reach += size_wlh[d] * size_wlh[d]
        square += (point[d] - center[d]) ** 2
    if square > reach:  # twice its half diagonal away
        return False
    axes = _axes(quat_wxyz)
    for axis in range(3):
        # Width runs along y, length along x.
        side = size_wlh[(1, 0, 2)[axis]]
        along, edge = 0.0, 0.0
        for d in range(3):
            reach = axes[d, 0] * size_wlh[1] + axes[d, 1] * size_wlh[0] + axes[d, 2] * size_wlh[2]
            corner = center[d] + reach / 2.0
            along -= axes[d, axis] * side * (point[d] - corner)
            edge += (axes[d, axis] * side) ** 2
        if not 0.0 <= along <= edge:
            return False
    return True


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
