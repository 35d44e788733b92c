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
from drivelabel.storage._masks import FrameIndex, StoredMasks
from drivelabel.storage._merge import RowConflict, merge_rows
from drivelabel.storage._pages import LABELLED, TOUCHED, Page, PagedTable
from drivelabel.storage._recording import taxonomy_from_json, taxonomy_to_json
from drivelabel.storage.edit import Changes, NewLayer, remap_instances
from drivelabel.typing import AnyArray, UInt8Array


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a scene is: what a store must know of it to place labels."""

    frames: FrameIndex
    n_samples: int

    def groups(self, kind: str) -> int:
        """Groups of a table: samples for cuboids, frames for everything else."""
        return self.n_samples if kind == "boxes3d" else self.frames.n_frames


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
        for (layer, name), data in self.changes.notes.items():
            self._write_note(layer, name, data)
        for layer, instances in self.changes.instance_maps.items():
            self._write_masks(layer, "instance_map", self._remapped(layer, instances))

    def _write_note(self, layer: str, name: str, data: bytes) -> None:
        if self.tip.node(f"layers/{layer}/notes") is None:
            self.tip.set_attrs(f"layers/{layer}/notes", {})
        self.tip.write_array(f"layers/{layer}/notes/{name}", np.frombuffer(data, np.uint8))

    @property
    def _state(self) -> int:
        return TOUCHED if self.changes.by == "human" else LABELLED

    # Layers

    def _make_layer(self, name: str, layer: NewLayer) -> None:
        path = f"layers/{name}"
        if self.tip.node(path) is not None:
            return
        next_row_id = 0
        if layer.parent:
            if self.tip.node(f"layers/{layer.parent}") is None:
                raise SceneLookupError(f"{self.tip.where}: no layer {layer.parent!r} to copy.")
            next_row_id = self.tip.attrs(f"layers/{layer.parent}")["next_row_id"]
            self.tip.copy_tree(f"layers/{layer.parent}", path)
        self.tip.set_attrs(
            path,
            {
                "taxonomy": taxonomy_to_json(layer.taxonomy),
                "author": layer.author,
                "model": dict(layer.model),
                "parent": layer.parent,
                "created_ns": time.time_ns(),
                "next_row_id": next_row_id,
            },
        )

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
                if self.changes.by != "human" and stored[page].state[place] == TOUCHED:
                    self.kept.append((kind, group))
                    continue
                rows = groups[group]
                if base is not None and self.changes.by == "human":
                    rows = self._merged(kind, group, base[page].group(place), stored[page].group(place), rows)
                news[place] = self._numbered(layer, rows)
            new_pages[page] = stored[page].replace(news, self._state)
        table.write_pages(new_pages)

    def _base_pages(self, layer: str, kind: str, by_page: Mapping[int, list[int]]) -> dict[int, Page] | None:
        if self.base is None:
            return None
        return PagedTable.at(self.base, layer, kind, self.extent.groups(kind)).read_pages(by_page)

    def _merged(self, kind: str, group: int, base: Table, theirs: Table, ours: Table) -> Table:
        if base.equals(theirs):
            return ours
        rows, conflicts = merge_rows(kind, group, base, theirs, ours)
        self.conflicts += conflicts
        return rows

    def _numbered(self, layer: str, rows: Table) -> Table:
        """The rows with ids for those that have none."""
        ids = rows.columns()["row_id"]
        new = ids == NEW_ROW
        if not new.any():
            return rows
        attributes = self.tip.attrs(f"layers/{layer}")
        first = int(attributes["next_row_id"])
        ids = ids.copy()
        ids[new] = np.arange(first, first + int(new.sum()))
        self.tip.set_attrs(
            f"layers/{layer}", attributes | {"next_row_id": first + int(new.sum())}, later=True
        )
        return type(rows)._trusted(rows.columns() | {"row_id": ids})

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
            if len(np.unique(numbered)) != len(numbered):
                raise InvalidLabelError(
                    f"{layer}, {kind}, group {group}: a row_id occurs twice. Copies need row_id NEW_ROW."
                )

    def _taxonomy(self, layer: str) -> Taxonomy:
        return taxonomy_from_json(self.tip.attrs(f"layers/{layer}")["taxonomy"])

    # Masks

    def _write_masks(self, layer: str, kind: str, masks: Mapping[int, AnyArray]) -> None:
        stored = StoredMasks.at(self.tip, layer, kind, self.extent.frames)
        wanted = {}
        for frame, mask in masks.items():
            if self.changes.by != "human" and stored.states(frame) == TOUCHED:
                self.kept.append((kind, frame))
                continue
            if self.changes.by == "human" and self.base is not None:
                mask = self._merged_mask(layer, kind, frame, stored, mask)
            wanted[frame] = mask
        if kind == "label_map":
            self._check_label_maps(layer, wanted)
        stored.write(wanted, self._state)

    def _merged_mask(
        self, layer: str, kind: str, frame: int, stored: StoredMasks, ours: AnyArray
    ) -> AnyArray:
        """Pixels that only one side changed, from that side.

        Raises:
            ConflictError: both changed the same pixels, each in another way.
        """
        assert self.base is not None, "only asked when somebody committed meanwhile"
        if frame not in stored:
            return ours
        theirs = stored.read(frame)
        before = StoredMasks.at(self.base, layer, kind, self.extent.frames)
        base = before.read(frame) if frame in before else np.full_like(ours, stored.fill)
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
            seen = np.flatnonzero(np.bincount(mask.ravel(), minlength=256)[:255])
            if len(seen) and seen[-1] >= n:
                raise InvalidLabelError(
                    f"{layer}, label map of frame {frame}: {int(seen[-1])} is no category id (0 to {n - 1}) "
                    "and not VOID (255)."
                )

    def _remapped(self, layer: str, instances: Mapping[int, InstanceMap]) -> dict[int, AnyArray]:
        path = f"layers/{layer}/instance_track_id"
        known = self.tip.read_array(path)
        before = np.zeros(0, np.int64) if known is None else known
        everything = before
        pixels = {}
        for frame, instance_map in instances.items():
            pixels[frame], everything = remap_instances(instance_map, everything)
        if known is None or len(everything) > len(before):
            self.tip.write_array(path, everything)
        return pixels
