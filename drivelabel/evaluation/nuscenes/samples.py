"""What the data set knows about the samples that boxes belong to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.nuscenes.columns import DetectionColumns, TrackingColumns
from drivelabel.evaluation.nuscenes.config import DETECTION_NAMES, IN_RACKS, TRACKING_NAMES
from drivelabel.geometry._kernels import nuscenes_detection as kernels
from drivelabel.typing import FloatArray, IntArray

T = TypeVar("T", DetectionColumns, TrackingColumns)


@dataclass(frozen=True, slots=True, eq=False)
class BikeRacks:
    """Racks whose bicycles and motorcycles are not judged, one row each.

    Attributes:
        sample: (r,) int64, row of the samples.
        center: (r, 3) float64, metres, world coords.
        size_wlh: (r, 3) float64, metres.
        quat_wxyz: (r, 4) float64, ``world_from_box`` rotation.

    Raises:
        InvalidLabelError: columns differ in length or shape.
    """

    sample: IntArray
    center: FloatArray
    size_wlh: FloatArray
    quat_wxyz: FloatArray

    def __post_init__(self) -> None:
        n = len(self.sample)
        for name, width in (("center", 3), ("size_wlh", 3), ("quat_wxyz", 4)):
            value = np.ascontiguousarray(getattr(self, name), np.float64)
            check_shape(f"racks.{name}", value, (n, width))
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.sample)

    @classmethod
    def none(cls) -> BikeRacks:
        """No racks."""
        return cls(np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 4)))


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The samples of one or many scenes, one row each.

    Attributes:
        scene: (s,) int64, equal for the samples of one scene.
        timestamp_ns: (s,) int64.
        ego_xy: (s, 2) float64, metres, world coords, the ego vehicle.
        token: (s,) their names, or empty.
        racks: the bike racks in them.

    Raises:
        InvalidLabelError: columns differ in length, a number is not finite, or two samples of one scene have
            one timestamp or one token.
    """

    scene: IntArray
    timestamp_ns: IntArray
    ego_xy: FloatArray
    token: tuple[str, ...] = ()
    racks: BikeRacks = field(default_factory=BikeRacks.none)

    def __post_init__(self) -> None:
        n = len(self.scene)
        check_shape("samples.timestamp_ns", self.timestamp_ns, (n,))
        check_shape("samples.ego_xy", self.ego_xy, (n, 2))
        check_finite("samples.ego_xy", self.ego_xy)
        if self.token and len(set(self.token)) != n:
            raise InvalidLabelError(
                f"samples.token: expected {n} different tokens, got {len(set(self.token))}."
            )
        rack = self.racks.sample
        if len(rack) and not 0 <= rack.min() <= rack.max() < n:
            raise InvalidLabelError(f"racks.sample: expected 0 to {n - 1}, got {rack.min()} to {rack.max()}.")
        order = np.lexsort((self.timestamp_ns, self.scene))
        same = (np.diff(self.scene[order]) == 0) & (np.diff(self.timestamp_ns[order]) == 0)
        if same.any():
            row = int(order[int(np.argmax(same)) + 1])
            raise InvalidLabelError(
                f"samples, row {row}: another sample of its scene has the same timestamp."
            )

    def __len__(self) -> int:
        return len(self.scene)


def place(boxes: T, samples: Samples) -> T:
    """The boxes with their distance from the ego vehicle, and whether they stand in a bike rack.

    Raises:
        InvalidLabelError: a box names a sample that is not there.
    """
    if len(boxes) and boxes.sample.max() >= len(samples):
        row = int(np.argmax(boxes.sample))
        raise InvalidLabelError(
            f"sample, row {row}: expected 0 to {len(samples) - 1}, got {int(boxes.sample[row])}."
        )
    names = DETECTION_NAMES if isinstance(boxes, DetectionColumns) else TRACKING_NAMES
    racks = samples.racks
    order, rack_start = kernels.group_rows(racks.sample, len(samples))
    distance, in_rack = kernels.place(
        boxes.sample,
        boxes.category_id,
        boxes.translation,
        samples.ego_xy,
        np.isin(names, IN_RACKS),
        rack_start,
        racks.center[order],
        racks.size_wlh[order],
        racks.quat_wxyz[order],
    )
    placed = {"ego_distance": distance, "in_bike_rack": in_rack}
    return boxes._trusted(boxes.columns() | placed)  # the others are checked already
