"""Image sets put together picture by picture, for readers of formats with a few objects a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.labels import IMPORTED, TABLES, Attributes, Grouped, Table, Tags, Taxonomy
from drivelabel.labels.attributes import AttributeValue
from drivelabel.scene import ImageSet, Layer, MemoryMasks, Source
from drivelabel.typing import AnyArray

MAX_PIXELS = 200_000_000


@dataclass(slots=True)
class ImageSetBuilder:
    """Collects pictures and their labels; :meth:`build` makes the set.

    Attributes:
        name: of the set.
        root: the folder that paths of pictures count from.
        taxonomy: of the labels.
        layer: name of the layer.
    """

    name: str
    root: str
    taxonomy: Taxonomy
    layer: str
    _sources: list[Source] = field(default_factory=list)
    _hws: list[tuple[int, int]] = field(default_factory=list)
    _rows: dict[str, int] = field(default_factory=dict)
    _groups: dict[str, dict[int, Any]] = field(default_factory=dict)
    _splits: dict[str, list[int]] = field(default_factory=dict)
    _maps: dict[int, AnyArray] = field(default_factory=dict)
    _instances: dict[int, AnyArray] = field(default_factory=dict)
    instance_track_id: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, path: object) -> bool:
        return path in self._rows

    def add(
        self,
        path: str,
        image_hw: tuple[int, int],
        *tables: Table,
        split: str = "",
        n_bytes: int = 0,
        label_map: AnyArray | None = None,
        instance_map: AnyArray | None = None,
    ) -> int:
        """Add a picture; its row.

        Args:
            path: relative to `root`, or absolute, or a URL.
            image_hw: height and width, pixels.
            tables: its labels, one table a kind; a table without rows says that there is nothing.
            split: ``train``, ``val``, ... or "".
            n_bytes: size of the file, when known.
            label_map, instance_map: (h, w) uint8 and uint16; the latter's values count `instance_track_id`.

        Raises:
            FormatError: the picture was added before, or its size is not positive or over 200 Mpx.
        """
        height, width = image_hw
        if height <= 0 or width <= 0 or height * width > MAX_PIXELS:
            raise FormatError(f"{path}: expected an image of 1 to {MAX_PIXELS} pixels, got {width}x{height}.")
        if path in self._rows:
            raise FormatError(f"{path}: the picture occurs twice.")
        row = self._rows[path] = len(self._sources)
        self._sources.append(Source(path, "image", n_bytes=n_bytes))
        self._hws.append((height, width))
        for table in tables:
            self._groups.setdefault(table.KIND, {})[row] = table
        if split:
            self._splits.setdefault(split, []).append(row)
        if label_map is not None:
            self._maps[row] = label_map
        if instance_map is not None:
            self._instances[row] = instance_map
        return row

    def build(self, *, only_found: bool = False, **about: Any) -> ImageSet:
        """The set, with one layer.

        Args:
            only_found: leave out kinds of labels that no picture has, for formats of many kinds: nobody is
                known to have looked for them.
            about: more fields of the layer: ``author``, ``model``, or masks that were made elsewhere.
        """
        n = len(self._sources)
        tables = {kind: Grouped.from_groups(TABLES[kind], n, groups) for kind, groups in self._groups.items()}
        if only_found:
            tables = {kind: grouped for kind, grouped in tables.items() if len(grouped.rows)}
        masks = {
            "label_maps": MemoryMasks(self._maps, n) if self._maps else None,
            "instance_maps": MemoryMasks(self._instances, n) if self._instances else None,
            "instance_track_id": np.asarray(self.instance_track_id, np.int64),
        }
        layer = Layer(self.layer, self.taxonomy, tables=tables, **(masks | about))
        return ImageSet(
            name=self.name,
            sources=tuple(self._sources),
            image_hw=np.asarray(self._hws, np.int64).reshape(n, 2),
            taxonomy=self.taxonomy,
            layers={self.layer: layer},
            splits={split: np.asarray(rows, np.int64) for split, rows in self._splits.items()},
            root=self.root,
        )


def image_tags(facts: Mapping[str, AttributeValue]) -> Tags:
    """Facts about one picture as a row of tags; no row when there are none."""
    rows = [facts] if facts else []
    return Tags(
        score=np.ones(len(rows), np.float32),
        origin=np.full(len(rows), IMPORTED, np.uint8),
        attributes=Attributes.from_rows(rows),
    )
