"""A camera's matrix and distortion from photos of a chessboard."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from drivelabel.errors import FormatError, StoreError
from drivelabel.geometry import distort_points, undistort_image, undistort_maps, undistort_points
from drivelabel.media.calibration import calibrate, find_board
from drivelabel.media.images import read_image

HW = (480, 640)
MATRIX = np.array([[520.0, 0, 322.0], [0, 518.0, 236.0], [0, 0, 1]])
COEFFICIENTS = np.array([-0.28, 0.09, 0.0006, -0.0004, 0.0])


def photo_of_board(number, across=9, down=6, fine=2):
    """A chessboard drawn through a known camera: (0, 0) is the image's corner in MATRIX."""
    generator = np.random.default_rng(number)
    rotation = cv2.Rodrigues(generator.uniform(-0.5, 0.5, 3))[0]
    shift = np.array([*generator.uniform((-2.5, -1.6), (2.5, 1.6)), generator.uniform(10, 13)])
    v, u = np.mgrid[: HW[0] * fine, : HW[1] * fine]
    uv = (np.stack([u, v], axis=-1).reshape(-1, 2) + 0.5) / fine
    flat = undistort_points(uv, MATRIX, "brown", COEFFICIENTS, np.eye(3))
    rays = np.concatenate([flat, np.ones((len(flat), 1))], axis=1)
    origin = shift - rotation @ np.array([(across - 1) / 2, (down - 1) / 2, 0])
    normal = rotation[:, 2]
    depth = (normal @ origin) / (rays @ normal)
    on_board = (rays * depth[:, None] - origin) @ rotation
    x, y = on_board[:, 0], on_board[:, 1]
    dark = (np.floor(x) + np.floor(y)) % 2 == 0
    inside = (x > -1) & (x < across) & (y > -1) & (y < down)
    grey = np.where(inside & dark, 20.0, 235.0).reshape(HW[0], fine, HW[1], fine).mean(axis=(1, 3))
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boards")
    for number in range(10):
        cv2.imwrite(str(folder / f"{number:02d}.png"), photo_of_board(number))
    cv2.imwrite(str(folder / "90.png"), np.full((*HW, 3), 90, np.uint8))
    cv2.imwrite(str(folder / "91.png"), cv2.resize(photo_of_board(0), (960, 720)))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def calibration(photos):
    return calibrate(photos)


def test_a_known_camera_is_found_again(calibration):
    assert calibration.image_hw == HW
    off = calibration.camera_matrix - MATRIX
    assert np.abs(off).max() < 1.5
    np.testing.assert_allclose(calibration.distortion.coefficients[:2], COEFFICIENTS[:2], atol=0.02)
    assert calibration.error_px < 0.2


def test_every_photo_is_accounted_for(calibration, photos):
    used = [board.path for board in calibration.boards]
    assert sorted([*used, *calibration.without_board, *calibration.of_other_size]) == photos
    assert [path.name for path in calibration.without_board] == ["90.png"]
    assert [path.name for path in calibration.of_other_size] == ["91.png"]
    assert all(board.error_px < 0.3 for board in calibration.boards)
    assert calibration.camera("cam_front").is_calibrated is False


def test_corners_are_where_they_were_drawn():
    """A board seen straight on: its first inner corner lies where the drawn squares meet."""
    squares = np.indices((7, 10)).sum(axis=0) % 2
    grey = np.kron(squares, np.ones((40, 40))) * 200 + 30
    image = np.pad(grey, 60, constant_values=230).astype(np.uint8)
    pattern, corners = find_board(np.repeat(image[..., None], 3, axis=2))
    assert pattern == (9, 6)
    flat = corners.reshape(-1, 2)
    np.testing.assert_allclose(flat.min(axis=0), [100, 100], atol=0.1)
    np.testing.assert_allclose(flat.max(axis=0), [60 + 9 * 40, 60 + 6 * 40], atol=0.1)


def test_too_few_boards_and_missing_photos_are_refused(photos, tmp_path):
    with pytest.raises(FormatError, match=r"at least 3 photos .* found 2 in 3 photos"):
        calibrate([photos[0], photos[1], photos[-2]])
    with pytest.raises(FormatError, match="board of 12x11 inner corners, found 0"):
        calibrate(photos[:4], (12, 11))
    with pytest.raises(StoreError, match="no such image file"):
        calibrate([tmp_path / "nothing.jpg"])


def bend(corners_uv):
    """How far, root mean square in pixels, the corners of a board's rows lie from straight lines."""
    off = []
    for line in corners_uv:
        centred = line - line.mean(axis=0)
        off.append(np.linalg.svd(centred)[1][1] / np.sqrt(len(line)))
    return float(np.sqrt(np.mean(np.square(off))))


@pytest.mark.slow
def test_undistortion_straightens_real_boards(shared_data):
    photos = sorted((shared_data / "udacity_carnd" / "camera_cal").glob("*.jpg"))
    calibration = calibrate(photos)
    assert len(calibration.boards) + len(calibration.without_board) + len(calibration.of_other_size) == 10
    assert len(calibration.boards) >= 8 and calibration.error_px < 1.0
    before, after = [], []
    for board in calibration.boards:
        flat = board.corners_uv.reshape(-1, 2)
        straight = undistort_points(
            flat, calibration.camera_matrix, "brown", calibration.distortion.coefficients
        ).reshape(board.corners_uv.shape)
        before.append(bend(board.corners_uv))
        after.append(bend(straight))
    assert np.mean(before) > 3 * np.mean(after)
    assert np.mean(after) < 0.5


@pytest.mark.slow
def test_an_undistorted_image_has_its_board_where_undistorted_corners_are(shared_data):
    photos = sorted((shared_data / "udacity_carnd" / "camera_cal").glob("*.jpg"))
    calibration = calibrate(photos)
    matrix, coefficients = calibration.camera_matrix, calibration.distortion.coefficients
    board = min(calibration.boards, key=lambda board: board.error_px)
    maps = undistort_maps(matrix, calibration.image_hw, "brown", coefficients)
    image = undistort_image(read_image(board.path), maps)
    found = find_board(image, [board.pattern])
    assert found is not None
    wanted = undistort_points(board.corners_uv.reshape(-1, 2), matrix, "brown", coefficients)
    gap = np.linalg.norm(found[1].reshape(-1, 2) - wanted, axis=1)
    assert np.median(gap) < 0.3
    back = distort_points(wanted, matrix, "brown", coefficients)
    np.testing.assert_allclose(back, board.corners_uv.reshape(-1, 2), atol=1e-3)
