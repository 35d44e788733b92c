"""One layer of a scene as a COCO file, with the fields of our own that docs/formats/coco.md lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_file, new_folder
from drivelabel.formats.coco.annotations import frame_annotations
from drivelabel.formats.coco.categories import coco_categories
from drivelabel.formats.coco.images import ImageWriter
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.labels import LabelMap
from drivelabel.scene import Layer, Scene
from drivelabel.typing import BoolArray, UInt8Array

JSON_NAME = "annotations.json"
"""Name of the file inside an output folder."""

ReadImage = Callable[[int], UInt8Array]
"""Frame to its (h, w, 3) uint8 RGB image."""

IMAGE_KINDS = ("boxes2d", "lane_lines", "traffic_lights", "keypoints", "tags")
"""The tables that are grouped by frame."""


def write_coco(
    scene: Scene,
    out: Path,
    layer: str,
    *,
    images: Literal["reference", "copy"] = "reference",
    read_image: ReadImage | None = None,
    overwrite: bool = False,
) -> ConversionReport:
    """Write one layer as COCO: boxes, areas, lane lines and traffic lights of every labelled frame.

    Args:
        scene: what to write.
        out: a folder (the labels become ``annotations.json`` in it), or the path of a ``.json`` file.
        layer: whose labels.
        images: ``reference`` names the recorded files, ``copy`` puts images under ``OUT/images``.
        read_image: decodes a frame; ``copy`` needs it for frames of videos, which become JPEG files.
        overwrite: replace what is at `out`.

    Returns:
        What was kept, approximated and dropped.

    Raises:
        SceneLookupError: the scene has no such layer.
        FormatError: images cannot be copied to a single file, or a frame cannot be read.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing.
    """
    out = Path(out)
    labels = scene.layer(layer)
    _check_labels(scene, labels)
    tally = Tally()
    if out.suffix.lower() == ".json":
        if images == "copy":
            raise FormatError(f"{out}: expected a folder to copy images into, got a file.")
        with new_file(out, overwrite=overwrite) as place:
            _write_json(place, scene, labels, ImageWriter(scene, None, None, tally), tally)
    else:
        with new_folder(out, overwrite=overwrite) as place:
            folder = place / "images" if images == "copy" else None
            _write_json(
                place / JSON_NAME, scene, labels, ImageWriter(scene, folder, read_image, tally), tally
            )
    return tally.report("coco", str(out))


def _check_labels(scene: Scene, layer: Layer) -> None:
    for kind, grouped in layer.tables.items():
        if hasattr(grouped.rows, "category_id"):
            layer.taxonomy.check_ids(f"{scene.name}, {kind}.category_id", grouped.rows.category_id)


def _write_json(path: Path, scene: Scene, layer: Layer, images: ImageWriter, tally: Tally) -> None:
    """Annotations go out frame by frame, so that memory does not grow with the log."""
    labelled = _labelled(scene, layer)
    entries: list[dict[str, Any]] = []
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write('{"info": ' + _json(_info(scene, layer)) + ',\n"licenses": [],\n')
        file.write('"categories": ' + _json(coco_categories(layer)) + ',\n"annotations": [')
        comma = "\n"
        numbers = count(1)
        for frame, kinds in labelled:
            entries.append(images.entry(frame, kinds) | _tags(layer, frame, tally))
            for annotation in _annotations(scene, layer, frame, tally):
                file.write(comma + _json({"id": next(numbers), "image_id": frame + 1, **annotation}))
                comma = ",\n"
        file.write('\n],\n"images": [' + "".join(_lines(entries)) + "\n]}\n")
    _count_dropped(scene, layer, len(entries), tally)


def _annotations(scene: Scene, layer: Layer, frame: int, tally: Tally) -> list[dict[str, Any]]:
    label_map = _label_map(scene, layer, frame)
    return frame_annotations(layer, frame, label_map, tally)


def _tags(layer: Layer, frame: int, tally: Tally) -> dict[str, Any]:
    if "tags" not in layer.tables:
        return {}
    tags = layer.tags[frame]
    tally.keep("tags", "", len(tags), "extra field of the image")
    rows = range(len(tags))
    return {"tags": [{"score": float(tags.score[r]), "attributes": tags.attributes.row(r)} for r in rows]}


def _label_map(scene: Scene, layer: Layer, frame: int) -> LabelMap | None:
    if layer.label_maps is None or frame not in layer.label_maps:
        return None
    found = layer.label_map(frame)
    expected = scene.camera_of(frame).image_hw
    if found.label_map.shape != expected:
        raise FormatError(
            f"{scene.name}, frame {frame}: expected a label map of {expected}, got {found.label_map.shape}."
        )
    return found


def _labelled(scene: Scene, layer: Layer) -> list[tuple[int, list[str]]]:
    """Frames that somebody looked at, and for what; others would teach that they are empty."""
    flags: dict[str, BoolArray] = {
        kind: layer.tables[kind].labelled for kind in IMAGE_KINDS if kind in layer.tables
    }
    for kind, masks in (("label_map", layer.label_maps), ("instance_map", layer.instance_maps)):
        if masks is not None:
            flags[kind] = masks.labelled()
    kinds_of = [[kind for kind, flag in flags.items() if flag[frame]] for frame in range(len(scene.frames))]
    return [(frame, kinds) for frame, kinds in enumerate(kinds_of) if kinds]


def _info(scene: Scene, layer: Layer) -> dict[str, Any]:
    return {
        "description": scene.name,
        "version": "1.0",
        "contributor": layer.author,
        "writer": f"drivelabel {version('drivelabel')}",
        "layer": layer.name,
        "taxonomy": layer.taxonomy.name,
        "image_root": scene.root,
    }


def _count_dropped(scene: Scene, layer: Layer, n_written: int, tally: Tally) -> None:
    tally.drop("frames", "", len(scene.frames) - n_written, "nobody labelled them")
    if "boxes3d" in layer.tables:
        tally.drop("boxes3d", "", len(layer.tables["boxes3d"].rows), "COCO has no cuboids")
    tally.drop("sweeps", "", len(scene.sweeps), "COCO has no lidar")
    tally.drop("poses", "", 0 if scene.poses is None else len(scene.poses), "COCO has no poses")
    calibrated = sum(camera.camera_matrix is not None for camera in scene.cameras)
    tally.drop("sensors", "calibration", calibrated, "COCO has no cameras")
    for kind in IMAGE_KINDS:
        if kind in layer.tables:
            numbered = int(np.sum(layer.tables[kind].rows.row_id >= 0))
            tally.drop(kind, "row_id", numbered, "the store's own numbers")
    if "tags" in layer.tables:
        tally.drop("tags", "origin", len(layer.tables["tags"].rows), "images have no author")


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _lines(entries: list[dict[str, Any]]) -> Iterator[str]:
    return ((",\n" if k else "\n") + _json(entry) for k, entry in enumerate(entries))
