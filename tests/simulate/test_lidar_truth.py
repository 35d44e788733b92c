"""Lidar points and cuboids say the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from simulate.drives import instants, worlds

from drivelabel.simulate.render import LidarModel, cast_lidar
from drivelabel.simulate.rig import mounting
from drivelabel.simulate.truth import cuboids_of

MODEL = LidarModel(
    elevation=np.radians(np.linspace(-20, 8, 12)), n_azimuths=240, turn_s=0.0, range_noise=0.01
)


def sweep(world, when):
    pose = world.ego_pose(when) @ mounting((0.9, 0.0, 1.8))
    surfaces = world.surfaces(when, pose[:3, 3], 100.0)
    made = cast_lidar(surfaces, lambda times: np.tile(pose, (len(times), 1, 1)), MODEL, when, 1)
    points = made.points[:, :3].astype(np.float64) @ pose[:3, :3].T + pose[:3, 3]
    return made, points


@settings(max_examples=4)
@given(worlds, instants)
def test_points_of_a_thing_lie_in_its_cuboid_and_points_in_a_cuboid_are_of_its_thing(world, when):
    made, points = sweep(world, when)
    states = world.states(when)
    for row in np.unique(made.instance[made.instance > 0]).astype(int) - 1:
        thing, pose = world.things[row], states.world_from_thing[row]
        local = (points - pose[:3, 3]) @ pose[:3, :3]
        own = made.instance == row + 1
        assert (local[own] > thing.low - 0.08).all() and (local[own] < thing.high + 0.08).all()
        # Riders sit within the cuboids of what they ride; people reach into each other's.
        inside = (local > thing.low + 0.08).all(axis=1) & (local < thing.high - 0.08).all(axis=1)
        if thing.category in ("car", "truck", "bus", "traffic_light"):
            assert set(made.instance[inside].tolist()) <= {row + 1}, thing.category


@settings(max_examples=4)
@given(worlds, instants)
def test_cuboids_count_the_points_inside(world, when):
    _, points = sweep(world, when)
    seen = np.zeros(len(world.things), np.bool_)
    cuboids = cuboids_of(world, world.states(when), when, points, seen)
    for row in range(len(cuboids)):
        pose = world.states(when).world_from_thing[cuboids.track_id[row] - 1]
        local = (points - cuboids.center[row]) @ pose[:3, :3]
        inside = (np.abs(local) <= cuboids.size_lwh[row] / 2).all(axis=1)
        assert abs(int(inside.sum()) - int(cuboids.n_points[row])) <= 1  # one may lie on the very face
