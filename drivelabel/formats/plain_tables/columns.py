"""Label tables as data frames: one plain column per number, lists where rows differ in length."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.labels import (
    ARROWS,
    BULBS,
    LIGHT_STATES,
    LINE_SOURCES,
    LINE_STYLES,
    ORIGINS,
    RELEVANCES,
    TABLES,
    AttributeColumn,
    Attributes,
    Ragged,
    Table,
    Taxonomy,
)
from drivelabel.typing import AnyArray

if TYPE_CHECKING:
    import polars as pl

CODES: dict[str, tuple[str, ...]] = {
    "origin": ORIGINS,
    "source": LINE_SOURCES,
    "style": LINE_STYLES,
    "state": LIGHT_STATES,
    "arrow": ARROWS,
    "relevance": RELEVANCES,
}
"""Columns of codes, which are written as their names."""

PARTS: dict[str, tuple[str, ...]] = {
    "xyxy": ("left", "top", "right", "bottom"),
    "center": ("center_x", "center_y", "center_z"),
    "size_lwh": ("length", "width", "height"),
    "quat_wxyz": ("quat_w", "quat_x", "quat_y", "quat_z"),
    "velocity": ("velocity_x", "velocity_y", "velocity_z"),
    "points": ("x", "y"),
    "keypoints": ("u", "v", "visibility"),
}
"""Columns of several numbers, and what each is called."""

BULB_PARTS = tuple(f"{bulb}_{part}" for bulb in BULBS for part in PARTS["keypoints"])
ATTRIBUTE = "attribute."
MIXED = "json"
"""The type of an attribute whose values are of several types: each is written as JSON."""

_TYPES = {bool: "bool", int: "int", float: "float", str: "text"}


def frame_of_table(table: Table, taxonomy: Taxonomy) -> tuple[pl.DataFrame, dict[str, str]]:
    """A table as a data frame, and the type of each attribute."""
    import polars as pl

    columns: dict[str, Any] = {}
    types: dict[str, str] = {}
    for name, column in table.columns().items():
        if name == "category_id":
            columns["category"] = [taxonomy.names[k] for k in column.tolist()]
        elif name in CODES:
            columns[name] = [CODES[name][k] for k in column.tolist()]
        elif isinstance(column, Attributes):
            for attribute, own in column.by_name.items():
                types[attribute], values = _typed(own)
                columns[ATTRIBUTE + attribute] = values
        elif isinstance(column, Ragged):
            columns |= _lists(name, column)
        else:
            columns |= _numbers(name, column)
    return pl.DataFrame(columns, schema_overrides=_overrides(columns, types)), types


def _overrides(columns: Mapping[str, Any], types: Mapping[str, str]) -> Any:
    """Types of columns that have no values to tell them."""
    import polars as pl

    of_type = {"bool": pl.Boolean, "int": pl.Int64, "float": pl.Float64, "text": pl.String, MIXED: pl.String}
    found = {ATTRIBUTE + name: of_type[kind] for name, kind in types.items()}
    texts = {name: pl.String for name in columns if name == "category" or name in CODES}
    return found | texts


def _typed(column: AttributeColumn) -> tuple[str, list[Any]]:
    values = column.to_list()
    kinds = {_TYPES[type(value)] for value in values if value is not None}
    fits = all(-(2**63) <= value < 2**63 for value in values if isinstance(value, int))
    if len(kinds) == 1 and fits:
        return kinds.pop(), values
    if not kinds:
        return "text", values
    return MIXED, [None if value is None else json.dumps(value) for value in values]


def _lists(name: str, column: Ragged) -> dict[str, Any]:
    import polars as pl

    values = column.values if column.values.ndim == 2 else column.values[:, None]
    names = PARTS.get(name, (name,))
    kind = pl.Float32 if values.dtype.kind == "f" else pl.Int64
    found = {}
    for k, part in enumerate(names):
        rows = [values[a:b, k].tolist() for a, b in zip(column.offsets[:-1], column.offsets[1:], strict=True)]
        found[part] = pl.Series(part, rows, dtype=pl.List(kind))
    return found


def _numbers(name: str, column: AnyArray) -> dict[str, Any]:
    if column.ndim == 1:
        return {name: column}
    flat = column.reshape(len(column), math.prod(column.shape[1:]))
    names = BULB_PARTS if column.ndim == 3 else PARTS[name]
    return {part: np.ascontiguousarray(flat[:, k]) for k, part in enumerate(names)}


def table_of_frame(
    kind: str, frame: pl.DataFrame, taxonomy: Taxonomy, types: Mapping[str, str], where: str
) -> Table:
    """What :func:`frame_of_table` took apart.

    Raises:
        FormatError: a column is missing or holds other values.
        InvalidLabelError: a value breaks a rule of its kind.
    """
    columns: dict[str, Any] = {}
    for spec in fields(TABLES[kind]):
        name, meta = spec.name, spec.metadata
        if meta.get("attributes"):
            columns[name] = _attributes(frame, types, where)
        elif name == "category_id":
            columns[name] = taxonomy.ids_of(_texts(frame, "category", where))
        elif name in CODES:
            columns[name] = _codes(frame, name, where)
        elif meta.get("ragged"):
            columns[name] = _ragged(frame, name, meta, where)
        else:
            columns[name] = _array(frame, name, meta, where)
    return TABLES[kind](**columns)


def _column(frame: pl.DataFrame, name: str, where: str) -> pl.Series:
    if name not in frame.columns:
        raise FormatError(f"{where}: the column {name!r} is missing.")
    found = frame[name]
    if found.null_count():
        row = int(found.is_null().arg_max() or 0)
        raise FormatError(f"{where}, row {row}: {name!r} is empty.")
    return found


def _texts(frame: pl.DataFrame, name: str, where: str) -> list[str]:
    return [str(text) for text in _column(frame, name, where).to_list()]


def _codes(frame: pl.DataFrame, name: str, where: str) -> list[int]:
    codes = {text: code for code, text in enumerate(CODES[name])}
    texts = _texts(frame, name, where)
    for row, text in enumerate(texts):
        if text not in codes:
            raise FormatError(
                f"{where}, row {row}: {name}: expected one of {', '.join(codes)}, got {text!r}."
            )
    return [codes[text] for text in texts]


def _array(frame: pl.DataFrame, name: str, meta: Mapping[str, Any], where: str) -> AnyArray:
    tail = meta["tail"]
    if not tail:
        return np.asarray(_column(frame, name, where).to_numpy())
    names = BULB_PARTS if len(tail) == 2 else PARTS[name]
    flat = np.stack([_column(frame, part, where).to_numpy() for part in names], axis=1)
    return np.asarray(flat).reshape(len(frame), *tail)


def _ragged(frame: pl.DataFrame, name: str, meta: Mapping[str, Any], where: str) -> Ragged:
    names = PARTS.get(name, (name,))
    parts = [_column(frame, part, where) for part in names]
    counts = parts[0].list.len().to_numpy().astype(np.int64)
    for part in parts[1:]:
        if not np.array_equal(part.list.len().to_numpy(), counts):
            raise FormatError(f"{where}: {', '.join(names)}: expected lists of equal length.")
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    flat = [np.asarray(part.explode().drop_nulls().to_numpy(), meta["dtype"]) for part in parts]
    if any(len(values) != offsets[-1] for values in flat):
        raise FormatError(f"{where}: {', '.join(names)}: expected lists without gaps.")
    return Ragged(np.stack(flat, axis=1) if meta["tail"] else flat[0], offsets)


def _attributes(frame: pl.DataFrame, types: Mapping[str, str], where: str) -> Attributes:
    found = {}
    for column in frame.columns:
        if not column.startswith(ATTRIBUTE):
            continue
        name = column.removeprefix(ATTRIBUTE)
        values = frame[column].to_list()
        if types.get(name) == MIXED:
            values = [_json(value, f"{where}, row {row}: {column}") for row, value in enumerate(values)]
        found[name] = AttributeColumn.from_list(values)
    return Attributes(len(frame), found)


def _json(text: Any, where: str) -> Any:
    from drivelabel.formats.loading import parse_json

    return None if text is None else parse_json(str(text), where)
