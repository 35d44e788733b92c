"""Where beams of a spinning lidar end, and on what."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import sim_rays
from simulate.render.made import box, floor, surfaces

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels.sim_lidar import cast_columns
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.render import LidarModel, cast_lidar
from drivelabel.simulate.render.lidar import _beams, _relative

EXACT = LidarModel(
    elevation=np.radians(np.linspace(-25, 10, 16)),
    n_azimuths=180,
    turn_s=0.1,
    range_noise=0.0,
    dropout=0.0,
    min_range=0.0,
)


def still(pose):
    return lambda times: np.repeat(np.asarray(pose, np.float64)[None], len(times), axis=0)


def at(x=0.0, y=0.0, z=1.8, yaw=0.0):
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    pose[:3, 3] = x, y, z
    return pose


def soup(seed, n=40):
    rng = np.random.default_rng(seed)
    middle = rng.uniform([-25, -25, -6], [25, 25, 6], (n, 3))
    corners = middle[:, None] + rng.normal(0, 3, (n, 3, 3))
    return surfaces(corners, instance=np.arange(n) + 1, layer=(rng.random(n) < 0.2).astype(np.uint8))


def cast(world, poses, model, first=0, stop=None):
    stop = model.n_azimuths if stop is None else stop
    step = -2 * np.pi / model.n_azimuths
    azimuth = (model.start_azimuth + step * np.arange(model.n_azimuths))[first:stop]
    distance = np.full((stop - first, len(model.elevation)), np.inf)
    behind = np.full(distance.shape, -1, np.int32)
    relative = _relative(poses[first:stop], world.origin)
    cast_columns(
        world.triangles,
        world.layer,
        relative,
        azimuth,
        step,
        0,
        np.tan(model.elevation),
        model.max_range,
        distance,
        behind,
    )
    return azimuth, distance, behind


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=12)
def test_every_beam_meets_what_its_plain_twin_meets(seed, moving):
    world, model = soup(seed), LidarModel(elevation=np.radians(np.linspace(-24, 14, 7)), n_azimuths=60)
    rng = np.random.default_rng(seed)
    poses = np.stack(
        [at(*(moving * 0.02 * k * rng.normal(size=1)), yaw=moving * 0.003 * k) for k in range(90)]
    )
    first, stop = (20, 50) if moving else (0, 60)
    azimuth, distance, behind = cast(world, poses, model, first, stop)
    directions = np.einsum("nij,nbj->nbi", poses[first:stop, :3, :3], _beams(azimuth, model.elevation))
    unsure = 0
    for k in range(len(azimuth)):
        for b in range(7):
            number, way, sure = sim_rays.first_hit(
                poses[first + k, :3, 3],
                directions[k, b],
                world.triangles,
                world.layer,
                1e-3,
                sim_rays.lidar_over,
            )
            if model.max_range < way < np.inf or not sure:
                unsure += 1
                continue
            assert behind[k, b] == number
            if number >= 0:
                np.testing.assert_allclose(distance[k, b], way, rtol=1e-6)
    assert unsure < 0.2 * distance.size


def test_the_range_to_level_ground_is_the_height_over_the_sine():
    got = cast_lidar(surfaces(floor(-500, 500, -500, 500), "road"), still(at(z=1.8)), EXACT, 0, 0)
    elevation = EXACT.elevation[got.ring]
    expected = 1.8 / np.sin(-elevation)
    np.testing.assert_allclose(np.linalg.norm(got.points[:, :3], axis=1), expected, rtol=1e-5)
    assert (got.category == DRIVING.id_of("road")).all()
    np.testing.assert_allclose(got.points[:, 2], -1.8, atol=1e-4)


def test_points_on_a_box_lie_on_its_faces_and_carry_its_id():
    low, high = np.array([6.0, -2, 0]), np.array([10.0, 2, 3])
    world = Surfaces.concat([surfaces(floor(), "road"), surfaces(box(low, high), "truck", instance=5)])
    pose = at(yaw=0.7)
    got = cast_lidar(world, still(pose), EXACT, 0, 0)
    points = got.points[:, :3] @ pose[:3, :3].T + pose[:3, 3]
    on = got.instance == 5
    assert on.sum() > 50
    assert (got.category[on] == DRIVING.id_of("truck")).all()
    gap = np.maximum(low - points[on], points[on] - high).max(axis=1)
    np.testing.assert_allclose(gap, 0.0, atol=1e-4)
    inside = ((points > low + 1e-3) & (points < high - 1e-3)).all(axis=1)
    assert not (inside & ~on).any()


def test_the_lidars_own_motion_is_taken_out():
    def poses(times):
        return np.stack([at(x=12.0 * t * 1e-9, yaw=0.8 * t * 1e-9) for t in np.asarray(times, float)])

    wall = surfaces(box((20, -30, -2), (21, 30, 8)), "wall")
    got = cast_lidar(wall, poses, EXACT, 500_000_000, 0)
    pose = poses([500_000_000])[0]
    points = got.points[:, :3] @ pose[:3, :3].T + pose[:3, 3]
    assert len(points) > 100
    np.testing.assert_allclose(points[:, 0], 20.0, atol=2e-4)


def test_things_are_where_they_were_when_their_column_was_measured():
    def world(timestamp_ns):
        x = 10 + 20 * timestamp_ns * 1e-9
        return surfaces(box((x, -3, 0), (x + 2, 3, 3)), "car", instance=1)

    got = cast_lidar(world, still(at()), EXACT, 0, 0, slices=60)
    back = got.points[:, 0] + at()[0, 3]
    front = back[np.abs(got.points[:, 1]) < 2.5]
    when = got.time_offset_s[np.abs(got.points[:, 1]) < 2.5]
    np.testing.assert_allclose(front, 10 + 20 * when, atol=20 * 0.1 / 60)


def test_times_cover_the_turn_and_run_clockwise():
    got = cast_lidar(surfaces(floor(), "road"), still(at()), EXACT, 0, 0)
    assert got.time_offset_s.min() < -0.049
    assert got.time_offset_s.max() > 0.049
    low = got.ring == 0
    turn = np.unwrap(np.arctan2(got.points[low, 1], got.points[low, 0]).astype(float))
    assert (np.diff(turn) < 0).all()


def test_noise_dropout_and_seed_do_what_they_say():
    wall = surfaces(box((20, -300, -20), (21, 300, 60)), "wall")
    noisy = LidarModel(EXACT.elevation, 720, 0.0, range_noise=0.05, dropout=0.0)
    got = cast_lidar(wall, still(at()), noisy, 0, 3)
    way = np.linalg.norm(got.points[:, :3], axis=1)
    expected = 20.0 / (got.points[:, 0] / way)
    assert 0.045 < (way - expected).std() < 0.055
    again = cast_lidar(wall, still(at()), noisy, 0, 3)
    assert again.points.tobytes() == got.points.tobytes()
    assert cast_lidar(wall, still(at()), noisy, 0, 4).points.tobytes() != got.points.tobytes()
    assert len(cast_lidar(wall, still(at()), LidarModel(EXACT.elevation, dropout=1.0), 0, 0)) == 0


def test_rain_takes_far_returns_and_adds_near_ones():
    world = surfaces(floor(-200, 200, -200, 200), "road", color=(0.06, 0.06, 0.06))
    dry, wet = (cast_lidar(world, still(at()), EXACT, 0, 0, rain=rain) for rain in (0.0, 1.0))

    def beyond(got, metres):
        return int((np.linalg.norm(got.points[:, :3], axis=1) > metres).sum())

    assert beyond(wet, 25) < beyond(dry, 25)
    drops = wet.category == DRIVING.id_of("other_stuff")
    assert drops.any()
    assert (wet.instance[drops] == 0).all()


def test_fog_dims_returns_and_takes_far_ones():
    world = surfaces(floor(-150, 150, -150, 150), "road", material="concrete", color=(0.3, 0.3, 0.3))
    clear, foggy = (cast_lidar(world, still(at()), EXACT, 0, 0, fog_per_m=fog) for fog in (0.0, 0.03))
    ground = foggy.category == DRIVING.id_of("road")
    reach_clear, reach_foggy = (
        np.linalg.norm(points[:, :3], axis=1) for points in (clear.points, foggy.points[ground])
    )
    assert (reach_foggy > 20).sum() < 0.6 * (reach_clear > 20).sum()
    for ring in (1, 4):
        own, its = clear.ring == ring, foggy.ring[ground] == ring
        dim, bright = foggy.points[ground][its, 3].mean(), clear.points[own, 3].mean()
        # The light goes there and back.
        np.testing.assert_allclose(dim / bright, np.exp(-2 * 0.03 * reach_clear[own].mean()), rtol=0.05)
    echoes = foggy.points[~ground]
    assert len(echoes) > 0 and np.linalg.norm(echoes[:, :3], axis=1).max() < 14 and (echoes[:, 3] < 10).all()


def test_paint_shines_more_than_asphalt():
    world = Surfaces.concat(
        [
            surfaces(floor(), "road", material="asphalt", color=(0.06, 0.06, 0.06)),
            surfaces(floor(-40, 40, 3, 6), "lane_marking", material="paint", layer=1, color=(0.7, 0.7, 0.7)),
        ]
    )
    got = cast_lidar(world, still(at()), EXACT, 0, 0)
    marking = got.category == DRIVING.id_of("lane_marking")
    assert marking.any()
    assert np.median(got.points[marking, 3]) > 2 * np.median(got.points[~marking, 3])


def test_nothing_around_gives_no_points():
    got = cast_lidar(surfaces(np.zeros((0, 3, 3))), still(at()), EXACT, 0, 0)
    assert got.points.shape == (0, 4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LidarModel(elevation=np.array([0.1, 0.0])), "lidar.elevation: expected rising angles"),
        (lambda: LidarModel(n_azimuths=2), "lidar.n_azimuths: expected 3 to 100000, got 2."),
        (
            lambda: LidarModel(min_range=5, max_range=4),
            "lidar: expected 0 <= min_range < max_range, got 5 and 4.",
        ),
        (lambda: LidarModel(dropout=2.0), "lidar: expected range_noise from 0 on and dropout in [0, 1]"),
        (
            lambda: cast_lidar(surfaces(floor()), still(at()), EXACT, 0, 0, slices=0),
            "slices: expected 1 or more",
        ),
        (lambda: cast_lidar(surfaces(floor()), lambda t: np.eye(4), EXACT, 0, 0), "poses_at: expected shape"),
    ],
)
def test_wrong_settings_are_named(make, message):
    with pytest.raises(InvalidLabelError, match=re.escape(message)):
        make()
