"""From light to a picture: air, motion and film do what optics say."""

from __future__ import annotations

import numpy as np
import pytest

from drivelabel.scene import Camera
from drivelabel.simulate.blender.develop import add_air, blurred, film
from drivelabel.simulate.render import Effects
from drivelabel.simulate.rig import pinhole

HW = (60, 80)
CAMERA = Camera("cam", HW, pinhole(HW, 80), ego_from_sensor=np.eye(4))
LEVEL = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""A camera that looks along +x."""


def test_air_takes_light_by_the_length_of_the_ray_and_leaves_haze():
    light = np.full((*HW, 3), 2.0, np.float32)
    depth = np.full(HW, 50.0, np.float32)
    add_air(light, depth, CAMERA, LEVEL, np.array([0.5, 0.6, 0.7]), 0.01)
    matrix = CAMERA.camera_matrix
    for row, column in ((0, 0), (30, 40), (59, 79)):
        ray = np.linalg.inv(matrix) @ [column + 0.5, row + 0.5, 1.0]
        clear = np.exp(-0.01 * 50.0 * np.linalg.norm(ray))
        want = np.array([0.5, 0.6, 0.7]) * (1 - clear) + 2.0 * clear
        np.testing.assert_allclose(light[row, column], want, rtol=1e-5)


def test_the_sky_is_hazy_at_the_horizon_and_clear_above():
    light, depth = np.full((*HW, 3), 2.0, np.float32), np.full(HW, np.inf, np.float32)
    add_air(light, depth, CAMERA, LEVEL, np.zeros(3), 0.001)
    column = light[:30, 40, 0]
    assert (np.diff(column) < 0).all()
    assert column[-1] < 0.4 < 1.5 < column[0]


def test_clear_air_changes_nothing():
    light = np.random.default_rng(0).random((*HW, 3)).astype(np.float32)
    before = light.copy()
    add_air(light, np.full(HW, 9.0, np.float32), CAMERA, LEVEL, np.ones(3), 0.0)
    np.testing.assert_allclose(light, before, atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("kind", ["velocity_cam", "turn_cam"])
def test_blur_runs_the_way_that_a_moving_camera_sees_points_go(kind, axis):
    motion = np.zeros(3)
    motion[axis] = 4.0 if kind == "velocity_cam" else 0.6
    row, column = 18, 57
    depth = np.full(HW, 3.0, np.float32)
    light = np.zeros((*HW, 3), np.float32)
    light[row, column] = 1.0
    out = blurred(light, depth, CAMERA, Effects(motion_blur_s=0.5, **{kind: tuple(motion)}))

    # Where one point lies in the image before and after, by moving the camera itself.
    point = 3.0 * (np.linalg.inv(CAMERA.camera_matrix) @ [column + 0.5, row + 0.5, 1.0])
    ends = []
    for time_s in (-0.005, 0.005):
        if kind == "velocity_cam":
            moved = point - time_s * motion
        else:
            c, s = np.cos(time_s * motion[axis]), np.sin(time_s * motion[axis])
            a, b = [(1, 2), (2, 0), (0, 1)][axis]
            moved = point.copy()
            moved[a], moved[b] = c * point[a] + s * point[b], -s * point[a] + c * point[b]
        uvw = CAMERA.camera_matrix @ moved
        ends.append(uvw[:2] / uvw[2])
    flow = (ends[1] - ends[0]) / 0.01
    v, u = np.nonzero(out[..., 0] > 0.02)
    assert len(u) > 2
    points = np.stack([u, v], axis=1) - [column, row]
    assert np.linalg.norm(flow) > 2
    aside = points @ np.array([-flow[1], flow[0]]) / np.linalg.norm(flow)
    assert np.abs(aside).max() < 2.6
    assert np.ptp(points @ flow) / np.linalg.norm(flow) > 0.15 * np.linalg.norm(flow)


def test_a_still_camera_blurs_nothing():
    light = np.random.default_rng(0).random((*HW, 3)).astype(np.float32)
    assert blurred(light, np.ones(HW, np.float32), CAMERA, Effects(motion_blur_s=0.5)) is light


def test_film_is_monotone_from_black_to_white_and_mid_grey_is_mid():
    light = np.linspace(0, 6, 4000, dtype=np.float32)
    shown = film(light)
    assert (np.diff(shown) >= 0).all()
    assert shown[0] == pytest.approx(0.0, abs=1e-6) and shown[-1] > 0.97 and shown.max() <= 1.0
    assert 0.35 < float(film(np.array([0.18], np.float32))[0]) < 0.6
