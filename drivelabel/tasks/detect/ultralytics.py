"""Boxes from ultralytics' detectors, where ultralytics is installed and a weight file is given.

ultralytics and its weights are AGPL-3.0; nothing of it is imported before a detector is made. It is told to
stay offline and to install nothing.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel._optional import require
from drivelabel.errors import FormatError, MissingExtraError, StoreError
from drivelabel.labels import Boxes2D
from drivelabel.models.registry import sha256_of
from drivelabel.tasks.annotator import FrameLabels
from drivelabel.tasks.detect.finish import ToDriving, check_fraction, keep_best
from drivelabel.tasks.image_input import check_images
from drivelabel.typing import UInt8Array


class UltralyticsDetector:
    """Finds objects with a ``.pt`` file of ultralytics and labels them in DRIVING, classes by their name.

    Attributes:
        name: ``ultralytics``.
        version: the weights' hash and every setting.
        to_driving: its `dropped` counts the boxes whose class DRIVING does not have.
    """

    name = "ultralytics"
    provides: tuple[str, ...] = ("boxes2d",)
    needs: tuple[str, ...] = ()

    def __init__(
        self,
        weights: str | Path,
        *,
        trust: bool = False,
        score_threshold: float = 0.1,
        iou_threshold: float = 0.45,
        across_classes: bool = True,
        max_boxes: int = 300,
        image_size: int = 640,
        device: str = "cpu",
    ) -> None:
        """Load a detector.

        Args:
            weights: path of a ``.pt`` file. It is a pickle: loading it runs what its author put in.
            trust: that you know where the file comes from. Without it nothing is loaded.
            score_threshold, iou_threshold, across_classes, max_boxes: as in
                :class:`~drivelabel.tasks.detect.onnx_yolo.OnnxDetector`.
            image_size: longer side of the network's input.
            device: ``cpu``, ``cuda`` or ``cuda:N``.

        Raises:
            StoreError: there is no such file, or it is not trusted.
            MissingExtraError: ultralytics or the device is not there.
            FormatError: ultralytics cannot load it, or it finds no upright boxes.
            InvalidLabelError: a threshold is out of range.
        """
        check_fraction("score_threshold", score_threshold)
        check_fraction("iou_threshold", iou_threshold)
        path = Path(weights)
        _check_file(path, trust)
        digest = sha256_of(path)
        self._model = _load(path, device)
        self._settings = {
            "conf": score_threshold,
            "iou": iou_threshold,
            "agnostic_nms": across_classes,
            "max_det": max_boxes,
            "imgsz": image_size,
            "device": device,
            "verbose": False,
            "save": False,
        }
        self._iou_threshold, self._across_classes, self._max_boxes = iou_threshold, across_classes, max_boxes
        names = self._model.names
        self.to_driving = ToDriving.by_name([names[i] for i in range(len(names))])
        self.version = (
            f"{self.name} {digest[:12]} {image_size} score>{score_threshold:g} iou<={iou_threshold:g} "
            f"{'any' if across_classes else 'same'}-class max{max_boxes}"
        )

    def annotate(self, images_rgb: Sequence[UInt8Array], labels: Sequence[FrameLabels]) -> list[FrameLabels]:
        """Boxes of each image, best first; see :class:`~drivelabel.tasks.annotator.Annotator`."""
        check_images(images_rgb, labels)
        found: dict[int, FrameLabels] = {}
        # By shape: in a mixed batch ultralytics pads otherwise, and frames would depend on one another.
        for shape in {image.shape for image in images_rgb}:
            rows = [i for i, image in enumerate(images_rgb) if image.shape == shape]
            bgr = [np.ascontiguousarray(images_rgb[i][:, :, ::-1]) for i in rows]
            results = self._model.predict(bgr, **self._settings)
            found |= {
                i: FrameLabels(boxes2d=self._boxes(r, (shape[0], shape[1])))
                for i, r in zip(rows, results, strict=True)
            }
        return [found[i] for i in range(len(images_rgb))]

    def _boxes(self, result: Any, image_hw: tuple[int, int]) -> Boxes2D:
        boxes = result.boxes.cpu().numpy()
        rows = self.to_driving.boxes(boxes.xyxy, np.clip(boxes.conf, 0, 1), boxes.cls, image_hw)
        if self._across_classes:
            return rows
        # Once more, since classes that ultralytics kept apart may be one in DRIVING.
        return keep_best(rows, self._iou_threshold, False, self._max_boxes)


def _check_file(path: Path, trust: bool) -> None:
    if not path.is_file():
        raise StoreError(f"{path}: no such file. ultralytics weights are never downloaded; give a path.")
    if not trust:
        raise StoreError(
            f"{path}: not loaded. A .pt file is a pickle and can run any code; if you know where it comes "
            f"from, say trust=True. An .onnx export of it needs no trust."
        )


def _load(path: Path, device: str) -> Any:
    """An ultralytics model, quiet and offline."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")
    ultralytics = require("ultralytics", extra="models")
    _log_to_stderr()
    if device != "cpu" and not require("torch", extra="models").cuda.is_available():
        raise MissingExtraError(
            f"device {device!r} was asked for, but torch sees no CUDA device. Use device 'cpu'."
        )
    try:
        model = ultralytics.YOLO(str(path))
    except Exception as error:  # unpickling can fail in any way
        raise FormatError(f"{path}: ultralytics cannot load it: {error}") from error
    if model.task not in ("detect", "segment", "pose"):
        raise FormatError(f"{path}: expected a model that finds boxes, got task {model.task!r}.")
    return model


def _log_to_stderr() -> None:
    """ultralytics logs to stdout, which belongs to results."""
    for handler in logging.getLogger("ultralytics").handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stdout:
            handler.setStream(sys.stderr)
