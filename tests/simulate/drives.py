"""Small simulated worlds and views of them, made once and shared by the tests."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from hypothesis import strategies as st

from drivelabel.geometry import unproject
from drivelabel.scene import NO_DISTORTION, Camera, Distortion
from drivelabel.simulate import World, WorldSettings
from drivelabel.simulate.render import Effects, Light, render_camera
from drivelabel.simulate.rig import CAMERA_AXES, mounting, pinhole
from drivelabel.simulate.truth import FrameTruth, View, drive_tags, frame_truth
from drivelabel.simulate.world import START_NS

LENSES = (
    NO_DISTORTION,
    NO_DISTORTION,
    Distortion("brown", np.array([-0.12, 0.02, 0.001, -0.001, 0.0])),
    Distortion("fisheye", np.array([0.03, -0.01, 0.002, 0.0])),
)

WORLDS = ((3, "city"), (8, "suburb"), (5, "highway"))


@lru_cache(maxsize=4)
def world_of(seed: int, style: str) -> World:
    return World(WorldSettings(seed=seed, seconds=2.0, style=style, people=0.5))


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    """Any calibrated camera on the car, also with a lens that bends."""
    height, width = draw(st.sampled_from([(96, 160), (120, 120), (150, 260)]))
    yaw = draw(st.floats(-180, 180))
    pitch = draw(st.floats(-6, 10))
    fov = draw(st.floats(45, 100))
    place = (draw(st.floats(-1, 2)), draw(st.floats(-0.8, 0.8)), draw(st.floats(1.2, 2.2)))
    pose = mounting(place, yaw, pitch, draw(st.floats(-3, 3))) @ CAMERA_AXES
    return Camera(
        "cam_any", (height, width), pinhole((height, width), fov), draw(st.sampled_from(LENSES)), pose
    )


worlds = st.sampled_from(WORLDS).map(lambda key: world_of(*key))
instants = st.integers(0, 1_900_000_000).map(lambda ns: START_NS + ns)


def look(world: World, camera: Camera, timestamp_ns: int) -> tuple[View, FrameTruth]:
    """What a camera on the ego sees, and what is true of it."""
    ego = world.ego_pose(timestamp_ns)
    surfaces = world.surfaces(timestamp_ns, ego[:3, 3], 120.0)
    pose = ego @ camera.ego_from_sensor
    made = render_camera(surfaces, pose, camera, Light.day(), Effects(), 0)
    view = View(timestamp_ns, camera, pose, made.category, made.instance, made.depth)
    return view, frame_truth(world, view, surfaces, drive_tags("clear", "day", "city"))


def points_behind(view: View, mask: np.ndarray) -> np.ndarray:
    """(n, 3), world coords, what the middles of some pixels show: from the depth alone."""
    v, u = np.nonzero(mask)
    if not len(u):
        return np.zeros((0, 3))
    matrix, lens = view.camera.camera_matrix, view.camera.distortion
    rays = unproject(np.stack([u + 0.5, v + 0.5], axis=1), matrix, lens.model, lens.coefficients)
    points_cam = rays * view.depth[v, u].astype(np.float64)[:, None]
    return points_cam @ view.world_from_camera[:3, :3].T + view.world_from_camera[:3, 3]
