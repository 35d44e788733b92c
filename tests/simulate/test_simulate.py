"""Whole small drives: files, layers, the same bytes from the same seed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drivelabel.media.frames import open_frames
from drivelabel.pipeline.simulate import simulate as simulate_to_disk
from drivelabel.scene import Lidar
from drivelabel.simulate import Rig, RigLidar, SimulateSettings, WorldSettings, default_rig, simulate
from drivelabel.simulate.rig import mounting
from drivelabel.storage import SceneStore


def small(seed: int, threads: int = 2, weather: str = "clear") -> SimulateSettings:
    cameras = default_rig(2).at_size((72, 128)).cameras
    lidar = RigLidar(
        Lidar("lidar_top", mounting((0.9, 0, 1.8))), np.radians(np.linspace(-15, 5, 6)), 120, hz=4.0
    )
    world = WorldSettings(seed, 1.0, "suburb", traffic=0.7, people=0.3)
    return SimulateSettings(world, Rig(cameras, (lidar,)), weather, "png", 100.0, threads)


@pytest.fixture(scope="module")
def drive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drive")
    return simulate(small(4), folder), folder


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_seed_makes_the_same_bytes_with_any_number_of_threads(drive, tmp_path):
    scene, folder = drive
    again = simulate(small(4, threads=1), tmp_path)
    assert digest(folder) == digest(tmp_path)
    for kind, table in scene.layer("truth").tables.items():
        assert table.equals(again.layer("truth").tables[kind]), kind
    for frame in range(len(scene.frames)):
        one, two = (s.layer("truth").instance_map(frame).instance_map for s in (scene, again))
        np.testing.assert_array_equal(one, two)


def test_another_seed_makes_other_bytes(drive, tmp_path):
    _, folder = drive
    simulate(small(5), tmp_path)
    mine, other = digest(folder), digest(tmp_path)
    assert all(mine[name] != other[name] for name in mine)


def test_weather_changes_pictures_and_not_what_is_true(drive, tmp_path):
    scene, folder = drive
    rain = simulate(small(4, weather="rain"), tmp_path)
    assert scene.layer("truth").boxes2d.equals(rain.layer("truth").boxes2d)
    images = [name for name in digest(folder) if name.endswith(".png")]
    assert images and all(digest(folder)[name] != digest(tmp_path)[name] for name in images)


def test_images_are_read_back_with_the_size_of_their_camera(drive):
    scene, _ = drive
    with open_frames(scene) as reader:
        for frame in range(len(scene.frames)):
            assert reader.read(frame).shape == (72, 128, 3)


def test_each_thing_has_one_track_id_in_all_tables(drive):
    layer = drive[0].layer("truth")
    classes: dict[int, int] = {}
    for kind in ("boxes2d", "boxes3d", "traffic_lights"):
        rows = layer.tables[kind].rows
        for track_id, category_id in zip(rows.track_id.tolist(), rows.category_id.tolist(), strict=True):
            assert classes.setdefault(track_id, category_id) == category_id
    assert not set(classes) & set(layer.lane_lines.rows.track_id.tolist())


def test_every_frame_and_sample_is_labelled(drive):
    scene, _ = drive
    layer = scene.layer("truth")
    assert all(table.labelled.all() for table in layer.tables.values())
    assert layer.label_maps.labelled().all() and layer.instance_maps.labelled().all()
    assert (layer.boxes3d.rows.n_points >= 0).all() and layer.boxes3d.rows.n_points.sum() > 0


def test_sweeps_hold_points_with_their_truth(drive):
    scene, folder = drive
    for row in scene.sweeps.source:
        points = np.load(folder / scene.sources[row].path, allow_pickle=False)
        assert points.dtype == np.float32 and points.shape[1] == 8 and len(points) > 50
        assert (np.linalg.norm(points[:, :3], axis=1) <= 101).all()
        assert points[:, 7].max() <= len(scene.layer("truth").instance_track_id)


def test_a_stored_drive_is_the_drive_in_memory(drive, tmp_path):
    scene, folder = drive
    calls: list[tuple[int, int]] = []
    report = simulate_to_disk(small(4), tmp_path / "d.scene", progress=lambda a, b: calls.append((a, b)))
    stored = SceneStore.open(tmp_path / "d.scene").scene()
    assert (report.frames, report.sweeps, report.samples) == (4, 4, 2)
    assert calls[-1] == (8, 8)
    for kind, table in scene.layer("truth").tables.items():
        own = stored.layer("truth").tables[kind]
        assert np.array_equal(own.offsets, table.offsets), kind
        if hasattr(table.rows, "track_id"):
            assert np.array_equal(own.rows.track_id, table.rows.track_id)
    for frame in range(len(scene.frames)):
        one, two = scene.layer("truth").instance_map(frame), stored.layer("truth").instance_map(frame)
        for track_id in np.unique(one.instance_map)[1:]:
            np.testing.assert_array_equal(one.mask(int(track_id)), two.mask(int(track_id)))
    assert digest(folder).items() <= digest(tmp_path / "d.scene").items()


def test_a_broken_off_drive_leaves_nothing(tmp_path):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_to_disk(small(4), tmp_path / "d.scene", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_sensors_with_other_rates_and_offsets_look_at_their_own_times(tmp_path):
    settings = small(4)
    first, second = settings.rig.cameras
    rig = Rig((replace(first, hz=3.0), replace(second, hz=1.0, offset_s=0.25)))
    scene = simulate(replace(settings, rig=rig), tmp_path)
    times = (scene.frames.timestamp_ns - scene.frames.timestamp_ns[0]) / 1e9
    assert times.round(3).tolist() == [0.0, 0.333, 0.667, 0.25]
    assert scene.frames.sample.tolist() == [0, 1, 2, 0]
