"""Attributes with very many distinct texts: a commit's time and bytes do not grow with how many there are."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
import pytest
from storage.scenes import boxes, new_store, unpack

from drivelabel.labels import Boxes2D
from drivelabel.storage import SceneStore, check_scene

N_FRAMES, ROWS = 2500, 40
TABLE = "layers/review/boxes2d"
FORMAT_1 = Path(__file__).parents[1] / "golden" / "scene-format-1.zip"


def _texts(store: SceneStore, n_frames: int) -> None:
    """Forty rows a frame, each with a text of its own."""
    with store.edit("texts", by="import") as edit:
        for frame in range(n_frames):
            first = frame * ROWS
            texts = [f"sign {first + row}" for row in range(ROWS)]
            edit.set("review", frame, boxes(ROWS, frame, attributes={"text": texts}))


def _bytes(store: SceneStore) -> int:
    return sum(path.stat().st_size for path in Path(store.root).rglob("*") if path.is_file())


def _edits(store: SceneStore) -> tuple[float, int]:
    """Median processor time of a frame's edit, seconds, and bytes that it adds."""
    took, before = [], _bytes(store)
    for number in range(6):
        start = time.process_time()
        with store.edit("one frame") as edit:
            edit.set("review", number, boxes(2, number, attributes={"text": [f"new {number}", "sign 3"]}))
        took.append(time.process_time() - start)
    return statistics.median(took[1:]), (_bytes(store) - before) // len(took)


def test_100_000_distinct_texts_make_neither_commits_nor_descriptions_large(tmp_path: Path) -> None:
    found = []
    for n_frames in (64, N_FRAMES):  # one page, or all
        store = new_store(tmp_path / str(n_frames), n_frames=N_FRAMES // 2)
        _texts(store, n_frames)
        found.append(_edits(SceneStore.open(store.root)))
    (few_s, few_bytes), (many_s, many_bytes) = found
    assert many_bytes < few_bytes + 65_536, "an edit writes the texts of the whole table"
    assert many_s < 3 * few_s + 0.02, "an edit takes as long as the table has texts"
    arrays = SceneStore.open(store.root)._arrays()
    assert max(len(str(arrays.node(f"{TABLE}{part}"))) for part in ("", "/values/0/utf8")) < 5000
    tables = SceneStore.open(store.root).scene().layer("review").boxes2d
    assert tables[2499].attributes.row(39) == {"text": "sign 99999"}
    assert tables[5].attributes["text"].to_list() == ["new 5", "sign 3"]
    assert len(store.scene("HEAD~6").layer("review").boxes2d[0]) == ROWS


def test_a_restored_state_has_its_own_shorter_list_of_texts(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    for number in range(3):
        long = [f"{number} {row} " + "x" * 3000 for row in range(40)]  # more than one chunk of bytes
        with store.edit(f"edit {number}") as edit:
            edit.set("review", number, boxes(40, number, attributes={"text": long}))
    store.restore("HEAD~2")
    assert check_scene(store.root).damages == []
    again = SceneStore.open(store.root)
    tables = again.scene().layer("review").boxes2d
    assert tables.counts[:3].tolist() == [40, 0, 0]
    with again.edit("goes on") as edit:
        edit.set("review", 4, boxes(1, attributes={"text": ["after"]}))
    tables = SceneStore.open(store.root).scene().layer("review").boxes2d
    assert tables[4].attributes.row(0) == {"text": "after"}
    assert str(tables[0].attributes.row(39)["text"]).startswith("0 39 xxx")
    assert check_scene(store.root).damages == []


@pytest.mark.parametrize("value", ["", "\ud800", "日本\n\0", "1", 1, 1.0, True, 2**70, -0.0, 1e308])
def test_every_kind_of_value_comes_back_as_it_was(tmp_path: Path, value: object) -> None:
    store = new_store(tmp_path)
    with store.edit("values") as edit:
        edit.set("review", 0, boxes(2, attributes={"a": [value, None], "b": [None, value]}))
    rows = SceneStore.open(store.root).scene().layer("review").boxes2d[0]
    found = [rows.attributes["a"].to_list(), rows.attributes["b"].to_list()]
    assert [[(type(v), v) for v in some] for some in found] == [
        [(type(value), value), (type(None), None)], [(type(None), None), (type(value), value)],
    ]  # fmt: skip


def test_a_scene_of_format_1_becomes_one_of_format_2_when_texts_are_added(tmp_path: Path) -> None:
    unpack(FORMAT_1, tmp_path / "old.scene")
    store = SceneStore.open(tmp_path / "old.scene")
    with store.edit("no new text") as edit:
        edit.set("review", 5, boxes(2, 6, attributes={"occluded": ["partly", True]}))
    assert _version(store) == 1, "an older drivelabel can still read it"
    with store.edit("a new text") as edit:
        edit.set("review", 4, boxes(1, 6, attributes={"occluded": ["fully"], "lane": [7]}))
    assert _version(SceneStore.open(store.root)) == 2
    tables = SceneStore.open(store.root).scene().layer("review").boxes2d
    assert tables[0].attributes["occluded"].to_list() == [True, None, "partly"]
    assert tables[4].attributes.row(0) == {"occluded": "fully", "lane": 7}
    assert check_scene(store.root).damages == []
    store.restore("HEAD~2")
    again = SceneStore.open(store.root)
    assert _version(again) == 1 and check_scene(store.root).damages == []
    np.testing.assert_array_equal(again.read("review", Boxes2D.KIND, [5])[5].xyxy, boxes(2, 6).xyxy)


def _version(store: SceneStore) -> int:
    return int(store._arrays().attrs("")["drivelabel"]["format_version"])


def test_damaged_texts_come_back_from_the_pages_of_earlier_commits(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    for number in range(2):
        noise = [np.random.default_rng(row + number).bytes(40).hex() for row in range(30)]
        with store.edit(f"edit {number}") as edit:
            edit.set("review", number, boxes(30, number, attributes={"text": noise}))
    session = store._repo.writable_session("main")
    arrays = store._opened(session)
    arrays.put({f"{TABLE}/values/0/utf8/c/0": b"not what was written"})
    arrays.flush()
    session.commit("harm")
    store = SceneStore.open(store.root)
    (damage,) = store.verify().damages
    assert (damage.what, damage.kind) == ("table", "boxes2d") and "values/0/utf8" in damage.message
    report = check_scene(store.root, fix=True)
    assert [damage.fix[:11] for damage in report.damages if damage.what == "table"] == ["put back as"]
    tables = SceneStore.open(store.root).scene().layer("review").boxes2d
    assert tables[1].attributes["text"].to_list() == noise
