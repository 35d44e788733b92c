"""What kind of world a seed makes, and when its drive begins."""

from __future__ import annotations

from dataclasses import dataclass

from drivelabel.errors import InvalidLabelError
from drivelabel.simulate.world.layout import STYLES

START_NS = 1_700_000_000_000_000_000
"""When every drive begins."""


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """What kind of world a seed makes.

    Attributes:
        seed: everything follows from it.
        seconds: of the drive.
        style: one of STYLES.
        traffic: 1 for usual traffic, 0 for none.
        people: 1 for the usual number of people, 0 for none.
        night: lamps and headlights are lit.

    Raises:
        InvalidLabelError: a number is out of range, or the style is unknown.
    """

    seed: int = 0
    seconds: float = 10.0
    style: str = "city"
    traffic: float = 1.0
    people: float = 1.0
    night: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= 3600:
            raise InvalidLabelError(f"seconds: expected more than 0 and at most 3600, got {self.seconds:g}.")
        if self.style not in STYLES:
            raise InvalidLabelError(f"style: expected one of {', '.join(STYLES)}, got {self.style!r}.")
        if self.seed < 0:
            raise InvalidLabelError(f"seed: expected 0 or more, got {self.seed}.")
        for name in ("traffic", "people"):
            if not 0 <= getattr(self, name) <= 3:
                raise InvalidLabelError(f"{name}: expected 0 to 3, got {getattr(self, name):g}.")
