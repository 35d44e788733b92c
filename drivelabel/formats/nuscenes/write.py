"""Scenes as a folder in nuScenes' layout: tables, images, sweeps and a stub of a map."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_folder
from drivelabel.formats.classes import layer_under
from drivelabel.formats.image_files import ImagesMode
from drivelabel.formats.loading import safe_join
from drivelabel.formats.losses import count_columns
from drivelabel.formats.nuscenes import schema
from drivelabel.formats.nuscenes.image_labels import write_image_labels
from drivelabel.formats.nuscenes.records import Records
from drivelabel.formats.nuscenes.tables import check_version
from drivelabel.formats.nuscenes.write_annotations import write_annotations
from drivelabel.formats.nuscenes.write_files import FileWriter
from drivelabel.formats.nuscenes.write_recorded import write_recording
from drivelabel.formats.pictures import Data
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.labels import NUSCENES
from drivelabel.media.sweeps import LIDARSEG_KIND
from drivelabel.scene import ImageSet, Layer, Scene

_IMAGE_COLUMNS = frozenset({"xyxy", "category_id", "score", "track_id", "origin", "attributes"})
DEFAULT_VERSION = "v1.0-trainval"
_MAP_HW = (10, 10)


def write_nuscenes(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    version: str | None = None,
    images: ImagesMode = "copy",
    classes: Literal["nuscenes", "keep"] = "nuscenes",
    overwrite: bool = False,
) -> ConversionReport:
    """Write one layer of scenes as nuScenes v1.0, all scenes into one folder.

    What nuScenes has no key for is written under the key ``drivelabel`` of its record, where there is one;
    other readers pass over it. Only what is known is written: a scene without poses has no ego poses, a
    camera that is not calibrated no calibration, a layer without cuboids no annotations.

    Args:
        data: scenes.
        out: the folder, which becomes the ``dataroot``.
        layer: whose labels.
        version: name of the folder with the tables; None for the one that the scenes came with, or
            ``v1.0-trainval``.
        images: ``copy`` puts images and sweeps into the folder (frames of videos as JPEG), ``link`` links
            images; ``reference`` only names the recorded files, ``none`` names files that are not there.
        classes: ``nuscenes`` maps classes to nuScenes' own and drops those that have none there, ``keep``
            writes the layer's own names, which the devkit opens but does not judge.
        overwrite: replace what is at `out`.

    Returns:
        What was kept, approximated and dropped.

    Raises:
        SceneLookupError: a scene has no such layer.
        FormatError: image sets were given, or a scene cannot be written.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing.
    """
    scenes = _scenes(data)
    version = version or _own_version(scenes)
    check_version(version)
    tally = Tally()
    records = Records(schema.TABLES)
    layers = [_layer(scene, layer, classes, tally) for scene in scenes]
    _shared_records(records, scenes, layers)
    with new_folder(Path(out), overwrite=overwrite) as place:
        logs = []
        for scene, own in zip(scenes, layers, strict=True):
            with FileWriter(scene, layer, place, images, tally) as files:
                logs.append(_write_scene(records, scene, own, files, tally))
        _write_maps(records, place, scenes, logs, images)
        records.write(place / version)
    return tally.report("nuscenes", str(out))


def _scenes(data: Data | Sequence[Data]) -> list[Scene]:
    given = [data] if isinstance(data, (Scene, ImageSet)) else list(data)
    scenes = [item for item in given if isinstance(item, Scene)]
    if not given or len(scenes) < len(given):
        raise FormatError("expected scenes, got images without a drive. Export those as nuimages.")
    names = [scene.name for scene in scenes]
    if len(set(names)) < len(names):
        raise FormatError(f"expected scenes of different names, got {', '.join(names[:20])}.")
    return scenes


def _own_version(scenes: list[Scene]) -> str:
    found = {_kept(scene).get("version") for scene in scenes}
    own = found.pop() if len(found) == 1 else None
    return own if isinstance(own, str) else DEFAULT_VERSION


def _kept(scene: Scene) -> Mapping[str, Any]:
    """What an import kept of the tables that the scene came from."""
    kept = scene.info.get("nuscenes")
    return kept if isinstance(kept, Mapping) else {}


def _layer(scene: Scene, name: str, classes: str, tally: Tally) -> Layer:
    layer = scene.layer(name)
    for kind, grouped in layer.tables.items():
        if hasattr(grouped.rows, "category_id"):
            layer.taxonomy.check_ids(f"{scene.name}, {kind}.category_id", grouped.rows.category_id)
    if classes not in ("nuscenes", "keep"):
        raise FormatError(f"classes: expected nuscenes or keep, got {classes!r}.")
    if classes == "keep" or layer.taxonomy == NUSCENES or _came_as(scene, layer):
        return layer
    mapped = layer_under(layer, NUSCENES, tally)
    if "boxes3d" in mapped.tables:
        note = f"{layer.taxonomy.name}'s classes as nuScenes' own"
        tally.approximate("boxes3d", "category_id", len(mapped.tables["boxes3d"].rows), 0.0, "", note)
    return mapped


def _came_as(scene: Scene, layer: Layer) -> bool:
    """Whether the layer has the classes of the tables that the scene came from."""
    names = [item.get("name") for item in _kept(scene).get("category", []) if isinstance(item, Mapping)]
    return names == list(layer.taxonomy.names)


def _shared_records(records: Records, scenes: list[Scene], layers: list[Layer]) -> None:
    """Classes, attributes and visibilities: those that scenes came with first, then what is missing."""
    kept = [_kept(scene) for scene in scenes]
    keys = {"category": "name", "attribute": "name", "visibility": "level"}
    for table, key in keys.items():
        seen = set()
        for item in (item for own in kept for item in own.get(table, [])):
            name = item.get(key) if isinstance(item, Mapping) else None
            if isinstance(name, str) and name not in seen:
                seen.add(name)
                more = {"index": item["index"]} if isinstance(item.get("index"), int) else {}
                text = item.get("description")
                fields = {key: name, "description": text if isinstance(text, str) else "", **more}
                records.add(table, item.get("token"), name, **fields)
        if table == "category":
            _add_categories(records, layers, seen)
        elif table == "attribute":
            for name in schema.ATTRIBUTES:
                if name not in seen:
                    records.add(table, None, name, name=name, description="")
        else:
            for token, level in schema.VISIBILITY.items():
                if level not in seen:
                    text = f"{level[1:]} % of the thing is visible"
                    records.add(table, token, level, level=level, description=text)


def _add_categories(records: Records, layers: list[Layer], seen: set[str]) -> None:
    complete = not seen
    for layer in layers:
        used = {
            int(row)
            for table in layer.tables.values()
            if hasattr(table.rows, "category_id")
            for row in np.unique(table.rows.category_id)
        }
        drawn = layer.label_maps is not None
        for row, category in enumerate(layer.taxonomy):
            if category.name not in seen and (complete or drawn or row in used):
                seen.add(category.name)
                more = {"index": row} if layer.taxonomy == NUSCENES else {}
                records.add("category", None, category.name, name=category.name, description="", **more)


def _write_scene(records: Records, scene: Scene, layer: Layer, files: FileWriter, tally: Tally) -> str:
    kept = _kept(scene)
    log = kept.get("log", {}) if isinstance(kept.get("log"), Mapping) else {}
    log_token = records.add(
        "log",
        log.get("token"),
        scene.name,
        logfile=_text(log.get("logfile"), scene.name),
        vehicle=_text(log.get("vehicle"), ""),
        date_captured=_text(log.get("date_captured"), _date(scene)),
        location=_text(scene.info.get("location"), ""),
    )
    first = len(records.rows["sample_data"])
    samples = write_recording(records, scene, kept, files, tally)
    of_frames = records.rows["sample_data"][first : first + len(scene.frames)]
    write_image_labels(records, scene, layer, of_frames, tally)
    labelled = _labelled(layer, len(scene.samples_ns))
    rows = records.rows["sample"][len(records.rows["sample"]) - len(samples) :]
    hashed = write_annotations(records, scene, layer, samples, tally)
    extra: dict[str, Any] = {"writer": f"drivelabel {version_of('drivelabel')}", "author": layer.author}
    if hashed:
        extra["hashed_tokens"] = True
    others = {name: value for name, value in scene.info.items() if name != "nuscenes"}
    if others:
        extra["info"] = others
    scene_token = records.add(
        "scene",
        kept.get("scene", {}).get("token"),
        scene.name,
        log_token=log_token,
        nbr_samples=len(samples),
        first_sample_token=samples[0] if samples else "",
        last_sample_token=samples[-1] if samples else "",
        name=scene.name,
        description=_text(scene.info.get("description"), ""),
        **{schema.EXTRA: extra},
    )
    for place, row in enumerate(rows):
        row["scene_token"] = scene_token
        if schema.EXTRA not in row and not labelled[place]:
            row[schema.EXTRA] = {"labelled": False}
    _count_dropped(scene, layer, tally)
    return log_token


def _labelled(layer: Layer, n: int) -> list[bool]:
    table = layer.tables.get("boxes3d")
    return [False] * n if table is None else [bool(flag) for flag in table.labelled]


def _text(value: object, default: str) -> str:
    return value if isinstance(value, str) else default


def _date(scene: Scene) -> str:
    times = [
        *scene.samples_ns[:1].tolist(),
        *scene.frames.timestamp_ns[:1].tolist(),
        *scene.sweeps.timestamp_ns[:1].tolist(),
    ]
    return datetime.fromtimestamp(times[0] / 1e9, UTC).strftime("%Y-%m-%d") if times else ""


def _count_dropped(scene: Scene, layer: Layer, tally: Tally) -> None:
    for kind, grouped in layer.tables.items():
        if kind in ("boxes2d", "tags"):
            count_columns(grouped.rows, _IMAGE_COLUMNS, tally)
        elif kind != "boxes3d":
            tally.drop(kind, "", len(grouped.rows), "nuScenes has boxes and masks")
    named = {*scene.frames.source.tolist(), *scene.sweeps.source.tolist()}
    for row, source in enumerate(scene.sources):
        if row not in named and source.kind != LIDARSEG_KIND:
            tally.drop("sources", source.kind, 1, "no image and no sweep")
    for name in ("model", "parent", "created_ns"):
        tally.drop("layer", name, int(bool(getattr(layer, name))), "nuScenes has one layer without a history")


def _write_maps(
    records: Records, place: Path, scenes: list[Scene], logs: list[str], images: ImagesMode
) -> None:
    """The maps that scenes came with, and a black stub for the others: the devkit wants one for each log."""
    maps: dict[str, dict[str, Any]] = {}
    for scene, log in zip(scenes, logs, strict=True):
        items = [item for item in _kept(scene).get("map", []) if isinstance(item, Mapping)]
        found = items[0] if items else {"filename": "", "category": "semantic_prior"}
        name = _text(found.get("filename"), "")
        entry = maps.setdefault(name, {**found, "log_tokens": []})
        entry["log_tokens"].append(log)
        if name and images in ("copy", "link"):
            source, target = safe_join(Path(scene.root), name), safe_join(place, name)
            if source.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    for name, entry in maps.items():
        category = _text(entry.get("category"), "semantic_prior")
        token = records.add(
            "map", entry.get("token"), name, category=category, filename=name, log_tokens=entry["log_tokens"]
        )
        row = records.rows["map"][-1]
        row["filename"] = name or f"maps/{token}.png"
        target = safe_join(place, row["filename"])
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(cv2.imencode(".png", np.zeros(_MAP_HW, np.uint8))[1].tobytes())
