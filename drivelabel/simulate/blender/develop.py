"""From Blender's light to a picture: the air before things, and a camera's motion, lens, film and noise."""

from __future__ import annotations

import zlib

import cv2
import numpy as np

from drivelabel.geometry import invert_rigid
from drivelabel.scene import Camera, Scene
from drivelabel.simulate.render import Effects
from drivelabel.simulate.render.camera import make_sky
from drivelabel.simulate.render.develop import metered_gain
from drivelabel.simulate.render.weather import add_rain
from drivelabel.simulate.simulate import Simulation
from drivelabel.typing import Float32Array, FloatArray, UInt8Array

SKY_AIR_M = 60.0
"""Metres of air before the zenith, as in our own sky."""

BLUR_STEPS = 5
"""Moments of an open shutter."""

_STEP_NS = 10_000_000


def develop_light(
    simulation: Simulation, frame: int, radiance: Float32Array, depth: Float32Array, seed: int
) -> UInt8Array:
    """The (h, w, 3) picture of a frame.

    Args:
        simulation: whose frame it is.
        frame: its row in the scene.
        radiance: (h, w, 3), linear light; used up.
        depth: (h, w), metres along the camera's z; infinite for the sky.
        seed: of the noise.
    """
    scene, camera = simulation.scene, simulation.scene.camera_of(frame)
    timestamp_ns = int(scene.frames.timestamp_ns[frame])
    assert scene.poses is not None
    light = simulation.air.light(scene.poses.at(timestamp_ns))
    effects = simulation.air.effects(*motion_of(scene, camera, timestamp_ns))
    sky = make_sky(light, effects)
    add_air(radiance, depth, camera, scene.world_from_camera(frame), sky.haze, sky.thickness)
    radiance = blurred(radiance, depth, camera, effects)
    rng = np.random.default_rng(seed)
    if effects.rain > 0:
        add_rain(radiance, effects.rain, rng, zlib.crc32(camera.channel.encode()))
    radiance *= metered_gain(light) * 2.0**effects.exposure_ev
    _add_glow(radiance, 0.12 if light.is_night or effects.rain > 0 else 0.04)
    radiance *= _lens_shade(camera.image_hw, effects.vignette)
    shown = film(radiance)
    shown += np.float32(effects.noise) * rng.standard_normal(shown.shape, np.float32)
    return np.clip(255.0 * shown + 0.5, 0, 255).astype(np.uint8)


def motion_of(scene: Scene, camera: Camera, timestamp_ns: int) -> tuple[FloatArray, FloatArray]:
    """(3,) m/s and (3,) rad/s of a camera in its own coords, from the poses around a time."""
    assert scene.poses is not None and camera.ego_from_sensor is not None
    before, after = (scene.poses.at(timestamp_ns + h) @ camera.ego_from_sensor for h in (-_STEP_NS, _STEP_NS))
    step = invert_rigid(before) @ after
    turn = np.array([step[2, 1] - step[1, 2], step[0, 2] - step[2, 0], step[1, 0] - step[0, 1]]) / 2
    return step[:3, 3] / (2e-9 * _STEP_NS), turn / (2e-9 * _STEP_NS)


def _flat_rays(camera: Camera) -> tuple[FloatArray, FloatArray]:
    """(1, w) and (h, 1), where the pixels' middles lie in the plane z = 1."""
    matrix, (height, width) = np.asarray(camera.camera_matrix, np.float64), camera.image_hw
    x = (np.arange(width) + 0.5 - matrix[0, 2]) / matrix[0, 0]
    y = (np.arange(height) + 0.5 - matrix[1, 2]) / matrix[1, 1]
    return x[None], y[:, None]


def add_air(
    radiance: Float32Array,
    depth: Float32Array,
    camera: Camera,
    world_from_camera: FloatArray,
    haze: FloatArray,
    thickness: float,
) -> None:
    """Put air of one thickness (share of light lost per metre) before (h, w, 3) light, in place."""
    x, y = _flat_rays(camera)
    long = np.sqrt(x * x + y * y + 1.0)
    turn = world_from_camera[2, :3]
    up = np.maximum((turn[0] * x + turn[1] * y + turn[2]) / long, 0.0)
    distance = np.where(np.isfinite(depth), depth * long, SKY_AIR_M / (up + 0.02))
    clear = np.exp(-thickness * distance).astype(np.float32)[:, :, None]
    fog = np.asarray(haze, np.float32)
    radiance -= fog
    radiance *= clear
    radiance += fog


def blurred(radiance: Float32Array, depth: Float32Array, camera: Camera, effects: Effects) -> Float32Array:
    """Light averaged along the way of each pixel while the shutter is open, if only the camera moves."""
    move = np.asarray(effects.velocity_cam, np.float64) * effects.motion_blur_s
    turn = np.asarray(effects.turn_cam, np.float64) * effects.motion_blur_s
    if not (move.any() or turn.any()):
        return radiance
    x, y = _flat_rays(camera)
    near = 1.0 / np.maximum(depth, 0.05)
    # Source: Longuet-Higgins & Prazdny 1980, the flow of a moving eye; for flat rays (x, y, 1).
    flow_x = near * (x * move[2] - move[0]) + x * y * turn[0] - (1 + x * x) * turn[1] + y * turn[2]
    flow_y = near * (y * move[2] - move[1]) + (1 + y * y) * turn[0] - x * y * turn[1] - x * turn[2]
    matrix = np.asarray(camera.camera_matrix, np.float64)
    v, u = np.mgrid[0 : radiance.shape[0], 0 : radiance.shape[1]].astype(np.float32)
    flow_u, flow_v = (matrix[0, 0] * flow_x).astype(np.float32), (matrix[1, 1] * flow_y).astype(np.float32)
    out = np.zeros_like(radiance)
    for share in np.linspace(-0.5, 0.5, BLUR_STEPS, dtype=np.float32):
        at = (u + share * flow_u, v + share * flow_v)
        out += cv2.remap(radiance, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    out /= BLUR_STEPS
    return out


def _add_glow(light: Float32Array, strength: float) -> None:
    """Light that scatters in the lens around what is brighter than white, which is 1."""
    height, width = light.shape[:2]
    small = cv2.resize(light, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    bright = np.clip(small - 1.2, 0.0, 40.0)
    spread = cv2.GaussianBlur(bright, (0, 0), 2.0) + 0.6 * cv2.GaussianBlur(bright, (0, 0), 8.0)
    light += strength * cv2.resize(spread, (width, height), interpolation=cv2.INTER_LINEAR)


def _lens_shade(image_hw: tuple[int, int], vignette: float) -> Float32Array:
    """(h, w, 1), the share of light that a lens lets through: less towards the corners."""
    v, u = (np.linspace(-1.0, 1.0, n) for n in image_hw)
    out = (u[None] ** 2 + v[:, None] ** 2) / 2
    return (1.0 - vignette * out**1.5).astype(np.float32)[:, :, None]


def film(light: Float32Array) -> Float32Array:
    """Linear light, 0.18 of it mid grey, to display values in [0, 1].

    Half a film with deep shadows, half one that keeps them.
    Sources: Narkowicz's fit to the ACES reference transform, 2016; Reinhard et al. 2002, equation 4, with
    white at 4; IEC 61966-2-1 (sRGB).
    """
    x = np.maximum(light, 0.0)
    y = 0.9 * x
    deep = np.minimum(y * (2.51 * y + 0.03) / (y * (2.43 * y + 0.59) + 0.14), 1.0)
    kept = np.minimum(1.2 * x * (1.0 + x / 16.0) / (1.0 + x), 1.0)
    soft = 0.6 * deep + 0.4 * kept
    shown: Float32Array = np.where(
        soft <= 0.0031308, 12.92 * soft, 1.055 * np.maximum(soft, 1e-9) ** (1 / 2.4) - 0.055
    ).astype(np.float32)
    return shown
