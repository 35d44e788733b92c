import contextlib
import importlib.util
import io
import json

import numpy as np
import pytest

from drivelabel.errors import InvalidLabelError, MissingExtraError
from drivelabel.evaluation.boxes import CocoObjects, ImageBoxes, coco_average_precision
from drivelabel.evaluation.boxes import coco as module
from drivelabel.geometry import mask_to_rle

pytestmark = pytest.mark.needs("pycocotools")


@pytest.fixture(params=["hotcoco", "pycocotools"])
def counter(request, monkeypatch):
    """Both libraries that may count."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    find = importlib.util.find_spec
    if request.param == "pycocotools":
        monkeypatch.setattr(
            module.importlib.util, "find_spec", lambda name: None if name == "hotcoco" else find(name)
        )
    return request.param


def objects_of_json(rows, **columns):
    xywh = np.array([row["bbox"] for row in rows], np.float64).reshape(-1, 4)
    boxes = ImageBoxes.of(
        [row["image_id"] for row in rows],
        [row["category_id"] for row in rows],
        np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1),
        [row.get("score", 1.0) for row in rows],
    )
    return CocoObjects.of(boxes, **columns)


def test_the_published_numbers_of_val2014_come_out(shared_data, counter):
    stated = json.loads((shared_data / "coco_eval" / "instances_val2014_100.json").read_text())
    found = json.loads((shared_data / "coco_eval" / "instances_val2014_fakebbox100_results.json").read_text())
    rows = stated["annotations"]
    truth = objects_of_json(rows, area=[row["area"] for row in rows], crowd=[row["iscrowd"] for row in rows])
    images = [image["id"] for image in stated["images"]]
    categories = [category["id"] for category in stated["categories"]]
    result = coco_average_precision(truth, objects_of_json(found), "boxes", images, category_ids=categories)
    numbers = (
        0.504581, 0.696973, 0.572982, 0.585626, 0.519400, 0.501398,
        0.386813, 0.593680, 0.595353, 0.639811, 0.566421, 0.564291,
    )  # fmt: skip
    names = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]
    expected = dict(zip(names, numbers, strict=True))
    assert {name: round(value, 6) for name, value in result.summary.items()} == expected
    assert result.counted_by == counter
    assert result.to_json()["n_images"] == 100
    assert result.n_truth.sum() == sum(not row["iscrowd"] for row in rows)


def random_objects(seed, kind, n=120):
    """Truth and predictions near it: ties, crowds, foreign classes, empty images, no visible point."""
    rng = np.random.default_rng(seed)
    image, category = rng.integers(0, 12, n), rng.integers(1, 4, n)
    corner, size = rng.uniform(0, 200, (n, 2)), rng.uniform(2, 120, (n, 2))
    if seed % 2:
        corner, size = np.round(corner, -1), np.round(size, -1) + 10
    rows = np.repeat(np.arange(n), rng.integers(0, 3, n))
    shift = rng.normal(0, 0.1, (len(rows), 2)) * size[rows]
    near = np.abs(np.round(corner[rows] + shift, -1) if seed % 2 else corner[rows] + shift)
    of_truth = ImageBoxes.of(image, category, np.c_[corner, corner + size])
    foreign = np.where(rng.random(len(rows)) < 0.1, 9, category[rows])
    of_pred = ImageBoxes.of(
        image[rows], foreign, np.c_[near, near + size[rows]], rng.random(len(rows)).round(1)
    )
    crowd = rng.random(n) < 0.1
    if kind == "boxes":
        return CocoObjects.of(of_truth, rng.uniform(50, 9000, n), crowd), CocoObjects.of(of_pred)
    if kind == "masks":
        return tuple(
            CocoObjects.of(boxes, crowd=flags, rles=[rle_of(box) for box in boxes.xyxy])
            for boxes, flags in ((of_truth, crowd), (of_pred, None))
        )
    keypoints = np.concatenate(
        [corner[:, None] + rng.random((n, 17, 2)) * size[:, None], rng.integers(0, 3, (n, 17, 1))], axis=2
    )
    keypoints[:5, :, 2] = 0
    moved = keypoints[rows] + np.concatenate(
        [rng.normal(0, 4, (len(rows), 17, 2)), np.ones((len(rows), 17, 1))], 2
    )
    return CocoObjects.of(of_truth, crowd=crowd, keypoints=keypoints), CocoObjects.of(
        of_pred, keypoints=moved
    )


def rle_of(box):
    mask = np.zeros((400, 400), np.bool_)
    x0, y0, x1, y1 = box.astype(int)
    mask[y0:y1, x0:x1] = True
    return mask_to_rle(mask)


def by_pycocotools(truth, pred, kind):
    """The reference on JSON written here, apart from the code under test."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def rows(objects, with_box):
        for k in range(len(objects.boxes)):
            x0, y0, x1, y1 = objects.boxes.xyxy[k].tolist()
            row = {
                "image_id": int(objects.boxes.image[k]),
                "category_id": int(objects.boxes.category_id[k]),
                "area": float(objects.area[k]),
                "iscrowd": int(objects.crowd[k]),
                "score": float(objects.boxes.score[k]),
                "id": k + 1,
            }
            if with_box:
                row["bbox"] = [x0, y0, x1 - x0, y1 - y0]
            if kind == "masks":
                row["segmentation"] = dict(objects.rles[k])
            if kind == "keypoints":
                row["keypoints"] = objects.keypoints[k].ravel().tolist()
                row["num_keypoints"] = int((objects.keypoints[k, :, 2] > 0).sum())
            yield row

    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": k, "height": 400, "width": 400} for k in range(12)],
            "annotations": list(rows(truth, True)),
            "categories": [{"id": k, "name": str(k)} for k in (1, 2, 3, 9)],
        }
        coco.createIndex()
        found = coco.loadRes(list(rows(pred, kind == "boxes")))
        engine = COCOeval(coco, found, {"boxes": "bbox", "masks": "segm", "keypoints": "keypoints"}[kind])
        engine.evaluate()
        engine.accumulate()
        engine.summarize()
    return engine.stats, engine.eval["precision"], engine.eval["recall"]


@pytest.mark.parametrize("kind", ["boxes", "masks", "keypoints"])
@pytest.mark.parametrize("seed", range(4))
def test_all_numbers_equal_pycocotools(seed, kind, counter):
    truth, pred = random_objects(seed, kind)
    result = coco_average_precision(truth, pred, kind, np.arange(12), category_ids=[1, 2, 3, 9])
    stats, precision, recall = by_pycocotools(truth, pred, kind)
    np.testing.assert_allclose(list(result.summary.values()), stats, rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.precision, precision, rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.recall, recall, rtol=0, atol=1e-12)


def test_average_precision_of_a_class_and_an_iou_can_be_asked(counter):
    truth, pred = random_objects(0, "boxes")
    result = coco_average_precision(truth, pred)
    assert 0 < result.average_precision(1) <= result.average_precision(1, 0.5) <= 1
    assert np.isnan(result.average_precision(9))
    assert result.to_json()["classes"]["9"] == {"AP": None, "n_truth": 0, "n_pred": int(result.n_pred[-1])}
    with pytest.raises(InvalidLabelError, match="category 7 was not evaluated"):
        result.average_precision(7)
    with pytest.raises(InvalidLabelError, match=r"iou: expected 0.5, 0.55, ... 0.95, got 0.3"):
        result.average_precision(1, 0.3)


def nothing():
    return CocoObjects.of(ImageBoxes.of([], [], np.zeros((0, 4))))


def test_no_predictions_are_misses_and_no_truth_is_no_number(counter):
    truth, pred = random_objects(0, "boxes")
    assert coco_average_precision(truth, nothing()).summary["AP"] == 0
    without = coco_average_precision(nothing(), pred).to_json()
    assert without["AP"] is None and without["n_truth"] == 0


def test_messages_say_what_is_wrong(monkeypatch):
    truth, pred = random_objects(0, "boxes")
    with pytest.raises(InvalidLabelError, match="kind: expected one of boxes, masks, keypoints, got 'bbox'"):
        coco_average_precision(truth, pred, "bbox")
    with pytest.raises(InvalidLabelError, match=r"image: rows of .*, which are not among the 2 given"):
        coco_average_precision(truth, pred, images=[0, 1])
    with pytest.raises(InvalidLabelError, match="masks: expected rles on both sides"):
        coco_average_precision(truth, pred, "masks")
    with pytest.raises(InvalidLabelError, match="truth: expected keypoints, got none"):
        coco_average_precision(truth, pred, "keypoints")
    with pytest.raises(InvalidLabelError, match="score, row 0: expected finite numbers"):
        ImageBoxes.of([0], [0], [[0, 0, 1, 1]], [np.nan])
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "hotcoco", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'drivelabel\[evaluate\]'"):
        coco_average_precision(truth, pred)
