"""Cuboids of all things near the ego, seen or not."""

from __future__ import annotations

import numpy as np

from drivelabel.geometry import count_points_in_cuboids, matrix_to_quat_wxyz
from drivelabel.labels import IMPORTED, Attributes, Boxes3D
from drivelabel.simulate.world.states import ThingStates
from drivelabel.simulate.world.world import World
from drivelabel.typing import AnyArray, BoolArray, FloatArray

CUBOID_REACH_M = 100.0


def cuboids_of(
    world: World, states: ThingStates, timestamp_ns: int, points_world: AnyArray | None, seen: BoolArray
) -> Boxes3D:
    """Cuboids of all things near the ego, seen or not.

    Attributes: ``visible``, whether a camera's frame of this sample shows it; ``motion``, ``moving``,
    ``stopped`` or ``parked``, of what can move; and what is known of the thing.

    Args:
        world: that was seen.
        states: of its things at the time.
        timestamp_ns: of the sample.
        points_world: (m, 3) lidar points of the sample, or None where no lidar turned.
        seen: (n,), which things have pixels in a frame of the sample.
    """
    center, size = _cuboids(world, states)
    eye = world.ego_pose(timestamp_ns)[:2, 3]
    rows = np.flatnonzero(states.alive & (np.linalg.norm(center[:, :2] - eye, axis=1) < CUBOID_REACH_M))
    quat = matrix_to_quat_wxyz(states.world_from_thing[rows, :3, :3])
    n_points = np.full(len(rows), -1, np.int64)
    if points_world is not None:
        n_points = count_points_in_cuboids(points_world, center[rows], size[rows], quat)
    facts = [_facts(world, int(row), states, bool(seen[row])) for row in rows]
    return Boxes3D(
        timestamp_ns=np.full(len(rows), timestamp_ns, np.int64),
        center=center[rows],
        size_lwh=size[rows].astype(np.float32),
        quat_wxyz=quat,
        category_id=world.things.category_id[rows],
        velocity=states.velocity[rows].astype(np.float32),
        score=np.ones(len(rows), np.float32),
        track_id=world.things.track_id[rows],
        n_points=n_points,
        origin=np.full(len(rows), IMPORTED, np.uint8),
        attributes=Attributes.from_rows(facts),
    )


def _cuboids(world: World, states: ThingStates) -> tuple[FloatArray, FloatArray]:
    """(n, 3) middles in world coords and (n, 3) sizes."""
    low = np.array([thing.low for thing in world.things.rows]).reshape(-1, 3)
    high = np.array([thing.high for thing in world.things.rows]).reshape(-1, 3)
    poses = states.world_from_thing
    center = np.einsum("nij,nj->ni", poses[:, :3, :3], (low + high) / 2) + poses[:, :3, 3]
    return center, high - low


def _facts(world: World, row: int, states: ThingStates, seen: bool) -> dict[str, str | bool]:
    thing = world.things[row]
    facts: dict[str, str | bool] = {"visible": seen, **thing.attributes}
    if thing.world_from_thing is None:
        facts["motion"] = "moving" if np.linalg.norm(states.velocity[row]) > 0.2 else "stopped"
    return facts
