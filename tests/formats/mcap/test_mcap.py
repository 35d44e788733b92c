"""What Foxglove's own reader finds in our files."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivelabel.errors import FormatError
from drivelabel.formats import find_format
from drivelabel.labels import DRIVING
from drivelabel.scene import Camera, ImageSet, Poses, Scene, Source

pytestmark = pytest.mark.needs("mcap")

MATRIX = np.array([[50.0, 0, 32], [0, 50, 24], [0, 0, 1]])
MOUNTED = np.array([[0.0, 0, 1, 1.5], [-1, 0, 0, 0.5], [0, -1, 0, 1.6], [0, 0, 0, 1]])


def _drive(scene: Scene) -> Scene:
    from dataclasses import replace

    front = Camera("cam_front", (48, 64), MATRIX, ego_from_sensor=MOUNTED)
    poses = Poses(np.array([0, 100]), np.array([[1.0, 2, 3], [4, 5, 6]]), np.array([[1.0, 0, 0, 0]] * 2))
    return replace(scene, sensors=(front, scene.sensors[1]), poses=poses)


def _write(scene: Any, out: Path, **options: Any) -> Any:
    write = find_format("mcap").write
    assert write is not None
    return write(scene, out, "auto", **options)


def _messages(path: Path) -> list[tuple[str, str, int, Any]]:
    from mcap.reader import make_reader

    with path.open("rb") as file:
        found = list(make_reader(file).iter_messages())
    return [(c.topic, s.name, m.log_time, json.loads(m.data)) for s, c, m in found if s is not None]


@pytest.fixture
def messages(full_scene: Scene, tmp_path: Path) -> list[tuple[str, str, int, Any]]:
    out = tmp_path / "drive.mcap"
    _write(_drive(full_scene), out)
    return _messages(out)


def test_there_is_a_message_for_everything_in_order_of_time(
    messages: list[tuple[str, str, int, Any]],
) -> None:
    assert Counter(name for _, name, _, _ in messages) == {
        "foxglove.FrameTransforms": 3, "foxglove.CameraCalibration": 2, "foxglove.ImageAnnotations": 3,
        "foxglove.SceneUpdate": 1,
    }  # fmt: skip
    assert [time for _, _, time, _ in messages] == sorted(time for _, _, time, _ in messages)


def test_every_message_has_the_fields_that_its_schema_wants(full_scene: Scene, tmp_path: Path) -> None:
    from mcap.reader import make_reader

    out = tmp_path / "drive.mcap"
    _write(_drive(full_scene), out)
    n_checked = 0
    with out.open("rb") as file:
        for schema, channel, message in make_reader(file).iter_messages():
            assert schema is not None
            assert (schema.encoding, channel.message_encoding) == ("jsonschema", "json")
            n_checked += _check(json.loads(schema.data), json.loads(message.data))
    assert n_checked > 300


def _check(schema: Any, value: Any) -> int:
    """How many values fit the schema; fails at the first that does not."""
    kinds: dict[str, Any] = {
        "object": dict, "array": list, "string": str, "number": (int, float), "integer": int, "boolean": bool,
    }  # fmt: skip
    assert isinstance(value, kinds[schema["type"]]), (schema, value)
    n = 1
    for name in schema.get("required", ()):
        n += _check(schema["properties"][name], value[name])
    if schema["type"] == "array":
        n += sum(_check(schema["items"], item) for item in value)
    return n


def test_boxes_keep_their_corners_and_columns(messages: list[tuple[str, str, int, Any]]) -> None:
    first = next(value for topic, _, _, value in messages if topic == "/cam_front/annotations")
    loops = [points for points in first["points"] if points["type"] == 2]
    corners = np.float32([[1.1, 2.2], [30.3, 2.2], [30.3, 40.4], [1.1, 40.4]]).astype(float).tolist()
    assert [[p["x"], p["y"]] for p in loops[0]["points"]] == corners
    facts = {pair["key"]: pair["value"] for pair in loops[0]["metadata"]}
    assert facts["category"] == "car"
    assert float(facts["score"]) == np.float32(0.9)
    assert (facts["track_id"], facts["origin"], facts["attribute.occluded"]) == ("7", "model", "true")
    assert first["texts"][0]["text"] == "car"


def test_cuboids_poses_and_cameras_are_exact(messages: list[tuple[str, str, int, Any]]) -> None:
    (update,) = [value for _, name, _, value in messages if name == "foxglove.SceneUpdate"]
    (cube,) = update["entities"][0]["cubes"]
    assert cube["pose"]["position"] == {"x": 1.0, "y": 2.0, "z": 3.0}
    assert cube["size"] == {"x": 4.0, "y": 2.0, "z": 1.5}
    assert update["entities"][0]["frame_id"] == "world"
    moves = [t for _, name, _, v in messages if name == "foxglove.FrameTransforms" for t in v["transforms"]]
    assert [(t["parent_frame_id"], t["child_frame_id"]) for t in moves] == [
        ("ego", "cam_front"), ("world", "ego"), ("world", "ego"),
    ]  # fmt: skip
    assert moves[0]["translation"] == {"x": 1.5, "y": 0.5, "z": 1.6}
    assert moves[2]["translation"] == {"x": 4.0, "y": 5.0, "z": 6.0}
    camera = next(value for topic, _, _, value in messages if topic == "/cam_front/calibration")
    assert camera["K"] == MATRIX.reshape(-1).tolist()
    assert (camera["width"], camera["height"]) == (64, 48)


def test_image_files_are_put_in_as_they_are(full_scene: Scene, tmp_path: Path) -> None:
    from dataclasses import replace

    root = Path(full_scene.root)
    sources = (*full_scene.sources[:2], Source("1.png", "image"))
    scene = replace(_drive(full_scene), sources=sources)
    out = tmp_path / "drive.mcap"
    report = _write(scene, out, images=True)
    images = [value for _, name, _, value in _messages(out) if name == "foxglove.CompressedImage"]
    assert len(images) == 4
    assert base64.b64decode(images[0]["data"]) == (root / "0.png").read_bytes()
    assert images[0]["format"] == "png"
    assert ("images", "pixels") not in {(e.object, e.field) for e in report.dropped}


def test_the_report_counts_what_has_no_message(full_scene: Scene, tmp_path: Path) -> None:
    report = _write(_drive(full_scene), tmp_path / "a.mcap")
    assert {(e.object, e.field): e.count for e in report.dropped} == {
        ("tags", ""): 1, ("label_map", ""): 2, ("instance_map", ""): 1, ("images", "pixels"): 4,
    }  # fmt: skip


def test_image_sets_and_early_times_are_refused(full_scene: Scene, tmp_path: Path) -> None:
    from dataclasses import replace

    images = ImageSet("x", (), np.zeros((0, 2), np.int64), DRIVING)
    with pytest.raises(FormatError, match="image sets have no times"):
        _write(images, tmp_path / "a.mcap")
    early = replace(full_scene, samples_ns=np.array([-5]))
    with pytest.raises(FormatError, match="no times before 1970, got -5 ns"):
        _write(early, tmp_path / "a.mcap")
    assert not (tmp_path / "a.mcap").exists()
