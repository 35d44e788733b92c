"""What it would take a person to turn the prediction into the truth, from the fewest edits that do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from drivelabel.evaluation.effort import Effort, Rows, Seconds, Similarity, review_effort
from drivelabel.evaluation.report.columns import Matched
from drivelabel.evaluation.report.counts import ratio
from drivelabel.evaluation.report.settings import Settings
from drivelabel.geometry import pairwise_cuboid_iou, pairwise_iou
from drivelabel.labels import Boxes3D
from drivelabel.typing import FloatArray, IntArray

ADD = {"boxes3d": "cuboid", "lane_lines": "line"}


def box_effort(matched: Matched, same: float) -> Effort:
    """Of boxes in images, camera by camera: a track is repaired in each on its own.

    Args:
        matched: the objects.
        same: from this IoU on a box need not be moved.
    """

    def iou(t: IntArray, p: IntArray) -> FloatArray:
        return pairwise_iou(matched.truth.xyxy[t], matched.pred.xyxy[p])

    return _effort(matched, iou, same, Seconds().box)


def cuboid_effort(matched: Matched, truth: Boxes3D, pred: Boxes3D, settings: Settings) -> Effort:
    """Of cuboids."""

    def iou(t: IntArray, p: IntArray) -> FloatArray:
        a, b = truth[matched.truth.row[t]], pred[matched.pred.row[p]]
        return pairwise_cuboid_iou(a.center, a.size_lwh, a.quat_wxyz, b.center, b.size_lwh, b.quat_wxyz)

    return _effort(matched, iou, settings.effort_cuboid_iou, Seconds().cuboid)


def _effort(matched: Matched, similarity: Similarity, same: float, add_seconds: float) -> Effort:
    truth, pred = np.flatnonzero(matched.counted), np.flatnonzero(matched.judged)
    cameras = np.union1d(matched.truth.camera[truth], matched.pred.camera[pred])
    total = no_effort()
    for camera in cameras.tolist():
        t = truth[matched.truth.camera[truth] == camera]
        p = pred[matched.pred.camera[pred] == camera]
        want = Rows(matched.truth.group[t], matched.truth.category[t], matched.truth.track_id[t])
        have = Rows(matched.pred.group[p], matched.pred.category[p], matched.pred.track_id[p])
        alike = _of_rows(similarity, t, p)
        total += review_effort(want, have, alike, same=same, add_seconds=add_seconds)
    return total


def _of_rows(similarity: Similarity, truth: IntArray, pred: IntArray) -> Similarity:
    """The same for some rows of either side."""
    return lambda a, b: similarity(truth[a], pred[b])


def no_effort() -> Effort:
    """Nothing to do."""
    return Effort(0, 0, 0, 0, 0, 0, 0.0, 0.0)


def effort_json(parts: Sequence[Effort], kind: str) -> dict[str, Any]:
    """Edits and seconds of one log or several; those of logs add up."""
    total = sum(parts, no_effort())
    add = ADD.get(kind, "box")
    seconds = Seconds()
    prices = {
        "accept": seconds.accept,
        "add": getattr(seconds, add),
        "delete": seconds.delete,
        "move": seconds.adjust,
        "relabel": seconds.relabel,
        "reidentify": seconds.reidentify,
    }
    edits = {spec.name: getattr(total, spec.name) for spec in fields(Effort) if spec.name in prices}
    whole = total.seconds_from_scratch
    return {
        "edits": edits,
        "n_edits": total.edits,
        "seconds": total.seconds,
        "seconds_by_hand": whole,
        "saved": ratio(whole - total.seconds, whole),
        "seconds_per_edit": prices,
    }
