"""Bytes of one mask, as they lie in a chunk of a scene's store.

    magic "DLrl", version, mode, itemsize, 0 | rows, width | bytes of tokens, values, numbers   (28 bytes)
    body
    CRC-32C of all before (4 bytes)

All numbers are little-endian. `mode` says what the body is: RLE, a zstd frame around the streams of
`geometry._kernels.rle`; ZSTD, a zstd frame around the pixels; or STORED, the pixels themselves. The last two
serve noise, where runs would take more room than pixels. Without the last four bytes this is what `RleCodec`
hands to zarr's own crc32c codec.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import google_crc32c
import numpy as np
import numpy.typing as npt
from numcodecs import zstd

from drivelabel.errors import CorruptSceneError, InvalidLabelError
from drivelabel.geometry._kernels import rle
from drivelabel.typing import AnyArray, UInt8Array

VERSION = 1
ZSTD_LEVEL = 3
STORED, ZSTD, RLE = 0, 1, 2
MAGIC = b"DLrl"
HEADER = struct.Struct("<4sBBBxIIIII")
CHECKSUM = struct.Struct("<I")
DTYPES = ("uint8", "uint16")


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes of a mask say; the last three are 0 unless mode is RLE."""

    mode: int
    itemsize: int
    rows: int
    width: int
    n_tokens: int = 0
    n_values: int = 0
    n_numbers: int = 0

    def pack(self) -> bytes:
        """The header's bytes."""
        return HEADER.pack(
            MAGIC, VERSION, self.mode, self.itemsize, self.rows, self.width,
            self.n_tokens, self.n_values, self.n_numbers,
        )  # fmt: skip

    @property
    def n_pixel_bytes(self) -> int:
        """Of the mask itself."""
        return self.rows * self.width * self.itemsize

    @property
    def n_stream_bytes(self) -> int:
        """Of all four streams before compression."""
        return self.rows + self.n_tokens + self.n_values * self.itemsize + self.n_numbers


def encode_mask(mask: AnyArray, *, zstd_level: int = ZSTD_LEVEL) -> bytes:
    """Bytes of one mask with their checksum: exactly a chunk of an array whose codecs are `codec_chain()`.

    Args:
        mask: (h, w), or any shape with the pixels of a row last; uint8 or uint16.
        zstd_level: 1 is quickest, 3 is smaller; reading takes the same time.

    Raises:
        InvalidLabelError: the mask has another dtype.
    """
    data = encode_unsealed(mask, zstd_level=zstd_level)
    return data + CHECKSUM.pack(google_crc32c.value(data))


def decode_mask(
    data: bytes | UInt8Array, shape: Sequence[int], dtype: npt.DTypeLike, *, out: AnyArray | None = None
) -> AnyArray:
    """The mask of `shape` and `dtype` that `encode_mask` made `data` from.

    Args:
        data: bytes of the whole chunk.
        shape: the mask's shape, as the caller knows it. Bounds all memory taken, whatever `data` says.
        dtype: uint8 or uint16.
        out: filled and returned if given: C-contiguous, of that shape and dtype. Saves the page faults of
            a new array, which take several times as long as decoding.

    Raises:
        CorruptSceneError: `data` is cut off, altered, or of another shape or dtype; `out` may then be partly
            overwritten.
        InvalidLabelError: `dtype` or `out` is not as described.
    """
    if len(data) < CHECKSUM.size:
        raise CorruptSceneError(f"mask: expected at least {CHECKSUM.size} bytes, got {len(data)}.")
    whole = np.frombuffer(data, np.uint8)  # not a memoryview: google_crc32c refuses those
    body = whole[: -CHECKSUM.size]
    stored = CHECKSUM.unpack(whole[-CHECKSUM.size :].tobytes())[0]
    computed = google_crc32c.value(body)
    if stored != computed:
        raise CorruptSceneError(
            f"mask: its checksum is {computed:#010x}, {stored:#010x} was stored. Bytes were altered or lost."
        )
    return decode_unsealed(body, shape, dtype, out=out)


def encode_unsealed(mask: AnyArray, *, zstd_level: int = ZSTD_LEVEL) -> bytes:
    """As `encode_mask`, without the checksum at the end."""
    check_dtype(mask.dtype)
    rows, width = rows_and_width(mask.shape)
    pixels = np.ascontiguousarray(mask, dtype=mask.dtype.newbyteorder("=")).reshape(rows, width)
    runs = _encode_runs(pixels, zstd_level)
    return runs if runs is not None else _encode_pixels(pixels, zstd_level)


def decode_unsealed(
    data: UInt8Array, shape: Sequence[int], dtype: npt.DTypeLike, *, out: AnyArray | None = None
) -> AnyArray:
    """As `decode_mask`, of bytes without the checksum at the end."""
    native = np.dtype(dtype).newbyteorder("=")
    check_dtype(native)
    if out is None:
        out = np.empty(tuple(shape), native)
    elif out.shape != tuple(shape) or out.dtype != native or not out.flags.c_contiguous:
        raise InvalidLabelError(
            f"out: expected a C-contiguous {native} array of shape {tuple(shape)}, "
            f"got {out.dtype} {out.shape}."
        )
    header = _read_header(data, out)
    pixels = out.reshape(header.rows, header.width)
    body = data[HEADER.size :]
    if header.mode == RLE:
        _decode_runs(body, header, pixels)
    elif header.mode == ZSTD:
        _decompress(body, pixels.view(np.uint8).reshape(-1))
    else:
        pixels.view(np.uint8).reshape(-1)[:] = body
    if header.mode != RLE and not np.little_endian:
        pixels.byteswap(inplace=True)
    return out


def check_dtype(dtype: np.dtype[np.generic]) -> None:
    """Raise InvalidLabelError unless masks may have this dtype."""
    if dtype.newbyteorder("=").name not in DTYPES:
        raise InvalidLabelError(f"mask: expected {' or '.join(DTYPES)}, got {dtype}.")


def rows_and_width(shape: Sequence[int]) -> tuple[int, int]:
    """A mask's shape as the codec sees it: all axes but the last are rows."""
    return math.prod(shape[:-1]), (shape[-1] if shape else 1)


def _encode_runs(pixels: AnyArray, zstd_level: int) -> bytes | None:
    """Bytes of mode RLE; None where they promise to be longer than compressed pixels."""
    rows, width = pixels.shape
    limit = pixels.nbytes // 2
    if rows + 1 > limit:
        return None
    heads = np.empty(rows, np.uint8)
    tokens, low, high, numbers = (np.empty(limit + width + 5, np.uint8) for _ in range(4))
    n_tokens, n_values, n_numbers = rle.encode_rows(pixels, limit, heads, tokens, low, high, numbers)
    header = Header(RLE, pixels.itemsize, rows, width, n_tokens, n_values, n_numbers)
    if n_tokens < 0 or header.n_stream_bytes > limit:
        return None
    planes = (low, high)[: pixels.itemsize]
    streams = [heads, tokens[:n_tokens], *(plane[:n_values] for plane in planes), numbers[:n_numbers]]
    return header.pack() + bytes(zstd.compress(np.concatenate(streams), zstd_level))


def _encode_pixels(pixels: AnyArray, zstd_level: int) -> bytes:
    """Bytes of mode ZSTD or STORED, whichever are fewer."""
    plain = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
    packed = bytes(zstd.compress(plain, zstd_level)) if plain else plain
    mode, body = (ZSTD, packed) if len(packed) < len(plain) else (STORED, plain)
    return Header(mode, pixels.itemsize, *pixels.shape).pack() + body


def _read_header(data: UInt8Array, out: AnyArray) -> Header:
    """The header, checked against the array to fill and against the length of the body."""
    if len(data) < HEADER.size:
        raise CorruptSceneError(f"mask: expected at least {HEADER.size} bytes, got {len(data)}.")
    magic, version, mode, itemsize, *sizes = HEADER.unpack(data[: HEADER.size].tobytes())
    if magic != MAGIC or mode not in (STORED, ZSTD, RLE):
        raise CorruptSceneError(f"mask: not the start of a mask: {data[:8].tobytes()!r}.")
    if version != VERSION:
        raise CorruptSceneError(
            f"mask: written in version {version}, this drivelabel reads {VERSION}. Update drivelabel."
        )
    header = Header(mode, itemsize, *sizes)
    if (itemsize, header.rows, header.width) != (out.itemsize, *rows_and_width(out.shape)):
        raise CorruptSceneError(
            f"mask: expected {out.dtype} {out.shape}, got {header.rows} rows of {header.width} pixels "
            f"of {itemsize} bytes."
        )
    if mode == RLE and header.n_stream_bytes > header.n_pixel_bytes // 2:
        raise CorruptSceneError("mask: its run lengths claim more room than its pixels.")
    if mode == STORED and len(data) - HEADER.size != header.n_pixel_bytes:
        raise CorruptSceneError(
            f"mask: expected {header.n_pixel_bytes} bytes of pixels, got {len(data) - HEADER.size}."
        )
    return header


def _decode_runs(body: UInt8Array, header: Header, pixels: AnyArray) -> None:
    streams: UInt8Array = np.empty(header.n_stream_bytes, np.uint8)
    _decompress(body, streams)
    status = rle.decode_rows(pixels, streams, header.n_tokens, header.n_values)
    if status != rle.OK:
        raise CorruptSceneError("mask: its run lengths do not add up to its shape.")


def _decompress(body: UInt8Array, out: UInt8Array) -> None:
    """Fill `out` from one zstd frame that says it holds exactly as many bytes."""
    said = zstd_content_size(body)
    if said != out.nbytes:
        raise CorruptSceneError(f"mask: expected a zstd frame of {out.nbytes} bytes, got {said}.")
    try:
        zstd.decompress(body, out)
    except (RuntimeError, ValueError) as error:
        raise CorruptSceneError(f"mask: {error}.") from None


def zstd_content_size(frame: UInt8Array) -> int | None:
    """How many bytes a zstd frame says it holds; None if it does not say or is no frame.

    Source: RFC 8878, section 3.1.1.1.
    """
    # numcodecs fills a larger buffer without a word when a frame holds less, so the frame is asked first.
    if len(frame) < 5 or frame[:4].tobytes() != b"\x28\xb5\x2f\xfd":
        return None
    flags = int(frame[4])
    single_segment = flags >> 5 & 1
    n_size = (single_segment, 2, 4, 8)[flags >> 6]
    at = 5 + (1 - single_segment) + (0, 1, 2, 4)[flags & 3]
    if n_size == 0 or len(frame) < at + n_size:
        return None
    return int.from_bytes(frame[at : at + n_size].tobytes(), "little") + (256 if n_size == 2 else 0)
