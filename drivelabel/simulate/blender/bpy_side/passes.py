"""One camera's two pictures: light, and what each pixel's middle shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy  # type: ignore[import-not-found]
import numpy as np
from mathutils import Matrix  # type: ignore[import-not-found]

CAMERA_AXES = np.diag([1.0, -1.0, -1.0, 1.0])
"""Blender's cameras look along -z with y up."""

SENSOR_MM = 36.0


def prepare_scene(threads: int) -> Any:
    """Settings that hold for all pictures."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "32"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.dither_intensity = 0.0
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.view_settings.view_transform = "Raw"
    cycles = scene.cycles
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 4, 2, 2
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0
    cycles.pixel_filter_type = "BLACKMAN_HARRIS"
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    return scene


def aim(scene: Any, view: dict[str, Any]) -> None:
    """Put the camera where a view says, with its matrix."""
    height, width = view["image_hw"]
    (fx, _, cx), (_, fy, cy), _ = view["camera_matrix"]
    render, camera = scene.render, scene.camera.data
    render.resolution_x, render.resolution_y = width, height
    render.pixel_aspect_x, render.pixel_aspect_y = max(1.0, fy / fx), max(1.0, fx / fy)
    wide = width * render.pixel_aspect_x
    camera.sensor_fit, camera.sensor_width = "HORIZONTAL", SENSOR_MM
    camera.lens = fx * SENSOR_MM / width
    camera.shift_x = (width / 2 - cx) / width
    camera.shift_y = (cy - height / 2) * render.pixel_aspect_y / wide
    camera.clip_start, camera.clip_end = 0.05, 100_000.0
    pose = np.asarray(view["world_from_camera"], np.float64) @ CAMERA_AXES
    scene.camera.matrix_world = Matrix(pose.tolist())


def render_light(scene: Any, folder: Path, samples: int, seed: int) -> Any:
    """(h, w, 3) float32, linear light."""
    cycles = scene.cycles
    cycles.samples, cycles.seed = samples, seed
    # By itself Blender would take 42 samples everywhere before it looks where noise is left.
    cycles.use_adaptive_sampling, cycles.adaptive_threshold, cycles.adaptive_min_samples = True, 0.04, 6
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    cycles.filter_width, cycles.pixel_filter_type = 1.3, "BLACKMAN_HARRIS"
    return _render(scene, folder / "light.exr")


def render_truth(scene: Any, folder: Path, material: Any, dark: Any) -> tuple[Any, Any]:
    """(h, w) uint16 instances and (h, w) uint8 categories + 1 behind the pixels' middles; 0 for the sky."""
    cycles, layer, world = scene.cycles, scene.view_layers[0], scene.world
    cycles.samples, cycles.seed = 1, 0
    cycles.use_adaptive_sampling = cycles.use_denoising = False
    cycles.filter_width, cycles.pixel_filter_type = 0.01, "BOX"
    layer.material_override, scene.world = material, dark
    try:
        seen = _render(scene, folder / "truth.exr")
    finally:
        layer.material_override, scene.world = None, world
    return np.rint(seen[..., 0]).astype(np.uint16), np.rint(seen[..., 1]).astype(np.uint8)


def _render(scene: Any, path: Path) -> Any:
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path), check_existing=False)
    width, height = image.size
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    bpy.data.images.remove(image)
    path.unlink()
    # Blender counts rows from below.
    return np.ascontiguousarray(values.reshape(height, width, -1)[::-1, :, :3])
