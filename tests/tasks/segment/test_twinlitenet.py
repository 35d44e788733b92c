from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from reference.onnx_bytes import graph, message, model, node, number, port, tensor

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.labels import VOID
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.tasks.annotator import Annotator, FrameLabels
from drivelabel.tasks.segment import TwinLiteNet

ROAD, LANE = DRIVING.id_of("road"), DRIVING.id_of("lane_marking")


def areas(network: TwinLiteNet, *images: np.ndarray) -> list[np.ndarray]:
    found = network.annotate(images, [FrameLabels()] * len(images))
    assert all(labels.kinds == ("label_map",) for labels in found)
    return [labels.label_map.label_map for labels in found if labels.label_map is not None]


def toy(path: Path, size: int = 16, batch: int | str = "n") -> Path:
    """Says road where a pixel is more than half red, and lane where it is more than half green."""

    def conv(channel: int, out: str) -> tuple[list[bytes], list[bytes]]:
        weights = np.zeros((2, 3, 1, 1), np.float32)
        weights[1, channel] = 1
        tensors = [
            tensor(f"w{channel}", weights.ravel().tolist(), [2, 3, 1, 1]),
            tensor(f"b{channel}", [0.0, -0.5], [2]),
        ]
        kernel = message(5, message(1, "kernel_shape") + message(8, bytes([1, 1])) + number(20, 7))
        return [node("Conv", ["input", f"w{channel}", f"b{channel}"], [out], kernel)], tensors

    (road, w0), (lane, w1) = conv(0, "drivable_area"), conv(1, "lanes")
    shape = [batch, 2, size, size]
    outputs = [port("drivable_area", shape), port("lanes", shape)]
    path.write_bytes(model(graph(road + lane, [port("input", [batch, 3, size, size])], outputs, w0 + w1)))
    return path


@pytest.mark.parametrize(
    "backend", [pytest.param("onnxruntime", marks=pytest.mark.needs("onnxruntime")), "opencv"]
)
@pytest.mark.parametrize("batch", ["n", 1])
def test_areas_lie_where_the_network_saw_them_at_the_images_own_size(
    tmp_path: Path, batch: int | str, backend
) -> None:
    network = TwinLiteNet(toy(tmp_path / "toy.onnx", batch=batch), backend=backend)
    image = np.zeros((90, 160, 3), np.uint8)
    image[:, :80, 0] = 255  # red: road on the left half
    image[45:, :, 1] = 255  # green: marking on the lower half, over the road
    upper, lower = image[:45], image[45:]
    whole, top, bottom = areas(network, image, upper, lower)
    for found, seen in ((whole, image), (top, upper), (bottom, lower)):
        assert found.shape == seen.shape[:2]
        assert found.dtype == np.uint8
    expected = np.where(image[..., 1] > 127, LANE, np.where(image[..., 0] > 127, ROAD, VOID))
    # A border is known to one pixel of the network, 10 of the image across and 6 down.
    inner = np.zeros_like(expected, bool)
    inner[np.abs(np.arange(90) - 45) > 6] = True
    inner[:, np.abs(np.arange(160) - 80) <= 10] = False
    np.testing.assert_array_equal(whole[inner], expected[inner])
    assert set(np.unique(top)) == {ROAD, VOID}
    assert set(np.unique(bottom)) == {LANE}


def test_a_border_stays_where_it_is_when_logits_are_enlarged(tmp_path: Path) -> None:
    network = TwinLiteNet(toy(tmp_path / "toy.onnx"))
    for edge in (40, 80, 120):
        image = np.zeros((160, 160, 3), np.uint8)
        image[:, :edge, 0] = 255
        (found,) = areas(network, image)
        assert (found == ROAD).sum(axis=1) == pytest.approx(edge, abs=1)


@pytest.mark.needs("onnxruntime")
def test_every_file_and_backend_has_its_own_version(tmp_path: Path) -> None:
    a, b = toy(tmp_path / "a.onnx"), toy(tmp_path / "b.onnx", size=24)
    versions = {TwinLiteNet(a).version, TwinLiteNet(b).version, TwinLiteNet(a, backend="opencv").version}
    assert len(versions) == 3
    assert isinstance(TwinLiteNet(a), Annotator)


def test_wrong_input_says_what_was_expected(tmp_path: Path) -> None:
    network = TwinLiteNet(toy(tmp_path / "toy.onnx"))
    assert network.annotate([], []) == []
    with pytest.raises(InvalidLabelError, match=r"images_rgb\[0\]: expected shape \(h, w, 3\) uint8"):
        network.annotate([np.zeros((8, 8), np.uint8)], [FrameLabels()])


@pytest.mark.models
def test_a_detector_is_no_segmenter(shared_weights: Path) -> None:
    with pytest.raises(FormatError, match=r"yolox_nano\.onnx: not a TwinLiteNet: expected two outputs"):
        TwinLiteNet(shared_weights / "yolox_nano.onnx")


@pytest.fixture(scope="module")
def highway(shared_data: Path) -> np.ndarray:
    path = shared_data / "udacity_carnd" / "test_images" / "test5.jpg"
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@pytest.mark.models
def test_on_a_real_highway_road_lies_below_sky_and_markings_on_the_yellow_line(
    highway: np.ndarray, shared_weights: Path
) -> None:
    (found,) = areas(TwinLiteNet(shared_weights / "twinlitenet.onnx", threads=1), highway)
    assert (found[:400] == VOID).mean() > 0.99  # sky, trees, guard rail
    assert (found[500:640, 500:800] == ROAD).mean() > 0.95  # the ego lane
    # The yellow line runs from (230, 680) to (640, 440).
    on_line = [found[y - 4 : y + 5, x - 12 : x + 13] for x, y in ((300, 638), (400, 580), (500, 520))]
    assert all((patch == LANE).any() for patch in on_line)


@pytest.mark.models
def test_at_the_networks_size_areas_are_the_larger_logits(highway: np.ndarray, shared_weights: Path) -> None:
    """As TwinLiteNet's own demo goes: stretched, RGB, 0 to 1, argmax."""
    ort = pytest.importorskip("onnxruntime")
    weights = shared_weights / "twinlitenet.onnx"
    small = cv2.resize(highway, (320, 320))
    session = ort.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    drivable, lanes = session.run(None, {"input": small.transpose(2, 0, 1)[None].astype(np.float32) / 255})
    expected = np.where(lanes[0].argmax(0) == 1, LANE, np.where(drivable[0].argmax(0) == 1, ROAD, VOID))
    (found,) = areas(TwinLiteNet(weights, threads=1), small)
    assert (found != expected).mean() < 1e-4  # logits that are equal but for rounding
    assert (found == ROAD).any() and (found == LANE).any()


@pytest.mark.models
def test_both_backends_agree_on_a_real_photo(highway: np.ndarray, shared_weights: Path) -> None:
    pytest.importorskip("onnxruntime")
    weights = shared_weights / "twinlitenet.onnx"
    (a,), (b,) = (
        areas(TwinLiteNet(weights, threads=1, backend=name), highway) for name in ("onnxruntime", "opencv")
    )
    assert (a != b).mean() < 1e-3


@pytest.mark.models
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 2000, 3), (3000, 2, 3), (4000, 6000, 3)])
def test_images_of_any_size_are_taken(shape: tuple[int, ...], shared_weights: Path) -> None:
    network = TwinLiteNet(shared_weights / "twinlitenet.onnx", threads=1)
    (found,) = areas(network, np.full(shape, 90, np.uint8))
    assert found.shape == shape[:2]
