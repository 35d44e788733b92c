"""nuScenes results files: the scanner beside Python's json, and what is refused."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation.nuscenes import worlds
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivelabel.errors import FormatError, StoreError
from drivelabel.evaluation.nuscenes import (
    ATTRIBUTE_NAMES,
    DETECTION_NAMES,
    TRACKING_NAMES,
    DetectionColumns,
    Samples,
    read_detections,
    read_tracks,
)
from drivelabel.geometry._kernels.json_numbers import read_number

# Without the JIT (NUMBA_DISABLE_JIT=1) NumPy warns where 64-bit products wrap round, as hashes are meant to.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in scalar multiply:RuntimeWarning")

TOKENS = ("aa", "bb")


def box(token: str = "aa", **changes: Any) -> dict[str, Any]:
    return {
        "sample_token": token,
        "translation": [1.5, -2.25, 0.1],
        "size": [1, 2.5, 3],
        "rotation": [1, 0, 0, 0],
        "velocity": [math.nan, 0.5],
        "detection_name": "car",
        "detection_score": 0.25,
        "attribute_name": "",
    } | changes


def track(token: str = "aa", **changes: Any) -> dict[str, Any]:
    own = box(token, tracking_name="bus", tracking_score=0.5, tracking_id="17") | changes
    return {key: value for key, value in own.items() if not key.startswith(("detection", "attribute"))}


def write(folder: Path, results: Any, **more: Any) -> Path:
    path = folder / "results.json"
    path.write_text(json.dumps({"meta": {"use_lidar": True}, "results": results, **more}))
    return path


def as_results(boxes: DetectionColumns, world: Samples) -> dict[str, list[dict[str, Any]]]:
    results: dict[str, list[dict[str, Any]]] = {token: [] for token in world.token}
    for row in range(len(boxes)):
        token, attribute = world.token[boxes.sample[row]], int(boxes.attribute[row])
        results[token].append(
            {
                "sample_token": token,
                "translation": boxes.translation[row].tolist(),
                "size": boxes.size_wlh[row].tolist(),
                "rotation": boxes.quat_wxyz[row].tolist(),
                "velocity": boxes.velocity[row].tolist(),
                "detection_name": DETECTION_NAMES[boxes.category_id[row]],
                "detection_score": float(boxes.score[row]),
                "attribute_name": "" if attribute < 0 else ATTRIBUTE_NAMES[attribute],
            }
        )
    return results


@pytest.mark.parametrize("indent", [None, 2])
def test_columns_are_bit_for_bit_what_json_reads(tmp_path: Path, indent: int | None) -> None:
    rng = np.random.default_rng(0)
    world = worlds.samples(rng, 1, 6, 1500)
    _, pred = worlds.detections(rng, world, 5, 20)
    pred = pred[np.argsort(pred.sample, kind="stable")]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"results": as_results(pred, world), "meta": {}}, indent=indent))
    assert read_detections(path, world.token).boxes.equals(pred)


def test_keys_may_stand_in_any_order_and_unknown_ones_are_skipped(tmp_path: Path) -> None:
    odd = {"x": {"y": [1, "}]", None]}, **dict(reversed(box().items())), "ego_translation": [0, 0, 0]}
    plain = box()
    path = write(tmp_path, {"bb": [], "aa": [odd, plain]}, more=[{"results": 1}])
    found = read_detections(path, TOKENS)
    assert found.meta == {"use_lidar": True}
    assert found.boxes.sample.tolist() == [0, 0]
    assert found.boxes[:1].equals(found.boxes[1:])
    assert found.boxes.translation[0].tolist() == [1.5, -2.25, 0.1]
    assert found.boxes.n_points.tolist() == [-1, -1]


def test_identities_become_numbers_and_keep_their_names(tmp_path: Path) -> None:
    ids = [f"id{k % 5000}" for k in range(8000)] + [17]
    path = write(tmp_path, {"aa": [track(tracking_id=name) for name in ids], "bb": []})
    found = read_tracks(path, TOKENS, max_boxes_per_sample=10_000)
    assert found.boxes.track_id.tolist() == [*range(5000), *range(3000), 5000]
    assert found.identities == (*ids[:5000], "17")
    assert set(found.boxes.category_id.tolist()) == {TRACKING_NAMES.index("bus")}


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"aa": []}, "expected all 2 samples, 1 are missing, the first 'bb'"),
        ({"aa": [], "bb": [], "cc": []}, "sample 'cc' is not among the 2 that are judged"),
        ({"aa": [box()] * 501, "bb": []}, "sample 'aa': expected at most 500 boxes, got 501"),
        ({"bb": [], "aa": [box(), box(detection_score=math.nan)]}, "'aa', box 1: expected a finite score"),
        ({"aa": [box(size=[1, math.inf, 1])], "bb": []}, "'aa', box 0: expected a finite size"),
        ({"aa": [box(detection_name="cars")], "bb": []}, "no class 'cars'. Did you mean 'car'?"),
        ({"aa": [box(attribute_name="moving")], "bb": []}, "box 0: no attribute 'moving'"),
        ({"aa": [box("bb")], "bb": []}, "'aa', box 0: its sample_token is 'bb', another sample's"),
        ({"aa": [box(translation=[1, 2])], "bb": []}, "a list at byte"),
        ({"aa": [box(rotation=[1, 2, 3, 4, 5])], "bb": []}, "a list at byte"),
        ({"aa": [box(detection_score="high")], "bb": []}, "'aa', box 0: malformed JSON at byte"),
        ({"aa": [box(velocity=None)], "bb": []}, "a list at byte"),
        ({"aa": [{"sample_token": "aa"}], "bb": []}, "expected the keys sample_token, translation"),
        ({"aa": 5, "bb": []}, "malformed JSON"),
        ([], "expected results to be an object"),
    ],
)
def test_what_the_devkit_refuses_is_refused_with_its_place(
    tmp_path: Path, results: Any, message: str
) -> None:
    with pytest.raises(FormatError) as error:
        read_detections(write(tmp_path, results), TOKENS)
    assert message in str(error.value)
    assert str(error.value).startswith(str(tmp_path))


def test_no_results_no_meta_no_file_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    for text, message in (
        ("{}", "there is no meta and results"),
        ('{"results": {}}', "no meta"),
        ("", "empty"),
    ):
        path.write_text(text)
        with pytest.raises(FormatError, match=message):
            read_detections(path, ())
    with pytest.raises(StoreError, match="cannot be read"):
        read_detections(tmp_path / "none.json", ())


def test_a_sample_listed_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text('{"meta": {}, "results": {"aa": [], "aa": [], "bb": []}}')
    with pytest.raises(FormatError, match="sample 'aa' is listed twice"):
        read_detections(path, TOKENS)


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path, {"aa": [box(), box()], "bb": []}).read_bytes()
    path = tmp_path / "cut.json"
    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError):
            read_detections(path, TOKENS)


@settings(max_examples=300)
@given(st.integers(0, 2**64 - 1), st.sampled_from(["r", ".17g", ".16e", ".20f", ".3f"]))
@example(struct.unpack("<Q", struct.pack("<d", 9007199254740993.0))[0], "r")
@example(struct.unpack("<Q", struct.pack("<d", 0.015608427630618375))[0], "r")
@example(struct.unpack("<Q", struct.pack("<d", 5e-324))[0], "r")
@example(0, "r")
def test_numbers_said_to_be_exact_are_what_float_reads(bits: int, spelling: str) -> None:
    value = struct.unpack("<d", struct.pack("<Q", bits))[0]
    if not math.isfinite(value):
        return
    text = repr(value) if spelling == "r" else format(value, spelling)
    end, found, exact = read_number(np.frombuffer(f"{text},".encode(), np.uint8), 0)
    assert end == len(text)
    assert not exact or (found == float(text) and math.copysign(1, found) == math.copysign(1, float(text)))


@settings(max_examples=100)
@given(st.floats(-2000, 2000).filter(lambda x: x == 0 or abs(x) > 1e-4))
def test_numbers_of_a_results_file_are_read_without_help(value: float) -> None:
    text = repr(value)
    assert read_number(np.frombuffer(f"{text}]".encode(), np.uint8), 0)[2]


@pytest.mark.parametrize("text", ["", "-", "01", "1.", ".5", "1e", "1e+", "-Inf", "nan", "--1", "+1"])
def test_what_is_no_json_number_is_no_number(text: str) -> None:
    end, _, _ = read_number(np.frombuffer(f"{text} ".encode(), np.uint8), 0)
    assert end < 0
