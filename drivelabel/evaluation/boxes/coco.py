"""Average precision as COCO counts it: boxes, masks and keypoints.

The counting itself is hotcoco's, whose numbers are pycocotools' to the last bit and which is 50 times as
fast; where it is missing and pycocotools is there, that one counts.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel._optional import require
from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.boxes.columns import ImageBoxes
from drivelabel.evaluation.keypoints import COCO_SIGMAS
from drivelabel.geometry import Rle, rle_area
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray

KINDS = ("boxes", "masks", "keypoints")
_IOU_TYPE = {"boxes": "bbox", "masks": "segm", "keypoints": "keypoints"}
_BOX_NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")
_KEYPOINT_NAMES = ("AP", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl")


@dataclass(frozen=True, slots=True, eq=False)
class CocoObjects:
    """Objects in images, truth or predictions.

    Attributes:
        boxes: where they are; the scores of truth are not read.
        area: (n,) float64 square pixels that decide between small, medium and large truth; by default that of
            the mask or the box.
        crowd: (n,) bool, truth that stands for many objects; matching it counts neither way.
        rles: n masks in COCO's code, all of the size of their image, or None.
        keypoints: (n, k, 3) u, v and visibility, or None.

    Raises:
        InvalidLabelError: columns differ in length or shape, or a number is not finite.
    """

    boxes: ImageBoxes
    area: FloatArray
    crowd: BoolArray
    rles: Sequence[Rle] | None = None
    keypoints: FloatArray | None = None

    def __post_init__(self) -> None:
        n = len(self.boxes)
        check_shape("area", self.area, (n,))
        check_shape("crowd", self.crowd, (n,))
        check_finite("area", self.area)
        if self.rles is not None and len(self.rles) != n:
            raise InvalidLabelError(f"rles: expected {n} codes, got {len(self.rles)}.")
        if self.keypoints is not None:
            check_shape("keypoints", self.keypoints, (n, None, 3))
            check_finite("keypoints", self.keypoints)

    @classmethod
    def of(
        cls,
        boxes: ImageBoxes,
        area: AnyArray | None = None,
        crowd: AnyArray | None = None,
        rles: Sequence[Rle] | None = None,
        keypoints: AnyArray | None = None,
    ) -> CocoObjects:
        """Objects of arrays or lists; see the class for what they hold."""
        if area is None and rles is not None:
            area = rle_area(rles)
        if area is None:
            area = np.prod(boxes.xyxy[:, 2:] - boxes.xyxy[:, :2], axis=1)
        return cls(
            boxes,
            np.asarray(area, np.float64),
            np.zeros(len(boxes), np.bool_) if crowd is None else np.asarray(crowd, np.bool_),
            rles,
            None if keypoints is None else np.asarray(keypoints, np.float64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class CocoResult:
    """COCO's numbers.

    Attributes:
        kind: one of KINDS.
        summary: its 12 numbers (10 for keypoints) by name; -1 where there is no such truth.
        precision: (10, 101, classes, areas, limits) over IoU .50:.95, recall 0:1, class, size and most
            predictions per image; -1 where there is no truth.
        recall: (10, classes, areas, limits).
        category_ids: (classes,) int64, ascending.
        n_images: how many were looked at, empty ones among them.
        n_truth: (classes,) int64, crowds not counted.
        n_pred: (classes,) int64.
        counted_by: ``hotcoco`` or ``pycocotools``.
    """

    kind: str
    summary: dict[str, float]
    precision: FloatArray
    recall: FloatArray
    category_ids: IntArray
    n_images: int
    n_truth: IntArray
    n_pred: IntArray
    counted_by: str

    def average_precision(self, category_id: int, iou: float | None = None) -> float:
        """AP of one class over .50:.95, or at one of these IoUs; NaN where the class has no truth.

        Raises:
            InvalidLabelError: the class was not evaluated, or COCO has no such IoU.
        """
        found = np.flatnonzero(self.category_ids == category_id)
        if not len(found):
            raise InvalidLabelError(f"category {category_id} was not evaluated.")
        values = self.precision[:, :, found[0], 0, -1]
        if iou is not None:
            row = np.flatnonzero(np.isclose(np.linspace(0.5, 0.95, 10), iou))
            if not len(row):
                raise InvalidLabelError(f"iou: expected 0.5, 0.55, ... 0.95, got {iou}.")
            values = values[row]
        values = values[values > -1]
        return float(values.mean()) if len(values) else float("nan")

    def to_json(self) -> dict[str, Any]:
        """The summary, and AP and counts per class; None where there is no truth."""
        classes = {}
        for row, category in enumerate(self.category_ids.tolist()):
            precision = self.average_precision(category)
            classes[str(category)] = {
                "AP": None if np.isnan(precision) else precision,
                "n_truth": int(self.n_truth[row]),
                "n_pred": int(self.n_pred[row]),
            }
        summary = {name: None if value == -1 else value for name, value in self.summary.items()}
        return {
            "kind": self.kind,
            **summary,
            "n_images": self.n_images,
            "n_truth": int(self.n_truth.sum()),
            "n_pred": int(self.n_pred.sum()),
            "classes": classes,
            "counted_by": self.counted_by,
        }


def coco_average_precision(
    truth: CocoObjects,
    pred: CocoObjects,
    kind: str = "boxes",
    images: AnyArray | None = None,
    sigmas: AnyArray | None = None,
    category_ids: AnyArray | None = None,
) -> CocoResult:
    """COCO's average precision and recall.

    Args:
        truth: objects to find.
        pred: objects found, with scores.
        kind: what is compared: ``boxes``, ``masks`` (both sides need rles) or ``keypoints``.
        images: which images were looked at; predictions on others are an error, since they would be lost.
            By default those that truth or predictions have.
        sigmas: (k,) how exactly each keypoint can be placed; by default COCO's for its 17 points of a person.
        category_ids: the classes evaluated; by default those that truth or predictions have.

    Raises:
        InvalidLabelError: an unknown kind, missing masks or keypoints, or rows of an unknown image.
        MissingExtraError: neither hotcoco nor pycocotools is installed.

    Source: pycocotools 2.0, cocoeval.py.
    """
    if kind not in KINDS:
        raise InvalidLabelError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}.")
    looked_at = _all_ids("image", truth.boxes.image, pred.boxes.image, images)
    categories = _all_ids("category_id", truth.boxes.category_id, pred.boxes.category_id, category_ids)
    spread = _checked_sigmas(truth, pred, sigmas) if kind == "keypoints" else None
    stated, claimed = _truth_json(truth, kind, looked_at, categories), _pred_json(pred, kind)
    counted_by, (stats, precision, recall) = _count(stated, claimed, kind, spread)
    names = _KEYPOINT_NAMES if kind == "keypoints" else _BOX_NAMES
    return CocoResult(
        kind,
        {name: float(value) for name, value in zip(names, stats, strict=False)},
        precision,
        recall,
        categories,
        len(looked_at),
        _per_class(truth.boxes.category_id[~truth.crowd], categories),
        _per_class(pred.boxes.category_id, categories),
        counted_by,
    )


def _all_ids(name: str, of_truth: IntArray, of_pred: IntArray, given: AnyArray | None) -> IntArray:
    present: IntArray = np.unique(np.concatenate([of_truth, of_pred]))
    if given is None:
        return present
    known: IntArray = np.unique(np.asarray(given, np.int64))
    lost = np.setdiff1d(present, known)
    if len(lost):
        raise InvalidLabelError(
            f"{name}: rows of {lost[:5].tolist()}, which are not among the {len(known)} given."
        )
    return known


def _per_class(category_id: IntArray, categories: IntArray) -> IntArray:
    rows = np.searchsorted(categories, category_id)
    counts: IntArray = np.bincount(rows, minlength=len(categories)).astype(np.int64)
    return counts


def _checked_sigmas(truth: CocoObjects, pred: CocoObjects, sigmas: AnyArray | None) -> FloatArray:
    spread = COCO_SIGMAS if sigmas is None else np.asarray(sigmas, np.float64)
    for name, objects in (("truth", truth), ("pred", pred)):
        if objects.keypoints is None:
            raise InvalidLabelError(f"{name}: expected keypoints, got none.")
        check_shape(f"{name} keypoints", objects.keypoints, (len(objects.boxes), len(spread), 3))
    return spread


def _rows(objects: CocoObjects, kind: str) -> list[dict[str, Any]]:
    boxes = objects.boxes
    xywh = np.concatenate([boxes.xyxy[:, :2], boxes.xyxy[:, 2:] - boxes.xyxy[:, :2]], axis=1).tolist()
    columns = zip(boxes.image.tolist(), boxes.category_id.tolist(), xywh, strict=True)
    rows = [{"image_id": image, "category_id": category, "bbox": box} for image, category, box in columns]
    if kind == "masks":
        if objects.rles is None:
            raise InvalidLabelError("masks: expected rles on both sides, got none.")
        for row, rle in zip(rows, objects.rles, strict=True):
            row["segmentation"] = rle
    if kind == "keypoints" and objects.keypoints is not None:
        flat = objects.keypoints.reshape(len(rows), -1).tolist() if len(rows) else []
        for row, keypoints in zip(rows, flat, strict=True):
            row["keypoints"] = keypoints
    return rows


def _truth_json(truth: CocoObjects, kind: str, images: IntArray, categories: IntArray) -> dict[str, Any]:
    rows = _rows(truth, kind)
    # Numbers start at 1: to pycocotools a match with truth number 0 is no match.
    for number, (row, area, crowd) in enumerate(
        zip(rows, truth.area.tolist(), truth.crowd.tolist(), strict=True), start=1
    ):
        row |= {"id": number, "area": area, "iscrowd": int(crowd)}
    if kind == "keypoints" and truth.keypoints is not None:
        for row, seen in zip(rows, (truth.keypoints[:, :, 2] > 0).sum(axis=1).tolist(), strict=True):
            row["num_keypoints"] = seen
    return {
        "info": {},
        "images": [{"id": image, **_image_size(truth, kind)} for image in images.tolist()],
        "annotations": rows,
        "categories": [{"id": category, "name": str(category)} for category in categories.tolist()],
    }


def _image_size(truth: CocoObjects, kind: str) -> dict[str, int]:
    # Only polygons need it, and masks come as codes that know their size.
    if kind == "masks" and truth.rles:
        return {"height": int(truth.rles[0]["size"][0]), "width": int(truth.rles[0]["size"][1])}
    return {"height": 1, "width": 1}


def _pred_json(pred: CocoObjects, kind: str) -> list[dict[str, Any]]:
    rows = _rows(pred, kind)
    for row, score in zip(rows, pred.boxes.score.tolist(), strict=True):
        row["score"] = score
        if kind != "boxes":
            del row["bbox"]  # loadRes would take them for boxes
    return rows


def _count(
    truth: dict[str, Any], pred: list[dict[str, Any]], kind: str, sigmas: FloatArray | None
) -> tuple[str, tuple[AnyArray, FloatArray, FloatArray]]:
    """Who counted, and the summary, precision and recall."""
    if importlib.util.find_spec("hotcoco") is None and importlib.util.find_spec("pycocotools") is not None:
        return "pycocotools", _by_pycocotools(truth, pred, kind, sigmas)
    hotcoco = require("hotcoco", extra="evaluate")
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its table
        stated = hotcoco.COCO(truth)
        engine = hotcoco.COCOeval(stated, stated.loadRes(pred), _IOU_TYPE[kind])
        return "hotcoco", _run(engine, sigmas)


def _by_pycocotools(
    truth: dict[str, Any], pred: list[dict[str, Any]], kind: str, sigmas: FloatArray | None
) -> tuple[AnyArray, FloatArray, FloatArray]:
    coco = require("pycocotools.coco", extra="evaluate")
    evaluation = require("pycocotools.cocoeval", extra="evaluate")
    with contextlib.redirect_stdout(io.StringIO()):
        stated = coco.COCO()
        stated.dataset = truth
        stated.createIndex()
        claimed = stated.loadRes(pred) if pred else coco.COCO()
        return _run(evaluation.COCOeval(stated, claimed, _IOU_TYPE[kind]), sigmas)


def _run(engine: Any, sigmas: FloatArray | None) -> tuple[AnyArray, FloatArray, FloatArray]:
    if sigmas is not None:
        engine.params.kpt_oks_sigmas = sigmas
    engine.evaluate()
    engine.accumulate()
    engine.summarize()
    params = engine.params
    shape = (
        len(params.iouThrs),
        len(params.recThrs),
        len(params.catIds),
        len(params.areaRng),
        len(params.maxDets),
    )
    precision = np.asarray(engine.eval["precision"], np.float64).reshape(shape)
    recall = np.asarray(engine.eval["recall"], np.float64).reshape(shape[0], *shape[2:])
    return np.asarray(engine.stats, np.float64), precision, recall
