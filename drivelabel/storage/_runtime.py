"""The one place that touches Icechunk's runtime: logs off stdout, one event loop, plain errors."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import icechunk

from drivelabel.errors import (
    CorruptSceneError,
    DiskFullError,
    NewerFormatError,
    ReadOnlyError,
    StoreError,
    UnreachableError,
)

T = TypeVar("T")
TRIES, PAUSE_S = 4, 0.2
"""Of what an object store answered in half, and the first pause between; each next one is twice as long."""

# Icechunk 1.x writes its log to stdout; a command's --json output must stay one JSON object.
icechunk.set_logs_filter(os.environ.get("ICECHUNK_LOG", "off"))

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_used_by: int | None = None


def check_not_forked() -> None:
    """Raise StoreError in a child of a process that used a store before it forked.

    The store's threads do not survive the fork, so its calls would wait for ever.
    """
    global _used_by
    if _used_by is None:
        _used_by = os.getpid()
    if os.getpid() != _used_by:
        raise StoreError(
            "this process was forked after a scene was opened; its store cannot work here. "
            'Start workers with multiprocessing.get_context("spawn").'
        )


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, run on the store's own event loop (so it also works inside another loop)."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="drivelabel-store", daemon=True).start()
    future = asyncio.run_coroutine_threadsafe(work, _loop)
    try:
        return future.result()
    finally:
        future.cancel()  # of work that is not done: a person pressed Ctrl+C


@contextmanager
def plain_errors(where: str) -> Iterator[None]:
    """Turn Icechunk's and the system's errors into ours, saying where.

    Icechunk's ConflictError passes: it is no failure but a reason to try again.
    """
    check_not_forked()
    try:
        yield
    except icechunk.IcechunkError as error:
        raise _translated(where, str(error)) from error
    except StoreError:
        raise
    except OSError as error:
        raise _of_system(where, error) from error


def retried(where: str, work: Callable[[], T]) -> T:
    """The result of `work`, which can be repeated; on an object store tried again when an answer broke off.

    Icechunk itself tries again when there was no answer, or one that says so; not when half of one came.

    Raises:
        StoreError: see :func:`plain_errors`.
    """
    for attempt in range(TRIES if "://" in where else 1):
        if attempt:
            time.sleep(PAUSE_S * 2 ** (attempt - 1))
        try:
            with plain_errors(where):
                return work()
        except StoreError as error:
            last = error
            if not is_passing(where, error):
                break
    raise last


def is_passing(where: str, error: StoreError) -> bool:
    """Whether an error is one of the network's moods."""
    return "://" in where and type(error) is StoreError


def _of_system(where: str, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(f"{where}: the disk is full. Free some space and try again.")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return ReadOnlyError(f"{where}: may not be written ({error.strerror}). Check the folder's owner.")
    return StoreError(f"{where}: {error.strerror or error}.")


# Icechunk's errors have one class; their text is all that tells them apart.
_FULL = ("no space left", "os error 28", "os error 122")
_READ_ONLY = ("permission denied", "read-only file system", "os error 30", "os error 13", "accessdenied")
_NEWER = ("spec version", "unsupported version", "written by a newer")
_UNREACHABLE = (
    "dispatch failure", "timed out", "timeout", "connection", "dns error", "service error", "slowdown",
    "expiredtoken", "invalidaccesskeyid", "signaturedoesnotmatch", "credential",
)  # fmt: skip


def _translated(where: str, text: str) -> StoreError:
    lines = [line.strip(" │|├╰─▶×") for line in text.splitlines()]
    reason = next((line for line in lines if line and not line.startswith(("context", "at "))), "unknown")
    lowered = text.lower()
    if any(words in lowered for words in _FULL):
        return DiskFullError(f"{where}: the disk is full. Free some space and try again.")
    if any(words in lowered for words in _READ_ONLY):
        return ReadOnlyError(f"{where}: may not be written ({reason}). Check the owner or the access rights.")
    if any(words in lowered for words in _NEWER):
        return NewerFormatError(f"{where}: {reason}. Update drivelabel and icechunk.")
    if "streaming" in lowered and "://" in where:
        return StoreError(f"{where}: an answer of the object store broke off ({reason}). Try again.")
    if any(words in lowered for words in _UNREACHABLE):
        return UnreachableError(f"{where}: the object store does not answer ({reason}). Try again later.")
    if "://" in where:
        return StoreError(f"{where}: {reason}.")
    # What is left are files that are missing, cut off or altered: Icechunk words each of them in its own way.
    return CorruptSceneError(f"{where}: damaged ({reason}). Run: drivelabel check --fix {where}")
