"""COCO panoptic files as an image set: label maps, instance maps and boxes of things."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.coco.categories import read_categories
from drivelabel.formats.coco.common import Common, read_common
from drivelabel.formats.coco.files import LabelFile
from drivelabel.formats.coco.gather import Gathered
from drivelabel.formats.coco.images import ImageList, labelled_flags
from drivelabel.formats.imported import Imported
from drivelabel.formats.label_images import ids_of_rgb, read_label_image
from drivelabel.formats.loading import Fields, Records, kept_name, no_collecting, read_json, safe_join
from drivelabel.formats.painting import InstancePainter
from drivelabel.formats.report import Tally
from drivelabel.labels import NO_TRACK, Boxes2D, Taxonomy
from drivelabel.scene import ImageSet, Layer
from drivelabel.typing import IntArray

JSON_NAME = "panoptic.json"
"""Name of the file in a folder that we write; the PNG files are in a folder of its stem."""


def looks_like_coco_panoptic(path: Path) -> bool:
    """Whether a path is a panoptic file, or a folder with such files but no others of COCO's."""
    if path.is_dir():
        if (path / JSON_NAME).is_file():
            return True
        folder = path / "annotations" if (path / "annotations").is_dir() else path
        names = [file.stem for file in sorted(folder.glob("*.json"))[:50]]
        return bool(names) and all(name.startswith("panoptic_") for name in names)
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(1 << 20)
        file.seek(max(0, path.stat().st_size - (1 << 20)))
        text = head + file.read(1 << 20)
    return b'"segments_info"' in text and b'"annotations"' in text and b'"images"' in text


def read_coco_panoptic(
    path: Path,
    *,
    layer: str = "truth",
    root: Path | None = None,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """Every segment becomes pixels of the label map; things also a box and pixels of the instance map.

    A crowd is an area of things that nobody told apart, so it is in the label map only.

    Args:
        path: a panoptic JSON file with its PNG files in the folder of the same name, or a folder with
            ``panoptic.json`` or ``annotations/panoptic_*.json``.
        layer: name of the layer.
        root: the folder that images' ``file_name`` counts from; that of the data set when None.
        on_invalid: ``skip`` leaves out images and segments that break a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a file breaks a rule of the format; the message names file and place.
    """
    path, tally = Path(path), Tally()
    with no_collecting():
        return _read(path, _files(path), tally, layer, root, on_invalid == "skip")


def _files(path: Path) -> list[LabelFile]:
    if path.is_file():
        return [LabelFile(path)]
    if not path.is_dir():
        raise StoreError(f"{path}: no such file or folder.")
    if (path / JSON_NAME).is_file():
        return [LabelFile(path / JSON_NAME)]
    folder = path / "annotations" if (path / "annotations").is_dir() else path
    found = sorted(folder.glob("panoptic_*.json"))
    if not found:
        raise FormatError(f"{path}: expected {JSON_NAME} or annotations/panoptic_*.json.")
    return [LabelFile(file, file.stem.removeprefix("panoptic_").rstrip("0123456789")) for file in found]


def _read(
    path: Path, files: Sequence[LabelFile], tally: Tally, layer: str, root: Path | None, skip: bool
) -> Imported:
    contents = [Fields(read_json(file.path), str(file.path)) for file in files]
    info = contents[0].get("info")
    name = info.get("taxonomy") if isinstance(info, dict) else None
    taxonomy, category_rows = read_categories(
        contents, name if isinstance(name, str) and name else "coco-panoptic", tally
    )
    gathered, images = Gathered(tally, InstancePainter(tally)), ImageList()
    image_rows = []
    for file, content in zip(files, contents, strict=True):
        records = Records(content.get("images"), f"{file.path}, image", skip_invalid=skip)
        images.ids_are_given = isinstance(info, dict) and info.get("image_ids") == "given"
        image_rows.append(images.add(records, "", file.split, gathered))
    hws = np.concatenate(images.hws)
    for file, content, row_of_image, row_of_category in zip(
        files, contents, image_rows, category_rows, strict=True
    ):
        _File(file.path, content, row_of_image, row_of_category, hws, taxonomy, gathered, skip).read()
        for key in content.value.keys() - {"images", "annotations", "categories"}:
            tally.drop("files", key, 1)
    home = files[0].path.parent
    flags = labelled_flags(images, sorted(gathered.kinds), len(hws))
    said = {row for rows in images.labelled.values() for row in rows}
    gathered.forget_label_maps(said - set(images.labelled.get("label_map", [])))
    for row in images.labelled.get("instance_map", []):
        gathered.painter.look(row, (int(hws[row, 0]), int(hws[row, 1])))
    kept = {kind: flag for kind, flag in flags.items() if kind in gathered.kinds | {"boxes2d", "tags"}}
    own = Layer(layer, taxonomy, tables=gathered.tables(kept), **gathered.masks(len(hws)))
    data = ImageSet(
        name=path.stem,
        sources=tuple(images.sources),
        image_hw=hws,
        taxonomy=taxonomy,
        layers={layer: own},
        splits={split: np.array(rows, np.int64) for split, rows in images.splits.items()},
        root=str(root if root is not None else home.parent if home.name == "annotations" else home),
    )
    return Imported(data, tally.report("coco-panoptic", str(path)))


class _File:
    """One JSON file with its PNG files."""

    def __init__(
        self, path: Path, content: Fields, row_of_image: dict[int, int], row_of_category: dict[int, int],
        hws: IntArray, taxonomy: Taxonomy, gathered: Gathered, skip: bool,
    ) -> None:  # fmt: skip
        self.path, self.content, self.skip = path, content, skip
        self.row_of_image, self.row_of_category = row_of_image, row_of_category
        self.hws, self.taxonomy, self.gathered = hws, taxonomy, gathered

    def read(self) -> None:
        """All annotations, one an image."""
        seen: set[int] = set()
        for annotation in self.content.objects("annotations"):
            try:
                row = self.row_of_image.get(annotation.integer("image_id"))
                if row is None or row in seen:
                    raise annotation.wrong(f"image_id {annotation.integer('image_id')}: unknown, or twice.")
                seen.add(row)
                self._read_image(annotation, row)
            except (FormatError, StoreError) as error:
                if not self.skip:
                    raise
                self.gathered.tally.drop("label_map", "", 1, f"invalid: {error}")

    def _read_image(self, annotation: Fields, image: int) -> None:
        hw = (int(self.hws[image, 0]), int(self.hws[image, 1]))
        png = safe_join(self.path.parent / self.path.stem, kept_name(annotation.text("file_name"))[0])
        ids = ids_of_rgb(read_label_image(png, hw), png)
        infos = annotation.items("segments_info")
        numbers, items = [], []
        for info in annotation.objects("segments_info"):
            numbers.append(info.integer("id"))
            items.append(
                {key: value for key, value in info.value.items() if key != "id"} | {"image_id": image}
            )
        if len(set(numbers)) < len(numbers):
            raise annotation.wrong("segments_info: an id occurs twice.")
        records = Records(items, f"{annotation.where}, segments_info")
        common = read_common(records, {image: image}, self.row_of_category, self.gathered.tally)
        label_map = self.gathered.label_map(image, hw)
        order, start = np.unique(ids, return_inverse=True)
        where = start.reshape(hw)
        category_of = np.full(len(order), -1, np.int64)
        at = {number: k for k, number in enumerate(order.tolist())}
        for k, number in enumerate(numbers):
            if number not in at or number == 0:
                self.gathered.tally.drop("segments", "", 1, "has no pixels")
            else:
                category_of[at[number]] = common.category_id[k]
        known = category_of[where] >= 0
        label_map[known] = category_of[where][known]
        lost = int((~known & (ids != 0)).sum())
        self.gathered.tally.approximate("label_map", "", int(lost > 0), lost, "pixels", "ids of no segment")
        self.gathered.tally.keep("label_map")
        self._things(records, common, [at.get(number, -1) for number in numbers], where, image)
        self.gathered.tally.drop("segments", "id", len(infos), "numbered anew")

    def _things(
        self, records: Records, common: Common, places: list[int], where: IntArray, image: int
    ) -> None:
        """Boxes and pixels of things that are told apart."""
        is_thing = np.array([category.is_thing for category in self.taxonomy])
        kept = []
        for k, place in enumerate(places):
            if place < 0 or not is_thing[common.category_id[k]]:
                continue
            if common.is_crowd[k]:
                self.gathered.tally.drop("segments", "bbox", 1, "a crowd is pixels of the label map")
                continue
            if common.track_id[k] == NO_TRACK:
                common.track_id[k] = self.gathered.next_track
            self.gathered.next_track = max(self.gathered.next_track, int(common.track_id[k]) + 1)
            if self.gathered.painter.paint(image, where == place, int(common.track_id[k])):
                self.gathered.tally.keep("instance_map")
            kept.append(k)
        rows = np.array(kept, np.int64)
        xyxy = np.zeros((len(rows), 4))
        has_box = records.has("bbox")
        xywh = records.vectors("bbox", 4, has_box)
        for n, k in enumerate(kept):
            if has_box[k] and (xywh[k, 2:] >= 0).all():
                xyxy[n] = [*xywh[k, :2], *xywh[k, :2] + xywh[k, 2:]]
            else:
                xyxy[n] = _bounds(where == places[k])
        boxes: Any = Boxes2D(xyxy=xyxy.astype(np.float32), **common.of_table(rows))
        self.gathered.tally.keep("boxes2d", "", len(boxes))
        self.gathered.add("boxes2d", boxes, np.full(len(rows), image, np.int64), rows)


def _bounds(mask: Any) -> list[float]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)]
