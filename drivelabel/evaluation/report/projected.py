"""True cuboids as boxes in an image, with how far and how hidden each is: cuboids can judge image boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.geometry import cuboid_corners, invert_rigid, project_cuboids, transform_points
from drivelabel.labels import Boxes3D
from drivelabel.scene import Scene
from drivelabel.typing import FloatArray, IntArray

_GRID = 32
_NEARER = 1.0
"""Metres by which a cuboid must be nearer to hide another."""


@dataclass(frozen=True, slots=True, eq=False)
class ProjectedTruth:
    """The cuboids that are seen in one frame.

    Attributes:
        row: (n,) row of the sample's cuboids.
        xyxy: (n, 4) float64, pixels, tight round what lies in the image; hidden parts included.
        center: (n, 3) float64, metres, world coords, at the frame's own time.
        distance: (n,) float64, metres from the camera to the centre.
        hidden: (n,) float64, share of the box that boxes of nearer cuboids cover.
    """

    row: IntArray
    xyxy: FloatArray
    center: FloatArray
    distance: FloatArray
    hidden: FloatArray


def projected_truth(scene: Scene, frame: int, cuboids: Boxes3D) -> ProjectedTruth:
    """Cuboids as boxes in a frame: moved to the frame's own time, cut at the near plane and the border.

    Args:
        scene: the log.
        frame: row of its frames.
        cuboids: of the frame's sample.

    Raises:
        SceneLookupError: the camera is not calibrated, or the log has no pose at that time.
    """
    camera = scene.camera_of(frame)
    camera_from_world = invert_rigid(scene.world_from_camera(frame))
    assert camera.camera_matrix is not None, "world_from_camera refuses cameras that are not calibrated"
    center = cuboids.at_time(int(scene.frames.timestamp_ns[frame])).center
    corners = cuboid_corners(center, cuboids.size_lwh, cuboids.quat_wxyz)
    corners_cam = transform_points(camera_from_world, corners.reshape(-1, 3)).reshape(-1, 8, 3)
    lens = camera.distortion
    seen = project_cuboids(corners_cam, camera.camera_matrix, camera.image_hw, lens.model, lens.coefficients)
    distance = np.linalg.norm(corners_cam.mean(axis=1), axis=1)
    row = np.flatnonzero(seen.in_image)
    xyxy, distance = seen.xyxy[row], distance[row]
    return ProjectedTruth(row, xyxy, center[row], distance, hidden_share(xyxy, distance))


def hidden_share(xyxy: FloatArray, distance: FloatArray) -> FloatArray:
    """(n,) share of each box that boxes of nearer things cover, on a grid of 32 x 32 points.

    Args:
        xyxy: (n, 4), pixels.
        distance: (n,), metres; a thing hides another when it is at least 1 m nearer.
    """
    steps = np.linspace(0.0, 1.0, _GRID)
    x = xyxy[:, :1] + (xyxy[:, 2:3] - xyxy[:, :1]) * steps
    y = xyxy[:, 1:2] + (xyxy[:, 3:] - xyxy[:, 1:2]) * steps
    share = np.zeros(len(xyxy))
    for i in range(len(xyxy)):
        nearer = xyxy[distance < distance[i] - _NEARER]
        in_x = (x[i] >= nearer[:, :1]) & (x[i] <= nearer[:, 2:3])
        in_y = (y[i] >= nearer[:, 1:2]) & (y[i] <= nearer[:, 3:])
        share[i] = (in_y[:, :, None] & in_x[:, None, :]).any(axis=0).mean() if len(nearer) else 0.0
    return share
