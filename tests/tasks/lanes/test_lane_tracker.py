from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.roads import PaintedLine, Road, line_points, render

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import INTERPOLATED, MODEL, LaneLines, Ragged
from drivelabel.tasks.annotator import FrameLabels, Sequencer
from drivelabel.tasks.lanes import LaneTracker, detect_lane_lines

HW = (360, 640)
FRAME_NS = 40_000_000


def rows(*lines, score=0.9, position=None):
    """LaneLines of (k, 2) points; positions from left to right round the image's middle."""
    n = len(lines)
    if position is None:
        sides = [-1 if line[0, 0] < HW[1] / 2 else 1 for line in lines]
        left = sides.count(-1)
        position = [i - left if i < left else i - left + 1 for i in range(n)]
    return FrameLabels(
        lane_lines=LaneLines(
            points=Ragged.from_rows(lines, np.float32, (2,)),
            category_id=np.zeros(n, np.int64),
            score=np.full(n, score, np.float32),
            position=np.array(position),
            origin=np.full(n, MODEL),
        )
    )


def straight(slope, far=200.0, shift=0.0):
    v = np.arange(360.0, far, -5.0)
    return np.column_stack([320.0 + shift + slope * (v - 160.0), v])


def run(tracker, frames, start_ns=0):
    return [tracker.step(start_ns + n * FRAME_NS, frame).lane_lines for n, frame in enumerate(frames)]


def test_a_line_keeps_its_id_and_cameras_do_not_share_ids():
    frames = [rows(straight(-1.0), straight(1.1))] * 10
    first, third = run(LaneTracker(HW), frames), run(LaneTracker(HW, camera_row=2), frames)
    assert all(f.track_id.tolist() == [500_000, 500_001] for f in first)
    assert all(f.track_id.tolist() == [2_500_000, 2_500_001] for f in third)


def test_ids_follow_the_paint_through_a_lane_change_and_positions_change():
    tracker = LaneTracker(HW)
    ids, positions = [], []
    for n in range(100):  # four seconds for one lane of 2.2 camera heights
        slopes = np.array([-1.1, 1.1, 3.3]) - 2.2 * n / 99
        side = [-1 if s < 0 else 1 for s in slopes]
        position = [-2, -1, 1] if side.count(-1) == 2 else [-1, 1, 2]
        lines = rows(*(straight(s) for s in slopes), position=position)
        found = tracker.step(n * FRAME_NS, lines).lane_lines
        ids.append(found.track_id.tolist())
        positions.append(found.position.tolist())
    assert all(i == ids[0] for i in ids)
    assert positions[0] == [-1, 1, 2]
    assert positions[-1] == [-2, -1, 1]


def test_a_short_gap_is_bridged_with_a_mark_and_a_lower_score_and_a_long_one_is_not():
    tracker = LaneTracker(HW)
    seen, gone = rows(straight(-1.0), straight(1.1)), rows(straight(-1.0))
    before = run(tracker, [seen] * 10)[-1]
    during = run(tracker, [gone] * 25, 10 * FRAME_NS)
    after = run(tracker, [seen] * 3, 35 * FRAME_NS)[-1]
    bridged = [frame for frame in during if len(frame) == 2]
    assert len(bridged) == 12  # half a second at 25 frames a second
    assert [len(frame) for frame in during[12:]] == [1] * 13
    for frame in bridged:
        assert frame.track_id.tolist() == before.track_id.tolist()
        assert frame.origin.tolist() == [MODEL, INTERPOLATED]
        np.testing.assert_allclose(frame.points[1], before.points[1], atol=0.5)
    assert np.all(np.diff([frame.score[1] for frame in bridged]) < 0)
    assert after.track_id.tolist() == before.track_id.tolist()  # the identity is remembered for longer


def test_a_line_that_returns_late_is_a_new_one():
    tracker = LaneTracker(HW)
    run(tracker, [rows(straight(-1.0), straight(1.1))] * 5)
    run(tracker, [rows(straight(-1.0))] * 50, 5 * FRAME_NS)
    late = run(tracker, [rows(straight(-1.0), straight(1.1))], 55 * FRAME_NS)[0]
    assert late.track_id[0] == 500_000
    assert late.track_id[1] > 500_001


def test_a_weak_line_of_a_single_frame_is_not_drawn():
    tracker = LaneTracker(HW)
    steady, flash = rows(straight(-1.0)), rows(straight(-1.0), straight(0.4), score=0.4)
    frames = run(tracker, [steady, steady, flash, steady, steady, flash, flash])
    assert [len(frame) for frame in frames] == [1, 1, 1, 1, 1, 2, 2]


def test_smoothing_takes_jitter_out_and_does_not_lag_behind_a_steady_drift():
    random = np.random.default_rng(0)
    tracker = LaneTracker(HW)
    errors, raw = [], []
    for n in range(80):
        jitter = random.normal(0.0, 2.0)
        found = tracker.step(n * FRAME_NS, rows(straight(-1.0, shift=1.5 * n - 60 + jitter))).lane_lines
        errors.append(found.points[0][0, 0] - straight(-1.0, shift=1.5 * n - 60)[0, 0])
        raw.append(jitter)
    assert np.std(errors[30:]) < 0.9 * np.std(raw[30:])
    assert abs(np.mean(errors[30:])) < 1.0


FRAME = st.lists(
    st.tuples(st.floats(-3.0, 3.0), st.floats(180.0, 320.0), st.floats(0.1, 1.0)), max_size=4, unique=True
)


@settings(max_examples=40)
@given(st.lists(st.tuples(FRAME, st.integers(1, 700_000_000)), min_size=1, max_size=12), st.integers(0, 12))
def test_a_run_that_is_split_anywhere_equals_an_unsplit_one_bit_for_bit(story, split):
    frames, now = [], 0
    for lines, elapsed in story:
        now += elapsed
        parts = [rows(straight(s, far), score=score).lane_lines for s, far, score in lines]
        frames.append((now, FrameLabels(lane_lines=LaneLines.concat(parts))))
    whole, first, second = LaneTracker(HW, 1), LaneTracker(HW, 1), LaneTracker(HW, 1)
    expected = [whole.step(*frame).lane_lines for frame in frames]
    got = [first.step(*frame).lane_lines for frame in frames[:split]]
    saved = {name: np.array(value) for name, value in first.state().items()}  # as a store would keep it
    second.restore(saved)
    got += [second.step(*frame).lane_lines for frame in frames[split:]]
    assert all(a.equals(b) for a, b in zip(got, expected, strict=True))


@settings(max_examples=40)
@given(st.lists(FRAME, min_size=1, max_size=8))
def test_no_two_lines_of_a_frame_share_an_id_or_a_position(story):
    tracker = LaneTracker(HW)
    for n, lines in enumerate(story):
        parts = [rows(straight(s, far), score=score).lane_lines for s, far, score in lines]
        found = tracker.step(n * FRAME_NS, FrameLabels(lane_lines=LaneLines.concat(parts))).lane_lines
        assert len(set(found.track_id.tolist())) == len(found) == len(set(found.position.tolist()))


def test_state_does_not_change_with_later_steps():
    tracker = LaneTracker(HW)
    run(tracker, [rows(straight(-1.0))] * 3)
    state = {name: np.copy(value) for name, value in tracker.state().items()}
    kept = tracker.state()
    run(tracker, [rows(straight(-0.8))] * 3, 3 * FRAME_NS)
    assert all(np.array_equal(kept[name], state[name]) for name in state)


def test_other_labels_pass_through_and_missing_lines_are_no_lines():
    tracker = LaneTracker(HW)
    assert isinstance(tracker, Sequencer)
    found = tracker.step(0, FrameLabels())
    assert found.kinds == ("lane_lines",)
    assert len(found.lane_lines) == 0


def test_bad_input_is_refused_with_what_to_do():
    tracker = LaneTracker(HW)
    tracker.step(5, FrameLabels())
    with pytest.raises(InvalidLabelError, match="expected a time after 5 ns, got 5 ns"):
        tracker.step(5, FrameLabels())
    with pytest.raises(InvalidLabelError, match=r"expected image size \(10, 10\), got \(360, 640\)"):
        LaneTracker((10, 10)).restore(tracker.state())
    with pytest.raises(InvalidLabelError, match="next_id missing"):
        state = dict(tracker.state())
        del state["next_id"]
        tracker.restore(state)
    with pytest.raises(InvalidLabelError, match="positive image size"):
        LaneTracker((0, 10))


def test_dashed_lines_of_a_drawn_drive_keep_their_ids_from_frame_to_frame():
    lines = (PaintedLine(1.75, dash=3.0, gap=9.0), PaintedLine(-1.75, dash=3.0, gap=9.0, phase=5.0))
    tracker = LaneTracker(HW)
    found = []
    for n in range(30):
        moved = tuple(replace(line, phase=line.phase + 1.1 * n) for line in lines)  # 100 km/h
        image = render(Road(image_hw=HW, lines=moved, seed=n)).image_rgb
        found.append(tracker.step(n * FRAME_NS, FrameLabels(lane_lines=detect_lane_lines(image))).lane_lines)
    assert {i for frame in found for i in frame.track_id.tolist()} == {500_000, 500_001}
    assert sum(len(frame) == 2 for frame in found) >= 28
    truth = [line_points(Road(image_hw=HW), line, 5.0) for line in lines]
    for row in range(2):
        near = found[-1].points[row]
        expected = np.interp(near[:, 1], truth[row][::-1, 1], truth[row][::-1, 0])
        assert np.median(np.abs(near[:, 0] - expected)) < 2.0
