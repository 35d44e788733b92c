"""Cuboids and lidar points, seen by a camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from drivelabel.geometry import invert_rigid, transform_points
from drivelabel.geometry.cameras import MIN_DEPTH as NEAR
from drivelabel.geometry.cameras import project
from drivelabel.geometry.cuboids import CUBOID_EDGES, ProjectedCuboids, cuboid_corners, project_cuboids
from drivelabel.labels import Boxes3D, Taxonomy
from drivelabel.media.draw.canvas import Canvas, Dash
from drivelabel.media.draw.chips import Chip, name_spans, texts_for
from drivelabel.media.draw.marks import dash_of, meaning_of
from drivelabel.media.draw.style import FAINT, Rgb, readable, rgb_of
from drivelabel.scene import Camera
from drivelabel.typing import AnyArray, FloatArray, UInt8Array

_FACES = np.array([(0, 3, 7, 4), (1, 2, 6, 5), (0, 1, 5, 4), (2, 3, 7, 6), (0, 1, 2, 3), (4, 5, 6, 7)])
"""Corners of each side; the front comes first."""
_FACES_OF_EDGE = np.array(
    [[set(edge) <= set(face) for face in _FACES.tolist()] for edge in CUBOID_EDGES.tolist()]
)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A camera and where it stood.

    Attributes:
        camera: a calibrated camera.
        world_from_camera: (4, 4) float64, metres.
    """

    camera: Camera
    world_from_camera: FloatArray

    def points_cam(self, points_world: AnyArray) -> FloatArray:
        """(n, 3) world coords to camera coords."""
        return transform_points(invert_rigid(self.world_from_camera), points_world)

    def uv(self, points_cam: FloatArray) -> FloatArray:
        """(n, 2) pixels, through the camera's lens; NaN for points that cannot be seen."""
        matrix, lens = self.camera.camera_matrix, self.camera.distortion
        assert matrix is not None, "views are made of calibrated cameras only"
        return project(points_cam, matrix, lens.model, lens.coefficients)[0]

    def cuboids(self, corners_cam: FloatArray) -> ProjectedCuboids:
        """How cuboids of (n, 8, 3) camera coords look in the image."""
        matrix, lens = self.camera.camera_matrix, self.camera.distortion
        assert matrix is not None, "views are made of calibrated cameras only"
        return project_cuboids(corners_cam, matrix, self.camera.image_hw, lens.model, lens.coefficients)


def corners_of_cuboids(cuboids: Boxes3D) -> FloatArray:
    """(n, 8, 3) world coords, in the order of ``geometry.cuboids.CORNER_SIGNS``."""
    return cuboid_corners(cuboids.center, cuboids.size_lwh, cuboids.quat_wxyz)


def draw_cuboids(canvas: Canvas, cuboids: Boxes3D, taxonomy: Taxonomy, view: View) -> list[Chip]:
    """Cuboids with the front tinted, the heading on the ground and hidden edges thin, the farthest first."""
    corners = view.points_cam(corners_of_cuboids(cuboids).reshape(-1, 3)).reshape(-1, 8, 3)
    looks = view.cuboids(corners)
    distance = np.linalg.norm(corners.mean(axis=1), axis=1)
    chips = []
    for row in np.argsort(-distance, kind="stable").tolist():
        if not looks.in_image[row]:
            continue
        color = rgb_of(taxonomy.colors, int(cuboids.category_id[row]))
        x0, y0, x1, y1 = (looks.xyxy[row] * canvas.scale).tolist()
        dash = dash_of(canvas, int(cuboids.origin[row]))
        _draw_cuboid(canvas, corners[row], looks.edges_uv[row], color, view, dash, y1 - y0)
        name = taxonomy.categories[cuboids.category_id[row]].name.replace("_", " ")
        full, *shorter = name_spans(name, int(cuboids.track_id[row]), None, readable(color))
        texts = ([*full, (f"  {distance[row]:.0f} m", FAINT)], *shorter)
        texts = texts_for(texts, y1 - y0, canvas)
        meaning = meaning_of(name, color, int(cuboids.origin[row]))
        chips.append(Chip(texts, meaning, (x0, y0, x1, y1), -float(distance[row])))
    return chips


def _draw_cuboid(
    canvas: Canvas,
    corners_cam: FloatArray,
    edges_uv: FloatArray,
    color: Rgb,
    view: View,
    dash: Dash,
    height: float,
) -> None:
    facing = _facing(corners_cam)
    visible = _FACES_OF_EDGE[:, facing].any(axis=1)
    is_tiny = height < 12 * canvas.style.line
    width = 1 if is_tiny else canvas.style.line
    if not is_tiny:
        canvas.thin(_segments(edges_uv[~visible]), color)
    front = view.uv(_near_polygon(corners_cam[_FACES[0]]))
    if len(front) > 2 and np.isfinite(front).all():
        canvas.fill(front, color, 0.32 if facing[0] else 0.14)
    canvas.segments(_segments(edges_uv[visible]), color, width, dash=dash)
    heading = view.uv(_heading(corners_cam))
    if not is_tiny and np.isfinite(heading).all():
        canvas.outline(heading, color, width)


def _facing(corners_cam: FloatArray) -> AnyArray:
    """(6,) which sides look towards the camera."""
    faces = corners_cam[_FACES].mean(axis=1)
    return np.asarray(np.einsum("fi,fi->f", faces - corners_cam.mean(axis=0), faces) < 0)


def _segments(lines_uv: FloatArray) -> FloatArray:
    """(n, k, 2) lines to (m, 4) straight pieces; unseen pieces are left out."""
    pieces = np.concatenate([lines_uv[:, :-1], lines_uv[:, 1:]], axis=2).reshape(-1, 4)
    return np.asarray(pieces[np.isfinite(pieces).all(axis=1)], np.float64)


def _heading(corners_cam: FloatArray) -> FloatArray:
    """(2, 3) a line on the ground from the middle to ahead of the front."""
    middle = corners_cam[:4].mean(axis=0)
    front = corners_cam[[0, 3]].mean(axis=0)
    return np.asarray(np.stack([middle, middle + 1.35 * (front - middle)]), np.float64)


def _near_polygon(corners_cam: FloatArray) -> FloatArray:
    """A polygon's part in front of the near plane."""
    kept = []
    near = NEAR * 1.001  # a hair further, so that every kept corner can be projected
    for start, stop in zip(corners_cam, np.roll(corners_cam, -1, axis=0), strict=True):
        if start[2] >= near:
            kept.append(start)
        if (start[2] - near) * (stop[2] - near) < 0:
            kept.append(start + (near - start[2]) / (stop[2] - start[2]) * (stop - start))
    return np.asarray(kept, np.float64).reshape(-1, 3)


def draw_points(canvas: Canvas, points_world: AnyArray, view: View) -> int:
    """Lidar points as dots coloured by depth, near ones above far ones; returns how many are in view."""
    points = view.points_cam(points_world)
    uv = view.uv(points)
    height, width = view.camera.image_hw
    inside = ((uv >= 0) & (uv < (width, height))).all(axis=1)
    uv, depth = uv[inside], points[inside, 2]
    order = np.argsort(-depth)
    canvas.dots(uv[order], depth_colors(depth[order]))
    return int(inside.sum())


DEPTH_RANGE = (4.0, 80.0)
"""Metres between which depth is coloured; nearer and farther points get the end colours."""


def depth_colors(depth: AnyArray) -> UInt8Array:
    """(n, 3) colours of depths in metres: yellow near, through red to blue far; even steps per doubling.

    Plasma is perceptually uniform; its logarithm spends the colours where the points are.
    """
    low, high = np.log(DEPTH_RANGE)
    part = np.clip((np.log(np.maximum(depth, 1e-3)) - low) / (high - low), 0, 1)
    values = np.round((1 - part) * 225 + 30).astype(np.uint8)
    return np.ascontiguousarray(
        cv2.applyColorMap(values.reshape(-1, 1), cv2.COLORMAP_VIRIDIS).reshape(-1, 3)[:, ::-1]
    )
