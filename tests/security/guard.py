"""A call held to what a reader may do: our errors only, in time, in memory, nothing outside its folder."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

SECONDS = 1.0
"""Processor time that an input may take; slow machines and compiling calls get `slack` times as long."""

MORE_MEMORY = 3 << 30
"""Address space beyond what the process has; a bomb runs into it."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FORBIDDEN = (
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.system", "os.exec",
    "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect", "socket.bind", "socket.getaddrinfo",
    "shutil.rmtree", "shutil.copyfile", "ctypes.dlopen", "pickle.find_class", "webbrowser.open",
)  # fmt: skip


class TooSlowError(BaseException):
    """The wall clock ran out."""


@dataclass(slots=True)
class _Watch:
    """What the audit hook writes down while a call runs."""

    folder: str = ""
    on: bool = False
    found: list[str] = field(default_factory=list)


_watch = _Watch()
_OWN_CODE = (sys.prefix, sys.base_prefix, str(Path(__file__).parents[2]), "/proc/", "/sys/", "/dev/", "/usr/")


def _is_numba() -> bool:
    """Whether numba reads its cache of machine code."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if f"{os.sep}numba{os.sep}" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _watch.on:
        return
    if event in _FORBIDDEN and not (event == "pickle.find_class" and _is_numba()):
        _watch.found.append(f"{event} {args!r:.200}")
    elif event == "open" and isinstance(args[0], (str, bytes)):
        path, mode, flags = os.fsdecode(args[0]), args[1], args[2]
        writes = (isinstance(mode, str) and any(sign in mode for sign in "wax+")) or bool(
            (flags or 0) & _WRITES
        )
        outside = not os.path.abspath(path).startswith(_watch.folder)  # noqa: PTH100  no links followed
        if writes or (outside and not path.startswith(_OWN_CODE)):
            _watch.found.append(f"open {path!r} {mode}")


_hooked: list[bool] = []


def call_guarded(call: Callable[[], object], folder: Path, ours: tuple[type[BaseException], ...]) -> str:
    """Run a call; "" when it did nothing that it must not, else what it did.

    Args:
        call: reads files below `folder`.
        ours: the errors that it may raise.
    """
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    _watch.folder, _watch.found = str(folder), []
    start = time.process_time()
    try:
        with _wall_clock(20), _address_space():
            _watch.on = True
            try:
                call()
            except ours:
                pass
            finally:
                _watch.on = False
    except TooSlowError:
        return "hangs"
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return _where(error)
    seconds = time.process_time() - start
    if _watch.found:
        return f"touches what it must not: {_watch.found[0]}"
    return f"takes {seconds:.1f} s" if seconds > SECONDS * 4 else ""


def _where(error: BaseException) -> str:
    """The error and the line of ours that let it through."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if f"{os.sep}drivelabel{os.sep}" in name:
            place = f"{name.rpartition(f'drivelabel{os.sep}')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}: {str(error)[:200]} at {place}"


@contextmanager
def _wall_clock(seconds: float) -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _address_space() -> Iterator[None]:
    """A little more than the process has now, so that no input can take all of the machine."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MORE_MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
