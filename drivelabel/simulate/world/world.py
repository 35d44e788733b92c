"""The simulated world at any time of its drive."""

from __future__ import annotations

import numpy as np

from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.world.lines import Line
from drivelabel.simulate.world.mesh import Look, Mesh, ball, box, ribbon, turn_z
from drivelabel.simulate.world.vehicles import CAR_COLORS, CAR_SHAPES, car
from drivelabel.typing import AnyArray


class World:
    """A first world: a straight road with a few cars.

    Args:
        seed: everything follows from it.
    """

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        line = Line(np.stack([np.linspace(-200, 400, 61), np.zeros(61)], axis=1))
        s = line.stations(0, line.length, 5.0)

        def strip(d0: float, d1: float, look: Look, z: float = 0.0) -> Mesh:
            return ribbon(line.at3(s, d1, z), line.at3(s, d0, z), look)

        asphalt = Look((0.06, 0.06, 0.065), "road", "asphalt")
        white = Look((0.7, 0.7, 0.68), "lane_marking", "paint", layer=1)
        parts = [
            strip(-7.0, 7.0, asphalt),
            strip(-0.06, 0.06, white),
            strip(-6.9, -6.75, white),
            strip(7.0, 10.0, Look((0.3, 0.3, 0.3), "sidewalk", "concrete"), 0.13),
            strip(-10.0, -7.0, Look((0.3, 0.3, 0.3), "sidewalk", "concrete"), 0.13),
            strip(10.0, 60.0, Look((0.08, 0.16, 0.03), "terrain", "grass"), 0.13),
            strip(-60.0, -10.0, Look((0.08, 0.16, 0.03), "terrain", "grass"), 0.13),
        ]
        for start in np.arange(0, 600, 9.0):
            parts.append(
                ribbon(
                    line.at3(np.array([start, start + 3]), -3.44),
                    line.at3(np.array([start, start + 3]), -3.56),
                    white,
                )
            )
        for x in np.arange(-180, 380, 22.0):
            for side in (-1, 1):
                high = float(rng.uniform(7, 20))
                look = Look(tuple(rng.uniform(0.2, 0.6, 3)), "building", "facade")
                parts.append(box((x, side * 20 - 6, 0.1), (x + 18, side * 20 + 6, high), look))
                parts.append(
                    ball(
                        (x + 20, side * 12, 5), (2, 2, 2.4), Look((0.05, 0.14, 0.03), "vegetation", "foliage")
                    )
                )
        self._static = Mesh.concat(parts)
        self._cars = []
        for k in range(12):
            mesh = car(list(CAR_SHAPES)[k % 6], CAR_COLORS[int(rng.integers(len(CAR_COLORS)))])
            lane = (-1.75, -5.25, 1.75, 5.25)[k % 4]
            self._cars.append((mesh, float(rng.uniform(-40, 80)), lane, 0.0 if lane < 0 else np.pi))

    def surfaces(self, timestamp_ns: int, around: AnyArray, radius_m: float) -> Surfaces:
        """What can be seen at one instant within a distance of a point."""
        t = timestamp_ns * 1e-9
        meshes, instance = [self._static], [np.zeros(len(self._static), np.uint16)]
        for k, (mesh, x, y, yaw) in enumerate(self._cars):
            meshes.append(mesh.moved(turn_z(yaw, (x + 8 * t * np.cos(yaw), y, 0))))
            instance.append(np.full(len(mesh), k + 1, np.uint16))
        m = Mesh.concat(meshes)
        return Surfaces(
            m.triangles,
            m.color,
            m.emission,
            m.category,
            np.concatenate(instance),
            m.material,
            m.layer,
            m.uv,
            np.zeros(3),
        )
