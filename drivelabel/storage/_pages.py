"""Scene-wide tables on disk: each page holds the rows of a fixed stretch of groups.

A page is one chunk of every column, so an edit of one frame rewrites a few small chunks, whatever the
length of the log. See docs/scene-format.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from drivelabel._check import did_you_mean
from drivelabel.errors import CorruptSceneError, SceneLookupError
from drivelabel.labels import ABSENT, TABLES, Attributes, Grouped, Ragged, Table
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._page import UNLABELLED, Page
from drivelabel.storage._spec import ArraySpec, checksum_of, seal_of
from drivelabel.storage._vocabulary import (
    Vocabulary,
    codes_of,
    column_of,
    extended,
    read_vocabulary,
    write_vocabulary,
)
from drivelabel.typing import AnyArray, UInt8Array

MIN_PAGE_GROUPS = 64
MAX_PAGES = 256
STATE, COUNT, SEAL = "group_state", "group_count", "page_seal"
"""Arrays of a table beside its columns; no column of any kind is called so."""


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
        """The table `kind` of a layer; it need not exist yet.

        Raises:
            SceneLookupError: there is no such kind of label.
        """
        if kind not in TABLES:
            raise SceneLookupError(f"no kind of label {kind!r}.{did_you_mean(kind, TABLES)}")
        return cls(arrays, f"layers/{layer}/{kind}", TABLES[kind], n_groups)

    @property
    def exists(self) -> bool:
        """Whether anybody has written it."""
        return self.arrays.node(self.path) is not None

    @property
    def page_groups(self) -> int:
        """Groups in a page; more in long logs, so that their number stays small."""
        stored = self.arrays.attrs(self.path).get("page_groups")
        if stored is not None:
            return int(stored)
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

    def written_pages(self) -> list[int]:
        """The pages that somebody has written."""
        return list(self.arrays.attrs(self.path).get("pages", []))

    # Reading

    def read_pages(self, pages: Iterable[int]) -> dict[int, Page]:
        """Some pages, decoded.

        Raises:
            CorruptSceneError: a chunk is damaged, missing or in another's place.
        """
        wanted = list(pages)
        written = set(self.written_pages())
        found = {page: self._empty_page() for page in wanted if page not in written}
        names = self._array_names() if len(found) < len(wanted) else []
        chunks = self._read_chunks(names, [page for page in wanted if page in written])
        return found | {page: self._decode(page, data) for page, data in chunks.items()}

    def _read_chunks(self, names: list[str], pages: list[int]) -> dict[int, dict[str, bytes | None]]:
        """The stored bytes of some pages' chunks, by array name; each page checked against its seal."""
        names = [SEAL, *names] if names else []
        self.arrays.load_nodes(f"{self.path}/{name}" for name in names)
        keys = [self._spec(name).key(f"{self.path}/{name}", page) for page in pages for name in names]
        data = iter(self.arrays.get(keys))
        chunks: dict[int, dict[str, bytes | None]] = {}
        for page in pages:
            chunks[page] = {name: next(data) for name in names}
            self._check_seal(page, chunks[page])
        return chunks

    def _check_seal(self, page: int, chunks: Mapping[str, bytes | None]) -> None:
        of_state, of_all = self._seal_values(page, chunks[SEAL])
        columns = {name: data for name, data in chunks.items() if name != SEAL}
        state = columns[STATE]
        if state is None or checksum_of(state) != of_state:
            raise self._damaged(page, STATE)
        if len(columns) > 1 and seal_of(columns) != of_all:
            raise self._damaged(page, "a column")

    def _seal_values(self, page: int, data: bytes | None) -> tuple[int, int]:
        if data is None:
            raise self._damaged(page, SEAL)
        of_state, of_all = self._spec(SEAL).decode(self._where(page, SEAL), data)[0].tolist()
        return of_state, of_all

    def _where(self, page: int, name: str) -> str:
        first = page * self.page_groups
        last = min(first + self.page_groups, self.n_groups) - 1
        return f"{self.arrays.where}, {self.path}, groups {first} to {last}, {name}"

    def _damaged(self, page: int, name: str) -> CorruptSceneError:
        return CorruptSceneError(
            f"{self._where(page, name)}: chunk is missing, altered or in another's place. "
            "Run: drivelabel check --fix"
        )

    def read_all(self) -> Grouped[Any]:
        """The whole table.

        Raises:
            CorruptSceneError: a chunk is damaged.
        """
        pages = self.read_pages(range(self.n_pages))
        ordered = [pages[index] for index in range(self.n_pages)]
        counts = np.concatenate([page.counts for page in ordered])[: self.n_groups]
        state = np.concatenate([page.state for page in ordered])[: self.n_groups]
        offsets = np.zeros(self.n_groups + 1, np.int64)
        np.cumsum(counts, out=offsets[1:])
        rows = self.kind.concat([page.rows for page in ordered if len(page.rows)])
        return Grouped(rows, offsets, state > UNLABELLED)

    def read_states(self) -> UInt8Array:
        """(n_groups,) uint8, the state of each group.

        Raises:
            CorruptSceneError: a chunk is damaged.
        """
        states = np.zeros(self.n_pages * self.page_groups, np.uint8)
        for page, chunks in self._read_chunks([STATE], self.written_pages()).items():
            data = chunks[STATE]
            assert data is not None, "its seal was checked"
            part = states[page * self.page_groups : (page + 1) * self.page_groups]
            self._spec(STATE).decode(self._where(page, STATE), data, part)
        return states[: self.n_groups]

    def has_row_ids(self, row_ids: AnyArray) -> AnyArray:
        """(n,) bool, which of some row ids stand anywhere in the table."""
        pages = self.read_pages(self.written_pages()).values()
        stored = [page.rows.columns()["row_id"] for page in pages]
        return np.isin(row_ids, np.concatenate([np.zeros(0, np.int64), *stored]))

    def _decode(self, page: int, chunks: Mapping[str, bytes | None]) -> Page:
        arrays: dict[str, AnyArray] = {}
        for name, data in chunks.items():
            spec = self._spec(name)
            if data is not None:
                arrays[name] = spec.decode(self._where(page, name), data)
            elif name.startswith("attributes/"):  # a name that came after the page was written
                arrays[name] = np.full(spec.chunk, ABSENT, np.int32)
            else:
                raise self._damaged(page, name)
        return self._assemble(page, arrays)

    def _assemble(self, page: int, arrays: Mapping[str, AnyArray]) -> Page:
        counts = arrays[COUNT]
        n_rows = int(counts.sum())
        if (counts < 0).any() or n_rows > self._spec("row_id").chunk[0]:
            raise self._damaged(page, COUNT)
        columns: dict[str, Any] = {}
        for spec in fields(self.kind):
            name = spec.name
            if spec.metadata.get("attributes"):
                columns[name] = Attributes(
                    n_rows,
                    {
                        attribute: column_of(arrays[f"{name}/{i}"][:n_rows], values)
                        for i, (attribute, values) in enumerate(self._vocabulary().items())
                    },
                )
            elif spec.metadata.get("ragged"):
                offsets = np.zeros(n_rows + 1, np.int64)
                np.cumsum(arrays[f"{name}.count"][:n_rows], out=offsets[1:])
                columns[name] = Ragged(arrays[f"{name}.values"][: offsets[-1]], offsets)
            else:
                columns[name] = arrays[name][:n_rows]
        return Page(arrays[STATE], counts, self.kind._trusted(columns))

    # Writing

    def write_pages(self, pages: Mapping[int, Page]) -> None:
        """Write some pages whole; arrays are made, or made larger, when they must be."""
        if not self._fits(pages):
            self._rebuild(pages)
            return
        vocabulary = self._extend_vocabulary(pages)
        self._note_written(pages)
        for index, page in pages.items():
            columns = self._columns(page, vocabulary)
            chunks = {name: self._spec(name).encode(values) for name, values in columns.items()}
            seal = np.array([[checksum_of(chunks[STATE]), seal_of(chunks)]], np.uint32)
            chunks[SEAL] = self._spec(SEAL).encode(seal)
            self.arrays.put({self._key(name, index): data for name, data in chunks.items()})

    def _key(self, name: str, page: int) -> str:
        return self._spec(name).key(f"{self.path}/{name}", page)

    def _note_written(self, pages: Iterable[int]) -> None:
        attributes = self.arrays.attrs(self.path)
        written = sorted({*attributes["pages"], *pages})
        if written != attributes["pages"]:
            self.arrays.set_attrs(self.path, attributes | {"pages": written})

    def _spec(self, name: str) -> ArraySpec:
        return self.arrays.spec(f"{self.path}/{name}")

    def _array_names(self) -> list[str]:
        names = [STATE, COUNT]
        for spec in fields(self.kind):
            if spec.metadata.get("attributes"):
                names += [f"{spec.name}/{i}" for i in range(len(self._vocabulary()))]
            elif spec.metadata.get("ragged"):
                names += [f"{spec.name}.count", f"{spec.name}.values"]
            else:
                names.append(spec.name)
        return names

    def _vocabulary(self) -> Vocabulary:
        return read_vocabulary(self.arrays, self.path)

    def _empty_page(self) -> Page:
        size = self.page_groups
        return Page(np.zeros(size, np.uint8), np.zeros(size, np.int32), self.kind.empty())

    def _columns(self, page: Page, vocabulary: Vocabulary) -> dict[str, AnyArray]:
        arrays: dict[str, AnyArray] = {STATE: page.state, COUNT: page.counts}
        for name, value in page.rows.columns().items():
            if isinstance(value, Attributes):
                arrays |= {
                    f"{name}/{i}": codes_of(value, attribute, values)
                    for i, (attribute, values) in enumerate(vocabulary.items())
                }
            elif isinstance(value, Ragged):
                arrays[f"{name}.count"] = value.counts.astype(np.int32)
                arrays[f"{name}.values"] = value.values
            else:
                arrays[name] = value
        return arrays

    # Making and growing

    def _fits(self, pages: Mapping[int, Page]) -> bool:
        if not self.exists:
            return False
        self.arrays.load_nodes(f"{self.path}/{name}" for name in (SEAL, *self._array_names()))
        for page in pages.values():
            for name, value in page.rows.columns().items():
                if isinstance(value, Ragged) and len(value.values) > self._spec(f"{name}.values").chunk[0]:
                    return False
            if len(page.rows) > self._spec("row_id").chunk[0]:
                return False
        return True

    def _rebuild(self, pages: Mapping[int, Page]) -> None:
        self.rewrite(self.read_pages(self.written_pages()) | dict(pages))

    def rewrite(self, everything: Mapping[int, Page]) -> None:
        """Make the arrays anew, with room for twice the fullest page, and write these pages into them."""
        vocabulary = extended(
            self._readable_vocabulary(), [page.rows.columns()["attributes"] for page in everything.values()]
        )
        if self.exists:
            self.arrays.delete_tree(self.path)
        facts = {"kind": self.kind.KIND, "page_groups": self.page_groups, "pages": []}
        self.arrays.set_attrs(self.path, facts)
        write_vocabulary(self.arrays, self.path, vocabulary)
        capacity = _capacity(len(page.rows) for page in everything.values())
        n_groups, group_chunk = (self.n_pages * self.page_groups,), (self.page_groups,)
        specs = {
            SEAL: ArraySpec((self.n_pages, 2), (1, 2), "uint32"),
            STATE: ArraySpec(n_groups, group_chunk, "uint8"),
            COUNT: ArraySpec(n_groups, group_chunk, "int32"),
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

    def _readable_vocabulary(self) -> Vocabulary:
        """The vocabulary; without any value when it is damaged, and the table is repaired."""
        try:
            return self._vocabulary()
        except CorruptSceneError:
            return {}

    def _extend_vocabulary(self, pages: Mapping[int, Page]) -> Vocabulary:
        """The table's attribute names and values with what `pages` add; arrays are made for new names."""
        known = self._vocabulary()
        vocabulary = extended(known, [page.rows.columns()["attributes"] for page in pages.values()])
        if vocabulary is known:
            return known
        write_vocabulary(self.arrays, self.path, vocabulary)
        spec = self._code_spec(self._spec("row_id").chunk[0])
        new = range(len(known), len(vocabulary))
        self.arrays.create({f"{self.path}/attributes/{i}": spec for i in new})
        return vocabulary


def _capacity(needed: Iterable[int]) -> int:
    """Room for twice the fullest page, a power of two."""
    fullest = max(needed, default=0)
    return max(64, 1 << (2 * fullest).bit_length())
