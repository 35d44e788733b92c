"""Loops of the lane line finder for numba. Callers have checked shapes and dtypes; nothing here raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import BoolArray, Float32Array, FloatArray, Int32Array, UInt8Array


# Division by zero cannot happen here, and its check alone keeps the inner loops from being vectorised.
@njit(cache=True, error_model="numpy")
def ridge_strength(
    brightness: UInt8Array, width_px: Int32Array, window_px: int, floor: float, cap: float
) -> Float32Array:
    """How much a stripe stands out from both its sides, in units of the texture around it.

    A stripe's response is its mean minus the brighter side's mean, so that an edge between light and
    shadow gives nothing. The texture is the mean difference of the two sides, each at most `cap` grey
    levels, over `window_px` columns to the left and right, plus `floor`.

    Args:
        brightness: (h, w) uint8.
        width_px: (s, h) int32, the odd widths to look for in each row; 0 for none.
        window_px: half the width of the window for texture.
        floor: texture of a perfectly even road, grey levels.
        cap: what one pixel adds to the texture at most, grey levels.

    Returns:
        (h, w) float32, largest response over the widths; 0 where no stripe fits.
    """
    n_rows, n_cols = brightness.shape
    strength = np.zeros((n_rows, n_cols), np.float32)
    total = np.zeros(n_cols + 1, np.int32)
    below = np.zeros(n_cols, np.float32)
    above = np.zeros(n_cols, np.float32)
    rough = np.zeros(n_cols + 2 * window_px + 1, np.float32)
    for row in range(n_rows):
        running = np.int32(0)
        for col in range(n_cols):
            running += np.int32(brightness[row, col])
            total[col + 1] = running
        for scale in range(width_px.shape[0]):
            width = width_px[scale, row]
            half = width // 2
            # A gap of one pixel on each side keeps the blurred rim of the paint out of the sides.
            side = max(width, 3)
            reach = half + 1 + side
            n_inside = n_cols - 2 * reach
            if width <= 0 or n_inside < 2:
                continue
            # Slices, so that no index can be negative: only then are the loops vectorised.
            left_start, left_stop = total[:n_inside], total[side : side + n_inside]
            start, stop = total[side + 1 : side + 1 + n_inside], total[reach + half + 1 :][:n_inside]
            right_start, right_stop = total[reach + half + 2 :][:n_inside], total[2 * reach + 1 :][:n_inside]
            inv, inv_side = np.float32(1.0 / (2 * half + 1)), np.float32(1.0 / side)
            for col in range(n_inside):
                left = np.float32(left_stop[col] - left_start[col]) * inv_side
                right = np.float32(right_stop[col] - right_start[col]) * inv_side
                brighter = left if left > right else right
                above[col] = np.float32(stop[col] - start[col]) * inv - brighter
                step = abs(left - right)
                below[col] = step if step < np.float32(cap) else np.float32(cap)
            _window_means(below, n_inside, window_px, rough)
            out = strength[row, reach : reach + n_inside]
            for col in range(n_inside):
                value = above[col] / (below[col] + np.float32(floor))
                out[col] = value if value > out[col] else out[col]
    return strength


@njit(cache=True, error_model="numpy")
def _window_means(values: Float32Array, n: int, window_px: int, rough: Float32Array) -> None:
    """Replace the first `n` values by means over `window_px` to both sides, as far as there are values."""
    running = np.float32(0.0)
    rough[: window_px + 1] = running
    for col in range(n):
        running += values[col]
        rough[col + window_px + 1] = running
    rough[n + window_px + 1 : n + 2 * window_px + 1] = running
    low, high = rough[:n], rough[2 * window_px + 1 :][:n]
    for col in range(n):
        inside = min(n, col + window_px + 1) - max(0, col - window_px)
        values[col] = (high[col] - low[col]) / np.float32(inside)


@njit(cache=True)
def segment_agreement(
    segments: FloatArray,
    weight: FloatArray,
    tolerance: FloatArray,
    shapes: FloatArray,
    y_min: float,
    t_max: float,
) -> FloatArray:
    """How much of the segments' length runs along the road, for each supposed shape of it.

    On a flat road of constant curvature every line is u = column + slope * y + curvature / y with
    y = v - horizon; a segment agrees when both its ends give one slope.

    Args:
        segments: (n, 4) float64, u, v of both ends, pixels.
        weight: (n,) float64.
        tolerance: (n,) float64, difference of the ends that no longer agrees, pixels.
        shapes: (m, 3) float64, horizon, column, curvature.
        y_min: rows below the horizon from which on a segment counts; one across is cut there.
        t_max: largest slope that a line may have.

    Returns:
        (m,) float64, sum of weight, each times 1 - difference / tolerance.
    """
    out = np.zeros(shapes.shape[0])
    for m in range(shapes.shape[0]):
        horizon, column, curvature = shapes[m, 0], shapes[m, 1], shapes[m, 2]
        for n in range(segments.shape[0]):
            near, far = (1, 3) if segments[n, 1] > segments[n, 3] else (3, 1)
            u1, y1 = segments[n, near - 1], segments[n, near] - horizon
            u2, y2 = segments[n, far - 1], segments[n, far] - horizon
            if y1 < y_min:
                continue
            share = 1.0
            if y2 < y_min:
                share = (y1 - y_min) / (y1 - y2)
                u2, y2 = u1 + share * (u2 - u1), y_min
            t1 = (u1 - column - curvature / y1) / y1
            t2 = (u2 - column - curvature / y2) / y2
            if abs(t1) > t_max or abs(t2) > t_max:
                continue
            off = abs(t1 - t2) * y2
            if off < tolerance[n]:
                out[m] += share * weight[n] * (1.0 - off / tolerance[n])
    return out


@njit(cache=True)
def slope_votes(
    slope: FloatArray, half_width: FloatArray, row: Int32Array, n_rows: int, t_max: float, step: float
) -> Int32Array:
    """In how many rows a stripe lies on the line of each slope.

    Args:
        slope: (n,) float64, of the line through each stripe; any order.
        half_width: (n,) float64, how far from its slope a stripe still votes.
        row: (n,) int32, image row of each stripe, ascending.
        n_rows: rows of the image.
        t_max, step: slopes run from -t_max to t_max.

    Returns:
        (b,) int32, votes; a row votes once for a slope.
    """
    n_bins = int(2.0 * t_max / step) + 1
    votes = np.zeros(n_bins, np.int32)
    last = np.full(n_bins, -1, np.int32)
    for n in range(slope.shape[0]):
        low = max(0, int(np.ceil((slope[n] - half_width[n] + t_max) / step)))
        high = min(n_bins - 1, int(np.floor((slope[n] + half_width[n] + t_max) / step)))
        for b in range(low, high + 1):
            if last[b] != row[n]:
                last[b] = row[n]
                votes[b] += 1
    return votes


@njit(cache=True)
def refine_segments(segments: FloatArray, uv: FloatArray, reach: float) -> FloatArray:
    """Segments laid through the points beside them: least squares of u over v.

    Args:
        segments: (n, 4) float64, u, v of both ends, pixels.
        uv: (m, 2) float64.
        reach: how far beside a segment its points may lie, pixels along u.

    Returns:
        (n, 4) float64; a segment with fewer than four points, or flatter than four rows, as it was.
    """
    out = segments.copy()
    for n in range(segments.shape[0]):
        u1, v1, u2, v2 = segments[n, 0], segments[n, 1], segments[n, 2], segments[n, 3]
        if abs(v2 - v1) < 4.0:
            continue
        low, high, tilt = min(v1, v2) - 0.5, max(v1, v2) + 0.5, (u2 - u1) / (v2 - v1)
        count = sum_v = sum_o = sum_vv = sum_vo = 0.0
        for m in range(uv.shape[0]):
            v = uv[m, 1] - v1
            off = uv[m, 0] - u1 - tilt * v
            if low <= uv[m, 1] <= high and abs(off) < reach:
                count += 1.0
                sum_v += v
                sum_o += off
                sum_vv += v * v
                sum_vo += v * off
        spread = count * sum_vv - sum_v * sum_v
        if count < 4.0 or spread <= 0.0:
            continue
        turn = (count * sum_vo - sum_v * sum_o) / spread
        shift = (sum_o - turn * sum_v) / count
        out[n, 0] = u1 + shift
        out[n, 2] = u2 + shift + turn * (v2 - v1)
    return out


@njit(cache=True)
def not_along_a_former(segments: FloatArray, tolerance: float) -> BoolArray:
    """Which segments do not lie along one that stands before them and is itself kept.

    Args:
        segments: (n, 4) float64, u, v of both ends, pixels.
        tolerance: how far beside and beyond the former one both ends may lie, pixels.

    Returns:
        (n,) bool.
    """
    keep = np.ones(segments.shape[0], np.bool_)
    for a in range(segments.shape[0]):
        if not keep[a]:
            continue
        along_u, along_v = segments[a, 2] - segments[a, 0], segments[a, 3] - segments[a, 1]
        length = max(np.sqrt(along_u**2 + along_v**2), 1e-9)
        along_u, along_v = along_u / length, along_v / length
        for b in range(a + 1, segments.shape[0]):
            n_inside = 0
            for end in (0, 2):
                way_u, way_v = segments[b, end] - segments[a, 0], segments[b, end + 1] - segments[a, 1]
                forward = way_u * along_u + way_v * along_v
                aside = abs(way_u * along_v - way_v * along_u)
                if aside < tolerance and -tolerance < forward < length + tolerance:
                    n_inside += 1
            if n_inside == 2:
                keep[b] = False
    return keep


@njit(cache=True)
def fit_line(
    u: FloatArray,
    y: FloatArray,
    free: BoolArray,
    tolerance: FloatArray,
    start: FloatArray,
    expected: FloatArray,
    precision: FloatArray,
    n_rounds: int,
) -> tuple[FloatArray, int]:
    """A line through those of many stripes that lie near it: iteratively reweighted least squares.

    Stripes are weighed by Tukey's function of their distance in the round before, and less the nearer
    they are to the camera, where a pixel means less.

    Args:
        u, y: (n,) float64, column and rows below the horizon, pixels.
        free: (n,) bool, which stripes may be used.
        tolerance: (n,) float64, pixels; twice as much in the first round.
        start: (3,) float64, slope, column, curvature to begin with.
        expected, precision: (3,) float64, what they are without stripes, and how surely.
        n_rounds: rounds.

    Returns:
        (3,) float64 slope, column, curvature; and how many stripes the last round used, 0 when a round
        had fewer than four.
    """
    model = start.copy()
    n_used = 0
    for turn in range(n_rounds):
        wide = 2.0 if turn == 0 else 1.0
        normal = np.zeros((3, 3))
        right = np.zeros(3)
        for i in range(3):
            normal[i, i] = precision[i]
            right[i] = precision[i] * expected[i]
        basis = np.ones(3)
        n_used = 0
        for n in range(u.shape[0]):
            off = abs(u[n] - (model[1] + model[0] * y[n] + model[2] / y[n]))
            if not free[n] or off >= tolerance[n] * wide:
                continue
            n_used += 1
            near = 1.0 - min(1.0, 0.5 * off / tolerance[n]) ** 2
            weight = near * near / (1.0 + 0.02 * y[n])
            basis[0], basis[2] = y[n], 1.0 / y[n]
            for i in range(3):
                right[i] += weight * basis[i] * u[n]
                for j in range(3):
                    normal[i, j] += weight * basis[i] * basis[j]
        if n_used < 4:
            return model, 0
        model = np.linalg.solve(normal, right)
    return model, n_used
