"""What all annotations of a file have in common, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.formats.loading import Records, is_scalar, scalars_of
from drivelabel.formats.report import Tally
from drivelabel.labels import IMPORTED, NO_TRACK, ORIGINS, Attributes
from drivelabel.typing import BoolArray, IntArray

KNOWN = frozenset(
    {
        "id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation", "keypoints",
        "num_keypoints", "score", "track_id", "origin", "attributes", "rows", "polygon", "caption",
    }
)  # fmt: skip
"""Keys of annotations that have a place of their own here, or are only bookkeeping."""

OWN = frozenset({"kind", "polyline", "style", "source", "position", "state", "arrow", "relevance", "box"})
"""Keys of our own annotations; elsewhere they are attributes like any other."""

KINDS = ("", "box", "area", "lane_line", "traffic_light", "keypoints", "polygon")
"""Values of ``kind``; "" for annotations that other tools wrote."""
FOREIGN, BOX, AREA, LINE, LIGHT, SKELETON, POLYGON = range(len(KINDS))


@dataclass(frozen=True, slots=True)
class Common:
    """Columns of all annotations of a file.

    Attributes:
        image: row of the image set.
        kind: index into KINDS.
        category_id, score, track_id, origin, attributes: as in every table.
        is_crowd: whether it stands for a crowd.
    """

    image: IntArray
    kind: IntArray
    category_id: IntArray
    score: Any
    track_id: IntArray
    origin: Any
    attributes: Attributes
    is_crowd: BoolArray

    def of_table(self, rows: IntArray) -> dict[str, Any]:
        """The columns that all tables share, at some annotations."""
        names = ("category_id", "score", "track_id", "origin", "attributes")
        return {name: getattr(self, name)[rows] for name in names}


def read_common(
    records: Records, row_of_image: dict[int, int], row_of_category: dict[int, int], tally: Tally
) -> Common:
    """The columns; annotations that break a rule are refused."""
    names = records.names()
    _check_ids(records, names["id"])
    image = _rows_of(records, "image_id", row_of_image)
    needs = 1 - records.has("caption") if "caption" in names else np.ones(len(records))
    category_id = _rows_of(records, "category_id", row_of_category, needed=needs.astype(np.bool_))
    score = records.numbers("score", 1.0)
    for row in np.flatnonzero((score < 0) | (score > 1)).tolist():
        records.refuse(row, f"score: expected a number in [0, 1], got {score[row]:g}.")
    is_crowd = records.flags("iscrowd") if "iscrowd" in names else np.zeros(len(records), np.bool_)
    return Common(
        image=image,
        kind=_kinds(records) if "kind" in names else np.zeros(len(records), np.int64),
        category_id=category_id,
        score=np.clip(score, 0, 1).astype(np.float32),
        track_id=_tracks(records) if "track_id" in names else np.full(len(records), NO_TRACK, np.int64),
        origin=_origins(records) if "origin" in names else np.full(len(records), IMPORTED, np.uint8),
        attributes=_attributes(records, is_crowd, set(names), tally),
        is_crowd=is_crowd,
    )


def _check_ids(records: Records, n_with_id: int) -> None:
    if not n_with_id:
        return
    ids = records.integers("id", -1)
    unique, first = np.unique(ids, return_index=True)
    if len(unique) == len(ids):
        return
    again = np.setdiff1d(np.arange(len(ids)), first)
    for row in again[ids[again] != -1].tolist():
        records.refuse(row, f"id {ids[row]}: occurs twice.")


def _rows_of(
    records: Records, name: str, row_of: dict[int, int], needed: BoolArray | None = None
) -> IntArray:
    ids = records.integers(name, None if needed is None or needed.all() else -1)
    known = np.array(sorted(row_of), np.int64)
    at = np.searchsorted(known, ids)
    at[at == len(known)] = 0
    found = known[at] == ids if len(known) else np.zeros(len(ids), np.bool_)
    wrong = ~found if needed is None else ~found & needed
    for row in np.flatnonzero(wrong).tolist():
        if row not in records.bad:
            records.refuse(row, f"{name}: there is none of id {ids[row]}.")
    if not len(known):
        return np.zeros(len(ids), np.int64)
    rows = np.array([row_of[number] for number in known.tolist()], np.int64)[at]
    return np.where(found, rows, 0)


def _kinds(records: Records) -> IntArray:
    codes = {name: code for code, name in enumerate(KINDS)}
    values = records.values("kind")
    return np.array([codes.get(v, FOREIGN) if isinstance(v, str) else FOREIGN for v in values], np.int64)


def _tracks(records: Records) -> IntArray:
    values = records.values("track_id")
    return np.array([v if type(v) is int and v >= 0 else NO_TRACK for v in values], np.int64)


def _origins(records: Records) -> Any:
    codes = {name: code for code, name in enumerate(ORIGINS)}
    values = records.values("origin")
    return np.array([codes.get(v, IMPORTED) if isinstance(v, str) else IMPORTED for v in values], np.uint8)


def _attributes(records: Records, is_crowd: BoolArray, names: set[str], tally: Tally) -> Attributes:
    """Named values, and whatever else an annotation says of itself in one word."""
    own = "kind" in names
    extra = sorted(names - KNOWN - (OWN if own else frozenset()))
    if "track_id" in names and any(isinstance(v, str) for v in records.values("track_id")):
        extra.append("track_id")  # a text, where ours are numbers
    if not extra and "attributes" not in names and not is_crowd.any():
        return Attributes.empty(len(records))
    rows: list[dict[str, Any]] = []
    for item, crowd in zip(records.items, is_crowd.tolist(), strict=True):
        given = item.get("attributes")
        row = scalars_of(given)
        if isinstance(given, dict):
            for name in given.keys() - row.keys():
                tally.drop(
                    "annotations", f"attributes.{name}", int(given[name] is not None), "no plain value"
                )
        for name in extra:
            value: Any = item.get(name)
            if is_scalar(value):
                row.setdefault(name, value)
            else:
                tally.drop("annotations", name, int(value is not None), "no plain value")
        if crowd:
            row["iscrowd"] = True
        rows.append(row)
    return Attributes.from_rows(rows)
