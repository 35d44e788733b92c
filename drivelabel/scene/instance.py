"""Everything that is known of one thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.errors import SceneLookupError
from drivelabel.labels import NO_TRACK, Table
from drivelabel.scene.layer import Layer
from drivelabel.typing import BoolArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class LayerInstance:
    """One layer's labels of one thing.

    Attributes:
        tables: kind of label to the thing's rows; kinds without rows are absent.
        groups: kind of label to (n,) the frame (cuboids: the sample) of each row.
    """

    tables: Mapping[str, Any]
    groups: Mapping[str, IntArray]
    layer: Layer
    track_id: int

    def masks(self) -> Iterator[tuple[int, BoolArray]]:
        """Frame and (h, w) mask of the thing, for each frame in which it has pixels."""
        rows = np.flatnonzero(self.layer.instance_track_id == self.track_id)
        if self.layer.instance_maps is None or not len(rows):
            return
        for frame in np.flatnonzero(self.layer.instance_maps.labelled()):
            mask = np.isin(self.layer.instance_maps.read(int(frame)), rows + 1)
            if mask.any():
                yield int(frame), mask


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """Every label of one thing, by layer.

    Attributes:
        track_id: which thing.
        layers: layer name to that layer's labels of it.
    """

    track_id: int
    layers: Mapping[str, LayerInstance]

    def __getitem__(self, layer: str) -> LayerInstance:
        if layer not in self.layers:
            raise SceneLookupError(f"track {self.track_id}: no labels in layer {layer!r}.")
        return self.layers[layer]


def find_instance(track_id: int, layers: Mapping[str, Layer]) -> Instance:
    """Every label of `track_id` in `layers`; layers without any are absent. NO_TRACK names no thing."""
    found: dict[str, LayerInstance] = {}
    if track_id == NO_TRACK:
        return Instance(track_id, found)
    for name, layer in layers.items():
        tables: dict[str, Table] = {}
        groups: dict[str, IntArray] = {}
        for kind, grouped in layer.tables.items():
            if not hasattr(grouped.rows, "track_id"):
                continue
            rows = np.flatnonzero(grouped.rows.track_id == track_id)
            if len(rows):
                tables[kind] = grouped.rows[rows]
                groups[kind] = np.searchsorted(grouped.offsets, rows, side="right") - 1
        if tables or (layer.instance_track_id == track_id).any():
            found[name] = LayerInstance(tables, groups, layer, track_id)
    return Instance(track_id, found)
