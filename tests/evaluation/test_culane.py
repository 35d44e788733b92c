"""CULane's F1 equals its plain twin pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.culane import iou as plain_iou
from scipy.optimize import linear_sum_assignment

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.lanes import LinePoints, culane, culane_pairs
from drivelabel.geometry._kernels import lane_masks
from drivelabel.labels import Grouped, LaneLines

SMALL = (120, 260)


def of(*frames):
    return LinePoints.from_frames(frames)


def straight(x, slope=0.0, n=12):
    y = np.linspace(590, 270, n)
    return np.stack([x + slope * (590 - y), y], axis=1)


@st.composite
def lines(draw, hw=SMALL):
    """A line that starts, ends or runs anywhere in or around an image, with long and short steps."""
    points = draw(
        st.lists(
            st.tuples(st.floats(-60, hw[1] + 60, width=32), st.floats(-60, hw[0] + 60, width=32)),
            min_size=2,
            max_size=4,
            unique=True,
        )
    )
    return np.array(points)


@settings(max_examples=15)
@given(lines(), lines(), st.sampled_from(["nearest", "truncate"]), st.sampled_from([30, 8, 60]))
def test_the_overlap_of_two_lines_equals_its_plain_twin(a, b, rounding, width):
    pairs = culane_pairs(of([a]), of([b]), image_hw=SMALL, width_px=width, rounding=rounding)
    expected = plain_iou(a, b, hw=SMALL, width=width, nearest=rounding == "nearest")
    assert pairs.iou.tolist() == [expected]


def test_road_like_lines_equal_the_plain_twin_at_full_size():
    rng = np.random.default_rng(0)
    truth = [
        [straight(x, slope)] for x, slope in zip(rng.uniform(0, 1640, 8), rng.uniform(-2, 2, 8), strict=True)
    ]
    pred = [[line + np.array([shift, 0])] for [line], shift in zip(truth, rng.normal(0, 12, 8), strict=True)]
    expected = [plain_iou(t, p) for [t], [p] in zip(truth, pred, strict=True)]
    assert culane_pairs(of(*truth), of(*pred)).iou.tolist() == expected


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_pairing_is_within_its_slack_of_the_best(n, m, seed):
    iou = np.random.default_rng(seed).random((n, m))
    partner = lane_masks.pair_lines(iou)
    paired = partner >= 0
    assert paired.sum() == min(n, m) == len(set(partner[paired]))
    best = iou[linear_sum_assignment(-iou)].sum()
    assert iou[paired, partner[paired]].sum() >= best - lane_masks.SLACK * min(n, m)


def test_counts_add_up_over_frames_and_thresholds_are_strict():
    truth = [[straight(300), straight(900, 0.5)], [straight(500)], []]
    pred = [[straight(905, 0.5), straight(300), straight(1500)], [], [straight(100)]]
    half, three_quarters = culane(of(*truth), of(*pred))
    assert (half.tp, half.fp, half.fn) == (2, 2, 1)
    assert (half.precision, half.recall, half.f1) == (2 / 4, 2 / 3, 4 / 7)
    assert (half.width_px, three_quarters.iou_threshold, half.n_frames) == (30, 0.75, 3)
    [exact] = culane(of([straight(300)]), of([straight(300)]), iou_thresholds=[0.999])
    assert exact.f1 == 1
    pairs = culane_pairs(of(*truth), of(*pred))
    assert pairs.partner.tolist() == [1, 0, -1]
    at = float(pairs.iou[1])
    assert [r.tp for r in culane(of(*truth), of(*pred), iou_thresholds=[at, np.nextafter(at, 0)])] == [1, 2]


def test_nothing_against_nothing_is_no_number():
    [result] = culane(of([]), of([]), iou_thresholds=[0.5])
    assert (result.tp, result.fp, result.fn) == (0, 0, 0)
    assert np.isnan([result.f1, result.precision, result.recall]).all()


def test_repeated_points_and_lines_outside_are_harmless():
    doubled = np.repeat(straight(700), 2, axis=0)
    assert culane_pairs(of([straight(700)]), of([doubled])).iou.tolist() == [1]
    away = culane_pairs(of([straight(99_000)]), of([straight(99_000)]))
    assert away.iou.tolist() == [0]
    point = np.array([[5.0, 5.0], [5.0, 5.0]])
    assert culane_pairs(of([point]), of([point])).iou.tolist() == [0]


def test_a_layers_lines_come_with_half_a_pixel_taken_off():
    layer = Grouped.from_groups(
        LaneLines, 2, {0: LaneLines(points=[straight(300) + 0.5], category_id=np.zeros(1, np.int64))}
    )
    points = LinePoints.of_lane_lines(layer)
    assert len(points) == 2
    np.testing.assert_allclose(points.points[0], straight(300), atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width_px": 0}, "width_px"),
        ({"rounding": "up"}, "rounding: expected 'nearest' or 'truncate', got 'up'"),
        ({"iou_thresholds": [1.5]}, "iou_thresholds"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(InvalidLabelError, match=message):
        culane(of([straight(1)]), of([straight(1)]), **options)


def test_bad_lines_are_named():
    with pytest.raises(InvalidLabelError, match="points, row 1: expected finite"):
        of([np.array([[0, 0], [np.nan, 1]])])
    with pytest.raises(InvalidLabelError, match="pred: expected 1 frames"):
        culane(of([straight(1)]), of())
