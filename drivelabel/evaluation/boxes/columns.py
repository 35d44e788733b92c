"""Boxes of many images as columns, as the benchmarks read them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.labels import Boxes2D, Grouped
from drivelabel.typing import AnyArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ImageBoxes:
    """Boxes in images, one row each, in any order.

    Attributes:
        image: (n,) int64, which image; any whole numbers.
        category_id: (n,) int64.
        xyxy: (n, 4) float64, pixels, half-open. Formats whose boxes include the last pixel (Pascal VOC)
            have it one further than they say.
        score: (n,) float64; ones for truth.

    Raises:
        InvalidLabelError: columns differ in length or shape, or a number is not finite.
    """

    image: IntArray
    category_id: IntArray
    xyxy: FloatArray
    score: FloatArray

    def __post_init__(self) -> None:
        check_shape("image", self.image, (None,))
        check_shape("category_id", self.category_id, self.image.shape)
        check_shape("xyxy", self.xyxy, (len(self), 4))
        check_shape("score", self.score, self.image.shape)
        check_finite("xyxy", self.xyxy)
        check_finite("score", self.score)

    def __len__(self) -> int:
        return len(self.image)

    @classmethod
    def of(
        cls, image: AnyArray, category_id: AnyArray, xyxy: AnyArray, score: AnyArray | None = None
    ) -> ImageBoxes:
        """Boxes of arrays or lists; see the class for what they hold."""
        images = np.asarray(image, np.int64)
        scores = np.ones(images.shape) if score is None else np.asarray(score, np.float64)
        boxes = np.ascontiguousarray(xyxy, np.float64).reshape(-1, 4) if not len(images) else xyxy
        return cls(images, np.asarray(category_id, np.int64), np.ascontiguousarray(boxes, np.float64), scores)

    @classmethod
    def of_frames(cls, frames: Grouped[Boxes2D]) -> ImageBoxes:
        """The boxes of a layer; image numbers are frame numbers."""
        image = np.repeat(np.arange(len(frames)), np.diff(frames.offsets))
        table = frames.rows
        return cls.of(image, table.category_id, table.xyxy, table.score)


def check_same_length(name: str, values: AnyArray, n: int) -> None:
    """Raise InvalidLabelError unless a column has n rows."""
    if len(values) != n:
        raise InvalidLabelError(f"{name}: expected {n} rows, got {len(values)}.")
