"""Masks as the run-length pack that brush tools in browsers write (thi.ng/rle-pack), of RGBA pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels import bit_runs as kernels
from drivelabel.typing import AnyArray, BoolArray

_SIZE_BITS = (3, 4, 8, 16)
_HEADER_BITS = 32 + 5 + 4 * 4
_WORD_BITS = 8
MAX_PIXELS = 200_000_000


def brush_to_mask(codes: Sequence[int], image_hw: tuple[int, int]) -> BoolArray:
    """The (h, w) mask of a brush's code: true where its fourth channel is not 0.

    Args:
        codes: bytes, as numbers 0 to 255.
        image_hw: height and width of the image, pixels.

    Raises:
        InvalidLabelError: a number is no byte, the code ends early or is of another size, or the image has
            more than 200 Mpx.

    Source: github.com/thi-ng/umbrella, packages/rle-pack; label-studio-sdk, brush.py for the channels.
    """
    n_pixels = image_hw[0] * image_hw[1]
    if not 0 < n_pixels <= MAX_PIXELS:
        raise InvalidLabelError(f"image_hw: expected 1 to {MAX_PIXELS} pixels, got {image_hw}.")
    numbers = np.asarray(codes)
    bad = numbers.ndim != 1 or numbers.dtype.kind not in "iu" or len(numbers) * 8 < _HEADER_BITS
    if bad or numbers.min() < 0 or numbers.max() > 255:
        raise InvalidLabelError("brush code: expected bytes, at least those of its head.")
    data = numbers.astype(np.uint8)
    head = "".join(f"{byte:08b}" for byte in data[:7].tolist())
    n_values, word_bits = int(head[:32], 2), int(head[32:37], 2) + 1
    size_bits = np.array([int(head[37 + 4 * k : 41 + 4 * k], 2) + 1 for k in range(4)], np.int64)
    if n_values != 4 * n_pixels or word_bits > _WORD_BITS:
        raise InvalidLabelError(f"brush code: expected {4 * n_pixels} values of a byte, got {n_values}.")
    rgba = np.zeros(n_values, np.uint8)
    found = kernels.unpack_runs(data, _HEADER_BITS, word_bits, size_bits, rgba)
    if found != n_values:
        raise InvalidLabelError(f"brush code: ends after {found} of {n_values} values.")
    mask: BoolArray = rgba[3::4].reshape(image_hw) > 0
    return mask


def mask_to_brush(mask: AnyArray) -> list[int]:
    """The code of a (h, w) mask: 255 in all four channels inside, 0 outside.

    Raises:
        InvalidLabelError: the mask has another shape, or more than 200 Mpx.
    """
    check_shape("mask", mask, (None, None))
    if not 0 < mask.size <= MAX_PIXELS:
        raise InvalidLabelError(f"mask: expected 1 to {MAX_PIXELS} pixels, got {mask.shape}.")
    flat = (mask != 0).reshape(-1)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts = np.concatenate([[0], changes])
    lengths = 4 * np.diff(np.concatenate([starts, [flat.size]]))
    values = np.where(flat[starts], 255, 0).astype(np.uint8)
    longest = 1 << _SIZE_BITS[-1]
    repeats = -(-lengths // longest)
    parts = np.full(int(repeats.sum()), longest, np.int64)
    parts[np.cumsum(repeats) - 1] = lengths - (repeats - 1) * longest
    n_bits = _HEADER_BITS + len(parts) * (3 + _SIZE_BITS[-1] + _WORD_BITS)
    data = np.zeros(-(-n_bits // 8), np.uint8)
    head = f"{4 * mask.size:032b}{_WORD_BITS - 1:05b}" + "".join(f"{bits - 1:04b}" for bits in _SIZE_BITS)
    packed = np.packbits(np.frombuffer(head.encode(), np.uint8) - ord("0"))
    data[: len(packed)] = packed
    sizes = np.array(_SIZE_BITS, np.int64)
    stop = kernels.pack_runs(parts, np.repeat(values, repeats), _HEADER_BITS, _WORD_BITS, sizes, data)
    return [int(byte) for byte in data[: -(-stop // 8)]]
