"""Random truths and results of nuScenes' tasks, and the same as the devkit's own objects."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel.evaluation.nuscenes import (
    ATTRIBUTE_NAMES,
    DETECTION_NAMES,
    TRACKING_NAMES,
    BikeRacks,
    DetectionColumns,
    Samples,
    TrackingColumns,
)


def samples(rng: np.random.Generator, n_scenes: int, n_samples: int, spread: float) -> Samples:
    """`n_scenes` drives of `n_samples` samples, 0.4 to 0.6 s apart, within `spread` metres of the origin."""
    n = n_scenes * n_samples
    scene = np.repeat(np.arange(n_scenes), n_samples)
    times = 1_500_000_000_000_000 + scene * 10**9 + np.cumsum(rng.integers(400_000, 600_000, n))
    ego = rng.uniform(-spread, spread, (n_scenes, 2))[scene] + rng.normal(0, 3, (n, 2)).cumsum(axis=0)
    racks = rng.integers(0, n, n // 3)
    return Samples(
        scene=scene,
        timestamp_ns=times * 1000,
        ego_xy=ego,
        token=tuple(f"{k:032x}" for k in rng.permutation(n)),
        racks=BikeRacks(
            sample=racks,
            center=np.c_[ego[racks] + rng.uniform(-20, 20, (len(racks), 2)), np.full(len(racks), 1.0)],
            size_wlh=np.c_[rng.uniform(5, 20, (len(racks), 2)), np.full(len(racks), 4.0)],
            quat_wxyz=_turns(rng, len(racks)),
        ),
    )


def _turns(rng: np.random.Generator, n: int) -> np.ndarray:
    """(n, 4) rotations, mostly about z, some not of unit length."""
    quat = np.zeros((n, 4))
    yaw = rng.uniform(-np.pi, np.pi, n)
    quat[:, 0], quat[:, 3] = np.cos(yaw / 2), np.sin(yaw / 2)
    quat[:, 1:3] = rng.normal(0, 0.05, (n, 2)) * (rng.random((n, 1)) < 0.5)
    return quat * rng.uniform(0.9, 1.1, (n, 1))


def detections(
    rng: np.random.Generator,
    world: Samples,
    n_truth: int,
    n_pred: int,
    classes: int = 10,
    steps: int = 0,
    reach: float = 55,
) -> tuple[DetectionColumns, DetectionColumns]:
    """About `n_truth` boxes and `n_pred` detections a sample; many detections lie near a truth.

    Args:
        rng: the dice.
        world: the samples.
        n_truth, n_pred: boxes a sample.
        classes: how many of the ten occur.
        steps: scores are multiples of 1 / steps, places of 1 / 4 m, so that many are equal; 0 for neither.
        reach: metres from the ego vehicle.
    """
    n, n_all = len(world), len(DETECTION_NAMES)
    rows = np.repeat(np.arange(n), rng.integers(0, 2 * n_truth + 1, n))
    k = len(rows)
    xyz = np.c_[world.ego_xy[rows] + rng.uniform(-reach, reach, (k, 2)), rng.uniform(0, 2, k)]
    if steps:
        xyz = np.round(xyz * 4) / 4
    truth = DetectionColumns(
        sample=rows,
        translation=xyz,
        size_wlh=rng.uniform(0.3, 10, (k, 3)),
        quat_wxyz=_turns(rng, k),
        velocity=np.where(rng.random((k, 1)) < 0.2, np.nan, rng.normal(0, 5, (k, 2))),
        category_id=rng.integers(0, classes, k) * (n_all - 1) // max(classes - 1, 1),
        attribute=rng.integers(-1, len(ATTRIBUTE_NAMES), k),
        n_points=rng.integers(0, 6, k),
    )
    # Results list the samples in an order of their own.
    turn = rng.permutation(n)
    rows = np.repeat(turn, rng.integers(0, 2 * n_pred + 1, n))
    k = len(rows)
    pick = _same_sample(rng, truth.sample, rows)
    near = (pick >= 0) & (rng.random(k) < 0.7)
    xyz = np.c_[world.ego_xy[rows] + rng.uniform(-reach, reach, (k, 2)), rng.uniform(0, 2, k)]
    xyz[near] = truth.translation[pick[near]] + rng.normal(0, 1, (int(near.sum()), 3))
    category = rng.integers(0, n_all, k)
    category[near] = truth.category_id[pick[near]]
    size = rng.uniform(0.3, 10, (k, 3))
    size[near] = truth.size_wlh[pick[near]] * rng.uniform(0.7, 1.4, (int(near.sum()), 3))
    score = rng.random(k)
    if steps:
        xyz, score = np.round(xyz * 4) / 4, np.round(score * steps) / steps
    pred = DetectionColumns(
        sample=rows,
        translation=xyz,
        size_wlh=size,
        quat_wxyz=_turns(rng, k),
        velocity=np.where(rng.random((k, 1)) < 0.05, np.nan, rng.normal(0, 5, (k, 2))),
        category_id=category,
        score=score,
        attribute=rng.integers(-1, len(ATTRIBUTE_NAMES), k),
    )
    return truth, pred


def _same_sample(rng: np.random.Generator, truth: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(k,) a random row of `truth` (rising) in each wanted sample, or -1."""
    first, stop = np.searchsorted(truth, wanted), np.searchsorted(truth, wanted, "right")
    row = first + (rng.random(len(wanted)) * (stop - first)).astype(np.int64)
    return np.where(stop > first, row, -1)


class FakeNuScenes:
    """The few tables the devkit's filters ask for, from :class:`Samples`."""

    def __init__(self, world: Samples) -> None:
        self.tables: dict[tuple[str, str], dict[str, Any]] = {}
        names = [f"rack-{k}" for k in range(len(world.racks))]
        for k, name in enumerate(names):
            self.tables["sample_annotation", name] = {
                "category_name": "static_object.bicycle_rack",
                "translation": world.racks.center[k].tolist(),
                "size": world.racks.size_wlh[k].tolist(),
                "rotation": world.racks.quat_wxyz[k].tolist(),
            }
        for row, token in enumerate(world.token):
            self.tables["sample", token] = {
                "token": token,
                "data": {"LIDAR_TOP": token},
                "anns": [names[k] for k in np.flatnonzero(world.racks.sample == row)],
                "scene_token": f"scene-{world.scene[row]}",
                "timestamp": int(world.timestamp_ns[row]) // 1000,
                "next": world.token[row + 1] if row + 1 < len(world) else "",
            }
            self.tables["sample_data", token] = {"ego_pose_token": token}
            self.tables["ego_pose", token] = {"translation": [*world.ego_xy[row].tolist(), 0.0]}
        for scene in np.unique(world.scene):
            rows = np.flatnonzero(world.scene == scene)
            self.tables["scene", f"scene-{scene}"] = {
                "name": f"scene-{scene}",
                "first_sample_token": world.token[rows[0]],
                "last_sample_token": world.token[rows[-1]],
            }

    def get(self, table: str, token: str) -> dict[str, Any]:
        return self.tables[table, token]


def devkit_boxes(boxes: DetectionColumns | TrackingColumns, world: Samples) -> Any:
    """The devkit's EvalBoxes with the same boxes; samples in order of appearance, then the empty ones."""
    from nuscenes.eval.common.data_classes import EvalBoxes

    make = _detection_box if isinstance(boxes, DetectionColumns) else _tracking_box
    found = EvalBoxes()
    for row in range(len(boxes)):
        token = world.token[boxes.sample[row]]
        found.add_boxes(token, [make(boxes, row, token)])
    for token in world.token:
        found.add_boxes(token, [])
    return found


def _detection_box(boxes: DetectionColumns, row: int, token: str) -> Any:
    from nuscenes.eval.detection.data_classes import DetectionBox

    attribute = int(boxes.attribute[row])
    return DetectionBox(
        sample_token=token,
        translation=tuple(boxes.translation[row].tolist()),
        size=tuple(boxes.size_wlh[row].tolist()),
        rotation=tuple(boxes.quat_wxyz[row].tolist()),
        velocity=tuple(boxes.velocity[row].tolist()),
        num_pts=int(boxes.n_points[row]),
        detection_name=DETECTION_NAMES[boxes.category_id[row]],
        detection_score=float(boxes.score[row]),
        attribute_name="" if attribute < 0 else ATTRIBUTE_NAMES[attribute],
    )


def _tracking_box(boxes: TrackingColumns, row: int, token: str) -> Any:
    from nuscenes.eval.tracking.data_classes import TrackingBox

    return TrackingBox(
        sample_token=token,
        translation=tuple(boxes.translation[row].tolist()),
        size=(1.0, 1.0, 1.0),
        rotation=(1.0, 0.0, 0.0, 0.0),
        num_pts=int(boxes.n_points[row]),
        tracking_id=str(boxes.track_id[row]),
        tracking_name=TRACKING_NAMES[boxes.category_id[row]],
        tracking_score=float(boxes.score[row]),
    )


def tracks(
    rng: np.random.Generator,
    world: Samples,
    n_tracks: int,
    n_false: int,
    *,
    miss: float = 0.2,
    switch: float = 0.05,
    noise: float = 0.4,
    steps: int = 0,
    crowd: float = 50.0,
    classes: int = 7,
    twins: float = 0.0,
) -> tuple[TrackingColumns, TrackingColumns]:
    """`n_tracks` things a scene walking about, tracked with misses, changes of identity and false tracks.

    Args:
        rng: the dice.
        world: the samples.
        n_tracks, n_false: things and false tracks a scene.
        miss: how often a prediction is missing; truths lack points half as often.
        switch: how often a track takes a new identity, or its neighbour's.
        noise: metres.
        steps: scores are multiples of 1 / steps and places of 1 / 4 m, so that many are equal; 0 for neither.
        crowd: metres around the ego vehicle in which things are.
        classes: how many of the seven occur.
        twins: how often a prediction occurs twice.
    """
    truth: list[tuple[Any, ...]] = []
    pred: list[tuple[Any, ...]] = []
    next_id = 0
    for scene in np.unique(world.scene):
        rows = np.flatnonzero(world.scene == scene)
        for k in range(n_tracks + n_false):
            real, category = k < n_tracks, int(rng.integers(0, classes))
            first = int(rng.integers(0, len(rows)))
            stop = int(rng.integers(first, len(rows))) + 1
            place = world.ego_xy[rows[first]] + rng.uniform(-crowd, crowd, 2)
            own, level = next_id, rng.random()
            next_id += 1
            for row in rows[first:stop]:
                place = place + rng.normal(0, 1, 2)
                if real:
                    points = int(rng.integers(1, 9)) if rng.random() > miss / 2 else 0
                    truth.append((row, *place, 1.0, k, category, -1.0, points))
                if rng.random() < switch:
                    own = next_id if rng.random() < 0.5 else int(rng.integers(max(next_id - 5, 0), next_id))
                    next_id += 1
                while rng.random() > miss:
                    seen, score = place + rng.normal(0, noise, 2), np.clip(level + rng.normal(0, 0.1), 0, 1)
                    pred.append((row, *seen, 1.0, own, category, score, -1))
                    if rng.random() >= twins:
                        break
    turn = rng.permutation(len(world))
    return _tracking(truth, np.arange(len(world)), steps), _tracking(pred, turn, steps)


def _tracking(rows: list[tuple[Any, ...]], turn: np.ndarray, steps: int) -> TrackingColumns:
    """Columns from rows, the samples in order of `turn`."""
    table = np.array(rows, np.float64).reshape(-1, 8)
    table = table[np.argsort(turn[table[:, 0].astype(np.int64)], kind="stable")]
    xyz, score = table[:, 1:4], table[:, 6]
    if steps:
        xyz = np.round(xyz * 4) / 4
        score = np.where(score < 0, score, np.round(score * steps) / steps)
    return TrackingColumns(
        sample=table[:, 0],
        translation=xyz,
        track_id=table[:, 4],
        category_id=table[:, 5],
        score=score,
        n_points=table[:, 7],
    )


TRACKING_CASES: list[tuple[int, int, int, float, dict[str, Any]]] = [
    (0, 1, 5, 50, {"n_tracks": 3, "n_false": 1}),
    (1, 2, 6, 1500, {"n_tracks": 8, "n_false": 3}),
    (2, 1, 8, 50, {"n_tracks": 18, "n_false": 5, "classes": 2, "crowd": 10}),  # crowded
    (3, 1, 8, 50, {"n_tracks": 15, "n_false": 5, "classes": 2, "crowd": 10, "steps": 2}),  # ties
    (4, 1, 10, 1500, {"n_tracks": 15, "n_false": 5, "switch": 0.4, "classes": 1, "crowd": 15}),
    (5, 1, 6, 50, {"n_tracks": 8, "n_false": 3, "twins": 0.2, "miss": 0.5, "classes": 1, "crowd": 10}),
    (6, 1, 5, 50, {"n_tracks": 5, "n_false": 0, "miss": 1.0}),  # nothing found
    (7, 1, 5, 50, {"n_tracks": 0, "n_false": 5}),  # nothing there
    (8, 1, 5, 50, {"n_tracks": 8, "n_false": 2, "noise": 3.0, "classes": 3}),  # hardly a match
]
"""Seed, scenes, samples a scene, spread, and options of :func:`tracks`."""


def tracking_case(
    seed: int, n_scenes: int, n_samples: int, spread: float, options: dict[str, Any]
) -> tuple[TrackingColumns, TrackingColumns, Samples]:
    """Truth, prediction and samples of one case."""
    rng = np.random.default_rng(seed)
    world = samples(rng, n_scenes, n_samples, spread)
    return *tracks(rng, world, **options), world
