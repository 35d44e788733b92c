"""Cuboids: their corners, the points inside, and how they look in an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.geometry._kernels import clipping
from drivelabel.geometry._kernels import cuboids as kernels
from drivelabel.geometry.cameras import MIN_DEPTH, NO_COEFFICIENTS, as_camera_matrix, to_pixels, unproject
from drivelabel.geometry.lenses import distort, fold_radius
from drivelabel.geometry.poses import quat_wxyz_to_matrix
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray

CORNER_SIGNS: FloatArray = np.array(
    [[1, 1, -1], [-1, 1, -1], [-1, -1, -1], [1, -1, -1], [1, 1, 1], [-1, 1, 1], [-1, -1, 1], [1, -1, 1]],
    np.float64,
)
"""Corners in half sides along the cuboid's x (forward), y (left), z (up): the bottom from above and
counter-clockwise, front left, rear left, rear right, front right, then the top in the same order. The
front face is 0, 3, 7, 4."""

CUBOID_EDGES: IntArray = np.array(
    [[0, 1], [1, 2], [2, 3], [3, 0], [4, 5], [5, 6], [6, 7], [7, 4], [0, 4], [1, 5], [2, 6], [3, 7]]
)
"""(12, 2) corner rows: the bottom, the top, the uprights."""

_CELL = 2.0
_MAX_CELLS = 1 << 20
_CURVE_PIECES = 16
"""Straight pieces that stand for an edge bent by a lens; leaves 0.1 px at 120 degrees and 1920 px."""


def cuboid_corners(center: AnyArray, size_lwh: AnyArray, quat_wxyz: AnyArray) -> FloatArray:
    """The corners of cuboids, in the order of CORNER_SIGNS.

    Args:
        center: (n, 3), metres.
        size_lwh: (n, 3), metres, along the cuboid's own x, y, z.
        quat_wxyz: (n, 4), the cuboid's orientation.

    Returns:
        (n, 8, 3) float64, metres, in the coords of `center`.

    Raises:
        InvalidLabelError: columns differ in length or shape, or a number is not finite.
    """
    middle, half, rotation = _checked(center, size_lwh, quat_wxyz)
    corners: FloatArray = (CORNER_SIGNS * half[:, None]) @ rotation.swapaxes(1, 2) + middle[:, None]
    return corners


def count_points_in_cuboids(
    points: AnyArray, center: AnyArray, size_lwh: AnyArray, quat_wxyz: AnyArray
) -> IntArray:
    """How many points each cuboid holds; a point on its surface counts, NaN never does.

    Args:
        points: (m, 3), metres.
        center: (n, 3), see :func:`cuboid_corners`; in the coords of `points`.
        size_lwh: (n, 3), metres.
        quat_wxyz: (n, 4).

    Returns:
        (n,) int64; a point in two cuboids counts in both.

    Raises:
        InvalidLabelError: columns differ in length or shape, or a cuboid is not finite.
    """
    return _mark(points, center, size_lwh, quat_wxyz)[0]


def cuboid_of_points(points: AnyArray, center: AnyArray, size_lwh: AnyArray, quat_wxyz: AnyArray) -> IntArray:
    """(m,) int64, the first cuboid that holds each point, or -1; see :func:`count_points_in_cuboids`."""
    return _mark(points, center, size_lwh, quat_wxyz)[1]


def points_in_cuboids(
    points: AnyArray, center: AnyArray, size_lwh: AnyArray, quat_wxyz: AnyArray
) -> BoolArray:
    """(n, m) bool, which cuboid holds which point; see :func:`count_points_in_cuboids`.

    One byte per pair: for a whole sweep rather take the counts or :func:`cuboid_of_points`.
    """
    middle, half, rotation = _checked(center, size_lwh, quat_wxyz)
    where = _as_points(points)
    inside = np.zeros((len(middle), len(where)), np.bool_)
    for row in range(len(middle)):
        inside[row] = kernels.points_in_one(where, middle[row], half[row], rotation[row])
    return inside


@dataclass(frozen=True, slots=True, eq=False)
class ProjectedCuboids:
    """How cuboids look in an image.

    Attributes:
        edges_uv: (n, 12, k, 2) float64, pixels, each edge of CUBOID_EDGES as a line of k points: 2, or
            17 where the lens bends it. Cut at the near plane and a little outside the image; NaN where it is
            not seen.
        xyxy: (n, 4) float64, pixels, tight round what is seen inside the image; NaN if nothing is.
        in_image: (n,), whether any of the cuboid is seen. What hides it is not asked.
    """

    edges_uv: FloatArray
    xyxy: FloatArray
    in_image: BoolArray


def project_cuboids(
    corners_cam: AnyArray,
    camera_matrix: AnyArray,
    image_hw: tuple[int, int],
    distortion_model: str = "none",
    coefficients: AnyArray = NO_COEFFICIENTS,
    near: float = MIN_DEPTH,
) -> ProjectedCuboids:
    """How cuboids look in an image, also those that reach behind the camera.

    The solid is cut at the near plane before it is projected, and its outline at the image's border
    before the box is taken: a box of clipped corners would be too large, or wrong behind the camera.

    Args:
        corners_cam: (n, 8, 3), metres, camera coords, in the order of CORNER_SIGNS.
        camera_matrix: (3, 3), pixels.
        image_hw: height and width, pixels.
        distortion_model: ``none``, ``brown`` or ``fisheye``.
        coefficients: (k,) in OpenCV's order.
        near: metres; what is nearer is not seen.

    Raises:
        InvalidLabelError: an input has another shape, a corner is not finite, or the lens is unknown.
    """
    corners = np.ascontiguousarray(corners_cam, np.float64)
    check_shape("corners_cam", corners, (None, 8, 3))
    check_finite("corners_cam", corners)
    matrix = as_camera_matrix(camera_matrix)
    window = _field_of_view(matrix, image_hw, distortion_model, coefficients)
    pieces = 1 if distortion_model == "none" else _CURVE_PIECES

    # A corner of the window can lie beyond the lens's fold; the outline is drawn along the fold there.
    reach = fold_radius(distortion_model, coefficients) * (1 - 1e-9)

    def to_uv(flat: FloatArray) -> FloatArray:
        bent = distort(flat.reshape(-1, 2), distortion_model, coefficients)
        return to_pixels(bent, matrix).reshape(flat.shape)

    ends = clipping.visible_edges(corners, CUBOID_EDGES, float(near), window)
    edges_uv = to_uv(_subdivide(ends[:, :, 0], ends[:, :, 1], pieces))
    outline, count = clipping.visible_outlines(corners, CUBOID_EDGES, float(near), window)
    outline = outline[:, : max(1, int(count.max(initial=0)))]  # few use all the room there is
    following = np.roll(outline, -1, axis=1)
    last = np.flatnonzero(count)
    following[last, count[last] - 1] = outline[last, 0]
    course = _subdivide(outline, following, pieces)[:, :, :pieces].reshape(
        len(corners), outline.shape[1] * pieces, 2
    )
    course = course * np.minimum(1.0, reach / np.maximum(np.linalg.norm(course, axis=2), 1e-300))[..., None]
    image = np.array([0.0, 0.0, image_hw[1], image_hw[0]])
    xyxy = clipping.boxes_of_polygons(to_uv(course), count * pieces, image)
    return ProjectedCuboids(edges_uv, xyxy, ~np.isnan(xyxy[:, 0]))


def _subdivide(start: FloatArray, stop: FloatArray, pieces: int) -> FloatArray:
    """(..., 2) and (..., 2) -> (..., pieces + 1, 2) points evenly from one to the other."""
    weight: FloatArray = np.linspace(0.0, 1.0, pieces + 1).reshape(-1, 1)
    points: FloatArray = np.add(start[..., None, :] * (1 - weight), stop[..., None, :] * weight)
    return points


def _field_of_view(matrix: FloatArray, image_hw: tuple[int, int], model: str, k: AnyArray) -> FloatArray:
    """(4,) window of the plane z = 1 that holds the whole image and a little more.

    Where a lens does not reach a part of the border, only what it reaches counts.
    """
    height, width = image_hw
    along = np.linspace(0.0, 1.0, 33)
    sides = [(along * width, 0 * along), (along * width, 0 * along + height)]
    sides += [(0 * along, along * height), (0 * along + width, along * height)]
    border = np.concatenate([np.stack(side, axis=1) for side in sides])
    rays = unproject(border, matrix, model, k)[:, :2]
    rays = rays[np.isfinite(rays).all(axis=1)]
    if len(rays) == 0:  # the lens sees less than the image shows
        rays = unproject(matrix[None, :2, 2], matrix, model, k)[:, :2] + np.array([[-1.0, -1.0], [1.0, 1.0]])
    low, high = rays.min(axis=0), rays.max(axis=0)
    slack: FloatArray = 0.02 * np.subtract(high, low)
    return np.concatenate([low - slack, high + slack])


def _mark(
    points: AnyArray, center: AnyArray, size_lwh: AnyArray, quat_wxyz: AnyArray
) -> tuple[IntArray, IntArray]:
    middle, half, rotation = _checked(center, size_lwh, quat_wxyz)
    where = _as_points(points)
    if len(middle) == 0:
        return np.zeros(0, np.int64), np.full(len(where), -1, np.int64)
    reach: FloatArray = np.einsum("nij,nj->ni", np.abs(rotation), half)[:, :2]
    # A hair wider than the cuboids, so that rounding puts no point on a surface outside the grid.
    reach = reach + 1e-6 + 1e-12 * np.abs(middle[:, :2])
    low, high = middle[:, :2] - reach, middle[:, :2] + reach
    origin, extent = low.min(axis=0), np.ptp(np.concatenate([low, high]), axis=0)
    cell = max(_CELL, float(np.sqrt(np.prod(extent) / _MAX_CELLS)), float(extent.max()) / _MAX_CELLS)
    nx, ny = (int(e // cell) + 1 for e in extent)
    spans = np.concatenate([(low - origin) // cell, (high - origin) // cell], axis=1).astype(np.int64)
    spans = np.clip(spans, 0, [nx - 1, ny - 1, nx - 1, ny - 1])
    start, rows = kernels.fill_cells(np.ascontiguousarray(spans), (nx, ny))
    counts, owner = kernels.mark_points(where, middle, half, rotation, origin, cell, (nx, ny), start, rows)
    return counts, owner


def _as_points(points: AnyArray) -> FloatArray:
    array = np.ascontiguousarray(points, np.float64)
    check_shape("points", array, (None, 3))
    return array


def _checked(
    center: AnyArray, size_lwh: AnyArray, quat_wxyz: AnyArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Centers, half sizes and rotations, contiguous float64."""
    middle, half = np.ascontiguousarray(center, np.float64), np.asarray(size_lwh, np.float64) / 2
    check_shape("center", middle, (None, 3))
    check_shape("size_lwh", half, (len(middle), 3))
    quat = np.asarray(quat_wxyz, np.float64)
    check_shape("quat_wxyz", quat, (len(middle), 4))
    check_finite("center", middle)
    check_finite("size_lwh", half)
    rotation = np.ascontiguousarray(quat_wxyz_to_matrix(quat))
    return middle, np.ascontiguousarray(half), rotation
