import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import (
    distort,
    distort_points,
    fold_radius,
    project,
    undistort,
    undistort_image,
    undistort_maps,
    undistort_points,
    unproject,
)

CAMERA = np.array([[1000.0, 0, 960], [0, 1010, 540], [0, 0, 1]])
BROWN4 = (-0.3, 0.1, 0.001, -0.0005)
BROWN5 = (*BROWN4, -0.01)
BROWN8 = (*BROWN5, 0.01, 0.02, 0.001)
FISHEYE = (-0.02, 0.01, -0.003, 0.0005)
LENSES = [("none", ()), ("brown", BROWN4), ("brown", BROWN5), ("brown", BROWN8), ("fisheye", FISHEYE)]


def points_in_view(n=300):
    return np.random.default_rng(0).uniform([-3, -2, 2.5], [3, 2, 9], (n, 3))


def opencv_projection(points, model, coefficients):
    zero = np.zeros(3)
    if model == "fisheye":
        return cv2.fisheye.projectPoints(points[:, None], zero, zero, CAMERA, np.array(coefficients))[0]
    return cv2.projectPoints(points, zero, zero, CAMERA, np.array(coefficients))[0]


@pytest.mark.parametrize(("model", "coefficients"), LENSES)
def test_projection_equals_opencvs(model, coefficients):
    points = points_in_view()
    uv, in_front = project(points, CAMERA, model, coefficients)
    assert in_front.all()
    np.testing.assert_allclose(uv, opencv_projection(points, model, coefficients).reshape(-1, 2), atol=1e-9)


@pytest.mark.parametrize(("model", "coefficients"), LENSES)
def test_unprojected_pixels_lie_on_the_rays_of_their_points(model, coefficients):
    points = points_in_view()
    uv, _ = project(points, CAMERA, model, coefficients)
    rays = unproject(uv, CAMERA, model, coefficients)
    np.testing.assert_allclose(rays * points[:, 2:], points, atol=1e-7)


@pytest.mark.parametrize(("model", "coefficients"), LENSES[1:])
def test_undistorted_points_equal_opencvs_after_many_iterations(model, coefficients):
    uv, _ = project(points_in_view(), CAMERA, model, coefficients)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-14)
    k = np.array(coefficients)
    if model == "fisheye":
        expected = cv2.fisheye.undistortPoints(uv[:, None], CAMERA, k, P=CAMERA, criteria=stop)
    else:
        # OpenCV 5 has one function for both.
        undistort = getattr(cv2, "undistortPointsIter", None) or cv2.undistortPoints
        expected = undistort(uv[:, None], CAMERA, k, R=np.eye(3), P=CAMERA, criteria=stop)
    ours = undistort_points(uv, CAMERA, model, coefficients)
    np.testing.assert_allclose(ours, expected.reshape(-1, 2), atol=1e-4)
    np.testing.assert_allclose(distort_points(ours, CAMERA, model, coefficients), uv, atol=1e-6)


@given(
    st.lists(st.floats(-0.4, 0.4), min_size=8, max_size=8),
    st.floats(0, 1.2),
    st.floats(-3.14, 3.14),
)
def test_what_a_brown_lens_bends_is_undone_inside_its_reach(radial, radius, angle):
    k = np.array(radial) * [1, 1, 0, 0, 1, 0.5, 0.5, 0.5]
    xy = radius * np.array([[np.cos(angle), np.sin(angle)]])
    if radius > 0.8 * fold_radius("brown", k):
        return
    np.testing.assert_allclose(undistort(distort(xy, "brown", k), "brown", k), xy, atol=1e-7)


def test_points_beyond_the_fold_of_a_lens_are_not_seen():
    folding = (-0.3, 0, 0.001, 0)
    fold = fold_radius("brown", folding)
    assert fold < 2
    # OpenCV's formula brings this point back into the image.
    point = np.array([[fold * 1.55, 0.0, 1.0]])
    u = opencv_projection(point, "brown", folding).reshape(2)[0]
    assert 0 < u < 1920
    uv, in_front = project(point, CAMERA, "brown", folding)
    assert not in_front[0]
    assert np.isnan(uv).all()


def test_points_behind_or_at_the_camera_are_nan():
    uv, in_front = project([[0, 0, -5], [0, 0, 0.1], [0, 0, 0], [np.nan, 0, 5], [0, 0, 5]], CAMERA)
    np.testing.assert_array_equal(in_front, [False, False, False, False, True])
    assert np.isnan(uv[:4]).all()
    np.testing.assert_array_equal(uv[4], [960, 540])


def test_a_shift_by_half_a_pixel_is_opencvs_convention():
    """uv and the principal point move together between corner and centre conventions."""
    shift = np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    points = points_in_view()
    ours, _ = project(points, CAMERA + shift, "brown", BROWN5)
    np.testing.assert_allclose(
        ours - 0.5, opencv_projection(points, "brown", BROWN5).reshape(-1, 2), atol=1e-9
    )


@pytest.mark.parametrize(("model", "coefficients"), LENSES[1:])
def test_undistorted_image_equals_opencvs_with_the_half_pixel_taken_off(model, coefficients):
    image = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 3)
    camera = np.array([[50.0, 0, 41], [0, 51, 29], [0, 0, 1]])
    maps = undistort_maps(camera, (60, 80), model, coefficients)
    ours = undistort_image(image, maps)
    centre = camera - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    k = np.array(coefficients)
    init = cv2.fisheye.initUndistortRectifyMap if model == "fisheye" else cv2.initUndistortRectifyMap
    map_x, map_y = init(centre, k, np.eye(3), centre, (80, 60), cv2.CV_32FC1)
    expected = cv2.remap(image, map_x, map_y, cv2.INTER_LINEAR)
    reached = maps[0] != -1
    assert reached.mean() > 0.7
    assert np.abs(ours.astype(int) - expected)[reached].max() <= 2
    labels = undistort_image((image[..., 0] > 128).astype(np.uint8) * 7, maps, nearest=True)
    assert set(np.unique(labels)) <= {0, 7}


def test_a_pixel_of_the_undistorted_image_is_where_points_say():
    """A bright dot, seen through the lens, lands where undistort_points puts it, to a tenth of a pixel."""
    camera = np.array([[150.0, 0, 160], [0, 150, 120], [0, 0, 1]])
    dot = np.array([[60.5, 50.5]])  # the centre of pixel (50, 60)
    image = np.zeros((240, 320), np.float32)
    image[50, 60] = 1
    image = cv2.GaussianBlur(image, (0, 0), 1)
    flat = undistort_image(image, undistort_maps(camera, (240, 320), "brown", (-0.25, 0.05, 0, 0)))
    v, u = np.mgrid[0:240, 0:320] + 0.5
    seen = np.array([(flat * u).sum(), (flat * v).sum()]) / flat.sum()
    expected = undistort_points(dot, camera, "brown", (-0.25, 0.05, 0, 0))[0]
    np.testing.assert_allclose(seen, expected, atol=0.1)


def test_bad_cameras_and_lenses_are_named():
    with pytest.raises(InvalidLabelError, match=r"no lens 'browm'\. Did you mean 'brown'"):
        project(points_in_view(), CAMERA, "browm", BROWN4)
    with pytest.raises(InvalidLabelError, match="coefficients of fisheye: expected 4 numbers, got 5"):
        project(points_in_view(), CAMERA, "fisheye", BROWN5)
    with pytest.raises(InvalidLabelError, match="positive focal lengths, got 0 and 1"):
        project(points_in_view(), np.diag([0.0, 1, 1]))
    with pytest.raises(InvalidLabelError, match=r"points_cam: expected shape \(n, 3\), got \(4, 2\)"):
        project(np.zeros((4, 2)), CAMERA)
    maps = undistort_maps(CAMERA, (4, 6), "none", ())
    with pytest.raises(InvalidLabelError, match=r"expected size \(4, 6\) as in maps, got \(6, 4\)"):
        undistort_image(np.zeros((6, 4), np.uint8), maps)


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(0, 20), st.just(3)),
        elements=st.one_of(st.floats(-50, 50), st.sampled_from([0.1, np.nan, np.inf])),
    )
)
def test_without_a_lens_points_land_where_the_plain_formula_puts_them(points):
    matrix = CAMERA.copy()
    matrix[0, 1] = 0.7
    uv, in_front = project(points, matrix)
    for point, place, seen in zip(points.tolist(), uv.tolist(), in_front.tolist(), strict=True):
        x, y, depth = point
        assert seen == bool(depth > 0.1 and np.isfinite(x / depth) and np.isfinite(y / depth))
        if seen:
            expected = matrix[:2] @ [x / depth, y / depth, 1]
            np.testing.assert_allclose(place, expected, rtol=1e-13, atol=1e-10)
        else:
            assert np.isnan(place).all()
