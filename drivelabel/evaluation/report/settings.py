"""What decides the numbers of a report; all of it is written into the report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from drivelabel.errors import InvalidLabelError


@dataclass(frozen=True, slots=True)
class Settings:
    """Rules of one evaluation. The defaults were chosen before any result was seen.

    Attributes:
        iou: from which overlap an image box is the same object.
        metres: within which distance of centres, seen from above, a cuboid is the same object.
        min_score: predictions below are left out of everything.
        min_height_px: projected cuboids that are lower in the image do not count.
        max_range: metres; projected cuboids beyond do not count.
        max_hidden: projected cuboids of which nearer ones hide a larger share do not count.
        distance_edges: metres, where bands of distance begin; the last is open.
        size_edges: pixels, side of the square as large as the box, where bands begin; the last is open.
        lane_widths: (pixels, of an image this wide) at which lane lines are drawn to be compared.
        resamples: of the bootstrap; 0 for no intervals.
        seed: of the bootstrap.
        confidence: of the intervals.

    Raises:
        InvalidLabelError: a share lies outside [0, 1], or bands do not rise.
    """

    iou: float = 0.5
    metres: float = 2.0
    min_score: float = 0.0
    min_height_px: float = 16.0
    max_range: float = 60.0
    max_hidden: float = 0.7
    distance_edges: tuple[float, ...] = (0.0, 10.0, 20.0, 30.0, 40.0, 60.0)
    size_edges: tuple[float, ...] = (0.0, 32.0, 96.0)
    lane_widths: tuple[tuple[float, float], ...] = ((30.0, 1640.0), (8.0, 1280.0))
    resamples: int = 500
    seed: int = 0
    confidence: float = 0.95

    def __post_init__(self) -> None:
        for name in ("iou", "min_score", "max_hidden", "confidence"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InvalidLabelError(f"settings.{name}: expected a number in [0, 1], got {value}.")
        for name in ("distance_edges", "size_edges"):
            edges = getattr(self, name)
            if any(b <= a for a, b in pairwise(edges)):
                raise InvalidLabelError(f"settings.{name}: expected rising numbers, got {edges}.")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)
