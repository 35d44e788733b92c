"""Through any format and back: exact, but for what was edited in between."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from drivelabel.errors import DriveLabelError, FormatError
from drivelabel.formats import Data
from drivelabel.formats.sidecar import restore, sidecar_path, write_sidecar
from drivelabel.labels import Boxes2D, Grouped
from drivelabel.scene import Frames, ImageSet, Layer, Scene, Source, Sweeps
from tests.formats.random_tables import SMALL
from tests.formats.sidecar.boxes_file import read_boxes, write_boxes
from tests.formats.strategies import image_sets, scenes


def _round_trip(data: Data, folder: Path, edit: Callable[[dict[str, Any]], None] | None = None) -> Any:
    out = folder / "labels.json"
    write_boxes(data, out, "truth")
    write_sidecar(out, "boxes", data, "truth", read_boxes(out))
    if edit is not None:
        images = json.loads(out.read_text())
        edit(images)
        out.write_text(json.dumps(images))
    return restore(read_boxes(out), sidecar_path(out), "boxes", "truth")


def _assert_same_layer(before: Layer, after: Layer) -> None:
    assert (before.taxonomy, before.author, before.model) == (after.taxonomy, after.author, after.model)
    assert set(before.tables) == set(after.tables)
    for kind, grouped in before.tables.items():
        assert grouped.equals(after.tables[kind]), kind
    for ours, theirs in ((before.label_maps, after.label_maps), (before.instance_maps, after.instance_maps)):
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            np.testing.assert_array_equal(ours.labelled(), theirs.labelled())
            for group in np.flatnonzero(ours.labelled()).tolist():
                np.testing.assert_array_equal(ours.read(group), theirs.read(group))
                assert ours.read(group).dtype == theirs.read(group).dtype
    np.testing.assert_array_equal(before.instance_track_id, after.instance_track_id)


def _assert_same_rows(a: Frames | Sweeps, b: Frames | Sweeps) -> None:
    for name in ("timestamp_ns", "sensor", "source", "source_index", "sample"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@settings(max_examples=25)
@given(image_sets())
def test_an_image_set_comes_back_exactly(images: ImageSet) -> None:
    with TemporaryDirectory() as folder:
        found = _round_trip(images, Path(folder))
    after = found.data
    assert found.report.is_lossless
    assert (after.name, after.sources, after.taxonomy) == (images.name, images.sources, images.taxonomy)
    np.testing.assert_array_equal(after.image_hw, images.image_hw)
    assert {k: v.tolist() for k, v in after.splits.items()} == {
        k: v.tolist() for k, v in images.splits.items()
    }
    _assert_same_layer(images.layers["truth"], after.layers["truth"])


@settings(max_examples=15)
@given(scenes())
def test_a_drive_comes_back_exactly_from_a_format_of_images(scene: Scene) -> None:
    with TemporaryDirectory() as folder:
        found = _round_trip(scene, Path(folder))
    after = found.data
    assert isinstance(after, Scene)
    assert found.report.is_lossless
    _assert_same_layer(scene.layers["truth"], after.layers["truth"])
    _assert_same_rows(scene.frames, after.frames)
    np.testing.assert_array_equal(after.samples_ns, scene.samples_ns)
    assert after.sources == scene.sources
    for ours, theirs in zip(scene.cameras, after.cameras, strict=True):
        assert (ours.channel, ours.image_hw) == (theirs.channel, theirs.image_hw)
        np.testing.assert_array_equal(ours.camera_matrix, theirs.camera_matrix)
        np.testing.assert_array_equal(ours.ego_from_sensor, theirs.ego_from_sensor)
        np.testing.assert_array_equal(ours.distortion.coefficients, theirs.distortion.coefficients)
    if scene.poses is not None:
        np.testing.assert_array_equal(after.poses.translation, scene.poses.translation)
        np.testing.assert_array_equal(after.poses.quat_wxyz, scene.poses.quat_wxyz)


BOXES = Boxes2D(
    xyxy=[[1.25, 2, 3, 4], [5, 6.5, 7, 8]], category_id=[0, 1], score=[0.5, 0.25], track_id=[3, 4],
    attributes={"occluded": [True, None]},
)  # fmt: skip


def _set() -> ImageSet:
    grouped = Grouped.from_groups(Boxes2D, 3, {0: BOXES, 1: BOXES[:1], 2: Boxes2D.empty()})
    layer = Layer("truth", SMALL, author="Ada", tables={"boxes2d": grouped})
    names = ("a.png", "b.png", "c.png")
    return ImageSet(
        "three", tuple(Source(n, "image") for n in names), np.full((3, 2), 30), SMALL, {"truth": layer},
        {"train": np.array([0, 1]), "val": np.array([2])},
    )  # fmt: skip


def test_only_the_picture_that_was_edited_changes(tmp_path: Path) -> None:
    def move(images: dict[str, Any]) -> None:
        images["a"]["boxes"][1][1] = [10, 11, 12, 13]

    found = _round_trip(_set(), tmp_path, move)
    boxes = found.data.layers["truth"].boxes2d
    assert boxes[0].xyxy.tolist() == [[1, 2, 3, 4], [10, 11, 12, 13]]
    assert boxes[0].score.tolist() == [1, 1]
    assert boxes[1].equals(BOXES[:1])
    assert boxes.labelled.tolist() == [True] * 3
    assert found.data.layers["truth"].taxonomy == SMALL
    assert {e.field: e.count for e in found.report.kept if e.object == "sidecar"} == {"": 2, "changed": 1}


def test_a_class_that_was_added_elsewhere_is_added_to_ours(tmp_path: Path) -> None:
    def add(images: dict[str, Any]) -> None:
        images["c"]["boxes"].append(["zebra", [1, 1, 2, 2]])

    layer = _round_trip(_set(), tmp_path, add).data.layers["truth"]
    assert layer.taxonomy.names == (*SMALL.names, "zebra")
    assert layer.boxes2d[2].category_id.tolist() == [len(SMALL)]
    assert layer.boxes2d[0].equals(BOXES)


def test_pictures_that_were_added_and_removed_are_said(tmp_path: Path) -> None:
    def change(images: dict[str, Any]) -> None:
        del images["b"]
        images["new"] = {"hw": [20, 20], "boxes": [["car", [1, 1, 2, 2]]]}

    found = _round_trip(_set(), tmp_path, change)
    images = found.data
    assert [source.path for source in images.sources] == ["a.png", "c.png", str(tmp_path / "new.png")]
    assert {name: rows.tolist() for name, rows in images.splits.items()} == {"train": [0], "val": [1]}
    assert images.layers["truth"].boxes2d[0].equals(BOXES)
    assert images.layers["truth"].boxes2d[2].category_id.tolist() == [0]
    counts = {e.field: e.count for e in found.report.kept if e.object == "sidecar"}
    assert counts == {"": 2, "removed": 1, "added": 1}


def test_a_sidecar_of_another_format_is_refused(tmp_path: Path) -> None:
    _round_trip(_set(), tmp_path)
    out = tmp_path / "labels.json"
    with pytest.raises(FormatError, match="belongs to an export as boxes, not coco"):
        restore(read_boxes(out), sidecar_path(out), "coco", "truth")


def test_the_same_data_make_the_same_file(tmp_path: Path) -> None:
    files = []
    for _ in range(2):
        _round_trip(_set(), tmp_path)
        files.append(sidecar_path(tmp_path / "labels.json").read_bytes())
    assert files[0] == files[1]


def test_cut_and_flipped_sidecars_are_refused_or_right(tmp_path: Path) -> None:
    expected = _round_trip(_set(), tmp_path).data.layers["truth"].boxes2d
    out = tmp_path / "labels.json"
    path, decoded = sidecar_path(out), read_boxes(out)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    n_refused = 0
    for k in range(300):
        damaged = bytearray(whole)
        if k % 3 == 0:
            del damaged[int(rng.integers(len(whole))) :]
        else:
            for at in rng.integers(len(whole), size=k % 3).tolist():
                damaged[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            found = restore(decoded, path, "boxes", "truth")
        except DriveLabelError:
            n_refused += 1
            continue
        assert found.data.layers["truth"].boxes2d.equals(expected)
    assert n_refused > 200


def _with_meta(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    meta = json.loads(members["meta.json"])
    change(meta)
    members["meta.json"] = json.dumps(meta).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda m: m.update(drivelabel=2), "expected version 1 of sidecars, got 2"),
        (lambda m: m.pop("sources"), "'sources' is missing"),
        (lambda m: m["pictures"].append([99, "x", {}, ""]), "expected \\[group, name, digests, split\\]"),
        (lambda m: m["pictures"].append(m["pictures"][0]), "a picture occurs twice"),
        (lambda m: m["tables"].update(boxes4d={}), "no kind of label 'boxes4d'"),
        (lambda m: m["layer"]["taxonomy"]["categories"].clear(), "boxes2d.category_id, row 0"),
        (lambda m: m["sources"].pop(), "expected"),
    ],
)
def test_a_sidecar_with_wrong_facts_is_refused(tmp_path: Path, change: Any, complaint: str) -> None:
    _round_trip(_set(), tmp_path)
    out = tmp_path / "labels.json"
    _with_meta(sidecar_path(out), change)
    with pytest.raises(DriveLabelError, match=complaint):
        restore(read_boxes(out), sidecar_path(out), "boxes", "truth")


def test_a_zip_bomb_and_an_object_array_are_refused(tmp_path: Path) -> None:
    _round_trip(_set(), tmp_path)
    out = tmp_path / "labels.json"
    decoded, path = read_boxes(out), sidecar_path(out)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("meta.json", b" " * 10**6)
    with pytest.raises(FormatError, match="got another zip"):
        restore(decoded, path, "boxes", "truth")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("meta.json", "{}")
        with archive.open("a.npy", "w") as file:
            header = {"descr": "|O", "fortran_order": False, "shape": (2,)}
            np.lib.format.write_array_header_1_0(file, header)
            file.write(b"cos\nsystem\n")
    with pytest.raises(FormatError, match="expected an array of numbers, got object"):
        restore(decoded, path, "boxes", "truth")
    huge = {"descr": "<f8", "fortran_order": False, "shape": (2**40,)}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("meta.json", "{}")
        with archive.open("a.npy", "w") as file:
            np.lib.format.write_array_header_1_0(file, huge)
    with pytest.raises(FormatError, match="expected 0 bytes of data, its header claims"):
        restore(decoded, path, "boxes", "truth")


def test_images_that_are_gone_are_taken_from_the_export(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    away = replace(_set(), root=str(tmp_path / "gone"))
    found = _round_trip(away, tmp_path)
    assert found.data.sources[0].path == str(tmp_path / "a.png")
    assert found.data.sources[1].path == "b.png"
