"""Where boxes go next, for numba. Callers have checked shapes; nothing here raises.

A motion is (4, 5) float64: for centre x, centre y, width and height its value, its velocity per second,
and their covariance p00, p01, p11. Every matrix of the usual 8-dimensional filter (Bewley et al., SORT,
2016) falls into these four blocks, so four filters of two numbers give the same result without matrices.

Noise grows with the box: a unit is the mean of its width and height. The numbers are ByteTrack's (Zhang et
al., 2022) turned from "per frame at 30 Hz" into "per second", so that any frame rate and any gap works.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivelabel.typing import BoolArray, FloatArray

SEEN = 0.05
"""Units; how far a detector's box is off (standard deviation)."""
WALK = 0.27
"""Units per root second; how far the true box strays from the straight line."""
VELOCITY_WALK = 1.0
"""Units per second per root second."""
FIRST_VELOCITY = 1.9
"""Units per second; what a new box may do."""


@njit(cache=True)
def start_motion(xyxy: FloatArray) -> FloatArray:
    """(n, 4) -> (n, 4, 5), motions of boxes seen once."""
    motion = np.zeros((len(xyxy), 4, 5))
    for i in range(len(xyxy)):
        width, height = xyxy[i, 2] - xyxy[i, 0], xyxy[i, 3] - xyxy[i, 1]
        motion[i, 0, 0] = xyxy[i, 0] + width / 2
        motion[i, 1, 0] = xyxy[i, 1] + height / 2
        motion[i, 2, 0] = width
        motion[i, 3, 0] = height
        unit = max(1.0, (width + height) / 2)
        motion[i, :, 2] = (2 * SEEN * unit) ** 2
        motion[i, :, 4] = (FIRST_VELOCITY * unit) ** 2
    return motion


@njit(cache=True)
def predict(motion: FloatArray, seconds: float, is_lost: BoolArray) -> FloatArray:
    """Motions a while later; the size of a lost box stays, for a wrong growth would soon swallow others."""
    later = motion.copy()
    for i in range(len(motion)):
        unit = max(1.0, (motion[i, 2, 0] + motion[i, 3, 0]) / 2)
        walk, bend = (WALK * unit) ** 2, (VELOCITY_WALK * unit) ** 2
        for k in range(4):
            if is_lost[i] and k >= 2:
                later[i, k, 1] = 0.0
            value, velocity, p00, p01, p11 = later[i, k]
            later[i, k, 0] = value + seconds * velocity
            later[i, k, 2] = p00 + seconds * (2 * p01 + seconds * p11 + walk + bend * seconds**2 / 3)
            later[i, k, 3] = p01 + seconds * (p11 + bend * seconds / 2)
            later[i, k, 4] = p11 + seconds * bend
        later[i, 2, 0] = max(1.0, later[i, 2, 0])
        later[i, 3, 0] = max(1.0, later[i, 3, 0])
    return later


@njit(cache=True)
def correct(motion: FloatArray, xyxy: FloatArray, after: FloatArray) -> None:
    """Write one (4, 5) motion after its box (4,) was seen into `after`; a new array for each costs 10 us."""
    width, height = xyxy[2] - xyxy[0], xyxy[3] - xyxy[1]
    unit = max(1.0, (width + height) / 2)
    noise = (SEEN * unit) ** 2
    seen = (xyxy[0] + width / 2, xyxy[1] + height / 2, width, height)
    for k in range(4):
        value, velocity, p00, p01, p11 = motion[k]
        gain, gain_velocity = p00 / (p00 + noise), p01 / (p00 + noise)
        off = seen[k] - value
        after[k, 0] = value + gain * off
        after[k, 1] = velocity + gain_velocity * off
        after[k, 2] = (1 - gain) * p00
        after[k, 3] = (1 - gain) * p01
        after[k, 4] = p11 - gain_velocity * p01


@njit(cache=True)
def boxes_of(motion: FloatArray) -> FloatArray:
    """(n, 4, 5) -> (n, 4) xyxy."""
    xyxy = np.empty((len(motion), 4))
    for i in range(len(motion)):
        half_width, half_height = motion[i, 2, 0] / 2, motion[i, 3, 0] / 2
        xyxy[i, 0] = motion[i, 0, 0] - half_width
        xyxy[i, 1] = motion[i, 1, 0] - half_height
        xyxy[i, 2] = motion[i, 0, 0] + half_width
        xyxy[i, 3] = motion[i, 1, 0] + half_height
    return xyxy
