"""Which picture that was read back is which of those that were written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from drivelabel.errors import FormatError
from drivelabel.formats.pictures import Picture, Pictures

_Key = Callable[[Pictures, Picture], list[str]]


def match_pictures(ours: Pictures, theirs: Pictures, out: Path) -> list[tuple[Picture, Picture]]:
    """Our pictures with what the format's reader made of them; those that were not written are left out.

    They are found by name, by the recorded file, by the file's own name, and else in order.

    Raises:
        FormatError: a picture was read back that is none of ours.
    """
    found: dict[int, Picture] = {}
    left = list(range(len(theirs)))
    for key in (_name, _ending, _file, _file_name):
        taken = set(found)
        free = [row for row in range(len(ours)) if row not in taken]
        for row, other in _same(ours, free, theirs, left, key):
            found[row] = theirs.items[other]
            left.remove(other)
        if not left:
            return [(ours.items[row], found[row]) for row in sorted(found)]
    if len(ours) == len(theirs):
        return list(zip(ours.items, theirs.items, strict=True))
    raise FormatError(
        f"{out}: no sidecar: {len(left)} pictures that were read back, such as "
        f"{theirs.items[left[0]].name!r}, are none of those that were written."
    )


def _same(
    ours: Pictures, free: list[int], theirs: Pictures, left: list[int], key: _Key
) -> Iterator[tuple[int, int]]:
    """Pairs that share a key which nobody else has."""
    of_ours = _by_key(ours, free, key)
    of_theirs = _by_key(theirs, left, key)
    done: set[int] = set()
    taken: set[int] = set()
    for name, rows in of_ours.items():
        others = of_theirs.get(name, [])
        if len(rows) == len(others) == 1 and rows[0] not in done and others[0] not in taken:
            done.add(rows[0])
            taken.add(others[0])
            yield rows[0], others[0]


def _by_key(pictures: Pictures, rows: list[int], key: _Key) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in rows:
        for name in key(pictures, pictures.items[row]):
            found.setdefault(name, []).append(row)
    return found


def _name(_: Pictures, picture: Picture) -> list[str]:
    return [picture.name]


def _ending(_: Pictures, picture: Picture) -> list[str]:
    """The name, and all that is left of it when folders are taken from its front."""
    parts = picture.name.split("/")
    return ["/".join(parts[k:]) for k in range(len(parts))]


def _file(pictures: Pictures, picture: Picture) -> list[str]:
    if not picture.is_file:
        return []
    return [os.path.normpath(pictures.path(picture).absolute())]


def _file_name(_: Pictures, picture: Picture) -> list[str]:
    return [PurePosixPath(picture.source.path).stem] if picture.is_file else []
