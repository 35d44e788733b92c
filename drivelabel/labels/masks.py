"""Dense masks of one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import BoolArray, IntArray

VOID = 255
"""Value of a label map's pixel that nobody labelled."""

NO_INSTANCE = 0
"""Value of an instance map's pixel that belongs to no thing."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """Which category each pixel of one frame has.

    Attributes:
        label_map: (h, w) uint8, row of the layer's taxonomy; VOID (255) where nobody labelled.

    Raises:
        InvalidLabelError: the array has another shape or dtype.
    """

    label_map: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        check_shape("label_map", self.label_map, (None, None))
        if self.label_map.dtype != np.uint8:
            raise InvalidLabelError(f"label_map: expected uint8, got {self.label_map.dtype}.")

    def mask(self, category_id: int) -> BoolArray:
        """(h, w), true where the pixel has this category."""
        return np.equal(self.label_map, category_id)


@dataclass(frozen=True, slots=True, eq=False)
class InstanceMap:
    """Which thing each pixel of one frame belongs to.

    Attributes:
        instance_map: (h, w) uint16; 0 for none, else 1 + row of `track_id`.
        track_id: (n,) int64, the things that pixel values name.

    Raises:
        InvalidLabelError: the array has another shape or dtype, or a pixel names no row.
    """

    instance_map: npt.NDArray[np.uint16]
    track_id: IntArray

    def __post_init__(self) -> None:
        check_shape("instance_map", self.instance_map, (None, None))
        check_shape("track_id", self.track_id, (None,))
        if self.instance_map.dtype != np.uint16:
            raise InvalidLabelError(f"instance_map: expected uint16, got {self.instance_map.dtype}.")
        highest = int(self.instance_map.max(initial=0))
        if highest > len(self.track_id):
            raise InvalidLabelError(
                f"instance_map: a pixel names row {highest}, but there are {len(self.track_id)} track ids."
            )

    def mask(self, track_id: int) -> BoolArray:
        """(h, w), true where the pixel belongs to this thing."""
        rows = np.flatnonzero(self.track_id == track_id) + 1
        return np.isin(self.instance_map, rows)
