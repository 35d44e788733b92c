"""Image files: RGB pixels, upright, and what their headers say."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from PIL import Image

from drivelabel.errors import StoreError
from drivelabel.typing import UInt8Array

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
"""Files that an image folder is made of."""

MAX_PIXELS = 200_000_000
MAX_SIDE = 65_535

_TIFF_MAGIC = (b"II*\x00", b"MM\x00*")
_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"BM": "BMP",
    **dict.fromkeys(_TIFF_MAGIC, "TIFF"),
    b"P5": "PPM",
    b"P6": "PPM",
}

_PARSE_ERRORS = (OSError, ValueError, SyntaxError, KeyError, TypeError, OverflowError, struct.error)
"""What Pillow raises on damaged headers."""

_ORIENTATION, _EXIF_IFD = 274, 0x8769
_TAKEN, _TAKEN_FRACTION, _TAKEN_OFFSET = 36867, 37521, 36881

_FLIP_THEN_TURN = {
    2: (True, 0),
    3: (False, 2),
    4: (True, 2),
    5: (True, 1),
    6: (False, 3),
    7: (True, 3),
    8: (False, 1),
}
"""EXIF orientation to (mirror left-right, quarter turns to the left) that show the picture upright."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What an image file says of itself before its pixels.

    Attributes:
        image_hw: height and width as shown, that is after turning it upright.
        orientation: EXIF orientation, 1 to 8.
        taken_ns: EXIF DateTimeOriginal with its fraction, nanoseconds since 1970; None when absent. Taken
            as UTC when the file states no offset.
    """

    image_hw: tuple[int, int]
    orientation: int = 1
    taken_ns: int | None = None


def read_image_header(path: Path) -> ImageHeader:
    """Size, orientation and time of an image, from its header alone.

    Raises:
        StoreError: the file is missing, is no image, or claims more than 200 Mpx or a side above 65,535.
    """
    with _opened(path) as file:
        (width, height), orientation, taken_ns = _parse_header(path, file)
        if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
            raise StoreError(
                f"{path}: expected at most {MAX_PIXELS // 10**6} Mpx and {MAX_SIDE} pixels a side, "
                f"got {width}x{height}. Scale it down first."
            )
    hw = (width, height) if orientation >= 5 else (height, width)
    return ImageHeader(hw, orientation, taken_ns)


def _opened(path: Path) -> BinaryIO:
    try:
        if path.is_file():
            return path.open("rb")
    except OSError as error:  # a name that is too long, a file of somebody else
        raise StoreError(f"{path}: the image cannot be read ({error.strerror}).") from error
    raise StoreError(f"{path}: no such image file.")


def read_image(path: Path | str) -> UInt8Array:
    """(h, w, 3) uint8 RGB, upright.

    Grey and palette images become RGB, alpha is dropped, of 16 bits the upper 8 are kept, CMYK is converted.

    Raises:
        StoreError: the file is missing, damaged, no image, or too large; see :func:`read_image_header`.
    """
    path = Path(path)
    header = read_image_header(path)
    data = np.fromfile(path, np.uint8)
    try:
        image_bgr = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise StoreError(f"{path}: the image does not decode ({error.err}).") from error
    if image_bgr is None:
        raise StoreError(f"{path}: the image is damaged or cut short ({len(data)} bytes).")
    image_rgb = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), np.uint8)
    if data[:4].tobytes() in _TIFF_MAGIC:
        return image_rgb  # OpenCV turns TIFF upright whatever the flag says.
    return _upright(image_rgb, header.orientation)


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A sort key by which ``2.png`` comes before ``10.png``."""
    parts = re.split(r"([0-9]+)", name)
    return [(1, int(part), part) if part.isdecimal() else (0, 0, part.casefold()) for part in parts if part]


def _parse_header(path: Path, file: BinaryIO) -> tuple[tuple[int, int], int, int | None]:
    """Width and height, EXIF orientation, EXIF time."""
    head = file.read(16)
    file.seek(0)
    kind = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        kind = "WEBP"
    if kind is None:
        raise StoreError(f"{path}: expected a JPEG, PNG, WebP, BMP, TIFF or PPM image, got other bytes.")
    if kind not in Image.OPEN:
        Image.init()
    try:
        if kind == "TIFF":
            return (*_tiff_size_and_orientation(file), None)
        # Not Image.open: that knows formats we refuse and warns about size.
        image = Image.OPEN[kind][0](file, str(path))
        return (image.size, *_exif(image))
    except _PARSE_ERRORS as error:
        raise StoreError(f"{path}: the {kind} header is damaged ({error}).") from error


def _tiff_size_and_orientation(file: BinaryIO) -> tuple[tuple[int, int], int]:
    """From the first directory. Not Pillow: it warns where the file is cut, and hides the orientation.

    Source: TIFF revision 6.0, section 2.
    """
    order = "<" if file.read(2) == b"II" else ">"
    _, start = struct.unpack(order + "HI", file.read(6))
    file.seek(start)
    (n_fields,) = struct.unpack(order + "H", file.read(2))
    values: dict[int, int] = {}
    for _ in range(n_fields):
        tag, kind, _, value = struct.unpack(order + "HHI4s", file.read(12))
        if kind in (3, 4):
            values[tag] = struct.unpack(order + ("H" if kind == 3 else "I"), value[: 2 if kind == 3 else 4])[
                0
            ]
    orientation = values.get(_ORIENTATION, 1)
    return (values[256], values[257]), orientation if orientation in range(1, 9) else 1


def _exif(image: Image.Image) -> tuple[int, int | None]:
    """EXIF orientation and time; (1, None) where there are none. A damaged block is no reason to refuse."""
    if "exif" not in image.info:
        return 1, None  # PNG would decode all pixels in search of it.
    try:
        exif = image.getexif()
        orientation, taken_ns = exif.get(_ORIENTATION, 1), _taken_ns(exif.get_ifd(_EXIF_IFD))
    except _PARSE_ERRORS:
        return 1, None
    return (orientation if orientation in range(1, 9) else 1), taken_ns


def _upright(image: UInt8Array, orientation: int) -> UInt8Array:
    if orientation == 1:
        return image
    mirror, turns = _FLIP_THEN_TURN[orientation]
    turned = np.rot90(image[:, ::-1] if mirror else image, turns)
    return np.ascontiguousarray(turned)


def _taken_ns(exif: dict[int, Any]) -> int | None:
    text = exif.get(_TAKEN)
    if not isinstance(text, str):
        return None
    try:
        taken = datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=_zone(exif))
    except ValueError:
        return None
    fraction = re.match(r"[0-9]+", str(exif.get(_TAKEN_FRACTION, "")))
    nanoseconds = int(fraction[0][:9].ljust(9, "0")) if fraction else 0
    seconds = (taken - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return seconds * 1_000_000_000 + nanoseconds


def _zone(exif: dict[int, Any]) -> timezone:
    offset = re.fullmatch(r"([+-])(\d\d):(\d\d)", str(exif.get(_TAKEN_OFFSET, "")).strip("\0 "))
    if offset is None:
        return UTC
    sign = -1 if offset[1] == "-" else 1
    return timezone(sign * timedelta(hours=int(offset[2]), minutes=int(offset[3])))
