"""Borders and agreement of instance maps, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.simulate.blender.agreement import Agreement, borders, compare_maps, total


def plain_borders(instances: np.ndarray) -> np.ndarray:
    height, width = instances.shape
    out = np.zeros((height, width), bool)
    for y in range(height):
        for x in range(width):
            around = instances[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
            out[y, x] = bool((around != instances[y, x]).any())
    return out


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12), st.integers(1, 4))
def test_borders_and_agreement_are_those_of_plain_loops(seed, height, width, kinds):
    rng = np.random.default_rng(seed)
    numbers = np.array([0, 1, 300, 65_535], np.uint16)[:kinds]
    truth = np.kron(rng.choice(numbers, (height, width)), np.ones((3, 3))).astype(np.uint16)
    other = np.where(rng.random(truth.shape) < 0.1, rng.choice(numbers), truth).astype(np.uint16)
    np.testing.assert_array_equal(borders(truth), plain_borders(truth))
    inner = ~(plain_borders(truth) | plain_borders(other))
    found = compare_maps(truth, other)
    differ = truth != other
    assert found == Agreement(truth.size, inner.sum(), differ.sum(), (differ & inner).sum())


def test_an_edge_that_moved_by_a_pixel_agrees_inside_and_a_missing_thing_does_not():
    truth = np.zeros((20, 20), np.uint16)
    truth[5:15, 5:15] = 9
    moved, gone = np.roll(truth, 1, axis=1), np.zeros_like(truth)
    assert compare_maps(truth, moved).differ == 20
    assert compare_maps(truth, moved).inner_share == 1.0
    assert compare_maps(truth, gone).differ_inner == 64
    assert compare_maps(truth, gone).inner_share < 0.9


def test_totals_add_up_and_nothing_agrees_with_nothing():
    parts = [Agreement(100, 80, 4, 1), Agreement(300, 200, 0, 0)]
    assert total(parts) == Agreement(400, 280, 4, 1)
    assert total(parts).share == pytest.approx(0.99)
    assert total([]).share == total([]).inner_share == 1.0


def test_maps_of_two_sizes_are_refused():
    with pytest.raises(InvalidLabelError, match="other"):
        compare_maps(np.zeros((4, 5), np.uint16), np.zeros((5, 4), np.uint16))
