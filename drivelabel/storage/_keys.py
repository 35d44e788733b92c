"""Keys of commits whose place in the history was given up: by them a job is known that comes again late."""

from __future__ import annotations

from collections.abc import Iterable

from drivelabel.storage._arrays import Arrays
from drivelabel.storage._texts import PARTS, texts_of, write_texts

PATH = "keys"
MAX_KEYS = 100_000
"""The newest are kept; at forty bytes each, 4 MB."""

DRAWN = "~"
"""Start of keys that nobody gave: they are of use only while their commit is made."""


def read_keys(arrays: Arrays) -> list[str]:
    """The keys of given-up commits, the newest last.

    Raises:
        CorruptSceneError: the list is damaged.
    """
    if arrays.node(PATH) is None:
        return []
    return texts_of(arrays.read_arrays(f"{PATH}/{part}" for part in PARTS), PATH)


def add_keys(arrays: Arrays, keys: Iterable[str]) -> None:
    """Remember the keys of commits that will be given up, the newest last."""
    known = read_keys(arrays)
    more = [key for key in dict.fromkeys([*known, *keys]) if key and not key.startswith(DRAWN)]
    if more != known:
        write_texts(arrays, PATH, more[-MAX_KEYS:])
