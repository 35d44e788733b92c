"""The names and values of a table's attributes, and its rows as codes into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from drivelabel.labels import ABSENT, Attributes
from drivelabel.typing import Int32Array


def extended(vocabulary: Sequence[Mapping[str, Any]], parts: Iterable[Attributes]) -> list[dict[str, Any]]:
    """A vocabulary with the names and values of `parts` that it does not have yet, at its end."""
    values: dict[str, list[Any]] = {entry["name"]: list(entry["values"]) for entry in vocabulary}
    known = {name: {(type(value), value) for value in some} for name, some in values.items()}
    for part in parts:
        for name, column in part.by_name.items():
            used = [column.values[code] for code in np.unique(column.codes) if code != ABSENT]
            if not used:
                continue
            own = values.setdefault(name, [])
            seen = known.setdefault(name, set())
            for value in used:
                if (type(value), value) not in seen:
                    seen.add((type(value), value))
                    own.append(value)
    return [{"name": name, "values": some} for name, some in values.items()]


def codes_of(attributes: Attributes, entry: Mapping[str, Any]) -> Int32Array:
    """(n,) int32, one attribute's values as codes into the table's vocabulary."""
    column = attributes.by_name.get(entry["name"])
    if column is None:
        return np.full(attributes.n_rows, ABSENT, np.int32)
    index = {(type(value), value): code for code, value in enumerate(entry["values"])}
    lookup = [index.get((type(value), value), ABSENT) for value in column.values]
    return np.asarray([*lookup, ABSENT], np.int32)[column.codes]
