"""What vehicles have in common: wheels, lamps, plates. x forward, y left, z up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from drivelabel.simulate.world.mesh import (
    Color,
    Look,
    Mesh,
    box,
    category_id,
    disc,
    fan,
    quads,
    tube,
)
from drivelabel.typing import AnyArray

BODY, TAIL, BRAKE, HEAD, LEFT_BLINK, RIGHT_BLINK, LEFT_LIMB, RIGHT_LIMB = range(8)
"""Parts of a vehicle that change by themselves: lamps that are lit, and the legs of a rider."""


TYRE: Color = (0.018, 0.018, 0.02)


DARK: Color = (0.012, 0.012, 0.014)


RIM: Color = (0.42, 0.43, 0.45)


GLASS: Color = (0.03, 0.04, 0.05)


WHITE_LAMP: Color = (0.85, 0.86, 0.88)


RED_LAMP: Color = (0.45, 0.01, 0.012)


AMBER: Color = (0.75, 0.3, 0.02)


PLATE: Color = (0.8, 0.8, 0.78)


def wheel(x: float, y: float, radius: float, width: float, *, left: bool) -> Mesh:
    """A wheel whose outer face is at `y`, with its rim and hub."""
    inner = y - width if left else y + width
    tyre = tube(
        np.array([[x, min(y, inner), radius], [x, max(y, inner), radius]]),
        [radius] * 2,
        Look(TYRE, "car"),
        16,
    )
    axis, sign = (1, 1.0) if left else (-2, -1.0)
    rim = disc((x, y + 0.004 * sign, radius), axis, 0.66 * radius, Look(RIM, "car", "metal", layer=1), 16)
    spokes = [
        disc(
            (x + 0.4 * radius * np.cos(a), y + 0.006 * sign, radius + 0.4 * radius * np.sin(a)),
            axis,
            0.15 * radius,
            Look(DARK, "car", layer=2),
            5,
        )
        for a in np.arange(5) * 2 * np.pi / 5 + 0.3
    ]
    return Mesh.concat([tyre, rim, *spokes])


def arch(x: float, y: float, radius: float, *, left: bool) -> Mesh:
    """The dark half disc of a wheel arch on a body's side."""
    angle = np.linspace(0, np.pi, 9)
    corners = np.stack(
        [x + radius * np.cos(angle), np.full(9, y), 0.9 * radius + radius * np.sin(angle)], axis=1
    )
    corners[:, 2] -= 0.05
    return fan(corners if not left else corners[::-1], Look(DARK, "car", layer=1))


def both(mesh: Mesh) -> Mesh:
    """The mesh and its mirror image on the other side."""
    return Mesh.concat([mesh, mesh.mirrored()])


def plate(x: float, z: float, *, front: bool, length: float = 0.52) -> Mesh:
    """A number plate that faces ahead or back."""
    sign = 1.0 if front else -1.0
    thick = sorted((x, x + 0.012 * sign))
    plate = box((thick[0], -length / 2, z - 0.055), (thick[1], length / 2, z + 0.055), Look(PLATE, "car"))
    face = thick[1] + 0.002 if front else thick[0] - 0.002
    glyphs = []
    for k in range(6):
        y0 = -0.2 + 0.068 * k
        low, high = (face, y0, z - 0.035), (face, y0 + 0.042, z + 0.035)
        corners = [
            (face, low[1], low[2]),
            (face, high[1], low[2]),
            (face, high[1], high[2]),
            (face, low[1], high[2]),
        ]
        glyphs.append(quads(np.array([corners if front else corners[::-1]]), Look(DARK, "car", layer=1)))
    return Mesh.concat([plate, *glyphs])


def box_section(x: float, half: float, low: float, top: float, tilt: float, edge: float) -> AnyArray:
    """(8, 3), one slice through a van or bus, counter-clockwise seen from the front."""
    side = [(half, low), (half, top - tilt * 6), (half - tilt, top - edge), (half - tilt - edge, top)]
    points = [(x, y, z) for y, z in side] + [(x, -y, z) for y, z in reversed(side)]
    return np.array(points)


def side_glass(x0: float, x1: float, y: float, z0: float, z1: float, look: Look) -> Mesh:
    """A window on both sides."""
    return both(quads(np.array([[(x1, y, z0), (x0, y, z0), (x0, y, z1), (x1, y, z1)]]), look))


def axles(positions: list[float], half: float, radius: float, width: float = 0.25) -> list[Mesh]:
    """Wheels with their arches on both sides."""
    parts = []
    for x in positions:
        for left in (True, False):
            sign = 1.0 if left else -1.0
            parts.append(wheel(x, sign * (half + 0.012), radius, width, left=left))
            parts.append(arch(x, sign * (half + 0.004), 1.15 * radius, left=left))
    return parts


def lamps(category: str, length: float, half: float, head_z: float, tail_z: float) -> list[Mesh]:
    """Headlights, tail lights and indicators of a van, lorry or bus."""
    head = box(
        (length - 0.2, 0.6 * half, head_z - 0.1),
        (length + 0.01, 0.92 * half, head_z + 0.08),
        Look(WHITE_LAMP, category, "lamp"),
    )
    tail = box(
        (-0.015, 0.8 * half, tail_z), (0.1, 0.95 * half, tail_z + 0.28), Look(RED_LAMP, category, "lamp")
    )
    blink = box(
        (-0.014, 0.8 * half, tail_z + 0.28), (0.1, 0.95 * half, tail_z + 0.4), Look(AMBER, category, "lamp")
    )
    return [
        both(head.as_part(HEAD)),
        both(tail.as_part(BRAKE)),
        blink.as_part(LEFT_BLINK),
        blink.mirrored().as_part(RIGHT_BLINK),
    ]


def named(mesh: Mesh, category: str) -> Mesh:
    """The mesh with one category."""
    return replace(mesh, category=np.full(len(mesh), category_id(category), np.uint8))
