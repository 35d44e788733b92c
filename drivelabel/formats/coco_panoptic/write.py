"""One layer's masks as a COCO panoptic file and its PNG files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_folder
from drivelabel.formats.coco.categories import category_ids, coco_categories
from drivelabel.formats.coco.images import ImageNumbers, image_entry
from drivelabel.formats.coco_panoptic.read import JSON_NAME
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.label_images import rgb_of_ids, write_label_image
from drivelabel.formats.losses import count_losses, labelled_pictures
from drivelabel.formats.pictures import Data, Picture, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.labels import NO_TRACK, ORIGINS, TABLES, VOID, Boxes2D
from drivelabel.typing import AnyArray, IntArray

_MASKS = frozenset({"label_map", "instance_map"})
_KEPT = {kind: frozenset(TABLES[kind].__dataclass_fields__) for kind in ("boxes2d", "tags")}


def write_coco_panoptic(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: ImagesMode = "reference",
    overwrite: bool = False,
) -> ConversionReport:
    """Write label maps and instance maps of one layer: ``panoptic.json`` and ``panoptic/NAME.png``.

    A thing of the instance map becomes a segment of its box's class (without a box, of the class that most
    of its pixels have); pixels of thing classes that belong to no thing become one crowd a class.

    Args:
        data: what to write.
        out: the folder.
        layer: whose labels.
        images: ``copy`` and ``link`` put images under ``OUT/images``.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        FormatError: a mask is not of its picture's size.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing or damaged.
    """
    out = Path(out)
    pictures, tally = pictures_of(data, layer), Tally()
    numbers, ids = ImageNumbers.of(pictures), category_ids(pictures.taxonomy)
    entries: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    with new_folder(out, overwrite=overwrite) as place:
        with ImageFiles(pictures, place / "images", images, tally) as files:
            shown = labelled_pictures(pictures, _MASKS, tally)
            for row in shown:
                picture, number = pictures.items[row], numbers.ids[row]
                name = files.place(picture) if files.folder is not None else files.referenced(picture)
                entries.append(image_entry(pictures, picture, number, numbers.are_given, name, tally))
                segments, pixels = _segments(pictures, picture, ids, tally)
                png = f"{picture.name}.png"
                write_label_image(place / Path(JSON_NAME).stem / png, rgb_of_ids(pixels))
                annotations.append({"image_id": number, "file_name": png, "segments_info": segments})
        content = {
            "info": {
                "taxonomy": pictures.taxonomy.name,
                "image_ids": "given" if numbers.are_given else "counted",
            },
            "images": entries,
            "annotations": annotations,
            "categories": coco_categories(pictures.layers),
        }
        (place / JSON_NAME).write_text(json.dumps(content, allow_nan=False, separators=(",", ":")))
    _count_unwritten(pictures, shown, tally)
    count_losses(pictures, tally, _KEPT, "COCO panoptic has masks only", masks=_MASKS)
    return tally.report("coco-panoptic", str(out))


def _segments(
    pictures: Pictures, picture: Picture, ids: IntArray, tally: Tally
) -> tuple[list[dict[str, Any]], IntArray]:
    """The segments of one picture, and (h, w) the id of each pixel; 0 is void."""
    label_map, things = _masks(pictures, picture, tally)
    boxes = pictures.table("boxes2d", picture)
    boxes = Boxes2D.empty() if boxes is None else boxes
    box_of = {int(track): row for row, track in enumerate(boxes.track_id.tolist()) if track != NO_TRACK}
    pixels = np.zeros(picture.image_hw, np.int64)
    found: list[dict[str, Any]] = []
    used: set[int] = set()
    changed = 0
    for track, mask in things:
        row = box_of.get(track)
        category = _majority(label_map[mask]) if row is None else int(boxes.category_id[row])
        if category is None or not pictures.taxonomy.categories[category].is_thing:
            tally.drop("instance_map", "", 1, "no box or pixel says that it is a thing")
            continue
        changed += int((label_map[mask] != category).sum())
        pixels[mask] = len(found) + 1
        segment = _segment(len(found) + 1, int(ids[category]), mask)
        if row is not None and row not in used:
            used.add(row)
            segment |= _of_box(boxes, row)
        else:
            tally.keep("boxes2d", "", 1, "round the mask, where there was no box")
        found.append(segment | {"track_id": track})
        tally.keep("instance_map")
    tally.approximate(
        "label_map", "", int(changed > 0), changed, "pixels", "they take the class of their thing"
    )
    for category in np.unique(label_map[(pixels == 0) & (label_map != VOID)]).tolist():
        mask = (pixels == 0) & (label_map == category)
        pixels[mask] = len(found) + 1
        crowd = int(pictures.taxonomy.categories[category].is_thing)
        found.append(_segment(len(found) + 1, int(ids[category]), mask) | {"iscrowd": crowd})
    tally.keep("label_map")
    tally.keep("boxes2d", "", len(used))
    tally.drop("boxes2d", "", len(boxes) - len(used), "no pixel of the instance map has their track")
    return found, pixels


def _masks(pictures: Pictures, picture: Picture, tally: Tally) -> tuple[AnyArray, list[tuple[int, AnyArray]]]:
    layer = pictures.layer_of(picture)
    label_map = np.full(picture.image_hw, VOID, np.uint8)
    if layer.label_maps is not None and picture.group in layer.label_maps:
        label_map = layer.label_maps.read(picture.group)
    things: list[tuple[int, AnyArray]] = []
    if layer.instance_maps is not None and picture.group in layer.instance_maps:
        instances = layer.instance_map(picture.group)
        if instances.instance_map.shape != picture.image_hw:
            raise FormatError(f"{picture.name}: its instance map is not of the picture's size.")
        values = np.unique(instances.instance_map)
        for value in values[values > 0].tolist():
            things.append((int(instances.track_id[value - 1]), instances.instance_map == value))
    if label_map.shape != picture.image_hw:
        raise FormatError(f"{picture.name}: its label map is not of the picture's size.")
    return label_map, things


def _majority(classes: AnyArray) -> int | None:
    counts = np.bincount(classes[classes != VOID], minlength=1)
    return int(counts.argmax()) if counts.sum() else None


def _segment(number: int, category: int, mask: AnyArray) -> dict[str, Any]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    box = [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top]
    return {"id": number, "category_id": category, "area": int(mask.sum()), "bbox": box, "iscrowd": 0}


def _of_box(boxes: Boxes2D, row: int) -> dict[str, Any]:
    left, top, right, bottom = boxes.xyxy[row].astype(np.float64).tolist()
    return {
        "bbox": [left, top, right - left, bottom - top],
        "score": float(boxes.score[row]),
        "origin": ORIGINS[boxes.origin[row]],
        "attributes": boxes.attributes.row(row),
    }


def _count_unwritten(pictures: Pictures, shown: Sequence[int], tally: Tally) -> None:
    """Boxes and tags of pictures without masks."""
    written = set(shown)
    for row, picture in enumerate(pictures.items):
        if row not in written:
            for kind in _KEPT:
                table = pictures.table(kind, picture)
                tally.drop(kind, "", 0 if table is None else len(table), "nobody drew masks of the picture")
