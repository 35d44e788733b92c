"""Images whose pixels are numbers of labels."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import read_bytes
from drivelabel.media.images import read_image_header
from drivelabel.typing import AnyArray, IntArray

MAX_BYTES = 1 << 30
_PNG = b"\x89PNG\r\n\x1a\n"


def read_label_image(path: Path, image_hw: tuple[int, int] | None = None) -> AnyArray:
    """The pixels of a PNG as they are: (h, w) or (h, w, 3 or 4) in RGB order, uint8 or uint16.

    The header is read first, so that a small file cannot claim a huge image.

    Raises:
        StoreError: the file is missing, is no image, or claims more than 200 Mpx.
        FormatError: it is damaged, or not of the size `image_hw`.
    """
    header = read_image_header(path)
    if image_hw is not None and header.image_hw != image_hw:
        (height, width), (wanted_h, wanted_w) = header.image_hw, image_hw
        raise FormatError(f"{path}: expected {wanted_w}x{wanted_h} pixels, got {width}x{height}.")
    data = read_bytes(path, max_bytes=MAX_BYTES)
    check_png(data, path)
    try:
        pixels = cv2.imdecode(
            np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error as error:
        raise FormatError(f"{path}: does not decode ({error.err}).") from error
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        raise FormatError(f"{path}: is damaged, or no image of whole numbers.")
    if pixels.ndim == 3 and pixels.shape[2] >= 3:
        pixels = pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    return np.ascontiguousarray(pixels)


def check_png(data: bytes, path: Path | str) -> None:
    """Raise FormatError when a PNG is cut or one of its chunks is damaged.

    Not left to the decoder: some versions fill what is missing with zeros, which are labels too. What is no
    PNG passes.

    Source: PNG specification, third edition, section 5.3.
    """
    if not data.startswith(_PNG):
        return
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        stop = at + 8 + size
        crc = zlib.crc32(memoryview(data)[at + 4 : stop])
        if stop + 4 > len(data) or crc != int.from_bytes(data[stop : stop + 4], "big"):
            raise FormatError(f"{path}, byte {at}: the PNG is cut or damaged.")
        at = stop + 4


def write_label_image(path: Path, pixels: AnyArray) -> None:
    """Write (h, w) or (h, w, 3) RGB numbers as PNG, exactly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, code = cv2.imencode(".png", pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    if not done:
        raise FormatError(f"{path.name}: the mask cannot be written as PNG.")
    path.write_bytes(code.tobytes())


def ids_of_rgb(pixels: AnyArray, path: Path) -> IntArray:
    """(h, w) int64, R + 256 G + 65536 B of (h, w, 3 or 4) uint8 pixels; grey ones count as R = G = B.

    Raises:
        FormatError: they have 16 bits.
    """
    if pixels.dtype != np.uint8:
        raise FormatError(f"{path}: expected 8 bits a channel, got 16.")
    rgb = np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels
    rgb = rgb.astype(np.int64)
    ids: IntArray = rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]
    return ids


def rgb_of_ids(ids: IntArray) -> AnyArray:
    """(h, w, 3) uint8 pixels that :func:`ids_of_rgb` reads as `ids`, below 2**24."""
    rgb: AnyArray = np.stack([ids & 255, ids >> 8 & 255, ids >> 16 & 255], axis=-1).astype(np.uint8)
    return rgb


def mask_of_png(data: bytes, mask_hw: tuple[int, int], where: str) -> AnyArray:
    """(h, w) bool of a PNG's bytes; pixels other than 0 are inside.

    Raises:
        FormatError: it is no PNG of that size.
    """
    height, width = mask_hw
    claims = data.startswith(_PNG) and struct.unpack(">II", data[16:24].ljust(8, b"\0"))
    if claims != (width, height):
        raise FormatError(f"{where}: expected a PNG of {width}x{height} pixels.")
    check_png(data, where)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise FormatError(f"{where}: the PNG does not decode ({error.err}).") from error
    if pixels is None or pixels.shape[:2] != mask_hw:
        raise FormatError(f"{where}: the PNG is damaged.")
    inside: AnyArray = (pixels if pixels.ndim == 2 else pixels[..., :3].max(axis=2)) > 0
    return inside


def png_of_mask(mask: AnyArray) -> bytes:
    """A (h, w) mask as the bytes of a grey PNG, 0 and 255."""
    done, code = cv2.imencode(".png", mask.astype(np.uint8) * 255)
    if not done:
        raise FormatError("the mask cannot be written as PNG.")
    return code.tobytes()
