"""Undriven images: generic detection and segmentation data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from drivelabel._check import check_shape, did_you_mean
from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.labels import Taxonomy
from drivelabel.scene.frames import Source
from drivelabel.scene.layer import Layer
from drivelabel.typing import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ImageSet:
    """Images without a drive around them, with the same kinds of labels as a scene.

    An image's row is the group of its labels in every table.

    Attributes:
        name: of the set.
        sources: one file an image.
        image_hw: (n, 2) int64, pixels, height and width of each image.
        taxonomy: the classes that new layers use.
        layers: name to labels.
        splits: name (``train``, ``val``, ...) to rows of the images in it.
        root: the folder (or URL) that relative source paths count from.

    Raises:
        InvalidLabelError: columns differ in length, a size is not positive, or a split names no image.
    """

    name: str
    sources: tuple[Source, ...]
    image_hw: IntArray
    taxonomy: Taxonomy
    layers: Mapping[str, Layer] = field(default_factory=dict)
    splits: Mapping[str, IntArray] = field(default_factory=dict)
    root: str = "."

    def __post_init__(self) -> None:
        check_shape(f"{self.name}.image_hw", self.image_hw, (len(self.sources), 2))
        if (self.image_hw <= 0).any():
            row = int(np.argmax((self.image_hw <= 0).any(axis=1)))
            raise InvalidLabelError(f"{self.name}, image {row}: expected a positive size.")
        for split, rows in self.splits.items():
            if len(rows) and (rows.min() < 0 or rows.max() >= len(self)):
                raise InvalidLabelError(f"{self.name}, split {split!r}: names an image that is not there.")

    def __len__(self) -> int:
        return len(self.sources)

    def layer(self, name: str) -> Layer:
        """One author's labels. Raises SceneLookupError when the set has no such layer."""
        if name not in self.layers:
            raise SceneLookupError(f"{self.name}: no layer {name!r}.{did_you_mean(name, self.layers)}")
        return self.layers[name]
