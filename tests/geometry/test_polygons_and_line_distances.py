import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import overlaps as reference

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import (
    chamfer_distance,
    frechet_distance,
    lane_iou,
    lane_mask,
    pairwise_bev_iou,
    pairwise_chamfer,
    pairwise_frechet,
    pairwise_polygon_iou,
    polygon_area,
    polygon_overlap,
)


def star(rng, n_corners, middle):
    """A simple polygon, seldom convex: corners at random distances round a middle."""
    angle = (np.arange(n_corners) + rng.uniform(0, 0.9, n_corners)) * 2 * np.pi / n_corners
    reach = rng.uniform(0.3, 3, (n_corners, 1))
    return middle + reach * np.stack([np.cos(angle), np.sin(angle)], axis=1)


@pytest.mark.parametrize("seed", range(5))
def test_polygon_iou_equals_shapely_for_stars_either_way_round(seed):
    shapely = pytest.importorskip("shapely")
    rng = np.random.default_rng(seed)
    a, b = ([star(rng, rng.integers(4, 20), rng.normal(0, 2, 2)) for _ in range(25)] for _ in range(2))
    a[0], b[0] = a[0][::-1], b[0][::-1]
    p, q = (np.array([shapely.Polygon(ring) for ring in rings]) for rings in (a, b))
    shared = shapely.area(shapely.intersection(p[:, None], q[None]))
    expected = shared / (shapely.area(p)[:, None] + shapely.area(q)[None] - shared)
    np.testing.assert_allclose(pairwise_polygon_iou(a, b), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose([polygon_area(ring) for ring in a], shapely.area(p), rtol=1e-12)


SIDES = st.tuples(
    st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 4), st.integers(0, 4), st.integers(0, 7)
)


@given(st.lists(SIDES, max_size=5), st.lists(SIDES, max_size=5))
def test_polygons_that_are_turned_boxes_have_the_ious_of_boxes(a, b):
    boxes = [np.array(rows, np.float64).reshape(-1, 5) * [1, 1, 1, 1, np.pi / 8] for rows in (a, b)]
    rings = [[np.array(reference.bev_corners(row)) for row in table] for table in boxes]
    np.testing.assert_allclose(pairwise_polygon_iou(*rings), pairwise_bev_iou(*boxes), rtol=0, atol=1e-12)


def test_polygons_that_share_an_edge_do_not_overlap_and_degenerate_ones_have_no_area():
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
    right, corner = np.array([1, 0]), np.array([1, 1])
    rings = [square, square + right, square + corner, square[:2], square[:0], square[[0, 1, 0]]]
    np.testing.assert_array_equal(pairwise_polygon_iou(rings, rings), np.diag([1, 1, 1, 0, 0, 0]))
    assert polygon_overlap(square, square + 0.5) == 0.25
    assert polygon_overlap(square, square[:0]) == 0
    assert polygon_area(square[:0]) == 0


def test_a_polygon_with_a_notch_keeps_its_notch():
    notched = np.array([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4.0]])
    filler = np.array([[0, 4], [2, 1], [4, 4.0]])
    assert polygon_overlap(notched, filler) < 1e-12
    np.testing.assert_allclose(polygon_overlap(notched, [[1, 0], [3, 0], [3, 9], [1, 9]]), 3.5)


LINES = st.lists(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.just(2)), elements=st.floats(-50, 50, width=32)),
    max_size=3,
)


@given(LINES, LINES)
def test_line_distances_equal_their_plain_twins(a, b):
    for fast, plain in ((pairwise_chamfer, reference.chamfer), (pairwise_frechet, reference.frechet)):
        expected = np.array([[plain(p.tolist(), q.tolist()) for q in b] for p in a]).reshape(len(a), len(b))
        np.testing.assert_allclose(fast(a, b), expected, rtol=1e-12, atol=1e-12)


@given(LINES, LINES)
def test_line_distances_are_symmetric_zero_for_equal_lines_and_chamfer_is_the_smaller(a, b):
    for distance in (pairwise_chamfer, pairwise_frechet):
        np.testing.assert_allclose(distance(a, b), distance(b, a).T, rtol=1e-12)
        np.testing.assert_array_equal(np.diag(distance(a, a)), 0)
    assert np.all(pairwise_chamfer(a, b) <= pairwise_frechet(a, b) * (1 + 1e-12))


def test_a_shift_of_a_line_is_its_distance_in_any_dimension():
    line = np.stack([np.arange(20.0), np.zeros(20), np.zeros(20)], axis=1)
    moved = line + np.array([0, 3, 4])
    assert frechet_distance(line, moved) == 5
    assert chamfer_distance(line, moved) == 5
    assert frechet_distance(line, line[::-1]) == 19  # walked the other way it is far


LANES = st.lists(
    hnp.arrays(np.float64, st.tuples(st.integers(0, 5), st.just(2)), elements=st.floats(-30, 130)), max_size=3
)


@given(LANES, LANES, st.sampled_from([1, 2, 7, 30]))
def test_lane_iou_is_the_iou_of_the_drawn_lines(a, b, width):
    masks = [[lane_mask(line, (60, 100), width) for line in lines] for lines in (a, b)]
    expected = [[(p & q).sum() / max(1, (p | q).sum()) for q in masks[1]] for p in masks[0]]
    iou = lane_iou(a, b, (60, 100), width)
    np.testing.assert_array_equal(iou, np.array(expected).reshape(len(a), len(b)))


def test_lines_are_drawn_as_cv2_draws_each_piece():
    line, image = np.array([[10.9, 3.2], [40.1, 50.7], [90, 55]]), np.zeros((60, 100), np.uint8)
    cv2.line(image, (10, 3), (40, 50), 1, 30)
    cv2.line(image, (40, 50), (90, 55), 1, 30)
    np.testing.assert_array_equal(lane_mask(line, (60, 100), 30), image == 1)


def test_messages_say_what_is_wrong():
    with pytest.raises(InvalidLabelError, match=r"b\[0\]: expected shape \(n, 2\), got \(3, 3\)"):
        pairwise_polygon_iou([], [np.zeros((3, 3))])
    with pytest.raises(InvalidLabelError, match=r"a\[0\]: expected at least one point, got none"):
        pairwise_frechet([np.zeros((0, 2))], [])
    with pytest.raises(InvalidLabelError, match=r"expected points of one dimension, got \[2, 3\]"):
        chamfer_distance(np.zeros((1, 2)), np.zeros((1, 3)))
    with pytest.raises(InvalidLabelError, match="width_px: expected a whole number of at least 1, got 0"):
        lane_iou([], [], (10, 10), 0)
    with pytest.raises(InvalidLabelError, match=r"a\[0\], row 0: expected finite numbers"):
        lane_iou([[[np.nan, 0]]], [], (10, 10))
