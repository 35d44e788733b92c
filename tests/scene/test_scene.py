from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.labels import DRIVING, Boxes2D, Boxes3D, Grouped, Tags
from drivelabel.scene import Camera, Frames, ImageSet, Layer, Lidar, MemoryMasks, Poses, Scene, Source, Sweeps

EYE = np.eye(4)


def _frames(**columns: Any) -> Frames:
    good: dict[str, Any] = {
        "timestamp_ns": [0, 100, 200, 0, 100],
        "sensor": [0, 0, 0, 1, 1],
        "source": [0, 0, 0, 1, 1],
        "source_index": [0, 1, 2, 0, 1],
        "sample": [0, -1, 1, 0, -1],
    }
    return Frames(**(good | columns))


def _boxes(n: int, track_id: int) -> Boxes2D:
    return Boxes2D(xyxy=np.zeros((n, 4)), category_id=np.zeros(n), track_id=np.full(n, track_id))


def _cuboids(track_ids: list[int]) -> Boxes3D:
    n = len(track_ids)
    return Boxes3D(
        timestamp_ns=np.zeros(n), center=np.zeros((n, 3)), size_lwh=np.ones((n, 3)),
        quat_wxyz=np.tile([1.0, 0, 0, 0], (n, 1)), category_id=np.zeros(n), track_id=track_ids,
    )  # fmt: skip


def _layer(name: str = "auto") -> Layer:
    pixels = np.zeros((4, 6), np.uint16)
    pixels[1, 2:4] = 2
    return Layer(
        name,
        DRIVING,
        tables={
            "boxes2d": Grouped.from_groups(
                Boxes2D,
                5,
                {0: _boxes(1, 7), 1: Boxes2D.concat([_boxes(1, 3), _boxes(1, 7)]), 4: _boxes(1, 7)},
            ),
            "boxes3d": Grouped.from_groups(Boxes3D, 2, {1: _cuboids([3, 7])}),
            "tags": Grouped.from_groups(Tags, 5, {0: Tags(score=[1.0])}),
        },
        instance_maps=MemoryMasks({2: pixels, 3: np.zeros((4, 6), np.uint16)}, 5),
        instance_track_id=np.array([3, 7]),
    )


def _scene(**changes: Any) -> Scene:
    good: dict[str, Any] = {
        "name": "scene-1",
        "sensors": (
            Camera("cam_front", (4, 6), np.array([[10.0, 0, 3], [0, 10, 2], [0, 0, 1]]), ego_from_sensor=EYE),
            Camera("cam_back", (4, 6)),
            Lidar("lidar_top", EYE),
        ),
        "taxonomy": DRIVING,
        "frames": _frames(),
        "sweeps": Sweeps([0], [2], [2], [0], [0]),
        "samples_ns": np.array([0, 200]),
        "sources": (Source("a.mp4", "video"), Source("b.mp4", "video"), Source("0.pkl.gz", "sweep")),
        "poses": Poses(
            np.array([0, 200]), np.array([[0.0, 0, 0], [2, 0, 0]]), np.tile([1.0, 0, 0, 0], (2, 1))
        ),
        "layers": {"auto": _layer()},
    }
    return Scene(**(good | changes))


def test_an_instance_is_every_label_of_one_thing() -> None:
    scene = _scene(layers={"auto": _layer(), "truth": Layer("truth", DRIVING)})
    found = scene.instance(7)
    assert list(found.layers) == ["auto"], "layers without labels of it are absent"
    auto = found["auto"]
    assert auto.groups["boxes2d"].tolist() == [0, 1, 4], "over both cameras"
    assert auto.groups["boxes3d"].tolist() == [1]
    assert set(auto.tables) == {"boxes2d", "boxes3d"}, "a tag names no thing"
    assert all((table.track_id == 7).all() for table in auto.tables.values())
    ((frame, mask),) = auto.masks()
    assert frame == 2
    assert np.argwhere(mask).tolist() == [[1, 2], [1, 3]]


def test_an_instance_in_one_layer_or_none() -> None:
    scene = _scene()
    assert list(scene.instance(3, "auto").layers) == ["auto"]
    with pytest.raises(SceneLookupError, match=r"scene-1: no labels with track id 99\."):
        scene.instance(99)
    with pytest.raises(SceneLookupError, match="track 7: no labels in layer 'truth'"):
        scene.instance(7)["truth"]


def test_no_track_is_not_a_thing() -> None:
    layer = Layer("auto", DRIVING, tables={"boxes2d": Grouped.from_groups(Boxes2D, 5, {0: _boxes(2, -1)})})
    with pytest.raises(SceneLookupError, match="no labels with track id -1"):
        _scene(layers={"auto": layer}).instance(-1)


def test_sensors_are_found_by_name() -> None:
    scene = _scene()
    assert scene.camera("cam_front") is scene.sensors[0]
    assert [s.channel for s in scene.cameras] == ["cam_front", "cam_back"]
    assert [s.channel for s in scene.lidars] == ["lidar_top"]
    assert scene.camera_of(4).channel == "cam_back"
    with pytest.raises(SceneLookupError, match=r"no sensor 'cam_frnt'\. Did you mean 'cam_front'\?"):
        scene.sensor("cam_frnt")
    with pytest.raises(SceneLookupError, match="'lidar_top' is a lidar, not a camera"):
        scene.camera("lidar_top")


def test_frames_of_a_camera_are_in_order_of_time() -> None:
    scene = _scene()
    assert scene.frames_of("cam_front") == range(3)
    assert scene.frames_of("cam_back") == range(3, 5)
    assert scene.frames_of("lidar_top") == range(0)


@pytest.mark.parametrize("frame", [-1, 5])
def test_a_frame_that_is_not_there_is_named(frame: int) -> None:
    with pytest.raises(SceneLookupError, match=rf"no frame {frame}\. It has 5, from 0 to 4\."):
        _scene().camera_of(frame)


def test_a_camera_stands_where_the_ego_was_at_the_frames_own_time() -> None:
    scene = _scene()
    np.testing.assert_allclose(scene.world_from_camera(1)[:3, 3], [1, 0, 0])
    np.testing.assert_allclose(scene.world_from_camera(1)[:3, :3], np.eye(3), atol=1e-12)
    with pytest.raises(SceneLookupError, match=r"scene-1: cam_back has no pose\."):
        scene.world_from_camera(3)


def test_a_layer_that_is_not_there_is_named() -> None:
    with pytest.raises(SceneLookupError, match=r"no layer 'aut'\. Did you mean 'auto'\? Known: auto\."):
        _scene().layer("aut")


def test_a_scene_sums_itself_up() -> None:
    assert repr(_scene()) == ("<Scene 'scene-1': 2 cameras, 1 lidars, 5 frames, 1 sweeps, layers auto>")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sensors": (Lidar("a", EYE), Lidar("a", EYE))}, r"scene-1: two sensors are called 'a'\."),
        ({"frames": _frames(sensor=[0, 0, 0, 9, 9])}, r"frames\.sensor, row 3: expected 0 to 2, got 9\."),
        ({"frames": _frames(source=[0, 0, 7, 1, 1])}, r"frames\.source, row 2: expected 0 to 2, got 7\."),
        ({"frames": _frames(sample=[0, -2, 1, 0, 1])}, r"frames\.sample, row 1: expected -1 to 1, got -2\."),
        ({"samples_ns": np.array([5, 5])}, "samples_ns: time must rise from sample to sample"),
        (
            {"frames": _frames(sensor=[0, 0, 0, 2, 2])},
            "frames, row 3: expected a sensor that is a camera",
        ),
    ],
)
def test_a_scene_that_does_not_fit_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidLabelError, match=message):
        _scene(**changes)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"timestamp_ns": [0, 100, 50, 0, 100]},
            r"frames, row 2: time must rise within one sensor, got 50",
        ),
        ({"timestamp_ns": [0, 100, 100, 0, 100]}, "row 2: time must rise"),
        ({"sensor": [0, 1, 0, 1, 1]}, "frames: the rows of one sensor must stand together"),
        ({"source": [0]}, r"frames\.source: expected shape \(5,\), got \(1,\)\."),
    ],
)
def test_frames_out_of_order_are_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidLabelError, match=message):
        _frames(**columns)


def test_a_layer_says_what_it_lacks() -> None:
    layer = _layer()
    assert len(layer.boxes2d[0]) == 1
    with pytest.raises(SceneLookupError, match=r"layer 'auto' has no lane_lines\. It has boxes2d, "):
        _ = layer.lane_lines
    with pytest.raises(SceneLookupError, match="layer 'auto' has no label maps"):
        layer.label_map(0)
    with pytest.raises(SceneLookupError, match=r"frame 0 has no mask\."):
        layer.instance_map(0)


def test_masks_in_memory_are_copied_out() -> None:
    mask = np.ones((2, 3), np.uint8)
    masks = MemoryMasks({1: mask}, 3)
    read = masks.read(1)
    read[:] = 0
    assert mask.all()
    out = np.zeros((2, 3), np.uint8)
    assert masks.read(1, out) is out
    assert out.all()
    assert masks.labelled().tolist() == [False, True, False]
    assert 1 in masks and 0 not in masks


def _images(**changes: Any) -> ImageSet:
    good: dict[str, Any] = {
        "name": "set",
        "sources": (Source("a.png", "image"), Source("b.png", "image")),
        "image_hw": np.array([[4, 6], [8, 8]]),
        "taxonomy": DRIVING,
        "splits": {"train": np.array([0])},
    }
    return ImageSet(**(good | changes))


def test_an_image_set_checks_itself() -> None:
    assert len(_images()) == 2
    with pytest.raises(InvalidLabelError, match=r"set\.image_hw: expected shape \(2, 2\), got \(1, 2\)"):
        _images(image_hw=np.array([[4, 6]]))
    with pytest.raises(InvalidLabelError, match="set, image 1: expected a positive size"):
        _images(image_hw=np.array([[4, 6], [0, 8]]))
    with pytest.raises(InvalidLabelError, match="split 'train': names an image that is not there"):
        _images(splits={"train": np.array([2])})
    with pytest.raises(SceneLookupError, match="set: no layer 'truth'"):
        _images().layer("truth")
