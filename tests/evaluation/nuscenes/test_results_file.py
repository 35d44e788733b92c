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
from drivelabel.geometry._kernels.json_words import as_words, read_decimal

# Without the JIT (NUMBA_DISABLE_JIT=1) NumPy warns where 64-bit products wrap round, as hashes are meant to.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in scalar:RuntimeWarning")

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


SPELLINGS = (
    *("0.1", "-0.0", "12", "1e-3", "-2.5E+2", "0.30000000000000004", "9007199254740993.0", "-7.000000"),
    *("123456.78901234567891", "0.000012345678901234567", "5e-324", "1234567.5", "12345678.5", "-1234.56789"),
    *("0.1234567", "0.12345678", "0.123456789", "0.1234567890123456", "99999999999999999999", "1.0"),
)


def written_alike(n_boxes: int, *, spaces: str = " ", odd: dict[int, str] | None = None) -> list[str]:
    """Boxes as a program writes them, with numbers of all spellings; some `odd` ones put in."""
    rng = np.random.default_rng(1)
    boxes = []
    for k in range(n_boxes):
        x = [SPELLINGS[j] for j in rng.integers(len(SPELLINGS), size=13)]
        name, attribute = DETECTION_NAMES[k % 10], ("", *ATTRIBUTE_NAMES)[k % (len(ATTRIBUTE_NAMES) + 1)]
        fields = (
            '"sample_token": "aa"',
            f'"translation": [{x[0]}, {x[1]}, {x[2]}]',
            f'"size": [{x[3]}, {x[4]}, {x[5]}]',
            f'"rotation": [{x[6]}, {x[7]}, {x[8]}, {x[9]}]',
            f'"velocity": [{x[10] if k % 7 else "NaN"}, {x[11]}]',
            f'"ego_translation": [0, 0, {k % 3}]',
            f'"detection_name": "{name}"',
            f'"detection_score": {x[12]}',
            f'"attribute_name": "{attribute}"',
        )
        fields = fields if k % 50 else fields[::-1]
        boxes.append((odd or {}).get(k, "{" + ", ".join(fields) + "}").replace(" ", spaces))
    return boxes


def in_file(folder: Path, boxes: list[str], between: str = ", ", end: str = "") -> Path:
    path = folder / "results.json"
    path.write_text(f'{{"meta": {{}}, "results": {{"aa": [{between.join(boxes)}{end}], "bb": []}}}}')
    return path


@pytest.mark.parametrize(("spaces", "between"), [(" ", ", "), ("", ","), ("\n   ", " ,\n\n")])
def test_boxes_written_alike_are_bit_for_bit_what_json_reads(
    tmp_path: Path, spaces: str, between: str
) -> None:
    path = in_file(tmp_path, written_alike(300, spaces=spaces), between)
    found = read_detections(path, TOKENS).boxes
    expected = json.loads(path.read_text())["results"]["aa"]
    columns = (
        *(("translation", "translation"), ("size_wlh", "size"), ("quat_wxyz", "rotation")),
        *(("velocity", "velocity"), ("score", "detection_score")),
    )
    for ours, theirs in columns:
        values = np.array([box[theirs] for box in expected], np.float64)
        assert getattr(found, ours).tobytes() == values.tobytes()
    assert [DETECTION_NAMES[k] for k in found.category_id] == [box["detection_name"] for box in expected]
    names = [ATTRIBUTE_NAMES[k] if k >= 0 else "" for k in found.attribute]
    assert names == [box["attribute_name"] for box in expected]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"detection_name": "', '"detection_name": "x', "'aa', box 121: no class 'x"),
        ('"sample_token": "aa"', '"sample_token": "bb"', "'aa', box 121: its sample_token is 'bb'"),
        ('"detection_score": ', '"detection_score": .', "'aa', box 121: malformed JSON at byte"),
        ('"detection_score": ', '"detection_score": 00', "'aa', box 121: malformed JSON at byte"),
        ('"size": [', '"size": [1, ', "a list at byte"),
        ('"size"', '"width"', "'aa', box 121: expected the keys sample_token, translation"),
        ('"attribute_name": "', '"attribute_name": "y', "'aa', box 121: no attribute 'y"),
    ],
)
def test_one_bad_box_among_many_alike_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    boxes = written_alike(200)
    boxes[121] = boxes[121].replace(old, new)
    with pytest.raises(FormatError, match=message):
        read_detections(in_file(tmp_path, boxes), TOKENS)


def test_a_comma_behind_the_last_of_many_boxes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="malformed JSON"):
        read_detections(in_file(tmp_path, written_alike(200), end=","), TOKENS)


@given(
    st.integers(0, 2**64 - 1), st.sampled_from([repr, "{:.17g}".format, "{:.3f}".format, "{:.20f}".format])
)
@settings(deadline=None, max_examples=300)
def test_decimals_said_to_be_certain_are_what_float_reads(bits: int, spelling: Any) -> None:
    value = struct.unpack("<d", bits.to_bytes(8, "little"))[0]
    for text in (spelling(value), spelling(math.remainder(value, 1e6) if math.isfinite(value) else 0.5)):
        raw = np.frombuffer(f"{text},".encode() + b" " * 64, np.uint8)
        end, found, certain = read_decimal(raw, as_words(raw), 0)
        if certain:
            assert end == len(text)
            assert struct.pack("<d", found) == struct.pack("<d", float(text))


@pytest.mark.parametrize(
    "text", ["0.5", "-913.0303741929642", "0.050878990722384616", "-0.0", "7", "1234567.25"]
)
def test_decimals_of_a_results_file_are_certain(text: str) -> None:
    raw = np.frombuffer(f"{text}]".encode() + b" " * 64, np.uint8)
    assert read_decimal(raw, as_words(raw), 0) == (len(text), float(text), True)


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
