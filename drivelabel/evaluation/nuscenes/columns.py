"""Boxes as nuScenes judges them: columns in world coords, one row per box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from drivelabel._check import check_finite
from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.nuscenes.config import (
    ATTRIBUTE_NAMES,
    DETECTION_NAMES,
    NO_ATTRIBUTE,
    TRACKING_NAMES,
)
from drivelabel.geometry._kernels import nuscenes_detection as kernels
from drivelabel.labels import UNKNOWN_COUNT, Table
from drivelabel.labels._table import column
from drivelabel.typing import AnyArray, IntArray

TRUTH_SCORE = -1.0
"""The ``score`` of a truth: it has none."""

T = TypeVar("T", "DetectionColumns", "TrackingColumns")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DetectionColumns(Table):
    """Boxes of the detection task, in the order in which the file or table lists them.

    The order matters: of two detections with one score the later one is matched first, and of two truths at
    one distance the earlier one is taken.

    Attributes:
        sample: (n,) int64, row of :class:`Samples`.
        translation: (n, 3) float64, metres, world coords, the box's centre.
        size_wlh: (n, 3) float64, metres: width, length, height, as nuScenes writes them.
        quat_wxyz: (n, 4) float64, ``world_from_box`` rotation; need not be of unit length.
        velocity: (n, 2) float64, metres per second, world coords; NaN where unknown.
        category_id: (n,) int64, index into DETECTION_NAMES.
        score: (n,) float64; TRUTH_SCORE for a truth.
        attribute: (n,) int64, index into ATTRIBUTE_NAMES, or NO_ATTRIBUTE.
        n_points: (n,) int64, lidar and radar points inside; a box with 0 does not count, UNKNOWN_COUNT does.
        ego_distance: (n,) float64, metres along the ground from the ego vehicle; see :func:`place`.
        in_bike_rack: (n,) bool, whether the centre lies in a bike rack; see :func:`place`.

    Raises:
        InvalidLabelError: columns differ in length or shape, a number is not finite where it must be, or an
            index is out of range.
    """

    KIND: ClassVar[str] = "nuscenes_detection"

    sample: npt.NDArray[np.int64] = column(np.int64)
    translation: npt.NDArray[np.float64] = column(np.float64, 3)
    size_wlh: npt.NDArray[np.float64] = column(np.float64, 3)
    quat_wxyz: npt.NDArray[np.float64] = column(np.float64, 4)
    category_id: npt.NDArray[np.int64] = column(np.int64)
    velocity: npt.NDArray[np.float64] = column(np.float64, 2, default=np.nan, finite=False)
    score: npt.NDArray[np.float64] = column(np.float64, default=TRUTH_SCORE, finite=False)
    attribute: npt.NDArray[np.int64] = column(np.int64, default=NO_ATTRIBUTE)
    n_points: npt.NDArray[np.int64] = column(np.int64, default=UNKNOWN_COUNT)
    ego_distance: npt.NDArray[np.float64] = column(np.float64, default=0.0)
    in_bike_rack: npt.NDArray[np.bool_] = column(np.bool_, default=False)

    def _check_rows(self) -> None:
        _check_index("sample", self.sample, 0, None)
        _check_index("category_id", self.category_id, 0, len(DETECTION_NAMES))
        _check_index("attribute", self.attribute, NO_ATTRIBUTE, len(ATTRIBUTE_NAMES))
        _check_scores(self.score)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TrackingColumns(Table):
    """Boxes of the tracking task, in the order in which the file or table lists them.

    Attributes:
        sample: (n,) int64, row of :class:`Samples`.
        translation: (n, 3) float64, metres, world coords, the box's centre.
        track_id: (n,) int64, equal for one thing through its scene.
        category_id: (n,) int64, index into TRACKING_NAMES.
        score: (n,) float64; TRUTH_SCORE for a truth.
        n_points: (n,) int64, lidar and radar points inside; a box with 0 does not count, UNKNOWN_COUNT does.
        ego_distance: (n,) float64, metres along the ground from the ego vehicle; see :func:`place`.
        in_bike_rack: (n,) bool, whether the centre lies in a bike rack; see :func:`place`.

    Raises:
        InvalidLabelError: columns differ in length or shape, a number is not finite, or an index is out of
            range.
    """

    KIND: ClassVar[str] = "nuscenes_tracking"

    sample: npt.NDArray[np.int64] = column(np.int64)
    translation: npt.NDArray[np.float64] = column(np.float64, 3)
    track_id: npt.NDArray[np.int64] = column(np.int64)
    category_id: npt.NDArray[np.int64] = column(np.int64)
    score: npt.NDArray[np.float64] = column(np.float64, default=TRUTH_SCORE, finite=False)
    n_points: npt.NDArray[np.int64] = column(np.int64, default=UNKNOWN_COUNT)
    ego_distance: npt.NDArray[np.float64] = column(np.float64, default=0.0)
    in_bike_rack: npt.NDArray[np.bool_] = column(np.bool_, default=False)

    def _check_rows(self) -> None:
        _check_index("sample", self.sample, 0, None)
        _check_index("category_id", self.category_id, 0, len(TRACKING_NAMES))
        _check_scores(self.score)


def joined(parts: Sequence[T], n_samples: Sequence[int]) -> T:
    """The boxes of several logs as one table; the samples of each log come after those of the log before.

    Args:
        parts: one table per log.
        n_samples: how many samples each log has.

    Raises:
        InvalidLabelError: the lists differ in length or are empty.
    """
    if not parts or len(parts) != len(n_samples):
        raise InvalidLabelError(
            f"joined: expected one number of samples for each table, got {len(parts)} and {len(n_samples)}."
        )
    starts = np.cumsum([0, *n_samples[:-1]])
    moved = [part.replace(sample=part.sample + start) for part, start in zip(parts, starts, strict=True)]
    return type(parts[0]).concat(moved)


def check_counts(boxes: DetectionColumns | TrackingColumns, limit: int) -> None:
    """Raise InvalidLabelError when a sample has more than `limit` boxes."""
    counts = np.bincount(boxes.sample)
    if len(counts) and counts.max() > limit:
        worst = int(np.argmax(counts))
        raise InvalidLabelError(
            f"pred, sample {worst}: expected at most {limit} boxes, got {int(counts[worst])}. "
            "Keep those with the highest scores."
        )


def countable_rows(boxes: DetectionColumns | TrackingColumns, class_range: Mapping[str, float]) -> IntArray:
    """Rows that are judged: nearer than their class's range, not known to be empty, in no bike rack."""
    names = DETECTION_NAMES if isinstance(boxes, DetectionColumns) else TRACKING_NAMES
    limit = np.array([class_range[name] for name in names], np.float64)
    rows: IntArray = kernels.countable(
        boxes.category_id, boxes.ego_distance, boxes.n_points, boxes.in_bike_rack, limit
    )
    return rows


def _check_index(name: str, values: AnyArray, low: int, stop: int | None) -> None:
    bad = values < low if stop is None else (values < low) | (values >= stop)
    if bad.any():
        row = int(np.argmax(bad))
        upper = "" if stop is None else f" to {stop - 1}"
        raise InvalidLabelError(f"{name}, row {row}: expected {low}{upper}, got {int(values[row])}.")


def _check_scores(score: AnyArray) -> None:
    # Infinity is refused too: the devkit takes it, and then its curves hold NaN.
    check_finite("score", score)
