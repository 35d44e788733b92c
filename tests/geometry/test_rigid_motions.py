import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import geometry as reference
from scipy.spatial.transform import Rotation

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import (
    interpolate_poses,
    invert_rigid,
    matrix_to_quat_wxyz,
    pose_matrix,
    quat_of_yaw,
    quat_wxyz_to_matrix,
    transform_points,
    yaw_of_quat,
)

SOME_TIME = 1_700_000_000_000_000_001  # ns since 1970: float64 would lose the last digits


@st.composite
def quats(draw, n):
    raw = draw(hnp.arrays(np.float64, (n, 4), elements=st.floats(-1, 1)))
    length = np.linalg.norm(raw, axis=1, keepdims=True)
    assume((length > 1e-3).all())
    return raw / length


@st.composite
def trips(draw):
    """Rising times, positions and orientations of 1 to 6 poses."""
    steps = draw(st.lists(st.integers(1, 10**10), min_size=0, max_size=5))
    times = SOME_TIME + np.cumsum(np.array([0, *steps], np.int64))
    place = draw(hnp.arrays(np.float64, (len(times), 3), elements=st.floats(-1e6, 1e6)))
    return times, place, draw(quats(len(times)))


@given(quats(4))
def test_matrix_of_a_quaternion_equals_scipys(quat):
    expected = Rotation.from_quat(quat[:, [1, 2, 3, 0]]).as_matrix()
    np.testing.assert_allclose(quat_wxyz_to_matrix(quat), expected, atol=1e-14)


@given(quats(4))
def test_quaternion_and_matrix_are_inverse_up_to_sign(quat):
    again = matrix_to_quat_wxyz(quat_wxyz_to_matrix(quat))
    np.testing.assert_allclose(np.abs(np.sum(again * quat, axis=1)), 1, atol=1e-12)
    assert (again[:, 0] >= 0).all()


@pytest.mark.parametrize("axis", range(4))
def test_quaternions_of_half_turns_come_back(axis):
    quat = np.eye(4)[axis]
    np.testing.assert_array_equal(matrix_to_quat_wxyz(quat_wxyz_to_matrix(quat)), quat)


@given(st.floats(-3.14, 3.14))
def test_yaw_comes_back(yaw):
    assert yaw_of_quat(quat_of_yaw(yaw)) == pytest.approx(yaw, abs=1e-12)


def test_a_left_turn_has_positive_yaw():
    np.testing.assert_allclose(quat_wxyz_to_matrix(quat_of_yaw(np.pi / 2)) @ [1, 0, 0], [0, 1, 0], atol=1e-15)


@given(quats(3), hnp.arrays(np.float64, (3, 3), elements=st.floats(-1e4, 1e4)))
def test_a_motion_and_its_inverse_cancel(quat, place):
    motion = pose_matrix(place, quat)
    np.testing.assert_allclose(
        motion @ invert_rigid(motion), np.broadcast_to(np.eye(4), (3, 4, 4)), atol=1e-10
    )
    there = transform_points(motion[0], place)
    np.testing.assert_allclose(transform_points(invert_rigid(motion[0]), there), place, atol=1e-9)
    one_each = transform_points(motion, place)
    for row in range(3):
        np.testing.assert_allclose(one_each[row], transform_points(motion[row], place[row : row + 1])[0])


@given(trips())
def test_known_times_give_the_known_poses_exactly(trip):
    times, place, quat = trip
    np.testing.assert_array_equal(interpolate_poses(times, place, quat, times), pose_matrix(place, quat))


@given(trips(), st.data())
def test_times_between_follow_lines_and_scipys_slerp(trip, data):
    times, place, quat = trip
    assume(len(times) > 1)
    row = data.draw(st.integers(0, len(times) - 2))
    # Half a turn has two short ways; neither is wrong.
    assume(abs(quat[row] @ quat[row + 1]) > 1e-3)
    when = data.draw(st.integers(int(times[row]), int(times[row + 1])))
    weight = (when - int(times[row])) / (int(times[row + 1]) - int(times[row]))
    pose = interpolate_poses(times, place, quat, np.array([when]))[0]
    np.testing.assert_allclose(
        pose[:3, 3], place[row] + weight * (place[row + 1] - place[row]), rtol=1e-9, atol=1e-6
    )
    np.testing.assert_allclose(
        pose[:3, :3], reference.slerp_matrix(quat[row], quat[row + 1], weight), atol=1e-7
    )


@given(trips(), st.data())
def test_the_sign_of_a_quaternion_does_not_matter(trip, data):
    times, place, quat = trip
    signs = np.array(data.draw(st.lists(st.sampled_from([-1, 1]), min_size=len(times), max_size=len(times))))
    # At exactly half a turn the sign decides between two equally short ways.
    assume((np.abs(np.sum(quat[1:] * quat[:-1], axis=1)) > 1e-6).all())
    wanted = np.linspace(times[0], times[-1], 7).astype(np.int64).clip(times[0], times[-1])
    flipped = interpolate_poses(times, place, quat * signs[:, None], wanted)
    np.testing.assert_allclose(flipped, interpolate_poses(times, place, quat, wanted), atol=1e-9)


def test_one_nanosecond_is_not_lost():
    times = np.array([SOME_TIME, SOME_TIME + 4])
    place = np.array([[0.0, 0, 0], [4, 0, 0]])
    poses = interpolate_poses(times, place, np.tile([1.0, 0, 0, 0], (2, 1)), SOME_TIME + np.arange(5))
    np.testing.assert_array_equal(poses[:, 0, 3], [0, 1, 2, 3, 4])


def test_bad_poses_are_named():
    one = np.array([[1.0, 0, 0, 0]])
    with pytest.raises(InvalidLabelError, match="expected a time from 5 to 5 ns, got 6"):
        interpolate_poses(np.array([5]), np.zeros((1, 3)), one, np.array([6]))
    with pytest.raises(InvalidLabelError, match="row 1: time must rise"):
        interpolate_poses(np.array([5, 5]), np.zeros((2, 3)), np.repeat(one, 2, 0), np.array([5]))
    with pytest.raises(InvalidLabelError, match="at least one pose"):
        interpolate_poses(np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros((0, 4)), np.array([5]))
    with pytest.raises(InvalidLabelError, match="row 0: a zero quaternion is no rotation"):
        quat_wxyz_to_matrix(np.zeros((1, 4)))
    with pytest.raises(InvalidLabelError, match=r"expected shape \(\.\.\., 4\)"):
        quat_wxyz_to_matrix(np.zeros((1, 3)))
