import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from reference.coco_rle import mask_to_rle as plain_mask_to_rle

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import (
    label_map_to_rle,
    mask_to_rle,
    merge_rles,
    pairwise_rle_iou,
    rle_area,
    rle_to_mask,
    rle_to_xyxy,
)

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=40))
STACKS = st.tuples(st.integers(1, 5), st.integers(1, 20), st.integers(1, 20)).flatmap(
    lambda shape: arrays(np.bool_, shape)
)


def memory_orders(image):
    """The same image by rows, by columns, and neither."""
    loose = np.zeros((2 * image.shape[0], 2 * image.shape[1]), image.dtype)[::2, ::2]
    loose[:] = image
    return np.ascontiguousarray(image), np.asfortranarray(image), loose


def pycoco(mask):
    mask_module = pytest.importorskip("pycocotools.mask")
    return mask_module.encode(np.asfortranarray(mask, np.uint8))


@given(MASKS)
def test_a_mask_equals_its_plain_twin_however_it_lies_in_memory(mask):
    expected = plain_mask_to_rle(mask)
    for image in memory_orders(mask):
        assert mask_to_rle(image) == expected


@given(MASKS)
def test_a_code_gives_its_mask_back(mask):
    rle = mask_to_rle(mask)
    for order in "CF":
        back = rle_to_mask(rle, order=order)
        np.testing.assert_array_equal(back, mask)
        np.testing.assert_array_equal(rle_to_mask(rle, out=np.ones_like(back, order=order)), mask)
    counts = rle | {"counts": rle["counts"].encode()}
    np.testing.assert_array_equal(rle_to_mask(counts), mask)


@given(
    arrays(
        np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.sampled_from([0, 1, 7, 255])
    )
)
def test_a_label_map_is_the_masks_of_its_categories(label_map):
    for image in memory_orders(label_map):
        for void in (None, 255, 7):
            expected = {v: mask_to_rle(label_map == v) for v in np.unique(label_map).tolist() if v != void}
            assert label_map_to_rle(image, void=void) == expected


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("image_hw", [(1, 1), (3, 700), (700, 3), (481, 639), (720, 1280)])
def test_large_masks_have_the_bytes_of_pycocotools_and_come_back(image_hw, share):
    rng = np.random.default_rng(7)
    mask = rng.random(image_hw) < share
    mask[image_hw[0] // 3 : image_hw[0] // 2, image_hw[1] // 4 :] = True
    expected = pycoco(mask)
    for image in memory_orders(mask):
        assert mask_to_rle(image)["counts"] == expected["counts"].decode()
    np.testing.assert_array_equal(rle_to_mask({**expected}), mask)


@given(STACKS, st.booleans())
def test_merging_equals_pycocotools_and_the_masks(masks, intersect):
    mask_module = pytest.importorskip("pycocotools.mask")
    merged = merge_rles([mask_to_rle(mask) for mask in masks], intersect)
    expected = mask_module.merge([pycoco(mask) for mask in masks], intersect)
    assert merged == {"size": list(expected["size"]), "counts": expected["counts"].decode()}
    np.testing.assert_array_equal(rle_to_mask(merged), masks.all(axis=0) if intersect else masks.any(axis=0))


@given(STACKS, st.data())
def test_ious_areas_and_boxes_equal_pycocotools_to_the_last_bit(masks, data):
    mask_module = pytest.importorskip("pycocotools.mask")
    half = len(masks) // 2
    theirs, ours = [pycoco(mask) for mask in masks], [mask_to_rle(mask) for mask in masks]
    np.testing.assert_array_equal(rle_area(ours), mask_module.area(theirs))
    boxes = mask_module.toBbox(theirs)
    np.testing.assert_array_equal(rle_to_xyxy(ours), np.c_[boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
    crowd = data.draw(st.lists(st.booleans(), min_size=half, max_size=half))
    iou = pairwise_rle_iou(ours[:half], ours[half:], crowd)
    if half:
        np.testing.assert_array_equal(iou, mask_module.iou(theirs[half:], theirs[:half], crowd).T)


def test_uncompressed_counts_as_crowds_have_them_are_read():
    mask = rle_to_mask({"size": [2, 3], "counts": [1, 2, 3]})
    np.testing.assert_array_equal(mask, [[0, 1, 0], [1, 0, 0]])


def test_messages_say_what_is_wrong():
    for text in ("~~~", "P", "0 1", "é"):
        with pytest.raises(InvalidLabelError, match="rle: damaged counts"):
            rle_to_mask({"size": [4, 4], "counts": text})
    with pytest.raises(InvalidLabelError, match="expected runs of 16 pixels for 4x4, got 6"):
        rle_to_mask({"size": [4, 4], "counts": [1, 5]})
    with pytest.raises(InvalidLabelError, match="expected counts of at least 0"):
        rle_to_mask({"size": [4, 4], "counts": [17, -1]})
    with pytest.raises(InvalidLabelError, match=r"expected a size \[h, w\], got None"):
        rle_to_mask({"counts": ""})
    with pytest.raises(InvalidLabelError, match=r"expected masks of one size, got \[\(1, 2\), \(2, 1\)\]"):
        merge_rles([mask_to_rle(np.zeros((1, 2), bool)), mask_to_rle(np.zeros((2, 1), bool))])
    with pytest.raises(InvalidLabelError, match="at least one code to merge"):
        merge_rles([])
    with pytest.raises(InvalidLabelError, match=r"out: expected shape \(2, 2\), got \(3, 3\)"):
        rle_to_mask(mask_to_rle(np.zeros((2, 2), bool)), out=np.zeros((3, 3), bool))
    with pytest.raises(InvalidLabelError, match="label_map: expected uint8, got int64"):
        label_map_to_rle(np.zeros((2, 2), np.int64))


@given(st.binary(max_size=30), st.integers(0, 30), st.integers(0, 30))
def test_random_bytes_are_a_mask_or_one_clear_error(text, height, width):
    with contextlib.suppress(InvalidLabelError):
        assert rle_to_mask({"size": [height, width], "counts": text}).shape == (height, width)
