"""How fast the simulator's sensors are: frames/s and rays/s, ours against open3d's RaycastingScene.

Both are given the same triangles of a simulated city (bodies only: open3d knows no decals on a surface) and
the same rays, and their answers are compared before anything is timed. Times are processor time of one
thread, the best of the repeats, which other programs disturb least; ratios within one run are the claim.

    python bench/simulate.py                 # 1600x900 and 32 x 1080 beams
    python bench/simulate.py --repeats 3     # quicker
    python bench/simulate.py --drive         # also a whole drive: six cameras at 2 Hz, lidar at 10 Hz, 10 s
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import open3d as o3d

from drivelabel.geometry import unproject
from drivelabel.geometry._kernels.sim_lidar import cast_columns
from drivelabel.scene import Camera
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.simulate.render import Effects, LidarModel, Light, cast_lidar, light_up, render_camera
from drivelabel.simulate.render.lidar import _beams, _relative
from drivelabel.simulate.render.visibility import see_pinhole
from drivelabel.simulate.world import START_NS, World, WorldSettings

HW = (900, 1600)
CAMERA = Camera("cam_front", HW, np.array([[1266.0, 0, 816], [0, 1266, 491], [0, 0, 1]]))
RADIUS_M = 150.0


def best(task: Callable[[], Any], repeats: int) -> float:
    """Least processor time of a task, seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return min(times)


class Rays:
    """open3d's scene of the same triangles, on one thread."""

    def __init__(self, surfaces: Surfaces) -> None:
        corners = surfaces.triangles.reshape(-1, 3)
        rows = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)
        self.scene = o3d.t.geometry.RaycastingScene(nthreads=1)
        self.scene.add_triangles(o3d.core.Tensor(corners), o3d.core.Tensor(rows))

    def cast(self, rays: np.ndarray) -> dict[str, Any]:
        """Nearest hits of (..., 6) float32 rays."""
        return self.scene.cast_rays(o3d.core.Tensor(rays), nthreads=1)  # type: ignore[no-any-return]


def camera_rays(pose: np.ndarray) -> np.ndarray:
    """(h * w, 6) float32, origins and directions with z = 1."""
    v, u = np.mgrid[0 : HW[0], 0 : HW[1]]
    rays = unproject(np.stack([u, v], -1).reshape(-1, 2) + 0.5, CAMERA.camera_matrix) @ pose[:3, :3].T
    return np.concatenate([np.broadcast_to(pose[:3, 3], rays.shape), rays], axis=1).astype(np.float32)


def compare_cameras(bodies: Surfaces, pose: np.ndarray, repeats: int) -> None:
    """The triangle behind every pixel, by both."""
    cam_from_world, rays = np.linalg.inv(pose), camera_rays(pose)

    def ours(scale: int = 1) -> np.ndarray:
        return see_pinhole(bodies.triangles, bodies.layer, cam_from_world, CAMERA.camera_matrix, HW, scale)

    theirs = Rays(bodies).cast(rays)
    number = theirs["primitive_ids"].numpy().astype(np.int64)
    number = np.where(theirs["t_hit"].isfinite().numpy(), number, -1)
    same = np.append(bodies.category, 255)[number] == np.append(bodies.category, 255)[ours().ravel()]
    print(f"category of {same.size} pixels: {100 * same.mean():.4f} % the same as open3d's")
    own, build = best(ours, repeats), best(lambda: Rays(bodies), repeats)
    scene = Rays(bodies)
    cast = best(lambda: scene.cast(rays), repeats)
    fine = best(lambda: ours(2), repeats)
    print(f"  truth of one frame: ours {1e3 * own:.0f} ms, open3d {1e3 * (build + cast):.0f} ms")
    print(f"  (open3d: {1e3 * build:.0f} ms to build, {1e3 * cast:.0f} ms to cast)")
    print(f"  rays/s: ours {same.size / own / 1e6:.1f} M, open3d {same.size / (build + cast) / 1e6:.1f} M")
    print(
        f"  four cells a pixel, for colours: ours {1e3 * fine:.0f} ms, {4 * same.size / fine / 1e6:.0f} M/s"
    )


def compare_lidars(bodies: Surfaces, pose: np.ndarray, repeats: int) -> None:
    """The range of every beam, by both."""
    model = LidarModel()
    step = -2 * np.pi / model.n_azimuths
    azimuth = model.start_azimuth + step * np.arange(model.n_azimuths)
    relative = _relative(np.repeat(pose[None], model.n_azimuths, axis=0), np.zeros(3))

    def ours() -> np.ndarray:
        distance = np.full((model.n_azimuths, len(model.elevation)), np.inf)
        behind = np.full(distance.shape, -1, np.int32)
        cast_columns(
            bodies.triangles, bodies.layer, relative, azimuth, step, 0, np.tan(model.elevation),
            model.max_range, distance, behind,
        )  # fmt: skip
        return distance

    directions = _beams(azimuth, model.elevation) @ pose[:3, :3].T
    rays = np.concatenate([np.broadcast_to(pose[:3, 3], directions.shape), directions], axis=2)
    rays = rays.astype(np.float32)
    mine, theirs = ours(), Rays(bodies).cast(rays)["t_hit"].numpy()
    theirs = np.where(theirs <= model.max_range, theirs, np.inf)
    both = np.isfinite(mine) & np.isfinite(theirs)
    print(
        f"range of {mine.size} beams: {(np.isfinite(mine) != np.isfinite(theirs)).sum()} met by one alone, "
        f"{np.abs(mine[both] - theirs[both]).max():.4f} m the largest difference"
    )
    own = best(ours, repeats)
    other = best(lambda: Rays(bodies).cast(rays), repeats)
    print(f"  one sweep, things moved: ours {1e3 * own:.0f} ms, open3d {1e3 * other:.0f} ms")
    print(f"  rays/s: ours {mine.size / own / 1e6:.2f} M, open3d {mine.size / other / 1e6:.2f} M")


def whole_frames(surfaces: Surfaces, pose: np.ndarray, repeats: int) -> None:
    """Pictures and truth, as a simulated drive makes them."""
    around = pose[:3, 3]
    for name, light, effects in (
        ("day", Light.day(), Effects()),
        ("rain", Light.day(cloud_cover=1.0), Effects(rain=0.7)),
        ("night", Light.night([around + pose[:3, 2]], pose[:3, 2]), Effects()),
    ):
        lit = light_up(surfaces, light, around)
        render_camera(lit, pose, CAMERA, light, effects, 0)
        shine = best(lambda light=light: light_up(surfaces, light, around), repeats)  # type: ignore[misc]
        draw = best(
            lambda lit=lit, light=light, effects=effects: render_camera(lit, pose, CAMERA, light, effects, 0),  # type: ignore[misc]
            repeats,
        )
        each = draw + shine / 6
        print(
            f"{name}: {1e3 * shine:.0f} ms of light per instant, {1e3 * draw:.0f} ms a frame; "
            f"{1 / each:.2f} frames/s a core with six cameras"
        )


def whole_drive(seed: int, weather: str = "clear") -> None:
    """Processor and wall time of a drive of 10 s on disk, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["simulate", f"{folder}/city.scene", "--seconds", "10", "--cameras", "6"]
        arguments += ["--seed", str(seed), "--weather", weather]
        before, start = os.times(), time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "drivelabel", *arguments], check=True, capture_output=True, text=True
        )
        after, seconds = os.times(), time.perf_counter() - start
    user, system = (
        after.children_user - before.children_user,
        after.children_system - before.children_system,
    )
    print(
        f"a drive of 10 s, 120 frames and 100 sweeps: {user + system:.0f} s of processor time "
        f"({user:.0f} user, {system:.0f} system), {seconds:.0f} s by the clock"
    )


def main() -> None:
    """Compare, then time whole frames and sweeps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drive", action="store_true", help="also time a whole drive")
    args = parser.parse_args()
    world = World(WorldSettings(seed=args.seed))
    when = START_NS + 4_000_000_000
    ego = world.ego_pose(when)
    surfaces = world.surfaces(when, ego[:3, 3], RADIUS_M)
    ego = ego.copy()
    ego[:3, 3] -= surfaces.origin
    surfaces = Surfaces(*(getattr(surfaces, name) for name in surfaces.__slots__[:-1]), origin=np.zeros(3))
    mount = np.array([[0.0, 0, 1, 1.7], [-1, 0, 0, 0], [0, -1, 0, 1.5], [0, 0, 0, 1]])
    bodies = surfaces[surfaces.layer == 0]
    print(f"{len(surfaces)} triangles, {len(bodies)} of bodies; one core")
    compare_cameras(bodies, ego @ mount, args.repeats)
    top = np.eye(4)
    top[:3, 3] = 0.9, 0.0, 1.84
    compare_lidars(bodies, ego @ top, args.repeats)
    sweep = best(
        lambda: cast_lidar(surfaces, lambda t: np.repeat((ego @ top)[None], len(t), 0), LidarModel(), 0, 0),
        args.repeats,
    )
    print(f"a whole sweep with noise and truth, four slices: {1e3 * sweep:.0f} ms")
    whole_frames(surfaces, ego @ mount, args.repeats)
    if args.drive:
        whole_drive(args.seed)


if __name__ == "__main__":
    main()
