"""Masks in COCO's run-length code: to and from pixels, areas, overlaps.

Runs go down the columns and alternate between outside and inside, starting outside. In the compressed
form each count from the fourth on is the difference to the one two before, written in groups of five
bits, low first, as characters from ``0`` on. Texts are byte for byte those of pycocotools.

Source: maskApi.c of cocoapi (rleEncode, rleToString, rleMerge, rleIou).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels import coco_rle as kernels
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray, UInt8Array

Rle = dict[str, Any]
"""``{"size": [h, w], "counts": text}``, as COCO's files have it; counts may also be bytes or a list."""


def mask_to_rle(mask: AnyArray) -> Rle:
    """The compressed code of one (h, w) mask; pixels other than 0 are inside.

    Masks that lie in memory by rows and by columns are read as they are, without a copy.

    Raises:
        InvalidLabelError: it has another shape.
    """
    check_shape("mask", mask, (None, None))
    flags = mask.view(np.uint8) if mask.dtype == np.bool_ else (mask != 0).view(np.uint8)
    if not flags.size:
        return _rle(mask.shape, kernels.write_counts(np.zeros(1, np.int64)))
    if flags.flags.f_contiguous:
        text = kernels.text_of_columns(flags.T.reshape(-1))
    else:
        text = kernels.text_of_rows(np.ascontiguousarray(flags))
    return _rle(mask.shape, text)


def label_map_to_rle(label_map: UInt8Array, void: int | None = 255) -> dict[int, Rle]:
    """The compressed code of each category of a (h, w) uint8 label map; `void` has none.

    Raises:
        InvalidLabelError: it has another shape or is not uint8.
    """
    check_shape("label_map", label_map, (None, None))
    if label_map.dtype != np.uint8:
        raise InvalidLabelError(f"label_map: expected uint8, got {label_map.dtype}.")
    if not label_map.size:
        return {}
    height = len(label_map)
    changes = _changes(label_map)
    values = kernels.values_after(changes, label_map)
    text_bytes, start = kernels.texts_of_values(changes, values, label_map.size)
    text, size = text_bytes.tobytes().decode("ascii"), [height, label_map.shape[1]]
    return {
        value: {"size": list(size), "counts": text[begin:end]}
        for value, (begin, end) in enumerate(itertools.pairwise(start.tolist()))
        if end > begin and value != void
    }


def rle_to_mask(rle: Rle, out: BoolArray | None = None, order: str = "C") -> BoolArray:
    """The (h, w) mask of a code.

    Args:
        rle: compressed or not.
        out: (h, w) bool in rows or in columns, to write into; a fresh one costs more than decoding.
        order: how a fresh mask lies in memory, ``C`` by rows or ``F`` by columns.

    Raises:
        InvalidLabelError: the code is damaged or does not fill its size, or `out` has another shape.
    """
    height, width = _size(rle)
    counts = _counts(rle)
    if out is None:
        out = np.zeros((height, width), np.bool_, order="F" if order == "F" else "C")
        fresh = True
    else:
        check_shape("out", out, (height, width))
        fresh = False
    if out.dtype != np.bool_ or not (out.flags.c_contiguous or out.flags.f_contiguous):
        raise InvalidLabelError("out: expected bool that lies in memory by rows or by columns.")
    if out.flags.f_contiguous:
        kernels.fill_columns(counts, out.T.reshape(-1).view(np.uint8))
        return out
    if not fresh:
        out[:] = False
    kernels.fill_rows(counts, out.view(np.uint8))
    return out


def rle_area(rles: Sequence[Rle]) -> IntArray:
    """(n,) int64 pixels inside each code."""
    return np.array([int(_counts(rle)[1::2].sum()) for rle in rles], np.int64)


def rle_to_xyxy(rles: Sequence[Rle]) -> FloatArray:
    """(n, 4) tight boxes round codes, pixels, half-open; zeros for an empty mask."""
    boxes = np.zeros((len(rles), 4))
    for row, rle in enumerate(rles):
        spans, height = kernels.spans(_counts(rle)), _size(rle)[0]
        if len(spans):
            first, last = spans[:, 0], spans[:, 1] - 1
            x0, x1 = first[0] // height, last[-1] // height
            over = first // height != last // height  # goes on into the next column: bottom and top
            top = 0 if over.any() else int((first % height).min())
            bottom = height if over.any() else int((last % height).max()) + 1
            boxes[row] = x0, top, x1 + 1, bottom
    return boxes


def pairwise_rle_iou(a: Sequence[Rle], b: Sequence[Rle], crowd: AnyArray | None = None) -> FloatArray:
    """Intersection over union of the masks of `a` and of `b`, from their codes.

    Args:
        a: n codes of one size.
        b: m codes of the same size.
        crowd: (n,) bool, rows of `a` that are crowds: there the area of b's mask stands for the union, so a
            mask inside of a crowd has 1 (COCO's rule for truth that is a crowd).

    Returns:
        (n, m) float64 in [0, 1]; 0 where nothing is shared.

    Raises:
        InvalidLabelError: sizes differ, a code is damaged, or `crowd` has another shape.
    """
    _check_same_size([*a, *b])
    flags = np.zeros(len(a), np.bool_) if crowd is None else np.asarray(crowd, np.bool_)
    check_shape("crowd", flags, (len(a),))
    (spans_a, start_a), (spans_b, start_b) = _ragged(a), _ragged(b)
    shared = kernels.pairwise_shared(spans_a, start_a, spans_b, start_b)
    area_a, area_b = rle_area(a)[:, None], rle_area(b)[None]
    union = np.where(flags[:, None], area_b, area_a + area_b - shared)
    iou: FloatArray = shared / np.where(shared > 0, union, 1)
    return iou


def merge_rles(rles: Sequence[Rle], intersect: bool = False) -> Rle:
    """The code of what is inside any of some masks, or inside all of them.

    Raises:
        InvalidLabelError: there is none, sizes differ, or a code is damaged.
    """
    if not rles:
        raise InvalidLabelError("rles: expected at least one code to merge, got none.")
    _check_same_size(rles)
    together, (height, width) = kernels.spans(_counts(rles[0])), _size(rles[0])
    for rle in rles[1:]:
        other = kernels.spans(_counts(rle))
        together = kernels.meet(together, other) if intersect else kernels.join(together, other)
    counts = kernels.counts_of_spans(together, height * width)
    return _rle((height, width), kernels.write_counts(counts))


def _changes(image: UInt8Array) -> IntArray:
    """Ascending places down the columns whose pixel differs from the one before."""
    if image.flags.f_contiguous:
        changes: IntArray = kernels.differing(image.T.reshape(-1), 1)
    else:
        changes = kernels.changes_of_rows(np.ascontiguousarray(image))
    return changes


def _rle(shape: tuple[int, ...], text: UInt8Array) -> Rle:
    return {"size": [int(shape[0]), int(shape[1])], "counts": text.tobytes().decode("ascii")}


def _size(rle: Rle) -> tuple[int, int]:
    size = rle.get("size") if isinstance(rle, dict) else None
    if not isinstance(size, (list, tuple)) or len(size) != 2 or min(size) < 0:
        raise InvalidLabelError(f"rle: expected a size [h, w], got {size!r}.")
    return int(size[0]), int(size[1])


def _counts(rle: Rle) -> IntArray:
    """Counts of runs; checked to fill the size exactly."""
    height, width = _size(rle)
    raw = rle.get("counts")
    if isinstance(raw, (str, bytes)):
        text = np.frombuffer(raw.encode("latin-1", "replace") if isinstance(raw, str) else raw, np.uint8)
        counts, size = kernels.read_counts(text)
        if size == kernels.BAD_TEXT:
            raise InvalidLabelError(f"rle: damaged counts {raw[:40]!r}.")
        counts = counts[:size]
    else:
        counts = np.asarray(raw if raw is not None else [], np.int64)
        if counts.ndim != 1 or (counts < 0).any():
            raise InvalidLabelError("rle: expected counts of at least 0.")
    if int(counts.sum()) != height * width:
        raise InvalidLabelError(
            f"rle: expected runs of {height * width} pixels for {height}x{width}, got {int(counts.sum())}."
        )
    return counts


def _check_same_size(rles: Sequence[Rle]) -> None:
    sizes = {_size(rle) for rle in rles}
    if len(sizes) > 1:
        raise InvalidLabelError(f"rles: expected masks of one size, got {sorted(sizes)}.")


def _ragged(rles: Sequence[Rle]) -> tuple[npt.NDArray[np.int64], IntArray]:
    parts = [kernels.spans(_counts(rle)) for rle in rles]
    start = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return np.concatenate([np.zeros((0, 2), np.int64), *parts]), start
