"""What the colours of a picture mean: only what is shown, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from drivelabel.media.draw.style import Rgb


@dataclass(frozen=True, slots=True)
class Meaning:
    """One colour and what it means.

    Attributes:
        name: of the class.
        color: as drawn.
        shape: ``box``, ``dashed box``, ``area``, ``line`` or ``light``.
    """

    name: str
    color: Rgb
    shape: str


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A meaning, and how many of it are in the picture; None for areas."""

    meaning: Meaning
    count: int | None


def legend_of(things: Iterable[Meaning], areas: Iterable[Meaning]) -> list[LegendEntry]:
    """The legend of a picture, the most frequent things first, areas last."""
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], Meaning] = {}
    for thing in things:
        key = (thing.shape, thing.name)
        counts[key] += 1
        first.setdefault(key, thing)
    entries = [LegendEntry(first[key], n) for key, n in counts.most_common()]
    return entries + [LegendEntry(area, None) for area in dict.fromkeys(areas)]
