"""Rows of labels from several files, gathered into the tables of one image set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel.formats.painting import InstancePainter
from drivelabel.formats.report import Tally
from drivelabel.labels import TABLES, VOID, Grouped, Table
from drivelabel.scene import MemoryMasks
from drivelabel.typing import BoolArray, IntArray, UInt8Array


@dataclass(slots=True)
class Gathered:
    """What was read so far.

    Attributes:
        tally: of the reader.
        painter: of instance masks.
        next_track: the first track id that no file has used.
    """

    tally: Tally
    painter: InstancePainter
    next_track: int = 1
    _rows: dict[str, list[tuple[Table, IntArray, IntArray]]] = field(default_factory=dict)
    _label_maps: dict[int, UInt8Array] = field(default_factory=dict)

    def add(self, kind: str, table: Table, image: IntArray, order: IntArray) -> None:
        """Some rows of one kind, the image of each, and numbers by which an image's rows are sorted."""
        self._rows.setdefault(kind, []).append((table, image, order))

    @property
    def kinds(self) -> set[str]:
        """The tables that have rows."""
        return {kind for kind, parts in self._rows.items() if any(len(table) for table, _, _ in parts)}

    def label_map(self, image: int, image_hw: tuple[int, int]) -> UInt8Array:
        """An image's label map, all void when it has none yet."""
        if image not in self._label_maps:
            self._label_maps[image] = np.full(image_hw, VOID, np.uint8)
        return self._label_maps[image]

    def forget_label_maps(self, images: set[int]) -> None:
        """Drop the label maps of some images, of which the file says that nobody drew one."""
        for image in images & self._label_maps.keys():
            del self._label_maps[image]

    def tables(self, labelled: dict[str, BoolArray]) -> dict[str, Grouped[Any]]:
        """Tables by image.

        Args:
            labelled: kind to (n_images,), where somebody looked.
        """
        return {kind: self._grouped(kind, flags) for kind, flags in labelled.items() if kind in TABLES}

    def masks(self, n_images: int) -> dict[str, Any]:
        """The layer's fields of masks."""
        maps = MemoryMasks(self._label_maps, n_images) if self._label_maps else None
        return {"label_maps": maps, **self.painter.columns(n_images)}

    def _grouped(self, kind: str, labelled: BoolArray) -> Grouped[Any]:
        n = len(labelled)
        parts = self._rows.get(kind, [])
        if not parts:
            return Grouped(TABLES[kind].empty(), np.zeros(n + 1, np.int64), labelled)
        image = np.concatenate([rows for _, rows, _ in parts])
        order = np.concatenate([numbers for _, _, numbers in parts])
        sorting = np.lexsort((order, image))
        table = TABLES[kind].concat([part for part, _, _ in parts])
        if (np.diff(sorting) != 1).any():
            table = table[sorting]
        counts = np.bincount(image, minlength=n)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Grouped(table, offsets, labelled | (counts > 0))
