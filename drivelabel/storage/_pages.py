"""Scene-wide tables on disk: each page holds the rows of a fixed stretch of groups.

A page is one chunk of every column, so an edit of one frame rewrites a few small chunks, whatever the
length of the log, and equal labels are equal bytes, whatever their history. See docs/scene-format.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from drivelabel.errors import CorruptSceneError
from drivelabel.labels import ABSENT, TABLES, AttributeColumn, Attributes, Grouped, Ragged, Table
from drivelabel.storage._arrays import Arrays, ArraySpec
from drivelabel.typing import AnyArray, Int32Array, UInt8Array

UNLABELLED, LABELLED, TOUCHED = 0, 1, 2
"""State of a group: nobody looked; a model or an import wrote it; a person did."""

MIN_PAGE_GROUPS = 64
MAX_PAGES = 256


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The rows of `page_groups` groups in a row.

    Attributes:
        state: (g,) uint8, UNLABELLED, LABELLED or TOUCHED.
        counts: (g,) int32, rows of each group.
        rows: the groups' rows one after the other.
    """

    state: UInt8Array
    counts: Int32Array
    rows: Table

    def group(self, index: int) -> Table:
        """The rows of one of the page's groups."""
        start = int(self.counts[:index].sum())
        return self.rows[start : start + int(self.counts[index])]

    def replace(self, groups: Mapping[int, Table], state: int) -> Page:
        """The page with some groups exchanged. A group that a person touched stays marked so."""
        parts = [groups.get(index, self.group(index)) for index in range(len(self.counts))]
        new_state = self.state.copy()
        for index in groups:
            new_state[index] = max(state, new_state[index])
        counts = np.array([len(part) for part in parts], np.int32)
        return Page(new_state, counts, type(self.rows).concat(parts))


@dataclass(frozen=True, slots=True)
class PagedTable:
    """One kind of label of one layer.

    Attributes:
        arrays: where it lies.
        path: of its group.
        kind: which table.
        n_groups: frames or samples of the scene.
    """

    arrays: Arrays
    path: str
    kind: type[Table]
    n_groups: int

    @classmethod
    def at(cls, arrays: Arrays, layer: str, kind: str, n_groups: int) -> PagedTable:
        """The table `kind` of a layer; it need not exist yet."""
        return cls(arrays, f"layers/{layer}/{kind}", TABLES[kind], n_groups)

    @property
    def exists(self) -> bool:
        """Whether anybody has written it."""
        return self.arrays.node(self.path) is not None

    @property
    def page_groups(self) -> int:
        """Groups in a page; more in long logs, so that their number stays small."""
        size = MIN_PAGE_GROUPS
        while self.n_groups > size * MAX_PAGES:
            size *= 2
        return size

    @property
    def n_pages(self) -> int:
        """Pages that cover all groups."""
        return max(1, -(-self.n_groups // self.page_groups))

    def page_of(self, group: int) -> tuple[int, int]:
        """The page of a group, and the group's place in it."""
        return divmod(group, self.page_groups)

    def read_pages(self, pages: Iterable[int]) -> dict[int, Page]:
        """Some pages, decoded.

        Raises:
            CorruptSceneError: a chunk is damaged.
        """
        wanted = list(pages)
        if not self.exists:
            return {page: self._empty_page() for page in wanted}
        names = self._array_names()
        self.arrays.load_nodes(f"{self.path}/{name}" for name in names)
        specs = {name: self._spec(name) for name in names}
        keys = [specs[name].key(f"{self.path}/{name}", page) for page in wanted for name in names]
        data = iter(self.arrays.get(keys))
        found = {}
        for page in wanted:
            where = f"{self.arrays.where}, {self.path}, page {page}"
            raw = {name: next(data) for name in names}
            if raw["state"] is None:
                found[page] = self._empty_page()
                continue
            found[page] = self._assemble(
                where, {name: specs[name].decode(f"{where}, {name}", raw[name]) for name in names}
            )
        return found

    def read_all(self) -> Grouped[Any]:
        """The whole table.

        Raises:
            CorruptSceneError: a chunk is damaged.
        """
        pages = self.read_pages(range(self.n_pages)).values()
        counts = np.concatenate([page.counts for page in pages])[: self.n_groups]
        state = np.concatenate([page.state for page in pages])[: self.n_groups]
        offsets = np.zeros(self.n_groups + 1, np.int64)
        np.cumsum(counts, out=offsets[1:])
        rows = self.kind.concat([page.rows for page in pages if len(page.rows)])
        return Grouped(rows, offsets, state > UNLABELLED)

    def read_states(self) -> UInt8Array:
        """(n_groups,) uint8, the state of each group."""
        if not self.exists:
            return np.zeros(self.n_groups, np.uint8)
        states = self.arrays.read_array(f"{self.path}/state")
        assert states is not None, "a table has its state array from the start"
        return states[: self.n_groups]

    def write_pages(self, pages: Mapping[int, Page]) -> None:
        """Write some pages whole; arrays are made, or made larger, when they must be."""
        if not self._fits(pages):
            self._rebuild(pages)
            return
        vocabulary = self._extended_vocabulary(pages)
        items: dict[str, bytes | None] = {}
        for index, page in pages.items():
            for name, values in self._columns(page, vocabulary).items():
                spec = self._spec(name)
                full = np.full(spec.chunk, spec.fill, spec.dtype)
                full[: len(values)] = values
                items[spec.key(f"{self.path}/{name}", index)] = spec.encode(full)
        self.arrays.put(items)

    # What the arrays are called and how large they are

    def _spec(self, name: str) -> ArraySpec:
        spec = self.arrays.spec(f"{self.path}/{name}")
        if spec is None:
            raise CorruptSceneError(f"{self.arrays.where}: {self.path}/{name} is missing.")
        return spec

    def _array_names(self) -> list[str]:
        names = ["state", "count"]
        for spec in fields(self.kind):
            if spec.metadata.get("attributes"):
                names += [f"{spec.name}/{i}" for i in range(len(self._vocabulary()))]
            elif spec.metadata.get("ragged"):
                names += [f"{spec.name}.count", f"{spec.name}.values"]
            else:
                names.append(spec.name)
        return names

    def _vocabulary(self) -> list[dict[str, Any]]:
        return list(self.arrays.attrs(self.path).get("attributes", []))

    def _empty_page(self) -> Page:
        size = self.page_groups
        return Page(np.zeros(size, np.uint8), np.zeros(size, np.int32), self.kind.empty())

    # Pages to arrays and back

    def _columns(self, page: Page, vocabulary: list[dict[str, Any]]) -> dict[str, AnyArray]:
        arrays: dict[str, AnyArray] = {"state": page.state, "count": page.counts}
        for name, value in page.rows.columns().items():
            if isinstance(value, Attributes):
                arrays |= {f"{name}/{i}": _codes(value, entry) for i, entry in enumerate(vocabulary)}
            elif isinstance(value, Ragged):
                arrays[f"{name}.count"] = value.counts.astype(np.int32)
                arrays[f"{name}.values"] = value.values
            else:
                arrays[name] = value
        return arrays

    def _assemble(self, where: str, arrays: Mapping[str, AnyArray]) -> Page:
        counts = arrays["count"]
        n_rows = int(counts.sum())
        if (counts < 0).any() or n_rows > self._spec("row_id").chunk[0]:
            raise CorruptSceneError(f"{where}: row counts are out of range. Run: drivelabel check")
        columns: dict[str, Any] = {}
        for spec in fields(self.kind):
            name = spec.name
            if spec.metadata.get("attributes"):
                columns[name] = Attributes(
                    n_rows,
                    {
                        entry["name"]: AttributeColumn(arrays[f"{name}/{i}"][:n_rows], tuple(entry["values"]))
                        for i, entry in enumerate(self._vocabulary())
                    },
                )
            elif spec.metadata.get("ragged"):
                offsets = np.zeros(n_rows + 1, np.int64)
                np.cumsum(arrays[f"{name}.count"][:n_rows], out=offsets[1:])
                columns[name] = Ragged(arrays[f"{name}.values"][: offsets[-1]], offsets)
            else:
                columns[name] = arrays[name][:n_rows]
        return Page(arrays["state"], counts, self.kind._trusted(columns))

    # Making and growing

    def _fits(self, pages: Mapping[int, Page]) -> bool:
        if not self.exists:
            return False
        for page in pages.values():
            for name, value in page.rows.columns().items():
                if isinstance(value, Ragged) and len(value.values) > self._spec(f"{name}.values").chunk[0]:
                    return False
            if len(page.rows) > self._spec("row_id").chunk[0]:
                return False
        return True

    def _rebuild(self, pages: Mapping[int, Page]) -> None:
        old = self.read_pages(range(self.n_pages)) if self.exists else {}
        everything = {i: page for i, page in old.items() if page.state.any()} | dict(pages)
        attributes = self.arrays.attrs(self.path)
        if self.exists:
            self.arrays.delete_tree(self.path)
        self.arrays.set_attrs(
            self.path, attributes | {"kind": self.kind.KIND, "page_groups": self.page_groups}
        )
        capacity = _capacity(len(page.rows) for page in everything.values())
        specs = {
            "state": ArraySpec((self.n_pages * self.page_groups,), (self.page_groups,), "uint8"),
            "count": ArraySpec((self.n_pages * self.page_groups,), (self.page_groups,), "int32"),
        }
        for spec in fields(self.kind):
            specs |= self._column_specs(spec.name, dict(spec.metadata), capacity, everything)
        self.arrays.create({f"{self.path}/{name}": spec for name, spec in specs.items()})
        self.write_pages(everything)

    def _column_specs(
        self, name: str, meta: dict[str, Any], capacity: int, pages: Mapping[int, Page]
    ) -> dict[str, ArraySpec]:
        n = self.n_pages
        if meta.get("attributes"):
            return {f"{name}/{i}": self._code_spec(capacity) for i in range(len(self._vocabulary()))}
        tail = tuple(meta["tail"])
        dtype = meta["dtype"].name
        if meta.get("ragged"):
            room = _capacity(len(getattr(page.rows, name).values) for page in pages.values())
            return {
                f"{name}.count": ArraySpec((n * capacity,), (capacity,), "int32"),
                f"{name}.values": ArraySpec((n * room, *tail), (room, *tail), dtype),
            }
        return {name: ArraySpec((n * capacity, *tail), (capacity, *tail), dtype)}

    def _code_spec(self, capacity: int) -> ArraySpec:
        return ArraySpec((self.n_pages * capacity,), (capacity,), "int32", fill=ABSENT)

    def _extended_vocabulary(self, pages: Mapping[int, Page]) -> list[dict[str, Any]]:
        """The table's attribute names and values with what `pages` add; arrays are made for new names."""
        vocabulary = self._vocabulary()
        known = len(vocabulary)
        changed = _extend(vocabulary, [page.rows.columns().get("attributes") for page in pages.values()])
        if changed:
            self.arrays.set_attrs(self.path, self.arrays.attrs(self.path) | {"attributes": vocabulary})
            capacity = self._spec("row_id").chunk[0]
            self.arrays.create(
                {
                    f"{self.path}/attributes/{i}": self._code_spec(capacity)
                    for i in range(known, len(vocabulary))
                }
            )
        return vocabulary


def _extend(vocabulary: list[dict[str, Any]], parts: Iterable[Attributes | None]) -> bool:
    """Add the names and values of `parts` to a vocabulary, in place; true when something was new."""
    changed = False
    entries = {entry["name"]: entry for entry in vocabulary}
    for part in parts:
        for name, column in part.by_name.items() if part is not None else ():
            if not (column.codes != ABSENT).any():
                continue
            if name not in entries:
                entries[name] = {"name": name, "values": []}
                vocabulary.append(entries[name])
                changed = True
            known = {(type(value), value) for value in entries[name]["values"]}
            used = [column.values[code] for code in np.unique(column.codes) if code != ABSENT]
            new = [value for value in used if (type(value), value) not in known]
            entries[name]["values"] = [*entries[name]["values"], *new]
            changed |= bool(new)
    return changed


def _codes(attributes: Attributes, entry: Mapping[str, Any]) -> Int32Array:
    """(n,) int32, one attribute's values as codes into the table's vocabulary."""
    column = attributes.by_name.get(entry["name"])
    if column is None:
        return np.full(attributes.n_rows, ABSENT, np.int32)
    index = {(type(value), value): code for code, value in enumerate(entry["values"])}
    lookup = [index.get((type(value), value), ABSENT) for value in column.values]
    return np.asarray([*lookup, ABSENT], np.int32)[column.codes]


def _capacity(needed: Iterable[int]) -> int:
    """Room for twice the fullest page, a power of two."""
    fullest = max(needed, default=0)
    return max(64, 1 << (2 * fullest).bit_length())
