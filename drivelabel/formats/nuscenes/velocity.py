"""How fast annotated things move, as nuScenes' devkit says.

Source: nuscenes-devkit 1.2.0, NuScenes.box_velocity.
"""

from __future__ import annotations

import numpy as np

from drivelabel.typing import FloatArray, IntArray

MAX_GAP_S = 1.5
"""No velocity is taken over a longer gap, or twice that between the annotations before and after."""
NONE = -1


def neighbours(track: IntArray, time: IntArray) -> tuple[IntArray, IntArray]:
    """(n,) and (n,) the rows before and after each row in its track, NONE at the ends."""
    order = np.lexsort((time, track))
    before = np.full(len(track), NONE, np.int64)
    after = np.full(len(track), NONE, np.int64)
    same = track[order][1:] == track[order][:-1]
    before[order[1:][same]] = order[:-1][same]
    after[order[:-1][same]] = order[1:][same]
    return before, after


def devkit_velocity(
    center: FloatArray, timestamp_us: IntArray, before: IntArray, after: IntArray
) -> FloatArray:
    """(n, 3) m/s, from the annotation before to the one after; NaN where the devkit gives none."""
    rows = np.arange(len(center))
    first, last = np.where(before == NONE, rows, before), np.where(after == NONE, rows, after)
    seconds = 1e-6 * timestamp_us[last] - 1e-6 * timestamp_us[first]
    most = np.where((before != NONE) & (after != NONE), 2 * MAX_GAP_S, MAX_GAP_S)
    known = (first != last) & (seconds <= most) & (seconds > 0)
    velocity = np.full((len(center), 3), np.nan)
    velocity[known] = (center[last] - center[first])[known] / seconds[known, None]
    return velocity
