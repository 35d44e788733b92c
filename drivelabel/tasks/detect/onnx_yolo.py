"""Boxes from ONNX detectors: YOLOX, YOLOv5, YOLOv8, YOLO11 and NanoDet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.labels import Boxes2D, Taxonomy
from drivelabel.labels.taxonomies import COCO
from drivelabel.tasks.annotator import FrameLabels
from drivelabel.tasks.detect.finish import ToDriving, check_fraction, keep_best
from drivelabel.tasks.detect.heads import find_head
from drivelabel.tasks.detect.letterbox import Letterbox, Placement
from drivelabel.tasks.detect.looks import WHOLE, Look, Part, check_looks, parts_of
from drivelabel.tasks.image_input import check_images
from drivelabel.tasks.onnx_net import Backend, OnnxNet
from drivelabel.typing import Float32Array, UInt8Array


class OnnxDetector:
    """Finds objects with an ONNX network and labels them in DRIVING.

    Not for two threads at once: the input buffer is used again.

    Attributes:
        name: ``onnx_yolo``.
        version: the weights' hash, the head and every setting.
        to_driving: its `dropped` counts the boxes whose class DRIVING does not have.
    """

    name = "onnx_yolo"
    provides: tuple[str, ...] = ("boxes2d",)
    needs: tuple[str, ...] = ()

    def __init__(
        self,
        weights: str | Path = "yolox_nano",
        *,
        classes: Taxonomy = COCO,
        head: str = "auto",
        score_threshold: float = 0.1,
        iou_threshold: float = 0.45,
        across_classes: bool = True,
        max_boxes: int = 300,
        looks: tuple[Look, ...] = WHOLE,
        input_hw: tuple[int, int] = (640, 640),
        device: str = "cpu",
        threads: int = 0,
        backend: Backend = "auto",
    ) -> None:
        """Load a detector.

        Args:
            weights: a name that :func:`drivelabel.models.find_weights` knows, or a path.
            classes: the network's classes, in its order.
            head: ``auto`` tells it from the outputs; else a name of
                :data:`~drivelabel.tasks.detect.heads.HEADS`.
            score_threshold: boxes below are dropped. Low, since a tracker makes use of weak boxes.
            iou_threshold: boxes that overlap a better one by more are dropped.
            across_classes: also a box of another class removes, so that a van is not car and truck.
            max_boxes: how many boxes a frame can have.
            looks: parts of the image that are looked at. With
                :data:`~drivelabel.tasks.detect.looks.WHOLE_AND_AHEAD` far traffic lights are found too, in
                twice the time.
            input_hw: for networks that take images of any size; multiples of 32.
            device, threads, backend: see :class:`~drivelabel.tasks.onnx_net.OnnxNet`.

        Raises:
            StoreError: the weights are missing or altered.
            FormatError: the file is no detector, or has another number of classes.
            MissingExtraError: the backend or device is not there.
            InvalidLabelError: a setting is out of range.
        """
        check_fraction("score_threshold", score_threshold)
        check_fraction("iou_threshold", iou_threshold)
        check_looks(looks)
        self._net = OnnxNet(weights, device=device, threads=threads, backend=backend)
        height, width = self._net.input_hw
        self._input_hw = (height or input_hw[0], width or input_hw[1])
        # Outputs of a network for any size have no fixed shape either: run it once.
        shapes = self._net.shapes_for(self._input_hw)
        self._head, n_classes = find_head(head, shapes, self._input_hw, self._net.where)
        if n_classes != len(classes):
            raise FormatError(
                f"{self._net.where}: finds {n_classes} classes, but taxonomy {classes.name} has "
                f"{len(classes)}. Give the network's own classes as `classes`."
            )
        self._letterbox = Letterbox(
            self._input_hw,
            centred=self._head.centred,
            pad=self._head.pad,
            bgr=self._head.bgr,
            scale=self._head.scale,
            shift=self._head.shift,
        )
        self._score_threshold, self._iou_threshold = score_threshold, iou_threshold
        self._across_classes, self._max_boxes, self._looks = across_classes, max_boxes, looks
        self.to_driving = ToDriving.of(classes)
        self.version = (
            f"{self.name} {self._net.sha256[:12]} {self._head.name} {self._input_hw[0]}x{self._input_hw[1]} "
            f"{classes.name} score>{score_threshold:g} iou<={iou_threshold:g} "
            f"{'any' if across_classes else 'same'}-class max{max_boxes} looks {_looks_text(looks)} "
            f"{self._net.backend}"
        )

    def annotate(self, images_rgb: Sequence[UInt8Array], labels: Sequence[FrameLabels]) -> list[FrameLabels]:
        """Boxes of each image, best first; see :class:`~drivelabel.tasks.annotator.Annotator`."""
        check_images(images_rgb, labels)
        if not images_rgb:
            return []
        parts = [part for image in images_rgb for part in parts_of(image, self._looks)]
        batch, places = self._letterbox.fit([part.image_rgb for part in parts])
        outputs = self._net(batch)
        seen = [
            self._see([out[i] for out in outputs], placed, part)
            for i, (placed, part) in enumerate(zip(places, parts, strict=True))
        ]
        n = len(self._looks)
        return [FrameLabels(boxes2d=self._join(seen[i : i + n])) for i in range(0, len(seen), n)]

    def _see(self, outputs: list[Float32Array], placed: Placement, part: Part) -> Boxes2D:
        """Boxes of one look, before non-maximum suppression, in the whole image."""
        candidates = self._head.decode(outputs, self._input_hw, self._score_threshold)
        xyxy = placed.to_image(candidates.xyxy)
        rows = part.whole_things(xyxy)
        return self.to_driving.boxes(
            part.to_whole(xyxy[rows]), candidates.score[rows], candidates.class_id[rows], part.whole_hw
        )

    def _join(self, seen: list[Boxes2D]) -> Boxes2D:
        """The boxes of all looks at one image, best first."""
        boxes = Boxes2D.concat(seen)
        boxes = boxes[np.argsort(-boxes.score, kind="stable")]
        return keep_best(boxes, self._iou_threshold, self._across_classes, self._max_boxes)


def _looks_text(looks: tuple[Look, ...]) -> str:
    return "+".join(",".join(f"{side:g}" for side in look) for look in looks)
