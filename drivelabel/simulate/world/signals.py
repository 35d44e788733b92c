"""Traffic lights: where they hang, what they look like, and what they show when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.simulate.world.layout import CROSSWALK_M, Junction, Layout
from drivelabel.simulate.world.lines import Line
from drivelabel.simulate.world.mesh import SIDES, Color, Look, Mesh, box, disc, fan, ribbon, tube, turn_z
from drivelabel.simulate.world.paint import cross_stop_station, stop_station
from drivelabel.simulate.world.streets import KERB_M
from drivelabel.typing import FloatArray

BULB_COLORS: tuple[Color, ...] = ((1.0, 0.03, 0.02), (1.0, 0.45, 0.02), (0.02, 0.9, 0.35))
"""Red, yellow, green, lit."""

LIT_EMISSION, DARK_SHARE = 6.0, 0.06
HOUSING: Color = (0.02, 0.022, 0.02)
BULB_Z = (0.33, 0.0, -0.33)
PEDESTRIAN_BULB_Z = (0.17, 0.0, -0.17)

LIT = {"red": (0,), "yellow": (1,), "red_yellow": (0, 1), "green": (2,), "off": ()}
"""State to the bulbs that are lit."""


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """One housing.

    Attributes:
        junction: row of the layout's junctions.
        group: what rules it: ``main``, ``left``, ``cross``; walkers' lights are green with that group.
        approach: which way those drive whom it rules, +1 along the street, -1 against it.
        is_pedestrian: a light with two bulbs for people on foot.
        arrow: name in ARROWS.
        world_from_signal: (4, 4); it faces +x, the origin is the housing's middle.
    """

    junction: int
    group: str
    approach: int
    is_pedestrian: bool
    arrow: str
    world_from_signal: FloatArray

    @property
    def bulbs(self) -> FloatArray:
        """(3, 3), world coords, the faces of the red, yellow and green bulb."""
        z = PEDESTRIAN_BULB_Z if self.is_pedestrian else BULB_Z
        x = 0.115 if self.is_pedestrian else 0.145
        local = np.array([(x, 0.0, height) for height in z])
        faces: FloatArray = local @ self.world_from_signal[:3, :3].T + self.world_from_signal[:3, 3]
        return faces


def signal_state(layout: Layout, signal: Signal, time_s: float) -> str:
    """What a housing shows: a name in LIGHT_STATES."""
    cycle = layout.junctions[signal.junction].cycle
    state = cycle.state(signal.group, time_s)
    if not signal.is_pedestrian:
        return state
    # People get red while there is still time to reach the other side.
    if state == "green" and cycle.state(signal.group, time_s + 5.0) == "green":
        return "green"
    return "red"


def housing(signal: Signal) -> Mesh:
    """A housing without what its bulbs show."""
    look = Look(HOUSING, "traffic_light", "plain")
    faces = ("top", "bottom", *SIDES)
    if signal.is_pedestrian:
        body = [box((-0.1, -0.14, -0.32), (0.1, 0.14, 0.32), look, faces)]
        hoods = [_hood(z, 0.1, 0.11) for z in (PEDESTRIAN_BULB_Z[0], PEDESTRIAN_BULB_Z[2])]
    else:
        body = [box((-0.12, -0.18, -0.52), (0.13, 0.18, 0.52), look, faces)]
        body.append(box((-0.02, -0.3, -0.66), (0.0, 0.3, 0.66), look, faces))
        hoods = [_hood(z, 0.13, 0.14) for z in BULB_Z]
    return Mesh.concat(body + hoods)


def _hood(z: float, x: float, radius: float) -> Mesh:
    """The visor over one bulb: an open half pipe."""
    angle = np.linspace(0.0, np.pi, 7)
    ring = np.stack([np.full(7, x), radius * np.cos(angle), z + radius * np.sin(angle)], axis=1)
    out = ring + np.array([0.2, 0.0, 0.0])
    look = Look(HOUSING, "traffic_light")
    return Mesh.concat([ribbon(ring, out, look), ribbon(out, ring, look.shade(0.6))])


def bulb_mesh(signal: Signal, bulb: int, *, lit: bool) -> Mesh:
    """One bulb, lit or dark, in the housing's coords."""
    color = BULB_COLORS[bulb]
    z = (PEDESTRIAN_BULB_Z if signal.is_pedestrian else BULB_Z)[bulb]
    x, radius = (0.104, 0.095) if signal.is_pedestrian else (0.134, 0.115)
    dark: Color = (color[0] * DARK_SHARE, color[1] * DARK_SHARE, color[2] * DARK_SHARE)
    shade = Look(dark, "traffic_light", "lamp", layer=1)
    bright = Look(color, "traffic_light", "lamp", LIT_EMISSION, layer=2)
    if signal.is_pedestrian:
        parts = [disc((x, 0, z), 0, radius, shade, 12)]
        return Mesh.concat([*parts, *_person(x + 0.004, z, bright)]) if lit else parts[0]
    if signal.arrow in ("none", "unknown"):
        return disc((x, 0, z), 0, radius, bright if lit else shade, 14)
    parts = [disc((x, 0, z), 0, radius, shade, 14)]
    return Mesh.concat([*parts, *_arrow(x + 0.004, z, signal.arrow, bright)]) if lit else parts[0]


def _arrow(x: float, z: float, arrow: str, look: Look) -> list[Mesh]:
    """An arrow on a bulb that faces +x."""
    shaft = np.array([(-0.02, -0.09), (0.02, -0.09), (0.02, 0.03), (-0.02, 0.03)])
    head = np.array([(-0.06, 0.02), (0.06, 0.02), (0.0, 0.095)])
    turn = {"straight": 0.0, "left": np.pi / 2, "right": -np.pi / 2}.get(arrow, 0.0)
    c, s = np.cos(turn), np.sin(turn)
    meshes = []
    for shape in (shaft, head):
        turned = shape @ np.array([[c, s], [-s, c]])
        # A reader who looks along -x sees +y on the right.
        corners = np.stack([np.full(len(turned), x), turned[:, 0], z + turned[:, 1]], axis=1)
        meshes.append(fan(corners, look))
    return meshes


def _person(x: float, z: float, look: Look) -> list[Mesh]:
    trunk = np.array(
        [(x, -0.025, z - 0.07), (x, 0.025, z - 0.07), (x, 0.025, z + 0.03), (x, -0.025, z + 0.03)]
    )
    return [fan(trunk, look), disc((x, 0, z + 0.055), 0, 0.022, look, 8)]


def place_signals(layout: Layout) -> tuple[list[Signal], list[Mesh]]:
    """All housings of a world, and the posts that carry them (world coords)."""
    signals: list[Signal] = []
    posts: list[Mesh] = []
    for row, junction in enumerate(layout.junctions):
        if junction.signals:
            _main_heads(layout, junction, row, signals, posts)
            _cross_heads(layout, junction, row, signals, posts)
            _walk_heads(layout, junction, row, signals, posts)
    return signals, posts


def _pose(road_line: Line, s: float, d: float, z: float, approach: int) -> FloatArray:
    x, y = road_line.at(np.array(s), d)
    heading = float(road_line.heading(np.array(s)))
    # It faces those who come towards it.
    return turn_z(heading + (np.pi if approach > 0 else 0.0), (float(x), float(y), z))


def _mast(line: Line, s: float, d_post: float, d_end: float, z: float) -> Mesh:
    """A post at d_post with an arm to d_end at height z."""
    look = Look((0.14, 0.145, 0.15), "pole", "metal")
    foot = line.at3(np.array(s), d_post, KERB_M)
    top, end = line.at3(np.array(s), d_post, z), line.at3(np.array(s), d_end, z + 0.25)
    return Mesh.concat(
        [
            tube(np.array([foot, top]), [0.12, 0.09], look, 8),
            tube(np.array([top, end]), [0.07, 0.05], look, 7),
        ]
    )


def _post(line: Line, s: float, d: float, height: float) -> Mesh:
    look = Look((0.14, 0.145, 0.15), "pole", "metal")
    ends = np.array([line.at3(np.array(s), d, KERB_M), line.at3(np.array(s), d, height)])
    return tube(ends, [0.06, 0.055], look, 8)


def _main_heads(
    layout: Layout, junction: Junction, row: int, signals: list[Signal], posts: list[Mesh]
) -> None:
    """Heads for both directions of the main road: over the lanes and beside the road."""
    main, profile = layout.main, layout.main.profile
    before, beyond = stop_station(layout, junction), junction.reach(profile) + 1.0
    for approach in (1, -1):
        # us: the mast stands beyond the junction; eu: at the stop line.
        ahead = beyond if layout.rules == "us" else -before + 1.5
        s = junction.s + approach * ahead
        side = -approach  # right of those who come
        d_post = side * (profile.half + 0.6)
        d_end = side * max(profile.lane_center(0) - 0.6, 0.5)
        posts.append(_mast(main.line, s, d_post, d_end, 5.9))
        for lane in range(profile.lanes):
            left = lane == 0 and junction.has_left_arrows
            pose = _pose(main.line, s - approach * 0.2, side * profile.lane_center(lane), 5.75, approach)
            signals.append(
                Signal(row, "left" if left else "main", approach, False, "left" if left else "none", pose)
            )
        s = junction.s - approach * (before - 1.2)
        if layout.rules == "us":
            s = junction.s + approach * (junction.reach(profile) - 0.5)
        posts.append(_post(main.line, s, side * (profile.half + 0.9), 3.5))
        pose = _pose(main.line, s - approach * 0.2, side * (profile.half + 0.9), 3.0, approach)
        signals.append(Signal(row, "main", approach, False, "none", pose))


def _cross_heads(
    layout: Layout, junction: Junction, row: int, signals: list[Signal], posts: list[Mesh]
) -> None:
    road, profile = junction.cross, junction.cross.profile
    middle = road.line.length / 2
    before = cross_stop_station(layout)
    far = layout.main.profile.half + layout.main.profile.sidewalk * 0.7
    for approach in (1, -1):
        ahead = far if layout.rules == "us" else -before + 1.2
        s = middle + approach * ahead
        d = -approach * (profile.half + 0.7)
        posts.append(_post(road.line, s, d, 3.6))
        signals.append(
            Signal(
                row, "cross", approach, False, "none", _pose(road.line, s - approach * 0.2, d, 3.1, approach)
            )
        )


def _walk_heads(
    layout: Layout, junction: Junction, row: int, signals: list[Signal], posts: list[Mesh]
) -> None:
    """Lights for people on foot, at both ends of the four crossings."""
    main, cross = layout.main, junction.cross
    reach = junction.reach(main.profile)
    for end in (1, -1):
        s = junction.s + end * (reach + 0.4 + CROSSWALK_M + 0.3)
        for side in (1, -1):
            d = side * (main.profile.half + 0.5)
            heading = float(main.line.heading(np.array(s)))
            x, y = main.line.at(np.array(s), d)
            pose = turn_z(heading - side * np.pi / 2, (float(x), float(y), 2.5))
            posts.append(_post(main.line, s, d + side * 0.16, 2.9))
            signals.append(Signal(row, "cross", side, True, "none", pose))
    middle = cross.line.length / 2
    far = main.profile.half + main.profile.sidewalk + 0.4 + CROSSWALK_M + 0.3
    for end in (1, -1):
        s = middle + end * far
        for side in (1, -1):
            d = side * (cross.profile.half + 0.5)
            heading = float(cross.line.heading(np.array(s)))
            x, y = cross.line.at(np.array(s), d)
            pose = turn_z(heading - side * np.pi / 2, (float(x), float(y), 2.5))
            posts.append(_post(cross.line, s, d + side * 0.16, 2.9))
            signals.append(Signal(row, "main", side, True, "none", pose))
