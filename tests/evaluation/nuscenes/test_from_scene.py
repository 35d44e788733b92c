"""Layers of a scene as nuScenes judges them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.nuscenes import (
    ATTRIBUTE_NAMES,
    DETECTION_NAMES,
    NO_ATTRIBUTE,
    TRACKING_NAMES,
    detection,
    detections_of,
    tracking,
    tracks_of,
)
from drivelabel.labels import DRIVING, NUSCENES, Boxes3D, Grouped, Taxonomy
from drivelabel.scene import Layer, Poses, Scene


def cuboids(taxonomy: Taxonomy, names: list[str], **columns: Any) -> Boxes3D:
    n = len(names)
    return Boxes3D(
        **{
            "timestamp_ns": np.zeros(n, np.int64),
            "center": np.c_[100 + 10 * np.arange(n), np.zeros((n, 2))],
            "size_lwh": np.tile([4.0, 2.0, 1.5], (n, 1)),
            "quat_wxyz": np.tile([1.0, 0, 0, 0], (n, 1)),
            "category_id": taxonomy.ids_of(names),
            "track_id": np.arange(n),
        }
        | columns
    )


def scene(truth: dict[int, Boxes3D], pred: dict[int, Boxes3D], pred_taxonomy: Taxonomy = DRIVING) -> Scene:
    tables = (Grouped.from_groups(Boxes3D, 3, truth), Grouped.from_groups(Boxes3D, 3, pred))
    return Scene(
        name="log",
        sensors=(),
        taxonomy=NUSCENES,
        samples_ns=np.array([0, 10**9, 2 * 10**9]),
        poses=Poses(np.array([0, 2 * 10**9]), np.array([[100.0, 0, 0]] * 2), np.array([[1.0, 0, 0, 0]] * 2)),
        layers={
            "truth": Layer("truth", NUSCENES, tables={"boxes3d": tables[0]}),
            "auto": Layer("auto", pred_taxonomy, tables={"boxes3d": tables[1]}),
        },
    )


def test_a_layer_against_itself_in_another_taxonomy_is_perfect() -> None:
    truth = cuboids(NUSCENES, ["vehicle.car", "human.pedestrian.child", "vehicle.bus.bendy"])
    pred = cuboids(DRIVING, ["car", "pedestrian", "bus"], score=np.full(3, 0.5))
    boxes = detections_of(scene({0: truth}, {0: pred}), "truth", "auto")
    result = detection(boxes.truth, boxes.pred)
    assert [result.label_aps[name][0.5] for name in ("car", "pedestrian", "bus")] == pytest.approx([1, 1, 1])
    assert boxes.truth.size_wlh[0].tolist() == [2.0, 4.0, 1.5]
    assert boxes.truth.ego_distance.tolist() == [0, 10, 20]
    assert tracking(*_tracks(scene({0: truth}, {0: pred}))).metrics["amota"] == 1


def _tracks(log: Scene) -> tuple[Any, Any, Any]:
    boxes = tracks_of(log, "truth", "auto")
    return boxes.truth, boxes.pred, boxes.samples


def test_classes_are_mapped_as_nuscenes_does() -> None:
    utils = pytest.importorskip("nuscenes.eval.detection.utils")
    names = [category.name for category in NUSCENES if category.is_thing]
    for name in names:
        boxes = detections_of(scene({0: cuboids(NUSCENES, [name])}, {}), "truth", "auto")
        want = utils.category_to_detection_name(name)
        assert [DETECTION_NAMES[k] for k in boxes.truth.category_id] == ([want] if want else [])
        assert boxes.unmapped_truth == ({} if want else {name: 1})


def test_what_is_left_out_is_counted() -> None:
    truth = {0: cuboids(NUSCENES, ["vehicle.car", "animal", "animal"]), 1: cuboids(NUSCENES, ["vehicle.car"])}
    pred = {0: cuboids(DRIVING, ["train"]), 2: cuboids(DRIVING, ["car", "car"])}
    boxes = detections_of(scene(truth, pred), "truth", "auto")
    assert boxes.unmapped_truth == {"animal": 2}
    assert boxes.unmapped_pred == {"train": 1}
    assert (boxes.n_pred_elsewhere, boxes.n_without_pred) == (2, 1)
    assert boxes.sample_rows.tolist() == [0, 1]


def test_bicycles_in_a_rack_do_not_count() -> None:
    names = ["vehicle.bicycle", "static_object.bicycle_rack", "vehicle.car"]
    center = np.array([[100.5, 0, 0], [100, 0, 0], [100, 0, 0]])
    boxes = detections_of(scene({0: cuboids(NUSCENES, names, center=center)}, {}), "truth", "auto")
    assert boxes.truth.in_bike_rack.tolist() == [True, False]
    assert detection(boxes.truth, boxes.pred).n_truth_dropped == 1


def test_attributes_are_read_and_two_of_one_box_are_refused() -> None:
    attributes = {"vehicle.moving": [True, None], "attribute": [None, "vehicle.parked"]}
    truth = cuboids(NUSCENES, ["vehicle.car", "vehicle.car"], attributes=attributes)
    boxes = detections_of(scene({0: truth}, {0: cuboids(DRIVING, ["car"])}), "truth", "auto")
    assert [ATTRIBUTE_NAMES[k] for k in boxes.truth.attribute] == ["vehicle.moving", "vehicle.parked"]
    assert boxes.pred.attribute.tolist() == [NO_ATTRIBUTE]
    twice = {"vehicle.moving": [True], "vehicle.parked": [True]}
    with pytest.raises(InvalidLabelError, match=r"got vehicle\.moving and vehicle\.parked"):
        truth = cuboids(NUSCENES, ["vehicle.car"], attributes=twice)
        detections_of(scene({0: truth}, {}), "truth", "auto")


def test_boxes_without_a_track_are_tracks_of_their_own() -> None:
    pred = cuboids(DRIVING, ["car", "car", "car"], track_id=np.array([-1, 4, -1]))
    boxes = tracks_of(scene({0: cuboids(NUSCENES, ["vehicle.car"])}, {0: pred}), "truth", "auto")
    assert boxes.pred.track_id.tolist() == [6, 4, 7]
    assert set(boxes.pred.category_id.tolist()) == {TRACKING_NAMES.index("car")}


def test_a_truth_that_labelled_nothing_is_no_truth() -> None:
    with pytest.raises(InvalidLabelError, match="no sample is labelled"):
        detections_of(scene({}, {}), "truth", "auto")
