"""Changes to a scene, collected and then committed as one."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import InstanceMap, LabelMap, Table, Taxonomy
from drivelabel.storage._merge import RowConflict
from drivelabel.typing import AnyArray, UInt8Array

By = Literal["human", "model", "import"]
"""Who makes an edit. What a person touched, a model or an import leaves as it is."""


@dataclass(frozen=True, slots=True)
class NewLayer:
    """A layer to be made; see :class:`drivelabel.scene.Layer` for its fields."""

    taxonomy: Taxonomy
    author: str
    model: Mapping[str, Any]
    parent: str
    created_ns: int = 0


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What became of an edit.

    Attributes:
        snapshot: id of the commit; of the scene's state when there was nothing to change.
        changed: false when the scene already was as asked.
        conflicts: rows that somebody else had changed meanwhile; both versions are in the scene.
        kept: (kind, group) that a person had touched and that this edit, a model's, left alone.
    """

    snapshot: str
    changed: bool = True
    conflicts: tuple[RowConflict, ...] = ()
    kept: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class Changes:
    """What an edit asks for; filled by :class:`Edit`, applied by the store.

    Attributes:
        by: who makes the edit.
        layers: name to layer to be made.
        tables: (layer, kind) to group to its new rows.
        label_maps, instance_maps: layer to frame to its new mask.
        notes: (layer, name) to bytes; see :meth:`Edit.set_note`.
    """

    by: By
    layers: dict[str, NewLayer] = field(default_factory=dict)
    tables: dict[tuple[str, str], dict[int, Table]] = field(default_factory=dict)
    label_maps: dict[str, dict[int, UInt8Array]] = field(default_factory=dict)
    instance_maps: dict[str, dict[int, InstanceMap]] = field(default_factory=dict)
    notes: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def touched_layers(self) -> set[str]:
        """Names of all layers that the edit writes to."""
        by_pair = (name for name, _ in (*self.tables, *self.notes))
        return {*self.layers, *by_pair, *self.label_maps, *self.instance_maps}

    def rows_of(self, layer: str) -> Iterator[Table]:
        """The rows that the edit writes to a layer, group by group."""
        for (name, _), groups in self.tables.items():
            if name == layer:
                yield from groups.values()


@dataclass(slots=True)
class Edit:
    """Changes to a scene, made with the methods below and committed together when the block ends.

    ``with store.edit("fix the van") as edit: edit.set("review", frame, boxes)``. When the block ends with an
    exception nothing is written.

    Attributes:
        message: what the history says.
        author: who; the system's user name by default.
        command, parameters: what was run.
        key: an id that makes a repeated edit have one effect.
        base: the snapshot that the edit started from.
        result: what became of it; None before the block ends.
    """

    message: str
    base: str
    changes: Changes
    author: str = field(default_factory=getpass.getuser)
    command: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    result: CommitResult | None = None

    def create_layer(
        self,
        name: str,
        taxonomy: Taxonomy,
        *,
        author: str = "",
        model: Mapping[str, Any] | None = None,
        parent: str = "",
    ) -> None:
        """Make a layer if there is none of that name; with a `parent`, as a copy of that layer.

        Raises:
            InvalidLabelError: the name has other characters than letters, digits, ``_`` and ``-``.
        """
        check_name("layer", name)
        self.changes.layers[name] = NewLayer(taxonomy, author or self.author, dict(model or {}), parent)

    def set(self, layer: str, group: int, rows: Table) -> None:
        """Exchange all rows of one kind in one frame (cuboids: sample). The kind is that of `rows`."""
        self.changes.tables.setdefault((layer, rows.KIND), {})[int(group)] = rows

    def set_label_map(self, layer: str, frame: int, label_map: UInt8Array | LabelMap) -> None:
        """Exchange the label map of one frame."""
        pixels = label_map.label_map if isinstance(label_map, LabelMap) else LabelMap(label_map).label_map
        self.changes.label_maps.setdefault(layer, {})[int(frame)] = pixels

    def set_note(self, layer: str, name: str, data: bytes) -> None:
        """Keep a few bytes with a layer, committed together with its labels: where a long run stands, say.

        Raises:
            InvalidLabelError: the name has other characters than letters, digits, ``_`` and ``-``.
        """
        check_name("note", name)
        self.changes.notes[layer, name] = data

    def set_instance_map(self, layer: str, frame: int, instance_map: InstanceMap) -> None:
        """Exchange the instance map of one frame."""
        self.changes.instance_maps.setdefault(layer, {})[int(frame)] = instance_map


def check_name(what: str, name: str) -> None:
    """Raise InvalidLabelError unless `name` can be a part of a path in the store."""
    if not name or not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
        raise InvalidLabelError(f"{what}: expected letters, digits, '_' and '-', got {name!r}.")


def remap_instances(instance_map: InstanceMap, known: AnyArray) -> tuple[AnyArray, AnyArray]:
    """An instance map whose values name rows of one list for the whole layer.

    Args:
        instance_map: of one frame, with its own list of track ids.
        known: (n,) int64, the layer's list.

    Returns:
        (h, w) uint16 pixels, and the layer's list with the frame's new ids at its end.

    Raises:
        InvalidLabelError: the layer would have more than 65,535 things.
    """
    new = instance_map.track_id[~np.isin(instance_map.track_id, known)]
    everything = np.concatenate([known, new])
    if len(everything) > np.iinfo(np.uint16).max:
        raise InvalidLabelError(f"instance maps: at most 65535 things a layer, got {len(everything)}.")
    order = np.argsort(everything, kind="stable")
    rows = order[np.searchsorted(everything, instance_map.track_id, sorter=order)] + 1
    lookup = np.concatenate([[0], rows]).astype(np.uint16)
    return lookup[instance_map.instance_map], everything
