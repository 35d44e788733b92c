from __future__ import annotations

import sys
from pathlib import Path

import cv2
import pytest

from tests.cli.conftest import Run, RunJson

IMAGE_HW = (180, 320)


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIVELABEL_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DRIVELABEL_OFFLINE", "1")
    demo = sys.modules["drivelabel.cli.commands.demo"]
    monkeypatch.setattr(demo, "SECONDS", 1.0)
    monkeypatch.setattr(demo, "IMAGE_HW", IMAGE_HW)


def test_without_weights_the_demo_labels_lane_lines_and_says_so(
    run: Run, run_json: RunJson, tmp_path: Path, no_weights: None
) -> None:
    out = tmp_path / "demo"
    code, text, err = run("demo", "--out", str(out))
    assert code == 0, err
    assert "drivelabel: only lane lines are labelled: " in err
    assert f"scene     {out}/drive.scene: 5 frames, tasks lanes" in text
    pictures = sorted(out.glob("*.png"))
    assert len(pictures) == 3
    assert cv2.imread(str(pictures[0])).shape[1] == IMAGE_HW[1]

    again = run_json("demo", "--out", str(out))
    assert again["frames"] == 5
    layers = {layer["name"]: layer for layer in run_json("info", str(out / "drive.scene"))["layers"]}
    assert layers["truth"]["kinds"]["boxes2d"]["rows"] > 0
    assert layers["auto"]["kinds"]["lane_lines"]["labelled"] == 5


def test_annotate_goes_on_where_it_was(run: Run, run_json: RunJson, location: str, no_weights: None) -> None:
    first = run_json("annotate", location, "--tasks", "lanes", "--into", "lines")
    assert (first["earlier"], first["layer"]) == (0, "lines")
    code, out, _ = run("annotate", location, "--tasks", "lanes", "--into", "lines")
    assert code == 0
    assert f"0 frames labelled, {first['frames']} done before" in out


def test_an_unknown_task_suggests_the_nearest(run: Run, location: str) -> None:
    code, _, err = run("annotate", location, "--tasks", "boxs")
    assert code == 1
    assert "no task 'boxs'. Did you mean 'boxes'?" in err
