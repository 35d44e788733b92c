import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import overlaps as reference

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import (
    bev_overlap,
    pairwise_bev_iou,
    pairwise_cuboid_iou,
    pairwise_upright_iou,
    quat_of_yaw,
    quat_wxyz_to_matrix,
    sparse_bev_iou,
    sparse_cuboid_iou,
    sparse_upright_iou,
    upright_overlap,
)

PLACE = st.one_of(st.integers(-4, 4).map(float), st.floats(-6, 6, width=32))
# Thinner than 6 cm, corners rounded at 1e-16 m already move the plain twin's IoU by 1e-12.
SIDE = st.one_of(st.integers(0, 5).map(float), st.floats(0.0625, 8, width=32))
YAW = st.one_of(st.sampled_from([0.0, np.pi / 2, -np.pi / 2, np.pi, np.pi / 4]), st.floats(-7, 7, width=32))


def rows(*columns, most=6):
    """(n, k) boxes; whole numbers and right angles make touching and equal boxes frequent."""
    return st.lists(st.tuples(*columns), max_size=most).map(
        lambda boxes: np.array(boxes, np.float64).reshape(-1, len(columns))
    )


BEV = rows(PLACE, PLACE, SIDE, SIDE, YAW)
UPRIGHT = rows(PLACE, PLACE, PLACE, SIDE, SIDE, SIDE, YAW)
QUAT = hnp.arrays(np.float64, 4, elements=st.floats(-1, 1, width=32)).filter(lambda q: q @ q > 0.1)

SIZE = st.tuples(*[st.floats(0.5, 6)] * 3)


def table(function, a, b):
    return np.array([[function(p, q) for q in b.tolist()] for p in a.tolist()]).reshape(len(a), len(b))


@given(BEV, BEV)
def test_iou_from_above_equals_its_plain_twin(a, b):
    np.testing.assert_allclose(pairwise_bev_iou(a, b), table(reference.bev_iou, a, b), rtol=0, atol=1e-12)


@given(UPRIGHT, UPRIGHT)
def test_iou_of_upright_cuboids_equals_its_plain_twin(a, b):
    expected = table(reference.upright_iou, a, b)
    np.testing.assert_allclose(pairwise_upright_iou(a, b), expected, rtol=0, atol=1e-12)


def random_bev(rng, n, spread, far=0.0):
    place = rng.uniform(-spread, spread, (n, 2)) + far
    return np.c_[place, rng.uniform(0.2, 8, (n, 2)), rng.uniform(-4, 4, n)]


@pytest.mark.parametrize("spread", [1, 5, 30])
def test_iou_from_above_equals_shapely(spread):
    shapely = pytest.importorskip("shapely")
    rng = np.random.default_rng(spread)
    a, b = random_bev(rng, 80, spread), random_bev(rng, 70, spread)
    p, q = (shapely.polygons([reference.bev_corners(box) for box in boxes]) for boxes in (a, b))
    shared = shapely.area(shapely.intersection(p[:, None], q[None]))
    expected = shared / (shapely.area(p)[:, None] + shapely.area(q)[None] - shared)
    np.testing.assert_allclose(pairwise_bev_iou(a, b), expected, rtol=0, atol=1e-12)


@given(BEV, BEV)
def test_iou_is_symmetric_to_the_last_bit_and_bounded(a, b):
    iou = pairwise_bev_iou(a, b)
    np.testing.assert_array_equal(iou, pairwise_bev_iou(b, a).T)
    assert np.all((iou >= 0) & (iou <= 1))


@given(UPRIGHT, UPRIGHT)
def test_upright_iou_is_symmetric_and_bounded(a, b):
    iou = pairwise_upright_iou(a, b)
    np.testing.assert_array_equal(iou, pairwise_upright_iou(b, a).T)
    assert np.all((iou >= 0) & (iou <= 1))


@given(BEV, BEV, st.sampled_from([0.0, 0.1, 0.5]))
def test_the_sparse_form_lists_what_the_dense_one_has_above_the_limit(a, b, above):
    dense, sparse = pairwise_bev_iou(a, b), sparse_bev_iou(a, b, above)
    np.testing.assert_array_equal(sparse.dense(), np.where(dense > above, dense, 0))
    order = sparse.row * max(1, len(b)) + sparse.column
    assert np.all(np.diff(order) > 0)
    assert len(sparse) == (dense > above).sum()


@given(UPRIGHT, UPRIGHT)
def test_the_sparse_forms_in_space_equal_the_dense_ones(a, b):
    dense = pairwise_upright_iou(a, b)
    np.testing.assert_array_equal(sparse_upright_iou(a, b).dense(), dense)
    solids = [part for boxes in (a, b) for part in (boxes[:, :3], boxes[:, 3:6], quat_of_yaw(boxes[:, 6]))]
    turned = pairwise_cuboid_iou(*solids)
    np.testing.assert_array_equal(sparse_cuboid_iou(*solids).dense(), turned)
    np.testing.assert_allclose(turned, dense, rtol=0, atol=1e-12)


@given(BEV, st.floats(-4, 4), st.floats(-100, 100))
def test_a_rigid_motion_changes_nothing(a, yaw, shift):
    cos, sin = np.cos(yaw), np.sin(yaw)
    moved = a.copy()
    moved[:, 0], moved[:, 1] = cos * a[:, 0] - sin * a[:, 1] + shift, sin * a[:, 0] + cos * a[:, 1] - shift
    moved[:, 4] += yaw
    # 1e-10: coordinates of 100 m hold 1e-14 m, which a box of a millimetre sees in its area.
    thick = (a[:, 2:4] > 1e-3).all(axis=1)
    before, after = pairwise_bev_iou(a[thick], a[thick]), pairwise_bev_iou(moved[thick], moved[thick])
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-10)


@given(UPRIGHT)
def test_a_box_with_volume_has_iou_one_with_itself(a):
    expected = (np.prod(a[:, 3:6], axis=1) > 0).astype(float)
    np.testing.assert_allclose(np.diag(pairwise_upright_iou(a, a)), expected, rtol=0, atol=1e-12)


def test_boxes_a_thousand_kilometres_away_are_as_exact_as_near_ones():
    a, b = np.array([[1e6, -1e6, 4, 2, 0.3]]), np.array([[1e6 + 1, -1e6 + 0.5, 4, 2, 0.9]])
    near_a, near_b = a - [[1e6, -1e6, 0, 0, 0]], b - [[1e6, -1e6, 0, 0, 0]]
    np.testing.assert_allclose(pairwise_bev_iou(a, b), pairwise_bev_iou(near_a, near_b), rtol=1e-14)


@pytest.mark.parametrize("yaw", [0.0, 0.3, np.pi / 4, 1.0])
def test_boxes_that_only_touch_do_not_overlap(yaw):
    ahead = 4 * np.array([np.cos(yaw), np.sin(yaw)])
    boxes = np.array([[0, 0, 4, 2, yaw], [*ahead, 4, 2, yaw]])
    assert pairwise_bev_iou(boxes, boxes)[0, 1] == 0
    assert len(sparse_bev_iou(boxes[:1], boxes[1:])) == 0


def test_small_boxes_inside_huge_ones_keep_their_overlap():
    huge, small = np.array([[0, 0, 1e5, 1e5, 0.7]]), np.array([[3.0, 4.0, 1e-2, 1e-2, 0.1]])
    np.testing.assert_allclose(bev_overlap(huge, small), [1e-4], rtol=1e-9)


def test_overlaps_row_by_row_are_areas_and_volumes():
    a, b = np.array([[0, 0, 4, 2, 0.0]]), np.array([[1, 0.5, 4, 2, 0.0]])
    np.testing.assert_allclose(bev_overlap(a, b), [3 * 1.5], rtol=1e-14)
    a, b = np.array([[0, 0, 0, 4, 2, 2, 0.0]]), np.array([[1, 0.5, 1, 4, 2, 2, 0.0]])
    np.testing.assert_allclose(upright_overlap(a, b), [3 * 1.5 * 1], rtol=1e-14)


@settings(max_examples=30)
@given(
    st.tuples(PLACE, PLACE, PLACE),
    st.tuples(*[st.floats(0.5, 6)] * 3),
    QUAT,
    st.tuples(*[st.floats(0.5, 6)] * 3),
    QUAT,
)
def test_cuboids_turned_any_way_equal_the_hull_of_their_half_spaces(place, size_a, quat_a, size_b, quat_b):
    center = np.array([place]) / 2
    iou = pairwise_cuboid_iou(np.zeros((1, 3)), [size_a], [quat_a], center, [size_b], [quat_b])
    shared = reference.cuboid_overlap(
        np.zeros(3), size_a, quat_wxyz_to_matrix(quat_a), center[0], size_b, quat_wxyz_to_matrix(quat_b)
    )
    if np.isfinite(shared):
        expected = shared / (np.prod(size_a) + np.prod(size_b) - shared)
        np.testing.assert_allclose(iou, [[expected]], rtol=0, atol=1e-9)  # the hull is the coarse one


@given(SIZE, QUAT, QUAT)
def test_turned_cuboids_are_symmetric_and_one_with_themselves_in_any_coords(size, quat, other):
    one = pairwise_cuboid_iou(np.ones((1, 3)), [size], [quat], np.ones((1, 3)), [size], [quat])
    np.testing.assert_allclose(one, [[1]], rtol=0, atol=1e-12)
    pair = (np.zeros((2, 3)), [size, size], [quat, other])
    iou = pairwise_cuboid_iou(*pair, *pair)
    np.testing.assert_array_equal(iou, iou.T)


def test_a_cube_turned_by_an_eighth_leaves_the_known_part():
    quat = [[np.cos(np.pi / 8), np.sin(np.pi / 8), 0, 0]]
    cube = (np.zeros((1, 3)), np.ones((1, 3)))
    shared = 2 * (np.sqrt(2) - 1)  # a regular octagon of inner radius 1/2
    iou = pairwise_cuboid_iou(*cube, [[1, 0, 0, 0]], *cube, quat)
    np.testing.assert_allclose(iou, [[shared / (2 - shared)]], rtol=0, atol=1e-14)


def test_no_boxes_are_no_pairs():
    none, one = np.zeros((0, 5)), np.array([[0, 0, 1, 1, 0.0]])
    assert pairwise_bev_iou(none, one).shape == (0, 1)
    assert pairwise_bev_iou(one, none).shape == (1, 0)
    assert sparse_bev_iou(one, none).dense().shape == (1, 0)


def test_messages_say_what_is_wrong():
    good = np.zeros((1, 5))
    with pytest.raises(InvalidLabelError, match=r"a: expected shape \(n, 5\), got \(1, 7\)"):
        pairwise_bev_iou(np.zeros((1, 7)), good)
    with pytest.raises(InvalidLabelError, match="b, row 0: expected finite numbers"):
        pairwise_bev_iou(good, np.full((1, 5), np.nan))
    with pytest.raises(InvalidLabelError, match=r"b, row 0: expected sides of at least 0, got \[-1"):
        pairwise_bev_iou(good, [[0, 0, -1, 1, 0]])
    with pytest.raises(InvalidLabelError, match=r"above: expected a number in \[0, 1\], got 2"):
        sparse_bev_iou(good, good, above=2)
