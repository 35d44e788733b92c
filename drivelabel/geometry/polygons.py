"""Polygons: lists of corners, closed by themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.geometry._kernels import polygons as kernels
from drivelabel.typing import AnyArray, FloatArray, IntArray


def polygon_area(polygon: AnyArray) -> float:
    """Area of a (k, 2) polygon, whichever way its corners go round; 0 for fewer than three.

    Raises:
        InvalidLabelError: another shape, or a number is not finite.
    """
    points, start = _ragged("polygon", [polygon])
    return abs(float(kernels.signed_area(points))) if start[1] else 0.0


def polygon_overlap(a: AnyArray, b: AnyArray) -> float:
    """Area that two (k, 2) polygons have in common; see :func:`pairwise_polygon_iou`."""
    p, q = _ragged("a", [a])[0], _ragged("b", [b])[0]
    return abs(float(kernels.overlap_of_two(p, q))) if len(p) and len(q) else 0.0


def pairwise_polygon_iou(a: Sequence[AnyArray], b: Sequence[AnyArray]) -> FloatArray:
    """Intersection over union of each polygon of `a` with each of `b`, exactly, without drawing them.

    Args:
        a: n polygons, each (k, 2) corners in order, either way round; they need not be convex. One that
            crosses itself counts each place as often as it goes round it.
        b: m polygons, in the coords and unit of `a`.

    Returns:
        (n, m) float64 in [0, 1]; 0 where they only touch, also for those without area.

    Raises:
        InvalidLabelError: another shape, or a number is not finite.

    Source: Green's theorem on the product of two winding numbers.
    """
    iou: FloatArray = kernels.pairwise_iou(*_ragged("a", a), *_ragged("b", b))
    return iou


def _ragged(name: str, polygons: Sequence[AnyArray]) -> tuple[FloatArray, IntArray]:
    rings = [np.asarray(polygon, np.float64) for polygon in polygons]
    for row, ring in enumerate(rings):
        check_shape(f"{name}[{row}]", ring, (None, 2))
        check_finite(f"{name}[{row}]", ring)
    start = np.concatenate([[0], np.cumsum([len(ring) for ring in rings])]).astype(np.int64)
    return np.ascontiguousarray(np.concatenate([np.zeros((0, 2)), *rings])), start
