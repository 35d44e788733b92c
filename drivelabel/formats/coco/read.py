"""COCO files as an image set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.coco.categories import read_categories
from drivelabel.formats.coco.files import LabelFile, image_folder, label_files
from drivelabel.formats.coco.gather import Gathered
from drivelabel.formats.coco.images import ImageList, labelled_flags
from drivelabel.formats.coco.rows import AnnotationReader
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import Fields, Records, kept_name, no_collecting, read_json
from drivelabel.formats.painting import InstancePainter
from drivelabel.formats.report import Tally
from drivelabel.labels import Taxonomy
from drivelabel.scene import ImageSet, Layer
from drivelabel.typing import IntArray

PREDICTIONS = "predictions"
"""The layer that detections of a results file become."""

_LISTS = {"images", "annotations", "categories"}


def read_coco(
    path: Path,
    *,
    layer: str = "truth",
    root: Path | None = None,
    results: Path | None = None,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """Images and labels of a COCO file, or of COCO's folder with one file a split.

    Boxes become ``boxes2d``, polygons ``polygons``, run-length masks an instance map, keypoints
    ``keypoints``, captions and classes of whole images ``tags``. What is one annotation there is one track
    here.

    Args:
        path: a JSON file, or a folder with ``annotations.json`` or ``annotations/instances_*.json``.
        layer: name of the layer.
        root: the folder that ``file_name`` counts from; looked for beside the file when None.
        results: a results file (list of detections); they become the layer ``predictions``.
        on_invalid: ``skip`` leaves out images and annotations that break a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a file breaks a rule of the format; the message names file and place.
    """
    path, tally = Path(path), Tally()
    files = label_files(path, tally)
    options: dict[str, Any] = {"root": root, "results": results, "on_invalid": on_invalid}
    with no_collecting():
        return read_label_files(files, tally, path, layer=layer, **options)


def read_label_files(
    files: Sequence[LabelFile],
    tally: Tally,
    path: Path,
    *,
    layer: str,
    root: Path | None = None,
    results: Path | None = None,
    on_invalid: Literal["error", "skip"] = "error",
    name: str = "coco",
    prefixes: dict[str, str] | None = None,
) -> Imported:
    """Some COCO files as one image set; see :func:`read_coco`.

    Args:
        name: the format's, for the report.
        prefixes: split to what stands before its files' names below `root`; looked for when None.
    """
    contents = [_content(file.path) for file in files]
    if prefixes is None:
        home, prefixes = _images_at(files, contents, root)
    else:
        home = Path(root or ".")
    taxonomy, row_of_category = read_categories(contents, _taxonomy_name(contents), tally)
    skip = on_invalid == "skip"
    gathered, images = Gathered(tally, InstancePainter(tally)), ImageList()
    row_of_image: list[dict[int, int]] = []
    for file, content in zip(files, contents, strict=True):
        records = Records(content.get("images"), f"{file.path}, image", skip_invalid=skip)
        images.ids_are_given = _info_word(content, "image_ids") == "given"
        row_of_image.append(images.add(records, prefixes[file.split], file.split, gathered))
    hws = np.concatenate(images.hws) if images.hws else np.zeros((0, 2), np.int64)
    for file, content, image_rows, category_rows in zip(
        files, contents, row_of_image, row_of_category, strict=True
    ):
        records = Records(content.items("annotations", []), f"{file.path}, annotation", skip_invalid=skip)
        AnnotationReader(records, image_rows, category_rows, hws, taxonomy.names, gathered).read()
        _count_other_fields(content, tally)
    own = _layer(layer, taxonomy, images, gathered, hws)
    layers = {layer: own}
    if results is not None:
        if len(files) > 1:
            raise FormatError(f"{results}: expected one file of truth to go with it, got {len(files)}.")
        layers[PREDICTIONS] = _predictions(
            Path(results), row_of_image[0], row_of_category[0], images, hws, taxonomy, tally, skip
        )
    data = ImageSet(
        name=path.stem,
        sources=tuple(images.sources),
        image_hw=hws,
        taxonomy=taxonomy,
        layers=layers,
        splits={split: np.array(rows, np.int64) for split, rows in images.splits.items()},
        root=str(home),
    )
    return Imported(data, tally.report(name, str(path)))


def _content(path: Path) -> Fields:
    value = read_json(path)
    if isinstance(value, list):
        raise FormatError(
            f"{path}: expected an object with images and annotations, got a list. A list of detections is a "
            f"results file: read the truth and pass results={path.name}."
        )
    content = Fields(value, str(path))
    content.items("images")
    return content


def _images_at(
    files: Sequence[LabelFile], contents: Sequence[Fields], root: Path | None
) -> tuple[Path, dict[str, str]]:
    if root is not None:
        return Path(root), {file.split: "" for file in files}
    first: dict[LabelFile, str | None] = {}
    for file, content in zip(files, contents, strict=True):
        images = content.items("images")
        name = images[0].get("file_name") if images and isinstance(images[0], dict) else None
        first[file] = kept_name(name)[0] if isinstance(name, str) else None
    return image_folder(files, first.__getitem__)


def _taxonomy_name(contents: Sequence[Fields]) -> str:
    return _info_word(contents[0], "taxonomy") or "coco"


def _info_word(content: Fields, name: str) -> str:
    info = content.get("info")
    word = info.get(name) if isinstance(info, dict) else None
    return word if isinstance(word, str) else ""


def _layer(name: str, taxonomy: Taxonomy, images: ImageList, gathered: Gathered, hws: IntArray) -> Layer:
    kinds = {"boxes2d", *gathered.kinds} if images.unsaid else gathered.kinds
    flags = labelled_flags(images, sorted(kinds), len(hws))
    for kind, look in (("instance_map", gathered.painter.look), ("label_map", gathered.label_map)):
        for row in np.flatnonzero(flags.get(kind, [])).tolist():
            look(row, (int(hws[row, 0]), int(hws[row, 1])))
    return Layer(name, taxonomy, tables=gathered.tables(flags), **gathered.masks(len(hws)))


def _predictions(
    path: Path,
    row_of_image: dict[int, int],
    row_of_category: dict[int, int],
    images: ImageList,
    hws: IntArray,
    taxonomy: Taxonomy,
    tally: Tally,
    skip: bool,
) -> Layer:
    value: Any = read_json(path)
    records = Records(value, f"{path}, detection", skip_invalid=skip)
    gathered = Gathered(tally, InstancePainter(tally))
    AnnotationReader(records, row_of_image, row_of_category, hws, taxonomy.names, gathered).read()
    flags = {kind: np.ones(len(hws), np.bool_) for kind in {"boxes2d", *gathered.kinds}}
    return Layer(PREDICTIONS, taxonomy, tables=gathered.tables(flags), **gathered.masks(len(hws)))


def _count_other_fields(content: Fields, tally: Tally) -> None:
    """What a file says of itself has no place in an image set."""
    for key in content.value.keys() - _LISTS:
        value = content.get(key)
        tally.drop("files", key, len(value) if isinstance(value, (list, dict)) else int(value is not None))
