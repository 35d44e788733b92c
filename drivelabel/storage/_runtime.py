"""The one place that touches Icechunk's runtime: logs off stdout, one event loop, plain errors."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import icechunk

from drivelabel.errors import CorruptSceneError, DiskFullError, StoreError

T = TypeVar("T")

# Icechunk 1.x writes its log to stdout; a command's --json output must stay one JSON object.
icechunk.set_logs_filter(os.environ.get("ICECHUNK_LOG", "off"))

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_pid = os.getpid()


def check_not_forked() -> None:
    """Raise StoreError in a forked child: the store's threads did not survive the fork, calls would hang."""
    if os.getpid() != _pid:
        raise StoreError(
            "this process was forked after a scene was opened; its store cannot work here. "
            'Start workers with multiprocessing.get_context("spawn").'
        )


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, run on the store's own event loop (so it also works inside another loop)."""
    global _loop
    check_not_forked()
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="drivelabel-store", daemon=True).start()
    return asyncio.run_coroutine_threadsafe(work, _loop).result()


@contextmanager
def plain_errors(where: str) -> Iterator[None]:
    """Turn Icechunk's and the system's errors into ours, saying where."""
    try:
        yield
    except icechunk.IcechunkError as error:
        raise _translated(where, str(error)) from error
    except StoreError:
        raise
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(f"{where}: the disk is full. Free some space and try again.") from error
        raise StoreError(f"{where}: {error.strerror or error}.") from error


def _translated(where: str, text: str) -> StoreError:
    lines = [line.strip(" │├╰─▶×") for line in text.splitlines()]
    reason = next((line for line in lines if line and not line.startswith(("context", "at "))), "unknown")
    lowered = text.lower()
    if "no space left" in lowered or "os error 28" in lowered:
        return DiskFullError(f"{where}: the disk is full. Free some space and try again.")
    if any(word in lowered for word in ("corrupt", "deserializ", "invalid snapshot", "magic", "flatbuffer")):
        return CorruptSceneError(f"{where}: damaged ({reason}). Run: drivelabel check {where}")
    return StoreError(f"{where}: {reason}.")
