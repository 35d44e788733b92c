from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from drivelabel.media.draw.canvas import Canvas, clip_segments, dashes, dashes_along
from drivelabel.media.draw.style import INK, readable

WHITE = np.full((60, 80, 3), 255, np.uint8)
coordinate = st.floats(-1e7, 1e7)


def segments(reach: float) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, st.tuples(st.integers(0, 8), st.just(4)), elements=st.floats(-reach, reach))


def test_the_image_that_is_drawn_on_is_left_alone() -> None:
    canvas = Canvas(WHITE)
    canvas.outline([(10, 10), (50, 40)], (255, 0, 0), 2)
    assert (WHITE == 255).all()
    assert (canvas.pixels != 255).any()


def test_an_outline_is_dark_beside_its_colour() -> None:
    canvas = Canvas(WHITE)
    canvas.outline([(0, 30.5), (80, 30.5)], (255, 0, 0), 2)
    column = canvas.pixels[:, 40].astype(int)
    assert (column[29:32] == (255, 0, 0)).all()
    assert (column[[28, 32]].max(axis=1) < 100).all()
    assert (column[[26, 34]] == 255).all()


def test_a_dot_lies_in_the_pixel_that_its_coordinates_name() -> None:
    canvas = Canvas(WHITE)
    canvas.dots(np.array([[10.5, 20.5], [79.99, 59.99]]), np.array([[0, 0, 0], [0, 0, 0]], np.uint8))
    changed = np.argwhere((canvas.pixels != 255).any(axis=2))
    assert changed.tolist() == [[20, 10], [59, 79]]


def test_shapes_are_given_in_image_pixels_whatever_the_scale() -> None:
    canvas = Canvas(WHITE, scale=2.0)
    canvas.outline([(0, 30), (80, 30)], (0, 0, 255), 2)
    assert canvas.hw == (120, 160)
    assert (canvas.pixels[59:61, 80] == (0, 0, 255)).all()


@given(arrays(np.float64, (4, 2), elements=coordinate))
def test_shapes_far_outside_do_no_harm(points: np.ndarray) -> None:
    canvas = Canvas(WHITE)
    canvas.outline(points, (255, 0, 0), 3, closed=True, dash=(5, 3))
    canvas.fill(points, (0, 255, 0), 0.5)
    canvas.segments(points.reshape(2, 4), (0, 0, 255), 2)
    assert canvas.pixels.shape == WHITE.shape


def test_text_outside_the_picture_is_cut() -> None:
    canvas = Canvas(WHITE)
    for at in ((-500, 5), (500, 5), (5, -500), (5, 500), (-3, -3), (70, 55)):
        canvas.text([("car #7", INK)], at, 14)
    assert (canvas.pixels != 255).any()


@given(
    arrays(np.float64, (3, 2), elements=st.floats(-500, 500)),
    st.floats(1, 30),
    st.floats(1, 30),
)
def test_dashes_begin_and_end_at_the_corners(points: np.ndarray, dash: float, gap: float) -> None:
    pieces = dashes(points, dash, gap)
    ends = np.concatenate(pieces)
    for corner in points:
        assert np.abs(ends - corner).sum(axis=1).min() < 1e-6
    drawn = sum(np.linalg.norm(piece[1] - piece[0]) for piece in pieces)
    assert drawn <= np.linalg.norm(np.diff(points, axis=0), axis=1).sum() + 1e-6


def test_an_open_line_is_dashed_along_its_length_whatever_its_bends() -> None:
    bent = np.stack([np.arange(0, 101, 2.0), np.zeros(51)], axis=1)
    straight = dashes_along(bent[[0, -1]], 10, 5)
    for own, whole in zip(dashes_along(bent, 10, 5), straight, strict=True):
        np.testing.assert_allclose(own[[0, -1]], whole)
        np.testing.assert_allclose(np.diff(own[:, 0]).sum(), whole[1, 0] - whole[0, 0])
    assert [piece[0, 0] for piece in straight] == [0, 15, 30, 45, 60, 75, 90]


def test_a_line_without_length_has_no_dashes() -> None:
    assert dashes_along(np.zeros((3, 2)), 10, 5) == []


@given(segments(300))
def test_clipped_segments_lie_on_the_lines_and_inside(given_segments: np.ndarray) -> None:
    kept = clip_segments(given_segments, (100.0, 50.0), margin=10.0)
    ends = kept.reshape(-1, 2)
    assert (ends >= -10 - 1e-6).all()
    assert (ends <= np.array([110, 60]) + 1e-6).all()


@given(segments(300))
def test_no_visible_part_of_a_segment_is_lost(given_segments: np.ndarray) -> None:
    along = np.linspace(0, 1, 201)[:, None]
    points = [start + along * (stop - start) for start, stop in given_segments.reshape(-1, 2, 2)]
    inside = sum(((p > -10 + 1e-6) & (p < np.array([110, 60]) - 1e-6)).all(axis=1).sum() >= 2 for p in points)
    assert len(clip_segments(given_segments, (100.0, 50.0), margin=10.0)) >= inside


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_colours_of_text_can_be_read_on_dark(color: tuple[int, int, int]) -> None:
    assert np.dot(readable(color), (0.2126, 0.7152, 0.0722)) > 105
