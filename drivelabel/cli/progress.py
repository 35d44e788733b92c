"""How far long work is: a bar on a terminal, plain lines elsewhere, nothing for short work."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

QUIET_SECONDS = 0.5
"""Work shorter than this shows nothing."""
LINE_EVERY_SECONDS = 10.0
"""How often a line is written where there is no terminal."""


class Progress:
    """Progress of one piece of work, on stderr::

        with Progress("annotate", "frames") as progress:
            annotate(scene, on_progress=progress)

    Calling it says how much is done of how much.
    """

    def __init__(self, what: str, unit: str, *, quiet: bool = False) -> None:
        self._what = what
        self._unit = unit
        self._quiet = quiet
        self._is_terminal = sys.stderr.isatty()
        self._start = time.monotonic()
        self._next = self._start + QUIET_SECONDS
        self._done = 0
        self._first: int | None = None
        self._total: int | None = None
        self._bar: Any = None

    def __enter__(self) -> Progress:
        return self

    def __call__(self, done: int, total: int | None = None) -> None:
        """Say that `done` of `total` units are done; None keeps the last total."""
        self._first = done if self._first is None else self._first
        self._done = done
        self._total = total if total is not None else self._total
        now = time.monotonic()
        if self._quiet or (now < self._next and self._bar is None):
            return
        if self._is_terminal:
            self._draw_bar()
        else:
            self._write(self._line(now))
            self._next = now + LINE_EVERY_SECONDS

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        seconds = time.monotonic() - self._start
        if kind is None and not self._quiet and seconds >= QUIET_SECONDS and self._done:
            rate = self._rate(time.monotonic())
            self._write(f"{self._what}: {self._done:,} {self._unit} in {clock(seconds)}, {rate:.1f}/s")

    def _rate(self, now: float) -> float:
        """Units per second of this run; what a resumed run found done does not count."""
        return (self._done - (self._first or 0)) / max(now - self._start, 1e-9) or self._done / max(
            now - self._start, 1e-9
        )

    def _line(self, now: float) -> str:
        rate = self._rate(now)
        if self._total is None:
            return f"{self._what}: {self._done:,} {self._unit}, {rate:.1f}/s"
        left = clock((self._total - self._done) / rate) if rate > 0 else "?"
        return f"{self._what}: {self._done:,} of {self._total:,} {self._unit}, {rate:.1f}/s, {left} left"

    def _write(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def _draw_bar(self) -> None:
        if self._bar is None:
            self._bar = _rich_bar(self._what, self._unit)
            self._bar.start()
        now = time.monotonic()
        self._bar.update(
            self._bar.task_ids[0], completed=self._done, total=self._total, rate=f"{self._rate(now):.1f}/s"
        )


def _rich_bar(what: str, unit: str) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    bar = RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.add_task(what, total=None, rate="")
    return bar


def clock(seconds: float) -> str:
    """``4.2 s``, ``1 min 05 s``, ``2 h 03 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
