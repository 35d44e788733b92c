"""The edits between two layers are the fewest possible ones, and their seconds are the stated ones."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.effort import (
    Rows,
    Seconds,
    boxes_effort,
    cuboids_effort,
    lanes_effort,
    review_effort,
)
from drivelabel.labels import Boxes2D, Boxes3D, Grouped, LaneLines

seeds = st.integers(0, 2**32 - 1)


def boxes(*rows):
    """Boxes of (x, class, track): 10 px squares."""
    xyxy = [[x, 0, x + 10, 10] for x, _, _ in rows]
    return Boxes2D(
        xyxy=np.reshape(xyxy, (-1, 4)), category_id=[c for _, c, _ in rows], track_id=[t for _, _, t in rows]
    )


def layer(*frames):
    return Grouped.from_groups(Boxes2D, len(frames), list(frames))


def test_each_kind_of_edit_is_counted_with_its_seconds():
    want = layer(boxes((0, 1, 1), (100, 1, 2), (200, 1, 3), (300, 1, 4)))
    have = layer(boxes((0, 1, 1), (104, 1, 2), (200, 2, 3), (500, 1, 9)))
    effort = boxes_effort(want, have)
    counts = (effort.accept, effort.add, effort.delete, effort.move, effort.relabel, effort.reidentify)
    assert counts == (1, 1, 1, 1, 1, 0)
    assert effort.edits == 4
    assert effort.seconds == 1 + 7 + 1.5 + 8 + 2
    assert effort.seconds_from_scratch == 28
    assert effort.saved == 1 - 19.5 / 28


def test_identity_is_repaired_run_by_run():
    want = layer(*[boxes((k, 0, 7)) for k in range(6)])
    switched = layer(*[boxes((k, 0, 1 if k in (0, 1, 4, 5) else 2)) for k in range(6)])
    assert boxes_effort(want, switched).reidentify == 1
    untracked = layer(*[boxes((k, 0, -1)) for k in range(6)])
    assert boxes_effort(want, untracked).reidentify == 1
    other_names = layer(*[boxes((k, 0, 99)) for k in range(6)])
    assert boxes_effort(want, other_names).edits == 0
    two = layer(*[boxes((k, 0, 7), (100 + k, 0, 8)) for k in range(4)])
    one_name = layer(*[boxes((k, 0, 5)) if k < 2 else boxes((100 + k, 0, 5)) for k in range(4)])
    mixed = boxes_effort(two, one_name)
    assert (mixed.add, mixed.reidentify) == (4, 1)


def random_rows(seed, n):
    rng = np.random.default_rng(seed)
    return Rows(np.zeros(n), rng.integers(0, 2, n), np.full(n, -1)), rng


@settings(max_examples=60)
@given(seeds, st.integers(0, 4), st.integers(0, 4))
def test_no_pairing_needs_fewer_edits(seed, n, m):
    want, rng = random_rows(seed, n)
    have, _ = random_rows(seed + 1, m)
    alike = rng.choice([0, 0.3, 0.6, 0.9], (n, m))
    effort = review_effort(want, have, lambda a, b: alike[np.ix_(a, b)], same=0.75, add_seconds=7)
    best = None
    for order in permutations([*range(m), *[None] * n], n):
        edits = n + m - 2 * sum(j is not None for j in order)
        seconds = 7 * sum(j is None for j in order) + 1.5 * (m - sum(j is not None for j in order))
        possible = True
        for i, j in enumerate(order):
            if j is not None:
                possible &= alike[i, j] > 0
                moved = int(alike[i, j] < 0.75)
                renamed = int(want.category_id[i] != have.category_id[j])
                edits += moved + renamed
                seconds += 8 * moved + 2 * renamed + (not moved and not renamed)
        if possible and (best is None or (edits, seconds) < best):
            best = edits, seconds
    assert (effort.edits, pytest.approx(effort.seconds)) == (best[0], best[1])


@settings(max_examples=25)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2), st.integers(-1, 3)), max_size=4), max_size=4
    )
)
def test_a_layer_needs_no_edits_to_become_itself_and_all_from_nothing(frames):
    frames = [
        list({x: (x, c, k if t >= 0 else -1) for k, (x, c, t) in enumerate(rows)}.values()) for rows in frames
    ]
    own, empty = layer(*(boxes(*rows) for rows in frames)), layer(*(boxes() for _ in frames))
    n = sum(map(len, frames))
    same = boxes_effort(own, own)
    assert (same.accept, same.add, same.delete, same.move, same.relabel) == (n, 0, 0, 0, 0)
    scratch = boxes_effort(own, empty)
    assert (scratch.add, scratch.edits, scratch.saved if n else 0) == (n, n, 0)
    assert boxes_effort(empty, own).delete == n
    assert (same + scratch).add == n


def test_cuboids_cost_what_cuboids_cost():
    def cuboid(x):
        rows = Boxes3D(
            timestamp_ns=[0],
            center=[[x, 0, 0]],
            size_lwh=[[4, 2, 2]],
            quat_wxyz=[[1, 0, 0, 0]],
            category_id=[0],
        )
        return Grouped.from_groups(Boxes3D, 1, [rows])

    assert cuboids_effort(cuboid(0), cuboid(9)).seconds == 23 + 1.5
    assert cuboids_effort(cuboid(0), cuboid(2)).seconds == 8
    assert cuboids_effort(cuboid(0), cuboid(0.1)).seconds == 1


def test_lines_move_when_they_are_a_little_off():
    def line(x):
        rows = LaneLines(points=[[[x, 0], [x, 100]]], category_id=[0])
        return Grouped.from_groups(LaneLines, 1, [rows])

    assert lanes_effort(line(0), line(2)).accept == 1
    assert lanes_effort(line(0), line(20)).move == 1
    far = lanes_effort(line(0), line(90))
    assert (far.add, far.delete, far.seconds) == (1, 1, Seconds().line + 1.5)


def test_frames_that_nobody_labelled_are_no_work():
    want = Grouped.from_groups(Boxes2D, 2, {0: boxes((0, 0, 1))})
    assert boxes_effort(want, layer(boxes((0, 0, 1)), boxes((5, 0, 1)))).edits == 0


def test_bad_input_is_named():
    with pytest.raises(InvalidLabelError, match="have: expected 1 frames"):
        boxes_effort(layer(boxes()), layer(boxes(), boxes()))
    one = Rows([0], [0], [-1])
    with pytest.raises(InvalidLabelError, match="movable, same"):
        review_effort(one, one, lambda a, b: np.ones((1, 1)), same=0, add_seconds=7)
    with pytest.raises(InvalidLabelError, match="frame 0: expected similarities in"):
        review_effort(one, one, lambda a, b: np.full((1, 1), np.nan), same=0.5, add_seconds=7)
    with pytest.raises(InvalidLabelError, match="track_id"):
        Rows([0], [0], [])
