"""COCO's run-length code of masks.

Runs go down the columns and alternate between outside and inside, starting outside. In the compressed
form each count from the fourth on is the difference to the one two before, written in groups of five
bits, low first, as characters from ``0`` on.

Source: maskApi.c of cocoapi (rleEncode, rleToString).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel._check import check_shape
from drivelabel.labels import VOID
from drivelabel.typing import BoolArray, IntArray, UInt8Array

Rle = dict[str, Any]
"""``{"size": [h, w], "counts": text}``, as COCO's files have it."""

_FIRST_CHARACTER = 48
_GROUPS = 13
"""Groups of five bits that an int64 has at most."""


def mask_to_rle(mask: BoolArray) -> Rle:
    """The compressed code of one (h, w) mask. Raises InvalidLabelError when it has another shape."""
    check_shape("mask", mask, (None, None))
    starts, stops, values = _column_runs(mask.astype(np.uint8))
    inside = values == 1
    return _rle(starts[inside], stops[inside], mask.shape)


def label_map_to_rle(label_map: UInt8Array) -> dict[int, Rle]:
    """The compressed code of each category of a (h, w) label map; VOID (255) has none.

    Raises:
        InvalidLabelError: it has another shape.
    """
    check_shape("label_map", label_map, (None, None))
    starts, stops, values = _column_runs(label_map)
    codes = {}
    for value in np.unique(values).tolist():
        if value != VOID:
            inside = values == value
            codes[value] = _rle(starts[inside], stops[inside], label_map.shape)
    return codes


def _column_runs(image: UInt8Array) -> tuple[IntArray, IntArray, UInt8Array]:
    """Where runs of equal pixels start and stop down the columns, and their values."""
    flat = np.ravel(image, order="F")
    if not flat.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), flat
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    return starts, np.concatenate([starts[1:], [flat.size]]), flat[starts]


def _rle(starts: IntArray, stops: IntArray, shape: tuple[int, ...]) -> Rle:
    height, width = shape
    counts = np.empty(2 * len(starts), np.int64)
    counts[0::2] = starts - np.concatenate([[0], stops[:-1]])[: len(starts)]
    counts[1::2] = stops - starts
    rest = height * width - (int(stops[-1]) if len(stops) else 0)
    if rest or not len(counts):
        counts = np.append(counts, rest)
    return {"size": [height, width], "counts": _compress(counts)}


def _compress(counts: IntArray) -> str:
    numbers = counts.copy()
    numbers[3:] -= counts[1:-2]
    groups = np.empty((len(numbers), _GROUPS), np.uint8)
    more = np.empty((len(numbers), _GROUPS), np.bool_)
    left = numbers
    for k in range(_GROUPS):
        groups[:, k] = left & 31
        left = left >> 5
        # The last group's highest bit is the sign, so a number ends where sign and rest agree.
        more[:, k] = np.where(groups[:, k] & 16, left != -1, left != 0)
    used = np.concatenate([np.ones((len(numbers), 1), np.bool_), np.logical_and.accumulate(more, 1)], 1)
    characters = groups + (more.astype(np.uint8) << 5) + _FIRST_CHARACTER
    return bytes(characters[used[:, :-1]]).decode("ascii")
