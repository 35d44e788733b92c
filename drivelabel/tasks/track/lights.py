"""Track ids of traffic lights, from the boxes they were found in."""

from __future__ import annotations

import numpy as np

from drivelabel.geometry import pairwise_iou
from drivelabel.labels import NO_TRACK, Boxes2D, TrafficLights
from drivelabel.typing import IntArray

_SAME_IOU = 0.5


def light_track_ids(lights: TrafficLights, boxes: Boxes2D) -> IntArray:
    """The track id of the box that each light is in.

    Args:
        lights: the lights of a frame.
        boxes: the same frame's boxes with their track ids; only boxes of a light's own category count.

    Returns:
        (n,) int64, of the box with the largest IoU; NO_TRACK where none overlaps by half.
    """
    if len(lights) == 0 or len(boxes) == 0:
        return np.full(len(lights), NO_TRACK, np.int64)
    same_class = lights.category_id[:, None] == boxes.category_id[None]
    iou = np.where(same_class, pairwise_iou(lights.xyxy, boxes.xyxy), 0.0)
    best = np.argmax(iou, axis=1)
    found = iou[np.arange(len(lights)), best] >= _SAME_IOU
    return np.where(found, boxes.track_id[best], NO_TRACK)
