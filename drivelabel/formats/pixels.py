"""How formats count pixels, and the one converter between them and ours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.typing import FloatArray


@dataclass(frozen=True, slots=True)
class PixelConvention:
    """What a box's numbers mean in a format. Ours: (0, 0) is the image's corner, boxes are half-open.

    Attributes:
        first: the number of the first pixel: of its left upper corner where boxes are continuous, of the
            pixel itself where they are `inclusive`.
        inclusive: whether the last pixel is named (``xmax = 9`` for ten pixels from 0), not the side
            after it.
        decimals: digits after the point that the format keeps; None for all.
    """

    first: float = 0.0
    inclusive: bool = False
    decimals: int | None = None

    def to_xyxy(self, theirs: FloatArray) -> FloatArray:
        """(n, 4) left, top, right, bottom as the format writes them -> (n, 4) float64 xyxy, ours."""
        ours = np.asarray(theirs, np.float64) - self.first
        ours[..., 2:] += self.inclusive
        return ours

    def from_xyxy(self, ours: FloatArray) -> tuple[FloatArray, float]:
        """(n, 4) xyxy, ours -> (n, 4) as the format writes them, and the largest error in pixels."""
        exact = np.asarray(ours, np.float64) + self.first
        exact[..., 2:] -= self.inclusive
        if self.decimals is None:
            return exact, 0.0
        written = np.round(exact, self.decimals)
        return written, float(np.abs(written - exact).max(initial=0.0))

    def to_points(self, theirs: FloatArray) -> FloatArray:
        """(..., 2) points as the format writes them -> ours, float64.

        Where boxes name pixels, a point is taken to mean the middle of the pixel it names.
        """
        return np.asarray(theirs, np.float64) - self.first + (0.5 if self.inclusive else 0.0)

    def from_points(self, ours: FloatArray) -> tuple[FloatArray, float]:
        """(..., 2) points, ours -> as the format writes them, and the largest error in pixels."""
        exact = np.asarray(ours, np.float64) + self.first - (0.5 if self.inclusive else 0.0)
        if self.decimals is None:
            return exact, 0.0
        written = np.round(exact, self.decimals)
        return written, float(np.abs(written - exact).max(initial=0.0))


CORNER = PixelConvention()
"""Continuous, (0, 0) is the image's corner: COCO, LabelMe, CVAT, KITTI, nuScenes."""

ONE_BASED_INCLUSIVE = PixelConvention(first=1.0, inclusive=True)
"""Pascal VOC: the first pixel is 1, and the last one is named."""
