"""Layers of a stored scene, read on first use; and whole layers as changes, for a new scene."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from drivelabel.labels import TABLES, Grouped
from drivelabel.scene import Layer
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._frame_index import Extent
from drivelabel.storage._masks import MASK_KINDS, StoredMasks
from drivelabel.storage._pages import PagedTable
from drivelabel.storage._recording import taxonomy_from_json
from drivelabel.storage.edit import Changes, NewLayer, check_name

MASKS_AT_ONCE = 16


class StoredTables(Mapping[str, Grouped[Any]]):
    """A layer's tables, each read on first use."""

    def __init__(self, arrays: Arrays, layer: str, extent: Extent) -> None:
        self._arrays = arrays
        self._layer = layer
        self._extent = extent
        self._kinds = [kind for kind in TABLES if arrays.node(f"layers/{layer}/{kind}") is not None]
        self._read: dict[str, Grouped[Any]] = {}

    def __getitem__(self, kind: str) -> Grouped[Any]:
        if kind not in self._kinds:
            raise KeyError(kind)
        if kind not in self._read:
            groups = self._extent.groups(kind)
            self._read[kind] = PagedTable.at(self._arrays, self._layer, kind, groups).read_all()
        return self._read[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in self._kinds  # Mapping's own would read the whole table

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


def read_layer(arrays: Arrays, name: str, extent: Extent) -> Layer:
    """A stored layer.

    Raises:
        CorruptSceneError: its description is damaged.
    """
    ids_path = f"layers/{name}/instance_track_id"
    kinds = (f"layers/{name}/{kind}" for kind in (*TABLES, *MASK_KINDS))
    arrays.load_nodes([f"layers/{name}", ids_path, *kinds])
    facts = arrays.attrs(f"layers/{name}")
    masks = {kind: StoredMasks.at(arrays, name, kind, extent) for kind in MASK_KINDS}
    has_ids = arrays.node(ids_path) is not None
    return Layer(
        name=name,
        taxonomy=taxonomy_from_json(facts["taxonomy"]),
        author=facts["author"],
        model=facts["model"],
        created_ns=facts["created_ns"],
        parent=facts["parent"],
        tables=StoredTables(arrays, name, extent),
        label_maps=masks["label_map"] if masks["label_map"].exists else None,
        instance_maps=masks["instance_map"] if masks["instance_map"].exists else None,
        instance_track_id=arrays.read_array(ids_path) if has_ids else np.zeros(0, np.int64),
    )


def whole_layer(layer: Layer) -> Iterator[Changes]:
    """Everything that a layer holds, as changes to be applied in turn; a few masks at a time.

    Raises:
        InvalidLabelError: the layer's name cannot be a part of a path.
    """
    check_name("layer", layer.name)
    first = Changes("import")
    first.layers[layer.name] = NewLayer(layer.taxonomy, layer.author, layer.model, "", layer.created_ns)
    for kind, grouped in layer.tables.items():
        groups = {int(group): grouped[int(group)] for group in np.flatnonzero(grouped.labelled)}
        if groups:
            first.tables[layer.name, kind] = groups
    yield first
    for frames in _in_parts(layer.label_maps):
        maps = {frame: layer.label_map(frame).label_map for frame in frames}
        yield Changes("import", label_maps={layer.name: maps})
    for frames in _in_parts(layer.instance_maps):
        instances = {frame: layer.instance_map(frame) for frame in frames}
        yield Changes("import", instance_maps={layer.name: instances})


def _in_parts(masks: Any) -> Iterator[list[int]]:
    frames = [] if masks is None else np.flatnonzero(masks.labelled()).tolist()
    for start in range(0, len(frames), MASKS_AT_ONCE):
        yield frames[start : start + MASKS_AT_ONCE]
