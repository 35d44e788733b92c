"""The course of the road in an image: where it vanishes and how it bends, from Hough segments.

On a flat road of constant curvature, seen by a camera without roll, every line along the road is
``u = column + slope * y + curvature / y`` with ``y = v - horizon``; the slope is the line's distance to
the side in units of the camera's height, and the rest is shared by all lines.

Source: A. Guiducci, Parametric model of the perspective projection of a road, CVGIP: Image
Understanding 50, 1990.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product

import cv2
import numpy as np

from drivelabel.geometry._kernels.lanes import not_along_a_former, refine_segments, segment_agreement
from drivelabel.tasks.lanes.paint import SKY_SHARE, WORK_WIDTH, Stripes, WorkImage
from drivelabel.typing import AnyArray, FloatArray

SLOPE_MAX = 6.0
"""Lines further aside than this many camera heights are not looked for."""

NEAREST_HORIZON = 0.03
"""Rows closer to the horizon than this share of the height are too small to trust."""

_HORIZONS = np.linspace(0.22, 0.72, 11)  # of the height
_COLUMNS = np.linspace(0.1, 0.9, 11)  # of the width
_CURVATURES = np.array([-5.0, -2.0, -0.7, 0.0, 0.7, 2.0, 5.0]) * 1e-3  # of the width squared
_NEIGHBOURS = np.array(list(product((-1.0, 0.0, 1.0), repeat=3)))
_N_STARTS = 8
_REFINE_ROUNDS = 9
_MAX_MEETING = 24
_MAX_SEGMENTS = 50


@dataclass(frozen=True, slots=True)
class RoadShape:
    """What all lines of a road share, in pixels of the reduced image.

    Attributes:
        horizon: row in which the road would vanish.
        column: column of the vanishing point of the road right before the camera.
        curvature: bend of the road, pixels squared; positive to the right.
    """

    horizon: float
    column: float
    curvature: float

    def offset(self, y: FloatArray) -> FloatArray:
        """(n,) u of the line of slope 0 at rows `y` below the horizon."""
        return np.asarray(self.column + self.curvature / y)


def hough_segments(stripes: Stripes, work: WorkImage) -> FloatArray:
    """(n, 4) float64 u, v of both ends of straight pieces of stripes, pixels of the reduced image."""
    height, width = work.size_hw
    unit = max(height, width) / 100.0
    # Middles jitter by a pixel from row to row, and a piece is followed only along its exact pixels.
    thick = cv2.dilate(stripes.center_map, np.ones((1, 3), np.uint8))
    found: AnyArray | None = cv2.HoughLinesP(
        thick,
        rho=1.0,
        theta=np.pi / 180.0,
        threshold=max(6, round(2.5 * unit)),
        minLineLength=max(6.0, 2.0 * unit),
        maxLineGap=max(2.0, 0.6 * unit),
    )
    if found is None:
        return np.zeros((0, 4))
    # OpenCV 4 answers (n, 1, 4), OpenCV 5 (n, 4).
    segments = np.asarray(found, np.float64).reshape(-1, 4) + 0.5
    segments[:, 1::2] += work.top
    longest_first = np.argsort(-_length(segments), kind="stable")[:_MAX_SEGMENTS]
    segments = segments[longest_first]
    few = segments[not_along_a_former(segments, 3.0 * width / WORK_WIDTH)]
    # Hough's ends lie on whole pixels and its angles on whole degrees; the stripes know better.
    return refine_segments(_cut_up(few, 0.1 * width), stripes.uv, 2.5 * width / WORK_WIDTH)


def _cut_up(segments: FloatArray, longest: float) -> FloatArray:
    """Segments in equal parts of at most `longest` pixels: in a bend a long one is only a chord."""
    n_parts = np.ceil(_length(segments) / longest).astype(np.int64)
    whole = np.repeat(segments, n_parts, axis=0)
    part = np.arange(len(whole)) - np.repeat(np.cumsum(n_parts) - n_parts, n_parts)
    start = (part / np.repeat(n_parts, n_parts))[:, None]
    stop = ((part + 1) / np.repeat(n_parts, n_parts))[:, None]
    way = whole[:, 2:] - whole[:, :2]
    return np.concatenate([whole[:, :2] + start * way, whole[:, :2] + stop * way], axis=1)


def _length(segments: FloatArray) -> FloatArray:
    return np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])


def join_collinear(segments: FloatArray, tolerance: float) -> FloatArray:
    """(m, 5) float64 of u, v of both ends and weight: the segments, and the links between two of one line.

    The dashes of a line are short and point inexactly; from dash to dash the direction is known well.
    """
    segments = segments[np.argsort(-segments[:, 1] - segments[:, 3], kind="stable")]
    length = _length(segments)
    own = np.column_stack([segments, length])
    first, second = np.triu_indices(len(segments), k=1)
    middle = 0.5 * (segments[:, :2] + segments[:, 2:])
    link = middle[second] - middle[first]
    reach = np.hypot(link[:, 0], link[:, 1])
    aside = np.column_stack([link[:, 1], -link[:, 0]]) / np.maximum(reach, 1e-9)[:, None]
    ends = [np.abs(((segments[n, :2] - middle[n]) * aside).sum(axis=1)) for n in (first, second)]
    shorter = np.minimum(length[first], length[second])
    good = (np.maximum(*ends) < tolerance) & (reach > 0.75 * (length[first] + length[second]))
    # Only to the next one: a line in many pieces would otherwise count many times over.
    nearest = np.lexsort((reach, first))[good[np.lexsort((reach, first))]]
    nearest = nearest[np.unique(first[nearest], return_index=True)[1]]
    joined = np.column_stack([middle[first], middle[second], shorter])[nearest]
    return np.concatenate([own, joined])


def road_shape(segments: FloatArray, work: WorkImage) -> RoadShape | None:
    """The shape of the road that most of the segments' length runs along; None without segments.

    The best of a wide grid and of the points where two segments meet are each refined: with one long
    line and few dashes the agreement has many summits.
    """
    if not len(segments):
        return None
    height, width = work.size_hw
    fine = 1.2 * width / WORK_WIDTH
    pieces = join_collinear(segments, fine)
    # One long solid line fits many shapes of the road; it must not outvote several short dashes.
    # And the lower a piece lies in the image, the surer it lies on the road.
    low = np.maximum(0.0, (pieces[:, 1] + pieces[:, 3]) / (2.0 * height) - SKY_SHARE)
    weight = np.minimum(pieces[:, 4], 0.2 * width) * low
    slack = np.maximum(1.0, pieces[:, 4] / (0.08 * width))
    vote = partial(_vote, np.ascontiguousarray(pieces[:, :4]), weight, slack, work)
    shapes = np.concatenate([_grid(work), _meeting_points(pieces, work)])
    best = shapes[np.argsort(-vote(shapes, 3.0 * fine), kind="stable")[:_N_STARTS]]
    step = np.array([0.02 * height, 0.02 * width, 5e-4 * width**2])
    for tolerance in np.linspace(3.0 * fine, fine, _REFINE_ROUNDS):
        near = best[:, None] + step * _NEIGHBOURS
        score = vote(near.reshape(-1, 3), float(tolerance)).reshape(near.shape[:2])
        best = near[np.arange(len(best)), score.argmax(axis=1)]
        step = step * 0.65
    horizon, column, curvature = best[int(np.argmax(vote(best, fine)))].tolist()
    return RoadShape(horizon, column, curvature)


def _grid(work: WorkImage) -> FloatArray:
    height, width = work.size_hw
    return np.array(list(product(_HORIZONS * height, _COLUMNS * width, _CURVATURES * width**2)), np.float64)


def _meeting_points(pieces: FloatArray, work: WorkImage) -> FloatArray:
    """(m, 3) straight shapes of the road that vanish where two of the longest pieces meet."""
    height, width = work.size_hw
    longest = pieces[np.argsort(-pieces[:, 4], kind="stable")[:_MAX_MEETING]]
    first, second = np.triu_indices(len(longest), k=1)
    a, b = longest[first], longest[second]
    way_a, way_b = a[:, 2:4] - a[:, :2], b[:, 2:4] - b[:, :2]
    cross = way_a[:, 0] * way_b[:, 1] - way_a[:, 1] * way_b[:, 0]
    turned = np.abs(cross) > 0.05 * np.hypot(*way_a.T) * np.hypot(*way_b.T)
    a, b, way_a, way_b, cross = a[turned], b[turned], way_a[turned], way_b[turned], cross[turned]
    apart = b[:, :2] - a[:, :2]
    along = (apart[:, 0] * way_b[:, 1] - apart[:, 1] * way_b[:, 0]) / cross
    meeting = a[:, :2] + along[:, None] * way_a
    inside = (meeting[:, 0] > 0) & (meeting[:, 0] < width)
    inside &= (meeting[:, 1] > _HORIZONS[0] * height) & (meeting[:, 1] < _HORIZONS[-1] * height)
    meeting = meeting[inside]
    return np.column_stack([meeting[:, 1], meeting[:, 0], np.zeros(len(meeting))])


def _vote(
    segments: FloatArray,
    weight: FloatArray,
    slack: FloatArray,
    work: WorkImage,
    shapes: FloatArray,
    tolerance: float,
) -> FloatArray:
    height, width = work.size_hw
    agreement = segment_agreement(
        segments, weight, tolerance * slack, shapes, NEAREST_HORIZON * height, SLOPE_MAX
    )
    return np.asarray(agreement * _prior(shapes, height, width))


def _prior(shapes: FloatArray, height: int, width: int) -> FloatArray:
    """(m,) factor that decides between shapes which the segments leave open: level, ahead, straight."""
    up = (shapes[:, 0] / height - 0.47) / 0.25
    aside = (shapes[:, 1] / width - 0.5) / 0.4
    bend = np.abs(shapes[:, 2]) / (width**2 * 6e-3)
    return np.asarray(np.maximum(0.05, 1.0 - 0.12 * up**2 - 0.08 * aside**2 - 0.1 * bend))
