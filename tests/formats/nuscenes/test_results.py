"""Results files of nuScenes' tasks, and the devkit's judgement of them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivelabel.errors import FormatError
from drivelabel.evaluation.nuscenes import read_detections
from drivelabel.formats import find_format
from drivelabel.formats.nuscenes import read_nuscenes, write_nuscenes
from drivelabel.formats.nuscenes.tokens import sample_tokens
from drivelabel.formats.nuscenes_results import read_results, write_results
from drivelabel.labels import NO_TRACK, Boxes3D
from drivelabel.labels.nuscenes_tasks import DETECTION_NAMES, TRACKING_NAMES, task_classes
from drivelabel.scene import Scene
from tests.formats.nuscenes.drives import VERSION


def judged(scene: Scene, names: tuple[str, ...]) -> tuple[Boxes3D, np.ndarray]:
    """The truth's boxes that a task takes, and their classes."""
    layer = scene.layer("truth")
    category = task_classes(layer.taxonomy, names)[layer.boxes3d.rows.category_id]
    return layer.boxes3d.rows[category >= 0], category[category >= 0]


@pytest.mark.parametrize("task", ["detection", "tracking"])
def test_boxes_come_back_but_for_what_the_report_lists(drive: Scene, tmp_path: Path, task: Any) -> None:
    report = write_results(drive, tmp_path / "r.json", "truth", task=task)
    found = read_results(tmp_path / "r.json", data=drive)
    assert found.report.is_lossless and set(found.data.layers) == {"truth", "pred"}
    names = DETECTION_NAMES if task == "detection" else TRACKING_NAMES
    before, category = judged(drive, names)
    after = found.data.layer("pred").boxes3d.rows
    assert [c.name for c in found.data.layer("pred").taxonomy] == list(names)
    for column in ("timestamp_ns", "center", "size_lwh", "quat_wxyz", "score", "n_points"):
        np.testing.assert_array_equal(getattr(before, column), getattr(after, column), err_msg=column)
    np.testing.assert_array_equal(category, after.category_id)
    np.testing.assert_array_equal(before.velocity[:, :2], after.velocity[:, :2])
    tracks = before.track_id if task == "tracking" else np.full(len(before), NO_TRACK)
    np.testing.assert_array_equal(tracks, after.track_id)
    dropped = sum(entry.count for entry in report.dropped if (entry.object, entry.field) == ("boxes3d", ""))
    assert dropped == len(drive.layer("truth").boxes3d.rows) - len(before)


def test_our_evaluation_reads_the_same_file(drive: Scene, tmp_path: Path) -> None:
    write_results(drive, tmp_path / "r.json", "truth")
    found = read_detections(tmp_path / "r.json", sample_tokens(drive))
    np.testing.assert_array_equal(found.boxes.translation, judged(drive, DETECTION_NAMES)[0].center)


def test_a_file_without_its_scene_has_samples_of_made_times(drive: Scene, tmp_path: Path) -> None:
    write_results(drive, tmp_path / "r.json", "truth")
    found = read_results(tmp_path / "r.json")
    assert len(found.data.samples_ns) == len(drive.samples_ns)
    assert [entry.object for entry in found.report.approximated] == ["samples"]
    assert sample_tokens(found.data) == sample_tokens(drive)


def test_names_of_tracks_are_kept(drive: Scene, tmp_path: Path) -> None:
    write_results(drive, tmp_path / "r.json", "truth", task="tracking")
    content = json.loads((tmp_path / "r.json").read_text())
    for boxes in content["results"].values():
        for box in boxes:
            box["tracking_id"] = f"track-{box['tracking_id']}"
    (tmp_path / "r.json").write_text(json.dumps(content))
    rows = read_results(tmp_path / "r.json", data=drive).data.layer("pred").boxes3d.rows
    before = judged(drive, TRACKING_NAMES)[0]
    assert rows.attributes["tracking_id"].to_list() == [f"track-{k}" for k in before.track_id.tolist()]
    _, first = np.unique(before.track_id, return_inverse=True)
    _, second = np.unique(rows.track_id, return_inverse=True)
    assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == len(set(first.tolist()))


def test_tables_in_a_folder_say_which_scene_it_is(exported: Path, drive: Scene, tmp_path: Path) -> None:
    write_results(drive, tmp_path / "r.json", "truth")
    found = read_results(tmp_path / "r.json", data=exported)
    assert set(found.data.layers) == {"truth", "pred"}
    assert find_format("nuscenes-results").matches(tmp_path / "r.json")  # type: ignore[misc]


def _box(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda results: next(boxes for boxes in results.values() if boxes)[0].update(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_box(size=[1, 0, 1]), "box 0: size"),
        (_box(rotation=[0, 0, 0, 0]), "box 0: rotation"),
        (_box(detection_score=1.5), "box 0: score"),
        (_box(detection_name="cat"), "no category 'cat'"),
        (_box(attribute_name="flying"), "no attribute 'flying'"),
        (_box(sample_token="x"), "another sample's"),
        (_box(translation=[1, 2]), "expected 3 numbers"),
        (_box(velocity="fast"), "velocity"),
        (lambda results: results.pop(next(iter(results))), "1 are missing"),
        (lambda results: results.update({next(iter(results)): 5}), "expected a list"),
        (lambda results: results.update({next(iter(results)): [{}] * 501}), "at most 500"),
    ],
)
def test_a_damaged_box_is_named(
    drive: Scene, tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    path = tmp_path / "r.json"
    write_results(drive, path, "truth")
    content = json.loads(path.read_text())
    change(content["results"])
    path.write_text(json.dumps(content))
    with pytest.raises(FormatError, match=message):
        read_results(path, data=drive)
    if "box 0" in message:
        dropped = read_results(path, data=drive, on_invalid="skip").report.dropped
        assert [entry.count for entry in dropped] == [1]


@pytest.mark.needs("nuscenes")
@pytest.mark.filterwarnings("ignore")
def test_the_devkit_judges_our_files(drive: Scene, tmp_path: Path) -> None:
    """Truth handed in as detections is found whole."""
    scene = replace(drive, name="scene-0103")  # one that the devkit judges in its small split
    write_nuscenes(scene, tmp_path / "data", "truth", version=VERSION, images="none")
    again = read_nuscenes(tmp_path / "data").data
    assert isinstance(again, Scene)
    write_results(again, tmp_path / "d.json", "truth")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nuscenes import NuScenes
        from nuscenes.eval.common.config import config_factory
        from nuscenes.eval.detection.evaluate import DetectionEval

        nusc = NuScenes(VERSION, str(tmp_path / "data"), verbose=False)
        judge = DetectionEval(
            nusc, config_factory("detection_cvpr_2019"), str(tmp_path / "d.json"), "mini_val",
            str(tmp_path / "judged"), verbose=False,
        )  # fmt: skip
        metrics, _ = judge.evaluate()
    rows, _ = judged(again, DETECTION_NAMES)
    assert len(judge.gt_boxes.all) == len(judge.pred_boxes.all) > 0
    assert len(rows) >= len(judge.gt_boxes.all)
    found = metrics.serialize()["mean_dist_aps"]
    assert found["car"] > 0.99 and metrics.serialize()["label_tp_errors"]["car"]["trans_err"] < 1e-6
