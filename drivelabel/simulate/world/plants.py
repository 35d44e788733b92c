"""Trees, shrubs and hedges."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from drivelabel.simulate.geometry3d import MATERIALS
from drivelabel.simulate.world.mesh import (
    Look,
    Mesh,
    ball,
    box,
    loft,
    triangles,
    tube,
    turn_z,
)

N_PLANTS = 8
"""Different plants of each kind; each is made once."""


def _grown(kind: str, rng: np.random.Generator, height: float, made_for: float) -> Mesh:
    """One of the plants of a kind, turned and grown to a height, with its own green."""
    mesh = _plant(kind, int(rng.integers(N_PLANTS)))
    scale = height / made_for
    grown = mesh.moved(turn_z(float(rng.uniform(-np.pi, np.pi))) @ np.diag([scale, scale, scale, 1.0]))
    # Some are olive, some dusty, some nearly yellow.
    dry = float(rng.uniform(0.0, 1.0)) ** 2
    tint = (rng.uniform(0.6, 1.25) * rng.uniform(0.85, 1.15, 3) * [1.05 + 0.7 * dry, 1.0, 0.85]).astype(
        np.float32
    )
    is_leaf = grown.material == MATERIALS.index("foliage")
    color = np.where(is_leaf[:, None], np.clip(grown.color * tint.astype(np.float32), 0, 1), grown.color)
    return replace(grown, color=color)


@lru_cache(maxsize=64)
def _plant(kind: str, variant: int) -> Mesh:
    make = {"broadleaf": _make_broadleaf, "conifer": _make_conifer, "bush": _make_bush}[kind]
    return make(np.random.default_rng(variant))


def broadleaf(rng: np.random.Generator, height: float) -> Mesh:
    """A tree with a round crown."""
    return _grown("broadleaf", rng, height, 8.0)


def conifer(rng: np.random.Generator, height: float) -> Mesh:
    """A fir."""
    return _grown("conifer", rng, height, 8.0)


def bush(rng: np.random.Generator, size: float) -> Mesh:
    """A round shrub."""
    return _grown("bush", rng, size, 1.0)


def _make_broadleaf(rng: np.random.Generator) -> Mesh:
    height = 8.0
    bark = Look((0.07, 0.05, 0.035), "vegetation", "plain").shade(float(rng.uniform(0.7, 1.4)))
    r, g, b = (0.045, 0.105, 0.022)
    leaf = Look((r, g, b), "vegetation", "foliage")
    fork = height * float(rng.uniform(0.32, 0.42))
    parts = [
        tube(
            np.array([(0, 0, -0.1), (0.05, 0.03, fork * 0.6), (0, 0, fork * 1.5)]),
            [0.022 * height + 0.05, 0.015 * height + 0.04, 0.05],
            bark,
            7,
        )
    ]
    spread = height * float(rng.uniform(0.2, 0.28))
    for k in range(int(rng.integers(5, 8))):
        angle, out = (
            k * 2.4 + float(rng.uniform(0, 0.8)),
            spread * (0.0 if k == 0 else float(rng.uniform(0.45, 0.85))),
        )
        z = fork + (height - fork) * (0.68 if k == 0 else float(rng.uniform(0.28, 0.7)))
        size = spread * float(rng.uniform(0.62, 0.95))
        lumps = rng.uniform(0.78, 1.12, (5, 8))
        center = (out * np.cos(angle), out * np.sin(angle), z)
        radii = (size, size, min(size * 0.85, height - z))
        own = leaf.shade(float(rng.uniform(0.85, 1.2)))
        crown = ball(center, radii, own, rings=5, sides=8, lumps=lumps)
        parts.append(_leafy(rng, crown, own, 70, 0.36))
    return Mesh.concat(parts)


def _leafy(rng: np.random.Generator, crown: Mesh, look: Look, n: int, size: float) -> Mesh:
    """A crown with twigs that fray its outline: triangles on its surface that point outwards anyhow."""
    t = crown.triangles.astype(np.float64)
    normal = np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0])
    area = np.linalg.norm(normal, axis=1)
    on = rng.choice(len(t), n, p=area / area.sum())
    share = rng.dirichlet(np.ones(3), n)
    middle = (t[on] * share[:, :, None]).sum(axis=1)
    out = normal[on] / area[on][:, None]
    corners = rng.normal(size=(n, 3, 3)) + 0.9 * out[:, None]
    corners *= size * rng.uniform(0.5, 1.0, (n, 3, 1)) / np.linalg.norm(corners, axis=2, keepdims=True)
    return Mesh.concat([crown, triangles(middle[:, None] + corners, look)])


def _make_conifer(rng: np.random.Generator) -> Mesh:
    height = 8.0
    bark = Look((0.06, 0.04, 0.03), "vegetation")
    leaf = Look((0.02, 0.06, 0.022), "vegetation", "foliage").shade(float(rng.uniform(0.8, 1.4)))
    parts = [tube(np.array([(0, 0, -0.1), (0, 0, height * 0.3)]), [0.16, 0.12], bark, 6)]
    tiers = 5
    for k in range(tiers):
        low, high = height * (0.12 + 0.16 * k), height * (0.42 + 0.145 * k)
        radius = height * 0.2 * (1 - 0.16 * k)
        angle = np.arange(9) * 2 * np.pi / 9
        ring = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(9, low)], axis=1)
        ring[:, :2] *= rng.uniform(0.8, 1.15, (9, 1))
        tip = np.tile([0.0, 0.0, high], (9, 1)) + 0.05 * (ring - ring.mean(axis=0))
        parts.append(_leafy(rng, loft(np.stack([ring, tip]), leaf), leaf, 36, 0.34))
    return Mesh.concat(parts)


def _make_bush(rng: np.random.Generator) -> Mesh:
    size = 1.0
    leaf = Look((0.04, 0.1, 0.025), "vegetation", "foliage").shade(float(rng.uniform(0.7, 1.5)))
    center, radii = (0.0, 0.0, size * 0.42), (size * 0.7, size * 0.7, size * 0.55)
    crown = ball(center, radii, leaf, rings=5, lumps=rng.uniform(0.8, 1.15, (5, 8)))
    return _leafy(rng, crown, leaf, 80, 0.16)


@lru_cache(maxsize=256)
def hedge(length: float, height: float) -> Mesh:
    """A clipped hedge along x."""
    leaf = Look((0.03, 0.08, 0.02), "vegetation", "foliage")
    return box((0, -0.4, 0), (length, 0.4, height), leaf)
