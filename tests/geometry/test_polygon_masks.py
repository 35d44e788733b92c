from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import polygon_area, polygon_mask

_HW = (12, 17)
_corners = st.tuples(st.integers(-20, 80), st.integers(-20, 60)).map(lambda p: (p[0] / 4, p[1] / 4))
_rings = st.lists(st.lists(_corners, min_size=3, max_size=7).map(np.array), max_size=3)


def _twin(rings: list[np.ndarray], hw: tuple[int, int]) -> np.ndarray:
    """Each pixel's centre by itself: a ray to the left crosses an odd number of edges."""
    mask = np.zeros(hw, bool)
    for row in range(hw[0]):
        for column in range(hw[1]):
            x, y = column + 0.5, row + 0.5
            crossed = 0
            for ring in rings:
                for (ax, ay), (bx, by) in zip(np.roll(ring, 1, axis=0), ring, strict=True):
                    if ay > by:  # one sum for an edge, whichever way it is walked
                        ax, ay, bx, by = bx, by, ax, ay
                    if (ay <= y) != (by <= y):
                        crossed += ax + (y - ay) / (by - ay) * (bx - ax) <= x
            mask[row, column] = crossed % 2
    return mask


@settings(max_examples=30)
@given(_rings)
def test_a_mask_equals_its_plain_twin(rings: list[np.ndarray]) -> None:
    np.testing.assert_array_equal(polygon_mask(rings, _HW), _twin(rings, _HW))


@settings(max_examples=30)
@given(_rings, _rings)
def test_rings_together_are_what_is_in_just_one_of_them(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    both = polygon_mask([*a, *b], _HW)
    np.testing.assert_array_equal(both, polygon_mask(a, _HW) ^ polygon_mask(b, _HW))


def test_halves_of_a_square_share_no_pixel_and_leave_none() -> None:
    square = np.array([[1, 1], [14, 1], [14, 11], [1, 11]])
    one, other = square[[0, 1, 2]], square[[0, 2, 3]]
    a, b = polygon_mask([one], _HW), polygon_mask([other], _HW)
    assert not (a & b).any()
    np.testing.assert_array_equal(a | b, polygon_mask([square], _HW))
    assert polygon_mask([square], _HW).sum() == polygon_area(square) == 130


def test_a_large_polygon_has_about_the_pixels_of_opencv() -> None:
    angle = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    ring = np.stack([320 + 200 * np.cos(angle), 240 + 150 * np.sin(angle)], axis=1)
    theirs = np.zeros((480, 640), np.uint8)
    cv2.fillPoly(theirs, [np.round((ring - 0.5) * 16).astype(np.int32)], 1, shift=4)
    ours = polygon_mask([ring], (480, 640))
    assert not (ours & (theirs == 0)).any(), "OpenCV adds the outline"
    assert ours.sum() == pytest.approx(polygon_area(ring), rel=1e-3)


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InvalidLabelError, match=r"rings\[0\]"):
        polygon_mask([np.array([[0, 0], [np.nan, 1], [1, 1]])], _HW)
    assert not polygon_mask([], _HW).any()
    assert not polygon_mask([np.array([[1e30, 0], [2e30, 0], [1e30, 9]])], _HW).any()
