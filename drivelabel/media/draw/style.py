"""Sizes and colours of drawn labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.typing import UInt8Array

Rgb = tuple[int, int, int]

INK: Rgb = (14, 17, 22)
"""Below every outline and behind every text."""
PAPER: Rgb = (244, 246, 248)
"""Text on INK."""
FAINT: Rgb = (158, 168, 180)
"""Text on INK that may be overlooked."""
PANEL: Rgb = (20, 24, 30)
"""Background of strips and panels."""

LIGHT_COLORS: dict[str, Rgb] = {
    "unknown": (170, 178, 188),
    "off": (120, 128, 138),
    "red": (255, 69, 58),
    "yellow": (255, 204, 0),
    "red_yellow": (255, 140, 0),
    "green": (48, 209, 88),
}
"""State of a traffic light to the colour of its housing's outline."""

BULB_COLORS: tuple[Rgb, Rgb, Rgb] = (LIGHT_COLORS["red"], LIGHT_COLORS["yellow"], LIGHT_COLORS["green"])

LINE_COLORS: tuple[Rgb, ...] = (
    (255, 199, 44),
    (64, 196, 255),
    (255, 110, 199),
    (128, 255, 114),
    (255, 138, 76),
    (178, 136, 255),
)
"""Neighbouring lane lines have one category; by their ids they get different colours."""


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes in pixels of the picture that is written.

    Attributes:
        line: thickness of an outline's coloured part, as OpenCV counts: it draws 2 as 3.4 pixels.
        lane: thickness of a lane line.
        text: height of the letters in chips.
        title: height of the letters in strips.
        dot: side of a lidar point.
        dash, gap: of model labels' outlines.
    """

    line: int
    lane: int
    text: int
    title: int
    dot: int
    dash: float
    gap: float

    @classmethod
    def of_height(cls, height: int) -> Style:
        """Sizes that read well in a picture of this many lines."""
        unit = height / 1080
        return cls(
            line=max(2 if height >= 480 else 1, round(2.4 * unit)),
            lane=max(2, round(5 * unit)),
            text=max(11, round(17 * unit)),
            title=max(12, round(20 * unit)),
            dot=max(1, round(1.8 * unit)),
            dash=max(7.0, 13 * unit),
            gap=max(5.0, 7 * unit),
        )


def readable(color: Rgb) -> Rgb:
    """A colour, lifted towards white until it can be told from INK."""
    rgb = np.asarray(color, np.float64)
    luma = float(rgb @ (0.2126, 0.7152, 0.0722))
    mix = 0.0 if luma >= 110 else (110 - luma) / (255 - luma)
    lifted = (rgb + (255 - rgb) * mix).round().astype(int)
    return int(lifted[0]), int(lifted[1]), int(lifted[2])


def rgb_of(colors: UInt8Array, category_id: int) -> Rgb:
    """The colour of a category as plain numbers."""
    red, green, blue = colors[category_id].tolist()
    return red, green, blue
