from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from drivelabel.cli import demo_clip
from drivelabel.cli.demo_clip import IMAGE_HW, draw_demo_frame
from drivelabel.media.video import VideoReader
from tests.cli.conftest import Run, RunJson


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIVELABEL_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DRIVELABEL_OFFLINE", "1")
    monkeypatch.setattr(demo_clip, "SECONDS", 0.6)


def test_the_drawn_drive_is_a_road_that_moves() -> None:
    first, later = draw_demo_frame(0.0), draw_demo_frame(0.5)
    assert first.shape == (*IMAGE_HW, 3)
    assert first.dtype == np.uint8
    assert (np.abs(first.astype(int) - later).sum(axis=2) > 100).mean() > 0.005


def test_the_clip_is_a_video(tmp_path: Path, no_weights: None) -> None:
    demo_clip.write_demo_clip(tmp_path / "clip.mp4")
    with VideoReader(tmp_path / "clip.mp4") as video:
        assert len(video) == 6
        assert tuple(video.image_hw) == IMAGE_HW


def test_without_weights_the_demo_labels_lane_lines_and_says_so(
    run: Run, run_json: RunJson, tmp_path: Path, no_weights: None
) -> None:
    out = tmp_path / "demo"
    code, text, err = run("demo", "--out", str(out))
    assert code == 0, err
    assert err.startswith("drivelabel: only lane lines are labelled: ")
    assert f"scene     {out}/clip.scene: 6 frames, tasks lanes" in text
    pictures = sorted(out.glob("*.png"))
    assert len(pictures) == 3
    assert cv2.imread(str(pictures[0])).shape[1] == IMAGE_HW[1]

    again = run_json("demo", "--out", str(out))
    assert again["frames"] == 6
    layer = run_json("info", str(out / "clip.scene"))["layers"][0]
    assert layer["kinds"]["lane_lines"]["rows"] > 6


def test_annotate_goes_on_where_it_was(run: Run, run_json: RunJson, tmp_path: Path, no_weights: None) -> None:
    demo_clip.write_demo_clip(tmp_path / "clip.mp4")
    scene = str(tmp_path / "clip.scene")
    assert run("ingest", str(tmp_path / "clip.mp4"), scene)[0] == 0
    first = run_json("annotate", scene, "--tasks", "lanes")
    assert (first["frames"], first["earlier"], first["layer"]) == (6, 0, "auto")
    code, out, _ = run("annotate", scene, "--tasks", "lanes")
    assert code == 0
    assert "0 frames labelled, 6 done before" in out


def test_an_unknown_task_suggests_the_nearest(run: Run, location: str) -> None:
    code, _, err = run("annotate", location, "--tasks", "boxs")
    assert code == 1
    assert "no task 'boxs'. Did you mean 'boxes'?" in err
