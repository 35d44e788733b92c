import numpy as np
import pytest

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.boxes import Cuboids, argoverse2_detection, in_regions
from drivelabel.geometry import quat_of_yaw

# AP, ATE, ASE, AOE, CDS of classes 0, 1, 2 and 7 as av2-api (commit b7321d1) computes them.
GOLDEN = {
    0: [
        [0.13112878, 0.87014635, 0.34803365, 1.53623127, 0.07552562],
        [0.10112324, 0.83502272, 0.4014966, 0.567336, 0.06742909],
        [0.0, 2.0, 1.0, 3.14159265, 0.0],
        [0.0, 2.0, 1.0, 3.14159265, 0.0],
    ],
    1: [
        [0.23462217, 0.76076688, 0.37650188, 0.80963447, 0.15527295],
        [0.21515926, 0.43769964, 0.41514195, 1.39753709, 0.137785],
        [0.0, 2.0, 1.0, 3.14159265, 0.0],
        [0.0, 2.0, 1.0, 3.14159265, 0.0],
    ],
}


def random_cuboids(seed, n=150):
    """Near and far predictions, empty truth, things out of range, a class found only, one without finds."""
    rng = np.random.default_rng(seed)
    sweep, category = rng.integers(0, 5, n), rng.integers(0, 3, n)
    center = np.c_[rng.uniform(-160, 160, (n, 2)), rng.uniform(-2, 2, n)] * rng.choice([0.1, 1.0], (n, 1))
    size, yaw = rng.uniform(0.5, 5, (n, 3)), rng.uniform(-3.2, 3.2, n)
    rows = np.repeat(np.arange(n), rng.integers(0, 3, n))
    rows = rows[category[rows] != 2]
    near = center[rows] + rng.normal(0, 1, (len(rows), 3)) * rng.choice([0.1, 1.0, 3.0], (len(rows), 1))
    found = np.where(rng.random(len(rows)) < 0.1, 7, category[rows])
    turn = yaw[rows] + rng.normal(0, 0.3, len(rows)) + np.pi * (rng.random(len(rows)) < 0.2)
    truth = Cuboids.of(sweep, category, center, size, quat_of_yaw(yaw), n_points=rng.integers(0, 9, n))
    score = rng.permutation(len(rows)) / len(rows)
    stretched = size[rows] * rng.uniform(0.7, 1.3, (len(rows), 3))
    return truth, Cuboids.of(sweep[rows], found, near, stretched, quat_of_yaw(turn), score)


@pytest.mark.parametrize("seed", GOLDEN)
def test_the_numbers_are_those_of_av2(seed):
    result = argoverse2_detection(*random_cuboids(seed), [0, 1, 2, 7])
    names = ("AP", "ATE", "ASE", "AOE", "CDS")
    numbers = [[one.to_json()[name] for name in names] for one in result.classes.values()]
    np.testing.assert_allclose(numbers, GOLDEN[seed], rtol=0, atol=6e-9)
    np.testing.assert_allclose(
        list(result.means().values()), np.mean(GOLDEN[seed], axis=0), rtol=0, atol=6e-9
    )


def test_truth_finds_itself_without_error_and_counts_say_what_was_left_out():
    truth, _ = random_cuboids(3)
    result = argoverse2_detection(truth, truth)
    for one in result.classes.values():
        assert one.n_truth < one.n_truth + one.n_not_counted[0]
        assert one.translation_error == one.orientation_error == 0
        # Truth without points is left out, its twin among the predictions is not: some are false.
        assert 0.5 < one.mean_average_precision <= 1


def one_cuboid(**columns):
    row = {
        "sweep": [0],
        "category_id": [0],
        "center": [[1, 2, 0]],
        "size_lwh": [[4, 2, 1]],
        "quat_wxyz": [[1, 0, 0, 0]],
    }
    return Cuboids.of(**(row | columns))


def test_a_perfect_find_scores_one_and_a_turned_one_loses_by_its_angle():
    assert argoverse2_detection(one_cuboid(), one_cuboid()).means()["CDS"] == pytest.approx(1, abs=1e-12)
    turned = argoverse2_detection(one_cuboid(), one_cuboid(quat_wxyz=[[0, 0, 0, 1]])).classes[0]
    assert turned.orientation_error == pytest.approx(np.pi)
    assert turned.composite_score == pytest.approx(2 / 3)


def test_only_the_hundred_best_of_a_sweep_count():
    columns = {
        name: np.repeat(getattr(one_cuboid(), name), 120, axis=0)
        for name in ("center", "size_lwh", "quat_wxyz")
    }
    many = Cuboids.of(np.zeros(120), np.zeros(120), **columns, score=np.linspace(0, 1, 120))
    one = argoverse2_detection(one_cuboid(), many).classes[0]
    assert (one.n_pred, one.n_not_counted) == (100, (0, 20))
    assert one.n_true_positive.tolist() == [1, 1, 1, 1]


def test_messages_say_what_is_wrong():
    with pytest.raises(InvalidLabelError, match="center, row 0: expected finite numbers"):
        one_cuboid(center=[[np.nan, 0, 0]])
    with pytest.raises(InvalidLabelError, match=r"quat_wxyz: expected shape \(1, 4\), got \(2, 4\)"):
        one_cuboid(quat_wxyz=np.ones((2, 4)))
    with pytest.raises(InvalidLabelError, match="max_range: expected metres above 0, got 0"):
        argoverse2_detection(one_cuboid(), one_cuboid(), max_range=0)


def test_only_what_touches_the_region_counts():
    truth, pred = random_cuboids(0)
    square = 40.0 * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    regions = {sweep: [square] for sweep in range(5)}
    masks = in_regions(truth, regions), in_regions(pred, regions)
    inside = np.abs(truth.center[:, :2]).max(axis=1) < 40
    assert (masks[0] >= inside).all()
    assert not masks[0][np.abs(truth.center[:, :2]).max(axis=1) > 45].any()
    pruned = argoverse2_detection(truth, pred, [0, 1], in_region=masks)
    alone = argoverse2_detection(
        *(side.take(mask) for side, mask in zip((truth, pred), masks, strict=True)), [0, 1]
    )
    assert pruned.means() == alone.means()
    assert pruned.means()["AP"] != argoverse2_detection(truth, pred, [0, 1]).means()["AP"]
    dropped = [
        int((~mask & (side.category_id == 0)).sum()) for mask, side in zip(masks, (truth, pred), strict=True)
    ]
    assert all(n >= m > 0 for n, m in zip(pruned.classes[0].n_not_counted, dropped, strict=True))


def test_a_region_is_asked_after_the_hundred_best_of_a_sweep():
    n = 150
    center = np.c_[np.where(np.arange(n) < 120, 50.0, 5.0), np.zeros((n, 2))]
    pred = Cuboids.of(
        np.zeros(n), np.zeros(n), center, np.ones((n, 3)), [[1, 0, 0, 0]] * n, np.arange(n)[::-1] / n
    )
    truth = pred.take([149])
    masks = in_regions(truth, {0: [[[0, -9], [9, -9], [9, 9], [0, 9]]]}), pred.center[:, 0] < 9
    assert masks[0].tolist() == [True]
    assert argoverse2_detection(truth, pred, in_region=masks).classes[0].n_pred == 0


def test_a_cuboid_is_in_a_region_by_any_corner_and_only_in_its_own_sweep():
    center = [[0, 0, 0], [5.4, 0, 0], [6.6, 0, 0], [0, 0, 0]]
    boxes = Cuboids.of([0, 0, 0, 1], [0] * 4, center, [[2, 2, 2]] * 4, [[1, 0, 0, 0]] * 4)
    ring = [[-5, -5], [5, -5], [5, 5], [-5, 5]]
    assert in_regions(boxes, {0: [ring]}).tolist() == [True, True, False, False]
    assert in_regions(boxes, {0: [], 1: [np.add(ring, 100), ring[::-1]]}).tolist() == [False] * 3 + [True]
    assert not in_regions(boxes, {}).any()
    bent = [
        [-5, -5],
        [5, -5],
        [5, 5],
        [4.5, 5],
        [4.5, -4.5],
        [-5, -4.5],
    ]  # none of the four has a corner in it
    assert in_regions(boxes, {0: [bent]}).tolist() == [False, False, False, False]
    with pytest.raises(InvalidLabelError, match="regions of sweep 0"):
        in_regions(boxes, {0: [[1, 2, 3]]})
    with pytest.raises(InvalidLabelError, match="in_region of pred"):
        argoverse2_detection(boxes, boxes, in_region=(np.ones(4, bool), np.ones(3, bool)))
