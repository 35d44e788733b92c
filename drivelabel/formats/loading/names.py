"""Names from files, as paths that stay inside a folder."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from drivelabel.errors import FormatError

MAX_NAME = 200
"""Longest part of a path in bytes; file systems allow 255, and we add suffixes."""

MAX_PATH = 2000
"""Longest path below a folder in letters; file systems allow some 4,000 bytes with the folder's own."""

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def safe_join(folder: Path, name: str) -> Path:
    """``folder / name``, for a name that a file gave.

    Backslashes count as slashes. Links inside the folder are followed and must stay inside too.

    Raises:
        FormatError: the name is absolute, climbs out, names a drive or URL, has control characters, or is
            longer than file systems allow.
    """
    plain = name.replace("\\", "/")
    parts = PurePosixPath(plain).parts
    bad = (
        not parts
        or plain.startswith("/")
        or ".." in parts
        or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", plain) is not None
        or any(ord(sign) < 32 or ord(sign) == 127 for sign in plain)
    )
    if any(len(part.encode("utf-8", "replace")) > 255 for part in parts) or len(plain) > MAX_PATH:
        raise FormatError(
            f"{name[:120]!r}: expected a path of this file system, got a name that is too long."
        )
    if bad:
        raise FormatError(f"{name[:120]!r}: expected a path inside {folder}, got one that leads out of it.")
    joined = folder.joinpath(*parts)
    try:
        inside = joined.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise FormatError(f"{name[:120]!r}: no usable path in {folder} ({error}).") from error
    if not inside:
        raise FormatError(
            f"{name[:120]!r}: expected a path inside {folder}, got a link that leads out of it."
        )
    return joined


_PLAIN = re.compile(r"[^\x00-\x1f\x7f:/\\.][^\x00-\x1f\x7f:/\\]*")


def kept_name(name: str) -> tuple[str, bool]:
    """A file name from a file as a path that stays below a folder, and whether it is as it was.

    ``/data/a.jpg`` becomes ``data/a.jpg``: below ``/`` the same file, below any other folder harmless.
    """
    if _PLAIN.fullmatch(name):
        return name, True
    parts = [re.sub(r"[\x00-\x1f\x7f:]", "_", part) for part in name.replace("\\", "/").split("/")]
    kept = "/".join(part for part in parts if part not in ("", ".", ".."))
    return kept or "image", kept == name


def safe_name(name: str) -> str:
    """One part of a path that says `name` on any file system: odd signs become ``_``, long names are cut."""
    plain = _UNSAFE.sub("_", name.encode("utf-8", "replace").decode()).strip(" .") or "_"
    while len(plain.encode()) > MAX_NAME:
        plain = plain[:-1]
    return f"_{plain}" if _RESERVED.fullmatch(plain) else plain
