"""Files that other tools wrote."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivelabel.errors import DriveLabelError, FormatError
from drivelabel.formats import Entry
from drivelabel.formats.coco import read_coco, write_coco
from drivelabel.formats.coco.files import looks_like_coco
from drivelabel.formats.loading import kept_name
from drivelabel.labels import NO_TRACK
from drivelabel.labels.taxonomies import COCO
from drivelabel.scene import ImageSet
from tests.formats.laws import assert_equal_but_for_report


def _read(path: Path, **options: Any) -> tuple[ImageSet, list[Entry], list[Entry]]:
    found = read_coco(path, **options)
    assert isinstance(found.data, ImageSet)
    return found.data, list(found.report.dropped), list(found.report.approximated)


def _file(folder: Path, **changes: Any) -> Path:
    value: dict[str, Any] = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 20, "height": 10}],
        "categories": [{"id": 3, "name": "car"}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4], "iscrowd": 0}],
    }
    path = folder / "labels.json"
    path.write_text(json.dumps(value | changes))
    return path


def test_val2014_says_what_pycocotools_reads(shared_data: Path) -> None:
    mask_module = pytest.importorskip("pycocotools.mask")
    path = shared_data / "coco_eval/instances_val2014_100.json"
    truth = json.loads(path.read_text())
    data, dropped, _ = _read(path)
    layer = data.layer("truth")
    assert (len(data), layer.taxonomy) == (100, COCO)
    by_image: dict[int, list[Any]] = {image["id"]: [] for image in truth["images"]}
    for annotation in truth["annotations"]:
        by_image[annotation["image_id"]].append(annotation)
    for row, image in enumerate(truth["images"]):
        theirs = by_image[image["id"]]
        xywh = np.array([a["bbox"] for a in theirs], np.float64).reshape(-1, 4)
        xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
        np.testing.assert_array_equal(layer.boxes2d[row].xyxy, xyxy.astype(np.float32))
        for box, annotation in enumerate(theirs):
            _check_area(layer, row, box, annotation, mask_module)
    tags = layer.tags[0].attributes.row(0)
    assert (tags["coco.id"], tags["coco.license"]) == (1146, 3)
    assert {(e.object, e.field): e.count for e in dropped} == {
        ("categories", "supercategory"): 80 - 1,
        ("annotations", "id"): 839,
        ("files", "info"): 6,
        ("files", "licenses"): 8,
    }


def _check_area(layer: Any, row: int, box: int, annotation: Any, mask_module: Any) -> None:
    track = layer.boxes2d[row].track_id[box]
    segmentation = annotation["segmentation"]
    if annotation["iscrowd"]:
        assert layer.boxes2d[row].attributes["iscrowd"].is_value(True)[box]
        height, width = segmentation["size"]
        mask = mask_module.decode(mask_module.frPyObjects(segmentation, height, width)) == 1
        ours = layer.instance_map(row)
        covered = (ours.instance_map > 0) & ~ours.mask(track)
        np.testing.assert_array_equal(ours.mask(track) | (covered & mask), mask)
        return
    polygons = layer.polygons[row]
    (own,) = np.flatnonzero(polygons.track_id == track)
    rings = [ring.astype(np.float64).reshape(-1).tolist() for ring in polygons.rings(own)]
    assert rings == [np.array(flat, np.float32).astype(np.float64).tolist() for flat in segmentation]


def test_val2014_comes_back_from_our_own_file(shared_data: Path, tmp_path: Path) -> None:
    first = read_coco(shared_data / "coco_eval/instances_val2014_100.json")
    written = write_coco(first.data, tmp_path / "again.json", "truth")
    again = read_coco(tmp_path / "again.json")
    assert_equal_but_for_report(first.data, again.data, written, again.report)
    assert written.is_lossless
    theirs = json.loads((tmp_path / "again.json").read_text())
    assert theirs["images"][0]["id"] == 1146 and theirs["images"][0]["coco_url"].endswith("1146.jpg")
    assert [c["id"] for c in theirs["categories"]][-1] == 90
    assert len(theirs["annotations"]) == 839


def test_results_judge_as_the_file_they_come_from(shared_data: Path, tmp_path: Path) -> None:
    coco_module = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    folder = shared_data / "coco_eval"
    data, *_ = _read(
        folder / "instances_val2014_100.json",
        results=folder / "instances_val2014_fakebbox100_results.json",
    )
    assert len(data.layer("predictions").boxes2d.rows) == 734
    write_coco(data, tmp_path / "truth.json", "truth")
    write_coco(data, tmp_path / "pred.json", "predictions", results=True)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco_module.COCO(str(tmp_path / "truth.json"))
        judge = evaluation.COCOeval(truth, truth.loadRes(str(tmp_path / "pred.json")), "bbox")
        judge.evaluate(), judge.accumulate(), judge.summarize()
    expected = [0.504581, 0.696973, 0.572982, 0.585626, 0.519400, 0.501398]
    np.testing.assert_allclose(judge.stats[:6], expected, atol=1e-4)
    np.testing.assert_allclose(judge.stats[0], expected[0], atol=1e-6)


def test_keypoints_crowds_and_attributes(shared_data: Path) -> None:
    folder = shared_data / "datumaro_formats/coco_dataset/coco/annotations"
    data, *_ = _read(folder / "person_keypoints_val.json")
    layer = data.layer("truth")
    boxes, points = layer.boxes2d[0], layer.keypoints[0]
    assert boxes.xyxy.tolist() == [[0, 0, 1, 2], [0, 0, 1, 9]]
    assert boxes.attributes.row(0) == {"x": 1, "y": "hello"}
    assert boxes.attributes.row(1) == {"iscrowd": True}
    assert points.keypoints[0].tolist() == [[1, 2, 2], [3, 4, 2], [2, 3, 2]]
    assert points.track_id.tolist() == boxes.track_id.tolist()
    assert layer.polygons[0].points[0].tolist() == [[0, 0], [1, 0], [1, 2], [0, 2]]
    assert int(layer.instance_map(0).mask(int(boxes.track_id[1])).sum()) == 20


def test_captions_and_classes_of_images_are_tags(shared_data: Path) -> None:
    folder = shared_data / "datumaro_formats/coco_dataset/coco/annotations"
    tags = _read(folder / "captions_val.json")[0].layer("truth").tags[0]
    assert [tags.attributes.row(k).get("caption") for k in range(len(tags))] == [None, "world", "text"]
    tags = _read(folder / "labels_val.json")[0].layer("truth").tags[0]
    assert [tags.attributes.row(k).get("category") for k in range(len(tags))] == [None, "a", "b"]


def test_cocos_folder_has_a_file_a_split(shared_data: Path) -> None:
    folder = shared_data / "datumaro_formats/coco_dataset/coco"
    assert looks_like_coco(folder)
    data, dropped, _ = _read(folder)
    assert [source.path for source in data.sources] == ["images/train/a.jpg", "images/val/b.jpg"]
    assert all((Path(data.root) / source.path).is_file() for source in data.sources)
    assert {name: rows.tolist() for name, rows in data.splits.items()} == {"train": [0], "val": [1]}
    assert sum(e.object == "files" and e.field.endswith(".json") for e in dropped) == 12


@pytest.mark.parametrize("name", ["coco_eval", "labelformat_fixtures", "datumaro_formats"])
def test_every_real_file_comes_back_but_for_the_report(name: str, shared_data: Path, tmp_path: Path) -> None:
    n = 0
    for path in sorted((shared_data / name).rglob("*.json")):
        if not looks_like_coco(path):
            continue
        first = read_coco(path, on_invalid="skip")
        written = write_coco(first.data, tmp_path / f"{n}.json", "truth")
        again = read_coco(tmp_path / f"{n}.json")
        assert_equal_but_for_report(first.data, again.data, written, again.report)
        n += 1
    assert n >= 2


def test_a_bad_file_is_refused_or_read_without_what_is_bad(shared_data: Path) -> None:
    path = shared_data / "coco_eval/hotcoco_healthcheck_bad.json"
    with pytest.raises(FormatError, match=r"hotcoco_healthcheck_bad\.json, image 2: expected 1 to"):
        read_coco(path)
    data, dropped, _ = _read(path, on_invalid="skip")
    assert len(data) == 1
    reasons = [e.note for e in dropped if e.note.startswith("invalid")]
    assert len(reasons) >= 2


_BOX = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"annotations": [_BOX | {"bbox": [1, 2, -3, 4]}]}, "annotation 0: bbox: has negative size -3 x 4"),
        ({"annotations": [_BOX | {"bbox": [1, 2, 3]}]}, "annotation 0: bbox: expected 4 numbers, got 3"),
        ({"annotations": [_BOX | {"bbox": [1, 2, 3, "4"]}]}, "annotation 0: bbox: expected a list of"),
        ({"annotations": [_BOX | {"bbox": [1, 2, 3, 1e300]}]}, "annotation 0: bbox: expected finite numbers"),
        ({"annotations": [_BOX | {"image_id": 8}]}, "annotation 0: image_id: there is none of id 8"),
        ({"annotations": [_BOX | {"image_id": "7"}]}, "annotation 0: image_id: expected a whole number"),
        ({"annotations": [_BOX | {"category_id": 1}]}, "annotation 0: category_id: there is none of id 1"),
        ({"annotations": [_BOX, _BOX]}, "annotation 1: id 1: occurs twice"),
        ({"annotations": [_BOX | {"score": 1.5}]}, r"annotation 0: score: expected a number in \[0, 1\]"),
        ({"annotations": [5]}, "annotation 0: expected an object, got int"),
        ({"annotations": {}}, "annotations: expected a list"),
        ({"annotations": [_BOX | {"segmentation": [[1, 2, 3]]}]}, "0: segmentation: expected x and y"),
        ({"annotations": [_BOX | {"segmentation": 7}]}, "annotation 0: segmentation: expected a list"),
        (
            {"annotations": [_BOX | {"segmentation": {"size": [10, 20], "counts": [5]}}]},
            "annotation 0: segmentation: rle: expected runs of 200 pixels",
        ),
        (
            {"annotations": [_BOX | {"segmentation": {"size": [2**31, 2**31], "counts": "x"}}]},
            r"annotation 0: segmentation: expected a mask of size \[10, 20\]",
        ),
        (
            {"annotations": [_BOX | {"segmentation": {"size": [10, 20], "counts": [-1, 201]}}]},
            "annotation 0: segmentation: expected counts of at least 0",
        ),
        ({"annotations": [_BOX | {"keypoints": [1, 2, 3]}]}, "annotation 0: keypoints: expected visibility"),
        ({"annotations": [_BOX | {"keypoints": [1, 2]}]}, "annotation 0: keypoints: expected u, v and"),
        ({"annotations": [_BOX | {"kind": "lane_line"}]}, "annotation 0: 'polyline' is missing"),
        ({"annotations": [_BOX | {"kind": "traffic_light"}]}, "annotation 0: 'keypoints' is missing"),
        (
            {"images": [{"id": 7, "file_name": "a.jpg", "width": 0, "height": 10}]},
            "image 0: expected 1 to 200000000 pixels, got width 0 and height 10",
        ),
        (
            {"images": [{"id": 7, "file_name": "a.jpg", "width": 2**40, "height": 2**40}]},
            "image 0: expected 1 to 200000000 pixels",
        ),
        ({"images": [{"id": 7, "width": 1, "height": 1}]}, "image 0: 'file_name' is missing"),
        ({"images": None}, "images: expected a list, got null"),
        ({"categories": [{"id": 3, "name": "a"}] * 2}, "categories 1: id 3, name 'a': occurs twice"),
        ({"categories": [{"id": k, "name": str(k)} for k in range(300)]}, "at most 255 categories"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_named(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = _file(tmp_path, **changes)
    with pytest.raises(DriveLabelError, match=message) as error:
        read_coco(path)
    assert type(error.value) is FormatError
    if re.search("(annotation [01]|^0):", message):
        data, dropped, _ = _read(path, on_invalid="skip")
        assert len(data) == 1
        assert sum(e.count for e in dropped if e.note.startswith("invalid: ")) == 1


def test_a_results_file_alone_says_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("[]")
    with pytest.raises(FormatError, match=r"results file: read the truth and pass results=results\.json"):
        read_coco(path)


def test_overlapping_masks_are_counted(tmp_path: Path) -> None:
    rle = {"size": [10, 20], "counts": [0, 50, 150]}
    annotations = [_BOX | {"id": 1, "segmentation": rle}, _BOX | {"id": 2, "segmentation": rle}]
    data, _, approximated = _read(_file(tmp_path, annotations=annotations))
    (entry,) = [e for e in approximated if e.object == "instance_map"]
    assert (entry.count, entry.largest_error, entry.unit) == (1, 50, "pixels")
    assert len(data.layer("truth").boxes2d.rows) == 2


def test_names_that_lead_out_stay_below_the_folder(tmp_path: Path) -> None:
    assert kept_name("/etc/../a.jpg") == ("etc/a.jpg", False)
    images = [{"id": 7, "file_name": "../../x/a.jpg", "width": 20, "height": 10}]
    data, dropped, _ = _read(_file(tmp_path, images=images))
    assert data.sources[0].path == "x/a.jpg"
    assert any((e.object, e.field, e.count) == ("images", "file_name", 1) for e in dropped)


def test_boxes_alone_belong_to_no_track(tmp_path: Path) -> None:
    boxes = _read(_file(tmp_path))[0].layer("truth").boxes2d[0]
    assert boxes.track_id.tolist() == [NO_TRACK]
