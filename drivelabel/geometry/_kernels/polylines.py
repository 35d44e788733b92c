"""Polyline loops for numba. Callers have checked shapes; nothing here raises."""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import FloatArray


@njit(cache=True)
def distance_to_polyline(points: FloatArray, line: FloatArray) -> FloatArray:
    """(m, d) points, (k, d) line, k at least 1 -> (m,) distance to the nearest place on the line."""
    best = np.empty(len(points))
    for p in range(len(points)):
        nearest = np.sum((points[p] - line[0]) ** 2)
        for s in range(len(line) - 1):
            way = line[s + 1] - line[s]
            length = np.sum(way * way)
            if length == 0.0:
                continue
            along = min(1.0, max(0.0, np.sum((points[p] - line[s]) * way) / length))
            nearest = min(nearest, np.sum((points[p] - line[s] - along * way) ** 2))
        nearest = min(nearest, np.sum((points[p] - line[-1]) ** 2))
        best[p] = np.sqrt(nearest)
    return best


@njit(cache=True)
def polyline_x_at_y(line: FloatArray, y: FloatArray) -> FloatArray:
    """(k, 2) line and (m,) heights -> (m,) x of the first crossing from the line's start; NaN for none."""
    x = np.full(len(y), np.nan)
    for i in range(len(y)):
        if len(line) == 1 and line[0, 1] == y[i]:
            x[i] = line[0, 0]
        for s in range(len(line) - 1):
            y0, y1 = line[s, 1], line[s + 1, 1]
            if not min(y0, y1) <= y[i] <= max(y0, y1):
                continue
            along = 0.0 if y0 == y1 else (y[i] - y0) / (y1 - y0)
            x[i] = (1.0 - along) * line[s, 0] + along * line[s + 1, 0]
            break
    return x
