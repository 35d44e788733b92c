"""How everybody moves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulate.drives import WORLDS, instants, world_of, worlds

from drivelabel.simulate.recording import poses_of
from drivelabel.simulate.world import START_NS
from drivelabel.simulate.world.layout import Cycle
from drivelabel.simulate.world.paint import stop_station
from drivelabel.simulate.world.traffic import MAX_ACCELERATION, MAX_BRAKING, MAX_JERK, STEP_S, idm


@settings(max_examples=8)
@given(worlds, instants)
def test_positions_differentiate_to_velocities(world, when):
    h = 10_000_000
    before, now, after = (world.states(when + k * h) for k in (-1, 0, 1))
    middle = np.array([(thing.low + thing.high) / 2 for thing in world.things.rows])

    def centers(states):
        return (
            np.einsum("nij,nj->ni", states.world_from_thing[:, :3, :3], middle)
            + states.world_from_thing[:, :3, 3]
        )

    alive = before.alive & after.alive
    moved = (centers(after) - centers(before)) / (2e-9 * h)
    assert np.abs(moved - now.velocity)[alive].max() < 0.1


@pytest.mark.parametrize("key", WORLDS)
def test_the_egos_poses_differentiate_to_a_speed_with_bounded_change(key):
    world = world_of(*key)
    poses = poses_of(world, 2.0)
    seconds = (poses.timestamp_ns - START_NS) * 1e-9
    velocity = np.gradient(poses.translation, seconds, axis=0)
    speed = np.linalg.norm(velocity[1:-1], axis=1)
    times, v, a = world.ego_motion()
    assert np.abs(speed - np.interp(seconds[1:-1], times, v)).max() < 0.25
    assert a.max() <= MAX_ACCELERATION + 1e-9 and a.min() >= -MAX_BRAKING - 1e-9
    moving = (v[1:] > 0.01) & (v[:-1] > 0.01)
    assert np.abs(np.diff(a) / STEP_S)[moving].max() <= MAX_JERK + 1e-6


@pytest.mark.parametrize("key", WORLDS)
def test_vehicles_do_not_drive_through_each_other(key):
    world = world_of(*key)
    for second in (0.0, 1.0, 2.0):
        states = world.states(START_NS + int(second * 1e9))
        rows = [row for rows in world._vehicle_rows for row in rows[:1] if states.alive[row]]
        rows = [row for row in rows if world.things[row].category in ("car", "truck", "bus")]
        places = states.world_from_thing[rows][:, :2, 3]
        apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 99 * np.eye(len(rows))
        assert apart.min() > 1.8


@pytest.mark.parametrize("key", WORLDS[:2])
def test_nobody_on_the_main_road_passes_a_red_light(key):
    world = world_of(*key)
    tracks = world._tracks
    length = np.concatenate([[4.6], [vehicle.length for vehicle in world.vehicles]])
    for junction in (j for j in world.layout.junctions if j.signals):
        at = junction.s - stop_station(world.layout, junction)
        for column in np.flatnonzero(tracks.route == 0):
            front = tracks.s[:, column] + length[column] / 2
            crossing = np.flatnonzero((front[:-1] < at) & (front[1:] >= at))
            assert all(junction.cycle.state("main", tracks.time_s[row]) != "red" for row in crossing[1:])


cycles = st.builds(
    Cycle,
    main=st.floats(8, 40),
    left=st.sampled_from([0.0, 6.0]),
    cross=st.floats(8, 20),
    red_yellow=st.sampled_from([0.0, 1.0]),
    offset=st.floats(-60, 60),
)


@given(cycles, st.floats(0, 200))
def test_conflicting_lights_are_never_open_at_once(cycle, time_s):
    groups = ["main", "cross"] + (["left"] if cycle.left else [])
    states = [cycle.state(group, time_s) for group in groups]
    assert sum(state in ("green", "yellow") for state in states) <= 1


@given(cycles)
def test_lights_follow_the_legal_order(cycle):
    shown = [cycle.state("main", t) for t in np.arange(0, 2 * cycle.seconds, 0.1)]
    order = [a for a, b in zip(shown, [None, *shown], strict=False) if a != b]
    after = {"green": {"yellow"}, "yellow": {"red"}, "red": {"red_yellow", "green"}, "red_yellow": {"green"}}
    assert all(b in after[a] for a, b in pairwise(order))
    if cycle.red_yellow:
        assert "green" not in {b for a, b in pairwise(order) if a == "red"}


@given(st.floats(0, 40), st.floats(5, 40), st.floats(0.5, 300), st.floats(0, 40))
def test_drivers_brake_harder_for_what_is_nearer(v, wish, gap, lead_v):
    near, far = (
        float(idm(np.array([v]), np.array([wish]), np.array([g]), np.array([lead_v]))[0])
        for g in (gap, 2 * gap)
    )
    assert near <= far + 1e-9
