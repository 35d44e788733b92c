"""Look at everything that a scene stores, and name what is damaged: a file, or the frames of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from drivelabel.errors import StoreError
from drivelabel.labels import TABLES
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._frame_index import Extent
from drivelabel.storage._keys import read_keys
from drivelabel.storage._masks import MARK_CHUNK, MASK_KINDS, StoredMasks
from drivelabel.storage._page import UNLABELLED
from drivelabel.storage._pages import PagedTable
from drivelabel.storage._recording import read_recording


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was written.

    Attributes:
        what: ``file``, ``branch``, ``history``, ``recording``, ``layer``, ``table``, ``mask``, ``marks``,
            ``ids``, ``note`` or ``keys``.
        message: in a sentence, with the place.
        layer, kind: whose labels, or "".
        groups: frames (cuboids: samples) that cannot be read.
        channel: the camera, for marks.
        fix: what was done about it; "" when nothing was.
    """

    what: str
    message: str
    layer: str = ""
    kind: str = ""
    groups: range = range(0)
    channel: str = ""
    fix: str = ""

    def fixed(self, how: str) -> Damage:
        """The same damage, and what was done about it."""
        return replace(self, fix=how)


@dataclass(slots=True)
class CheckReport:
    """What a check found.

    Attributes:
        name: of the scene.
        commits: in the history.
        chunks: of labels that were read and compared with their checksums.
        damages: everything that is not as it was written.
    """

    name: str
    commits: int = 0
    chunks: int = 0
    damages: list[Damage] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing is damaged, or all of it was put right."""
        return all(damage.fix for damage in self.damages)


def verify_labels(arrays: Arrays, root: str, report: CheckReport) -> None:
    """Read everything of one state of a scene, and add to the report what cannot be read."""
    try:
        extent = Extent.of(read_recording(arrays, {}, root), "rle")
        layers = arrays.children("layers")
    except StoreError as error:
        report.damages.append(Damage("recording", str(error)))
        return
    report.damages += _tried(partial(read_keys, arrays), Damage("keys", ""))
    for layer in layers:
        report.damages += _verify_layer(arrays, layer, extent, report)


def _verify_layer(arrays: Arrays, layer: str, extent: Extent, report: CheckReport) -> Iterator[Damage]:
    path = f"layers/{layer}"
    try:
        arrays.load_nodes([path, *(f"{path}/{kind}" for kind in (*TABLES, *MASK_KINDS))])
        notes = arrays.children(f"{path}/notes") if arrays.node(f"{path}/notes") is not None else []
        has_ids = arrays.node(f"{path}/instance_track_id") is not None
    except StoreError as error:
        yield Damage("layer", str(error), layer)
        return
    for kind in TABLES:
        table = PagedTable.at(arrays, layer, kind, extent.groups(kind))
        if table.exists:
            yield from _verify_table(table, layer, report)
    for kind in MASK_KINDS:
        masks = StoredMasks.at(arrays, layer, kind, extent)
        if masks.exists:
            yield from _verify_masks(masks, layer, kind, report)
    names = [f"notes/{note}" for note in notes] + ["instance_track_id"] * has_ids
    for name in names:
        what = "note" if name.startswith("notes/") else "ids"
        yield from _tried(partial(arrays.read_array, f"{path}/{name}"), Damage(what, "", layer, name))


def _verify_table(table: PagedTable, layer: str, report: CheckReport) -> Iterator[Damage]:
    for page in table.written_pages():
        first = page * table.page_groups
        groups = range(first, min(first + table.page_groups, table.n_groups))
        damage = Damage("table", "", layer, table.kind.KIND, groups)
        yield from _tried(partial(table.read_pages, [page]), damage)
        report.chunks += 1


def _verify_masks(masks: StoredMasks, layer: str, kind: str, report: CheckReport) -> Iterator[Damage]:
    for channel, frames in masks.index.channels.items():
        for first in range(frames.start, frames.stop, MARK_CHUNK):
            groups = range(first, min(first + MARK_CHUNK, frames.stop))
            damage = Damage("marks", "", layer, kind, groups, channel)
            found = list(_tried(partial(masks.state, first), damage))
            yield from found
            if found:
                break
            labelled = [frame for frame in groups if masks.state(frame) > UNLABELLED]
            report.chunks += len(labelled)
            buffer = np.empty(masks.index.image_hw[channel], masks.dtype)
            for frame in labelled:
                damage = Damage("mask", "", layer, kind, range(frame, frame + 1), channel)
                yield from _tried(partial(masks.read, frame, buffer), damage)


def _tried(read: Callable[[], object], damage: Damage) -> Iterator[Damage]:
    """The damage, with the error's words, when reading fails."""
    try:
        read()
    except StoreError as error:
        yield replace(damage, message=str(error))
