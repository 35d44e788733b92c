"""globox reads the same boxes from what we write as COCO, YOLO and VOC.

Set DRIVELABEL_PEERS_PYTHON to a Python that has globox.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivelabel.formats import find_writer
from drivelabel.labels import COCO, Boxes2D, Grouped
from drivelabel.scene import ImageSet, Layer, Source

_READ = """
import json, sys
from globox import AnnotationSet
name, folder = sys.argv[1:]
if name == "coco":
    found = AnnotationSet.from_coco(folder + "/annotations.json")
elif name == "voc":
    found = AnnotationSet.from_pascal_voc(folder + "/Annotations")
else:
    found = AnnotationSet.from_yolo_v5(folder + "/labels/train", image_folder=folder + "/images/train",
        image_extension=".png")
boxes = {a.image_id: [[b.xmin, b.ymin, b.xmax, b.ymax, str(b.label)] for b in a.boxes] for a in found}
print(json.dumps(boxes))
"""

_OPTIONS = {"coco": {}, "voc": {"pixels": "corner"}, "yolo": {}}


@pytest.fixture
def images(tmp_path: Path) -> ImageSet:
    root = tmp_path / "in"
    root.mkdir()
    groups = {}
    rng = np.random.default_rng(0)
    for k in range(2):
        cv2.imwrite(str(root / f"picture_{k}.png"), np.zeros((48, 64, 3), np.uint8))
        corner, size = rng.uniform(0, 30, (4, 2)), rng.uniform(2, 15, (4, 2))
        xyxy = np.concatenate([corner, corner + size], axis=1).astype(np.float32)
        groups[k] = Boxes2D(xyxy=xyxy, category_id=rng.integers(0, 80, 4))
    layer = Layer("truth", COCO, tables={"boxes2d": Grouped.from_groups(Boxes2D, 2, groups)})
    sources = tuple(Source(f"picture_{k}.png", "image") for k in range(2))
    return ImageSet("two", sources, np.array([[48, 64]] * 2), COCO, {"truth": layer}, root=str(root))


@pytest.mark.parametrize("name", ["coco", "voc", "yolo"])
def test_globox_reads_the_same_boxes(name: str, images: ImageSet, tmp_path: Path) -> None:
    python = os.environ.get("DRIVELABEL_PEERS_PYTHON")
    if not python:
        pytest.skip("DRIVELABEL_PEERS_PYTHON names no Python with globox")
    find_writer(name)(images, tmp_path / "out", "truth", images="copy", **_OPTIONS[name])
    command = [python, "-W", "ignore", "-c", _READ, name, str(tmp_path / "out")]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    by_stem = {Path(image).stem: boxes for image, boxes in found.items()}
    for k in range(2):
        ours, theirs = images.layer("truth").boxes2d[k], by_stem[f"picture_{k}"]
        np.testing.assert_allclose([box[:4] for box in theirs], ours.xyxy, atol=1e-4)
        names = [str(c) if name == "yolo" else COCO.names[c] for c in ours.category_id.tolist()]
        assert [box[4] for box in theirs] == names
