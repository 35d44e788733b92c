"""Where houses, trees, lamps, signs and parked cars stand."""

from __future__ import annotations

import numpy as np

from drivelabel.simulate.world.fleet import draw_vehicle
from drivelabel.simulate.world.houses import family_house, tower_block
from drivelabel.simulate.world.layout import Junction, Layout, Road
from drivelabel.simulate.world.lines import Line
from drivelabel.simulate.world.mesh import Mesh, turn_z
from drivelabel.simulate.world.plants import broadleaf, bush, conifer, hedge
from drivelabel.simulate.world.scenery import (
    advert,
    bench,
    bin_,
    bus_shelter,
    fence,
    pole,
    street_lamp,
    traffic_cone,
)
from drivelabel.simulate.world.signs import gantry, traffic_sign
from drivelabel.simulate.world.streets import GROUND_DEPTH_M, KERB_M, blocks, cross_blocks
from drivelabel.simulate.world.things import Thing, Things
from drivelabel.typing import FloatArray


class Props:
    """Collects what stands beside the streets: plain meshes, and things that labels name."""

    def __init__(self, layout: Layout, things: Things, rng: np.random.Generator) -> None:
        self.layout, self.things, self.rng = layout, things, rng
        self.meshes: list[Mesh] = []
        self.lamps: list[tuple[Mesh, FloatArray]] = []

    def frame(self, line: Line, s: float, d: float, z: float, turn: float = 0.0) -> FloatArray:
        """(4, 4), world from a thing at (s, d) that is turned from the line's direction."""
        x, y = line.at(np.array(s), d)
        return turn_z(float(line.heading(np.array(s))) + turn, (float(x), float(y), z))

    def put(self, mesh: Mesh, line: Line, s: float, d: float, z: float = KERB_M, turn: float = 0.0) -> None:
        """Scenery without a name."""
        self.meshes.append(mesh.moved(self.frame(line, s, d, z, turn)))

    def put_thing(
        self,
        category: str,
        mesh: Mesh,
        line: Line,
        s: float,
        d: float,
        z: float,
        turn: float = 0.0,
        **attributes: object,
    ) -> None:
        """Something that labels name."""
        self.things.add(Thing.of(category, mesh, self.frame(line, s, d, z, turn), **attributes))


def furnish(layout: Layout, things: Things, rng: np.random.Generator) -> Props:
    """All that stands beside the streets of a world."""
    props = Props(layout, things, rng)
    if layout.style == "highway":
        _highway(props)
        return props
    for start, stop in blocks(layout):
        _block(props, start, stop)
    for row, junction in enumerate(layout.junctions):
        _cross(props, junction)
        if not junction.signals:
            _right_of_way(props, junction, row)
    return props


def _block(props: Props, start: float, stop: float) -> None:
    """Both sides of the main road between two junctions."""
    layout, line = props.layout, props.layout.main.line
    profile = layout.main.profile
    for sign in (1, -1):
        curb = sign * profile.half
        back = sign * (profile.half + profile.sidewalk)
        if layout.style == "city":
            _house_row(props, line, start + 1, stop - 1, back, sign)
        else:
            _gardens(props, line, start + 2, stop - 2, back, sign)
        _street_side(props, layout.main, start, stop, curb, sign)
        if profile.parking:
            d = sign * (profile.half - profile.parking * 0.5 - 0.1)
            keep = [float(s) for s in layout.crossings]
            _parked(props, line, start + 14, stop - 14, d, sign, keep)


def _facing(sign: int) -> float:
    """How far to turn a house whose front faces -y so that it looks at the road."""
    return 0.0 if sign > 0 else np.pi


def _house_row(props: Props, line: Line, start: float, stop: float, back: float, sign: int) -> None:
    """Houses wall to wall, with gaps now and then."""
    rng = props.rng
    s = start
    while s < stop - 6:
        width = min(float(rng.uniform(9, 24)), stop - s)
        if width < 7 or rng.random() < 0.1:
            _pocket_park(props, line, s, min(s + 10, stop), back, sign)
            s += 10
            continue
        height = 4.2 + 3.2 * int(rng.integers(1, 8)) + 0.6
        depth = float(rng.uniform(11, 16))
        setback = float(rng.choice([0.2, 0.2, 0.6, 2.0]))
        mesh = tower_block(rng, width, depth, height)
        # On a bend the chord of the front lies inside the street's edge: step back by that much.
        d = back + sign * (setback + width**2 / 8 * 1 / 220)
        at = s if sign > 0 else s + width
        chord = line.at(np.array(s + width), d) - line.at(np.array(s), d)
        yaw = float(np.arctan2(chord[1], chord[0])) + _facing(sign)
        x, y = line.at(np.array(at), d)
        props.meshes.append(mesh.moved(turn_z(yaw, (float(x), float(y), KERB_M - 0.02))))
        s += width + float(rng.choice([0.0, 0.0, 0.0, 3.5]))


def _pocket_park(props: Props, line: Line, start: float, stop: float, back: float, sign: int) -> None:
    rng = props.rng
    for _ in range(int((stop - start) / 3) + 1):
        s, depth = float(rng.uniform(start, stop)), float(rng.uniform(2.0, 10))
        mesh = (
            broadleaf(rng, float(rng.uniform(5, 9)))
            if rng.random() < 0.6
            else bush(rng, float(rng.uniform(0.8, 1.6)))
        )
        props.put(mesh, line, s, back + sign * depth)


def _gardens(props: Props, line: Line, start: float, stop: float, back: float, sign: int) -> None:
    """Family houses in their gardens."""
    rng = props.rng
    s = start
    while s < stop - 10:
        plot = min(float(rng.uniform(16, 24)), stop - s)
        if plot > 15:
            width, depth = float(rng.uniform(8.5, plot - 5)), float(rng.uniform(8, 11))
            d = back + sign * float(rng.uniform(5, 9))
            at = s + (plot - width) / 2 + (0 if sign > 0 else width)
            props.put(family_house(rng, width, depth), line, at, d, KERB_M - 0.02, _facing(sign))
        kind = rng.random()
        edge, long = back + sign * 0.6, plot - 3.5
        at = s if sign > 0 else s + long
        if kind < 0.35:
            props.put(hedge(long, float(rng.uniform(0.9, 1.7))), line, at, edge, turn=_facing(sign))
        elif kind < 0.7:
            props.put(
                fence(long, (0.35, 0.33, 0.3) if rng.random() < 0.5 else (0.16, 0.1, 0.06)),
                line,
                at,
                edge,
                turn=_facing(sign),
            )
        for _ in range(int(rng.integers(1, 5))):
            where, depth = s + float(rng.uniform(1, plot - 1)), float(rng.uniform(1.5, 4.0))
            if rng.random() < 0.3:
                depth = float(rng.uniform(20, 36))
            pick = rng.random()
            if pick < 0.35 or depth > 15:
                mesh = (broadleaf if rng.random() < 0.7 else conifer)(rng, float(rng.uniform(4, 10)))
            else:
                mesh = bush(rng, float(rng.uniform(0.6, 1.5)))
            props.put(mesh, line, where, back + sign * depth)
        s += plot


def _street_side(props: Props, road: Road, start: float, stop: float, curb: float, sign: int) -> None:
    """Lamps, trees, signs and the small things of a pavement."""
    layout, rng, line = props.layout, props.rng, road.line
    near = curb + sign * 0.7
    has_trees = rng.random() < 0.75
    keep = [float(s) for s in layout.crossings]
    s = start + float(rng.uniform(6, 12))
    step = 0
    while s < stop - 8:
        clear = all(abs(s - x) > 6 for x in keep)
        if clear and step % 3 == 0:
            lamp = street_lamp(float(8.0 if layout.style == "city" else 6.0), 1.8)
            frame = props.frame(line, s, near, KERB_M, np.pi if sign > 0 else 0.0)
            props.lamps.append((lamp, frame))
        elif clear and has_trees and rng.random() < 0.85:
            props.put(broadleaf(rng, float(rng.uniform(5.5, 9.5))), line, s, near + sign * 0.2)
        elif clear:
            _small_thing(props, line, s, near, sign)
        s += 9.0 + float(rng.uniform(-1, 1))
        step += 1
    for at in (start + 16, (start + stop) / 2 + 8):
        if at < stop - 6 and rng.random() < 0.8:
            kind = str(rng.choice(["speed_50", "speed_30", "no_parking", "parking", "warning"]))
            _sign(props, line, at, near, sign, kind)
    for crossing in keep:
        if start < crossing < stop:
            _sign(props, line, crossing - 3.2 * -sign, near, sign, "crossing")
    if layout.style == "city" and stop - start > 90 and rng.random() < 0.6:
        props.put(bus_shelter(), line, (start + stop) / 2, curb + sign * 1.9, turn=_facing(sign))


def _small_thing(props: Props, line: Line, s: float, d: float, sign: int) -> None:
    rng = props.rng
    pick = rng.random()
    if pick < 0.35:
        props.put(bin_((0.03, 0.08, 0.04) if rng.random() < 0.5 else (0.06, 0.06, 0.065)), line, s, d)
    elif pick < 0.6:
        props.put(bench(), line, s, d + sign * 0.3, turn=_facing(sign))
    elif pick < 0.75:
        props.put(advert(rng), line, s, d + sign * 0.4)
    else:
        for k in range(4):
            props.put(pole(0.9, 0.06), line, s + 1.6 * k, d - sign * 0.25)


def _sign(props: Props, line: Line, s: float, d: float, sign: int, kind: str) -> None:
    """A sign on its post, for those who drive on its side of the road."""
    height = float(props.rng.choice([2.3, 2.5, 2.7]))
    turn = 0.0 if sign < 0 else np.pi
    props.put(pole(height + 0.3), line, s, d, turn=turn)
    at = s + (-0.06 if sign < 0 else 0.06)
    props.put_thing("traffic_sign", traffic_sign(kind, height), line, at, d, KERB_M, turn, kind=kind)


def _parked(
    props: Props,
    line: Line,
    start: float,
    stop: float,
    d: float,
    sign: int,
    keep: list[float],
    share: float = 0.68,
) -> None:
    """Cars along the kerb."""
    rng = props.rng
    s = start
    turn = 0.0 if sign < 0 else np.pi
    while s < stop - 3:
        vehicle = draw_vehicle(rng, "city", parked=True)
        if s + vehicle.length > stop:
            break
        middle = s + vehicle.length / 2
        if rng.random() < share and all(abs(middle - x) > 9 for x in keep):
            slant = turn + float(rng.normal(0, 0.012))
            off = d + float(rng.normal(0, 0.05))
            category, mesh = vehicle.things[0]
            props.put_thing(category, mesh, line, middle, off, 0.0, slant, kind=vehicle.kind, motion="parked")
            s += vehicle.length + float(rng.uniform(0.7, 1.8))
        else:
            s += 5.5


def _cross(props: Props, junction: Junction) -> None:
    """Both sides of a side street."""
    layout, rng, road = props.layout, props.rng, junction.cross
    middle = road.line.length / 2
    behind = layout.main.profile.half + layout.main.profile.sidewalk
    for start, stop in cross_blocks(layout, junction):
        ends = (start, middle - behind - 18) if start < middle else (middle + behind + 18, stop)
        for sign in (1, -1):
            back = sign * (road.profile.half + road.profile.sidewalk)
            if layout.style == "city":
                _house_row(props, road.line, *ends, back, sign)
            else:
                far = (
                    (start, middle - behind - GROUND_DEPTH_M)
                    if start < middle
                    else (middle + behind + GROUND_DEPTH_M, stop)
                )
                _gardens(props, road.line, *far, back, sign)
            if road.profile.parking:
                d = sign * (road.profile.half - road.profile.parking * 0.5 - 0.1)
                low, high = (start + 2, stop - 16) if start < middle else (start + 16, stop - 2)
                _parked(props, road.line, low, high, d, sign, [], 0.6)
            for s in np.arange(ends[0] + 10, ends[1] - 5, 26.0):
                lamp = street_lamp(6.5, 1.4)
                near = sign * (road.profile.half + 0.6)
                props.lamps.append(
                    (lamp, props.frame(road.line, float(s), near, KERB_M, np.pi if sign > 0 else 0.0))
                )
                if rng.random() < 0.7:
                    props.put(
                        broadleaf(rng, float(rng.uniform(5, 8))), road.line, float(s) + 12, near + sign * 0.2
                    )


def _right_of_way(props: Props, junction: Junction, row: int) -> None:
    """Yield or stop signs on the side street, priority signs on the main road."""
    layout, main = props.layout, props.layout.main
    middle = junction.cross.line.length / 2
    back = main.profile.half + main.profile.sidewalk + 5.5
    kind = "stop" if layout.rules == "us" or row % 2 else "yield"
    for sign, s in ((-1, middle - back), (1, middle + back)):
        _sign(props, junction.cross.line, s, sign * (junction.cross.profile.half + 0.6), sign, kind)
    if layout.rules == "eu":
        for sign in (-1, 1):
            s = junction.s + sign * (junction.reach(main.profile) + 8)
            _sign(props, main.line, s, sign * (main.profile.half + 0.7), sign, "priority")


def _highway(props: Props) -> None:
    """Trees on the verges, signs, and sign bridges."""
    layout, rng, line = props.layout, props.rng, props.layout.main.line
    half = layout.main.profile.half
    for sign in (1, -1):
        s = 5.0
        while s < line.length - 5:
            for _ in range(int(rng.integers(1, 4))):
                mesh = (broadleaf if rng.random() < 0.65 else conifer)(rng, float(rng.uniform(5, 13)))
                props.put(
                    mesh,
                    line,
                    s + float(rng.uniform(-4, 4)),
                    sign * (half + float(rng.uniform(9, 40))),
                    -0.05,
                )
            if rng.random() < 0.6:
                props.put(
                    bush(rng, float(rng.uniform(1, 2.4))),
                    line,
                    s,
                    sign * (half + float(rng.uniform(4, 9))),
                    -0.05,
                )
            s += float(rng.uniform(7, 14))
        for at in np.arange(float(rng.uniform(60, 160)), line.length - 20, 210.0):
            kind = "speed_120" if rng.random() < 0.6 else "speed_80"
            _sign(props, line, float(at), sign * (half + 1.6), sign, kind)
        for at in np.arange(float(rng.uniform(250, 330)), line.length - 40, 420.0):
            frame, board = gantry(half + 0.5, 3.0)
            turn = 0.0 if sign < 0 else np.pi
            props.put(frame, line, float(at), sign * (half + 1.2), 0.0, turn)
            props.put_thing(
                "traffic_sign", board, line, float(at), sign * (half + 1.2), 0.0, turn, kind="direction"
            )


def put_cones(props: Props, start: float, count: int) -> None:
    """A row of cones along the edge of the ego's side."""
    profile, line = props.layout.main.profile, props.layout.main.line
    for k in range(count):
        d = -(profile.half - 0.35 - 0.05 * k)
        props.put_thing("traffic_cone", traffic_cone(), line, start + 2.5 * k, d, 0.0)
