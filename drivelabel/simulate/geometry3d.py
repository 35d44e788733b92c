"""What can be seen of a simulated world at one instant: coloured triangles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import Float32Array, FloatArray, UInt8Array

MATERIALS = (
    "plain",
    "asphalt",
    "paint",
    "grass",
    "facade",
    "foliage",
    "metal",
    "glass",
    "concrete",
    "lamp",
)
"""What surfaces are made of; a triangle's ``material`` is an index into this tuple."""

SOLID = 0
"""``layer`` of what has a body; 1, 2, ... are thin decals that lie on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Surfaces:
    """Triangles in the world, one row each.

    Attributes:
        triangles: (m, 3, 3) float32, metres, corners relative to `origin`; counter-clockwise from outside.
        color: (m, 3) float32, linear RGB albedo in [0, 1].
        emission: (m,) float32, light given off, in units of `color`; 0 for what gives none.
        category: (m,) uint8, row of DRIVING.
        instance: (m,) uint16, 1 + row of the world's things; 0 for none.
        material: (m,) uint8, index into MATERIALS; the renderer gives each its texture.
        layer: (m,) uint8, SOLID, or the height in a stack of decals that lie on a body.
        uv: (m, 3, 2) float32, metres on the surface, for textures.
        origin: (3,) float64, metres, world coords.

    Raises:
        InvalidLabelError: a column has another shape than the triangles ask for.
    """

    triangles: Float32Array
    color: Float32Array
    emission: Float32Array
    category: UInt8Array
    instance: npt.NDArray[np.uint16]
    material: UInt8Array
    layer: UInt8Array
    uv: Float32Array
    origin: FloatArray

    def __post_init__(self) -> None:
        n = len(self.triangles)
        shapes = {"triangles": (n, 3, 3), "color": (n, 3), "uv": (n, 3, 2), "origin": (3,)}
        for spec in fields(self):
            check_shape(f"surfaces.{spec.name}", getattr(self, spec.name), shapes.get(spec.name, (n,)))

    def __len__(self) -> int:
        return len(self.triangles)

    def __getitem__(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64] | slice) -> Surfaces:
        """The triangles of a mask, of row numbers or of a slice."""
        columns = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        return Surfaces(**{name: v if name == "origin" else v[rows] for name, v in columns.items()})

    @classmethod
    def concat(cls, parts: Sequence[Surfaces]) -> Surfaces:
        """All triangles of some parts that share one origin.

        Raises:
            InvalidLabelError: the parts have different origins, or there are none.
        """
        if not parts or any(not np.array_equal(part.origin, parts[0].origin) for part in parts):
            raise InvalidLabelError("surfaces: expected parts with one origin.")
        names = [spec.name for spec in fields(cls) if spec.name != "origin"]
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        return cls(**columns, origin=parts[0].origin)
