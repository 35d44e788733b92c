import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import tracking as reference

from drivelabel.geometry._kernels.assignment import assign, best_pairs
from drivelabel.geometry._kernels.kalman import boxes_of, correct, predict, start_motion
from drivelabel.geometry._kernels.tracking import possible_pairs, widened

CORNER = st.tuples(st.floats(-500, 2000), st.floats(-500, 1200), st.floats(0, 600), st.floats(0, 600))
BOX = CORNER.map(lambda c: np.array([c[0], c[1], c[0] + c[2], c[1] + c[3]]))


@given(st.lists(st.tuples(st.floats(0.001, 2.0), st.booleans(), st.none() | BOX), max_size=8), BOX)
def test_four_small_filters_equal_the_full_matrix_filter(story, first):
    plain = reference.PlainKalman(first)
    motion = start_motion(first[None])
    for seconds, is_lost, box in story:
        plain.predict(seconds, is_lost)
        motion = predict(motion, seconds, np.array([is_lost]))
        if box is not None:
            plain.correct(box)
            correct(motion[0].copy(), box, motion[0])
        scale = 1 + np.abs(plain.mean).max()
        np.testing.assert_allclose(motion[0, :, :2].T.ravel(), plain.mean, atol=1e-7 * scale)
        blocks = [plain.covariance[:4, :4], plain.covariance[:4, 4:], plain.covariance[4:, 4:]]
        for k, block in enumerate(blocks):
            np.testing.assert_allclose(motion[0, :, 2 + k], np.diag(block), rtol=1e-6, atol=1e-6)
            assert np.abs(block - np.diag(np.diag(block))).max() < 1e-6 * (1 + np.abs(block).max())


@given(st.lists(BOX, max_size=4))
def test_a_box_seen_once_is_foreseen_where_it_was(boxes):
    xyxy = np.array(boxes).reshape(-1, 4)
    np.testing.assert_allclose(boxes_of(start_motion(xyxy)), xyxy, atol=1e-9)


def test_uniform_motion_is_learned_at_any_frame_rate():
    for seconds in (1 / 60, 1 / 30, 1 / 10):
        box, motion = np.array([100.0, 100, 160, 140]), None
        for _ in range(int(2 / seconds)):
            motion = start_motion(box[None]) if motion is None else motion
            motion = predict(motion, seconds, np.array([False]))
            box = box + seconds * np.array([90.0, 0, 90, 0])
            correct(motion[0].copy(), box, motion[0])
        np.testing.assert_allclose(motion[0, 0, 1], 90, rtol=0.03)
        np.testing.assert_allclose(motion[0, 1:, 1], 0, atol=1)


@st.composite
def pair_lists(draw):
    n, m = draw(st.integers(0, 7)), draw(st.integers(0, 7))
    every = [(i, j) for i in range(n) for j in range(m)]
    chosen = draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    value = st.integers(1, 4).map(lambda k: k / 4) | st.floats(0.01, 1)
    gains = draw(st.lists(value, min_size=len(chosen), max_size=len(chosen)))
    rows, columns = (np.array([pair[k] for pair in chosen], np.int64) for k in range(2))
    return n, m, rows, columns, np.array(gains, np.float64)


@given(pair_lists())
def test_pairs_are_worth_as_much_as_scipys_assignment(case):
    n, m, rows, columns, gains = case
    partner = best_pairs(n, m, rows, columns, gains)
    value = dict(zip(zip(rows.tolist(), columns.tolist(), strict=True), gains.tolist(), strict=True))
    taken = [(row, int(column)) for row, column in enumerate(partner) if column >= 0]
    assert len({column for _, column in taken}) == len(taken)
    assert set(taken) <= set(value)
    np.testing.assert_allclose(
        sum(value[pair] for pair in taken),
        reference.largest_total_gain(n, m, rows, columns, gains),
        atol=1e-12,
    )


@given(hnp.arrays(np.float64, st.integers(0, 12).map(lambda n: (n, n)), elements=st.floats(-1e3, 1e3)))
def test_assignment_of_a_full_matrix_equals_scipys(gain):
    best = assign(gain)
    n = len(gain)
    assert sorted(best.tolist()) == list(range(n))
    from scipy.optimize import linear_sum_assignment

    np.testing.assert_allclose(
        gain[np.arange(n), best].sum(), gain[linear_sum_assignment(gain, maximize=True)].sum(), atol=1e-8
    )


@given(st.integers(0, 2**31), st.integers(0, 30), st.integers(0, 30), st.sampled_from([0.1, 0.5]))
def test_possible_pairs_are_all_pairs_of_a_group_that_overlap_enough(seed, n, m, min_iou):
    from reference.geometry import pairwise_iou

    rng = np.random.default_rng(seed)

    def some(count):
        corner = rng.integers(0, 40, (count, 2)).astype(np.float64)
        return np.concatenate([corner, corner + rng.integers(1, 30, (count, 2))], axis=1)

    tracks, boxes = some(n), some(m)
    track_group, group = rng.integers(0, 2, n), rng.integers(0, 2, m)
    use_track, use_box = rng.random(n) < 0.8, rng.random(m) < 0.8
    score, category, called = rng.random(m), rng.integers(0, 3, m), rng.integers(0, 3, n)
    is_lost, is_weak = rng.random(n) < 0.3, rng.random(m) < 0.3
    rows, columns, gains = possible_pairs(
        tracks, track_group, called, use_track, is_lost,
        boxes, group, category, score, use_box, is_weak, min_iou, 0.6,
    )  # fmt: skip
    iou = pairwise_iou(tracks, boxes)
    wanted = (iou >= np.where(is_weak, 0.6, min_iou)) & (track_group[:, None] == group)
    wanted &= use_track[:, None] & use_box & ~(is_lost[:, None] & is_weak)
    assert sorted(zip(rows, columns, strict=True)) == sorted(zip(*np.nonzero(wanted), strict=True))
    worth = iou * (1 + score) / 2 * np.where(called[:, None] == category, 1.0, 0.8)
    np.testing.assert_allclose(gains, worth[rows, columns])


def test_widened_boxes_keep_their_centre():
    np.testing.assert_allclose(widened(np.array([[10.0, 20, 30, 60]]), 0.5), [[0, 0, 40, 80]])
