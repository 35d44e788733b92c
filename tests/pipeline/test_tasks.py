"""From names of tasks to a plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivelabel.errors import InvalidLabelError, StoreError
from drivelabel.labels import MODEL, Boxes2D
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.pipeline import ModelChoice, make_plan
from drivelabel.pipeline._progress import CameraProgress
from drivelabel.pipeline.weak import DropWeakBoxes
from drivelabel.scene import Camera
from drivelabel.tasks.annotator import FrameLabels

CAMERA = Camera("cam_front", (720, 1280))


def names(plan_tasks: list[str]) -> list[str]:
    return [stage.name for stage in make_plan(plan_tasks).stages(CAMERA, 0)]


@pytest.mark.models
def test_a_task_brings_those_that_it_builds_on(shared_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIVELABEL_MODELS", str(shared_weights))
    assert names(["lights"]) == ["onnx_yolo", "drop_weak_boxes", "colour_lights"]
    assert names(["tracks"]) == ["onnx_yolo", "tracks", "drop_weak_boxes"]
    assert make_plan(["tracks", "road"]).tasks == ("boxes", "tracks", "road")


@pytest.mark.models
def test_a_plan_changes_its_fingerprint_with_what_it_does(
    shared_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIVELABEL_MODELS", str(shared_weights))
    prints = [make_plan(tasks).fingerprint() for tasks in (["boxes"], ["tracks"], ["boxes", "lights"])]
    assert len(set(prints)) == 3
    assert make_plan(["boxes"]).fingerprint() == prints[0]


def test_lanes_need_no_weights() -> None:
    assert names(["lanes"]) == ["hough_lanes", "lane_tracker"]


def test_an_unknown_task_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidLabelError, match=r"no task 'lane'\. Did you mean 'lanes'"):
        make_plan(["lane"])
    with pytest.raises(InvalidLabelError, match="at least one task"):
        make_plan([])


def test_missing_weights_are_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIVELABEL_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DRIVELABEL_OFFLINE", "1")
    with pytest.raises(StoreError, match=r"yolox_nano\.onnx: not found"):
        make_plan(["boxes"], ModelChoice())


def test_weak_boxes_stay_only_with_a_track() -> None:
    boxes = Boxes2D(
        xyxy=np.tile([0, 0, 5, 5], (3, 1)),
        category_id=[DRIVING.id_of("car")] * 3,
        score=[0.2, 0.2, 0.6],
        track_id=[-1, 4, -1],
        origin=[MODEL] * 3,
    )
    kept = DropWeakBoxes(0.3).step(0, FrameLabels(boxes2d=boxes)).boxes2d
    assert kept is not None
    np.testing.assert_array_equal(kept.track_id, [4, -1])


def test_progress_comes_back_bit_for_bit() -> None:
    rng = np.random.default_rng(0)
    states = {
        "tracks": {"x": rng.normal(size=(3, 7)), "ids": np.arange(4), "next": 7, "rate": 0.1, "name": "a"},
        "empty": {"none": np.zeros((0, 4), np.float32)},
    }
    there = CameraProgress("plan", 32, 1, states)
    back = CameraProgress.from_bytes(there.to_bytes())
    assert (back.plan, back.next_frame, back.skipped) == ("plan", 32, 1)
    for name, state in states.items():
        for key, value in state.items():
            np.testing.assert_array_equal(back.states[name][key], value)
            assert np.asarray(back.states[name][key]).dtype == np.asarray(value).dtype
