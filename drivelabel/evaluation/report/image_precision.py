"""COCO's average precision of what counts in a report: boxes of objects and of traffic lights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from drivelabel.errors import MissingExtraError
from drivelabel.evaluation.boxes.coco import CocoObjects, CocoResult, coco_average_precision
from drivelabel.evaluation.boxes.columns import ImageBoxes
from drivelabel.evaluation.report.classes import MERGED
from drivelabel.evaluation.report.columns import Matched
from drivelabel.evaluation.report.counts import ratio
from drivelabel.labels import DRIVING
from drivelabel.typing import IntArray

RECALLS = np.round(np.linspace(0.0, 1.0, 101), 2).tolist()


def image_precision(matched: Matched) -> dict[str, Any]:
    """COCO's numbers, per class and for groups of classes merged into one.

    Judged are the truth that counts and the labels that count, of all logs together: an average precision is
    no sum over logs. `over` are the classes with truth, over which the means go.
    """
    try:
        result = _coco(matched, np.arange(len(matched.names)))
    except MissingExtraError as error:
        return {"ap": None, "ap_missing": str(error), "curves": {}, "merged": {}}
    if result is None:
        return {"ap": None, "ap_missing": "neither side has anything that counts", "curves": {}, "merged": {}}
    classes = [matched.names[row] for row in result.category_ids.tolist()]
    summary = {name: None if value == -1 else value for name, value in result.summary.items()}
    over = [name for name, n in zip(classes, result.n_truth.tolist(), strict=True) if n]
    n_truth, n_pred = int(result.n_truth.sum()), int(result.n_pred.sum())
    counts = {"n_truth": n_truth, "n_pred": n_pred, "images": result.n_images}
    return {
        "ap": {"rule": "coco", **summary, "over": over, **counts, "counted_by": result.counted_by},
        "curves": {name: _curve(result, row) for row, name in enumerate(classes)},
        "merged": _merged(matched),
    }


def _coco(matched: Matched, category_of: IntArray) -> CocoResult | None:
    """The numbers with categories renamed; None where nothing counts on either side."""
    truth, pred = np.flatnonzero(matched.counted), np.flatnonzero(matched.judged)
    if not len(truth) and not len(pred):
        return None
    keys = np.stack(
        [
            np.concatenate([matched.truth_log[truth], matched.pred_log[pred]]),
            np.concatenate([matched.truth.group[truth], matched.pred.group[pred]]),
        ]
    )
    _, image = np.unique(keys, axis=1, return_inverse=True)
    image = image.reshape(-1)
    a, b = matched.truth.take(truth), matched.pred.take(pred)
    return coco_average_precision(
        CocoObjects.of(ImageBoxes.of(image[: len(truth)], category_of[a.category], a.xyxy)),
        CocoObjects.of(ImageBoxes.of(image[len(truth) :], category_of[b.category], b.xyxy, b.score)),
    )


def _curve(result: CocoResult, row: int) -> dict[str, Any]:
    """Of one class; the curve is precision at IoU .5 over the recalls 0, 0.01, ..., 1."""
    category = int(result.category_ids[row])
    n_truth = int(result.n_truth[row])
    precision = result.precision[0, :, row, 0, -1]
    return {
        "AP": result.average_precision(category) if n_truth else None,
        "AP50": result.average_precision(category, 0.5) if n_truth else None,
        "n_truth": n_truth,
        "n_pred": int(result.n_pred[row]),
        "recall": RECALLS if n_truth else [],
        "precision": np.round(precision, 5).tolist() if n_truth else [],
    }


def _merged(matched: Matched) -> dict[str, Any]:
    """Groups of classes as one class each, with the names of what was merged."""
    groups = _members(matched)
    if not groups:
        return {}
    category_of = np.arange(len(DRIVING))
    for names in groups.values():
        category_of[DRIVING.ids_of(names)] = DRIVING.id_of(names[0])
    result = _coco(matched, category_of)
    assert result is not None, "a group has members that count"
    return {name: _group(result, names) for name, names in groups.items()}


def _group(result: CocoResult, members: list[str]) -> dict[str, Any]:
    row = int(np.searchsorted(result.category_ids, DRIVING.id_of(members[0])))
    n_truth, n_pred = int(result.n_truth[row]), int(result.n_pred[row])
    found = round(float(result.recall[0, row, 0, -1]) * n_truth) if n_truth else 0
    curve = _curve(result, row)
    return {
        "members": members,
        "truth": n_truth,
        "found": found,
        "pred": n_pred,
        "recall": ratio(found, n_truth),
        "precision": ratio(found, n_pred),
        "AP": curve["AP"],
        "AP50": curve["AP50"],
    }


def _members(matched: Matched, groups: Mapping[str, tuple[str, ...]] = MERGED) -> dict[str, list[str]]:
    """Groups to those of their members that occur; only groups of several."""
    present = {matched.names[row] for row in matched.present().tolist()}
    members = {name: [m for m in names if m in present] for name, names in groups.items()}
    return {name: found for name, found in members.items() if len(found) > 1}
