from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.scene import Poses


@st.composite
def poses(draw: Any) -> Poses:
    """Up to five poses at rising times, with any rotations."""
    times = sorted(draw(st.sets(st.integers(-(10**6), 10**6), min_size=1, max_size=5)))
    n = len(times)
    number = st.floats(-1, 1)
    rows = draw(st.lists(st.tuples(number, number, number, number), min_size=n, max_size=n))
    quat = np.array(rows) + np.where(np.linalg.norm(rows, axis=1) < 0.1, 1.0, 0.0)[:, None]
    quat /= np.linalg.norm(quat, axis=1, keepdims=True)
    metres = st.floats(-1e6, 1e6)
    translation = draw(st.lists(st.tuples(metres, metres, metres), min_size=n, max_size=n))
    return Poses(np.array(times, np.int64), np.array(translation, np.float64), quat)


@given(poses())
def test_at_its_own_times_a_pose_is_itself(given_poses: Poses) -> None:
    at = given_poses.at(given_poses.timestamp_ns)
    np.testing.assert_allclose(at[:, :3, 3], given_poses.translation, rtol=1e-12, atol=1e-9)
    for k, when in enumerate(given_poses.timestamp_ns):
        np.testing.assert_array_equal(given_poses.at(int(when)), at[k])


@given(poses(), st.floats(0, 1))
def test_every_pose_between_is_a_rigid_motion(given_poses: Poses, part: float) -> None:
    first, last = int(given_poses.timestamp_ns[0]), int(given_poses.timestamp_ns[-1])
    matrix = given_poses.at(first + int(part * (last - first)))
    rotation = matrix[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) > 0
    np.testing.assert_array_equal(matrix[3], [0, 0, 0, 1])


@given(poses())
def test_q_and_minus_q_are_one_rotation(given_poses: Poses) -> None:
    turned = Poses(given_poses.timestamp_ns, given_poses.translation, -given_poses.quat_wxyz)
    middle = int((given_poses.timestamp_ns[0] + given_poses.timestamp_ns[-1]) // 2)
    np.testing.assert_allclose(given_poses.at(middle), turned.at(middle), atol=1e-9)


@pytest.mark.parametrize("when", [-1, 11])
def test_there_is_no_pose_outside_the_log(when: int) -> None:
    log = Poses(np.array([0, 10]), np.zeros((2, 3)), np.tile([1.0, 0, 0, 0], (2, 1)))
    with pytest.raises(SceneLookupError, match=rf"poses: no pose at {when} ns; they reach from 0 to 10 ns\."):
        log.at(np.array([5, when]))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"timestamp_ns": np.array([10, 0])}, r"poses, row 1: time must rise from row to row\."),
        ({"timestamp_ns": np.array([0, 0])}, "row 1: time must rise"),
        ({"translation": np.zeros((2, 2))}, r"poses\.translation: expected shape \(2, 3\), got \(2, 2\)"),
        ({"translation": np.full((2, 3), np.nan)}, r"poses\.translation, row 0: expected finite"),
        ({"quat_wxyz": np.ones((2, 4))}, r"poses\.quat_wxyz, row 0: expected unit length"),
        ({"timestamp_ns": np.zeros(0, np.int64)}, "expected"),
    ],
)
def test_wrong_poses_are_refused(columns: dict[str, Any], message: str) -> None:
    good = {
        "timestamp_ns": np.array([0, 10]),
        "translation": np.zeros((2, 3)),
        "quat_wxyz": np.tile([1.0, 0, 0, 0], (2, 1)),
    }
    with pytest.raises(InvalidLabelError, match=message):
        Poses(**(good | columns))


def test_no_poses_at_all_are_refused() -> None:
    with pytest.raises(InvalidLabelError, match="poses: expected at least one pose, got none"):
        Poses(np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros((0, 4)))
