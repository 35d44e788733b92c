"""A PandaSet sequence as a scene."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from PIL import Image
from reference.old_pandas import object_array, old_pickle

from drivelabel.errors import FormatError, SceneLookupError, StoreError
from drivelabel.geometry import (
    cuboid_corners,
    invert_rigid,
    matrix_to_quat_wxyz,
    pose_matrix,
    project,
    quat_of_yaw,
    transform_points,
    yaw_of_quat,
)
from drivelabel.labels.masks import VOID
from drivelabel.labels.taxonomies import PANDASET
from drivelabel.media import ingest, open_frames, read_point_labels, read_sweep, world_from_lidar
from drivelabel.media.pandaset import mean_motion
from drivelabel.media.sweeps import read_points_world

START, N = 1557539956.500022, 6
LIDAR_S = [round(START + 0.1 * i, 6) for i in range(N)]
YAW, SPEED = 0.7, 5.0
EGO_FROM_CAMERA = np.array([[0.0, 0, 1, 1.5], [-1, 0, 0, 0.2], [0, -1, 0, 1.4], [0, 0, 0, 1]])


def world_from_ego(seconds):
    """A car that drives straight ahead at an even speed, turned by YAW."""
    forward = np.array([np.cos(YAW), np.sin(YAW), 0.0])
    return pose_matrix(forward * SPEED * (seconds - START), quat_of_yaw(YAW))


LIDAR_FROM_EGO = np.array([[0.0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


def pose_json(matrix):
    quat = matrix_to_quat_wxyz(matrix)
    return {
        "position": dict(zip("xyz", map(float, matrix[:3, 3]), strict=True)),
        "heading": dict(zip("wxyz", map(float, quat), strict=True)),
    }


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def write_table(path, columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(old_pickle(columns)))


def box(uuid, x, y, *, label="Car", sensor=-1, sibling="-", yaw=YAW - np.pi / 2, stationary=False, **more):
    """A car 4 m long, 2 m wide, in ego coords of the car at START."""
    where = world_from_ego(START) @ np.array([x, y, 0.5, 1])
    row = {
        "uuid": uuid,
        "label": label,
        "yaw": yaw,
        "stationary": stationary,
        "camera_used": -1,
        "position.x": where[0],
        "position.y": where[1],
        "position.z": where[2],
        "dimensions.x": 2.0,
        "dimensions.y": 4.0,
        "dimensions.z": 1.5,
        "attributes.object_motion": "Parked" if stationary else "Moving",
        "cuboids.sibling_id": sibling,
        "cuboids.sensor_id": sensor,
    }
    return row | more


def write_cuboids(folder, index, rows):
    columns = {name: [row[name] for row in rows] for name in box("a", 0, 0)}
    kinds = {list: object_array}
    table = {
        name: np.array(values) if not isinstance(values[0], str) else kinds[list](values)
        for name, values in columns.items()
    }
    write_table(folder / "annotations" / "cuboids" / f"{index:02d}.pkl.gz", table)


@pytest.fixture
def sequence(tmp_path, draw_scenery):
    """A small sequence: two cameras (one with few images), 6 lidar poses, 2 sweeps, 3 annotated instants."""
    folder = tmp_path / "001"
    write_json(folder / "lidar" / "timestamps.json", LIDAR_S)
    write_json(
        folder / "lidar" / "poses.json",
        [pose_json(world_from_ego(t) @ invert_rigid(LIDAR_FROM_EGO)) for t in LIDAR_S],
    )
    for name, n_images in (("front_camera", N), ("left_camera", 2)):
        times = [round(t - 0.05, 6) for t in LIDAR_S]
        camera = folder / "camera" / name
        write_json(camera / "timestamps.json", times)
        write_json(camera / "poses.json", [pose_json(world_from_ego(t) @ EGO_FROM_CAMERA) for t in times])
        write_json(camera / "intrinsics.json", {"fx": 80.0, "fy": 81.0, "cx": 47.0, "cy": 31.0})
        for number in range(n_images):
            Image.fromarray(draw_scenery(number)).save(camera / f"{number:02d}.jpg", quality=95)
    generator = np.random.default_rng(0)
    for index in (0, 1):
        points = transform_points(world_from_ego(START), generator.uniform(-10, 20, (500, 3)))
        lidar = np.repeat([0, 1], 250)
        write_table(
            folder / "lidar" / f"{index:02d}.pkl.gz",
            {"x": points[:, 0], "y": points[:, 1], "z": points[:, 2], "i": np.arange(500) % 256.0}
            | {"t": LIDAR_S[index] - generator.uniform(0, 0.1, 500), "d": lidar},
        )
        write_table(folder / "annotations" / "semseg" / f"{index:02d}.pkl.gz", {"class": np.arange(500) % 4})
    write_json(folder / "annotations" / "semseg" / "classes.json", {"1": "Smoke", "2": "Car", "3": "Bus"})
    for index in range(3):
        write_cuboids(
            folder,
            index,
            [
                box("still", 8, 4, stationary=True, label="Cones"),
                box("top", 15 + index, 0, sensor=0, sibling="front"),
                box("front", 15.4 + index, 0, sensor=1, sibling="front" if index else "top"),
            ],
        )
    return folder


def test_sensors_times_and_samples(sequence):
    scene = ingest(sequence)
    assert [sensor.channel for sensor in scene.sensors] == [
        "cam_front",
        "cam_left",
        "lidar_top",
        "lidar_front",
    ]
    assert scene.samples_ns.tolist() == [round(t * 1e6) * 1000 for t in LIDAR_S[:3]]
    assert len(scene.frames) == N + 2 and len(scene.sweeps) == 4
    assert scene.frames.sample.tolist() == [0, 1, 2, -1, -1, -1, 0, 1]
    assert scene.sweeps.sample.tolist() == [0, 1, 0, 1]
    assert scene.frames.timestamp_ns[0] == round((START - 0.05) * 1e6) * 1000
    assert scene.info["missing"]["cam_left"] == "4 of 6 images"
    assert scene.info["missing"]["cam_back"] == "no images"
    assert scene.info["missing"]["lidar"] == "4 of 6 sweep files"
    with open_frames(scene) as frames:
        assert frames.read(7).shape == (64, 96, 3)


def test_ego_drives_along_its_x_axis_and_its_y_axis_points_left(sequence):
    scene = ingest(sequence)
    times = np.array([round(t * 1e6) * 1000 for t in LIDAR_S])
    for time_s, got in zip(LIDAR_S, scene.poses.at(times), strict=True):
        np.testing.assert_allclose(got, world_from_ego(time_s), atol=1e-9)


def test_projection_at_an_images_own_time_uses_the_given_camera_pose(sequence):
    scene = ingest(sequence)
    assert max(scene.info["mounting_residual_px"].values()) < 0.01  # this car never shakes
    for frame in range(len(scene.frames)):
        seconds = scene.frames.timestamp_ns[frame] / 1e9
        np.testing.assert_allclose(
            scene.world_from_camera(frame), world_from_ego(seconds) @ EGO_FROM_CAMERA, atol=2e-6
        )
    matrix = scene.camera("cam_front").camera_matrix
    np.testing.assert_array_equal(matrix, [[80, 0, 47.5], [0, 81, 31.5], [0, 0, 1]])


def test_a_shaking_camera_keeps_its_own_poses(sequence):
    path = sequence / "camera" / "front_camera" / "poses.json"
    poses = json.loads(path.read_text())
    for number, pose in enumerate(poses):
        pose["position"]["z"] += 0.2 * (-1) ** number
    write_json(path, poses)
    scene = ingest(sequence)
    assert scene.info["mounting_residual_px"]["cam_front"] > 0.3
    for frame in scene.frames_of("cam_front"):
        assert scene.world_from_camera(frame)[2, 3] == pytest.approx(poses[frame]["position"]["z"], abs=1e-9)


def test_cuboids_have_our_axes_and_sizes(sequence):
    boxes = ingest(sequence).layer("truth").boxes3d[0]
    np.testing.assert_array_equal(boxes.size_lwh, [[4, 2, 1.5]] * 2)
    np.testing.assert_allclose(yaw_of_quat(boxes.quat_wxyz), YAW)
    in_ego = transform_points(invert_rigid(world_from_ego(START)), boxes.center)
    np.testing.assert_allclose(in_ego, [[8, 4, 0.5], [15, 0, 0.5]], atol=1e-9)
    assert [PANDASET.names[row] for row in boxes.category_id] == ["Cones", "Car"]


def test_boxes_of_both_lidars_become_one_with_one_track(sequence):
    scene = ingest(sequence)
    boxes = scene.layer("truth").boxes3d
    for sample in range(3):
        assert boxes[sample].track_id.tolist() == [1, 2]
        assert boxes[sample].attributes["uuid"].to_list() == ["still", "top"]
        assert boxes[sample].attributes["joined_uuid"].to_list() == [None, "front"]
    assert scene.info["cuboids"]["given"] == 9 and scene.info["cuboids"]["joined"] == 3
    assert scene.info["cuboids"]["pairs"] == [["top", "front"]]
    assert len(scene.instance(2).layers) == 1


def test_the_forward_lidars_box_is_kept_where_the_other_is_missing(sequence):
    write_cuboids(sequence, 1, [box("front", 16, 0, sensor=1, sibling="top")])
    boxes = ingest(sequence).layer("truth").boxes3d[1]
    assert boxes.attributes["uuid"].to_list() == ["front"]
    assert boxes.track_id.tolist() == [2]
    assert boxes.attributes["joined_uuid"].to_list() == [None]


@pytest.mark.parametrize(
    ("top", "front", "joined"),
    [
        ({"sibling": "bbbbbbbb-bbbb-bbbb-bb"}, {"sibling": "-"}, True),  # a name that was cut
        (
            {"sibling": "aaaaaaaa-aaaa-aaaa-aaaa"},
            {"sibling": "aaaaaaaa-aaaa-aaaa-aaaa"},
            True,
        ),  # names itself
        ({"sibling": "-"}, {"sibling": "cccccccc-cccc-cccc-cccc"}, False),  # nobody has that name
        ({"sibling": "bbbbbbbb-bbbb-bbbb-bbbb", "sensor": 1}, {"sibling": "-"}, False),  # one lidar twice
    ],
)
def test_names_of_siblings_with_quirks(sequence, top, front, joined):
    rows = [
        box("aaaaaaaa-aaaa-aaaa-aaaa", 15, 0, **{"sensor": 0} | top),
        box("bbbbbbbb-bbbb-bbbb-bbbb", 15, 0, **{"sensor": 1} | front),
    ]
    for index in range(3):
        write_cuboids(sequence, index, rows)
    assert len(ingest(sequence).layer("truth").boxes3d[0]) == (1 if joined else 2)


def test_a_box_holds_when_the_turning_lidar_passed_it(sequence):
    quarter = 25_000_000
    rows = [box(f"{x} {y}", x, y) for x, y in ((20, 0), (0, 20), (0, -20), (-20, 1e-6))]
    write_cuboids(sequence, 0, rows)
    scene = ingest(sequence)
    before_end = int(scene.samples_ns[0]) - scene.layer("truth").boxes3d[0].timestamp_ns
    np.testing.assert_allclose(before_end, [2 * quarter, 3 * quarter, quarter, 4 * quarter], atol=5000)


def test_velocity_is_the_tracks_motion(sequence):
    boxes = ingest(sequence).layer("truth").boxes3d
    forward = np.array([np.cos(YAW), np.sin(YAW), 0])
    for sample in range(3):
        still, moving = boxes[sample].velocity
        np.testing.assert_allclose(still, 0, atol=1e-6)
        np.testing.assert_allclose(moving, 10 * forward, rtol=2e-3)
    write_cuboids(sequence, 0, [box("once", 5, 5)])
    assert np.isnan(ingest(sequence).layer("truth").boxes3d[0].velocity).all()


def test_points_inside_are_counted_where_there_is_a_sweep(sequence):
    boxes = ingest(sequence).layer("truth").boxes3d
    points = read_points_world(sequence / "lidar" / "00.pkl.gz")
    for row in range(2):
        matrix = pose_matrix(boxes[0].center[row], boxes[0].quat_wxyz[row])
        inside = np.abs(transform_points(invert_rigid(matrix), points)) <= boxes[0].size_lwh[row] / 2
        assert boxes[0].n_points[row] == inside.all(axis=1).sum()
    assert boxes[2].n_points.tolist() == [-1, -1]


def test_sweeps_are_in_lidar_coords_and_lead_back_to_the_world(sequence):
    scene = ingest(sequence)
    world = read_points_world(sequence / "lidar" / "01.pkl.gz")
    for row, own in ((1, slice(0, 250)), (3, slice(250, 500))):
        sweep = read_sweep(scene, row)
        assert sweep.points.dtype == np.float32 and len(sweep) == 250
        assert sweep.channel == ("lidar_top", "lidar_front")[row // 2]
        back = transform_points(world_from_lidar(scene, row), sweep.points[:, :3])
        np.testing.assert_allclose(back, world[own], atol=1e-5)
        np.testing.assert_array_equal(sweep.points[:, 3], (np.arange(500) % 256)[own])
        assert (np.abs(sweep.point_ns - sweep.timestamp_ns) <= 100_001_000).all()
    with pytest.raises(SceneLookupError, match="no sweep 4"):
        read_sweep(scene, 4)


def test_point_labels_are_rows_of_the_taxonomy(sequence):
    scene = ingest(sequence)
    labels = read_point_labels(scene, 2)
    wanted = [VOID, PANDASET.id_of("Smoke"), PANDASET.id_of("Car"), PANDASET.id_of("Bus")]
    np.testing.assert_array_equal(labels, np.array(wanted)[np.arange(500) % 4][250:])
    (sequence / "annotations" / "semseg" / "00.pkl.gz").unlink()
    with pytest.raises(SceneLookupError, match="its points have no labels"):
        read_point_labels(ingest(sequence), 0)


def test_a_broken_box_is_refused_or_skipped_and_counted(sequence):
    good = box("good", 5, 5)
    for broken, text in (
        ({"position.x": np.nan}, r"row 1: expected finite numbers, got position \[nan"),
        ({"dimensions.y": 0.0}, "row 1: expected positive sides"),
        ({"label": "Caar"}, "row 1: .*no category 'Caar'. Did you mean 'Car'"),
    ):
        write_cuboids(sequence, 0, [good, box("bad", 6, 6) | broken])
        with pytest.raises(FormatError, match=rf"00\.pkl\.gz, {text}"):
            ingest(sequence)
        scene = ingest(sequence, on_invalid="skip")
        assert scene.layer("truth").boxes3d[0].attributes["uuid"].to_list() == ["good"]
        assert len(scene.info["cuboids"]["skipped"]) == 1


def test_one_uuid_twice_in_one_instant_is_refused(sequence):
    write_cuboids(sequence, 0, [box("a", 5, 5), box("a", 6, 6)])
    with pytest.raises(FormatError, match=r"00\.pkl\.gz: expected each uuid once"):
        ingest(sequence)


def test_broken_small_files_are_refused_by_name(sequence):
    cases = {
        "lidar/timestamps.json": [
            ("[1, 2", "expected JSON"),
            ("[3.0, 2.0]", "row 1: expected a time after 3.0"),
        ],
        "lidar/poses.json": [("[1]", "expected a list of poses"), ("{}", "expected one pose per time")],
        "camera/front_camera/intrinsics.json": [
            ('{"fx": 1}', "expected the numbers fx"),
            ("[]", "expected the numbers"),
        ],
        "annotations/semseg/classes.json": [("[]", "expected numbers and names")],
    }
    for name, texts in cases.items():
        path = sequence / name
        whole = path.read_text()
        for text, message in texts:
            path.write_text(text)
            with pytest.raises(FormatError, match=message):
                ingest(sequence)
        path.write_text(whole)
    assert len(ingest(sequence).frames) == N + 2


def test_a_missing_column_and_a_missing_file_are_named(sequence):
    write_table(sequence / "lidar" / "00.pkl.gz", {"x": np.zeros(3)})
    with pytest.raises(FormatError, match=r"00\.pkl\.gz: expected a column 'y'. It has x"):
        ingest(sequence)
    (sequence / "camera" / "left_camera" / "intrinsics.json").unlink()
    with pytest.raises(StoreError, match=r"left_camera/intrinsics\.json: cannot be read"):
        ingest(sequence)


def test_an_unlabelled_sequence_has_a_sample_per_turn_and_no_layer(sequence):
    import shutil

    shutil.rmtree(sequence / "annotations")
    scene = ingest(sequence)
    assert len(scene.samples_ns) == N and not scene.layers


def test_the_mean_of_motions_is_a_motion_between_them():
    motions = np.stack([pose_matrix([x, 0, 0], quat_of_yaw(a)) for x, a in ((0, 0.1), (2, 0.3))])
    np.testing.assert_allclose(mean_motion(motions), pose_matrix([1, 0, 0], quat_of_yaw(0.2)), atol=1e-12)


@pytest.fixture(scope="module")
def panda(shared_data):
    return ingest(shared_data / "pandaset_002", hash_files=False)


def test_the_given_sequence_is_read_whole(panda):
    assert len(panda.frames) == 125 and len(panda.sweeps) == 10 and len(panda.samples_ns) == 50
    report = panda.info["cuboids"]
    rows = panda.layer("truth").boxes3d.rows
    assert report["given"] == 5884 and len(rows) + report["joined"] == report["given"]
    assert sorted(set(rows.track_id)) == list(range(1, 95))
    assert not report["skipped"] and (rows.n_points[panda.layer("truth").boxes3d.group_of_row < 5] >= 0).all()


def test_ego_axes_of_the_given_sequence_follow_its_motion_and_its_cameras(panda):
    lidar_ns = panda.samples_ns
    poses = panda.poses.at(lidar_ns)
    velocity = np.diff(poses[:, :3, 3], axis=0) / np.diff(lidar_ns)[:, None] * 1e9
    fast = np.linalg.norm(velocity, axis=1) > 2
    in_ego = np.einsum("nji,nj->ni", poses[:-1, :3, :3], velocity)[fast]
    direction = in_ego / np.linalg.norm(in_ego, axis=1, keepdims=True)
    assert fast.sum() > 5 and (direction[:, 0] > 0.999).all()
    looks = {camera.channel: camera.ego_from_sensor[:3, 2] for camera in panda.cameras}
    assert looks["cam_front"][0] > 0.99 and looks["cam_back"][0] < -0.99
    assert looks["cam_left"][1] > 0.99 and looks["cam_right"][1] < -0.99
    assert all(camera.ego_from_sensor[2, 1] < -0.99 for camera in panda.cameras)  # down is down


def test_every_camera_of_the_given_sequence_stands_where_its_file_says(panda, shared_data):
    names = {"cam_front": "front_camera", "cam_back": "back_camera", "cam_left": "left_camera"}
    for channel, folder in names.items():
        given = json.loads((shared_data / "pandaset_002" / "camera" / folder / "poses.json").read_text())
        for number, frame in enumerate(panda.frames_of(channel)):
            position = panda.world_from_camera(frame)[:3, 3]
            np.testing.assert_allclose(position, list(given[number]["position"].values()), atol=1e-6)


def test_lidar_points_of_cars_land_inside_their_projected_cuboids(panda):
    """Points that the semantic labels call Car lie in a Car cuboid's outline in the image they project to."""
    boxes = panda.layer("truth").boxes3d[2]
    cars = boxes[boxes.category_id == PANDASET.id_of("Car")]
    sweep, labels = read_sweep(panda, 2), read_point_labels(panda, 2)
    points = sweep.points[labels == PANDASET.id_of("Car")][:, :3]
    world = transform_points(world_from_lidar(panda, 2), points)
    for channel in ("cam_front", "cam_left", "cam_back"):
        frame = panda.frames_of(channel)[2]
        camera, camera_from_world = panda.camera(channel), invert_rigid(panda.world_from_camera(frame))
        corners = transform_points(
            camera_from_world, cuboid_corners(cars.center, cars.size_lwh, cars.quat_wxyz).reshape(-1, 3)
        ).reshape(-1, 8, 3)
        seen = (corners[..., 2] > 1).all(axis=1)
        uv, _ = project(corners[seen].reshape(-1, 3), camera.camera_matrix)
        uv = uv.reshape(-1, 8, 2)
        spots, ok = project(transform_points(camera_from_world, world), camera.camera_matrix)
        height, width = camera.image_hw
        spots = spots[ok & (spots >= 0).all(axis=1) & (spots[:, 0] < width) & (spots[:, 1] < height)]
        inside = (spots[:, None] >= uv.min(1) - 2) & (spots[:, None] <= uv.max(1) + 2)
        assert len(spots) > 100
        assert inside.all(axis=2).any(axis=1).mean() > 0.9, channel
