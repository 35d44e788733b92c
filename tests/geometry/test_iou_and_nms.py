import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import geometry as reference

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import box_area, clip_boxes, nms, pairwise_iou, xywh_to_xyxy, xyxy_to_xywh


def boxes(max_rows=12, whole=False):
    """(n, 4) xyxy with degenerate and coinciding boxes; whole numbers make equal IoUs frequent."""
    number = st.integers(-20, 20).map(float) if whole else st.floats(-1e4, 1e4, width=32)
    pairs = hnp.arrays(np.float64, st.tuples(st.integers(0, max_rows), st.just(4)), elements=number)
    return pairs.map(
        lambda a: np.concatenate([np.minimum(a[:, :2], a[:, 2:]), np.maximum(a[:, :2], a[:, 2:])], 1)
    )


@given(boxes(), boxes())
def test_iou_equals_its_plain_twin(a, b):
    np.testing.assert_allclose(pairwise_iou(a, b), reference.pairwise_iou(a, b), rtol=1e-12, atol=1e-300)


@given(boxes(whole=True), boxes(whole=True))
def test_iou_is_symmetric_and_bounded(a, b):
    iou = pairwise_iou(a, b)
    np.testing.assert_array_equal(iou, pairwise_iou(b, a).T)
    assert np.all((iou >= 0) & (iou <= 1))


@given(boxes(whole=True))
def test_a_box_with_area_has_iou_one_with_itself(a):
    np.testing.assert_array_equal(np.diag(pairwise_iou(a, a)), (box_area(a) > 0).astype(float))


@given(boxes(whole=True, max_rows=20), st.data(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_nms_equals_its_plain_twin_also_on_ties(a, data, threshold):
    small = st.integers(0, 3)
    score = np.array(data.draw(st.lists(small, min_size=len(a), max_size=len(a))), np.float64) / 3
    category = np.array(data.draw(st.lists(small, min_size=len(a), max_size=len(a))), np.int64)
    np.testing.assert_array_equal(
        nms(a, score, category, threshold), reference.nms(a, score, category, threshold)
    )


@given(boxes(whole=True, max_rows=20), st.sampled_from([0.1, 0.5]))
def test_nms_of_its_own_result_changes_nothing(a, threshold):
    score, category = np.linspace(1, 0, len(a)), np.zeros(len(a), np.int64)
    kept = nms(a, score, category, threshold)
    np.testing.assert_array_equal(nms(a[kept], score[kept], category[kept], threshold), np.arange(len(kept)))


@given(boxes(whole=True))
def test_xywh_and_xyxy_are_inverse_and_keep_the_float_type(a):
    for dtype in (np.float32, np.float64):
        there = xyxy_to_xywh(a.astype(dtype))
        assert there.dtype == dtype
        np.testing.assert_array_equal(xywh_to_xyxy(there), a)


@given(boxes())
def test_clipped_boxes_lie_in_the_image_and_clipping_twice_changes_nothing(a):
    clipped = clip_boxes(a, (480, 640))
    assert np.all((clipped >= 0) & (clipped[:, [0, 2]] <= 640).all() & (clipped[:, [1, 3]] <= 480).all())
    np.testing.assert_array_equal(clip_boxes(clipped, (480, 640)), clipped)
    np.testing.assert_array_equal(a, a.copy())


def test_messages_say_what_is_wrong():
    with pytest.raises(InvalidLabelError, match=r"a: expected shape \(n, 4\), got \(4, 17\)"):
        pairwise_iou(np.zeros((4, 17)), np.zeros((0, 4)))
    with pytest.raises(InvalidLabelError, match=r"score: expected shape \(2,\), got \(3,\)"):
        nms(np.zeros((2, 4)), np.zeros(3), np.zeros(2), 0.5)
    with pytest.raises(InvalidLabelError, match="row 1: expected finite numbers"):
        nms(np.zeros((2, 4)), [0, np.nan], np.zeros(2), 0.5)
    with pytest.raises(InvalidLabelError, match=r"expected a number in \[0, 1\], got 2"):
        nms(np.zeros((2, 4)), np.zeros(2), np.zeros(2), 2)
