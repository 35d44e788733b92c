"""People on foot: where each of them is at any time. They know the lights; vehicles look out for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.simulate.world.layout import CROSSWALK_M, Layout
from drivelabel.simulate.world.lines import Line
from drivelabel.typing import FloatArray

GRID_S = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """One person's way: knots of time and place; crossings of the road at zebras without lights.

    Attributes:
        time_s: (k,), rising.
        xy: (k, 2), metres, world coords.
        zebra: (crossing's row, start, stop) in seconds, for each zebra that is crossed.
    """

    time_s: FloatArray
    xy: FloatArray
    zebra: tuple[tuple[int, float, float], ...] = ()


class _Pen:
    """Writes a walk, leg by leg."""

    def __init__(self, time_s: float, xy: FloatArray, speed: float) -> None:
        self.time, self.speed = time_s, speed
        self.times, self.points = [time_s], [xy]
        self.zebra: list[tuple[int, float, float]] = []

    def go(self, points: FloatArray) -> None:
        """Walk through (k, 2) points."""
        for point in points:
            distance = float(np.linalg.norm(point - self.points[-1]))
            if distance < 0.05:
                continue
            self.time += distance / self.speed
            self.times.append(self.time)
            self.points.append(point)

    def wait(self, until: float) -> None:
        """Stand still."""
        if until > self.time + 0.3:
            self.time = until
            self.times.append(until)
            self.points.append(self.points[-1])

    def walk(self) -> Walk:
        """What was written."""
        return Walk(np.array(self.times), np.array(self.points), tuple(self.zebra))


def make_walks(
    layout: Layout, rng: np.random.Generator, start_s: float, stop_s: float, count: int
) -> list[Walk]:
    """Some walks along the main road, over its crossings, and people who stand about."""
    if layout.main.profile.sidewalk <= 0:
        return []
    walks = []
    for _ in range(count):
        kind = rng.random()
        if kind < 0.62 or not len(layout.junctions):
            walks.append(_along(layout, rng, start_s, stop_s))
        elif kind < 0.8:
            walks.append(_over_main(layout, rng, start_s, stop_s))
        elif kind < 0.83 and len(layout.crossings):
            walks.append(_over_zebra(layout, rng, start_s, stop_s))
        else:
            walks.append(_standing(layout, rng, start_s, stop_s))
    return walks


def _path(line: Line, a: float, b: float, d: float) -> FloatArray:
    n = max(2, int(abs(b - a) / 4) + 1)
    return line.at(np.linspace(a, b, n), d)


def _along(layout: Layout, rng: np.random.Generator, start_s: float, stop_s: float) -> Walk:
    """Along the pavement, over the side streets when their lights allow it."""
    line, profile = layout.main.line, layout.main.profile
    side, way = float(rng.choice([-1, 1])), float(rng.choice([-1, 1]))
    d = side * (profile.half + float(rng.uniform(1.0, profile.sidewalk - 0.6)))
    s = float(rng.uniform(20, line.length - 20))
    pen = _Pen(start_s, line.at(np.array(s), d), float(rng.uniform(1.0, 1.75)))
    junctions = [j for j in layout.junctions if (j.s - s) * way > 8]
    for junction in sorted(junctions, key=lambda j: j.s * way):
        if pen.time > stop_s:
            break
        hc = junction.cross.profile.half
        over = side * (profile.half + profile.sidewalk + 0.4 + CROSSWALK_M * float(rng.uniform(0.25, 0.75)))
        near, far = junction.s - way * (hc + 0.7), junction.s + way * (hc + 0.7)
        pen.go(_path(line, s, junction.s - way * (hc + profile.sidewalk + 1), d))
        pen.go(line.at(np.array([near]), over))
        if junction.signals:
            needed = 2 * hc / pen.speed * float(rng.choice([1.0, 1.0, 1.0, 0.4]))
            pen.wait(junction.cycle.next_green("main", pen.time, needed + 4))
        pen.go(line.at(np.array([far]), over))
        s = junction.s + way * (hc + profile.sidewalk + 1)
        pen.go(line.at(np.array([s]), d))
    if pen.time < stop_s:
        end = float(np.clip(s + way * pen.speed * (stop_s - pen.time), 3, line.length - 3))
        pen.go(_path(line, s, end, d))
    return pen.walk()


def _over_main(layout: Layout, rng: np.random.Generator, start_s: float, stop_s: float) -> Walk:
    """To a junction's crossing, over the main road, and on."""
    line, profile = layout.main.line, layout.main.profile
    junction = layout.junctions[int(rng.integers(len(layout.junctions)))]
    end, side = float(rng.choice([-1, 1])), float(rng.choice([-1, 1]))
    s = junction.s + end * (junction.reach(profile) + 0.4 + CROSSWALK_M * float(rng.uniform(0.2, 0.8)))
    d = side * (profile.half + 0.7)
    lead = float(rng.uniform(2, 35)) * end
    pen = _Pen(start_s, line.at(np.array(s + lead), d + side * 0.8), float(rng.uniform(1.1, 1.8)))
    pen.go(line.at(np.array([s + 0.3 * lead, s]), np.array([d + side * 0.8, d])))
    if junction.signals:
        pen.wait(junction.cycle.next_green("cross", pen.time, 2 * profile.half / pen.speed * 0.7 + 1))
    pen.go(line.at(np.array([s]), -d))
    pen.go(_path(line, s, s + float(rng.choice([-1, 1])) * 2.0, -d - side * 0.8))
    away = end * pen.speed * max(0.0, stop_s - pen.time)
    pen.go(_path(line, s + 2.0 * end, float(np.clip(s + away, 3, line.length - 3)), -d - side * 0.8))
    return pen.walk()


def _over_zebra(layout: Layout, rng: np.random.Generator, start_s: float, stop_s: float) -> Walk:
    """Over a zebra crossing without lights."""
    line, profile = layout.main.line, layout.main.profile
    row = int(rng.integers(len(layout.crossings)))
    s = float(layout.crossings[row]) + float(rng.uniform(-1, 1))
    side = float(rng.choice([-1, 1]))
    d = side * (profile.half + 0.8)
    lead = float(rng.uniform(2, 30)) * float(rng.choice([-1, 1]))
    pen = _Pen(start_s, line.at(np.array(s + lead), d + side * 0.6), float(rng.uniform(1.1, 1.7)))
    pen.go(line.at(np.array([s]), d))
    start = pen.time
    pen.go(line.at(np.array([s]), -d))
    pen.zebra.append((row, start, pen.time))
    way = float(rng.choice([-1, 1]))
    end = float(np.clip(s + way * pen.speed * max(1.0, stop_s - pen.time), 3, line.length - 3))
    pen.go(_path(line, s + 2 * way, end, -d - side * 0.6))
    return pen.walk()


def _standing(layout: Layout, rng: np.random.Generator, start_s: float, stop_s: float) -> Walk:
    """Somebody who waits, and shifts a little."""
    line, profile = layout.main.line, layout.main.profile
    side = float(rng.choice([-1, 1]))
    s, d = (
        float(rng.uniform(20, line.length - 20)),
        side * (profile.half + float(rng.uniform(0.8, profile.sidewalk))),
    )
    for junction in layout.junctions:
        if abs(junction.s - s) < junction.reach(profile) + 1:
            s = junction.s + junction.reach(profile) + 2.0
    turn = float(rng.uniform(-np.pi, np.pi))
    here = line.at(np.array(s), d)
    return Walk(
        np.array([start_s, stop_s]), np.stack([here, here + 0.02 * np.array([np.cos(turn), np.sin(turn)])])
    )
