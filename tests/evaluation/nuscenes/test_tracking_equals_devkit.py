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


def devkit(truth: TrackingColumns, pred: TrackingColumns, world: Samples) -> tuple[Any, Any]:
    """The devkit's metrics and curves, filters and gap filling included."""
    from motmetrics import lap
    from nuscenes.eval.common.config import config_factory
    from nuscenes.eval.common.loaders import add_center_dist, filter_eval_boxes
    from nuscenes.eval.tracking import loaders
    from nuscenes.eval.tracking.evaluate import TrackingEval

    nusc, config = worlds.FakeNuScenes(world), config_factory("tracking_nips_2019")
    judge = object.__new__(TrackingEval)
    judge.cfg, judge.verbose, judge.output_dir, judge.render_classes = config, False, None, None
    scenes = [f"scene-{scene}" for scene in np.unique(world.scene)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loaders, "get_scenes_of_split", lambda split_name, nusc: scenes)
        for name, boxes in (("tracks_gt", truth), ("tracks_pred", pred)):
            own = add_center_dist(nusc, worlds.devkit_boxes(boxes, world))
            if len(boxes):
                own = filter_eval_boxes(nusc, own, config.class_range)
            setattr(judge, name, loaders.create_tracks(own, nusc, "any", gt=name == "tracks_gt"))
    with warnings.catch_warnings(), lap.set_default_solver("scipy"):
        warnings.simplefilter("ignore")
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
