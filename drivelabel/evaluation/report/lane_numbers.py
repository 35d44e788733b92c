"""The numbers of lane lines: of one log or of several together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from drivelabel.evaluation.report.counts import ratio
from drivelabel.evaluation.report.lanes import LANE_IOUS, LaneReport
from drivelabel.evaluation.report.settings import Settings


def lanes_json(parts: Sequence[LaneReport], settings: Settings) -> dict[str, Any]:
    """Lane lines of one log or several; all counts add up."""
    truth, pred = sum(len(p.matched.truth) for p in parts), sum(len(p.matched.pred) for p in parts)
    found = np.sum([p.found for p in parts], axis=0)
    distance = float(sum(p.distance_sum for p in parts))
    frames = sum(p.frames for p in parts)
    accuracy, fp, fn, refused, crowded = np.sum([p.strict for p in parts], axis=0).tolist()
    pairs, false, missed, points, of_points = np.sum([p.rows for p in parts], axis=0).tolist()
    return {
        "frames": frames,
        "frames_without_lines": sum(p.frames_without_lines for p in parts),
        "pred_unlabelled": sum(p.pred_unlabelled for p in parts),
        "low_score": sum(p.low_score for p in parts),
        "truth": truth,
        "pred": pred,
        "distance_sum_px": distance,
        "distance_px": ratio(distance, int(found[0, 0])),
        "culane": [
            {
                "width_px": width,
                "of_image_width_px": of,
                "iou": iou,
                **_f1(int(found[w, k]), truth, pred),
            }
            for w, (width, of) in enumerate(settings.lane_widths)
            for k, iou in enumerate(LANE_IOUS)
        ],
        "tusimple": {
            "accuracy": None if crowded else ratio(accuracy, frames),
            "fp": None if crowded else ratio(fp, frames),
            "fn": None if crowded else ratio(fn, frames),
            "accuracy_sum": accuracy,
            "fp_sum": fp,
            "fn_sum": fn,
            "frames_refused": int(refused),
            "frames_with_too_many_lines": int(crowded),
        },
        "tusimple_repaired": {
            "accuracy": ratio(points, of_points),
            "points_correct": points,
            "points_truth": of_points,
            **_f1(pairs, pairs + missed, pairs + false),
        },
    }


def _f1(found: int, truth: int, pred: int) -> dict[str, Any]:
    return {
        "found": found,
        "missed": truth - found,
        "false": pred - found,
        "recall": ratio(found, truth),
        "precision": ratio(found, pred),
        "f1": ratio(2 * found, truth + pred),
    }
