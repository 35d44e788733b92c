"""Plain twins of the tracker's kernels: matrices and SciPy instead of loops over blocks."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

SEEN, WALK, VELOCITY_WALK, FIRST_VELOCITY = 0.05, 0.27, 1.0, 1.9


class PlainKalman:
    """One box: the usual filter of eight numbers (x, y, w, h and their velocities) with full matrices."""

    def __init__(self, xyxy):
        self.mean = np.concatenate([self._cxcywh(xyxy), np.zeros(4)])
        unit = self._unit(self.mean)
        self.covariance = np.diag([(2 * SEEN * unit) ** 2] * 4 + [(FIRST_VELOCITY * unit) ** 2] * 4)

    @staticmethod
    def _cxcywh(xyxy):
        return np.array(
            [(xyxy[0] + xyxy[2]) / 2, (xyxy[1] + xyxy[3]) / 2, xyxy[2] - xyxy[0], xyxy[3] - xyxy[1]]
        )

    @staticmethod
    def _unit(mean):
        return max(1.0, (mean[2] + mean[3]) / 2)

    def predict(self, seconds, is_lost=False):
        unit, eye = self._unit(self.mean), np.eye(4)
        if is_lost:
            self.mean[6:] = 0
        move = np.block([[eye, seconds * eye], [0 * eye, eye]])
        bend, walk = (VELOCITY_WALK * unit) ** 2, (WALK * unit) ** 2
        noise = bend * np.block(
            [[seconds**3 / 3 * eye, seconds**2 / 2 * eye], [seconds**2 / 2 * eye, seconds * eye]]
        ) + walk * seconds * np.diag([1.0] * 4 + [0.0] * 4)
        self.mean = move @ self.mean
        self.covariance = move @ self.covariance @ move.T + noise
        self.mean[2:4] = np.maximum(1.0, self.mean[2:4])

    def correct(self, xyxy):
        look = np.eye(4, 8)
        seen = self._cxcywh(xyxy)
        spread = look @ self.covariance @ look.T + (SEEN * self._unit(seen)) ** 2 * np.eye(4)
        gain = self.covariance @ look.T @ np.linalg.inv(spread)
        self.mean = self.mean + gain @ (seen - look @ self.mean)
        self.covariance = (np.eye(8) - gain @ look) @ self.covariance


def largest_total_gain(n, m, rows, columns, gains):
    """What the best pairing of n rows and m columns is worth."""
    gain = np.zeros((n, m))
    for row, column, value in zip(rows, columns, gains, strict=True):
        gain[row, column] = value
    best = linear_sum_assignment(gain, maximize=True)
    return gain[best].sum()
