"""Lane lines of one image, found in bright stripes by the Hough transform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import LINE_SOURCES, MODEL, LaneLines, Ragged
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.tasks.annotator import FrameLabels
from drivelabel.tasks.lanes.choice import ChosenLine, choose_lines
from drivelabel.tasks.lanes.lines import fit_lines
from drivelabel.tasks.lanes.paint import SKY_SHARE, WorkImage, find_stripes, reduce_image
from drivelabel.tasks.lanes.road import RoadShape, hough_segments, road_shape
from drivelabel.typing import Float32Array, Int32Array, UInt8Array

MIN_SIZE = 48
"""An image with a side shorter than this many pixels shows no lane lines."""

POINT_STEP = 1.0 / 72.0
"""Distance of a line's points in rows, as a share of the image's height: 10 px at 720."""

_WIDTHS = np.array([3, 7, 15])  # of stripes, at a reduced width of 640; each finds half to twice its own
_WIDEST_PAINT = 0.2  # camera heights
_HIGHEST_HORIZON = 0.25  # of the height


def detect_lane_lines(image_rgb: UInt8Array) -> LaneLines:
    """The painted lines along the road in one image: at most two on each side of the camera.

    Nothing is supposed about the camera but that it looks along a road and stands about level. An image
    without lines, without a road or without content gives no rows.

    Args:
        image_rgb: (h, w, 3) uint8 RGB.

    Returns:
        Rows with source ``hough`` and category ``lane_marking`` of the driving taxonomy, from left to
        right; points from near to far, one every POINT_STEP of the height.

    Raises:
        InvalidLabelError: the image has another shape or type.
    """
    if image_rgb.ndim != 3 or image_rgb.shape[2] != 3 or image_rgb.dtype != np.uint8:
        raise InvalidLabelError(
            f"image_rgb: expected (h, w, 3) uint8, got {image_rgb.shape} {image_rgb.dtype}."
        )
    if min(image_rgb.shape[:2]) < MIN_SIZE:
        return LaneLines.empty()
    work = reduce_image(image_rgb)
    stripes = find_stripes(work, _stripe_widths(work))
    road = road_shape(hough_segments(stripes, work), work)
    if road is None:
        return LaneLines.empty()
    chosen = choose_lines(fit_lines(stripes, road, work), road, work)
    return _as_rows(chosen, road, work, (image_rgb.shape[0], image_rgb.shape[1]))


def _stripe_widths(work: WorkImage) -> Int32Array:
    """(3, h) odd widths to look for in each row; 0 where paint cannot be so wide."""
    height, width = work.size_hw
    y = np.arange(len(work.brightness)) + work.top - _HIGHEST_HORIZON * height
    sizes = np.maximum(3, np.round(_WIDTHS * width / 640.0 / 2.0 - 0.5).astype(np.int64) * 2 + 1)
    sizes = np.unique(sizes)
    possible = sizes[:, None] <= _WIDEST_PAINT * y
    return np.where(possible, sizes[:, None], 0).astype(np.int32)


def _as_rows(
    chosen: list[ChosenLine], road: RoadShape, work: WorkImage, image_hw: tuple[int, int]
) -> LaneLines:
    points = [_points(line, road, work, image_hw) for line in chosen]
    drawn = [n for n, p in enumerate(points) if len(p) >= 2]
    if not drawn:
        return LaneLines.empty()
    lines = [chosen[n] for n in drawn]
    return LaneLines(
        points=Ragged.from_rows([points[n] for n in drawn], np.float32, (2,)),
        category_id=np.full(len(lines), DRIVING.id_of("lane_marking")),
        source=np.full(len(lines), LINE_SOURCES.index("hough")),
        style=np.array([line.style for line in lines]),
        position=np.array([line.position for line in lines]),
        score=np.array([_score(line) for line in lines]),
        origin=np.full(len(lines), MODEL),
    )


def _score(chosen: ChosenLine) -> float:
    """0.3 for the least evidence that is accepted, towards 1 with more of it and with a narrow spread."""
    sure = 1.0 - np.exp(-chosen.line.evidence / 12.0)
    return float(sure / (1.0 + 0.1 * chosen.line.spread))


def _points(chosen: ChosenLine, road: RoadShape, work: WorkImage, image_hw: tuple[int, int]) -> Float32Array:
    """(k, 2) float32, pixels of the image, near to far, on a grid of rows that all frames share."""
    height, width = image_hw
    step = POINT_STEP * height
    first = (chosen.far_row + work.top) / work.scale_uv[1]
    last = min(float(height), (chosen.near_row + work.top + 1) / work.scale_uv[1])
    v = np.arange(np.floor(last / step), np.ceil(first / step) - 1, -1) * step
    y = v * work.scale_uv[1] - road.horizon
    v, y = v[y > 0.0], y[y > 0.0]
    u = chosen.line.columns_at(y) / work.scale_uv[0]
    inside = (u >= 0.0) & (u <= width)
    return np.column_stack([u[inside], v[inside]]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class HoughLanes:
    """Lane lines by the Hough transform, as an Annotator: no weights, no memory of other frames."""

    @property
    def name(self) -> str:
        """``hough_lanes``."""
        return "hough_lanes"

    @property
    def version(self) -> str:
        """Number of the method; it rises with every change that moves a line."""
        return f"hough_lanes-1 step={POINT_STEP:.5f} sky={SKY_SHARE}"

    @property
    def provides(self) -> tuple[str, ...]:
        """Lane lines."""
        return ("lane_lines",)

    @property
    def needs(self) -> tuple[str, ...]:
        """Nothing but the image."""
        return ()

    def annotate(self, images_rgb: Sequence[UInt8Array], labels: Sequence[FrameLabels]) -> list[FrameLabels]:
        """The lane lines of each image; see :func:`detect_lane_lines`."""
        return [FrameLabels(lane_lines=detect_lane_lines(image)) for image in images_rgb]
