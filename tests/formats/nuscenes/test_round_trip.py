"""Scenes to nuScenes' tables and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.errors import FormatError, SceneLookupError
from drivelabel.formats import find_format
from drivelabel.formats.nuscenes import read_nuscenes, write_nuscenes
from drivelabel.labels import DRIVING, NO_TRACK, Attributes, Boxes3D, Grouped
from drivelabel.media.sweeps import read_point_labels, read_sweep
from drivelabel.scene import Camera, Distortion, Frames, ImageSet, Layer, Poses, Scene, Source
from tests.formats.laws import assert_equal_but_for_report
from tests.formats.nuscenes.drives import VERSION, change_table, read_tables
from tests.formats.strategies import scenes


def assert_same_boxes(one: Grouped[Boxes3D], other: Grouped[Boxes3D]) -> None:
    np.testing.assert_array_equal(one.offsets, other.offsets)
    np.testing.assert_array_equal(one.labelled, other.labelled)
    for name, column in one.rows.columns().items():
        got = getattr(other.rows, name)
        if name == "attributes":
            assert column.equals(got), (column.names, got.names)
        elif name != "row_id":
            np.testing.assert_array_equal(column, got, err_msg=name)


def test_a_drive_comes_back_but_for_what_the_report_lists(drive: Scene, tmp_path: Path) -> None:
    report = write_nuscenes(drive, tmp_path / "out", "truth", classes="keep")
    found = read_nuscenes(tmp_path / "out")
    scene = found.data
    assert isinstance(scene, Scene)
    assert found.report.is_lossless
    assert scene.name == drive.name and scene.taxonomy == DRIVING
    assert_same_boxes(drive.layer("truth").boxes3d, scene.layer("truth").boxes3d)
    for kind in ("frames", "sweeps"):
        for column in ("timestamp_ns", "sensor", "sample"):
            expected = getattr(getattr(drive, kind), column)
            np.testing.assert_array_equal(expected, getattr(getattr(scene, kind), column))
    np.testing.assert_array_equal(drive.samples_ns, scene.samples_ns)
    for ours, theirs in zip(drive.sensors, scene.sensors, strict=True):
        assert ours.channel == theirs.channel
        np.testing.assert_allclose(ours.ego_from_sensor, theirs.ego_from_sensor, atol=1e-12)
    for frame in range(len(drive.frames)):
        np.testing.assert_allclose(drive.world_from_camera(frame), scene.world_from_camera(frame), atol=1e-9)
    for sweep in range(len(drive.sweeps)):
        np.testing.assert_array_equal(read_sweep(drive, sweep).points, read_sweep(scene, sweep).points)
        np.testing.assert_array_equal(read_sweep(drive, sweep).ring, read_sweep(scene, sweep).ring)
    dropped = {entry.object for entry in report.dropped if not entry.field}
    assert dropped == {"poses", "lane_lines", "instance_map"}  # things without a box have no mask there
    one, other = drive.layer("truth"), scene.layer("truth")
    assert one.boxes2d.equals(other.boxes2d) and one.label_maps is not None
    for frame in range(len(drive.frames)):
        np.testing.assert_array_equal(one.label_map(frame).label_map, other.label_map(frame).label_map)
        for track in one.boxes2d[frame].track_id.tolist():
            mask = one.instance_map(frame).mask(track)
            np.testing.assert_array_equal(mask, other.instance_map(frame).mask(track))
        assert one.tags[frame].attributes.equals(other.tags[frame].attributes)
    fields = {(entry.object, entry.field) for entry in report.dropped if entry.field}
    assert fields == {
        ("sweeps", "point_ns"),
        ("sweeps", "point_labels"),
        ("layer", "model"),
        ("layer", "created_ns"),
    }
    assert {(entry.object, entry.field) for entry in report.approximated} == {("poses", "translation")}


def test_other_peoples_tokens_and_numbers_are_written_again(foreign: Path, tmp_path: Path) -> None:
    def mark(records: list[dict]) -> None:
        for row, record in enumerate(records):
            record["visibility_token"] = str(row % 4 + 1) if row % 5 else ""
            record["num_radar_pts"] = row % 3

    change_table(foreign, "sample_annotation", mark)
    found = read_nuscenes(foreign)
    write_nuscenes(found.data, tmp_path / "again", "truth")
    before, after = read_tables(foreign), read_tables(tmp_path / "again")
    assert set(before) == set(after)
    for table, records in before.items():
        again = {record["token"]: record for record in after[table]}
        assert len(again) == len(records), table
        for record in records:
            other = {key: value for key, value in again[record["token"]].items() if key != "drivelabel"}
            if table == "calibrated_sensor":
                np.testing.assert_allclose(other.pop("rotation"), record.pop("rotation"), atol=1e-12)
            assert other == record, table


def test_exporting_twice_gives_the_same_bytes(drive: Scene, exported: Path, tmp_path: Path) -> None:
    write_nuscenes(drive, tmp_path / "again", "truth", version=VERSION)
    for path in exported.rglob("*"):
        if path.is_file():
            assert (tmp_path / "again" / path.relative_to(exported)).read_bytes() == path.read_bytes()


def test_several_scenes_share_a_folder(drive: Scene, tmp_path: Path) -> None:
    both = [drive, replace(drive, name="second")]
    write_nuscenes(both, tmp_path / "out", "truth", images="none")
    found = find_format("nuscenes")
    assert found.scenes is not None and found.matches is not None
    assert found.matches(tmp_path / "out") and found.scenes(tmp_path / "out") == ["drive-3", "second"]
    with pytest.raises(FormatError, match="Name one with scene="):
        read_nuscenes(tmp_path / "out")
    with pytest.raises(SceneLookupError, match="Did you mean 'second'"):
        read_nuscenes(tmp_path / "out", scene="secnd")
    one, other = (read_nuscenes(tmp_path / "out", scene=name).data for name in ("drive-3", "second"))
    assert isinstance(one, Scene) and isinstance(other, Scene)
    assert_same_boxes(one.layer("truth").boxes3d, other.layer("truth").boxes3d)
    tables = read_tables_of(tmp_path / "out")
    assert len(tables["sensor"]) == 3 and len(tables["calibrated_sensor"]) == 6
    assert len({record["token"] for record in tables["instance"]}) == len(tables["instance"])


def read_tables_of(root: Path) -> dict[str, list[dict]]:
    return {path.stem: json.loads(path.read_text()) for path in root.glob("v*/*.json")}


def test_a_camera_without_calibration_writes_only_what_is_known(tmp_path: Path) -> None:
    frames = Frames(
        np.array([10**18, 10**18 + 10**8]), *np.zeros((2, 2), np.int32), np.arange(2), np.full(2, -1)
    )
    scene = Scene(
        "dashcam", (Camera("cam_front", (90, 160)),), DRIVING, frames=frames,
        sources=(Source("drive.mp4", "video"),), layers={"auto": Layer("auto", DRIVING)}, root=str(tmp_path),
    )  # fmt: skip
    report = write_nuscenes(scene, tmp_path / "out", "auto", images="none")
    tables = read_tables_of(tmp_path / "out")
    assert tables["ego_pose"] == [] and tables["sample_annotation"] == [] and tables["instance"] == []
    assert tables["calibrated_sensor"][0]["rotation"] == []
    assert tables["sample_data"][0]["ego_pose_token"] == ""
    assert any(entry.object == "samples" for entry in report.approximated)
    again = read_nuscenes(tmp_path / "out").data
    assert isinstance(again, Scene)
    assert len(again.samples_ns) == 0 and again.poses is None
    assert again.layer("truth").tables == {}
    camera = again.camera("cam_front")
    assert camera.camera_matrix is None and camera.ego_from_sensor is None
    np.testing.assert_array_equal(again.frames.timestamp_ns, frames.timestamp_ns)


@st.composite
def cuboids(draw: st.DrawFn) -> tuple[Scene, Layer]:
    """A scene of up to 4 samples with any cuboids."""
    n_samples = draw(st.integers(1, 4))
    counts = draw(st.lists(st.integers(0, 4), min_size=n_samples, max_size=n_samples))
    n = sum(counts)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    times = 10**18 + np.cumsum(rng.integers(1, 3 * 10**9, n_samples))
    quat = rng.normal(size=(n, 4))
    quat /= np.linalg.norm(quat, axis=1, keepdims=True)
    known = rng.random((n, 3)) < 0.8
    names = ["vehicle.moving", "visibility", "num_radar_pts", "note", "half", "vehicle.parked"]
    choices: list[list[Any]] = [
        [True, None, False],
        ["v0-40", "v80-100", "v1", None],
        [3, None, 0],
        ["ä\n", None],
        [0.5, None],
        [True, None, "yes"],
    ]
    attributes = {
        name: [some[k] for k in rng.integers(0, len(some), n)]
        for name, some in zip(names, choices, strict=True)
    }
    boxes = Boxes3D(
        timestamp_ns=np.repeat(times, counts) + rng.integers(0, 2, n) * 12345,
        center=rng.normal(0, 1e4, (n, 3)),
        size_lwh=np.exp(rng.normal(0, 2, (n, 3))).astype(np.float32),
        quat_wxyz=quat,
        category_id=rng.integers(0, 5, n),
        velocity=np.where(known, rng.normal(0, 9, (n, 3)), np.nan).astype(np.float32),
        score=rng.random(n).astype(np.float32),
        track_id=rng.integers(NO_TRACK, 3, n),
        n_points=rng.integers(-1, 100, n),
        origin=rng.integers(0, 4, n).astype(np.uint8),
        attributes=Attributes.of(attributes, n),
    )
    offsets = np.concatenate([[0], np.cumsum(counts)])
    labelled = (np.array(counts) > 0) | (rng.random(n_samples) < 0.5)
    labelled[0] = True
    layer = Layer("truth", DRIVING, tables={"boxes3d": Grouped(boxes, offsets, labelled)})
    frames = Frames(
        times, np.zeros(n_samples), np.arange(n_samples), np.zeros(n_samples), np.arange(n_samples)
    )
    matrix = np.array([[100.0, 0, 80], [0, 100, 45], [0, 0, 1]])
    camera = Camera("cam_a", (90, 160), matrix, Distortion("brown", rng.normal(0, 0.1, 5)), np.eye(4))
    poses = Poses(times, rng.normal(0, 100, (n_samples, 3)), np.tile([1.0, 0, 0, 0], (n_samples, 1)))
    return Scene(
        "any", (camera,), DRIVING, frames=frames, samples_ns=times,
        sources=tuple(Source(f"{k}.jpg", "image") for k in range(n_samples)), poses=poses,
        layers={"truth": layer},
    ), layer  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(given=cuboids())
def test_any_cuboids_come_back_but_for_whole_microseconds(
    given: tuple[Scene, Layer], tmp_path_factory: pytest.TempPathFactory
) -> None:
    scene, layer = given
    out = tmp_path_factory.mktemp("any") / "out"
    report = write_nuscenes(scene, out, "truth", classes="keep", images="none")
    again = read_nuscenes(out).data
    assert isinstance(again, Scene)
    table = layer.boxes3d
    times = (scene.samples_ns // 1000 * 1000)[table.group_of_row]
    at_sample = table.rows.timestamp_ns == scene.samples_ns[table.group_of_row]
    expected = table.rows.replace(timestamp_ns=np.where(at_sample, times, table.rows.timestamp_ns))
    assert_same_boxes(Grouped(expected, table.offsets, table.labelled), again.layer("truth").boxes3d)
    lost = [entry for entry in (*report.dropped, *report.approximated) if entry.object == "boxes3d"]
    assert not lost
    camera, other = scene.cameras[0], again.cameras[0]
    np.testing.assert_array_equal(camera.distortion.coefficients, other.distortion.coefficients)
    np.testing.assert_array_equal(camera.camera_matrix, other.camera_matrix)


def test_classes_of_points_stay_with_their_sweep(foreign: Path, tmp_path: Path) -> None:
    tables = read_tables(foreign)
    lidar = next(row for row in tables["sample_data"] if row["filename"].endswith(".pcd.bin"))
    n = (foreign / lidar["filename"]).stat().st_size // 20
    name = f"lidarseg/{VERSION}/{lidar['token']}_lidarseg.bin"
    (foreign / name).parent.mkdir(parents=True)
    labels = np.arange(n, dtype=np.uint8) % 32
    (foreign / name).write_bytes(labels.tobytes())
    entry = [{"token": lidar["token"], "sample_data_token": lidar["token"], "filename": name}]
    (foreign / VERSION / "lidarseg.json").write_text(json.dumps(entry))
    scene = read_nuscenes(foreign).data
    assert isinstance(scene, Scene)
    np.testing.assert_array_equal(read_point_labels(scene, 0), labels)
    with pytest.raises(SceneLookupError, match="no labels"):
        read_point_labels(scene, 1)
    write_nuscenes(scene, tmp_path / "again", "truth")
    assert read_tables(tmp_path / "again")["lidarseg"] == entry
    assert (tmp_path / "again" / name).read_bytes() == labels.tobytes()


def test_images_without_a_drive_are_refused(tmp_path: Path) -> None:

    images = ImageSet(
        "set", (), np.zeros((0, 2), np.int64), DRIVING, layers={"truth": Layer("truth", DRIVING)}
    )
    with pytest.raises(FormatError, match="Export those as nuimages"):
        write_nuscenes(images, tmp_path / "out", "truth")


@settings(max_examples=15, deadline=None)
@given(scene=scenes())
def test_any_drive_comes_back_but_for_what_the_reports_list(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("law") / "out"
    written = write_nuscenes(scene, out, "truth", classes="keep", images="none")
    found = read_nuscenes(out)
    assert_equal_but_for_report(scene, found.data, written, found.report)
