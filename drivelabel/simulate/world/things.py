"""The list of all things that labels name: what each is and how big."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel.simulate.world.mesh import Mesh, category_id
from drivelabel.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """One thing.

    Attributes:
        category: name in DRIVING.
        mesh: in its own coords.
        low, high: (3,), metres, corners of its cuboid in its own coords.
        world_from_thing: (4, 4) of what never moves, else None.
        attributes: named values that hold all the time.
    """

    category: str
    mesh: Mesh
    low: FloatArray
    high: FloatArray
    world_from_thing: FloatArray | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, category: str, mesh: Mesh, world_from_thing: FloatArray | None = None, **attributes: Any
    ) -> Thing:
        """A thing whose cuboid just holds its mesh."""
        low, high = mesh.bounds()
        return cls(category, mesh, low, high, world_from_thing, attributes)


class Things:
    """All things; an instance of the surfaces is 1 + a row of this list, a track id is the same number."""

    def __init__(self) -> None:
        self.rows: list[Thing] = []

    def add(self, thing: Thing) -> int:
        """Its row."""
        self.rows.append(thing)
        return len(self.rows) - 1

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> Thing:
        return self.rows[row]

    @property
    def track_id(self) -> IntArray:
        """(n,) the track id of each row."""
        return np.arange(1, len(self.rows) + 1)

    @property
    def category_id(self) -> IntArray:
        """(n,) rows of DRIVING."""
        return np.array([category_id(thing.category) for thing in self.rows], np.int64)
