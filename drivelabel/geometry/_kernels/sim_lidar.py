"""What the beams of a spinning lidar meet, for numba. Nothing here raises.

At one angle of the turn all beams lie in one upright plane of the lidar. A triangle cuts that plane in a
segment, and the beams that meet it are those between the segment's ends: no ray is tried in vain.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import AnyArray, Float32Array, FloatArray, Int32Array, IntArray

DECAL_M = 0.02
"""A decal is met unless it lies this much farther than what is there."""


@njit(cache=True, nogil=True, error_model="numpy")
def cast_columns(
    triangles: Float32Array,
    layer: AnyArray,
    lidar_from_world: FloatArray,
    azimuth: FloatArray,
    step: float,
    first: int,
    slopes: FloatArray,
    max_range: float,
    distance: FloatArray,
    behind: Int32Array,
) -> None:
    """Write the nearest triangle of each beam of some neighbouring columns.

    Args:
        triangles: (m, 3, 3), metres.
        layer: (m,), 0 for bodies.
        lidar_from_world: (c, 3, 4), one pose for each column.
        azimuth: (c,) radians, evenly spaced, `step` apart (signed).
        step: radians between columns.
        first: column of `distance` that the first of these is.
        slopes: (b,), tangents of the beams' elevations, rising.
        max_range: metres.
        distance: (columns, b), metres, infinite where nothing was met; changed in place.
        behind: (columns, b), the triangle's number; changed in place.
    """
    highest = 0
    for i in range(len(layer)):
        highest = max(highest, layer[i])
    c = len(azimuth)
    middle = lidar_from_world[c // 2]
    shift, twist = _spread(lidar_from_world, middle)
    p, columns = np.empty((3, 3)), np.empty(2, np.int64)
    cos, sin = np.cos(azimuth), np.sin(azimuth)
    turn = round(2 * np.pi / abs(step))
    wedge = _wedge(azimuth, step)
    for level in range(highest + 1):
        for i in range(len(triangles)):
            if layer[i] != level:
                continue
            _place(triangles[i], middle, p)
            if _is_out_of_reach(p, slopes[0], slopes[-1], max_range, shift, twist):
                continue
            if c < turn // 3 and _is_beside(p, wedge, shift, twist):
                continue
            _column_range(p, azimuth[0], step, shift, twist, columns)
            for raw in range(columns[0], columns[1]):
                k = raw % turn
                if k < c:
                    _cut_column(
                        triangles[i], i, level > 0, lidar_from_world[k], cos[k], sin[k], slopes, max_range,
                        distance[first + k], behind[first + k],
                    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _spread(poses: FloatArray, middle: FloatArray) -> tuple[float, float]:
    """Metres and radians by which poses differ at most from one of them."""
    shift, least = 0.0, 3.0
    for k in range(len(poses)):
        trace = square = 0.0
        for i in range(3):
            # Of poses[k] @ inverse(middle).
            offset = poses[k, i, 3]
            for j in range(3):
                turn = 0.0
                for axis in range(3):
                    turn += poses[k, i, axis] * middle[j, axis]
                offset -= turn * middle[j, 3]
                if i == j:
                    trace += turn
            square += offset * offset
        shift, least = max(shift, square), min(least, trace)
    return np.sqrt(shift), np.arccos(min(max((least - 1.0) / 2.0, -1.0), 1.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _place(triangle: Float32Array, matrix: FloatArray, out: FloatArray) -> None:
    for j in range(3):
        for axis in range(3):
            row = matrix[axis]
            out[j, axis] = (
                row[0] * triangle[j, 0] + row[1] * triangle[j, 1] + row[2] * triangle[j, 2] + row[3]
            )


@njit(cache=True, nogil=True, error_model="numpy")
def _is_out_of_reach(
    p: FloatArray, low: float, high: float, max_range: float, shift: float, twist: float
) -> bool:
    """Whether no beam can meet a triangle: too far, or all of it above or below every beam."""
    x0, x1 = min(p[0, 0], p[1, 0], p[2, 0]), max(p[0, 0], p[1, 0], p[2, 0])
    y0, y1 = min(p[0, 1], p[1, 1], p[2, 1]), max(p[0, 1], p[1, 1], p[2, 1])
    far = max_range + shift
    if x0 > far or x1 < -far or y0 > far or y1 < -far:
        return True
    above = below = True
    for j in range(3):
        flat = np.sqrt(p[j, 0] * p[j, 0] + p[j, 1] * p[j, 1])
        slack = shift + twist * (flat + abs(p[j, 2]))
        # Only what is inside of a cone is so with all three corners: a cone is convex, its outside is not.
        above = above and high > 0.0 and p[j, 2] - slack > high * (flat + slack)
        below = below and low < 0.0 and p[j, 2] + slack < low * (flat + slack)
    return above or below


@njit(cache=True, nogil=True, error_model="numpy")
def _wedge(azimuth: FloatArray, step: float) -> FloatArray:
    """(2, 2), where the first and the last column point, the clockwise one first; a column more each side."""
    ends = np.array([azimuth[0] - step, azimuth[-1] + step])
    if step < 0.0:
        ends = ends[::-1]
    return np.stack((np.cos(ends), np.sin(ends)), axis=1)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_beside(p: FloatArray, wedge: FloatArray, shift: float, twist: float) -> bool:
    """Whether a triangle lies wholly outside of a wedge narrower than half a turn, by one of its sides."""
    right = left = True
    for j in range(3):
        x, y = p[j, 0], p[j, 1]
        slack = 1.6 * (shift + twist * (abs(x) + abs(y) + abs(p[j, 2])))
        right = right and wedge[0, 0] * y - wedge[0, 1] * x < -slack
        left = left and wedge[1, 0] * y - wedge[1, 1] * x > slack
    return right or left


@njit(cache=True, nogil=True, error_model="numpy")
def _column_range(
    p: FloatArray, start: float, step: float, shift: float, twist: float, out: IntArray
) -> None:
    """Columns, counted on beyond a whole turn, that a triangle may touch."""
    turn = round(2 * np.pi / abs(step))
    near, steep = np.inf, 1.0
    inside = 0
    for j in range(3):
        ax, ay = p[j, 0], p[j, 1]
        dx, dy = p[(j + 1) % 3, 0] - ax, p[(j + 1) % 3, 1] - ay
        square = dx * dx + dy * dy
        t = min(max(-(ax * dx + ay * dy) / square, 0.0), 1.0) if square > 0.0 else 0.0
        near = min(near, np.sqrt((ax + t * dx) ** 2 + (ay + t * dy) ** 2))
        steep = max(steep, abs(p[j, 2]))
        inside += 1 if ax * dy - ay * dx > 0.0 else -1
    # A lidar that tilts moves what is far above or below it sideways.
    sideways = shift + twist * steep
    if near <= 1.5 * sideways + 1e-6 or abs(inside) == 3:
        out[0], out[1] = 0, turn
        return
    a = np.arctan2(p[0, 1], p[0, 0])
    b = (np.arctan2(p[1, 1], p[1, 0]) - a + np.pi) % (2 * np.pi) - np.pi
    c = (np.arctan2(p[2, 1], p[2, 0]) - a + np.pi) % (2 * np.pi) - np.pi
    low, high = min(0.0, b, c), max(0.0, b, c)
    if high - low > np.pi:  # corners on both sides of the way back
        out[0], out[1] = 0, turn
        return
    margin = 1.6 * sideways / near + twist + 2e-3
    from_start = (a + (low if step > 0.0 else high) - start) / step
    from_start -= np.floor(from_start / turn) * turn
    spare = margin / abs(step)
    out[0] = int(np.floor(from_start - spare)) + turn
    out[1] = int(np.ceil(from_start + (high - low) / abs(step) + spare)) + 1 + turn
    if out[1] - out[0] > turn:
        out[0], out[1] = 0, turn


@njit(cache=True, nogil=True, error_model="numpy")
def _cut_column(
    triangle: Float32Array, number: int, is_decal: bool, matrix: FloatArray, ca: float, sa: float,
    slopes: FloatArray, max_range: float, distance: FloatArray, behind: Int32Array,
) -> None:  # fmt: skip
    """Meet one triangle with all beams of one column, which points along (ca, sa)."""
    bx = bz = cx = cz = 0.0
    n = 0
    last_x = last_y = last_z = 0.0
    for j in range(4):
        t = triangle[j % 3]
        x = matrix[0, 0] * t[0] + matrix[0, 1] * t[1] + matrix[0, 2] * t[2] + matrix[0, 3]
        y = matrix[1, 0] * t[0] + matrix[1, 1] * t[1] + matrix[1, 2] * t[2] + matrix[1, 3]
        z = matrix[2, 0] * t[0] + matrix[2, 1] * t[1] + matrix[2, 2] * t[2] + matrix[2, 3]
        along, side = ca * x + sa * y, ca * y - sa * x
        if j > 0 and (last_y >= 0.0) != (side >= 0.0):
            # Always from the left end, so that neighbours get the same point.
            if last_y >= 0.0:
                lx, ly, lz, rx, ry, rz = last_x, last_y, last_z, along, side, z
            else:
                lx, ly, lz, rx, ry, rz = along, side, z, last_x, last_y, last_z
            share = ly / (ly - ry)
            if n == 0:
                bx, bz = lx + share * (rx - lx), lz + share * (rz - lz)
            else:
                cx, cz = lx + share * (rx - lx), lz + share * (rz - lz)
            n += 1
        last_x, last_y, last_z = along, side, z
    if n < 2:
        return
    # Only what lies ahead of the axis.
    near = 1e-3
    if bx < near and cx < near:
        return
    if bx < near:
        bz, bx = bz + (near - bx) / (cx - bx) * (cz - bz), near
    elif cx < near:
        cz, cx = cz + (near - cx) / (bx - cx) * (bz - cz), near
    low, high = min(bz / bx, cz / cx), max(bz / bx, cz / cx)
    beam = np.searchsorted(slopes, low)
    while beam < len(slopes) and slopes[beam] < high:
        slope = slopes[beam]
        out = (bx * cz - bz * cx) / ((cz - bz) - slope * (cx - bx)) * np.sqrt(1.0 + slope * slope)
        there = distance[beam]
        if is_decal:
            if out <= there + DECAL_M and out <= max_range:
                distance[beam] = min(there, out)
                behind[beam] = number
        elif out < there and out <= max_range:
            distance[beam] = out
            behind[beam] = number
        beam += 1
