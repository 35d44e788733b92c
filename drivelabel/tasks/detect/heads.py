"""What the last layer of a detector means: from its numbers to boxes in the network's input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.typing import Float32Array, IntArray

Shape = tuple[int | None, ...]
_STRIDES = (8, 16, 32)
_MAX_LOG_SIZE = 12.0  # exp of it is wider than any image; keeps a broken network from overflow


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes before non-maximum suppression.

    Attributes:
        xyxy: (n, 4) float32, continuous pixels of the network's input.
        score: (n,) float32.
        class_id: (n,) int64, in the network's own order.
    """

    xyxy: Float32Array
    score: Float32Array
    class_id: IntArray


Decode = Callable[[Sequence[Float32Array], tuple[int, int], float], Candidates]
"""Outputs of one image (no batch axis), size of the input, lowest score."""


@dataclass(frozen=True, slots=True)
class Head:
    """One family of detectors.

    Attributes:
        name: as the settings spell it.
        decode: outputs to boxes.
        n_classes: how many classes outputs of some shapes hold; 0 when they are not of this family.
        centred, pad, bgr, scale, shift: how it wants its input; see
            :class:`~drivelabel.tasks.detect.letterbox.Letterbox`.
    """

    name: str
    decode: Decode
    n_classes: Callable[[Sequence[Shape], tuple[int, int]], int]
    centred: bool
    pad: int
    bgr: bool
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)


def find_head(name: str, shapes: Sequence[Shape], input_hw: tuple[int, int], where: str) -> tuple[Head, int]:
    """The head of a network and its number of classes.

    Args:
        name: a name of HEADS, or ``auto`` to tell it from the shapes of the outputs.
        shapes: of the outputs, with the batch axis; None where free.
        input_hw: size of the network's input.
        where: the file's name, for messages.

    Raises:
        InvalidLabelError: there is no such head.
        FormatError: the outputs are not those of the head, or of no head at all.
    """
    if name != "auto" and name not in HEADS:
        raise InvalidLabelError(f"head: no {name!r}.{did_you_mean(name, [*HEADS, 'auto'])}")
    tried = HEADS.values() if name == "auto" else [HEADS[name]]
    for head in tried:
        n_classes = head.n_classes(shapes, input_hw)
        if n_classes > 0:
            return head, n_classes
    came = ", ".join(str(list(shape)) for shape in shapes) or "none"
    wanted = "a detector" if name == "auto" else f"a {name} detector"
    raise FormatError(
        f"{where}: not {wanted}: no outputs that one has for an input of "
        f"{input_hw[0]} x {input_hw[1]}, got {came}. Heads known: {', '.join(HEADS)}."
    )


def _n_cells(input_hw: tuple[int, int]) -> int:
    return sum((input_hw[0] // stride) * (input_hw[1] // stride) for stride in _STRIDES)


def _decode_yolox(outputs: Sequence[Float32Array], input_hw: tuple[int, int], threshold: float) -> Candidates:
    """One row a cell: centre in cells from the cell, log size in cells, objectness, class scores.

    Source: Ge et al., YOLOX (2021), and the ONNX demo of its project.
    """
    rows = outputs[0]
    kept = np.flatnonzero(rows[:, 4] > threshold)  # a class score is at most 1
    rows = rows[kept]
    cell, stride = (part[kept] for part in _grid(input_hw))
    center = (rows[:, :2] + cell) * stride
    size = np.exp(np.minimum(rows[:, 2:4], _MAX_LOG_SIZE)) * stride
    return _candidates(center, size, rows[:, 4:5] * rows[:, 5:], threshold)


def _decode_yolov5(
    outputs: Sequence[Float32Array], input_hw: tuple[int, int], threshold: float
) -> Candidates:
    """One row an anchor: centre and size in pixels, objectness, class scores."""
    rows = outputs[0][outputs[0][:, 4] > threshold]
    return _candidates(rows[:, :2], rows[:, 2:4], rows[:, 4:5] * rows[:, 5:], threshold)


def _decode_yolov8(
    outputs: Sequence[Float32Array], input_hw: tuple[int, int], threshold: float
) -> Candidates:
    """One column a cell: centre and size in pixels, class scores; YOLOv8 and YOLO11."""
    columns = outputs[0]
    rows = columns[:, columns[4:].max(axis=0) > threshold].T
    return _candidates(rows[:, :2], rows[:, 2:4], rows[:, 4:], threshold)


def _decode_nanodet(
    outputs: Sequence[Float32Array], input_hw: tuple[int, int], threshold: float
) -> Candidates:
    """Per stride class scores, and the distances to the four sides as distributions over bins.

    Source: Li et al., Generalized Focal Loss (2020), section 3.2; the centres are those of NanoDet.
    """
    n = len(_STRIDES)
    found = []
    for stride, scores, bins in zip(_STRIDES, outputs[:n], outputs[n:], strict=True):
        kept = np.flatnonzero(scores.max(axis=1) > threshold)
        logits = bins[kept].reshape(len(kept), 4, bins.shape[1] // 4)
        weights = np.exp(logits - logits.max(axis=2, keepdims=True))
        steps = np.arange(weights.shape[2], dtype=np.float32)
        sides = (weights @ steps) / weights.sum(axis=2) * stride
        row, col = np.divmod(kept, input_hw[1] // stride)
        center = np.stack([col, row], axis=1) * stride + (stride - 1) / 2
        xyxy = np.concatenate([center - sides[:, :2], center + sides[:, 2:]], axis=1).astype(np.float32)
        found.append(_best_class(xyxy, scores[kept], threshold))
    return Candidates(
        np.concatenate([c.xyxy for c in found]),
        np.concatenate([c.score for c in found]),
        np.concatenate([c.class_id for c in found]),
    )


def _candidates(
    center: Float32Array, size: Float32Array, class_score: Float32Array, threshold: float
) -> Candidates:
    with np.errstate(invalid="ignore"):  # a broken network's infinities are dropped in the next step
        xyxy = np.concatenate([center - size / 2, center + size / 2], axis=1)
    return _best_class(xyxy, class_score, threshold)


def _best_class(xyxy: Float32Array, class_score: Float32Array, threshold: float) -> Candidates:
    class_id = class_score.argmax(axis=1)
    score = class_score[np.arange(len(class_id)), class_id]
    kept = (score > threshold) & np.isfinite(xyxy).all(axis=1) & np.isfinite(score)
    return Candidates(xyxy[kept], np.clip(score[kept], 0, 1), class_id[kept].astype(np.int64))


@lru_cache(maxsize=16)
def _grid(input_hw: tuple[int, int]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(n, 2) column and row of each cell, (n, 1) its stride; cells row by row, strides rising."""
    cells, strides = [], []
    for stride in _STRIDES:
        rows, cols = input_hw[0] // stride, input_hw[1] // stride
        row, col = np.divmod(np.arange(rows * cols), cols)
        cells.append(np.stack([col, row], axis=1))
        strides.append(np.full((rows * cols, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _yolox_classes(shapes: Sequence[Shape], input_hw: tuple[int, int]) -> int:
    return _row_classes(shapes, _n_cells(input_hw))


def _yolov5_classes(shapes: Sequence[Shape], input_hw: tuple[int, int]) -> int:
    return _row_classes(shapes, 3 * _n_cells(input_hw))


def _row_classes(shapes: Sequence[Shape], n_rows: int) -> int:
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][2] is None:
        return 0
    return shapes[0][2] - 5 if shapes[0][1] == n_rows else 0


def _yolov8_classes(shapes: Sequence[Shape], input_hw: tuple[int, int]) -> int:
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][1] is None:
        return 0
    return shapes[0][1] - 4 if shapes[0][2] == _n_cells(input_hw) else 0


def _nanodet_classes(shapes: Sequence[Shape], input_hw: tuple[int, int]) -> int:
    n = len(_STRIDES)
    if len(shapes) != 2 * n or any(len(shape) != 3 for shape in shapes):
        return 0
    cells = [(input_hw[0] // s) * (input_hw[1] // s) for s in _STRIDES]
    n_classes, n_bins = shapes[0][2], shapes[n][2]
    wanted = [(n_cells, n_classes) for n_cells in cells] + [(n_cells, n_bins) for n_cells in cells]
    good = [shape[1:] for shape in shapes] == wanted and n_bins is not None and n_bins % 4 == 0
    return n_classes if good and n_classes is not None else 0


_UNIT = (1 / 255, 1 / 255, 1 / 255)
_MEAN_BGR, _STD_BGR = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)

HEADS: dict[str, Head] = {
    head.name: head
    for head in (
        Head("yolox", _decode_yolox, _yolox_classes, centred=False, pad=114, bgr=True),
        Head("yolov5", _decode_yolov5, _yolov5_classes, centred=True, pad=114, bgr=False, scale=_UNIT),
        Head("yolov8", _decode_yolov8, _yolov8_classes, centred=True, pad=114, bgr=False, scale=_UNIT),
        Head(
            "nanodet",
            _decode_nanodet,
            _nanodet_classes,
            centred=True,
            pad=0,
            bgr=True,
            scale=(1 / _STD_BGR[0], 1 / _STD_BGR[1], 1 / _STD_BGR[2]),
            shift=(-_MEAN_BGR[0] / _STD_BGR[0], -_MEAN_BGR[1] / _STD_BGR[1], -_MEAN_BGR[2] / _STD_BGR[2]),
        ),
    )
}
"""Name to family. ``yolov8`` is YOLO11 too; YOLOX models must be exported without decoding, as published."""
