"""Which triangle lies behind each pixel of a camera, pinhole or with a bent lens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from drivelabel.geometry import unproject
from drivelabel.geometry._kernels.sim_lens import UNSEEN, fill_rays, look_up_cells, sort_into_bins
from drivelabel.geometry._kernels.sim_raster import NOTHING, cut_for_camera, fill
from drivelabel.scene import Camera
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.typing import BoolArray, Float32Array, FloatArray, Int32Array, IntArray, UInt8Array

NEAR_M = 0.05
"""Depth before which nothing is drawn."""

NO_RAYS: FloatArray = np.zeros((0, 0, 2))
"""Stands for the rays of a pinhole, which need no table."""

_WIDE = 2.0
"""Reach of rays in the plane z = 1 beyond which one picture ahead would grow too large."""
_MAX_FACE_PX = 6000


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A pinhole picture through one face of a cube around the camera, and the rays that lie in it.

    Attributes:
        number: of the face.
        face_from_cam: (3, 3), its rotation.
        matrix: (3, 3), cells.
        hw: its size, cells.
        pixels: (n,) int64, of the image's pixels that look through it, row by row.
        at: (n, 2) float64, cells, where their middles lie.
        head, after: the rays in bins, see :func:`sort_into_bins`.
    """

    number: int
    face_from_cam: FloatArray
    matrix: FloatArray
    hw: tuple[int, int]
    pixels: IntArray
    at: FloatArray
    head: Int32Array
    after: Int32Array


@dataclass(frozen=True, slots=True, eq=False)
class Lens:
    """A bent lens, cut into pinhole pictures.

    Attributes:
        rays: (h, w, 2) float64 in the plane z = 1, of the pixels' middles; NaN beyond the lens's circle.
        face_of: (h, w) uint8, which face each pixel looks through; 255 for none.
        faces: those that some pixel looks through.
    """

    rays: FloatArray
    face_of: UInt8Array
    faces: tuple[Face, ...]


def see_pinhole(
    triangles: Float32Array,
    layer: UInt8Array,
    cam_from_world: FloatArray,
    matrix: FloatArray,
    image_hw: tuple[int, int],
    scale: int,
) -> Int32Array:
    """(h * scale, w * scale), the triangle behind the middle of each cell of a pixel."""
    hw = (image_hw[0] * scale, image_hw[1] * scale)
    scaled = matrix * np.array([[scale], [scale], [1.0]])
    corners, planes, owner = cut_for_camera(triangles, layer, cam_from_world, scaled, hw, NEAR_M, True)
    nearness, behind = np.zeros(hw, np.float32), np.full(hw, NOTHING, np.int32)
    fill(corners, planes, owner, layer, nearness, behind)
    return behind


def see(
    surfaces: Surfaces, cam_from_world: FloatArray, camera: Camera
) -> tuple[Int32Array, Int32Array, FloatArray]:
    """What a camera sees.

    Through a bent lens every triangle is drawn onto the rays themselves, so that truth is exact to the ray;
    colours come from a pinhole picture about twice as fine as the image.

    Returns:
        truth: (h, w), the triangle behind the middle of each pixel.
        fine: (2 h, 2 w), the same for four cells of each pixel, for colours.
        rays: (h, w, 2), see :class:`Lens`; empty for a pinhole.
    """
    matrix = np.asarray(camera.camera_matrix, np.float64)
    if camera.distortion.model == "none":
        parts = [
            see_pinhole(surfaces.triangles, surfaces.layer, cam_from_world, matrix, camera.image_hw, scale)
            for scale in (1, 2)
        ]
        return parts[0], parts[1], NO_RAYS
    lens = _lens(
        matrix.tobytes(), camera.image_hw, camera.distortion.model, camera.distortion.coefficients.tobytes()
    )
    height, width = camera.image_hw
    truth = np.full((height, width), UNSEEN, np.int32)
    fine = np.full((2 * height, 2 * width), UNSEEN, np.int32)
    for face in lens.faces:
        turn = np.eye(4)
        turn[:3, :3] = face.face_from_cam
        _see_face(surfaces, turn @ cam_from_world, lens, face, truth.reshape(-1), fine)
    return truth, fine, lens.rays


def _see_face(
    surfaces: Surfaces,
    face_from_world: FloatArray,
    lens: Lens,
    face: Face,
    truth: Int32Array,
    fine: Int32Array,
) -> None:
    """Fill in the pixels that look through one face; `truth` is flat."""
    corners, planes, owner = cut_for_camera(
        surfaces.triangles, surfaces.layer, face_from_world, face.matrix, face.hw, NEAR_M, False
    )
    nearness, behind = np.zeros(len(face.at)), np.full(len(face.at), NOTHING, np.int32)
    fill_rays(corners, planes, owner, surfaces.layer, face.at, face.head, face.after, nearness, behind)
    truth[face.pixels] = behind
    near, seen = np.zeros(face.hw, np.float32), np.full(face.hw, NOTHING, np.int32)
    fill(corners, planes, owner, surfaces.layer, near, seen)
    look_up_cells(lens.rays, lens.face_of, face.number, face.face_from_cam, face.matrix, seen, fine)


@lru_cache(maxsize=32)
def _lens(matrix: bytes, image_hw: tuple[int, int], model: str, coefficients: bytes) -> Lens:
    height, width = image_hw
    v, u = np.mgrid[0:height, 0:width]
    middles = np.stack([u, v], axis=-1).reshape(-1, 2) + 0.5
    rays = unproject(middles, np.frombuffer(matrix).reshape(3, 3), model, np.frombuffer(coefficients))
    flat = np.ascontiguousarray(rays[:, :2]).reshape(height, width, 2)
    face_of = _face_of(flat, wide=bool(np.nanmax(np.abs(flat)) > _WIDE))
    faces = [
        _face(flat, face_of == number, number, rotation)
        for number, rotation in enumerate(_cube())
        if (face_of == number).any()
    ]
    return Lens(flat, face_of, tuple(faces))


def _face(flat: FloatArray, inside: BoolArray, number: int, rotation: FloatArray) -> Face:
    matrix, hw = _face_picture(flat, inside, rotation)
    rays = np.concatenate([flat[inside], np.ones((np.count_nonzero(inside), 1))], axis=1) @ rotation.T
    at = np.ascontiguousarray(rays[:, :2] / rays[:, 2:] * [matrix[0, 0], matrix[1, 1]] + matrix[:2, 2])
    return Face(number, rotation, matrix, hw, np.flatnonzero(inside), at, *sort_into_bins(at, hw))


def _cube() -> list[FloatArray]:
    """Rotations face_from_cam: ahead, right, left, down, up."""
    ahead = np.eye(3)
    right = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])
    left = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    down = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    up = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    return [ahead, right, left, down, up]


def _face_of(flat: FloatArray, *, wide: bool) -> UInt8Array:
    """Ahead alone when that picture stays small, else the face of the cube that a ray leaves through."""
    seen = np.isfinite(flat).all(axis=-1)
    face = np.where(seen, np.uint8(0), np.uint8(255))
    if wide:
        x, y = flat[..., 0], flat[..., 1]
        with np.errstate(invalid="ignore"):
            aside = seen & (np.maximum(np.abs(x), np.abs(y)) > 1.0)
            flatter = np.abs(x) >= np.abs(y)
        face = np.where(aside & flatter, np.where(x > 0, np.uint8(1), np.uint8(2)), face)
        face = np.where(aside & ~flatter, np.where(y > 0, np.uint8(3), np.uint8(4)), face)
    return face


def _face_picture(
    flat: FloatArray, inside: BoolArray, rotation: FloatArray
) -> tuple[FloatArray, tuple[int, int]]:
    """Matrix and size of a pinhole picture that shows some rays twice as finely as the image, or more."""
    rays = np.concatenate([flat, np.ones((*flat.shape[:2], 1))], axis=2) @ rotation.T
    with np.errstate(invalid="ignore", divide="ignore"):
        plane = rays[..., :2] / rays[..., 2:]
    steps = []
    for axis in (0, 1):
        both = inside & np.roll(inside, 1, axis=axis)
        both[(slice(0, 1), slice(None)) if axis == 0 else (slice(None), slice(0, 1))] = False
        step = np.linalg.norm(plane - np.roll(plane, 1, axis=axis), axis=2)[both]
        steps.append(float(step.min()) if len(step) else 1.0)
    low, high = plane[inside].min(axis=0), plane[inside].max(axis=0)
    focal = min(2.0 / min(steps), _MAX_FACE_PX / float(max((high - low).max(), 1e-6)))
    margin = 4.0
    size = np.ceil((high - low) * focal + 2 * margin).astype(int)
    matrix = np.array([[focal, 0, margin - low[0] * focal], [0, focal, margin - low[1] * focal], [0, 0, 1.0]])
    return matrix, (int(size[1]), int(size[0]))
