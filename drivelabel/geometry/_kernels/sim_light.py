"""Normals and the light of lamps on the ground, for numba. Nothing here raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import AnyArray, Float32Array, FloatArray


@njit(cache=True, nogil=True, error_model="numpy")
def flat_normals(triangles: Float32Array) -> Float32Array:
    """(m, 3, 3) corners -> (m, 3, 3) unit normals, the same at all three corners of a triangle."""
    normals = np.zeros(triangles.shape, np.float32)
    for i in range(len(triangles)):
        t = triangles[i]
        ax, ay, az = t[1, 0] - t[0, 0], t[1, 1] - t[0, 1], t[1, 2] - t[0, 2]
        bx, by, bz = t[2, 0] - t[0, 0], t[2, 1] - t[0, 1], t[2, 2] - t[0, 2]
        x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        length = np.sqrt(x * x + y * y + z * z)
        if length == 0.0:
            continue
        for j in range(3):
            normals[i, j, 0], normals[i, j, 1], normals[i, j, 2] = x / length, y / length, z / length
    return normals


@njit(cache=True, nogil=True, error_model="numpy")
def round_normals(
    triangles: Float32Array, flat: Float32Array, is_round: AnyArray, crease: float
) -> Float32Array:
    """Normals that run smoothly over edges that are not sharp.

    Args:
        triangles: (m, 3, 3), metres.
        flat: (m, 3, 3), from :func:`flat_normals`.
        is_round: (m,), which triangles to round.
        crease: cosine of the angle between faces from which an edge is sharp.

    Returns:
        (m, 3, 3): at each corner the mean of the faces that meet there within the crease.
    """
    n = 0
    for i in range(len(triangles)):
        n += 3 if is_round[i] else 0
    size = 16
    while size < 2 * n:
        size *= 2
    head, after = np.full(size, -1, np.int32), np.empty(n, np.int32)
    place, corner = np.empty((n, 3), np.int32), np.empty(n, np.int32)
    k = 0
    for i in range(len(triangles)):
        if not is_round[i]:
            continue
        for j in range(3):
            for axis in range(3):
                place[k, axis] = int(np.floor(triangles[i, j, axis] * 400.0 + 0.5))
            bucket = _bucket(place[k, 0], place[k, 1], place[k, 2], size)
            corner[k], after[k] = 3 * i + j, head[bucket]
            head[bucket] = k
            k += 1
    out = flat.copy()
    for k in range(n):
        i, j = corner[k] // 3, corner[k] % 3
        x = y = z = 0.0
        other = head[_bucket(place[k, 0], place[k, 1], place[k, 2], size)]
        while other >= 0:
            same = (
                place[k, 0] == place[other, 0]
                and place[k, 1] == place[other, 1]
                and place[k, 2] == place[other, 2]
            )
            face = corner[other] // 3
            along = (
                flat[i, 0, 0] * flat[face, 0, 0]
                + flat[i, 0, 1] * flat[face, 0, 1]
                + flat[i, 0, 2] * flat[face, 0, 2]
            )
            if same and along > crease:
                x, y, z = x + flat[face, 0, 0], y + flat[face, 0, 1], z + flat[face, 0, 2]
            other = after[other]
        length = np.sqrt(x * x + y * y + z * z)
        if length > 0.0:
            out[i, j, 0], out[i, j, 1], out[i, j, 2] = x / length, y / length, z / length
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _bucket(x: int, y: int, z: int, size: int) -> int:
    return ((x * 73856093) ^ (y * 19349663) ^ (z * 83492791)) & (size - 1)


@njit(cache=True, nogil=True, error_model="numpy")
def lamp_light(
    where: FloatArray,
    facing: FloatArray,
    power: FloatArray,
    corner: FloatArray,
    cell: float,
    reach: float,
    out: Float32Array,
) -> None:
    """Add lamps to (h, w, 3) light on level ground.

    Args:
        where: (n, 3), metres above the ground.
        facing: (n, 3), unit, where each lamp shines.
        power: (n, 3), linear RGB.
        corner: (2,), metres, where cell (0, 0) is.
        cell: metres.
        reach: metres, how far a lamp shines.
        out: the light.
    """
    height, width = out.shape[0], out.shape[1]
    for i in range(len(where)):
        column, row = (where[i, 0] - corner[0]) / cell, (where[i, 1] - corner[1]) / cell
        steps = reach / cell
        for y in range(max(0, int(row - steps)), min(height, int(row + steps) + 1)):
            for x in range(max(0, int(column - steps)), min(width, int(column + steps) + 1)):
                dx, dy, dz = (x - column) * cell, (y - row) * cell, -where[i, 2]
                square = dx * dx + dy * dy + dz * dz + 0.05
                if square > reach * reach:
                    continue
                distance = np.sqrt(square)
                along = (dx * facing[i, 0] + dy * facing[i, 1] + dz * facing[i, 2]) / distance
                if along <= 0.0:
                    continue
                fade = 1.0 - square / (reach * reach)
                # Lamps that face sideways are cars': their beams are narrow.
                lobe = along if facing[i, 2] < -0.5 else along**6
                light = lobe * fade * fade * where[i, 2] / (distance * (square + 1.0))
                for k in range(3):
                    out[y, x, k] += light * power[i, k]
