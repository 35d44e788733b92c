"""Exact rows for what the other tool left as it was, the other tool's rows for what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.formats.pictures import IMAGE_KINDS, Data, Picture, Pictures
from drivelabel.formats.report import Tally
from drivelabel.formats.sidecar.digests import MASK_KINDS, mask_of, picture_digest, table_digest
from drivelabel.labels import NO_INSTANCE, TABLES, VOID, Grouped, Table, Taxonomy
from drivelabel.scene import ImageSet, Layer, MemoryMasks, Scene
from drivelabel.typing import AnyArray, IntArray


@dataclass(frozen=True, slots=True)
class Known:
    """What a sidecar knows of one picture that its export wrote.

    Attributes:
        group: of our data.
        name: of the picture, as the format's reader names it.
        digests: kind to digest of what the reader gave back.
        split: that the reader gave back.
    """

    group: int
    name: str
    digests: Mapping[str, str]
    split: str


@dataclass(frozen=True)
class Restoring:
    """Our data, what was read now, and the difference.

    Attributes:
        ours: as it was written, with one layer of the name `layer`.
        theirs: what the reader gives now.
        known: the pictures that were written.
        names: of all pictures that the reader gave then.
        samples: digests of the cuboids of each sample then; empty when the format has none.
    """

    ours: Data
    theirs: Pictures
    layer: str
    known: tuple[Known, ...]
    names: frozenset[str]
    samples: tuple[str, ...]
    tally: Tally = field(default_factory=Tally)

    def run(self) -> tuple[Data, bool]:
        """The data as it is now, and whether nothing was changed in the other tool."""
        n_changed = len(self._changed) + len(self._changed_samples)
        n_same = len(self.known) - len({group for group, _ in self._changed}) - len(self._removed)
        self.tally.keep("sidecar", "", n_same, "pictures as they were written, exact")
        self.tally.keep("sidecar", "changed", n_changed, "edited elsewhere, so as the format has them")
        self.tally.keep("sidecar", "removed", len(self._removed), "pictures removed elsewhere")
        if not (n_changed or self._removed or self._added or self._moved):
            return self._with_files(self.ours), True
        if isinstance(self.ours, Scene):
            self.tally.drop("images", "", len(self._added), "added elsewhere; they belong to no drive")
            return self._with_files(self._changed_scene(self.ours)), False
        self.tally.keep("sidecar", "added", len(self._added), "pictures added elsewhere")
        return self._changed_set(self._with_files(self.ours)), False

    @cached_property
    def _now(self) -> dict[str, Picture]:
        return {picture.name: picture for picture in self.theirs.items}

    @cached_property
    def _removed(self) -> frozenset[int]:
        return frozenset(one.group for one in self.known if one.name not in self._now)

    @cached_property
    def _added(self) -> list[Picture]:
        return [picture for picture in self.theirs.items if picture.name not in self.names]

    @cached_property
    def _moved(self) -> dict[int, str]:
        """Pictures that are in another split now."""
        found = {one.group: self._now[one.name].split for one in self.known if one.name in self._now}
        return {
            one.group: found[one.group] for one in self.known if found.get(one.group, one.split) != one.split
        }

    @cached_property
    def _changed(self) -> dict[tuple[int, str], Picture]:
        """(group, kind) to the picture that has other labels of that kind now."""
        found: dict[tuple[int, str], Picture] = {}
        for one in self.known:
            picture = self._now.get(one.name)
            if picture is None:
                continue
            for kind in (*IMAGE_KINDS, *MASK_KINDS):
                if picture_digest(self.theirs, picture, kind) != one.digests.get(kind, ""):
                    found[one.group, kind] = picture
        return found

    @cached_property
    def _changed_samples(self) -> dict[int, Any]:
        layer = self.theirs.layers[0]
        grouped = layer.tables.get("boxes3d")
        if grouped is None or len(grouped) != len(self.samples):
            return {}
        return {
            row: grouped[row]
            for row, digest in enumerate(self.samples)
            if table_digest(grouped[row], layer.taxonomy) != digest
        }

    # What comes out

    def _changed_scene(self, scene: Scene) -> Scene:
        slots: list[_Slot] = [
            None if row in self._removed else (scene.layer(self.layer), row)
            for row in range(len(scene.frames))
        ]
        return replace(scene, layers={self.layer: self._layer(slots)})

    def _changed_set(self, images: ImageSet) -> ImageSet:
        own = images.layer(self.layer)
        kept = [row for row in range(len(images)) if row not in self._removed]
        slots: list[_Slot] = [(own, row) for row in kept]
        slots += [(self.theirs.layer_of(picture), picture.group) for picture in self._added]
        hws = [*images.image_hw[kept].tolist(), *(list(picture.image_hw) for picture in self._added)]
        home = Path(self.theirs.data[0].root).absolute()
        added = [replace(p.source, path=_placed(home, p.source.path)) for p in self._added]
        sources = (*(images.sources[row] for row in kept), *added)
        return replace(
            images,
            sources=sources,
            image_hw=np.asarray(hws, np.int64).reshape(-1, 2),
            splits=self._splits(images, kept),
            layers={self.layer: self._layer(slots)},
        )

    def _splits(self, images: ImageSet, kept: list[int]) -> dict[str, IntArray]:
        parts: dict[str, list[int]] = {name: [] for name in images.splits}
        members = {name: set(np.asarray(rows).tolist()) for name, rows in images.splits.items()}
        for new, row in enumerate(kept):
            if row in self._moved:
                if self._moved[row]:
                    parts.setdefault(self._moved[row], []).append(new)
                continue
            for name, rows in members.items():
                if row in rows:
                    parts[name].append(new)
        for new, picture in enumerate(self._added, start=len(kept)):
            if picture.split:
                parts.setdefault(picture.split, []).append(new)
        return {name: np.asarray(rows, np.int64) for name, rows in parts.items()}

    def _layer(self, slots: list[_Slot]) -> Layer:
        own = self.ours.layer(self.layer)
        merge = _Merge(own)
        tables: dict[str, Grouped[Any]] = {}
        for kind in IMAGE_KINDS:
            rows = {new: self._table(kind, slot, merge) for new, slot in enumerate(slots)}
            groups = {new: table for new, table in rows.items() if table is not None}
            if groups or kind in own.tables:
                tables[kind] = Grouped.from_groups(TABLES[kind], len(slots), groups)
        if "boxes3d" in own.tables:
            changed: dict[int, Any] = {
                row: merge.rows(table, self.theirs.taxonomy) for row, table in self._changed_samples.items()
            }
            tables["boxes3d"] = own.boxes3d.replace(changed) if changed else own.boxes3d
        maps = {kind: self._masks(kind, slots, merge) for kind in MASK_KINDS}
        return replace(
            own,
            taxonomy=merge.taxonomy,
            tables={kind: tables[kind] for kind in (*own.tables, *tables) if kind in tables},
            label_maps=maps["label_map"],
            instance_maps=maps["instance_map"],
            instance_track_id=np.asarray(merge.tracks, np.int64),
        )

    def _table(self, kind: str, slot: _Slot, merge: _Merge) -> Table | None:
        if slot is None:
            return None
        layer, row = slot
        if layer is not merge.own:  # a picture that was added
            grouped = layer.tables.get(kind)
            looked = grouped is not None and grouped.labelled[row]
            return merge.rows(grouped[row], layer.taxonomy) if grouped is not None and looked else None
        if (row, kind) in self._changed:
            picture = self._changed[row, kind]
            table = self.theirs.table(kind, picture)
            return None if table is None else merge.rows(table, self.theirs.taxonomy)
        grouped = layer.tables.get(kind)
        return grouped[row] if grouped is not None and grouped.labelled[row] else None

    def _masks(self, kind: str, slots: list[_Slot], merge: _Merge) -> MemoryMasks | None:
        found: dict[int, AnyArray] = {}
        for new, slot in enumerate(slots):
            if slot is None:
                continue
            layer, row = slot
            foreign = layer is not merge.own
            if not foreign and (row, kind) in self._changed:
                picture = self._changed[row, kind]
                layer, row, foreign = self.theirs.layer_of(picture), picture.group, True
            mask = mask_of(layer, kind, row)
            if mask is not None:
                found[new] = merge.mask(mask, kind, layer) if foreign else mask
        own = merge.own.label_maps if kind == "label_map" else merge.own.instance_maps
        return MemoryMasks(found, len(slots)) if found or own is not None else None

    def _with_files(self, data: Any) -> Any:
        """The data with the export's own images where the recorded ones are gone."""
        if "://" in data.root:
            return data
        sources = list(data.sources)
        rows = data.frames.source if isinstance(data, Scene) else np.arange(len(data))
        root = Path(self.theirs.data[0].root)
        for one in self.known:
            picture, row = self._now.get(one.name), int(rows[one.group])
            if picture is None or not picture.is_file or sources[row].kind != "image":
                continue
            copy = root.absolute() / picture.source.path
            if not _is_file(Path(data.root) / sources[row].path) and _is_file(copy):
                sources[row] = replace(picture.source, path=str(copy))
                self.tally.keep("images", "", 1, "the export's own files; the recorded ones are gone")
        return replace(data, sources=tuple(sources))


_Slot = tuple[Layer, int] | None
"""Whose labels a picture has, and in which group; None when nobody's."""


def _placed(home: Path, path: str) -> str:
    """A path that does not count from a root any more."""
    return path if "://" in path else str(home / path)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


@dataclass(slots=True)
class _Merge:
    """Rows and masks of another taxonomy under ours; classes that are new are added to it."""

    own: Layer
    taxonomy: Taxonomy = field(init=False)
    tracks: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.taxonomy = self.own.taxonomy
        self.tracks = self.own.instance_track_id.tolist()

    def rows(self, table: Table, other: Taxonomy) -> Table:
        """The rows with our ids of their classes."""
        if not hasattr(table, "category_id"):
            return table
        lookup = np.zeros(len(other), np.int64)
        for category_id in np.unique(table.category_id).tolist():
            lookup[category_id] = self._id(other, category_id)
        return table.replace(category_id=lookup[table.category_id])

    def mask(self, mask: AnyArray, kind: str, layer: Layer) -> AnyArray:
        """The mask with our values."""
        present = np.unique(mask).tolist()
        if kind == "label_map":
            lookup = np.full(VOID + 1, VOID, np.uint8)
            for value in present:
                if value < len(layer.taxonomy):
                    lookup[value] = self._id(layer.taxonomy, value)
            return np.asarray(lookup[mask])
        places = np.zeros(max([*present, 0]) + 1, np.uint16)
        for value in present:
            if value != NO_INSTANCE:
                places[value] = self._place(int(layer.instance_track_id[value - 1]))
        return np.asarray(places[mask])

    def _id(self, other: Taxonomy, category_id: int) -> int:
        category = other.categories[category_id]
        if category.name not in self.taxonomy:
            plain = replace(category, parent=None)
            self.taxonomy = Taxonomy(self.taxonomy.name, (*self.taxonomy.categories, plain))
        return self.taxonomy.id_of(category.name)

    def _place(self, track_id: int) -> int:
        if track_id not in self.tracks:
            self.tracks.append(track_id)
        return self.tracks.index(track_id) + 1
