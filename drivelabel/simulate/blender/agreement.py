"""Do two renderers see the same things? Compared pixel by pixel, with and without borders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from drivelabel._check import check_shape
from drivelabel.typing import AnyArray, BoolArray

_NEIGHBOURS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well two maps agree.

    Attributes:
        pixels: compared.
        inner: of these, pixels that no border of either picture touches.
        differ: pixels that show different things.
        differ_inner: of these, those among the inner ones.
    """

    pixels: int
    inner: int
    differ: int
    differ_inner: int

    @property
    def share(self) -> float:
        """Of all pixels, those that agree; 1 when there are none."""
        return 1.0 - self.differ / self.pixels if self.pixels else 1.0

    @property
    def inner_share(self) -> float:
        """Of the pixels more than a pixel from a border, those that agree."""
        return 1.0 - self.differ_inner / self.inner if self.inner else 1.0


def compare_maps(truth: AnyArray, other: AnyArray) -> Agreement:
    """Agreement of two (h, w) maps of instances, or of labels; uint8 or uint16.

    Raises:
        InvalidLabelError: the maps differ in size.
    """
    check_shape("other", other, truth.shape)
    differ = truth != other
    inner = ~(borders(truth) | borders(other))
    return Agreement(truth.size, int(inner.sum()), int(differ.sum()), int((differ & inner).sum()))


def total(parts: Iterable[Agreement]) -> Agreement:
    """The agreement over some pictures together."""
    rows = [(part.pixels, part.inner, part.differ, part.differ_inner) for part in parts]
    pixels, inner, differ, differ_inner = np.sum(rows, axis=0, dtype=np.int64).tolist() if rows else (0,) * 4
    return Agreement(pixels, inner, differ, differ_inner)


def borders(numbers: AnyArray) -> BoolArray:
    """(h, w), pixels with another number among their eight neighbours."""
    values = np.ascontiguousarray(numbers, np.uint16)
    high, low = cv2.dilate(values, _NEIGHBOURS), cv2.erode(values, _NEIGHBOURS)
    mixed: BoolArray = np.asarray(high != low)
    return mixed
