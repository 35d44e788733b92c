"""One layer as a COCO file, with the fields of our own that docs/formats/coco.md lists."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_file, new_folder
from drivelabel.formats.coco.annotations import PictureAnnotations
from drivelabel.formats.coco.categories import category_ids, coco_categories
from drivelabel.formats.coco.files import JSON_NAME
from drivelabel.formats.coco.images import ImageNumbers, image_entry
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.losses import count_losses, labelled_pictures
from drivelabel.formats.pictures import IMAGE_KINDS, Data, Picture, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.labels import TABLES

MASKS = frozenset({"label_map", "instance_map"})
"""The masks that COCO holds."""

KEPT = {kind: frozenset(TABLES[kind].__dataclass_fields__) for kind in IMAGE_KINDS}
"""The tables and columns that our COCO files hold."""


def write_coco(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: ImagesMode = "reference",
    results: bool = False,
    overwrite: bool = False,
) -> ConversionReport:
    """Write one layer as COCO: boxes, polygons, areas, keypoints, lane lines and traffic lights.

    Args:
        data: what to write.
        out: a folder (the labels become ``annotations.json`` in it), or the path of a ``.json`` file.
        layer: whose labels.
        images: ``reference`` names the recorded files, ``copy`` and ``link`` put images under ``OUT/images``.
        results: write a results file, a list of detections, to `out`; image and category ids are those
            that the same call without `results` writes.
        overwrite: replace what is at `out`.

    Returns:
        What was kept, approximated and dropped.

    Raises:
        SceneLookupError: there is no such layer.
        FormatError: images cannot be copied to a single file.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing or damaged.
    """
    out = Path(out)
    pictures = pictures_of(data, layer)
    _check_labels(pictures)
    tally = Tally()
    to_file = results or out.suffix.lower() == ".json"
    if to_file and images in ("copy", "link"):
        raise FormatError(f"{out}: expected a folder to copy images into, got a file.")
    with new_file(out, overwrite=overwrite) if to_file else new_folder(out, overwrite=overwrite) as place:
        label_file = place if to_file else place / JSON_NAME
        folder = None if to_file else place / "images"
        with (
            ImageFiles(pictures, folder, images, tally) as image_files,
            label_file.open("w", encoding="ascii", newline="\n") as file,
        ):
            if results:
                _write_results(file, pictures, tally)
            else:
                _write_labels(file, pictures, image_files, tally)
    count_losses(pictures, tally, KEPT, "COCO has images only", masks=MASKS)
    return tally.report("coco", str(out))


def write_labels(
    path: Path, pictures: Pictures, image_files: ImageFiles, tally: Tally, shown: Sequence[int] | None = None
) -> None:
    """Write the label file of some pictures, all labelled ones when None; losses are not counted here."""
    with path.open("w", encoding="ascii", newline="\n") as file:
        _write_labels(file, pictures, image_files, tally, shown)


def _check_labels(pictures: Pictures) -> None:
    for data, layer in zip(pictures.data, pictures.layers, strict=True):
        for kind, grouped in layer.tables.items():
            if hasattr(grouped.rows, "category_id"):
                layer.taxonomy.check_ids(f"{data.name}, {kind}.category_id", grouped.rows.category_id)
    for picture in pictures.items:
        layer = pictures.layer_of(picture)
        for what, masks in (("label map", layer.label_maps), ("instance map", layer.instance_maps)):
            if masks is not None and picture.group in masks:
                shape = masks.read(picture.group).shape
                if shape != picture.image_hw:
                    raise FormatError(
                        f"{picture.name}: expected a {what} of {picture.image_hw}, got {shape}."
                    )


def _write_labels(
    file: TextIO, pictures: Pictures, images: ImageFiles, tally: Tally, shown: Sequence[int] | None = None
) -> None:
    """Annotations go out picture by picture, so that memory does not grow with the log."""
    ids = category_ids(pictures.taxonomy).tolist()
    numbers = ImageNumbers.of(pictures)
    entries: list[dict[str, Any]] = []
    labelled = labelled_pictures(pictures, {*IMAGE_KINDS, *MASKS}, tally) if shown is None else shown
    file.write('{"info": ' + _json(_info(pictures, numbers)) + ',\n"licenses": [],\n')
    file.write('"categories": ' + _json(coco_categories(pictures.layers)) + ',\n"annotations": [')
    comma, annotation_number = "\n", count(1)
    for row in labelled:
        picture = pictures.items[row]
        number, name = numbers.ids[row], _file_name(images, picture)
        entries.append(image_entry(pictures, picture, number, numbers.are_given, name, tally))
        for annotation in PictureAnnotations(pictures, picture, ids, tally).all():
            place = {"id": next(annotation_number), "image_id": number}
            file.write(comma + _json(place | annotation))
            comma = ",\n"
    file.write('\n],\n"images": [' + "".join(_lines(entries)) + "\n]}\n")


def _file_name(images: ImageFiles, picture: Picture) -> str:
    return images.place(picture) if images.folder is not None else images.referenced(picture)


def _write_results(file: TextIO, pictures: Pictures, tally: Tally) -> None:
    """Boxes, masks, polygons as masks, and keypoints, each with its score."""
    ids = category_ids(pictures.taxonomy).tolist()
    found: list[dict[str, Any]] = []
    for number, picture in zip(ImageNumbers.of(pictures).ids, pictures.items, strict=True):
        for annotation in PictureAnnotations(pictures, picture, ids, tally).all():
            if annotation["kind"] in ("box", "polygon", "keypoints"):
                found.append({"image_id": number, **_detection(annotation)})
            else:
                tally.drop(
                    "annotations", annotation["kind"], 1, "results have boxes, masks and keypoints only"
                )
    file.write("[" + "".join(_lines(found)) + "\n]\n")


def _detection(annotation: dict[str, Any]) -> dict[str, Any]:
    names = ["category_id", "bbox", "score", "keypoints", "track_id", "attributes"]
    if annotation["segmentation"]:
        names.append("segmentation")
    return {name: annotation[name] for name in names if name in annotation}


def _info(pictures: Pictures, numbers: ImageNumbers) -> dict[str, Any]:
    layer = pictures.layers[0]
    return {
        "description": ", ".join(data.name for data in pictures.data),
        "version": "1.0",
        "contributor": layer.author,
        "writer": f"drivelabel {version('drivelabel')}",
        "layer": layer.name,
        "taxonomy": layer.taxonomy.name,
        "image_ids": "given" if numbers.are_given else "counted",
        "image_root": pictures.data[0].root,
    }


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _lines(entries: list[dict[str, Any]]) -> Iterator[str]:
    return ((",\n" if k else "\n") + _json(entry) for k, entry in enumerate(entries))
