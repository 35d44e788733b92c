"""Tracking without its reference: golden values, rules and laws."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation.nuscenes import worlds
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.nuscenes import Samples, TrackingColumns, place, tracking
from drivelabel.evaluation.nuscenes.tracks import complete_tracks
from drivelabel.geometry._kernels.nuscenes_tracks import numpy_sum
from drivelabel.geometry._kernels.rectangular_assignment import cheapest_columns

# From nuscenes-devkit 1.2.0 with motmetrics 1.4.0 and SciPy's assignment, on the worlds of these seeds.
GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "nuscenes_tracking.json").read_text())


def one_scene(n: int) -> Samples:
    return Samples(
        scene=np.zeros(n, np.int64),
        timestamp_ns=np.arange(n) * 500_000_000,
        ego_xy=np.zeros((n, 2)),
    )


def cars(sample: list[int], x: list[float], track: list[int], score: float = -1.0) -> TrackingColumns:
    n = len(sample)
    return TrackingColumns(
        sample=np.array(sample, np.int64),
        translation=np.c_[np.array(x, np.float64), np.zeros((n, 2))],
        track_id=np.array(track, np.int64),
        category_id=np.full(n, 2),
        score=np.full(n, score),
    )


@pytest.mark.parametrize("case", worlds.TRACKING_CASES, ids=lambda case: f"seed {case[0]}")
def test_random_tracks_have_the_golden_numbers(case: tuple[int, int, int, float, dict[str, Any]]) -> None:
    truth, pred, world = worlds.tracking_case(*case)
    ours = tracking(place(truth, world), place(pred, world), world).to_json()["label_metrics"]
    for metric, by_class in GOLDEN[str(case[0])].items():
        for name, value in by_class.items():
            want = math.nan if value is None else value
            got = math.nan if ours[metric][name] is None else ours[metric][name]
            # 1 um of slack: at 1 km from the origin the reference's distances depend on the machine's BLAS.
            np.testing.assert_allclose(got, want, rtol=0, atol=1e-6, err_msg=f"{name}, {metric}")


def test_a_perfect_tracker_has_amota_1() -> None:
    truth = cars([0, 1, 2, 0, 1, 2], [0, 1, 2, 20, 21, 22], [7, 7, 7, 8, 8, 8])
    result = tracking(truth, truth.replace(score=np.full(6, 0.5)), one_scene(3))
    assert result.metrics["amota"] == 1
    assert result.metrics["amotp"] == 0
    assert result.curves["car"].n_truth_tracks == 2


def test_a_change_of_identity_is_one_switch() -> None:
    truth = cars([0, 1, 2, 3], [0, 0, 0, 0], [7, 7, 7, 7])
    pred = cars([0, 1, 2, 3], [0, 0, 0, 0], [1, 1, 2, 2], score=0.5)
    assert tracking(truth, pred, one_scene(4)).label_metrics["ids"]["car"] == 1


def test_a_gap_in_a_track_is_filled_with_the_weights_of_nuscenes() -> None:
    tracks = complete_tracks(cars([0, 3], [0.0, 30.0], [7, 7]), one_scene(4), one_score=False)
    # By right the car is at 10 m and 20 m; nuScenes turns the weights round.
    np.testing.assert_allclose(tracks.xy[:, 0], [0, 20, 10, 30])
    assert tracks.start.tolist() == [0, 1, 2, 3, 4]


def test_tracks_of_different_scenes_are_different_things() -> None:
    samples = Samples(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.zeros((4, 2)))
    tracks = complete_tracks(cars([0, 1, 2, 3], [0, 0, 0, 0], [7, 7, 7, 7]), samples, one_score=False)
    assert tracks.n_tracks == 2
    assert len(tracks) == 4


def test_a_class_without_truth_has_no_numbers_and_its_json_says_null() -> None:
    result = tracking(cars([0], [0.0], [1]), cars([0], [0.0], [1], score=0.5), one_scene(1))
    assert math.isnan(result.label_metrics["amota"]["bus"])
    assert result.to_json()["label_metrics"]["amota"]["bus"] is None
    json.dumps(result.to_json(), allow_nan=False)


def test_no_truth_at_all_has_no_average() -> None:
    result = tracking(cars([], [], []), cars([0], [0.0], [1], score=0.5), one_scene(1))
    assert math.isnan(result.metrics["amota"])
    assert result.n_pred == 1


def test_so_many_boxes_of_one_track_that_recall_passes_1_are_refused() -> None:
    truth = cars([0], [0.0], [7])
    pred = cars([0, 0], [0.0, 0.1], [1, 1], score=0.5)
    with pytest.raises(InvalidLabelError, match="expected each track once in a sample"):
        tracking(truth, pred, one_scene(1))


def test_a_box_of_an_unknown_sample_is_refused() -> None:
    with pytest.raises(InvalidLabelError, match="expected 0 to 0, got 5"):
        tracking(cars([5], [0.0], [7]), cars([], [], []), one_scene(1))


def test_nan_scores_are_refused() -> None:
    with pytest.raises(InvalidLabelError, match="score, row 0"):
        cars([0], [0.0], [7], score=math.nan)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 7), st.sampled_from([0, 2, 5]))
def test_the_assignment_is_scipys_ties_included(seed: int, n: int, m: int, steps: int) -> None:
    cost = np.random.default_rng(seed).random((n, m))
    if steps:
        cost = np.round(cost * steps) / steps
    rows, columns = linear_sum_assignment(cost)
    want = np.full(n, -1)
    want[rows] = columns
    np.testing.assert_array_equal(cheapest_columns(cost), want)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 700))
def test_sums_are_numpys_to_the_last_bit(seed: int, n: int) -> None:
    values = np.random.default_rng(seed).random(n)
    assert numpy_sum(values) == np.sum(values)
