"""KITTI's raw drives in and out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import FormatError, SceneLookupError
from drivelabel.formats import find_format
from drivelabel.formats.kitti_raw import read_kitti_raw, write_kitti_raw
from drivelabel.formats.kitti_raw.times import read_timestamps, timestamps_text
from drivelabel.geometry import invert_rigid, points_in_cuboids, transform_points
from drivelabel.labels import KITTI, NO_TRACK, Boxes3D, Grouped
from drivelabel.media.sweeps import read_sweep, world_from_lidar
from drivelabel.scene import Frames, Layer, Lidar, Poses, Scene, Source, Sweeps

TRACKLET = """<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>
<!DOCTYPE boost_serialization>
<boost_serialization signature="serialization::archive" version="9">
<tracklets class_id="0" tracking_level="0" version="0"><count>1</count><item_version>1</item_version>
<item class_id="1" tracking_level="0" version="1">
<objectType>Van</objectType><h>2.0</h><w>1.8</w><l>4.5</l><first_frame>1</first_frame>
<poses class_id="2" tracking_level="0" version="0"><count>2</count><item_version>2</item_version>
<item class_id="3" tracking_level="0" version="2"><tx>10</tx><ty>2</ty><tz>-1.5</tz><rx>0</rx><ry>0</ry>
<rz>0.5</rz><state>2</state><occlusion>1</occlusion><truncation>-1</truncation></item>
<item><tx>11</tx><ty>2</ty><tz>-1.5</tz><rx>0</rx><ry>0</ry><rz>0.5</rz><state>2</state></item>
</poses><finished>1</finished></item></tracklets></boost_serialization>
"""
CAMERAS = """calib_time: 09-Jan-2012 13:57:47
R_rect_00: 9.999239e-01 9.837760e-03 -7.445048e-03 -9.869795e-03 9.999421e-01 -4.278459e-03 \
7.402527e-03 4.351614e-03 9.999631e-01
P_rect_02: 7.215377e+02 0 6.095593e+02 4.485728e+01 0 7.215377e+02 1.728540e+02 2.163791e-01 \
0 0 1 2.745884e-03
"""
VELO = """calib_time: 15-Mar-2012 11:37:16
R: 7.533745e-03 -9.999714e-01 -6.166020e-04 1.480249e-02 7.280733e-04 -9.998902e-01 \
9.998621e-01 7.523790e-03 1.480755e-02
T: -4.069766e-03 -7.631618e-02 -2.717806e-01
"""
IMU = "R: 1 0 0 0 1 0 0 0 1\nT: -0.8 0.3 -0.8\n"


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """A day with one drive of three frames, as KITTI has it."""
    home = tmp_path / "2011_09_26"
    drive = home / "2011_09_26_drive_0001_sync"
    for name, text in (("cam_to_cam", CAMERAS), ("velo_to_cam", VELO), ("imu_to_velo", IMU)):
        (home / f"calib_{name}.txt").parent.mkdir(parents=True, exist_ok=True)
        (home / f"calib_{name}.txt").write_text(text)
    for name in ("image_02", "velodyne_points", "oxts"):
        (drive / name / "data").mkdir(parents=True)
        shift = {"image_02": 30, "velodyne_points": 50, "oxts": 40}[name]
        lines = [f"2011-09-26 13:02:25.{100 * k + shift:03d}389445" for k in range(3)]
        (drive / name / "timestamps.txt").write_text("\n".join(lines) + "\n")
    for k in range(3):
        cv2.imwrite(str(drive / "image_02" / "data" / f"{k:010d}.png"), np.zeros((375, 1242, 3), np.uint8))
        points = np.array([[10, 2, -1, 0.5], [30, 2, -1, 0.25]], np.float32)
        (drive / "velodyne_points" / "data" / f"{k:010d}.bin").write_bytes(points.tobytes())
        packet = [49.0 + k * 1e-5, 8.4, 110.0, 0.02, -0.01, 1.5, *([0.0] * 24)]
        (drive / "oxts" / "data" / f"{k:010d}.txt").write_text(" ".join(map(str, packet)))
    (drive / "tracklet_labels.xml").write_text(TRACKLET)
    return home


def test_a_drive_is_a_scene(day: Path) -> None:
    found = read_kitti_raw(day)
    scene = found.data
    assert isinstance(scene, Scene) and scene.name == "2011_09_26_drive_0001_sync"
    assert scene.samples_ns[0] == 1317042145_050389445
    rows = scene.layer("truth").boxes3d.rows
    assert scene.layer("truth").boxes3d.counts.tolist() == [0, 1, 1] and rows.track_id.tolist() == [0, 0]
    assert rows.category_id.tolist() == [KITTI.id_of("Van")] * 2
    assert rows.attributes.row(0) == {"state": 2, "occlusion": 1}
    # The velodyne's point at its bottom's middle and 0.5 m up lies in the box; 1.11 m north a frame.
    for sample in (1, 2):
        sweep = read_sweep(scene, sample)
        world = transform_points(world_from_lidar(scene, sample), sweep.points[:, :3])
        boxes = scene.layer("truth").boxes3d[sample]
        inside = points_in_cuboids(world, boxes.center, boxes.size_lwh, boxes.quat_wxyz)
        assert inside.tolist() == [[True, False]]
    assert scene.poses is not None
    north = np.diff(scene.poses.translation[:, 1])
    np.testing.assert_allclose(north[1], 6378137 * np.deg2rad(1e-5), rtol=1e-6)
    camera = scene.camera("image_02")
    assert camera.camera_matrix is not None and camera.ego_from_sensor is not None
    np.testing.assert_allclose(camera.ego_from_sensor[:3, 3], [0.27, 0.0, -0.08], atol=0.07)
    assert camera.ego_from_sensor[0, 2] > 0.99  # it looks along the velodyne's x


def test_what_is_read_is_written_and_read_again(day: Path, tmp_path: Path) -> None:
    scene = read_kitti_raw(day).data
    assert isinstance(scene, Scene)
    report = write_kitti_raw(scene, tmp_path / "out", "truth")
    home = next((tmp_path / "out").iterdir())
    found = find_format("kitti-raw")
    assert found.matches is not None and found.matches(home)
    again = read_kitti_raw(home).data
    assert isinstance(again, Scene)
    np.testing.assert_array_equal(again.frames.timestamp_ns, scene.frames.timestamp_ns)
    np.testing.assert_array_equal(again.samples_ns, scene.samples_ns)
    one, other = scene.layer("truth").boxes3d, again.layer("truth").boxes3d
    np.testing.assert_array_equal(one.offsets, other.offsets)
    assert one.rows.attributes.equals(other.rows.attributes)
    for k in range(len(scene.frames)):
        mine = transform_points(invert_rigid(scene.world_from_camera(k)), one.rows.center)
        theirs = transform_points(invert_rigid(again.world_from_camera(k)), other.rows.center)
        np.testing.assert_allclose(mine, theirs, atol=0.02)  # the car's way between samples is interpolated
    for k in range(3):
        np.testing.assert_array_equal(read_sweep(scene, k).points, read_sweep(again, k).points)
    assert ("poses", "translation") in {(entry.object, entry.field) for entry in report.approximated}


@st.composite
def drives(draw: st.DrawFn) -> Scene:
    """A lidar's drive with leaning cuboids, tracks with gaps."""
    n = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    times = 10**18 + np.arange(n) * 100_000_000
    sizes = rng.uniform(0.5, 5, (5, 3)).astype(np.float32)
    groups = {}
    for k in range(n):
        tracks = rng.permutation(5)[: rng.integers(0, 4)]
        quat = np.concatenate(
            [rng.uniform(0.5, 1, (len(tracks), 1)), rng.normal(0, 0.3, (len(tracks), 3))], 1
        )
        groups[k] = Boxes3D(
            timestamp_ns=np.full(len(tracks), times[k]), center=rng.normal(0, 30, (len(tracks), 3)),
            size_lwh=sizes[tracks], quat_wxyz=quat / np.linalg.norm(quat, axis=1, keepdims=True),
            category_id=tracks, track_id=np.where(tracks == 4, NO_TRACK, tracks),
        )  # fmt: skip
    layer = Layer("truth", KITTI, tables={"boxes3d": Grouped.from_groups(Boxes3D, n, groups)})
    rows = np.arange(n)
    return Scene(
        "drive", (Lidar("top", np.eye(4)),), KITTI, frames=Frames.empty(),
        sweeps=Sweeps(times, 0 * rows, rows, 0 * rows, rows), samples_ns=times,
        sources=tuple(Source(f"{k}.bin", "kitti_sweep") for k in rows),
        poses=Poses(times, np.cumsum(rng.normal(0, 1, (n, 3)), axis=0), np.tile([1.0, 0, 0, 0], (n, 1))),
        layers={"truth": layer},
    )  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(scene=drives())
def test_any_cuboids_come_back(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> None:
    out = tmp_path_factory.mktemp("law") / "out"
    write_kitti_raw(scene, out, "truth", images="none")
    drive = next(next(out.iterdir()).glob("*_sync"))
    data = drive / "velodyne_points" / "data"
    data.mkdir(parents=True)
    for k in range(len(scene.samples_ns)):
        (data / f"{k:010d}.bin").write_bytes(b"")
    (drive / "velodyne_points" / "timestamps.txt").write_text(timestamps_text(scene.samples_ns))
    again = read_kitti_raw(drive).data
    assert isinstance(again, Scene) and scene.poses is not None
    one, other = scene.layer("truth").boxes3d, again.layer("truth").boxes3d
    np.testing.assert_array_equal(one.offsets, other.offsets)
    origin = scene.poses.translation[0]
    for k in range(len(one)):
        a, b = one[k], other[k]
        order, back = np.argsort(a.category_id), np.argsort(b.category_id)
        np.testing.assert_array_equal(a.category_id[order], b.category_id[back])
        np.testing.assert_allclose(a.center[order] - origin, b.center[back], atol=1e-6)
        np.testing.assert_array_equal(a.size_lwh[order], b.size_lwh[back])
        turned = np.abs((a.quat_wxyz[order] * b.quat_wxyz[back]).sum(axis=1))
        np.testing.assert_allclose(turned, 1, atol=1e-9)


def test_times_have_nine_decimals(tmp_path: Path) -> None:
    times = np.array([1317042145_050389445, 1317042146_000000001, 1317042147_900000000])
    (tmp_path / "t.txt").write_text(timestamps_text(times))
    np.testing.assert_array_equal(read_timestamps(tmp_path / "t.txt"), times)
    (tmp_path / "t.txt").write_text("yesterday\n")
    with pytest.raises(FormatError, match="line 1: expected a time"):
        read_timestamps(tmp_path / "t.txt")


def test_a_drive_of_another_tool_opens_without_its_broken_boxes(shared_data: Path) -> None:
    folder = shared_data / "datumaro_formats" / "kitti_dataset" / "kitti_raw"
    with pytest.raises(FormatError, match="tracklet 0: expected positive h, w and l"):
        read_kitti_raw(folder)
    found = read_kitti_raw(folder, on_invalid="skip")
    scene = found.data
    assert isinstance(scene, Scene)
    assert len(scene.samples_ns) == 3 and len(scene.frames) == 3 and len(scene.sweeps) == 3
    assert sum(entry.count for entry in found.report.dropped if entry.object == "tracklets") == 3


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("tracklet_labels.xml", ("<l>4.5</l>", "<l>-1</l>"), "tracklet 0: expected positive"),
        ("tracklet_labels.xml", ("<tx>10</tx>", "<tx>nan</tx>"), "tx: expected a finite number"),
        ("tracklet_labels.xml", ("<tx>10</tx>", ""), "tx: expected a number"),
        ("tracklet_labels.xml", ("<first_frame>1", "<first_frame>1e12"), "first_frame"),
        ("tracklet_labels.xml", ("</tracklets>", ""), "no XML"),
        ("tracklet_labels.xml", ("<!DOCTYPE boost_serialization>", "<!DOCTYPE b [<!ENTITY x 'y'>]>"), "DTD"),
        ("oxts/data/0000000000.txt", ("110.0", "x"), "expected numbers"),
        ("oxts/data/0000000000.txt", ("110.0", "110.0 5"), "expected 30 finite numbers"),
        ("oxts/data/0000000000.txt", ("49.0", "90.0"), "latitude"),
        ("oxts/timestamps.txt", ("2011", "x"), "expected a time"),
        ("velodyne_points/timestamps.txt", ("2011-09-26 13:02:25.250389445\n", ""), "expected 3 lines"),
        ("../calib_velo_to_cam.txt", ("R: 7.5", "R: 9999"), "expected rotations"),
        ("../calib_cam_to_cam.txt", ("P_rect_02: 7", "P_rect_02: -7"), "focal"),
    ],
)
def test_a_damaged_file_is_named(day: Path, file: str, change: tuple[str, str], message: str) -> None:
    path = day / "2011_09_26_drive_0001_sync" / file
    assert change[0] in path.read_text()
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(FormatError, match=message):
        read_kitti_raw(day)


def test_drives_of_a_day_are_named(day: Path) -> None:
    (day / "other" / "oxts").mkdir(parents=True)
    (day / "other" / "image_00").mkdir()
    with pytest.raises(FormatError, match="Name one with scene="):
        read_kitti_raw(day)
    with pytest.raises(SceneLookupError, match="no drive 'x'"):
        read_kitti_raw(day, scene="x")
