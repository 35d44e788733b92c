"""CULane's lane metric: lines drawn 30 px wide, paired by the overlap of their pictures, counted.

As the benchmark's C++ program computes it: a natural spline through the points (50 steps between each two),
segments drawn by cv2 with round ends, IoU of the pictures, Kuhn-Munkres pairing; a pair counts with an IoU
strictly above the threshold. The program rounds spline points to the nearest pixel (OpenCV does so when a
float point becomes a whole one); most Python ports cut them off instead: ``rounding="truncate"`` is theirs.

Source: github.com/XingangPan/SCNN, tools/lane_evaluation; its run.sh has the settings, not its defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.lanes.columns import LinePoints, check_same_frames
from drivelabel.evaluation.lanes.stamps import draw_segments, stamps_of, words_of
from drivelabel.evaluation.lanes.tusimple import ratio
from drivelabel.geometry._kernels import lane_masks as kernels
from drivelabel.labels import Ragged
from drivelabel.typing import AnyArray, FloatArray, IntArray

IMAGE_HW = (590, 1640)
WIDTH_PX = 30
THRESHOLDS = (0.5, 0.75)

Rounding = Literal["nearest", "truncate"]


@dataclass(frozen=True, slots=True)
class LaneF1:
    """Lines found and missed at one IoU threshold.

    Attributes:
        iou_threshold: a pair's IoU must lie above it.
        width_px: how wide lines were drawn; the same lines score higher when drawn wider.
        precision: NaN without predictions.
        recall: NaN without true lines.
        f1: 2 tp / (2 tp + fp + fn); NaN without any line.
        tp: pairs above the threshold.
        fp: other predicted lines.
        fn: other true lines.
        mean_iou: of the pairs above the threshold; NaN without them.
        n_frames: frames.
    """

    iou_threshold: float
    width_px: int
    precision: float
    recall: float
    f1: float
    tp: int
    fp: int
    fn: int
    mean_iou: float
    n_frames: int

    def to_json(self) -> dict[str, Any]:
        """Plain numbers by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class LanePairs:
    """Which predicted line each true line is paired with.

    Attributes:
        partner: (n,) int64 per true line, the number of the predicted line within its frame; -1 if none.
        iou: (n,) float64, with the partner; 0 if none.
    """

    partner: IntArray
    iou: FloatArray


def culane_pairs(
    truth: LinePoints,
    pred: LinePoints,
    *,
    image_hw: tuple[int, int] = IMAGE_HW,
    width_px: int = WIDTH_PX,
    rounding: Rounding = "nearest",
    categories: tuple[AnyArray, AnyArray] | None = None,
) -> LanePairs:
    """Pair the lines of each frame by the IoU of their pictures; see :func:`culane`."""
    check_same_frames(truth, pred)
    if width_px < 1 or min(image_hw) < 1:
        raise InvalidLabelError(f"width_px, image_hw: expected positive, got {width_px} and {image_hw}.")
    if rounding not in ("nearest", "truncate"):
        raise InvalidLabelError(f"rounding: expected 'nearest' or 'truncate', got {rounding!r}.")
    n_truth, n_pred = np.diff(truth.frame_offsets), np.diff(pred.frame_offsets)
    order = _frame_order(truth, pred)
    category = _categories(categories, len(truth.points), len(pred.points))[order]
    lines = Ragged.concat([_distinct("truth", truth.points), _distinct("pred", pred.points)])[order]
    segments, starts = kernels.all_segments(lines.values, lines.offsets, rounding == "nearest")
    stamps = stamps_of(width_px)
    stamp_of, bits = stamps.find(segments, image_hw)
    drawn_of, drawn = _drawn(segments, starts, stamp_of, image_hw, width_px)
    partner, iou = np.full(len(truth.points), -1, np.int64), np.zeros(len(truth.points))
    kernels.frame_ious(
        image_hw[0],
        words_of(image_hw[1]),
        drawn,
        drawn_of,
        segments,
        stamp_of,
        bits,
        stamps.reach,
        starts,
        category,
        n_truth,
        n_pred,
        iou,
        partner,
    )
    return LanePairs(partner, iou)


def culane(
    truth: LinePoints,
    pred: LinePoints,
    *,
    image_hw: tuple[int, int] = IMAGE_HW,
    width_px: int = WIDTH_PX,
    iou_thresholds: Sequence[float] = THRESHOLDS,
    rounding: Rounding = "nearest",
    categories: tuple[AnyArray, AnyArray] | None = None,
) -> tuple[LaneF1, ...]:
    """CULane's counts and F1 at each threshold, over all frames.

    Args:
        truth: true lines, pixels; a whole number is a pixel's centre.
        pred: predicted lines of the same frames.
        image_hw: size of the picture that lines are drawn into; CULane's images by default.
        width_px: how wide they are drawn.
        iou_thresholds: one result for each.
        rounding: how points become pixels: as the C++ program, or as Python ports of it.
        categories: of true and of predicted lines, (n,) and (m,); lines of two categories then never pair.

    Raises:
        InvalidLabelError: frames differ in number, a number is not finite, or an option is out of range.
    """
    for threshold in iou_thresholds:
        if not 0 <= threshold < 1:
            raise InvalidLabelError(f"iou_thresholds: expected numbers in [0, 1), got {threshold}.")
    pairs = culane_pairs(
        truth, pred, image_hw=image_hw, width_px=width_px, rounding=rounding, categories=categories
    )
    n_truth, n_pred = len(truth.points), len(pred.points)
    return tuple(_f1(pairs, t, width_px, n_truth, n_pred, len(truth)) for t in iou_thresholds)


def _f1(
    pairs: LanePairs, threshold: float, width_px: int, n_truth: int, n_pred: int, n_frames: int
) -> LaneF1:
    found = (pairs.partner >= 0) & (pairs.iou > threshold)
    tp = int(found.sum())
    return LaneF1(
        threshold,
        width_px,
        ratio(tp, n_pred),
        ratio(tp, n_truth),
        ratio(2 * tp, n_truth + n_pred),
        tp,
        n_pred - tp,
        n_truth - tp,
        ratio(float(pairs.iou[found].sum()), tp),
        n_frames,
    )


def _distinct(name: str, points: Ragged) -> Ragged:
    """Lines as float32 without repeated points: the spline divides by the distance of neighbours."""
    if points.values.ndim != 2 or points.values.shape[1] != 2:
        raise InvalidLabelError(f"{name}: expected points (k, 2), got {points.values.shape}.")
    check_finite(name, points.values)
    values = np.ascontiguousarray(points.values, np.float32)
    again = np.zeros(len(values), np.bool_)
    again[1:] = (values[1:] == values[:-1]).all(axis=1)
    starts = points.offsets[:-1]
    again[starts[starts < len(values)]] = False
    if not again.any():
        return Ragged(values, points.offsets)
    kept = np.concatenate([[0], np.cumsum(~again)])
    return Ragged(values[~again], kept[points.offsets])


def _frame_order(truth: LinePoints, pred: LinePoints) -> IntArray:
    """Rows of true and then predicted lines, sorted by frame, the true ones of a frame first."""
    frames = [np.repeat(np.arange(len(side)), np.diff(side.frame_offsets)) for side in (truth, pred)]
    return np.argsort(np.concatenate(frames), kind="stable")


def _categories(given: tuple[AnyArray, AnyArray] | None, n_truth: int, n_pred: int) -> IntArray:
    """The categories of all lines, true ones first; all 0 when none are given."""
    if given is None:
        return np.zeros(n_truth + n_pred, np.int64)
    columns = [np.asarray(column, np.int64) for column in given]
    check_shape("categories of truth", columns[0], (n_truth,))
    check_shape("categories of pred", columns[1], (n_pred,))
    return np.concatenate(columns)


def _drawn(
    segments: AnyArray, starts: IntArray, stamp_of: IntArray, image_hw: tuple[int, int], width_px: int
) -> tuple[IntArray, AnyArray]:
    """Pictures of the lines with segments that no stamp draws: (n,) which picture, (d, h, words) pictures."""
    drawn_of = np.full(len(starts) - 1, -1, np.int64)
    rest = np.flatnonzero(stamp_of == kernels.DRAW)
    lines = np.searchsorted(starts, rest, side="right") - 1
    pictures: list[AnyArray] = []
    for line in np.unique(lines).tolist():
        drawn_of[line] = len(pictures)
        pictures.append(draw_segments(segments[rest[lines == line]], image_hw, width_px))
    empty = np.zeros((0, image_hw[0], words_of(image_hw[1])), np.uint64)
    return drawn_of, np.stack(pictures) if pictures else empty
