"""How good traffic lights are: boxes, what they show, when it changes, and where the bulbs are.

Only frames whose truth is labelled count, those without any light among them. Truth of unknown state is found
or missed like any other box but not judged for its state, and neither is the prediction paired with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.matching import pair_labels
from drivelabel.geometry import pairwise_iou
from drivelabel.labels import BULBS, LIGHT_STATES, NO_TRACK, Grouped, TrafficLights
from drivelabel.typing import AnyArray, FloatArray, IntArray

UNKNOWN = LIGHT_STATES.index("unknown")
NOBODY = len(LIGHT_STATES)
"""Row and column of `states` for a light that the other side lacks."""

PCK_SHARES = (0.05, 0.1, 0.2)
WINDOW_SECONDS = 3.0

Sequences = dict[tuple[int, int], list[tuple[int, int, int]]]


@dataclass(frozen=True, slots=True, eq=False)
class LightScores:
    """Counts and scores of one or several logs; those of several add up with ``+``.

    Attributes:
        n_frames: judged frames.
        n_empty: frames of these without a true light.
        fp_empty: predicted lights in them.
        tp: lights found.
        fp: predicted lights that are none.
        fn: lights missed.
        states: (s + 1, s + 1) int64, true by predicted state; the last row and column for nobody.
        switch_error: (k,) float64, seconds from true changes of state to predicted ones; below 0 is early.
        switches_missed: true changes without a predicted one nearby.
        switches_extra: predicted changes without a true one nearby: flicker.
        bulbs_near: (p, b) int64, true bulbs of found lights within PCK_SHARES of the housing's height.
        bulbs: (b,) int64, true bulbs of found lights, in the order of BULBS.
    """

    n_frames: int
    n_empty: int
    fp_empty: int
    tp: int
    fp: int
    fn: int
    states: IntArray
    switch_error: FloatArray
    switches_missed: int
    switches_extra: int
    bulbs_near: IntArray
    bulbs: IntArray

    def __add__(self, other: LightScores) -> LightScores:
        """Both counted together."""
        names = (spec.name for spec in fields(self) if spec.name != "switch_error")
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return LightScores(**sums, switch_error=np.concatenate([self.switch_error, other.switch_error]))

    def state_counts(self, state: str) -> tuple[int, int, int]:
        """(tp, fp, fn) of one state: found with it, predicted wrongly, and missed or shown otherwise.

        Raises:
            InvalidLabelError: there is no such state.
        """
        if state not in LIGHT_STATES:
            raise InvalidLabelError(f"state: no {state!r}. Known: {', '.join(LIGHT_STATES)}.")
        code = LIGHT_STATES.index(state)
        judged = np.delete(self.states, UNKNOWN, axis=0)
        right = int(self.states[code, code])
        return right, int(judged[:, code].sum()) - right, int(self.states[code].sum()) - right

    def state_f1(self, state: str) -> float:
        """F1 of one state per frame; NaN when it occurs on neither side."""
        tp, fp, fn = self.state_counts(state)
        return _ratio(2 * tp, 2 * tp + fp + fn)

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the states that occur in the truth; NaN without any."""
        shown = [s for k, s in enumerate(LIGHT_STATES) if k != UNKNOWN and self.states[k].any()]
        return _ratio(sum(self.state_f1(state) for state in shown), len(shown))

    @property
    def state_accuracy(self) -> float:
        """Found lights of known state that show it; NaN without any."""
        found = np.delete(self.states[:NOBODY], UNKNOWN, axis=0)[:, :NOBODY]
        right = np.trace(self.states[:NOBODY, :NOBODY]) - self.states[UNKNOWN, UNKNOWN]
        return _ratio(int(right), int(found.sum()))

    @property
    def switch_median(self) -> float:
        """Median seconds between a true change and the predicted one, early or late; NaN without any."""
        return float(np.median(np.abs(self.switch_error))) if len(self.switch_error) else float("nan")

    def pck(self, share: float = 0.1) -> float:
        """True bulbs of found lights that lie within a share of the housing's height; NaN without any.

        Raises:
            InvalidLabelError: the share is none of PCK_SHARES.
        """
        if share not in PCK_SHARES:
            raise InvalidLabelError(f"share: expected one of {PCK_SHARES}, got {share}.")
        return _ratio(int(self.bulbs_near[PCK_SHARES.index(share)].sum()), int(self.bulbs.sum()))

    def to_json(self) -> dict[str, Any]:
        """Every score with its counts."""
        states = {}
        for state in LIGHT_STATES[1:]:
            tp, fp, fn = self.state_counts(state)
            states[state] = {"f1": self.state_f1(state), "tp": tp, "fp": fp, "fn": fn}
        return {
            "frames": {"n": self.n_frames, "n_empty": self.n_empty, "fp_empty": self.fp_empty},
            "boxes": {"f1": _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)}
            | {name: getattr(self, name) for name in ("tp", "fp", "fn")},
            "states": states,
            "macro_f1": self.macro_f1,
            "state_accuracy": self.state_accuracy,
            "confusion": self.states.tolist(),
            "switches": {
                "median_seconds": self.switch_median,
                "found": len(self.switch_error),
                "missed": self.switches_missed,
                "extra": self.switches_extra,
            },
            "pck": {str(share): self.pck(share) for share in PCK_SHARES},
            "bulbs": dict(zip(BULBS, self.bulbs.tolist(), strict=True)),
        }


@dataclass
class _Counts:
    """What frames add to, one after the other."""

    states: IntArray = field(default_factory=lambda: np.zeros((NOBODY + 1, NOBODY + 1), np.int64))
    near: IntArray = field(default_factory=lambda: np.zeros((len(PCK_SHARES), len(BULBS)), np.int64))
    bulbs: IntArray = field(default_factory=lambda: np.zeros(len(BULBS), np.int64))
    sequences: Sequences = field(default_factory=lambda: defaultdict(list))
    n_frames: int = 0
    n_empty: int = 0
    fp_empty: int = 0


def evaluate_lights(
    truth: Grouped[TrafficLights],
    pred: Grouped[TrafficLights],
    timestamp_ns: AnyArray,
    *,
    sensor: AnyArray | None = None,
    iou_threshold: float = 0.5,
    window_seconds: float = WINDOW_SECONDS,
) -> LightScores:
    """How well predicted traffic lights agree with true ones.

    Lights of a frame are paired for the largest total IoU. A change of state is judged along each true track:
    the predicted states are those of the lights paired with it.

    Args:
        truth: lights by frame; frames that are not labelled do not count.
        pred: lights of the same frames.
        timestamp_ns: (f,) when each frame was taken.
        sensor: (f,) which camera took it; a track is followed in each camera on its own.
        iou_threshold: the IoU from which on boxes pair.
        window_seconds: how far from a true change the predicted one may lie.

    Raises:
        InvalidLabelError: columns differ in length, or a threshold is out of range.
    """
    n = len(truth)
    if len(pred) != n:
        raise InvalidLabelError(f"pred: expected {n} frames like the truth, got {len(pred)}.")
    times = np.asarray(timestamp_ns, np.int64)
    check_shape("timestamp_ns", times, (n,))
    cameras = np.zeros(n, np.int64) if sensor is None else np.asarray(sensor, np.int64)
    check_shape("sensor", cameras, (n,))
    if not 0 < iou_threshold <= 1 or not window_seconds >= 0:
        raise InvalidLabelError(
            f"iou_threshold, window_seconds: expected (0, 1] and at least 0, "
            f"got {iou_threshold} and {window_seconds}."
        )
    counts = _Counts()
    for frame in np.flatnonzero(truth.labelled).tolist():
        _add_frame(counts, truth[frame], pred[frame], int(cameras[frame]), int(times[frame]), iou_threshold)
    errors, missed, extra = _switches(counts.sequences, round(window_seconds * 1e9))
    paired = int(counts.states[:NOBODY, :NOBODY].sum())
    return LightScores(
        counts.n_frames,
        counts.n_empty,
        counts.fp_empty,
        paired,
        int(counts.states[NOBODY].sum()),
        int(counts.states[:, NOBODY].sum()),
        counts.states,
        np.array(errors, np.float64) / 1e9,
        missed,
        extra,
        counts.near,
        counts.bulbs,
    )


def _add_frame(
    counts: _Counts, truth: TrafficLights, pred: TrafficLights, camera: int, time: int, iou_threshold: float
) -> None:
    rows, columns = pair_labels(pairwise_iou(truth.xyxy, pred.xyxy), iou_threshold)
    shown = np.full(len(truth), NOBODY)
    shown[rows] = pred.state[columns]
    np.add.at(counts.states, (truth.state, shown), 1)
    lonely = np.setdiff1d(np.arange(len(pred)), columns)
    np.add.at(counts.states[NOBODY], pred.state[lonely].astype(np.int64), 1)
    counts.n_frames += 1
    counts.n_empty += not len(truth)
    counts.fp_empty += 0 if len(truth) else len(pred)
    for row in np.flatnonzero((truth.track_id != NO_TRACK) & (truth.state != UNKNOWN)).tolist():
        key = (camera, int(truth.track_id[row]))
        counts.sequences[key].append((time, int(truth.state[row]), int(shown[row])))
    there = truth.keypoints[rows, :, 2] > 0
    off = np.linalg.norm(
        truth.keypoints[rows, :, :2].astype(np.float64) - pred.keypoints[columns, :, :2], axis=2
    )
    off[pred.keypoints[columns, :, 2] == 0] = np.inf
    height = (truth.xyxy[rows, 3] - truth.xyxy[rows, 1]).astype(np.float64)
    counts.bulbs += there.sum(axis=0)
    for k, share in enumerate(PCK_SHARES):
        counts.near[k] += (there & (off <= share * height[:, None])).sum(axis=0)


def _switches(sequences: Sequences, window: int) -> tuple[list[int], int, int]:
    """Time from true to predicted changes, and how many of either are left over."""
    errors, missed, extra = [], 0, 0
    for sequence in sequences.values():
        ordered = sorted(sequence)
        truth = _changes([(time, state) for time, state, _ in ordered])
        pred = _changes([(time, state) for time, _, state in ordered if state not in (NOBODY, UNKNOWN)])
        near = np.zeros((len(truth), len(pred)))
        for i, (time, state) in enumerate(truth):
            for j, (other, shown) in enumerate(pred):
                if state == shown and abs(other - time) <= window:
                    near[i, j] = window + 1 - abs(other - time)
        rows, columns = pair_labels(near)
        errors += [pred[j][0] - truth[i][0] for i, j in zip(rows.tolist(), columns.tolist(), strict=True)]
        missed += len(truth) - len(rows)
        extra += len(pred) - len(rows)
    return errors, missed, extra


def _changes(states: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """When a state begins that is not the one before."""
    return [now for before, now in pairwise(states) if now[1] != before[1]]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
