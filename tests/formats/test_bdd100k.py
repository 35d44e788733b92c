"""Scalabel's JSON in and out, and BDD100K's masks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import FormatError
from drivelabel.formats import find_format, find_reader, find_writer
from drivelabel.formats.building import ImageSetBuilder, image_tags
from drivelabel.labels import BDD100K, IMPORTED, LINE_SOURCES, Boxes2D, LaneLines, Polygons
from drivelabel.scene import ImageSet

PIXEL = st.integers(0, 1900 * 64).map(lambda value: value / 64)


def _list(values: Any, n: int) -> Any:
    return st.lists(values, min_size=n, max_size=n)


@st.composite
def image_sets(draw: Any) -> ImageSet:
    builder = ImageSetBuilder("set", "/nowhere", BDD100K, "truth")
    for row in range(draw(st.integers(1, 3))):
        n = draw(st.integers(1, 3))
        corners = [
            sorted(draw(st.tuples(PIXEL, PIXEL))) + sorted(draw(st.tuples(PIXEL, PIXEL))) for _ in range(n)
        ]
        tracks = draw(st.lists(st.integers(-1, 3), min_size=n, max_size=n, unique_by=lambda t: (t, t < 0)))
        common = {
            "category_id": draw(_list(st.integers(0, len(BDD100K) - 1), n)),
            "origin": [IMPORTED] * n,
            "score": draw(_list(st.floats(0, 1, width=32), n)),
            "track_id": tracks,
            "attributes": {
                "occluded": draw(_list(st.booleans(), n)),
                "note": draw(_list(st.text(max_size=3), n)),
            },
        }
        boxes = Boxes2D(
            xyxy=np.array([[x0, y0, x1, y1] for x0, x1, y0, y1 in corners]).reshape(n, 4), **common
        )
        ring = st.lists(st.tuples(PIXEL, PIXEL), min_size=3, max_size=6)
        rings = [[np.array(draw(ring), np.float32) for _ in range(draw(st.integers(1, 2)))] for _ in range(n)]
        polygons = Polygons(**Polygons.ring_columns(rings), **common)
        line = st.lists(st.tuples(PIXEL, PIXEL), min_size=2, max_size=4)
        source = [LINE_SOURCES.index("imported")] * n
        lines = LaneLines(points=draw(_list(line, n)), source=source, **(common | {"track_id": [-1] * n}))
        tags = image_tags({"weather": draw(st.text(min_size=1, max_size=3)), "scalabel.timestamp": 10000})
        builder.add(f"a/{row}.jpg", (1080, 1920), boxes, polygons, lines, tags)
    return builder.build()


@settings(max_examples=20)
@given(image_sets())
def test_images_come_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, images: ImageSet) -> None:
    folder = tmp_path_factory.mktemp("bdd")
    written = find_writer("bdd100k")(images, folder / "out", "truth")
    assert {entry.field for entry in written.dropped} <= {"labelled"} and not written.approximated
    read = find_reader("bdd100k")(folder / "out")
    before, after = images.layer("truth"), read.data.layer("truth")
    for kind in ("boxes2d", "lane_lines", "tags"):
        assert after.tables[kind].equals(before.tables[kind]), kind
    for row in range(len(images)):  # polygons without a track stand behind those joined with their box
        assert sorted(map(_ring_key, _polygons(before, row))) == sorted(map(_ring_key, _polygons(after, row)))
    assert read.report.is_lossless


def _polygons(layer: Any, row: int) -> list[Any]:
    table = layer.polygons[row]
    return [(table[np.array([k])], table.rings(k)) for k in range(len(table))]


def _ring_key(entry: Any) -> tuple[Any, ...]:
    table, rings = entry
    facts = tuple(sorted((k, str(v)) for k, v in table.attributes.row(0).items()))
    return (int(table.track_id[0]), float(table.score[0]), facts, tuple(ring.tobytes() for ring in rings))


def test_boxes_name_their_last_pixel(tmp_path: Path) -> None:
    builder = ImageSetBuilder("set", "/nowhere", BDD100K, "truth")
    builder.add("a.jpg", (720, 1280), Boxes2D(xyxy=[[10, 20, 30, 50]], category_id=[2], track_id=[4]))
    find_writer("bdd100k")(builder.build(), tmp_path / "out", "truth")
    (frame,) = json.loads((tmp_path / "out/labels.json").read_text())["frames"]
    (label,) = frame["labels"]
    assert label["box2d"] == {"x1": 10, "y1": 20, "x2": 29, "y2": 49} and label["id"] == "4"


REAL = {
    "bdd100k_formats/eval/testcases/rle/seg/gt/0.json": 9,
    "bdd100k_formats/label/testcases/example_annotation.json": 4,
    "scalabel_formats/image_list_with_auto_labels.json": 26,
    "scalabel_formats/scalabel_box_track.json": 8,
    "scalabel_formats/image_list_with_auto_labels_graph.json": 27,
    "scalabel_formats/scalabel_det.json": 4,
    "scalabel_formats/scalabel_ins_seg.json": 4,
    "scalabel_formats/scalabel_pose.json": 4,
    "bdd100k_formats/label/testcases/to_rle/test-rle.json": 11,
    "bdd100k_formats/label/testcases/example_ignore_annotation.json": 2,
}


@pytest.mark.parametrize("name", REAL)
def test_real_files_come_back_equal(shared_data: Path, tmp_path: Path, name: str) -> None:
    read = find_reader("bdd100k")(shared_data / name)
    before = read.data.layer("truth")
    assert sum(len(grouped.rows) for kind, grouped in before.tables.items() if kind != "tags") == REAL[name]
    assert find_writer("bdd100k")(read.data, tmp_path / "out", "truth").is_lossless
    again = find_reader("bdd100k")(tmp_path / "out").data
    after = again.layer("truth")
    for kind, grouped in before.tables.items():
        assert after.tables[kind].equals(grouped), kind
    for frame in np.flatnonzero(before.instance_maps.labelled()) if before.instance_maps else ():
        one, other = before.instance_map(int(frame)), after.instance_map(int(frame))
        ids = (np.concatenate([[-1], m.track_id])[m.instance_map] for m in (one, other))
        np.testing.assert_array_equal(*ids)


@pytest.mark.parametrize(
    ("kind", "name", "n_images", "n_boxes"),
    [
        ("instances", "label/testcases/bitmasks/quasi-video", 2, 7),
        ("semantic", "eval/testcases/seg/gt", 1, 0),
        ("lanes", "eval/testcases/lane/gts", 4, 0),
        ("instances", "eval/testcases/mots/gt", 1, 3),
        ("instances", "label/testcases/to_rle/seg_track", 2, 22),
    ],
)
def test_real_masks(shared_data: Path, kind: str, name: str, n_images: int, n_boxes: int) -> None:
    layer = (data := find_reader("bdd100k")(shared_data / "bdd100k_formats" / name, masks=kind).data).layer(
        "truth"
    )
    assert len(data) == n_images
    if kind == "instances":
        assert len(layer.boxes2d.rows) == n_boxes
    else:
        assert layer.label_maps is not None and layer.label_maps.labelled().all()


def test_an_instance_mask_s_channels(tmp_path: Path) -> None:
    pixels = np.zeros((10, 12, 4), np.uint8)
    pixels[2:5, 3:7] = (1, 0b0110, 3, 2)  # blue, green, red, alpha: a car, occluded and crowd, number 258
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    layer = find_reader("bdd100k")(tmp_path, masks="instances").data.layer("truth")
    boxes = layer.boxes2d[0]
    assert boxes.xyxy.tolist() == [[3, 2, 7, 5]] and boxes.track_id.tolist() == [258]
    assert BDD100K.names[boxes.category_id[0]] == "car"
    assert boxes.attributes.row(0) == {"crowd": True, "occluded": True, "shape": "mask"}
    np.testing.assert_array_equal(layer.instance_map(0).mask(258), pixels[..., 2] == 3)


def test_one_of_several_videos_is_named(tmp_path: Path) -> None:
    frames = [
        {"name": f"{video}-{k}.jpg", "videoName": video, "frameIndex": k, "labels": []}
        for video in "ab"
        for k in (1, 0)
    ]
    (tmp_path / "l.json").write_text(json.dumps(frames))
    assert find_format("bdd100k").scenes(tmp_path / "l.json") == ["a", "b"]  # type: ignore[misc]
    scene = find_reader("bdd100k")(tmp_path / "l.json", scene="b").data
    assert [source.path for source in scene.sources] == ["b-0.jpg", "b-1.jpg"]
    assert isinstance(find_reader("bdd100k")(tmp_path / "l.json").data, ImageSet)


LABEL: dict[str, Any] = {"id": "1", "category": "car", "box2d": {"x1": 1, "y1": 1, "x2": 5, "y2": 5}}


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (LABEL | {"box2d": {"x1": 9, "y1": 1, "x2": 5, "y2": 5}}, "box2d: box has negative size -3 x 5"),
        (LABEL | {"score": 2}, "score: expected a number in [0, 1]"),
        ({"id": "1"}, "has no category"),
        (LABEL | {"poly2d": [{"vertices": [[1, 2], [3]], "types": "LL"}]}, "expected 2 numbers, got 1"),
        (LABEL | {"poly2d": [{"vertices": [[1, 2], [3, 4]], "types": "LX"}]}, "expected one L or C"),
        (LABEL | {"poly2d": [{"vertices": [[1, 2], [3, 4]], "types": "LC"}]}, "expected two C between two L"),
        (LABEL | {"rle": {"counts": "05", "size": [720, 1280]}}, "labels 0"),
        (LABEL | {"rle": {"counts": "05", "size": [2**31, 1280]}}, "frame 0"),
    ],
)
def test_the_label_that_is_wrong_is_named(tmp_path: Path, label: Any, message: str) -> None:
    (tmp_path / "l.json").write_text(json.dumps([{"name": "a.jpg", "labels": [label]}]))
    with pytest.raises(FormatError) as caught:
        find_reader("bdd100k")(tmp_path / "l.json")
    assert message in str(caught.value) or "200000000 pixels" in str(caught.value)


def test_curves_are_met_as_the_report_says(tmp_path: Path) -> None:
    """A quarter of a circle as a cubic curve."""
    k = 0.5522847498
    vertices = [[100, 0], [100, 100 * k], [100 * k, 100], [0, 100], [0, 0]]
    label = LABEL | {"box2d": None, "poly2d": [{"vertices": vertices, "types": "LCCLL", "closed": True}]}
    (tmp_path / "l.json").write_text(json.dumps([{"name": "a.jpg", "labels": [label]}]))
    read = find_reader("bdd100k")(tmp_path / "l.json")
    ring = read.data.layer("truth").polygons[0].rings(0)[0]
    (entry,) = read.report.approximated
    radii = np.linalg.norm((ring[:-1] + ring[1:])[:16] / 2, axis=1)
    assert (
        0 < np.abs(radii - 100).max() <= entry.largest_error + 0.03
    )  # the curve itself is 0.03 off a circle
