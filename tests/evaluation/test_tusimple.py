"""TuSimple's metric equals published numbers and its plain twin; the repaired one has no quirks."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.tusimple import frame as plain_frame

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.lanes import RowLanes, tusimple, tusimple_frames, tusimple_repaired
from drivelabel.labels import Ragged

ROWS = np.arange(240.0, 720.0, 40.0)


def of(*frames):
    return RowLanes.from_frames(frames)


@st.composite
def frames(draw):
    """True and predicted lines of a frame: lists of whole x on ROWS, some missing, some near each other."""
    x = st.one_of(st.just(-2), st.integers(0, 1280))
    truth = draw(st.lists(st.lists(x, min_size=len(ROWS), max_size=len(ROWS)), max_size=6))
    pred = draw(st.lists(st.lists(x, min_size=len(ROWS), max_size=len(ROWS)), max_size=3))
    for line in truth:
        if draw(st.booleans()):
            shift = draw(st.integers(-24, 24))
            pred.append([v + shift if v >= 0 else v for v in line])
    return truth, pred


@pytest.fixture(scope="module")
def real(shared_data):
    lines = (shared_data / "tusimple/test_label_first200.json").read_text().splitlines()
    frames = [json.loads(line) for line in lines]
    rows = Ragged.from_rows([f["h_samples"] for f in frames], np.float64, ())
    return [[np.array(x) for x in f["lanes"]] for f in frames], rows


def moved(by):
    return lambda frame: [np.where(x >= 0, x + by, x) for x in frame]


CHANGES = {
    "the truth itself": (lambda frame: frame, (1, 0, 0)),
    "10 px to the right": (moved(10), (1, 0, 0)),
    "25 px to the right": (moved(25), (0.960186, 0.054750, 0.048750)),
    "without the last line": (lambda frame: frame[:-1], (0.864710, -0.002500, 0.264167)),
    "every second row": (
        lambda frame: [np.where(np.arange(len(x)) % 2 == 0, x, -2) for x in frame],
        (0.715967, 0.788167, 0.782917),
    ),
    "nothing": (lambda frame: [], (0, 0, 1)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_published_numbers_come_out_exactly(real, name):
    truth, rows = real
    change, expected = CHANGES[name]
    result = tusimple(of(*truth), of(*map(change, truth)), rows, run_time_ms=10.0)
    assert (round(result.accuracy, 6), round(result.fp, 6), round(result.fn, 6)) == expected
    assert (result.n_frames, result.n_refused) == (200, 0)


@given(st.lists(frames(), min_size=1, max_size=4))
def test_it_equals_its_plain_twin(many):
    truth, pred = zip(*many, strict=True)
    expected = [plain_frame(t, p, ROWS) for t, p in many]
    np.testing.assert_array_equal(tusimple_frames(of(*truth), of(*pred), ROWS), expected)


@given(frames())
def test_lines_in_another_order_score_the_same(frame):
    truth, pred = frame
    result = tusimple(of(truth), of(pred), ROWS)
    assert tusimple(of(truth), of(pred[::-1]), ROWS) == result


@given(frames(), frames())
def test_the_repaired_counts_of_frames_add_up(a, b):
    both = tusimple_repaired(of(a[0], b[0]), of(a[1], b[1]), ROWS)
    alone = [tusimple_repaired(of(t), of(p), ROWS) for t, p in (a, b)]
    for count in ("tp", "fp", "fn", "points_correct", "points_truth", "points_pred", "n_frames"):
        assert getattr(both, count) == sum(getattr(one, count) for one in alone)
        assert getattr(both, count) >= 0


def test_the_quirks_are_kept():
    half = [600.0] * 6 + [-2.0] * 6
    assert tusimple(of([half]), of([[-2.0] * 12]), ROWS).accuracy == 0.5
    lines = [[100.0 * k] * 12 for k in range(1, 6)]
    four = tusimple(of(lines), of(lines[:4]), ROWS)
    assert (four.accuracy, four.fn) == (1, 0)
    three = tusimple(of(lines[:1]), of(lines[:1] * 3), ROWS)
    assert (three.accuracy, three.fp) == (1, 2 / 3)
    assert tusimple_frames(of(lines[:1]), of(lines[:1] * 4), ROWS).tolist() == [[0, 0, 1]]
    slow = tusimple(of(lines), of(lines), ROWS, run_time_ms=201)
    assert (slow.accuracy, slow.fp, slow.fn, slow.n_refused) == (0, 0, 1, 1)
    assert tusimple(of(lines), of(lines), ROWS, run_time_ms=200).accuracy == 1


def test_the_repaired_variant_answers_each_quirk():
    half = [600.0] * 6 + [-2.0] * 6
    assert tusimple_repaired(of([half]), of([[-2.0] * 12]), ROWS).accuracy == 0
    lines = [[100.0 * k] * 12 for k in range(1, 6)]
    four = tusimple_repaired(of(lines), of(lines[:4]), ROWS)
    assert (four.accuracy, four.tp, four.fp, four.fn) == (0.8, 4, 0, 1)
    doubled = tusimple_repaired(of(lines[:1]), of(lines[:1] * 4), ROWS)
    assert (doubled.tp, doubled.fp, doubled.precision, doubled.accuracy) == (1, 3, 0.25, 1)
    nothing = tusimple_repaired(of([]), of([]), ROWS)
    assert np.isnan([nothing.accuracy, nothing.f1]).all()


def test_bad_input_is_named():
    lines = [[100.0] * 12]
    with pytest.raises(InvalidLabelError, match="pred: expected 2 frames like the truth, got 1"):
        tusimple(of(lines, lines), of(lines), ROWS)
    with pytest.raises(
        InvalidLabelError, match="pred, frame 0, line 1: expected one x for each of the 12 rows, got 3"
    ):
        tusimple(of(lines), of([lines[0], [1, 2, 3]]), ROWS)
    with pytest.raises(InvalidLabelError, match="x, row 1: expected finite numbers"):
        of([[1.0, np.nan]])
    with pytest.raises(InvalidLabelError, match="at least one frame"):
        tusimple(of(), of(), ROWS)
