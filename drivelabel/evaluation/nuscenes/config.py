"""The classes that nuScenes judges, and the settings it judges them with.

Source: nuscenes-devkit 1.2.0, configurations ``detection_cvpr_2019`` and ``tracking_nips_2019``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from drivelabel.errors import InvalidLabelError
from drivelabel.labels.nuscenes_tasks import ATTRIBUTE_NAMES as ATTRIBUTE_NAMES
from drivelabel.labels.nuscenes_tasks import DETECTION_NAMES as DETECTION_NAMES
from drivelabel.labels.nuscenes_tasks import MAX_BOXES_PER_SAMPLE
from drivelabel.labels.nuscenes_tasks import NO_ATTRIBUTE as NO_ATTRIBUTE
from drivelabel.labels.nuscenes_tasks import TRACKING_NAMES as TRACKING_NAMES

IN_RACKS = ("bicycle", "motorcycle")
"""The classes that are not judged inside a bike rack."""

_RANGE = {
    "car": 50.0,
    "truck": 50.0,
    "bus": 50.0,
    "trailer": 50.0,
    "construction_vehicle": 50.0,
    "pedestrian": 40.0,
    "motorcycle": 40.0,
    "bicycle": 40.0,
    "traffic_cone": 30.0,
    "barrier": 30.0,
}


def _detection_range() -> Mapping[str, float]:
    return MappingProxyType(_RANGE)


def _tracking_range() -> Mapping[str, float]:
    return MappingProxyType({name: _RANGE[name] for name in TRACKING_NAMES})


@dataclass(frozen=True, slots=True)
class DetectionConfig:
    """How detections are judged.

    Attributes:
        class_range: class to the distance from the ego vehicle, metres, below which its boxes count. All ten
            classes, in the order in which means are taken.
        match_distances: metres; below each of them a detection may match a truth.
        error_match_distance: metres, the one of `match_distances` at which the true positives' errors count.
        min_recall, min_precision: what lies below is cut from the average precision.
        max_boxes_per_sample: more detections than this in one sample are refused.
        mean_ap_weight: of the mean average precision in the nuScenes detection score; each error weighs 1.

    Raises:
        InvalidLabelError: the classes are not the ten of nuScenes, or a number is out of place.
    """

    class_range: Mapping[str, float] = field(default_factory=_detection_range)
    match_distances: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    error_match_distance: float = 2.0
    min_recall: float = 0.1
    min_precision: float = 0.1
    max_boxes_per_sample: int = MAX_BOXES_PER_SAMPLE
    mean_ap_weight: float = 5.0

    def __post_init__(self) -> None:
        _check_classes(self.class_range, DETECTION_NAMES)
        if self.error_match_distance not in self.match_distances:
            raise InvalidLabelError(
                f"error_match_distance: expected one of {self.match_distances}, "
                f"got {self.error_match_distance}."
            )
        if not (0 <= self.min_recall <= 1 and 0 <= self.min_precision < 1):
            raise InvalidLabelError(
                "min_recall, min_precision: expected numbers from 0 to 1 (min_precision below 1), "
                f"got {self.min_recall}, {self.min_precision}."
            )


@dataclass(frozen=True, slots=True)
class TrackingConfig:
    """How tracks are judged.

    Attributes:
        class_range: class to the distance from the ego vehicle, metres, below which its boxes count.
        match_distance: metres, below which a predicted box may match a truth.
        min_recall: the lowest recall of the averages AMOTA and AMOTP.
        n_thresholds: how many recalls from `min_recall` to 1 are averaged.
        max_boxes_per_sample: more boxes than this in one sample are refused.

    Raises:
        InvalidLabelError: the classes are not the seven of nuScenes, or a number is out of place.
    """

    class_range: Mapping[str, float] = field(default_factory=_tracking_range)
    match_distance: float = 2.0
    min_recall: float = 0.1
    n_thresholds: int = 40
    max_boxes_per_sample: int = MAX_BOXES_PER_SAMPLE

    def __post_init__(self) -> None:
        _check_classes(self.class_range, TRACKING_NAMES)
        if self.n_thresholds < 1 or not 0 <= self.min_recall <= 1:
            raise InvalidLabelError(
                "n_thresholds, min_recall: expected at least 1, and 0 to 1, "
                f"got {self.n_thresholds}, {self.min_recall}."
            )


def _check_classes(class_range: Mapping[str, float], names: tuple[str, ...]) -> None:
    if set(class_range) != set(names):
        raise InvalidLabelError(
            f"class_range: expected the classes {', '.join(names)}, got {', '.join(class_range) or 'none'}."
        )
