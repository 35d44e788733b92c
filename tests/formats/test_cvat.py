"""CVAT's XML for images and for video, in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from defusedxml.ElementTree import parse
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import FormatError
from drivelabel.formats import find_reader, find_writer
from drivelabel.formats.building import ImageSetBuilder
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.geometry import pairwise_iou
from drivelabel.labels import (
    DRIVING,
    HUMAN,
    IMPORTED,
    INTERPOLATED,
    Boxes2D,
    Category,
    Grouped,
    Keypoints,
    LaneLines,
    Polygons,
    Taxonomy,
    TrafficLights,
)
from drivelabel.scene import Camera, Frames, ImageSet, Layer, Scene, Source

HEAD = "<annotations><version>1.1</version>"
PIXEL = st.floats(0, 4000, width=32)
LIGHT = DRIVING.id_of("traffic_light")


def _list(values: Any, n: int) -> Any:
    return st.lists(values, min_size=n, max_size=n)


@st.composite
def image_sets(draw: Any) -> ImageSet:
    taxonomy = taxonomy_of_names("cvat", ["car", "a <b> & c", "lane"])
    builder = ImageSetBuilder("set", "/nowhere", taxonomy, "truth")
    for row in range(draw(st.integers(1, 3))):
        n = draw(st.integers(0, 3))
        corners = [
            sorted(draw(st.tuples(PIXEL, PIXEL))) + sorted(draw(st.tuples(PIXEL, PIXEL))) for _ in range(n)
        ]
        common = {
            "category_id": draw(_list(st.integers(0, 2), n)), "origin": [IMPORTED] * n,
            "attributes": {
                "occluded": draw(_list(st.sampled_from([True, None]), n)),
                "note": draw(_list(st.text("ab\"'<>&\n é你", min_size=1, max_size=4), n)),
                "speed": draw(_list(st.floats(-1e3, 1e3), n)),
            },
        }  # fmt: skip
        boxes = Boxes2D(
            xyxy=np.array([[x0, y0, x1, y1] for x0, x1, y0, y1 in corners]).reshape(n, 4), **common
        )
        ring = st.lists(st.tuples(PIXEL, PIXEL), min_size=3, max_size=6)
        rings = [[np.array(draw(ring), np.float32)] for _ in range(n)]
        polygons = Polygons(**Polygons.ring_columns(rings), **common) if n else Polygons.empty()
        builder.add(f"a/{row}.jpg", (4000, 4000), boxes, polygons, split=draw(st.sampled_from(["", "train"])))
    return builder.build()


@settings(max_examples=20)
@given(image_sets())
def test_images_come_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, images: ImageSet) -> None:
    folder = tmp_path_factory.mktemp("cvat")
    written = find_writer("cvat")(images, folder / "out", "truth")
    assert {entry.field for entry in written.dropped} <= {"labelled"} and not written.approximated
    read = find_reader("cvat")(folder / "out")
    before, after = images.layer("truth"), read.data.layer("truth")
    for kind in ("boxes2d", "polygons"):
        if not len(before.tables[kind].rows):
            assert kind not in after.tables
            continue
        assert after.tables[kind].rows.equals(before.tables[kind].rows)
        np.testing.assert_array_equal(after.tables[kind].offsets, before.tables[kind].offsets)
    assert read.report.is_lossless
    assert read.data.taxonomy.names == images.taxonomy.names


def test_masks_turned_boxes_skeletons_and_lights(tmp_path: Path) -> None:
    taxonomy = Taxonomy("mine", (*DRIVING.categories, Category("pose", "#112233", skeleton=("head", "foot"))))
    builder = ImageSetBuilder("set", "/nowhere", taxonomy, "truth")
    instance = np.zeros((60, 80), np.uint16)
    instance[10:20, 30:50] = 1
    instance[12:14, 33:40] = 0
    builder.instance_track_id.append(5)
    turned = np.array([[20, 10], [28, 16], [25, 20], [17, 14]], np.float32)
    light = TrafficLights(
        xyxy=[[1, 1, 4, 9]], keypoints=np.zeros((1, 3, 3)), category_id=[LIGHT], state=[2], arrow=[1],
        relevance=[1],
    )  # fmt: skip
    builder.add(
        "a.png", (60, 80),
        Boxes2D(xyxy=[[30, 10, 50, 20], [1, 1, 4, 9]], category_id=[0, LIGHT], track_id=[5, -1]),
        Polygons(**Polygons.ring_columns([[turned]]), category_id=[0], attributes={"shape": ["rotated_box"]}),
        Keypoints(keypoints=[[[1, 2, 2], [3, 4, 1]]], category_id=[len(taxonomy) - 1]),
        LaneLines(points=[[[0, 59], [40, 20]]], category_id=[DRIVING.id_of("lane_marking")]),
        light, instance_map=instance,
    )  # fmt: skip
    report = find_writer("cvat")(builder.build(), tmp_path / "out", "truth")
    root = parse(tmp_path / "out/annotations.xml").getroot()
    assert [shape.tag for shape in root.find("image")] == [  # type: ignore[union-attr]
        "mask", "box", "box", "polyline", "skeleton",
    ]  # fmt: skip
    after = find_reader("cvat")(tmp_path / "out").data.layer("truth")
    boxes = after.boxes2d[0]
    assert boxes.xyxy[0].tolist() == [30, 10, 50, 20]
    np.testing.assert_array_equal(after.instance_map(0).mask(int(boxes.track_id[0])), instance == 1)
    assert boxes.attributes.row(1) == {"state": "red", "arrow": "none", "relevance": "relevant"}
    np.testing.assert_allclose(after.polygons[0].rings(0)[0], turned, atol=0.03)
    assert after.keypoints[0].keypoints[0].tolist() == [[1, 2, 2], [3, 4, 1]]
    said = {(entry.object, entry.field): entry for entry in (*report.dropped, *report.approximated)}
    assert said["traffic_lights", ""].count == 1
    assert said["polygons", "points"].largest_error < 0.03


def _drive(boxes: dict[int, Boxes2D], n: int) -> Scene:
    rows = np.arange(n, dtype=np.int32)
    frames = Frames((np.round(rows * (1e9 / 30))).astype(np.int64), 0 * rows, 0 * rows, rows, 0 * rows - 1)
    table = Grouped.from_groups(Boxes2D, n, {row: boxes.get(row, Boxes2D.empty()) for row in range(n)})
    layers = {"truth": Layer("truth", DRIVING, tables={"boxes2d": table})}
    return Scene(
        "d",
        (Camera("cam", (720, 1280)),),
        DRIVING,
        frames,
        sources=(Source("d.mp4", "video"),),
        layers=layers,
    )


def test_a_video_keeps_every_box_with_few_keyframes(tmp_path: Path) -> None:
    """A car drives straight, vanishes for a while, and comes back; a second one has no track."""
    boxes = {}
    for frame in [*range(40), *range(50, 60)]:
        xyxy = [[10 + 5 * frame, 100, 80 + 5 * frame, 150]]
        boxes[frame] = Boxes2D(xyxy=xyxy, category_id=[0], track_id=[7], origin=[HUMAN])
    boxes[3] = Boxes2D.concat([boxes[3], Boxes2D(xyxy=[[1, 1, 9, 9]], category_id=[1], origin=[HUMAN])])
    drive = _drive(boxes, 60)
    report = find_writer("cvat")(drive, tmp_path / "out", "truth")
    root = parse(tmp_path / "out/annotations.xml").getroot()
    track = root.find("track[@id='7']")
    keys = [int(box.get("frame")) for box in track if box.get("keyframe") == "1"]  # type: ignore[union-attr,arg-type]
    assert keys == [0, 39, 40, 50, 59]
    assert [int(b.get("frame")) for b in track if b.get("outside") == "1"] == [40]  # type: ignore[union-attr,arg-type]
    after = find_reader("cvat")(tmp_path / "out").data.layer("truth").boxes2d
    before = drive.layer("truth").boxes2d
    np.testing.assert_array_equal(after.rows.xyxy[:3], before.rows.xyxy[:3])
    np.testing.assert_array_equal(np.sort(after.rows.xyxy, axis=0), np.sort(before.rows.xyxy, axis=0))
    np.testing.assert_array_equal(after.counts, before.counts)
    assert set(after.rows.origin.tolist()) == {IMPORTED, INTERPOLATED}
    assert "origin" in {entry.field for entry in report.dropped}


def test_between_keyframes_shapes_move_on_straight_lines(tmp_path: Path) -> None:
    box = '<box frame="{}" outside="{}" occluded="0" keyframe="1" xtl="{}" ytl="0" xbr="{}" ybr="10"/>'
    shapes = box.format(0, 0, 0, 10) + box.format(4, 0, 8, 18) + box.format(6, 1, 8, 18)
    meta = "<meta><task><start_frame>0</start_frame><stop_frame>8</stop_frame></task></meta>"
    (tmp_path / "annotations.xml").write_text(
        f'{HEAD}{meta}<track id="3" label="car">{shapes}</track></annotations>'
    )
    boxes = find_reader("cvat")(tmp_path).data.layer("truth").boxes2d
    assert boxes.counts.tolist() == [1, 1, 1, 1, 1, 1, 0, 0, 0]
    assert boxes.rows.xyxy[:, 0].tolist() == [0, 2, 4, 6, 8, 8]
    assert boxes.rows.origin.tolist() == [IMPORTED, *[INTERPOLATED] * 3, IMPORTED, INTERPOLATED]
    assert boxes.rows.track_id.tolist() == [3] * 6


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 300)), min_size=2, max_size=12))
def test_what_cvat_shows_between_keyframes_is_near_the_box(
    tmp_path_factory: pytest.TempPathFactory, corners: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("cvat")
    boxes = {
        frame: Boxes2D(xyxy=[[x, y, x + 100, y + 60]], category_id=[0], track_id=[1])
        for frame, (x, y) in enumerate(corners)
    }
    find_writer("cvat")(_drive(boxes, len(corners)), folder / "out", "truth")
    file = folder / "out/annotations.xml"
    tree = parse(file)
    for track in tree.getroot().iterfind("track"):
        for shape in [shape for shape in track if shape.get("keyframe") == "0"]:
            track.remove(shape)
    tree.write(file)
    after = find_reader("cvat")(folder / "out").data.layer("truth").boxes2d.rows.xyxy
    before = np.concatenate([boxes[frame].xyxy for frame in range(len(corners))])
    assert np.diag(pairwise_iou(before, after)).min() >= 0.95 - 1e-6


@pytest.mark.parametrize(
    "name", ["for_images/export_task/train.xml", "for_images/export_project", "for_video"]
)
def test_real_files_come_back_equal(shared_data: Path, tmp_path: Path, name: str) -> None:
    read = find_reader("cvat")(shared_data / "datumaro_formats/cvat_dataset" / name)
    assert find_writer("cvat")(read.data, tmp_path / "out", "truth").is_lossless
    before = read.data.layer("truth")
    after = find_reader("cvat")(tmp_path / "out").data.layer("truth")
    assert sum(len(grouped.rows) for grouped in before.tables.values()) >= 3
    for kind, grouped in before.tables.items():
        assert after.tables[kind].equals(grouped), kind


IMAGE = '<image id="0" name="a.jpg" width="10" height="8">{}</image></annotations>'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('<box label="x" xtl="5" ytl="0" xbr="3" ybr="4"/>', "image 0, box 0: box has negative size -2 x 4"),
        ('<box label="x" xtl="nan" ytl="0" xbr="3" ybr="4"/>', "xtl: expected a finite number"),
        ('<polygon label="x" points="1,2;3,4"/>', "expected at least 3 points, got 2"),
        ('<polygon label="x" points="1,2;3;4,5"/>', "expected x,y;x,y"),
        ('<mask label="x" rle="5,5" left="0" top="0" width="3" height="3"/>', "add up to 3 x 3"),
        ('<mask label="x" rle="9" left="8" top="0" width="3" height="3"/>', "reaches out of the image"),
        ('<ellipse label="x" cx="1" cy="1" rx="0" ry="2"/>', "positive radii"),
    ],
)
def test_the_shape_that_is_wrong_is_named(tmp_path: Path, body: str, message: str) -> None:
    file = tmp_path / "annotations.xml"
    file.write_text(HEAD + IMAGE.format(body))
    with pytest.raises(FormatError) as caught:
        find_reader("cvat")(file)
    assert message in str(caught.value)
    read = find_reader("cvat")(file, on_invalid="skip")
    assert sum(entry.count for entry in read.report.dropped) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<!DOCTYPE a [<!ENTITY x "y">]>' + HEAD + "</annotations>", "DTD or entities"),
        ("<annotations><image>", "no XML"), ("<other/>", "expected the element annotations"),
        (HEAD + IMAGE.replace("a.jpg", "../../etc/passwd"), "leads out of it"),
        (HEAD + '<track id="1" label="a"/><track id="1" label="b"/></annotations>', "the id 1 occurs twice"),
        (HEAD + "<meta><task><start_frame>0</start_frame><stop_frame>99999999999</stop_frame></task></meta>"
         '<track id="1" label="a"/></annotations>', "expected 1 to 1000000 frames"),
    ],
)  # fmt: skip
def test_hostile_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "annotations.xml"
    file.write_text(text)
    with pytest.raises(FormatError, match=message):
        find_reader("cvat")(file)
