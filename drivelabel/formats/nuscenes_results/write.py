"""The cuboids of a layer as a results file of nuScenes' detection or tracking task."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_file
from drivelabel.formats.losses import count_columns
from drivelabel.formats.nuscenes.numbers import shortest
from drivelabel.formats.nuscenes.tokens import sample_tokens
from drivelabel.formats.pictures import Data
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.labels import NO_TRACK, UNKNOWN_COUNT, Attributes, Boxes3D
from drivelabel.labels.nuscenes_tasks import (
    ATTRIBUTE_NAMES,
    DETECTION_NAMES,
    MAX_BOXES_PER_SAMPLE,
    TRACKING_NAMES,
    own_tracks,
    task_attributes,
    task_classes,
)
from drivelabel.scene import ImageSet, Layer, Scene
from drivelabel.typing import IntArray

Task = Literal["detection", "tracking"]

KEPT = frozenset({"center", "size_lwh", "quat_wxyz", "category_id", "velocity", "score"})


def write_results(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    task: Task = "detection",
    camera: bool = False,
    lidar: bool = False,
    overwrite: bool = False,
) -> ConversionReport:
    """Write the cuboids of scenes as one results file; every sample is listed, also those without boxes.

    Samples have the tokens that their scene came with from nuScenes, or those that the ``nuscenes`` writer
    gives them.

    Args:
        data: scenes.
        out: the JSON file.
        layer: whose cuboids.
        task: ``detection``: ten classes, with attributes; ``tracking``: seven classes, with track ids.
        camera, lidar: whether these were used, as the file's ``meta`` says.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: a scene has no such layer.
        FormatError: image sets were given, or a box has two of nuScenes' attributes.
        StoreError: `out` is there already or cannot be written.
    """
    if task not in ("detection", "tracking"):
        raise FormatError(f"task: expected detection or tracking, got {task!r}.")
    given = [data] if isinstance(data, (Scene, ImageSet)) else list(data)
    tally = Tally()
    results: dict[str, list[dict[str, Any]]] = {}
    for scene in given:
        if not isinstance(scene, Scene):
            raise FormatError("expected scenes, got images without a drive: they have no cuboids.")
        for token, boxes in _scene_results(scene, scene.layer(layer), task, tally).items():
            if token in results:
                raise FormatError(f"{scene.name}: sample {token!r} is in another scene too.")
            results[token] = boxes
    used = {"camera": camera, "lidar": lidar, "radar": False, "map": False, "external": False}
    meta = {f"use_{name}": value for name, value in used.items()}
    with new_file(Path(out), overwrite=overwrite) as place, place.open("w", encoding="ascii") as file:
        json.dump({"meta": meta, "results": results}, file, allow_nan=False, separators=(",", ":"))
    return tally.report("nuscenes-results", str(out))


def _scene_results(scene: Scene, layer: Layer, task: Task, tally: Tally) -> dict[str, list[dict[str, Any]]]:
    tokens = sample_tokens(scene)
    results: dict[str, list[dict[str, Any]]] = {token: [] for token in tokens}
    for kind, grouped in layer.tables.items():
        if kind != "boxes3d":
            tally.drop(kind, "", len(grouped.rows), "results are cuboids")
    if "boxes3d" not in layer.tables:
        return results
    table = layer.tables["boxes3d"]
    unseen = int((~table.labelled).sum())
    tally.drop("boxes3d", "labelled", unseen, "samples that nobody looked at are listed as empty")
    rows = _judged(layer, table.rows, table.group_of_row, task, tally)
    boxes, sample = table.rows[rows], table.group_of_row[rows]
    _count(scene, boxes, sample, task, tally)
    for row, record in enumerate(_records(layer, boxes, task)):
        token = tokens[int(sample[row])]
        results[token].append({"sample_token": token, **record})
    return results


def _judged(layer: Layer, boxes: Boxes3D, sample: IntArray, task: Task, tally: Tally) -> IntArray:
    """The rows that the task takes: of its classes, and in each sample the 500 with the highest scores."""
    layer.taxonomy.check_ids("boxes3d.category_id", boxes.category_id)
    names = DETECTION_NAMES if task == "detection" else TRACKING_NAMES
    category = task_classes(layer.taxonomy, names)[boxes.category_id]
    for lost in np.unique(boxes.category_id[category < 0]).tolist():
        count = int((boxes.category_id == lost).sum())
        tally.drop("boxes3d", "", count, f"class {layer.taxonomy.names[lost]!r} is not judged")
    rows = np.flatnonzero(category >= 0)
    order = rows[np.lexsort((rows, -boxes.score[rows], sample[rows]))]
    first = np.searchsorted(sample[order], sample[order])
    kept = np.arange(len(order)) - first < MAX_BOXES_PER_SAMPLE
    tally.drop("boxes3d", "", int((~kept).sum()), f"over {MAX_BOXES_PER_SAMPLE} a sample, of lowest scores")
    return np.sort(order[kept])


def _records(layer: Layer, boxes: Boxes3D, task: Task) -> list[dict[str, Any]]:
    names = DETECTION_NAMES if task == "detection" else TRACKING_NAMES
    category = task_classes(layer.taxonomy, names)[boxes.category_id]
    attribute, tracks = task_attributes(boxes), own_tracks(boxes.track_id)
    score, size = shortest(boxes.score), shortest(boxes.size_lwh)[:, [1, 0, 2]]
    velocity = shortest(np.nan_to_num(boxes.velocity[:, :2], nan=0.0))
    found = []
    for row in range(len(boxes)):
        record: dict[str, Any] = {
            "translation": boxes.center[row].tolist(),
            "size": size[row].tolist(),
            "rotation": boxes.quat_wxyz[row].tolist(),
            "velocity": velocity[row].tolist(),
        }
        if boxes.n_points[row] != UNKNOWN_COUNT:
            record["num_pts"] = int(boxes.n_points[row])
        name = names[category[row]]
        if task == "detection":
            has = attribute[row] >= 0
            record |= {
                "detection_name": name,
                "detection_score": float(score[row]),
                "attribute_name": ATTRIBUTE_NAMES[attribute[row]] if has else "",
            }
        else:
            record |= {
                "tracking_id": str(tracks[row]),
                "tracking_name": name,
                "tracking_score": float(score[row]),
            }
        found.append(record)
    return found


def _count(scene: Scene, boxes: Boxes3D, sample: IntArray, task: Task, tally: Tally) -> None:
    tally.keep("boxes3d", "", len(boxes))
    names = DETECTION_NAMES if task == "detection" else TRACKING_NAMES
    tally.approximate("boxes3d", "category_id", len(boxes), 0.0, "", f"one of the {len(names)} classes")
    off = np.abs(boxes.timestamp_ns - scene.samples_ns[sample])
    note = "results hold at the sample's time"
    tally.approximate(
        "boxes3d", "timestamp_ns", int((off > 0).sum()), float(off.max(initial=0)) / 1e6, "ms", note
    )
    known = np.isfinite(boxes.velocity)
    tally.drop("boxes3d", "velocity", int((~known[:, :2].all(axis=1)).sum()), "unknown is written as 0")
    tally.drop("boxes3d", "velocity", int(known[:, 2].sum()), "along z")
    kept = {*KEPT, "timestamp_ns", "n_points"} | ({"track_id"} if task == "tracking" else set())
    rest = {
        n: c for n, c in boxes.attributes.by_name.items() if task == "tracking" or n not in ATTRIBUTE_NAMES
    }
    count_columns(boxes.replace(attributes=Attributes(len(boxes), rest)), kept, tally)
    if task == "tracking":
        alone = int((boxes.track_id == NO_TRACK).sum())
        tally.approximate("boxes3d", "track_id", alone, 0.0, "", "without a track: a track of its own")
