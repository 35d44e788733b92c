"""Planted errors: what was planted is in the list, and nothing else changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import Boxes2D, Boxes3D, Grouped, LaneLines, Tags
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.scene import Layer
from drivelabel.simulate import Mistakes, corrupt

PLAIN = Mistakes.none()


def layer_of(seed: int, n_groups: int = 8) -> Layer:
    rng = np.random.default_rng(seed)
    boxes, cuboids, lines, tags = [], [], [], []
    for group in range(n_groups):
        n = int(rng.integers(0, 9))
        low = rng.uniform(0, 900, (n, 2))
        ids = np.arange(n, dtype=np.int64)
        xyxy = np.concatenate([low, low + rng.uniform(5, 90, (n, 2))], axis=1)
        boxes.append(Boxes2D(xyxy=xyxy, category_id=ids % 3, track_id=ids))
        cuboids.append(
            Boxes3D(
                timestamp_ns=np.full(n, group),
                center=rng.normal(0, 30, (n, 3)),
                size_lwh=rng.uniform(1, 5, (n, 3)),
                quat_wxyz=np.tile([1.0, 0, 0, 0], (n, 1)),
                category_id=ids % 3,
                track_id=ids + 20,
            )
        )
        points = [np.cumsum(rng.uniform(1, 9, (6, 2)), axis=0) for _ in range(n)]
        made = LaneLines(points=points, category_id=np.full(n, 22), track_id=ids + 50) if n else None
        lines.append(LaneLines.empty() if made is None else made)
        tags.append(Tags(score=[1.0]))
    kinds = {"boxes2d": boxes, "boxes3d": cuboids, "lane_lines": lines, "tags": tags}
    tables = {kind: Grouped.from_groups(type(groups[0]), n_groups, groups) for kind, groups in kinds.items()}
    return Layer("truth", DRIVING, tables=tables)


seeds = st.integers(0, 10_000)


@settings(max_examples=25)
@given(seeds, seeds)
def test_no_mistakes_change_nothing(seed, choice):
    layer = layer_of(seed)
    made, errors = corrupt(layer, choice, PLAIN)
    assert errors == []
    assert all(made.tables[kind].equals(table) for kind, table in layer.tables.items())


@settings(max_examples=25)
@given(seeds, seeds)
def test_the_same_seed_plants_the_same_errors(seed, choice):
    one, errors = corrupt(layer_of(seed), choice)
    two, again = corrupt(layer_of(seed), choice)
    assert errors == again
    assert all(one.tables[kind].equals(two.tables[kind]) for kind in one.tables)


@settings(max_examples=25)
@given(seeds, seeds)
def test_rows_lost_and_gained_are_the_misses_and_ghosts(seed, choice):
    layer = layer_of(seed)
    made, errors = corrupt(layer, choice, Mistakes(miss=0.3, ghost=0.2))
    for kind, table in layer.tables.items():
        lost = sum(e.kind == "miss" and e.table == kind for e in errors)
        gained = sum(e.kind == "ghost" and e.table == kind for e in errors)
        assert len(made.tables[kind].rows) == len(table.rows) - lost + gained
    for error in errors:
        if error.kind == "miss":
            assert error.track_id not in made.tables[error.table][error.group].track_id
            assert error.track_id in layer.tables[error.table][error.group].track_id
        if error.kind == "ghost":
            assert error.track_id in made.tables[error.table][error.group].track_id


@settings(max_examples=25)
@given(seeds, seeds)
def test_jitter_moves_the_listed_boxes_and_no_others(seed, choice):
    layer = layer_of(seed)
    made, errors = corrupt(layer, choice, replace(PLAIN, jitter=0.5, jitter_size=0.1))
    for kind, column in (("boxes2d", "xyxy"), ("boxes3d", "center")):
        old, new = layer.tables[kind], made.tables[kind]
        moved = (getattr(old.rows, column) != getattr(new.rows, column)).any(axis=1)
        listed = {(e.group, e.track_id) for e in errors if e.table == kind}
        assert listed == set(
            zip(old.group_of_row[moved].tolist(), old.rows.track_id[moved].tolist(), strict=True)
        )


@settings(max_examples=25)
@given(seeds, seeds)
def test_a_switched_id_is_new_and_holds_from_its_frame_on(seed, choice):
    layer = layer_of(seed)
    made, errors = corrupt(layer, choice, replace(PLAIN, id_switch=0.6))
    for error in errors:
        old, new = layer.tables[error.table], made.tables[error.table]
        mine = old.rows.track_id == error.track_id
        after = mine & (old.group_of_row >= error.group)
        fresh = error.detail["new_track_id"]
        assert fresh not in old.rows.track_id
        assert (new.rows.track_id[after] == fresh).all()
        assert (new.rows.track_id[mine & ~after] == error.track_id).all() and (mine & ~after).any()


@settings(max_examples=25)
@given(seeds, seeds)
def test_wrong_classes_and_drifting_lines_are_listed(seed, choice):
    layer = layer_of(seed)
    made, errors = corrupt(layer, choice, replace(PLAIN, wrong_class=0.5, drift=0.5, drift_px=30.0))
    wrong = layer.boxes2d.rows.category_id != made.boxes2d.rows.category_id
    assert wrong.sum() == sum(e.kind == "wrong_class" and e.table == "boxes2d" for e in errors)
    off = np.abs(layer.lane_lines.rows.points.values - made.lane_lines.rows.points.values)
    ends = layer.lane_lines.rows.points.offsets[1:] - 1
    assert (off[ends, 0] > 29).sum() == sum(e.kind == "drift" for e in errors)
    starts = layer.lane_lines.rows.points.offsets[:-1]
    assert (off[starts] == 0).all()


@settings(max_examples=25)
@given(seeds, seeds)
def test_a_late_annotator_shows_the_place_of_the_frame_before(seed, choice):
    layer = layer_of(seed)
    made, errors = corrupt(layer, choice, replace(PLAIN, late=0.6))
    for error in (e for e in errors if e.table == "boxes2d"):
        before, now = layer.boxes2d[error.group - 1], made.boxes2d[error.group]
        own = now.xyxy[now.track_id == error.track_id]
        assert (own == before.xyxy[before.track_id == error.track_id]).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Mistakes(miss=1.5), "miss: expected a share"),
        (lambda: Mistakes(jitter_size=-1), "jitter_size: expected 0 or more"),
        (lambda: corrupt(layer_of(1), -1), "seed: expected 0 or more"),
    ],
)
def test_wrong_shares_are_refused(make, message):
    with pytest.raises(InvalidLabelError, match=message):
        make()
