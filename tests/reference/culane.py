"""CULane's picture of a line and its overlap, drawn by cv2 segment by segment. Slow on purpose."""

from __future__ import annotations

import cv2
import numpy as np


def spline(points):
    """(m, 2) the natural cubic spline over chord length, 50 steps between two points."""
    if len(points) < 3:
        return points
    h = np.linalg.norm(np.diff(points, axis=0), axis=1)
    n = len(points)
    system, right = np.eye(n), np.zeros((n, 2))
    for i in range(1, n - 1):
        system[i, i - 1 : i + 2] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
        right[i] = 6 * ((points[i + 1] - points[i]) / h[i] - (points[i] - points[i - 1]) / h[i - 1])
    bend = np.linalg.solve(system, right)
    out = []
    for i in range(n - 1):
        t = (np.arange(50) * h[i] / 50)[:, None]
        slope = (points[i + 1] - points[i]) / h[i] - h[i] * (2 * bend[i] + bend[i + 1]) / 6
        out.append(points[i] + slope * t + bend[i] / 2 * t**2 + (bend[i + 1] - bend[i]) / (6 * h[i]) * t**3)
    return np.concatenate([*out, points[-1:]])


def picture(points, hw=(590, 1640), width=30, nearest=True):
    """(h, w) bool, the line drawn wide."""
    canvas = np.zeros(hw, np.uint8)
    course = spline(np.asarray(points, np.float32).astype(np.float64)).astype(np.float32)
    pixels = np.rint(course).astype(int) if nearest else course.astype(int)
    for a, b in zip(pixels[:-1].tolist(), pixels[1:].tolist(), strict=True):
        cv2.line(canvas, a, b, 1, width)
    return canvas > 0


def iou(a, b, **options):
    """Overlap of two lines' pictures."""
    first, second = picture(a, **options), picture(b, **options)
    union = (first | second).sum()
    return (first & second).sum() / union if union else 0.0
