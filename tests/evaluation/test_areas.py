"""Mean IoU, panoptic quality and boundary IoU equal their references."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import panoptic as plain

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.areas import (
    Segments,
    boundary_iou,
    boundary_of,
    confusion_of,
    mean_iou,
    panoptic_quality,
)
from drivelabel.labels import DRIVING, InstanceMap, LabelMap

NAMES = ("road", "car", "sky")
THINGS = (False, True, False)
seeds = st.integers(0, 2**32 - 1)


def maps(seed, hw=(24, 30), n=3, void=0.1):
    """Two label maps that agree mostly."""
    rng = np.random.default_rng(seed)
    truth = np.kron(rng.integers(0, n, (hw[0] // 6, hw[1] // 6)), np.ones((6, 6))).astype(np.uint8)
    pred = np.where(rng.random(truth.shape) < 0.2, rng.integers(0, n, truth.shape), truth).astype(np.uint8)
    for side in (truth, pred):
        side[rng.random(side.shape) < void] = 255
    return truth, pred


def segments(seed, crowd=True):
    """True and predicted segments of a frame, with void, crowds and split things."""
    rng = np.random.default_rng(seed)
    sides = []
    coarse = rng.integers(0, 7, (5, 6))
    for k in range(2):
        cells = np.where(rng.random(coarse.shape) < 0.15, rng.integers(0, 7, coarse.shape), coarse)
        ids = np.kron(cells, np.ones((5, 5), np.int64)).astype(np.int64) * 11
        ids[rng.random(ids.shape) < 0.1] = 0
        found = np.unique(ids[ids > 0])
        category = found // 11 % 3 if rng.random() < 0.8 else rng.integers(0, 3, len(found))
        is_crowd = (rng.random(len(found)) < 0.2) & (k == 0) & crowd
        sides.append(Segments(ids, found, category, is_crowd))
    return tuple(sides)


def test_bdd100ks_own_test_cases_come_out(shared_data):
    folder = shared_data / "bdd100k_formats/eval/testcases/seg"
    truth, pred = (cv2.imread(str(folder / side / "a.png"), cv2.IMREAD_UNCHANGED) for side in ("gt", "pred"))
    confusion = confusion_of([(truth, pred)], 2)
    assert confusion[:2, :2].tolist() == [[93, 1], [4, 2]]
    result = mean_iou(confusion, NAMES[:2])
    np.testing.assert_allclose([*result.iou, result.mean], [0.9489795918, 0.2857142857, 0.6173469388])
    second = cv2.imread(str(folder / "gt+/b.png"), cv2.IMREAD_UNCHANGED)
    missing = confusion + confusion_of([(second, np.full_like(second, 255))], 2)
    np.testing.assert_allclose(mean_iou(missing, NAMES[:2]).iou, [0.484375, 0.1538461538])


def test_real_lane_masks_against_themselves_are_perfect(shared_data):
    folder = shared_data / "bdd100k_formats/eval/testcases/lane/gts"
    frames = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(folder.glob("*.png"))]
    result = mean_iou(confusion_of([(f, f) for f in frames], 8), [str(k) for k in range(8)])
    assert result.mean == 1
    assert np.isnan(result.iou).sum() == 8 - len({*np.concatenate([np.unique(f) for f in frames])} - {255})


@given(seeds)
def test_the_confusion_is_a_count_of_pixels(seed):
    truth, pred = maps(seed)
    confusion = confusion_of([(truth, pred)], 3)
    for i, t in enumerate((0, 1, 2, 255)):
        for j, p in enumerate((0, 1, 2, 255)):
            assert confusion[i, j] == ((truth == t) & (pred == p)).sum()


@given(seeds, st.sampled_from([(), ("sky",), ("sky", "car")]))
def test_iou_leaves_out_pixels_of_void_and_ignored_truth(seed, ignore):
    truth, pred = maps(seed)
    result = mean_iou(confusion_of([(truth, pred)], 3), NAMES, ignore)
    judged = np.isin(truth, [k for k, name in enumerate(NAMES) if name not in ignore])
    for k, name in enumerate(NAMES):
        both, either = ((truth == k) & (pred == k) & judged).sum(), ((truth == k) | (pred == k))[judged].sum()
        expected = both / either if name not in ignore and either else np.nan
        np.testing.assert_equal(result.iou[k], expected)
    np.testing.assert_equal(
        result.mean, np.nanmean(result.iou) if (result.iou == result.iou).any() else np.nan
    )


def test_frames_are_counted_before_dividing():
    frames = [maps(1), maps(2, hw=(12, 12))]
    together = confusion_of(frames, 3)
    np.testing.assert_array_equal(together, sum(confusion_of([frame], 3) for frame in frames))
    assert set(mean_iou(together, NAMES).to_json()["classes"]) == set(NAMES)


@settings(max_examples=25)
@given(seeds)
def test_panoptic_quality_equals_its_plain_twin(seed):
    frames = [segments(seed), segments(seed + 1)]
    result = panoptic_quality(frames, NAMES, THINGS)
    expected = plain.count(frames, 3)
    np.testing.assert_array_equal(result.tp, expected["tp"])
    np.testing.assert_array_equal(result.fp, expected["fp"])
    np.testing.assert_array_equal(result.fn, expected["fn"])
    np.testing.assert_allclose(result.iou_sum, expected["iou"], atol=1e-12)
    alone = [panoptic_quality([frame], NAMES, THINGS) for frame in frames]
    np.testing.assert_array_equal((alone[0] + alone[1]).fp, result.fp)


@given(seeds)
def test_a_frame_against_itself_is_perfect(seed):
    truth, _ = segments(seed, crowd=False)
    result = panoptic_quality([(truth, truth)], NAMES, THINGS)
    assert result.fp.sum() == result.fn.sum() == 0
    if len(truth.segment_id):
        np.testing.assert_allclose(result.mean()["pq"], 1)


def test_our_maps_become_segments():
    car, road = DRIVING.id_of("car"), DRIVING.id_of("road")
    labels = LabelMap(np.array([[car, car, car, road], [255, road, car, road]], np.uint8))
    instances = InstanceMap(np.array([[1, 2, 0, 1], [0, 0, 0, 0]], np.uint16), np.array([7, 8]))
    cut = Segments.of_maps(labels, instances, DRIVING)
    assert sorted(zip(cut.category_id.tolist(), cut.is_crowd.tolist(), strict=True)) == [
        (car, False),
        (car, False),
        (car, True),
        (road, False),
    ]
    assert (cut.segment_map == 0).sum() == 1
    result = panoptic_quality([(cut, cut)], DRIVING.names, [c.is_thing for c in DRIVING])
    assert (result.tp[car], result.tp[road], result.fp.sum()) == (2, 1, 0)


def test_bad_segments_are_named():
    ids = np.array([[1, 2]])
    listed = Segments(ids, np.array([1, 2]), np.array([0, 1]), np.zeros(2, bool))
    short = Segments(ids, np.array([1]), np.array([0]), np.zeros(1, bool))
    with pytest.raises(
        InvalidLabelError, match="frame 0, pred: 1 pixels belong to segments that are not listed"
    ):
        panoptic_quality([(listed, short)], NAMES, THINGS)
    long = Segments(ids, np.array([1, 2, 9]), np.array([0, 1, 1]), np.zeros(3, bool))
    with pytest.raises(InvalidLabelError, match="frame 0, truth: segment 9 has no pixels"):
        panoptic_quality([(long, listed)], NAMES, THINGS)
    with pytest.raises(InvalidLabelError, match="frame 0, pred: expected classes 0 to 0, got 1"):
        panoptic_quality([(short, listed)], NAMES[:1], THINGS[:1])
    with pytest.raises(InvalidLabelError, match="rising"):
        Segments(ids, np.array([2, 1]), np.array([0, 1]), np.zeros(2, bool))
    with pytest.raises(InvalidLabelError, match="which"):
        panoptic_quality([], NAMES, THINGS).mean("animals")


def test_bad_maps_are_named():
    good = np.zeros((2, 2), np.uint8)
    with pytest.raises(InvalidLabelError, match="frame 0, pred: expected uint8"):
        confusion_of([(good, good.astype(int))], 2)
    with pytest.raises(InvalidLabelError, match=r"frame 0, pred: expected shape \(2, 2\)"):
        confusion_of([(good, good[:1])], 2)
    with pytest.raises(InvalidLabelError, match="expected classes 0 to 1 or 255, got 9"):
        confusion_of([(good, good + np.uint8(9))], 2)
    with pytest.raises(InvalidLabelError, match="ignore: no class 'moon'"):
        mean_iou(np.zeros((4, 4)), NAMES, ["moon"])


@given(st.integers(1, 40), st.integers(1, 40), seeds)
def test_the_boundary_is_what_erosion_takes(h, w, seed):
    mask = (
        np.kron(np.random.default_rng(seed).random((-(-h // 8), -(-w // 8))) < 0.6, np.ones((8, 8)))[:h, :w]
        > 0
    )
    near = boundary_of(mask, 0.05)
    d = max(1, round(0.05 * np.hypot(h, w)))
    padded = np.pad(mask, d)
    core = np.lib.stride_tricks.sliding_window_view(padded, (2 * d + 1, 2 * d + 1)).all(axis=(2, 3))
    np.testing.assert_array_equal(near, mask & ~core)


def test_boundary_iou_is_stricter_than_mask_iou():
    truth, pred = np.zeros((200, 200), bool), np.zeros((200, 200), bool)
    truth[40:160, 40:160] = True
    pred[44:164, 40:160] = True
    assert boundary_iou(truth, truth) == 1
    assert boundary_iou(truth, pred) < 0.6 < (truth & pred).sum() / (truth | pred).sum()
    assert np.isnan(boundary_iou(~(truth | True), ~(truth | True)))
    with pytest.raises(InvalidLabelError, match="dilation_ratio"):
        boundary_of(truth, 0)
