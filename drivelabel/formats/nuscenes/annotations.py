"""The cuboids of a scene of nuScenes as our table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.loading import Fields
from drivelabel.formats.loading.json_table import JsonTable
from drivelabel.formats.nuscenes import schema
from drivelabel.formats.nuscenes.numbers import shortest
from drivelabel.formats.nuscenes.recorded import Recording
from drivelabel.formats.nuscenes.tables import SmallTable, Tables
from drivelabel.formats.nuscenes.velocity import devkit_velocity, neighbours
from drivelabel.formats.report import Tally
from drivelabel.labels import (
    ABSENT,
    IMPORTED,
    NO_TRACK,
    NUSCENES,
    ORIGINS,
    AttributeColumn,
    Attributes,
    Boxes3D,
    Grouped,
    Taxonomy,
)
from drivelabel.typing import BoolArray, FloatArray, Int32Array, IntArray

OnInvalid = Literal["error", "skip"]
_UNIT = 1e-3


def read_taxonomy(tables: Tables) -> tuple[Taxonomy, dict[str, int]]:
    """The classes of the tables, and token to row of them.

    Names that are all nuScenes' own give its built-in taxonomy, whatever their order.
    """
    return taxonomy_of_records(tables.small("category"), "nuscenes")


def taxonomy_of_records(table: SmallTable, name: str) -> tuple[Taxonomy, dict[str, int]]:
    """The classes of a table of categories, and token to row of them; see :func:`read_taxonomy`.

    Raises:
        FormatError: a name occurs twice.
    """
    names = [record.text("name") for record in table.records.values()]
    if len(set(names)) != len(names):
        raise FormatError(f"{table.path}: a name occurs twice.")
    taxonomy = NUSCENES if set(names) <= set(NUSCENES.names) else taxonomy_of_names(name, names)
    return taxonomy, {token: taxonomy.id_of(text) for token, text in zip(table.records, names, strict=True)}


@dataclass(slots=True)
class _Rows:
    """The annotations of a scene, in order of their samples."""

    table: JsonTable
    rows: IntArray
    sample: IntArray
    instance: IntArray

    def keep(self, good: BoolArray) -> _Rows:
        return _Rows(self.table, self.rows[good], self.sample[good], self.instance[good])

    def numbers(self, name: str) -> FloatArray:
        return self.table.numbers[name][self.rows]

    def texts(self, name: str) -> list[str]:
        return self.table.texts[name][self.rows].texts()

    def values(self, name: str) -> list[Any]:
        return self.table.texts[name][self.rows].values()


def read_boxes(
    tables: Tables,
    recording: Recording,
    taxonomy_rows: Mapping[str, int],
    taxonomy: Taxonomy,
    on_invalid: OnInvalid,
    tally: Tally,
    *,
    keep_tokens: bool,
    is_ours: bool,
) -> Grouped[Boxes3D] | None:
    """Cuboids by sample; None when no sample of the scene is annotated and the tables say so.

    Raises:
        FormatError: an annotation is damaged and may not be skipped, or names what is not there.
    """
    found = _of_scene(tables, recording)
    found = _without_damaged(tables, found, taxonomy_rows, on_invalid, tally)
    n = int((~recording.is_made).sum())
    labelled = np.ones(n, np.bool_)
    labelled[recording.tokens["unlabelled"]] = False
    if not len(found.rows) and not labelled.any():
        return None
    if not len(tables.annotation) and not is_ours:
        return None  # a test split: nobody says that there is nothing
    labelled[found.sample] = True
    boxes = _boxes(tables, recording, found, taxonomy_rows, taxonomy, tally, keep_tokens=keep_tokens)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(found.sample, minlength=n))]).astype(np.int64)
    return Grouped(boxes, offsets, labelled)


def _of_scene(tables: Tables, recording: Recording) -> _Rows:
    table = tables.annotation
    of_row = tables.index("sample").find(table.texts["sample_token"])
    if (of_row < 0).any():
        row = int(np.argmax(of_row < 0))
        raise FormatError(f"{table.path}, row {row}: sample_token: sample.json has no such token.")
    place = np.full(len(tables.sample), -1, np.int64)
    place[recording.samples[~recording.is_made]] = np.arange(int((~recording.is_made).sum()))
    rows = np.flatnonzero(place[of_row] >= 0)
    rows = rows[np.argsort(place[of_row[rows]], kind="stable")]
    instance = tables.index("instance").find(table.texts["instance_token"][rows])
    tables.index("annotation")
    return _Rows(table, rows, place[of_row[rows]], instance)


def _without_damaged(
    tables: Tables, found: _Rows, taxonomy_rows: Mapping[str, int], on_invalid: OnInvalid, tally: Tally
) -> _Rows:
    """The annotations that can be kept; the first that cannot is an error, or all are counted."""
    size, quat = found.numbers("size"), found.numbers("rotation")
    reasons = [
        (found.instance < 0, "instance_token: instance.json has no such token"),
        (~(size > 0).all(axis=1), "size: expected positive metres"),
        (
            ~(np.abs(np.linalg.norm(quat, axis=1) - 1) < _UNIT),
            "rotation: expected a quaternion of unit length",
        ),
        (~(np.abs(found.numbers("translation")) < 1e12).all(axis=1), "translation: expected metres"),
        (~(size < 1e6).all(axis=1), "size: expected metres"),
        (~(np.abs(found.numbers("num_lidar_pts")) < 2**53), "num_lidar_pts: expected a count"),
        (~(np.abs(found.numbers("num_radar_pts")) < 2**53), "num_radar_pts: expected a count"),
    ]
    tokens = tables.instance.texts["category_token"]
    known = np.array(
        [token in taxonomy_rows for token in tokens[np.maximum(found.instance, 0)].texts()], np.bool_
    )
    reasons.insert(1, (~known & (found.instance >= 0), "its instance's category_token is not there"))
    visible = tables.small("visibility").records
    levels = np.array([text == "" or text in visible for text in found.texts("visibility_token")], np.bool_)
    reasons.append((~levels, "visibility_token: visibility.json has no such token"))
    good = np.ones(len(found.rows), np.bool_)
    for bad, reason in reasons:
        now = bad & good
        if now.any() and on_invalid == "error":
            row = int(found.rows[np.argmax(now)])
            raise FormatError(
                f'{found.table.path}, row {row}: {reason}. Leave it out with on_invalid="skip".'
            )
        tally.drop("sample_annotation", "", int(now.sum()), reason)
        good &= ~now
    return found if good.all() else found.keep(good)


def _boxes(
    tables: Tables,
    recording: Recording,
    found: _Rows,
    taxonomy_rows: Mapping[str, int],
    taxonomy: Taxonomy,
    tally: Tally,
    *,
    keep_tokens: bool,
) -> Boxes3D:
    times = recording.samples_us[~recording.is_made][found.sample]
    tracks, categories, instances = _things(tables, found, taxonomy_rows)
    before, after = neighbours(found.instance, times)
    _check_links(found, before, after, tally)
    size = found.numbers("size")[:, [1, 0, 2]]
    quat = found.numbers("rotation")
    length = np.linalg.norm(quat, axis=1)
    off_unit = np.abs(length - 1) > 1e-9
    worst = float(np.abs(length - 1).max(initial=0))
    tally.approximate("boxes3d", "quat_wxyz", int(off_unit.sum()), worst, "", "brought to unit length")
    columns: dict[str, Any] = {
        "timestamp_ns": times * 1000,
        "center": found.numbers("translation"),
        "size_lwh": size.astype(np.float32),
        "quat_wxyz": np.where(off_unit[:, None], quat / length[:, None], quat),
        "category_id": categories,
        "velocity": devkit_velocity(found.numbers("translation"), times, before, after).astype(np.float32),
        "score": np.ones(len(times), np.float32),
        "track_id": tracks,
        "n_points": found.numbers("num_lidar_pts").astype(np.int64),
        "origin": np.full(len(times), IMPORTED, np.uint8),
    }
    named, unknown = _named(tables, found)
    if keep_tokens:
        named["token"] = AttributeColumn.from_list(found.texts("token"))
        named["instance_token"] = AttributeColumn.from_list(instances)
    tally.drop("sample_annotation", "attribute_tokens", unknown, "attribute.json has no such token")
    attributes = Attributes.of(named, len(times))
    extras = found.values(schema.EXTRA)
    if any(extras):
        attributes = _apply_extras(found, extras, columns, attributes, taxonomy, recording)
    tally.keep("boxes3d", "", len(times))
    rounded = np.abs(shortest(columns["size_lwh"]) - size)
    tally.approximate(
        "boxes3d",
        "size_lwh",
        int((rounded > 0).any(axis=1).sum()),
        float(rounded.max(initial=0)),
        "m",
        "kept as float32",
    )
    try:
        return Boxes3D(**columns, attributes=attributes)
    except InvalidLabelError as error:
        raise FormatError(f"{found.table.path}: {error}") from None


def _things(
    tables: Tables, found: _Rows, taxonomy_rows: Mapping[str, int]
) -> tuple[IntArray, IntArray, list[str]]:
    """Track ids in order of first appearance, categories, and the tokens of things."""
    rows, first, back = np.unique(found.instance, return_index=True, return_inverse=True)
    back = back.reshape(-1)
    number = np.empty(len(rows), np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(len(rows))
    for place, extra in enumerate(tables.instance.texts[schema.EXTRA][rows].values()):
        if isinstance(extra, dict):
            where = f"{tables.instance.path}, row {int(rows[place])}, {schema.EXTRA}"
            number[place] = Fields(extra, where).integer("track_id", int(number[place]))
    category = [taxonomy_rows[token] for token in tables.instance.texts["category_token"][rows].texts()]
    texts = tables.instance.texts["token"][rows].texts()
    return number[back], np.array(category, np.int64).reshape(-1)[back], [texts[k] for k in back.tolist()]


def _check_links(found: _Rows, before: IntArray, after: IntArray, tally: Tally) -> None:
    """Count links between annotations that are not those in order of time, which are taken instead."""
    texts = np.array([*found.texts("token"), ""], object)
    wrong = np.zeros(len(before), np.bool_)
    for key, expected in (("prev", before), ("next", after)):
        wrong |= np.array(found.texts(key), object) != texts[expected]
    tally.drop("sample_annotation", "prev, next", int(wrong.sum()), "are not the thing's neighbours in time")


def _named(tables: Tables, found: _Rows) -> tuple[dict[str, AttributeColumn], int]:
    """Attributes, visibility and radar points by name; and how many attribute tokens are unknown."""
    names = {token: record.text("name") for token, record in tables.small("attribute").records.items()}
    has: dict[str, Int32Array] = {}
    unknown = 0
    lists: list[list[str]] = []
    spans = found.table.texts["attribute_tokens"]
    keys = [spans.text[a:b].tobytes() for a, b in spans[found.rows].spans.tolist()]
    parsed: dict[bytes, list[str]] = {}
    for row, key in enumerate(keys):
        if key not in parsed:
            value = spans[found.rows[row : row + 1]].values()[0]
            where = f"{found.table.path}, row {int(found.rows[row])}"
            items = Fields({"attribute_tokens": value}, where).items("attribute_tokens")
            if not all(isinstance(item, str) for item in items):
                raise FormatError(f"{where}: attribute_tokens: expected texts.")
            parsed[key] = items
        lists.append(parsed[key])
    for row, tokens in enumerate(lists):
        for token in tokens:
            if token not in names:
                unknown += 1
                continue
            column = has.setdefault(names[token], np.full(len(keys), ABSENT, np.int32))
            column[row] = 0
    columns = {name: AttributeColumn(codes, (True,)) for name, codes in has.items()}
    levels = {token: record.text("level") for token, record in tables.small("visibility").records.items()}
    columns["visibility"] = AttributeColumn.from_list(
        [levels.get(token) for token in found.texts("visibility_token")]
    )
    radar = found.numbers("num_radar_pts").astype(np.int64)
    columns["num_radar_pts"] = AttributeColumn.from_list([count or None for count in radar.tolist()])
    return {name: column for name, column in columns.items() if (column.codes >= 0).any()}, unknown


def _apply_extras(
    found: _Rows,
    extras: list[Any],
    columns: dict[str, Any],
    attributes: Attributes,
    taxonomy: Taxonomy,
    recording: Recording,
) -> Attributes:
    """Put in what our own writer wrote beside nuScenes' keys."""
    rows: list[dict[str, Any]] = [{} for _ in extras]
    for row, extra in enumerate(extras):
        if extra is None:
            continue
        own = Fields(extra, f"{found.table.path}, row {int(found.rows[row])}, {schema.EXTRA}")
        columns["score"][row] = own.number("score", 1.0)
        if "origin" in own:
            if own.text("origin") not in ORIGINS:
                raise FormatError(f"{own.where}: origin: expected one of {', '.join(ORIGINS)}.")
            columns["origin"][row] = ORIGINS.index(own.text("origin"))
        if own.flag("untracked", False):
            columns["track_id"][row] = NO_TRACK
        if "timestamp_ns" in own:
            columns["timestamp_ns"][row] = own.integer("timestamp_ns")
        if "category" in own:
            try:
                columns["category_id"][row] = taxonomy.id_of(own.text("category"))
            except InvalidLabelError as error:
                raise FormatError(f"{own.where}: {error}") from None
        if "velocity" in own:
            columns["velocity"][row] = _velocity(own)
        if "attributes" in own:
            rows[row] = dict(own.object("attributes").value)
    return _merged(attributes, rows)


def _velocity(own: Fields) -> FloatArray:
    """(3,) m/s, NaN for null."""
    numbers = own.items("velocity")
    known = np.array([number is not None for number in numbers], np.bool_)
    if len(known) != 3:
        raise FormatError(f"{own.where}: velocity: expected 3 numbers, got {len(known)}.")
    velocity = np.full(3, np.nan)
    given = {"velocity": [number for number in numbers if number is not None]}
    velocity[known] = Fields(given, own.where).numbers("velocity")
    return velocity


def _merged(attributes: Attributes, rows: list[dict[str, Any]]) -> Attributes:
    """The attributes, and those of `rows` where a row has more."""
    try:
        more = Attributes.from_rows(rows)
    except InvalidLabelError as error:
        raise FormatError(f"sample_annotation.json, {schema.EXTRA}: {error}") from None
    columns = {**attributes.by_name, **more.by_name}
    for name in attributes.by_name.keys() & more.by_name.keys():
        pairs = zip(attributes[name].to_list(), more[name].to_list(), strict=True)
        columns[name] = AttributeColumn.from_list([a if b is None else b for a, b in pairs])
    return Attributes.of(columns, len(rows))
