"""Pictures of the light: shadows of the sun, sky hidden by what stands above the ground, light of lamps."""

from __future__ import annotations

import cv2
import numpy as np

from drivelabel.geometry._kernels.sim_light import flat_normals, lamp_light, round_normals
from drivelabel.geometry._kernels.sim_lighting import Maps
from drivelabel.geometry._kernels.sim_raster import NOTHING, cut_for_map, fill
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.simulate.geometry3d import MATERIALS, SOLID, Surfaces
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
HEADLIGHT_GAIN, TAIL_GAIN, STREET_GAIN, SIGNAL_GAIN = 60.0, 6.0, 26.0, 4.0
"""How much more lamps light the road than their small glowing areas would."""
_VEHICLES = [DRIVING.id_of(name) for name in ("car", "truck", "bus", "motorcycle", "bicycle", "trailer")]

_ROUND = [MATERIALS.index(name) for name in ("plain", "metal", "glass", "foliage")]
ROUND_WITHIN_M = 90.0
CREASE = float(np.cos(np.radians(50)))
"""Edges sharper than this stay edges."""


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
        where, facing, power = gather_lamps(surfaces[lit], _middles(surfaces))
        where[:, 2] = np.maximum(where[:, 2], 0.2)
        corner = -matrix[:2, 3] * LAMP_CELL_M
        lamp_light(where, facing, power, corner, LAMP_CELL_M, LAMP_REACH_M, out)
    return out, matrix


def gather_lamps(lit: Surfaces, middles: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Glowing triangles that are near each other, as lamps.

    Args:
        lit: the triangles that glow.
        middles: (k, 3), metres, the middle of each thing; row 0 is for none.

    Returns:
        where: (n, 3), metres, coords of the surfaces.
        facing: (n, 3), unit, where each shines: a vehicle's away from its middle, others down.
        power: (n, 3), linear RGB.
    """
    corners = lit.triangles.astype(np.float64)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    middle = corners.mean(axis=1)
    is_white = lit.color[:, 2] > 0.5 * lit.color[:, 0]
    # One lamp per thing and colour, so that a car's pair shines along its middle; street lamps by place.
    place = np.floor(middle / 1.5) * (lit.instance == 0)[:, None]
    keys = np.concatenate([place, lit.instance[:, None], is_white[:, None]], axis=1)
    _, first, lamp = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    lamp = lamp.reshape(-1)
    n = len(first)
    total = np.maximum(np.bincount(lamp, area, n), 1e-9)
    where = _per_lamp(lamp, middle * area[:, None], n) / total[:, None]
    thing = lit.instance[first]
    facing = (where - middles[thing]) * np.array([1.0, 1.0, 0.0])
    is_vehicle = np.isin(lit.category[first], _VEHICLES)
    facing[~is_vehicle] = [0.0, 0.0, -1.0]
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-9)
    gain = np.where(is_vehicle, np.where(is_white[first], HEADLIGHT_GAIN, TAIL_GAIN), STREET_GAIN)
    gain[lit.category[first] == DRIVING.id_of("traffic_light")] = SIGNAL_GAIN
    power = _per_lamp(lamp, lit.color * (lit.emission * area)[:, None], n) * gain[:, None]
    return where, facing, power


def _middles(surfaces: Surfaces) -> FloatArray:
    """(k, 3), the middle of each thing's corners, by its number."""
    own = surfaces.instance > 0
    number, middle = surfaces.instance[own], surfaces.triangles[own].mean(axis=1, dtype=np.float64)
    n = int(number.max(initial=0)) + 1
    count = np.maximum(np.bincount(number, minlength=n), 1)
    means: FloatArray = _per_lamp(number, middle, n) / count[:, None]
    return means


def _per_lamp(lamp: AnyArray, values: AnyArray, n: int) -> FloatArray:
    return np.stack([np.bincount(lamp, values[:, k], n) for k in range(3)], axis=1)


def corner_normals(surfaces: Surfaces) -> Float32Array:
    """(m, 3, 3) unit normals at the corners of triangles; bodies that are no buildings look round."""
    flat = flat_normals(surfaces.triangles)
    is_round = np.isin(surfaces.material, _ROUND) & (surfaces.layer == SOLID)
    near = np.abs(surfaces.triangles[:, 0]).max(axis=1) < ROUND_WITHIN_M
    return round_normals(surfaces.triangles, flat, is_round & near, CREASE)


def ground_height(surfaces: Surfaces, ground: BoolArray, around: FloatArray) -> float:
    """Metres of the road near a point, coords of the surfaces; 0 where there is none."""
    corners = surfaces.triangles[ground][:, 0]
    near = np.abs(corners[:, :2] - around[:2]).max(axis=1) < 60.0
    return float(np.median(corners[near, 2])) if near.any() else 0.0
