"""Small, exact stages for tests: their labels depend on every pixel and on all that came before."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from drivelabel.labels import MODEL, Boxes2D, LabelMap
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.pipeline import Plan, ingest
from drivelabel.storage import SceneStore
from drivelabel.tasks.annotator import FrameLabels, State
from drivelabel.typing import UInt8Array


class PixelBoxes:
    """As many boxes as the image's checksum says, where it says."""

    name = "pixel_boxes"
    version = "1"
    provides: tuple[str, ...] = ("boxes2d", "label_map")
    needs: tuple[str, ...] = ()

    def annotate(self, images_rgb: Sequence[UInt8Array], labels: Sequence[FrameLabels]) -> list[FrameLabels]:
        return [self._label(image) for image in images_rgb]

    def _label(self, image_rgb: UInt8Array) -> FrameLabels:
        rng = np.random.default_rng(zlib.crc32(image_rgb.tobytes()))
        n = int(rng.integers(0, 5))
        corner = rng.uniform(0, 20, (n, 2)).astype(np.float32)
        boxes = Boxes2D(
            xyxy=np.concatenate([corner, corner + 5], axis=1),
            category_id=np.zeros(n, np.int64),
            origin=np.full(n, MODEL),
        )
        road = np.where(image_rgb[..., 0] > 128, DRIVING.id_of("road"), 255).astype(np.uint8)
        return FrameLabels(boxes2d=boxes, label_map=LabelMap(road))


class CountingTracker:
    """Gives the next number to each box, so that a lost or doubled frame changes all that follow."""

    name = "counting_tracker"
    version = "1"
    provides: tuple[str, ...] = ("boxes2d",)
    needs: tuple[str, ...] = ("boxes2d",)

    def __init__(self, first: int) -> None:
        self._next = first
        self._sum = np.zeros(4)

    def step(self, timestamp_ns: int, labels: FrameLabels) -> FrameLabels:
        boxes = labels.boxes2d
        assert boxes is not None
        ids = np.arange(self._next, self._next + len(boxes))
        self._next += len(boxes)
        self._sum = self._sum + boxes.xyxy.sum(axis=0) + timestamp_ns % 7
        score = np.full(len(boxes), abs(np.sin(self._sum[0])), np.float32)
        return FrameLabels(boxes2d=boxes.replace(track_id=ids, score=score))

    def state(self) -> State:
        return {"next": self._next, "sum": self._sum}

    def restore(self, state: State) -> None:
        self._next = int(state["next"])
        self._sum = np.asarray(state["sum"])


def exact_plan() -> Plan:
    """Boxes, areas and ids by the stages above."""
    return Plan(("boxes", "tracks"), (PixelBoxes(),), (lambda camera, row: CountingTracker(row * 1_000_000),))


def picture_scene(folder: Path, n_frames: int = 90) -> SceneStore:
    """A scene of small noise pictures."""
    pictures = folder / "pictures"
    pictures.mkdir()
    rng = np.random.default_rng(7)
    for i in range(n_frames):
        cv2.imwrite(str(pictures / f"{i:04d}.png"), rng.integers(0, 256, (24, 32, 3), np.uint8))
    return ingest(pictures, folder / "log.scene", hz=10.0)
