import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.keypoints import COCO_SIGMAS, correct_keypoints, keypoint_similarity


@pytest.mark.needs("pycocotools")
@pytest.mark.parametrize("seed", range(3))
def test_similarity_equals_pycocotools(seed):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    rng = np.random.default_rng(seed)
    truth = np.concatenate([rng.uniform(0, 100, (6, 17, 2)), rng.integers(0, 3, (6, 17, 1))], axis=2)
    truth[0, :, 2] = 0
    pred = truth[rng.integers(0, 6, 8)] + rng.normal(0, 5, (8, 17, 3))
    corner = rng.uniform(0, 50, (6, 2))
    xyxy, area = np.concatenate([corner, corner + 60], axis=1), rng.uniform(100, 5000, 6)
    empty = COCO()
    empty.dataset = {"images": [], "annotations": [], "categories": []}
    with contextlib.redirect_stdout(io.StringIO()):
        empty.createIndex()
    engine = COCOeval(empty, empty, "keypoints")
    engine._gts[0, 0] = [
        {"keypoints": truth[k].ravel().tolist(), "bbox": [*xyxy[k, :2], 60, 60], "area": area[k]}
        for k in range(6)
    ]
    engine._dts[0, 0] = [
        {"keypoints": row.ravel().tolist(), "score": 1 - k / 10} for k, row in enumerate(pred)
    ]
    engine.params.useCats = True
    expected = engine.computeOks(0, 0).T
    np.testing.assert_allclose(keypoint_similarity(truth, pred, area, xyxy), expected, rtol=1e-12, atol=1e-15)


def test_a_skeleton_is_its_own_twin_and_one_sigma_away_is_known():
    truth = np.concatenate([np.full((1, 17, 2), 50.0), np.full((1, 17, 1), 2.0)], axis=2)
    box, area = [[0, 0, 100, 100]], [10_000.0]
    assert keypoint_similarity(truth, truth, area, box)[0, 0] == 1
    moved = truth.copy()
    moved[0, :, 0] += 2 * COCO_SIGMAS * 100
    np.testing.assert_allclose(keypoint_similarity(truth, moved, area, box), [[np.exp(-0.5)]], rtol=1e-12)


POINT = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 2))


@given(
    st.lists(st.lists(POINT, min_size=3, max_size=3), max_size=4), st.data(), st.sampled_from([0.1, 0.5, 1])
)
def test_correct_keypoints_equal_a_plain_count_and_add_up_over_logs(rows, data, threshold):
    truth = np.array(rows, np.float64).reshape(-1, 3, 3)
    moves = data.draw(st.lists(st.integers(-6, 6), min_size=truth.size, max_size=truth.size))
    pred = truth[..., :2] + np.array(moves, np.float64).reshape(truth.shape)[..., :2]
    size = np.full(len(truth), 10.0)
    result = correct_keypoints(truth, pred, size, threshold)
    for k in range(3 if len(truth) else 0):
        seen = [n for n in range(len(truth)) if truth[n, k, 2] > 0]
        near = [n for n in seen if np.hypot(*(pred[n, k] - truth[n, k, :2])) <= threshold * 10]
        assert (result.n_truth[k], result.n_correct[k]) == (len(seen), len(near))
    half = len(truth) // 2
    parts = [
        correct_keypoints(truth[s], pred[s], size[s], threshold) for s in (slice(half), slice(half, None))
    ]
    assert (parts[0] + parts[1]).to_json() == result.to_json()


def test_a_point_that_was_not_found_is_wrong_and_no_truth_is_no_number():
    truth = np.array([[[5, 5, 2], [5, 5, 0]]], np.float64)
    result = correct_keypoints(truth, np.full((1, 2, 2), np.nan), [10])
    assert result.value == 0 and result.n_truth.tolist() == [1, 0]
    assert np.isnan(result.per_point[1])
    assert correct_keypoints(truth[:0], truth[:0], []).to_json()["pck"] is None


def test_messages_say_what_is_wrong():
    points = np.zeros((1, 17, 3))
    with pytest.raises(InvalidLabelError, match=r"truth: expected shape \(n, 17, 3\), got \(1, 5, 3\)"):
        keypoint_similarity(np.zeros((1, 5, 3)), points, [1], [[0, 0, 1, 1]])
    with pytest.raises(InvalidLabelError, match="area, row 0: expected finite numbers"):
        keypoint_similarity(points, points, [np.nan], [[0, 0, 1, 1]])
    with pytest.raises(InvalidLabelError, match="threshold and size_px: expected numbers above 0"):
        correct_keypoints(points, points, [0])
    with pytest.raises(InvalidLabelError, match="expected equal thresholds and points to add"):
        correct_keypoints(points, points, [1], 0.1) + correct_keypoints(points, points, [1], 0.2)
