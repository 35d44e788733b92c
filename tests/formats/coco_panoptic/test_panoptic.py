from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from drivelabel.errors import DriveLabelError
from drivelabel.formats.coco_panoptic import read_coco_panoptic, write_coco_panoptic
from drivelabel.formats.coco_panoptic.read import looks_like_coco_panoptic
from drivelabel.labels import VOID
from drivelabel.scene import ImageSet
from tests.formats.laws import assert_equal_but_for_report
from tests.formats.strategies import image_sets


@settings(max_examples=20)
@given(image_sets(("label_map", "instance_map", "tags", "lane_lines")))
def test_masks_come_back_but_for_what_the_report_lists(images: ImageSet) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = write_coco_panoptic(images, Path(folder) / "out", "truth")
        read = read_coco_panoptic(Path(folder) / "out")
    assert_equal_but_for_report(images, read.data, written, read.report, extra_kinds=("boxes2d",))


def test_real_files_say_what_their_pixels_say(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "datumaro_formats/coco_dataset/coco/annotations"
    path = folder / "panoptic_val.json"
    assert looks_like_coco_panoptic(path)
    read = read_coco_panoptic(path)
    bgr = cv2.imread(str(folder / "panoptic_val/b.png")).astype(int)
    ids = bgr[..., 2] + 256 * bgr[..., 1] + 65536 * bgr[..., 0]
    segments = json.loads(path.read_text())["annotations"][0]["segments_info"]
    expected = np.full(ids.shape, VOID)
    for segment in segments:
        expected[ids == segment["id"]] = segment["category_id"] - 1
    np.testing.assert_array_equal(read.data.layer("truth").label_map(0).label_map, expected)
    assert read.data.layer("truth").instance_maps is None, "no class of the file is a thing"
    written = write_coco_panoptic(read.data, tmp_path / "out", "truth")
    again = read_coco_panoptic(tmp_path / "out")
    assert_equal_but_for_report(read.data, again.data, written, again.report)


def test_things_have_boxes_and_pixels_and_crowds_only_pixels(tmp_path: Path) -> None:
    path = _file(tmp_path)
    layer = read_coco_panoptic(path).data.layer("truth")
    assert layer.boxes2d[0].xyxy.tolist() == [[0, 0, 2, 4]]
    track = int(layer.boxes2d[0].track_id[0])
    assert layer.instance_map(0).mask(track).sum() == 8
    values, counts = np.unique(layer.label_map(0).label_map, return_counts=True)
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == {0: 12, 1: 4, VOID: 4}


def _file(folder: Path, **changes: Any) -> Path:
    """A car of 8 pixels, a crowd of cars of 4, road of 4, and 4 void pixels."""
    ids = np.repeat(np.array([[300, 300, 2, 3, 0]]), 4, axis=0)
    (folder / "p").mkdir()
    cv2.imwrite(
        str(folder / "p/a.png"), np.stack([ids >> 16, ids >> 8 & 255, ids & 255], axis=-1).astype(np.uint8)
    )
    value: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 5, "height": 4}],
        "categories": [{"id": 1, "name": "car", "isthing": 1}, {"id": 2, "name": "road", "isthing": 0}],
        "annotations": [
            {
                "image_id": 1,
                "file_name": "a.png",
                "segments_info": [
                    {"id": 300, "category_id": 1, "area": 8, "bbox": [0, 0, 2, 4], "iscrowd": 0},
                    {"id": 2, "category_id": 1, "area": 4, "bbox": [2, 0, 1, 4], "iscrowd": 1},
                    {"id": 3, "category_id": 2, "area": 4, "bbox": [3, 0, 1, 4], "iscrowd": 0},
                ],
            }
        ],
    }
    (folder / "p.json").write_text(json.dumps(value | changes))
    return folder / "p.json"


def _annotation(**changes: Any) -> dict[str, Any]:
    return {"annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": []} | changes]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (_annotation(image_id=2), "annotations 0: image_id 2: unknown, or twice"),
        (_annotation(file_name="../../b.png"), "no such image"),
        (_annotation(segments_info=[{"id": 1, "category_id": 9}]), "category_id: there is none of id 9"),
        (_annotation(segments_info=[{"id": 1, "category_id": 1}] * 2), "segments_info: an id occurs twice"),
        (_annotation(segments_info=7), "segments_info: expected a list"),
        (
            {"images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 4}]},
            "a.png: expected 9x4 pixels, got 5x4",
        ),
    ],
)
def test_what_breaks_a_rule_is_named(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = _file(tmp_path, **changes)
    with pytest.raises(DriveLabelError, match=message):
        read_coco_panoptic(path)
    skipped = read_coco_panoptic(path, on_invalid="skip")
    assert sum(e.note.startswith("invalid") for e in skipped.report.dropped) == 1


def test_pixels_of_no_segment_are_counted(tmp_path: Path) -> None:
    report = read_coco_panoptic(_file(tmp_path, **_annotation())).report
    (entry,) = report.approximated
    assert (entry.object, entry.largest_error, entry.unit) == ("label_map", 16, "pixels")
