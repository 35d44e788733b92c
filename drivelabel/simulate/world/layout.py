"""The plan of the streets: where the main road runs, how wide it is, and what crosses it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from drivelabel.simulate.world.lines import STEP_M, Line
from drivelabel.typing import FloatArray

STYLES = ("city", "suburb", "highway")
"""What kind of road a drive is on."""

BEHIND_M, AHEAD_M = 200.0, 340.0
"""How far the main road reaches beyond what the ego drives."""

CROSS_REACH_M = 150.0
"""How far a crossing street reaches from the main road."""

TURN_REACH_M, TURN_SHARE = 300.0, {"city": 0.45, "suburb": 0.4, "highway": 0.0}
"""How far the street reaches into which the ego turns, and in how many drives it does."""

CROSSWALK_M, STOP_GAP_M, STOP_LINE_M = 3.5, 1.2, 0.5


@dataclass(frozen=True, slots=True)
class Profile:
    """A road's cross-section, the same on both sides of its middle; metres.

    Attributes:
        lanes: each way.
        lane: width of one.
        median: between the two directions; 0 when only paint divides them.
        bike: width of a bicycle lane, 0 for none.
        parking: width of a parking lane, 0 for none.
        margin: asphalt beyond all lanes.
        sidewalk: width of the pavement, 0 for none.
    """

    lanes: int
    lane: float
    median: float = 0.0
    bike: float = 0.0
    parking: float = 0.0
    margin: float = 0.3
    sidewalk: float = 3.5

    @property
    def lanes_edge(self) -> float:
        """From the middle to the outer edge of the outer lane."""
        return self.median / 2 + self.lanes * self.lane

    @property
    def half(self) -> float:
        """From the middle to the kerb."""
        return self.lanes_edge + self.bike + self.parking + self.margin

    def lane_center(self, lane: int) -> float:
        """Metres right of the middle; lane 0 is the innermost."""
        return self.median / 2 + (lane + 0.5) * self.lane


@dataclass(frozen=True, slots=True, eq=False)
class Road:
    """A street: its middle line and its cross-section."""

    name: str
    line: Line
    profile: Profile


@dataclass(frozen=True, slots=True, eq=False)
class Junction:
    """Where a street crosses the main road.

    Attributes:
        s: metres along the main road.
        cross: the crossing street; it runs from the main road's right to its left.
        signals: whether lights rule it.
        has_left_arrows: whether the inner lane of the main road turns left under its own lights.
        cycle: of its lights; see :class:`Cycle`.
    """

    s: float
    cross: Road
    signals: bool
    has_left_arrows: bool
    cycle: Cycle

    def reach(self, main: Profile) -> float:
        """Metres of the main road, each way, that belong to the junction: to where the kerb is straight."""
        return self.cross.profile.half + corner_radius(main)


@dataclass(frozen=True, slots=True)
class Cycle:
    """When the lights of a junction are green; one after the other: main road, left arrows, crossing street.

    Attributes:
        main, left, cross: seconds of green.
        red_yellow: seconds of red with yellow before green; 0 where the law knows none.
        offset: seconds into the cycle at the start of the drive.
    """

    main: float
    left: float
    cross: float
    red_yellow: float
    offset: float

    YELLOW = 3.0
    ALL_RED = 2.0

    @property
    def seconds(self) -> float:
        """Of one turn."""
        greens = [green for green in (self.main, self.left, self.cross) if green > 0]
        return sum(greens) + len(greens) * (self.YELLOW + self.ALL_RED)

    def window(self, group: str) -> tuple[float, float]:
        """Start and stop of a group's green within the cycle, seconds."""
        start = 0.0
        for name in ("main", "left", "cross"):
            green = getattr(self, name)
            if name == group:
                return start, start + green
            if green > 0:
                start += green + self.YELLOW + self.ALL_RED
        raise KeyError(group)

    def state(self, group: str, time_s: float) -> str:
        """What a group's lights show: red, red_yellow, green or yellow."""
        start, stop = self.window(group)
        since = (time_s + self.offset - start) % self.seconds
        green = stop - start
        if since < green:
            return "green"
        if since < green + self.YELLOW:
            return "yellow"
        return "red_yellow" if since >= self.seconds - self.red_yellow else "red"

    def next_green(self, group: str, time_s: float, needed: float) -> float:
        """The first time from `time_s` on at which the group has at least `needed` seconds of green left."""
        start, stop = self.window(group)
        since = (time_s + self.offset - start) % self.seconds
        if since <= max(0.5, stop - start - needed):
            return time_s
        return time_s + self.seconds - since + 0.8


@dataclass(frozen=True, slots=True)
class Turn:
    """Where the ego leaves the main road.

    Attributes:
        junction: row of the layout's junctions.
        side: ``right`` from the outer lane, or ``left`` from the inner one, under its own lights.
    """

    junction: int
    side: str


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """All streets of a world.

    Attributes:
        style: one of STYLES.
        rules: ``us`` (yellow middle lines, lights beyond the junction) or ``eu``.
        main: the road the ego drives on.
        junctions: in order along the main road.
        crossings: (k,), metres along the main road, zebra crossings without lights.
        ego_start: metres along the main road.
        turn: where the ego leaves the main road; None when it drives straight on.
    """

    style: str
    rules: str
    main: Road
    junctions: tuple[Junction, ...]
    crossings: FloatArray
    ego_start: float
    turn: Turn | None = None


def corner_radius(main: Profile) -> float:
    """Of the kerb at junctions: as wide as the pavement, so that the corner is a quarter of a disc."""
    return max(main.sidewalk, 2.5)


def make_layout(rng: np.random.Generator, style: str, seconds: float, speed: float) -> Layout:
    """Streets for a drive of some seconds at up to some speed (m/s)."""
    rules = str(rng.choice(["us", "eu"]))
    profile = _main_profile(rng, style)
    length = BEHIND_M + seconds * speed + AHEAD_M
    ego_start = BEHIND_M
    where = _junction_stations(rng, style, ego_start, length)
    line = _main_line(rng, style, length, where)
    main = Road("main", line, profile)
    ahead = np.array(where) - ego_start
    turn = _turn(rng.spawn(1)[0], style, profile.lanes, ahead, seconds * speed)
    sides = {turn.junction: turn.side} if turn is not None else {}
    junctions = tuple(
        _junction(rng, main, s, number, style, rules, (s - ego_start - 15) / speed, sides.get(number, ""))
        for number, s in enumerate(where)
    )
    return Layout(style, rules, main, junctions, _crossings(rng, style, where), ego_start, turn)


def _turn(rng: np.random.Generator, style: str, lanes: int, ahead: FloatArray, drive_m: float) -> Turn | None:
    """The ego's turn: at the first junction from which the street lasts to the end of the drive."""
    # Traffic and lights make a drive shorter than its speed limit would.
    rows = np.flatnonzero(
        (ahead > 40) & (ahead < drive_m - 10) & (ahead > 0.85 * drive_m - TURN_REACH_M + 30)
    )
    if not len(rows) or rng.random() >= TURN_SHARE[style]:
        return None
    side = "left" if lanes >= 3 and rng.random() < 0.5 else "right"
    return Turn(int(rows[0]), side)


def _main_profile(rng: np.random.Generator, style: str) -> Profile:
    if style == "highway":
        return Profile(int(rng.integers(2, 4)), 3.6, median=3.0, margin=2.6, sidewalk=0.0)
    if style == "suburb":
        lanes = int(rng.choice([1, 1, 2]))
        parking = float(rng.choice([0.0, 2.2]))
        return Profile(lanes, 3.4, parking=parking, sidewalk=float(rng.uniform(2.5, 3.2)))
    lanes = int(rng.choice([1, 2, 2, 3]))
    return Profile(
        lanes,
        3.3,
        bike=float(rng.choice([0.0, 1.6])),
        parking=2.2 if lanes < 3 else 0.0,
        sidewalk=float(rng.uniform(3.4, 5.0)),
    )


def _junction_stations(rng: np.random.Generator, style: str, ego_start: float, length: float) -> list[float]:
    if style == "highway":
        return []
    stations = [ego_start + float(rng.uniform(65, 105))]
    while stations[0] > 190:
        stations.insert(0, stations[0] - float(rng.uniform(130, 180)))
    while stations[-1] < length - 200:
        stations.append(stations[-1] + float(rng.uniform(140, 230)))
    return [s for s in stations if 60 < s < length - 60]


def _main_line(rng: np.random.Generator, style: str, length: float, straight_at: list[float]) -> Line:
    """A road that bends gently, and not at all where something crosses it."""
    n = int(length / STEP_M) + 1
    s = np.arange(n) * STEP_M
    curvature = np.zeros(n)
    sharpest = 1 / 600 if style == "highway" else 1 / 220
    edges = [0.0, *straight_at, length]
    sign = float(rng.choice([-1.0, 1.0]))
    for start, stop in itertools.pairwise(edges):
        clear = 38.0 if style != "highway" else 0.0
        a, b = start + clear, stop - clear
        if b - a < 30:
            continue
        pieces = max(1, round((b - a) / (160 if style == "highway" else 110)))
        for k in range(pieces):
            low, high = a + (b - a) * k / pieces, a + (b - a) * (k + 1) / pieces
            shape = np.clip((s - low) / (high - low), 0, 1)
            bend = np.sin(np.pi * shape) ** 2
            most = min(sharpest, 0.55 / (high - low) * 2)
            curvature += sign * float(rng.uniform(0.15, 1.0)) * most * bend
            sign = -sign
    return Line.from_curvature(curvature, heading=float(rng.uniform(-np.pi, np.pi)))


def _junction(
    rng: np.random.Generator, main: Road, s: float, number: int, style: str, rules: str, arrival_s: float,
    ego_turn: str,
) -> Junction:  # fmt: skip
    """A junction; most of those ahead are green when the ego would come, as on a road with a green wave."""
    center, heading = main.line.at(np.array(s)), float(main.line.heading(np.array(s)) + np.pi / 2)
    profile = Profile(1, 3.3, parking=float(rng.choice([0.0, 2.2])), sidewalk=corner_radius(main.profile))
    reach_m = TURN_REACH_M if ego_turn else CROSS_REACH_M
    reach = np.linspace(-reach_m, reach_m, 1 + round(reach_m / 5) * 2)
    beyond = np.maximum(np.abs(reach) - 45, 0)
    # As much on both sides, so that the junction is the street's middle.
    bend = float(rng.uniform(-1, 1)) / 500 * np.array([1.0, float(rng.choice([-1.0, 1.0]))])
    offset = np.where(reach > 0, bend[0], bend[1]) * beyond**2 / 2
    along, left = np.array([np.cos(heading), np.sin(heading)]), np.array([-np.sin(heading), np.cos(heading)])
    line = Line(center + reach[:, None] * along + offset[:, None] * left)
    signals = style == "city" or bool(rng.random() < 0.5) or number == 0
    arrows = signals and main.profile.lanes >= 3
    wave = (rng.random() < 0.75 and arrival_s > 0) or ego_turn != ""
    cycle = Cycle(
        main=float(rng.uniform(18, 26)),
        left=(12.0 if ego_turn else 6.0) if arrows else 0.0,
        cross=float(rng.uniform(10, 15)),
        red_yellow=1.0 if rules == "eu" else 0.0,
        offset=float(rng.uniform(7, 13) - arrival_s if wave else rng.uniform(0, 60)),
    )
    if ego_turn == "left":
        cycle = replace(cycle, offset=cycle.window("left")[0] - 0.9 * arrival_s)
    return Junction(s, Road(f"cross_{number}", line, profile), signals, arrows, cycle)


def _crossings(rng: np.random.Generator, style: str, where: list[float]) -> FloatArray:
    if style == "highway":
        return np.zeros(0)
    gaps = [(a, b) for a, b in itertools.pairwise(where) if b - a > 120]
    return np.array([(a + b) / 2 + rng.uniform(-15, 15) for a, b in gaps if rng.random() < 0.6])
