"""What decides the numbers of a report; all of it is written into the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from typing import Any

from drivelabel._check import did_you_mean
from drivelabel.errors import InvalidLabelError

_SHARES = ("iou", "min_score", "max_hidden", "confidence", "effort_iou", "effort_cuboid_iou")
_NOT_NEGATIVE = ("min_height_px", "min_size_px", "max_range", "min_points", "resamples", "seed")
_POSITIVE = ("iou", "metres", "oks_sigma", "switch_seconds", "boundary_ratio", "effort_iou")
_EDGES = ("distance_edges", "size_edges")


@dataclass(frozen=True, slots=True)
class Settings:
    """Rules of one evaluation. The defaults were chosen before any result was seen.

    Attributes:
        iou: from which overlap an image box (traffic light) is the same object.
        metres: within which distance of centres, seen from above, a cuboid is the same object.
        min_score: predictions below are left out of everything.
        min_size_px: true image boxes that are lower do not count, nor labels as low that match nothing.
        min_height_px: the same for projected cuboids; the larger of both holds.
        max_range: metres; projected cuboids beyond do not count.
        max_hidden: projected cuboids do not count when other cuboids, or the truth's own word, hide as much.
        min_points: cuboids with fewer lidar points do not count, nor does their projection; where nobody
            counted points, those of the track's nearest counted sample within 1 s are taken, and without one
            the cuboid counts.
        distance_edges: metres, where bands of distance begin; the last is open.
        size_edges: pixels, side of the square as large as the box, where bands begin; the last is open.
        lane_widths: (pixels, of an image this wide) at which lane lines are drawn to be compared; the first
            is the one of counts, findings and intervals.
        oks_sigma: how exactly a bulb can be placed, in parts of the housing's size; as COCO's sigmas.
        switch_seconds: how far from a true change of a light's state the predicted one may lie.
        boundary_ratio: how near to its outline a pixel counts for boundary IoU, in parts of the diagonal.
        effort_iou: from which overlap an image box need not be moved by a person; where the truth is
            projected cuboids, which are looser than boxes that were drawn, it is `iou`.
        effort_cuboid_iou: the same in space.
        min_logs: with fewer logs, intervals come from resampling tracks.
        min_units: with fewer logs and fewer tracks than this there is no interval at all.
        resamples: of the bootstrap; 0 for no intervals.
        seed: of the bootstrap.
        confidence: of the intervals.

    Raises:
        InvalidLabelError: a number is out of its range, or bands do not rise.
    """

    iou: float = 0.5
    metres: float = 2.0
    min_score: float = 0.0
    min_size_px: float = 0.0
    min_height_px: float = 16.0
    max_range: float = 60.0
    max_hidden: float = 0.7
    min_points: int = 1
    distance_edges: tuple[float, ...] = (0.0, 10.0, 20.0, 30.0, 40.0, 60.0)
    size_edges: tuple[float, ...] = (0.0, 32.0, 96.0)
    lane_widths: tuple[tuple[float, float], ...] = ((30.0, 1640.0), (8.0, 1280.0))
    oks_sigma: float = 0.05
    switch_seconds: float = 3.0
    boundary_ratio: float = 0.02
    effort_iou: float = 0.75
    effort_cuboid_iou: float = 0.7
    min_logs: int = 10
    min_units: int = 10
    resamples: int = 500
    seed: int = 0
    confidence: float = 0.95

    def __post_init__(self) -> None:
        for name in _SHARES:
            self._check(name, 0 <= getattr(self, name) <= 1, "a number in [0, 1]")
        for name in _NOT_NEGATIVE:
            self._check(name, 0 <= getattr(self, name) < math.inf, "a number from 0 on")
        for name in _POSITIVE:
            self._check(name, 0 < getattr(self, name) < math.inf, "a number above 0")
        for name in ("min_logs", "min_units"):
            self._check(name, getattr(self, name) >= 2, "at least 2")
        for name in _EDGES:
            edges = getattr(self, name)
            rising = len(edges) > 0 and all(a < b for a, b in pairwise(edges))
            self._check(name, rising and edges[0] >= 0, "rising numbers from 0 on")
        good = all(len(pair) == 2 and 1 <= pair[0] <= pair[1] for pair in self.lane_widths)
        self._check("lane_widths", len(self.lane_widths) > 0 and good, "pairs such as 30/1640")

    def _check(self, name: str, good: bool, expected: str) -> None:
        if not good:
            raise InvalidLabelError(f"settings.{name}: expected {expected}, got {getattr(self, name)}.")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def changed(settings: Settings, texts: Sequence[str]) -> Settings:
    """The settings with some of them given as text.

    Args:
        settings: the others.
        texts: each ``name=value``; bands as ``0,20,40``, lane widths as ``30/1640,8/1280``.

    Raises:
        InvalidLabelError: there is no such setting, or it takes no such value.
    """
    known = {spec.name: getattr(settings, spec.name) for spec in fields(Settings)}
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise InvalidLabelError(f"setting {text!r}: expected name=value, such as iou=0.6.")
        if name not in known:
            raise InvalidLabelError(f"setting: no {name!r}.{did_you_mean(name, known)}")
        try:
            values[name] = _value(name, value, known[name])
        except ValueError:
            raise InvalidLabelError(
                f"setting {name}: expected a value like {_text(known[name])}, got {value!r}."
            ) from None
    return replace(settings, **values)


def _value(name: str, text: str, now: Any) -> Any:
    if name == "lane_widths":
        return tuple(tuple(float(part) for part in pair.split("/")) for pair in text.split(","))
    if isinstance(now, tuple):
        return tuple(float(part) for part in text.split(","))
    return type(now)(text)


def _text(value: Any) -> str:
    """A value as :func:`changed` takes it."""
    if not isinstance(value, tuple):
        return f"{value:g}"
    return ",".join("/".join(f"{n:g}" for n in v) if isinstance(v, tuple) else f"{v:g}" for v in value)
