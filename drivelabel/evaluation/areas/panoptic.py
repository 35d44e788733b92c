"""Panoptic quality: segments matched one to one by IoU, as panopticapi computes it.

A true and a predicted segment of one class match when their IoU is above 0.5, which only one pair can reach.
Pixels of void truth are left out of a prediction's area; a predicted segment that lies mostly in void or in a
crowd of its class counts neither way.

Source: Kirillov et al., Panoptic Segmentation, CVPR 2019; github.com/cocodataset/panopticapi, evaluation.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels import label_maps as kernels
from drivelabel.labels import VOID, InstanceMap, LabelMap, Taxonomy
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """One frame cut into segments.

    Attributes:
        segment_map: (h, w) whole numbers, the segment of each pixel; 0 is void.
        segment_id: (k,) int64, the segments, rising.
        category_id: (k,) int64, their classes.
        is_crowd: (k,) bool, several things that nobody told apart; only in truth.

    Raises:
        InvalidLabelError: columns differ in length or shape, or ids do not rise from above 0.
    """

    segment_map: AnyArray
    segment_id: IntArray
    category_id: IntArray
    is_crowd: BoolArray

    def __post_init__(self) -> None:
        check_shape("segment_map", self.segment_map, (None, None))
        check_shape("segment_id", self.segment_id, (None,))
        check_shape("category_id", self.category_id, self.segment_id.shape)
        check_shape("is_crowd", self.is_crowd, self.segment_id.shape)
        if (np.diff(self.segment_id, prepend=0) <= 0).any():
            raise InvalidLabelError("segment_id: expected rising numbers above 0.")

    @classmethod
    def of_maps(cls, labels: LabelMap, instances: InstanceMap | None, taxonomy: Taxonomy) -> Segments:
        """The segments of a frame: each instance of a thing, and each area.

        Pixels of a thing's class without an instance are one crowd per class.
        """
        category = labels.label_map.astype(np.int64)
        thing = np.array([c.is_thing for c in taxonomy] + [False] * (VOID + 1 - len(taxonomy)))
        instance = np.zeros_like(category)
        if instances is not None:
            check_shape("instance_map", instances.instance_map, category.shape)
            instance = np.where(thing[category], instances.instance_map.astype(np.int64), 0)
        segment = np.where(category == VOID, 0, instance * (VOID + 1) + category + 1)
        found = np.unique(segment)
        found = found[found > 0]
        category_id = (found - 1) % (VOID + 1)
        return cls(segment, found, category_id, thing[category_id] & (found <= VOID + 1))


@dataclass(frozen=True, slots=True, eq=False)
class PanopticQuality:
    """Segments matched per class; those of several logs add up with ``+``.

    Attributes:
        names: the classes, in order of their ids.
        is_thing: (n,) bool.
        iou_sum: (n,) float64, over matches.
        tp: (n,) int64, matches.
        fp: (n,) int64, predicted segments without one.
        fn: (n,) int64, true segments without one.
    """

    names: tuple[str, ...]
    is_thing: BoolArray
    iou_sum: FloatArray
    tp: IntArray
    fp: IntArray
    fn: IntArray

    def __add__(self, other: PanopticQuality) -> PanopticQuality:
        """Both counted together."""
        if self.names != other.names:
            raise InvalidLabelError("panoptic quality: expected the same classes on both sides.")
        sums = (getattr(self, name) + getattr(other, name) for name in ("iou_sum", "tp", "fp", "fn"))
        return PanopticQuality(self.names, self.is_thing, *sums)

    @property
    def sq(self) -> FloatArray:
        """(n,) mean IoU of matches; 0 without any; NaN for classes that do not occur."""
        return self._known(self.iou_sum / np.maximum(1, self.tp))

    @property
    def rq(self) -> FloatArray:
        """(n,) F1 of segments; NaN for classes that do not occur."""
        return self._known(self.tp / np.maximum(0.5, self.tp + 0.5 * self.fp + 0.5 * self.fn))

    @property
    def pq(self) -> FloatArray:
        """(n,) quality times recognition; NaN for classes that do not occur."""
        return self._known(self.iou_sum / np.maximum(0.5, self.tp + 0.5 * self.fp + 0.5 * self.fn))

    def mean(self, which: str = "all") -> dict[str, float]:
        """PQ, SQ, RQ: means over the classes that occur, and how many these are.

        Args:
            which: ``all``, ``things`` or ``stuff``.

        Raises:
            InvalidLabelError: `which` is something else.
        """
        chosen = {"all": self.is_thing | True, "things": self.is_thing, "stuff": ~self.is_thing}
        if which not in chosen:
            raise InvalidLabelError(f"which: expected all, things or stuff, got {which!r}.")
        rows = chosen[which] & ~np.isnan(self.pq)
        n = int(rows.sum())
        parts = {"pq": self.pq, "sq": self.sq, "rq": self.rq}
        means = {name: float(values[rows].sum()) / n if n else float("nan") for name, values in parts.items()}
        return means | {"n": float(n)}

    def to_json(self) -> dict[str, Any]:
        """Means over all classes, things and areas, and every class with its counts."""
        columns = ("pq", "sq", "rq", "iou_sum", "tp", "fp", "fn")
        classes = {
            name: {column: getattr(self, column)[row].item() for column in columns}
            for row, name in enumerate(self.names)
        }
        return {which: self.mean(which) for which in ("all", "things", "stuff")} | {"classes": classes}

    def _known(self, values: FloatArray) -> FloatArray:
        known: FloatArray = np.where(self.tp + self.fp + self.fn > 0, values, np.nan)
        return known


def panoptic_quality(
    frames: Iterable[tuple[Segments, Segments]], names: Sequence[str], is_thing: Sequence[bool]
) -> PanopticQuality:
    """Panoptic quality of some frames.

    Args:
        frames: (truth, pred) segments.
        names: the classes, in order of their ids.
        is_thing: which of them can be counted.

    Raises:
        InvalidLabelError: two maps of a frame differ in shape, a map has a segment that its list lacks or the
            other way round, or a class is unknown.
    """
    n = len(names)
    total = PanopticQuality(
        tuple(names), np.array(is_thing, np.bool_), np.zeros(n), *(np.zeros(n, np.int64) for _ in range(3))
    )
    check_shape("is_thing", total.is_thing, (n,))
    for number, (truth, pred) in enumerate(frames):
        _add_frame(total, number, truth, pred)
    return total


def _add_frame(total: PanopticQuality, number: int, truth: Segments, pred: Segments) -> None:
    """Count one frame into `total`'s own columns."""
    check_shape(f"frame {number}, pred", pred.segment_map, truth.segment_map.shape)
    for name, side in (("truth", truth), ("pred", pred)):
        bad = (side.category_id < 0) | (side.category_id >= len(total.names))
        if bad.any():
            raise InvalidLabelError(
                f"frame {number}, {name}: expected classes 0 to {len(total.names) - 1}, "
                f"got {int(side.category_id[np.argmax(bad)])}."
            )
    counts, *unknown = kernels.count_segment_pairs(
        truth.segment_map.reshape(-1), pred.segment_map.reshape(-1), truth.segment_id, pred.segment_id
    )
    for name, pixels in zip(("truth", "pred"), unknown, strict=True):
        if pixels:
            raise InvalidLabelError(
                f"frame {number}, {name}: {pixels} pixels belong to segments that are not listed."
            )
    _check_seen(number, "truth", counts.sum(axis=1)[1:], truth.segment_id)
    _check_seen(number, "pred", counts.sum(axis=0)[1:], pred.segment_id)
    both = counts[1:, 1:]
    area_truth, area_pred, in_void = counts.sum(axis=1)[1:], counts.sum(axis=0)[1:], counts[0, 1:]
    iou = both / np.maximum(1, area_truth[:, None] + area_pred - both - in_void)
    same = truth.category_id[:, None] == pred.category_id
    rows, columns = np.nonzero(same & ~truth.is_crowd[:, None] & (iou > 0.5))
    np.add.at(total.tp, truth.category_id[rows], 1)
    np.add.at(total.iou_sum, truth.category_id[rows], iou[rows, columns])
    missed = ~truth.is_crowd
    missed[rows] = False
    np.add.at(total.fn, truth.category_id[missed], 1)
    # panopticapi keeps one crowd per class: the last one.
    excused = in_void.astype(np.float64)
    crowd_of = {int(truth.category_id[row]): row for row in np.flatnonzero(truth.is_crowd)}
    for column, category in enumerate(pred.category_id.tolist()):
        if category in crowd_of:
            excused[column] += both[crowd_of[category], column]
    false = excused / np.maximum(1, area_pred) <= 0.5
    false[columns] = False
    np.add.at(total.fp, pred.category_id[false], 1)


def _check_seen(number: int, name: str, area: IntArray, ids: IntArray) -> None:
    if (area == 0).any():
        raise InvalidLabelError(f"frame {number}, {name}: segment {int(ids[np.argmin(area)])} has no pixels.")
