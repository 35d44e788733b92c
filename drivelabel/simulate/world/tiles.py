"""What never moves, sorted by place, so that what is near is found fast."""

from __future__ import annotations

import threading

import numpy as np

from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.world.mesh import Mesh
from drivelabel.typing import AnyArray, FloatArray

TILE_M = 40.0
ORIGIN_STEP_M = 25.0


class Tiles:
    """All that stands still in a world.

    Args:
        mesh: in world coords; its wide triangles (the plain) are always kept in sight.
        instance: (m,), of its triangles.
    """

    def __init__(self, mesh: Mesh, instance: AnyArray) -> None:
        self._lock = threading.Lock()
        self._cache: dict[tuple[int, int, float], Surfaces] = {}
        middle = mesh.triangles.mean(axis=1)
        span = np.ptp(mesh.triangles, axis=1).max(axis=1)
        wide = span > 60
        key = np.floor(middle[:, :2] / TILE_M).astype(np.int64)
        self._tiles: dict[tuple[int, int], tuple[Mesh, AnyArray]] = {}
        order = np.lexsort((key[:, 1], key[:, 0]))
        order = order[~wide[order]]
        cuts = np.flatnonzero(np.any(np.diff(key[order], axis=0) != 0, axis=1)) + 1
        for rows in np.split(order, cuts):
            x, y = key[rows[0]]
            self._tiles[int(x), int(y)] = (mesh[rows], instance[rows])
        self._wide = (mesh[wide], instance[wide])

    def near(self, around: AnyArray, radius_m: float) -> Surfaces:
        """What lies within a distance of a point; the same object for points near each other."""
        cell = np.floor(np.asarray(around, np.float64)[:2] / ORIGIN_STEP_M).astype(int)
        key = (int(cell[0]), int(cell[1]), float(radius_m))
        with self._lock:
            if key not in self._cache:
                if len(self._cache) > 4:
                    self._cache.clear()
                self._cache[key] = self._static(origin_of(around), radius_m)
            return self._cache[key]

    def _static(self, origin: FloatArray, radius_m: float) -> Surfaces:
        reach = int(np.ceil((radius_m + ORIGIN_STEP_M) / TILE_M)) + 1
        ix, iy = np.floor(origin[:2] / TILE_M).astype(int)
        found = [self._wide]
        for x in range(ix - reach, ix + reach + 1):
            for y in range(iy - reach, iy + reach + 1):
                corner = np.array([x + 0.5, y + 0.5]) * TILE_M
                if (x, y) in self._tiles and np.linalg.norm(
                    corner - origin[:2]
                ) < radius_m + ORIGIN_STEP_M + TILE_M:
                    found.append(self._tiles[x, y])
        mesh = Mesh.concat([tile[0] for tile in found])
        return as_surfaces(mesh, np.concatenate([tile[1] for tile in found]), origin)


def origin_of(around: AnyArray) -> FloatArray:
    """(3,), metres, from where surfaces near a point are counted."""
    cell = np.floor(np.asarray(around, np.float64)[:2] / ORIGIN_STEP_M)
    return np.array([*((cell + 0.5) * ORIGIN_STEP_M), 0.0])


def as_surfaces(mesh: Mesh, instance: AnyArray, origin: FloatArray, *, shifted: bool = False) -> Surfaces:
    """A mesh in world coords (or already counted from the origin) as surfaces."""
    triangles = mesh.triangles if shifted else mesh.triangles - origin.astype(np.float32)
    return Surfaces(
        triangles,
        mesh.color,
        mesh.emission,
        mesh.category,
        instance,
        mesh.material,
        mesh.layer,
        mesh.uv,
        origin,
    )
