"""Write an edit's changes into a session, merged with what others committed meanwhile."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from drivelabel._check import did_you_mean
from drivelabel.errors import ConflictError, InvalidLabelError, SceneLookupError
from drivelabel.labels import NEW_ROW, InstanceMap, Table, Taxonomy
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._frame_index import Extent
from drivelabel.storage._masks import StoredMasks
from drivelabel.storage._merge import RowConflict, merge_rows
from drivelabel.storage._page import LABELLED, TOUCHED, Page
from drivelabel.storage._pages import PagedTable
from drivelabel.storage._recording import plain_json, taxonomy_from_json, taxonomy_to_json
from drivelabel.storage.edit import Changes, NewLayer, remap_instances
from drivelabel.typing import AnyArray, BoolArray, IntArray, UInt8Array


@dataclass(slots=True)
class Applier:
    """Applies one edit.

    Attributes:
        tip: the writable session's arrays, at the newest commit.
        base: arrays of the snapshot that the edit started from; None when that is the newest commit.
        extent: of the scene.
        changes: what the edit asks for.
        conflicts, kept: see :class:`drivelabel.storage.CommitResult`.
    """

    tip: Arrays
    base: Arrays | None
    extent: Extent
    changes: Changes
    conflicts: list[RowConflict] = field(default_factory=list)
    kept: list[tuple[str, int]] = field(default_factory=list)
    _taxonomies: dict[str, Taxonomy] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)
    _given: dict[str, set[int]] = field(default_factory=dict)

    def apply(self) -> None:
        """Write everything. Raises an error of ours before anything is committed when a change is invalid."""
        for name, new in self.changes.layers.items():
            self._make_layer(name, new)
        for name in sorted(self.changes.touched_layers()):
            if self.tip.node(f"layers/{name}") is None:
                raise SceneLookupError(
                    f"{self.tip.where}: no layer {name!r}.{did_you_mean(name, self.tip.children('layers'))}"
                )
        for (layer, kind), groups in self.changes.tables.items():
            self._write_table(layer, kind, groups)
        for layer, masks in self.changes.label_maps.items():
            self._write_masks(layer, "label_map", masks)
        for layer, instances in self.changes.instance_maps.items():
            self._write_masks(layer, "instance_map", self._remapped(layer, instances))
        for (layer, name), data in self.changes.notes.items():
            self._write_note(layer, name, data)

    @property
    def _by_human(self) -> bool:
        return self.changes.by == "human"

    @property
    def _state(self) -> int:
        return TOUCHED if self._by_human else LABELLED

    # Layers

    def _make_layer(self, name: str, layer: NewLayer) -> None:
        path = f"layers/{name}"
        if self.tip.node(path) is not None:
            return
        next_row_id = 1 + max(
            (int(rows.columns()["row_id"].max(initial=NEW_ROW)) for rows in self.changes.rows_of(name)),
            default=NEW_ROW,
        )
        if layer.parent:
            if self.tip.node(f"layers/{layer.parent}") is None:
                raise SceneLookupError(f"{self.tip.where}: no layer {layer.parent!r} to copy.")
            next_row_id = self.tip.attrs(f"layers/{layer.parent}")["next_row_id"]
            self.tip.copy_tree(self.tip, f"layers/{layer.parent}", path)
        else:
            self._made.add(name)
        self.tip.set_attrs(
            path,
            {
                "taxonomy": taxonomy_to_json(layer.taxonomy),
                "author": layer.author,
                "model": plain_json(f"{name}, model", dict(layer.model)),
                "parent": layer.parent,
                "created_ns": layer.created_ns or time.time_ns(),
                "next_row_id": next_row_id,
            },
        )

    def _write_note(self, layer: str, name: str, data: bytes) -> None:
        if self.tip.node(f"layers/{layer}/notes") is None:
            self.tip.set_attrs(f"layers/{layer}/notes", {})
        self.tip.write_array(f"layers/{layer}/notes/{name}", np.frombuffer(data, np.uint8))

    def _taxonomy(self, layer: str) -> Taxonomy:
        if layer not in self._taxonomies:
            self._taxonomies[layer] = taxonomy_from_json(self.tip.attrs(f"layers/{layer}")["taxonomy"])
        return self._taxonomies[layer]

    # Tables

    def _write_table(self, layer: str, kind: str, groups: Mapping[int, Table]) -> None:
        self._check_rows(layer, kind, groups)
        table = PagedTable.at(self.tip, layer, kind, self.extent.groups(kind))
        by_page: dict[int, list[int]] = {}
        for group in sorted(groups):
            by_page.setdefault(table.page_of(group)[0], []).append(group)
        stored = table.read_pages(by_page)
        base = self._base_pages(layer, kind, by_page)
        new_pages: dict[int, Page] = {}
        for page, members in by_page.items():
            news: dict[int, Table] = {}
            for group in members:
                place = table.page_of(group)[1]
                touched = stored[page].state[place] == TOUCHED
                if touched and not self._by_human:
                    self.kept.append((kind, group))
                    continue
                theirs, rows = stored[page].group(place), groups[group]
                if touched and base is not None:
                    rows = self._merged(kind, group, base[page].group(place), theirs, rows)
                news[place] = self._numbered(layer, table, theirs, rows)
            if news:
                new_pages[page] = stored[page].replace(news, self._state)
        if new_pages:
            table.write_pages(new_pages)

    def _base_pages(self, layer: str, kind: str, by_page: Mapping[int, list[int]]) -> dict[int, Page] | None:
        if self.base is None or not self._by_human:
            return None
        return PagedTable.at(self.base, layer, kind, self.extent.groups(kind)).read_pages(by_page)

    def _merged(self, kind: str, group: int, base: Table, theirs: Table, ours: Table) -> Table:
        if base.equals(theirs):
            return ours
        rows, conflicts = merge_rows(kind, group, base, theirs, ours)
        self.conflicts += conflicts
        return rows

    def _numbered(self, layer: str, table: PagedTable, stored: Table, rows: Table) -> Table:
        """The rows with ids of their own: new rows, and copies of rows that stand elsewhere, get new ones."""
        ids: IntArray = rows.columns()["row_id"]
        attributes = self.tip.attrs(f"layers/{layer}")
        first = int(attributes["next_row_id"])
        new = (ids == NEW_ROW) | self._is_copy(layer, table, stored, ids, first)
        if not new.any():
            return rows
        ids = ids.copy()
        ids[new] = np.arange(first, first + int(new.sum()))
        self.tip.set_attrs(f"layers/{layer}", attributes | {"next_row_id": first + int(new.sum())})
        return type(rows)._trusted(rows.columns() | {"row_id": ids})

    def _is_copy(
        self, layer: str, table: PagedTable, stored: Table, ids: IntArray, first_free: int
    ) -> BoolArray:
        """(n,), which ids name a row of another group or layer. One that was deleted may come back."""
        foreign: BoolArray = ~np.isin(ids, stored.columns()["row_id"]) & (ids != NEW_ROW)
        if not foreign.any():
            return foreign
        given = self._given.setdefault(layer, set())
        copy: BoolArray = foreign & ((ids >= first_free) | np.isin(ids, list(given)))
        if layer not in self._made:  # the rows of a new layer keep the ids that they had in another scene
            copy |= foreign & table.has_row_ids(ids)
        given.update(ids[foreign & ~copy].tolist())
        return copy

    def _check_rows(self, layer: str, kind: str, groups: Mapping[int, Table]) -> None:
        taxonomy = self._taxonomy(layer)
        n_groups = self.extent.groups(kind)
        for group, rows in groups.items():
            if not 0 <= group < n_groups:
                what = "sample" if kind == "boxes3d" else "frame"
                raise SceneLookupError(f"{self.tip.where}: no {what} {group}. It has {n_groups}.")
            ids = rows.columns().get("category_id")
            if ids is not None:
                taxonomy.check_ids(f"{layer}, {kind}, group {group}, category_id", ids)
            numbered = rows.columns()["row_id"]
            numbered = numbered[numbered != NEW_ROW]
            if len(np.unique(numbered)) != len(numbered) or (numbered < NEW_ROW).any():
                raise InvalidLabelError(
                    f"{layer}, {kind}, group {group}: a row_id occurs twice or is negative. "
                    "Copies need row_id NEW_ROW."
                )

    # Masks

    def _write_masks(self, layer: str, kind: str, masks: Mapping[int, AnyArray]) -> None:
        stored = StoredMasks.at(self.tip, layer, kind, self.extent)
        if kind == "label_map":
            self._check_label_maps(layer, masks)
        wanted = {}
        for frame, mask in masks.items():
            touched = stored.state(frame) == TOUCHED
            if touched and not self._by_human:
                self.kept.append((kind, frame))
                continue
            if touched and self.base is not None:
                mask = self._merged_mask(self.base, layer, kind, frame, stored, mask)
            wanted[frame] = mask
        stored.write(wanted, self._state)

    def _merged_mask(
        self, before: Arrays, layer: str, kind: str, frame: int, stored: StoredMasks, ours: AnyArray
    ) -> AnyArray:
        """Pixels that only one side changed, from that side.

        Raises:
            ConflictError: both changed the same pixels, each in another way.
        """
        theirs = stored.read(frame)
        old = StoredMasks.at(before, layer, kind, self.extent)
        base = old.read(frame) if frame in old else np.full_like(ours, stored.fill)
        if ours.shape != theirs.shape:
            return ours  # refused when it is written
        both = (theirs != base) & (ours != base) & (theirs != ours)
        if both.any():
            raise ConflictError(
                f"{self.tip.where}, {layer}, {kind}, frame {frame}: somebody else changed "
                f"{int(both.sum())} of the same pixels. Read the frame again and redo the stroke."
            )
        return np.where(ours != base, ours, theirs)

    def _check_label_maps(self, layer: str, masks: Mapping[int, UInt8Array]) -> None:
        n = len(self._taxonomy(layer))
        for frame, mask in masks.items():
            # One more than each id, so that VOID wraps to 0: a sixth of the time that a histogram takes.
            highest = int((mask + np.uint8(1)).max(initial=0)) - 1
            if highest >= n:
                raise InvalidLabelError(
                    f"{layer}, label map of frame {frame}: {highest} is no category id (0 to {n - 1}) "
                    "and not VOID (255)."
                )

    def _remapped(self, layer: str, instances: Mapping[int, InstanceMap]) -> dict[int, AnyArray]:
        path = f"layers/{layer}/instance_track_id"
        known = np.zeros(0, np.int64) if self.tip.node(path) is None else self.tip.read_array(path)
        everything = known
        pixels = {}
        for frame, instance_map in instances.items():
            pixels[frame], everything = remap_instances(instance_map, everything)
        if len(everything) > len(known):
            self.tip.write_array(path, everything)
        return pixels
