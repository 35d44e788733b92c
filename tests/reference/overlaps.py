"""Plain twins of overlaps of boxes, polygons and lines: clipping corner by corner, loops pixel by pixel."""

from __future__ import annotations

import math

import numpy as np


def bev_corners(box):
    x, y, length, width, yaw = box
    return [
        (
            x + sx * length / 2 * math.cos(yaw) - sy * width / 2 * math.sin(yaw),
            y + sx * length / 2 * math.sin(yaw) + sy * width / 2 * math.cos(yaw),
        )
        for sx, sy in ((1, 1), (-1, 1), (-1, -1), (1, -1))
    ]


def area(polygon):
    if not polygon:
        return 0.0
    x0, y0 = polygon[0]
    around = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return 0.5 * sum((x - x0) * (v - y0) - (u - x0) * (y - y0) for (x, y), (u, v) in around)


def clip(polygon, line_from, line_to):
    """The part left of a line (Sutherland & Hodgman)."""

    def side(p):
        return (line_to[0] - line_from[0]) * (p[1] - line_from[1]) - (line_to[1] - line_from[1]) * (
            p[0] - line_from[0]
        )

    kept = []
    for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        here, there = side(p), side(q)
        if here >= 0:
            kept.append(p)
        if here * there < 0:
            weight = here / (here - there)
            kept.append((p[0] + weight * (q[0] - p[0]), p[1] + weight * (q[1] - p[1])))
    return kept


def bev_overlap(a, b):
    # Round the first box's centre, so that far-away boxes lose no digits.
    left = [0.0, 0.0, *a[2:]]
    right = [b[0] - a[0], b[1] - a[1], *b[2:]]
    polygon, frame = bev_corners(right), bev_corners(left)
    for k in range(4):
        polygon = clip(polygon, frame[k], frame[(k + 1) % 4])
    return max(0.0, area(polygon))


def bev_iou(a, b):
    overlap = bev_overlap(a, b)
    union = a[2] * a[3] + b[2] * b[3] - overlap
    return overlap / union if overlap > 0 and a[2] * a[3] > 0 and b[2] * b[3] > 0 else 0.0


def upright_iou(a, b):
    height = min(a[2] + a[5] / 2, b[2] + b[5] / 2) - max(a[2] - a[5] / 2, b[2] - b[5] / 2)
    overlap = bev_overlap([*a[:2], *a[3:5], a[6]], [*b[:2], *b[3:5], b[6]]) * max(0.0, height)
    union = a[3] * a[4] * a[5] + b[3] * b[4] * b[5] - overlap
    is_solid = min(*a[3:6], *b[3:6]) > 0  # rounding can leave a flat box some overlap
    return overlap / union if overlap > 0 and is_solid else 0.0


def cuboid_overlap(center_a, size_a, rotation_a, center_b, size_b, rotation_b):
    """Volume in common by SciPy: corners of the 12 half-spaces, then their hull. NaN where it is too thin."""
    from scipy.optimize import linprog
    from scipy.spatial import ConvexHull, HalfspaceIntersection

    spaces = []
    for center, size, rotation in ((center_a, size_a, rotation_a), (center_b, size_b, rotation_b)):
        for axis in range(3):
            for sign in (1, -1):
                normal = sign * rotation[:, axis]
                spaces.append([*normal, -normal @ center - size[axis] / 2])
    spaces = np.array(spaces)
    # The middle of the largest ball inside all of them.
    found = linprog([0, 0, 0, -1], np.c_[spaces[:, :3], np.ones(12)], -spaces[:, 3], bounds=(None, None))
    if not found.success or found.x[3] <= 0:
        return 0.0
    if found.x[3] < 1e-3:
        return math.nan
    return ConvexHull(HalfspaceIntersection(spaces, found.x[:3]).intersections).volume


def chamfer(a, b):
    one = [min(math.dist(p, q) for q in b) for p in a]
    other = [min(math.dist(p, q) for p in a) for q in b]
    return (sum(one) / len(one) + sum(other) / len(other)) / 2


def frechet(a, b):
    table = {}
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            ways = [table[k] for k in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if k in table]
            table[i, j] = max(math.dist(p, q), min(ways, default=0.0))
    return table[len(a) - 1, len(b) - 1]
