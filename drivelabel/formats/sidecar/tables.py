"""Label tables as plain arrays and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import Fields
from drivelabel.labels import ABSENT, TABLES, AttributeColumn, Attributes, Grouped, Ragged, Table
from drivelabel.typing import AnyArray


def table_arrays(grouped: Grouped[Any]) -> tuple[dict[str, AnyArray], dict[str, Any]]:
    """A table's columns as arrays by name, and its attributes' values, which JSON holds."""
    kind = grouped.rows.KIND
    arrays = {f"{kind}.group_offsets": grouped.offsets, f"{kind}.labelled": grouped.labelled}
    attributes: dict[str, Any] = {}
    for name, column in grouped.rows.columns().items():
        if isinstance(column, Ragged):
            arrays |= {f"{kind}.{name}.values": column.values, f"{kind}.{name}.offsets": column.offsets}
        elif isinstance(column, Attributes):
            for row, (attribute, own) in enumerate(column.by_name.items()):
                arrays[f"{kind}.attribute_{row}"] = own.codes
                attributes[attribute] = list(own.values)
        else:
            arrays[f"{kind}.{name}"] = column
    return arrays, attributes


def table_of_arrays(kind: str, arrays: Mapping[str, AnyArray], attributes: Fields) -> Grouped[Any]:
    """The table that :func:`table_arrays` took apart.

    Args:
        attributes: name to its values, in the order of their arrays.

    Raises:
        FormatError: an array is missing, or values do not fit the codes.
        InvalidLabelError: a column breaks a rule of its kind.
    """
    if kind not in TABLES:
        raise FormatError(f"{attributes.where}: there is no kind of label {kind!r}.")
    where = f"{attributes.where}, {kind}"
    offsets, labelled = _get(arrays, f"{kind}.group_offsets", where), _get(arrays, f"{kind}.labelled", where)
    columns: dict[str, Any] = {}
    for spec in fields(TABLES[kind]):
        name = f"{kind}.{spec.name}"
        if spec.metadata.get("ragged"):
            values, starts = _get(arrays, f"{name}.values", where), _get(arrays, f"{name}.offsets", where)
            columns[spec.name] = Ragged(values, _whole(starts, where))
        elif not spec.metadata.get("attributes"):
            columns[spec.name] = _get(arrays, name, where)
    n_rows = int(offsets[-1]) if offsets.ndim == 1 and len(offsets) else 0
    columns["attributes"] = _attributes(kind, arrays, attributes, n_rows)
    rows: Table = TABLES[kind](**columns)
    return Grouped(rows, _whole(offsets, where), labelled.astype(np.bool_))


def _attributes(kind: str, arrays: Mapping[str, AnyArray], given: Fields, n_rows: int) -> Attributes:
    found: dict[str, AttributeColumn] = {}
    for row, name in enumerate(given.value):
        where = f"{given.where}, {kind}, attribute {name!r}"
        codes, values = _get(arrays, f"{kind}.attribute_{row}", where), given.items(name)
        if not all(isinstance(value, (str, bool, int, float)) for value in values):
            raise FormatError(f"{where}: expected texts, bools or numbers.")
        good = codes.dtype.kind == "i" and codes.shape == (n_rows,)
        if not good or (len(codes) and not ABSENT <= int(codes.min()) <= int(codes.max()) < len(values)):
            raise FormatError(f"{where}: its codes do not fit its values.")
        found[name] = AttributeColumn(codes.astype(np.int32), tuple(values))
    return Attributes(n_rows, found)


def _get(arrays: Mapping[str, AnyArray], name: str, where: str) -> AnyArray:
    if name not in arrays:
        raise FormatError(f"{where}: the array {name!r} is missing.")
    return arrays[name]


def _whole(array: AnyArray, where: str) -> AnyArray:
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise FormatError(f"{where}: expected whole numbers.")
    return array.astype(np.int64)
