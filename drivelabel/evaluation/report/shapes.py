"""What is drawn over a picture: boxes, lines and areas of both sides, in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.typing import FloatArray

TRUTH_LOOKS = {c.FOUND: "t-found", c.MISSED: "t-missed", c.WRONG_CLASS: "t-wrong", c.LOOSE: "t-loose"}
PRED_LOOKS = {
    c.RIGHT: "p-right",
    c.FALSE: "p-false",
    c.DUPLICATE: "p-false",
    c.WRONG_CLASS: "p-wrong",
    c.LOOSE: "p-loose",
}


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One thing over a picture.

    Attributes:
        form: ``box`` (two corners), ``line``, ``area`` (its outline), or ``ground`` (an outline from above).
        points: (k, 2) float64, pixels; for ``ground`` metres, world coords.
        look: how it is drawn, one of TRUTH_LOOKS, PRED_LOOKS, ``a-missed`` or ``a-false``.
        name: written beside it; "" for nothing.
    """

    form: str
    points: FloatArray
    look: str
    name: str = ""


def box(xyxy: FloatArray, look: str, name: str = "") -> Shape:
    """A box from its (4,) corners."""
    return Shape("box", np.asarray(xyxy, np.float64).reshape(2, 2), look, name)


def extent(shapes: Sequence[Shape]) -> FloatArray:
    """(4,) the box round all shapes."""
    points = np.concatenate([shape.points for shape in shapes])
    return np.concatenate([points.min(axis=0), points.max(axis=0)])
