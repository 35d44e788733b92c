"""What goes into a scene comes out of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from labels.tables import OF_KIND
from storage.scenes import (
    HW,
    assert_same_scene,
    boxes,
    instance_map,
    label_map,
    new_store,
    scene,
    things,
)

from drivelabel.errors import SceneLookupError
from drivelabel.labels import DRIVING, TABLES, Boxes2D, Grouped, InstanceMap, LabelMap, LaneLines
from drivelabel.scene import Frames, Layer, MemoryMasks, Scene
from drivelabel.storage import SceneStore, open_scene
from drivelabel.storage._masks import StoredMasks

QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking: an example makes files and takes up to a second."""


@st.composite
def layers(draw: Any) -> Layer:
    """A layer with random labels of every kind in some of its 12 frames."""
    tables = {}
    row_ids = iter(range(1000))
    for kind, rows in OF_KIND.items():
        n_groups = 4 if kind == "boxes3d" else 12
        groups = draw(st.lists(st.integers(0, n_groups - 1), unique=True, max_size=3))
        tables[kind] = Grouped.from_groups(
            TABLES[kind],
            n_groups,
            {
                group: table.replace(row_id=np.array([next(row_ids) for _ in range(len(table))], np.int64))
                for group in sorted(groups)
                for table in [draw(rows(draw(st.integers(0, 3))))]
            },
        )
    frames = draw(st.lists(st.integers(0, 5), unique=True, max_size=3))
    maps = {frame: label_map(draw(st.integers(0, 99))) for frame in frames}
    seeds = {frame: draw(st.integers(0, 99)) for frame in frames}
    ids = np.array([7, -(2**40), 3], np.int64)
    return Layer(
        "auto",
        DRIVING,
        author="somebody",
        model={"name": "net", "threshold": 0.25, "classes": ["car", None]},
        created_ns=17,
        tables=tables,
        label_maps=MemoryMasks(maps, 12),
        instance_maps=MemoryMasks(
            {frame: instance_map(ids.tolist(), seed).instance_map for frame, seed in seeds.items()}, 12
        ),
        instance_track_id=ids,
    )


@settings(max_examples=12, phases=QUICK)
@given(layers())
def test_a_saved_scene_equals_the_one_in_memory(layer: Layer) -> None:
    before = scene(layers={"auto": layer})
    with tempfile.TemporaryDirectory() as folder:
        store = SceneStore.create(Path(folder) / "a.scene", before)
        after = store.scene()
        assert_same_scene(before, after)
        assert after.layers["auto"].created_ns == 17
        copy = SceneStore.create(Path(folder) / "b.scene", after)
        assert_same_scene(before, copy.scene())


@pytest.mark.parametrize("n_frames", [0, 1])
def test_scenes_with_hardly_anything_can_be_saved(tmp_path: Path, n_frames: int) -> None:
    bare = Scene("bare", (), DRIVING)
    assert_same_scene(bare, SceneStore.create(tmp_path / "bare.scene", bare).scene())
    few = scene(n_frames, 0, poses=None)
    assert_same_scene(few, SceneStore.create(tmp_path / "few.scene", few).scene())


def test_thousands_of_frames_and_sources_can_be_saved(tmp_path: Path) -> None:
    n = 70_000
    zeros = np.zeros(n, np.int64)
    long = scene(frames=Frames(np.arange(n), zeros, zeros, zeros, zeros - 1))
    store = SceneStore.create(tmp_path / "long.scene", long)
    with store.edit("start") as edit:
        edit.create_layer("auto", DRIVING)
        for frame in (0, 511, 512, n - 1):
            edit.set("auto", frame, boxes(2, frame))
    again = store.scene()
    assert_same_scene(long, again, same_layers=False)
    assert np.flatnonzero(again.layer("auto").boxes2d.labelled).tolist() == [0, 511, 512, n - 1]
    np.testing.assert_array_equal(again.layer("auto").boxes2d[n - 1].xyxy, boxes(2, n - 1).xyxy)


def test_masks_of_all_cameras_keep_their_own_shape(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.edit("masks") as edit:
        edit.set_label_map("review", 0, label_map(1))
        edit.set_label_map("review", 6, LabelMap(label_map(2, (4, 5))))
        edit.set_instance_map("review", 0, instance_map([5, 6], 3))
    with store.edit("more masks") as edit:
        edit.set_instance_map("review", 1, instance_map([6, 9, 5], 4))
    layer = store.scene().layer("review")
    np.testing.assert_array_equal(layer.label_map(0).label_map, label_map(1))
    np.testing.assert_array_equal(layer.label_map(6).label_map, label_map(2, (4, 5)))
    assert layer.label_maps is not None and np.flatnonzero(layer.label_maps.labelled()).tolist() == [0, 6]
    for frame, given_map in ((0, instance_map([5, 6], 3)), (1, instance_map([6, 9, 5], 4))):
        expected = np.concatenate([[-1], given_map.track_id])[given_map.instance_map]
        np.testing.assert_array_equal(things(layer, frame), expected)


def test_a_mask_is_read_into_the_callers_buffer(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.edit("mask") as edit:
        edit.set_label_map("review", 2, label_map(7))
    masks = store.scene().layer("review").label_maps
    assert masks is not None
    buffer = np.zeros(HW, np.uint8)
    assert masks.read(2, out=buffer) is buffer
    np.testing.assert_array_equal(buffer, label_map(7))
    wide = np.zeros((HW[0], 2 * HW[1]), np.uint8)
    masks.read(2, out=wide[:, ::2])
    np.testing.assert_array_equal(wide[:, ::2], label_map(7))


def test_masks_are_read_in_turn_as_one_by_one(tmp_path: Path) -> None:
    store = new_store(tmp_path, n_frames=50)
    frames = [*range(40), 3]
    with store.edit("masks") as edit:
        for frame in range(40):
            edit.set_label_map("review", frame, label_map(frame))
    masks = store.scene().layer("review").label_maps
    assert isinstance(masks, StoredMasks)
    buffer = np.zeros(HW, np.uint8)
    for out in (None, buffer):
        found = [(frame, mask.copy()) for frame, mask in masks.iterate(frames, out)]
        assert [frame for frame, _ in found] == frames
        for frame, mask in found:
            np.testing.assert_array_equal(mask, masks.read(frame))
    with pytest.raises(SceneLookupError, match="frame 41 has no mask"):
        list(masks.iterate([0, 41]))


def test_a_table_grows_past_its_first_room_and_keeps_every_row(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    expected = {}
    for step in range(6):
        lines = LaneLines(
            points=[np.full((2 + 9 * step * row, 2), row, np.float32) for row in range(4**step // 4)],
            category_id=np.full(4**step // 4, DRIVING.id_of("lane_marking")),
            attributes={f"name{step}": [step] * (4**step // 4)},
        )
        with store.edit(f"step {step}") as edit:
            edit.set("review", step, lines)
        expected[step] = lines
    stored = store.scene().layer("review").lane_lines
    for frame, lines in expected.items():
        assert stored[frame].replace(row_id=lines.row_id).equals(lines)


def test_some_frames_are_read_without_the_rest(tmp_path: Path) -> None:
    store = new_store(tmp_path, n_frames=100)
    with store.edit("boxes") as edit:
        for frame in range(0, 200, 7):
            edit.set("review", frame, boxes(3, frame))
    found = store.read("review", "boxes2d", [7, 8, 196])
    assert sorted(found) == [7, 8, 196]
    np.testing.assert_array_equal(found[196].xyxy, boxes(3, 196).xyxy)
    assert len(found[8]) == 0
    assert np.flatnonzero(store.labelled("review", "boxes2d")).tolist() == list(range(0, 200, 7))
    assert not store.labelled("review", "lane_lines").any()


@pytest.mark.parametrize("codec", ["rle", "zstd"])
def test_other_zarr_readers_read_every_array(tmp_path: Path, codec: str) -> None:
    store = SceneStore.create(tmp_path / "a.scene", scene(), mask_codec=codec)
    with store.edit("labels") as edit:
        edit.create_layer("review", DRIVING)
        edit.set("review", 3, boxes(4, attributes={"occluded": [True, None, False, True]}))
        edit.set_label_map("review", 3, label_map(1))
    root = zarr.open_group(store._repo.readonly_session("main").store, mode="r")
    layer = root["layers/review"]
    count = layer["boxes2d/group_count"][:]
    assert count[3] == 4 and count.sum() == 4
    np.testing.assert_array_equal(layer["boxes2d/xyxy"][:4], boxes(4).xyxy)
    np.testing.assert_array_equal(layer["boxes2d/attributes/0"][:4], [0, -1, 1, 0])
    assert layer["boxes2d"].attrs["attributes"] == [{"name": "occluded"}]
    assert bytes(layer["boxes2d/values/0/utf8"][:]) == b"truefalse"
    assert layer["boxes2d/values/0/offsets"][:].tolist() == [0, 4, 9]
    np.testing.assert_array_equal(layer["label_map/cam_front/pixels"][3], label_map(1))
    np.testing.assert_array_equal(root["recording/frames/timestamp_ns"][:], store.scene().frames.timestamp_ns)
    for _, array in _arrays(root):
        array[...]


def test_every_array_ends_in_crc32c(tmp_path: Path) -> None:
    everything = new_store(tmp_path)
    with everything.edit("all kinds") as edit:
        for kind, table in TABLES.items():
            edit.set("review", 0, _one_row(kind, table))
        edit.set_label_map("review", 0, label_map(1))
        edit.set_instance_map("review", 0, instance_map([1], 1))
        edit.set_note("review", "run", b"abc")
    root = zarr.open_group(everything._repo.readonly_session("main").store, mode="r")
    names = []
    for name, array in _arrays(root):
        assert array.metadata.to_dict()["codecs"][-1]["name"] == "crc32c", name
        names.append(name)
    assert len(names) > 90


def _one_row(kind: str, table: Any) -> Any:
    empty = table.empty()
    if kind == "boxes2d":
        return boxes(1, attributes={"a": [1]})
    return empty


def _arrays(group: zarr.Group) -> list[tuple[str, Any]]:
    return [(name, node) for name, node in group.members(max_depth=None) if isinstance(node, zarr.Array)]


@settings(max_examples=4, phases=QUICK)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.booleans()), min_size=2, max_size=5))
def test_every_earlier_snapshot_opens_as_it_was(steps: list[tuple[int, int, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(Path(folder), layers=())
        seen: dict[str, Any] = {}
        for number, (frame, seed, with_mask) in enumerate(steps):
            with store.edit(f"step {number}") as edit:
                edit.create_layer(f"layer{number % 3}", DRIVING)
                edit.set(
                    f"layer{number % 3}", frame, boxes(seed, seed, attributes={f"n{seed}": [seed] * seed})
                )
                if with_mask:
                    edit.set_label_map(f"layer{number % 3}", frame, label_map(seed))
            seen[store.head] = _dump(store.scene())
        reopened = SceneStore.open(Path(folder) / "a.scene")
        for snapshot, labels in seen.items():
            assert _dump(reopened.scene(snapshot)) == labels
        first = reopened.log()[-1]
        assert _dump(open_scene(Path(folder) / "a.scene", first.id)) == {}
        for snapshot in seen:
            result = reopened.restore(snapshot)
            assert _dump(reopened.scene()) == seen[snapshot]
            assert result.snapshot == reopened.head


def _dump(opened: Scene) -> dict[str, Any]:
    """All labels as plain values."""
    found: dict[str, Any] = {}
    for name, layer in opened.layers.items():
        for kind, table in layer.tables.items():
            for group in np.flatnonzero(table.labelled):
                rows: Boxes2D = table[int(group)]
                found[f"{name}/{kind}/{group}"] = (
                    rows.row_id.tolist(),
                    rows.xyxy.tolist(),
                    [rows.attributes.row(i) for i in range(len(rows))],
                )
        if layer.label_maps is not None:
            for frame in np.flatnonzero(layer.label_maps.labelled()):
                found[f"{name}/map/{frame}"] = layer.label_map(int(frame)).label_map.tolist()
        found[name] = layer.taxonomy
    return found


def test_an_instance_map_of_no_thing_is_kept(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.edit("nothing here") as edit:
        edit.set_instance_map("review", 0, InstanceMap(np.zeros(HW, np.uint16), np.zeros(0, np.int64)))
    assert (things(store.scene().layer("review"), 0) == -1).all()
