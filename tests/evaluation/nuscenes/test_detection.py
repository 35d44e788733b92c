"""Detection without its reference: rules, laws and what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from evaluation.nuscenes import worlds
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.nuscenes import DetectionColumns, DetectionConfig, detection, joined, place
from drivelabel.geometry._kernels.ordering import ascending


def cars(x: list[float], score: list[float] | None = None, **columns: object) -> DetectionColumns:
    n = len(x)
    return DetectionColumns(
        **{
            "sample": np.zeros(n, np.int64),
            "translation": np.c_[np.array(x, np.float64), np.zeros((n, 2))],
            "size_wlh": np.ones((n, 3)),
            "quat_wxyz": np.tile([1.0, 0, 0, 0], (n, 1)),
            "category_id": np.zeros(n, np.int64),
            "score": np.array(score) if score else np.full(n, -1.0),
        }
        | columns
    )


def test_the_nearest_free_truth_is_taken_and_counts_are_told() -> None:
    result = detection(cars([0.0, 1.0]), cars([0.4, 0.3, 9.0], [0.9, 0.8, 0.7]))
    curve = result.curves["car", 1.0]
    assert (curve.n_truth, curve.n_pred, curve.n_matched) == (2, 3, 2)
    assert result.curves["car", 0.5].n_matched == 1


def test_a_distance_equal_to_the_limit_is_no_match() -> None:
    assert detection(cars([0.0]), cars([0.5], [0.9])).curves["car", 0.5].n_matched == 0


def test_boxes_out_of_range_empty_or_in_a_rack_are_dropped_and_counted() -> None:
    truth = cars(
        [0.0, 1.0, 2.0, 3.0],
        ego_distance=np.array([49.9, 50.0, 0, 0]),
        n_points=np.array([-1, 5, 0, 5]),
        in_bike_rack=np.array([False, False, False, True]),
    )
    result = detection(truth, cars([0.0], [0.5]))
    assert (result.n_truth, result.n_truth_dropped, result.curves["car", 2.0].n_truth) == (4, 3, 1)


def test_too_many_boxes_nan_scores_and_flat_matches_are_refused() -> None:
    with pytest.raises(InvalidLabelError, match="at most 500 boxes, got 501"):
        detection(cars([0.0]), cars([0.0] * 501, [0.5] * 501))
    with pytest.raises(InvalidLabelError, match="score, row 0"):
        cars([0.0], [math.nan])
    with pytest.raises(InvalidLabelError, match="expected positive metres in matched boxes"):
        detection(cars([0.0]), cars([0.0], [0.5], size_wlh=np.array([[1.0, 0, 1]])))
    with pytest.raises(InvalidLabelError, match="expected one of"):
        DetectionConfig(error_match_distance=3.0)


def test_json_holds_every_number_and_no_nan() -> None:
    found = detection(cars([0.0]), cars([0.1], [0.5])).to_json()
    json.dumps(found, allow_nan=False)
    assert found["label_tp_errors"]["barrier"]["vel_err"] is None
    assert found["counts"]["n_truth"] == 1


def test_two_logs_joined_are_judged_as_one() -> None:
    rng = np.random.default_rng(0)
    world = worlds.samples(rng, 2, 5, 100)
    truth, pred = (place(boxes, world) for boxes in worlds.detections(rng, world, 10, 20))
    parts = [
        [
            boxes[boxes.sample // 5 == k].replace(sample=boxes.sample[boxes.sample // 5 == k] % 5)
            for k in (0, 1)
        ]
        for boxes in (truth, pred)
    ]
    again = detection(joined(parts[0], [5, 5]), joined(parts[1], [5, 5]))
    assert again.nd_score == pytest.approx(detection(truth, pred).nd_score, abs=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_the_numbers_do_not_depend_on_where_the_world_begins(seed: int) -> None:
    rng = np.random.default_rng(seed)
    world = worlds.samples(rng, 1, 3, 10)
    truth, pred = (place(boxes, world) for boxes in worlds.detections(rng, world, 8, 15))
    moved = [
        boxes.replace(translation=boxes.translation + np.array([64.0, -32.0, 8.0])) for boxes in (truth, pred)
    ]
    assert detection(*moved).nd_score == pytest.approx(detection(truth, pred).nd_score, abs=1e-9)


@settings(max_examples=50)
@given(st.lists(st.floats(allow_nan=False)))
def test_the_radix_sort_is_numpys_stable_sort(values: list[float]) -> None:
    array = np.array(values, np.float64)
    np.testing.assert_array_equal(ascending(array), np.argsort(array, kind="stable"))
