"""nuScenes' own devkit opens what we write, and means the same by it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivelabel.formats.nuscenes import read_nuscenes, write_nuscenes
from drivelabel.geometry import CORNER_SIGNS, cuboid_corners, invert_rigid, project, transform_points
from drivelabel.labels import NUSCENES
from drivelabel.media.ingest import ingest
from drivelabel.media.sweeps import read_sweep
from drivelabel.scene import Scene
from tests.formats.nuscenes.drives import VERSION

pytestmark = pytest.mark.needs("nuscenes")


def open_devkit(root: Path, version: str = VERSION) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nuscenes import NuScenes

        return NuScenes(version, str(root), verbose=False)


def check_projections(scene: Scene, nusc: Any, most: int = 10**9) -> int:
    """Compare corners of boxes in images; how many boxes."""
    from nuscenes.utils.geometry_utils import BoxVisibility, view_points

    times = scene.frames.timestamp_ns // 1000
    frames = {(scene.camera_of(f).channel, int(times[f])): f for f in range(len(scene.frames))}
    done = 0
    for data in nusc.sample_data:
        if data["sensor_modality"] != "camera" or not data["is_key_frame"] or done > most:
            continue
        frame = frames[data["channel"].lower(), data["timestamp"]]
        rows = scene.layer("truth").boxes3d[int(scene.frames.sample[frame])]
        place = {token: row for row, token in enumerate(nusc.get("sample", data["sample_token"])["anns"])}
        _, boxes, matrix = nusc.get_sample_data(data["token"], box_vis_level=BoxVisibility.ANY)
        corners = cuboid_corners(rows.center, rows.size_lwh, rows.quat_wxyz)
        for box in boxes:
            points = transform_points(invert_rigid(scene.world_from_camera(frame)), corners[place[box.token]])
            if points[:, 2].min() < 1:
                continue
            uv, _ = project(points, scene.camera_of(frame).camera_matrix)
            theirs = view_points(box.corners(), matrix, True)[:2].T
            # Their corners: front left/right above, below; then rear.
            order = [4, 7, 3, 0, 5, 6, 2, 1]
            np.testing.assert_allclose(uv[order], theirs, atol=1e-3)
            done += 1
    return done


def test_the_order_of_corners_is_theirs() -> None:
    # x forward, y left, z up, as the devkit's Box.corners has them.
    theirs = [
        [1, 1, 1],
        [1, -1, 1],
        [1, -1, -1],
        [1, 1, -1],
        [-1, 1, 1],
        [-1, -1, 1],
        [-1, -1, -1],
        [-1, 1, -1],
    ]
    np.testing.assert_array_equal(CORNER_SIGNS[[4, 7, 3, 0, 5, 6, 2, 1]], theirs)


def test_the_devkit_reads_a_simulated_drive_as_we_mean_it(exported: Path) -> None:
    nusc = open_devkit(exported)
    scene = read_nuscenes(exported).data
    assert isinstance(scene, Scene)
    table = scene.layer("truth").boxes3d
    assert check_projections(scene, nusc) > 50
    lidar = [row for row in nusc.sample_data if row["channel"] == "LIDAR_TOP"]
    for sweep in range(2):
        from nuscenes.utils.data_classes import LidarPointCloud

        cloud = LidarPointCloud.from_file(nusc.get_sample_data_path(lidar[sweep]["token"]))
        np.testing.assert_array_equal(cloud.points.T, read_sweep(scene, sweep).points)
    names = np.array(NUSCENES.names, object)[table.rows.category_id]
    for row, record in enumerate(nusc.sample_annotation):
        assert record["category_name"] == names[row]
        assert record["num_lidar_pts"] == table.rows.n_points[row]
        box = nusc.get_box(record["token"])
        np.testing.assert_allclose(box.wlh, table.rows.size_lwh[row, [1, 0, 2]], rtol=1e-7)
        np.testing.assert_array_equal(box.center, table.rows.center[row])


def test_velocities_are_the_devkits(foreign: Path) -> None:
    nusc = open_devkit(foreign)
    scene = read_nuscenes(foreign).data
    assert isinstance(scene, Scene)
    rows = scene.layer("truth").boxes3d.rows
    theirs = np.array([nusc.box_velocity(token) for token in rows.attributes["token"].to_list()])
    np.testing.assert_array_equal(rows.velocity, theirs.astype(np.float32))
    assert np.isfinite(theirs).all(axis=1).sum() > 100


def test_the_devkit_draws_what_we_write(exported: Path, tmp_path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from nuscenes.utils.geometry_utils import BoxVisibility

    nusc = open_devkit(exported)
    seen = next(row["token"] for row in nusc.sample_data if row["channel"] == "CAM_FRONT")
    token = nusc.get_sample_data(seen, box_vis_level=BoxVisibility.ALL)[1][0].token
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nusc.render_sample_data(seen, out_path=str(tmp_path / "seen.png"), verbose=False)
        nusc.render_annotation(token, out_path=str(tmp_path / "box.png"))
        import matplotlib.pyplot as plt

        plt.close("all")
    assert (tmp_path / "seen.png").stat().st_size > 1000 and (tmp_path / "box.png").stat().st_size > 1000


def test_a_real_sequence_opens_and_comes_back(shared_data: Path, tmp_path: Path) -> None:
    scene = ingest(shared_data / "pandaset_002")
    report = write_nuscenes(scene, tmp_path / "out", "truth", classes="keep", images="link")
    nusc = open_devkit(tmp_path / "out", "v1.0-trainval")
    assert check_projections(scene, nusc, most=600) > 500
    for path in (tmp_path / "out" / "samples").rglob("*"):
        if path.is_symlink():
            path.unlink()
    again = read_nuscenes(tmp_path / "out").data
    assert isinstance(again, Scene)
    ours, theirs = scene.layer("truth").boxes3d, again.layer("truth").boxes3d
    assert ours.equals(theirs)
    assert {(entry.object, entry.field) for entry in report.dropped} <= {
        ("poses", ""), ("sweeps", "point_ns"), ("sweeps", "point_labels"), ("sources", "pandaset_semseg"),
    }  # fmt: skip
