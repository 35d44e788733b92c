from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from reference.coco_rle import mask_to_rle as plain_mask_to_rle

from drivelabel.errors import InvalidLabelError
from drivelabel.formats.coco import label_map_to_rle, mask_to_rle

SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=40)


@given(arrays(np.bool_, SHAPES))
def test_a_mask_equals_its_plain_twin(mask: np.ndarray) -> None:
    assert mask_to_rle(mask) == plain_mask_to_rle(mask)


@given(arrays(np.bool_, SHAPES))
def test_a_mask_has_the_bytes_of_pycocotools(mask: np.ndarray) -> None:
    mask_module = pytest.importorskip("pycocotools.mask")
    expected = mask_module.encode(np.asfortranarray(mask, np.uint8))
    assert mask_to_rle(mask) == {"size": list(expected["size"]), "counts": expected["counts"].decode()}


@given(arrays(np.uint8, SHAPES, elements=st.sampled_from([0, 1, 7, 254, 255])))
def test_a_label_map_is_the_masks_of_its_categories(label_map: np.ndarray) -> None:
    expected = {v: mask_to_rle(label_map == v) for v in np.unique(label_map).tolist() if v != 255}
    assert label_map_to_rle(label_map) == expected


def test_long_runs_have_the_bytes_of_pycocotools() -> None:
    mask_module = pytest.importorskip("pycocotools.mask")
    for row in (0, 500, 999):
        mask = np.zeros((1000, 2000), np.uint8, order="F")
        mask[row, 1200:] = 1
        mask[:, 7] = 1
        assert mask_to_rle(mask == 1)["counts"] == mask_module.encode(mask)["counts"].decode()


def test_another_shape_is_refused() -> None:
    with pytest.raises(InvalidLabelError, match=r"mask: expected shape \(n, m\), got \(3,\)\."):
        mask_to_rle(np.zeros(3, np.bool_))
