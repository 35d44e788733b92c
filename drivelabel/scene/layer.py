"""One author's labels over a scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import numpy as np

from drivelabel.errors import SceneLookupError
from drivelabel.labels import (
    Boxes2D,
    Boxes3D,
    Grouped,
    Keypoints,
    LabelMap,
    LaneLines,
    Polygons,
    Tags,
    Taxonomy,
    TrafficLights,
)
from drivelabel.labels.masks import InstanceMap
from drivelabel.typing import AnyArray, BoolArray, IntArray


class MaskStore(Protocol):
    """Dense masks by frame. :class:`drivelabel.storage` keeps them on disk, a dict does in memory."""

    def __contains__(self, frame: object) -> bool:
        """Whether the frame has a mask."""
        ...

    def read(self, frame: int, out: AnyArray | None = None) -> AnyArray:
        """(h, w), the frame's mask, into `out` when it is given.

        Raises:
            SceneLookupError: the frame has no mask.
        """
        ...

    def labelled(self) -> BoolArray:
        """(n_frames,), which frames have a mask."""
        ...


@dataclass(frozen=True, slots=True)
class MemoryMasks:
    """Masks held in a dict: frame to (h, w) array."""

    masks: Mapping[int, AnyArray]
    n_frames: int

    def __contains__(self, frame: object) -> bool:
        return frame in self.masks

    def read(self, frame: int, out: AnyArray | None = None) -> AnyArray:
        """See :meth:`MaskStore.read`."""
        if frame not in self.masks:
            raise SceneLookupError(f"frame {frame} has no mask.")
        if out is None:
            return self.masks[frame].copy()
        out[...] = self.masks[frame]
        return out

    def labelled(self) -> BoolArray:
        """See :meth:`MaskStore.labelled`."""
        flags = np.zeros(self.n_frames, np.bool_)
        flags[list(self.masks)] = True
        return flags


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Layer:
    """One author's labels over a scene: ``truth``, ``auto``, ``review``, ...

    Attributes:
        name: unique in its scene.
        taxonomy: what the layer's category ids mean.
        author: a person, or ``drivelabel`` for models.
        model: what made it: model names, weight hashes, settings; empty for people.
        created_ns: when, nanoseconds since 1970.
        parent: the layer it was copied from, or "".
        tables: kind of label (``boxes2d``, ...) to scene-wide table; kinds without labels are absent.
            Tables of a stored layer are read on first use.
        label_maps, instance_maps: dense masks by frame, or None.
        instance_track_id: (n,) int64, what the values of the instance maps name: value v is row v - 1.
    """

    name: str
    taxonomy: Taxonomy
    author: str = ""
    model: Mapping[str, Any] = field(default_factory=dict)
    created_ns: int = 0
    parent: str = ""
    tables: Mapping[str, Grouped[Any]] = field(default_factory=dict)
    label_maps: MaskStore | None = None
    instance_maps: MaskStore | None = None
    instance_track_id: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))

    def __repr__(self) -> str:
        return f"<Layer {self.name!r} by {self.author or 'nobody'}: {', '.join(self.tables) or 'no tables'}>"

    def _table(self, kind: str) -> Grouped[Any]:
        if kind not in self.tables:
            has = ", ".join(sorted(self.tables)) or "no tables"
            raise SceneLookupError(f"layer {self.name!r} has no {kind}. It has {has}.")
        return self.tables[kind]

    @property
    def boxes2d(self) -> Grouped[Boxes2D]:
        """Boxes by frame. Raises SceneLookupError when the layer has none."""
        return cast("Grouped[Boxes2D]", self._table("boxes2d"))

    @property
    def boxes3d(self) -> Grouped[Boxes3D]:
        """Cuboids by sample. Raises SceneLookupError when the layer has none."""
        return cast("Grouped[Boxes3D]", self._table("boxes3d"))

    @property
    def lane_lines(self) -> Grouped[LaneLines]:
        """Lane lines by frame. Raises SceneLookupError when the layer has none."""
        return cast("Grouped[LaneLines]", self._table("lane_lines"))

    @property
    def traffic_lights(self) -> Grouped[TrafficLights]:
        """Traffic lights by frame. Raises SceneLookupError when the layer has none."""
        return cast("Grouped[TrafficLights]", self._table("traffic_lights"))

    @property
    def keypoints(self) -> Grouped[Keypoints]:
        """Skeletons by frame. Raises SceneLookupError when the layer has none."""
        return cast("Grouped[Keypoints]", self._table("keypoints"))

    @property
    def polygons(self) -> Grouped[Polygons]:
        """Outlined areas by frame. Raises SceneLookupError when the layer has none."""
        return cast("Grouped[Polygons]", self._table("polygons"))

    @property
    def tags(self) -> Grouped[Tags]:
        """Facts by frame. Raises SceneLookupError when the layer has none."""
        return cast("Grouped[Tags]", self._table("tags"))

    def label_map(self, frame: int) -> LabelMap:
        """The categories of one frame's pixels.

        Raises:
            SceneLookupError: the layer has no label map of that frame.
        """
        if self.label_maps is None:
            raise SceneLookupError(f"layer {self.name!r} has no label maps.")
        return LabelMap(self.label_maps.read(frame))

    def instance_map(self, frame: int) -> InstanceMap:
        """The things of one frame's pixels.

        Raises:
            SceneLookupError: the layer has no instance map of that frame.
        """
        if self.instance_maps is None:
            raise SceneLookupError(f"layer {self.name!r} has no instance maps.")
        return InstanceMap(self.instance_maps.read(frame), self.instance_track_id)
