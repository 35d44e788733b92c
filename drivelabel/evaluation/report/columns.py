"""The objects of one task in one log as columns, each with its partner and its error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from drivelabel.labels import DRIVING
from drivelabel.typing import BoolArray, FloatArray, IntArray

FOUND, WRONG_CLASS, LOOSE, MISSED, IGNORED = range(5)
TRUTH_ERRORS = ("found", "wrong_class", "loose", "missed", "ignored")
"""What became of a true object: loose means that only a badly placed label of its class is there."""

DUPLICATE, FALSE, NOT_JUDGED = 3, 5, 6
PRED_ERRORS = ("right", "wrong_class", "loose", "duplicate", "ignored", "false", "not_judged")
"""What a predicted object is; codes 0, 1, 2 and 4 pair with those of TRUTH_ERRORS."""

RIGHT = FOUND
NOBODY = -1

COUNTS, TOO_LOW, TOO_FAR, HIDDEN, NO_POINTS, NOT_VISIBLE, FILLED = range(7)
REASONS = ("", "too low", "too far", "behind other cuboids", "too few lidar points", "not visible", "filled")
"""Why a true object does not count; where several hold, the last of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """One side's objects, in order of frames (cuboids: samples).

    Attributes:
        group: (n,) the frame or sample.
        row: (n,) row of the layer's table.
        time_ns: (n,) when.
        camera: (n,) row of the scene's sensors; -1 for cuboids.
        category: (n,) row of the matches' names.
        score: (n,) float64.
        track_id: (n,), NO_TRACK if untracked.
        origin: (n,) index into ORIGINS.
        xyxy: (n, 4) pixels; NaN for cuboids, the box round it for a lane line.
        center: (n, 3) metres, world coords; NaN when not known.
        distance: (n,) metres from the camera (cuboids: from the ego vehicle); NaN when not known.
        ignored_for: (n,) index into REASONS.
        bands: dimension to (n,) the name of the slice that a row is in.
    """

    group: IntArray
    row: IntArray
    time_ns: IntArray
    camera: IntArray
    category: IntArray
    score: FloatArray
    track_id: IntArray
    origin: IntArray
    xyxy: FloatArray
    center: FloatArray
    distance: FloatArray
    ignored_for: IntArray
    bands: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.group)

    @property
    def ignored(self) -> BoolArray:
        """(n,) whether a rule says that a row does not count."""
        ignored: BoolArray = self.ignored_for != COUNTS
        return ignored

    @property
    def height_px(self) -> FloatArray:
        """(n,) pixels."""
        return self.xyxy[:, 3] - self.xyxy[:, 1]

    def without(self, rows: BoolArray, reason: int) -> Objects:
        """The same rows, some of which do not count any more."""
        return replace(self, ignored_for=np.where(rows, reason, self.ignored_for))

    def take(self, rows: Any) -> Objects:
        """Some rows."""
        columns = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        picked = {name: value[rows] for name, value in columns.items() if name != "bands"}
        return Objects(**picked, bands={name: values[rows] for name, values in self.bands.items()})


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """The objects of both sides, matched once.

    Attributes:
        kind: of label, such as ``boxes2d``.
        names: the classes that categories are rows of.
        truth, pred: the objects.
        truth_error: (n,) index into TRUTH_ERRORS.
        truth_pred: (n,) row of `pred` that found it, has the wrong class or is loose; NOBODY if missed.
        pred_error: (m,) index into PRED_ERRORS.
        pred_truth: (m,) row of `truth`, or NOBODY.
        closeness: (n,) of each truth with its partner: IoU, for cuboids minus metres; NaN if missed.
        truth_log, pred_log: which log a row is from.
    """

    kind: str
    truth: Objects
    pred: Objects
    truth_error: IntArray
    truth_pred: IntArray
    pred_error: IntArray
    pred_truth: IntArray
    closeness: FloatArray
    truth_log: IntArray
    pred_log: IntArray
    names: tuple[str, ...] = DRIVING.names

    @property
    def judged(self) -> BoolArray:
        """(m,) the predictions that count."""
        judged: BoolArray = (self.pred_error != IGNORED) & (self.pred_error != NOT_JUDGED)
        return judged

    @property
    def counted(self) -> BoolArray:
        """(n,) the true objects that count."""
        counted: BoolArray = self.truth_error != IGNORED
        return counted

    def present(self) -> IntArray:
        """The categories that either side has among what counts."""
        truth, pred = self.truth.category[self.counted], self.pred.category[self.judged]
        present: IntArray = np.union1d(truth, pred).astype(np.int64)
        return present


def concat_objects(parts: Sequence[Objects]) -> Objects:
    """The rows of all parts; a slice that a part does not know is ``unknown`` there."""
    names = list(dict.fromkeys(name for part in parts for name in part.bands))
    plain = {
        spec.name: np.concatenate([getattr(part, spec.name) for part in parts])
        for spec in fields(Objects)
        if spec.name != "bands"
    }
    unknown = [np.full(len(part), "unknown", object) for part in parts]
    bands = {
        name: np.concatenate([p.bands.get(name, u) for p, u in zip(parts, unknown, strict=True)])
        for name in names
    }
    return Objects(**plain, bands=bands)


def concat_matched(parts: Sequence[Matched]) -> Matched:
    """The matches of several logs as one; numbers of logs follow the order given."""
    n_truth = np.cumsum([0, *(len(part.truth) for part in parts)])
    n_pred = np.cumsum([0, *(len(part.pred) for part in parts)])

    def moved(rows: IntArray, by: int) -> IntArray:
        return np.where(rows >= 0, rows + by, rows)

    return Matched(
        parts[0].kind,
        concat_objects([part.truth for part in parts]),
        concat_objects([part.pred for part in parts]),
        np.concatenate([part.truth_error for part in parts]),
        np.concatenate([moved(p.truth_pred, int(n_pred[i])) for i, p in enumerate(parts)]),
        np.concatenate([part.pred_error for part in parts]),
        np.concatenate([moved(p.pred_truth, int(n_truth[i])) for i, p in enumerate(parts)]),
        np.concatenate([part.closeness for part in parts]),
        np.concatenate([np.full(len(p.truth), i) for i, p in enumerate(parts)]),
        np.concatenate([np.full(len(p.pred), i) for i, p in enumerate(parts)]),
        parts[0].names,
    )
