"""OpenLane's 3D match of one frame, place by place. Slow on purpose."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import interp1d
from scipy.optimize import linear_sum_assignment

AHEAD = 3 + np.arange(100.0)


def sample(line):
    """x, z and which places count, or None for a line that does not."""
    if line[0][1] >= 102 or line[-1][1] <= 3:
        return None
    line = np.array([p for p in line if 0 < p[1] < 200 and -10 < p[0] < 10])
    if len(line) < 2:
        return None
    x, z = (interp1d(line[:, 1], line[:, k], fill_value="extrapolate")(AHEAD) for k in (0, 2))
    seen = [-10 <= x[k] <= 10 and line[:, 1].min() <= AHEAD[k] <= line[:, 1].max() for k in range(100)]
    return (x, z, seen) if sum(seen) > 1 else None


def frame(truth, pred):
    """(true lines, predicted lines, matches, found, right) of lists of (k, 3) lines."""
    truth = [s for s in map(sample, truth) if s]
    pred = [s for s in map(sample, pred) if s]
    cost, near = np.zeros((len(truth), len(pred))), np.zeros((len(truth), len(pred)))
    for i, (x, z, seen) in enumerate(truth):
        for j, (u, w, other) in enumerate(pred):
            total = 0.0
            for k in range(100):
                if seen[k] and other[k]:
                    distance = ((x[k] - u[k]) ** 2 + (z[k] - w[k]) ** 2) ** 0.5
                    near[i, j] += distance < 1.5
                    total += distance
                elif seen[k] or other[k]:
                    total += 1.5
            cost[i, j] = 1 if 0 < total < 1 else int(total + 1e-12)
    matches = [(i, j) for i, j in zip(*linear_sum_assignment(cost), strict=True) if cost[i, j] < 150]
    found = sum(near[i, j] / sum(truth[i][2]) >= 0.75 for i, j in matches)
    right = sum(near[i, j] / sum(pred[j][2]) >= 0.75 for i, j in matches)
    return len(truth), len(pred), len(matches), found, right
