"""Lines of points: lane lines, paths, edges."""

from __future__ import annotations

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels import polylines as kernels
from drivelabel.typing import AnyArray, FloatArray


def arc_lengths(line: AnyArray) -> FloatArray:
    """(k,) float64, how far along the line each of its (k, d) points is; the first is 0."""
    points = _checked("line", line)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return np.concatenate([np.zeros(1), np.cumsum(steps)])


def resample_polyline(line: AnyArray, n_points: int) -> FloatArray:
    """A line through the same course with points at equal distances along it.

    Args:
        line: (k, d), k at least 1.
        n_points: at least 2.

    Returns:
        (n_points, d) float64; the first and the last point are those of `line`.

    Raises:
        InvalidLabelError: the line has no points or another shape, a number is not finite, or
            `n_points` is below 2.
    """
    points = _checked("line", line)
    if n_points < 2:
        raise InvalidLabelError(f"n_points: expected at least 2, got {n_points}.")
    along = arc_lengths(points)
    wanted = np.linspace(0.0, along[-1], n_points)
    return np.stack([np.interp(wanted, along, column) for column in points.T], axis=1)


def distance_to_polyline(points: AnyArray, line: AnyArray) -> FloatArray:
    """How far points are from the nearest place on a line.

    Args:
        points: (m, d).
        line: (k, d), k at least 1, in the unit and coords of `points`.

    Returns:
        (m,) float64.

    Raises:
        InvalidLabelError: the line has no points or another shape, or a number is not finite.
    """
    course = _checked("line", line)
    places = np.ascontiguousarray(points, np.float64)
    check_shape("points", places, (None, course.shape[1]))
    distance: FloatArray = kernels.distance_to_polyline(places, course)
    return distance


def polyline_x_at_y(line: AnyArray, y: AnyArray) -> FloatArray:
    """Where a line crosses rows of an image.

    Args:
        line: (k, 2), pixels, k at least 1.
        y: (m,), pixels.

    Returns:
        (m,) float64 x of the first crossing from the line's start; NaN where it does not reach.

    Raises:
        InvalidLabelError: the line has no points or another shape, or a number is not finite.
    """
    course, rows = _checked("line", line), np.ascontiguousarray(y, np.float64)
    check_shape("line", course, (None, 2))
    check_shape("y", rows, (None,))
    x: FloatArray = kernels.polyline_x_at_y(course, rows)
    return x


def _checked(name: str, line: AnyArray) -> FloatArray:
    points = np.ascontiguousarray(line, np.float64)
    check_shape(name, points, (None, None))
    if len(points) == 0:
        raise InvalidLabelError(f"{name}: expected at least one point, got none.")
    check_finite(name, points)
    return points
