"""How everybody moves: vehicles follow their routes, each other and the lights, on a grid of times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.geometry._kernels.sim_traffic import find_leaders
from drivelabel.simulate.world.layout import Layout
from drivelabel.simulate.world.routes import RUN_IN_M, Route, Stop
from drivelabel.simulate.world.walkers import Walk
from drivelabel.typing import BoolArray, FloatArray, IntArray

STEP_S = 0.1
WARM_UP_S = 6.0
MAX_ACCELERATION, MAX_BRAKING, MAX_JERK = 2.0, 6.0, 6.0
"""m/s2, m/s2 and m/s3; comfort asks for less, these are never passed."""

BEND_S = 0.4
"""How far ahead drivers look for the speed of a bend, and how fast they take it on."""

LANE_CHANGE_S = 4.0
LOOK_AHEAD_M = 90.0


@dataclass(slots=True, eq=False)
class Fleet:
    """All vehicles at one time, one row each; row 0 is the ego.

    Attributes:
        route: (n,) int64, row of the routes.
        s, d, v, a: (n,), metres along and left of the route, m/s, m/s2.
        wish: (n,), m/s that the driver likes.
        length, width: (n,), metres.
        is_bike: (n,), who neither overtakes nor blocks.
        wander: (n, 3), amplitude, rate and phase of weaving within the lane.
    """

    route: IntArray
    s: FloatArray
    d: FloatArray
    v: FloatArray
    a: FloatArray
    wish: FloatArray
    length: FloatArray
    width: FloatArray
    is_bike: BoolArray
    wander: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Where all vehicles were, at times STEP_S apart.

    Attributes:
        time_s: (t,), seconds since the drive began; the first lies before.
        s, v, a: (t, n), along the route.
        d, d_rate: (t, n), metres left of the route, and m/s to the left.
        blink: (t, n) int8, 1 left, -1 right, 0 off.
        route: (n,) int64.
    """

    time_s: FloatArray
    s: FloatArray
    v: FloatArray
    a: FloatArray
    d: FloatArray
    d_rate: FloatArray
    blink: IntArray
    route: IntArray


class Traffic:
    """Drives a fleet over routes for some seconds.

    Args:
        layout: the streets.
        routes: all ways.
        fleet: how it stands at the start; it is used up.
        walks: of the people on foot.
        rng: for the choices that drivers make.
    """

    def __init__(
        self, layout: Layout, routes: list[Route], fleet: Fleet, walks: list[Walk], rng: np.random.Generator
    ) -> None:
        self.layout, self.routes, self.fleet, self.rng = layout, routes, fleet, rng
        counts = np.array([len(route.table) for route in routes])
        self.last = np.cumsum(counts) - 1
        self.first = self.last - counts + 1
        self.table = np.concatenate([route.table for route in routes])
        self.limit = np.concatenate([route.limit for route in routes])
        self.start = np.full(len(routes), -RUN_IN_M)
        self.walks = walks
        n = len(fleet.s)
        self.change_start = np.full(n, -np.inf)
        self.d_from, self.d_to = fleet.d.copy(), fleet.d.copy()
        self.zebra = [
            [(a, b) for walk in walks for row, a, b in walk.zebra if row == k]
            for k in range(len(layout.crossings))
        ]

    def run(self, seconds: float) -> Tracks:
        """Everybody's motion from WARM_UP_S before the drive to `seconds`."""
        times = np.arange(-WARM_UP_S, seconds + 2 * STEP_S, STEP_S)
        shape = (len(times), len(self.fleet.s))
        names = ("s", "v", "a", "d", "d_rate")
        log = {name: np.zeros(shape) for name in names}
        blink = np.zeros(shape, np.int64)
        walkers = walker_tracks(self.walks, times)
        for row, time_s in enumerate(times):
            fleet = self.fleet
            fleet.d, rate = self._offsets(float(time_s))
            for name, value in zip(names, (fleet.s, fleet.v, fleet.a, fleet.d, rate), strict=True):
                log[name][row] = value
            blink[row] = self._blinkers(float(time_s))
            self._step(float(time_s), walkers[0][row], walkers[1][row])
        return Tracks(times, **log, blink=blink, route=self.fleet.route)

    def _offsets(self, time_s: float) -> tuple[FloatArray, FloatArray]:
        """Everybody's d and how fast it changes."""
        x = np.clip((time_s - self.change_start) / LANE_CHANGE_S, 0, 1)
        blend, slope = x**3 * (10 - 15 * x + 6 * x**2), 30 * x**2 * (1 - x) ** 2 / LANE_CHANGE_S
        size, rate, phase = self.fleet.wander.T
        # Weaving is a matter of the way, not of time: who stands does not weave.
        turn = rate * self.fleet.s + phase
        weave = size * np.sin(turn)
        d = self.d_from + blend * (self.d_to - self.d_from) + weave
        return d, slope * (self.d_to - self.d_from) + size * rate * np.cos(turn) * self.fleet.v

    def _blinkers(self, time_s: float) -> IntArray:
        changing = (time_s - self.change_start < LANE_CHANGE_S * 0.8) & (time_s >= self.change_start - 1)
        blink = np.where(changing, np.sign(self.d_to - self.d_from), 0).astype(np.int64)
        for row, route in enumerate(self.routes):
            if route.blink and route.stops:
                at = route.stops[-1].s
                mine = (self.fleet.route == row) & (self.fleet.s > at - 40) & (self.fleet.s < at + 25)
                blink[mine] = route.blink
        return blink

    def _step(self, time_s: float, people: FloatArray, people_v: FloatArray) -> None:
        fleet = self.fleet
        gap, lead_v = self._leaders(people, people_v)
        stop_gap = self._stop_gaps(time_s)
        row = np.clip(
            self.first[fleet.route] + (fleet.s + RUN_IN_M).astype(np.int64), 0, self.last[fleet.route]
        )
        wish = np.maximum(np.minimum(fleet.wish, self.limit[row]), 1.0)
        a = idm(fleet.v, wish, gap, lead_v)
        # What the bend asks for where the vehicle will be when it has changed its mind.
        soon = np.minimum(row + (BEND_S * fleet.v).astype(np.int64), self.last[fleet.route])
        a = np.minimum(a, (self.limit[soon] - fleet.v) / BEND_S)
        a = np.minimum(a, idm(fleet.v, wish, stop_gap, np.zeros_like(gap)))
        self._change_lanes(time_s, gap, lead_v)
        # Braking fades out towards standstill, so that the jerk stays small there too.
        a = np.maximum(a, -np.sqrt(2 * 3.0 * np.maximum(fleet.v, 0)))
        a = np.clip(a, -MAX_BRAKING, MAX_ACCELERATION)
        jerk = np.clip((a - fleet.a) / STEP_S, -MAX_JERK, MAX_JERK)
        ahead = fleet.s + fleet.v * STEP_S + fleet.a * STEP_S**2 / 2 + jerk * STEP_S**3 / 6
        v = fleet.v + fleet.a * STEP_S + jerk * STEP_S**2 / 2
        stands = v <= 0.0
        fleet.s = np.where(stands, np.maximum(fleet.s, np.minimum(ahead, fleet.s + 0.02)), ahead)
        fleet.v = np.where(stands, 0.0, v)
        fleet.a = np.where(stands, 0.0, fleet.a + jerk * STEP_S)

    def places(self) -> tuple[FloatArray, FloatArray]:
        """(n, 2) where everybody is and (n,) the heading, from the tables."""
        fleet = self.fleet
        at = np.clip(fleet.s + RUN_IN_M, 0, None)
        row = np.clip(
            self.first[fleet.route] + at.astype(np.int64), self.first[fleet.route], self.last[fleet.route] - 1
        )
        tangent = self.table[row + 1] - self.table[row]
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
        xy = self.table[row] + (at % 1.0)[:, None] * tangent + fleet.d[:, None] * normal
        return xy, np.arctan2(tangent[:, 1], tangent[:, 0])

    def _leaders(self, people: FloatArray, people_v: FloatArray) -> tuple[FloatArray, FloatArray]:
        fleet = self.fleet
        xy, heading = self.places()
        ahead = np.stack([np.cos(heading), np.sin(heading)], axis=1)
        gone = fleet.s >= np.array([route.line.length for route in self.routes])[fleet.route] - 1
        xy = np.where(gone[:, None], 1e9, xy)
        reach = np.maximum(fleet.length - fleet.width, 0) / 2
        discs = np.concatenate([xy + k * reach[:, None] * ahead for k in (-1, -0.33, 0.33, 1)] + [people])
        n = len(fleet.s)
        owner = np.concatenate([np.tile(np.arange(n), 4), np.full(len(people), -1)])
        radius = np.concatenate([np.tile(fleet.width / 2, 4), np.full(len(people), 0.4)])
        speed = np.concatenate([np.tile(fleet.v[:, None] * ahead, (4, 1)), people_v])
        blend = self.d_to + (fleet.d - self.d_to)
        return find_leaders(
            self.table, self.first, self.last, self.start, fleet.route, fleet.s, blend, self.d_to, fleet.v,
            fleet.length / 2, fleet.width / 2, discs, owner, radius, speed, LOOK_AHEAD_M,
        )  # fmt: skip

    def _stop_gaps(self, time_s: float) -> FloatArray:
        """(n,) metres to the nearest stop line that is closed, inf for none."""
        fleet = self.fleet
        gaps = np.full(len(fleet.s), np.inf)
        front = fleet.s + fleet.length / 2
        for row, route in enumerate(self.routes):
            mine = fleet.route == row
            if not mine.any():
                continue
            for stop in route.stops:
                ahead = stop.s - 0.6 - front
                near = mine & (ahead > -0.5) & (ahead < LOOK_AHEAD_M) & (ahead < gaps)
                if near.any() and (kind := self._closed(stop, time_s)):
                    # Yellow and zebras: only who can still stop does.
                    can = fleet.v**2 / (2 * 3.2) < ahead + 0.5
                    stops = near & (can | (kind == "red"))
                    gaps = np.where(stops, np.maximum(ahead, 0.05) + 1.2, gaps)
        return gaps

    def _closed(self, stop: Stop, time_s: float) -> str:
        """``red`` (in no case), ``yellow`` (if one can stop) or nothing."""
        if stop.group == "zebra":
            busy = any(a - 3.0 < time_s < b - 1.5 for a, b in self.zebra[stop.crossing])
            return "yellow" if busy else ""
        if stop.group == "yield":
            return "red" if self._main_is_busy(stop.junction) else ""
        state = self.layout.junctions[stop.junction].cycle.state(stop.group, time_s)
        if state == "green":
            return ""
        return "yellow" if state == "yellow" else "red"

    def _main_is_busy(self, junction: int) -> bool:
        fleet, at = self.fleet, self.layout.junctions[junction].s
        length = self.layout.main.line.length
        # A turning ego's way is as long as the main road up to its turn, nearly.
        forward = (fleet.route == 0) | (np.arange(len(fleet.s)) == 0)
        ahead = np.where(forward, at - fleet.s, np.where(fleet.route == 1, length - at - fleet.s, np.inf))
        return bool(((ahead > -8) & (ahead < 10 + 4.5 * fleet.v)).any())

    def _change_lanes(self, time_s: float, gap: FloatArray, lead_v: FloatArray) -> None:
        """Overtake who is slow, where the next lane has room."""
        fleet = self.fleet
        slow = (
            (gap < 8 + 2.2 * fleet.v)
            & (lead_v < np.minimum(fleet.wish, 60) - 2.0)
            & (fleet.v > 4)
            & ~fleet.is_bike
        )
        slow &= time_s - self.change_start > LANE_CHANGE_S + 2
        for i in np.flatnonzero(slow):
            lanes = self.routes[int(fleet.route[i])].lanes
            if len(lanes) < 2 or self.rng.random() > 0.25:
                continue
            here = int(np.abs(lanes - self.d_to[i]).argmin())
            for lane in (here - 1, here + 1):
                if 0 <= lane < len(lanes) and self._has_room(int(i), float(lanes[lane])):
                    self.change_start[i] = time_s + 0.5
                    self.d_from[i], self.d_to[i] = self.d_to[i], lanes[lane]
                    break

    def _has_room(self, i: int, d: float) -> bool:
        fleet = self.fleet
        other = (fleet.route == fleet.route[i]) & (
            np.abs(np.minimum(np.abs(self.d_to - d), np.abs(fleet.d - d))) < 1.6
        )
        if self.layout.turn is not None and fleet.route[i] == 0:
            # So is a turning ego, though it has a way of its own.
            lane = self.routes[int(fleet.route[0])].line.at(fleet.s[:1])
            other[0] = abs(float(self.layout.main.line.locate(lane)[1][0]) - d) < 1.6
        other[i] = False
        ahead = fleet.s[other] - fleet.s[i]
        room = (fleet.length[other] + fleet.length[i]) / 2
        closing = np.maximum(fleet.v[other] - fleet.v[i], 0)
        free_ahead = ahead - room > 6 + 0.6 * fleet.v[i]
        free_behind = -ahead - room > 5 + 3.0 * closing
        return bool(np.where(ahead > 0, free_ahead, free_behind).all())


def idm(v: FloatArray, wish: FloatArray, gap: FloatArray, lead_v: FloatArray) -> FloatArray:
    """(n,) m/s2 that drivers choose behind something `gap` metres ahead that goes `lead_v`.

    Source: Treiber, Hennecke, Helbing, Congested traffic states in empirical observations and microscopic
    simulations, Phys. Rev. E 62, 2000.
    """
    accelerate, brake, headway, nearest = 1.5, 2.2, 1.2, 2.0
    closing = v * (v - lead_v) / (2 * np.sqrt(accelerate * brake))
    wanted = nearest + np.maximum(0.0, v * headway + closing)
    free = np.where(
        v > wish, -brake * (1 - (wish / np.maximum(v, 0.1)) ** 2), accelerate * (1 - (v / wish) ** 4)
    )
    a: FloatArray = free - accelerate * (wanted / np.maximum(gap, 0.3)) ** 2
    return np.clip(a, -MAX_BRAKING, MAX_ACCELERATION)


def walker_tracks(walks: list[Walk], times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(t, p, 2) places and velocities of people on foot."""
    xy = np.zeros((len(times), len(walks), 2))
    for k, walk in enumerate(walks):
        for axis in (0, 1):
            xy[:, k, axis] = np.interp(times, walk.time_s, walk.xy[:, axis])
    return xy, np.gradient(xy, times, axis=0) if len(walks) else xy
