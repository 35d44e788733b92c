"""Brush codes beside a plain twin that reads bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import brush_to_mask, mask_to_brush


def plain_rgba(codes: list[int]) -> list[int]:
    """All values of a code, from its text of bits."""
    bits = "".join(f"{byte:08b}" for byte in codes)
    at = 0

    def take(count: int) -> int:
        nonlocal at
        at += count
        return int(bits[at - count : at], 2)

    n, word = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < n:
        is_run, size = take(1), sizes[take(2)]
        length = take(size) + 1
        values += [take(word)] * length if is_run else [take(word) for _ in range(length)]
    return values


@given(arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_masks_come_back_and_equal_the_plain_twin(mask: Any) -> None:
    codes = mask_to_brush(mask)
    np.testing.assert_array_equal(brush_to_mask(codes, mask.shape), mask)
    assert plain_rgba(codes) == np.repeat(mask.reshape(-1) * 255, 4).tolist()


def test_long_runs_are_split() -> None:
    mask = np.zeros((300, 400), np.bool_)
    mask[100:, 50:] = True
    codes = mask_to_brush(mask)
    np.testing.assert_array_equal(brush_to_mask(codes, mask.shape), mask)
    assert plain_rgba(codes) == np.repeat(mask.reshape(-1) * 255, 4).tolist()


def test_single_values_are_read_too() -> None:
    """A block of three values that differ, of a mask of one pixel, and then one more."""
    bits = f"{4:032b}{7:05b}" + "".join(f"{b - 1:04b}" for b in (3, 4, 8, 16))
    bits += "000" + "010" + "".join(f"{v:08b}" for v in (1, 2, 3)) + "100" + "000" + f"{9:08b}"
    bits += "0" * (-len(bits) % 8)
    codes = [int(bits[k : k + 8], 2) for k in range(0, len(bits), 8)]
    assert plain_rgba(codes) == [1, 2, 3, 9]
    assert brush_to_mask(codes, (1, 1)).tolist() == [[True]]


@pytest.mark.parametrize(
    ("codes", "hw", "message"),
    [
        ([1, 2], (1, 1), "at least those of its head"), ([300] * 9, (1, 1), "expected bytes"),
        ([255] * 9, (1, 1), "expected 4 values"), ([], (0, 5), "expected 1 to"),
        (mask_to_brush(np.eye(9))[:-3], (9, 9), "ends after"),
        (mask_to_brush(np.eye(9)), (9, 8), "expected 288 values"),
    ],
)  # fmt: skip
def test_damaged_codes_are_refused(codes: Any, hw: Any, message: str) -> None:
    with pytest.raises(InvalidLabelError, match=message):
        brush_to_mask(codes, hw)
