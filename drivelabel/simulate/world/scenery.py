"""The small things beside streets: lamps, posts, fences, benches, cones."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from drivelabel.simulate.world.houses import SHOPS
from drivelabel.simulate.world.mesh import (
    SIDES,
    Color,
    Look,
    Mesh,
    box,
    disc,
    quads,
    tube,
    turn_z,
)

METAL: Color = (0.16, 0.165, 0.17)


def fence(length: float, color: Color) -> Mesh:
    """A picket fence along x."""
    look = Look(color, "fence")
    faces = ("top", "bottom", *SIDES)
    parts = [box((0, -0.02, z), (length, 0.02, z + 0.08), look, faces) for z in (0.3, 0.8)]
    parts += [box((x, -0.04, 0), (x + 0.1, 0.04, 1.05), look) for x in np.arange(0, length, 0.42)]
    return Mesh.concat(parts)


@lru_cache(maxsize=256)
def street_lamp(height: float, arm: float) -> Mesh:
    """A lamp post whose arm reaches over the road along +y."""
    pole = Look(METAL, "pole", "metal")
    points = [(0, 0, 0), (0, 0, height - 0.6), (0, 0.25 * arm, height - 0.1), (0, arm, height)]
    lamp = box((-0.14, arm - 0.1, height - 0.08), (0.14, arm + 0.6, height + 0.06), pole, ("top", *SIDES))
    light = quads(
        np.array(
            [
                [
                    (-0.12, arm + 0.58, height - 0.085),
                    (0.12, arm + 0.58, height - 0.085),
                    (0.12, arm, height - 0.085),
                    (-0.12, arm, height - 0.085),
                ]
            ]
        ),
        Look((0.9, 0.8, 0.6), "pole", "lamp"),
    )
    foot = tube(np.array([(0, 0, 0), (0, 0, 1.0)]), [0.12, 0.12], pole, 8)
    return Mesh.concat(
        [tube(np.array(points), [0.09, 0.07, 0.06, 0.05], pole, 8), lamp, light.as_part(1), foot]
    )


@lru_cache(maxsize=256)
def pole(height: float, radius: float = 0.04) -> Mesh:
    """A plain post."""
    return tube(np.array([(0, 0, 0), (0, 0, height)]), [radius, radius], Look(METAL, "pole", "metal"), 8)


def bin_(color: Color) -> Mesh:
    """A rubbish bin."""
    return tube(np.array([(0, 0, 0), (0, 0, 0.9)]), [0.22, 0.25], Look(color, "other_stuff"), 8)


@lru_cache(maxsize=256)
def bench() -> Mesh:
    """A bench along x."""
    wood, iron = Look((0.16, 0.09, 0.04), "other_stuff"), Look(METAL, "other_stuff", "metal")
    faces = ("top", "bottom", *SIDES)
    parts = [
        box((-0.9, -0.2, 0.42), (0.9, 0.25, 0.48), wood, faces),
        box((-0.9, 0.22, 0.5), (0.9, 0.27, 0.9), wood, faces),
    ]
    parts += [box((x - 0.04, -0.18, 0), (x + 0.04, 0.26, 0.42), iron) for x in (-0.7, 0.7)]
    return Mesh.concat(parts)


@lru_cache(maxsize=256)
def bus_shelter() -> Mesh:
    """A bus stop along x, open to -y."""
    frame, glass = Look(METAL, "other_stuff", "metal"), Look((0.2, 0.23, 0.24), "other_stuff", "glass")
    faces = ("top", "bottom", *SIDES)
    parts = [
        box((-2, -0.1, 2.4), (2, 1.4, 2.5), frame, faces),
        box((-2, 1.3, 0.3), (2, 1.34, 2.3), glass, faces),
    ]
    parts += [
        box((x - 0.05, y - 0.05, 0), (x + 0.05, y + 0.05, 2.4), frame)
        for x in (-1.95, 1.95)
        for y in (0.0, 1.32)
    ]
    poster = box(
        (1.93, 0.1, 0.4), (2.02, 1.25, 2.2), Look((0.5, 0.3, 0.1), "other_stuff", emission=0.15), faces
    )
    return Mesh.concat([*parts, poster])


@lru_cache(maxsize=256)
def traffic_cone() -> Mesh:
    """A cone of 70 cm with two bright bands."""
    orange, white = Look((0.7, 0.12, 0.01), "traffic_cone"), Look((0.75, 0.75, 0.73), "traffic_cone")
    parts = [box((-0.2, -0.2, 0), (0.2, 0.2, 0.03), Look((0.02, 0.02, 0.02), "traffic_cone"))]
    heights, radii = [0.03, 0.25, 0.37, 0.47, 0.56, 0.7], [0.15, 0.11, 0.09, 0.072, 0.055, 0.025]
    for k, look in enumerate((orange, white, orange, white, orange)):
        points = np.array([(0, 0, heights[k]), (0, 0, heights[k + 1])])
        parts.append(tube(points, radii[k : k + 2], look, 10, caps=k == 4))
    return Mesh.concat(parts)


def advert(rng: np.random.Generator) -> Mesh:
    """A lit poster pillar that faces -x and +x."""
    color = SHOPS[int(rng.integers(len(SHOPS)))]
    faces = ("top", *SIDES)
    frame = box((-0.1, -0.7, 0.0), (0.1, 0.7, 2.6), Look((0.05, 0.05, 0.055), "other_stuff", "metal"), faces)
    poster = box((-0.11, -0.6, 0.7), (0.11, 0.6, 2.45), Look(color, "other_stuff", emission=0.2), faces)
    stripe = disc((-0.115, 0, 1.7), -1, 0.35, Look((0.7, 0.65, 0.5), "other_stuff", emission=0.2, layer=1))
    return Mesh.concat([frame, poster, stripe]).moved(turn_z(0.0))
