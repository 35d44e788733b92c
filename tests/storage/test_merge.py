"""Two people at one scene: what becomes of their rows and pixels."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from reference.merge import merge
from storage.scenes import boxes, instance_map, label_map, new_store

from drivelabel.errors import ConflictError
from drivelabel.labels import DRIVING, MODEL, NEW_ROW, Boxes2D
from drivelabel.storage import SceneStore
from drivelabel.storage._merge import CONFLICT_WITH, merge_rows

ROWS = st.dictionaries(st.integers(0, 4), st.sampled_from("abc"), max_size=5)


def _table(rows: dict[int, str]) -> Boxes2D:
    n = len(rows)
    return boxes(n, row_id=list(rows), attributes={"text": list(rows.values())}).replace(
        xyxy=np.zeros((n, 4), np.float32)
    )


def _plain(table: Boxes2D) -> dict[int, str]:
    return {int(row_id): str(table.attributes.row(row)["text"]) for row, row_id in enumerate(table.row_id)}


@given(ROWS, ROWS, ROWS)
def test_the_merge_equals_its_plain_twin(
    base: dict[int, str], theirs: dict[int, str], ours: dict[int, str]
) -> None:
    rows, conflicts = merge_rows("boxes2d", 3, _table(base), _table(theirs), _table(ours))
    merged, beside, ids = merge(base, theirs, ours)
    kept = rows.row_id != NEW_ROW
    assert _plain(rows[kept]) == merged
    extra = rows[~kept]
    assert sorted(str(extra.attributes.row(i)["text"]) for i in range(len(extra))) == sorted(beside)
    assert sorted(conflict.row_id for conflict in conflicts) == ids
    assert all(conflict.group == 3 for conflict in conflicts)


@given(ROWS, ROWS)
def test_one_sided_changes_are_taken_as_they_are(base: dict[int, str], other: dict[int, str]) -> None:
    for theirs, ours in ((base, other), (other, base)):
        rows, conflicts = merge_rows("boxes2d", 0, _table(base), _table(theirs), _table(ours))
        assert _plain(rows) == other and not conflicts


def _two_edits(store: SceneStore, first: Boxes2D, second: Boxes2D) -> SceneStore:
    """Two people change frame 0 from the same state; the second commits last."""
    base = store.head
    with store.edit("first") as edit:
        edit.set("review", 0, first)
    with store.edit("second", base=base) as edit:
        edit.set("review", 0, second)
    assert edit.result is not None
    store.__dict__["result"] = edit.result
    return store


def _start(folder: Path, n: int = 3) -> tuple[SceneStore, Boxes2D]:
    store = new_store(folder)
    with store.edit("start") as edit:
        edit.set("review", 0, boxes(n))
    return store, store.scene().layer("review").boxes2d[0]


def test_edits_of_different_rows_are_both_kept(tmp_path: Path) -> None:
    store, rows = _start(tmp_path)
    moved = rows.replace(xyxy=rows.xyxy + np.array([[1], [0], [0]], np.float32))
    scored = rows.replace(score=np.array([1, 1, 0.5], np.float32))
    _two_edits(store, moved, scored)
    now = store.scene().layer("review").boxes2d[0]
    np.testing.assert_array_equal(now.xyxy, moved.xyxy)
    np.testing.assert_array_equal(now.score, scored.score)
    assert store.__dict__["result"].conflicts == ()


def test_edits_of_one_row_are_kept_side_by_side_and_reported(tmp_path: Path) -> None:
    store, rows = _start(tmp_path)
    theirs = rows.replace(score=np.array([0.5, 1, 1], np.float32))
    ours = rows.replace(score=np.array([0.25, 1, 1], np.float32))
    _two_edits(store, theirs, ours)
    now = store.scene().layer("review").boxes2d[0]
    assert now.score.tolist() == [0.5, 0.25, 1, 1]  # the two stand beside each other
    assert now.attributes.row(1)[CONFLICT_WITH] == rows.row_id[0]
    assert len(set(now.row_id.tolist())) == 4
    (conflict,) = store.__dict__["result"].conflicts
    assert (conflict.kind, conflict.group, conflict.row_id) == ("boxes2d", 0, rows.row_id[0])
    assert (conflict.theirs.score[0], conflict.ours.score[0]) == (0.5, 0.25)


def test_a_row_deleted_by_one_and_changed_by_the_other_stays(tmp_path: Path) -> None:
    changed = np.array([0.5, 1, 1], np.float32)
    for deleted_first in (True, False):
        folder = tmp_path / str(deleted_first)
        store, rows = _start(folder)
        edits = [rows[1:], rows.replace(score=changed)]
        _two_edits(store, *(edits if deleted_first else edits[::-1]))
        now = store.scene().layer("review").boxes2d[0]
        assert sorted(now.score.tolist()) == [0.5, 1, 1]
        assert len(store.__dict__["result"].conflicts) == 1


def test_a_person_wins_over_a_model_that_ran_meanwhile(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.edit("first run", by="model") as edit:
        edit.set("review", 0, boxes(3, origin=[MODEL] * 3))
    base = store.head
    seen = store.scene().layer("review").boxes2d[0]
    with store.edit("second run", by="model") as edit:
        edit.set("review", 0, boxes(5, 1, origin=[MODEL] * 5))
    with store.edit("my correction", base=base) as edit:
        edit.set("review", 0, seen[:2])
    assert edit.result is not None and edit.result.conflicts == ()
    assert store.scene().layer("review").boxes2d[0].equals(seen[:2])


def test_a_model_leaves_alone_what_a_person_touched(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.edit("mine") as edit:
        edit.set("review", 0, boxes(0))
        edit.set_label_map("review", 1, label_map(1))
    with store.edit("run", by="model") as edit:
        edit.set("review", 0, boxes(3))
        edit.set("review", 1, boxes(3))
        edit.set_label_map("review", 1, label_map(2))
        edit.set_label_map("review", 2, label_map(2))
    assert edit.result is not None
    assert sorted(edit.result.kept) == [("boxes2d", 0), ("label_map", 1)]
    layer = store.scene().layer("review")
    assert [len(layer.boxes2d[frame]) for frame in (0, 1)] == [0, 3]
    np.testing.assert_array_equal(layer.label_map(1).label_map, label_map(1))
    np.testing.assert_array_equal(layer.label_map(2).label_map, label_map(2))


def test_strokes_at_different_pixels_merge_and_at_the_same_ones_are_refused(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.edit("start") as edit:
        edit.set_label_map("review", 0, label_map(1))
    base = store.head
    ours, theirs = label_map(1), label_map(1)
    ours[1, 1], theirs[3, 3] = 5, 6
    with store.edit("theirs") as edit:
        edit.set_label_map("review", 0, theirs)
    with store.edit("ours", base=base) as edit:
        edit.set_label_map("review", 0, ours)
    both = store.scene().layer("review").label_map(0).label_map
    assert (both[1, 1], both[3, 3]) == (5, 6)
    clash = label_map(1)
    clash[3, 3] = 7
    head = store.head
    refused = pytest.raises(ConflictError, match="frame 0: somebody else changed 1 of the same pixels")
    with refused, store.edit("clash", base=base) as edit:
        edit.set_label_map("review", 0, clash)
    assert store.head == head


def test_things_of_two_writers_keep_their_identity(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    base = store.head
    with store.edit("theirs") as edit:
        edit.set_instance_map("review", 0, instance_map([4, 5], 1))
    with store.edit("ours", base=base) as edit:
        edit.set_instance_map("review", 1, instance_map([9, 5], 2))
    layer = store.scene().layer("review")
    assert layer.instance_track_id.tolist() == [4, 5, 9]
    for frame, given_map in ((0, instance_map([4, 5], 1)), (1, instance_map([9, 5], 2))):
        for track_id in (4, 5, 9):
            np.testing.assert_array_equal(layer.instance_map(frame).mask(track_id), given_map.mask(track_id))


@settings(max_examples=5, phases=(Phase.generate,))
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=4))
def test_copies_of_rows_get_ids_of_their_own(copies: list[tuple[int, int]]) -> None:

    with tempfile.TemporaryDirectory() as folder:
        store = new_store(Path(folder))
        with store.edit("start") as edit:
            for frame in range(3):
                edit.set("review", frame, boxes(frame + 1, frame))
        for source, target in copies:
            table = store.scene().layer("review").boxes2d
            with store.edit("copy") as edit:
                edit.set(
                    "review",
                    target,
                    type(table.rows).concat(
                        [
                            table[target],
                            table[source].replace(
                                row_id=table[source].row_id
                                if source != target
                                else np.full(len(table[source]), -1)
                            ),
                        ]
                    ),
                )
        ids = store.scene().layer("review").boxes2d.rows.row_id
        assert len(set(ids.tolist())) == len(ids)


def test_a_deleted_row_comes_back_under_its_own_id(tmp_path: Path) -> None:
    store, rows = _start(tmp_path)
    with store.edit("delete") as edit:
        edit.set("review", 0, rows[1:])
    with store.edit("undo") as edit:
        edit.set("review", 0, rows)
    assert store.scene().layer("review").boxes2d[0].equals(rows)


def test_a_layer_copied_from_another_goes_its_own_way(tmp_path: Path) -> None:
    store, rows = _start(tmp_path)
    with store.edit("copy the layer") as edit:
        edit.set_label_map("review", 1, label_map(3))
    with store.edit("copy") as edit:
        edit.create_layer("mine", DRIVING, parent="review")
        edit.set("mine", 1, boxes(1))
    with store.edit("change the copy") as edit:
        edit.set("mine", 0, rows[:1])
    scene = store.scene()
    assert scene.layer("review").boxes2d[0].equals(rows)
    assert len(scene.layer("review").boxes2d[1]) == 0
    assert scene.layer("mine").boxes2d[0].equals(rows[:1])
    assert scene.layer("mine").boxes2d[1].row_id.tolist() == [3]
    np.testing.assert_array_equal(scene.layer("mine").label_map(1).label_map, label_map(3))
    assert scene.layer("mine").parent == "review"
