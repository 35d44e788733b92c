"""nuImages' tables as an image set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.building import MAX_PIXELS
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import Fields, safe_join
from drivelabel.formats.nuimages import schema
from drivelabel.formats.nuimages.labels import decoded
from drivelabel.formats.nuimages.masks import MAX_THINGS, CodedMasks
from drivelabel.formats.nuscenes.annotations import OnInvalid, taxonomy_of_records
from drivelabel.formats.nuscenes.tables import SmallTable, find_version, read_small_table
from drivelabel.formats.report import Tally
from drivelabel.geometry import Rle, merge_rles, rle_area
from drivelabel.labels import (
    IMPORTED,
    NO_TRACK,
    ORIGINS,
    VOID,
    Attributes,
    Boxes2D,
    Grouped,
    Tags,
    Taxonomy,
)
from drivelabel.media.images import read_image_header
from drivelabel.scene import ImageSet, Layer, Source
from drivelabel.typing import IntArray


def read_nuimages(
    path: Path | str,
    *,
    layer: str = "truth",
    version: str | None = None,
    on_invalid: OnInvalid = "error",
) -> Imported:
    """The labelled images of a folder in nuImages' layout.

    Masks stay coded until they are asked for. Camera, time, place and tokens of an image are facts about it.

    Args:
        path: the data's root, or the folder of its tables.
        layer: name of the layer with the labels.
        version: name of the folder with the tables; may be None when there is only one.
        on_invalid: ``error`` refuses damaged annotations, ``skip`` leaves them out and counts them.

    Raises:
        StoreError: a table is missing or cannot be read.
        FormatError: the tables are damaged or contradict themselves.
    """
    root, version = find_version(Path(path), version, "object_ann")
    tally = Tally()
    tables = ImageTables(root, version)
    reader = LabelReader(tables, on_invalid, tally)
    images = reader.images()
    reader.objects()
    reader.surfaces()
    tables.count_unknown(tally)
    made = reader.layer(layer)
    found = ImageSet(
        name=root.name or version,
        sources=tuple(Source(name, "image") for name in images.names),
        image_hw=np.array(images.hws, np.int64).reshape(-1, 2),
        taxonomy=made.taxonomy,
        layers={layer: made},
        splits={name: np.array(rows, np.int64) for name, rows in images.splits.items()},
        root=str(root.absolute()),
    )
    return Imported(found, tally.report("nuimages", str(root / version)))


@dataclass(slots=True)
class ImageTables:
    """The tables of a version, each read once.

    Attributes:
        root: the folder that file names count from.
        version: name of the folder with the tables.
    """

    root: Path
    version: str
    _read: dict[str, SmallTable] = field(default_factory=dict)

    def get(self, name: str) -> SmallTable:
        """A table. Raises StoreError and FormatError as :func:`read_small_table`."""
        if name not in self._read:
            path = self.root / self.version / f"{name}.json"
            self._read[name] = read_small_table(path, schema.KEYS[name])
        return self._read[name]

    def count_unknown(self, tally: Tally) -> None:
        """Count keys that are not nuImages'."""
        for name, table in self._read.items():
            for key, count in table.unknown.items():
                tally.drop(name, key, count, "no key of nuImages")


@dataclass(slots=True)
class Images:
    """The key frames of cameras, one row each.

    Attributes:
        names: of their files.
        hws: height and width.
        tokens: of sample data to row.
        tags: facts about each.
        labelled: for which kinds somebody looked at it; None where the tables are other people's: for all.
        splits: name to rows.
    """

    names: list[str] = field(default_factory=list)
    hws: list[tuple[int, int]] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)
    tags: list[list[dict[str, Any]]] = field(default_factory=list)
    labelled: list[Any] = field(default_factory=list)
    splits: dict[str, list[int]] = field(default_factory=dict)


class LabelReader:
    """The labels of a version while they are read.

    Args:
        tables: of the version.
        on_invalid: what becomes of damaged annotations.
        tally: where they are counted.
        images: whose labels; None to read them with :meth:`images`.
        taxonomy: of the labels, when the categories' names were read before.
        free_from: the first track id for things that have none.
        elsewhere: tokens of sample data whose annotations are passed over: those of other scenes.
    """

    def __init__(
        self,
        tables: ImageTables,
        on_invalid: OnInvalid,
        tally: Tally,
        images: Images | None = None,
        *,
        taxonomy: Taxonomy | None = None,
        free_from: int = 0,
        elsewhere: Set[str] = frozenset(),
    ) -> None:
        self.tables, self.on_invalid, self.tally = tables, on_invalid, tally
        found = taxonomy_of_records(tables.get("category"), "nuimages")
        self.taxonomy: Taxonomy = taxonomy or found[0]
        self._category = found[1]
        self._free_from, self._elsewhere = free_from, elsewhere
        self._images = images or Images()
        self._boxes: list[tuple[int, dict[str, Any], dict[str, Any]]] = []
        self._masks: dict[int, list[tuple[int, Rle]]] = {}
        self._areas: dict[int, list[tuple[int, Rle]]] = {}
        self._tracks: dict[int, None] = {}

    def images(self) -> Images:
        """Read the key frames of cameras."""
        found = self._images
        n_other = 0
        for token, record in self.tables.get("sample_data").records.items():
            calibrated = self.tables.get("calibrated_sensor").get(
                record.text("calibrated_sensor_token"), record.where
            )
            sensor = self.tables.get("sensor").get(calibrated.text("sensor_token"), calibrated.where)
            if not record.flag("is_key_frame") or sensor.text("modality") != "camera":
                n_other += 1
                continue
            name = record.text("filename")
            path = safe_join(self.tables.root, name)
            height, width = record.integer("height", 0), record.integer("width", 0)
            if height <= 0 or width <= 0:
                height, width = read_image_header(path).image_hw
            if height * width > MAX_PIXELS:
                raise FormatError(f"{record.where}: expected at most {MAX_PIXELS} pixels.")
            found.tokens[token] = len(found.names)
            found.names.append(name)
            found.hws.append((height, width))
            self._about(record, sensor)
            for key in ("ego_pose_token",):
                self.tally.drop("images", key, int(bool(record.get(key))), "image sets have no drive")
            self.tally.drop(
                "images",
                "calibration",
                int(bool(calibrated.get("camera_intrinsic"))),
                "image sets have no drive",
            )
        if len(set(found.names)) < len(found.names):
            raise FormatError(f"{self.tables.get('sample_data').path}: a filename occurs twice.")
        self.tally.drop("sample_data", "", n_other, "between key frames, or of a lidar")
        self.tally.keep("images", "", len(found.names))
        return found

    def _about(self, data: Fields, sensor: Fields) -> None:
        """Facts of an image, from its sample and log."""
        found = self._images
        sample = self.tables.get("sample").get(data.text("sample_token"), data.where)
        extra = sample.get(schema.EXTRA)
        if isinstance(extra, Mapping):
            own = Fields(extra, f"{sample.where}, {schema.EXTRA}")
            found.labelled.append([str(kind) for kind in own.items("labelled", [])])
            timed = int(data.integer("timestamp") > 0)
            self.tally.drop("frames", "timestamp_ns", timed, "image sets have no drive")
            found.tags.append([dict(tag.value) for tag in own.objects("tags", [])])
            if "split" in own:
                found.splits.setdefault(own.text("split"), []).append(len(found.names) - 1)
            return
        log = self.tables.get("log").get(sample.text("log_token"), sample.where)
        facts = {
            "camera": sensor.text("channel").lower(),
            "timestamp_ns": data.integer("timestamp") * 1000,
            "sample_data_token": data.text("token"),
            "sample_token": sample.text("token"),
            **{name: log.text(name, "") for name in ("logfile", "vehicle", "date_captured", "location")},
        }
        found.labelled.append(None)
        found.tags.append([{"attributes": {k: v for k, v in facts.items() if v != ""}}])

    def _image_of(self, record: Fields) -> int:
        token = record.text("sample_data_token")
        if token not in self._images.tokens:
            raise FormatError(f"{record.where}: sample_data_token: no key frame of a camera has it.")
        return self._images.tokens[token]

    def _own(self, table: str) -> Iterator[Fields]:
        """The records of a table but those of other scenes."""
        for record in self.tables.get(table).records.values():
            token = record.get("sample_data_token")
            is_text = isinstance(token, str)  # what is not is said where the record is read
            if not is_text or token in self._images.tokens or token not in self._elsewhere:
                yield record

    def objects(self) -> None:
        """Read boxes, with the masks of things."""
        for record in self._own("object_ann"):
            try:
                self._object(record)
            except FormatError as error:
                self._damaged("object_ann", error)

    def _object(self, record: Fields) -> None:
        image = self._image_of(record)
        own = Fields(record.get(schema.EXTRA) or {}, f"{record.where}, {schema.EXTRA}")
        xyxy = own.numbers("xyxy", 4) if "xyxy" in own else record.numbers("bbox", 4)
        if (xyxy[2:] < xyxy[:2]).any() or np.abs(xyxy).max() > 3e38:
            raise FormatError(
                f"{record.where}: bbox: expected left, top, right, bottom, got {xyxy.tolist()}."
            )
        score = own.number("score", 1.0)
        if not 0 <= score <= 1:
            raise FormatError(f"{own.where}: expected a score from 0 to 1, got {score:g}.")
        attributes = self._attributes(record)
        attributes |= dict(own.object("attributes").value) if "attributes" in own else {}
        if schema.EXTRA not in record and self._images.labelled[image] is None:
            attributes["token"] = record.text("token")
        track = max(own.integer("track_id", NO_TRACK), NO_TRACK)
        columns = {
            "xyxy": xyxy,
            "category_id": self._class(record),
            "score": score,
            "origin": _origin(own),
        }
        rle = None if record.get("mask") is None else self._rle(record, image)
        if rle is not None and self._room():
            track = track if track != NO_TRACK else -2 - len(self._tracks)
            self._tracks[track] = None
            self._masks.setdefault(image, []).append((track, rle))
        self._boxes.append((image, columns | {"track_id": track}, attributes))

    def _room(self) -> bool:
        if len(self._tracks) < MAX_THINGS:
            return True
        self.tally.drop("instance_map", "", 1, f"more than {MAX_THINGS} masks in one set")
        return False

    def _attributes(self, record: Fields) -> dict[str, Any]:
        names = {}
        for token in record.items("attribute_tokens"):
            if not isinstance(token, str):
                raise FormatError(f"{record.where}: attribute_tokens: expected texts.")
            names[self.tables.get("attribute").get(token, record.where).text("name")] = True
        return names

    def _class(self, record: Fields) -> int:
        token = record.text("category_token")
        if token not in self._category:
            raise FormatError(f"{record.where}: category_token: category.json has no such token.")
        return self._category[token]

    def _rle(self, record: Fields, image: int) -> Rle:
        mask = record.object("mask")
        rle = decoded(mask.value, record.where)
        size = rle["size"]
        whole = isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)
        if not whole or tuple(size) != self._images.hws[image]:
            raise FormatError(
                f"{record.where}: mask: expected size {list(self._images.hws[image])}, got {str(size)[:60]}."
            )
        try:
            rle_area([rle])
        except InvalidLabelError as error:
            raise FormatError(f"{record.where}: mask: {error}") from None
        return rle

    def surfaces(self) -> None:
        """Read masks of areas, where the version has any."""
        if not (self.tables.root / self.tables.version / "surface_ann.json").is_file():
            return
        for record in self._own("surface_ann"):
            try:
                image = self._image_of(record)
                if record.get("mask") is None:
                    self.tally.drop("surface_ann", "", 1, "has no mask")
                    continue
                self._areas.setdefault(image, []).append((self._class(record), self._rle(record, image)))
            except FormatError as error:
                self._damaged("surface_ann", error)

    def _damaged(self, table: str, error: FormatError) -> None:
        if self.on_invalid == "error":
            raise FormatError(f'{error} Leave it out with on_invalid="skip".') from None
        self.tally.drop(table, "", 1, "damaged")

    def layer(self, name: str) -> Layer:
        """All labels."""
        n = len(self._images.names)
        tables: dict[str, Any] = {}
        if (boxes := self._table(n)) is not None:
            tables["boxes2d"] = boxes
        if (tags := self._tags(n)) is not None:
            tables["tags"] = tags
        tracks = list(self._tracks)
        rows = {track: row + 1 for row, track in enumerate(tracks)}
        masks = {g: [(rows[t], rle) for t, rle in own] for g, own in self._masks.items()}
        self._count_overlaps("instance_map", masks)
        self._count_overlaps("label_map", self._areas)
        areas = self._areas
        for image, kinds in enumerate(self._images.labelled):
            if "instance_map" in (kinds or []):
                masks.setdefault(image, [])
            if kinds is None or "label_map" in kinds:
                areas.setdefault(image, [])
        is_test = not self._boxes and not self._areas
        hws = self._images.hws
        return Layer(
            name,
            self.taxonomy,
            author="nuImages",
            tables=tables,
            label_maps=CodedMasks(areas, hws, np.uint8, VOID) if areas and not is_test else None,
            instance_maps=CodedMasks(masks, hws, np.uint16, 0) if masks else None,
            instance_track_id=np.array([self._number(t) for t in tracks], np.int64),
        )

    def _number(self, track: int) -> int:
        """Track ids of things that the file gives none: from the first free number on."""
        if track >= NO_TRACK:
            return track
        return self._first_free + (-2 - track)

    @property
    def _first_free(self) -> int:
        own = max((columns["track_id"] for _, columns, _ in self._boxes), default=-1) + 1
        return max(own, self._free_from)

    def _table(self, n: int) -> Grouped[Boxes2D] | None:
        looked = np.array([kinds is None or "boxes2d" in kinds for kinds in self._images.labelled], np.bool_)
        if not self._boxes and not any(kinds and "boxes2d" in kinds for kinds in self._images.labelled):
            return None
        rows = sorted(self._boxes, key=lambda box: box[0])
        image = np.array([box[0] for box in rows], np.int64)
        looked[image] = True
        free = self._first_free
        track = np.array([box[1]["track_id"] for box in rows], np.int64)
        columns: dict[str, Any] = {
            "xyxy": np.array([box[1]["xyxy"] for box in rows], np.float32).reshape(-1, 4),
            "track_id": np.where(track < NO_TRACK, free - 2 - track, track),
            "score": np.array([box[1]["score"] for box in rows], np.float32),
            "category_id": np.array([box[1]["category_id"] for box in rows], np.int64),
            "origin": np.array([box[1]["origin"] for box in rows], np.uint8),
        }
        self.tally.keep("boxes2d", "", len(rows))
        try:
            boxes = Boxes2D(**columns, attributes=Attributes.from_rows([box[2] for box in rows]))
        except InvalidLabelError as error:
            raise FormatError(f"{self.tables.get('object_ann').path}: {error}") from None
        return Grouped(boxes, _offsets(image, n), looked)

    def _tags(self, n: int) -> Grouped[Tags] | None:
        rows = [(image, tag) for image, tags in enumerate(self._images.tags) for tag in tags]
        looked = np.array([kinds is None or "tags" in kinds for kinds in self._images.labelled], np.bool_)
        if not rows and not any(kinds and "tags" in kinds for kinds in self._images.labelled):
            return None
        image = np.array([image for image, _ in rows], np.int64)
        looked[image] = True
        where = f"{self.tables.get('sample').path}, tags"
        try:
            tags = Tags(
                score=np.array([Fields(tag, where).number("score", 1.0) for _, tag in rows], np.float32),
                origin=np.array([_origin(Fields(tag, where)) for _, tag in rows], np.uint8),
                attributes=Attributes.from_rows(
                    [Fields(tag, where).object("attributes").value for _, tag in rows]
                ),
            )
        except InvalidLabelError as error:
            raise FormatError(f"{where}: {error}") from None
        return Grouped(tags, _offsets(image, n), looked)

    def _count_overlaps(self, what: str, masks: Mapping[int, list[tuple[int, Rle]]]) -> None:
        for own in masks.values():
            codes = [rle for _, rle in own]
            if len(codes) > 1:
                areas = rle_area([*codes, merge_rles(codes)])
                covered = int(areas[:-1].sum() - areas[-1])
                note = "masks overlap, later ones win"
                self.tally.approximate(what, "", int(covered > 0), covered, "pixels", note)


def _origin(own: Fields) -> int:
    name = own.text("origin", ORIGINS[IMPORTED])
    if name not in ORIGINS:
        raise FormatError(f"{own.where}: origin: expected one of {', '.join(ORIGINS)}.")
    return ORIGINS.index(name)


def _offsets(group: IntArray, n: int) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.bincount(group, minlength=n))]).astype(np.int64)


def is_nuimages(path: Path) -> bool:
    """Whether a path looks like a folder in nuImages' layout, or its folder of tables."""
    folders = [path, *path.glob("v*.*")] if path.is_dir() else []
    return any(
        (folder / "object_ann.json").is_file() and not (folder / "sample_annotation.json").is_file()
        for folder in folders
    )
