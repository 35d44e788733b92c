"""Road and lane-marking areas from TwinLiteNet.

The network was trained on BDD100K: its area is what may be driven on (the ego lane and the lanes beside it in
the same direction), so oncoming lanes and parking places are often left out. It says nothing of anything
else, so all other pixels are VOID, not "no road".

Source: Che et al., TwinLiteNet (2023); input as its project's demo has it: the whole image stretched, RGB,
0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from drivelabel.errors import FormatError
from drivelabel.labels import VOID, LabelMap
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.tasks.annotator import FrameLabels
from drivelabel.tasks.image_input import check_images
from drivelabel.tasks.onnx_net import Backend, OnnxNet
from drivelabel.typing import BoolArray, Float32Array, UInt8Array

_ROAD, _LANE = 1, 2  # bits of a pixel's code
_BYTE = np.float32(1 / 255)


class TwinLiteNet:
    """Labels road and lane markings in DRIVING, VOID elsewhere; a marking lies over the road.

    Not for two threads at once: the input buffer is used again.

    Attributes:
        name: ``twinlitenet``.
        version: the weights' hash and every setting.
    """

    name = "twinlitenet"
    provides: tuple[str, ...] = ("label_map",)
    needs: tuple[str, ...] = ()

    def __init__(
        self,
        weights: str | Path = "twinlitenet",
        *,
        input_hw: tuple[int, int] = (360, 640),
        device: str = "cpu",
        threads: int = 0,
        backend: Backend = "auto",
    ) -> None:
        """Load the network.

        Args:
            weights: a name that :func:`drivelabel.models.find_weights` knows, or a path.
            input_hw: for files that take images of any size.
            device, threads, backend: see :class:`~drivelabel.tasks.onnx_net.OnnxNet`.

        Raises:
            StoreError: the weights are missing or altered.
            FormatError: the file is no network with a drivable-area and a lane output.
            MissingExtraError: the backend or device is not there.
        """
        self._net = OnnxNet(weights, device=device, threads=threads, backend=backend)
        height, width = self._net.input_hw
        self._input_hw = (height or input_hw[0], width or input_hw[1])
        _check_outputs(self._net.shapes_for(self._input_hw), self._input_hw, self._net.where)
        self._batch: Float32Array = np.empty((0, 3, *self._input_hw), np.float32)
        self._codes = _table()
        self.version = (
            f"{self.name} {self._net.sha256[:12]} {self._input_hw[0]}x{self._input_hw[1]} {self._net.backend}"
        )

    def annotate(self, images_rgb: Sequence[UInt8Array], labels: Sequence[FrameLabels]) -> list[FrameLabels]:
        """The areas of each image at its own size; see :class:`~drivelabel.tasks.annotator.Annotator`."""
        check_images(images_rgb, labels)
        if not images_rgb:
            return []
        drivable, lanes = self._net(self._fit(images_rgb))
        return [
            FrameLabels(label_map=LabelMap(self._areas(image.shape[:2], drivable[i], lanes[i])))
            for i, image in enumerate(images_rgb)
        ]

    def _fit(self, images_rgb: Sequence[UInt8Array]) -> Float32Array:
        if len(self._batch) < len(images_rgb):
            self._batch = np.empty((len(images_rgb), 3, *self._input_hw), np.float32)
        height, width = self._input_hw
        for image, out in zip(images_rgb, self._batch, strict=False):
            for plane, channel in zip(cv2.split(cv2.resize(image, (width, height))), out, strict=True):
                np.multiply(plane, _BYTE, out=channel, dtype=np.float32)
        return self._batch[: len(images_rgb)]

    def _areas(self, image_hw: tuple[int, ...], drivable: Float32Array, lanes: Float32Array) -> UInt8Array:
        """(h, w) uint8; the class with the larger logit wins, decided after enlarging: edges stay smooth."""
        code = _wins(drivable, image_hw).view(np.uint8)
        code |= np.left_shift(_wins(lanes, image_hw).view(np.uint8), np.uint8(1))
        # Not np.copyto with masks: 3.2 ms against 0.1 ms for 1280 x 720.
        return np.asarray(cv2.LUT(code, self._codes), np.uint8)


def _wins(logits: Float32Array, image_hw: tuple[int, ...]) -> BoolArray:
    """(h, w), true where the second of two logits is the larger one."""
    lead = cv2.resize(logits[1] - logits[0], (image_hw[1], image_hw[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(lead > 0)


def _table() -> UInt8Array:
    """(256,) a pixel's code to its category."""
    table: UInt8Array = np.full(256, VOID, np.uint8)
    table[_ROAD] = DRIVING.id_of("road")
    table[_LANE] = table[_LANE | _ROAD] = DRIVING.id_of("lane_marking")
    return table


def _check_outputs(shapes: list[tuple[int | None, ...]], input_hw: tuple[int, int], where: str) -> None:
    if len(shapes) == 2 and all(shape[1:] == (2, *input_hw) for shape in shapes):
        return
    came = ", ".join(str(list(shape)) for shape in shapes)
    raise FormatError(
        f"{where}: not a TwinLiteNet: expected two outputs of shape (n, 2, {input_hw[0]}, {input_hw[1]}), "
        f"drivable area and lanes, got {came}."
    )
