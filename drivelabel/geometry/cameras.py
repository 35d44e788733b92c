"""Cameras: from points to pixels and back, through lenses that bend.

Pixels are continuous with (0, 0) at the image's top-left CORNER, and ``camera_matrix`` is in that
convention. OpenCV puts (0, 0) at the centre of the first pixel. Going from one to the other adds 0.5 to
u, v and to cx, cy alike, so ``u - cx`` and with it every formula here is OpenCV's own; only where OpenCV
counts pixels itself, in ``remap``, the half pixel must be taken off (:func:`undistort_maps` does).

A lens is a model name and its coefficients in OpenCV's order: ``none``; ``brown`` with k1 k2 p1 p2
[k3 [k4 k5 k6]]; ``fisheye`` with k1 k2 k3 k4.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels.projection import through_pinhole
from drivelabel.geometry.lenses import distort, undistort
from drivelabel.typing import AnyArray, BoolArray, Float32Array, FloatArray

MIN_DEPTH = 0.1
"""Metres; nearer points count as behind the camera."""

NO_COEFFICIENTS = np.zeros(0)

Maps: TypeAlias = tuple[Float32Array, Float32Array]
"""Where each pixel of an undistorted image comes from: x and y, (h, w), as ``cv2.remap`` takes them."""


def project(
    points_cam: AnyArray,
    camera_matrix: AnyArray,
    distortion_model: str = "none",
    coefficients: AnyArray = NO_COEFFICIENTS,
) -> tuple[FloatArray, BoolArray]:
    """Where points in front of a camera land in its image.

    Args:
        points_cam: (n, 3), metres, camera coords.
        camera_matrix: (3, 3), pixels, (0, 0) at the image's corner.
        distortion_model: ``none``, ``brown`` or ``fisheye``.
        coefficients: (k,) in OpenCV's order.

    Returns:
        uv: (n, 2), pixels; NaN for points that cannot be seen.
        in_front: (n,), true where depth is above MIN_DEPTH and the lens model holds. A Brown lens folds
            back beyond some angle, where points far outside would land inside the image.

    Raises:
        InvalidLabelError: an input has another shape, or the lens is unknown.

    Source: Hartley & Zisserman, Multiple View Geometry, 2nd ed., section 6.1.
    """
    points = np.asarray(points_cam, np.float64)
    check_shape("points_cam", points, (None, 3))
    matrix = as_camera_matrix(camera_matrix)
    if distortion_model == "none":
        straight: tuple[FloatArray, BoolArray] = through_pinhole(
            np.ascontiguousarray(points), np.ascontiguousarray(matrix), MIN_DEPTH
        )
        return straight
    depth = points[:, 2]
    in_front = depth > MIN_DEPTH
    flat = points[:, :2] / np.where(in_front, depth, 1.0)[:, None]
    bent = distort(flat, distortion_model, coefficients)
    in_front = in_front & np.isfinite(bent).all(axis=1)
    uv = to_pixels(bent, matrix)
    uv[~in_front] = np.nan
    return uv, in_front


def unproject(
    uv: AnyArray,
    camera_matrix: AnyArray,
    distortion_model: str = "none",
    coefficients: AnyArray = NO_COEFFICIENTS,
) -> FloatArray:
    """The rays on which pixels lie.

    Args:
        uv: (n, 2), pixels.
        camera_matrix: (3, 3), pixels.
        distortion_model: see :func:`project`.
        coefficients: see :func:`project`.

    Returns:
        rays_cam: (n, 3), camera coords, with z = 1: times a depth it is the point. NaN where the lens
            model never reaches the pixel.

    Raises:
        InvalidLabelError: an input has another shape, or the lens is unknown.
    """
    pixels = np.asarray(uv, np.float64)
    check_shape("uv", pixels, (None, 2))
    flat = undistort(_from_pixels(pixels, as_camera_matrix(camera_matrix)), distortion_model, coefficients)
    return np.concatenate([flat, np.where(np.isnan(flat[:, :1]), np.nan, 1.0)], axis=1)


def undistort_points(
    uv: AnyArray,
    camera_matrix: AnyArray,
    distortion_model: str,
    coefficients: AnyArray,
    new_camera_matrix: AnyArray | None = None,
) -> FloatArray:
    """Where pixels lie in the undistorted image.

    Args:
        uv: (n, 2), pixels of the image as taken.
        camera_matrix: (3, 3), pixels.
        distortion_model: see :func:`project`.
        coefficients: see :func:`project`.
        new_camera_matrix: (3, 3) of the undistorted image; the same matrix when None.

    Returns:
        (n, 2) float64, pixels; NaN where the lens model never reaches the pixel.

    Raises:
        InvalidLabelError: an input has another shape, or the lens is unknown.
    """
    rays = unproject(uv, camera_matrix, distortion_model, coefficients)
    new = camera_matrix if new_camera_matrix is None else new_camera_matrix
    return to_pixels(rays[:, :2], as_camera_matrix(new))


def distort_points(
    uv: AnyArray,
    camera_matrix: AnyArray,
    distortion_model: str,
    coefficients: AnyArray,
    new_camera_matrix: AnyArray | None = None,
) -> FloatArray:
    """Where pixels of the undistorted image lie in the image as taken; undoes :func:`undistort_points`."""
    pixels = np.asarray(uv, np.float64)
    check_shape("uv", pixels, (None, 2))
    new = camera_matrix if new_camera_matrix is None else new_camera_matrix
    flat = _from_pixels(pixels, as_camera_matrix(new))
    return to_pixels(distort(flat, distortion_model, coefficients), as_camera_matrix(camera_matrix))


def undistort_maps(
    camera_matrix: AnyArray,
    image_hw: tuple[int, int],
    distortion_model: str,
    coefficients: AnyArray,
    new_camera_matrix: AnyArray | None = None,
) -> Maps:
    """Where each pixel of the undistorted image comes from; make them once per camera.

    Returns:
        map_x, map_y: (h, w) float32, OpenCV's pixel counts; -1 where the lens model does not reach.

    Raises:
        InvalidLabelError: an input has another shape, or the lens is unknown.
    """
    height, width = image_hw
    v, u = np.mgrid[0:height, 0:width]
    centers = np.stack([u, v], axis=-1).reshape(-1, 2) + 0.5
    source = distort_points(centers, camera_matrix, distortion_model, coefficients, new_camera_matrix) - 0.5
    source = np.where(np.isfinite(source), source, -1.0).reshape(height, width, 2).astype(np.float32)
    return np.ascontiguousarray(source[..., 0]), np.ascontiguousarray(source[..., 1])


def undistort_image(image: AnyArray, maps: Maps, *, nearest: bool = False) -> AnyArray:
    """The image a pinhole camera would have taken.

    Args:
        image: (h, w) or (h, w, c).
        maps: from :func:`undistort_maps`. The camera matrix of the result is the one given there as
            ``new_camera_matrix``, or the camera's own.
        nearest: take the nearest pixel instead of a mixture of four; for label maps.

    Returns:
        The same type and shape; 0 where nothing was seen.

    Raises:
        InvalidLabelError: the maps are of another image size.
    """
    if image.shape[:2] != maps[0].shape:
        raise InvalidLabelError(f"image: expected size {maps[0].shape} as in maps, got {image.shape[:2]}.")
    return cv2.remap(image, *maps, interpolation=cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR)


def as_camera_matrix(camera_matrix: AnyArray) -> FloatArray:
    """The matrix as (3, 3) float64, checked."""
    matrix = np.asarray(camera_matrix, np.float64)
    check_shape("camera_matrix", matrix, (3, 3))
    if not (matrix[0, 0] > 0 and matrix[1, 1] > 0):
        raise InvalidLabelError(
            f"camera_matrix: expected positive focal lengths, got {matrix[0, 0]:g} and {matrix[1, 1]:g}."
        )
    return matrix


def to_pixels(flat: FloatArray, matrix: FloatArray) -> FloatArray:
    """(..., 2) pixels of (..., 2) coordinates in the plane z = 1."""
    uv: FloatArray = flat @ matrix[:2, :2].T + matrix[:2, 2]
    return uv


def _from_pixels(uv: FloatArray, matrix: FloatArray) -> FloatArray:
    y = (uv[:, 1] - matrix[1, 2]) / matrix[1, 1]
    x = (uv[:, 0] - matrix[0, 2] - matrix[0, 1] * y) / matrix[0, 0]
    return np.stack([x, y], axis=1)
