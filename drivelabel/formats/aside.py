"""Writing files and folders aside and renaming them, so that half-written never looks complete."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivelabel.errors import FormatError, StoreError

_MANY = 1000
"""Files that are synced one by one; more are synced with their file system."""


@contextmanager
def new_folder(target: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """An empty folder beside `target` that becomes `target` when the block ends well.

    When the block raises, it is removed and `target` stays as it was.

    Raises:
        StoreError: `target` is there and has files, or cannot be written.
        FormatError: a text that was written has signs that UTF-8 has not.
    """
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    with _aside(target, overwrite) as place:
        place.mkdir()
        yield place
        _sync_tree(place)


@contextmanager
def new_file(target: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """The path of a file beside `target` that becomes `target` when the block ends well.

    Raises:
        StoreError: `target` is there already, or cannot be written.
    """
    with _aside(target, overwrite) as place:
        yield place
        _sync(place)


@contextmanager
def _aside(target: Path, overwrite: bool) -> Iterator[Path]:
    _refuse_existing(target, overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    except OSError as error:
        raise StoreError(f"{target}: cannot be written: {error}") from error
    try:
        yield folder / "new"
        _refuse_existing(target, overwrite)  # somebody may have been faster
        if os.path.lexists(target):
            target.rename(folder / "old")
        (folder / "new").rename(target)
        _sync(target.parent)
    except UnicodeEncodeError as error:
        sign = error.object[error.start : error.end]
        raise FormatError(
            f"{target}: a name or text has {sign!r}, which no file can hold. Rename it."
        ) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_existing(target: Path, overwrite: bool) -> None:
    if os.path.lexists(target) and not overwrite:
        raise StoreError(f"{target}: is there already. Choose another place, or pass overwrite=True.")


def _sync_tree(folder: Path) -> None:
    """Have a folder on the disk; where it has many files, by syncing their file system once."""
    found = []
    for here, _, names in os.walk(folder):
        found += [here, *(os.path.join(here, name) for name in names)]  # noqa: PTH118  20 times as fast
        if len(found) > _MANY and _sync_file_system(folder):
            return
    for path in found:
        _sync(Path(path))


def _sync_file_system(folder: Path) -> bool:
    """Whether the folder's whole file system could be synced at once."""
    if not sys.platform.startswith("linux"):
        return False
    handle = os.open(folder, os.O_RDONLY)
    try:
        return bool(ctypes.CDLL(None).syncfs(handle) == 0)
    except AttributeError:
        return False
    finally:
        os.close(handle)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
