"""One layer as Cityscapes' files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_folder
from drivelabel.formats.cityscapes.names import INSTANCES, LABELS, POLYGONS, SPLITS, Place, place_of
from drivelabel.formats.cityscapes.read import GROUP, OWN
from drivelabel.formats.classes import layer_under
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.label_images import write_label_image
from drivelabel.formats.losses import count_losses, labelled_pictures
from drivelabel.formats.outlines import joined
from drivelabel.formats.pictures import Data, Picture, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.labels import VOID, Polygons
from drivelabel.labels.taxonomies import CITYSCAPES, CITYSCAPES_IDS
from drivelabel.typing import AnyArray

_KINDS = frozenset({"polygons", "label_map", "instance_map"})
_KEPT = {"polygons": {"points", "ring_sizes", "category_id", "attributes"}}
_MAX_OF_CLASS = 999


def write_cityscapes(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: ImagesMode = "reference",
    overwrite: bool = False,
) -> ConversionReport:
    """Write polygons, label maps and instance maps under Cityscapes' classes, file names and folders.

    Args:
        data: what to write; labels of other taxonomies are mapped to Cityscapes' classes.
        out: the folder.
        layer: whose labels.
        images: ``copy`` and ``link`` put images under ``OUT/leftImg8bit``.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        FormatError: a mask is not of its picture's size.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing or damaged.
    """
    out = Path(out)
    given, tally = pictures_of(data, layer), Tally()
    layers = tuple(layer_under(own, CITYSCAPES, tally) for own in given.layers)
    pictures = replace(given, layers=layers, taxonomy=CITYSCAPES)
    with new_folder(out, overwrite=overwrite) as place, ImageFiles(pictures, place, images, tally) as files:
        (place / "gtFine").mkdir()
        for row in labelled_pictures(pictures, _KINDS, tally):
            picture = pictures.items[row]
            target = place_of(pictures, picture)
            tally.drop("images", "split", int(picture.split not in SPLITS), "written as train")
            stem = picture.name.rpartition("/")[2].removesuffix("_leftImg8bit")
            tally.drop("images", "file_name", int(stem != target.base), "numbered as Cityscapes does")
            files.place(picture, target.image.removesuffix(".png"))
            _write_one(place, pictures, picture, target, tally)
    count_losses(pictures, tally, _KEPT, "Cityscapes has polygons and masks", masks=_KINDS)
    return tally.report("cityscapes", str(out))


def _write_one(place: Path, pictures: Pictures, picture: Picture, target: Place, tally: Tally) -> None:
    layer = pictures.layer_of(picture)
    label_map = np.full(picture.image_hw, VOID, np.uint8)
    has_labels = layer.label_maps is not None and picture.group in layer.label_maps
    if layer.label_maps is not None and has_labels:
        label_map = layer.label_maps.read(picture.group)
        _check_size(picture, label_map)
    own: dict[str, Any] = {"labelled": [k for k in pictures.labelled_kinds(picture) if k in _KINDS]}
    tracks: dict[str, int] | None = None
    if layer.instance_maps is not None and picture.group in layer.instance_maps:
        instances = layer.instance_map(picture.group)
        _check_size(picture, instances.instance_map)
        ids, tracks = _instance_ids(pictures, picture, label_map, tally)
        write_label_image(place / target.labels(INSTANCES), ids)
        own["tracks"] = tracks
        tally.keep("instance_map")
    if has_labels:
        write_label_image(place / target.labels(LABELS), _ids_of_rows(label_map, tally))
        tally.keep("label_map")
    content = {
        "imgHeight": picture.image_hw[0],
        "imgWidth": picture.image_hw[1],
        "objects": _objects(pictures, picture, tally),
        OWN: own,
    }
    file = place / target.labels(POLYGONS)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, allow_nan=False))


def _check_size(picture: Picture, mask: AnyArray) -> None:
    if mask.shape != picture.image_hw:
        raise FormatError(f"{picture.name}: expected masks of {picture.image_hw}, got {mask.shape}.")


def _ids_of_rows(label_map: AnyArray, tally: Tally) -> AnyArray:
    """Cityscapes' ids; its PNG files have neither void nor the license plate, which become unlabeled."""
    none = (label_map == VOID) | (label_map >= len(CITYSCAPES_IDS) - 1)
    n_void, n_plates = int((label_map == VOID).sum()), int((none & (label_map != VOID)).sum())
    tally.approximate("label_map", "", int(n_void > 0), n_void, "pixels", "void as unlabeled")
    tally.approximate("label_map", "", int(n_plates > 0), n_plates, "pixels", "license plates as unlabeled")
    ids: AnyArray = np.where(none, 0, label_map).astype(np.uint8)
    return ids


def _instance_ids(
    pictures: Pictures, picture: Picture, label_map: AnyArray, tally: Tally
) -> tuple[AnyArray, dict[str, int]]:
    """(h, w) uint16 of class * 1000 + number for things, else the class; and the track of each thing."""
    layer = pictures.layer_of(picture)
    instances = layer.instance_map(picture.group)
    boxes = pictures.table("boxes2d", picture)
    class_of = {}
    if boxes is not None:
        class_of = dict(zip(boxes.track_id.tolist(), boxes.category_id.tolist(), strict=True))
    ids = np.where(label_map >= len(CITYSCAPES_IDS) - 1, 0, label_map).astype(np.uint16)
    counts: dict[int, int] = {}
    tracks: dict[str, int] = {}
    present = np.unique(instances.instance_map)
    for value in present[present > 0].tolist():
        mask = instances.instance_map == value
        track = int(instances.track_id[value - 1])
        category = class_of.get(track)
        if category is None:
            known = label_map[mask & (label_map < len(CITYSCAPES_IDS) - 1)]
            category = int(np.bincount(known).argmax()) if len(known) else None
        if category is None or not category or counts.get(category, 0) >= _MAX_OF_CLASS:
            tally.drop("instance_map", "", 1, "of no class, or more than 999 of one")
            continue
        number = counts.get(category, 0)
        counts[category] = number + 1
        ids[mask] = category * 1000 + number
        tracks[str(category * 1000 + number)] = track
    return ids, tracks


def _objects(pictures: Pictures, picture: Picture, tally: Tally) -> list[dict[str, Any]]:
    """Polygons in order: later ones lie on earlier ones."""
    polygons: Polygons | None = pictures.table("polygons", picture)
    found: list[dict[str, Any]] = []
    for row in range(0 if polygons is None else len(polygons)):
        assert polygons is not None, "the range is empty otherwise"
        rings = polygons.rings(row)
        facts = polygons.attributes.row(row)
        label = CITYSCAPES.names[polygons.category_id[row]]
        if facts.get(GROUP) is True and f"{label}group" not in CITYSCAPES:
            label = f"{label}group"
            del facts[GROUP]
        taken = {"label", "polygon", "deleted"} & facts.keys() | {k for k, v in facts.items() if v == ""}
        for name in taken:
            tally.drop("polygons", f"attributes.{name}", 1, "the format's own word, or nothing")
        tally.drop("polygons", "ring_sizes", int(len(rings) > 1), "rings joined by bridges without area")
        tally.approximate("polygons", "points", int(len(rings) > 1), 0.0, "px", "rings joined")
        ring = joined(rings) if len(rings) > 1 else rings[0]
        extra = {name: value for name, value in facts.items() if name not in taken}
        found.append({"label": label, "polygon": ring.astype(np.float64).tolist(), **extra})
    tally.keep("polygons", "", len(found))
    return found
