import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import geometry as reference

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import (
    CORNER_SIGNS,
    CUBOID_EDGES,
    count_points_in_cuboids,
    cuboid_corners,
    cuboid_of_points,
    distort_points,
    points_in_cuboids,
    project,
    project_cuboids,
    quat_of_yaw,
    quat_wxyz_to_matrix,
)

CAMERA = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
IMAGE_HW = (480, 640)
NEAR = 0.1
BROWN = (-0.25, 0.08, 0.0005, -0.0005)


@st.composite
def cuboids(draw, reach=12.0):
    """Centre, size and orientation of one cuboid, some of them round the origin."""
    place = st.floats(-reach, reach)
    center = np.array([[draw(place), draw(place), draw(place)]])
    size = np.array([[draw(st.floats(0.2, 8)) for _ in range(3)]])
    quat = np.array([[draw(st.floats(-1, 1)) for _ in range(4)]])
    length = np.linalg.norm(quat)
    return center, size, quat / length if length > 1e-3 else np.array([[1.0, 0, 0, 0]])


def test_corners_follow_the_documented_order():
    corners = cuboid_corners([[10, 0, 1]], [[4, 2, 1.5]], [[1, 0, 0, 0]])[0]
    np.testing.assert_array_equal(corners - [10, 0, 1], CORNER_SIGNS * [2, 1, 0.75])
    turned = cuboid_corners([[0, 0, 0]], [[4, 2, 1.5]], quat_of_yaw(np.array([np.pi / 2])))[0]
    np.testing.assert_allclose(turned[0], [-1, 2, -0.75], atol=1e-12)  # front left points to +y


def test_each_edge_joins_corners_that_differ_in_one_side_and_none_occurs_twice():
    signs = CORNER_SIGNS[CUBOID_EDGES]
    np.testing.assert_array_equal((signs[:, 0] != signs[:, 1]).sum(axis=1), 1)
    assert len({frozenset(edge) for edge in CUBOID_EDGES.tolist()}) == 12


@given(st.lists(cuboids(), max_size=5), st.integers(0, 10_000))
def test_points_inside_equal_the_plain_twin(boxes, seed):
    center, size, quat = (
        np.concatenate([box[k] for box in boxes]) if boxes else np.zeros((0, tail))
        for k, tail in enumerate((3, 3, 4))
    )
    points = np.random.default_rng(seed).uniform(-14, 14, (60, 3))
    points = np.concatenate([points, center, [[np.nan, 0, 0], [1e9, 1e9, 0]]])
    rotation = quat_wxyz_to_matrix(quat)
    expected = np.array(
        [
            [reference.point_in_cuboid(p, *box) for p in points]
            for box in zip(center, size, rotation, strict=True)
        ]
    ).reshape(len(center), len(points))
    np.testing.assert_array_equal(points_in_cuboids(points, center, size, quat), expected)
    np.testing.assert_array_equal(count_points_in_cuboids(points, center, size, quat), expected.sum(axis=1))
    first = np.where(expected.any(axis=0), expected.argmax(axis=0), -1) if boxes else np.full(len(points), -1)
    np.testing.assert_array_equal(cuboid_of_points(points, center, size, quat), first)


def test_far_from_the_origin_and_far_apart_no_point_is_missed():
    center = np.array([[500_000.0, 4_000_000, 30], [500_000, 4_100_000, 30], [400_000, 4_000_000, 30]])
    size, quat = np.full((3, 3), 2.0), np.tile([1.0, 0, 0, 0], (3, 1))
    corners = cuboid_corners(center, size, quat).reshape(-1, 3)
    np.testing.assert_array_equal(count_points_in_cuboids(corners, center, size, quat), [8, 8, 8])


@given(cuboids())
def test_edges_equal_densely_sampled_ones_beyond_the_near_plane(cuboid):
    """Every point of an edge that a camera sees lies on the drawn piece, and its ends are seen points."""
    corners = cuboid_corners(*cuboid)
    drawn = project_cuboids(corners, CAMERA, IMAGE_HW, near=NEAR).edges_uv[0]
    weight = np.linspace(0, 1, 400)[:, None]
    for edge, piece in zip(CUBOID_EDGES, drawn, strict=True):
        a, b = corners[0, edge]
        points = (1 - weight) * a + weight * b
        points = points[points[:, 2] > NEAR]
        uv, _ = project(points, CAMERA)
        seen = uv[np.isfinite(uv).all(axis=1) & (uv >= 0).all(axis=1) & (uv <= IMAGE_HW[::-1]).all(axis=1)]
        if len(seen):
            assert np.isfinite(piece).all()
            off = [reference.distance_to_polyline(point, piece) for point in seen]
            assert max(off) < 1e-5
        if np.isfinite(piece).all():
            width, height = IMAGE_HW[::-1]
            assert (piece >= [-0.03 * width, -0.03 * height]).all()
            assert (piece <= [1.03 * width, 1.03 * height]).all()
            ray = np.append((piece[0] - CAMERA[:2, 2]) / 500, 1.0)
            # The end's ray meets the edge: the three are in one plane.
            volume = np.linalg.det(np.stack([ray, a, b])) / (1 + np.linalg.norm(a) * np.linalg.norm(b))
            assert abs(volume) < 1e-7


@settings(max_examples=60)
@given(cuboids())
def test_the_box_is_tight_round_the_visible_solid(cuboid):
    corners = cuboid_corners(*cuboid)
    result = project_cuboids(corners, CAMERA, IMAGE_HW, near=NEAR)
    pixels = reference.solid_pixels(corners[0], CAMERA, IMAGE_HW, NEAR)
    if not result.in_image[0]:
        assert len(pixels) == 0
        assert np.isnan(result.xyxy[0]).all()
        return
    left, top, right, bottom = result.xyxy[0]
    assert 0 <= left <= right <= 640
    assert 0 <= top <= bottom <= 480
    if len(pixels):
        assert (pixels >= [left - 1e-6, top - 1e-6]).all()
        assert (pixels <= [right + 1e-6, bottom + 1e-6]).all()


def test_the_box_touches_the_solid_on_all_sides():
    corners = cuboid_corners([[1.0, 0.3, 6]], [[2, 1.5, 3]], [[0.9, 0.1, 0.3, 0.2]])
    pixels = reference.solid_pixels(corners[0], CAMERA, IMAGE_HW, NEAR)
    expected = [*pixels.min(axis=0), *pixels.max(axis=0)]
    np.testing.assert_allclose(project_cuboids(corners, CAMERA, IMAGE_HW).xyxy[0], expected, atol=1e-6)


def test_a_box_cut_by_a_corner_of_the_image_is_tighter_than_its_clipped_corners():
    """A long thing across the image's corner: only the part inside counts."""
    corners = np.array([[[-9.0, 0, 10], [0, -9, 10], [0, -9.1, 10], [-9.1, 0, 10]] * 2])
    corners[:, 4:, 2] = 10.1
    result = project_cuboids(corners, CAMERA, IMAGE_HW)
    np.testing.assert_allclose(result.xyxy[0, :2], [0, 0], atol=1e-9)
    assert result.xyxy[0, 2] < 320 - 40
    assert result.xyxy[0, 3] < 240


def test_a_cuboid_round_the_camera_fills_the_image_and_one_behind_it_is_unseen():
    corners = cuboid_corners([[0, 0, 0], [0, 0, -9]], [[6, 6, 6], [2, 2, 2]], [[1, 0, 0, 0]] * 2)
    result = project_cuboids(corners, CAMERA, IMAGE_HW)
    np.testing.assert_array_equal(result.in_image, [True, False])
    np.testing.assert_allclose(result.xyxy[0], [0, 0, 640, 480])
    assert np.isnan(result.edges_uv[1]).all()


@given(cuboids(reach=6.0))
def test_through_a_lens_the_box_holds_every_visible_point(cuboid):
    corners = cuboid_corners(*cuboid)
    result = project_cuboids(corners, CAMERA, IMAGE_HW, "brown", BROWN)
    grid = np.linspace(-1, 1, 12)
    weights = np.stack(np.meshgrid(grid, grid, grid), axis=-1).reshape(-1, 3)
    center, size, quat = cuboid
    points = center + (weights * size / 2) @ quat_wxyz_to_matrix(quat)[0].T
    uv, seen = project(points, CAMERA, "brown", BROWN)
    uv = uv[seen]
    uv = uv[(uv >= 0).all(axis=1) & (uv <= IMAGE_HW[::-1]).all(axis=1)]
    if len(uv):
        assert result.in_image[0]
        assert (uv >= result.xyxy[0, :2] - 0.5).all()
        assert (uv <= result.xyxy[0, 2:] + 0.5).all()


def test_edges_bend_with_the_lens():
    corners = cuboid_corners([[0, 0, 5]], [[5, 3, 1]], [[1, 0, 0, 0]])
    straight = project_cuboids(corners, CAMERA, IMAGE_HW).edges_uv
    bent = project_cuboids(corners, CAMERA, IMAGE_HW, "brown", BROWN).edges_uv
    assert straight.shape == (1, 12, 2, 2)
    assert bent.shape == (1, 12, 17, 2)
    middle = straight.mean(axis=2)[0]
    expected = distort_points(middle, CAMERA, "brown", BROWN)
    inside = np.isfinite(bent[0]).all(axis=(1, 2)) & (
        np.ptp(np.abs(corners[0, CUBOID_EDGES, 2]), axis=1) == 0
    )
    for row in np.flatnonzero(inside):
        assert reference.distance_to_polyline(expected[row], bent[0, row]) < 0.2


def test_no_cuboids_are_fine_and_bad_ones_are_named():
    none = project_cuboids(np.zeros((0, 8, 3)), CAMERA, IMAGE_HW)
    assert none.xyxy.shape == (0, 4)
    assert none.edges_uv.shape == (0, 12, 2, 2)
    with pytest.raises(InvalidLabelError, match=r"corners_cam: expected shape \(n, 8, 3\)"):
        project_cuboids(np.zeros((8, 3)), CAMERA, IMAGE_HW)
    with pytest.raises(InvalidLabelError, match=r"size_lwh: expected shape \(1, 3\), got \(2, 3\)"):
        cuboid_corners(np.zeros((1, 3)), np.zeros((2, 3)), np.ones((1, 4)))
