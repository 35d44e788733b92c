"""Traffic lights from boxes of housings and the colour inside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import ARROWS, MODEL, RELEVANCES, Boxes2D, TrafficLights
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.tasks.annotator import FrameLabels
from drivelabel.tasks.image_input import check_images
from drivelabel.tasks.lights.bulbs import LIT, NO_READING, SHORT_SIDE, Reading, read_bulbs
from drivelabel.typing import FloatArray, UInt8Array


class ColourLights:
    """Reads the state of each box of category ``traffic_light``; one row a box, in their order.

    `score` is the box's score times the confidence of the state; `track_id` is the box's. Arrow and relevance
    are unknown. Boxes narrower than `min_width_px` get the state unknown.

    A housing seen from behind is as dark as one that is switched off, and is called ``off`` too.

    Attributes:
        name: ``colour_lights``.
        version: every setting.
    """

    name = "colour_lights"
    provides: tuple[str, ...] = ("traffic_lights",)
    needs: tuple[str, ...] = ("boxes2d",)

    def __init__(self, *, min_width_px: float = 5.0) -> None:
        self._min_width_px = min_width_px
        self._category = DRIVING.id_of("traffic_light")
        self.version = f"{self.name} 1 {SHORT_SIDE}px lit>{LIT:g} width>={min_width_px:g}"

    def annotate(self, images_rgb: Sequence[UInt8Array], labels: Sequence[FrameLabels]) -> list[FrameLabels]:
        """The lights of each image; see :class:`~drivelabel.tasks.annotator.Annotator`.

        Raises:
            InvalidLabelError: a frame has no boxes2d yet.
        """
        check_images(images_rgb, labels)
        found = []
        for i, (image, known) in enumerate(zip(images_rgb, labels, strict=True)):
            if known.boxes2d is None:
                raise InvalidLabelError(f"labels[{i}]: {self.name} needs boxes2d; run a detector first.")
            boxes = known.boxes2d
            found.append(
                FrameLabels(traffic_lights=self._lights(image, boxes[boxes.category_id == self._category]))
            )
        return found

    def _lights(self, image: UInt8Array, boxes: Boxes2D) -> TrafficLights:
        if not len(boxes):
            return TrafficLights.empty()
        readings = [self._read(image, xyxy) for xyxy in boxes.xyxy.astype(np.float64)]
        keypoints = np.stack([reading.bulbs for reading in readings])
        corner, size = boxes.xyxy[:, None, :2], boxes.xyxy[:, None, 2:] - boxes.xyxy[:, None, :2]
        keypoints[:, :, :2] = corner + keypoints[:, :, :2] * size
        return TrafficLights(
            xyxy=boxes.xyxy,
            keypoints=keypoints.astype(np.float32),
            category_id=boxes.category_id,
            state=np.array([reading.state for reading in readings], np.uint8),
            arrow=np.full(len(boxes), ARROWS.index("unknown"), np.uint8),
            relevance=np.full(len(boxes), RELEVANCES.index("unknown"), np.uint8),
            score=boxes.score * np.array([reading.confidence for reading in readings], np.float32),
            track_id=boxes.track_id,
            origin=np.full(len(boxes), MODEL, np.uint8),
        )

    def _read(self, image: UInt8Array, xyxy: FloatArray) -> Reading:
        height, width = image.shape[:2]
        size = xyxy[2:] - xyxy[:2]
        if size.min() < self._min_width_px:
            return NO_READING
        # Whole pixels whose middle lies inside the box, at least one.
        left, top = np.clip(np.round(xyxy[:2]), 0, (width - 1, height - 1)).astype(int)
        right, bottom = np.clip(np.round(xyxy[2:]), (left + 1, top + 1), (width, height)).astype(int)
        return read_bulbs(image[top:bottom, left:right], (float(size[0]), float(size[1])))
