"""Average precision as KITTI counts it: in the image, from above and in space.

The rules are those of the object devkit's C++ (the edition with 40 recall points), quirks included: a
prediction lower than the least height is put aside whatever its class and may still take truth; a truth
takes the best score when scores are chosen, and the best overlap when errors are counted; where the last
recall points are never reached, precision is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel._check import check_finite, check_shape, did_you_mean
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import bev_overlap, pairwise_bev_iou, pairwise_iou, pairwise_upright_iou
from drivelabel.geometry._kernels import box_matches as kernels
from drivelabel.typing import AnyArray, FloatArray, IntArray

CATEGORIES = ("Car", "Pedestrian", "Cyclist")
VIEWS = ("image", "bev", "3d")
DIFFICULTIES = ("easy", "moderate", "hard")
MIN_IOU = {"Car": 0.7, "Pedestrian": 0.5, "Cyclist": 0.5}

_MIN_HEIGHT = (40, 25, 25)
_MAX_OCCLUSION = (0, 1, 2)
_MAX_TRUNCATION = (0.15, 0.3, 0.5)
_NEIGHBOURS = {"car": "van", "pedestrian": "person_sitting", "cyclist": ""}
_N_POINTS = 41


@dataclass(frozen=True, slots=True, eq=False)
class KittiObjects:
    """Objects of one image.

    Attributes:
        category: n names of KITTI; case does not matter. ``DontCare`` in truth marks areas nobody labelled.
        xyxy: (n, 4) float64, pixels.
        boxes3d: (n, 7) center x, y, z, length, width, height, yaw with z up; metres, radians. Any numbers
            where the view is ``image``.
        alpha: (n,) observation angle, radians, for the orientation similarity; zeros if unknown.
        truncation: (n,) of truth, from 0 to 1.
        occlusion: (n,) of truth, 0 to 3.
        score: (n,) of predictions.

    Raises:
        InvalidLabelError: columns differ in length or shape, or a number is not finite.
    """

    category: tuple[str, ...]
    xyxy: FloatArray
    boxes3d: FloatArray
    alpha: FloatArray
    truncation: FloatArray
    occlusion: FloatArray
    score: FloatArray

    def __post_init__(self) -> None:
        n = len(self.category)
        check_shape("xyxy", self.xyxy, (n, 4))
        check_shape("boxes3d", self.boxes3d, (n, 7))
        for name in ("alpha", "truncation", "occlusion", "score"):
            check_shape(name, getattr(self, name), (n,))
            check_finite(name, getattr(self, name))
        check_finite("xyxy", self.xyxy)
        check_finite("boxes3d", self.boxes3d)

    def __len__(self) -> int:
        return len(self.category)

    @classmethod
    def of(
        cls,
        category: list[str] | tuple[str, ...],
        xyxy: AnyArray,
        boxes3d: AnyArray | None = None,
        alpha: AnyArray | None = None,
        truncation: AnyArray | None = None,
        occlusion: AnyArray | None = None,
        score: AnyArray | None = None,
    ) -> KittiObjects:
        """Objects of lists or arrays; what is left out is 0."""
        n = len(category)

        def column(values: AnyArray | None) -> FloatArray:
            return np.zeros(n) if values is None else np.asarray(values, np.float64)

        return cls(
            tuple(category),
            np.asarray(xyxy, np.float64).reshape(-1, 4),
            np.zeros((n, 7)) if boxes3d is None else np.asarray(boxes3d, np.float64).reshape(-1, 7),
            *(column(values) for values in (alpha, truncation, occlusion, score)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class KittiCurve:
    """One class, view and difficulty.

    Attributes:
        precision: (41,) at recall 0, 1/40, ... 1, each the best from there on.
        similarity: (41,) orientation similarity likewise.
        score_limits: (k,) the least scores at which errors were counted, descending.
        counts: (k, 3) true positives, false positives and misses at these.
        n_truth: objects to find.
    """

    precision: FloatArray
    similarity: FloatArray
    score_limits: FloatArray
    counts: IntArray
    n_truth: int

    @property
    def ap_r40(self) -> float:
        """Mean precision at recall 1/40, ... 1, in [0, 1]."""
        return float(self.precision[1:].sum() / 40)

    @property
    def ap_r11(self) -> float:
        """Mean precision at recall 0, 0.1, ... 1, in [0, 1]; KITTI's number until 2019."""
        return float(self.precision[::4].sum() / 11)

    @property
    def aos_r40(self) -> float:
        """Average orientation similarity over the same points as `ap_r40`."""
        return float(self.similarity[1:].sum() / 40)

    def to_json(self) -> dict[str, Any]:
        """The numbers and counts."""
        last = self.counts[-1].tolist() if len(self.counts) else [0, 0, self.n_truth]
        return {
            "ap_r40": self.ap_r40,
            "ap_r11": self.ap_r11,
            "aos_r40": self.aos_r40,
            "n_truth": self.n_truth,
            "n_true_positive": last[0],
            "n_false_positive": last[1],
            "n_missed": last[2],
        }


@dataclass(frozen=True, slots=True, eq=False)
class KittiResult:
    """All classes and difficulties of one view.

    Attributes:
        view: one of VIEWS.
        curves: by class and difficulty.
    """

    view: str
    curves: dict[tuple[str, str], KittiCurve]

    def to_json(self) -> dict[str, Any]:
        """All numbers and counts, by class, then difficulty."""
        classes: dict[str, Any] = {}
        for (category, difficulty), curve in self.curves.items():
            classes.setdefault(category, {})[difficulty] = curve.to_json()
        return {"view": self.view, "classes": classes}


def kitti_average_precision(
    truth: list[KittiObjects],
    pred: list[KittiObjects],
    view: str = "image",
    categories: tuple[str, ...] = CATEGORIES,
    min_iou: dict[str, float] | None = None,
) -> KittiResult:
    """Average precision over images.

    Args:
        truth: the objects of each image.
        pred: what was found in each, with scores.
        view: ``image`` compares boxes, ``bev`` cuboids from above, ``3d`` cuboids in space.
        categories: of CATEGORIES.
        min_iou: an overlap must be above it; MIN_IOU by default.

    Raises:
        InvalidLabelError: lists of different length, or an unknown view or class.

    Source: KITTI object development kit, evaluate_object.cpp.
    """
    if len(truth) != len(pred):
        raise InvalidLabelError(f"pred: expected {len(truth)} images, got {len(pred)}.")
    if view not in VIEWS:
        raise InvalidLabelError(f"view: expected one of {', '.join(VIEWS)}, got {view!r}.")
    for name in categories:
        if name not in CATEGORIES:
            raise InvalidLabelError(f"categories: no class {name!r}.{did_you_mean(name, CATEGORIES)}")
    limits = MIN_IOU if min_iou is None else min_iou
    pairs = [_Pair.of(t, p, view) for t, p in zip(truth, pred, strict=True)]
    curves = {
        (name, difficulty): _curve(pairs, name.lower(), level, float(limits[name]))
        for name in categories
        for level, difficulty in enumerate(DIFFICULTIES)
    }
    return KittiResult(view, curves)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """One image: names in lower case, and how everything overlaps."""

    truth: KittiObjects
    pred: KittiObjects
    truth_names: AnyArray
    pred_names: AnyArray
    overlap: FloatArray
    stuff: FloatArray
    turn: FloatArray

    @classmethod
    def of(cls, truth: KittiObjects, pred: KittiObjects, view: str) -> _Pair:
        names = np.array([name.lower() for name in truth.category], dtype=object)
        areas = np.flatnonzero(names == "dontcare")
        turn = 0.5 * (1.0 + np.cos(truth.alpha[:, None] - pred.alpha[None]))
        return cls(
            truth,
            pred,
            names,
            np.array([name.lower() for name in pred.category], dtype=object),
            _overlap(truth, pred, view),
            _inside(truth.xyxy[areas], truth.boxes3d[areas], pred, view),
            turn,
        )

    def states(self, category: str, level: int) -> tuple[IntArray, IntArray]:
        """What each truth and each prediction is to a class at a difficulty."""
        t, p = self.truth, self.pred
        height = t.xyxy[:, 3] - t.xyxy[:, 1]
        hard = (t.occlusion > _MAX_OCCLUSION[level]) | (t.truncation > _MAX_TRUNCATION[level])
        hard |= height <= _MIN_HEIGHT[level]
        own = self.truth_names == category
        aside = (self.truth_names == _NEIGHBOURS[category]) | (own & hard)
        of_truth = np.where(aside, kernels.IGNORED, np.where(own, kernels.EVALUATED, kernels.OTHER))
        small = np.floor(np.abs(p.xyxy[:, 3] - p.xyxy[:, 1])) < _MIN_HEIGHT[level]  # an int in the devkit
        own = self.pred_names == category
        of_pred = np.where(small, kernels.IGNORED, np.where(own, kernels.EVALUATED, kernels.OTHER))
        return of_truth.astype(np.int64), of_pred.astype(np.int64)


def _overlap(truth: KittiObjects, pred: KittiObjects, view: str) -> FloatArray:
    # DontCare has sides of -1 in space: it takes no part there.
    usable = truth.boxes3d.copy()
    usable[:, 3:6] = np.maximum(usable[:, 3:6], 0)
    if view == "image":
        return pairwise_iou(truth.xyxy, pred.xyxy)
    found = pred.boxes3d.copy()
    found[:, 3:6] = np.maximum(found[:, 3:6], 0)
    if view == "bev":
        return pairwise_bev_iou(usable[:, [0, 1, 3, 4, 6]], found[:, [0, 1, 3, 4, 6]])
    return pairwise_upright_iou(usable, found)


def _inside(areas: FloatArray, areas3d: FloatArray, pred: KittiObjects, view: str) -> FloatArray:
    """(d, m) which part of each prediction lies in each area that nobody labelled."""
    if view == "image":
        width = np.minimum(areas[:, None, 2], pred.xyxy[None, :, 2])
        width = width - np.maximum(areas[:, None, 0], pred.xyxy[None, :, 0])
        height = np.minimum(areas[:, None, 3], pred.xyxy[None, :, 3])
        height = height - np.maximum(areas[:, None, 1], pred.xyxy[None, :, 1])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        own = np.prod(pred.xyxy[:, 2:] - pred.xyxy[:, :2], axis=1)
    else:
        columns = [0, 1, 3, 4, 6]
        sides = np.maximum(areas3d[:, columns], [-np.inf, -np.inf, 0, 0, -np.inf])
        found = np.maximum(pred.boxes3d[:, columns], [-np.inf, -np.inf, 0, 0, -np.inf])
        n, m = len(sides), len(found)
        flat = bev_overlap(np.repeat(sides, m, axis=0), np.tile(found, (n, 1)))
        shared, own = flat.reshape(n, m), found[:, 2] * found[:, 3]
        if view == "3d":
            tops = np.minimum.outer(
                areas3d[:, 2] + areas3d[:, 5] / 2, pred.boxes3d[:, 2] + pred.boxes3d[:, 5] / 2
            )
            feet = np.maximum.outer(
                areas3d[:, 2] - areas3d[:, 5] / 2, pred.boxes3d[:, 2] - pred.boxes3d[:, 5] / 2
            )
            shared, own = shared * np.maximum(tops - feet, 0), own * np.maximum(pred.boxes3d[:, 5], 0)
    part: FloatArray = shared / np.where(own > 0, own, 1)
    return part


def _curve(pairs: list[_Pair], category: str, level: int, min_iou: float) -> KittiCurve:
    states = [pair.states(category, level) for pair in pairs]
    n_truth = sum(int((of_truth == kernels.EVALUATED).sum()) for of_truth, _ in states)
    scores = [
        kernels.kitti_scores(pair.overlap, *state, pair.pred.score, min_iou)
        for pair, state in zip(pairs, states, strict=True)
    ]
    limits = _score_limits(np.concatenate([np.zeros(0), *scores]), n_truth)
    total = np.zeros((len(limits), 4))
    for pair, state in zip(pairs, states, strict=True):
        kernels.kitti_counts(
            pair.overlap, pair.stuff, *state, pair.pred.score, limits, pair.turn, min_iou, total
        )
    found = total[:, 0] + total[:, 1]
    precision, similarity = np.zeros(_N_POINTS), np.zeros(_N_POINTS)
    precision[: len(limits)] = total[:, 0] / np.where(found > 0, found, 1)
    similarity[: len(limits)] = total[:, 3] / np.where(found > 0, found, 1)
    return KittiCurve(
        np.maximum.accumulate(precision[::-1])[::-1],
        np.maximum.accumulate(similarity[::-1])[::-1],
        limits,
        total[:, :3].astype(np.int64),
        n_truth,
    )


def _score_limits(scores: FloatArray, n_truth: int) -> FloatArray:
    """The scores nearest to recalls 0, 1/40, 2/40, ..."""
    ordered = np.sort(scores)[::-1]
    limits: list[float] = []
    recall = 0.0
    for row, score in enumerate(ordered.tolist()):
        left = (row + 1) / n_truth
        is_last = row + 1 == len(ordered)
        right = left if is_last else (row + 2) / n_truth
        if right - recall < recall - left and not is_last:
            continue
        limits.append(score)
        recall += 1.0 / (_N_POINTS - 1.0)
    return np.array(limits)
