"""Pixels inside of polygons, for numba. Callers have checked; nothing here raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import BoolArray, FloatArray, IntArray


@njit(cache=True)
def fill_even_odd(points: FloatArray, start: IntArray, mask: BoolArray) -> None:
    """Set the pixels of (h, w) whose centre lies inside an odd number of rings.

    Ring r has the corners ``points[start[r]:start[r + 1]]``. An edge owns its lower end and not its upper
    one, and a pixel's centre on an edge belongs to what is right of it, so that polygons which share an edge
    share no pixel.
    """
    height, width = mask.shape
    n = len(points)
    if n == 0:
        return
    x = np.empty(n)
    first = max(0, int(np.ceil(max(points[:, 1].min(), 0.0) - 0.5)))
    last = min(height, int(np.ceil(min(points[:, 1].max(), float(height)) - 0.5)))
    for row in range(first, last):
        y = row + 0.5
        count = 0
        for ring in range(len(start) - 1):
            before = start[ring + 1] - 1
            for k in range(start[ring], start[ring + 1]):
                ay, by = points[before, 1], points[k, 1]
                if (ay <= y) != (by <= y):
                    ax, bx = points[before, 0], points[k, 0]
                    if ay > by:  # the same sum for an edge that a neighbour walks the other way
                        ax, ay, bx, by = bx, by, ax, ay
                    x[count] = ax + (y - ay) / (by - ay) * (bx - ax)
                    count += 1
                before = k
        crossings = np.sort(x[:count])
        for pair in range(0, count - 1, 2):
            left = max(0.0, np.ceil(crossings[pair] - 0.5))
            right = min(float(width), np.ceil(crossings[pair + 1] - 0.5))
            for column in range(int(left), int(right)):
                mask[row, column] = True
