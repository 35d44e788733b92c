"""Small worlds for the tests of sensors."""

from __future__ import annotations

import numpy as np

from drivelabel.labels.taxonomies import DRIVING
from drivelabel.scene import Camera
from drivelabel.scene.sensors import NO_DISTORTION
from drivelabel.simulate.geometry3d import MATERIALS, Surfaces

WORLD_FROM_AHEAD = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""A camera at the origin that looks along +x, level."""


def at(x=0.0, y=0.0, z=1.6):
    """The pose of a camera that looks along +x from a point."""
    pose = WORLD_FROM_AHEAD.copy()
    pose[:3, 3] = x, y, z
    return pose


def camera(hw=(60, 100), focal=70.0, distortion=NO_DISTORTION, channel="cam_front"):
    matrix = np.array([[focal, 0, hw[1] / 2], [0, focal, hw[0] / 2], [0, 0, 1.0]])
    return Camera(channel, hw, matrix, distortion)


def surfaces(
    triangles,
    category="other_stuff",
    instance=0,
    material="plain",
    layer=0,
    color=(0.4, 0.4, 0.4),
    emission=0.0,
):
    """Triangles that all look the same; `layer`, `instance` may be arrays."""
    triangles = np.asarray(triangles, np.float32).reshape(-1, 3, 3)
    m = len(triangles)
    return Surfaces(
        triangles=triangles,
        color=np.tile(np.asarray(color, np.float32), (m, 1)),
        emission=np.full(m, emission, np.float32),
        category=np.full(m, DRIVING.id_of(category), np.uint8),
        instance=np.broadcast_to(np.asarray(instance, np.uint16), (m,)).copy(),
        material=np.full(m, MATERIALS.index(material), np.uint8),
        layer=np.broadcast_to(np.asarray(layer, np.uint8), (m,)).copy(),
        uv=np.ascontiguousarray(triangles[:, :, :2]),
        origin=np.zeros(3),
    )


def quad(a, b, c, d):
    return [[a, b, c], [a, c, d]]


def floor(x0=-50.0, x1=250.0, y0=-60.0, y1=60.0, z=0.0):
    """Two triangles, counter-clockwise from above."""
    return quad((x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z))


def box(low, high):
    """Twelve triangles, counter-clockwise from outside."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    p = [(x, y, z) for z in (z0, z1) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
    faces = ((4, 5, 6, 7), (3, 2, 1, 0), (3, 0, 4, 7), (1, 2, 6, 5), (0, 1, 5, 4), (2, 3, 7, 6))
    return [t for face in faces for t in quad(*(p[k] for k in face))]


def street():
    """A road with a painted line, and a red box on it, thing 1, 12 m ahead."""
    return Surfaces.concat(
        [
            surfaces(floor(), "road", material="asphalt", color=(0.06, 0.06, 0.06)),
            surfaces(
                floor(0.0, 200.0, 1.6, 1.75), "lane_marking", material="paint", layer=1, color=(0.7, 0.7, 0.7)
            ),
            surfaces(
                box((12, -1, 0.2), (16, 1, 1.7)), "car", instance=1, material="metal", color=(0.5, 0, 0)
            ),
        ]
    )
