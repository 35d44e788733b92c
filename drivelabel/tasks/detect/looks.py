"""Looking at parts of an image too, so that a network with a small input sees what is far away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.typing import AnyArray, BoolArray, FloatArray, UInt8Array

Look = tuple[float, float, float, float]
"""Left, top, right, lower side of a part of the image, as fractions of its size."""

WHOLE: tuple[Look, ...] = ((0.0, 0.0, 1.0, 1.0),)
"""The whole image once."""

WHOLE_AND_AHEAD: tuple[Look, ...] = (*WHOLE, (0.25, 0.1, 0.75, 0.6))
"""The whole image, and its middle again at twice the size: a bit above the horizon of a forward camera, where
far cars and traffic lights are."""

_EDGE_SHARE = 0.02  # of a part's longer side: the 8 px steps in which networks of 416 px look
_LARGE_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an image.

    Attributes:
        image_rgb: (h, w, 3), a view.
        corner_xy: where its corner lies in the image, whole pixels.
        whole_hw: size of the image.
    """

    image_rgb: UInt8Array
    corner_xy: tuple[int, int]
    whole_hw: tuple[int, int]

    @property
    def image_hw(self) -> tuple[int, int]:
        """Size of the part."""
        return self.image_rgb.shape[0], self.image_rgb.shape[1]

    def to_whole(self, xyxy: AnyArray) -> FloatArray:
        """(n, 4) boxes of the part as boxes of the image."""
        moved: FloatArray = np.asarray(xyxy, np.float64) + np.array(self.corner_xy * 2, np.float64)
        return moved

    def whole_things(self, xyxy: AnyArray) -> BoolArray:
        """(n,) true for boxes of the part that are good for more than what the whole image shows.

        Boxes that reach a side of the part are cut by it (the image's own border cuts nothing), and what
        fills much of the part is large enough to be seen, uncut, in the whole image.
        """
        height, width = self.image_hw
        left, top = self.corner_xy
        inner = np.array(
            [left > 0, top > 0, left + width < self.whole_hw[1], top + height < self.whole_hw[0]]
        )
        gap = np.stack([xyxy[:, 0], xyxy[:, 1], width - xyxy[:, 2], height - xyxy[:, 3]], axis=1)
        cut = ((gap < _EDGE_SHARE * max(height, width)) & inner).any(axis=1)
        large = inner.any() & ((xyxy[:, 2:] - xyxy[:, :2]).max(axis=1) > _LARGE_SHARE * max(height, width))
        return np.asarray(~(cut | large))


def parts_of(image_rgb: UInt8Array, looks: tuple[Look, ...]) -> list[Part]:
    """The parts of an image that some looks see; each has at least one pixel."""
    height, width = image_rgb.shape[:2]
    parts = []
    for x0, y0, x1, y1 in looks:
        left, top = min(round(x0 * width), width - 1), min(round(y0 * height), height - 1)
        right, bottom = max(round(x1 * width), left + 1), max(round(y1 * height), top + 1)
        parts.append(Part(image_rgb[top:bottom, left:right], (left, top), (height, width)))
    return parts


def check_looks(looks: tuple[Look, ...]) -> None:
    """Raise InvalidLabelError unless there is a look and each is a part of the image."""
    for look in looks:
        x0, y0, x1, y1 = look
        if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
            raise InvalidLabelError(f"looks: expected 0 <= left < right <= 1 (top, bottom too), got {look}.")
    if not looks:
        raise InvalidLabelError("looks: expected at least one.")
