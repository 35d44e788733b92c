"""Blender's scene for job after job."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import bpy  # type: ignore[import-not-found]
import numpy as np

from . import geometry, light, materials, passes
from .look import Look

VERSION = 1
"""Of the exchange files; see ``drivelabel/simulate/blender/exchange.py``."""


class Studio:
    """Blender's one scene, kept between jobs so that only what differs is made anew."""

    def __init__(self, threads: int) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.scene = passes.prepare_scene(threads)
        self.truth = materials.truth_material()
        self.dark = light.dark_world()
        self.version: str = bpy.app.version_string
        self._look: Any = None
        self._materials: list[Any] = []
        self._meshes: dict[str, Any] = {}
        self._sky: Any = None
        self._lights: list[Any] = []
        self._lamps: Any = None

    def render(self, job: dict[str, Any]) -> None:
        """Make both pictures of a job."""
        if job["version"] != VERSION:
            raise ValueError(f"expected a job of version {VERSION}, got {job['version']}")
        self._dress(job)
        self._build(job)
        self._light(job)
        passes.aim(self.scene, job)
        with tempfile.TemporaryDirectory(dir=Path(job["light_file"]).parent) as name:
            folder = Path(name)
            radiance = passes.render_light(self.scene, folder, job["samples"], job["seed"])
            instance, category = passes.render_truth(self.scene, folder, self.truth, self.dark)
        np.save(job["light_file"], radiance)
        np.savez(job["truth_file"], instance=instance, category=category)

    def _dress(self, job: dict[str, Any]) -> None:
        look = Look(job["wetness"], is_night=job["sky"]["is_night"], origin=tuple(job["origin"]))
        if self._look is not None and self._look.key == look.key:
            return
        while self._meshes:
            geometry.drop(self._meshes.popitem()[1])
        for material in self._materials:
            bpy.data.materials.remove(material)
        self._look, self._materials = look, materials.make_materials(job["materials"], look)

    def _build(self, job: dict[str, Any]) -> None:
        wanted = job["geometry"]
        for path in [path for path in self._meshes if path not in wanted]:
            geometry.drop(self._meshes.pop(path))
        for path in wanted:
            if path not in self._meshes:
                self._meshes[path] = geometry.load_mesh(path, Path(path).stem, self._materials)

    def _light(self, job: dict[str, Any]) -> None:
        if job["sky"] != self._sky:
            old, self._sky = self.scene.world, job["sky"]
            self.scene.world = light.make_world(self._sky)
            if old is not None:
                bpy.data.worlds.remove(old)
            self._lamps = None
        if job["lamps"] != self._lamps:
            while self._lights:
                light.drop(self._lights.pop())
            self._lamps = job["lamps"]
            self._lights = light.add_lights(self._sky, self._lamps)
