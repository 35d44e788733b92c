from __future__ import annotations

import math

import numpy as np
import pytest

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.tasks.detect.heads import HEADS, find_head

HW = (64, 96)
CELLS = 8 * 12 + 4 * 6 + 2 * 3
CLASSES = 5


def sigmoidal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.random(shape) ** 4).astype(np.float32)


def plain_yolox(rows: np.ndarray, threshold: float) -> list[tuple]:
    """One cell after the other, as the paper's formulas read."""
    found, i = [], 0
    for stride in (8, 16, 32):
        for y in range(HW[0] // stride):
            for x in range(HW[1] // stride):
                cx, cy = (rows[i, 0] + x) * stride, (rows[i, 1] + y) * stride
                w, h = math.exp(rows[i, 2]) * stride, math.exp(rows[i, 3]) * stride
                scores = [float(rows[i, 4] * s) for s in rows[i, 5:]]
                if max(scores) > threshold:
                    box = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
                    found.append((*box, max(scores), scores.index(max(scores))))
                i += 1
    return found


def plain_nanodet(outputs: list[np.ndarray], threshold: float) -> list[tuple]:
    found = []
    for level, stride in enumerate((8, 16, 32)):
        scores, bins = outputs[level], outputs[level + 3]
        for i in range(len(scores)):
            if scores[i].max() <= threshold:
                continue
            y, x = divmod(i, HW[1] // stride)
            cx, cy = x * stride + (stride - 1) / 2, y * stride + (stride - 1) / 2
            sides = []
            for side in range(4):
                logits = bins[i, side * 8 : side * 8 + 8].astype(float)
                weights = np.exp(logits) / np.exp(logits).sum()
                sides.append(sum(k * w for k, w in enumerate(weights)) * stride)
            box = (cx - sides[0], cy - sides[1], cx + sides[2], cy + sides[3])
            found.append((*box, float(scores[i].max()), int(scores[i].argmax())))
    return found


def as_rows(found) -> np.ndarray:
    return np.column_stack([found.xyxy, found.score, found.class_id])


def test_yolox_equals_its_plain_twin() -> None:
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(0, 1, (CELLS, 4)), sigmoidal(rng, CELLS, 1 + CLASSES)], axis=1)
    rows = rows.astype(np.float32)
    expected = plain_yolox(rows, 0.1)
    assert len(expected) > 5
    np.testing.assert_allclose(
        as_rows(HEADS["yolox"].decode([rows], HW, 0.1)), expected, rtol=2e-5, atol=1e-4
    )


def test_nanodet_equals_its_plain_twin() -> None:
    rng = np.random.default_rng(1)
    cells = [CELLS - 30, 24, 6]
    outputs = [sigmoidal(rng, n, CLASSES) for n in cells]
    outputs += [rng.normal(0, 2, (n, 32)).astype(np.float32) for n in cells]
    expected = plain_nanodet(outputs, 0.3)
    assert len(expected) > 5
    np.testing.assert_allclose(
        as_rows(HEADS["nanodet"].decode(outputs, HW, 0.3)), expected, rtol=1e-4, atol=1e-3
    )


def test_yolov5_and_yolov8_hold_the_same_boxes_in_other_orders() -> None:
    rng = np.random.default_rng(2)
    center, size = rng.uniform(0, 60, (CELLS, 2)), rng.uniform(1, 30, (CELLS, 2))
    scores = sigmoidal(rng, CELLS, CLASSES)
    v5 = np.concatenate([center, size, np.ones((CELLS, 1)), scores], axis=1).astype(np.float32)
    v8 = np.concatenate([center, size, scores], axis=1).T.astype(np.float32)
    a, b = HEADS["yolov5"].decode([v5], HW, 0.2), HEADS["yolov8"].decode([v8], HW, 0.2)
    np.testing.assert_array_equal(as_rows(a), as_rows(b))
    best = int(scores.max(axis=1).argmax())
    row = int(a.score.argmax())
    half = size[best] / 2
    np.testing.assert_allclose(a.xyxy[row], [*(center[best] - half), *(center[best] + half)], rtol=1e-5)
    assert a.class_id[row] == scores[best].argmax()


@pytest.mark.parametrize("name", ["yolox", "yolov5", "yolov8"])
def test_numbers_that_are_not_finite_give_no_boxes(name: str) -> None:
    shape = (4 + CLASSES, CELLS) if name == "yolov8" else (CELLS, 5 + CLASSES)
    for value in (np.nan, np.inf, -np.inf):
        rows = np.full(shape, value, np.float32)
        assert len(HEADS[name].decode([rows], (64, 96), 0.1).score) == 0


SHAPES = {
    "yolox": [(1, CELLS, 5 + CLASSES)],
    "yolov5": [(None, 3 * CELLS, 5 + CLASSES)],
    "yolov8": [(1, 4 + CLASSES, CELLS)],
    "nanodet": [(1, n, CLASSES) for n in (96, 24, 6)] + [(1, n, 32) for n in (96, 24, 6)],
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_head_is_told_from_the_shapes(name: str) -> None:
    head, n_classes = find_head("auto", SHAPES[name], HW, "toy.onnx")
    assert (head.name, n_classes) == (name, CLASSES)
    assert find_head(name, SHAPES[name], HW, "toy.onnx")[0] is head


@pytest.mark.parametrize(
    "shapes",
    [[(1, 2, 64, 96), (1, 2, 64, 96)], [(1, 1000)], [(1, 7, 9)], [], [(1, CELLS, 5)], [(1, None, None)]],
)
def test_other_outputs_are_no_detector(shapes) -> None:
    with pytest.raises(FormatError, match=r"toy\.onnx: not a detector.*Heads known: yolox"):
        find_head("auto", shapes, HW, "toy.onnx")


def test_a_named_head_must_fit_and_exist() -> None:
    with pytest.raises(FormatError, match=r"not a yolov8 detector.*got \[1, 126, 10\]"):
        find_head("yolov8", SHAPES["yolox"], HW, "toy.onnx")
    with pytest.raises(InvalidLabelError, match=r"head: no 'yolo8'. Did you mean 'yolov8'\?"):
        find_head("yolo8", SHAPES["yolov8"], HW, "toy.onnx")
