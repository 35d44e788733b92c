"""DGP scenes, in files as DDAD and TRI's own test scene have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivelabel.errors import FormatError
from drivelabel.formats import find_reader
from drivelabel.geometry import cuboid_corners, invert_rigid, project, transform_points, yaw_of_quat
from drivelabel.labels import IMPORTED, UNKNOWN_COUNT
from drivelabel.media import read_sweep

LEVEL = {"qw": 1.0, "qx": 0.0, "qy": 0.0, "qz": 0.0}
QUARTER_LEFT = {"qw": 0.5**0.5, "qx": 0.0, "qy": 0.0, "qz": 0.5**0.5}
LOOKS_AHEAD = {"qw": 0.5, "qx": -0.5, "qy": 0.5, "qz": -0.5}


def write_scene(folder: Path, *, year: int = 2019, box: dict[str, Any] | None = None) -> Path:
    """One sample: a lidar on an ego that looks along the world's y, and a camera; a car 10 m ahead."""
    folder.mkdir(parents=True)
    time = f"{year}-05-03T21:33:13.820375Z"
    identity = {"index": "0", "log": "log", "name": "", "timestamp": time}
    ego = {"translation": {"x": 100.0, "y": 50.0, "z": 0.0}, "rotation": QUARTER_LEFT}
    q = np.array([0.5, -0.5, 0.5, -0.5])
    turned = 0.5**0.5 * np.array([q[0] - q[3], q[1] - q[2], q[2] + q[1], q[3] + q[0]])  # ego's turn before
    camera_pose = {
        "translation": {"x": 100.0, "y": 51.5, "z": 1.5},
        "rotation": dict(zip(("qw", "qx", "qy", "qz"), turned.tolist(), strict=True)),
    }
    lidar = {
        "filename": "point_cloud/LIDAR/1.npz", "point_format": ["X", "Y", "Z", "INTENSITY"], "pose": ego,
        "annotations": {"1": "bounding_box_3d/LIDAR/1.json", "3": "sem/LIDAR/1.npz"},
    }  # fmt: skip
    image = {
        "filename": "rgb/CAMERA_01/1.png", "height": 480, "width": 640, "channels": 3, "pose": camera_pose,
        "annotations": {"0": "bounding_box_2d/CAMERA_01/1.json", "1": "bounding_box_3d/CAMERA_01/1.json"},
    }  # fmt: skip
    scene = {
        "name": "scene", "log": "log", "description": "", "ontologies": {"0": "classes", "1": "classes"},
        "samples": [{"id": identity, "datum_keys": ["l", "c"], "calibration_key": "cal"}],
        "data": [
            {"id": identity | {"name": "LIDAR"}, "key": "l", "datum": {"point_cloud": lidar}},
            {"id": identity | {"name": "CAMERA_01"}, "key": "c", "datum": {"image": image}},
        ],
    }  # fmt: skip
    lens = {"fx": 500.0, "fy": 500.0, "cx": 320.0, "cy": 240.0, "skew": 0.0}
    calibration = {
        "names": ["LIDAR", "CAMERA_01"], "intrinsics": [dict.fromkeys(lens, 0.0), lens],
        "extrinsics": [{"translation": {}, "rotation": LEVEL},
                       {"translation": {"x": 1.5, "y": 0.0, "z": 1.5}, "rotation": LOOKS_AHEAD}],
    }  # fmt: skip
    items = [{"id": 7, "name": "Car", "color": {"r": 0, "g": 0, "b": 142}, "isthing": True}]
    cuboid = {
        "class_id": 7, "instance_id": 42, "attributes": {"parked": "yes"},
        "box": {"length": 4.0, "width": 2.0, "height": 1.5, "occlusion": 1, "truncation": 0.25,
                "pose": {"translation": {"x": 10.0, "y": 0.0, "z": 0.75}, "rotation": LEVEL}} | (box or {}),
    }  # fmt: skip
    flat = {"class_id": 7, "instance_id": 42, "box": {"x": 250, "y": 240, "w": 140, "h": 110}, "area": 15400}
    for name, value in {
        "scene_1.json": scene, "calibration/cal.json": calibration, "ontology/classes.json": {"items": items},
        "bounding_box_3d/LIDAR/1.json": {"annotations": [cuboid]},
        "bounding_box_2d/CAMERA_01/1.json": {"annotations": [flat]},
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(value))
    return folder


def test_sensors_times_and_classes(tmp_path: Path) -> None:
    read = find_reader("dgp")(write_scene(tmp_path / "000001"))
    scene = read.data
    assert [s.channel for s in scene.sensors] == ["lidar", "camera_01"]
    assert scene.samples_ns.tolist() == [1_556_919_193_820_375_000]
    assert scene.taxonomy.names == ("Car",) and scene.taxonomy.categories[0].concept == "car"
    assert [source.kind for source in scene.sources] == ["dgp_sweep", "image"]
    dropped = {entry.object: entry.note for entry in read.report.dropped}
    assert dropped == {
        "semantic_segmentation_3d": "no place for it",
        "bounding_box_3d": "the lidar's are taken",
    }


def test_cuboids_are_in_the_world_and_project_onto_their_boxes(tmp_path: Path) -> None:
    scene = find_reader("dgp")(write_scene(tmp_path / "000001")).data
    layer = scene.layer("truth")
    boxes, flat = layer.boxes3d[0], layer.boxes2d[0]
    np.testing.assert_allclose(boxes.center, [[100, 60, 0.75]], atol=1e-12)
    np.testing.assert_allclose(yaw_of_quat(boxes.quat_wxyz), [np.pi / 2])
    assert boxes.size_lwh.tolist() == [[4, 2, 1.5]] and boxes.n_points.tolist() == [UNKNOWN_COUNT]
    assert boxes.attributes.row(0) == {"parked": "yes", "occlusion": 1.0, "truncation": 0.25}
    assert boxes.track_id.tolist() == flat.track_id.tolist() == [42] and (flat.origin == IMPORTED).all()
    assert flat.xyxy.tolist() == [[250, 240, 390, 350]]
    corners = cuboid_corners(boxes.center, boxes.size_lwh, boxes.quat_wxyz)[0]
    camera = scene.camera("camera_01")
    uv, _ = project(transform_points(invert_rigid(scene.world_from_camera(0)), corners), camera.camera_matrix)
    near = 500 / (10 - 2 - 1.5)  # pixels a metre at the car's back
    np.testing.assert_allclose(uv.min(axis=0), [320 - near, 240], atol=1e-9)
    np.testing.assert_allclose(uv.max(axis=0), [320 + near, 240 + 1.5 * near], atol=1e-9)


def test_times_beyond_64_bits_are_counted_from_the_first(tmp_path: Path) -> None:
    read = find_reader("dgp")(write_scene(tmp_path / "000001", year=2463))
    assert read.data.samples_ns.tolist() == [0]
    assert ("samples", "timestamp") in {(entry.object, entry.field) for entry in read.report.dropped}


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("bounding_box_3d/LIDAR/1.json", '"length": 4.0', '"length": 0', "expected positive sides"),
        ("bounding_box_3d/LIDAR/1.json", '"class_id": 7', '"class_id": 8', "not in the ontology"),
        ("bounding_box_2d/CAMERA_01/1.json", '"w": 140', '"w": -1', "negative size -1 x 110"),
        ("scene_1.json", "rgb/CAMERA_01/1.png", "../../etc/passwd", "leads out of it"),
        ("scene_1.json", '"l", "c"', '"l", "x"', "no datum 'x'"),
        ("scene_1.json", "2019-05-03T", "yesterday ", "expected a time such as"),
        ("calibration/cal.json", '"qw": 1.0', '"qw": 2.0', "unit quaternion, got length 2"),
    ],
)  # fmt: skip
def test_damage_is_named(tmp_path: Path, name: str, old: str, new: str, message: str) -> None:
    folder = write_scene(tmp_path / "000001")
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    with pytest.raises(FormatError) as caught:
        find_reader("dgp")(folder)
    assert message in str(caught.value)
    if name.startswith("bounding"):
        assert find_reader("dgp")(folder, on_invalid="skip").report.dropped


@pytest.mark.parametrize("named", [False, True])
def test_points_are_read(tmp_path: Path, named: bool) -> None:
    folder = write_scene(tmp_path / "000001")
    rows = np.array([[1, 2, 3, 40], [5, 6, 7, 80]], np.float32)
    data = (
        np.array([tuple(row) for row in rows], [(n, "f4") for n in ("X", "Y", "Z", "INTENSITY")])
        if named
        else rows
    )
    (folder / "point_cloud/LIDAR").mkdir(parents=True)
    np.savez(folder / "point_cloud/LIDAR/1.npz", data=data)
    sweep = read_sweep(find_reader("dgp")(folder).data, 0)
    np.testing.assert_array_equal(sweep.points, rows)
