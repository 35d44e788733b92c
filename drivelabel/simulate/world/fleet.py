"""Who is on the road: kinds of vehicles, their drivers' habits, and where they start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from drivelabel.simulate.world.cars import CAR_COLORS, CAR_SHAPES, car
from drivelabel.simulate.world.cycles import bicycle, motorcycle
from drivelabel.simulate.world.layout import Layout
from drivelabel.simulate.world.lorries import bus, truck, van
from drivelabel.simulate.world.mesh import Color, Mesh
from drivelabel.simulate.world.people import Wardrobe, rider
from drivelabel.simulate.world.routes import Route
from drivelabel.simulate.world.traffic import WARM_UP_S, Fleet

WHITE_PAINT: tuple[Color, ...] = ((0.75, 0.75, 0.73), (0.7, 0.7, 0.7), (0.55, 0.42, 0.05), (0.03, 0.08, 0.25))
BUS_PAINT: tuple[Color, ...] = ((0.4, 0.02, 0.03), (0.03, 0.1, 0.3), (0.6, 0.45, 0.04), (0.7, 0.7, 0.68))
EGO_LENGTH_M, EGO_WIDTH_M, EGO_REACH_M = 4.6, 1.9, 3.65

SPEEDS = {"city": 13.9, "suburb": 11.5, "highway": 31.0}
"""m/s that drivers like; the law's 50, 40 and 110 km/h, nearly."""


@dataclass(frozen=True, slots=True, eq=False)
class Vehicle:
    """What a vehicle is made of: (category, mesh) for each of its things, and its measures."""

    things: tuple[tuple[str, Mesh], ...]
    length: float
    width: float
    kind: str


PAINT_A, PAINT_B = (0.501, 0.002, 0.499), (0.002, 0.501, 0.499)
"""Colours that stand for paint in bodies that are made once and painted often."""


@lru_cache(maxsize=64)
def _body(kind: str, variant: int) -> Mesh:
    """A body in PAINT_A (and PAINT_B), made once."""
    if kind == "truck":
        return truck(PAINT_A, PAINT_B, (7.6, 8.9, 10.2, 11.4)[variant])
    if kind == "bus":
        return bus(PAINT_A, (10.6, 12.0)[variant])
    if kind == "van":
        return van(PAINT_A, windows=variant == 1)
    if kind == "bicycle":
        return bicycle(PAINT_A)
    return motorcycle(PAINT_A) if kind == "motorcycle" else car(kind, PAINT_A)


def _painted(
    rng: np.random.Generator,
    kind: str,
    variants: int,
    colors: tuple[Color, ...],
    others: tuple[Color, ...] = (),
) -> Mesh:
    body = _body(kind, int(rng.integers(variants)))
    paint = {PAINT_A: _any(rng, colors)} | ({PAINT_B: _any(rng, others)} if others else {})
    return body.recolored(paint)


def _scaled(mesh: Mesh, scale: float) -> Mesh:
    return mesh.moved(np.diag([scale, scale, scale, 1.0]))


def draw_vehicle(rng: np.random.Generator, style: str, *, parked: bool = False) -> Vehicle:
    """Any vehicle that is fit for a lane."""
    p = rng.random()
    if not parked and p < (0.1 if style == "highway" else 0.05):
        return _of("truck", "truck", _painted(rng, "truck", 4, CAR_COLORS, WHITE_PAINT))
    if not parked and p < 0.14 and style == "city":
        return _of("bus", "bus", _painted(rng, "bus", 2, BUS_PAINT))
    if not parked and p < 0.2:
        return two_wheeler(rng, "motorcycle")
    if p < 0.3:
        return _of("van", "car", _scaled(_painted(rng, "van", 2, WHITE_PAINT), float(rng.uniform(0.9, 1.05))))
    kind = str(rng.choice(list(CAR_SHAPES), p=[0.24, 0.22, 0.14, 0.24, 0.1, 0.06]))
    return _of(kind, "car", _scaled(_painted(rng, kind, 1, CAR_COLORS), float(rng.uniform(0.96, 1.05))))


def two_wheeler(rng: np.random.Generator, kind: str) -> Vehicle:
    """A bicycle or motorcycle with somebody on it: two things."""
    mesh = _painted(rng, kind, 1, CAR_COLORS)
    low, high = mesh.bounds()
    person = rider(Wardrobe.draw(rng), kind)
    return Vehicle(((kind, mesh), ("rider", person)), float(high[0] - low[0]), 0.75, kind)


def _of(kind: str, category: str, mesh: Mesh) -> Vehicle:
    low, high = mesh.bounds()
    # Mirrors reach over the lane's edge; who follows does not mind them.
    return Vehicle(((category, mesh),), float(high[0] - low[0]), float(high[1] - low[1]) - 0.25, kind)


def _any(rng: np.random.Generator, colors: tuple[Color, ...]) -> Color:
    return colors[int(rng.integers(len(colors)))]


@dataclass(slots=True)
class _Draft:
    route: int
    s: float
    d: float
    wish: float
    vehicle: Vehicle | None
    is_bike: bool = False


def make_fleet(
    layout: Layout, routes: list[Route], rng: np.random.Generator, seconds: float, density: float
) -> tuple[Fleet, list[Vehicle]]:
    """The ego and all moving vehicles; the ego is row 0 of the fleet and has no place in the list.

    Args:
        layout: the streets.
        routes: all ways.
        rng: for every choice.
        seconds: of the drive.
        density: 1 for usual traffic, 0 for none.
    """
    speed = SPEEDS[layout.style]
    profile = layout.main.profile
    lane = _ego_lane(layout, rng)
    ego_s = layout.ego_start - WARM_UP_S * speed * 0.85
    drafts = [_ego(layout, routes, ego_s, -profile.lane_center(lane), speed * float(rng.uniform(0.95, 1.05)))]
    if density > 0:
        drafts += _on_main(layout, routes, rng, ego_s, lane, density)
        for row, route in enumerate(routes):
            if route.name.startswith("cross"):
                drafts += _on_cross(layout, row, route, rng, seconds, density)
        drafts += _bikes(layout, routes, rng, density)
    return _fleet(drafts, rng), [draft.vehicle for draft in drafts if draft.vehicle is not None]


def _ego(layout: Layout, routes: list[Route], s: float, d: float, wish: float) -> _Draft:
    if layout.turn is None:
        return _Draft(0, s, d, wish, None)
    on_route, _ = routes[-1].line.locate(layout.main.line.at(np.array([s]), d))
    return _Draft(len(routes) - 1, float(on_route[0]), 0.0, wish, None)


def _ego_lane(layout: Layout, rng: np.random.Generator) -> int:
    lanes = layout.main.profile.lanes
    if layout.turn is not None:
        return 0 if layout.turn.side == "left" else lanes - 1
    lowest = 1 if lanes >= 3 else 0
    return int(rng.integers(lowest, lanes))


def _on_main(
    layout: Layout, routes: list[Route], rng: np.random.Generator, ego_s: float, ego_lane: int, density: float
) -> list[_Draft]:
    profile, length = layout.main.profile, layout.main.line.length
    speed = SPEEDS[layout.style]
    mean_gap = (45.0 if layout.style == "highway" else 24.0) / density
    drafts = []
    for direction in (0, 1):
        for lane in range(profile.lanes):
            s = float(rng.uniform(0, mean_gap))
            while s < length - 30:
                vehicle = draw_vehicle(rng, layout.style)
                s += vehicle.length / 2
                near_ego = direction == 0 and lane == ego_lane and -16 < s - ego_s < 22
                route = _route_for(routes, rng, layout, direction, lane, s)
                wish = (
                    speed
                    * float(rng.uniform(0.75, 1.12))
                    * (0.85 if vehicle.kind in ("truck", "bus") else 1.0)
                )
                if not near_ego and route >= 0:
                    d = -profile.lane_center(lane) if route in (0, 1) else 0.0
                    drafts.append(_Draft(route, s, d, wish, vehicle))
                s += vehicle.length / 2 + 9.0 + float(rng.exponential(mean_gap))
    return drafts


def _route_for(
    routes: list[Route], rng: np.random.Generator, layout: Layout, direction: int, lane: int, s: float
) -> int:
    """The main road, or a way that turns off at the next junction; -1 where nobody may start."""
    profile = layout.main.profile
    at = [j.s if direction == 0 else layout.main.line.length - j.s for j in layout.junctions]
    if any(abs(s - x) < 26 for x in at):
        return -1
    ahead = [(x, row) for row, x in enumerate(at) if x - s > 45]
    must_left = lane == 0 and any(j.has_left_arrows for j in layout.junctions)
    turn = "left" if must_left else "right" if lane == profile.lanes - 1 and rng.random() < 0.18 else ""
    if not turn:
        return direction
    if not ahead:
        return -1 if must_left else direction
    row = min(ahead)[1]
    group = [r for r, route in enumerate(routes) if route.name == f"turn_{turn}" and route.stops]
    own = [r for r in group if routes[r].stops[0].junction == row]
    # In the order in which they were made: main road forward, then backward.
    wanted = [r for r in own if routes[r].stops[0].group in ("main", "left")]
    return wanted[direction] if len(wanted) > direction else direction


def _on_cross(
    layout: Layout, row: int, route: Route, rng: np.random.Generator, seconds: float, density: float
) -> list[_Draft]:
    drafts = []
    lane = layout.junctions[int(route.name.split("_")[1].rstrip("+-"))].cross.profile.lane_center(0)
    # As many as will come by; the last of them start before the route does.
    s = route.line.length / 2 - 45.0 - float(rng.uniform(0, 30))
    last = -min(230.0, 60 + seconds * 5)
    while s > last:
        vehicle = draw_vehicle(rng, "suburb")
        s -= vehicle.length / 2
        drafts.append(_Draft(row, s, -lane, float(rng.uniform(9, 12)), vehicle))
        s -= vehicle.length / 2 + 10 + float(rng.exponential(38.0 / density))
    return drafts


def _bikes(layout: Layout, routes: list[Route], rng: np.random.Generator, density: float) -> list[_Draft]:
    profile, length = layout.main.profile, layout.main.line.length
    if not profile.bike:
        return []
    drafts = []
    d = -(profile.lanes_edge + profile.bike * 0.52)
    for direction in (0, 1):
        s = float(rng.uniform(0, 60))
        while s < length - 30:
            vehicle = two_wheeler(rng, "bicycle")
            drafts.append(_Draft(direction, s, d, float(rng.uniform(4.2, 6.5)), vehicle, True))
            s += 12 + float(rng.exponential(70.0 / density))
    return drafts


def _fleet(drafts: list[_Draft], rng: np.random.Generator) -> Fleet:
    n = len(drafts)
    wander = np.stack(
        [rng.uniform(0.0, 0.14, n), rng.uniform(0.02, 0.05, n), rng.uniform(0, 6.28, n)], axis=1
    )
    is_bike = np.array([draft.is_bike for draft in drafts])
    wander[is_bike, 0] *= 0.7
    wish = np.array([draft.wish for draft in drafts])
    sizes = [(EGO_LENGTH_M, EGO_WIDTH_M)] + [
        (d.vehicle.length, d.vehicle.width) for d in drafts if d.vehicle is not None
    ]
    return Fleet(
        route=np.array([draft.route for draft in drafts], np.int64),
        s=np.array([draft.s for draft in drafts]),
        d=np.array([draft.d for draft in drafts]),
        v=wish * 0.8,
        a=np.zeros(n),
        wish=wish,
        length=np.array([size[0] for size in sizes]),
        width=np.array([size[1] for size in sizes]),
        is_bike=is_bike,
        wander=wander,
    )
