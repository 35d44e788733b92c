"""Tracking beside nuscenes-devkit 1.2.0 with motmetrics 1.4.0 and SciPy's assignment."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from evaluation.nuscenes import worlds

from drivelabel.evaluation.nuscenes import Samples, TrackingColumns, TrackingResult, place, tracking

motmetrics = pytest.importorskip("motmetrics")
pytest.importorskip("nuscenes.eval.tracking.data_classes")


class DevkitJudge:
    """The devkit's evaluation without a data set on disk."""

    def __init__(self, truth: TrackingColumns, pred: TrackingColumns, world: Samples) -> None:
        from nuscenes.eval.common.config import config_factory
        from nuscenes.eval.tracking.evaluate import TrackingEval

        self.judge = object.__new__(TrackingEval)
        self.judge.cfg, self.judge.verbose = config_factory("tracking_nips_2019"), False
        self.judge.output_dir = self.judge.render_classes = None
        self.nusc, self.scenes = worlds.FakeNuScenes(world), [f"scene-{k}" for k in np.unique(world.scene)]
        self.boxes = {"tracks_gt": worlds.devkit_boxes(truth, world)}
        self.boxes["tracks_pred"] = worlds.devkit_boxes(pred, world)

    def prepare(self) -> None:
        """Drop what is out of range, empty or in a rack; fill gaps."""
        from nuscenes.eval.common.loaders import add_center_dist, filter_eval_boxes
        from nuscenes.eval.tracking import loaders

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loaders, "get_scenes_of_split", lambda split_name, nusc: self.scenes)
            for name, boxes in self.boxes.items():
                own = add_center_dist(self.nusc, boxes)
                if own.all:  # the devkit knows no class without a box
                    own = filter_eval_boxes(self.nusc, own, self.judge.cfg.class_range)
                tracks = loaders.create_tracks(own, self.nusc, "any", gt=name == "tracks_gt")
                setattr(self.judge, name, tracks)

    def evaluate(self) -> tuple[Any, Any]:
        """Metrics and curves."""
        from motmetrics import lap

        with warnings.catch_warnings(), lap.set_default_solver("scipy"):
            warnings.simplefilter("ignore")
            return self.judge.evaluate()


def devkit(truth: TrackingColumns, pred: TrackingColumns, world: Samples) -> tuple[Any, Any]:
    judge = DevkitJudge(truth, pred, world)
    judge.prepare()
    return judge.evaluate()


def assert_equal_to_devkit(ours: TrackingResult, metrics: Any, curves: Any) -> None:
    for name, curve in ours.curves.items():
        theirs = curves[name]
        np.testing.assert_allclose(curve.score, theirs.confidence, rtol=0, atol=1e-12, err_msg=name)
        for metric, values in curve.metrics.items():
            np.testing.assert_allclose(
                values, theirs.get_metric(metric), rtol=0, atol=1e-9, err_msg=f"{name}, {metric}"
            )
    for metric, by_class in ours.label_metrics.items():
        for name, value in by_class.items():
            np.testing.assert_allclose(
                value, metrics.label_metrics[metric][name], rtol=0, atol=1e-9, err_msg=f"{name}, {metric}"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a mean of nothing
            over_all = metrics.compute_metric(metric)
        np.testing.assert_allclose(ours.metrics[metric], over_all, rtol=0, atol=1e-9, err_msg=metric)


@pytest.mark.parametrize("case", worlds.TRACKING_CASES, ids=lambda case: f"seed {case[0]}")
def test_random_tracks_have_the_devkits_numbers(case: tuple[int, int, int, float, dict[str, Any]]) -> None:
    truth, pred, world = worlds.tracking_case(*case)
    ours = tracking(place(truth, world), place(pred, world), world)
    assert_equal_to_devkit(ours, *devkit(truth, pred, world))
