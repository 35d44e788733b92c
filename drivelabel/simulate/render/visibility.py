"""Which triangle lies behind each pixel of a camera, pinhole or with a bent lens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from drivelabel.geometry import unproject
from drivelabel.geometry._kernels.sim_lens import UNSEEN, through_lens
from drivelabel.geometry._kernels.sim_raster import NOTHING, cut_for_camera, fill
from drivelabel.scene import Camera
from drivelabel.simulate.geometry3d import Surfaces
from drivelabel.typing import BoolArray, Float32Array, FloatArray, Int32Array, UInt8Array

NEAR_M = 0.05
"""Depth before which nothing is drawn."""

NO_RAYS: FloatArray = np.zeros((0, 0, 2))
"""Stands for the rays of a pinhole, which need no table."""

_WIDE = 2.0
"""Reach of rays in the plane z = 1 beyond which one picture ahead would grow too large."""
_MAX_FACE_PX = 6000


@dataclass(frozen=True, slots=True, eq=False)
class Lens:
    """A bent lens, cut into pinhole pictures.

    Attributes:
        rays: (h, w, 2) float64 in the plane z = 1, of the pixels' middles; NaN beyond the lens's circle.
        face_of: (h, w) uint8, which picture each pixel looks through; 255 for none.
        faces: of each picture its number in `face_of`, rotation (3, 3) from the camera, matrix (3, 3) and
            size (h, w).
    """

    rays: FloatArray
    face_of: UInt8Array
    faces: tuple[tuple[int, FloatArray, FloatArray, tuple[int, int]], ...]


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
    corners, planes, owner = cut_for_camera(triangles, layer, cam_from_world, scaled, hw, NEAR_M)
    nearness, behind = np.zeros(hw, np.float32), np.full(hw, NOTHING, np.int32)
    fill(corners, planes, owner, layer, nearness, behind)
    return behind


def see(
    surfaces: Surfaces, cam_from_world: FloatArray, camera: Camera
) -> tuple[Int32Array, Int32Array, FloatArray]:
    """What a camera sees.

    Through a bent lens pinhole pictures, twice as fine as the image, name the triangles near a pixel's ray,
    and the ray itself is tried against each of them. What is narrower than half a pixel (a tip, a side seen
    from its edge) may be missed, since no cell of the pinhole pictures need meet it; all else is exact.

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
    for number, face_from_cam, face_matrix, face_hw in lens.faces:
        turn = np.eye(4)
        turn[:3, :3] = face_from_cam
        seen = see_pinhole(surfaces.triangles, surfaces.layer, turn @ cam_from_world, face_matrix, face_hw, 1)
        through_lens(
            lens.rays,
            lens.face_of,
            number,
            face_from_cam,
            face_matrix,
            seen,
            surfaces.triangles,
            surfaces.layer,
            cam_from_world,
            truth,
            fine,
        )
    return truth, fine, lens.rays


@lru_cache(maxsize=32)
def _lens(matrix: bytes, image_hw: tuple[int, int], model: str, coefficients: bytes) -> Lens:
    height, width = image_hw
    v, u = np.mgrid[0:height, 0:width]
    middles = np.stack([u, v], axis=-1).reshape(-1, 2) + 0.5
    rays = unproject(middles, np.frombuffer(matrix).reshape(3, 3), model, np.frombuffer(coefficients))
    flat = np.ascontiguousarray(rays[:, :2]).reshape(height, width, 2)
    face_of = _face_of(flat, wide=bool(np.nanmax(np.abs(flat)) > _WIDE))
    faces = [
        (number, rotation, *_face_picture(flat, face_of == number, rotation))
        for number, rotation in enumerate(_cube())
        if (face_of == number).any()
    ]
    return Lens(flat, face_of, tuple(faces))


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
