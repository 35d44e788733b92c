"""Files of other tools, readers of other tools, and files that break the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from drivelabel.errors import DriveLabelError, FormatError
from drivelabel.formats.coco import read_coco
from drivelabel.formats.loading import read_yaml
from drivelabel.formats.yolo import read_yolo, write_yolo
from drivelabel.formats.yolo.files import label_path, looks_like_yolo
from drivelabel.labels import COCO, Boxes2D, Grouped, Keypoints, Polygons
from drivelabel.scene import ImageSet, Layer, Source

HW = (48, 64)


@pytest.fixture
def images(tmp_path: Path) -> ImageSet:
    """Two images for training, one for validation; the third has no objects."""
    folder = tmp_path / "in"
    folder.mkdir()
    for k in range(3):
        shade = np.random.default_rng(k).integers(0, 255, (*HW, 3), np.uint8)
        cv2.imwrite(str(folder / f"{k}.png"), shade)
    boxes = Boxes2D(
        xyxy=[[10, 5, 30.5, 25], [-4, 2, 12, 60]], category_id=[COCO.id_of("car"), COCO.id_of("person")]
    )
    rings: list[list[np.ndarray]] = [
        [np.array([[10, 5], [30, 5], [25, 25]], np.float32)],
        [np.array([[1, 1], [9, 1], [9, 9], [1, 9]], np.float32), np.array([[20, 20], [30, 20], [30, 30]])],
    ]
    polygons = Polygons(**Polygons.ring_columns(rings), category_id=[2, 0])
    points = Keypoints(keypoints=[[[12, 6, 2], [14, 8, 1], [0, 0, 0]]], category_id=[0])
    groups: dict[str, Any] = {"boxes2d": boxes, "polygons": polygons, "keypoints": points}
    tables = {
        kind: Grouped.from_groups(type(rows), 3, {0: rows, 1: rows, 2: type(rows).empty()})
        for kind, rows in groups.items()
    }
    return ImageSet(
        "three",
        tuple(Source(f"{k}.png", "image") for k in range(3)),
        np.array([HW] * 3),
        COCO,
        {"truth": Layer("truth", COCO, tables=tables)},
        {"train": np.array([0, 2]), "val": np.array([1])},
        str(folder),
    )


def _verified(out: Path, task: str, split: str = "train") -> list[Any]:
    """What ultralytics' own check of a label file says of each image."""
    utils = pytest.importorskip("ultralytics.data.utils")
    config = read_yaml(out / "data.yaml")
    n_points, n_dims = config.get("kpt_shape", (0, 0))
    found = []
    for image in sorted((out / config[split]).rglob("*.png")):
        label = out / label_path(str(image.relative_to(out)))
        assert utils.img2label_paths([str(image)]) == [str(label)]
        found.append(
            utils.verify_image_label(
                (str(image), str(label), "", task == "pose", config["nc"], n_points, n_dims, False)
            )
        )
    return found


@pytest.mark.needs("ultralytics")
@pytest.mark.parametrize("task", ["detect", "segment", "pose"])
def test_ultralytics_reads_the_same_numbers(images: ImageSet, task: Any, tmp_path: Path) -> None:
    write_yolo(images, tmp_path / "out", "truth", task=task, images="copy")
    found = _verified(tmp_path / "out", task)
    assert [(item[8], item[9]) for item in found] == [(0, "")] * 2, "no image is corrupt, no message"
    assert len(found[0][1]) == (3 if task == "pose" else 2)
    assert len(found[1][1]) == 0
    layer = images.layer("truth")
    if task == "detect":
        clipped = np.clip(layer.boxes2d[0].xyxy, 0, [64, 48, 64, 48])
        cxcywh = found[0][1][:, 1:] * [64, 48, 64, 48]
        xyxy = np.concatenate([cxcywh[:, :2] - cxcywh[:, 2:] / 2, cxcywh[:, :2] + cxcywh[:, 2:] / 2], axis=1)
        np.testing.assert_allclose(
            xyxy[np.argsort(xyxy[:, 0])], clipped[np.argsort(clipped[:, 0])], atol=1e-4
        )
    if task == "segment":
        first = found[0][3][0] * [64, 48]
        np.testing.assert_allclose(first, layer.polygons[0].points[0], atol=1e-4)
    if task == "pose":
        seen = found[0][4][2] * [64, 48, 1]
        np.testing.assert_allclose(seen, layer.keypoints[0].keypoints[0], atol=1e-4)


@pytest.mark.slow
@pytest.mark.needs("ultralytics")
def test_ultralytics_trains_an_epoch_on_it(images: ImageSet, tmp_path: Path) -> None:
    ultralytics = pytest.importorskip("ultralytics")
    write_yolo(images, tmp_path / "out", "truth", images="copy")
    config = tmp_path / "tiny.yaml"
    text = "nc: 80\nscales:\n  n: [0.33, 0.125, 64]\nbackbone:\n  - [-1, 1, Conv, [16, 3, 4]]\n"
    text += "  - [-1, 1, Conv, [16, 3, 2]]\nhead:\n  - [[1], 1, Detect, [nc]]\n"
    config.write_text(text)
    model = ultralytics.YOLO(str(config))
    model.train(
        data=str(tmp_path / "out/data.yaml"), epochs=1, imgsz=64, batch=2, device="cpu", workers=0,
        project=str(tmp_path / "runs"), plots=False, verbose=False, amp=False, mosaic=0.0,
    )  # fmt: skip
    assert next((tmp_path / "runs").rglob("last.pt")).is_file()


def test_turned_boxes_keep_their_corners(images: ImageSet, tmp_path: Path) -> None:
    report = write_yolo(images, tmp_path / "out", "truth", task="obb")
    assert {(e.object, e.count) for e in report.dropped} >= {("polygons", 4)}
    layer = read_yolo(tmp_path / "out").data.layer("truth")
    assert len(layer.polygons.rows) == 0
    one = Polygons(
        **Polygons.ring_columns([[np.array([[5, 5], [20, 9], [18, 16], [3, 12]])]]), category_id=[2]
    )
    tables = {"polygons": Grouped.from_groups(Polygons, 3, {0: one})}
    turned = ImageSet(
        "t", images.sources, images.image_hw, COCO, {"a": Layer("a", COCO, tables=tables)}, {}, images.root
    )
    write_yolo(turned, tmp_path / "obb", "a", task="obb")
    again = read_yolo(tmp_path / "obb").data.layer("truth").polygons[0]
    np.testing.assert_allclose(again.points[0], one.points[0], atol=1e-5)
    assert again.attributes.row(0) == {"shape": "rotated_box"}


def test_the_yaml_names_classes_and_splits(images: ImageSet, tmp_path: Path) -> None:
    write_yolo(images, tmp_path / "out", "truth")
    config = read_yaml(tmp_path / "out/data.yaml")
    assert (config["train"], config["val"]) == ("images/train", "images/val")
    assert (config["nc"], config["names"][2]) == (80, "car")
    again = read_yolo(tmp_path / "out").data
    assert {name: len(rows) for name, rows in again.splits.items()} == {"train": 2, "val": 1}
    assert again.taxonomy == COCO


def test_scores_of_predictions_come_back(images: ImageSet, tmp_path: Path) -> None:
    layer = images.layer("truth")
    rows = layer.boxes2d.rows.replace(score=[0.25, 0.5, 0.75, 1.0])
    scored = Grouped(rows, layer.boxes2d.offsets, layer.boxes2d.labelled)
    images = ImageSet(
        "s", images.sources, images.image_hw, COCO, {"p": Layer("p", COCO, tables={"boxes2d": scored})},
        images.splits, images.root,
    )  # fmt: skip
    write_yolo(images, tmp_path / "out", "p", scores=True)
    assert read_yolo(tmp_path / "out").data.layer("truth").boxes2d[0].score.tolist() == [0.25, 0.5]
    with pytest.raises(FormatError, match="scores: expected the task detect, got segment"):
        write_yolo(images, tmp_path / "no", "p", task="segment", scores=True)


def test_real_boxes_equal_those_of_the_same_set_in_coco(shared_data: Path) -> None:
    folder = shared_data / "labelformat_fixtures/object_detection"
    coco = read_coco(folder / "COCO/train.json").data
    yolo = read_yolo(folder / "YOLOv8/example.yaml", image_size="640x416").data
    assert isinstance(yolo, ImageSet) and isinstance(coco, ImageSet)
    assert yolo.taxonomy.names == coco.taxonomy.names
    # The second image is 428 high, which nothing says where the images are absent.
    a, b = coco.layer("truth").boxes2d[0], yolo.layer("truth").boxes2d[0]
    np.testing.assert_allclose(a.xyxy, b.xyxy, atol=1)  # the COCO file has whole pixels
    assert a.category_id.tolist() == b.category_id.tolist()


def test_real_outlines_equal_those_of_the_same_set_in_coco(shared_data: Path) -> None:
    folder = shared_data / "labelformat_fixtures/instance_segmentation"
    coco = read_coco(folder / "COCO/instances.json").data.layer("truth").polygons
    yolo = read_yolo(folder / "YOLOv8/dataset.yaml", image_size="640x428").data.layer("truth").polygons
    # Sorted by name the images stand the other way round.
    for ours, theirs in zip(coco[0].points, yolo[1].points, strict=False):
        np.testing.assert_allclose(ours, theirs, atol=0.01)


def test_folders_of_label_studio_are_read(shared_data: Path) -> None:
    folder = shared_data / "label_studio/test_import_yolo_data_unif_dims"
    assert looks_like_yolo(folder)
    data = read_yolo(folder).data
    assert len(data.layer("truth").boxes2d.rows) > 0


def _small(folder: Path, label: str, config: str = "train: images\nnames: [car, bus]\n") -> Path:
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    cv2.imwrite(str(folder / "images/a.png"), np.zeros((*HW, 3), np.uint8))
    (folder / "labels/a.txt").write_text(label)
    (folder / "data.yaml").write_text(config)
    return folder


def test_what_a_yaml_would_run_is_reported_and_not_run(tmp_path: Path) -> None:
    config = "path: ../elsewhere\ntrain: ../images\nnames: {0: car}\nextra: 1\n"
    config += "download: |\n  open('hacked', 'w')\n"
    read = read_yolo(_small(tmp_path, "0 .5 .5 .1 .1\n", config))
    assert {e.field: e.count for e in read.report.dropped} == {"download": 1, "extra": 1, "path": 1}
    assert not list(tmp_path.rglob("hacked"))
    assert read.data.layer("truth").boxes2d[0].xyxy.tolist() == [pytest.approx([28.8, 21.6, 35.2, 26.4])]


def test_lists_of_images_are_splits(tmp_path: Path) -> None:
    _small(tmp_path, "0 .5 .5 .1 .1\n", "train: train.txt\nval: [images]\nnames: [car]\n")
    (tmp_path / "train.txt").write_text(f"./images/a.png\n\n{tmp_path}/images/a.png\n")
    read = read_yolo(tmp_path)
    assert [source.path for source in read.data.sources] == ["images/a.png"]
    assert read.data.splits["train"].tolist() == [0]


def test_an_empty_file_says_nothing_there_and_a_missing_one_nothing(tmp_path: Path) -> None:
    _small(tmp_path, "")
    cv2.imwrite(str(tmp_path / "images/b.png"), np.zeros((*HW, 3), np.uint8))
    assert read_yolo(tmp_path).data.layer("truth").boxes2d.labelled.tolist() == [True, False]


@pytest.mark.parametrize(
    ("label", "config", "message"),
    [
        ("0 .5 .5 .1\n", "", "a.txt, line 1: expected at least 5 numbers, got 4"),
        ("\n0 .5 .5 .1 x\n", "", "a.txt, line 2: expected numbers"),
        ("0 .5 .5 nan .1\n", "", "a.txt, line 1: expected finite numbers"),
        ("0 .5 .5 1e400 .1\n", "", "a.txt, line 1: expected finite numbers"),
        ("2 .5 .5 .1 .1\n", "", "a.txt, line 1: expected a class from 0 to 1, got 2"),
        ("-1 .5 .5 .1 .1\n", "", "expected a class from 0 to 1, got -1"),
        ("0.5 .5 .5 .1 .1\n", "", "expected a class from 0 to 1, got 0.5"),
        ("0 .5 .5 -.1 .1\n", "", "a.txt, label 0: box has negative size"),
        ("0 .5 1.5 .1 .1\n", "", "a.txt, label 0: expected numbers from 0 to 1"),
        ("0 .5 .5 .1 .1 .2 .3 .4\n", "", "label 0: expected x and y of three points"),
        ("0 .5 .5 .1 .1 7\n", "", r"expected a score in \[0, 1\], got 7"),
        ("", "train: images\nnames: {1: a}\n", "names: expected the numbers 0 to 0"),
        ("", "train: images\nnames: 5\n", "names: expected a list of class names"),
        ("", "train: images\nnames: [a]\nnc: 2\n", "nc: expected 1 like names, got 2"),
        ("", "train: 7\nnames: [a]\n", "train: expected a folder or list file, got int"),
        ("", "train: /etc\nnames: [a]\n", "expected a path inside"),
        ("", "train: gone\nnames: [a]\n", "gone: no such folder of images"),
        ("", "train: images\nnames: [a, a]\n", "occurs twice"),
        ("", "train: images\nnames: [a]\nkpt_shape: [1000000000, 3]\n", "kpt_shape: expected"),
        ("0 .5 .5 .1 .1\n", "train: images\nnames: [a]\nkpt_shape: [1, 3]\n", "expected 8 numbers, got 5"),
        ("0 .5 .5 .1 .1 .1 .1 7\n", "train: images\nnames: [a]\nkpt_shape: [1, 3]\n", "expected visibility"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_named(label: str, config: str, message: str, tmp_path: Path) -> None:
    folder = _small(tmp_path, label, config or "train: images\nnames: [car, bus]\n")
    with pytest.raises(DriveLabelError, match=message):
        read_yolo(folder)
    if not config:
        skipped = read_yolo(folder, on_invalid="skip")
        assert len(skipped.data.sources) == 0
        assert [e.note[:8] for e in skipped.report.dropped] == ["invalid:"]


def test_a_missing_image_asks_for_its_size(tmp_path: Path) -> None:
    _small(tmp_path, "0 .5 .5 .1 .1\n", "train: train.txt\nnames: [a]\n")
    (tmp_path / "train.txt").write_text("images/b.png\n")
    with pytest.raises(FormatError, match=r"b\.png: no such image.*Pass image_size=WIDTHxHEIGHT"):
        read_yolo(tmp_path)
    assert read_yolo(tmp_path, image_size="64x48").data.image_hw.tolist() == [[48, 64]]
