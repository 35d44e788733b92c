"""The process beside us: what it may do wrong is said in one sentence. No bpy is needed here."""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import pytest
from simulate.blender.fake_blender import (
    DIES_AT_ONCE,
    DIES_AT_WORK,
    FAILS_AT_WORK,
    NO_BPY,
    OBEDIENT,
    python_that,
)

from drivelabel.cli.main import main
from drivelabel.errors import FormatError, InvalidLabelError, MissingExtraError, StoreError
from drivelabel.simulate import SimulateSettings, Simulation, WorldSettings, default_rig
from drivelabel.simulate.blender import PYTHON_VARIABLE, BlenderRenderer, BlenderSettings
from drivelabel.simulate.blender.worker import Worker, find_python
from drivelabel.simulate.simulate import MadeFrame

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


def a_simulation(seconds: float = 0.6) -> Simulation:
    rig = default_rig(1).at_size((45, 80)).without_lidars()
    settings = SimulateSettings(WorldSettings(seed=3, seconds=seconds, style="highway"), rig, radius_m=40.0)
    return Simulation(settings)


def test_without_a_python_the_error_says_how_to_get_one():
    with pytest.raises(MissingExtraError, match=r"pip install bpy.*--blender-python.*docs/simulate.md"):
        find_python(None, {})
    with pytest.raises(MissingExtraError, match="no-such-python: is no program"):
        find_python("no-such-python", {})


def test_the_option_goes_before_the_variable():
    assert find_python(sys.executable, {PYTHON_VARIABLE: "no-such-python"}) == sys.executable
    assert find_python(None, {PYTHON_VARIABLE: sys.executable}) == sys.executable


def test_a_python_without_bpy_is_told_from_one_with_it():
    """This Python itself, with the real script: bpy is never installed beside drivelabel."""
    with pytest.raises(MissingExtraError, match=r"has no bpy .*No module named 'bpy'"):
        Worker(sys.executable, 1)


@pytest.mark.parametrize(
    ("does", "error", "message"),
    [
        (NO_BPY, MissingExtraError, "has no bpy"),
        (DIES_AT_ONCE, StoreError, "stopped without an answer.*libXrender"),
        (DIES_AT_WORK, StoreError, "stopped without an answer.*out of memory"),
        (FAILS_AT_WORK, StoreError, "could not render it .ValueError: expected a job"),
    ],
)
def test_what_goes_wrong_is_said(does, error, message, tmp_path):
    renderer = BlenderRenderer(BlenderSettings(python_that(does, tmp_path)))
    with pytest.raises(error, match=message):
        list(renderer.run(a_simulation()))


@pytest.mark.parametrize(("name", "value"), [("samples", 0), ("samples", 5000), ("threads", 0)])
def test_wrong_numbers_are_refused(name, value):
    with pytest.raises(InvalidLabelError, match=f"{name}: expected"):
        BlenderSettings(**{name: value})


def test_pictures_are_blenders_and_truth_is_ours(tmp_path):
    simulation = a_simulation()
    own = {m.frame: m for m in simulation.run() if isinstance(m, MadeFrame)}
    maps = tmp_path / "maps.npy"
    np.save(maps, np.stack([own[k].truth.instance_map for k in sorted(own)]))
    truth = f'np.load("{maps}")[int(job["light_file"].split("frame-")[1].split("-")[0])]'
    renderer = BlenderRenderer(BlenderSettings(python_that(OBEDIENT, tmp_path, truth)))
    made = list(renderer.run(a_simulation()))
    frames = [m for m in made if isinstance(m, MadeFrame)]
    assert len(frames) == len(own) == 2 and len(made) > 2
    for frame in frames:
        np.testing.assert_array_equal(frame.truth.instance_map, own[frame.frame].truth.instance_map)
        assert np.ptp(frame.image_rgb.astype(int)) < 140 < np.ptp(own[frame.frame].image_rgb.astype(int))
    assert renderer.agreement.share == 1.0 and renderer.seconds == [1.5, 1.5]


def test_pictures_that_do_not_go_with_the_truth_are_refused(tmp_path):
    truth = "np.full((height, width), 7, np.uint16)"
    renderer = BlenderRenderer(BlenderSettings(python_that(OBEDIENT, tmp_path, truth)))
    with pytest.raises(FormatError, match="cam_front, frame 0: Blender shows other things"):
        list(renderer.run(a_simulation()))


def test_the_command_says_how_well_they_agree(tmp_path, capsys):
    python = python_that(OBEDIENT, tmp_path)
    arguments = ["--seconds", "0.3", "--cameras", "1", "--image-size", "80x45", "--no-lidar"]
    place = str(tmp_path / "out.scene")
    # An empty road, so that the stand-in's empty truth is right.
    rig = tmp_path / "rig.json"
    up = {
        "channel": "cam_up",
        "image_hw": [45, 80],
        "fov_deg": 20,
        "translation": [0, 0, 9],
        "pitch_deg": -89,
    }
    rig.write_text(json.dumps({"cameras": [up]}))
    options = ["--renderer", "blender", "--blender-python", python, "--rig", str(rig), "--json"]
    assert main(["simulate", place, *arguments, "--style", "highway", *options]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["same_pixels"] == 1.0 and report["blender_seconds_a_frame"] == 1.5
    assert main(["simulate", f"{place}2", *arguments, "--style", "highway", *options[:-1]]) == 0
    said = capsys.readouterr().out
    assert "Blender: 1.5 s a frame; it shows other things than the truth in 0 of 3,600 pixels, 0 of" in said


@pytest.mark.parametrize("option", [["--samples", "9"], ["--blender-python", sys.executable]])
def test_options_of_blender_are_not_ignored_in_silence(option, tmp_path, capsys):
    assert main(["simulate", str(tmp_path / "out.scene"), *option]) == 1
    assert f"{option[0]}: goes with --renderer blender only" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_command_without_blender_says_how_to_get_it(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv(PYTHON_VARIABLE, raising=False)
    assert main(["simulate", str(tmp_path / "out.scene"), "--renderer", "blender"]) == 1
    error = capsys.readouterr().err
    assert "needs a Python with bpy" in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
