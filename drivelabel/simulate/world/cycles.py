"""Bicycles and motorcycles without their riders; coords as in cars."""

from __future__ import annotations

import numpy as np

from drivelabel.simulate.world.mesh import (
    SIDES,
    Color,
    Look,
    Mesh,
    box,
    loft,
    tube,
)
from drivelabel.simulate.world.vehicle_parts import (
    BRAKE,
    DARK,
    HEAD,
    RED_LAMP,
    RIM,
    TYRE,
    WHITE_LAMP,
    named,
    wheel,
)


def bicycle(color: Color) -> Mesh:
    """A bicycle without its rider."""
    frame, tyre = Look(color, "bicycle", "metal"), Look(TYRE, "bicycle")
    parts = []
    for x in (-0.5, 0.52):
        angle = np.linspace(0, 2 * np.pi, 15)
        ring = np.stack([x + 0.33 * np.cos(angle), np.zeros(15), 0.345 + 0.33 * np.sin(angle)], axis=1)
        parts.append(tube(ring, [0.018] * 15, tyre, 4, caps=False))
        for a in (0.2, 1.25, 2.3):
            ends = np.array([[np.cos(a), 0, np.sin(a)], [-np.cos(a), 0, -np.sin(a)]]) * 0.32
            parts.append(tube(ends + np.array([x, 0, 0.345]), [0.006] * 2, Look(RIM, "bicycle", "metal"), 3))
    bars: list[list[tuple[float, float, float]]] = [
        [(-0.5, 0, 0.345), (-0.08, 0, 0.3), (0.4, 0, 0.82), (-0.2, 0, 0.85), (-0.5, 0, 0.345)],
        [(-0.08, 0, 0.3), (-0.22, 0, 0.95)],
        [(0.52, 0, 0.345), (0.4, 0, 0.82), (0.38, 0, 1.02)],
        [(0.42, -0.27, 1.02), (0.38, 0, 1.02), (0.42, 0.27, 1.02)],
    ]
    parts += [tube(np.array(bar), [0.02] * len(bar), frame, 5) for bar in bars]
    parts.append(
        box(
            (-0.34, -0.07, 0.94),
            (-0.08, 0.07, 1.0),
            Look(DARK, "bicycle"),
            ("top", "bottom", "back", "front", "right", "left"),
        )
    )
    return Mesh.concat(parts)


def motorcycle(color: Color) -> Mesh:
    """A motorcycle without its rider."""
    paint, dark = Look(color, "motorcycle", "metal"), Look(DARK, "motorcycle")
    parts = []
    for x in (-0.68, 0.7):
        for left in (True, False):
            sign = 1.0 if left else -1.0
            parts.append(named(wheel(x, 0.07 * sign, 0.31, 0.14, left=left), "motorcycle"))
    body = [
        [(-0.85, 0.1, 0.78), (-0.85, 0.1, 0.86), (-0.85, -0.1, 0.86), (-0.85, -0.1, 0.78)],
        [(-0.3, 0.16, 0.5), (-0.3, 0.14, 0.82), (-0.3, -0.14, 0.82), (-0.3, -0.16, 0.5)],
        [(0.15, 0.17, 0.35), (0.15, 0.15, 1.0), (0.15, -0.15, 1.0), (0.15, -0.17, 0.35)],
        [(0.5, 0.1, 0.55), (0.5, 0.14, 1.02), (0.5, -0.14, 1.02), (0.5, -0.1, 0.55)],
        [(0.75, 0.06, 0.75), (0.75, 0.08, 0.95), (0.75, -0.08, 0.95), (0.75, -0.06, 0.75)],
    ]
    parts.append(loft(np.array(body), paint, caps=True))
    parts.append(box((-0.7, -0.15, 0.8), (0.0, 0.15, 0.88), dark, ("top", "bottom", *SIDES)))
    parts.append(box((-0.3, -0.2, 0.28), (0.32, 0.2, 0.58), dark.shade(2.5), ("top", "bottom", *SIDES)))
    fork = [[(0.7, s * 0.1, 0.31), (0.52, s * 0.1, 0.95)] for s in (1, -1)]
    parts += [tube(np.array(bar), [0.03, 0.03], dark, 5) for bar in fork]
    parts.append(
        tube(np.array([(0.38, -0.38, 1.05), (0.48, 0, 1.03), (0.38, 0.38, 1.05)]), [0.018] * 3, dark, 5)
    )
    parts.append(
        tube(
            np.array([(-0.75, -0.2, 0.4), (0.1, -0.2, 0.32)]),
            [0.06, 0.04],
            Look(RIM, "motorcycle", "metal"),
            6,
        )
    )
    lamp = box((0.74, -0.08, 0.82), (0.82, 0.08, 0.96), Look(WHITE_LAMP, "motorcycle", "lamp")).as_part(HEAD)
    tail = box((-0.9, -0.07, 0.78), (-0.85, 0.07, 0.85), Look(RED_LAMP, "motorcycle", "lamp")).as_part(BRAKE)
    return Mesh.concat([*parts, lamp, tail])
