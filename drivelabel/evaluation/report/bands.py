"""In which slices an object lies: class, camera, distance, size, and every tag of its frame or log."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from drivelabel.evaluation.report.columns import Matched, Objects
from drivelabel.evaluation.report.settings import Settings
from drivelabel.scene import Layer, Scene
from drivelabel.typing import FloatArray

UNKNOWN = "unknown"
MAX_TAG_VALUES = 24
"""A tag with more distinct values is a text, not a condition to slice by."""


def with_slices(matched: Matched, scene: Scene, layers: list[Layer], settings: Settings) -> Matched:
    """The same matches with the slices of every row; a prediction with a partner is in its partner's.

    A false label has no true distance: it is ``unknown`` there unless it is a cuboid itself.
    """
    tags = frame_tags(scene, layers, matched.kind)
    truth = replace(matched.truth, bands=_own(matched, matched.truth, scene, tags, settings))
    own = _own(matched, matched.pred, scene, tags, settings)
    has = matched.pred_truth >= 0
    bands: dict[str, Any] = {}
    for name, values in own.items():
        bands[name] = values.copy()
        if name != "class":
            bands[name][has] = truth.bands[name][matched.pred_truth[has]]
    return replace(matched, truth=truth, pred=replace(matched.pred, bands=bands))


def _own(
    matched: Matched, objects: Objects, scene: Scene, tags: dict[str, Any], settings: Settings
) -> dict[str, Any]:
    names = np.array(matched.names, object)
    bands: dict[str, Any] = {"class": names[objects.category]}
    if (objects.camera >= 0).any():
        channels = np.array([sensor.channel for sensor in scene.sensors], object)
        bands["camera"] = channels[objects.camera]
        area = (objects.xyxy[:, 2] - objects.xyxy[:, 0]) * objects.height_px
        size = band_names(np.sqrt(np.maximum(area, 0)), settings.size_edges, "px")
        bands["size"] = np.full(len(objects), UNKNOWN, object) if matched.kind == "lane_lines" else size
    else:
        bands["camera"] = np.full(len(objects), "all", object)
        bands["size"] = np.full(len(objects), UNKNOWN, object)
    bands["distance"] = band_names(objects.distance, settings.distance_edges, "m")
    for name, values in tags.items():
        bands[name] = values[objects.group]
    return {**bands, **objects.bands}


def band_names(values: FloatArray, edges: tuple[float, ...], unit: str) -> Any:
    """(n,) such as ``20–30 m``; the last band is open, and what is not known is ``unknown``."""
    texts = [f"{a:g}–{b:g} {unit}" for a, b in pairwise(edges)]
    names = np.array([*texts, f"≥ {edges[-1]:g} {unit}", UNKNOWN], object)
    rows = np.clip(np.searchsorted(edges, np.nan_to_num(values), side="right") - 1, 0, len(edges) - 1)
    return names[np.where(np.isnan(values), len(edges), rows)]


def frame_tags(scene: Scene, layers: list[Layer], kind: str) -> dict[str, Any]:
    """Tag to (g,) its value per frame (sample): of the first layer that has it, else a fact of the log."""
    n_frames = len(scene.frames)
    found: dict[str, Any] = {}
    for layer in layers:
        table = layer.tables.get("tags")
        if table is None or len(table) != n_frames:
            continue
        for name in table.rows.attributes.names:
            column = table.rows.attributes[name]
            if len(column.values) > MAX_TAG_VALUES or name in found:
                continue
            values = np.full(n_frames, UNKNOWN, object)
            has = np.flatnonzero(column.codes >= 0)
            texts = np.array([*map(str, column.values), UNKNOWN], object)
            values[table.group_of_row[has]] = texts[column.codes[has]]
            found[name] = values
    for name, value in scene.info.items():
        if isinstance(value, str) and 0 < len(value) <= 40 and name not in found:
            found[str(name)] = np.full(n_frames, value, object)
    tags = {f"tag: {name}": values for name, values in found.items()}
    return {name: _by_sample(scene, values) for name, values in tags.items()} if kind == "boxes3d" else tags


def _by_sample(scene: Scene, values: Any) -> Any:
    by_sample = np.full(len(scene.samples_ns), UNKNOWN, object)
    frames = np.flatnonzero(scene.frames.sample >= 0)[::-1]  # the first frame of a sample speaks for it
    by_sample[scene.frames.sample[frames]] = values[frames]
    return by_sample
