import numpy as np
import pytest
from reference import kitti as reference

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.boxes import KittiObjects, kitti_average_precision
from drivelabel.geometry import (
    bev_overlap,
    pairwise_bev_iou,
    pairwise_iou,
    pairwise_upright_iou,
    upright_overlap,
)

NAMES = ("Car", "Van", "Pedestrian", "Person_sitting", "Cyclist", "Truck", "DontCare")
BEV = [0, 1, 3, 4, 6]


def random_image(rng, n=14):
    """Crowded: what hides, is cut off or small, neighbours, areas of DontCare, doubles, equal scores."""
    name = rng.choice(NAMES, n, p=[0.4, 0.1, 0.15, 0.05, 0.1, 0.05, 0.15])
    corner, size = rng.uniform(0, 400, (n, 2)), np.c_[rng.uniform(30, 90, n), rng.uniform(15, 90, n)]
    solid = np.c_[
        rng.uniform(0, 25, (n, 2)), rng.normal(0, 0.2, n), rng.uniform(1, 5, (n, 3)), rng.uniform(-3, 3, n)
    ]
    truth = KittiObjects.of(
        name.tolist(), np.c_[corner, corner + size], solid, rng.uniform(-3, 3, n),
        rng.choice([0, 0.2, 0.4, 0.8], n), rng.integers(0, 4, n),
    )  # fmt: skip
    rows = np.repeat(np.arange(n), rng.integers(0, 4, n))
    m = len(rows)
    moved = corner[rows] + rng.normal(0, 3, (m, 2))
    taller = size[rows] * np.c_[np.ones(m), rng.uniform(0.9, 1.1, m)]
    found = np.where(name[rows] == "DontCare", "Car", name[rows])
    found = np.where(rng.random(m) < 0.15, "Pedestrian", found)
    near = solid[rows] + np.c_[rng.normal(0, 0.2, (m, 3)), np.zeros((m, 3)), rng.normal(0, 0.1, m)]
    pred = KittiObjects.of(
        found.tolist(),
        np.c_[moved, moved + taller],
        near,
        rng.uniform(-3, 3, m),
        score=rng.random(m).round(1),
    )
    return truth, pred


def plain_image(truth, pred, view):
    def rows(objects):
        return [
            {
                "row": k,
                "name": objects.category[k],
                "height": objects.xyxy[k, 3] - objects.xyxy[k, 1],
                "occlusion": objects.occlusion[k],
                "truncation": objects.truncation[k],
                "score": objects.score[k],
            }
            for k in range(len(objects))
        ]

    def overlap(t, p):
        if view == "image":
            return pairwise_iou(truth.xyxy[[t["row"]]], pred.xyxy[[p["row"]]])[0, 0]
        a, b = truth.boxes3d[[t["row"]]], pred.boxes3d[[p["row"]]]
        return (pairwise_bev_iou(a[:, BEV], b[:, BEV]) if view == "bev" else pairwise_upright_iou(a, b))[0, 0]

    def inside(d, p):
        a, b = truth.xyxy[d["row"]], pred.xyxy[p["row"]]
        if view == "image":
            width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            return max(width, 0) * max(height, 0) / np.prod(b[2:] - b[:2])
        a, b = truth.boxes3d[[d["row"]]], pred.boxes3d[[p["row"]]]
        if view == "bev":
            return bev_overlap(a[:, BEV], b[:, BEV])[0] / np.prod(b[0, 3:5])
        return upright_overlap(a, b)[0] / np.prod(b[0, 3:6])

    return rows(truth), rows(pred), overlap, inside


@pytest.mark.parametrize("view", ["image", "bev", "3d"])
@pytest.mark.parametrize("seed", range(2))
def test_precision_equals_its_plain_twin_in_every_class_and_difficulty(view, seed):
    rng = np.random.default_rng(seed)
    pairs = [random_image(rng) for _ in range(6)]
    result = kitti_average_precision(*map(list, zip(*pairs, strict=True)), view)
    images = [plain_image(*pair, view) for pair in pairs]
    seen = 0
    for (category, difficulty), curve in result.curves.items():
        level = ("easy", "moderate", "hard").index(difficulty)
        min_iou = 0.7 if category == "Car" else 0.5
        precision, n_truth = reference.curve(images, category, level, min_iou)
        np.testing.assert_allclose(curve.precision, precision, rtol=0, atol=1e-12)
        assert curve.n_truth == n_truth
        assert curve.ap_r11 == pytest.approx(sum(precision[::4]) / 11, abs=1e-12)
        assert curve.ap_r40 == pytest.approx(sum(precision[1:]) / 40, abs=1e-12)
        seen += curve.ap_r40 > 0
    assert seen >= 4


def cars(n, **columns):
    corner = np.arange(n)[:, None] * np.array([[100.0, 0.0]])
    solid = np.c_[np.arange(n) * 10.0, np.zeros((n, 2)), np.tile([4, 2, 1.5, 0.3], (n, 1))]
    return KittiObjects.of(["Car"] * n, np.c_[corner, corner + 50], solid, **columns)


@pytest.mark.parametrize("view", ["image", "bev", "3d"])
def test_truth_finds_itself(view):
    scores = np.linspace(1, 0.1, 80)
    curve = kitti_average_precision([cars(80)], [cars(80, score=scores)], view).curves["Car", "easy"]
    assert (curve.ap_r11, curve.ap_r40, curve.aos_r40) == (1, 1, 1)
    assert curve.counts[-1].tolist() == [
        len(curve.score_limits) * 2 - 1,
        0,
        81 - 2 * len(curve.score_limits),
    ] or (curve.counts[-1, 1] == 0)


def test_few_objects_never_reach_all_recall_points():
    curve = kitti_average_precision([cars(1)], [cars(1, score=[1.0])]).curves["Car", "easy"]
    assert curve.precision.tolist() == [1.0] + [0.0] * 40  # so the devkit has it: one truth, one point
    assert (curve.ap_r11, curve.ap_r40) == (1 / 11, 0)


def test_a_find_on_an_area_that_nobody_labelled_is_not_false():
    stuff = KittiObjects.of(["Car", "DontCare"], [[0, 0, 50, 50], [200, 0, 400, 100]])
    found = KittiObjects.of(["Car", "Car"], [[0, 0, 50, 50], [210, 0, 260, 60]], score=[0.5, 0.9])
    assert kitti_average_precision([stuff], [found]).curves["Car", "easy"].counts.tolist() == [[1, 0, 0]]
    without = KittiObjects.of(["Car"], [[0, 0, 50, 50]])
    assert kitti_average_precision([without], [found]).curves["Car", "easy"].counts.tolist() == [[1, 1, 0]]


def test_a_turned_heading_halves_the_orientation_similarity():
    truth = cars(80)
    pred = cars(80, score=np.linspace(1, 0.1, 80), alpha=np.full(80, np.pi / 2))
    curve = kitti_average_precision([truth], [pred]).curves["Car", "moderate"]
    assert curve.aos_r40 == pytest.approx(0.5 * curve.ap_r40)
    assert curve.to_json()["n_truth"] == 80


def test_messages_say_what_is_wrong():
    with pytest.raises(InvalidLabelError, match="pred: expected 1 images, got 0"):
        kitti_average_precision([cars(1)], [])
    with pytest.raises(InvalidLabelError, match="view: expected one of image, bev, 3d, got '2d'"):
        kitti_average_precision([], [], "2d")
    with pytest.raises(InvalidLabelError, match=r"no class 'Cars'\. Did you mean 'Car'\?"):
        kitti_average_precision([], [], categories=("Cars",))
    with pytest.raises(InvalidLabelError, match="score, row 0: expected finite numbers"):
        cars(1, score=[np.nan])
    nothing = kitti_average_precision([cars(0)], [cars(0)]).to_json()["classes"]["Car"]["easy"]
    assert (nothing["n_truth"], nothing["n_true_positive"], nothing["n_missed"]) == (0, 0, 0)
