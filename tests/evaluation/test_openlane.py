"""OpenLane's lane metrics equal their plain twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.openlane import frame as plain_frame

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.lanes import LinePoints, openlane_2d, openlane_3d

seeds = st.integers(0, 2**32 - 1)


def of(*frames):
    return LinePoints.from_frames(frames, dims=3)


def lane(x, start=2.0, stop=110.0, z=0.0, n=30):
    y = np.linspace(start, stop, n)
    return np.stack([np.full(n, float(x)), y, np.full(n, float(z))], axis=1)


def frame(seed):
    """True and predicted lines of a frame: bends, gaps, lines too short or too far out."""
    rng = np.random.default_rng(seed)
    truth = []
    for _ in range(int(rng.integers(0, 5))):
        y = np.sort(rng.uniform(-5, 130, int(rng.integers(2, 25))))
        x = rng.uniform(-12, 12) + rng.uniform(-0.05, 0.05) * y + rng.uniform(-1e-3, 1e-3) * y**2
        truth.append(np.stack([x, y, 0.01 * y], axis=1))
    pred = [
        t[int(rng.integers(0, 4)) :] + rng.normal(0, 0.8, 3) * [1, 0, 0.3]
        for t in truth
        if rng.random() < 0.8
    ]
    pred += [lane(rng.uniform(-9, 9)) for _ in range(int(rng.integers(0, 2)))]
    return truth, [line for line in pred if len(line)]


@settings(max_examples=40)
@given(st.lists(seeds, min_size=1, max_size=3))
def test_3d_equals_its_plain_twin(numbers):
    truth, pred = zip(*map(frame, numbers), strict=True)
    a, b = of(*truth), of(*pred)
    result = openlane_3d(a, b, np.zeros(len(a.points)), np.zeros(len(b.points)))
    expected = np.sum([plain_frame(t, p) for t, p in zip(truth, pred, strict=True)], axis=0).tolist()
    assert [result.n_truth, result.n_pred, result.n_matches, result.found, result.right] == expected


def test_3d_errors_are_split_at_40_metres():
    truth, pred = of([lane(0)]), of([lane(0.5, z=0.2)])
    result = openlane_3d(truth, pred, [1], [1]).to_json()
    assert (result["f1"], result["category_accuracy"]) == (1, 1)
    errors = [result[f"{axis}_error_{reach}"] for axis in "xz" for reach in ("close", "far")]
    np.testing.assert_allclose(errors, [0.5, 0.5, 0.2, 0.2])
    short = openlane_3d(truth, of([lane(0.5, stop=30)]), [1], [1])
    assert (short.n_close, short.n_far, short.found, short.right) == (1, 0, 0, 1)
    assert np.isnan(short.to_json()["x_error_far"])


def test_3d_categories_and_curbs():
    line = of([lane(0)])
    assert openlane_3d(line, line, [2], [3]).category_accuracy == 0
    assert openlane_3d(line, line, [21], [20]).category_accuracy == 1
    assert openlane_3d(line, line, [20], [21]).category_accuracy == 0


@given(seeds, seeds)
def test_3d_counts_of_logs_add_up(a, b):
    def score(*frames):
        truth, pred = (of(*side) for side in zip(*frames, strict=True))
        return openlane_3d(truth, pred, np.zeros(len(truth.points)), np.zeros(len(pred.points)))

    one, two, both = score(frame(a)), score(frame(b)), score(frame(a), frame(b))
    assert (one + two).to_json()["found"] == both.found
    assert (one + two).x_close_sum == pytest.approx(both.x_close_sum)


def test_2d_pairs_only_within_categories():
    y = np.linspace(1270, 600, 12)
    lines = [np.stack([np.full(12, x), y], axis=1) for x in (400.0, 1200.0)]
    truth = LinePoints.from_frames([lines])
    assert openlane_2d(truth, truth).tp == 2
    crossed = openlane_2d(truth, truth, [1, 2], [1, 3])
    assert (crossed.tp, crossed.fp, crossed.fn, crossed.iou_threshold) == (1, 1, 1, 0.3)
    with pytest.raises(InvalidLabelError, match="both sides"):
        openlane_2d(truth, truth, [1, 2])
    with pytest.raises(InvalidLabelError, match="categories of pred"):
        openlane_2d(truth, truth, [1, 2], [1])


def test_bad_input_is_named():
    with pytest.raises(InvalidLabelError, match="pred: expected 1 frames"):
        openlane_3d(of([lane(0)]), of(), [0], [])
    with pytest.raises(InvalidLabelError, match="truth points: expected shape"):
        openlane_3d(LinePoints.from_frames([[np.zeros((2, 2))]]), of([lane(0)]), [0], [0])
    with pytest.raises(InvalidLabelError, match="pred_category"):
        openlane_3d(of([lane(0)]), of([lane(0)]), [0], [])
