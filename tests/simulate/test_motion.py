"""How everybody moves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulate.drives import WORLDS, instants, world_of, worlds

from drivelabel.simulate.recording import poses_of
from drivelabel.simulate.world import START_NS, World, WorldSettings
from drivelabel.simulate.world.layout import Cycle, make_layout
from drivelabel.simulate.world.paint import stop_station
from drivelabel.simulate.world.routes import ego_turn
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


@pytest.fixture(scope="module")
def turning():
    """A drive whose ego turns right."""
    world = World(WorldSettings(seed=3, seconds=16.0, style="suburb", people=0.2))
    assert world.layout.turn is not None and world.layout.turn.side == "right"
    return world


def test_an_ego_that_turns_follows_its_wheels_and_is_not_thrown_about(turning):
    poses = poses_of(turning, 16.0)
    seconds = (poses.timestamp_ns - START_NS) * 1e-9
    velocity = np.gradient(poses.translation[:, :2], seconds, axis=0)
    acceleration = np.gradient(velocity, seconds, axis=0)[3:-3]
    matrices = poses.at(poses.timestamp_ns)[:, :2, :2]
    yaw = np.unwrap(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    ahead = np.stack([np.cos(yaw), np.sin(yaw)], axis=1)
    slip = velocity[:, 1] * ahead[:, 0] - velocity[:, 0] * ahead[:, 1]
    assert yaw[-1] - yaw[0] < np.radians(-70)
    assert np.abs(slip[3:-3]).max() < 0.1
    aside = acceleration[:, 1] * ahead[3:-3, 0] - acceleration[:, 0] * ahead[3:-3, 1]
    assert 1.0 < np.abs(aside).max() < 3.0
    # Turning is going around a bend: the sideways pull is speed times the rate of turn.
    rate, speed = np.gradient(yaw, seconds)[3:-3], np.linalg.norm(velocity, axis=1)[3:-3]
    assert np.abs(aside - rate * speed).max() < 0.15


def test_an_ego_that_has_turned_is_on_the_other_street(turning):
    before, after = (turning.ego_place(START_NS + int(t * 1e9)) for t in (0.0, 15.9))
    assert before.road == 0 and before.d < 0 and before.along == 1
    assert after.road == 1 + turning.layout.turn.junction
    assert after.d * after.along < 0  # on the right
    assert turning.next_junction(START_NS) >= 0 and turning.next_junction(START_NS + int(15.9e9)) == -1


def test_a_left_turn_has_its_own_lights():
    seeds = (WorldSettings(seed=seed, seconds=12.0, traffic=0.0, people=0.0) for seed in range(40))
    layouts = (make_layout(np.random.default_rng(s.seed), s.style, s.seconds, 13.9) for s in seeds)
    layout = next(x for x in layouts if x.turn is not None and x.turn.side == "left")
    way = ego_turn(layout)
    assert way.blink == 1 and way.stops[-1].group == "left"
    assert way.stops[-1].junction == layout.turn.junction
    turned = float(way.line.heading(way.line.length) - way.line.heading(way.stops[-1].s))
    assert 0.5 < (turned + np.pi) % (2 * np.pi) - np.pi < 2.6


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
