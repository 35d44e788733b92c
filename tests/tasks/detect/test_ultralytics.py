from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from drivelabel.errors import FormatError, InvalidLabelError, StoreError
from drivelabel.labels.taxonomies import COCO, DRIVING, UNMAPPED
from drivelabel.tasks.annotator import Annotator, FrameLabels
from drivelabel.tasks.detect.finish import ToDriving
from drivelabel.tasks.detect.ultralytics import UltralyticsDetector

pytest.importorskip("ultralytics")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of ultralytics' own making with random weights: the mechanics, not the boxes, are real."""
    path = tmp_path_factory.mktemp("ultralytics") / "random.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from ultralytics import YOLO

        torch.manual_seed(0)
        torch.set_num_threads(1)
        model = YOLO("yolov8n.yaml", verbose=False)
        net = model.model
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
        with torch.no_grad():
            net.train()(torch.rand(4, 3, 160, 160))  # fills the norms, else all cells see the same
            for sides, classes in zip(net.model[-1].cv2, net.model[-1].cv3, strict=True):
                sides[-1].weight.normal_(0, 0.3)
                classes[-1].weight.normal_(0, 0.3)
                classes[-1].bias[[2, 9, 77]] = 0.0  # cars, traffic lights and teddy bears
        net.eval()
        net.names = dict(enumerate(COCO.names))
        model.save(str(path))
    return path


@pytest.fixture
def images() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in ((96, 200), (150, 90), (96, 200))]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_boxes_are_those_that_ultralytics_itself_gives(weights: Path, images: list[np.ndarray]) -> None:
    from ultralytics import YOLO

    settings = {"score_threshold": 0.0, "iou_threshold": 0.45, "max_boxes": 200, "across_classes": True}
    detector = UltralyticsDetector(weights, trust=True, image_size=160, **settings)
    assert isinstance(detector, Annotator)
    found = detector.annotate(images, [FrameLabels()] * 3)
    own = YOLO(str(weights))
    rows = ToDriving.by_name(list(own.names.values()))._rows
    total = 0
    for image, labels in zip(images, found, strict=True):
        result = own.predict(
            np.ascontiguousarray(image[:, :, ::-1]),
            conf=0.0,
            iou=0.45,
            agnostic_nms=True,
            max_det=200,
            imgsz=160,
            verbose=False,
        )[0].boxes
        xyxy, category = result.xyxy.numpy(), rows[result.cls.numpy().astype(int)]
        kept = (category != UNMAPPED) & (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
        boxes = labels.boxes2d
        assert boxes is not None
        order = np.argsort(-result.conf.numpy()[kept], kind="stable")
        np.testing.assert_allclose(boxes.xyxy, xyxy[kept][order], atol=0.02)
        assert boxes.category_id.tolist() == category[kept][order].tolist()
        total += len(boxes)
    assert total > 5
    assert detector.to_driving.dropped.total() > 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_frame_gets_the_same_boxes_in_any_batch(weights: Path, images: list[np.ndarray]) -> None:
    detector = UltralyticsDetector(weights, trust=True, image_size=160, score_threshold=0.0, max_boxes=50)
    together = detector.annotate(images, [FrameLabels()] * 3)
    for image, labels in zip(images, together, strict=True):
        alone = detector.annotate([image], [FrameLabels()])[0].boxes2d
        assert alone is not None and labels.boxes2d is not None
        np.testing.assert_allclose(alone.xyxy, labels.boxes2d.xyxy, atol=0.02)
    assert detector.annotate([], []) == []


def test_a_pickle_is_not_loaded_without_trust(tmp_path: Path) -> None:
    planted = tmp_path / "planted.pt"
    planted.write_bytes(b"cos\nsystem\n(S'touch canary'\ntR.")
    with pytest.raises(StoreError, match=r"planted\.pt: not loaded\. A \.pt file is a pickle .* trust=True"):
        UltralyticsDetector(planted)
    with pytest.raises(StoreError, match="ultralytics weights are never downloaded"):
        UltralyticsDetector("yolov8n.pt", trust=True)
    with pytest.raises(InvalidLabelError, match="iou_threshold"):
        UltralyticsDetector(planted, iou_threshold=-1)


@pytest.mark.filterwarnings("ignore")
def test_a_file_that_is_no_model_is_a_format_error(tmp_path: Path) -> None:
    noise = tmp_path / "noise.pt"
    noise.write_bytes(b"no model")
    with pytest.raises(FormatError, match=r"noise\.pt: ultralytics cannot load it"):
        UltralyticsDetector(noise, trust=True)


def test_classes_find_their_place_by_name() -> None:
    names = ["person", "Traffic Light", "van", "teapot", "construction_vehicle"]
    rows = ToDriving.by_name(names)._rows.tolist()
    expected = [DRIVING.id_of(n) for n in ("pedestrian", "traffic_light")]
    assert rows[:2] == expected
    assert rows[3] == UNMAPPED
    assert rows[4] == DRIVING.id_of("construction_vehicle")


@pytest.mark.slow
def test_stdout_stays_empty(weights: Path) -> None:
    code = (
        "import numpy as np; from drivelabel.tasks.annotator import FrameLabels;"
        "from drivelabel.tasks.detect.ultralytics import UltralyticsDetector;"
        f"d = UltralyticsDetector({str(weights)!r}, trust=True, image_size=64);"
        "d.annotate([np.zeros((64, 64, 3), np.uint8)], [FrameLabels()])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
