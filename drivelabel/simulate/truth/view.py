"""One frame as it was seen, from which its labels follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from drivelabel.geometry import invert_rigid, project, transform_points
from drivelabel.scene import Camera
from drivelabel.typing import AnyArray, BoolArray, Float32Array, FloatArray, UInt8Array, UInt16Array

MIN_PIXELS = 12
"""Things with fewer visible pixels get no box; they keep their pixels in the instance map."""

Projected: TypeAlias = tuple[FloatArray, FloatArray, BoolArray]
"""(n, 2) pixels, (n,) depths, and which points land in the image."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One frame as it was seen.

    Attributes:
        timestamp_ns: since 1970.
        camera: that took it.
        world_from_camera: (4, 4), metres.
        category: (h, w) uint8, row of DRIVING.
        instance: (h, w) uint16, 1 + row of the world's things.
        depth: (h, w) float32, metres along the camera's z.
    """

    timestamp_ns: int
    camera: Camera
    world_from_camera: FloatArray
    category: UInt8Array
    instance: UInt16Array
    depth: Float32Array

    def project(self, points_world: AnyArray) -> Projected:
        """(n, 2) pixels, (n,) depths, and which of (n, 3) points land in the image."""
        points_cam = transform_points(invert_rigid(self.world_from_camera), points_world)
        assert self.camera.camera_matrix is not None
        lens = self.camera.distortion
        uv, in_front = project(points_cam, self.camera.camera_matrix, lens.model, lens.coefficients)
        height, width = self.camera.image_hw
        with np.errstate(invalid="ignore"):
            inside = in_front & (uv >= 0).all(axis=1) & (uv[:, 0] < width) & (uv[:, 1] < height)
        return uv, points_cam[:, 2], inside


def rounded(values: AnyArray, digits: int = 3) -> list[float]:
    """Numbers of attributes, short enough to read."""
    return [round(float(value), digits) for value in values]
