from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from reference.onnx_bytes import graph, message, model, node, number, port, tensor

from drivelabel.errors import FormatError, InvalidLabelError, MissingExtraError, StoreError
from drivelabel.geometry.boxes import pairwise_iou
from drivelabel.labels import MODEL, Boxes2D, Category, Taxonomy
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.tasks import onnx_net
from drivelabel.tasks.annotator import Annotator, FrameLabels
from drivelabel.tasks.detect import WHOLE_AND_AHEAD, OnnxDetector

CAR, PERSON, LIGHT = (DRIVING.id_of(name) for name in ("car", "pedestrian", "traffic_light"))
TWO = Taxonomy("two", (Category("car", "#112233", concept="car"), Category("teapot", "#445566")))
PLAIN_INPUT = 64
CELLS = 64 + 16 + 4


def detect(detector: OnnxDetector, *images: np.ndarray) -> list[Boxes2D]:
    found = detector.annotate(images, [FrameLabels()] * len(images))
    assert all(labels.kinds == ("boxes2d",) for labels in found)
    return [labels.boxes2d for labels in found if labels.boxes2d is not None]


def toy(path: Path, rows: np.ndarray, batch: int | str = "n", size: int | str = PLAIN_INPUT) -> Path:
    """A YOLOv8-shaped network that finds the same boxes in every image: its input times 0, plus them."""
    values = np.ascontiguousarray(rows, np.float32)
    width = message(5, message(1, "axes") + message(8, bytes([3])) + number(20, 7))
    rest = message(5, message(1, "axes") + message(8, bytes([1, 2])) + number(20, 7))
    squeeze = message(5, message(1, "keepdims") + number(3, 0) + number(20, 2))
    nodes = [
        node("ReduceMean", ["images"], ["rows"], width + squeeze),
        node("ReduceMean", ["rows"], ["mean"], rest),
        node("Mul", ["mean", "zero"], ["nothing"]),
        node("Add", ["nothing", "boxes"], ["out"]),
    ]
    tensors = [tensor("zero", [0.0], [1]), tensor("boxes", values.ravel().tolist(), [1, *values.shape])]
    inputs = [port("images", [batch, 3, size, size])]
    cells = values.shape[1] if isinstance(size, int) else "cells"
    outputs = [port("out", [batch, values.shape[0], cells])]
    path.write_bytes(model(graph(nodes, inputs, outputs, tensors)))
    return path


def rows_of(*boxes: tuple[float, float, float, float, float, float]) -> np.ndarray:
    """(4 + 2, CELLS) columns of cx, cy, w, h and two class scores."""
    rows = np.zeros((6, CELLS), np.float32)
    for i, box in enumerate(boxes):
        rows[:, i] = box
    return rows


def test_boxes_come_back_to_the_image_cut_at_its_border(tmp_path: Path) -> None:
    # The image is twice as wide as high, so the network sees it in rows 16 to 48 at half its size.
    weights = toy(tmp_path / "toy.onnx", rows_of((32, 32, 20, 10, 0.9, 0), (60, 32, 20, 64, 0.8, 0)))
    detector = OnnxDetector(weights, classes=TWO)
    (boxes,) = detect(detector, np.zeros((64, 128, 3), np.uint8))
    np.testing.assert_allclose(boxes.xyxy, [[44, 22, 84, 42], [100, 0, 128, 64]], atol=1e-4)
    assert boxes.category_id.tolist() == [CAR, CAR]
    np.testing.assert_allclose(boxes.score, [0.9, 0.8])
    assert boxes.origin.tolist() == [MODEL, MODEL]


def test_a_class_that_driving_lacks_is_dropped_and_counted(tmp_path: Path) -> None:
    weights = toy(tmp_path / "toy.onnx", rows_of((20, 32, 8, 8, 0.9, 0), (40, 32, 8, 8, 0, 0.7)))
    detector = OnnxDetector(weights, classes=TWO)
    images = [np.zeros((64, 64, 3), np.uint8)] * 3
    assert [len(boxes) for boxes in detect(detector, *images)] == [1, 1, 1]
    assert dict(detector.to_driving.dropped) == {"teapot": 3}


def test_a_better_box_removes_those_it_covers(tmp_path: Path) -> None:
    weights = toy(
        tmp_path / "toy.onnx",
        rows_of((20, 32, 10, 10, 0.5, 0), (20.5, 32, 10, 10, 0.9, 0), (50, 32, 10, 10, 0.3, 0)),
    )
    (boxes,) = detect(OnnxDetector(weights, classes=TWO), np.zeros((64, 64, 3), np.uint8))
    np.testing.assert_allclose(boxes.score, [0.9, 0.3])
    (weak,) = detect(OnnxDetector(weights, classes=TWO, iou_threshold=1.0), np.zeros((64, 64, 3), np.uint8))
    assert len(weak) == 3
    assert (
        len(detect(OnnxDetector(weights, classes=TWO, max_boxes=1), np.zeros((64, 64, 3), np.uint8))[0]) == 1
    )


@pytest.mark.parametrize("batch", ["n", 1])
@pytest.mark.parametrize(
    "backend", [pytest.param("onnxruntime", marks=pytest.mark.needs("onnxruntime")), "opencv"]
)
def test_a_batch_gives_what_single_images_give(tmp_path: Path, batch: int | str, backend) -> None:
    weights = toy(tmp_path / "toy.onnx", rows_of((32, 32, 20, 10, 0.9, 0)), batch)
    detector = OnnxDetector(weights, classes=TWO, backend=backend)
    images = [np.zeros(shape, np.uint8) for shape in ((64, 64, 3), (30, 90, 3), (200, 100, 3))]
    together = detect(detector, *images)
    for image, boxes in zip(images, together, strict=True):
        assert len(boxes) == 1
        assert detect(detector, image)[0].equals(boxes)
    assert detector.annotate([], []) == []


@pytest.mark.parametrize(
    "backend", [pytest.param("onnxruntime", marks=pytest.mark.needs("onnxruntime")), "opencv"]
)
def test_a_network_for_any_size_is_run_at_the_size_that_was_asked(tmp_path: Path, backend) -> None:
    weights = toy(tmp_path / "toy.onnx", rows_of((32, 32, 20, 10, 0.9, 0)), size="side")
    detector = OnnxDetector(weights, classes=TWO, input_hw=(64, 64), backend=backend)
    assert "yolov8 64x64" in detector.version
    (boxes,) = detect(detector, np.zeros((128, 128, 3), np.uint8))
    np.testing.assert_allclose(boxes.xyxy, [[44, 54, 84, 74]], atol=1e-4)


@pytest.mark.needs("onnxruntime")
def test_every_setting_changes_the_version(tmp_path: Path) -> None:
    weights = toy(tmp_path / "toy.onnx", rows_of((32, 32, 20, 10, 0.9, 0)))
    other = toy(tmp_path / "other.onnx", rows_of((32, 32, 20, 10, 0.8, 0)))
    versions = {
        OnnxDetector(weights, classes=TWO).version,
        OnnxDetector(other, classes=TWO).version,
        OnnxDetector(weights, classes=TWO, score_threshold=0.2).version,
        OnnxDetector(weights, classes=TWO, iou_threshold=0.5).version,
        OnnxDetector(weights, classes=TWO, across_classes=False).version,
        OnnxDetector(weights, classes=TWO, max_boxes=5).version,
        OnnxDetector(weights, classes=TWO, looks=WHOLE_AND_AHEAD).version,
        OnnxDetector(weights, classes=TWO, backend="opencv").version,
    }
    assert len(versions) == 8
    assert OnnxDetector(weights, classes=TWO).version == OnnxDetector(weights, classes=TWO).version


def test_wrong_settings_and_input_say_what_was_expected(tmp_path: Path) -> None:
    weights = toy(tmp_path / "toy.onnx", rows_of((32, 32, 20, 10, 0.9, 0)))
    with pytest.raises(FormatError, match=r"toy\.onnx: finds 2 classes, but taxonomy coco has 80"):
        OnnxDetector(weights)
    with pytest.raises(InvalidLabelError, match=r"score_threshold: expected a number in \[0, 1\], got 1.5"):
        OnnxDetector(weights, classes=TWO, score_threshold=1.5)
    with pytest.raises(InvalidLabelError, match="looks: expected"):
        OnnxDetector(weights, classes=TWO, looks=((0, 0, 0, 1),))
    with pytest.raises(InvalidLabelError, match="device: expected cpu, cuda or cuda:N, got 'tpu'"):
        OnnxDetector(weights, classes=TWO, device="tpu")
    with pytest.raises(InvalidLabelError, match="backend: no 'onyx'"):
        OnnxDetector(weights, classes=TWO, backend="onyx")  # type: ignore[arg-type]
    detector = OnnxDetector(weights, classes=TWO)
    assert isinstance(detector, Annotator)
    for bad in (np.zeros((8, 8), np.uint8), np.zeros((0, 8, 3), np.uint8), np.zeros((8, 8, 3), float)):
        with pytest.raises(InvalidLabelError, match=r"images_rgb\[0\]: expected shape \(h, w, 3\) uint8"):
            detector.annotate([bad], [FrameLabels()])
    with pytest.raises(InvalidLabelError, match="labels: expected 1, one an image, got 0"):
        detector.annotate([np.zeros((8, 8, 3), np.uint8)], [])


def test_cuda_that_is_not_there_is_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ort = pytest.importorskip("onnxruntime")
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    weights = toy(tmp_path / "toy.onnx", rows_of((32, 32, 20, 10, 0.9, 0)))
    for backend in ("onnxruntime", "opencv"):
        with pytest.raises(MissingExtraError, match=r"device 'cuda' was asked for, but .* use device 'cpu'"):
            OnnxDetector(weights, classes=TWO, device="cuda:0", backend=backend)  # type: ignore[arg-type]


def test_without_onnxruntime_opencv_runs_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_net.importlib.util, "find_spec", lambda name: None)
    weights = toy(tmp_path / "toy.onnx", rows_of((32, 32, 20, 10, 0.9, 0)))
    detector = OnnxDetector(weights, classes=TWO)
    assert detector.version.endswith("opencv")
    assert len(detect(detector, np.zeros((64, 64, 3), np.uint8))[0]) == 1


@pytest.mark.needs("onnxruntime")
def test_a_file_that_is_no_model_is_a_format_error(tmp_path: Path) -> None:
    (tmp_path / "noise.onnx").write_bytes(b"this is no model at all")
    with pytest.raises(FormatError, match=r"noise\.onnx: not an ONNX model"):
        OnnxDetector(tmp_path / "noise.onnx")
    with pytest.raises(StoreError, match="no such weight file"):
        OnnxDetector(tmp_path / "absent.onnx")
    good = toy(tmp_path / "toy.onnx", rows_of()).read_bytes()
    (tmp_path / "odd.onnx").write_bytes(good.replace(b"ReduceMean", b"ReduceMead"))
    for backend in ("onnxruntime", "opencv"):
        with pytest.raises(FormatError, match=r"odd\.onnx: \w+ cannot load it"):
            OnnxDetector(tmp_path / "odd.onnx", classes=TWO, backend=backend)  # type: ignore[arg-type]


def matched(a: Boxes2D, b: Boxes2D) -> float:
    """Share of the boxes of `a` that `b` has at IoU 0.99 with the same class and nearly the same score."""
    iou = pairwise_iou(a.xyxy, b.xyxy)
    same = (
        (iou > 0.99) & (a.category_id[:, None] == b.category_id) & (np.abs(a.score[:, None] - b.score) < 1e-3)
    )
    return float(same.any(axis=1).mean())


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> list[np.ndarray]:
    names = ["udacity_carnd/test_images/test1.jpg", "pandaset_002/camera/front_camera/00.jpg"]
    return [cv2.cvtColor(cv2.imread(str(shared_data / name)), cv2.COLOR_BGR2RGB) for name in names]


@pytest.mark.models
@pytest.mark.parametrize("name", ["yolox_nano.onnx", "nanodet_m.onnx"])
def test_both_backends_find_the_same_boxes_in_real_photos(
    name: str, photos: list[np.ndarray], shared_weights: Path
) -> None:
    pytest.importorskip("onnxruntime")
    first, second = (
        detect(OnnxDetector(shared_weights / name, threads=1, backend=backend, score_threshold=0.2), *photos)
        for backend in ("onnxruntime", "opencv")
    )
    for a, b in zip(first, second, strict=True):
        assert len(a) == len(b) >= 2
        assert matched(a, b) == 1.0


def plain_yolox(photo: np.ndarray, weights: Path, threshold: float) -> list[tuple[float, ...]]:
    """xyxy, score and class of every cell of a photo, step by step as YOLOX's own ONNX demo goes."""
    import onnxruntime

    ratio = min(416 / photo.shape[0], 416 / photo.shape[1])
    small = cv2.resize(photo[:, :, ::-1], (int(photo.shape[1] * ratio), int(photo.shape[0] * ratio)))
    padded = np.full((416, 416, 3), 114, np.uint8)
    padded[: small.shape[0], : small.shape[1]] = small
    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    rows = session.run(None, {"images": padded.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
    found, i = [], 0
    for stride in (8, 16, 32):
        for y in range(416 // stride):
            for x in range(416 // stride):
                cx, cy = (rows[i, 0] + x) * stride, (rows[i, 1] + y) * stride
                w, h = np.exp(rows[i, 2]) * stride, np.exp(rows[i, 3]) * stride
                score = rows[i, 4] * rows[i, 5:].max()
                if score > threshold:
                    corners = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
                    found.append((*(side / ratio for side in corners), score, int(rows[i, 5:].argmax())))
                i += 1
    return found


@pytest.mark.models
def test_boxes_are_those_of_yolox_own_way_to_a_pixel(photos: list[np.ndarray], shared_weights: Path) -> None:
    pytest.importorskip("onnxruntime")
    weights = shared_weights / "yolox_nano.onnx"
    # Without suppression, and the few unmapped classes left out on both sides.
    detector = OnnxDetector(weights, threads=1, score_threshold=0.3, iou_threshold=1.0, max_boxes=2000)
    rows = detector.to_driving._rows
    for photo, boxes in zip(photos, detect(detector, *photos), strict=True):
        plain = sorted(plain_yolox(photo, weights, 0.3), key=lambda row: -row[4])
        height, width = photo.shape[:2]
        expected = np.array([row[:4] for row in plain]).clip(0, [width, height, width, height])
        assert len(boxes) == len(plain) > 5
        np.testing.assert_allclose(boxes.xyxy, expected, atol=1.0)
        np.testing.assert_allclose(boxes.score, [row[4] for row in plain], atol=1e-4)
        assert boxes.category_id.tolist() == [rows[row[5]] for row in plain]


@pytest.mark.models
def test_yolox_finds_the_cars_that_a_person_sees(photos: list[np.ndarray], shared_weights: Path) -> None:
    highway, street = detect(
        OnnxDetector(shared_weights / "yolox_nano.onnx", threads=1, score_threshold=0.3), *photos
    )
    # Boxes drawn by hand, to within some pixels.
    for boxes, car in ((highway, (812, 403, 948, 494)), (street, (745, 558, 1136, 858))):
        assert pairwise_iou(np.array([car]), boxes.xyxy[boxes.category_id == CAR]).max() > 0.75


@pytest.mark.models
def test_boxes_follow_a_picture_that_is_moved_and_enlarged(
    photos: list[np.ndarray], shared_weights: Path
) -> None:
    """A bias of the mapping back (a half pixel, a wrong scale) would show as the same shift in all boxes."""
    detector = OnnxDetector(shared_weights / "yolox_nano.onnx", threads=1, score_threshold=0.5)
    photo = photos[1]
    (plain,) = detect(detector, photo)
    (large,) = detect(detector, cv2.resize(photo, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST))
    both = pairwise_iou(plain.xyxy, large.xyxy / 2)
    pairs = [(i, int(row.argmax())) for i, row in enumerate(both) if row.max() > 0.9]
    assert len(pairs) >= 4
    shift = np.mean([large.xyxy[j] / 2 - plain.xyxy[i] for i, j in pairs], axis=0)
    assert np.abs(shift).max() < 2  # a pixel of the network is 4.6 of the photo's


@pytest.mark.models
def test_a_second_look_finds_far_traffic_lights(photos: list[np.ndarray], shared_weights: Path) -> None:
    weights = shared_weights / "yolox_nano.onnx"
    once, twice = (
        detect(OnnxDetector(weights, threads=1, score_threshold=0.3, **settings), photos[1])[0]
        for settings in ({}, {"looks": WHOLE_AND_AHEAD})
    )
    assert (twice.category_id == LIGHT).sum() > (once.category_id == LIGHT).sum()
    assert matched(once[once.score > 0.6], twice) == 1.0


@pytest.mark.models
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 2000, 3), (3000, 2, 3), (4000, 6000, 3)])
def test_images_of_any_size_are_taken(shape: tuple[int, ...], shared_weights: Path) -> None:
    (boxes,) = detect(
        OnnxDetector(shared_weights / "yolox_nano.onnx", threads=1), np.full(shape, 90, np.uint8)
    )
    assert np.all(boxes.xyxy[:, 2:] <= (shape[1], shape[0]))


@pytest.mark.models
def test_a_segmenter_is_no_detector(shared_weights: Path) -> None:
    with pytest.raises(FormatError, match=r"twinlitenet\.onnx: not a detector"):
        OnnxDetector(shared_weights / "twinlitenet.onnx")
