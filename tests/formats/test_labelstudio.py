"""Label Studio's tasks, in and out, beside its own code where that is installed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import FormatError
from drivelabel.formats import find_reader, find_writer
from drivelabel.formats.building import ImageSetBuilder, image_tags
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.labelstudio.read import local_name
from drivelabel.labels import (
    DRIVING,
    IMPORTED,
    INTERPOLATED,
    LINE_SOURCES,
    Boxes2D,
    Category,
    Grouped,
    Keypoints,
    LaneLines,
    Polygons,
    Taxonomy,
)
from drivelabel.scene import Camera, Frames, ImageSet, Layer, Scene, Source

PIXEL = st.floats(0, 1900, width=32)


def _list(values: Any, n: int) -> Any:
    return st.lists(values, min_size=n, max_size=n)


@st.composite
def image_sets(draw: Any) -> ImageSet:
    builder = ImageSetBuilder("set", "/nowhere", taxonomy_of_names("labelstudio", ["b"]), "truth")
    for row in range(draw(st.integers(1, 3))):
        n = draw(st.integers(1, 3))
        corners = [
            sorted(draw(st.tuples(PIXEL, PIXEL))) + sorted(draw(st.tuples(PIXEL, PIXEL))) for _ in range(n)
        ]
        common = {
            "category_id": [0] * n, "origin": [IMPORTED] * n,
            "attributes": {
                "seen": draw(_list(st.sampled_from([True, False, None]), n)),
                "note": draw(_list(st.text(min_size=1, max_size=4), n)),
                "speed": draw(_list(st.floats(-9, 9), n)),
            },
        }  # fmt: skip
        boxes = Boxes2D(
            xyxy=np.array([[x0, y0, x1, y1] for x0, x1, y0, y1 in corners]).reshape(n, 4), **common
        )
        ring = st.lists(st.tuples(PIXEL, PIXEL), min_size=3, max_size=6)
        polygons = Polygons(
            **Polygons.ring_columns([[np.array(draw(ring), np.float32)] for _ in range(n)]), **common
        )
        line = st.lists(st.tuples(PIXEL, PIXEL), min_size=2, max_size=4)
        source = [LINE_SOURCES.index("imported")] * n
        lines = LaneLines(points=draw(_list(line, n)), source=source, **common)
        tags = image_tags(
            {"weather": draw(st.text(min_size=1, max_size=3)), "hour": draw(st.integers(0, 23))}
        )
        builder.add(f"a b/{row}%.jpg", (1080, 1920), boxes, polygons, lines, Keypoints.empty(), tags)
    return builder.build()


@settings(max_examples=20)
@given(image_sets())
def test_images_come_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, images: ImageSet) -> None:
    folder = tmp_path_factory.mktemp("ls")
    written = find_writer("labelstudio")(images, folder / "out", "truth")
    assert {entry.field for entry in written.dropped} <= {"labelled"} and not written.approximated
    read = find_reader("labelstudio")(folder / "out")
    before, after = images.layer("truth"), read.data.layer("truth")
    for kind, grouped in before.tables.items():
        assert after.tables[kind].equals(grouped) if len(grouped.rows) else kind not in after.tables, kind
    assert read.report.is_lossless
    assert [s.path for s in read.data.sources] == [s.path for s in images.sources]


def test_predictions_carry_scores(tmp_path: Path) -> None:
    builder = ImageSetBuilder("set", "/nowhere", taxonomy_of_names("labelstudio", ["car"]), "auto")
    builder.add("a.jpg", (100, 200), Boxes2D(xyxy=[[20, 10, 60, 50]], category_id=[0], score=[0.75]))
    find_writer("labelstudio")(builder.build(), tmp_path / "out", "auto", predictions=True)
    (task,) = json.loads((tmp_path / "out/tasks.json").read_text())
    (prediction,) = task["predictions"]
    assert prediction["model_version"] == "auto" and prediction["result"][0]["score"] == 0.75
    assert prediction["result"][0]["value"] == {
        "x": 10, "y": 10, "width": 20, "height": 40, "rotation": 0, "rectanglelabels": ["car"],
    }  # fmt: skip
    read = find_reader("labelstudio")(tmp_path / "out", predictions=True, layer="auto").data
    assert read.layer("auto").boxes2d[0].score.tolist() == [0.75]
    assert not find_reader("labelstudio")(tmp_path / "out").data.layer("truth").tables.get("boxes2d")


def test_masks_turned_boxes_and_skeletons(tmp_path: Path) -> None:
    taxonomy = Taxonomy(
        "mine", (*DRIVING.categories, Category("pose", "#112233", skeleton=("head", "hand", "foot")))
    )
    builder = ImageSetBuilder("set", "/nowhere", taxonomy, "truth")
    instance = np.zeros((60, 80), np.uint16)
    instance[10:20, 30:50] = 1
    builder.instance_track_id.append(5)
    turned = np.array([[20, 10], [28, 16], [25, 20], [17, 14]], np.float32)
    builder.add(
        "a.png", (60, 80), Boxes2D(xyxy=[[30, 10, 50, 20]], category_id=[0], track_id=[5]),
        Polygons(**Polygons.ring_columns([[turned]]), category_id=[0], attributes={"shape": ["rotated_box"]}),
        Keypoints(keypoints=[[[1, 2, 2], [0, 0, 0], [3, 4, 1]]], category_id=[len(taxonomy) - 1]),
        instance_map=instance,
    )  # fmt: skip
    find_writer("labelstudio")(builder.build(), tmp_path / "out", "truth")
    after = find_reader("labelstudio")(tmp_path / "out").data.layer("truth")
    track = int(after.boxes2d[0].track_id[0])
    np.testing.assert_array_equal(after.instance_map(0).mask(track), instance == 1)
    np.testing.assert_allclose(after.polygons[0].rings(0)[0], turned, atol=0.02)
    skeleton = after.taxonomy.categories[after.taxonomy.id_of("pose")].skeleton
    assert skeleton == ("head", "foot")  # a point that nobody sees leaves no name
    assert after.keypoints[0].keypoints[0].tolist() == [[1, 2, 2], [3, 4, 1]]
    interface = (tmp_path / "out/interface.xml").read_text()
    assert '<Label value="head" background="#112233" />' in interface and "<BrushLabels" in interface


def test_a_turned_rectangle_turns_about_its_left_upper_corner(tmp_path: Path) -> None:
    value = {"x": 50, "y": 50, "width": 10, "height": 20, "rotation": 90, "rectanglelabels": ["car"]}
    result = {
        "id": "r",
        "type": "rectanglelabels",
        "value": value,
        "original_width": 200,
        "original_height": 100,
    }
    (tmp_path / "t.json").write_text(
        json.dumps([{"data": {"image": "a.jpg"}, "annotations": [{"result": [result]}]}])
    )
    ring = find_reader("labelstudio")(tmp_path / "t.json").data.layer("truth").polygons[0].rings(0)[0]
    np.testing.assert_allclose(ring, [[100, 50], [100, 70], [80, 70], [80, 50]], atol=1e-5)


def _drive(corners: list[tuple[int, int] | None]) -> Scene:
    n = len(corners)
    rows = np.arange(n, dtype=np.int32)
    frames = Frames(np.round(rows * 1e8).astype(np.int64), 0 * rows, 0 * rows, rows, 0 * rows - 1)
    groups = {
        row: Boxes2D(xyxy=[[at[0], at[1], at[0] + 100, at[1] + 60]], category_id=[0], track_id=[4])
        if at is not None
        else Boxes2D.empty()
        for row, at in enumerate(corners)
    }
    table = Grouped.from_groups(Boxes2D, n, groups)
    layers = {"truth": Layer("truth", DRIVING, tables={"boxes2d": table})}
    return Scene(
        "d", (Camera("cam", (400, 640)),), DRIVING, frames, sources=(Source("d.mp4", "video"),), layers=layers
    )


@settings(max_examples=20)
@given(
    st.lists(
        st.one_of(st.none(), st.tuples(st.integers(0, 500), st.integers(0, 300))), min_size=1, max_size=12
    )
)
def test_videos_come_back_as_near_as_the_report_says(
    tmp_path_factory: pytest.TempPathFactory, corners: list[tuple[int, int] | None]
) -> None:
    folder = tmp_path_factory.mktemp("ls")
    drive = _drive(corners)
    report = find_writer("labelstudio")(drive, folder / "out", "truth")
    if not any(corners):
        return
    after = find_reader("labelstudio")(folder / "out").data.layer("truth").boxes2d
    before = drive.layer("truth").boxes2d
    np.testing.assert_array_equal(after.counts, before.counts)
    worst = max(
        [entry.largest_error for entry in report.approximated if entry.object == "boxes2d"], default=0.0
    )
    assert np.abs(after.rows.xyxy - before.rows.xyxy).max() <= worst + 2e-4
    assert set(after.rows.track_id.tolist()) == {4}
    assert set(after.rows.origin.tolist()) <= {IMPORTED, INTERPOLATED}


REAL = {
    "test_export_coco/data.json": 4, "test_export_yolo/data.json": 4,
    "test_export_yolo/data_keypoints.json": 2,
    "test_export_yolo/data_obb.json": 25, "test_export_yolo/data_polygons.json": 1,
    "test_export_json_min/data.json": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_files_come_back_equal(shared_data: Path, tmp_path: Path, name: str) -> None:
    read = find_reader("labelstudio")(shared_data / "label_studio" / name)
    before = read.data.layer("truth")
    assert sum(len(g.rows) for kind, g in before.tables.items() if kind != "tags") == REAL[name]
    report = find_writer("labelstudio")(read.data, tmp_path / "out", "truth")
    after = find_reader("labelstudio")(tmp_path / "out").data.layer("truth")
    for kind, grouped in before.tables.items():
        if kind == "polygons" and report.approximated:
            np.testing.assert_allclose(
                after.polygons.rows.points.values, grouped.rows.points.values, atol=1e-3
            )
        else:
            assert after.tables[kind].equals(grouped), kind


def test_media_names_lose_label_studio_s_prefixes() -> None:
    assert local_name("/data/upload/18/im%20age.jpg") == "18/im age.jpg"
    assert local_name("/data/local-files/?d=drives/1/a.jpg") == "drives/1/a.jpg"
    assert local_name("https://example.org/a.jpg") == "https://example.org/a.jpg"


def _task(**changes: Any) -> list[dict[str, Any]]:
    value = {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["a"], **changes.pop("value", {})}
    result = {
        "id": "r",
        "type": "rectanglelabels",
        "value": value,
        "original_width": 10,
        "original_height": 10,
    }
    return [{"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"result": [result | changes]}]}]


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        (_task(value={"width": -5}), "task 0, annotations 0, result 0, value: box has negative size -5 x 5"),
        (_task(value={"x": None}), "x: expected a number, got null"), (_task(score=7), "score: expected"),
        (_task(image_rotation=90), "Turn the image itself"),
        (_task(original_width=10**9), "200000000 pixels"),
        (_task(type="brushlabels", value={"rle": [1, 2]}), "rle: brush code"),
        (_task(type="polygonlabels", value={"points": [[1, 2], [3]]}), "expected 2 numbers, got 1"),
        ([{"data": {"text": "x"}}], "task 0: has no image"), ({"a": 1}, "expected a list of tasks"),
        (_task(original_width=0), "nothing tells the size"),
    ],
)  # fmt: skip
def test_the_result_that_is_wrong_is_named(tmp_path: Path, tasks: Any, message: str) -> None:
    (tmp_path / "t.json").write_text(json.dumps(tasks))
    with pytest.raises(FormatError) as caught:
        find_reader("labelstudio")(tmp_path / "t.json")
    assert message in str(caught.value)


_THEIRS = """
import json, sys
import numpy as np
from label_studio_sdk.converter.brush import decode_rle, mask2rle
codes, hw = json.load(open(sys.argv[1]))
mask = decode_rle(codes).reshape(*hw, 4)[..., 3]
json.dump([mask.tolist(), [int(code) for code in mask2rle(mask)]], open(sys.argv[1], "w"))
"""


def test_label_studio_s_own_code_reads_our_brushes_and_we_its(tmp_path: Path) -> None:
    python = os.environ.get("DRIVELABEL_LABELSTUDIO_PYTHON")
    if not python:
        pytest.skip("DRIVELABEL_LABELSTUDIO_PYTHON names no Python with label-studio-sdk")
    from drivelabel.geometry import brush_to_mask, mask_to_brush

    mask = np.zeros((30, 41), np.bool_)
    mask[5:20, 7:33] = True
    mask[8:12, 9:15] = False
    file = tmp_path / "codes.json"
    file.write_text(json.dumps([mask_to_brush(mask), mask.shape]))
    subprocess.run([python, "-c", _THEIRS, str(file)], check=True)
    theirs, codes = json.loads(file.read_text())
    np.testing.assert_array_equal(np.array(theirs) > 0, mask)
    np.testing.assert_array_equal(brush_to_mask(codes, mask.shape), mask)
