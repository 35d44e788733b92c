"""Detection beside nuscenes-devkit 1.2.0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from evaluation.nuscenes import worlds

from drivelabel.evaluation.nuscenes import (
    DetectionColumns,
    DetectionConfig,
    DetectionResult,
    Samples,
    detection,
    place,
)

pytest.importorskip("nuscenes.eval.detection.algo")


class DevkitJudge:
    """The devkit's evaluation without a data set on disk."""

    def __init__(self, truth: DetectionColumns, pred: DetectionColumns, world: Samples) -> None:
        from nuscenes.eval.common.config import config_factory
        from nuscenes.eval.detection.evaluate import DetectionEval

        self.nusc = worlds.FakeNuScenes(world)
        self.judge = object.__new__(DetectionEval)
        self.judge.cfg, self.judge.verbose = config_factory("detection_cvpr_2019"), False
        self.judge.gt_boxes = worlds.devkit_boxes(truth, world)
        self.judge.pred_boxes = worlds.devkit_boxes(pred, world)

    def filter(self) -> None:
        """Drop what is out of range, empty or in a rack."""
        from nuscenes.eval.common.loaders import add_center_dist, filter_eval_boxes

        for name in ("gt_boxes", "pred_boxes"):
            own = add_center_dist(self.nusc, getattr(self.judge, name))
            if own.all:  # the devkit knows no class without a box
                own = filter_eval_boxes(self.nusc, own, self.judge.cfg.class_range)
            setattr(self.judge, name, own)

    def evaluate(self) -> tuple[Any, Any]:
        """Metrics and curves."""
        return self.judge.evaluate()


def devkit(truth: DetectionColumns, pred: DetectionColumns, world: Samples) -> tuple[Any, Any]:
    judge = DevkitJudge(truth, pred, world)
    judge.filter()
    return judge.evaluate()


def assert_equal_to_devkit(ours: DetectionResult, metrics: Any, curves: Any) -> None:
    close = {"rtol": 0, "atol": 1e-9, "equal_nan": True}
    for (name, distance), curve in ours.curves.items():
        theirs = curves[(name, distance)]
        where = f"{name} at {distance} m"
        np.testing.assert_allclose(curve.precision, theirs.precision, err_msg=where, **close)
        np.testing.assert_allclose(curve.score, theirs.confidence, err_msg=where, **close)
        for error, values in curve.errors.items():
            np.testing.assert_allclose(values, getattr(theirs, error), err_msg=f"{where}, {error}", **close)
        assert abs(ours.label_aps[name][distance] - metrics.get_label_ap(name, distance)) <= 1e-9, where
        for error, value in ours.label_tp_errors[name].items():
            np.testing.assert_allclose(value, metrics.get_label_tp(name, error), err_msg=where, **close)
    assert abs(ours.mean_ap - metrics.mean_ap) <= 1e-9
    assert abs(ours.nd_score - metrics.nd_score) <= 1e-9
    for error, value in ours.tp_errors.items():
        assert abs(value - metrics.tp_errors[error]) <= 1e-9, error


@pytest.mark.parametrize(
    ("seed", "n_scenes", "n_samples", "n_truth", "n_pred", "classes", "steps", "spread"),
    [
        (0, 1, 1, 3, 3, 10, 0, 50),
        (1, 1, 4, 2, 5, 10, 0, 1500),
        (2, 2, 10, 15, 30, 10, 0, 1500),
        (3, 2, 10, 15, 30, 10, 5, 50),  # few different scores and places: ties everywhere
        (4, 2, 10, 15, 30, 10, 1, 50),  # scores 0 and 1 only
        (5, 1, 12, 30, 60, 3, 20, 1500),  # most classes without truth
        (6, 1, 6, 0, 10, 10, 0, 50),  # no truth at all
        (7, 1, 6, 10, 0, 10, 0, 50),  # nothing found
        (8, 1, 3, 60, 100, 1, 0, 500),
    ],
)
def test_random_results_have_the_devkits_numbers(
    seed: int,
    n_scenes: int,
    n_samples: int,
    n_truth: int,
    n_pred: int,
    classes: int,
    steps: int,
    spread: float,
) -> None:
    rng = np.random.default_rng(seed)
    world = worlds.samples(rng, n_scenes, n_samples, spread)
    truth, pred = worlds.detections(rng, world, n_truth, n_pred, classes, steps)
    ours = detection(place(truth, world), place(pred, world), DetectionConfig())
    assert_equal_to_devkit(ours, *devkit(truth, pred, world))
