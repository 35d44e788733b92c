"""OpenLane's lane metrics: lines on the ground in metres (3D), and drawn into images (2D).

3D: lines are resampled at 100 distances ahead, 3 to 102 m, and paired one to one for the smallest total
distance, where a place that only one line reaches costs 1.5 m. A pair below 150 m in total is a match; it
finds the true line when 75 % of that line's places are within 1.5 m, and is right for the predicted line when
75 % of its places are. x and z errors are means over places that both reach, below and above 40 m.

Kept as in the program: costs are cut to whole metres before pairing (so that ties are common, and broken here
by SciPy, there by ortools), lines are taken at all distances between their nearest and farthest point, and a
predicted category 20 passes for a true 21 (curbs of either side).

Source: github.com/OpenDriveLab/OpenLane, eval/LANE_evaluation.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.lanes.columns import LinePoints, check_same_frames
from drivelabel.evaluation.lanes.culane import LaneF1, culane
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray

AHEAD: FloatArray = np.linspace(3, 103, num=100, endpoint=False)
"""Distances ahead at which lines are compared, metres."""
BESIDE = 10.0
"""Points farther than this to a side do not count, metres."""
MAX_DISTANCE = 1.5
MIN_SHARE = 0.75
N_CLOSE = int(np.argmax(AHEAD > 40))
"""How many of the distances are close."""
RIGHT_CURB, LEFT_CURB = 21, 20

IMAGE_HW = (1280, 1920)
IOU_THRESHOLD = 0.3


@dataclass(frozen=True, slots=True)
class OpenLane3D:
    """OpenLane's 3D counts and error sums; the scores are made of them. Those of logs add up with ``+``.

    Attributes:
        n_truth: true lines that count.
        n_pred: predicted lines that count.
        n_matches: pairs of lines.
        found: true lines found.
        right: predicted lines that are right.
        same_category: matches of one category.
        x_close_sum: over matches that have one, the mean error beside, below 40 m.
        x_far_sum: beyond 40 m.
        z_close_sum: in height, below 40 m.
        z_far_sum: beyond 40 m.
        n_close: matches that share a place below 40 m.
        n_far: beyond 40 m.
    """

    n_truth: int
    n_pred: int
    n_matches: int
    found: int
    right: int
    same_category: int
    x_close_sum: float
    x_far_sum: float
    z_close_sum: float
    z_far_sum: float
    n_close: int
    n_far: int

    def __add__(self, other: OpenLane3D) -> OpenLane3D:
        """Both counted together."""
        return OpenLane3D(*(getattr(self, spec.name) + getattr(other, spec.name) for spec in fields(self)))

    @property
    def recall(self) -> float:
        """True lines found; 0 without any, as the program has it."""
        return self.found / self.n_truth if self.n_truth else 0.0

    @property
    def precision(self) -> float:
        """Predicted lines that are right; 0 without any."""
        return self.right / self.n_pred if self.n_pred else 0.0

    @property
    def f1(self) -> float:
        """Of recall and precision; 0 when both are."""
        total = self.recall + self.precision
        return 2 * self.recall * self.precision / total if total else 0.0

    @property
    def category_accuracy(self) -> float:
        """Matches of one category; 0 without matches."""
        return self.same_category / self.n_matches if self.n_matches else 0.0

    def to_json(self) -> dict[str, Any]:
        """Scores, mean errors (NaN without any) and counts by name."""
        errors = {
            f"{axis}_error_{reach}": _mean(getattr(self, f"{axis}_{reach}_sum"), getattr(self, f"n_{reach}"))
            for axis in "xz"
            for reach in ("close", "far")
        }
        scores = {name: getattr(self, name) for name in ("f1", "recall", "precision", "category_accuracy")}
        return scores | errors | asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class _Sampled:
    """Lines of one frame at AHEAD: x and z (n, 100), which places count (n, 100), category (n,)."""

    x: FloatArray
    z: FloatArray
    seen: BoolArray
    category: IntArray


def openlane_3d(
    truth: LinePoints, pred: LinePoints, truth_category: AnyArray, pred_category: AnyArray
) -> OpenLane3D:
    """OpenLane's 3D metric over all frames.

    Args:
        truth: the visible points of true lines, (k, 3): x right, y ahead, z up of the ground, metres.
        pred: predicted lines of the same frames.
        truth_category: (n,) OpenLane's numbers.
        pred_category: (m,).

    Raises:
        InvalidLabelError: frames differ in number, lines are not 3D, a number is not finite, or categories
            differ in length from the lines.
    """
    check_same_frames(truth, pred)
    categories = []
    for name, lines, given in (("truth", truth, truth_category), ("pred", pred, pred_category)):
        check_shape(f"{name} points", lines.points.values, (None, 3))
        check_finite(f"{name} points", lines.points.values)
        categories.append(np.asarray(given, np.int64))
        check_shape(f"{name}_category", categories[-1], (len(lines.points),))
    total = OpenLane3D(0, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0, 0)
    for frame in range(len(truth)):
        total += _frame(_sampled(truth, categories[0], frame), _sampled(pred, categories[1], frame))
    return total


def openlane_2d(
    truth: LinePoints,
    pred: LinePoints,
    truth_category: AnyArray | None = None,
    pred_category: AnyArray | None = None,
    *,
    image_hw: tuple[int, int] = IMAGE_HW,
    iou_threshold: float = IOU_THRESHOLD,
) -> LaneF1:
    """OpenLane's 2D metric: CULane's at IoU 0.3 in images of 1920 x 1280, within categories when given.

    Raises:
        InvalidLabelError: as :func:`culane`, or only one side has categories.
    """
    if (truth_category is None) != (pred_category is None):
        raise InvalidLabelError("categories: expected those of both sides, or of none.")
    given = None if truth_category is None or pred_category is None else (truth_category, pred_category)
    [result] = culane(truth, pred, image_hw=image_hw, iou_thresholds=[iou_threshold], categories=given)
    return result


def _sampled(lines: LinePoints, category: IntArray, frame: int) -> _Sampled:
    """The lines of a frame that count, at AHEAD."""
    x, z, seen, kept = [], [], [], []
    for row in range(int(lines.frame_offsets[frame]), int(lines.frame_offsets[frame + 1])):
        points = lines.points[row]
        if not len(points) or points[0, 1] >= AHEAD[-1] or points[-1, 1] <= AHEAD[0]:
            continue
        inside = (points[:, 1] > 0) & (points[:, 1] < 200) & (np.abs(points[:, 0]) < BESIDE)
        points = points[inside]
        if len(points) < 2:
            continue
        points = points[np.argsort(points[:, 1], kind="stable")]
        beside, height = _at_ahead(points)
        there = (np.abs(beside) <= BESIDE) & (points[0, 1] <= AHEAD) & (points[-1, 1] >= AHEAD)
        if there.sum() > 1:
            x.append(beside)
            z.append(height)
            seen.append(there)
            kept.append(row)
    shape = (len(kept), len(AHEAD))
    return _Sampled(
        np.reshape(x, shape),
        np.reshape(z, shape),
        np.reshape(np.array(seen, np.bool_), shape),
        category[np.array(kept, np.int64)],
    )


def _at_ahead(points: AnyArray) -> tuple[FloatArray, FloatArray]:
    """x and z of a line at AHEAD, on straight pieces; beyond its ends they go on."""
    y = points[:, 1]
    piece = np.clip(np.searchsorted(y, AHEAD), 1, len(y) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):  # two points at one distance: no x there, not seen
        slope = (points[piece] - points[piece - 1]) / (y[piece] - y[piece - 1])[:, None]
        at = slope * (AHEAD - y[piece - 1])[:, None] + points[piece - 1]
    return at[:, 0], at[:, 2]


def _frame(truth: _Sampled, pred: _Sampled) -> OpenLane3D:
    n, m = len(truth.x), len(pred.x)
    dx, dz = np.abs(truth.x[:, None] - pred.x[None]), np.abs(truth.z[:, None] - pred.z[None])
    both = truth.seen[:, None] & pred.seen[None]
    neither = ~truth.seen[:, None] & ~pred.seen[None]
    distance = np.where(both, np.sqrt(dx**2 + dz**2), np.where(neither, 0.0, MAX_DISTANCE))
    near = ((distance < MAX_DISTANCE) & ~neither).sum(axis=2)
    whole = distance.sum(axis=2)
    cost = np.where((whole > 0) & (whole < 1), 1, np.trunc(whole))
    rows, columns = linear_sum_assignment(cost)
    matched = cost[rows, columns] < MAX_DISTANCE * len(AHEAD)
    rows, columns = rows[matched], columns[matched]
    close = _errors(dx, dz, both, rows, columns, slice(None, N_CLOSE))
    far = _errors(dx, dz, both, rows, columns, slice(N_CLOSE, None))
    a, b = truth.category[rows], pred.category[columns]
    return OpenLane3D(
        n,
        m,
        len(rows),
        int((near[rows, columns] / truth.seen[rows].sum(axis=1) >= MIN_SHARE).sum()),
        int((near[rows, columns] / pred.seen[columns].sum(axis=1) >= MIN_SHARE).sum()),
        int(((a == b) | ((b == LEFT_CURB) & (a == RIGHT_CURB))).sum()),
        close[0],
        far[0],
        close[1],
        far[1],
        close[2],
        far[2],
    )


def _errors(
    dx: FloatArray, dz: FloatArray, both: BoolArray, rows: IntArray, columns: IntArray, part: slice
) -> tuple[float, float, int]:
    """Sums of the matches' mean errors in x and z over shared places of a part, and how many have any."""
    shared = both[rows, columns, part]
    count = shared.sum(axis=1)
    some = count > 0
    x, z = (
        (np.where(shared, d[rows, columns, part], 0.0).sum(axis=1)[some] / count[some]).sum()
        for d in (dx, dz)
    )
    return float(x), float(z), int(some.sum())


def _mean(total: float, n: int) -> float:
    return total / n if n else float("nan")
