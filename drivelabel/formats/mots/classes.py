"""MOTS' classes, and how an id says class and thing."""

from __future__ import annotations

from drivelabel.labels import Category, Taxonomy

PER_CLASS = 1000
"""An id is class * 1000 + number of the thing in its class."""

IGNORE_ID = 10_000

MOTS = Taxonomy(
    "mots",
    (
        Category("car", "#FFAA00", concept="car"),
        Category("pedestrian", "#FF0033", concept="pedestrian"),
        Category("ignore", "#888888"),
    ),
)
ROW_OF_CLASS = {1: 0, 2: 1, 10: 2}
"""Class in the files to row of MOTS. Source: TrackEval, docs/MOTS-format.txt."""
CLASS_OF_ROW = {row: number for number, row in ROW_OF_CLASS.items()}
