from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from drivelabel.errors import DriveLabelError, FormatError
from drivelabel.formats.label_images import png_of_mask
from drivelabel.formats.labelme import read_labelme, write_labelme
from drivelabel.formats.labelme.read import looks_like_labelme
from drivelabel.scene import ImageSet, Scene
from tests.formats.laws import assert_equal_but_for_report
from tests.formats.strategies import image_sets, scenes


@settings(max_examples=12)
@given(image_sets())
def test_images_come_back_but_for_what_the_report_lists(images: ImageSet) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = write_labelme(images, Path(folder) / "out", "truth")
        if not list((Path(folder) / "out").rglob("*.json")):
            return
        read = read_labelme(Path(folder) / "out")
    assert_equal_but_for_report(images, read.data, written, read.report)


@settings(max_examples=6)
@given(scenes(("boxes2d", "polygons"), all_labelled=True))
def test_drives_come_back_as_images(scene: Scene) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = write_labelme(scene, Path(folder) / "out", "truth")
        read = read_labelme(Path(folder) / "out")
    assert_equal_but_for_report(scene, read.data, written, read.report)


def _shape(kind: str = "rectangle", points: Any = ((1, 2), (5, 6)), **more: Any) -> dict[str, Any]:
    return {"label": "car", "shape_type": kind, "points": points, "group_id": None, "flags": {}} | more


def _file(folder: Path, *shapes: Any, **changes: Any) -> Path:
    value = {
        "version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": "a.jpg", "imageData": None,
        "imageHeight": 20, "imageWidth": 30,
    }  # fmt: skip
    path = folder / "a.json"
    path.write_text(json.dumps(value | changes))
    return path


def test_shapes_become_what_they_are(tmp_path: Path) -> None:
    mask = np.zeros((3, 4), bool)
    mask[1:, 2:] = True
    text = base64.b64encode(png_of_mask(mask)).decode()
    path = _file(
        tmp_path,
        _shape(points=[[5, 6], [1, 2]], flags={"occluded": True}, description="dark"),
        _shape("polygon", [[0, 0], [9, 0], [9, 9]], label="road"),
        _shape("linestrip", [[0, 0], [9, 9]], label="line"),
        _shape("point", [[3, 4]], label="sign"),
        _shape("circle", [[10, 10], [15, 10]]),
        _shape("oriented_rectangle", [[1, 1], [5, 2], [4, 6], [0, 5]]),
        _shape("mask", [[10, 5], [13, 7]], mask=text),
        flags={"night": True},
        otherData="x",
    )
    assert looks_like_labelme(path)
    read = read_labelme(tmp_path)
    layer = read.data.layer("truth")
    assert layer.boxes2d[0].xyxy.tolist() == [[1, 2, 5, 6], [10, 5, 14, 8]]
    assert layer.boxes2d[0].attributes.row(0) == {"occluded": True, "description": "dark"}
    assert layer.polygons[0].points[0].tolist() == [[0, 0], [9, 0], [9, 9]]
    assert layer.polygons[0].attributes.row(2) == {"shape": "rotated_box"}
    assert layer.lane_lines[0].points[0].tolist() == [[0, 0], [9, 9]]
    assert layer.keypoints[0].keypoints[0].tolist() == [[3, 4, 2]]
    inside = layer.instance_map(0).mask(int(layer.boxes2d[0].track_id[1]))
    assert np.argwhere(inside).tolist() == [[6, 12], [6, 13], [7, 12], [7, 13]]
    assert layer.tags[0].attributes.row(0) == {"labelme.night": True, "labelme.otherData": "x"}
    (circle,) = [e for e in read.report.approximated if "circle" in e.note]
    ring = layer.polygons[0].points[1]
    np.testing.assert_allclose(np.linalg.norm(ring - [10, 10], axis=1), 5, atol=1e-5)
    assert 0 < circle.largest_error < 0.01


def test_keys_of_x_anylabeling_are_kept_or_counted(tmp_path: Path) -> None:
    extra = {
        "score": 0.5,
        "difficult": True,
        "direction": 1.5,
        "attributes": {"color": "red"},
        "kie_linking": [[1, 2]],
    }
    corners = [[1, 2], [5, 2], [5, 6], [1, 6]]
    path = _file(tmp_path, _shape(points=corners, **extra), _shape("rotation", corners))
    read = read_labelme(path)
    boxes = read.data.layer("truth").boxes2d[0]
    assert boxes.score.tolist() == [0.5]
    assert boxes.attributes.row(0) == {"color": "red", "difficult": True, "direction": 1.5}
    assert [(e.object, e.field) for e in read.report.dropped] == [("shapes", "kie_linking")]
    assert read.data.layer("truth").polygons[0].attributes.row(0) == {"shape": "rotated_box"}


def test_the_size_comes_from_the_image_where_the_file_has_none(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((7, 9, 3), np.uint8))
    read = read_labelme(_file(tmp_path, imageHeight=None))
    assert read.data.image_hw.tolist() == [[7, 9]]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (5, "shape 0: expected an object, got int"),
        (_shape(label=5), "label: expected a text"),
        (_shape(points=[]), "points: expected at least one"),
        (_shape(points=[[1, 2], [3, None]]), "points: expected a list of numbers"),
        (_shape(points=[[1, 2], [3, 1e300]]), "points: expected finite numbers"),
        (_shape(points=[[1, 2]]), "expected two or four corners"),
        (_shape("polygon", [[1, 2], [3, 4]]), "expected at least three"),
        (_shape("circle", [[1, 2]]), "expected centre and edge"),
        (_shape("linestrip", [[1, 2]]), "expected at least two"),
        (_shape("spiral"), "unknown type 'spiral'"),
        (_shape(score=2), r"score: expected a number in \[0, 1\]"),
        (_shape("mask", [[1, 2], [99, 6]], mask=""), "first and last pixel of a mask inside"),
        (_shape("mask", mask="!!"), "mask: no base64"),
        (_shape("mask", mask="iVBORw0KGgo="), "mask: expected a PNG of 5x5 pixels"),
        (_shape() | {"kind": "traffic_light"}, "'keypoints' is missing"),
    ],
)
def test_what_breaks_a_rule_is_named(shape: Any, message: str, tmp_path: Path) -> None:
    path = _file(tmp_path, shape)
    with pytest.raises(FormatError, match=message) as error:
        read_labelme(path)
    assert "a.json" in str(error.value)
    skipped = read_labelme(path, on_invalid="skip")
    assert len(skipped.data.sources) == 1
    assert sum(e.count for e in skipped.report.dropped) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shapes": None}, "shapes: expected a list"),
        ({"imageHeight": -1}, "expected an image of 1 to"),
        ({"imageHeight": 10**9, "imageWidth": 10**9}, "expected an image of 1 to"),
        ({"imageHeight": None}, "no such image file"),
    ],
)
def test_bad_files_are_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DriveLabelError, match=message):
        read_labelme(_file(tmp_path, **changes))
