"""TuSimple's lane metric: as its script computes it, and repaired.

The script's quirks, all kept by :func:`tusimple`: rows that both lines miss count as correct; one prediction
may match several true lines (FP can then be negative); with more than four true lines the worst is forgiven;
a frame with more than two extra lines, or slower than 200 ms, scores (0, 0, 1). :func:`tusimple_repaired`
has none of them: lines pair one to one, only points that exist count, and counts add up over frames.

Source: github.com/TuSimple/tusimple-benchmark, evaluate/lane.py.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.lanes.columns import RowLanes, check_same_frames, contiguous
from drivelabel.geometry._kernels import row_lanes as kernels
from drivelabel.labels import Ragged
from drivelabel.typing import AnyArray, FloatArray

PIXEL_THRESHOLD = 20.0
"""How far across a true line a point may lie."""
POINT_SHARE = 0.85
"""The share of points from which on a line is found."""
MAX_RUN_TIME_MS = 200.0


@dataclass(frozen=True, slots=True)
class TuSimpleResult:
    """TuSimple's three numbers, means over frames, with their counts.

    Attributes:
        accuracy: mean share of agreeing points per true line; the ranking number.
        fp: mean share of predicted lines that match nothing.
        fn: mean share of true lines that nothing matches.
        n_frames: frames, the divisor of all three.
        n_truth: true lines.
        n_pred: predicted lines.
        n_refused: frames that score (0, 0, 1): slow, or with more than two extra lines.
        accuracy_sum: the sum over frames behind `accuracy`; those of several logs add up.
        fp_sum: likewise.
        fn_sum: likewise.
    """

    accuracy: float
    fp: float
    fn: float
    n_frames: int
    n_truth: int
    n_pred: int
    n_refused: int
    accuracy_sum: float
    fp_sum: float
    fn_sum: float

    def to_json(self) -> dict[str, Any]:
        """Plain numbers by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RowLaneResult:
    """The repaired metric: lines paired one to one, counts over all frames.

    Attributes:
        accuracy: agreeing points of paired lines over true points; NaN without true points.
        precision: pairs over predicted lines; NaN without them.
        recall: pairs over true lines; NaN without them.
        f1: their harmonic mean; NaN without any line.
        tp: pairs of lines.
        fp: predicted lines without a partner.
        fn: true lines without a partner.
        points_correct: true points that a paired line has.
        points_truth: points of all true lines.
        points_pred: points of all predicted lines.
        n_frames: frames.
    """

    accuracy: float
    precision: float
    recall: float
    f1: float
    tp: int
    fp: int
    fn: int
    points_correct: int
    points_truth: int
    points_pred: int
    n_frames: int

    def to_json(self) -> dict[str, Any]:
        """Plain numbers by name."""
        return asdict(self)


def tusimple_frames(
    truth: RowLanes, pred: RowLanes, rows: Ragged | AnyArray, run_time_ms: AnyArray | float = 0.0
) -> FloatArray:
    """(f, 3) accuracy, FP and FN of each frame, as TuSimple's script; see :func:`tusimple`."""
    heights = _checked_rows(truth, pred, rows)
    slow = np.broadcast_to(np.asarray(run_time_ms, np.float64), (len(truth),)) > MAX_RUN_TIME_MS
    frames: FloatArray = kernels.tusimple_frames(
        *_columns(truth),
        *_columns(pred),
        contiguous(heights.values),
        heights.offsets,
        slow.astype(np.int64),
        PIXEL_THRESHOLD,
        POINT_SHARE,
    )
    return frames


def tusimple(
    truth: RowLanes, pred: RowLanes, rows: Ragged | AnyArray, run_time_ms: AnyArray | float = 0.0
) -> TuSimpleResult:
    """TuSimple's accuracy, FP and FN, quirks included.

    Args:
        truth: true lines by frame.
        pred: predicted lines of the same frames.
        rows: the heights (pixels) at which x is given: one (k,) array for all frames, or ragged by frame.
        run_time_ms: how long each frame took, (f,) or one number; above 200 a frame is refused.

    Raises:
        InvalidLabelError: frames differ in number, a line has another number of rows than its frame, or
            there are no frames.
    """
    frames = tusimple_frames(truth, pred, rows, run_time_ms)
    if not len(frames):
        raise InvalidLabelError("truth: expected at least one frame, got none.")
    # Not np.sum: it adds in pairs, the script one after the other, and the last digit must agree.
    accuracy, fp, fn = (float(sum(column)) for column in frames.T.tolist())
    extra = np.diff(pred.frame_offsets) > np.diff(truth.frame_offsets) + 2
    slow = np.broadcast_to(np.asarray(run_time_ms, np.float64), (len(truth),)) > MAX_RUN_TIME_MS
    n = len(frames)
    return TuSimpleResult(
        accuracy / n,
        fp / n,
        fn / n,
        n,
        len(truth.x),
        len(pred.x),
        int((extra | slow).sum()),
        accuracy,
        fp,
        fn,
    )


def tusimple_repaired(truth: RowLanes, pred: RowLanes, rows: Ragged | AnyArray) -> RowLaneResult:
    """The same question without the script's quirks: lines paired one to one, existing points only.

    A pair counts from 85 % on: points within 20 px across the true line, over rows that either line has.

    Args:
        truth: true lines by frame.
        pred: predicted lines of the same frames.
        rows: as for :func:`tusimple`.

    Raises:
        InvalidLabelError: frames differ in number, or a line has another number of rows than its frame.
    """
    heights = _checked_rows(truth, pred, rows)
    counts = kernels.paired_frames(
        *_columns(truth),
        *_columns(pred),
        contiguous(heights.values),
        heights.offsets,
        PIXEL_THRESHOLD,
        POINT_SHARE,
    )
    tp, correct, of_truth, of_pred = (int(total) for total in counts.sum(axis=0))
    n_truth, n_pred = len(truth.x), len(pred.x)
    return RowLaneResult(
        ratio(correct, of_truth),
        ratio(tp, n_pred),
        ratio(tp, n_truth),
        ratio(2 * tp, n_truth + n_pred),
        tp,
        n_pred - tp,
        n_truth - tp,
        correct,
        of_truth,
        of_pred,
        len(truth),
    )


def ratio(part: float, whole: float) -> float:
    """`part` of `whole`; NaN of nothing."""
    return part / whole if whole else float("nan")


def _columns(lanes: RowLanes) -> tuple[FloatArray, Any, Any]:
    return contiguous(lanes.x.values), lanes.x.offsets, lanes.frame_offsets


def _checked_rows(truth: RowLanes, pred: RowLanes, rows: Ragged | AnyArray) -> Ragged:
    """The rows of each frame, once all lines are known to have as many values."""
    check_same_frames(truth, pred)
    if not isinstance(rows, Ragged):
        height = np.asarray(rows, np.float64)
        check_shape("rows", height, (None,))
        rows = Ragged(np.tile(height, len(truth)), np.arange(len(truth) + 1) * len(height))
    check_finite("rows", rows.values)
    if len(rows) != len(truth):
        raise InvalidLabelError(f"rows: expected {len(truth)} frames like the truth, got {len(rows)}.")
    _check_lengths("truth", truth, rows)
    _check_lengths("pred", pred, rows)
    return rows


def _check_lengths(name: str, lanes: RowLanes, rows: Ragged) -> None:
    frame = np.repeat(np.arange(len(lanes)), np.diff(lanes.frame_offsets))
    bad = lanes.x.counts != rows.counts[frame]
    if bad.any():
        line = int(np.argmax(bad))
        f = int(frame[line])
        raise InvalidLabelError(
            f"{name}, frame {f}, line {line - int(lanes.frame_offsets[f])}: expected one x for each of the "
            f"{int(rows.counts[f])} rows, got {int(lanes.x.counts[line])}."
        )
