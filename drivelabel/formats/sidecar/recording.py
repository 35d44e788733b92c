"""Sensors, sources, classes and a layer's facts as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import Fields
from drivelabel.labels import Category, Taxonomy
from drivelabel.scene import NO_DISTORTION, Camera, Distortion, Layer, Lidar, Sensor, Source
from drivelabel.typing import FloatArray


def taxonomy_facts(taxonomy: Taxonomy) -> dict[str, Any]:
    """A taxonomy as plain dicts and lists."""
    categories = [
        {
            "name": category.name,
            "color": category.color,
            "concept": category.concept,
            "parent": category.parent,
            "is_thing": category.is_thing,
            "skeleton": list(category.skeleton),
        }
        for category in taxonomy
    ]
    return {"name": taxonomy.name, "categories": categories}


def taxonomy_of_facts(facts: Fields) -> Taxonomy:
    """What :func:`taxonomy_facts` took apart. Raises FormatError or InvalidLabelError."""
    categories = tuple(
        Category(
            one.text("name"),
            one.text("color"),
            concept=one.text("concept") if "concept" in one else None,
            parent=one.text("parent") if "parent" in one else None,
            is_thing=one.flag("is_thing"),
            skeleton=tuple(_texts(one, "skeleton")),
        )
        for one in facts.objects("categories")
    )
    return Taxonomy(facts.text("name"), categories)


def sensor_facts(sensor: Sensor) -> dict[str, Any]:
    """A sensor as plain dicts and lists."""
    mounting = None if sensor.ego_from_sensor is None else sensor.ego_from_sensor.tolist()
    if isinstance(sensor, Lidar):
        return {"kind": "lidar", "channel": sensor.channel, "ego_from_sensor": mounting}
    matrix = None if sensor.camera_matrix is None else sensor.camera_matrix.tolist()
    return {
        "kind": "camera",
        "channel": sensor.channel,
        "image_hw": list(sensor.image_hw),
        "camera_matrix": matrix,
        "lens": sensor.distortion.model,
        "coefficients": sensor.distortion.coefficients.tolist(),
        "ego_from_sensor": mounting,
    }


def sensor_of_facts(facts: Fields) -> Sensor:
    """What :func:`sensor_facts` took apart. Raises FormatError or InvalidLabelError."""
    channel, mounting = facts.text("channel"), _matrix(facts, "ego_from_sensor", 4)
    if facts.text("kind") == "lidar":
        if mounting is None:
            raise FormatError(f"{facts.where}: a lidar's 'ego_from_sensor' is missing.")
        return Lidar(channel, mounting)
    height, width = facts.numbers("image_hw", 2).tolist()
    lens = facts.text("lens")
    return Camera(
        channel,
        (int(height), int(width)),
        _matrix(facts, "camera_matrix", 3),
        NO_DISTORTION if lens == "none" else Distortion(lens, facts.numbers("coefficients")),
        mounting,
    )


def source_facts(source: Source) -> list[Any]:
    """A source as a short list."""
    return [source.path, source.kind, source.sha256, source.n_bytes]


def source_of_facts(value: Any, where: str) -> Source:
    """What :func:`source_facts` took apart. Raises FormatError."""
    kinds = (str, str, str, int)
    good = isinstance(value, list) and len(value) == len(kinds)
    if not good or not all(isinstance(part, kind) for part, kind in zip(value, kinds, strict=True)):
        raise FormatError(f"{where}: expected [path, kind, sha256, bytes].")
    return Source(*value)


def layer_facts(layer: Layer) -> dict[str, Any]:
    """All of a layer but its labels."""
    return {
        "name": layer.name,
        "author": layer.author,
        "model": dict(layer.model),
        "created_ns": layer.created_ns,
        "parent": layer.parent,
        "taxonomy": taxonomy_facts(layer.taxonomy),
    }


def layer_of_facts(facts: Fields, **labels: Any) -> Layer:
    """A layer of its facts and labels. Raises FormatError or InvalidLabelError."""
    model = facts.get("model")
    return Layer(
        facts.text("name"),
        taxonomy_of_facts(facts.object("taxonomy")),
        author=facts.text("author"),
        model=model if isinstance(model, Mapping) else {},
        created_ns=facts.integer("created_ns"),
        parent=facts.text("parent"),
        **labels,
    )


def _texts(facts: Fields, name: str) -> list[str]:
    items = facts.items(name)
    if not all(isinstance(item, str) for item in items):
        raise FormatError(f"{facts.where}: {name}: expected texts.")
    return items


def _matrix(facts: Fields, name: str, side: int) -> FloatArray | None:
    if name not in facts:
        return None
    rows = facts.items(name)
    flat = [value for row in rows if isinstance(row, list) for value in row]
    if len(rows) != side or not all(isinstance(row, list) and len(row) == side for row in rows):
        raise FormatError(f"{facts.where}: {name}: expected {side} rows of {side} numbers.")
    if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in flat):
        raise FormatError(f"{facts.where}: {name}: expected numbers.")
    return np.asarray(flat, np.float64).reshape(side, side)
