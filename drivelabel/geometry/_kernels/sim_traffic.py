"""Who drives ahead of whom, for numba. Callers have checked shapes and dtypes; nothing here raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import FloatArray, IntArray

LOOK_STEP_M = 2.0


@njit(cache=True)
def find_leaders(
    table: FloatArray,
    first: IntArray,
    last: IntArray,
    start_m: FloatArray,
    route: IntArray,
    s: FloatArray,
    d: FloatArray,
    d_goal: FloatArray,
    v: FloatArray,
    half_length: FloatArray,
    half_width: FloatArray,
    discs: FloatArray,
    disc_owner: IntArray,
    disc_radius: FloatArray,
    disc_velocity: FloatArray,
    reach_m: float,
) -> tuple[FloatArray, FloatArray]:
    """The nearest thing in each vehicle's way.

    Routes lie in one table of points 1 m apart: route r has rows first[r] to last[r], and row first[r] is at
    start_m[r] metres. What can be in the way is a disc: a vehicle is several, a person is one.

    Returns:
        (n,) metres of free road before each vehicle's front, inf for none; (n,) how fast that goes.
    """
    n, m = len(s), len(discs)
    gap, speed = np.full(n, np.inf), np.zeros(n)
    steps = int(reach_m / LOOK_STEP_M)
    for i in range(n):
        r = route[i]
        row0 = first[r] + int(s[i] - start_m[r])
        if row0 < first[r] or row0 >= last[r]:
            continue
        x0, y0 = table[row0, 0], table[row0, 1]
        for k in range(steps):
            ahead = half_length[i] + k * LOOK_STEP_M
            row = first[r] + int(s[i] + ahead - start_m[r])
            if row >= last[r]:
                break
            part = s[i] + ahead - start_m[r] - int(s[i] + ahead - start_m[r])
            tx, ty = table[row + 1, 0] - table[row, 0], table[row + 1, 1] - table[row, 1]
            length = np.sqrt(tx * tx + ty * ty)
            tx, ty = tx / length, ty / length
            blend = min(1.0, ahead / 20.0)
            side = d[i] + blend * (d_goal[i] - d[i])
            px = table[row, 0] + part * length * tx - side * ty
            py = table[row, 1] + part * length * ty + side * tx
            found = False
            for j in range(m):
                if disc_owner[j] == i:
                    continue
                if abs(discs[j, 0] - x0) > reach_m + 12 or abs(discs[j, 1] - y0) > reach_m + 12:
                    continue
                dx, dy = discs[j, 0] - px, discs[j, 1] - py
                along, across = dx * tx + dy * ty, -dx * ty + dy * tx
                if along < -0.5 * LOOK_STEP_M or along > LOOK_STEP_M + disc_radius[j]:
                    continue
                if abs(across) > half_width[i] + disc_radius[j] + 0.3:
                    continue
                free = k * LOOK_STEP_M + along - disc_radius[j]
                if free < gap[i]:
                    gap[i] = free
                    speed[i] = max(0.0, disc_velocity[j, 0] * tx + disc_velocity[j, 1] * ty)
                    found = True
            if found:
                break
    return gap, speed
