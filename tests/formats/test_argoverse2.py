"""Argoverse 2 logs, in files as the data set has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import pytest

from drivelabel.errors import FormatError
from drivelabel.formats import find_format, find_reader
from drivelabel.geometry import quat_of_yaw, yaw_of_quat
from drivelabel.labels import ARGOVERSE2, IMPORTED
from drivelabel.media import read_sweep
from drivelabel.scene import NO_SAMPLE

START = 315_966_070_000_000_000
STEP = 100_000_000


def write_log(folder: Path, **changes: Any) -> Path:
    """Two lidar turns, one camera with three images, two things; the ego drives and turns."""
    times = [START, START + STEP]
    yaw = np.array([0.3, 0.5])
    pose = _rigid([[10, 20, 0], [11, 20, 0]], quat_of_yaw(yaw))
    _write(folder / "city_SE3_egovehicle.feather", {"timestamp_ns": times, **pose})
    mounted = _rigid([[1.6, 0, 1.4], [0, 0, 1.6]], [[0.5, -0.5, 0.5, -0.5], [1, 0, 0, 0]])
    names = {"sensor_name": ["ring_front_center", "up_lidar"]}
    _write(folder / "calibration/egovehicle_SE3_sensor.feather", names | mounted)
    lens = {
        "sensor_name": ["ring_front_center"], "fx_px": [60.0], "fy_px": [60.0],
        "cx_px": [32.0], "cy_px": [24.0],
        "k1": [-0.2], "k2": [0.1], "k3": [0.0], "height_px": [48], "width_px": [64],
    }  # fmt: skip
    _write(folder / "calibration/intrinsics.feather", lens)
    cuboids = {
        "timestamp_ns": [times[1], times[0], times[0]], "track_uuid": ["b", "a", "b"],
        "category": ["PEDESTRIAN", "REGULAR_VEHICLE", "PEDESTRIAN"],
        "length_m": [0.6, 4.5, 0.6], "width_m": [0.6, 1.9, 0.6], "height_m": [1.7, 1.5, 1.7],
        **_rigid([[5, 1, 0.8], [12, -3, 0.7], [6, 1, 0.8]], quat_of_yaw(np.array([0.0, 1.0, 0.0]))),
        "num_interior_pts": [3, 250, 7],
    }  # fmt: skip
    _write(folder / "annotations.feather", cuboids | changes)
    images = folder / "sensors/cameras/ring_front_center"
    images.mkdir(parents=True)
    for time in (START - 2_000_000, START + 48_000_000, START + STEP + 60_000_000):
        cv2.imwrite(str(images / f"{time}.jpg"), np.zeros((48, 64, 3), np.uint8))
    for time in times:
        points = {
            "x": np.float32([1, 2]), "y": np.float32([0, 1]), "z": np.float32([0, 0.5]),
            "intensity": np.uint8([3, 4]), "laser_number": np.uint8([1, 63]), "offset_ns": [0, 5],
        }  # fmt: skip
        _write(folder / f"sensors/lidar/{time}.feather", points)
    return folder


def _rigid(translation: Any, quat_wxyz: Any) -> dict[str, Any]:
    t, q = np.asarray(translation, float), np.asarray(quat_wxyz, float)
    columns = {name: q[:, row] for row, name in enumerate(("qw", "qx", "qy", "qz"))}
    return columns | {name: t[:, row] for row, name in enumerate(("tx_m", "ty_m", "tz_m"))}


def _write(path: Path, columns: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(columns).write_ipc(path, compression="lz4")


def test_a_log_becomes_a_scene(tmp_path: Path) -> None:
    folder = write_log(tmp_path / "0b97")
    read = find_reader("argoverse2")(folder)
    scene = read.data
    assert [camera.channel for camera in scene.cameras] == ["ring_front_center"]
    assert scene.frames.timestamp_ns.tolist() == [
        START - 2_000_000,
        START + 48_000_000,
        START + STEP + 60_000_000,
    ]
    assert scene.frames.sample.tolist() == [0, 0, NO_SAMPLE]
    assert scene.sweeps.sample.tolist() == [0, 1]
    assert {(e.object, e.field) for e in read.report.dropped} == {("sensors", "k1, k2, k3")}
    ego_from_camera = scene.camera("ring_front_center").ego_from_sensor
    np.testing.assert_allclose(ego_from_camera @ [0, 0, 1, 0], [1, 0, 0, 0], atol=1e-12)  # looks ahead


def test_cuboids_stand_in_the_world_at_their_own_time(tmp_path: Path) -> None:
    scene = find_reader("argoverse2")(write_log(tmp_path / "0b97")).data
    grouped = scene.layer("truth").boxes3d
    assert grouped.counts.tolist() == [2, 1] and grouped.labelled.all()
    first = grouped[0]
    assert [ARGOVERSE2.names[row] for row in first.category_id] == ["REGULAR_VEHICLE", "PEDESTRIAN"]
    c, s = np.cos(0.3), np.sin(0.3)
    np.testing.assert_allclose(first.center[0], [10 + 12 * c + 3 * s, 20 + 12 * s - 3 * c, 0.7])
    np.testing.assert_allclose(yaw_of_quat(first.quat_wxyz), [1.3, 0.3])
    np.testing.assert_allclose(first.size_lwh[0], [4.5, 1.9, 1.5])
    assert first.n_points.tolist() == [250, 7] and (first.origin == IMPORTED).all()
    assert np.isnan(first.velocity).all()
    assert first.track_id[1] == grouped[1].track_id[0] != first.track_id[0]
    assert first.attributes["track_uuid"].to_list() == ["a", "b"]


def test_one_of_several_logs_is_named(tmp_path: Path) -> None:
    for name in ("val/log1", "val/log2"):
        write_log(tmp_path / name)
    assert find_format("argoverse2").scenes(tmp_path) == ["val/log1", "val/log2"]  # type: ignore[misc]
    with pytest.raises(FormatError, match=r"has 2 logs\. Name one as scene: val/log1, val/log2"):
        find_reader("argoverse2")(tmp_path)
    assert find_reader("argoverse2")(tmp_path, scene="val/log2").data.name == "log2"
    with pytest.raises(FormatError, match=r"no log 'val/log3'\. Did you mean"):
        find_reader("argoverse2")(tmp_path, scene="val/log3")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("category", ["PEDESTRIAN", "UFO", "PEDESTRIAN"], "row 1: expected a category of Argoverse 2"),
        ("length_m", [0.6, 0.0, 0.6], "row 1: expected positive sides"),
        ("timestamp_ns", [START, START, 7], "row 2: expected a time with an ego pose"),
    ],
)
def test_damaged_cuboids_are_named_or_left_out(tmp_path: Path, column: str, value: Any, message: str) -> None:
    folder = write_log(tmp_path / "log", **{column: value})
    with pytest.raises(FormatError, match=message):
        find_reader("argoverse2")(folder)
    read = find_reader("argoverse2")(folder, on_invalid="skip")
    assert len(read.data.layer("truth").boxes3d.rows) == 2
    assert [e.count for e in read.report.dropped if e.object == "boxes3d"] == [1]


def test_damaged_tables_are_named(tmp_path: Path) -> None:
    folder = write_log(tmp_path / "log", tx_m=[0.0, float("nan"), 0.0])
    with pytest.raises(FormatError, match=r"annotations\.feather, row 1: expected finite numbers"):
        find_reader("argoverse2")(folder)
    whole = (folder / "annotations.feather").read_bytes()
    for cut in range(0, len(whole), 97):
        (folder / "annotations.feather").write_bytes(whole[:cut])
        with pytest.raises(FormatError, match=r"annotations\.feather"):
            find_reader("argoverse2")(folder)
    (folder / "annotations.feather").unlink()
    assert not find_reader("argoverse2")(folder).data.layers


def test_points_of_a_turn_are_read(tmp_path: Path) -> None:
    scene = find_reader("argoverse2")(write_log(tmp_path / "log")).data
    sweep = read_sweep(scene, 0)
    assert sweep.points.tolist() == [[1, 0, 0, 3], [2, 1, 0.5, 4]]
    assert (
        sweep.point_ns.tolist() == [START, START + 5]
        and sweep.ring is not None
        and sweep.ring.tolist() == [1, 63]
    )
    file = tmp_path / f"log/sensors/lidar/{START}.feather"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(FormatError, match="no sweep of Argoverse 2"):
        read_sweep(scene, 0)
