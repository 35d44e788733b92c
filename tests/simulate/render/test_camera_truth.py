"""What lies behind each pixel: category, instance and depth are those of the ray through its middle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import sim_rays
from simulate.render.made import at, box, camera, floor, quad, street, surfaces

from drivelabel.geometry import project, unproject
from drivelabel.labels import VOID
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.scene.sensors import Distortion
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.render import Effects, Light, render_camera
from drivelabel.simulate.render.visibility import NEAR_M, see

NOON = Light.day(50, 30)
PERFECT = Effects(noise=0.0, vignette=0.0, defocus_px=0.0)
LENSES = {
    "brown": Distortion("brown", np.array([-0.28, 0.09, 0.001, -0.0007, -0.01])),
    "fisheye": Distortion("fisheye", np.array([0.04, -0.01, 0.002, -0.0004])),
}


def render(what, pose, cam, light=NOON, effects=PERFECT, seed=0):
    return render_camera(what, pose, cam, light, effects, seed)


def middles(cam):
    """(h * w, 3) rays with z = 1 through the pixels' middles."""
    height, width = cam.image_hw
    v, u = np.mgrid[0:height, 0:width]
    uv = np.stack([u, v], axis=-1).reshape(-1, 2) + 0.5
    return unproject(uv, cam.camera_matrix, cam.distortion.model, cam.distortion.coefficients)


def soup(seed, n=24, size=6.0):
    """Triangles all around a camera, some behind it, some through its near plane; a few are decals."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform([-4, -12, -8], [25, 12, 8], (n, 3))
    corners = middle[:, None] + rng.normal(0, size / 2, (n, 3, 3))
    world = surfaces(corners, instance=np.arange(n) + 1, layer=rng.integers(0, 3, n) * (rng.random(n) < 0.4))
    # A decal on a body.
    body = corners[0]
    lying = [[body[0], (body[0] + body[1]) / 2, (body[0] + body[2]) / 2]]
    return Surfaces.concat([world, surfaces(lying, "lane_marking", instance=n + 1, layer=1)])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_a_pinhole_sees_what_its_plain_twin_sees(seed):
    world, cam, pose = soup(seed), camera((22, 36), 26.0), at(z=0.0)
    truth, _, _ = see(world, np.linalg.inv(pose), cam)
    number, depth, sure = sim_rays.see(middles(cam), pose, world.triangles, world.layer, NEAR_M)
    np.testing.assert_array_equal(truth.ravel()[sure], number[sure])
    assert sure.mean() > 0.9
    got = render(world, pose, cam)
    np.testing.assert_array_equal(got.instance.ravel()[sure & (number < 0)], 0)
    seen = sure & (number >= 0)
    np.testing.assert_array_equal(got.instance.ravel()[seen], world.instance[number[seen]])
    np.testing.assert_array_equal(got.category.ravel()[seen], world.category[number[seen]])
    direct = seen & (world.layer[np.maximum(number, 0)] == 0)
    np.testing.assert_allclose(got.depth.ravel()[direct], depth[direct], rtol=2e-5)


@pytest.mark.parametrize("model", LENSES)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=8)
def test_a_bent_lens_sees_what_its_plain_twin_sees(model, seed):
    cam = camera((30, 44), 30.0 if model == "brown" else 20.0, LENSES[model])
    world, pose = soup(seed, n=12, size=9.0), at(z=0.0)
    rays = middles(cam)
    reached = np.isfinite(rays).all(axis=1)
    truth, _, _ = see(world, np.linalg.inv(pose), cam)
    number, _, sure = sim_rays.see(rays[reached], pose, world.triangles, world.layer, NEAR_M)
    same = truth.ravel()[reached] == number
    assert same[sure].all()
    assert sure.mean() > 0.9
    assert (render(world, pose, cam).category.ravel()[~reached] == VOID).all()


@pytest.mark.parametrize("model", LENSES)
@given(x=st.floats(4, 20), y=st.floats(-5, 5))
@settings(max_examples=6)
def test_a_bent_lens_sees_all_of_a_box(model, x, y):
    cam = camera((40, 60), 40.0 if model == "brown" else 26.0, LENSES[model])
    world = Surfaces.concat(
        [surfaces(floor(), "road"), surfaces(box((x, y, 0.3), (x + 4, y + 2, 2.4)), "car", 3)]
    )
    rays, pose = middles(cam), at()
    reached = np.isfinite(rays).all(axis=1)
    number, depth, sure = sim_rays.see(rays[reached], pose, world.triangles, world.layer, NEAR_M)
    got = render(world, pose, cam)
    expected = np.where(number >= 0, world.instance[number], 0)
    same = got.instance.ravel()[reached] == expected
    same &= np.isclose(got.depth.ravel()[reached], depth, rtol=2e-5)
    assert same[sure].all()


@pytest.mark.parametrize("model", ["none", *LENSES])
def test_depth_of_level_ground_is_the_height_over_the_slope(model):
    cam = camera((40, 64), 40.0 if model != "fisheye" else 24.0, LENSES.get(model) or camera().distortion)
    got = render(surfaces(floor(-900, 9000, -5000, 5000), "road"), at(z=1.5), cam)
    rays = middles(cam)
    below = (rays[:, 1] > 0.01) & np.isfinite(rays).all(axis=1)
    np.testing.assert_allclose(got.depth.ravel()[below], 1.5 / rays[below, 1], rtol=1e-5)
    above = rays[:, 1] < 0
    assert (got.category.ravel()[above] == DRIVING.id_of("sky")).all()
    assert np.isinf(got.depth.ravel()[above]).all()


@given(x=st.floats(3, 60), y=st.floats(-8, 8), z=st.floats(-1, 3), long=st.floats(0.3, 5))
@settings(max_examples=40)
def test_the_tight_box_of_a_cuboid_is_that_of_its_corners(x, y, z, long):
    cam, pose = camera((120, 200), 110.0), at()
    low, high = np.array([x, y, z]), np.array([x + long, y + 1.2, z + 1.5])
    got = render(surfaces(box(low, high), "car", instance=7), pose, cam)
    corners = np.array(
        [[px, py, pz] for px in (low[0], high[0]) for py in (low[1], high[1]) for pz in (low[2], high[2])]
    )
    local = (corners - pose[:3, 3]) @ pose[:3, :3]
    uv, _ = project(local, cam.camera_matrix)
    hw = np.array(cam.image_hw)[::-1]
    if (uv.min(axis=0) < 1).any() or (uv.max(axis=0) > hw - 1).any():
        return
    rows, columns = np.nonzero(got.instance == 7)
    # A pixel is seen when its middle is inside: up to a whole pixel less at a sharp corner.
    assert columns.min() + 0.5 >= uv[:, 0].min() - 1e-3
    assert columns.max() + 0.5 <= uv[:, 0].max() + 1e-3
    assert rows.min() + 0.5 >= uv[:, 1].min() - 1e-3
    assert rows.max() + 0.5 <= uv[:, 1].max() + 1e-3
    assert columns.min() <= uv[:, 0].min() + 2
    assert rows.max() >= uv[:, 1].max() - 3


def test_neighbouring_triangles_leave_no_gaps():
    rng = np.random.default_rng(3)
    y, z = np.meshgrid(np.linspace(-9, 9, 24), np.linspace(-7, 7, 19))
    y[1:-1, 1:-1] += rng.uniform(-0.3, 0.3, (17, 22))
    z[1:-1, 1:-1] += rng.uniform(-0.3, 0.3, (17, 22))
    x = 8 + rng.uniform(-1, 1, y.shape)
    p = np.stack([x, y, z], axis=-1)
    corners = [
        t
        for i in range(18)
        for j in range(23)
        for t in quad(p[i, j], p[i, j + 1], p[i + 1, j + 1], p[i + 1, j])
    ]
    got = render(surfaces(corners, "wall"), at(z=0.0), camera((200, 300), 290.0))
    assert (got.category == DRIVING.id_of("wall")).all()


def test_paint_is_seen_on_the_road_up_to_200_m_and_never_through_a_car():
    cam = camera((240, 400), 2000.0)
    world = Surfaces.concat([street(), surfaces(box((40, 1.3, 0.1), (44, 2.0, 1.2)), "car", instance=2)])
    got = render(world[world.instance != 1], at(y=1.2), cam)
    rays = middles(cam).reshape(240, 400, 3)
    ground = rays[..., 1] > 0.0085  # nearer than 190 m
    depth = 1.6 / np.where(ground, rays[..., 1], np.nan)
    left = 1.2 - rays[..., 0] * depth
    on_paint = ground & (left > 1.605) & (left < 1.745) & (depth > 0.2) & (depth < 199)
    car = got.instance == 2
    assert on_paint.sum() > 100
    assert (got.category[on_paint & ~car] == DRIVING.id_of("lane_marking")).all()
    beside = ground & ((left < 1.595) | (left > 1.755))
    assert (got.category[beside & ~car] == DRIVING.id_of("road")).all()
    assert (on_paint & car).any()


def test_a_camera_inside_a_wall_of_triangles_cuts_them_at_its_near_plane():
    got = render(surfaces(floor(-3, 3, -3, 3)), at(z=0.1), camera())
    assert np.nanmin(got.depth) >= NEAR_M
    assert np.isfinite(got.depth[-1]).all()


def test_no_surfaces_are_all_sky():
    got = render(surfaces(np.zeros((0, 3, 3))), at(), camera())
    assert (got.category == DRIVING.id_of("sky")).all()
    assert (got.instance == 0).all()


def test_the_origin_of_surfaces_makes_no_difference():
    world, shift = street(), np.array([431_000.0, 5_410_000.0, 120.0])
    pose = at()
    there = at()
    there[:3, 3] += shift
    moved = Surfaces(*(getattr(world, name) for name in world.__slots__[:-1]), origin=shift)
    a, b = render(world, pose, camera()), render(moved, there, camera())
    np.testing.assert_array_equal(a.instance, b.instance)
    np.testing.assert_allclose(a.depth, b.depth, rtol=1e-5)
