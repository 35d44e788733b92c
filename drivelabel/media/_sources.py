"""Files as sources of a scene."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from drivelabel.errors import StoreError
from drivelabel.media.video import OnInvalid
from drivelabel.scene import Source


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What a person may say about a recording.

    Attributes:
        name: of the log; the file's or folder's name when None.
        hz: frames a second of images that tell no times; when given, it wins over names and EXIF.
        on_invalid: ``error`` refuses damaged input, ``skip`` leaves it out and counts it in ``scene.info``.
        channel: what the camera of a plain video or image folder is called.
        start_ns: time of the first frame where the input tells none, nanoseconds since 1970.
        hash_files: whether to take the sha256 of every source; it costs one reading of all bytes.
    """

    name: str | None = None
    hz: float | None = None
    on_invalid: OnInvalid = "error"
    channel: str = "cam_front"
    start_ns: int = 0
    hash_files: bool = True


def file_source(path: Path, kind: str, *, hash_file: bool = True) -> Source:
    """A file as a source: absolute path, size, and the sha256 of its bytes, read in pieces.

    Raises:
        StoreError: the file is missing or unreadable.
    """
    try:
        size = path.stat().st_size
        digest = ""
        if hash_file:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}).") from error
    return Source(str(path.absolute()), kind, digest, size)


def hashed_source(root: Path, source: Source) -> Source:
    """A source with its absolute path, size and sha256; as it is where the file is not on this machine.

    Args:
        root: the folder that a relative path counts from.
    """
    if "://" in source.path or "://" in str(root):
        return source
    path = Path(os.path.normpath(root.absolute() / source.path))
    try:
        is_there = path.is_file()
    except OSError:  # a name that is too long
        is_there = False
    if not is_there:
        return replace(source, path=str(path))
    return file_source(path, source.kind)
