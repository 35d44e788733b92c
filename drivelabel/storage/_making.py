"""Making a scene: nobody sees a half-written one, and what a killed maker left is cleared up by the next."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import icechunk
from filelock import FileLock, Timeout

from drivelabel.errors import StoreError
from drivelabel.storage._place import BRANCH, Place
from drivelabel.storage._runtime import plain_errors

REMOVALS, REMOVAL_PAUSE_S = 40, 0.025


def new_repository(place: Place) -> icechunk.Repository:
    """An empty repository; one that already lies there is taken over when nothing was ever committed."""
    if place.exists():
        with plain_errors(place.name):
            repo = place.repository()
            is_new = len(list(repo.ancestry(branch=BRANCH))) == 1
        if not is_new:
            raise already_there(place.name)
        return repo
    with plain_errors(place.name):
        return place.repository(new=True)


def write_aside(folder: Path, name: str, write: Callable[[Place], None]) -> None:
    """Have a scene written beside `folder`, then rename it to that."""
    with plain_errors(name):
        if folder.exists():
            raise already_there(name)
        beside = f".{hashlib.sha256(folder.name.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"
        _remove_abandoned(folder.parent, beside)
    aside = folder.with_name(f"{beside}-{secrets.token_hex(8)}.partial")
    making = FileLock(aside / "making", thread_local=False)
    try:
        with plain_errors(name):
            aside.mkdir(parents=True)
            making.acquire()
        write(Place(name, aside))
        with plain_errors(name):
            aside.rename(folder)
            (folder / "making").unlink(missing_ok=True)
    finally:
        making.release()
        _remove(aside)


def _remove(folder: Path) -> None:
    """Remove a folder. After an interruption the store's threads may still be writing into it."""
    for _ in range(REMOVALS):
        if not folder.exists():
            return
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(REMOVAL_PAUSE_S)


def _remove_abandoned(parent: Path, beside: str) -> None:
    """Remove what a writer left beside the place when it was killed; one that still works holds its lock."""
    for left in parent.glob(f"{beside}-*.partial"):
        lock = FileLock(left / "making", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        lock.release()
        _remove(left)


def already_there(name: str) -> StoreError:
    """The error for a place that is taken."""
    return StoreError(f"{name}: already exists. Choose another name, or delete it first.")
