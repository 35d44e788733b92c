"""Masks that stay run-length codes until somebody asks for a picture's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.errors import SceneLookupError
from drivelabel.geometry import Rle, rle_to_mask
from drivelabel.typing import AnyArray, BoolArray

MAX_THINGS = 65_535
"""An instance map's pixel has two bytes, and 0 means none."""


@dataclass(frozen=True, slots=True)
class CodedMasks:
    """A :class:`drivelabel.scene.MaskStore` of codes that were checked before.

    Attributes:
        codes: picture to values and the codes of their pixels; later ones cover earlier ones.
        image_hw: height and width of every picture.
        dtype: of the masks.
        empty: the value of pixels that no code has.
    """

    codes: Mapping[int, Sequence[tuple[int, Rle]]]
    image_hw: Sequence[tuple[int, int]]
    dtype: Any
    empty: int

    def __contains__(self, frame: object) -> bool:
        return frame in self.codes

    def read(self, frame: int, out: AnyArray | None = None) -> AnyArray:
        """See :meth:`drivelabel.scene.MaskStore.read`."""
        if frame not in self.codes:
            raise SceneLookupError(f"frame {frame} has no mask.")
        mask = np.empty(self.image_hw[frame], self.dtype) if out is None else out
        mask[...] = self.empty
        for value, rle in self.codes[frame]:
            mask[rle_to_mask(rle)] = value
        return mask

    def labelled(self) -> BoolArray:
        """(n_frames,), which frames have a mask."""
        flags = np.zeros(len(self.image_hw), np.bool_)
        flags[list(self.codes)] = True
        return flags
