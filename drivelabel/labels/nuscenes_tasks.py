"""The classes and attributes that nuScenes' detection and tracking tasks know, and boxes in their terms.

Source: nuscenes-devkit 1.2.0, configurations ``detection_cvpr_2019`` and ``tracking_nips_2019``.
"""

from __future__ import annotations

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.labels._table import NO_TRACK
from drivelabel.labels.boxes3d import Boxes3D
from drivelabel.labels.taxonomies import DRIVING, UNMAPPED, mapping
from drivelabel.labels.taxonomy import Taxonomy
from drivelabel.typing import IntArray

DETECTION_NAMES = (
    "car",
    "truck",
    "bus",
    "trailer",
    "construction_vehicle",
    "pedestrian",
    "motorcycle",
    "bicycle",
    "traffic_cone",
    "barrier",
)
"""The classes of the detection task, in the devkit's order."""

TRACKING_NAMES = ("bicycle", "bus", "car", "motorcycle", "pedestrian", "trailer", "truck")
"""The classes of the tracking task, in the devkit's order."""

ATTRIBUTE_NAMES = (
    "pedestrian.moving",
    "pedestrian.sitting_lying_down",
    "pedestrian.standing",
    "cycle.with_rider",
    "cycle.without_rider",
    "vehicle.moving",
    "vehicle.parked",
    "vehicle.stopped",
)
"""What a box may be doing."""

NO_ATTRIBUTE = -1
MAX_BOXES_PER_SAMPLE = 500
"""More are refused by the devkit."""


def task_classes(taxonomy: Taxonomy, names: tuple[str, ...]) -> IntArray:
    """(len(taxonomy),) index into `names` of each class, through the DRIVING taxonomy, or -1."""
    hub = np.array([names.index(name) if name in names else -1 for name in DRIVING.names] + [-1], np.int64)
    in_hub = mapping(taxonomy, DRIVING)
    rows: IntArray = hub[np.where(in_hub == UNMAPPED, len(DRIVING), in_hub)]
    return rows


def own_tracks(track_id: IntArray) -> IntArray:
    """The same identities; a row without one gets a number that no other row has."""
    alone = track_id == NO_TRACK
    if not alone.any():
        return track_id
    free = int(track_id.max()) + 1
    return np.where(alone, free + np.cumsum(alone), track_id)


def task_attributes(boxes: Boxes3D) -> IntArray:
    """(n,) index into ATTRIBUTE_NAMES, or NO_ATTRIBUTE.

    They are those named as in nuScenes (``vehicle.moving``: true), or an ``attribute`` of that text.

    Raises:
        InvalidLabelError: a box has two.
    """
    found = np.full(len(boxes), NO_ATTRIBUTE, np.int64)
    for index, name in enumerate(ATTRIBUTE_NAMES):
        has = np.zeros(len(boxes), np.bool_)
        if name in boxes.attributes:
            has |= boxes.attributes[name].is_value(True)
        if "attribute" in boxes.attributes:
            has |= boxes.attributes["attribute"].is_value(name)
        twice = has & (found != NO_ATTRIBUTE)
        if twice.any():
            row = int(np.argmax(twice))
            raise InvalidLabelError(
                f"attributes, row {row}: expected one of nuScenes' attributes, got "
                f"{ATTRIBUTE_NAMES[found[row]]} and {name}."
            )
        found[has] = index
    return found
