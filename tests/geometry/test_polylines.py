import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import geometry as reference

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import arc_lengths, distance_to_polyline, polyline_x_at_y, resample_polyline

COORDINATE = st.integers(-50, 50).map(float) | st.floats(-1e3, 1e3, width=32)


def lines(min_points=1):
    return hnp.arrays(np.float64, st.tuples(st.integers(min_points, 8), st.just(2)), elements=COORDINATE)


@given(lines(), hnp.arrays(np.float64, (5, 2), elements=COORDINATE))
def test_distance_equals_its_plain_twin(line, points):
    expected = [reference.distance_to_polyline(point, line) for point in points]
    np.testing.assert_allclose(distance_to_polyline(points, line), expected, atol=1e-6, rtol=1e-6)


@given(lines(), st.integers(2, 30))
def test_resampled_points_lie_on_the_line_and_keep_its_ends(line, n_points):
    points = resample_polyline(line, n_points)
    assert points.shape == (n_points, 2)
    np.testing.assert_array_equal(points[[0, -1]], line[[0, -1]])
    assert distance_to_polyline(points, line).max() < 1e-6 * (1 + np.abs(line).max())


def test_points_of_a_straight_line_are_at_equal_distances():
    line = np.array([[0.0, 0], [1, 0], [1, 0], [10, 0]])
    np.testing.assert_allclose(resample_polyline(line, 5)[:, 0], [0, 2.5, 5, 7.5, 10])
    np.testing.assert_array_equal(arc_lengths(line), [0, 1, 1, 10])


@given(lines(min_points=2), hnp.arrays(np.float64, 6, elements=COORDINATE))
def test_x_at_y_equals_its_plain_twin(line, y):
    expected = [reference.x_at_y(line, value) for value in y]
    np.testing.assert_allclose(polyline_x_at_y(line, y), expected, atol=1e-6, rtol=1e-6)


def test_empty_lines_and_bad_numbers_are_refused():
    with pytest.raises(InvalidLabelError, match="line: expected at least one point"):
        polyline_x_at_y(np.zeros((0, 2)), np.zeros(1))
    with pytest.raises(InvalidLabelError, match="line, row 1: expected finite"):
        distance_to_polyline(np.zeros((1, 2)), [[0, 0], [np.nan, 0]])
    with pytest.raises(InvalidLabelError, match="n_points: expected at least 2, got 1"):
        resample_polyline(np.zeros((3, 2)), 1)
