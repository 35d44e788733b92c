"""Digests of what a reader gives back, picture by picture and kind by kind; ids of classes do not count."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from drivelabel.formats.pictures import IMAGE_KINDS, Picture, Pictures
from drivelabel.labels import Attributes, Ragged, Table, Taxonomy
from drivelabel.scene import Layer
from drivelabel.typing import AnyArray

MASK_KINDS = ("label_map", "instance_map")
KINDS = (*IMAGE_KINDS, *MASK_KINDS)
NOTHING = ""
"""The digest of a kind that nobody looked for."""


def picture_digest(pictures: Pictures, picture: Picture, kind: str) -> str:
    """Hex digest of a picture's labels of one kind; NOTHING where nobody looked."""
    layer = pictures.layer_of(picture)
    if kind not in MASK_KINDS:
        return table_digest(pictures.table(kind, picture), layer.taxonomy)
    mask = mask_of(layer, kind, picture.group)
    if mask is None:
        return NOTHING
    present, values = np.unique(mask, return_inverse=True)
    if kind == "label_map":
        names: list[Any] = [
            layer.taxonomy.names[v] if v < len(layer.taxonomy) else int(v) for v in present.tolist()
        ]
    else:
        names = [0 if v == 0 else f"track {int(layer.instance_track_id[v - 1])}" for v in present.tolist()]
    digest = hashlib.sha256(json.dumps([list(mask.shape), names]).encode())
    digest.update(np.ascontiguousarray(values.reshape(-1), np.int64).tobytes())
    return digest.hexdigest()


def mask_of(layer: Layer, kind: str, group: int) -> AnyArray | None:
    """A group's mask, or None."""
    store = layer.label_maps if kind == "label_map" else layer.instance_maps
    return store.read(group) if store is not None and group in store else None


def table_digest(table: Table | None, taxonomy: Taxonomy) -> str:
    """Hex digest of some rows, the store's own numbers left out; NOTHING for None."""
    if table is None:
        return NOTHING
    digest = hashlib.sha256(f"{table.KIND} {len(table)}".encode())
    for name, column in table.columns().items():
        if name == "row_id":
            continue
        digest.update(name.encode())
        if name == "category_id":
            names = [taxonomy.names[k] for k in column.tolist()]
            digest.update(json.dumps(names).encode())
        elif isinstance(column, Attributes):
            rows = [
                sorted((k, type(v).__name__, v) for k, v in column.row(r).items()) for r in range(len(column))
            ]
            digest.update(json.dumps(rows).encode())
        elif isinstance(column, Ragged):
            digest.update(np.ascontiguousarray(column.offsets).tobytes())
            digest.update(np.ascontiguousarray(column.values).tobytes())
        else:
            digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()
