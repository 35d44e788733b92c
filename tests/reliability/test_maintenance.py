"""Garbage collection, compaction, clocks, and what `check` says about files around the repository."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from reliability.sessions import clock_ahead
from storage.scenes import assert_same_scene, boxes, label_map, new_store, scene

from drivelabel.errors import CorruptSceneError, InvalidLabelError, SceneLookupError, StoreError
from drivelabel.storage import SceneStore, check_scene, collect_garbage, compact_history


def _files(store: SceneStore) -> set[str]:
    return {str(path) for path in Path(store.root, "repo").rglob("*") if path.is_file()}


def _noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 30, (64, 64)).astype(np.uint8)


def _abandoned(store: SceneStore) -> set[str]:
    """Files of a writer who wrote chunks and never committed."""
    before = _files(store)
    session = store._repo.writable_session("main")
    arrays = store._opened(session)
    arrays.write_array("layers/review/notes/big", np.random.default_rng(0).integers(0, 255, 5000))
    arrays.flush()
    return _files(store) - before


@pytest.mark.parametrize("hours", [-2, 0, 2, 23])
def test_nothing_younger_than_a_day_is_collected(tmp_path: Path, hours: int) -> None:
    store = new_store(tmp_path)
    young = _abandoned(store)
    assert young
    with clock_ahead(hours=hours):
        assert collect_garbage(store.root).n_files == 0
    assert young <= _files(store)


def test_what_nobody_uses_is_collected_after_a_day_and_nothing_else(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.edit("labels") as edit:
        edit.set("review", 0, boxes(5))
        edit.set_label_map("review", 0, label_map(1))
    used = _files(store)
    unused = _abandoned(store)
    stray = Path(store.root, "repo", "chunks", "ABC#1")
    stray.write_bytes(b"half a chunk")
    os.utime(stray, (time.time() - 30 * 3600,) * 2)
    with clock_ahead(hours=26):
        promised = collect_garbage(store.root, dry_run=True)
        assert unused <= _files(store) and stray.exists()
        assert collect_garbage(store.root) == promised
    assert promised.n_files == len(unused) + 1
    assert _files(store) == used
    assert SceneStore.open(store.root).verify().is_good


def test_an_open_reader_keeps_its_state_through_a_collection(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.edit("labels") as edit:
        edit.set("review", 0, boxes(5))
    reader = store.scene()
    with store.edit("more") as edit:
        edit.set("review", 0, boxes(7))
    with clock_ahead(days=3):
        collect_garbage(store.root)
    assert len(reader.layer("review").boxes2d[0]) == 5


def test_compaction_keeps_every_commit_of_a_person(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    kept = {}
    for number in range(6):
        by = "human" if number % 3 == 0 else "model"
        with store.edit(f"{by} {number}", by=by) as edit:
            edit.set("review", number, boxes(number + 1, number))
        kept[store.head] = (by, number)
    with clock_ahead(days=40):
        assert compact_history(store.root, keep_days=30) > 0
        collect_garbage(store.root)
    again = SceneStore.open(store.root)
    log = {commit.id for commit in again.log()}
    for snapshot, (by, number) in kept.items():
        if by == "human":
            assert snapshot in log
            assert len(again.scene(snapshot).layer("review").boxes2d[number]) == number + 1
        elif snapshot != again.head:
            with pytest.raises(SceneLookupError):
                again.scene(snapshot)
    assert again.scene().layer("review").boxes2d.counts[:6].tolist() == [1, 2, 3, 4, 5, 6]
    first = next(snapshot for snapshot, (by, _) in kept.items() if by == "human")
    again.restore(first)
    assert again.scene().layer("review").boxes2d.counts[:6].tolist() == [1, 0, 0, 0, 0, 0]
    assert check_scene(store.root).damages == []
    with pytest.raises(InvalidLabelError, match="keep_days: expected at least 1"):
        compact_history(store.root, keep_days=0.5)


def _deliver(store: SceneStore, job: int) -> bool:
    with store.edit(f"job {job}", by="model", key=f"job-{job}") as edit:
        edit.set("review", job, boxes(job + 1, job))
    assert edit.result is not None
    return edit.result.changed


def test_a_job_that_comes_again_after_its_commit_was_given_up_has_no_effect(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    first = store.head
    assert [_deliver(store, job) for job in range(4)] == [True] * 4
    with store.edit("a person corrects", by="human") as edit:
        edit.set("review", 4, boxes(9))
    for _ in range(2):  # the second time from the list that the first one made
        with clock_ahead(days=40):
            assert compact_history(store.root, keep_days=30) > 0
            collect_garbage(store.root)
        store = SceneStore.open(store.root)
        assert not {f"job-{job}" for job in range(4)} & {commit.key for commit in store.log()}
        assert [_deliver(store, job) for job in range(4)] == [False] * 4
        _deliver(store, 5)
        store.restore("HEAD~1")
        assert [_deliver(SceneStore.open(store.root), job) for job in range(4)] == [False] * 4
    assert store.scene().layer("review").boxes2d.counts[:5].tolist() == [1, 2, 3, 4, 9]
    assert first not in {commit.id for commit in store.log()}
    assert check_scene(store.root).damages == []
    _harm(store, "keys/utf8/c/0")
    assert [damage.what for damage in check_scene(store.root, fix=True).damages] == ["keys"]
    assert not _deliver(SceneStore.open(store.root), 2)


@pytest.mark.parametrize("hours", [-30, 30])
def test_commits_do_not_need_a_clock_that_only_goes_forward(
    tmp_path: Path, hours: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(tmp_path)
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + int(hours * 3600e9))
    with store.edit("at another time") as edit:
        edit.set("review", 0, boxes(2))
    monkeypatch.undo()
    with store.edit("now again") as edit:
        edit.set("review", 1, boxes(3))
    again = SceneStore.open(store.root)
    assert [commit.message for commit in again.log()][:2] == ["now again", "at another time"]
    assert again.scene().layer("review").boxes2d.counts[:2].tolist() == [2, 3]


def test_the_time_zone_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store(tmp_path)
    written = store.log()[0].written_ns
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        assert SceneStore.open(store.root).log()[0].written_ns == written
        assert abs(written - time.time_ns()) < 60e9
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_lost_branch_file_comes_back(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    head = store.head
    branch = Path(store.root, "repo/refs/branch.main/ref.json")
    for harm in (branch.unlink, lambda: branch.write_text("{}"), lambda: branch.write_bytes(bytes(28))):
        harm()
        with pytest.raises(CorruptSceneError, match="drivelabel check --fix"):
            SceneStore.open(store.root)
        assert [damage.what for damage in check_scene(store.root).damages] == ["branch"]
        assert check_scene(store.root, fix=True).is_good
        assert SceneStore.open(store.root).head == head


def test_a_damaged_settings_file_is_removed(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    settings = Path(store.root, "repo/config.yaml")
    for harm in (b"", b"storage: [", b"\xff" * 40, settings.read_bytes()[:100]):
        settings.write_bytes(harm)
        try:
            SceneStore.open(store.root)
        except CorruptSceneError:
            damage, branch = check_scene(store.root).damages
            assert (damage.what, branch.what) == ("file", "branch") and str(settings) in damage.message
            assert check_scene(store.root, fix=True).is_good
        assert check_scene(store.root).damages == []
        assert SceneStore.open(store.root).head == store.head


@pytest.mark.parametrize("part", ["frames/sensor", "samples_ns", "sources/path/utf8"])
def test_a_damaged_recording_comes_back_from_its_copy(tmp_path: Path, part: str) -> None:
    store = new_store(tmp_path)
    with store.edit("labels") as edit:
        edit.set("review", 0, boxes(3))
    as_it_was = store.scene()
    _harm(store, f"recording/{part}/c/0")
    with pytest.raises(CorruptSceneError, match=f"recording/{part}"):
        SceneStore.open(store.root).scene()
    assert "recording" in [damage.what for damage in check_scene(store.root).damages]
    report = check_scene(store.root, fix=True)
    assert report.is_good, report.damages
    again = SceneStore.open(store.root)
    assert_same_scene(as_it_was, again.scene())
    assert check_scene(store.root).damages == []


def test_a_damaged_copy_of_the_recording_is_made_anew(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    _harm(store, "recording_copy/c/0")
    assert [damage.what for damage in check_scene(store.root).damages] == ["copy"]
    assert check_scene(store.root, fix=True).is_good
    assert check_scene(store.root).damages == []
    _harm(store, "recording/samples_ns/c/0")
    assert check_scene(store.root, fix=True).is_good
    assert_same_scene(scene(), SceneStore.open(store.root).scene(), same_layers=False)


def test_a_damaged_description_of_a_layer_comes_back_and_no_row_id_is_given_twice(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    for frame in range(2):
        with store.edit("labels") as edit:
            edit.set("review", frame, boxes(3, frame))
    _harm(store, "layers/review/zarr.json", b'{"zarr_format": 3, "node_type": "group", "attributes": {}}')
    with pytest.raises(CorruptSceneError, match="layers/review: damaged description"):
        SceneStore.open(store.root).scene()
    assert check_scene(store.root, fix=True).is_good
    store = SceneStore.open(store.root)
    with store.edit("more") as edit:
        edit.set("review", 2, boxes(3, 2))
    rows = store.scene().layer("review").boxes2d.rows
    assert sorted(rows.row_id.tolist()) == list(range(9))
    assert check_scene(store.root).damages == []


def _harm(store: SceneStore, key: str, data: bytes = b"not what was written") -> None:
    """Commit other bytes under a key."""
    session = SceneStore.open(store.root)._repo.writable_session("main")
    arrays = store._opened(session)
    arrays.put({key: data})
    arrays.flush()
    session.commit("harm")


def test_a_branch_that_went_back_is_noticed(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    branch = Path(store.root, "repo/refs/branch.main/ref.json")
    old = branch.read_bytes()
    with store.edit("reported") as edit:
        edit.set("review", 0, boxes(2))
    branch.write_bytes(old)
    with pytest.raises(CorruptSceneError, match="was reported, but the branch file names the older"):
        SceneStore.open(store.root)
    check_scene(store.root, fix=True)
    assert len(SceneStore.open(store.root).scene().layer("review").boxes2d[0]) == 2


def test_damaged_frames_are_named_and_the_rest_stays(tmp_path: Path) -> None:
    store = new_store(tmp_path, n_frames=100)
    for seed in (1, 2):
        with store.edit(f"version {seed}") as edit:
            edit.set_label_map("review", 3, label_map(seed))
            edit.set_label_map("review", 4, label_map(seed))
    session = store._repo.writable_session("main")
    arrays = store._opened(session)
    path = "layers/review/label_map/cam_front/pixels"
    arrays.put({arrays.spec(path).key(path, 3): b"not what was written"})
    arrays.flush()
    session.commit("harm")
    store = SceneStore.open(store.root)
    (damage,) = store.verify().damages
    assert (damage.what, damage.layer, damage.kind, damage.groups) == (
        "mask", "review", "label_map", range(3, 4),
    )  # fmt: skip
    (damage,) = check_scene(store.root, fix=True).damages
    assert "put back as it was in commit" in damage.fix
    layer = SceneStore.open(store.root).scene().layer("review")
    np.testing.assert_array_equal(layer.label_map(3).label_map, label_map(2))
    np.testing.assert_array_equal(layer.label_map(4).label_map, label_map(2))


def test_stray_files_are_found_and_removed(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    strays = [Path(store.root, "repo", kind, "0ABC#1") for kind in ("chunks", "snapshots", "manifests")]
    for stray in strays:
        stray.parent.mkdir(exist_ok=True)
        stray.write_bytes(b"half")
    assert len(check_scene(store.root).damages) == 3
    assert check_scene(store.root, fix=True).is_good
    assert not any(stray.exists() for stray in strays)
    assert check_scene(store.root).damages == []


def test_a_torn_line_of_the_heads_log_does_no_harm(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    heads = Path(store.root, "heads.log")
    heads.write_bytes(heads.read_bytes()[:-20])
    store = SceneStore.open(store.root)
    with store.edit("goes on") as edit:
        edit.set("review", 0, boxes(1))
    assert store._place.heads is not None and store._place.heads.read()[-1] == store.head
    assert [damage.what for damage in check_scene(store.root, fix=True).damages] == ["file"]
    assert check_scene(store.root).damages == []


def test_the_heads_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    heads = new_store(tmp_path)._place.heads
    assert heads is not None
    for number in range(1000):
        heads.append(f"{number:020d}")
    assert 100 <= len(heads.read()) <= 410
    assert heads.read()[-1] == f"{999:020d}"


def test_checking_what_is_no_scene_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no scene here"):
        check_scene(tmp_path)
