"""OpenLABEL in and out: drives with cuboids, image labels, and the real files of its reference library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivelabel.errors import FormatError
from drivelabel.formats import find_reader, find_writer
from drivelabel.formats.openlabel.streams import time_ns_of
from drivelabel.formats.openlabel.write import time_text
from drivelabel.geometry import cuboid_corners, quat_of_yaw
from drivelabel.labels import DRIVING, IMPORTED, LINE_SOURCES, Boxes2D, Boxes3D, Grouped, LaneLines, Polygons
from drivelabel.scene import Camera, Frames, Layer, Lidar, Poses, Scene, Source

START = 1_600_000_000_123_456_789
LOOKS_AHEAD = np.array([[0, 0, 1, 1.5], [-1, 0, 0, 0], [0, -1, 0, 1.6], [0, 0, 0, 1]], np.float64)


@pytest.fixture
def drive() -> Scene:
    """Two cameras and a lidar, two samples; boxes, a polygon, a line, and cuboids that move."""
    stamps = START + np.array([0, 100_000_000])
    frames = Frames(
        np.concatenate([stamps, stamps + 5_000_000]), [0, 0, 1, 1], [0, 1, 2, 3], [0, 0, 0, 0], [0, 1, 0, 1]
    )
    matrix = np.array([[500, 0, 320], [0, 500, 240], [0, 0, 1]], np.float64)
    sensors = (
        Camera("cam_front", (480, 640), camera_matrix=matrix, ego_from_sensor=LOOKS_AHEAD),
        Camera("cam_rear", (480, 640), camera_matrix=matrix, ego_from_sensor=LOOKS_AHEAD),
        Lidar("lidar_top", np.eye(4)),
    )
    imported: dict[str, Any] = {"origin": [IMPORTED]}
    boxes = Boxes2D(
        xyxy=[[10.25, 20, 50.5, 61]],
        category_id=[0],
        track_id=[7],
        score=[0.5],
        attributes={"parked": [True]},
        **imported,
    )
    ring = [np.array([[1, 2], [5, 2], [5, 9.5]], np.float32)]
    polygons = Polygons(**Polygons.ring_columns([ring]), category_id=[1], track_id=[8], **imported)
    lines = LaneLines(
        points=[[[1, 470], [9, 300]]],
        category_id=[DRIVING.id_of("lane_marking")],
        track_id=[9],
        source=[LINE_SOURCES.index("imported")],
        **imported,
    )
    cuboids = [
        Boxes3D(
            timestamp_ns=[stamps[k]],
            center=[[100.5 + k, 20, 0.75]],
            size_lwh=[[4.5, 1.9, 1.5]],
            quat_wxyz=[quat_of_yaw(0.3)],
            category_id=[0],
            velocity=[[10, 0, 0]],
            track_id=[7],
            n_points=[12],
            **imported,
        )
        for k in range(2)
    ]
    tables = {
        "boxes2d": Grouped.from_groups(
            Boxes2D, 4, {k: boxes if k in (0, 3) else Boxes2D.empty() for k in range(4)}
        ),
        "polygons": Grouped.from_groups(
            Polygons, 4, {k: polygons if k == 1 else Polygons.empty() for k in range(4)}
        ),
        "lane_lines": Grouped.from_groups(
            LaneLines, 4, {k: lines if k == 1 else LaneLines.empty() for k in range(4)}
        ),
        "boxes3d": Grouped.from_groups(Boxes3D, 2, cuboids),
    }
    poses = Poses(stamps, np.array([[0, 0, 0], [1, 0.5, 0]], float), quat_of_yaw(np.array([0.1, 0.2])))
    sources = tuple(Source(f"images/{k}.jpg", "image") for k in range(4))
    layers = {"truth": Layer("truth", DRIVING, tables=tables)}
    return Scene(
        "drive", sensors, DRIVING, frames, samples_ns=stamps, sources=sources, poses=poses, layers=layers
    )


def test_a_drive_comes_back(tmp_path: Path, drive: Scene) -> None:
    report = find_writer("openlabel")(drive, tmp_path / "out", "truth")
    assert report.is_lossless
    again = find_reader("openlabel")(tmp_path / "out").data
    before, after = drive.layer("truth"), again.layer("truth")
    for kind, grouped in before.tables.items():
        assert after.tables[kind].equals(grouped), kind
    assert [sensor.channel for sensor in again.sensors] == ["cam_front", "cam_rear", "lidar_top"]
    assert again.frames.timestamp_ns.tolist() == drive.frames.timestamp_ns.tolist()
    assert again.samples_ns.tolist() == drive.samples_ns.tolist()
    assert [s.path for s in again.sources] == [s.path for s in drive.sources]
    camera = again.camera("cam_rear")
    np.testing.assert_allclose(camera.ego_from_sensor, LOOKS_AHEAD, atol=1e-15)
    assert camera.image_hw == (480, 640)
    np.testing.assert_allclose(again.poses.at(drive.samples_ns), drive.poses.at(drive.samples_ns), atol=1e-15)


def test_the_file_says_what_the_standard_says(tmp_path: Path, drive: Scene) -> None:
    find_writer("openlabel")(drive, tmp_path / "out.json", "truth")
    root = json.loads((tmp_path / "out.json").read_text())["openlabel"]
    assert root["metadata"]["schema_version"] == "1.0.0"
    assert root["objects"]["7"] == {
        "name": "",
        "type": "car",
        "frame_intervals": [{"frame_start": 0, "frame_end": 1}],
    }
    data = root["frames"]["0"]["objects"]["7"]["object_data"]
    assert data["bbox"][0]["val"] == [30.375, 40.5, 40.25, 41]  # centre and size
    x, y, z, w = data["cuboid"][0]["val"][3:7]
    np.testing.assert_allclose([w, x, y, z], quat_of_yaw(0.3))
    assert root["coordinate_systems"]["cam_front"]["parent"] == "ego"


def _file(tmp_path: Path, **parts: Any) -> Path:
    file = tmp_path / "o.json"
    file.write_text(json.dumps({"openlabel": {"metadata": {"schema_version": "1.0.0"}, **parts}}))
    return file


def test_cuboids_in_ego_coords_are_put_into_the_world(tmp_path: Path) -> None:
    """The ego stands at (10, 5), turned a quarter left; the box is 4 m ahead, turned by Euler angles."""
    turn = [0, -1, 0, 10, 1, 0, 0, 5, 0, 0, 1, 0, 0, 0, 0, 1]
    cuboid = {"name": "cuboid", "val": [4, 1, 0.5, 0, 0, 0.2, 4, 2, 1], "coordinate_system": "car"}
    file = _file(
        tmp_path,
        coordinate_systems={
            "car": {"type": "local_cs", "parent": ""},
            "odom": {"type": "scene_cs", "parent": ""},
        },
        objects={"1": {"name": "", "type": "car"}},
        frames={
            "5": {
                "frame_properties": {
                    "transforms": {
                        "t": {"src": "car", "dst": "odom", "transform_src_to_dst": {"matrix4x4": turn}}
                    }
                },
                "objects": {"1": {"object_data": {"cuboid": [cuboid]}}},
            }
        },
    )
    boxes = find_reader("openlabel")(file).data.layer("truth").boxes3d[0]
    np.testing.assert_allclose(boxes.center, [[9, 9, 0.5]], atol=1e-12)
    corners = cuboid_corners(boxes.center, boxes.size_lwh, boxes.quat_wxyz)[0]
    assert np.ptp(corners[:, 1]) > np.ptp(corners[:, 0])  # its length points along the world's y


def test_static_objects_are_in_all_frames_of_their_intervals(tmp_path: Path) -> None:
    box = {"name": "shape", "val": [10, 10, 4, 2], "attributes": {"boolean": [{"name": "seen", "val": True}]}}
    data = {"bbox": [box], "text": [{"name": "color", "val": "red"}]}
    intervals = [{"frame_start": 1, "frame_end": 2}]
    file = _file(
        tmp_path,
        frame_intervals=[{"frame_start": 0, "frame_end": 3}],
        objects={"a-b": {"name": "mine", "type": "Car", "frame_intervals": intervals, "object_data": data}},
    )
    boxes = find_reader("openlabel")(file).data.layer("truth").boxes2d
    assert boxes.counts.tolist() == [0, 1, 1, 0]
    assert boxes[1].xyxy.tolist() == [[8, 9, 12, 11]]
    assert boxes[1].attributes.row(0) == {
        "openlabel.uid": "a-b",
        "name": "mine",
        "color": "red",
        "openlabel.name": "shape",
        "seen": True,
    }


REAL = {
    "bbox_simple": 7,
    "bbox_simple_attributes": 7,
    "remove_simple": 52,
    "cuboids": 1,
    "static_dynamic_object_2": 6,
    "openlabel_bounding_box_points": 2,
    "element_data_nested_same_name": 6,
    "polygon2D": 1,
}


@pytest.mark.parametrize("name", REAL)
def test_real_files_come_back_equal(shared_data: Path, tmp_path: Path, name: str) -> None:
    read = find_reader("openlabel")(shared_data / f"openlabel_vcd/openlabel100_test_{name}.json")
    before = read.data.layer("truth")
    assert sum(len(grouped.rows) for grouped in before.tables.values()) == REAL[name]
    find_writer("openlabel")(read.data, tmp_path / "out", "truth")
    after = find_reader("openlabel")(tmp_path / "out").data.layer("truth")
    for kind, grouped in before.tables.items():
        assert after.tables[kind].equals(grouped), kind


def test_every_real_file_is_read(shared_data: Path) -> None:
    files = sorted((shared_data / "openlabel_vcd").glob("*.json"))
    assert len(files) > 40
    for file in files:
        read = find_reader("openlabel")(file)
        assert len(read.data.frames) >= 1


def test_times_have_nine_digits() -> None:
    assert time_text(START) == "2020-09-13T12:26:40.123456789Z"
    for time_ns in (START, 0, -1, 1, 10**18):
        assert time_ns_of(time_text(time_ns)) == time_ns
    assert time_ns_of("2020-04-11 12:00:07") == 1_586_606_407_000_000_000
    assert time_ns_of("2020-04-11T12:00:07.5+02:00") == 1_586_599_207_500_000_000
    assert time_ns_of("soon") is None and time_ns_of(None) is None and time_ns_of(1.5) == 1_500_000_000


BOX = {"type": "a", "object_data": {"bbox": [{"name": "b", "val": [1, 1, 2, 2]}]}}


def _with(kind: str, val: Any, **more: Any) -> dict[str, Any]:
    return {"objects": {"1": {"type": "a", "object_data": {kind: [{"name": "b", "val": val, **more}]}}}}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (_with("bbox", [1, 1, -2, 2]), "negative size -2 x 2"),
        (_with("bbox", [1, 2, 3]), "expected 4 numbers"),
        (_with("cuboid", [0] * 10), "unit quaternion"),
        (_with("cuboid", [0] * 9), "positive sides"),
        (_with("cuboid", [0] * 8), "9 or 10 numbers"),
        (_with("poly2d", [1, 2, 3]), "pairs x, y"),
        (_with("poly2d", [1, 2, 3, 4]), "at least 3 points"),
        ({"frames": {"x": {}}}, "expected frame numbers"),
        ({"frames": {"99999999": {}}}, "expected frame numbers"),
        ({"frame_intervals": [{"frame_start": 0, "frame_end": 10**9}]}, "expected frames of 0 to"),
        (
            {"coordinate_systems": {"a": {"type": "x", "parent": "b"}, "b": {"type": "x", "parent": "a"}}},
            "own ancestor",
        ),
        (
            {
                "coordinate_systems": {
                    "a": {"type": "x", "parent": "b", "pose_wrt_parent": {"matrix4x4": [2.0] * 16}}
                }
            },
            "expected a rigid motion",
        ),
        ({"metadata": {"schema_version": "2.0"}}, "expected 1.x"),
    ],
)
def test_damage_is_named(tmp_path: Path, parts: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=r"o\.json|coordinate_systems") as caught:
        find_reader("openlabel")(_file(tmp_path, **parts))
    assert message in str(caught.value)
