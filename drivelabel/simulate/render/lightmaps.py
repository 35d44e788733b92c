"""Pictures of the light: shadows of the sun, sky hidden by what stands above the ground, light of lamps."""

from __future__ import annotations

import cv2
import numpy as np

from drivelabel.geometry._kernels.sim_light import flat_normals, lamp_light
from drivelabel.geometry._kernels.sim_raster import NOTHING, cut_for_map, fill
from drivelabel.geometry._kernels.sim_shade import Maps
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.render.light import Light
from drivelabel.typing import AnyArray, BoolArray, Float32Array, FloatArray

GROUND = (
    "road",
    "lane",
    "lane_marking",
    "crosswalk",
    "stop_line",
    "other_road_marking",
    "sidewalk",
    "terrain",
)
"""Categories that lie flat: they take shadows of what stands on them."""

NEAR_M, FAR_M = 42.0, 180.0
"""Half the side of each shadow map."""
SHADOW_CELLS = 2048

COVER_M, COVER_CELLS = 60.0, 800
"""Half the side of the map of hidden sky, and its cells."""
COVER_FADE_M, COVER_BLUR_M = 0.45, 0.28
"""Height above the ground at which a body hides a third of the sky, and how soft its edge is."""

LAMPS_M, LAMP_CELL_M, LAMP_REACH_M = 110.0, 0.5, 28.0


def is_ground(surfaces: Surfaces) -> BoolArray:
    """(m,), which triangles lie flat."""
    ids = np.zeros(256, np.bool_)
    ids[[DRIVING.id_of(name) for name in GROUND]] = True
    ground: BoolArray = ids[surfaces.category]
    return ground


def make_maps(surfaces: Surfaces, ground: BoolArray, light: Light, around: FloatArray) -> Maps:
    """All pictures of the light around a point (coords of the surfaces)."""
    empty, nowhere = np.full((4, 4), -np.inf, np.float32), np.zeros((3, 4))
    near = far = (empty, nowhere)
    if light.sun[1] > 0.05:
        near = _sun_map(surfaces, light.sun_direction, around, NEAR_M)
        far = _sun_map(surfaces, light.sun_direction, around, FAR_M)
    lamps, lamps_from_world = _lamps(surfaces, light, around)
    return Maps(
        *near,
        *far,
        *_cover(surfaces, ground, around),
        lamps,
        lamps_from_world,
        np.ascontiguousarray(light.ego_headlights - surfaces.origin),
        light.ego_forward,
    )


def _map_from_world(axes: FloatArray, around: FloatArray, half: float, cells: int) -> FloatArray:
    """(3, 4): cells along two axes, `around` in the middle, and metres along the third."""
    rows = axes.copy()
    rows[:2] *= cells / (2 * half)
    offset = -rows @ around
    # Whole cells, so that the edges of shadows do not crawl when the camera moves.
    middle = np.array([cells / 2, cells / 2, 0.0])
    offset = np.where([True, True, False], np.round(offset), 0.0) + middle
    return np.concatenate([rows, offset[:, None]], axis=1)


def _nearness(surfaces: Surfaces, rows: BoolArray | None, matrix: FloatArray, cells: int) -> Float32Array:
    triangles = surfaces.triangles if rows is None else surfaces.triangles[rows]
    corners, planes, owner = cut_for_map(np.ascontiguousarray(triangles), matrix, (cells, cells))
    grid = np.full((cells, cells), -np.inf, np.float32)
    behind = np.full((cells, cells), NOTHING, np.int32)
    fill(corners, planes, owner, np.zeros(len(triangles), np.uint8), grid, behind)
    return grid


def _sun_map(
    surfaces: Surfaces, sun: FloatArray, around: FloatArray, half: float
) -> tuple[Float32Array, FloatArray]:
    side = np.cross(sun, [0.0, 0.0, 1.0] if abs(sun[2]) < 0.95 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    matrix = _map_from_world(np.stack([side, np.cross(sun, side), sun]), around, half, SHADOW_CELLS)
    return _nearness(surfaces, surfaces.layer == 0, matrix, SHADOW_CELLS), matrix


def _cover(surfaces: Surfaces, ground: BoolArray, around: FloatArray) -> tuple[Float32Array, FloatArray]:
    """How much of the sky the ground lacks: bodies seen from below, blurred."""
    up = _map_from_world(np.eye(3), around, COVER_M, COVER_CELLS)
    below = up * np.array([[1.0], [1.0], [-1.0]])
    floor = _nearness(surfaces, ground, up, COVER_CELLS)
    bodies = -_nearness(surfaces, ~ground, below, COVER_CELLS)
    gap = np.maximum(np.where(np.isfinite(floor), bodies - floor, np.inf), 0.0)
    cover = np.exp(-gap / COVER_FADE_M).astype(np.float32)
    sigma = COVER_BLUR_M * COVER_CELLS / (2 * COVER_M)
    return cv2.GaussianBlur(cover, (0, 0), sigma), up


def _lamps(surfaces: Surfaces, light: Light, around: FloatArray) -> tuple[Float32Array, FloatArray]:
    cells = round(2 * LAMPS_M / LAMP_CELL_M)
    matrix = _map_from_world(np.eye(3), around, LAMPS_M, cells)
    out = np.zeros((cells, cells, 3), np.float32)
    lit = surfaces.emission > 0
    if light.is_night and lit.any():
        where, facing, power = gather_lamps(surfaces[lit])
        where[:, 2] = np.maximum(where[:, 2], 0.2)
        corner = -matrix[:2, 3] * LAMP_CELL_M
        lamp_light(where, facing, power, corner, LAMP_CELL_M, LAMP_REACH_M, out)
    return out, matrix


def gather_lamps(lit: Surfaces) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Glowing triangles that are near each other, as lamps.

    Returns:
        where: (n, 3), metres, coords of the surfaces.
        facing: (n, 3), unit, where each shines.
        power: (n, 3), linear RGB: area times emission.
    """
    corners = lit.triangles.astype(np.float64)
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(cross, axis=1) / 2
    middle = corners.mean(axis=1)
    place = np.concatenate([np.floor(middle / 0.8), lit.instance[:, None]], axis=1)
    _, lamp = np.unique(place, axis=0, return_inverse=True)
    lamp = lamp.reshape(-1)
    n = int(lamp.max()) + 1
    total = np.maximum(np.bincount(lamp, area, n), 1e-9)
    where = _per_lamp(lamp, middle * area[:, None], n) / total[:, None]
    facing = _per_lamp(lamp, cross / 2, n)
    length = np.linalg.norm(facing, axis=1, keepdims=True)
    facing = np.where(length > 0.2 * total[:, None], facing / np.maximum(length, 1e-9), [0.0, 0.0, -1.0])
    power = _per_lamp(lamp, lit.color * (lit.emission * area)[:, None], n)
    return where, facing, power


def _per_lamp(lamp: AnyArray, values: AnyArray, n: int) -> FloatArray:
    return np.stack([np.bincount(lamp, values[:, k], n) for k in range(3)], axis=1)


def corner_normals(surfaces: Surfaces) -> Float32Array:
    """(m, 3, 3) unit normals at the corners of triangles."""
    return flat_normals(surfaces.triangles)
