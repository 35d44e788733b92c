from __future__ import annotations

import json
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.roboflow import read_roboflow, write_roboflow
from drivelabel.formats.roboflow.layouts import looks_like_roboflow
from drivelabel.formats.yolo.files import looks_like_yolo
from drivelabel.scene import ImageSet
from tests.formats.laws import assert_equal_but_for_report
from tests.formats.strategies import image_sets, with_files


@settings(max_examples=12)
@given(image_sets())
def test_coco_folders_come_back_but_for_what_the_report_lists(images: ImageSet) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = with_files(images, folder / "in")
        written = write_roboflow(images, folder / "out", "truth")
        assert looks_like_roboflow(folder / "out")
        read = read_roboflow(folder / "out")
        assert all((Path(read.data.root) / source.path).is_file() for source in read.data.sources)
    assert_equal_but_for_report(images, read.data, written, read.report)


@settings(max_examples=10)
@given(image_sets())
def test_yolo_folders_come_back_but_for_what_the_report_lists(images: ImageSet) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = with_files(images, folder / "in")
        written = write_roboflow(images, folder / "out", "truth", layout="yolo", task="detect")
        assert looks_like_roboflow(folder / "out") and not looks_like_yolo(folder / "out")
        read = read_roboflow(folder / "out")
    assert_equal_but_for_report(images, read.data, written, read.report)


def test_folders_as_roboflow_writes_them(tmp_path: Path) -> None:
    for folder, boxes in (("train", 2), ("valid", 1)):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "a.jpg"), np.zeros((20, 30, 3), np.uint8))
        value = {
            "info": {"year": "2024"},
            "categories": [
                {"id": 0, "name": "cars", "supercategory": "none"},
                {"id": 1, "name": "car", "supercategory": "cars"},
            ],
            "images": [
                {"id": 0, "file_name": "a.jpg", "height": 20, "width": 30, "extra": {"name": "x.jpg"}}
            ],
            "annotations": [
                {
                    "id": k,
                    "image_id": 0,
                    "category_id": 1,
                    "bbox": [k, 1, 5, 6.5],
                    "area": 32.5,
                    "segmentation": [],
                }
                for k in range(boxes)
            ],
        }
        (tmp_path / folder / "_annotations.coco.json").write_text(json.dumps(value))
    (tmp_path / "README.roboflow.txt").write_text("")
    read = read_roboflow(tmp_path)
    data = read.data
    assert [source.path for source in data.sources] == ["train/a.jpg", "valid/a.jpg"]
    assert {split: rows.tolist() for split, rows in data.splits.items()} == {"train": [0], "val": [1]}
    layer = data.layer("truth")
    assert layer.boxes2d.counts.tolist() == [2, 1]
    assert layer.boxes2d[0].xyxy[1].tolist() == [1, 1, 6, 7.5]
    assert layer.taxonomy.categories[1].parent == "cars"


def test_yolo_as_roboflow_writes_it(tmp_path: Path) -> None:
    for folder in ("train", "valid"):
        (tmp_path / folder / "images").mkdir(parents=True)
        (tmp_path / folder / "labels").mkdir()
        cv2.imwrite(str(tmp_path / folder / "images/a.jpg"), np.zeros((20, 30, 3), np.uint8))
        (tmp_path / folder / "labels/a.txt").write_text("0 0.5 0.5 0.2 0.4")
    text = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnc: 1\nnames: ['car']\n"
    (tmp_path / "data.yaml").write_text(text + "roboflow:\n  version: 1\n")
    with pytest.raises(StoreError, match="test/images: no such folder of images"):
        read_roboflow(tmp_path)
    (tmp_path / "test/images").mkdir(parents=True)
    read = read_roboflow(tmp_path)
    assert {split: rows.tolist() for split, rows in read.data.splits.items()} == {"train": [0], "val": [1]}
    np.testing.assert_allclose(read.data.layer("truth").boxes2d[0].xyxy, [[12, 6, 18, 14]], rtol=1e-6)


def test_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"expected train/_annotations\.coco\.json"):
        read_roboflow(tmp_path)
    with pytest.raises(StoreError, match="no such folder"):
        read_roboflow(tmp_path / "gone")
