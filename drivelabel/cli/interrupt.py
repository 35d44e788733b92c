"""Ctrl+C says what is kept and how to go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Interrupted(Exception):
    """A person stopped the command; the text says what is kept and how to go on."""


@contextmanager
def interruptible(kept: str) -> Iterator[None]:
    """Turn Ctrl+C inside the block into :class:`Interrupted` with this text."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(kept) from None
