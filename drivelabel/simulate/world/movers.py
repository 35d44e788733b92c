"""Bodies that move: many at once, turned about the vertical and set on their places."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np

from drivelabel.simulate.world.mesh import Mesh
from drivelabel.typing import AnyArray, Float32Array, FloatArray, IntArray, UInt16Array

N_PARTS = 8
_KEPT = 6


@dataclass(frozen=True, slots=True, eq=False)
class _Crowd:
    """The bodies of some movers, one after the other.

    Attributes:
        mesh: of all, each in its own coords.
        instance: (m,), of each triangle.
        counts: (k,), triangles of each body.
        body: (m,), which body a triangle belongs to.
        limbs: rows of the triangles that swing.
    """

    mesh: Mesh
    instance: UInt16Array
    counts: IntArray
    body: IntArray
    limbs: IntArray


class Movers:
    """All bodies that move in a world.

    Args:
        meshes: one a body, in its own coords; those of parts that swing are those of SWING.
        instances: (n,), of the surfaces.
        swings: (n,), which bodies have limbs.
    """

    def __init__(self, meshes: list[Mesh], instances: AnyArray, swings: AnyArray) -> None:
        self._meshes = meshes
        self._instances = np.asarray(instances, np.uint16)
        self._swings = np.asarray(swings, np.bool_)
        self._lock = threading.Lock()
        self._crowds: OrderedDict[bytes, _Crowd] = OrderedDict()

    def _crowd(self, rows: IntArray) -> _Crowd:
        """The bodies of some rows; who is near rarely changes from one instant to the next."""
        key = rows.tobytes()
        with self._lock:
            if key in self._crowds:
                self._crowds.move_to_end(key)
                return self._crowds[key]
        mesh = Mesh.concat([self._meshes[row] for row in rows])
        counts = np.array([len(self._meshes[row]) for row in rows], np.int64)
        body = np.repeat(np.arange(len(rows)), counts)
        limbs = (
            np.flatnonzero(self._swings[rows][body] & (mesh.part > 0)) if len(rows) else np.zeros(0, np.int64)
        )
        crowd = _Crowd(mesh, self._instances[rows][body], counts, body, limbs)
        with self._lock:
            self._crowds[key] = crowd
            while len(self._crowds) > _KEPT:
                self._crowds.popitem(last=False)
        return crowd

    def pose(
        self,
        rows: IntArray,
        xyz: FloatArray,
        yaw: FloatArray,
        light: Float32Array,
        turn: FloatArray,
        joint: FloatArray,
    ) -> tuple[Mesh, UInt16Array]:
        """Some bodies where they are, and the instance of each triangle.

        Args:
            rows: (k,) of the bodies.
            xyz: (k, 3), metres, where their origins are.
            yaw: (k,), radians.
            light: (k, N_PARTS), that each part gives.
            turn: (k, N_PARTS), radians about y of each part that swings.
            joint: (k, N_PARTS), metres, the height that it turns about.
        """
        crowd = self._crowd(rows)
        t = crowd.mesh.triangles
        if len(crowd.limbs):
            t = _swung(crowd, t, turn, joint)
        out = np.empty_like(t)
        c, s = np.cos(yaw).astype(np.float32), np.sin(yaw).astype(np.float32)
        place = xyz.astype(np.float32)
        c, s, place = (np.repeat(values, crowd.counts, axis=0) for values in (c, s, place))
        x, y = t[:, :, 0], t[:, :, 1]
        out[:, :, 0] = x * c[:, None] - y * s[:, None] + place[:, :1]
        out[:, :, 1] = x * s[:, None] + y * c[:, None] + place[:, 1:2]
        out[:, :, 2] = t[:, :, 2] + place[:, 2:]
        emission = np.maximum(crowd.mesh.emission, light[crowd.body, crowd.mesh.part])
        return replace(crowd.mesh, triangles=out, emission=emission), crowd.instance


def _swung(crowd: _Crowd, triangles: Float32Array, turn: FloatArray, joint: FloatArray) -> Float32Array:
    """Triangles with limbs turned about their joints."""
    rows = crowd.limbs
    body, part = crowd.body[rows], crowd.mesh.part[rows]
    angle = turn[body, part]
    c, s = np.cos(angle).astype(np.float32)[:, None], np.sin(angle).astype(np.float32)[:, None]
    height = joint[body, part].astype(np.float32)[:, None]
    limbs = triangles[rows]
    x, z = limbs[:, :, 0], limbs[:, :, 2] - height
    moved = limbs.copy()
    moved[:, :, 0], moved[:, :, 2] = c * x + s * z, c * z - s * x + height
    out = triangles.copy()
    out[rows] = moved
    return out
