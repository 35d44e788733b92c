"""Plain twins of drivelabel.geometry's kernels: slow, and easy to believe."""

from __future__ import annotations

import itertools
import math

import numpy as np


def iou(a, b):
    """IoU of two xyxy boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    overlap = max(width, 0.0) * max(height, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - overlap
    return overlap / union if overlap > 0 else 0.0


def pairwise_iou(a, b):
    return np.array([[iou(x, y) for y in b] for x in a]).reshape(len(a), len(b))


def nms(xyxy, score, category_id, threshold):
    """Take the best box that is left, drop what it covers, repeat."""
    left = sorted(range(len(xyxy)), key=lambda row: (-score[row], row))
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [
            row
            for row in left
            if category_id[row] != category_id[best] or iou(xyxy[best], xyxy[row]) <= threshold
        ]
    return np.array(kept, np.int64)


def slerp_matrix(quat_a, quat_b, weight):
    """Rotation between two, by SciPy."""
    from scipy.spatial.transform import Rotation, Slerp

    both = Rotation.from_quat(np.array([quat_a, quat_b])[:, [1, 2, 3, 0]])
    return Slerp([0.0, 1.0], both)([weight]).as_matrix()[0]


def point_in_cuboid(point, center, size_lwh, rotation):
    local = rotation.T @ (np.asarray(point) - center)
    return all(abs(value) <= side / 2 for value, side in zip(local, size_lwh, strict=True))


def distance_to_segment(point, a, b):
    way = b - a
    length = float(way @ way)
    along = 0.0 if length == 0 else min(1.0, max(0.0, float((point - a) @ way) / length))
    return math.dist(point, a + along * way)


def distance_to_polyline(point, line):
    if len(line) == 1:
        return math.dist(point, line[0])
    return min(distance_to_segment(point, a, b) for a, b in itertools.pairwise(line))


def x_at_y(line, y):
    for (x0, y0), (x1, y1) in itertools.pairwise(line):
        if min(y0, y1) <= y <= max(y0, y1):
            return x0 if y0 == y1 else x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    return math.nan


def solid_pixels(corners_cam, camera_matrix, image_hw, near, n=40):
    """Pixels of points spread over the surface of a cuboid's part beyond the near plane, inside the image.

    corners_cam is (8, 3) in the order of CORNER_SIGNS, so trilinear weights fill the solid.
    """
    grid = np.linspace(-1, 1, n)
    x, y, z = (a.ravel() for a in np.meshgrid(grid, grid, grid, indexing="ij"))
    middle = corners_cam.mean(axis=0)
    forward = (corners_cam[0] - corners_cam[1]) / 2
    left = (corners_cam[0] - corners_cam[3]) / 2
    up = (corners_cam[4] - corners_cam[0]) / 2
    points = middle + x[:, None] * forward + y[:, None] * left + z[:, None] * up
    points = points[points[:, 2] >= near]
    uv = (points @ camera_matrix.T)[:, :2] / points[:, 2:]
    height, width = image_hw
    return uv[(uv >= 0).all(axis=1) & (uv[:, 0] <= width) & (uv[:, 1] <= height)]
