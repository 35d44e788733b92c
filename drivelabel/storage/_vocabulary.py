"""The names and distinct values of a table's attributes; its rows hold codes into them.

Values lie in arrays that only ever grow at their end, so that a commit writes what is new and not the 100,000
texts that a long log may have. In memory too they stay bytes until somebody reads a row that has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from drivelabel.labels import ABSENT, AttributeColumn, Attributes
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._recording import note_format
from drivelabel.typing import AnyArray, Int32Array

UTF8_ROWS, OFFSET_ROWS = 1 << 15, 1 << 12
"""Bytes and offsets in a chunk."""


@dataclass(frozen=True, eq=False)
class Values:
    """The distinct values of one attribute, each as its JSON text.

    Attributes:
        joined: the texts in UTF-8, one after the other.
        offsets: (n + 1,) int64, where each begins in `joined`; the last is its length.
    """

    joined: bytes
    offsets: AnyArray

    @classmethod
    def of(cls, values: Iterable[Any]) -> Values:
        """Values from plain Python ones."""
        return cls(b"", np.zeros(1, np.int64)).extended(map(_encoded, values))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def index(self) -> dict[bytes, int]:
        """JSON text to code."""
        bounds = self.offsets.tolist()
        return {self.joined[bounds[code] : bounds[code + 1]]: code for code in range(len(self))}

    def decoded(self, codes: AnyArray) -> tuple[Any, ...]:
        """The values with some codes."""
        starts, stops = self.offsets[codes].tolist(), self.offsets[codes + 1].tolist()
        return tuple(json.loads(self.joined[a:b]) for a, b in zip(starts, stops, strict=True))

    def extended(self, encoded: Iterable[bytes]) -> Values:
        """These values and those of some more that are new, at the end; itself when none is."""
        new = [text for text in dict.fromkeys(encoded) if text not in self.index]
        if not new:
            return self
        ends = self.offsets[-1] + np.cumsum([len(text) for text in new])
        more = Values(self.joined + b"".join(new), np.concatenate([self.offsets, ends]))
        more.__dict__["index"] = self.index | {text: len(self) + i for i, text in enumerate(new)}
        return more


Vocabulary = dict[str, Values]
"""Attribute name to values; its place in the order is the number of its array."""


def _encoded(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False).encode()


def read_vocabulary(arrays: Arrays, path: str) -> Vocabulary:
    """The vocabulary of the table at `path`.

    Raises:
        CorruptSceneError: an array is damaged or missing.
    """
    known: Vocabulary | None = arrays.derived.get(path)
    if known is None:
        known = arrays.derived[path] = _fetched(arrays, path)
    return known


def _fetched(arrays: Arrays, path: str) -> Vocabulary:
    entries = arrays.attrs(path).get("attributes", [])
    # Format 1 had the values in the description.
    inline = {entry["name"]: Values.of(entry["values"]) for entry in entries if "values" in entry}
    names = [entry["name"] for entry in entries]
    stored = [(f"{path}/values/{i}", name) for i, name in enumerate(names) if name not in inline]
    found = arrays.read_arrays(f"{place}/{part}" for place, _ in stored for part in ("utf8", "offsets"))
    for place, name in stored:
        inline[name] = Values(found[f"{place}/utf8"].tobytes(), found[f"{place}/offsets"])
    return {name: inline[name] for name in names}


def write_vocabulary(arrays: Arrays, path: str, vocabulary: Vocabulary) -> None:
    """Store a table's vocabulary: of values that are stored already, only what came at their end."""
    facts = arrays.attrs(path)
    entries = facts.get("attributes", [])
    stored = {entry["name"] for entry in entries if "values" not in entry}
    known = read_vocabulary(arrays, path)
    names = [{"name": name} for name in vocabulary]
    if names != entries:
        arrays.set_attrs(path, facts | {"attributes": names})
    if vocabulary and arrays.node(f"{path}/values") is None:
        note_format(arrays)
        arrays.set_attrs(f"{path}/values", {})
    for i, (name, values) in enumerate(vocabulary.items()):
        before = known[name] if name in stored else None
        if before is not values:
            _write_values(arrays, f"{path}/values/{i}", values, before)
    arrays.derived[path] = vocabulary


def _write_values(arrays: Arrays, place: str, values: Values, before: Values | None) -> None:
    if before is None:
        arrays.set_attrs(place, {})
    n_bytes, n_offsets = (0, 0) if before is None else (len(before.joined), len(before.offsets))
    arrays.extend_array(f"{place}/utf8", np.frombuffer(values.joined, np.uint8), n_bytes, UTF8_ROWS)
    arrays.extend_array(f"{place}/offsets", values.offsets, n_offsets, OFFSET_ROWS)


def extended(vocabulary: Vocabulary, parts: Iterable[Attributes]) -> Vocabulary:
    """A vocabulary with the names and values of `parts` that it does not have yet; itself without any."""
    new: dict[str, list[bytes]] = {}
    for part in parts:
        for name, column in part.by_name.items():
            used = [column.values[code] for code in np.unique(column.codes) if code != ABSENT]
            if used:
                new.setdefault(name, []).extend(map(_encoded, used))
    none = Values.of([])
    more = {name: vocabulary.get(name, none).extended(texts) for name, texts in new.items()}
    if all(vocabulary.get(name) is values for name, values in more.items()):
        return vocabulary
    return vocabulary | more


def codes_of(attributes: Attributes, name: str, values: Values) -> Int32Array:
    """(n,) int32, one attribute's values as codes into the table's vocabulary."""
    column = attributes.by_name.get(name)
    if column is None:
        return np.full(attributes.n_rows, ABSENT, np.int32)
    used = np.unique(column.codes)
    lookup = np.full(len(column.values) + 1, ABSENT, np.int32)  # the last is where ABSENT, -1, looks
    for code in used[used != ABSENT].tolist():
        lookup[code] = values.index[_encoded(column.values[code])]
    return lookup[column.codes]


def column_of(codes: Int32Array, values: Values) -> AttributeColumn:
    """A column with those values only that its rows have: joining takes as long as there are values."""
    used = np.unique(codes)
    used = used[used != ABSENT]
    own = np.searchsorted(used, codes).astype(np.int32)
    return AttributeColumn(np.where(codes == ABSENT, np.int32(ABSENT), own), values.decoded(used))
