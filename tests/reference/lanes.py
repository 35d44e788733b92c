"""Plain twins of drivelabel/geometry/_kernels/lanes.py."""

from __future__ import annotations

import numpy as np


def ridge_strength(brightness, width_px, window_px, floor, cap):
    n_rows, n_cols = brightness.shape
    strength = np.zeros((n_rows, n_cols))
    for row in range(n_rows):
        line = brightness[row].astype(float)
        for width in width_px[:, row]:
            if width <= 0:
                continue
            half, side = width // 2, max(width, 3)
            reach = half + 1 + side
            columns = range(reach, n_cols - reach)
            if len(columns) < 2:
                continue
            left = {c: line[c - reach : c - half - 1].mean() for c in columns}
            right = {c: line[c + half + 2 : c + reach + 1].mean() for c in columns}
            for c in columns:
                around = [k for k in columns if abs(k - c) <= window_px]
                texture = np.mean([min(abs(left[k] - right[k]), cap) for k in around])
                response = line[c - half : c + half + 1].mean() - max(left[c], right[c])
                strength[row, c] = max(strength[row, c], response / (texture + floor))
    return strength


def segment_agreement(segments, weight, tolerance, shapes, y_min, t_max):
    return np.array(
        [
            sum(
                _agreement(s, w, tol, shape, y_min, t_max)
                for s, w, tol in zip(segments, weight, tolerance, strict=True)
            )
            for shape in shapes
        ]
    )


def _agreement(segment, weight, tolerance, shape, y_min, t_max):
    horizon, column, curvature = shape
    far, near = sorted([(segment[1], segment[0]), (segment[3], segment[2])])
    (v2, u2), (v1, u1) = far, near
    y1, y2 = v1 - horizon, v2 - horizon
    if y1 < y_min:
        return 0.0
    share = 1.0
    if y2 < y_min:
        share = (y1 - y_min) / (y1 - y2)
        u2, y2 = u1 + share * (u2 - u1), y_min
    t1, t2 = (u1 - column - curvature / y1) / y1, (u2 - column - curvature / y2) / y2
    if abs(t1) > t_max or abs(t2) > t_max:
        return 0.0
    return share * weight * max(0.0, 1.0 - abs(t1 - t2) * y2 / tolerance)


def slope_votes(slope, half_width, row, t_max, step):
    bins = -t_max + step * np.arange(int(2.0 * t_max / step) + 1)
    return np.array(
        [
            len({r for s, h, r in zip(slope, half_width, row, strict=True) if s - h <= b <= s + h})
            for b in bins
        ]
    )


def refine_segments(segments, uv, reach):
    out = segments.copy()
    for n, (u1, v1, u2, v2) in enumerate(segments):
        if abs(v2 - v1) < 4.0:
            continue
        off = uv[:, 0] - (u1 + (u2 - u1) / (v2 - v1) * (uv[:, 1] - v1))
        near = (uv[:, 1] >= min(v1, v2) - 0.5) & (uv[:, 1] <= max(v1, v2) + 0.5) & (np.abs(off) < reach)
        if near.sum() < 4 or np.ptp(uv[near, 1]) == 0.0:
            continue
        turn, shift = np.polyfit(uv[near, 1] - v1, off[near], 1)
        out[n, [0, 2]] = u1 + shift, u2 + shift + turn * (v2 - v1)
    return out


def not_along_a_former(segments, tolerance):
    kept = []
    for n, segment in enumerate(segments):
        if not any(_lies_along(segment, segments[k], tolerance) for k in kept):
            kept.append(n)
    return np.isin(np.arange(len(segments)), kept)


def _lies_along(segment, former, tolerance):
    way = former[2:] - former[:2]
    length = np.hypot(*way)
    along = way / length
    for end in (segment[:2], segment[2:]):
        forward = (end - former[:2]) @ along
        aside = np.hypot(*(end - former[:2] - forward * along))
        if aside >= tolerance or not -tolerance < forward < length + tolerance:
            return False
    return True


def fit_line(u, y, free, tolerance, start, expected, precision, n_rounds):
    model = start
    for turn in range(n_rounds):
        off = np.abs(u - (model[1] + model[0] * y + model[2] / y)) / tolerance
        near = free & (off < (2.0 if turn == 0 else 1.0))
        if near.sum() < 4:
            return model, 0
        weight = (1.0 - (off[near] / 2.0) ** 2) ** 2 / (1.0 + 0.02 * y[near])
        design = np.column_stack([y[near], np.ones(near.sum()), 1.0 / y[near]])
        normal = design.T @ (design * weight[:, None]) + np.diag(precision)
        model = np.linalg.solve(normal, design.T @ (weight * u[near]) + precision * expected)
    return model, int(near.sum())
