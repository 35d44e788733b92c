"""Shapes made of triangles: quads, boxes, lofts, ribbons. Corners run counter-clockwise seen from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from drivelabel.labels.taxonomies import DRIVING
from drivelabel.simulate.geometry3d import MATERIALS, SOLID
from drivelabel.typing import AnyArray, Float32Array, FloatArray, UInt8Array

Color: TypeAlias = tuple[float, float, float]
"""Linear RGB in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a surface looks and what it is.

    Attributes:
        color: linear RGB in [0, 1].
        category: name in DRIVING.
        material: one of MATERIALS.
        emission: light given off, in units of `color`.
        layer: SOLID, or the height in a stack of decals.
    """

    color: Color
    category: str = "other_stuff"
    material: str = "plain"
    emission: float = 0.0
    layer: int = SOLID

    def shade(self, factor: float) -> Look:
        """The same, darker (below 1) or brighter."""
        r, g, b = (min(1.0, value * factor) for value in self.color)
        return replace(self, color=(r, g, b))


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Triangles in a thing's own coords, one row each; columns as in :class:`Surfaces`.

    Attributes:
        part: (m,) uint8, which moving part a triangle belongs to (a wheel, an arm); 0 for the body.
    """

    triangles: Float32Array
    color: Float32Array
    emission: Float32Array
    category: UInt8Array
    material: UInt8Array
    layer: UInt8Array
    uv: Float32Array
    part: UInt8Array

    def __len__(self) -> int:
        return len(self.triangles)

    def __getitem__(self, rows: AnyArray | slice) -> Mesh:
        return Mesh(*(getattr(self, spec.name)[rows] for spec in fields(self)))

    @classmethod
    def concat(cls, parts: Sequence[Mesh]) -> Mesh:
        """All triangles of some meshes."""
        if not parts:
            return _mesh(np.zeros((0, 3, 3)), Look((0, 0, 0)), np.zeros((0, 3, 2)))
        return cls(*(np.concatenate([getattr(part, spec.name) for part in parts]) for spec in fields(cls)))

    def moved(self, matrix: AnyArray) -> Mesh:
        """The mesh after a (4, 4) rigid motion or scaling."""
        turned = self.triangles @ np.asarray(matrix[:3, :3], np.float32).T
        return replace(self, triangles=turned + np.asarray(matrix[:3, 3], np.float32))

    def recolored(self, colors: Mapping[Color, Color]) -> Mesh:
        """The mesh with some colours exchanged for others."""
        color = self.color.copy()
        for old, new in colors.items():
            color[(self.color == np.asarray(old, np.float32)).all(axis=1)] = new
        return replace(self, color=color)

    def shifted(self, xyz: Sequence[float] | FloatArray) -> Mesh:
        """The mesh moved by (x, y, z) metres."""
        return replace(self, triangles=self.triangles + np.asarray(xyz, np.float32))

    def as_part(self, part: int) -> Mesh:
        """The mesh with all triangles in one moving part."""
        return replace(self, part=np.full(len(self), part, np.uint8))

    def mirrored(self) -> Mesh:
        """The mesh with left and right exchanged."""
        flipped = self.triangles[:, ::-1] * np.array([1, -1, 1], np.float32)
        return replace(self, triangles=np.ascontiguousarray(flipped), uv=self.uv[:, ::-1].copy())

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """(3,) lowest and (3,) highest corner."""
        corners = self.triangles.reshape(-1, 3).astype(np.float64)
        return corners.min(axis=0), corners.max(axis=0)


@lru_cache(maxsize=256)
def category_id(name: str) -> int:
    """Row of DRIVING."""
    return DRIVING.id_of(name)


def _mesh(triangles: AnyArray, look: Look, uv: AnyArray) -> Mesh:
    n = len(triangles)
    color, layer = np.empty((n, 3), np.float32), np.empty(n, np.uint8)
    emission, category, material = np.empty(n, np.float32), np.empty(n, np.uint8), np.empty(n, np.uint8)
    color[:], layer[:], emission[:] = look.color, look.layer, look.emission
    category[:], material[:] = category_id(look.category), _MATERIAL_IDS[look.material]
    return Mesh(
        np.asarray(triangles, np.float32).reshape(n, 3, 3),
        color,
        emission,
        category,
        material,
        layer,
        np.asarray(uv, np.float32).reshape(n, 3, 2),
        np.zeros(n, np.uint8),
    )


_MATERIAL_IDS = {name: row for row, name in enumerate(MATERIALS)}
_QUAD = np.array([0, 1, 2, 0, 2, 3])


def triangles(corners: AnyArray, look: Look) -> Mesh:
    """(m, 3, 3) triangles of one look; their textures run along x and y."""
    return _mesh(corners, look, np.asarray(corners)[:, :, :2])


def quads(corners: AnyArray, look: Look, uv: AnyArray | None = None) -> Mesh:
    """Two triangles per quad.

    Args:
        corners: (n, 4, 3), metres, counter-clockwise from outside.
        look: of all of them.
        uv: (n, 4, 2), metres; along the first and the last edge when None.
    """
    corners = np.asarray(corners, np.float64).reshape(-1, 4, 3)
    if uv is None:
        uv = np.zeros((len(corners), 4, 2))
        edge = corners[:, 1] - corners[:, 0]
        uv[:, 1, 0] = uv[:, 2, 0] = np.sqrt(np.einsum("ij,ij->i", edge, edge))
        edge = corners[:, 3] - corners[:, 0]
        uv[:, 2, 1] = uv[:, 3, 1] = np.sqrt(np.einsum("ij,ij->i", edge, edge))
    uv = np.asarray(uv, np.float64).reshape(-1, 4, 2)
    return _mesh(corners[:, _QUAD].reshape(-1, 3, 3), look, uv[:, _QUAD].reshape(-1, 3, 2))


def fan(corners: AnyArray, look: Look) -> Mesh:
    """A convex polygon, (k, 3), as triangles around its first corner; uv are x and y."""
    corners = np.asarray(corners, np.float64)
    triangles = np.empty((len(corners) - 2, 3, 3))
    triangles[:, 0], triangles[:, 1], triangles[:, 2] = corners[0], corners[1:-1], corners[2:]
    return _mesh(triangles, look, triangles[:, :, :2])


def disc(center: Sequence[float], normal_axis: int, radius: float, look: Look, sides: int = 12) -> Mesh:
    """A flat disc that faces along +x, +y or +z (axis 0, 1, 2), or the other way (-1, -2, -3)."""
    cos, sin = _circle(sides)
    axis = normal_axis if normal_axis >= 0 else -normal_axis - 1
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    corners = np.tile(np.asarray(center, np.float64), (sides, 1))
    corners[:, a] += radius * cos
    corners[:, b] += radius * sin * (1 if normal_axis >= 0 else -1)
    return fan(corners, look)


_BOX_FACES = {
    "top": (4, 5, 6, 7),
    "bottom": (3, 2, 1, 0),
    "back": (3, 0, 4, 7),
    "front": (1, 2, 6, 5),
    "right": (0, 1, 5, 4),
    "left": (2, 3, 7, 6),
}
"""Corners of a box's faces: 0 to 3 below, from back right counter-clockwise; 4 to 7 above them."""

SIDES = ("back", "front", "right", "left")


def box(
    low: Sequence[float], high: Sequence[float], look: Look, faces: Sequence[str] = ("top", *SIDES)
) -> Mesh:
    """An upright box between two corners; without its bottom unless asked for."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    below = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    corners = np.array([(x, y, z0) for x, y in below] + [(x, y, z1) for x, y in below])
    return quads(corners[[_BOX_FACES[face] for face in faces]], look)


def loft(
    sections: AnyArray, look: Look, *, closed: bool = True, caps: bool = False, v_start: float = 0.0
) -> Mesh:
    """The skin through sections that follow one another.

    Args:
        sections: (k, p, 3), metres; each section's corners run counter-clockwise seen from the last section.
        look: of all of it.
        closed: join the last corner of a section to its first.
        caps: close both ends; sections must be convex.
        v_start: metres at the first section.
    """
    sections = np.asarray(sections, np.float64)
    if closed:
        sections = np.concatenate([sections, sections[:, :1]], axis=1)
    corners = np.empty((sections.shape[0] - 1, sections.shape[1] - 1, 4, 3))
    corners[:, :, 0], corners[:, :, 1] = sections[:-1, :-1], sections[:-1, 1:]
    corners[:, :, 2], corners[:, :, 3] = sections[1:, 1:], sections[1:, :-1]
    around, along = np.zeros(sections.shape[1]), np.full(len(sections), v_start)
    np.cumsum(np.sqrt(((sections[0, 1:] - sections[0, :-1]) ** 2).sum(axis=1)), out=around[1:])
    middles = sections.sum(axis=1) / sections.shape[1]
    along[1:] += np.cumsum(np.sqrt(((middles[1:] - middles[:-1]) ** 2).sum(axis=1)))
    uv4 = np.empty((*corners.shape[:3], 2))
    uv4[:, :, 0, 0] = uv4[:, :, 3, 0] = around[:-1]
    uv4[:, :, 1, 0] = uv4[:, :, 2, 0] = around[1:]
    uv4[:, :, 0, 1] = uv4[:, :, 1, 1] = along[:-1, None]
    uv4[:, :, 2, 1] = uv4[:, :, 3, 1] = along[1:, None]
    mesh = quads(corners, look, uv4)
    if not caps:
        return mesh
    ring = slice(None, -1) if closed else slice(None)
    return Mesh.concat([mesh, fan(sections[0, ring][::-1], look), fan(sections[-1, ring], look)])


def tube(points: AnyArray, radii: Sequence[float], look: Look, sides: int = 6, *, caps: bool = True) -> Mesh:
    """A pipe along (k, 3) points with a radius at each."""
    points = np.asarray(points, np.float64)
    along = np.empty_like(points)
    along[1:-1] = points[2:] - points[:-2]
    along[0], along[-1] = points[1] - points[0], points[-1] - points[-2]
    along /= np.sqrt(np.einsum("ij,ij->i", along, along))[:, None]
    x, y, z = along.T
    steep = np.abs(z) >= 0.9
    # Across the pipe: level where it is not steep, else at right angles to x.
    side = np.stack([np.where(steep, 0.0, y), np.where(steep, z, -x), np.where(steep, -y, 0.0)], axis=1)
    side /= np.sqrt(np.einsum("ij,ij->i", side, side))[:, None]
    other = np.stack(
        [y * side[:, 2] - z * side[:, 1], z * side[:, 0] - x * side[:, 2], x * side[:, 1] - y * side[:, 0]],
        axis=1,
    )
    cos, sin = _circle(sides)
    ring = cos[:, None] * side[:, None] + sin[:, None] * other[:, None]
    return loft(points[:, None] + np.asarray(radii)[:, None, None] * ring, look, caps=caps)


@lru_cache(maxsize=32)
def _circle(sides: int) -> tuple[FloatArray, FloatArray]:
    """(n,) cosines and sines of even steps around a circle."""
    angle = np.arange(sides) * 2 * np.pi / sides
    return np.cos(angle), np.sin(angle)


def ribbon(left: AnyArray, right: AnyArray, look: Look, v: AnyArray | None = None) -> Mesh:
    """The strip between two lines that run forward, facing up (or towards the right line's left side).

    Args:
        left, right: (k, 3), metres.
        look: of all of it.
        v: (k,) metres along; measured on the right line when None.
    """
    left, right = np.asarray(left, np.float64), np.asarray(right, np.float64)
    if v is None:
        v = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(right, axis=0), axis=1))])
    width = np.linalg.norm(left - right, axis=1)
    uv_right = np.stack([np.zeros_like(width), v], axis=1)
    uv_left = np.stack([width, v], axis=1)
    corners = np.stack([right[:-1], right[1:], left[1:], left[:-1]], axis=1)
    uv = np.stack([uv_right[:-1], uv_right[1:], uv_left[1:], uv_left[:-1]], axis=1)
    return quads(corners, look, uv)


@lru_cache(maxsize=4)
def _unit_ball(rings: int, sides: int) -> AnyArray:
    """(k, p, 3) sections of a unit ball, from below to above."""
    up = np.linspace(-np.pi / 2, np.pi / 2, rings)
    around = np.arange(sides) * 2 * np.pi / sides
    x = np.cos(up)[:, None] * np.cos(around)
    y = np.cos(up)[:, None] * np.sin(around)
    z = np.repeat(np.sin(up)[:, None], sides, axis=1)
    return np.stack([x, y, z], axis=2)


def ball(
    center: Sequence[float],
    radii: Sequence[float],
    look: Look,
    *,
    rings: int = 6,
    sides: int = 8,
    lumps: AnyArray | None = None,
) -> Mesh:
    """An ellipsoid; `lumps` (rings, sides) scales its radius here and there."""
    unit = _unit_ball(rings, sides)
    if lumps is not None:
        unit = unit * lumps[:, :, None]
    return loft(np.asarray(center) + unit * np.asarray(radii), look)


def turn_z(yaw: float, xyz: Sequence[float] = (0.0, 0.0, 0.0)) -> FloatArray:
    """(4, 4), a turn about +z by `yaw` radians, then a move."""
    c, s = np.cos(yaw), np.sin(yaw)
    matrix = np.eye(4)
    matrix[:2, :2] = [[c, -s], [s, c]]
    matrix[:3, 3] = xyz
    return matrix


def turn_y(pitch: float, about: Sequence[float] = (0.0, 0.0, 0.0)) -> FloatArray:
    """(4, 4), a turn about the axis along +y through a point; positive lowers +x."""
    c, s = np.cos(pitch), np.sin(pitch)
    matrix = np.eye(4)
    matrix[0, 0], matrix[0, 2], matrix[2, 0], matrix[2, 2] = c, s, -s, c
    matrix[:3, 3] = np.asarray(about) - matrix[:3, :3] @ np.asarray(about)
    return matrix
