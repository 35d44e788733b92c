"""A camera's matrix and distortion from photos of a chessboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from drivelabel.errors import FormatError
from drivelabel.media.images import read_image
from drivelabel.scene import Camera, Distortion
from drivelabel.typing import Float32Array, FloatArray, UInt8Array

PATTERNS = ((9, 6), (9, 5), (8, 6), (8, 5), (7, 6), (7, 5))
"""Inner corners (across, down) that are tried when nobody says, large to small: a photo may cut the board."""

FEWEST_BOARDS = 3
_CENTRE_TO_CORNER = 0.5
"""OpenCV's (0, 0) is the first pixel's centre, ours its corner."""


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """A chessboard found in a photo.

    Attributes:
        path: of the photo.
        pattern: inner corners across and down.
        corners_uv: (down, across, 2) float64, pixels, (0, 0) at the image's corner.
        error_px: root mean square distance between found and projected corners; NaN before calibration.
    """

    path: Path
    pattern: tuple[int, int]
    corners_uv: FloatArray
    error_px: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What a camera's lens does.

    Attributes:
        image_hw: size of the photos, pixels.
        camera_matrix: (3, 3) float64, pixels, (0, 0) at the image's corner.
        distortion: Brown's model with five coefficients.
        error_px: root mean square distance between found and projected corners over all boards.
        boards: those that were used, in the order of the photos.
        without_board: photos in which no board was found.
        of_other_size: photos left out since most have another size.
    """

    image_hw: tuple[int, int]
    camera_matrix: FloatArray
    distortion: Distortion
    error_px: float
    boards: tuple[Board, ...]
    without_board: tuple[Path, ...] = ()
    of_other_size: tuple[Path, ...] = ()

    def camera(self, channel: str) -> Camera:
        """A camera of this kind, not mounted anywhere yet."""
        return Camera(channel, self.image_hw, self.camera_matrix, self.distortion)


def calibrate(photos: Sequence[Path | str], pattern: tuple[int, int] | None = None) -> Calibration:
    """The camera that took photos of a flat chessboard.

    Args:
        photos: image files of one camera; ten or more, with the board tilted and in all parts of the image.
        pattern: inner corners (across, down) of the board; several usual ones are tried when None.

    Raises:
        StoreError: a photo is missing or damaged.
        FormatError: boards were found in fewer than three photos of one size.

    Source: Zhang, A flexible new technique for camera calibration, 2000, as in OpenCV's calibrateCamera.
    """
    patterns = PATTERNS if pattern is None else (pattern,)
    found: dict[tuple[int, int], list[Board]] = {}
    without = []
    for photo in map(Path, photos):
        image_rgb = read_image(photo)
        board = find_board(image_rgb, patterns)
        if board is None:
            without.append(photo)
            continue
        height, width = image_rgb.shape[:2]
        found.setdefault((height, width), []).append(Board(photo, *board))
    image_hw = max(found, key=lambda hw: len(found[hw]), default=(0, 0))
    if len(found.get(image_hw, [])) < FEWEST_BOARDS:
        n_found = sum(map(len, found.values()))
        raise FormatError(
            f"chessboards: expected at least {FEWEST_BOARDS} photos of one size with a board of "
            f"{' or '.join(f'{a}x{d}' for a, d in patterns)} inner corners, found {n_found} in "
            f"{len(photos)} photos. State the board's inner corners, or take more photos."
        )
    others = tuple(board.path for hw, boards in found.items() if hw != image_hw for board in boards)
    return _solve(image_hw, found[image_hw], tuple(without), others)


def find_board(
    image_rgb: UInt8Array, patterns: Sequence[tuple[int, int]] = PATTERNS
) -> tuple[tuple[int, int], FloatArray] | None:
    """The first pattern of which a whole board is seen, with its corners; None when there is none.

    Returns:
        pattern: inner corners (across, down).
        corners_uv: (down, across, 2) float64, pixels, (0, 0) at the image's corner.
    """
    grey = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY)
    for across, down in patterns:
        ok, corners = cv2.findChessboardCornersSB(grey, (across, down), flags=cv2.CALIB_CB_NORMALIZE_IMAGE)
        if ok:
            uv = np.asarray(corners, np.float64).reshape(down, across, 2)
            return (across, down), uv + _CENTRE_TO_CORNER
    return None


def _solve(
    image_hw: tuple[int, int], boards: list[Board], without: tuple[Path, ...], others: tuple[Path, ...]
) -> Calibration:
    height, width = image_hw
    found = [(board.corners_uv.reshape(-1, 1, 2) - _CENTRE_TO_CORNER).astype(np.float32) for board in boards]
    error, matrix, coefficients, _, _, _, _, errors = cv2.calibrateCameraExtended(
        [_flat_board(board.pattern) for board in boards], found, (width, height), np.eye(3), np.zeros(5)
    )
    camera_matrix = np.asarray(matrix, np.float64)
    camera_matrix[:2, 2] += _CENTRE_TO_CORNER
    judged = tuple(
        Board(board.path, board.pattern, board.corners_uv, float(px))
        for board, px in zip(boards, errors.ravel(), strict=True)
    )
    distortion = Distortion("brown", np.asarray(coefficients, np.float64).ravel())
    return Calibration(image_hw, camera_matrix, distortion, float(error), judged, without, others)


def _flat_board(pattern: tuple[int, int]) -> Float32Array:
    """(n, 1, 3), corners one unit apart; the unit does not matter for the lens."""
    across, down = pattern
    points = np.zeros((across * down, 1, 3), np.float32)
    points[:, 0, :2] = np.mgrid[:across, :down].T.reshape(-1, 2)
    return points
