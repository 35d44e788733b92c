"""The simulated world at any time of its drive."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import pose_matrix, quat_of_yaw
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.world import vehicle_parts as parts
from drivelabel.simulate.world.fleet import EGO_REACH_M, SPEEDS, make_fleet
from drivelabel.simulate.world.layout import STYLES, Layout, Turn, make_layout
from drivelabel.simulate.world.lines import Line
from drivelabel.simulate.world.mesh import Mesh
from drivelabel.simulate.world.motion import VehicleMotion, WalkerMotion
from drivelabel.simulate.world.movers import N_PARTS, Movers
from drivelabel.simulate.world.paint import PaintedLine, paint_roads, stop_station
from drivelabel.simulate.world.people import MAX_STRIDE, SWING, TALL_M, Wardrobe, reach, walker
from drivelabel.simulate.world.props import furnish, put_cones
from drivelabel.simulate.world.routes import make_routes
from drivelabel.simulate.world.signals import (
    LIT,
    Signal,
    bulb_mesh,
    housing,
    place_signals,
    signal_state,
)
from drivelabel.simulate.world.streets import make_streets
from drivelabel.simulate.world.things import Thing, Things
from drivelabel.simulate.world.traffic import WARM_UP_S, Traffic
from drivelabel.simulate.world.walkers import make_walks
from drivelabel.typing import AnyArray, BoolArray, Float32Array, FloatArray, UInt16Array

TILE_M = 40.0
ORIGIN_STEP_M = 25.0
REAR_AXLE_M = 1.35
"""How far the ego's origin, below its rear axle, lies behind its middle."""

START_NS = 1_700_000_000_000_000_000
"""When every drive begins."""


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """What kind of world a seed makes.

    Attributes:
        seed: everything follows from it.
        seconds: of the drive.
        style: one of STYLES.
        traffic: 1 for usual traffic, 0 for none.
        people: 1 for the usual number of people, 0 for none.
        night: lamps and headlights are lit.

    Raises:
        InvalidLabelError: a number is out of range, or the style is unknown.
    """

    seed: int = 0
    seconds: float = 10.0
    style: str = "city"
    traffic: float = 1.0
    people: float = 1.0
    night: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= 3600:
            raise InvalidLabelError(f"seconds: expected more than 0 and at most 3600, got {self.seconds:g}.")
        if self.style not in STYLES:
            raise InvalidLabelError(f"style: expected one of {', '.join(STYLES)}, got {self.style!r}.")
        if self.seed < 0:
            raise InvalidLabelError(f"seed: expected 0 or more, got {self.seed}.")
        for name in ("traffic", "people"):
            if not 0 <= getattr(self, name) <= 3:
                raise InvalidLabelError(f"{name}: expected 0 to 3, got {getattr(self, name):g}.")


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


def _place(road: int, line: Line, pose: FloatArray) -> Place:
    s, d = line.locate(pose[None, :2, 3])
    heading = float(line.heading(s)[0])
    along = float(pose[0, 0] * np.cos(heading) + pose[1, 0] * np.sin(heading))
    return Place(road, float(s[0]), float(d[0]), along)


class World:
    """Streets with everything on and beside them, from one seed.

    Args:
        settings: what kind of world; a seed alone makes a city.
    """

    def __init__(self, settings: WorldSettings | int) -> None:
        self.settings = settings if isinstance(settings, WorldSettings) else WorldSettings(seed=settings)
        seeds = np.random.SeedSequence(self.settings.seed).spawn(6)
        rngs = [np.random.default_rng(seed) for seed in seeds]
        speed = SPEEDS[self.settings.style]
        self.layout: Layout = make_layout(rngs[0], self.settings.style, self.settings.seconds, speed)
        self.things = Things()
        self._make_traffic(rngs[1])
        self._make_people(rngs[2], rngs[3])
        self._drive(rngs[3])
        self._make_static(rngs[4], rngs[5])
        self._lock = threading.Lock()
        self._cache: dict[tuple[int, int, float], Surfaces] = {}
        self._shown: tuple[object, Mesh, UInt16Array] | None = None
        self._collect_movers()

    # Making

    def _make_traffic(self, rng: np.random.Generator) -> None:
        self._routes = make_routes(self.layout)
        seconds, density = self.settings.seconds, self.settings.traffic
        self._fleet, self.vehicles = make_fleet(self.layout, self._routes, rng, seconds, density)
        self._vehicle_rows: list[list[int]] = []
        for vehicle in self.vehicles:
            rows = []
            for category, mesh in vehicle.things:
                facts: dict[str, str | bool] = {"kind": vehicle.kind} if category != "rider" else {}
                if category in ("bicycle", "motorcycle"):
                    facts["with_rider"] = True
                rows.append(self.things.add(Thing.of(category, mesh, None, **facts)))
            self._vehicle_rows.append(rows)

    def _make_people(self, rng: np.random.Generator, choices: np.random.Generator) -> None:
        length = self.layout.main.line.length
        share = {"city": 1 / 7.0, "suburb": 1 / 22.0, "highway": 0.0}[self.settings.style]
        count = int(length * share * self.settings.people)
        self._walks = make_walks(self.layout, rng, -WARM_UP_S, self.settings.seconds + 1.0, count)
        self._person_rows = []
        heights = []
        for _ in self._walks:
            height = float(np.clip(rng.normal(1.71, 0.1), 1.15, 1.98))
            clothes = Wardrobe.draw(rng)
            mesh = walker(clothes, height)
            low, high = reach(clothes, height)
            self._person_rows.append(self.things.add(Thing("pedestrian", mesh, low, high)))
            heights.append(height)
        self._person_height = np.array(heights)

    def _collect_movers(self) -> None:
        """The bodies of vehicles and people, ready to be posed."""
        owners = [(k, row) for k, rows in enumerate(self._vehicle_rows, start=1) for row in rows]
        self._mover_vehicle = np.array([k for k, _ in owners], np.int64)
        things = np.array([row for _, row in owners], np.int64)
        self._bodies = Movers([self.things[row].mesh for row in things], things + 1, np.zeros(len(things)))
        self._moving_rows = things
        self._still_poses = np.tile(np.eye(4), (len(self.things), 1, 1))
        for row, thing in enumerate(self.things.rows):
            if thing.world_from_thing is not None:
                self._still_poses[row] = thing.world_from_thing
        people = np.array(self._person_rows, np.int64)
        self._persons = Movers([self.things[row].mesh for row in people], people + 1, np.ones(len(people)))

    def _drive(self, rng: np.random.Generator) -> None:
        traffic = Traffic(self.layout, self._routes, self._fleet, self._walks, rng)
        tracks = traffic.run(self.settings.seconds + 0.5)
        self._tracks = tracks
        self._motion = VehicleMotion(tracks, self._routes)
        self._walking = WalkerMotion(self.layout, self._walks, tracks.time_s)

    def _make_static(self, rng: np.random.Generator, props_rng: np.random.Generator) -> None:
        streets = make_streets(self.layout, rng)
        painter = paint_roads(self.layout)
        self.lines: list[PaintedLine] = painter.lines
        self.line_points: FloatArray = np.concatenate(
            [np.zeros((1, 3)), *(line.points for line in self.lines)]
        )[1:]
        self.line_ends = np.cumsum([0, *(len(line.points) for line in self.lines)])
        props = furnish(self.layout, self.things, props_rng)
        if not self.layout.main.profile.parking and props_rng.random() < 0.6:
            put_cones(
                props, self.layout.ego_start + float(props_rng.uniform(15, 45)), int(props_rng.integers(4, 9))
            )
        self.signals: list[Signal]
        self.signals, posts = place_signals(self.layout)
        self.signal_rows = [
            self.things.add(Thing.of("traffic_light", _with_dark_bulbs(s), s.world_from_signal))
            for s in self.signals
        ]
        self._bulbs = [self._bulb_meshes(signal) for signal in self.signals]
        lit = 8.0 if self.settings.night else 0.0
        lamps = [_lit(mesh, {1: lit}).moved(frame) for mesh, frame in props.lamps]
        plain = Mesh.concat([streets, *painter.meshes, *props.meshes, *posts, *lamps])
        meshes, owners = [plain], [np.zeros(len(plain), np.uint16)]
        signal_rows = set(self.signal_rows)
        for row, thing in enumerate(self.things.rows):
            if thing.world_from_thing is None:
                continue
            mesh = thing.mesh if row not in signal_rows else housing(self.signals[row - self.signal_rows[0]])
            meshes.append(mesh.moved(thing.world_from_thing))
            owners.append(np.full(len(mesh), row + 1, np.uint16))
        self._tile(Mesh.concat(meshes), np.concatenate(owners))

    def _bulb_meshes(self, signal: Signal) -> dict[str, Mesh]:
        """State to what the bulbs look like, in world coords."""
        bulbs = (0, 2) if signal.is_pedestrian else (0, 1, 2)
        return {
            state: Mesh.concat([bulb_mesh(signal, bulb, lit=bulb in lit) for bulb in bulbs]).moved(
                signal.world_from_signal
            )
            for state, lit in LIT.items()
        }

    def _tile(self, mesh: Mesh, instance: AnyArray) -> None:
        """Sort what never moves into tiles; wide triangles (the plain) are always kept in sight."""
        middle = mesh.triangles.mean(axis=1)
        span = np.ptp(mesh.triangles, axis=1).max(axis=1)
        wide = span > 60
        key = np.floor(middle[:, :2] / TILE_M).astype(np.int64)
        self._tiles: dict[tuple[int, int], tuple[Mesh, AnyArray]] = {}
        order = np.lexsort((key[:, 1], key[:, 0]))
        order = order[~wide[order]]
        cuts = np.flatnonzero(np.any(np.diff(key[order], axis=0) != 0, axis=1)) + 1
        for rows in np.split(order, cuts):
            x, y = key[rows[0]]
            self._tiles[int(x), int(y)] = (mesh[rows], instance[rows])
        self._wide = (mesh[wide], instance[wide])

    # Reading

    def seconds_at(self, timestamp_ns: int) -> float:
        """Seconds since the drive began."""
        return (int(timestamp_ns) - START_NS) * 1e-9

    def ego_pose(self, timestamp_ns: int) -> FloatArray:
        """(4, 4), world_from_ego; the body dips when it brakes."""
        time_s = self.seconds_at(timestamp_ns)
        rows = np.array([0])
        placed = self._motion.at(time_s, rows, shift_m=-REAR_AXLE_M)
        row = self._motion.row_at(time_s)
        x = (time_s - float(self._tracks.time_s[row])) / 0.1
        a = float(self._tracks.a[row, 0] * (1 - x) + self._tracks.a[row + 1, 0] * x)
        shake = 0.0012 * np.sin(9.1 * time_s) + 0.0008 * np.sin(23.0 * time_s + 1.0)
        pitch = -0.008 * a + shake * min(1.0, float(self._tracks.v[row, 0]) / 8)
        pose = pose_matrix(placed.xyz[0], quat_of_yaw(placed.yaw[0]))
        c, s = np.cos(pitch), np.sin(pitch)
        pose[:3, :3] = pose[:3, :3] @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        return pose

    def ego_motion(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(t,) seconds, and the ego's speed and acceleration along its way at those times."""
        return self._tracks.time_s, self._tracks.v[:, 0], self._tracks.a[:, 0]

    def ego_place(self, timestamp_ns: int) -> Place:
        """Which street the ego is on, and where."""
        pose, turn = self.ego_pose(timestamp_ns), self.layout.turn
        place = _place(0, self.layout.main.line, pose)
        if turn is not None and abs(place.along) < np.cos(np.pi / 4):
            place = _place(turn.junction + 1, self.layout.junctions[turn.junction].cross.line, pose)
        return replace(place, along=1.0 if place.along > 0 else -1.0)

    def next_junction(self, timestamp_ns: int) -> int:
        """Row of the first junction whose stop line the ego has not left behind; -1 for none."""
        place = self.ego_place(timestamp_ns)
        for row, junction in enumerate(self.layout.junctions):
            ahead = junction.s - stop_station(self.layout, junction) - EGO_REACH_M
            if place.road == 0 and ahead > place.s:
                return row
        return -1

    def ego_signals(self, junction: int) -> str:
        """The group of a junction's lights that rules the ego's way through it."""
        turn = self.layout.turn
        return "left" if turn is not None and turn == Turn(junction, "left") else "main"

    @property
    def first_line_id(self) -> int:
        """The track id of the first lane line; ids of lines follow those of things."""
        return len(self.things) + 1

    def states(self, timestamp_ns: int) -> ThingStates:
        """Where all things are, and how fast."""
        time_s = self.seconds_at(timestamp_ns)
        poses, alive = self._poses(time_s)
        h = 1e-3
        before, after = self._poses(time_s - h)[0], self._poses(time_s + h)[0]
        middle = np.array([(thing.low + thing.high) / 2 for thing in self.things.rows]).reshape(-1, 3)

        def centers(matrices: FloatArray) -> FloatArray:
            out: FloatArray = np.einsum("nij,nj->ni", matrices[:, :3, :3], middle) + matrices[:, :3, 3]
            return out

        velocity = (centers(after) - centers(before)) / (2 * h)
        return ThingStates(poses, velocity, alive)

    def _poses(self, time_s: float) -> tuple[FloatArray, BoolArray]:
        poses, alive = self._still_poses.copy(), np.ones(len(self.things), np.bool_)
        placed = self._motion.at(time_s)
        people, _, _ = self._walking.at(time_s)
        groups = ((self._moving_rows, placed, self._mover_vehicle), (self._person_rows, people, slice(None)))
        for rows, where, which in groups:
            if not len(rows):
                continue
            c, s = np.cos(where.yaw[which]), np.sin(where.yaw[which])
            poses[rows, 0, 0], poses[rows, 0, 1], poses[rows, 1, 0], poses[rows, 1, 1] = c, -s, s, c
            poses[rows, :3, 3] = where.xyz[which]
            alive[rows] = where.alive[which]
        return poses, alive

    def surfaces(self, timestamp_ns: int, around: AnyArray, radius_m: float) -> Surfaces:
        """What can be seen at one instant within a distance of a point.

        Args:
            timestamp_ns: since 1970.
            around: (3,) or (2,), metres, world coords.
            radius_m: metres.
        """
        static = self.static_surfaces(around, radius_m)
        return Surfaces.concat([static, self.moving_surfaces(timestamp_ns, around, radius_m)])

    def static_surfaces(self, around: AnyArray, radius_m: float) -> Surfaces:
        """What never moves or changes; the same object for points near each other."""
        cell = np.floor(np.asarray(around, np.float64)[:2] / ORIGIN_STEP_M).astype(int)
        key = (int(cell[0]), int(cell[1]), float(radius_m))
        with self._lock:
            if key not in self._cache:
                if len(self._cache) > 4:
                    self._cache.clear()
                self._cache[key] = self._static(_origin(around), radius_m)
            return self._cache[key]

    def _static(self, origin: FloatArray, radius_m: float) -> Surfaces:
        reach = int(np.ceil((radius_m + ORIGIN_STEP_M) / TILE_M)) + 1
        ix, iy = np.floor(origin[:2] / TILE_M).astype(int)
        found = [self._wide]
        for x in range(ix - reach, ix + reach + 1):
            for y in range(iy - reach, iy + reach + 1):
                corner = np.array([x + 0.5, y + 0.5]) * TILE_M
                if (x, y) in self._tiles and np.linalg.norm(
                    corner - origin[:2]
                ) < radius_m + ORIGIN_STEP_M + TILE_M:
                    found.append(self._tiles[x, y])
        mesh = Mesh.concat([tile[0] for tile in found])
        return as_surfaces(mesh, np.concatenate([tile[1] for tile in found]), origin)

    def moving_surfaces(self, timestamp_ns: int, around: AnyArray, radius_m: float) -> Surfaces:
        """Vehicles, people, and what the lights show."""
        time_s, origin = self.seconds_at(timestamp_ns), _origin(around)
        vehicles = self._vehicles_at(time_s, origin, radius_m)
        people = self._people_at(time_s, origin, radius_m)
        bulbs = self._bulbs_at(time_s, origin, radius_m)
        mesh = Mesh.concat([vehicles[0], people[0], bulbs[0]])
        owner = np.concatenate([vehicles[1], people[1], bulbs[1]])
        return as_surfaces(mesh, owner, origin, shifted=True)

    def _vehicles_at(self, time_s: float, origin: FloatArray, radius_m: float) -> tuple[Mesh, UInt16Array]:
        placed = self._motion.at(time_s)
        near = placed.alive & (np.linalg.norm(placed.xyz[:, :2] - origin[:2], axis=1) < radius_m)
        near[0] = False
        rows = np.flatnonzero(near[self._mover_vehicle])
        vehicle = self._mover_vehicle[rows]
        light = self._lamps(time_s)[vehicle]
        still = np.zeros((len(rows), N_PARTS))
        return self._bodies.pose(rows, placed.xyz[vehicle] - origin, placed.yaw[vehicle], light, still, still)

    def _lamps(self, time_s: float) -> Float32Array:
        """(n, N_PARTS), the light that each part of each vehicle gives."""
        night, tracks, row = self.settings.night, self._tracks, self._motion.row_at(time_s)
        n = tracks.s.shape[1]
        light = np.zeros((n, N_PARTS), np.float32)
        brakes = (tracks.a[row] < -0.6) | (tracks.v[row] < 0.1)
        blink = np.where((time_s * 1.5 + 0.37 * np.arange(n)) % 1.0 < 0.5, tracks.blink[row], 0)
        light[:, parts.HEAD] = 5.0 if night else 0.25
        light[:, parts.BRAKE] = np.where(brakes, 4.0, 0.8 if night else 0.0)
        light[:, parts.LEFT_BLINK] = np.where(blink > 0, 4.0, 0.0)
        light[:, parts.RIGHT_BLINK] = np.where(blink < 0, 4.0, 0.0)
        return light

    def _people_at(self, time_s: float, origin: FloatArray, radius_m: float) -> tuple[Mesh, UInt16Array]:
        placed, walked, speed = self._walking.at(time_s)
        rows = np.flatnonzero(np.linalg.norm(placed.xyz[:, :2] - origin[:2], axis=1) < radius_m)
        height = self._person_height[rows]
        phase = 2 * np.pi * walked[rows] / (0.8 * height)
        turn, joint = np.zeros((len(rows), N_PARTS)), np.zeros((len(rows), N_PARTS))
        stride = np.clip(speed[rows] / 1.3, 0, MAX_STRIDE) * np.sin(phase)
        for part, (share, joint_m) in SWING.items():
            turn[:, part], joint[:, part] = share * stride, joint_m * height / TALL_M
        light = np.zeros((len(rows), N_PARTS), np.float32)
        return self._persons.pose(rows, placed.xyz[rows] - origin, placed.yaw[rows], light, turn, joint)

    def _bulbs_at(self, time_s: float, origin: FloatArray, radius_m: float) -> tuple[Mesh, UInt16Array]:
        """What the lights show; kept, since it changes rarely."""
        places = np.array([s.world_from_signal[:2, 3] for s in self.signals]).reshape(-1, 2)
        near = np.flatnonzero(np.linalg.norm(places - origin[:2], axis=1) < radius_m).tolist()
        states = [signal_state(self.layout, self.signals[k], time_s) for k in near]
        key = (tuple(near), tuple(states), tuple(origin.tolist()))
        shown = self._shown  # other threads may exchange it meanwhile
        if shown is None or shown[0] != key:
            meshes = [self._bulbs[k][state].shifted(-origin) for k, state in zip(near, states, strict=True)]
            instances = np.array([self.signal_rows[k] + 1 for k in near], np.int64)
            owner = np.repeat(instances, [len(mesh) for mesh in meshes]).astype(np.uint16)
            shown = (key, Mesh.concat(meshes), owner)
            self._shown = shown
        return shown[1], shown[2]


def _origin(around: AnyArray) -> FloatArray:
    cell = np.floor(np.asarray(around, np.float64)[:2] / ORIGIN_STEP_M)
    return np.array([*((cell + 0.5) * ORIGIN_STEP_M), 0.0])


def as_surfaces(mesh: Mesh, instance: AnyArray, origin: FloatArray, *, shifted: bool = False) -> Surfaces:
    """A mesh in world coords (or already counted from the origin) as surfaces."""
    triangles = mesh.triangles if shifted else mesh.triangles - origin.astype(np.float32)
    return Surfaces(
        triangles,
        mesh.color,
        mesh.emission,
        mesh.category,
        instance,
        mesh.material,
        mesh.layer,
        mesh.uv,
        origin,
    )


def _lit(mesh: Mesh, light: dict[int, float]) -> Mesh:
    """The mesh with some parts giving light."""
    table = np.zeros(256, np.float32)
    for part, value in light.items():
        table[part] = value
    return replace(mesh, emission=np.maximum(mesh.emission, table[mesh.part]))


def _with_dark_bulbs(signal: Signal) -> Mesh:
    bulbs = (0, 2) if signal.is_pedestrian else (0, 1, 2)
    return Mesh.concat([housing(signal), *(bulb_mesh(signal, bulb, lit=True) for bulb in bulbs)])
