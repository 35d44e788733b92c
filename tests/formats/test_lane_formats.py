"""TuSimple, CULane and OpenLane: what is written is read again, and the report says the rest."""

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
from drivelabel.formats import Imported, find_reader, find_writer
from drivelabel.formats.building import ImageSetBuilder
from drivelabel.labels import DRIVING, IMPORTED, LINE_SOURCES, Boxes2D, LaneLines
from drivelabel.scene import Camera, ImageSet, Layer, Scene

MARKING = DRIVING.id_of("lane_marking")
_PIXEL = st.floats(-2000, 3000, width=32)


@st.composite
def line_sets(draw: Any) -> ImageSet:
    """Images with imported lane lines that go from near to far."""
    builder = ImageSetBuilder("set", "/nowhere", DRIVING, "truth")
    for row in range(draw(st.integers(1, 3))):
        lines = draw(st.lists(st.lists(st.tuples(_PIXEL, _PIXEL), min_size=2, max_size=6), max_size=4))
        points = [sorted(line, key=lambda point: -point[1]) for line in lines]
        builder.add(f"drive/{row:05d}.jpg", (590, 1640), _lines(points))
    return builder.build()


def _lines(points: list[Any], **columns: Any) -> LaneLines:
    if not points:
        return LaneLines.empty()
    n = len(points)
    return LaneLines(
        points=points, category_id=np.full(n, MARKING), source=np.full(n, LINE_SOURCES.index("imported")),
        origin=np.full(n, IMPORTED), **columns,
    )  # fmt: skip


def _round_trip(data: ImageSet | Scene, name: str, folder: Path, **options: Any) -> tuple[Imported, Any]:
    written = find_writer(name)(data, folder / "out", "truth", **options)
    return find_reader(name)(folder / "out"), written


@settings(max_examples=15)
@given(line_sets())
def test_culane_keeps_every_point(tmp_path_factory: pytest.TempPathFactory, images: ImageSet) -> None:
    again, written = _round_trip(images, "culane", tmp_path_factory.mktemp("culane"))
    before, after = images.layer("truth").lane_lines, again.data.layer("truth").lane_lines
    assert after.equals(before)
    assert written.is_lossless
    assert [source.path for source in again.data.sources] == [source.path for source in images.sources]


def test_culane_masks_and_lists_say_which_lanes_there_are(tmp_path: Path) -> None:
    builder = ImageSetBuilder("set", str(tmp_path), DRIVING, "truth")
    lines = _lines([[[100, 580], [300, 300]], [[900, 580], [700, 300]]], position=[-1, 1])
    builder.add("a/00000.jpg", (590, 1640), lines, split="train")
    report = find_writer("culane")(builder.build(), tmp_path / "out", "truth", masks=True)
    assert (tmp_path / "out/list/train_gt.txt").read_text() == (
        "/a/00000.jpg /laneseg_label_w16/a/00000.png 0 1 1 0\n"
    )
    mask = cv2.imread(str(tmp_path / "out/laneseg_label_w16/a/00000.png"), cv2.IMREAD_UNCHANGED)
    assert mask[440, 200] == 2 and mask[440, 800] == 3 and set(np.unique(mask)) == {0, 2, 3}
    assert report.is_lossless
    again = find_reader("culane")(tmp_path / "out").data
    assert again.splits["train"].tolist() == [0]
    assert again.layer("truth").tags[0].attributes.row(0) == {"culane.lanes": "0110"}


def test_tusimple_says_how_far_lines_are_off_at_its_rows(tmp_path: Path) -> None:
    builder = ImageSetBuilder("set", str(tmp_path), DRIVING, "truth")
    bent = [[600, 710], [500.5, 455], [400, 300]]  # its middle point lies between two rows
    beyond = [[10, 719], [200, 400]]  # begins below the last row
    left = [[-30, 700], [-40, 600]]
    builder.add("clips/1/20.jpg", (720, 1280), _lines([bent, beyond, left]))
    again, written = _round_trip(builder.build(), "tusimple", tmp_path)
    lines = again.data.layer("truth").lane_lines[0]
    assert len(lines) == 2
    (approximated,) = written.approximated
    entry = json.loads((tmp_path / "out/label_data.json").read_text())
    xs = np.interp(455, entry["h_samples"], entry["lanes"][0])
    assert approximated.largest_error == pytest.approx(abs(xs - 500.5), abs=2e-3) and xs != 500.5
    dropped = {(entry.object, entry.field): entry.count for entry in written.dropped}
    assert dropped["lane_lines", ""] == 1  # left of the image
    assert dropped["lane_lines", "points"] == 1  # the vertex below row 710
    assert len(entry["h_samples"]) == 56 and entry["raw_file"] == "clips/1/20.jpg"


def test_real_tusimple_labels_come_back_byte_for_byte(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "tusimple/test_label_first200.json"
    read = find_reader("tusimple")(path)
    assert read.report.is_lossless
    assert find_writer("tusimple")(read.data, tmp_path / "out", "truth").is_lossless
    before = [json.loads(line) for line in path.read_text().splitlines()]
    after = [json.loads(line) for line in (tmp_path / "out/label_data.json").read_text().splitlines()]
    assert len(before) == 200 and after == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"lanes": [[1, 2]], "h_samples": [10, 20, 30], "raw_file": "a.jpg"}', "expected 3 numbers, got 2"),
        ('{"lanes": [], "h_samples": [10, 10], "raw_file": "a.jpg"}', "expected rows that rise"),
        ('{"lanes": [], "h_samples": [10], "raw_file": "../a.jpg"}', "leads out of it"),
        ('{"lanes": [[NaN]], "h_samples": [10], "raw_file": "a.jpg"}', "expected finite numbers, got NaN"),
        ('{"lanes": [], "h_samples": [10]}', "'raw_file' is missing"),
        ('{"lanes": [], "h_samples": [10], "raw_file": "a.jpg"', "no JSON"),
    ],
)
def test_tusimple_names_the_line_that_is_wrong(tmp_path: Path, line: str, message: str) -> None:
    good = '{"lanes": [[5, 6]], "h_samples": [10, 20], "raw_file": "good.jpg"}'
    path = tmp_path / "labels.json"
    path.write_text(f"{good}\n{line}\n")
    with pytest.raises(FormatError, match=r"labels\.json, line 2|leads out") as caught:
        find_reader("tusimple")(path)
    assert message in str(caught.value)
    read = find_reader("tusimple")(path, on_invalid="skip")
    assert len(read.data) == 1 and "invalid" in read.report.dropped[0].note


def test_culane_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.lines.txt").write_text("1 2 3 4\n1 2 3\n")
    with pytest.raises(FormatError, match=r"a\.lines\.txt, line 2: expected pairs x y, got 3 numbers"):
        find_reader("culane")(tmp_path)
    (tmp_path / "a.lines.txt").write_text("1 2 x 4\n")
    with pytest.raises(FormatError, match="expected numbers x y x y"):
        find_reader("culane")(tmp_path)


@pytest.fixture
def drive() -> Scene:
    """One calibrated camera, two frames, lines of every style."""
    lines = _lines(
        [[[10.5, 700], [20.25, 300]], [[50, 700], [60, 300]], [[90, 700], [95, 400]]],
        style=[1, 2, 4], position=[-1, 1, 0], track_id=[3, 4, -1],
        attributes={"openlane.category": ["yellow_solid", None, "left_curbside"]},
    )  # fmt: skip
    builder = ImageSetBuilder("drive", "/nowhere", DRIVING, "truth")
    for row in range(2):
        builder.add(f"images/{row}.jpg", (1280, 1920), lines if row else LaneLines.empty())
    plain = builder.build().as_scene()
    mounting = np.array([[0, 0, 1, 1.5], [-1, 0, 0, 0], [0, -1, 0, 2.0], [0, 0, 0, 1]], np.float64)
    matrix = np.array([[2000, 0, 960], [0, 2000, 640], [0, 0, 1]], np.float64)
    camera = Camera("cam_front", (1280, 1920), camera_matrix=matrix, ego_from_sensor=mounting)
    times = 1_507_679_047_597_738_000 + 100_000_000 * np.arange(2)
    frames = type(plain.frames)(
        times, *(getattr(plain.frames, c) for c in ("sensor", "source", "source_index", "sample"))
    )
    return Scene("segment-1", (camera,), DRIVING, frames, sources=plain.sources, layers=plain.layers)


def test_openlane_keeps_kinds_places_ids_camera_and_times(tmp_path: Path, drive: Scene) -> None:
    written = find_writer("openlane")(drive, tmp_path / "out", "truth")
    assert written.is_lossless or {e.object for e in written.dropped} <= {"sensors", "frames"}
    again = find_reader("openlane")(tmp_path / "out/lane3d").data
    assert again.layer("truth").lane_lines.equals(drive.layer("truth").lane_lines)
    assert again.frames.timestamp_ns.tolist() == drive.frames.timestamp_ns.tolist()
    camera = again.camera("cam_front")
    np.testing.assert_allclose(camera.ego_from_sensor, drive.camera("cam_front").ego_from_sensor, atol=1e-12)
    np.testing.assert_array_equal(camera.camera_matrix, drive.camera("cam_front").camera_matrix)
    entry = json.loads(next((tmp_path / "out/lane3d/segment-1").glob("*7738*.json")).read_text())
    assert [line["category"] for line in entry["lane_lines"]] == []
    second = sorted((tmp_path / "out/lane3d/segment-1").glob("*.json"))[1]
    lines = json.loads(second.read_text())["lane_lines"]
    assert [line["category"] for line in lines] == [8, 1, 20]
    assert [line["attribute"] for line in lines] == [2, 3, 0]


def test_openlane_s_camera_looks_along_x(tmp_path: Path) -> None:
    """The file's extrinsic has OpenLane's axes: identity means a camera that looks ahead."""
    entry = {
        "file_path": "a.jpg",
        "extrinsic": np.eye(4).tolist(),
        "lane_lines": [],
        "intrinsic": np.eye(3).tolist(),
    }
    (tmp_path / "150767904759773800.json").write_text(json.dumps(entry))
    scene = find_reader("openlane")(tmp_path).data
    ego_from_cam = scene.camera("cam_front").ego_from_sensor
    np.testing.assert_allclose(ego_from_cam @ [0, 0, 1, 0], [1, 0, 0, 0])  # ahead
    np.testing.assert_allclose(ego_from_cam @ [1, 0, 0, 0], [0, -1, 0, 0])  # right
    assert scene.frames.timestamp_ns.tolist() == [1_507_679_047_597_738_000]


@pytest.mark.parametrize("name", ["tusimple", "culane", "openlane"])
def test_what_is_no_lane_line_is_counted(tmp_path: Path, name: str) -> None:
    builder = ImageSetBuilder("set", str(tmp_path), DRIVING, "truth")
    lines = _lines([[[100, 700], [120, 300]]], score=[0.5])
    builder.add("a.jpg", (720, 1280), lines, Boxes2D(xyxy=[[0, 0, 5, 5]], category_id=[0]))
    builder.add("b.jpg", (720, 1280))
    report = find_writer(name)(builder.build(), tmp_path / "out", "truth")
    dropped = {(entry.object, entry.field): entry.count for entry in report.dropped}
    assert dropped["boxes2d", ""] == 1 and dropped["lane_lines", "score"] == 1 and dropped["images", ""] == 1


def test_layers_are_needed(tmp_path: Path) -> None:
    images = ImageSetBuilder("set", str(tmp_path), DRIVING, "truth").build()
    assert isinstance(images.layer("truth"), Layer)
    report = find_writer("culane")(images, tmp_path / "out", "truth")
    assert report.kept == () and (tmp_path / "out").is_dir()
