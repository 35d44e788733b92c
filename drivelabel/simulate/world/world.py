"""The simulated world at any time of its drive."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from drivelabel.geometry import pose_matrix, quat_of_yaw
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.world.fleet import EGO_REACH_M, SPEEDS, make_fleet
from drivelabel.simulate.world.layout import Layout, Turn, make_layout
from drivelabel.simulate.world.mesh import Mesh
from drivelabel.simulate.world.motion import VehicleMotion, WalkerMotion
from drivelabel.simulate.world.moving import Moving, MovingPeople, MovingVehicles, ShownSignals
from drivelabel.simulate.world.paint import PaintedLine, paint_roads, stop_station
from drivelabel.simulate.world.people import Wardrobe, reach, walker
from drivelabel.simulate.world.props import furnish, put_cones
from drivelabel.simulate.world.routes import make_routes
from drivelabel.simulate.world.settings import START_NS, WorldSettings
from drivelabel.simulate.world.signals import (
    Signal,
    bulb_mesh,
    housing,
    place_signals,
    signal_state,
)
from drivelabel.simulate.world.states import Place, ThingStates, place_on
from drivelabel.simulate.world.streets import make_streets
from drivelabel.simulate.world.things import Thing, Things
from drivelabel.simulate.world.tiles import Tiles, origin_of
from drivelabel.simulate.world.traffic import WARM_UP_S, Traffic
from drivelabel.simulate.world.walkers import make_walks
from drivelabel.typing import AnyArray, FloatArray

REAR_AXLE_M = 1.35
"""How far the ego's origin, below its rear axle, lies behind its middle."""


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
        self._moving = self._collect_moving()

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

    def _collect_moving(self) -> Moving:
        """All that moves or changes, ready to be posed."""
        still = np.tile(np.eye(4), (len(self.things), 1, 1))
        for row, thing in enumerate(self.things.rows):
            if thing.world_from_thing is not None:
                still[row] = thing.world_from_thing
        return Moving(
            MovingVehicles(self._motion, self.things, self._vehicle_rows, night=self.settings.night),
            MovingPeople(self._walking, self.things, self._person_rows, self._person_height),
            ShownSignals(
                self.signals,
                self.signal_rows,
                lambda signal, time_s: signal_state(self.layout, signal, time_s),
            ),
            still,
        )

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
        self._tiles = Tiles(Mesh.concat(meshes), np.concatenate(owners))

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
        place = place_on(0, self.layout.main.line, pose)
        if turn is not None and abs(place.along) < np.cos(np.pi / 4):
            place = place_on(turn.junction + 1, self.layout.junctions[turn.junction].cross.line, pose)
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
        poses, alive = self._moving.poses(time_s)
        h = 1e-3
        before, after = (self._moving.poses(t)[0] for t in (time_s - h, time_s + h))
        middle = np.array([(thing.low + thing.high) / 2 for thing in self.things.rows]).reshape(-1, 3)

        def centers(matrices: FloatArray) -> FloatArray:
            out: FloatArray = np.einsum("nij,nj->ni", matrices[:, :3, :3], middle) + matrices[:, :3, 3]
            return out

        velocity = (centers(after) - centers(before)) / (2 * h)
        return ThingStates(poses, velocity, alive)

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
        return self._tiles.near(around, radius_m)

    def moving_surfaces(self, timestamp_ns: int, around: AnyArray, radius_m: float) -> Surfaces:
        """Vehicles, people, and what the lights show."""
        return self._moving.surfaces(self.seconds_at(timestamp_ns), origin_of(around), radius_m)


def _lit(mesh: Mesh, light: dict[int, float]) -> Mesh:
    """The mesh with some parts giving light."""
    table = np.zeros(256, np.float32)
    for part, value in light.items():
        table[part] = value
    return replace(mesh, emission=np.maximum(mesh.emission, table[mesh.part]))


def _with_dark_bulbs(signal: Signal) -> Mesh:
    bulbs = (0, 2) if signal.is_pedestrian else (0, 1, 2)
    return Mesh.concat([housing(signal), *(bulb_mesh(signal, bulb, lit=True) for bulb in bulbs)])
