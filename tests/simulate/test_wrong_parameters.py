"""What cannot be simulated is refused with a word on what was expected."""

from __future__ import annotations

import json

import pytest

from drivelabel.cli.main import main
from drivelabel.errors import FormatError, InvalidLabelError, StoreError
from drivelabel.simulate import SimulateSettings, WorldSettings, default_rig, read_rig

CAMERA = {"channel": "cam_a", "image_hw": [90, 160], "fov_deg": 70, "translation": [1.5, 0, 1.5]}
LIDAR = {"channel": "lidar_a", "beams": 8, "lowest_deg": -20, "highest_deg": 5, "translation": [0, 0, 1.8]}


def written(tmp_path, data):
    path = tmp_path / "rig.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seconds", "-3"], "seconds: expected more than 0"),
        (["--seconds", "nan"], "seconds: expected more than 0"),
        (["--cameras", "0"], "cameras: expected 1 to 6, got 0"),
        (["--cameras", "9"], "For other rigs, give a rig file."),
        (["--image-size", "1600"], "such as 1600x900"),
        (["--image-size", "0x90"], "from 16 to 16384"),
        (["--seed", "-1"], "seed: expected 0 or more"),
        (["--camera-hz", "0"], "expected a rate above 0"),
        (["--lidar-hz", "5000"], "at most 1000 hz"),
        (["--rig", "nowhere.json"], "nowhere.json: cannot be read"),
        (["--seconds", "3000", "--camera-hz", "100"], "Ask for fewer seconds or lower rates."),
    ],
)
def test_a_wrong_option_is_one_line_and_makes_nothing(options, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "out.scene", *options]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_lies_there_is_not_overwritten(tmp_path, capsys):
    (tmp_path / "out.scene").mkdir()
    assert main(["simulate", str(tmp_path / "out.scene"), "--seconds", "1"]) == 1
    assert "already exists" in capsys.readouterr().err


def test_a_rig_file_is_read(tmp_path):
    camera = CAMERA | {
        "hz": 5,
        "offset_s": 0.1,
        "distortion": {"model": "fisheye", "coefficients": [0.1, 0, 0, 0]},
    }
    rig = read_rig(written(tmp_path, {"cameras": [camera], "lidars": [LIDAR]}))
    assert rig.cameras[0].hz == 5 and rig.cameras[0].camera.distortion.model == "fisheye"
    assert rig.lidars[0].model().elevation.shape == (8,)
    # It looks forward: what lies ahead of the ego has a depth.
    assert (rig.cameras[0].camera.ego_from_sensor[:3, 2].round(6) == [1, 0, 0]).all()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "line 1"),
        ([], "expected an object with fields, got list"),
        ({}, "expected at least one camera or lidar"),
        ({"camera": []}, "unknown field 'camera'. Did you mean 'cameras'?"),
        ({"cameras": 3}, "cameras: expected a list, got int"),
        ({"cameras": [{k: v for k, v in CAMERA.items() if k != "channel"}]}, "field 'channel' is missing"),
        ({"cameras": [{k: v for k, v in CAMERA.items() if k != "fov_deg"}]}, "field 'fov_deg' is missing"),
        (
            {"cameras": [{k: v for k, v in CAMERA.items() if k != "translation"}]},
            "field 'translation' is missing",
        ),
        ({"cameras": [CAMERA | {"fov_deg": 200}]}, "fov_deg: expected 1 to 179"),
        ({"cameras": [CAMERA | {"image_hw": [90, "wide"]}]}, "image_hw: expected numbers"),
        ({"cameras": [CAMERA | {"image_hw": [0, 160]}]}, "expected a positive image size"),
        ({"cameras": [CAMERA | {"hz": -2}]}, "expected a rate above 0"),
        ({"cameras": [CAMERA, CAMERA]}, "two sensors are called 'cam_a'"),
        ({"cameras": [CAMERA | {"distortion": {"model": "round", "coefficients": []}}]}, "'round'"),
        ({"cameras": [CAMERA | {"ego_from_sensor": [[2, 0, 0, 0]] * 4}]}, "expected a rigid motion"),
        ({"lidars": [LIDAR | {"beams": 0}]}, "beams: expected 1 to 512"),
        ({"lidars": [LIDAR | {"dropout": 2}]}, "dropout"),
        ({"lidars": [LIDAR | {"range_m": -1}]}, "range_m"),
    ],
)
def test_a_wrong_rig_file_says_where_and_what(data, message, tmp_path):
    with pytest.raises(FormatError) as raised:
        read_rig(written(tmp_path, data))
    assert message in str(raised.value) and "rig.json" in str(raised.value)


def test_a_missing_rig_file_is_a_store_error(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        read_rig(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WorldSettings(style="moon"), "style: expected one of city, suburb, highway"),
        (lambda: WorldSettings(traffic=9), "traffic: expected 0 to 3"),
        (lambda: SimulateSettings(weather="rainy"), "Did you mean 'rain'"),
        (lambda: SimulateSettings(image_format="gif"), "expected jpg or png"),
        (lambda: SimulateSettings(radius_m=5), "radius_m"),
        (lambda: SimulateSettings(threads=0), "threads: expected at least 1"),
        (lambda: default_rig(2).at_size((0, 10)), "expected positive pixels"),
    ],
)
def test_wrong_settings_are_refused(make, message):
    with pytest.raises(InvalidLabelError) as raised:
        make()
    assert message in str(raised.value)
