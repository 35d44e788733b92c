"""Rules that a prediction must keep whatever the truth says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.evaluation.report.columns import NOBODY, Matched
from drivelabel.geometry import pairwise_iou
from drivelabel.labels import NO_TRACK
from drivelabel.scene import Scene
from drivelabel.typing import BoolArray, IntArray

MIN_SIDE_PX = 2.0
SAME_BOX_IOU = 0.9
MIN_TRACK_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule and how often it is broken.

    Attributes:
        name: a sentence.
        checked, broken: labels (tracks, for rules about tracks).
        rows: some rows of the matched prediction that break it.
    """

    name: str
    checked: int
    broken: int
    rows: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"rule": self.name, "checked": self.checked, "broken": self.broken}


def check_rules(matched: Matched, scene: Scene) -> list[Rule]:
    """All rules, broken ones first."""
    pred = matched.pred
    n = len(pred)
    rules = []
    if matched.kind != "boxes3d":
        sizes = np.array([getattr(s, "image_hw", (0, 0)) for s in scene.sensors], np.float64).reshape(-1, 2)
        hw = sizes[pred.camera]
        side = np.minimum(pred.xyxy[:, 2] - pred.xyxy[:, 0], pred.height_px)
        outside = (pred.xyxy[:, :2] < -0.5).any(axis=1) | (pred.xyxy[:, 2:] > hw[:, ::-1] + 0.5).any(axis=1)
        rules += [
            _rule("Boxes lie inside the image", n, outside),
            _rule(f"Boxes are at least {MIN_SIDE_PX:g} px wide and high", n, side < MIN_SIDE_PX),
            _rule(f"No two boxes of one class overlap by more than {SAME_BOX_IOU:g}", n, _twice(matched)),
        ]
    tracked = pred.track_id != NO_TRACK
    if tracked.any():
        rules += [
            _rule("A track occurs once in a frame", int(tracked.sum()), _same_track(matched)),
            *_track_rules(matched),
        ]
    return sorted(rules, key=lambda rule: (rule.broken == 0, -rule.broken))


def _rule(name: str, checked: int, broken: BoolArray) -> Rule:
    rows = np.flatnonzero(broken)
    return Rule(name, checked, len(rows), tuple(rows[:5].tolist()))


def _twice(matched: Matched) -> BoolArray:
    """(m,) whether a better scored box of the class is in nearly the same place."""
    pred = matched.pred
    twice = np.zeros(len(pred), np.bool_)
    edges = np.flatnonzero(np.r_[True, np.diff(pred.group) != 0, True])
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        rows = np.arange(start, stop)[np.argsort(-pred.score[start:stop], kind="stable")]
        near = pairwise_iou(pred.xyxy[rows], pred.xyxy[rows]) > SAME_BOX_IOU
        near &= pred.category[rows][:, None] == pred.category[rows][None]
        twice[rows] = np.tril(near, -1).any(axis=1)
    return twice


def _same_track(matched: Matched) -> BoolArray:
    pred = matched.pred
    keys = np.stack(
        [pred.group, np.where(pred.track_id == NO_TRACK, NOBODY - 1 - np.arange(len(pred)), pred.track_id)]
    )
    _, inverse, n = np.unique(keys, axis=1, return_inverse=True, return_counts=True)
    again: BoolArray = n[inverse.reshape(-1)] > 1
    return again


def _track_rules(matched: Matched) -> list[Rule]:
    pred = matched.pred
    rows = np.flatnonzero(pred.track_id != NO_TRACK)
    keys = np.stack([pred.camera[rows], pred.track_id[rows]])
    _, first, inverse, n = np.unique(keys, axis=1, return_index=True, return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    short = n < MIN_TRACK_FRAMES
    low, high = _extent(pred.category[rows], inverse, len(n))
    return [
        _tracks(f"A track has at least {MIN_TRACK_FRAMES} frames", rows[first], short),
        _tracks("A track keeps its class", rows[first], low != high),
    ]


def _tracks(name: str, first: IntArray, broken: BoolArray) -> Rule:
    return Rule(name, len(first), int(broken.sum()), tuple(first[broken][:5].tolist()))


def _extent(values: IntArray, group: IntArray, n: int) -> tuple[IntArray, IntArray]:
    low, high = np.full(n, np.iinfo(np.int64).max), np.full(n, -1)
    np.minimum.at(low, group, values)
    np.maximum.at(high, group, values)
    return low, high
