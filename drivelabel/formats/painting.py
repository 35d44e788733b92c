"""Masks of single things as the instance maps of a layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.building import MAX_PIXELS
from drivelabel.formats.report import Tally
from drivelabel.geometry import Rle, rle_to_mask
from drivelabel.scene import MemoryMasks
from drivelabel.typing import BoolArray, IntArray

MAX_THINGS = 65_535
"""An instance map's pixel has two bytes, and 0 means none."""

MAX_HELD = 1 << 31
"""Bytes of maps that are held at once."""


@dataclass(slots=True)
class InstancePainter:
    """Collects masks of things, picture by picture; what is painted later covers what is there.

    Attributes:
        tally: where covered pixels and things that find no room are counted.
    """

    tally: Tally
    _maps: dict[int, npt.NDArray[np.uint16]] = field(default_factory=dict)
    _values: dict[int, int] = field(default_factory=dict)
    _held: int = 0

    def look(self, group: int, image_hw: tuple[int, int]) -> npt.NDArray[np.uint16]:
        """The picture's map, a new one when it has none: somebody looked for things there.

        Raises:
            FormatError: the maps together take more than 2 GiB.
        """
        if group not in self._maps:
            self._held += 2 * image_hw[0] * image_hw[1]
            if self._held > MAX_HELD:
                raise FormatError(
                    f"masks: expected at most {MAX_HELD >> 30} GiB of pixels in one set. Split it."
                )
            self._maps[group] = np.zeros(image_hw, np.uint16)
        return self._maps[group]

    def paint(self, group: int, mask: BoolArray, track_id: int) -> bool:
        """Paint a thing's (h, w) mask; false when it found no room."""
        value = self._values.setdefault(track_id, len(self._values) + 1)
        if value > MAX_THINGS:
            self.tally.drop("instance_map", "", 1, f"more than {MAX_THINGS} masks in one set")
            return False
        pixels = self.look(group, (mask.shape[0], mask.shape[1]))
        covered = int(((pixels > 0) & (pixels != value) & mask).sum())
        if covered:
            self.tally.approximate("instance_map", "", 1, covered, "pixels", "masks overlap, later ones win")
        pixels[mask] = value
        return True

    def columns(self, n_groups: int) -> dict[str, Any]:
        """The layer's fields ``instance_maps`` and ``instance_track_id``."""
        tracks = list(self._values)[:MAX_THINGS]
        maps = MemoryMasks(self._maps, n_groups) if self._maps else None
        return {"instance_maps": maps, "instance_track_id": np.array(tracks if maps else [], np.int64)}


def mask_of_rle(rle: Any, image_hw: tuple[int, int], where: str) -> BoolArray:
    """The (h, w) mask of a run-length code from a file, compressed or not.

    Raises:
        FormatError: it is damaged, not of the picture's size, or larger than 200 Mpx.
    """
    size: Any = rle.get("size") if isinstance(rle, dict) else None
    whole = isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)
    if not whole or tuple(size) != image_hw:
        raise FormatError(f"{where}: segmentation: expected a mask of size {list(image_hw)}, got {size!r}.")
    if image_hw[0] * image_hw[1] > MAX_PIXELS:
        raise FormatError(f"{where}: segmentation: expected at most {MAX_PIXELS} pixels.")
    counts = rle.get("counts")
    if isinstance(counts, list):
        counts = _runs(counts, where)
    elif not isinstance(counts, str):
        raise FormatError(
            f"{where}: segmentation: expected counts as a text or list, got {type(counts).__name__}."
        )
    checked: Rle = {"size": list(image_hw), "counts": counts}
    try:
        return rle_to_mask(checked)
    except InvalidLabelError as error:
        raise FormatError(f"{where}: segmentation: {error}") from error


def _runs(counts: list[Any], where: str) -> IntArray:
    if not all(type(run) is int and 0 <= run <= MAX_PIXELS for run in counts):
        raise FormatError(f"{where}: segmentation: expected counts of at least 0.")
    return np.array(counts, np.int64)
