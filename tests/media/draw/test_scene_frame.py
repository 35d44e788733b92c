from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.media.draw import LayerLabels, draw_birds_eye, draw_mosaic, draw_scene_frame
from drivelabel.media.draw.gather import labels_of, points_of, sweeps_of, view_of_frame
from drivelabel.media.draw.rig import draw_scene_rig, order_of_view
from drivelabel.media.draw.scene_frame import newest_layer
from drivelabel.scene import Layer, Lidar, Scene, Sweeps
from tests.media.draw.conftest import SECOND, camera_looking, cuboid_at

GREY = np.full((240, 400, 3), 128, np.uint8)


def test_a_frame_is_seen_from_where_the_camera_stood_at_its_own_time(scene: Scene) -> None:
    first, second = view_of_frame(scene, 0), view_of_frame(scene, 1)
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first.world_from_camera[:3, 3], (0, 0, 1.5))
    np.testing.assert_allclose(second.world_from_camera[:3, 3], (10, 0, 1.5))


def test_a_cuboid_moves_with_its_velocity_to_the_frames_time() -> None:
    moved = cuboid_at(20, velocity=(3, -1, 0)).at_time(SECOND // 2)
    np.testing.assert_allclose(moved.center, [[21.5, -0.5, 0.75]])
    assert moved.timestamp_ns.tolist() == [SECOND // 2]


def test_a_cuboid_of_unknown_velocity_stays(scene: Scene) -> None:
    (labels,) = labels_of(scene, 1, ["truth"])
    assert labels.cuboids is not None
    np.testing.assert_array_equal(labels.cuboids.center, cuboid_at(20).center)


def test_a_frame_without_a_sample_has_no_cuboids(scene: Scene) -> None:
    (labels,) = labels_of(scene, 2, ["truth"])
    assert labels.cuboids is None


def test_the_picture_has_strips_outside_the_image(scene: Scene) -> None:
    picture = draw_scene_frame(scene, 2, GREY)
    assert picture.shape[1] == 400
    assert picture.shape[0] > 260
    rows = [row for row in range(len(picture) - 239) if (picture[row : row + 240] == GREY).all()]
    assert len(rows) == 1


def test_a_frame_outside_the_poses_is_drawn_without_cuboids(scene: Scene) -> None:
    assert view_of_frame(scene, 2) is None
    assert draw_scene_frame(scene, 2, GREY).shape[2] == 3


def test_the_view_from_above_is_beside_the_image(scene: Scene) -> None:
    plain, wide = draw_scene_frame(scene, 0, GREY), draw_scene_frame(scene, 0, GREY, birds_eye=True)
    assert wide.shape[1] > plain.shape[1] + 100


def test_the_view_from_above_needs_poses(scene: Scene) -> None:
    bare = Scene(scene.name, scene.sensors, DRIVING, frames=scene.frames, samples_ns=scene.samples_ns,
                 sources=scene.sources)  # fmt: skip
    with pytest.raises(SceneLookupError, match="drive: the view from above needs poses"):
        draw_scene_frame(bare, 0, GREY, birds_eye=True)


def test_an_unknown_layer_is_an_error(scene: Scene) -> None:
    with pytest.raises(SceneLookupError, match=r"no layer 'trth'\. Did you mean 'truth'"):
        draw_scene_frame(scene, 0, GREY, layers=["trth"])


def test_the_newest_layer_is_shown_when_none_is_asked_for(scene: Scene) -> None:
    both = {"old": Layer("old", DRIVING, created_ns=1), "new": Layer("new", DRIVING, created_ns=2)}
    assert newest_layer(Scene("s", (), DRIVING, layers=both)) == "new"
    assert newest_layer(Scene("s", (), DRIVING)) == ""


def test_a_scene_without_sweeps_shows_none(scene: Scene) -> None:
    assert len(sweeps_of(scene, 0)) == 0
    assert len(sweeps_of(scene, 2)) == 0


def test_lidar_points_stand_where_the_sweep_was_taken(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ego_from_lidar = np.eye(4)
    ego_from_lidar[2, 3] = 2.0
    with_lidar = Scene(
        name="drive",
        sensors=(*scene.sensors, Lidar("lidar_top", ego_from_lidar)),
        taxonomy=DRIVING,
        frames=scene.frames,
        sweeps=Sweeps([SECOND // 2, 2 * SECOND], [1, 1], [0, 0], [0, 1], [0, 0]),
        samples_ns=scene.samples_ns,
        sources=scene.sources,
        poses=scene.poses,
    )
    sweep = SimpleNamespace(points=np.array([[1, 0, 0, 0.5]], np.float32))
    monkeypatch.setattr("drivelabel.media.sweeps.read_sweep", lambda *_: sweep)
    assert sweeps_of(with_lidar, 1).tolist() == [0, 1]
    # The second sweep lies after the last pose: it has no place in the world.
    np.testing.assert_allclose(points_of(with_lidar, 1), [[6, 0, 2]])
    assert sweeps_of(with_lidar, 2).tolist() == []


def test_ahead_is_up_and_left_is_left_in_the_view_from_above() -> None:
    empty = draw_birds_eye((300, 200), [], np.eye(4))
    ahead = draw_birds_eye((300, 200), [LayerLabels(DRIVING, cuboids=cuboid_at(30, 10))], np.eye(4))
    changed = np.argwhere((empty != ahead).any(axis=2)).mean(axis=0)
    assert changed[0] < 204
    assert changed[1] < 100


def test_cameras_are_placed_as_they_look() -> None:
    looks = {"back": 180, "front": 0, "front_left": 55, "front_right": -55, "left": 100, "right": -100}
    cameras = [camera_looking(yaw, channel) for channel, yaw in looks.items()]
    order = [cameras[row].channel for row in order_of_view(cameras)]
    assert order == ["front_left", "front", "front_right", "left", "back", "right"]


def test_a_rig_is_one_picture(scene: Scene) -> None:
    picture = draw_scene_rig(scene, [0, 1], [GREY, GREY])
    assert picture.shape[1] >= 800


def test_a_mosaic_holds_every_picture_whole() -> None:
    tiles = [np.full((10 + row, 20, 3), 50 * (row + 1), np.uint8) for row in range(3)]
    mosaic = draw_mosaic(tiles, columns=2)
    for row, tile in enumerate(tiles):
        assert (mosaic == 50 * (row + 1)).all(axis=2).sum() == tile.shape[0] * tile.shape[1]
    with pytest.raises(InvalidLabelError, match="at least one picture"):
        draw_mosaic([])
