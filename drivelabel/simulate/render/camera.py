"""Pictures of the simulated world, with what exactly lies behind each pixel's middle."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import cv2
import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels.sim_lighting import Maps
from drivelabel.geometry._kernels.sim_raster import IGNORED
from drivelabel.geometry._kernels.sim_shade import paint_sky, shade_image
from drivelabel.geometry._kernels.sim_sky import SKY_STEP, Sky
from drivelabel.geometry._kernels.sim_surface import Skin, View
from drivelabel.geometry._kernels.sim_truth import truth_maps
from drivelabel.labels import VOID
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.scene import Camera
from drivelabel.scene.sensors import check_rigid
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.render.develop import develop_image
from drivelabel.simulate.render.light import Effects, Light
from drivelabel.simulate.render.lightmaps import corner_normals, ground_height, is_ground, make_maps
from drivelabel.simulate.render.noise import noise_tiles
from drivelabel.simulate.render.visibility import NO_RAYS, see, see_pinhole
from drivelabel.typing import AnyArray, Float32Array, FloatArray, Int32Array, UInt8Array, UInt16Array

CLEAR_AIR_PER_M = 2.2e-4
"""Share of light that clean air takes per metre."""

MIRROR_STEP = 2
"""Pixels of the image per pixel of what wet ground mirrors."""

_NO_MIRROR = np.zeros((0, 0, 3), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Render:
    """One picture and its truth.

    Attributes:
        image_rgb: (h, w, 3) uint8.
        category: (h, w) uint8, row of DRIVING, of what the ray through each pixel's middle meets; VOID where
            the lens lets no light through.
        instance: (h, w) uint16, 1 + row of the world's things, 0 for none; on the same ray.
        depth: (h, w) float32, metres along the camera's z, on the same ray; infinite for the sky.
    """

    image_rgb: UInt8Array
    category: UInt8Array
    instance: UInt16Array
    depth: Float32Array


@dataclass(frozen=True, slots=True, eq=False)
class Lit:
    """Surfaces with the light on them, ready to be seen by any number of cameras at one time."""

    surfaces: Surfaces
    light: Light
    skin: Skin
    maps: Maps


def light_up(surfaces: Surfaces, light: Light, around: AnyArray) -> Lit:
    """Work out shadows and lamps once for all cameras near a point.

    Args:
        surfaces: what there is at one time.
        light: what lights it.
        around: (3,), metres, world coords; shadows are fine within 40 m and there up to 180 m.

    Raises:
        InvalidLabelError: `around` is no point.
    """
    middle = np.asarray(around, np.float64)
    check_shape("around", middle, (3,))
    ground = is_ground(surfaces)
    color = surfaces.color
    house = (
        np.round(color[:, 0] * 255) * 65_536 + np.round(color[:, 1] * 255) * 256 + np.round(color[:, 2] * 255)
    )
    skin = Skin(
        np.ascontiguousarray(surfaces.triangles, np.float32),
        corner_normals(surfaces),
        np.ascontiguousarray(color, np.float32),
        np.ascontiguousarray(surfaces.emission, np.float32),
        surfaces.material,
        ground,
        house.astype(np.int64),
        np.ascontiguousarray(surfaces.uv, np.float32),
    )
    return Lit(surfaces, light, skin, make_maps(surfaces, ground, light, middle - surfaces.origin))


def render_camera(
    surfaces: Surfaces | Lit,
    world_from_camera: AnyArray,
    camera: Camera,
    light: Light,
    effects: Effects,
    seed: int,
) -> Render:
    """What a camera sees.

    Safe to call from several threads: it holds no state and lets go of the interpreter while it draws.

    Args:
        surfaces: what there is, or the same already lit (saves time when several cameras share an instant).
        world_from_camera: (4, 4), metres.
        camera: its image size, matrix and lens.
        light: what lights the world; ignored when `surfaces` are lit.
        effects: of weather and camera.
        seed: of the noise.

    Raises:
        InvalidLabelError: the pose is no rigid motion, or the camera has no matrix.
    """
    pose = np.array(world_from_camera, np.float64)
    check_rigid("world_from_camera", pose)
    if camera.camera_matrix is None:
        raise InvalidLabelError(f"{camera.channel}: expected a camera matrix, got None.")
    lit = surfaces if isinstance(surfaces, Lit) else light_up(surfaces, light, pose[:3, 3])
    pose[:3, 3] -= lit.surfaces.origin
    cam_from_world = np.linalg.inv(pose)
    truth, fine, rays = see(lit.surfaces, cam_from_world, camera)
    matrix = np.asarray(camera.camera_matrix, np.float64)
    category, instance, depth = _truth(truth, lit.surfaces, cam_from_world, matrix, rays)
    sky = make_sky(lit.light, effects)
    wetness = _wetness(effects)
    mirror = _wet_mirror(lit, pose, camera, sky) if wetness > 0 else _NO_MIRROR
    view = View(pose, matrix, 1.0 / np.diag(matrix)[:2], rays, wetness, mirror, 1.0 / MIRROR_STEP)
    radiance, nearness = _shaded(fine, lit, sky, view)
    lens_seed = zlib.crc32(camera.channel.encode())
    image = develop_image(radiance, nearness, view, lit.light, effects, seed, lens_seed)
    return Render(image, category, instance, depth)


def _shaded(fine: Int32Array, lit: Lit, sky: Sky, view: View) -> tuple[Float32Array, Float32Array]:
    height, width = fine.shape[0] // 2, fine.shape[1] // 2
    radiance, nearness = np.empty((height, width, 3), np.float32), np.empty((height, width), np.float32)
    backdrop = np.zeros((height // SKY_STEP + 2, width // SKY_STEP + 2, 4), np.float32)
    paint_sky(sky, view, backdrop)
    shade_image(fine, lit.skin, lit.maps, sky, view, backdrop, radiance, nearness)
    return radiance, nearness


def _wet_mirror(lit: Lit, pose: FloatArray, camera: Camera, sky: Sky) -> Float32Array:
    """What level ground would mirror: the world without ground, seen from below it, in a small picture."""
    height = ground_height(lit.surfaces, lit.skin.is_ground, pose[:3, 3])
    flip = np.diag([1.0, 1.0, -1.0, 1.0])
    flip[2, 3] = 2 * height
    below = flip @ pose
    small_hw = (camera.image_hw[0] // MIRROR_STEP, camera.image_hw[1] // MIRROR_STEP)
    matrix = np.asarray(camera.camera_matrix, np.float64) / np.array([[MIRROR_STEP], [MIRROR_STEP], [1.0]])
    layer = np.where(lit.skin.is_ground, np.uint8(IGNORED), lit.surfaces.layer)
    fine = see_pinhole(lit.surfaces.triangles, layer, np.linalg.inv(below), matrix, small_hw, 2)
    radiance, _ = _shaded(
        fine, lit, sky, View(below, matrix, 1.0 / np.diag(matrix)[:2], NO_RAYS, 0.0, _NO_MIRROR, 1.0)
    )
    # Rough wet asphalt smears what it mirrors, most of all upwards.
    return np.asarray(cv2.GaussianBlur(radiance, (0, 0), sigmaX=1.0, sigmaY=3.5), np.float32)


def _truth(
    behind: Int32Array, surfaces: Surfaces, cam_from_world: FloatArray, matrix: FloatArray, rays: FloatArray
) -> tuple[UInt8Array, UInt16Array, Float32Array]:
    """Category, instance and depth of the rays through the pixels' middles."""
    category, instance = np.empty(behind.shape, np.uint8), np.empty(behind.shape, np.uint16)
    depth = np.empty(behind.shape, np.float32)
    truth_maps(
        behind,
        surfaces.triangles,
        surfaces.category,
        surfaces.instance,
        cam_from_world,
        matrix,
        rays,
        DRIVING.id_of("sky"),
        VOID,
        category,
        instance,
        depth,
    )
    return category, instance, depth


def make_sky(light: Light, effects: Effects) -> Sky:
    """The sky, the haze and the light that comes back from the ground."""
    sun, zenith, horizon = (np.array(rgb, np.float64) for rgb in (light.sun, light.zenith, light.horizon))
    dull = max(effects.rain, min(1.0, effects.fog_per_m / 0.01))
    grey = horizon.mean() * np.array([0.93, 0.98, 1.05])
    horizon = horizon + dull * (grey - horizon)
    zenith = zenith + dull * (0.8 * grey - zenith)
    ground = np.array([0.15, 0.145, 0.13]) * (sun * max(light.sun_direction[2], 0.0) + zenith)
    return Sky(
        sun_direction=light.sun_direction,
        sun=sun,
        zenith=zenith,
        horizon=horizon,
        ground=ground,
        haze=0.92 * horizon,
        cloud_cover=max(light.cloud_cover, effects.rain),
        thickness=CLEAR_AIR_PER_M + effects.fog_per_m + 0.0022 * effects.rain,
        is_night=light.is_night,
        noise=noise_tiles(),
    )


def _wetness(effects: Effects) -> float:
    return min(1.0, 2.5 * effects.rain)
