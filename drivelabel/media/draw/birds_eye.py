"""The scene from above: ego, cuboids and lidar points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivelabel.geometry import invert_rigid, transform_points
from drivelabel.media.draw.canvas import Canvas
from drivelabel.media.draw.chips import Chip, draw_chips
from drivelabel.media.draw.cuboids import View, corners_of_cuboids, depth_colors
from drivelabel.media.draw.layer_labels import LayerLabels
from drivelabel.media.draw.legend import Meaning
from drivelabel.media.draw.marks import dash_of
from drivelabel.media.draw.style import FAINT, Rgb, readable, rgb_of
from drivelabel.typing import AnyArray, FloatArray, UInt8Array

GROUND: Rgb = (11, 13, 17)
EGO: Rgb = (235, 240, 245)
RING: Rgb = (52, 60, 70)
WEDGE: Rgb = (96, 110, 128)
EGO_LW = (4.6, 1.9)
"""Metres; the drawn ego vehicle. Logs do not say its size."""
_EGO_SHAPE = np.array([(0.5, 0), (0.2, 0.5), (-0.5, 0.5), (-0.5, -0.5), (0.2, -0.5)])
EGO_AT = 0.68
"""Where the ego vehicle stands, as a part of the panel's height: there is more to see ahead."""


class _Map:
    """From ego coords to the panel's pixels; ahead is up."""

    def __init__(self, hw: tuple[int, int], reach: float, ego_from_world: FloatArray) -> None:
        self.ego_from_world = ego_from_world
        self.scale = hw[0] * EGO_AT / reach
        self.origin = np.asarray([hw[1] / 2, hw[0] * EGO_AT])

    def ego(self, points_ego: AnyArray) -> FloatArray:
        """(n, 2+) ego coords to (n, 2) pixels."""
        up = np.stack([-points_ego[:, 1], -points_ego[:, 0]], axis=1)
        return np.asarray(self.origin + up * self.scale, np.float64)

    def world(self, points_world: AnyArray) -> FloatArray:
        """(n, 3) world coords to (n, 2) pixels."""
        return self.ego(transform_points(self.ego_from_world, points_world))


def draw_birds_eye(
    hw: tuple[int, int],
    layers: Sequence[LayerLabels],
    world_from_ego: FloatArray,
    *,
    points_world: AnyArray | None = None,
    views: Sequence[View] = (),
    reach: float = 60.0,
) -> UInt8Array:
    """A panel with the scene from above, the ego vehicle heading up.

    Args:
        hw: the panel's size, pixels.
        layers: whose cuboids; other labels are not shown.
        world_from_ego: (4, 4), where the ego vehicle stands.
        points_world: (n, 3) lidar points, metres, world coords; coloured by distance as in the images.
        views: cameras whose field of view is marked.
        reach: metres from the ego vehicle to the panel's upper edge.

    Returns:
        (h, w, 3) uint8.
    """
    canvas = Canvas(np.full((*hw, 3), GROUND, np.uint8))
    place = _Map(hw, reach, invert_rigid(world_from_ego))
    _rings(canvas, place, reach)
    for view in views:
        _wedge(canvas, place, view, reach)
    if points_world is not None:
        _points(canvas, place, points_world)
    chips: list[Chip] = []
    for labels in layers:
        chips += _cuboids(canvas, place, labels)
    draw_chips(canvas, chips)
    canvas.fill(place.ego(_EGO_SHAPE * EGO_LW), EGO, 1.0)
    return canvas.pixels


def _rings(canvas: Canvas, place: _Map, reach: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 121)
    step = 10 if reach <= 40 else 20
    for metres in range(step, int(1.5 * reach), step):
        circle = place.ego(metres * np.stack([np.cos(angle), np.sin(angle)], axis=1))
        canvas.plain(circle, RING, 1)
        x, y = place.ego(np.asarray([[float(metres), 0.0]]))[0].astype(int).tolist()
        if y > canvas.style.text:
            canvas.text([(f"{metres} m", FAINT)], (x + 4, y + 1), max(10, canvas.style.text - 3))


def _wedge(canvas: Canvas, place: _Map, view: View, reach: float) -> None:
    """Two lines along the left and right edge of a camera's image."""
    matrix, (_, width) = view.camera.camera_matrix, view.camera.image_hw
    assert matrix is not None, "views are made of calibrated cameras only"
    for u in (0.0, float(width)):
        ray = np.asarray([(u - matrix[0, 2]) / matrix[0, 0], 0.0, 1.0])
        ends = np.stack([np.zeros(3), ray / np.linalg.norm(ray) * 1.5 * reach])
        canvas.plain(place.world(transform_points(view.world_from_camera, ends)), WEDGE, 1)


def _points(canvas: Canvas, place: _Map, points_world: AnyArray) -> None:
    points_ego = transform_points(place.ego_from_world, points_world)
    distance = np.linalg.norm(points_ego[:, :2], axis=1)
    order = np.argsort(points_ego[:, 2])
    canvas.dots(place.ego(points_ego[order]), (depth_colors(distance[order]) * 0.75).astype(np.uint8))


def _cuboids(canvas: Canvas, place: _Map, labels: LayerLabels) -> list[Chip]:
    """Footprints with a line from the middle through the front side."""
    cuboids, chips = labels.cuboids, []
    if cuboids is None or not len(cuboids):
        return []
    height, width = canvas.hw
    footprints = corners_of_cuboids(cuboids)[:, [0, 3, 2, 1]]
    for row, corners in enumerate(footprints):
        at = place.world(corners)
        if at[:, 0].max() < 0 or at[:, 1].max() < 0 or at[:, 0].min() > width or at[:, 1].min() > height:
            continue
        color = rgb_of(labels.taxonomy.colors, int(cuboids.category_id[row]))
        line = max(1, canvas.style.line - 1)
        canvas.fill(at, color, 0.25)
        canvas.outline(at, color, line, closed=True, dash=dash_of(canvas, int(cuboids.origin[row])))
        middle, front = at.mean(axis=0), at[:2].mean(axis=0)
        canvas.outline(np.stack([middle, middle + 1.3 * (front - middle)]), color, line)
        ident = int(cuboids.track_id[row])
        if ident >= 0:
            low, high = at.min(axis=0).tolist(), at.max(axis=0).tolist()
            name = labels.taxonomy.categories[cuboids.category_id[row]].name
            texts = ([(f"#{ident}", readable(color))],)
            chips.append(Chip(texts, Meaning(name, color, "box"), (*low, *high)))
    return chips
