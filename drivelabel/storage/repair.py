"""Put damaged labels right: what is intact comes back, what is not is named.

A table or a camera's masks are written anew as a whole: Icechunk cannot change an array whose list of chunks
is damaged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from drivelabel.errors import StoreError
from drivelabel.labels import NO_TRACK, TABLES
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._frame_index import Extent
from drivelabel.storage._keys import PATH as KEYS
from drivelabel.storage._keys import add_keys, read_keys
from drivelabel.storage._masks import StoredMasks
from drivelabel.storage._page import TOUCHED, Page
from drivelabel.storage._pages import PagedTable
from drivelabel.storage.check import Damage
from drivelabel.typing import AnyArray

FIXABLE = ("layer", "table", "mask", "marks", "note", "ids", "keys")
"""Damages in one state's labels that an earlier state, or the rest of this one, helps with."""

LOST = "no intact state is left: marked as not labelled"


def repair_labels(
    tip: Arrays, extent: Extent, damages: Iterable[Damage], earlier: list[Arrays]
) -> list[Damage]:
    """Write over damaged labels what the newest intact earlier state has; the damages, with what was done.

    Args:
        tip: a writable session at the newest commit.
        extent: of the scene.
        damages: of the newest commit.
        earlier: states of the scene before, the newest first.
    """
    groups: dict[tuple[str, str, str], list[Damage]] = {}
    for damage in damages:
        groups.setdefault((damage.layer, damage.kind, damage.channel), []).append(damage)
    done: list[Damage] = []
    for some in groups.values():
        repair = {
            "table": _repair_table,
            "mask": _repair_masks,
            "marks": _repair_masks,
            "note": _repair_note,
            "ids": _repair_ids,
            "keys": _repair_keys,
            "layer": _repair_layer,
        }.get(some[0].what)
        done += some if repair is None else repair(tip, extent, some, earlier)
    return done


def _repair_table(tip: Arrays, extent: Extent, damages: list[Damage], earlier: list[Arrays]) -> list[Damage]:
    layer, kind = damages[0].layer, damages[0].kind
    table = PagedTable.at(tip, layer, kind, extent.groups(kind))
    befores = [PagedTable.at(old, layer, kind, extent.groups(kind)) for old in earlier]
    pages: dict[int, Page] = {}
    for index in table.written_pages():
        page, from_commit = _intact_page(index, [table, *befores])
        if page is not None:
            pages[index] = page
        if from_commit != tip.snapshot:
            damages = [
                damage.fixed(_source(from_commit))
                if table.page_of(damage.groups.start)[0] == index
                else damage
                for damage in damages
            ]
    table.rewrite(pages)
    return damages


def _intact_page(index: int, tables: list[PagedTable]) -> tuple[Page | None, str]:
    """A page from the first of some states that has it intact, and that state's commit."""
    for table in tables:
        try:
            if index in table.written_pages() and table.page_groups == tables[0].page_groups:
                return table.read_pages([index])[index], table.arrays.snapshot
        except StoreError:
            continue
    return None, ""


def _source(commit: str) -> str:
    return f"put back as it was in commit {commit[:8]}" if commit else LOST


def _repair_masks(tip: Arrays, extent: Extent, damages: list[Damage], earlier: list[Arrays]) -> list[Damage]:
    layer, kind, channel = damages[0].layer, damages[0].kind, damages[0].channel
    masks = StoredMasks.at(tip, layer, kind, extent)
    befores = [StoredMasks.at(old, layer, kind, extent) for old in earlier]
    chunks: dict[int, tuple[bytes, int]] = {}
    sources: dict[int, str] = {}
    for place, frame in enumerate(extent.frames.channels[channel]):
        chunk = _chunk(masks, frame)
        if chunk is None and any(frame in damage.groups for damage in damages):
            chunk, sources[frame] = _intact_chunk(frame, befores)
        if chunk is not None:
            chunks[place] = chunk
    masks.rewrite(channel, chunks)
    return [
        damage.fixed(
            _source(sources[damage.groups.start])
            if damage.what == "mask" and damage.groups.start in sources
            else "marks made anew from the masks that can be read"
        )
        for damage in damages
    ]


def _chunk(masks: StoredMasks, frame: int) -> tuple[bytes, int] | None:
    """A frame's stored mask and state; None when there is none, or when it cannot be read."""
    try:
        return masks.chunk(frame, unmarked_state=TOUCHED)
    except StoreError:
        return None


def _intact_chunk(frame: int, befores: list[StoredMasks]) -> tuple[tuple[bytes, int] | None, str]:
    for masks in befores:
        chunk = _chunk(masks, frame) if masks.exists else None
        if chunk is not None:
            return chunk, masks.arrays.snapshot
    return None, ""


def _repair_note(tip: Arrays, extent: Extent, damages: list[Damage], earlier: list[Arrays]) -> list[Damage]:
    tip.delete_tree(f"layers/{damages[0].layer}/{damages[0].kind}")
    return [damage.fixed("removed: the run that left it starts from its beginning") for damage in damages]


def _repair_ids(tip: Arrays, extent: Extent, damages: list[Damage], earlier: list[Arrays]) -> list[Damage]:
    """The list of things that instance maps name: it only ever grew, so an earlier one is its beginning."""
    path = f"layers/{damages[0].layer}/instance_track_id"
    known: AnyArray = np.zeros(0, np.int64)
    for old in earlier:
        try:
            if old.node(path) is not None:
                known = old.read_array(path)
                break
        except StoreError:
            continue
    masks = StoredMasks.at(tip, damages[0].layer, "instance_map", extent)
    highest = max((int(masks.read(frame).max()) for frame in _readable(masks)), default=0)
    lost = max(0, highest - len(known))
    tip.write_array(path, np.concatenate([known, np.full(lost, NO_TRACK, np.int64)]))
    return [damage.fixed(f"put back; {lost} things lost their track id") for damage in damages]


def _repair_layer(tip: Arrays, extent: Extent, damages: list[Damage], earlier: list[Arrays]) -> list[Damage]:
    """A layer's own description; row ids go on above the highest that stands anywhere."""
    layer = damages[0].layer
    path = f"layers/{layer}"
    if _facts(tip, path):
        return damages  # it is not the layer's own description that is damaged
    old = next((state for state in earlier if _facts(state, path)), None)
    if old is None:
        return damages
    facts = old.attrs(path)
    tables = [PagedTable.at(tip, layer, kind, extent.groups(kind)) for kind in TABLES]
    free = [1 + max(_row_ids(table), default=-1) for table in tables]
    tip.set_attrs(path, facts | {"next_row_id": max(facts["next_row_id"], *free)})
    return [damage.fixed(_source(old.snapshot)) for damage in damages]


def _facts(arrays: Arrays, path: str) -> dict[str, Any]:
    """A group's attributes; none when it is not there or damaged."""
    try:
        return arrays.attrs(path)
    except StoreError:
        return {}


def _row_ids(table: PagedTable) -> list[int]:
    """The row ids of all pages that can be read."""
    try:
        pages = {index: _intact_page(index, [table])[0] for index in table.written_pages()}
    except StoreError:
        return []
    found = [page.rows.columns()["row_id"].tolist() for page in pages.values() if page is not None]
    return [row_id for ids in found for row_id in ids]


def _repair_keys(tip: Arrays, extent: Extent, damages: list[Damage], earlier: list[Arrays]) -> list[Damage]:
    tip.delete_tree(KEYS)
    for old in earlier:
        try:
            add_keys(tip, read_keys(old))
            return [damage.fixed(_source(old.snapshot)) for damage in damages]
        except StoreError:
            continue
    return [damage.fixed("removed: jobs of given-up commits are not known any more") for damage in damages]


def _readable(masks: StoredMasks) -> list[int]:
    found = []
    for frames in masks.index.channels.values() if masks.exists else ():
        found += [frame for frame in frames if _chunk(masks, frame) is not None]
    return found
