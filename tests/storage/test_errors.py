"""What the store refuses, and in which words."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from storage.scenes import HW, boxes, label_map, new_store, scene

from drivelabel.errors import (
    CorruptSceneError,
    InvalidLabelError,
    NewerFormatError,
    ReadOnlyError,
    SceneLookupError,
    StoreError,
)
from drivelabel.labels import DRIVING, Boxes3D, Table
from drivelabel.scene import Camera, Layer, Scene
from drivelabel.storage import SceneStore, _place, is_scene, open_scene


def test_a_folder_without_a_scene_says_how_to_make_one(tmp_path: Path) -> None:
    for folder in (tmp_path / "nothing", tmp_path):
        with pytest.raises(StoreError, match=r"no scene here\. Make one with: drivelabel ingest SOURCE"):
            open_scene(folder)
        assert not is_scene(folder)


def test_a_foreign_repository_is_no_scene(tmp_path: Path) -> None:
    import icechunk

    (tmp_path / "empty" / "repo").mkdir(parents=True)
    with pytest.raises(StoreError, match="empty"):
        SceneStore.open(tmp_path / "empty")
    icechunk.Repository.create(icechunk.local_filesystem_storage(str(tmp_path / "other" / "repo")))
    with pytest.raises(StoreError, match="not a drivelabel scene"):
        SceneStore.open(tmp_path / "other")


def test_a_scene_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    session = store._repo.writable_session("main")
    arrays = store._opened(session)
    header = arrays.attrs("")["drivelabel"]
    arrays.set_attrs("", {"drivelabel": header | {"format_version": 99}})
    arrays.flush()
    session.commit("from the future")
    with pytest.raises(NewerFormatError, match=r"scene format 99; this one reads up to 2.*Update drivelabel"):
        SceneStore.open(tmp_path / "a.scene")


def test_an_existing_place_is_left_alone(tmp_path: Path) -> None:
    new_store(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    for taken in ("a.scene", "notes.txt"):
        with pytest.raises(StoreError, match="already exists"):
            SceneStore.create(tmp_path / taken, scene())
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_other_urls_are_refused() -> None:
    for url in ("ftp://host/scene", "s3://bucket", "s3:///prefix", "http://host/a.scene"):
        with pytest.raises(StoreError, match="expected a folder or s3://bucket/prefix"):
            SceneStore.open(url)


def test_a_scene_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    bad = Layer("auto", DRIVING, tables={"boxes2d": _boxes_of_category(200)})
    with pytest.raises(InvalidLabelError, match="category id of taxonomy driving"):
        SceneStore.create(tmp_path / "a.scene", scene(layers={"auto": bad}))
    with pytest.raises(InvalidLabelError, match="info: expected plain JSON values"):
        SceneStore.create(tmp_path / "a.scene", scene(info={"when": {1, 2}}))
    with pytest.raises(InvalidLabelError, match="mask_codec: expected rle or zstd, got 'png'"):
        SceneStore.create(tmp_path / "a.scene", scene(), mask_codec="png")
    assert list(tmp_path.iterdir()) == []


def _boxes_of_category(category: int) -> object:
    from drivelabel.labels import Boxes2D, Grouped

    return Grouped.from_groups(Boxes2D, 12, {0: boxes(1, category_id=[category])})


@pytest.mark.parametrize(
    ("layer", "group", "rows", "kind", "message"),
    [
        ("revue", 0, boxes(1), SceneLookupError, "no layer 'revue'.*Did you mean 'review'"),
        ("review", 12, boxes(1), SceneLookupError, "no frame 12. It has 12"),
        ("review", -1, boxes(1), SceneLookupError, "no frame -1"),
        ("review", 4, Boxes3D.empty(), SceneLookupError, "no sample 4. It has 4"),
        ("review", 0, boxes(1, category_id=[99]), InvalidLabelError, "group 0, category_id, row 0"),
        ("review", 0, boxes(2, row_id=[3, 3]), InvalidLabelError, "a row_id occurs twice"),
    ],
)
def test_wrong_rows_are_refused_and_nothing_is_committed(
    tmp_path: Path, layer: str, group: int, rows: Table, kind: type[Exception], message: str
) -> None:
    store = new_store(tmp_path)
    head = store.head
    with pytest.raises(kind, match=message), store.edit("good and bad") as edit:
        edit.set("review", 1, boxes(1))
        edit.set(layer, group, rows)
    assert store.head == head


@pytest.mark.parametrize(
    ("frame", "mask", "kind", "message"),
    [
        (0, label_map(1).T, InvalidLabelError, r"frame 0: expected a uint8 mask of shape \(6, 8\), got"),
        (6, label_map(1), InvalidLabelError, r"frame 6: expected a uint8 mask of shape \(4, 5\)"),
        (0, np.zeros(HW, np.int64), InvalidLabelError, "expected uint8"),
        (0, np.full(HW, 200, np.uint8), InvalidLabelError, "label map of frame 0: 200 is no category id"),
        (12, label_map(1), SceneLookupError, "no frame 12"),
    ],
)
def test_wrong_masks_are_refused(
    tmp_path: Path, frame: int, mask: np.ndarray, kind: type[Exception], message: str
) -> None:
    store = new_store(tmp_path)
    head = store.head
    with pytest.raises(kind, match=message), store.edit("bad") as edit:
        edit.set_label_map("review", frame, mask)
    assert store.head == head


def test_what_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with pytest.raises(SceneLookupError, match="no layer 'auto'"):
        store.read("auto", "boxes2d", [0])
    with pytest.raises(SceneLookupError, match="no group 12 of boxes2d"):
        store.read("review", "boxes2d", [12])
    for wrong in (lambda: store.read("review", "boxes", [0]), lambda: store.labelled("review", "box")):
        with pytest.raises(SceneLookupError, match="no kind of label 'box"):
            wrong()
    with store.edit("one") as edit:
        edit.set_label_map("review", 0, label_map(1))
    masks = store.scene().layer("review").label_maps
    assert masks is not None
    with pytest.raises(SceneLookupError, match="frame 1 has no mask"):
        masks.read(1)
    with pytest.raises(InvalidLabelError, match="out: expected uint8"):
        masks.read(0, out=np.zeros(HW, np.uint16))


def test_unknown_commits_are_named(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    for name, message in (("HEAD~9", "only 2 commits"), ("zzz", "no commit with an id"), ("", "2 commits")):
        with pytest.raises(SceneLookupError, match=message):
            store.scene(name)
    assert store.scene("HEAD~1").layers == {}
    assert "review" in store.scene(store.head[:6].lower()).layers


def test_the_history_says_who_did_what(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.edit(
        "fix the van\nand more", author="Zoë", command="review", parameters={"frames": [1, 2.5], "x": None}
    ) as edit:
        edit.set("review", 0, boxes(1))
    commit = store.log()[0]
    assert (commit.message, commit.author, commit.command, commit.by) == (
        "fix the van\nand more", "Zoë", "review", "human",
    )  # fmt: skip
    assert commit.parameters == {"frames": [1, 2.5], "x": None}
    assert {"drivelabel", "icechunk"} <= set(commit.versions)
    assert commit.parent == store.log()[1].id
    refused = pytest.raises(InvalidLabelError, match="parameters: expected plain JSON")
    with refused, store.edit("bad", parameters={"path": Path("x")}) as edit:
        edit.set("review", 1, boxes(1))


def test_an_edit_with_a_key_is_made_once(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    snapshots = []
    for copies in (1, 2, 3):
        with store.edit("delivered", key="job-7") as edit:
            edit.set("review", 0, boxes(copies))
        assert edit.result is not None
        snapshots.append((edit.result.snapshot, edit.result.changed))
    assert [changed for _, changed in snapshots] == [True, False, False]
    assert len({snapshot for snapshot, _ in snapshots}) == 1
    again = SceneStore.open(tmp_path / "a.scene")
    with again.edit("delivered late, by another process", key="job-7") as edit:
        edit.set("review", 0, boxes(5))
    assert edit.result is not None and not edit.result.changed
    assert len(again.scene().layer("review").boxes2d[0]) == 1


def test_an_edit_that_changes_nothing_makes_no_commit(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.edit("something") as edit:
        edit.set("review", 0, boxes(2))
        edit.set_label_map("review", 0, label_map(1))
    head, rows = store.head, store.scene().layer("review").boxes2d[0]
    with store.edit("the same") as edit:
        edit.set("review", 0, rows)
        edit.set_label_map("review", 0, label_map(1))
    assert edit.result is not None and not edit.result.changed
    assert store.head == head


@pytest.mark.parametrize("name", ["", "a/b", "..", "été", "a b"])
def test_names_that_are_no_path_are_refused(tmp_path: Path, name: str) -> None:
    store = new_store(tmp_path)
    with pytest.raises(InvalidLabelError, match="layer: expected letters"), store.edit("bad") as edit:
        edit.create_layer(name, DRIVING)
    with pytest.raises(InvalidLabelError, match="note: expected letters"), store.edit("bad") as edit:
        edit.set_note("review", name, b"x")
    with pytest.raises(InvalidLabelError, match="layer: expected letters"):
        SceneStore.create(tmp_path / "b.scene", scene(layers={name: Layer(name, DRIVING)}))


def test_short_names_are_names_too(tmp_path: Path) -> None:
    store = new_store(tmp_path, layers=("c", "zarr", "recording"))
    assert sorted(store.scene().layers) == ["c", "recording", "zarr"]


def test_an_exception_inside_an_edit_writes_nothing(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    head = store.head
    with pytest.raises(RuntimeError), store.edit("broken") as edit:
        edit.set("review", 0, boxes(1))
        raise RuntimeError
    assert store.head == head


def test_a_held_lock_is_an_error_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store(tmp_path)
    monkeypatch.setattr(_place, "LOCK_TIMEOUT_S", 0.1)
    refused = pytest.raises(StoreError, match="another process has held the lock")
    with store._place.lock(), refused, store.edit("waits") as edit:
        edit.set("review", 0, boxes(1))


def test_an_altered_description_is_noticed(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    session = store._repo.writable_session("main")
    arrays = store._opened(session)
    node = json.loads(arrays.get(["layers/review/zarr.json"])[0] or b"")
    node["attributes"]["author"] = "somebody else"
    arrays.put({"layers/review/zarr.json": json.dumps(node).encode()})
    arrays.flush()
    session.commit("by hand")
    with pytest.raises(CorruptSceneError, match="layers/review: damaged description"):
        SceneStore.open(tmp_path / "a.scene").scene()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_can_be_read_and_not_written(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    for folder, _, _ in os.walk(tmp_path):
        Path(folder).chmod(0o555)
    assert store.scene().name == "a drive"
    with pytest.raises(ReadOnlyError, match="may not be written"), store.edit("no") as edit:
        edit.set("review", 0, boxes(1))


def test_errors_of_the_system_become_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from drivelabel.errors import DiskFullError
    from drivelabel.storage._runtime import plain_errors

    for number, kind in (
        (errno.ENOSPC, DiskFullError),
        (errno.EROFS, ReadOnlyError),
        (errno.EIO, StoreError),
    ):
        with pytest.raises(kind, match="here: "), plain_errors("here"):
            raise OSError(number, os.strerror(number))


CHILD = """
import json, sys
from drivelabel.storage import SceneStore
from storage.scenes import boxes, scene
store = SceneStore.create(sys.argv[1], scene())
from drivelabel.labels import DRIVING
with store.edit("x") as edit:
    edit.create_layer("review", DRIVING)
    edit.set("review", 0, boxes(1))
try:
    store.scene("nothing")
except LookupError:
    pass
print(json.dumps({"head": store.head}))
"""


def test_standard_output_is_left_to_the_caller(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "a.scene")],
        capture_output=True, text=True, check=True, env=_environment(),
    )  # fmt: skip
    assert set(json.loads(done.stdout)) == {"head"}
    assert done.stderr == ""


FORKING = """
import os, sys
from drivelabel.storage import SceneStore
store = SceneStore.open(sys.argv[1])
child = os.fork()
if not child:
    try:
        SceneStore.open(sys.argv[1])
    except OSError as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


def test_a_forked_child_gets_an_error_and_does_not_hang(tmp_path: Path) -> None:
    new_store(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(tmp_path / "a.scene")],
        capture_output=True, text=True, check=True, timeout=60, env=_environment(),
    )  # fmt: skip
    assert "forked after a scene was opened" in done.stdout
    assert 'get_context("spawn")' in done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def test_awkward_paths_work(tmp_path: Path) -> None:
    for name in ("with space", "new\nline", "🚗 été", "x" * 240, "%41#?&"):
        store = SceneStore.create(tmp_path / name, scene())
        assert SceneStore.open(tmp_path / name).scene().name == "a drive", store
    with pytest.raises(StoreError):
        SceneStore.create(tmp_path / ("y" * 300), scene())


def test_a_scene_of_images_without_labels_lists_no_layers(tmp_path: Path) -> None:
    bare = Scene("x", (Camera("cam", (2, 2)),), DRIVING)
    assert dict(SceneStore.create(tmp_path / "a.scene", bare).scene().layers) == {}
