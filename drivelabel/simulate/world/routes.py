"""Ways through the streets that vehicles take: where they lead, how fast one may go, where to stop."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.simulate.world.layout import Junction, Layout
from drivelabel.simulate.world.lines import Line
from drivelabel.simulate.world.paint import cross_stop_station, stop_station
from drivelabel.typing import FloatArray

SIDE_ACCELERATION = 2.2
"""m/s2 that drivers accept in a bend."""

RUN_IN_M = 260.0
"""How far a route is thought on before its start, for vehicles that come later."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a route must be left when its lights are red.

    Attributes:
        s: metres along the route, the stop line.
        junction: row of the layout's junctions; -1 for a zebra crossing.
        group: of the lights, or ``yield`` at a junction without, or ``zebra``.
        crossing: row of the layout's crossings, or -1.
    """

    s: float
    junction: int
    group: str
    crossing: int = -1


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A way for vehicles; d metres to the left of its line are lanes.

    Attributes:
        name: ``main+``, ``main-``, ``cross_3+``, ``turn``, ...
        line: in the direction of travel.
        stops: in order.
        table: (k, 2), points one metre apart, the first at -RUN_IN_M.
        limit: (k,), m/s at those points, from the bends.
        lanes: (n,) offsets that vehicles may change between; empty for none.
    """

    name: str
    line: Line
    stops: tuple[Stop, ...]
    table: FloatArray
    limit: FloatArray
    lanes: FloatArray

    @property
    def blink(self) -> int:
        """1 for a route that turns left, -1 for one that turns right."""
        return {"left": 1, "right": -1}.get(self.name.rpartition("_")[2], 0)


def make_routes(layout: Layout) -> list[Route]:
    """All ways through a world: the main road forward, backward, others; last the ego's, where it turns."""
    main, profile = layout.main, layout.main.profile
    lanes = -np.array([profile.lane_center(lane) for lane in range(profile.lanes)])
    if any(junction.has_left_arrows for junction in layout.junctions):
        lanes = lanes[1:]
    back = main.line.reversed()
    routes = [
        _route("main+", main.line, _main_stops(layout, "main", forward=True), lanes),
        _route("main-", back, _main_stops(layout, "main", forward=False), lanes),
    ]
    for row, junction in enumerate(layout.junctions):
        group = "cross" if junction.signals else "yield"
        at = junction.cross.line.length / 2 - cross_stop_station(layout)
        for name, line in (("+", junction.cross.line), ("-", junction.cross.line.reversed())):
            routes.append(_route(f"cross_{row}{name}", line, [Stop(at, row, group)], np.zeros(0)))
        routes += _turns(layout, junction, row, back)
    if layout.turn is not None:
        routes.append(ego_turn(layout))
    return routes


def _main_stops(layout: Layout, group: str, *, forward: bool) -> list[Stop]:
    length = layout.main.line.length
    stops = []
    for row, junction in enumerate(layout.junctions):
        s = junction.s if forward else length - junction.s
        if junction.signals:
            stops.append(Stop(s - stop_station(layout, junction), row, group))
    for row, crossing in enumerate(layout.crossings):
        s = float(crossing) if forward else length - float(crossing)
        stops.append(Stop(s - 3.6, -1, "zebra", row))
    return sorted(stops, key=lambda stop: stop.s)


def _route(name: str, line: Line, stops: list[Stop], lanes: FloatArray) -> Route:
    s = np.arange(0.0, line.length, 1.0)
    start = line.at(np.array(0.0))
    heading = float(line.heading(np.array(0.0)))
    back = np.arange(-RUN_IN_M, 0.0, 1.0)
    before = start + back[:, None] * np.array([np.cos(heading), np.sin(heading)])
    table = np.concatenate([before, line.at(s)])
    angle = np.unwrap(np.arctan2(*np.diff(table, axis=0).T[::-1]))
    curvature = np.abs(np.gradient(angle))
    limit = np.sqrt(SIDE_ACCELERATION / np.maximum(np.append(curvature, curvature[-1]), 1e-5))
    for k in range(len(limit) - 2, -1, -1):  # brake in time
        limit[k] = min(limit[k], np.sqrt(limit[k + 1] ** 2 + 2 * 1.6))
    return Route(name, line, tuple(stops), table, limit, lanes)


def _turns(layout: Layout, junction: Junction, row: int, back: Line) -> list[Route]:
    """Ways that turn: right from everywhere, left from the main road where it has arrows."""
    main, profile = layout.main, layout.main.profile
    outer, inner = profile.lane_center(profile.lanes - 1), profile.lane_center(0)
    cross, cross_back = junction.cross.line, junction.cross.line.reversed()
    lane = junction.cross.profile.lane_center(0)
    middle = cross.length / 2
    s, s_back = junction.s, main.line.length - junction.s
    main_group, cross_group = ("main", "cross") if junction.signals else ("none", "yield")
    hold = stop_station(layout, junction)
    routes = []

    def add(
        a: Line, a_s: float, a_d: float, b: Line, b_s: float, b_d: float, stop: float, group: str, turn: str
    ) -> None:
        line = _turn_line(a, a_s, a_d, b, b_s, b_d, turn)
        stops = [Stop(stop, row, group)] if group != "none" else []
        routes.append(_route(f"turn_{turn}", line, stops, np.zeros(0)))

    for line, at, one, other in ((main.line, s, cross_back, cross), (back, s_back, cross, cross_back)):
        add(line, at, -outer, one, middle, -lane, at - hold, main_group, "right")
        if junction.has_left_arrows:
            add(line, at, -inner, other, middle, -lane, at - hold, "left", "left")
    hold = middle - cross_stop_station(layout)
    add(cross, middle, -lane, main.line, s, -outer, hold, cross_group, "right")
    add(cross_back, middle, -lane, back, s_back, -outer, hold, cross_group, "right")
    return routes


def ego_turn(layout: Layout) -> Route:
    """The way of an ego that leaves the main road.

    Raises:
        InvalidLabelError: it does not.
    """
    if layout.turn is None:
        raise InvalidLabelError("layout: expected a turn of the ego, got None.")
    main, profile, side = layout.main, layout.main.profile, layout.turn.side
    junction = layout.junctions[layout.turn.junction]
    cross, group = junction.cross.line, "left" if side == "left" else "main"
    d = -profile.lane_center(0 if side == "left" else profile.lanes - 1)
    into = cross if side == "left" else cross.reversed()
    lane = -junction.cross.profile.lane_center(0)
    line = _turn_line(main.line, junction.s, d, into, cross.length / 2, lane, side)
    on_main = [stop for stop in _main_stops(layout, "main", forward=True) if stop.s < junction.s]
    stops = []
    for stop in on_main:
        at, _ = line.locate(main.line.at(np.array([stop.s]), d))
        own = group if stop.junction == layout.turn.junction else stop.group
        stops.append(Stop(float(at[0]), stop.junction, own, stop.crossing))
    return _route(f"ego_turn_{side}", line, stops, np.zeros(0))


def _turn_line(a: Line, a_s: float, a_d: float, b: Line, b_s: float, b_d: float, turn: str) -> Line:
    """From one street into another that crosses it."""
    if turn == "right":
        return _bend(a, a_s, a_d, b, b_s, b_d, a_s - abs(b_d) - 11, b_s + abs(a_d) + 11)
    return _bend(a, a_s, a_d, b, b_s, b_d, a_s - 9, b_s + 9)


def _bend(
    a: Line, a_s: float, a_d: float, b: Line, b_s: float, b_d: float, leave: float, enter: float
) -> Line:
    """Along `a` at one offset, around a bend, and on along `b` at another.

    The bend is a Bezier curve of degree five whose ends are straight, so that nobody jerks the wheel.
    """
    p0, p2 = a.at(np.array(leave), a_d), b.at(np.array(enter), b_d)
    h0, h2 = float(a.heading(np.array(leave))), float(b.heading(np.array(enter)))
    d0, d2 = np.array([np.cos(h0), np.sin(h0)]), np.array([np.cos(h2), np.sin(h2)])
    u = np.linalg.solve(np.stack([d0, d2], axis=1), p2 - p0)
    corner = p0 + u[0] * d0
    t = np.linspace(0, 1, 26)[1:-1, None]
    near, far = [p0 + x * (corner - p0) for x in (0.4, 0.75)], [p2 + x * (corner - p2) for x in (0.75, 0.4)]
    weights = [math.comb(5, k) * t**k * (1 - t) ** (5 - k) for k in range(6)]
    arc = sum(w * p for w, p in zip(weights, (p0, *near, *far, p2), strict=True))
    first = a.at(np.append(np.arange(0, leave - 2, 3.0), leave), a_d)
    then = b.at(np.append(enter, np.arange(enter + 3, b.length, 3.0)), b_d)
    return Line(np.concatenate([first, arc, then]))
