"""What traffic lights show, when it changes and where the bulbs are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from drivelabel.evaluation.keypoints import keypoint_similarity
from drivelabel.evaluation.lights import PCK_SHARES, LightScores, evaluate_lights
from drivelabel.evaluation.matching import pair_labels
from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched
from drivelabel.evaluation.report.counts import ratio
from drivelabel.evaluation.report.gather import table_of
from drivelabel.evaluation.report.settings import Settings
from drivelabel.geometry import box_area, pairwise_iou
from drivelabel.labels import BULBS, LIGHT_STATES, Grouped, TrafficLights
from drivelabel.scene import Layer, Scene

UNKNOWN = LIGHT_STATES.index("unknown")


@dataclass(frozen=True, slots=True, eq=False)
class LightReport:
    """One log's lights, beside the boxes of housings.

    Attributes:
        scores: states, switches and bulbs; housings are paired for the largest total IoU.
        oks_sum, oks_n: keypoint similarity, summed over pairs whose truth has a bulb.
        states: found housings of known state as objects whose class is what they show.
    """

    scores: LightScores
    oks_sum: float
    oks_n: int
    states: Matched


def evaluate_states(
    scene: Scene, truth: Layer, pred: Layer, boxes: Matched, settings: Settings
) -> LightReport:
    """Judge what lights show where the truth has labelled them.

    Args:
        scene: the log.
        truth, pred: layers with traffic lights.
        boxes: the matched housings.
        settings: with the overlap from which on housings are the same.
    """
    theirs, ours = table_of(scene, truth, "traffic_lights"), table_of(scene, pred, "traffic_lights")
    assert theirs is not None and ours is not None, "the caller has seen both"
    ours = _scored(ours, settings.min_score)
    scores = evaluate_lights(
        theirs,
        ours,
        scene.frames.timestamp_ns,
        sensor=scene.frames.sensor,
        iou_threshold=settings.iou,
        window_seconds=settings.switch_seconds,
    )
    oks = [_similarities(theirs[f], ours[f], settings) for f in np.flatnonzero(theirs.labelled).tolist()]
    every = [value for values in oks for value in values]
    states = _states(boxes, theirs.rows, pred.traffic_lights.rows)
    return LightReport(scores, float(sum(every)), len(every), states)


def _scored(table: Grouped[TrafficLights], least: float) -> Grouped[TrafficLights]:
    keep = table.rows.score >= least
    counts = np.bincount(table.group_of_row[keep], minlength=len(table))
    return Grouped(table.rows[keep], np.concatenate([[0], np.cumsum(counts)]), table.labelled)


def _similarities(truth: TrafficLights, pred: TrafficLights, settings: Settings) -> list[float]:
    """Of the bulbs of each pair of housings; bulbs that the label lacks are far away."""
    rows, columns = pair_labels(pairwise_iou(truth.xyxy, pred.xyxy), settings.iou)
    seen = (truth.keypoints[rows, :, 2] > 0).any(axis=1)
    rows, columns = rows[seen], columns[seen]
    made = pred.keypoints[columns].astype(np.float64)
    made[made[:, :, 2] == 0, :2] = -1e9
    sigmas = np.full(len(BULBS), settings.oks_sigma)
    area, boxes = box_area(truth.xyxy[rows].astype(np.float64)), truth.xyxy[rows]
    every = keypoint_similarity(truth.keypoints[rows], made, area, boxes, sigmas)
    pairs: list[float] = np.diagonal(every).tolist()
    return pairs


def _states(boxes: Matched, truth: TrafficLights, pred: TrafficLights) -> Matched:
    """Found housings of known true state, right where both sides show the same."""
    rows = np.flatnonzero(boxes.truth_error == c.FOUND)
    shown = truth.state[boxes.truth.row[rows]].astype(np.int64)
    rows, shown = rows[shown != UNKNOWN], shown[shown != UNKNOWN]
    partner = boxes.truth_pred[rows]
    said = pred.state[boxes.pred.row[partner]].astype(np.int64)
    error = np.where(shown == said, c.FOUND, c.WRONG_CLASS)
    n = np.arange(len(rows))
    names = np.array(LIGHT_STATES, object)
    sides = []
    for side, taken, state in ((boxes.truth, rows, shown), (boxes.pred, partner, said)):
        own = side.take(taken)
        sides.append(replace(own, category=state, bands={**own.bands, "class": names[state]}))
    log = np.zeros(len(rows), np.int64)
    return Matched(
        "light_states", sides[0], sides[1], error, n, error, n, boxes.closeness[rows], log, log, LIGHT_STATES
    )


def states_json(parts: Sequence[LightReport]) -> dict[str, Any]:
    """Of one log or several: states, switches, bulbs, each with its counts."""
    scores = parts[0].scores
    for part in parts[1:]:
        scores += part.scores
    told: dict[str, Any] = _plain(scores.to_json())
    oks, n = sum(part.oks_sum for part in parts), sum(part.oks_n for part in parts)
    told["bulbs"] = {
        "truth": told["bulbs"],
        "pck": told.pop("pck"),
        "near": {
            str(share): dict(zip(BULBS, near, strict=True))
            for share, near in zip(PCK_SHARES, scores.bulbs_near.tolist(), strict=True)
        },
        "oks": ratio(oks, n),
        "oks_sum": oks,
        "oks_housings": n,
    }
    unknown = int(scores.states[UNKNOWN].sum())
    return {**told, "state_names": [*LIGHT_STATES, "nobody"], "truth_unknown": unknown}


def _plain(value: Any) -> Any:
    """NaN becomes None."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
