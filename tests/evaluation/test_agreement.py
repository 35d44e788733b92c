"""Kappa and alpha equal their references; labels of any geometry are compared after pairing."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.agreement import (
    agreement,
    box_similarity,
    cohen_kappa,
    cuboid_similarity,
    fleiss_kappa,
    keypoint_similarity,
    krippendorff_alpha,
    lane_similarity,
    mask_similarity,
    polygon_similarity,
    track_similarity,
)
from drivelabel.evaluation.agreement.labels import _things

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=30)
@given(seeds, st.sampled_from(["none", "linear", "quadratic"]))
def test_cohens_kappa_equals_scikit_learns(seed, weights):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 4, 30)
    b = np.where(rng.random(30) < 0.5, a, rng.integers(0, 4, 30))
    expected = metrics.cohen_kappa_score(a, b, weights=None if weights == "none" else weights)
    assert cohen_kappa(a, b, weights=weights) == pytest.approx(expected, abs=1e-12)


def test_fleiss_kappa_of_its_paper():
    # The ten things and five classes of the example in Wikipedia's article; 14 people.
    counts = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    assert fleiss_kappa(counts) == pytest.approx(0.20993, abs=1e-5)
    with pytest.raises(InvalidLabelError, match="row 1: expected the same number of people"):
        fleiss_kappa([[2, 0], [1, 0]])


KRIPPENDORFF = np.array(
    [
        [np.nan, np.nan, np.nan, np.nan, np.nan, 3, 4, 1, 2, 1, 1, 3, 3, np.nan, 3],
        [1, np.nan, 2, 1, 3, 3, 4, 3, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan],
        [np.nan, np.nan, 2, 1, 3, 4, 4, np.nan, 2, 1, 1, 3, 3, np.nan, 4],
    ]
)


@pytest.mark.parametrize(("level", "expected"), [("nominal", 0.691), ("interval", 0.811), ("ordinal", 0.807)])
def test_alpha_of_krippendorffs_example(level, expected):
    assert krippendorff_alpha(KRIPPENDORFF, level) == pytest.approx(expected, abs=5e-4)


def plain_alpha(things, distance):
    """Alpha of lists of values per thing, straight from its definition."""
    things = [values for values in things if len(values) > 1]
    everything = [v for values in things for v in values]
    n = len(everything)
    observed = sum(sum(distance(a, b) for a, b in permutations(v, 2)) / (len(v) - 1) for v in things) / n
    expected = sum(distance(a, b) for a, b in permutations(everything, 2)) / (n * (n - 1))
    return 1 - observed / expected if expected else np.nan


@settings(max_examples=30)
@given(seeds)
def test_alpha_equals_its_definition(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 4, (3, 8)).astype(float)
    values[rng.random(values.shape) < 0.3] = np.nan
    things = [column[~np.isnan(column)].tolist() for column in values.T]
    if sum(len(thing) > 1 for thing in things) < 2:
        return
    for level, distance in (
        ("nominal", lambda a, b: a != b),
        ("interval", lambda a, b: (a - b) ** 2),
        ("ratio", lambda a, b: ((a - b) / (a + b)) ** 2 if a + b else 0),
    ):
        np.testing.assert_allclose(
            krippendorff_alpha(values, level), plain_alpha(things, distance), atol=1e-12
        )


def crowd(seed, n_raters, n_frames=3, per_frame=4):
    """Boxes that several people drew of the same things, with misses and ghosts."""
    rng = np.random.default_rng(seed)
    frame, rater, category, xyxy = [], [], [], []
    for f in range(n_frames):
        corner = rng.uniform(0, 100, (per_frame, 2))
        for person in range(n_raters):
            for k in range(per_frame):
                if rng.random() < 0.8:
                    place = corner[k] + rng.normal(0, 2, 2)
                    frame.append(f)
                    rater.append(person)
                    category.append(k % 2 if rng.random() < 0.9 else 2)
                    xyxy.append([*place, *place + 20])
    return np.array(frame), np.array(rater), np.array(category), np.array(xyxy).reshape(-1, 4)


@settings(max_examples=20)
@given(seeds, st.integers(2, 4))
def test_the_alpha_of_geometry_equals_its_definition(seed, n_raters):
    frame, rater, category, xyxy = crowd(seed, n_raters)
    similarity = box_similarity(xyxy)
    result = agreement(frame, rater, category, similarity, n_raters=n_raters)
    things, _, _ = _things(frame, rater, similarity, n_raters, 0.5)
    assert sorted(things[things >= 0].tolist()) == list(range(len(frame)))

    def distance(a, b):
        if a < 0 or b < 0:
            return float(a != b)
        return 1 - similarity(np.array([a]), np.array([b]))[0, 0] if frame[a] == frame[b] else 1.0

    np.testing.assert_allclose(result.geometry_alpha, plain_alpha(things.tolist(), distance), atol=1e-9)
    assert result.n_labels == len(frame)


def test_people_who_draw_the_same_agree_fully():
    frame, _, category, xyxy = crowd(1, 1)
    twice = (np.tile(frame, 2), np.repeat([0, 1], len(frame)), np.tile(category, 2))
    result = agreement(*twice, box_similarity(np.tile(xyxy, (2, 1))), n_raters=2)
    assert (result.existence_f1, result.mean_similarity, result.geometry_alpha) == (1, 1, 1)
    assert (result.class_alpha, result.class_kappa) == (1, 1)
    assert result.n_unanimous == result.n_things == len(frame)


def test_people_who_see_other_things_do_not_agree():
    apart = agreement([0, 0], [0, 1], [0, 0], box_similarity([[0, 0, 9, 9], [50, 50, 60, 60]]), n_raters=2)
    assert (apart.existence_f1, apart.n_things, apart.n_shared) == (0, 2, 0)
    assert apart.geometry_alpha < 0
    assert np.isnan(apart.mean_similarity)
    nobody = agreement([], [], [], box_similarity(np.zeros((0, 4))), n_raters=3)
    assert (nobody.n_things, np.isnan(nobody.geometry_alpha), np.isnan(nobody.class_kappa)) == (0, True, True)


def test_each_geometry_is_compared_in_its_own_way():
    rows = np.arange(2)
    np.testing.assert_allclose(
        box_similarity([[0, 0, 2, 2], [1, 0, 3, 2]])(rows, rows), [[1, 1 / 3], [1 / 3, 1]]
    )
    cubes = cuboid_similarity([[0, 0, 0], [1, 0, 0]], [[2, 2, 2]] * 2, [[1, 0, 0, 0]] * 2)
    np.testing.assert_allclose(cubes(rows, rows), [[1, 1 / 3], [1 / 3, 1]])
    square = np.array([[0.0, 0], [2, 0], [2, 2], [0, 2]])
    np.testing.assert_allclose(
        polygon_similarity([square, square + np.array([1, 0])])(rows, rows)[0], [1, 1 / 3]
    )
    masks = np.zeros((2, 4, 4), bool)
    masks[0, :2], masks[1, :1] = True, True
    np.testing.assert_allclose(mask_similarity(masks)(rows, rows), [[1, 0.5], [0.5, 1]])
    line = np.stack([np.zeros(9), np.arange(9.0)], axis=1)
    np.testing.assert_allclose(
        lane_similarity([line, line + np.array([15, 0])], 30)(rows, rows), [[1, 0.5], [0.5, 1]]
    )
    points = np.array([[[0, 0, 2], [9, 9, 0]], [[1, 0, 2], [9, 9, 2]]])
    np.testing.assert_allclose(keypoint_similarity(points, [10, 10])(rows, rows)[0, 1], np.exp(-0.5) / 2)
    boxes = box_similarity(np.array([[0, 0, 2, 2]] * 3, float))
    tubes = track_similarity([0, 0, 1], [0, 1, 1], boxes, 2)
    np.testing.assert_allclose(tubes(rows, rows), [[1, 0.5], [0.5, 1]])


def test_bad_input_is_named():
    boxes = box_similarity([[0, 0, 1, 1]])
    with pytest.raises(InvalidLabelError, match="rater, row 0: expected 0 to 1, got 5"):
        agreement([0], [5], [0], boxes, n_raters=2)
    with pytest.raises(InvalidLabelError, match="n_raters: expected at least 2"):
        agreement([0], [0], [0], boxes, n_raters=1)
    with pytest.raises(InvalidLabelError, match="category_id, row 0"):
        agreement([0], [0], [-1], boxes, n_raters=2)
    with pytest.raises(InvalidLabelError, match=r"similarity: expected numbers in \[0, 1\]"):
        agreement([0], [0], [0], lambda a, b: np.full((len(a), len(b)), np.nan), n_raters=2)
    with pytest.raises(InvalidLabelError, match="level: expected nominal"):
        krippendorff_alpha([[1, 2], [1, 3]], "cardinal")
    with pytest.raises(InvalidLabelError, match="values: expected finite"):
        krippendorff_alpha([[1, np.inf]])
    with pytest.raises(InvalidLabelError, match="weights"):
        cohen_kappa([1], [1], weights="cubic")
    with pytest.raises(InvalidLabelError, match="at most one row of a track"):
        track_similarity([0, 0], [1, 1], boxes, 1)
