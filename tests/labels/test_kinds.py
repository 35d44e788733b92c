"""What each kind of label refuses on its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import Boxes3D, InstanceMap, Keypoints, LabelMap, LaneLines, Tags, TrafficLights


def _cuboid(**columns: Any) -> Boxes3D:
    good = {"timestamp_ns": [0], "center": [[0, 0, 0]], "size_lwh": [[4, 2, 1]], "category_id": [0]}
    return Boxes3D(**(good | {"quat_wxyz": [[1, 0, 0, 0]]} | columns))


def test_a_cuboid_may_have_no_velocity() -> None:
    assert np.isnan(_cuboid().velocity).all()
    assert _cuboid().equals(_cuboid()), "unknown equals unknown"
    np.testing.assert_array_equal(_cuboid().n_points, [-1])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"size_lwh": [[4, 0, 1]]}, r"size_lwh, row 0: expected positive metres, got \[4\.0, 0\.0, 1\.0\]"),
        (
            {"quat_wxyz": [[2, 0, 0, 0]]},
            r"quat_wxyz, row 0: expected unit length, got 2\. Normalise it",
        ),
        ({"center": [[0, np.inf, 0]]}, r"center, row 0: expected finite numbers"),
        ({"score": [-0.1]}, r"score, row 0: expected a number in \[0, 1\], got -0\.1"),
    ],
)
def test_a_wrong_cuboid_is_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidLabelError, match=message):
        _cuboid(**columns)


def test_a_line_needs_two_points() -> None:
    with pytest.raises(InvalidLabelError, match=r"points, row 1: expected at least 2 points, got 1\."):
        LaneLines(points=[[[0, 0], [1, 1]], [[0, 0]]], category_id=[0, 0])


def test_a_style_without_a_name_is_refused() -> None:
    with pytest.raises(InvalidLabelError, match=r"style, row 0: expected 0 to 4 \(unknown, .*\), got 9"):
        LaneLines(points=[[[0, 0], [1, 1]]], category_id=[0], style=[9])


def test_a_point_of_a_line_must_be_finite() -> None:
    with pytest.raises(InvalidLabelError, match=r"points\.values, row 1: expected finite numbers"):
        LaneLines(points=[[[0, 0], [1, np.nan]]], category_id=[0])


def test_a_light_shows_only_what_has_a_name() -> None:
    good = {"xyxy": [[0, 0, 1, 1]], "keypoints": np.zeros((1, 3, 3)), "category_id": [0]}
    assert len(TrafficLights(**good)) == 1
    with pytest.raises(InvalidLabelError, match=r"state, row 0: expected 0 to 5 \(unknown, off, red"):
        TrafficLights(**good, state=[6])
    with pytest.raises(InvalidLabelError, match=r"keypoints: expected shape \(n, 3, 3\), got \(1, 2, 3\)"):
        TrafficLights(**(good | {"keypoints": np.zeros((1, 2, 3))}))


def test_a_visibility_is_absent_hidden_or_seen() -> None:
    with pytest.raises(InvalidLabelError, match="expected visibility 0 absent, 1 hidden or 2 seen"):
        Keypoints(keypoints=[[[0, 0, 3]]], category_id=[0])


def test_tags_hold_facts_by_name() -> None:
    tags = Tags(score=[0.9], attributes={"weather": ["rain"]})
    assert tags.attributes.row(0) == {"weather": "rain"}


def test_a_label_map_is_bytes_in_two_dimensions() -> None:
    label_map = LabelMap(np.array([[0, 1], [1, 255]], np.uint8))
    np.testing.assert_array_equal(label_map.mask(1), [[False, True], [True, False]])
    with pytest.raises(InvalidLabelError, match=r"label_map: expected uint8, got int64\."):
        LabelMap(np.zeros((2, 2), np.int64))
    with pytest.raises(InvalidLabelError, match=r"label_map: expected shape \(n, m\), got \(4,\)\."):
        LabelMap(np.zeros(4, np.uint8))


def test_an_instance_map_names_only_tracks_that_are_there() -> None:
    pixels = np.array([[0, 1], [2, 2]], np.uint16)
    found = InstanceMap(pixels, np.array([40, 50]))
    np.testing.assert_array_equal(found.mask(50), pixels == 2)
    assert not found.mask(7).any()
    with pytest.raises(InvalidLabelError, match="a pixel names row 2, but there are 1 track ids"):
        InstanceMap(pixels, np.array([40]))


def test_pixels_of_two_rows_with_one_track_are_one_thing() -> None:
    found = InstanceMap(np.array([[1, 2]], np.uint16), np.array([40, 40]))
    assert found.mask(40).all()
