"""What moves or changes in a world: vehicles with their lamps, people, and what the lights show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.world import vehicle_parts as parts
from drivelabel.simulate.world.mesh import Mesh
from drivelabel.simulate.world.motion import VehicleMotion, WalkerMotion
from drivelabel.simulate.world.movers import N_PARTS, Movers
from drivelabel.simulate.world.people import MAX_STRIDE, SWING, TALL_M
from drivelabel.simulate.world.signals import LIT, Signal, bulb_mesh
from drivelabel.simulate.world.things import Things
from drivelabel.simulate.world.tiles import as_surfaces
from drivelabel.typing import BoolArray, Float32Array, FloatArray, UInt16Array


class MovingVehicles:
    """All vehicles but the ego.

    Args:
        motion: of all; its row 0 is the ego.
        things: of the world.
        rows: of each vehicle's things, in the order of the motion's rows from 1 on.
        night: headlights are lit.
    """

    def __init__(self, motion: VehicleMotion, things: Things, rows: list[list[int]], *, night: bool) -> None:
        owners = [(k, row) for k, own in enumerate(rows, start=1) for row in own]
        self.vehicle = np.array([k for k, _ in owners], np.int64)
        self.rows = np.array([row for _, row in owners], np.int64)
        self.motion, self.night = motion, night
        meshes = [things[row].mesh for row in self.rows]
        self._bodies = Movers(meshes, self.rows + 1, np.zeros(len(meshes)))

    def near(self, time_s: float, origin: FloatArray, radius_m: float) -> tuple[Mesh, UInt16Array]:
        """Those within a distance of an origin, counted from it, and the instance of each triangle."""
        placed = self.motion.at(time_s)
        near = placed.alive & (np.linalg.norm(placed.xyz[:, :2] - origin[:2], axis=1) < radius_m)
        near[0] = False
        rows = np.flatnonzero(near[self.vehicle])
        vehicle = self.vehicle[rows]
        light = self._lamps(time_s)[vehicle]
        still = np.zeros((len(rows), N_PARTS))
        return self._bodies.pose(rows, placed.xyz[vehicle] - origin, placed.yaw[vehicle], light, still, still)

    def _lamps(self, time_s: float) -> Float32Array:
        """(n, N_PARTS), the light that each part of each vehicle gives."""
        night, tracks, row = self.night, self.motion.tracks, self.motion.row_at(time_s)
        n = tracks.s.shape[1]
        light = np.zeros((n, N_PARTS), np.float32)
        brakes = (tracks.a[row] < -0.6) | (tracks.v[row] < 0.1)
        blink = np.where((time_s * 1.5 + 0.37 * np.arange(n)) % 1.0 < 0.5, tracks.blink[row], 0)
        light[:, parts.HEAD] = 5.0 if night else 0.25
        light[:, parts.BRAKE] = np.where(brakes, 4.0, 0.8 if night else 0.0)
        light[:, parts.LEFT_BLINK] = np.where(blink > 0, 4.0, 0.0)
        light[:, parts.RIGHT_BLINK] = np.where(blink < 0, 4.0, 0.0)
        return light


class MovingPeople:
    """All people on foot.

    Args:
        walking: how they move.
        things: of the world.
        rows: of their things.
        heights: (n,), metres.
    """

    def __init__(self, walking: WalkerMotion, things: Things, rows: list[int], heights: FloatArray) -> None:
        self.walking, self.heights = walking, heights
        self.rows = np.array(rows, np.int64)
        meshes = [things[row].mesh for row in self.rows]
        self._bodies = Movers(meshes, self.rows + 1, np.ones(len(meshes)))

    def near(self, time_s: float, origin: FloatArray, radius_m: float) -> tuple[Mesh, UInt16Array]:
        """Those within a distance of an origin, counted from it, and the instance of each triangle."""
        placed, walked, speed = self.walking.at(time_s)
        rows = np.flatnonzero(np.linalg.norm(placed.xyz[:, :2] - origin[:2], axis=1) < radius_m)
        height = self.heights[rows]
        phase = 2 * np.pi * walked[rows] / (0.8 * height)
        turn, joint = np.zeros((len(rows), N_PARTS)), np.zeros((len(rows), N_PARTS))
        stride = np.clip(speed[rows] / 1.3, 0, MAX_STRIDE) * np.sin(phase)
        for part, (share, joint_m) in SWING.items():
            turn[:, part], joint[:, part] = share * stride, joint_m * height / TALL_M
        light = np.zeros((len(rows), N_PARTS), np.float32)
        return self._bodies.pose(rows, placed.xyz[rows] - origin, placed.yaw[rows], light, turn, joint)


class ShownSignals:
    """What the bulbs of all lights show.

    Args:
        signals: the lights.
        rows: of their things.
        state_of: what a light shows at a time.
    """

    def __init__(
        self, signals: list[Signal], rows: list[int], state_of: Callable[[Signal, float], str]
    ) -> None:
        self.signals, self.rows, self._state_of = signals, rows, state_of
        self._bulbs = [_bulb_meshes(signal) for signal in signals]
        self._shown: tuple[object, Mesh, UInt16Array] | None = None

    def near(self, time_s: float, origin: FloatArray, radius_m: float) -> tuple[Mesh, UInt16Array]:
        """What the lights show; kept, since it changes rarely."""
        places = np.array([s.world_from_signal[:2, 3] for s in self.signals]).reshape(-1, 2)
        near = np.flatnonzero(np.linalg.norm(places - origin[:2], axis=1) < radius_m).tolist()
        states = [self._state_of(self.signals[k], time_s) for k in near]
        key = (tuple(near), tuple(states), tuple(origin.tolist()))
        shown = self._shown  # other threads may exchange it meanwhile
        if shown is None or shown[0] != key:
            meshes = [self._bulbs[k][state].shifted(-origin) for k, state in zip(near, states, strict=True)]
            instances = np.array([self.rows[k] + 1 for k in near], np.int64)
            owner = np.repeat(instances, [len(mesh) for mesh in meshes]).astype(np.uint16)
            shown = (key, Mesh.concat(meshes), owner)
            self._shown = shown
        return shown[1], shown[2]


def _bulb_meshes(signal: Signal) -> dict[str, Mesh]:
    """State to what the bulbs look like, in world coords."""
    bulbs = (0, 2) if signal.is_pedestrian else (0, 1, 2)
    return {
        state: Mesh.concat([bulb_mesh(signal, bulb, lit=bulb in lit) for bulb in bulbs]).moved(
            signal.world_from_signal
        )
        for state, lit in LIT.items()
    }


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """All of it."""

    vehicles: MovingVehicles
    people: MovingPeople
    signals: ShownSignals
    still_poses: FloatArray

    def surfaces(self, time_s: float, origin: FloatArray, radius_m: float) -> Surfaces:
        """What is within a distance of an origin at a time."""
        found = [part.near(time_s, origin, radius_m) for part in (self.vehicles, self.people, self.signals)]
        mesh = Mesh.concat([mesh for mesh, _ in found])
        return as_surfaces(mesh, np.concatenate([owner for _, owner in found]), origin, shifted=True)

    def poses(self, time_s: float) -> tuple[FloatArray, BoolArray]:
        """(n, 4, 4), world_from_thing of all things of the world, and (n,) which of them are there."""
        poses, alive = self.still_poses.copy(), np.ones(len(self.still_poses), np.bool_)
        placed = self.vehicles.motion.at(time_s)
        people, _, _ = self.people.walking.at(time_s)
        every = np.arange(len(self.people.rows))
        for rows, where, which in (
            (self.vehicles.rows, placed, self.vehicles.vehicle),
            (self.people.rows, people, every),
        ):
            if not len(rows):
                continue
            c, s = np.cos(where.yaw[which]), np.sin(where.yaw[which])
            poses[rows, 0, 0], poses[rows, 0, 1], poses[rows, 1, 0], poses[rows, 1, 1] = c, -s, s, c
            poses[rows, :3, 3] = where.xyz[which]
            alive[rows] = where.alive[which]
        return poses, alive
