"""Smooth lines over the ground, measured along their length."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.spatial import cKDTree

from drivelabel.typing import AnyArray, FloatArray

STEP_M = 1.0
"""Distance of the nodes of a line."""


class Line:
    """A smooth line in the plane: (s metres along, d metres to its left) to points and headings.

    Args:
        xy: (k, 2), nodes, world coords, at least three.
        s: (k,), metres along at each node; measured when None.
    """

    def __init__(self, xy: AnyArray, s: AnyArray | None = None) -> None:
        self.xy = np.asarray(xy, np.float64)
        if s is None:
            s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.xy, axis=0), axis=1))])
        self.s = np.asarray(s, np.float64)
        self._spline = CubicSpline(self.s, self.xy, bc_type="natural")
        self._tangent = self._spline.derivative()

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.xy)

    @classmethod
    def from_curvature(
        cls, curvature: AnyArray, start: tuple[float, float] = (0.0, 0.0), heading: float = 0.0
    ) -> Line:
        """The line with a curvature (1/m, left is positive) at each of its nodes, STEP_M apart."""
        curvature = np.asarray(curvature, np.float64)
        turned = np.concatenate([[0.0], np.cumsum((curvature[1:] + curvature[:-1]) / 2 * STEP_M)])
        angle = heading + turned
        middle = (angle[1:] + angle[:-1]) / 2
        steps = np.stack([np.cos(middle), np.sin(middle)], axis=1) * STEP_M
        xy = np.concatenate([[start], start + np.cumsum(steps, axis=0)])
        return cls(xy, np.arange(len(xy)) * STEP_M)

    @property
    def length(self) -> float:
        """Metres."""
        return float(self.s[-1])

    def heading(self, s: AnyArray) -> FloatArray:
        """Radians, where the line points at `s`."""
        tangent = self._tangent(s)
        angle: FloatArray = np.arctan2(tangent[..., 1], tangent[..., 0])
        return angle

    def at(self, s: AnyArray, d: AnyArray | float = 0.0) -> FloatArray:
        """(..., 2), points `d` metres left of the line at `s`."""
        s = np.asarray(s, np.float64)
        tangent = self._tangent(s)
        tangent /= np.linalg.norm(tangent, axis=-1, keepdims=True)
        normal = np.stack([-tangent[..., 1], tangent[..., 0]], axis=-1)
        point: FloatArray = self._spline(s) + np.asarray(d)[..., None] * normal
        return point

    def at3(self, s: AnyArray, d: AnyArray | float = 0.0, z: AnyArray | float = 0.0) -> FloatArray:
        """(..., 3), the same with a height."""
        xy = self.at(s, d)
        height = np.broadcast_to(np.asarray(z, np.float64), xy.shape[:-1])
        return np.concatenate([xy, height[..., None]], axis=-1)

    def reversed(self) -> Line:
        """The same line run the other way."""
        return Line(self.xy[::-1], self.length - self.s[::-1])

    def stations(self, start: float, stop: float, step: float) -> FloatArray:
        """Even steps along the line from `start` to `stop`, at most `step` apart."""
        n = max(2, int(np.ceil((stop - start) / step)) + 1)
        return np.linspace(start, stop, n)

    def locate(self, xy: AnyArray) -> tuple[FloatArray, FloatArray]:
        """(n,) s and (n,) d of the points on the line nearest to (n, 2) points."""
        xy = np.atleast_2d(np.asarray(xy, np.float64))
        _, nearest = self._tree.query(xy)
        s = self.s[nearest]
        for _ in range(3):  # Newton on the foot of the perpendicular
            tangent = self._tangent(s)
            tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
            s = np.clip(s + ((xy - self._spline(s)) * tangent).sum(axis=1), 0.0, self.length)
        heading = self.heading(s)
        offset = xy - self._spline(s)
        return s, -np.sin(heading) * offset[:, 0] + np.cos(heading) * offset[:, 1]
