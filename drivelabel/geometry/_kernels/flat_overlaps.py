"""How much boxes turned about the vertical overlap from above, for numba. Nothing here raises.

The area in common is an integral round the border of one box, seen from the other one, where that one is
|x| <= half: each edge adds what lies between it and the floor, cut at the other's sides. Nothing is clipped
into a list of corners, so boxes that touch or coincide are no special case, and no step is a branch: LLVM
makes vectors of a block of pairs (5x as fast as pair by pair). For that, what is called inside must be built
in; so those functions are not cached, as code from a cache cannot be.
"""

from __future__ import annotations

from numba import njit

from drivelabel.typing import FloatArray

LANES = 64
"""Pairs in a block."""

_DX, _DY, _HALF_XA, _HALF_YA, _COS_A, _SIN_A, _HALF_XB, _HALF_YB, _COS_B, _SIN_B, AREA = (
    LANES * column for column in range(11)
)
ROOM = LANES * 11
"""Numbers of a block; the areas start at AREA."""


@njit(forceinline=True, error_model="numpy")
def line_up(block: FloatArray, k: int, a: FloatArray, i: int, b: FloatArray, j: int) -> None:
    """Make box j of b, seen from box i of a, pair k of a block; rows as in :mod:`overlaps`."""
    block[_DX + k], block[_DY + k] = b[j, 0] - a[i, 0], b[j, 1] - a[i, 1]
    block[_HALF_XA + k], block[_HALF_YA + k] = a[i, 3], a[i, 4]
    block[_COS_A + k], block[_SIN_A + k] = a[i, 6], a[i, 7]
    block[_HALF_XB + k], block[_HALF_YB + k] = b[j, 3], b[j, 4]
    block[_COS_B + k], block[_SIN_B + k] = b[j, 6], b[j, 7]


@njit(cache=True, error_model="numpy")
def flat_overlaps(block: FloatArray, n: int) -> None:
    """Write the area that each of the first n pairs of a block has in common."""
    for k in range(n):
        half_x, half_y, bx, by = (
            block[_HALF_XA + k],
            block[_HALF_YA + k],
            block[_HALF_XB + k],
            block[_HALF_YB + k],
        )
        cos_a, sin_a, cos_b, sin_b = (
            block[_COS_A + k],
            block[_SIN_A + k],
            block[_COS_B + k],
            block[_SIN_B + k],
        )
        dx, dy = block[_DX + k], block[_DY + k]
        cos, sin = cos_a * cos_b + sin_a * sin_b, cos_a * sin_b - sin_a * cos_b
        x, y = cos_a * dx + sin_a * dy, cos_a * dy - sin_a * dx
        ux, uy, vx, vy = cos * bx, sin * bx, -sin * by, cos * by
        apart = (abs(x) >= half_x + abs(ux) + abs(vx)) | (abs(y) >= half_y + abs(uy) + abs(vy))
        apart |= abs(cos_b * dx + sin_b * dy) >= bx + abs(cos) * half_x + abs(sin) * half_y
        apart |= abs(cos_b * dy - sin_b * dx) >= by + abs(sin) * half_x + abs(cos) * half_y
        slope, reach = uy / (ux if ux != 0.0 else 1.0), abs(ux)
        strip = _under(x + vx, y + vy, reach, slope, half_x, half_y)
        strip -= _under(x - vx, y - vy, reach, slope, half_x, half_y)
        strip = strip if ux > 0.0 else -strip
        area = strip if ux != 0.0 else 0.0
        slope, reach = vy / (vx if vx != 0.0 else 1.0), abs(vx)
        strip = _under(x - ux, y - uy, reach, slope, half_x, half_y)
        strip -= _under(x + ux, y + uy, reach, slope, half_x, half_y)
        strip = strip if vx > 0.0 else -strip
        area += strip if vx != 0.0 else 0.0
        block[AREA + k] = 0.0 if apart else area


@njit(forceinline=True, error_model="numpy")
def _under(x: float, y: float, reach: float, slope: float, half_x: float, half_y: float) -> float:
    """Area inside |x| <= half_x, |y| <= half_y below an edge through (x, y), x +- reach."""
    left, right = max(x - reach, -half_x), min(x + reach, half_x)
    middle, rise = y + slope * (0.5 * (left + right) - x), 0.5 * abs(slope) * (right - left)
    low, high = middle - rise, middle + rise
    part = 0.5 / max(rise, 1e-300)
    below, above = min(1.0, max(0.0, -half_y - low) * part), min(1.0, max(0.0, high - half_y) * part)
    height = 0.5 * (min(half_y, max(low, -half_y)) + max(-half_y, min(high, half_y))) + half_y
    area = (right - left) * (above * 2.0 * half_y + max(0.0, 1.0 - above - below) * height)
    return area if left < right else 0.0
