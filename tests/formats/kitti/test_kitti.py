"""KITTI's object and tracking benchmarks in and out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import FormatError, SceneLookupError
from drivelabel.formats import find_format
from drivelabel.formats.kitti import read_kitti, write_kitti
from drivelabel.formats.kitti.cuboids import from_world, to_world
from drivelabel.formats.kitti.oxts import packets_of, world_from_imu
from drivelabel.formats.kitti_tracking import read_kitti_tracking, write_kitti_tracking
from drivelabel.geometry import cuboid_corners, invert_rigid, project, project_cuboids, transform_points
from drivelabel.labels import KITTI, NO_TRACK, Boxes2D, Boxes3D, Grouped
from drivelabel.media.sweeps import read_sweep
from drivelabel.scene import Camera, Frames, Layer, Lidar, Poses, Scene, Source

# The first training frame of KITTI's object benchmark.
CALIBRATION = """P0: 7.070493e+02 0 6.040814e+02 0 0 7.070493e+02 1.805066e+02 0 0 0 1 0
P1: 7.070493e+02 0 6.040814e+02 -3.797842e+02 0 7.070493e+02 1.805066e+02 0 0 0 1 0
P2: 7.070493e+02 0 6.040814e+02 4.575831e+01 0 7.070493e+02 1.805066e+02 -3.454157e-01 0 0 1 4.981016e-03
P3: 7.070493e+02 0 6.040814e+02 -3.341081e+02 0 7.070493e+02 1.805066e+02 2.330660e+00 0 0 1 3.201153e-03
R0_rect: 9.999128e-01 1.009263e-02 -8.511932e-03 -1.012729e-02 9.999406e-01 -4.037671e-03 \
8.470675e-03 4.123522e-03 9.999556e-01
Tr_velo_to_cam: 6.927964e-03 -9.999722e-01 -2.757829e-03 -2.457729e-02 -1.162982e-03 2.749836e-03 \
-9.999955e-01 -6.127237e-02 9.999753e-01 6.931141e-03 -1.143899e-03 -3.321029e-01
Tr_imu_to_velo: 1 0 0 -0.8 0 1 0 0.3 0 0 1 -0.8
"""
LINE = "Pedestrian 0.00 0 -0.20 712.40 143.00 810.73 307.92 1.89 0.48 1.20 1.84 1.47 8.41 0.01"
DONT_CARE = "DontCare -1 -1 -10 100.5 10 120 30.25 -1 -1 -1 -1000 -1000 -1000 -10"


@pytest.fixture
def training(tmp_path: Path) -> Path:
    """A folder with KITTI's first frame and an empty one."""
    home = tmp_path / "kitti" / "training"
    for name in ("label_2", "calib", "image_2", "velodyne"):
        (home / name).mkdir(parents=True)
    for name, text in (("000000", f"{LINE}\n{DONT_CARE}\n"), ("000007", "")):
        (home / "label_2" / f"{name}.txt").write_text(text)
        (home / "calib" / f"{name}.txt").write_text(CALIBRATION)
    cv2.imwrite(str(home / "image_2" / "000000.png"), np.zeros((370, 1224, 3), np.uint8))
    cv2.imwrite(str(home / "image_2" / "000007.png"), np.zeros((375, 1242, 3), np.uint8))
    points = np.array([[10, 1, -1, 0.5], [8.7, -1.8, -0.8, 0.25]], np.float32)
    (home / "velodyne" / "000000.bin").write_bytes(points.tobytes())
    return home


def test_a_real_frame_lands_where_it_was_seen(training: Path) -> None:
    found = read_kitti(training.parent)
    scene = found.data
    assert isinstance(scene, Scene)
    boxes, flat = scene.layer("truth").boxes3d[0], scene.layer("truth").boxes2d[0]
    assert scene.taxonomy == KITTI and [KITTI.names[k] for k in flat.category_id] == [
        "Pedestrian",
        "DontCare",
    ]
    np.testing.assert_array_equal(flat.xyxy[0], np.float32([712.40, 143.00, 810.73, 307.92]))
    assert flat.attributes.row(0) == {"truncated": 0.0, "occluded": 0, "alpha": -0.2}
    assert flat.attributes.row(1) == {} and flat.track_id.tolist() == [0, NO_TRACK]
    camera = scene.camera_of(0)
    corners = cuboid_corners(boxes.center, boxes.size_lwh, boxes.quat_wxyz)[0]
    seen = transform_points(invert_rigid(scene.world_from_camera(0)), corners)
    tight = project_cuboids(seen[None], camera.camera_matrix, camera.image_hw).xyxy[0]
    np.testing.assert_allclose(tight, flat.xyxy[0], atol=10)  # people drew the boxes
    # P2 as it stands in the file, by hand.
    p2 = np.array([float(v) for v in CALIBRATION.splitlines()[2].split()[1:]]).reshape(3, 4)
    h, w, l, x, y, z, ry = (float(v) for v in LINE.split()[8:])  # noqa: E741
    by_hand = []
    for dx, dy, dz in [(a, b, c) for a in (-l / 2, l / 2) for b in (-h, 0) for c in (-w / 2, w / 2)]:
        turned = [np.cos(ry) * dx + np.sin(ry) * dz + x, dy + y, -np.sin(ry) * dx + np.cos(ry) * dz + z, 1]
        u, v, depth = p2 @ turned
        by_hand.append((u / depth, v / depth))
    ours, _ = project(seen, camera.camera_matrix)
    np.testing.assert_allclose(np.array(sorted(ours.tolist())), np.array(sorted(by_hand)), atol=1e-2)
    np.testing.assert_allclose(read_sweep(scene, 0).points[:, 3], [127.5, 63.75])
    assert {entry.object for entry in found.report.dropped} == {"calib"}


def test_images_of_other_sizes_are_other_cameras(training: Path) -> None:
    scene = read_kitti(training).data
    assert isinstance(scene, Scene)
    assert [(camera.channel, camera.image_hw) for camera in scene.cameras] == [
        ("image_2", (370, 1224)),
        ("image_2_1", (375, 1242)),
    ]
    assert scene.layer("truth").boxes2d.labelled.all() and len(scene.layer("truth").boxes2d[1]) == 0


def test_a_real_frame_is_written_as_it_was(training: Path, tmp_path: Path) -> None:
    scene = read_kitti(training).data
    write_kitti(scene, tmp_path / "out", "truth")
    text = (tmp_path / "out" / "training" / "label_2" / "000000.txt").read_text().splitlines()
    for wanted, written in zip((LINE, DONT_CARE), text, strict=True):
        assert wanted.split()[0] == written.split()[0]
        # Ours are in camera 2's coords, theirs in camera 0's: 6 cm to the side.
        numbers = np.array([float(word) for word in written.split()[1:]])
        before = np.array([float(word) for word in wanted.split()[1:]])
        np.testing.assert_allclose(numbers[:10], before[:10], atol=1e-6)
        np.testing.assert_allclose(numbers[10:], before[10:], atol=0.07)
    again = read_kitti(tmp_path / "out").data
    one, other = scene.layer("truth").boxes3d[0], again.layer("truth").boxes3d[0]
    for frame, boxes in ((scene, one), (again, other)):
        moved = transform_points(invert_rigid(frame.world_from_camera(0)), boxes.center)
        np.testing.assert_allclose(moved[0], [1.9005, 0.5232, 8.4150], atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), n=st.integers(0, 6))
def test_cuboids_come_back_from_camera_coords(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    location, angle = rng.normal(0, 20, (n, 3)), rng.uniform(-np.pi, np.pi, n)
    size = np.exp(rng.normal(0, 1, (n, 3)))
    motion = np.eye(4)
    motion[:3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    motion[:3, :3] *= np.linalg.det(motion[:3, :3])
    motion[:3, 3] = rng.normal(0, 100, 3)
    center, quat = to_world(location, size, angle, motion)
    again, turned, lean = from_world(center, size, quat, invert_rigid(motion))
    np.testing.assert_allclose(again, location, atol=1e-9)
    np.testing.assert_allclose(np.cos(turned - angle), 1, atol=1e-12)
    assert (lean < 1e-6).all()


@st.composite
def drives(draw: st.DrawFn) -> Scene:
    """A drive of one level camera that looks ahead, with tracked boxes and cuboids before it."""
    n = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ego = np.tile(np.eye(4), (n, 1, 1))
    ego[:, :2, 3] = np.cumsum(rng.normal(0, 3, (n, 2)), axis=0)
    times = np.arange(n) * 100_000_000
    flat, solid = {}, {}
    mounting = np.array([[0, 0, 1, 1.5], [-1, 0, 0, 0.1], [0, -1, 0, 1.6], [0, 0, 0, 1]])
    for k in range(n):
        m = int(rng.integers(0, 4))
        tracks = rng.permutation(9)[:m]
        corner = rng.uniform(0, 100, (m, 2))
        xyxy = np.concatenate([corner, corner + rng.uniform(0, 40, (m, 2))], axis=1)
        flat[k] = Boxes2D(xyxy=xyxy, category_id=rng.integers(0, 8, m), track_id=tracks, score=rng.random(m))
        near = np.stack([rng.uniform(8, 30, m), rng.uniform(-3, 3, m), rng.uniform(0, 2, m)], axis=1)
        yaw = rng.uniform(-np.pi, np.pi, m)
        quat = np.stack([np.cos(yaw / 2), 0 * yaw, 0 * yaw, np.sin(yaw / 2)], axis=1)
        solid[k] = Boxes3D(
            timestamp_ns=np.full(m, times[k]), center=transform_points(ego[k], near),
            size_lwh=rng.uniform(0.5, 5, (m, 3)), quat_wxyz=quat, category_id=flat[k].category_id,
            track_id=tracks, score=flat[k].score,
        )  # fmt: skip
    tables = {
        "boxes2d": Grouped.from_groups(Boxes2D, n, flat),
        "boxes3d": Grouped.from_groups(Boxes3D, n, solid),
    }
    layer = Layer("truth", KITTI, tables=tables)
    matrix = np.array([[100.0, 0, 80], [0, 100, 60], [0, 0, 1]])
    rows = np.arange(n)
    camera = Camera("cam_a", (120, 160), matrix, ego_from_sensor=mounting)
    return Scene(
        "drive", (camera, Lidar("top", np.eye(4))), KITTI,
        frames=Frames(times, 0 * rows, rows, 0 * rows, rows), samples_ns=times,
        sources=tuple(Source(f"{k}.png", "image") for k in rows),
        poses=Poses(times, ego[:, :3, 3].copy(), np.tile([1.0, 0, 0, 0], (n, 1))), layers={"truth": layer},
    )  # fmt: skip


@pytest.mark.parametrize("tracking", [False, True])
@settings(max_examples=10, deadline=None)
@given(scene=drives())
def test_a_drive_comes_back(tracking: bool, scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> None:
    out = tmp_path_factory.mktemp("law") / "out"
    write, read = (write_kitti_tracking, read_kitti_tracking) if tracking else (write_kitti, read_kitti)
    report = write(scene, out, "truth", images="none")
    gone = sum(entry.count for entry in report.dropped if entry.object == "frames" and not entry.field)
    if gone == len(scene.frames):
        return  # no object at all
    again = read(out).data
    assert isinstance(again, Scene)
    one, other = scene.layer("truth"), again.layer("truth")
    assert len(one.boxes2d) == len(other.boxes2d) + gone
    for k in range(len(other.boxes2d)):
        for kind in ("boxes2d", "boxes3d"):
            a, b = one.tables[kind][k], other.tables[kind][k]
            np.testing.assert_array_equal(a.category_id, b.category_id)
            np.testing.assert_array_equal(a.score, b.score)
            if tracking:
                np.testing.assert_array_equal(a.track_id, b.track_id)
        np.testing.assert_array_equal(one.boxes2d[k].xyxy, other.boxes2d[k].xyxy)
        a, b = one.boxes3d[k], other.boxes3d[k]
        np.testing.assert_array_equal(a.size_lwh, b.size_lwh)
        for scene_of, boxes in ((scene, a), (again, b)):
            rect = invert_rigid(scene_of.world_from_camera(k))
            location, angle, _ = from_world(boxes.center, boxes.size_lwh, boxes.quat_wxyz, rect)
            if boxes is a:
                expected = location, angle
        np.testing.assert_allclose(location, expected[0], atol=2e-6)
        np.testing.assert_allclose(np.cos(angle - expected[1]), 1, atol=1e-9)
    if tracking and again.poses is not None and scene.poses is not None:
        moved = (scene.poses.translation - scene.poses.translation[0])[: len(again.poses)]
        lidar = again.poses.translation - again.poses.translation[0]
        np.testing.assert_allclose(moved, lidar, atol=1e-6)
    assert all(entry.object != "boxes2d" or entry.field == "track_id" for entry in report.dropped)


def test_a_simulated_drive_is_written_with_its_points(drive: Scene, tmp_path: Path) -> None:
    report = write_kitti(drive, tmp_path / "out", "truth")
    scene = read_kitti(tmp_path / "out").data
    assert isinstance(scene, Scene) and len(scene.frames) == 6 and len(scene.sweeps) == 6
    np.testing.assert_allclose(read_sweep(scene, 0).points, read_sweep(drive, 0).points, rtol=1e-5, atol=1e-4)
    # Points in a box there are points in the box here.
    assert len(scene.layer("truth").boxes3d.rows) > 20
    made = next(entry for entry in report.approximated if "projection" in entry.note)
    assert made.count > 0 and any(entry.note == "of other cameras" for entry in report.dropped)


def test_packets_turn_into_the_poses_they_came_from() -> None:
    rng = np.random.default_rng(3)
    packets = np.zeros((5, 30))
    packets[:, 0], packets[:, 1] = 49 + rng.normal(0, 1e-4, 5), 8.4 + rng.normal(0, 1e-4, 5)
    packets[:, 2], packets[:, 3:6] = rng.normal(100, 3, 5), rng.normal(0, 0.4, (5, 3))
    poses = world_from_imu(packets)
    np.testing.assert_allclose(world_from_imu(packets_of(poses)), poses, atol=1e-5)
    np.testing.assert_array_equal(poses[0, :3, 3], 0)


@pytest.fixture
def tracks(tmp_path: Path) -> Path:
    """A folder with two sequences."""
    home = tmp_path / "tracking" / "training"
    (home / "label_02").mkdir(parents=True)
    (home / "calib").mkdir()
    text = "".join(f"{frame} {track} {LINE}\n" for frame, track in ((0, 7), (2, 7), (2, 3)))
    (home / "label_02" / "0000.txt").write_text(f"{text}1 -1 {DONT_CARE}\n")
    (home / "label_02" / "0001.txt").write_text("")
    (home / "calib" / "0000.txt").write_text(CALIBRATION)
    return home


def test_sequences_are_scenes(tracks: Path) -> None:
    found = find_format("kitti-tracking")
    assert found.scenes is not None and found.scenes(tracks.parent) == ["0000", "0001"]
    assert found.matches is not None and found.matches(tracks.parent)
    with pytest.raises(FormatError, match="Name one with scene="):
        read_kitti_tracking(tracks)
    with pytest.raises(SceneLookupError, match="no sequence '9'"):
        read_kitti_tracking(tracks, scene="9")
    with pytest.raises(FormatError, match="got 0"):
        read_kitti_tracking(tracks, scene="0001")
    scene = read_kitti_tracking(tracks, scene="0000").data
    assert isinstance(scene, Scene) and len(scene.frames) == 3
    assert scene.layer("truth").boxes3d.rows.track_id.tolist() == [7, 7, 3]
    assert scene.layer("truth").boxes2d[1].track_id.tolist() == [NO_TRACK]


def _line(change: Callable[[list[str]], None]) -> str:
    words = LINE.split()
    change(words)
    return " ".join(words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_line(lambda w: w.pop()), "line 2: expected a class and 14"),
        (_line(lambda w: w.__setitem__(5, "nan")), "line 2: expected a finite number"),
        (_line(lambda w: w.__setitem__(5, "1e999")), "line 2: expected a finite number"),
        (_line(lambda w: w.__setitem__(5, "x")), "line 2: expected a number, got 'x'"),
        (_line(lambda w: w.__setitem__(6, "1")), "negative size"),
        ("A" * 99 + LINE[10:], "at most 80 letters"),
    ],
)
def test_a_damaged_line_is_named(training: Path, text: str, message: str) -> None:
    path = training / "label_2" / "000000.txt"
    path.write_text(f"{LINE}\n{text}\n")
    with pytest.raises(FormatError, match=message) as caught:
        read_kitti(training)
    assert "000000.txt" in str(caught.value)
    found = read_kitti(training, on_invalid="skip")
    assert [(e.object, e.count) for e in found.report.dropped if e.note == "damaged line"] == [("boxes2d", 1)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("P2:", "P9:"), "expected 12 numbers called P2"),
        (("P2: 7.070493e+02", "P2: -1"), "positive focal lengths"),
        (("R0_rect: 9.999128e-01", "R0_rect: 5"), "expected rotations"),
        (("Tr_velo_to_cam: 6.927964e-03", "Tr_velo_to_cam: nan"), "finite"),
    ],
)
def test_a_damaged_calibration_is_named(training: Path, change: tuple[str, str], message: str) -> None:
    (training / "calib" / "000000.txt").write_text(CALIBRATION.replace(*change))
    with pytest.raises(FormatError, match=message):
        read_kitti(training)


def test_scores_beyond_one_are_refused_or_cut(training: Path) -> None:
    (training / "label_2" / "000000.txt").write_text(f"{LINE} 7.5\n")
    with pytest.raises(FormatError, match="scores from 0 to 1"):
        read_kitti(training)
    found: Any = read_kitti(training, on_invalid="skip").data
    assert found.layer("truth").boxes2d[0].score.tolist() == [1.0]


def test_a_camera_without_calibration_has_no_cuboids(drive: Scene, tmp_path: Path) -> None:
    bare = replace(drive, sensors=tuple(
        Camera(s.channel, s.image_hw) if isinstance(s, Camera) else s for s in drive.sensors
    ))  # fmt: skip
    report = write_kitti(bare, tmp_path / "out", "truth", images="none")
    assert not (tmp_path / "out" / "training" / "calib").exists()
    assert any("places them" in entry.note for entry in report.dropped)
    scene = read_kitti(tmp_path / "out").data
    assert isinstance(scene, Scene) and len(scene.layer("truth").boxes3d.rows) == 0
