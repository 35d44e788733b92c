"""Paint on the road: lines, stop lines, crossings, arrows. Every painted line is also kept as a label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.simulate.world.layout import CROSSWALK_M, STOP_GAP_M, STOP_LINE_M, Junction, Layout, Road
from drivelabel.simulate.world.mesh import Color, Look, Mesh, fan
from drivelabel.simulate.world.streets import blocks, cross_blocks, strip
from drivelabel.typing import FloatArray

WHITE: Color = (0.62, 0.62, 0.6)
YELLOW: Color = (0.62, 0.4, 0.05)

DASHES = {"us": (3.05, 9.15), "eu": (3.0, 6.0), "highway_us": (3.05, 9.15), "highway_eu": (6.0, 12.0)}
"""Metres of a stroke and of the gap behind it. Sources: MUTCD 2009 section 3A.06 (10 ft and 30 ft); German
RMS part 1 (1:2, 3 m and 6 m in towns, 6 m and 12 m on motorways)."""

SOLID_BEFORE_JUNCTION_M = 24.0


@dataclass(frozen=True, slots=True, eq=False)
class PaintedLine:
    """One lane line or road edge.

    Attributes:
        road: index of the road: 0 for the main road, 1 + the junction's row for a crossing street.
        d: metres left of that road's middle.
        start, stop: metres along that road.
        style: name in LINE_STYLES.
        color: ``white``, ``yellow`` or ``none``.
        width: of the paint, metres.
        points: (k, 3), world coords, about half a metre apart.
    """

    road: int
    d: float
    start: float
    stop: float
    style: str
    color: str
    width: float
    points: FloatArray


class Painter:
    """Collects paint and the lines it makes."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.meshes: list[Mesh] = []
        self.lines: list[PaintedLine] = []
        key = f"highway_{layout.rules}" if layout.style == "highway" else layout.rules
        self.dash = DASHES[key]

    def line(
        self,
        road: Road,
        row: int,
        d: float,
        start: float,
        stop: float,
        style: str,
        color: str,
        width: float = 0.12,
    ) -> None:
        """Paint one line and keep it as a label."""
        if stop - start < 4:
            return
        look = Look(YELLOW if color == "yellow" else WHITE, "lane_marking", "paint", layer=2)
        if style == "dashed":
            on, off = self.dash
            for stroke in np.arange(start + off / 2, stop - on / 2, on + off):
                self._stripe(road, d, float(stroke), float(min(stroke + on, stop)), width, look)
        elif style == "double":
            for side in (-1, 1):
                self._stripe(road, d + side * 0.11, start, stop, width, look)
        elif style == "solid":
            self._stripe(road, d, start, stop, width, look)
        s = road.line.stations(start, stop, 0.5)
        self.lines.append(PaintedLine(row, d, start, stop, style, color, width, road.line.at3(s, d)))

    def _stripe(self, road: Road, d: float, start: float, stop: float, width: float, look: Look) -> None:
        self.meshes.append(
            strip(road.line, road.line.stations(start, stop, 4.0), d - width / 2, d + width / 2, look)
        )

    def edge(self, road: Road, row: int, d: float, start: float, stop: float) -> None:
        """Keep a kerb as a label without paint."""
        s = road.line.stations(start, stop, 0.5)
        self.lines.append(PaintedLine(row, d, start, stop, "road_edge", "none", 0.0, road.line.at3(s, d)))

    def stop_line(self, road: Road, start: float, d_low: float, d_high: float) -> None:
        """A wide line across some lanes."""
        look = Look(WHITE, "stop_line", "paint", layer=2)
        s = np.array([start, start + STOP_LINE_M])
        self.meshes.append(strip(road.line, s, d_low, d_high, look))

    def crosswalk(self, road: Road, start: float, half: float) -> None:
        """A zebra crossing from kerb to kerb: strokes along the road."""
        look = Look(WHITE, "crosswalk", "paint", layer=2)
        s = np.array([start, start + CROSSWALK_M])
        for d in np.arange(-half + 0.4, half - 0.5, 1.0):
            self.meshes.append(strip(road.line, s, float(d), float(d) + 0.5, look))

    def arrow(self, road: Road, s: float, d: float, kind: str, *, forward: bool) -> None:
        """A turn arrow, five metres long, whose tail is at `s`."""
        look = Look(WHITE, "other_road_marking", "paint", layer=2)
        shapes = [[(0, -0.08), (3.0, -0.08), (3.0, 0.08), (0, 0.08)]]
        if kind == "straight":
            shapes.append([(3.0, -0.35), (5.0, 0.0), (3.0, 0.35)])
        else:
            turn = 1.0 if kind == "left" else -1.0
            shapes.append([(2.8, 0), (3.3, 0), (3.6, 0.7 * turn), (3.1, 0.7 * turn)])
            shapes.append([(2.6, 0.65 * turn), (4.1, 0.65 * turn), (3.4, 1.25 * turn)])
        sign = 1.0 if forward else -1.0
        for shape in shapes:
            xy = np.array(shape)
            corners = road.line.at3(s + sign * xy[:, 0], d + sign * xy[:, 1])
            flat = corners[:, :2] - corners[0, :2]
            area = np.sum(flat[:, 0] * np.roll(flat[:, 1], -1) - np.roll(flat[:, 0], -1) * flat[:, 1])
            self.meshes.append(fan(corners if area > 0 else corners[::-1], look))


def stop_station(layout: Layout, junction: Junction) -> float:
    """Metres before a junction's middle at which vehicles on the main road must have stopped."""
    return junction.reach(layout.main.profile) + 0.4 + CROSSWALK_M + STOP_GAP_M + STOP_LINE_M


def cross_stop_station(layout: Layout) -> float:
    """The same for vehicles on the crossing street."""
    profile = layout.main.profile
    return profile.half + profile.sidewalk + 0.4 + CROSSWALK_M + STOP_GAP_M + STOP_LINE_M


def paint_roads(layout: Layout) -> Painter:
    """All paint of a world."""
    painter = Painter(layout)
    for start, stop in blocks(layout):
        _main_block(painter, start, stop)
    for row, junction in enumerate(layout.junctions):
        _junction(painter, junction)
        for start, stop in cross_blocks(layout, junction):
            _cross_block(painter, junction, row, start, stop)
    for s in layout.crossings:
        painter.crosswalk(layout.main, float(s) - CROSSWALK_M / 2, layout.main.profile.half)
    return painter


def _main_block(painter: Painter, start: float, stop: float) -> None:
    """The lines along the main road between two junctions."""
    layout = painter.layout
    main, profile = layout.main, layout.main.profile
    clear = 0.4 + CROSSWALK_M + STOP_GAP_M
    a = start if start <= 0 else start + clear
    b = stop if stop >= main.line.length else stop - clear
    for low, high in _without_crossings(layout, a, b):
        _middle(painter, low, high)
        for sign in (1, -1):
            for lane in range(1, profile.lanes):
                _divider(painter, sign * (profile.median / 2 + lane * profile.lane), low, high, a, b, sign)
            _outer(painter, sign, low, high)
    if profile.sidewalk > 0:
        for sign in (1, -1):
            painter.edge(main, 0, sign * profile.half, start, stop)


def _without_crossings(layout: Layout, start: float, stop: float) -> list[tuple[float, float]]:
    inside = [float(s) for s in layout.crossings if start < s < stop]
    edges = [start]
    for s in inside:
        edges += [s - CROSSWALK_M / 2 - 0.5, s + CROSSWALK_M / 2 + 0.5]
    edges.append(stop)
    return list(zip(edges[::2], edges[1::2], strict=True))


def _middle(painter: Painter, start: float, stop: float) -> None:
    layout = painter.layout
    profile = layout.main.profile
    color = "yellow" if layout.rules == "us" else "white"
    if profile.median > 0:
        for sign in (1, -1):
            painter.line(layout.main, 0, sign * (profile.median / 2 - 0.2), start, stop, "solid", color, 0.15)
    elif layout.rules == "us" or profile.lanes > 1:
        painter.line(layout.main, 0, 0.0, start, stop, "double", color, 0.1)
    else:
        _split(painter, 0.0, start, stop, color)


def _split(painter: Painter, d: float, start: float, stop: float, color: str) -> None:
    """A dashed line that is solid near both ends."""
    main = painter.layout.main
    near = SOLID_BEFORE_JUNCTION_M
    if stop - start < 3 * near:
        painter.line(main, 0, d, start, stop, "solid", color)
        return
    painter.line(main, 0, d, start, start + near, "solid", color)
    painter.line(main, 0, d, start + near, stop - near, "dashed", color)
    painter.line(main, 0, d, stop - near, stop, "solid", color)


def _divider(painter: Painter, d: float, low: float, high: float, a: float, b: float, sign: int) -> None:
    """The line between two lanes of one direction: solid where the lanes run into a junction."""
    main = painter.layout.main
    near = SOLID_BEFORE_JUNCTION_M
    into_end = sign < 0  # lanes on the right run forward
    if into_end and b < main.line.length and high >= b and high - low > 2 * near:
        painter.line(main, 0, d, low, high - near, "dashed", "white")
        painter.line(main, 0, d, high - near, high, "solid", "white")
    elif not into_end and a > 0 and low <= a and high - low > 2 * near:
        painter.line(main, 0, d, low, low + near, "solid", "white")
        painter.line(main, 0, d, low + near, high, "dashed", "white")
    else:
        painter.line(main, 0, d, low, high, "dashed", "white")


def _outer(painter: Painter, sign: int, start: float, stop: float) -> None:
    """Edge line, bicycle lane and parking lane."""
    main, profile = painter.layout.main, painter.layout.main.profile
    d = profile.lanes_edge
    width = 0.2 if painter.layout.style == "highway" else 0.12
    if profile.bike or profile.parking or profile.margin > 1:
        painter.line(main, 0, sign * d, start, stop, "solid", "white", width)
    if profile.bike and profile.parking:
        painter.line(main, 0, sign * (d + profile.bike), start, stop, "solid", "white", 0.1)


def _junction(painter: Painter, junction: Junction) -> None:
    """Stop lines, crossings and arrows of one junction."""
    layout = painter.layout
    main, cross = layout.main, junction.cross
    reach = junction.reach(main.profile)
    edge, middle = main.profile.lanes_edge, 0.15
    painter.crosswalk(main, junction.s - reach - 0.4 - CROSSWALK_M, main.profile.half)
    painter.crosswalk(main, junction.s + reach + 0.4, main.profile.half)
    at = stop_station(layout, junction)
    painter.stop_line(main, junction.s - at, -edge, -middle)
    painter.stop_line(main, junction.s + at - STOP_LINE_M, middle, edge)
    center = cross.line.length / 2
    hm = main.profile.half + main.profile.sidewalk
    painter.crosswalk(cross, center - hm - 0.4 - CROSSWALK_M, cross.profile.half)
    painter.crosswalk(cross, center + hm + 0.4, cross.profile.half)
    at = cross_stop_station(layout)
    painter.stop_line(cross, center - at, -cross.profile.lanes_edge, -middle)
    painter.stop_line(cross, center + at - STOP_LINE_M, middle, cross.profile.lanes_edge)
    if main.profile.lanes >= 2:
        _lane_arrows(painter, junction)


def _lane_arrows(painter: Painter, junction: Junction) -> None:
    layout = painter.layout
    profile = layout.main.profile
    at = stop_station(layout, junction)
    for lane in range(profile.lanes):
        kind = "left" if lane == 0 and junction.has_left_arrows else "straight"
        d = profile.lane_center(lane)
        for back in (9.0, 22.0):
            painter.arrow(layout.main, junction.s - at - back, -d, kind, forward=True)
            painter.arrow(layout.main, junction.s + at + back, d, kind, forward=False)


def _cross_block(painter: Painter, junction: Junction, row: int, start: float, stop: float) -> None:
    road = junction.cross
    clear = 0.4 + CROSSWALK_M + STOP_GAP_M
    middle = road.line.length / 2
    a, b = (start, stop - clear) if start < middle else (start + clear, stop)
    color = "yellow" if painter.layout.rules == "us" else "white"
    near = SOLID_BEFORE_JUNCTION_M / 2
    solid = (b - near, b) if start < middle else (a, a + near)
    dashed = (a, b - near) if start < middle else (a + near, b)
    painter.line(
        road, row + 1, 0.0, *solid, "double" if painter.layout.rules == "us" else "solid", color, 0.1
    )
    painter.line(road, row + 1, 0.0, *dashed, "dashed", color, 0.1)
    for sign in (1, -1):
        painter.edge(road, row + 1, sign * road.profile.half, start, stop)
