"""Traffic lights: boxes, states, changes and bulbs are counted as a person would count them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.lights import evaluate_lights
from drivelabel.labels import LIGHT_STATES, Grouped, TrafficLights

RED, YELLOW, GREEN, OFF = (LIGHT_STATES.index(s) for s in ("red", "yellow", "green", "off"))
TIMES = np.arange(20) * 100_000_000


def light(state, x=0.0, track=1, shift=0.0):
    points = [[x + 5, y + shift, 2] for y in (5, 15, 25)]
    return TrafficLights(
        xyxy=[[x, 0, x + 10, 30]], keypoints=[points], category_id=[0], state=[state], track_id=[track]
    )


def rows(*lights):
    return TrafficLights.concat([TrafficLights.empty(), *lights])


def frames(groups, n=None):
    return Grouped.from_groups(TrafficLights, n or len(groups), groups)


def shown(states, **options):
    return frames([rows(light(s, **options)) for s in states])


def test_a_late_change_is_timed_and_a_flicker_is_extra():
    truth = shown([RED] * 5 + [GREEN] * 5)
    pred = shown([RED] * 2 + [OFF] + [RED] * 4 + [GREEN] * 3)
    result = evaluate_lights(truth, pred, TIMES[:10])
    assert result.switch_error.tolist() == [0.2]
    assert (result.switches_missed, result.switches_extra) == (0, 2)
    assert result.switch_median == 0.2
    assert result.state_counts("red") == (4, 2, 1)
    assert result.state_counts("green") == (3, 0, 2)
    assert result.state_counts("off") == (0, 1, 0)
    assert result.state_accuracy == 0.7
    far = evaluate_lights(truth, pred, TIMES[:10], window_seconds=0.1)
    assert (len(far.switch_error), far.switches_missed, far.switches_extra) == (0, 1, 3)


def test_an_early_change_is_negative_and_cameras_are_followed_apart():
    truth = shown([RED, RED, GREEN, GREEN])
    pred = shown([RED, GREEN, GREEN, GREEN])
    assert evaluate_lights(truth, pred, TIMES[:4]).switch_error.tolist() == [-0.1]
    apart = evaluate_lights(truth, pred, TIMES[:4], sensor=[0, 0, 1, 1])
    assert (len(apart.switch_error), apart.switches_missed, apart.switches_extra) == (0, 0, 1)


def test_unknown_truth_and_unlabelled_frames_are_not_judged():
    truth = frames({0: rows(light(0)), 1: rows()}, n=3)
    pred = frames([rows(light(RED)), rows(light(GREEN)), rows(light(RED))])
    result = evaluate_lights(truth, pred, TIMES[:3])
    assert (result.n_frames, result.n_empty, result.fp_empty) == (2, 1, 1)
    assert (result.tp, result.fp, result.fn) == (1, 1, 0)
    assert result.state_counts("red") == (0, 0, 0)
    assert result.state_counts("green") == (0, 1, 0)
    assert np.isnan(result.state_accuracy)


def test_bulbs_count_within_a_share_of_the_height():
    result = evaluate_lights(shown([RED]), shown([RED], shift=2.5), TIMES[:1])
    assert [result.pck(share) for share in (0.05, 0.1, 0.2)] == [0, 1, 1]
    assert result.to_json()["bulbs"] == {"red": 1, "yellow": 1, "green": 1}
    hidden = light(RED).replace(keypoints=np.zeros((1, 3, 3)))
    assert evaluate_lights(shown([RED]), frames([rows(hidden)]), TIMES[:1]).pck() == 0


states = st.lists(st.lists(st.integers(0, 5), max_size=3), min_size=1, max_size=6)


@settings(max_examples=20)
@given(states, states)
def test_counts_of_logs_add_up_and_truth_is_perfect(a, b):
    logs = [frames([rows(*(light(s, 20 * k, k) for k, s in enumerate(f))) for f in log]) for log in (a, b)]
    perfect = [evaluate_lights(log, log, TIMES[: len(log)]) for log in logs]
    both = perfect[0] + perfect[1]
    assert both.fp == both.fn == both.switches_missed == both.switches_extra == 0
    assert both.tp == sum(len(log.rows) for log in logs)
    assert not both.switch_error.any()
    assert both.macro_f1 == 1 or np.isnan(both.macro_f1)
    crossed = evaluate_lights(logs[0], frames([rows()] * len(a)), TIMES[: len(a)])
    assert crossed.fn == len(logs[0].rows)


def test_bad_input_is_named():
    one = shown([RED])
    with pytest.raises(InvalidLabelError, match="pred: expected 1 frames"):
        evaluate_lights(one, shown([RED, RED]), TIMES[:1])
    with pytest.raises(InvalidLabelError, match="timestamp_ns: expected shape"):
        evaluate_lights(one, one, TIMES)
    with pytest.raises(InvalidLabelError, match="iou_threshold"):
        evaluate_lights(one, one, TIMES[:1], iou_threshold=0)
    result = evaluate_lights(one, one, TIMES[:1])
    with pytest.raises(InvalidLabelError, match="state: no 'blue'"):
        result.state_f1("blue")
    with pytest.raises(InvalidLabelError, match="share"):
        result.pck(0.3)
