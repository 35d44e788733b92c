"""COCO's list of images: from pictures, and as the sources and tags of an image set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.building import MAX_PIXELS, image_tags
from drivelabel.formats.coco.gather import Gathered
from drivelabel.formats.loading import Fields, Records, is_scalar, kept_name, scalars_of
from drivelabel.formats.pictures import Data, Picture, Pictures
from drivelabel.formats.report import Tally
from drivelabel.labels import IMPORTED, ORIGINS, Attributes, Tags
from drivelabel.scene import Layer, Source
from drivelabel.typing import BoolArray, IntArray

FACTS = "coco."
"""What names of tags begin with that are fields of COCO's images."""

_KNOWN = {"id", "width", "height", "file_name"}
_OURS = {"camera", "timestamp_ns", "source", "source_index", "labelled", "tags", "split"}


@dataclass(frozen=True, slots=True)
class ImageNumbers:
    """The id of each picture.

    Attributes:
        ids: those of the files that the pictures were read from where all have one, else counted from 1.
        are_given: whether they are the files'.
    """

    ids: list[int]
    are_given: bool

    @classmethod
    def of(cls, pictures: Pictures) -> ImageNumbers:
        """The ids of some pictures; which the layer itself does not say, another of the set's layers may."""
        found = [_given_ids(data, layer) for data, layer in zip(pictures.data, pictures.layers, strict=True)]
        given = [found[picture.data].get(picture.group) for picture in pictures.items]
        known = [number for number in given if number is not None]
        if len(set(known)) == len(given):
            return cls(known, True)
        return cls(list(range(1, len(pictures) + 1)), False)


def _given_ids(data: Data, layer: Layer) -> dict[int, int]:
    """Group to the id that a tag names."""
    for own in (layer, *data.layers.values()):
        tags = own.tables.get("tags")
        if tags is not None and f"{FACTS}id" in tags.rows.attributes:
            ids = tags.rows.attributes[f"{FACTS}id"].to_list()
            groups = tags.group_of_row.tolist()
            return {group: number for group, number in zip(groups, ids, strict=True) if type(number) is int}
    return {}


def image_entry(
    pictures: Pictures, picture: Picture, number: int, are_given: bool, file_name: str, tally: Tally
) -> dict[str, Any]:
    """One picture's entry; `are_given` says that ids are those of :class:`ImageNumbers` from files."""
    height, width = picture.image_hw
    entry: dict[str, Any] = {"id": number, "file_name": file_name, "width": width, "height": height}
    if picture.camera:
        entry |= {"camera": picture.camera, "timestamp_ns": picture.timestamp_ns}
        entry |= {"source": picture.source.path, "source_index": picture.source_index}
    if picture.split:
        entry["split"] = picture.split
    entry["labelled"] = pictures.labelled_kinds(picture)
    tags = pictures.table("tags", picture)
    if tags is None:
        return entry
    rows: list[dict[str, Any]] = []
    fields: dict[str, Any] = {}
    for row in range(len(tags)):
        facts = tags.attributes.row(row)
        plain = tags.score[row] == 1 and tags.origin[row] == IMPORTED and not fields
        if plain and _are_fields(facts, are_given):
            fields = {name.removeprefix(FACTS): value for name, value in facts.items()}
        else:
            rows.append(
                {"score": float(tags.score[row]), "origin": ORIGINS[tags.origin[row]], "attributes": facts}
            )
    tally.keep("tags", "", len(tags), "extra field of the image")
    return {**fields, **entry, "tags": rows}


def _are_fields(facts: Mapping[str, Any], are_given: bool) -> bool:
    """Whether facts can stand as fields of the image, and be told from ours when they are read."""
    taken = (_KNOWN | _OURS) - ({"id"} if are_given else set())
    return (
        bool(facts)
        and (f"{FACTS}id" in facts) == are_given
        and all(name.startswith(FACTS) and name.removeprefix(FACTS) not in taken for name in facts)
    )


@dataclass(slots=True)
class ImageList:
    """The images of all files so far.

    Attributes:
        sources, hws: one each.
        splits: name to rows.
        labelled: kind to the rows that a file of ours says somebody looked at.
        unsaid: rows of which no file says so.
        ids_are_given: whether the ids in a file of ours are those of another file.
    """

    sources: list[Source] = field(default_factory=list)
    hws: list[IntArray] = field(default_factory=list)
    splits: dict[str, list[int]] = field(default_factory=dict)
    labelled: dict[str, list[int]] = field(default_factory=dict)
    unsaid: list[int] = field(default_factory=list)
    ids_are_given: bool = False
    _names: set[str] = field(default_factory=set)

    def add(self, records: Records, prefix: str, split: str, gathered: Gathered) -> dict[int, int]:
        """Add a file's images; the row of each id. Bad ones are refused or dropped and counted."""
        tally, first = gathered.tally, len(self.sources)
        ids = records.integers("id")
        hw = np.stack([records.integers("height"), records.integers("width")], axis=1)
        names = records.texts("file_name")
        self._check(records, ids, hw, names)
        good = np.flatnonzero(records.good())
        for row in records.bad:
            tally.drop("images", "", 1, f"invalid: {records.bad[row]}")
        row_of = {number: first + k for k, number in enumerate(ids[good].tolist())}
        for row in good.tolist():
            name, same = kept_name(names[row])
            tally.drop("images", "file_name", int(not same), "led out of the folder; what does not is kept")
            name = prefix + name
            if name in self._names:
                raise FormatError(f"{records.place(row)}: file_name {name[:200]!r} occurs twice.")
            self._names.add(name)
            self.sources.append(Source(name, "image"))
        self.hws.append(hw[good])
        self._add_facts(records, good, split, first, gathered)
        return row_of

    def _check(self, records: Records, ids: IntArray, hw: IntArray, names: list[str]) -> None:
        size = hw.astype(np.float64).prod(axis=1)
        wrong = (hw <= 0).any(axis=1) | (size > MAX_PIXELS)
        for row in np.flatnonzero(wrong).tolist():
            if row not in records.bad:
                records.refuse(
                    row, f"expected 1 to {MAX_PIXELS} pixels, got width {hw[row, 1]} and height {hw[row, 0]}."
                )
        for what, values in (("id", ids.tolist()), ("file_name", names)):
            if len(set(values)) < len(values):
                seen: set[Any] = set()
                for row, value in enumerate(values):
                    if value in seen and row not in records.bad:
                        records.refuse(row, f"{what} {value!r:.200}: occurs twice.")
                    seen.add(value)

    def _add_facts(
        self, records: Records, good: IntArray, split: str, first: int, gathered: Gathered
    ) -> None:
        names = set(records.names())
        if not names & (_OURS | {"labelled"}) and names <= _KNOWN and self._plain_ids(records, good):
            rows = range(first, first + len(good))
            self.unsaid += rows
            if split:
                self.splits.setdefault(split, []).extend(rows)
            return
        for k, row in enumerate(good.tolist()):
            item = Fields(records.items[row], records.place(row))
            own_split = item.get("split")
            if part := own_split if isinstance(own_split, str) and own_split else split:
                self.splits.setdefault(part, []).append(first + k)
            kinds = item.get("labelled")
            if isinstance(kinds, list):
                for kind in {kind for kind in kinds if isinstance(kind, str)}:
                    self.labelled.setdefault(kind, []).append(first + k)
            else:
                self.unsaid.append(first + k)
            self._add_tags(item, first + k, isinstance(kinds, list), gathered)

    def _plain_ids(self, records: Records, good: IntArray) -> bool:
        return not self.sources[: -len(good) or None] and [
            records.items[row]["id"] for row in good.tolist()
        ] == list(range(1, len(good) + 1))

    def _add_tags(self, item: Fields, row: int, is_own: bool, gathered: Gathered) -> None:
        facts: dict[str, Any] = {f"{FACTS}id": item.integer("id")} if not is_own or self.ids_are_given else {}
        for name, value in item.value.items():
            if name in _KNOWN or name in ("labelled", "tags", "split"):
                continue
            if name in _OURS:
                gathered.tally.drop("frames", name, 1, "image sets are no drives")
            elif is_scalar(value):
                facts[FACTS + name] = value
            else:
                gathered.tally.drop("images", name, int(value is not None), "no plain value")
        parts = [image_tags(facts)] if facts else []
        parts += [own_tags(item)] if "tags" in item else []
        if not parts:
            return
        tags = Tags.concat(parts)
        gathered.tally.keep("tags", "", len(tags))
        rows = np.full(len(tags), row, np.int64)
        gathered.add("tags", tags, rows, np.arange(len(tags)) - len(tags))


def own_tags(item: Fields) -> Tags:
    """The tags that a file of ours lists as ``tags``."""
    score, origin, facts = [], [], []
    for tag in item.objects("tags"):
        value = tag.number("score", 1.0)
        if not 0 <= value <= 1:
            raise tag.wrong(f"score: expected a number in [0, 1], got {value:g}.")
        word = tag.get("origin")
        score.append(value)
        origin.append(ORIGINS.index(word) if word in ORIGINS else IMPORTED)
        facts.append(scalars_of(tag.get("attributes")))
    return Tags(
        score=np.array(score, np.float32),
        origin=np.array(origin, np.uint8),
        attributes=Attributes.from_rows(facts),
    )


def labelled_flags(images: ImageList, kinds: Sequence[str], n: int) -> dict[str, BoolArray]:
    """Kind to the images that somebody looked at for it: as the file says, else all when there is any."""
    flags: dict[str, BoolArray] = {}
    for kind in dict.fromkeys([*images.labelled, *kinds]):
        flags[kind] = np.zeros(n, np.bool_)
        flags[kind][images.labelled.get(kind, [])] = True
        if kind in kinds and kind != "tags":
            flags[kind][images.unsaid] = True
    return flags
