"""Cityscapes as an image set: polygons, label maps, and instance maps with boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError, StoreError
from drivelabel.formats.building import MAX_PIXELS, ImageSetBuilder
from drivelabel.formats.cityscapes.names import (
    INSTANCES,
    KINDS,
    LABELS,
    POLYGONS,
    TRAIN_LABELS,
    Place,
    places_in,
)
from drivelabel.formats.imported import Imported
from drivelabel.formats.label_images import read_label_image
from drivelabel.formats.loading import Fields, is_scalar, read_json
from drivelabel.formats.loading.values import as_numbers
from drivelabel.formats.report import Tally
from drivelabel.labels import IMPORTED, VOID, Attributes, Boxes2D, Polygons, Table
from drivelabel.labels.polygons import MIN_RING
from drivelabel.labels.taxonomies import CITYSCAPES, CITYSCAPES_TRAIN_IDS
from drivelabel.media.images import read_image_header
from drivelabel.typing import AnyArray, FloatArray

OWN = "drivelabel"
"""Field of the polygon file in which we say what its format does not: ``labelled`` and ``tracks``."""

GROUP = "is_group"
"""Attribute of an area of things that nobody told apart (``cargroup``)."""

_N_IDS = 34
_FILE_KEYS = {"imgHeight", "imgWidth", "objects", OWN}


def looks_like_cityscapes(path: Path) -> bool:
    """Whether a folder has Cityscapes' label folders."""
    return path.is_dir() and any((path / kind).is_dir() for kind in KINDS)


def read_cityscapes(
    path: Path, *, layer: str = "truth", on_invalid: Literal["error", "skip"] = "error"
) -> Imported:
    """Polygons, label maps and instance maps of Cityscapes' folders.

    Args:
        path: the folder with ``gtFine`` (or ``gtCoarse``) and ``leftImg8bit``.
        layer: name of the layer.
        on_invalid: ``skip`` leaves out images whose files break a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a file breaks a rule of the format; the message names file and object.
    """
    path, tally = Path(path), Tally()
    if not looks_like_cityscapes(path):
        raise FormatError(f"{path}: expected a folder with gtFine or gtCoarse.")
    builder = ImageSetBuilder(path.stem, str(path), CITYSCAPES, layer)
    for place in places_in(path):
        try:
            _Image(path, place, builder, tally).read()
        except (FormatError, StoreError, InvalidLabelError) as error:
            if on_invalid == "error":
                raise
            tally.drop("images", "", 1, f"invalid: {error}")
    return Imported(builder.build(), tally.report("cityscapes", str(path)))


class _Image:
    """The label files of one image."""

    def __init__(self, root: Path, place: Place, builder: ImageSetBuilder, tally: Tally) -> None:
        self.root, self.place, self.builder, self.tally = root, place, builder, tally
        file = root / place.labels(POLYGONS)
        self.content = Fields(read_json(file), str(file)) if file.is_file() else None
        own = self.content.get(OWN) if self.content is not None else None
        self.own: dict[str, Any] = own if isinstance(own, dict) else {}

    def read(self) -> None:
        """Add the image with all its labels."""
        hw = self._image_hw()
        tables: list[Table] = []
        labelled = self.own.get("labelled")
        if self.content is not None and (not isinstance(labelled, list) or "polygons" in labelled):
            tables.append(self._polygons(self.content))
        label_map = self._label_map(hw)
        instance_map, boxes = self._instances(hw)
        if boxes is not None:
            tables.append(boxes)
        if isinstance(labelled, list) and "label_map" not in labelled:
            label_map = None
        self.builder.add(
            self.place.image,
            hw,
            *tables,
            split=self.place.split,
            label_map=label_map,
            instance_map=instance_map,
        )
        self.tally.keep("label_map", "", int(label_map is not None))
        self.tally.keep("instance_map", "", int(instance_map is not None))

    def _image_hw(self) -> tuple[int, int]:
        if self.content is not None:
            hw = self.content.integer("imgHeight"), self.content.integer("imgWidth")
            if min(hw) <= 0 or hw[0] * hw[1] > MAX_PIXELS:
                raise self.content.wrong(
                    f"expected an image of 1 to {MAX_PIXELS} pixels, got {hw[1]}x{hw[0]}."
                )
            return hw
        for name in (LABELS, TRAIN_LABELS, INSTANCES):
            if (file := self.root / self.place.labels(name)).is_file():
                return read_image_header(file).image_hw
        return read_image_header(self.root / self.place.image).image_hw

    def _polygons(self, content: Fields) -> Polygons:
        for key in content.value.keys() - _FILE_KEYS:
            self.tally.drop("files", key)
        rings: list[list[FloatArray]] = []
        ids: list[int] = []
        facts: list[dict[str, Any]] = []
        for item in content.objects("objects"):
            if item.get("deleted"):
                self.tally.drop("polygons", "", 1, "deleted")
                continue
            points = [as_numbers(p, f"{item.where}: polygon", 2) for p in item.items("polygon")]
            if len(points) < MIN_RING:
                raise item.wrong(f"polygon: expected at least {MIN_RING} points, got {len(points)}.")
            label = item.text("label")
            is_group = label not in CITYSCAPES and label.endswith("group")
            ids.append(CITYSCAPES.id_of(label.removesuffix("group") if is_group else label))
            rings.append([np.array(points)])
            facts.append({GROUP: True} if is_group else {})
            for key in item.value.keys() - {"label", "polygon", "deleted"}:
                value = item.get(key)
                if is_scalar(value) and value != "":
                    facts[-1][key] = value
                else:
                    self.tally.drop("polygons", key, int(bool(value)), "no plain value")
        columns: dict[str, Any] = dict(Polygons.ring_columns(rings))
        columns["category_id"] = np.array(ids, np.int64)
        columns["origin"] = np.full(len(ids), IMPORTED, np.uint8)
        self.tally.keep("polygons", "", len(ids))
        return Polygons(**columns, attributes=Attributes.from_rows(facts))

    def _label_map(self, hw: tuple[int, int]) -> AnyArray | None:
        if (file := self.root / self.place.labels(LABELS)).is_file():
            return _rows_of_ids(_grey(file, hw), file)
        if (file := self.root / self.place.labels(TRAIN_LABELS)).is_file():
            lookup = np.full(1 << 16, VOID, np.uint8)
            for row, train_id in reversed(list(enumerate(CITYSCAPES_TRAIN_IDS))):
                if 0 <= train_id < VOID:
                    lookup[train_id] = row
            return lookup[_grey(file, hw)]
        if (file := self.root / self.place.labels(INSTANCES)).is_file():
            ids = _grey(file, hw)
            wide = ids.astype(np.int64)  # 1000 is no uint8
            return _rows_of_ids(np.where(wide >= 1000, wide // 1000, wide), file)
        return None

    def _instances(self, hw: tuple[int, int]) -> tuple[AnyArray | None, Boxes2D | None]:
        """The instance map, and a tight box of each thing."""
        file = self.root / self.place.labels(INSTANCES)
        if not file.is_file():
            return None, None
        ids = _grey(file, hw)
        found, where = np.unique(ids, return_inverse=True)
        tracks = self.own.get("tracks")
        value_of = np.zeros(len(found), np.uint16)
        xyxy, classes, numbers = [], [], []
        for k, number in enumerate(found.tolist()):
            if number < 1000:
                continue
            track = tracks.get(str(number)) if isinstance(tracks, dict) else None
            value_of[k], track_id = self._value(track)
            mask = where.reshape(hw) == k
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            xyxy.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
            classes.append(number // 1000)
            numbers.append(track_id)
            if number // 1000 >= _N_IDS:
                raise FormatError(f"{file}: expected ids below {_N_IDS}000, got {number}.")
        self.tally.keep("boxes2d", "", len(xyxy), "round the mask")
        boxes = Boxes2D(
            xyxy=np.array(xyxy, np.float32).reshape(-1, 4),
            category_id=np.array(classes, np.int64),
            track_id=np.array(numbers, np.int64),
            origin=np.full(len(xyxy), IMPORTED, np.uint8),
        )
        return value_of[where].reshape(hw), boxes

    def _value(self, track: Any) -> tuple[int, int]:
        """A value of the instance maps for a thing, and its track id."""
        ids = self.builder.instance_track_id
        if type(track) is int and track >= 0:
            if track in ids:
                return ids.index(track) + 1, track
        else:
            track = max(ids, default=0) + 1
        if len(ids) == np.iinfo(np.uint16).max:
            self.tally.drop("instance_map", "", 1, "more than 65535 things in one set")
            return 0, track
        ids.append(track)
        return len(ids), track


def _grey(file: Path, hw: tuple[int, int]) -> AnyArray:
    pixels = read_label_image(file, hw)
    if pixels.ndim != 2:
        raise FormatError(f"{file}: expected one channel, got {pixels.shape[2]}.")
    return pixels


def _rows_of_ids(ids: AnyArray, file: Path) -> AnyArray:
    """(h, w) uint8 rows of the taxonomy; 255, which tools write for the license plate's -1, is void."""
    if ((ids >= _N_IDS) & (ids != VOID)).any():
        raise FormatError(f"{file}: expected ids 0 to {_N_IDS - 1}, got {int(ids[ids != VOID].max())}.")
    return ids.astype(np.uint8)
