"""From a simulation's frame to the job that Blender gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.scene import Camera
from drivelabel.simulate.blender.exchange import Job, LampJob, Point, SkyJob, write_geometry
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.render import Effects, Light
from drivelabel.simulate.render.camera import make_sky
from drivelabel.simulate.render.lightmaps import gather_lamps
from drivelabel.simulate.simulate import Simulation
from drivelabel.typing import AnyArray, FloatArray

LAMPS_WITHIN_M = 120.0
MIN_LAMP_POWER = 0.02
"""Of the brightest colour; weaker lamps only glow."""

LAMP_GAIN = 1.5
"""Of other lamps: what our own renderer lets no house shade, Blender does."""

HEADLIGHT_POWER = 220.0
"""Light on a wall one metre before one headlight."""


def check_pinhole(camera: Camera) -> None:
    """Say no to cameras that Blender cannot stand in for exactly.

    Raises:
        InvalidLabelError: the lens is bent, or the rows of the sensor are skewed.
    """
    if camera.distortion.model != "none":
        raise InvalidLabelError(
            f"{camera.channel}: the renderer blender draws pinhole cameras only, got a lens of model "
            f"{camera.distortion.model!r}. Use --renderer own, or a rig without distortion."
        )
    if camera.camera_matrix is not None and camera.camera_matrix[0, 1] != 0:
        raise InvalidLabelError(f"{camera.channel}: the renderer blender draws no skewed sensors.")


class GeometryFiles:
    """Surfaces on disk: what stands still once per place, what moves once per instant."""

    def __init__(self, simulation: Simulation, folder: Path) -> None:
        self._world, self._radius_m = simulation.world, simulation.settings.radius_m
        self._folder = folder
        self._static: Surfaces | None = None
        self._static_file, self._moving_file = folder / "none", folder / "none"
        self._instant: int | None = None
        self._count = 0
        self.surfaces: Surfaces | None = None

    def at(self, timestamp_ns: int, around: FloatArray) -> tuple[Surfaces, tuple[str, ...]]:
        """All surfaces of an instant, and their files."""
        static = self._world.static_surfaces(around, self._radius_m)
        if static is not self._static:
            self._static_file.unlink(missing_ok=True)
            self._static, self._static_file = static, self._write("static", static)
            self._instant = None
        if timestamp_ns != self._instant:
            moving = self._world.moving_surfaces(timestamp_ns, around, self._radius_m)
            self._moving_file.unlink(missing_ok=True)
            self._moving_file = self._write("moving", moving)
            self._instant, self.surfaces = timestamp_ns, Surfaces.concat([static, moving])
        assert self.surfaces is not None
        return self.surfaces, (str(self._static_file), str(self._moving_file))

    def _write(self, kind: str, surfaces: Surfaces) -> Path:
        self._count += 1
        path = self._folder / f"{kind}-{self._count}.npz"
        write_geometry(surfaces, path)
        return path


def make_job(
    simulation: Simulation, frame: int, files: GeometryFiles, samples: int, seed: int, stem: Path
) -> Job:
    """The job of one frame.

    Args:
        simulation: whose frame it is.
        frame: its row in the scene.
        files: of the world's geometry.
        samples: light paths per pixel.
        seed: of their noise.
        stem: of the answer's files.
    """
    scene, poses = simulation.scene, simulation.scene.poses
    assert poses is not None
    timestamp_ns = int(scene.frames.timestamp_ns[frame])
    ego = poses.at(timestamp_ns)
    camera, pose = scene.camera_of(frame), scene.world_from_camera(frame).copy()
    check_pinhole(camera)
    surfaces, geometry = files.at(timestamp_ns, ego[:3, 3])
    light = simulation.air.light(ego)
    effects = simulation.air.effects(np.zeros(3), np.zeros(3))
    pose[:3, 3] -= surfaces.origin
    return Job(
        geometry=geometry,
        origin=_point(surfaces.origin),
        camera_matrix=np.asarray(camera.camera_matrix, np.float64).tolist(),
        image_hw=camera.image_hw,
        world_from_camera=pose.tolist(),
        sky=sky_job(light, effects),
        lamps=tuple(lamps_of(simulation, timestamp_ns, surfaces, light)),
        wetness=min(1.0, 2.5 * effects.rain),
        samples=samples,
        seed=seed & 0x7FFFFFFF,
        light_file=f"{stem}-light.npy",
        truth_file=f"{stem}-truth.npz",
    )


def sky_job(light: Light, effects: Effects) -> SkyJob:
    """The sky that a light and the weather make."""
    sky = make_sky(light, effects)
    return SkyJob(
        sun_direction=_point(sky.sun_direction),
        sun=_point(sky.sun),
        zenith=_point(sky.zenith),
        horizon=_point(sky.horizon),
        ground=_point(sky.ground),
        cloud_cover=max(float(sky.cloud_cover), min(1.0, effects.fog_per_m / 0.01)),
        is_night=sky.is_night,
    )


def lamps_of(simulation: Simulation, timestamp_ns: int, surfaces: Surfaces, light: Light) -> list[LampJob]:
    """What sheds light at night: street lamps, other vehicles, and the ego's headlights; none by day."""
    if not light.is_night:
        return []
    jobs = [
        LampJob(
            "headlight", _point(where - surfaces.origin), _point(light.ego_forward), _warm(HEADLIGHT_POWER)
        )
        for where in light.ego_headlights
    ]
    lit = surfaces.emission > 0
    if not lit.any():
        return jobs
    states = simulation.world.states(timestamp_ns)
    middles = np.concatenate([np.zeros((1, 3)), states.world_from_thing[:, :3, 3] - surfaces.origin])
    eye = simulation.world.ego_pose(timestamp_ns)[:2, 3] - surfaces.origin[:2]
    for where, facing, power in zip(*gather_lamps(surfaces[lit], middles), strict=True):
        if power.max() < MIN_LAMP_POWER or np.linalg.norm(where[:2] - eye) > LAMPS_WITHIN_M:
            continue
        kind = "street" if facing[2] < -0.5 else "car"
        # A little before the glass, or the housing would shade it.
        jobs.append(LampJob(kind, _point(where + 0.12 * facing), _point(facing), _point(LAMP_GAIN * power)))
    return jobs


def _warm(power: float) -> Point:
    return power, 0.97 * power, 0.9 * power


def _point(values: AnyArray) -> Point:
    x, y, z = (float(value) for value in values)
    return x, y, z
