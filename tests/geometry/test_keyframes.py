"""The fewest keyframes of a track, beside a search of all subsets."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import fewest_keyframes, pairwise_iou


def is_met(time: Any, xyxy: Any, kept: Any, min_iou: float) -> bool:
    """Whether straight lines between the kept boxes meet all others."""
    rows = np.flatnonzero(kept)
    again = np.stack([np.interp(time, time[rows], xyxy[rows, side]) for side in range(4)], axis=1)
    return all(
        pairwise_iou(xyxy[k : k + 1], again[k : k + 1])[0, 0] >= min_iou - 1e-9 for k in range(len(time))
    )


@st.composite
def tracks(draw: Any) -> tuple[Any, Any, Any]:
    n = draw(st.integers(2, 7))
    time = np.cumsum(draw(st.lists(st.integers(1, 3), min_size=n, max_size=n)))
    corners = draw(
        st.lists(st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(10, 30)] * 2), min_size=n, max_size=n)
    )
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in corners], np.float64)
    return time, boxes, np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))


@settings(max_examples=60)
@given(tracks(), st.sampled_from([0.5, 0.8, 0.95]))
def test_there_is_no_smaller_set(track: Any, min_iou: float) -> None:
    time, boxes, fixed = track
    kept = fewest_keyframes(time, boxes, fixed=fixed, min_iou=min_iou)
    must = fixed.copy()
    must[[0, -1]] = True
    assert kept[must].all() and is_met(time, boxes, kept, min_iou)
    free = np.flatnonzero(~must)
    fewest = int(kept.sum() - must.sum())
    for size in range(fewest):
        for chosen in combinations(free, size):
            other = must.copy()
            other[list(chosen)] = True
            assert not is_met(time, boxes, other, min_iou)


def test_a_straight_drive_needs_two() -> None:
    time = np.arange(300)
    boxes = np.array([0, 0, 20, 10])[None] + np.linspace(0, 500, 300)[:, None]
    assert np.flatnonzero(fewest_keyframes(time, boxes)).tolist() == [0, 299]


def test_empty_single_and_wrong_input() -> None:
    assert not len(fewest_keyframes([], np.zeros((0, 4))))
    assert fewest_keyframes([5], [[0, 0, 1, 1]]).tolist() == [True]
    with pytest.raises(InvalidLabelError, match="times that rise"):
        fewest_keyframes([1, 1], np.zeros((2, 4)))
    with pytest.raises(InvalidLabelError, match="min_iou"):
        fewest_keyframes([1, 2], np.zeros((2, 4)), min_iou=2)
