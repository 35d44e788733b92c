"""Parts for training and judging: whole drives, or images by the hash of their name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats import Data
from drivelabel.scene import ImageSet, Scene

REST = "train"
"""The part of whatever goes to no other one."""


def parse_split(word: str) -> dict[str, float]:
    """``val=0.2,test=0.1`` -> part to its share.

    Raises:
        FormatError: a share is no number from 0 to 1, or they add up to more than 1.
    """
    shares: dict[str, float] = {}
    for piece in word.split(","):
        name, _, text = piece.partition("=")
        try:
            share = float(text)
        except ValueError:
            share = -1.0
        if not name.isidentifier() or name == REST or not 0 <= share <= 1:
            raise FormatError(f"split: expected such as val=0.2 (the rest is {REST!r}), got {piece!r}.")
        shares[name] = share
    if sum(shares.values()) > 1 + 1e-9:
        raise FormatError(f"split: expected shares that add up to 1 at most, got {word!r}.")
    return shares


def with_splits(data: Sequence[Data], shares: Mapping[str, float]) -> list[Data]:
    """The same drives and image sets, each image in a part; a drive is never on both sides.

    Drives are counted out by share, in the order of the hash of their names; where there are several, each
    part gets one at least. An image of a set goes by the hash of its own path, so it stays where it is when
    images are added.

    Raises:
        FormatError: there are fewer drives than parts.
    """
    drives = [item.name for item in data if isinstance(item, Scene)]
    part_of = _drives(drives, shares)
    return [
        replace(item, info={**item.info, "split": part_of[item.name]})
        if isinstance(item, Scene)
        else _set(item, shares)
        for item in data
    ]


def _drives(names: Sequence[str], shares: Mapping[str, float]) -> dict[str, str]:
    wanted = [part for part, share in shares.items() if share > 0]
    if names and len(names) < len(wanted) + 1:
        raise FormatError(
            f"split: {len(names)} drives cannot be in {len(wanted) + 1} parts; a drive is never cut. "
            "Give more drives."
        )
    left = sorted(names, key=lambda name: (_hash(name), name))
    found: dict[str, str] = {}
    for row, part in enumerate(wanted):
        later = len(wanted) - row - 1
        n = min(max(1, round(shares[part] * len(names))), len(left) - 1 - later)
        found |= dict.fromkeys(left[:n], part)
        left = left[n:]
    return found | dict.fromkeys(left, REST)


def _set(images: ImageSet, shares: Mapping[str, float]) -> ImageSet:
    parts = [_part_of(source.path, shares) for source in images.sources]
    splits = {
        part: np.array([row for row, own in enumerate(parts) if own == part], np.int64)
        for part in (REST, *shares)
        if part in parts
    }
    return replace(images, splits=splits)


def _part_of(name: str, shares: Mapping[str, float]) -> str:
    at = _hash(name)
    for part, share in shares.items():
        if at < share:
            return part
        at -= share
    return REST


def _hash(name: str) -> float:
    """A number in [0, 1) that is the same on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:8], "big") / 2**64
