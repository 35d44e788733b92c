"""Files from outside: regular ones only, and no larger than expected."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from drivelabel.errors import FormatError, StoreError

MAX_BYTES = 4 << 30
"""Largest label file that is read."""


def read_bytes(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """All bytes of a file.

    Raises:
        StoreError: it is missing, no regular file, or cannot be read.
        FormatError: it is larger than `max_bytes`.
    """
    try:
        # Not blocking: a pipe under the name of a file would never answer.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise StoreError(f"{path}: expected a file, got something else.")
            if facts.st_size > max_bytes:
                raise FormatError(
                    f"{path}: expected at most {max_bytes} bytes, got {facts.st_size}. Split the file."
                )
            return file.read()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if isinstance(error, (StoreError, FormatError)):
            raise
        raise StoreError(f"{path}: cannot be read ({error}).") from error


def read_text(path: Path, *, max_bytes: int = MAX_BYTES) -> str:
    """A file's text: UTF-8 with or without BOM, or UTF-16 with BOM.

    Raises:
        StoreError: see :func:`read_bytes`.
        FormatError: it is too large, no text in these encodings, or has NUL characters.
    """
    return decode_text(path, read_bytes(path, max_bytes=max_bytes))


def decode_text(path: Path, data: bytes) -> str:
    """Text of a file's bytes; see :func:`read_text`."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}, byte {error.start}: expected UTF-8 text, got other bytes.") from error
    if "\0" in text:
        raise FormatError(f"{path}: expected text, got a NUL character.")
    return text
