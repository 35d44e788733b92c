"""Light, weather and noise do to pictures what they should, and nothing to the truth."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from simulate.render.made import at, box, camera, floor, street, surfaces

from drivelabel.errors import InvalidLabelError
from drivelabel.scene import Camera
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.render import Effects, Light, light_up, render_camera

DAY, NIGHT = Light.day(40, 90), Light.night()
PLAIN = Effects(noise=0.0, vignette=0.0)
CAM = camera((90, 150), 100.0)


def picture(effects=PLAIN, light=DAY, world=None, seed=0):
    return render_camera(street() if world is None else world, at(), CAM, light, effects, seed)


def brightness(effects=PLAIN, light=DAY, world=None):
    return float(picture(effects, light, world).image_rgb.mean())


ALL = Effects(rain=0.7, fog_per_m=0.01, motion_blur_s=0.01, velocity_cam=(0, 0, 12.0), turn_cam=(0, 0.2, 0))


def test_the_same_seed_gives_the_same_bytes_also_from_threads():
    lit = light_up(street(), DAY, at()[:3, 3])

    def make(seed):
        return render_camera(lit, at(), CAM, DAY, ALL, seed)

    with ThreadPoolExecutor(4) as pool:
        beside = list(pool.map(make, [1, 2, 1, 2, 1, 2]))
    for made in beside[::2]:
        assert made.image_rgb.tobytes() == make(1).image_rgb.tobytes()
    assert beside[0].image_rgb.tobytes() != beside[1].image_rgb.tobytes()
    assert beside[0].depth.tobytes() == beside[1].depth.tobytes()


def test_lighting_first_changes_nothing():
    lit = light_up(street(), DAY, at()[:3, 3])
    once = render_camera(lit, at(), CAM, DAY, PLAIN, 0)
    assert once.image_rgb.tobytes() == picture().image_rgb.tobytes()


@pytest.mark.parametrize("effects", [ALL, Effects(exposure_ev=1.0), Effects(rain=1.0)])
@pytest.mark.parametrize("light", [DAY, NIGHT], ids=["day", "night"])
def test_weather_light_and_noise_leave_the_truth_alone(effects, light):
    plain, changed = picture(), picture(effects, light)
    for name in ("category", "instance", "depth"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(changed, name))


def test_night_is_darker_than_day_and_headlights_light_the_road():
    dark = brightness(light=NIGHT)
    assert dark < 0.5 * brightness()
    ahead = Light.night([[0.0, -0.6, 0.7], [0.0, 0.6, 0.7]])
    road = (slice(60, 80), slice(50, 100))
    assert picture(light=ahead).image_rgb[road].mean() > 1.5 * picture(light=NIGHT).image_rgb[road].mean()


def test_street_lamps_light_the_road_at_night():
    lamp = surfaces(
        box((9, -3, 6), (9.6, -2.4, 6.1)), "pole", material="lamp", emission=8.0, color=(0.9, 0.8, 0.6)
    )
    lit = picture(light=NIGHT, world=Surfaces.concat([street(), lamp]))
    assert lit.image_rgb[70:85].mean() > 1.2 * picture(light=NIGHT).image_rgb[70:85].mean()


def test_a_wall_throws_its_shadow_away_from_the_sun():
    sun_left = Light.day(35, 90, cloud_cover=0.0)
    wall = surfaces(box((4, 2.0, 0), (14, 2.3, 4)), "wall")
    world = Surfaces.concat([surfaces(floor(), "road", material="asphalt"), wall])
    shaded = picture(light=sun_left, world=world).image_rgb
    open_road = picture(light=sun_left, world=world[world.category == world.category[0]]).image_rgb
    right = (slice(62, 66), slice(70, 80))  # 6 m ahead, just right of the wall
    assert shaded[right].mean() < 0.75 * open_road[right].mean()


def test_fog_hides_what_is_far_more_than_what_is_near():
    def contrast(x, fog):
        world = Surfaces.concat(
            [surfaces(floor(), "road"), surfaces(box((x, -1, 0), (x + 2, 1, 2)), "car", 1, color=(0, 0, 0))]
        )
        got = picture(Effects(noise=0.0, vignette=0.0, fog_per_m=fog), world=world)
        inside = got.instance == 1
        return abs(float(got.image_rgb[inside].mean()) - float(got.image_rgb[:10].mean()))

    assert contrast(60, 0.04) < 0.3 * contrast(60, 0.0)
    assert contrast(6, 0.04) > 0.5 * contrast(6, 0.0)


def test_exposure_brightens_and_vignette_darkens_the_corners():
    values = [brightness(replace(PLAIN, exposure_ev=ev)) for ev in (-2.0, 0.0, 1.0)]
    assert values[0] < values[1] < values[2]
    bent = picture(replace(PLAIN, vignette=0.8)).image_rgb.astype(int)
    flat = picture().image_rgb.astype(int)
    assert (flat - bent)[:4, :4].mean() > 10 > (flat - bent)[43:47, 73:77].mean()


def test_white_balance_tints_the_picture():
    warm = picture(replace(PLAIN, white_balance=(1.2, 1.0, 0.8))).image_rgb.astype(int)
    plain = picture().image_rgb.astype(int)
    assert (warm - plain)[..., 0].mean() > 5 and (warm - plain)[..., 2].mean() < -5
    assert abs((warm - plain)[..., 1].mean()) < 1


def test_noise_has_the_strength_asked_for():
    grey = surfaces(box((5, -20, -20), (6, 20, 20)), "wall", color=(0.2, 0.2, 0.2))
    clean = picture(Effects(noise=0.0, defocus_px=0.0), world=grey).image_rgb.astype(float)
    noisy = picture(Effects(noise=0.02, defocus_px=0.0), world=grey).image_rgb.astype(float)
    assert 0.5 * 0.02 * 255 < (noisy - clean).std() < 1.5 * 0.02 * 255


def test_a_moving_camera_blurs_what_is_near():
    fast = replace(PLAIN, motion_blur_s=0.02, velocity_cam=(40.0, 0.0, 0.0))
    sharp, blurred = (picture(effects).image_rgb.astype(float).mean(axis=2) for effects in (PLAIN, fast))
    assert np.abs(np.diff(blurred, axis=1)).max() < 0.7 * np.abs(np.diff(sharp, axis=1)).max()


def test_wet_roads_mirror_what_stands_on_them():
    behind_us = Light.day(40, 180)

    def redness(rain, world):
        rgb = picture(Effects(noise=0.0, rain=rain), behind_us, world).image_rgb.astype(float)
        below = rgb[64:70, 68:82]  # the road before the red box
        return float((below[..., 0] - below[..., 2]).mean())

    def gain(rain):
        return redness(rain, street()) - redness(rain, street()[street().instance == 0])

    assert gain(0.5) > gain(0.0) + 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Effects(rain=1.5), "effects.rain: expected a number in [0, 1], got 1.5."),
        (
            lambda: Effects(white_balance=(1.0, 0.0, 1.0)),
            "effects.white_balance: expected three gains above 0, got (1.0, 0.0, 1.0).",
        ),
        (lambda: Effects(noise=-1.0), "effects.noise: expected a number from 0 on, got -1.0."),
        (lambda: Light.day(-5), "elevation_deg: expected a sun above the horizon, got -5."),
        (lambda: replace(DAY, sun_direction=np.zeros(3)), "light.sun_direction: expected a direction"),
        (
            lambda: render_camera(street(), at(), Camera("cam", (9, 9)), DAY, PLAIN, 0),
            "cam: expected a camera matrix, got None.",
        ),
        (
            lambda: render_camera(street(), 2 * np.eye(4), CAM, DAY, PLAIN, 0),
            "world_from_camera: expected a rigid",
        ),
    ],
)
def test_wrong_settings_are_named(make, message):
    with pytest.raises(InvalidLabelError, match=re.escape(message)):
        make()
