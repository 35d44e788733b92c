"""3D detection as Argoverse 2 counts it: AP by center distance, three errors, and their composite (CDS)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import cuboid_corners, yaw_of_quat
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray

DISTANCES = (0.5, 1.0, 2.0, 4.0)
TP_DISTANCE = 2.0
MAX_RANGE = 150.0
MAX_PER_SWEEP = 100
"""Predictions of one class in one sweep; those with the best scores count."""

_RECALLS = np.linspace(0.0, 1.0, 101)
_EPSILON = float(np.finfo(np.float64).eps)
_WORST = (TP_DISTANCE, 1.0, np.pi)


@dataclass(frozen=True, slots=True, eq=False)
class Cuboids:
    """Cuboids of many sweeps, one row each, in any order.

    Attributes:
        sweep: (n,) int64, which sweep of which log; any whole numbers.
        category_id: (n,) int64.
        center: (n, 3) metres, ego coords.
        size_lwh: (n, 3) metres.
        quat_wxyz: (n, 4), ego coords.
        score: (n,) of predictions; ones for truth.
        n_points: (n,) int64 lidar points inside, of truth: those with none are not counted.

    Raises:
        InvalidLabelError: columns differ in length or shape, or a number is not finite.
    """

    sweep: IntArray
    category_id: IntArray
    center: FloatArray
    size_lwh: FloatArray
    quat_wxyz: FloatArray
    score: FloatArray
    n_points: IntArray

    def __post_init__(self) -> None:
        n = len(self.sweep)
        for name, width in (("center", 3), ("size_lwh", 3), ("quat_wxyz", 4)):
            check_shape(name, getattr(self, name), (n, width))
            check_finite(name, getattr(self, name))
        for name in ("category_id", "score", "n_points"):
            check_shape(name, getattr(self, name), (n,))
        check_finite("score", self.score)

    def __len__(self) -> int:
        return len(self.sweep)

    @classmethod
    def of(
        cls,
        sweep: AnyArray,
        category_id: AnyArray,
        center: AnyArray,
        size_lwh: AnyArray,
        quat_wxyz: AnyArray,
        score: AnyArray | None = None,
        n_points: AnyArray | None = None,
    ) -> Cuboids:
        """Cuboids of arrays or lists; see the class for what they hold."""
        n = len(sweep)
        return cls(
            np.asarray(sweep, np.int64),
            np.asarray(category_id, np.int64),
            np.asarray(center, np.float64).reshape(-1, 3),
            np.asarray(size_lwh, np.float64).reshape(-1, 3),
            np.asarray(quat_wxyz, np.float64).reshape(-1, 4),
            np.ones(n) if score is None else np.asarray(score, np.float64),
            np.ones(n, np.int64) if n_points is None else np.asarray(n_points, np.int64),
        )

    def take(self, rows: AnyArray) -> Cuboids:
        """The cuboids of these rows."""
        return Cuboids(**{column.name: getattr(self, column.name)[rows] for column in fields(self)})


@dataclass(frozen=True, slots=True, eq=False)
class Argoverse2Class:
    """One class.

    Attributes:
        average_precision: (4,) at each of DISTANCES.
        translation_error: metres, of matches within 2 m; 2 if there is none.
        scale_error: 1 - IoU of the sizes; 1 if there is no match.
        orientation_error: radians; pi if there is no match.
        n_truth: cuboids to find.
        n_pred: predictions counted.
        n_true_positive: (4,) at each of DISTANCES.
        n_not_counted: truth and predictions out of range or region, without points, or beyond 100 a sweep.
    """

    average_precision: FloatArray
    translation_error: float
    scale_error: float
    orientation_error: float
    n_truth: int
    n_pred: int
    n_true_positive: IntArray
    n_not_counted: tuple[int, int]

    @property
    def mean_average_precision(self) -> float:
        """Mean over DISTANCES."""
        return float(self.average_precision.mean())

    @property
    def composite_score(self) -> float:
        """CDS: mean average precision times the mean of the three scores."""
        errors = np.array([self.translation_error, self.scale_error, self.orientation_error])
        return float(self.mean_average_precision * np.mean(1 - np.divide(errors, _WORST)))

    def to_json(self) -> dict[str, Any]:
        """All numbers and counts."""
        return {
            "AP": self.mean_average_precision,
            "ATE": self.translation_error,
            "ASE": self.scale_error,
            "AOE": self.orientation_error,
            "CDS": self.composite_score,
            "AP_by_distance": dict(zip(map(str, DISTANCES), self.average_precision.tolist(), strict=True)),
            "n_truth": self.n_truth,
            "n_pred": self.n_pred,
            "n_true_positive": dict(zip(map(str, DISTANCES), self.n_true_positive.tolist(), strict=True)),
            "n_truth_not_counted": self.n_not_counted[0],
            "n_pred_not_counted": self.n_not_counted[1],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Argoverse2Result:
    """All classes; a class without truth has AP 0 and the worst errors, and counts in the means.

    Attributes:
        classes: by category id.
    """

    classes: dict[int, Argoverse2Class]

    def means(self) -> dict[str, float]:
        """AP, ATE, ASE, AOE and CDS, each the mean over classes; NaN if there are none."""
        rows = [one.to_json() for one in self.classes.values()]
        return {
            name: float(np.mean([row[name] for row in rows])) if rows else float("nan")
            for name in ("AP", "ATE", "ASE", "AOE", "CDS")
        }

    def to_json(self) -> dict[str, Any]:
        """All numbers and counts."""
        means = {name: None if np.isnan(value) else value for name, value in self.means().items()}
        return {**means, "classes": {str(key): one.to_json() for key, one in self.classes.items()}}


def argoverse2_detection(
    truth: Cuboids,
    pred: Cuboids,
    category_ids: AnyArray | None = None,
    max_range: float = MAX_RANGE,
    in_region: tuple[BoolArray, BoolArray] | None = None,
) -> Argoverse2Result:
    """Argoverse 2's 3D detection numbers.

    Each prediction looks at the nearest truth only; the one with the best score gets it. Equal scores keep
    the order of their rows (the reference leaves it open).

    Args:
        truth: cuboids to find.
        pred: cuboids found.
        category_ids: the classes to evaluate; by default those that truth or predictions have. The
            leaderboard has 26: one without truth counts as 0 in its means.
        max_range: metres from the ego's origin; only nearer ones count.
        in_region: (n,) of truth and (m,) of predictions, which lie in the map's region of interest; only
            those count, see :func:`in_regions`. The leaderboard prunes so.

    Raises:
        InvalidLabelError: the range is not above 0, or `in_region` has another shape.

    Source: av2-api 0.3, av2/evaluation/detection.
    """
    if not max_range > 0:
        raise InvalidLabelError(f"max_range: expected metres above 0, got {max_range}.")
    present = np.unique(np.concatenate([truth.category_id, pred.category_id]))
    wanted = present if category_ids is None else np.asarray(category_ids, np.int64)
    region = (np.ones(len(truth), np.bool_), np.ones(len(pred), np.bool_)) if in_region is None else in_region
    for name, side, cuboids in zip(("truth", "pred"), region, (truth, pred), strict=True):
        check_shape(f"in_region of {name}", side, (len(cuboids),))
    return Argoverse2Result(
        {category: _of_class(truth, pred, category, max_range, region) for category in wanted.tolist()}
    )


def in_regions(cuboids: Cuboids, regions: Mapping[int, Sequence[AnyArray]]) -> BoolArray:
    """(n,) whether any corner of a cuboid lies in a region of its sweep, as seen from above.

    Argoverse 2 asks its map's raster, drivable area and 5 m around it in cells of 0.1 m; at borders
    the two may differ by a cell.

    Args:
        cuboids: of many sweeps.
        regions: (k, 2) corners of polygons by sweep; metres, ego coords. A sweep without any has no region.

    Raises:
        InvalidLabelError: a polygon has another shape or a number that is not finite.

    Source: av2-api 0.3, compute_objects_in_roi_mask.
    """
    corners = cuboid_corners(cuboids.center, cuboids.size_lwh, cuboids.quat_wxyz)[..., :2]
    inside = np.zeros(corners.shape[:2], np.bool_)
    for sweep, polygons in regions.items():
        rows = np.flatnonzero(cuboids.sweep == sweep)
        for polygon in polygons:
            points = np.asarray(polygon, np.float64)
            check_shape(f"regions of sweep {sweep}", points, (None, 2))
            check_finite(f"regions of sweep {sweep}", points)
            inside[rows] |= _in_polygon(corners[rows], points)
    found: BoolArray = inside.any(axis=1)
    return found


def _in_polygon(points: FloatArray, polygon: FloatArray) -> BoolArray:
    """(..., 2) points and (k, 2) corners -> (...) bool: an odd number of edges lies to the right."""
    odd = np.zeros(points.shape[:-1], np.bool_)
    x, y = points[..., 0], points[..., 1]
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 != y1:
            odd ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return odd


def _of_class(
    truth: Cuboids, pred: Cuboids, category: int, max_range: float, in_region: tuple[BoolArray, BoolArray]
) -> Argoverse2Class:
    own_truth, own_pred = truth.category_id == category, pred.category_id == category
    near = np.linalg.norm(truth.center, axis=1) < max_range
    t = truth.take(np.flatnonzero(own_truth & near & (truth.n_points > 0) & in_region[0]))
    near = np.linalg.norm(pred.center, axis=1) < max_range
    rows = np.flatnonzero(own_pred & near)
    rows = rows[np.lexsort((-pred.score[rows], pred.sweep[rows]))]
    sweeps = pred.sweep[rows]
    rank = np.arange(len(rows)) - np.searchsorted(sweeps, sweeps)
    # The best of a sweep are taken before the region is asked, as in av2.
    p = pred.take(rows[(rank < MAX_PER_SWEEP) & in_region[1][rows]])
    not_counted = (int(own_truth.sum()) - len(t), int(own_pred.sum()) - len(p))
    partner, distance = _first_claims(t, p)
    right = np.array([distance < limit for limit in DISTANCES]).reshape(len(DISTANCES), len(p))
    errors = _errors(t, p, partner, right[DISTANCES.index(TP_DISTANCE)]) if len(t) else _WORST
    order = np.argsort(-p.score, kind="stable")
    precision = [_average_precision(flags[order], len(t)) for flags in right]
    return Argoverse2Class(np.array(precision), *errors, len(t), len(p), right.sum(axis=1), not_counted)


def _first_claims(truth: Cuboids, pred: Cuboids) -> tuple[IntArray, FloatArray]:
    """The truth each prediction gets, or -1, and how far it is, or infinity; best scores come first."""
    partner, distance = np.full(len(pred), -1, np.int64), np.full(len(pred), np.inf)
    order = np.argsort(truth.sweep, kind="stable")
    start = np.searchsorted(truth.sweep[order], pred.sweep, side="left")
    stop = np.searchsorted(truth.sweep[order], pred.sweep, side="right")
    taken = np.zeros(len(truth), np.bool_)
    for row in range(len(pred)):
        rows = order[start[row] : stop[row]]
        if len(rows):
            away = np.sqrt(((truth.center[rows] - pred.center[row]) ** 2).sum(axis=1))
            nearest = rows[int(np.argmin(away))]
            if not taken[nearest]:
                taken[nearest] = True
                partner[row], distance[row] = nearest, away.min()
    return partner, distance


def _errors(truth: Cuboids, pred: Cuboids, partner: IntArray, right: AnyArray) -> tuple[float, float, float]:
    if not right.any():
        return _WORST
    order = np.flatnonzero(right)[np.argsort(-pred.score[right], kind="stable")]
    t, p = truth.take(partner[order]), pred.take(order)
    shared = np.prod(np.minimum(t.size_lwh, p.size_lwh), axis=1)
    union = np.prod(np.maximum(t.size_lwh, p.size_lwh), axis=1)  # the hull of both, as av2 has it
    turn = np.abs(yaw_of_quat(p.quat_wxyz) - yaw_of_quat(t.quat_wxyz))
    turn = np.where(turn >= np.pi, np.pi - np.mod(turn, np.pi), turn)
    away = np.linalg.norm(p.center - t.center, axis=1)
    return float(away.mean()), float((1 - shared / union).mean()), float(turn.mean())


def _average_precision(right: AnyArray, n_truth: int) -> float:
    if n_truth == 0 or len(right) == 0:
        return 0.0
    n_right: IntArray = np.cumsum(right)
    precision = n_right / (np.arange(1, len(right) + 1) + _EPSILON)
    reached = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.mean(np.interp(_RECALLS, n_right / n_truth, reached, right=0)))
