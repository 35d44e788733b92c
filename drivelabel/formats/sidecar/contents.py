"""One layer of a scene or image set, exactly, as JSON facts and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import Fields
from drivelabel.formats.pictures import Data
from drivelabel.formats.sidecar.masks import runs_of, runs_of_arrays
from drivelabel.formats.sidecar.recording import (
    layer_facts,
    layer_of_facts,
    sensor_facts,
    sensor_of_facts,
    source_facts,
    source_of_facts,
    taxonomy_facts,
    taxonomy_of_facts,
)
from drivelabel.formats.sidecar.tables import table_arrays, table_of_arrays
from drivelabel.scene import Frames, ImageSet, Layer, Poses, Scene, Sweeps
from drivelabel.typing import AnyArray

Arrays = dict[str, AnyArray]
_RECORDED = ("timestamp_ns", "sensor", "source", "source_index", "sample")
_POSES = ("timestamp_ns", "translation", "quat_wxyz")


def pack(data: Data, layer_name: str) -> tuple[dict[str, Any], Arrays]:
    """A scene or image set and one of its layers as facts and arrays."""
    facts: dict[str, Any] = {
        "type": "scene" if isinstance(data, Scene) else "images",
        "name": data.name,
        "root": data.root if "://" in data.root else str(Path(data.root).absolute()),
        "taxonomy": taxonomy_facts(data.taxonomy),
        "sources": [source_facts(source) for source in data.sources],
    }
    layer_part, arrays = _pack_layer(data.layer(layer_name))
    facts |= layer_part
    if isinstance(data, ImageSet):
        arrays |= {"image_hw": data.image_hw}
        facts["splits"] = {name: np.asarray(rows).tolist() for name, rows in data.splits.items()}
        return facts, arrays
    facts |= {"sensors": [sensor_facts(sensor) for sensor in data.sensors], "info": dict(data.info)}
    arrays |= {"samples_ns": data.samples_ns}
    for what, rows in (("frames", data.frames), ("sweeps", data.sweeps)):
        arrays |= {f"{what}.{name}": getattr(rows, name) for name in _RECORDED}
    if data.poses is not None:
        arrays |= {f"poses.{name}": getattr(data.poses, name) for name in _POSES}
    return facts, arrays


def unpack(facts: Fields, arrays: Mapping[str, AnyArray]) -> Data:
    """What :func:`pack` took apart.

    Raises:
        FormatError, InvalidLabelError: something is missing or breaks a rule.
    """
    where = facts.where
    sources = tuple(
        source_of_facts(value, f"{where}, source {row}") for row, value in enumerate(facts.items("sources"))
    )
    common: dict[str, Any] = {
        "name": facts.text("name"),
        "root": facts.text("root"),
        "taxonomy": taxonomy_of_facts(facts.object("taxonomy")),
        "sources": sources,
    }
    try:
        if facts.text("type") == "images":
            return _image_set(facts, arrays, common)
        return _scene(facts, arrays, common)
    except KeyError as error:
        raise FormatError(f"{where}: the array {error} is missing.") from None


def _image_set(facts: Fields, arrays: Mapping[str, AnyArray], common: dict[str, Any]) -> ImageSet:
    layer = _unpack_layer(facts, arrays, {None: len(common["sources"])})
    splits = facts.object("splits")
    return ImageSet(
        **common,
        image_hw=_whole(arrays["image_hw"], facts.where),
        layers={layer.name: layer},
        splits={name: splits.numbers(name).astype(np.int64) for name in splits.value},
    )


def _scene(facts: Fields, arrays: Mapping[str, AnyArray], common: dict[str, Any]) -> Scene:
    frames = Frames(*(_whole(arrays[f"frames.{name}"], facts.where) for name in _RECORDED))
    samples_ns = _whole(arrays["samples_ns"], facts.where)
    layer = _unpack_layer(facts, arrays, {None: len(frames), "boxes3d": len(samples_ns)})
    has_poses = "poses.timestamp_ns" in arrays
    poses = (
        Poses(
            _whole(arrays["poses.timestamp_ns"], facts.where),
            *(arrays[f"poses.{name}"].astype(np.float64) for name in _POSES[1:]),
        )
        if has_poses
        else None
    )
    return Scene(
        **common,
        sensors=tuple(sensor_of_facts(sensor) for sensor in facts.objects("sensors")),
        frames=frames,
        sweeps=Sweeps(*(_whole(arrays[f"sweeps.{name}"], facts.where) for name in _RECORDED)),
        samples_ns=samples_ns,
        poses=poses,
        layers={layer.name: layer},
        info=facts.object("info").value,
    )


def _pack_layer(layer: Layer) -> tuple[dict[str, Any], Arrays]:
    arrays: Arrays = {"instance_track_id": layer.instance_track_id}
    attributes: dict[str, Any] = {}
    for kind, grouped in layer.tables.items():
        own, attributes[kind] = table_arrays(grouped)
        arrays |= own
    masks = []
    for name, store in (("label_maps", layer.label_maps), ("instance_maps", layer.instance_maps)):
        if store is not None:
            masks.append(name)
            arrays |= {f"{name}.{column}": array for column, array in runs_of(store).arrays().items()}
    return {"layer": layer_facts(layer), "tables": attributes, "masks": masks}, arrays


def _unpack_layer(facts: Fields, arrays: Mapping[str, AnyArray], n_groups: Mapping[str | None, int]) -> Layer:
    tables = facts.object("tables")
    masks = facts.items("masks")
    found = {kind: table_of_arrays(kind, arrays, tables.object(kind)) for kind in tables.value}
    for kind, grouped in found.items():
        expected = n_groups.get(kind, n_groups[None])
        if len(grouped) != expected:
            raise FormatError(f"{facts.where}, {kind}: expected {expected} groups, got {len(grouped)}.")
    labels = {
        name: runs_of_arrays(arrays, name, n_groups[None]) if name in masks else None
        for name in ("label_maps", "instance_maps")
    }
    layer = layer_of_facts(
        facts.object("layer"),
        tables=found,
        instance_track_id=_whole(arrays["instance_track_id"], facts.where),
        **labels,
    )
    for kind, grouped in found.items():
        if hasattr(grouped.rows, "category_id"):
            layer.taxonomy.check_ids(f"{facts.where}, {kind}.category_id", grouped.rows.category_id)
    return layer


def _whole(array: AnyArray, where: str) -> AnyArray:
    if array.dtype.kind not in "iu":
        raise FormatError(f"{where}: expected whole numbers.")
    return array.astype(np.int64)
