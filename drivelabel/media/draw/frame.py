"""One image with its labels drawn on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivelabel._check import check_shape
from drivelabel.media.draw.canvas import Canvas
from drivelabel.media.draw.chips import Chip, draw_chips
from drivelabel.media.draw.cuboids import View, draw_cuboids, draw_points
from drivelabel.media.draw.layer_labels import LayerLabels
from drivelabel.media.draw.legend import LegendEntry, Meaning, legend_of
from drivelabel.media.draw.marks import (
    draw_areas,
    draw_boxes,
    draw_keypoints,
    draw_lane_lines,
    draw_polygons,
    draw_traffic_lights,
)
from drivelabel.scene import Camera
from drivelabel.typing import AnyArray, FloatArray, UInt8Array


def draw_frame(
    image_rgb: UInt8Array,
    layers: Sequence[LayerLabels],
    *,
    camera: Camera | None = None,
    world_from_camera: FloatArray | None = None,
    points_world: AnyArray | None = None,
    scale: float = 1.0,
) -> UInt8Array:
    """An image with its labels drawn on it.

    Outlines are drawn twice, dark and 2 px wider below the class colour, so that they are readable on sky,
    asphalt and snow; labels of models are dashed, those of people solid.

    Args:
        image_rgb: (h, w, 3) uint8; it is not changed.
        layers: whose labels, lowest first.
        camera, world_from_camera: needed for cuboids and points; where the camera stood at the frame's time.
        points_world: (n, 3) lidar points, metres, world coords.
        scale: picture pixels per image pixel; text and lines keep their size.

    Returns:
        (h * scale, w * scale, 3) uint8.

    Raises:
        InvalidLabelError: the image has another shape.
    """
    return paint_frame(image_rgb, layers, view_of(camera, world_from_camera), points_world, scale).picture_rgb


def view_of(camera: Camera | None, world_from_camera: FloatArray | None) -> View | None:
    """A view for cuboids and points, or None when the camera is not calibrated or has no pose."""
    if camera is None or world_from_camera is None or camera.camera_matrix is None:
        return None
    return View(camera, world_from_camera)


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """A drawn frame and what a strip around it should say.

    Attributes:
        picture_rgb: (h, w, 3) uint8.
        legend: what its colours mean.
        n_points: lidar points in view.
        n_unnamed: things whose name plate found no room.
    """

    picture_rgb: UInt8Array
    legend: list[LegendEntry]
    n_points: int
    n_unnamed: int


def paint_frame(
    image_rgb: UInt8Array,
    layers: Sequence[LayerLabels],
    view: View | None,
    points_world: AnyArray | None,
    scale: float,
) -> Painted:
    """The picture of :func:`draw_frame`, with what it shows."""
    check_shape("image_rgb", image_rgb, (None, None, 3))
    canvas = Canvas(image_rgb, scale)
    areas: list[Meaning] = []
    for labels in layers:
        if labels.label_map is not None:
            areas += draw_areas(canvas, labels.label_map, labels.taxonomy)
    n_points = 0
    if points_world is not None and view is not None:
        n_points = draw_points(canvas, points_world, view)
    chips: list[Chip] = []
    for labels in layers:
        chips += _draw_shapes(canvas, labels, view)
    n_unnamed = draw_chips(canvas, chips)
    return Painted(canvas.pixels, legend_of((chip.meaning for chip in chips), areas), n_points, n_unnamed)


def _draw_shapes(canvas: Canvas, labels: LayerLabels, view: View | None) -> list[Chip]:
    chips: list[Chip] = []
    if labels.lane_lines is not None:
        chips += draw_lane_lines(canvas, labels.lane_lines, labels.taxonomy)
    if labels.cuboids is not None and view is not None:
        chips += draw_cuboids(canvas, labels.cuboids, labels.taxonomy, view)
    if labels.boxes2d is not None:
        chips += draw_boxes(canvas, labels.boxes2d, labels.taxonomy)
    if labels.polygons is not None:
        chips += draw_polygons(canvas, labels.polygons, labels.taxonomy)
    if labels.keypoints is not None:
        chips += draw_keypoints(canvas, labels.keypoints, labels.taxonomy)
    if labels.traffic_lights is not None:
        chips += draw_traffic_lights(canvas, labels.traffic_lights, labels.taxonomy)
    return chips
