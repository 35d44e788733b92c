"""How far lines are apart: Chamfer, Frechet, and the overlap of lines drawn with a width."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels import polyline_distances as kernels
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray, UInt8Array


def chamfer_distance(a: AnyArray, b: AnyArray) -> float:
    """Mean of the mean distance from points of `a` to the nearest of `b` and the other way round.

    Points, not segments, as map benchmarks have it: resample lines first when their points are sparse.

    Args:
        a: (n, d), n at least 1.
        b: (m, d), in the coords and unit of `a`.

    Raises:
        InvalidLabelError: a line has no points or another shape, or a number is not finite.
    """
    return float(pairwise_chamfer([a], [b])[0, 0])


def frechet_distance(a: AnyArray, b: AnyArray) -> float:
    """Discrete Frechet distance: the longest leash when both lines are walked point by point, never back.

    Args:
        a: (n, d), n at least 1.
        b: (m, d), in the coords and unit of `a`.

    Raises:
        InvalidLabelError: a line has no points or another shape, or a number is not finite.

    Source: Eiter & Mannila, Computing discrete Frechet distance, 1994.
    """
    return float(pairwise_frechet([a], [b])[0, 0])


def pairwise_chamfer(a: Sequence[AnyArray], b: Sequence[AnyArray]) -> FloatArray:
    """(n, m) float64 :func:`chamfer_distance` of each line of `a` and each of `b`."""
    return _pairwise(False, a, b)


def pairwise_frechet(a: Sequence[AnyArray], b: Sequence[AnyArray]) -> FloatArray:
    """(n, m) float64 :func:`frechet_distance` of each line of `a` and each of `b`."""
    return _pairwise(True, a, b)


def lane_mask(line: AnyArray, image_hw: tuple[int, int], width_px: int) -> BoolArray:
    """(h, w) bool, pixels under a line drawn with round ends, as cv2.line draws it.

    Args:
        line: (k, 2), pixels; truncated to whole pixels first, as CULane's tool does.
        image_hw: height and width.
        width_px: at least 1.
    """
    points = _whole_pixels("line", line)
    image = np.zeros(image_hw, np.uint8)
    _draw(image, points, _checked_width(width_px))
    return image.view(np.bool_)


def lane_iou(
    a: Sequence[AnyArray], b: Sequence[AnyArray], image_hw: tuple[int, int], width_px: int = 30
) -> FloatArray:
    """Intersection over union of lines drawn with a width, pixel for pixel those of :func:`lane_mask`.

    Args:
        a: n lines, each (k, 2), pixels.
        b: m lines.
        image_hw: height and width; what is outside does not count.
        width_px: 30 is CULane's. Say it wherever the number is shown: a shift by one pixel leaves 0.33 at a
            width of 2, and 0.94 at 30.

    Returns:
        (n, m) float64 in [0, 1]; 0 for lines that lie outside the image.

    Raises:
        InvalidLabelError: a line has another shape, a number is not finite, or the width is below 1.
    """
    width, scratch = _checked_width(width_px), np.zeros(image_hw, np.uint8)
    (spans_a, start_a, area_a), (spans_b, start_b, area_b) = (
        _lane_spans(name, lines, scratch, width) for name, lines in (("a", a), ("b", b))
    )
    shared = kernels.shared_pixels(spans_a, start_a, spans_b, start_b)
    union = area_a[:, None] + area_b[None] - shared
    iou: FloatArray = shared / np.maximum(union, 1)
    return iou


def _lane_spans(
    name: str, lines: Sequence[AnyArray], scratch: UInt8Array, width: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Ragged spans of pixels under each line, where each line's start, and how many pixels it has."""
    found = []
    height, right = scratch.shape
    for row, line in enumerate(lines):
        points = _whole_pixels(f"{name}[{row}]", line)
        _draw(scratch, points, width)
        reached = points if len(points) else np.zeros((1, 2), np.int64)
        low, high = reached.min(axis=0) - width, reached.max(axis=0) + width + 1
        x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
        x1, y1 = min(right, int(high[0])), min(height, int(high[1]))
        found.append(kernels.take_spans(scratch, y0, max(y0, y1), x0, max(x0, x1)))
    start = np.concatenate([[0], np.cumsum([len(spans) for spans in found])]).astype(np.int64)
    area = np.array([int((spans[:, 2] - spans[:, 1]).sum()) for spans in found], np.int64)
    return np.concatenate([np.zeros((0, 3), np.int64), *found]), start, area


def _draw(image: UInt8Array, points: IntArray, width: int) -> None:
    # One line after another instead of cv2.polylines, whose joints differ by a pixel here and there.
    for (x0, y0), (x1, y1) in zip(points[:-1].tolist(), points[1:].tolist(), strict=True):
        cv2.line(image, (x0, y0), (x1, y1), (1,), width)


def _whole_pixels(name: str, line: AnyArray) -> IntArray:
    points = np.asarray(line, np.float64)
    check_shape(name, points, (None, 2))
    check_finite(name, points)
    if np.abs(points).max(initial=0) > 1e6:
        raise InvalidLabelError(f"{name}: expected pixels within a million of the image.")
    return points.astype(np.int64)


def _checked_width(width_px: int) -> int:
    if int(width_px) != width_px or width_px < 1:
        raise InvalidLabelError(f"width_px: expected a whole number of at least 1, got {width_px}.")
    return int(width_px)


def _pairwise(use_frechet: bool, a: Sequence[AnyArray], b: Sequence[AnyArray]) -> FloatArray:
    dimensions = {np.asarray(line).shape[-1] for line in [*a, *b] if np.asarray(line).ndim == 2} or {2}
    if len(dimensions) > 1:
        raise InvalidLabelError(f"lines: expected points of one dimension, got {sorted(dimensions)}.")
    (points_a, start_a), (points_b, start_b) = (
        _ragged(name, lines, next(iter(dimensions))) for name, lines in (("a", a), ("b", b))
    )
    distance: FloatArray = kernels.pairwise(use_frechet, points_a, start_a, points_b, start_b)
    return distance


def _ragged(name: str, lines: Sequence[AnyArray], dimension: int) -> tuple[FloatArray, IntArray]:
    parts = [np.ascontiguousarray(line, np.float64) for line in lines]
    for row, part in enumerate(parts):
        check_shape(f"{name}[{row}]", part, (None, dimension))
        if len(part) == 0:
            raise InvalidLabelError(f"{name}[{row}]: expected at least one point, got none.")
        check_finite(f"{name}[{row}]", part)
    start = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return np.concatenate([np.zeros((0, dimension)), *parts]), start
