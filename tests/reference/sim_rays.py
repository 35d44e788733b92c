"""Plain twins of the simulator's sensors: one ray at a time against every triangle."""

from __future__ import annotations

import numpy as np

DECAL_RELATIVE, DECAL_METRES, DECAL_LIDAR_M = 2e-4, 0.006, 0.02
EDGE = 1e-5
"""Share of a triangle's height from an edge within which a hit is a matter of rounding."""


def hits(origin, direction, triangles):
    """Way along a ray to each triangle's plane (m,), whether it is inside (m,), and clearly so (m,)."""
    a, b, c = (np.asarray(triangles, np.float64)[:, k] - origin for k in range(3))
    weights = np.stack(
        [np.cross(b, c) @ direction, np.cross(c, a) @ direction, np.cross(a, b) @ direction], axis=1
    )
    normal = np.cross(b - a, c - a)
    with np.errstate(divide="ignore", invalid="ignore"):
        way = (normal * a).sum(axis=1) / (normal @ direction)
        share = weights / weights.sum(axis=1, keepdims=True)
    low = share.min(axis=1)
    return way, (low >= 0) & (way > 0), np.isfinite(low) & (np.abs(low) > EDGE)


def first_hit(origin, direction, triangles, layer, nearest, is_over):
    """(number, way, is_sure) of what a ray meets: the nearest body, then decals in order of layer and row.

    `is_over(way, there)` says whether a decal at `way` is drawn over what is at `there`.
    """
    way, inside, clear = hits(origin, direction, triangles)
    ahead = way > nearest
    sure = bool(clear[ahead].all())
    best, there = -1, np.inf
    for i in np.flatnonzero(inside & ahead & (layer == 0)):
        if way[i] < there:
            best, there = int(i), way[i]
    bodies = np.sort(way[inside & ahead & (layer == 0)])
    sure &= len(bodies) < 2 or bodies[1] - bodies[0] > 1e-5 * bodies[0]
    for level in range(1, int(layer.max(initial=0)) + 1):
        for i in np.flatnonzero(inside & ahead & (layer == level)):
            margin = is_over(way[i], there)
            sure &= abs(margin) > 1e-6
            if margin > 0:
                best, there = int(i), min(there, way[i])
    return best, there, sure


def camera_over(way, there):
    """Above 0 when a decal is drawn by a camera; ways are depths."""
    if not np.isfinite(there):
        return 1.0
    return 1 / way - (1 / there) * (1 - DECAL_RELATIVE - DECAL_METRES / there)


def lidar_over(way, there):
    """Above 0 when a decal is met by a lidar; ways are distances."""
    return 1.0 if not np.isfinite(there) else there + DECAL_LIDAR_M - way


def see(rays_cam, world_from_cam, triangles, layer, near):
    """Number, depth, and whether that is beyond rounding, for (n, 3) rays with z = 1."""
    found = [
        first_hit(world_from_cam[:3, 3], world_from_cam[:3, :3] @ ray, triangles, layer, near, camera_over)
        for ray in rays_cam
    ]
    number, depth, sure = (np.array(column) for column in zip(*found, strict=True))
    return number, depth, sure.astype(bool)
