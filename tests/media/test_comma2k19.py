"""comma2k19 segments: ECEF poses in a local system, with the video where it is there."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from drivelabel.errors import FormatError, StoreError
from drivelabel.geometry import matrix_to_quat_wxyz
from drivelabel.media import ingest
from drivelabel.media.comma2k19 import local_from_ecef, read_comma2k19_poses


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.save(file, array)


def ecef(latitude, longitude, height):
    """The plain twin: WGS 84 in one line each."""
    a, f = 6378137.0, 1 / 298.257223563
    e2 = f * (2 - f)
    n = a / np.sqrt(1 - e2 * np.sin(latitude) ** 2)
    across = (n + height) * np.cos(latitude)
    return np.array(
        [across * np.cos(longitude), across * np.sin(longitude), (n * (1 - e2) + height) * np.sin(latitude)]
    )


@pytest.fixture
def segment(tmp_path):
    """A device that moves north at 10 m/s, looking north."""
    folder = tmp_path / "segment"
    origin = ecef(0.65, -2.1, 30.0)
    enu = local_from_ecef(origin)
    n = 20
    times = 46408.5 + 0.05 * np.arange(n)
    positions = origin + np.outer(np.arange(n) * 0.5, enu[1])
    device_axes = np.stack([enu[1], enu[0], -enu[2]], axis=1)  # forward north, right east, down
    pose = folder / "global_pose"
    save(pose / "frame_times", times)
    save(pose / "frame_positions", positions)
    save(pose / "frame_orientations", np.repeat(matrix_to_quat_wxyz(device_axes)[None], n, axis=0))
    save(pose / "frame_gps_times", np.stack([np.full(n, 2012.0), 404106.0 + times - times[0]], axis=1))
    return folder


@pytest.mark.parametrize(
    "place", [(0.65, -2.1, 30.0), (-1.2, 3.0, 0.0), (0.0, 0.0, 100.0), (1.5, 0.3, 3000.0)]
)
def test_local_axes_are_east_north_up(place):
    axes = local_from_ecef(ecef(*place))
    step = 1e-6
    steps = [(0, step, 0), (step, 0, 0), (0, 0, 1)]
    for axis, moved in enumerate(np.add(place, steps)):
        way = ecef(*moved) - ecef(*place)
        np.testing.assert_allclose(axes[axis], way / np.linalg.norm(way), atol=2e-6)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)


def test_ego_drives_along_its_x_axis(segment):
    times, poses = read_comma2k19_poses(segment / "global_pose")
    np.testing.assert_allclose(poses.translation[0], 0)
    np.testing.assert_allclose(poses.translation[-1], [0, 9.5, 0], atol=1e-6)
    ego = poses.at(int(times[3]))[:3, :3]
    np.testing.assert_allclose(ego, [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-9)  # x north, y west, z up


def test_gps_times_tie_the_clock_to_1970(segment):
    times, _ = read_comma2k19_poses(segment / "global_pose")
    assert times[0] == (315964800 + 2012 * 604800 + 404106 - 18) * 10**9
    assert np.diff(times).tolist() == [50_000_000] * 19
    (segment / "global_pose" / "frame_gps_times").unlink()
    times, _ = read_comma2k19_poses(segment / "global_pose")
    assert times[0] == 46408_500_000_000


def test_without_a_video_there_are_poses_and_no_frames(segment):
    scene = ingest(segment)
    assert len(scene.frames) == 0 and len(scene.poses) == 20
    assert scene.info["missing"] == {"cam_front": "no video.hevc or video.mp4"}


def test_frames_of_the_video_take_the_times_of_the_poses(segment, write_video):
    write_video(segment / "video.mp4", range(0, 1000, 50))
    scene = ingest(segment)
    np.testing.assert_array_equal(scene.frames.timestamp_ns, scene.poses.timestamp_ns)
    down = scene.world_from_camera(0)[:3, 1]
    looks = scene.world_from_camera(0)[:3, 2]
    np.testing.assert_allclose(looks, [0, 1, 0], atol=1e-9)
    np.testing.assert_allclose(down, [0, 0, -1], atol=1e-9)
    write_video(segment / "video.mp4", range(0, 1050, 50))
    with pytest.raises(FormatError, match="expected at most 20 frames, one per time, got 21"):
        ingest(segment)


def test_raw_hevc_is_read(segment, write_video):
    write_video(
        segment / "video.hevc",
        range(0, 1000, 50),
        codec="libx265",
        format="hevc",
        options={"x265-params": "log-level=none"},
    )
    assert len(ingest(segment).frames) == 20


def test_broken_files_are_refused_by_name(segment):
    path = segment / "global_pose" / "frame_positions"
    good = np.load(path, allow_pickle=False)
    bad = good.copy()
    bad[3, 1] = np.nan
    for array, message in (
        (bad, "expected finite numbers"),
        (good[:, :2], r"shape \(n, 3\)"),
        (good[:5], "expected one position and orientation per time"),
        (np.array(["a"]), "expected numbers"),
    ):
        save(path, array)
        with pytest.raises(FormatError, match=message):
            ingest(segment)
    save(path, good)
    data = path.read_bytes()
    for broken in (
        data[:40],
        data[:-8],
        b"hello",
        data.replace(b"(20, 3)", b"(99, 3)"),
        data.replace(b"(20, 3)", b"(99999,"),
    ):
        path.write_bytes(broken)
        with pytest.raises(FormatError, match="frame_positions: expected a NumPy array"):
            ingest(segment)
    path.unlink()
    path.symlink_to(segment / "nothing")
    with pytest.raises(StoreError, match="frame_positions: cannot be read"):
        read_comma2k19_poses(segment / "global_pose")


def test_pickled_arrays_are_refused(segment, tmp_path):
    class Runs:
        def __reduce__(self):
            return (open, (str(tmp_path / "canary"), "w"))

    with (segment / "global_pose" / "frame_times").open("wb") as file:
        np.save(file, np.array([Runs()], object), allow_pickle=True)
    with pytest.raises(FormatError, match="frame_times: expected a NumPy array of numbers"):
        ingest(segment)
    assert not (tmp_path / "canary").exists()


@pytest.fixture(scope="module")
def real(shared_data):
    folder = shared_data / "comma2k19_segment"
    times, poses = read_comma2k19_poses(folder / "global_pose")
    seconds = (times - times[0]) / 1e9
    return (
        folder,
        np.load(folder / "global_pose" / "frame_times", allow_pickle=False),
        poses,
        np.gradient(poses.translation, seconds, axis=0),
    )


def test_differentiated_positions_are_the_given_velocities(real):
    folder, _, _, velocity = real
    origin = np.load(folder / "global_pose" / "frame_positions", allow_pickle=False)[0]
    given = (
        np.load(folder / "global_pose" / "frame_velocities", allow_pickle=False) @ local_from_ecef(origin).T
    )
    assert np.abs(velocity - given).mean() < 0.01
    assert np.abs(velocity - given)[1:-1].max() < 0.1


def test_speed_is_that_of_the_wheels(real):
    folder, seconds, _, velocity = real
    wheels = np.load(folder / "processed_log" / "CAN" / "speed" / "value", allow_pickle=False).ravel()
    wheels = np.interp(
        seconds, np.load(folder / "processed_log" / "CAN" / "speed" / "t", allow_pickle=False), wheels
    )
    off = np.linalg.norm(velocity, axis=1) - wheels
    assert abs(off.mean()) < 0.3 and np.abs(off).max() < 0.6


def test_heading_agrees_with_the_direction_of_motion(real):
    _, _, poses, velocity = real
    in_ego = np.einsum("nji,nj->ni", poses.at(poses.timestamp_ns)[:, :3, :3], velocity)
    heading_off = np.degrees(np.arctan2(in_ego[:, 1], in_ego[:, 0]))
    assert abs(heading_off.mean()) < 1.5 and np.abs(heading_off).max() < 4
    assert (poses.at(poses.timestamp_ns)[:, 2, 2] > 0.98).all()  # up is up


def test_the_given_segment_is_a_scene_without_frames(shared_data, tmp_path):
    folder = shutil.copytree(
        shared_data / "comma2k19_segment" / "global_pose", tmp_path / "s" / "global_pose"
    ).parent
    scene = ingest(folder)
    assert (len(scene.poses), len(scene.frames)) == (1200, 0)
    assert 1.53e18 < scene.poses.timestamp_ns[0] < 1.54e18  # August 2018
