"""Renders jobs: reads the path of a job file per line from standard input, answers with a line of JSON each.

Run by ``drivelabel/simulate/blender/worker.py`` with a Python that has bpy. What Blender itself says goes to
standard error.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

VERSION = 1
"""Of the exchange files; see ``drivelabel/simulate/blender/exchange.py``."""


class Studio:
    """Blender's one scene, kept between jobs so that only what differs is made anew."""

    def __init__(self, threads: int) -> None:
        import bpy  # type: ignore[import-not-found]

        from . import light, materials, passes

        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.scene = passes.prepare_scene(threads)
        self.truth = materials.truth_material()
        self.dark = light.dark_world()
        self._look: Any = None
        self._materials: list[Any] = []
        self._meshes: dict[str, Any] = {}
        self._sky: Any = None
        self._lights: list[Any] = []
        self._lamps: Any = None

    def render(self, job: dict[str, Any]) -> None:
        """Make both pictures of a job."""
        import numpy as np

        from . import passes

        if job["version"] != VERSION:
            raise ValueError(f"expected a job of version {VERSION}, got {job['version']}")
        self._dress(job)
        self._build(job)
        self._light(job)
        passes.aim(self.scene, job)
        with tempfile.TemporaryDirectory(dir=Path(job["light_file"]).parent) as name:
            folder = Path(name)
            light = passes.render_light(self.scene, folder, job["samples"], job["seed"])
            instance, category = passes.render_truth(self.scene, folder, self.truth, self.dark)
        np.save(job["light_file"], light)
        np.savez(job["truth_file"], instance=instance, category=category)

    def _dress(self, job: dict[str, Any]) -> None:
        from .materials import Look, make_materials

        look = Look(job["wetness"], is_night=job["sky"]["is_night"], origin=tuple(job["origin"]))
        if self._look is not None and self._look.key == look.key:
            return
        from .geometry import drop

        while self._meshes:
            drop(self._meshes.popitem()[1])
        import bpy

        for material in self._materials:
            bpy.data.materials.remove(material)
        self._look, self._materials = look, make_materials(job["materials"], look)

    def _build(self, job: dict[str, Any]) -> None:
        from .geometry import drop, load_mesh

        wanted = job["geometry"]
        for path in [path for path in self._meshes if path not in wanted]:
            drop(self._meshes.pop(path))
        for path in wanted:
            if path not in self._meshes:
                self._meshes[path] = load_mesh(path, Path(path).stem, self._materials)

    def _light(self, job: dict[str, Any]) -> None:
        import bpy

        from .light import add_lights, drop, make_world

        if job["sky"] != self._sky:
            old, self._sky = self.scene.world, job["sky"]
            self.scene.world = make_world(self._sky)
            if old is not None:
                bpy.data.worlds.remove(old)
            self._lamps = None
        if job["lamps"] != self._lamps:
            while self._lights:
                drop(self._lights.pop())
            self._lamps = job["lamps"]
            self._lights = add_lights(self._sky, self._lamps)


def main() -> None:
    """Answer jobs until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what Blender writes to standard output must not mix with the answers
    try:
        studio = Studio(int(sys.argv[1]))
        import bpy

        answers.write(json.dumps({"ready": bpy.app.version_string}) + "\n")
    except ImportError as error:
        answers.write(json.dumps({"missing": str(error)}) + "\n")
        return
    for line in sys.stdin:
        started = time.perf_counter()
        try:
            studio.render(json.loads(Path(line.strip()).read_text(encoding="utf-8")))
            answer: dict[str, Any] = {"seconds": time.perf_counter() - started}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
