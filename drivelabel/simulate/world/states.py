"""Where things and the ego are at one time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.simulate.world.lines import Line
from drivelabel.typing import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ThingStates:
    """All things at one time, one row each.

    Attributes:
        world_from_thing: (n, 4, 4).
        velocity: (n, 3), m/s, world coords, of the cuboid's middle.
        alive: (n,), what is on the map.
    """

    world_from_thing: FloatArray
    velocity: FloatArray
    alive: BoolArray


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the streets something is.

    Attributes:
        road: 0 for the main road, 1 + the junction's row for a crossing street.
        s, d: metres along that road and to the left of its middle.
        along: 1 for who drives along the road, -1 for who drives against it.
    """

    road: int
    s: float
    d: float
    along: float


def place_on(road: int, line: Line, pose: FloatArray) -> Place:
    """Where a pose is on a street; `along` is the cosine of the angle between them."""
    s, d = line.locate(pose[None, :2, 3])
    heading = float(line.heading(s)[0])
    along = float(pose[0, 0] * np.cos(heading) + pose[1, 0] * np.sin(heading))
    return Place(road, float(s[0]), float(d[0]), along)
