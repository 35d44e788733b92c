"""Bodies of vans, lorries and buses; coords as in cars."""

from __future__ import annotations

import numpy as np

from drivelabel.simulate.world.mesh import (
    Color,
    Look,
    Mesh,
    box,
    loft,
    quads,
)
from drivelabel.simulate.world.vehicle_parts import (
    DARK,
    GLASS,
    axles,
    both,
    box_section,
    lamps,
    named,
    plate,
    side_glass,
)


def van(color: Color, *, windows: bool, scale: float = 1.0) -> Mesh:
    """A delivery van, or a minibus with windows all along."""
    length, half, top = 5.6, 1.0, 2.45
    paint, glass = Look(color, "car", "metal"), Look(GLASS, "car", "glass")
    x = [0.0, 0.08, length - 1.75, length - 1.0, length - 0.75, length - 0.12, length]
    tops = [top - 0.06, top, top, 1.75, 1.25, 1.05, 0.9]
    plan = [0.97, 1.0, 1.0, 1.0, 0.98, 0.93, 0.85]
    sections = [
        box_section(xi, half * f, 0.3, t, 0.07 if t > 1.3 else 0.03, 0.1)
        for xi, f, t in zip(x, plan, tops, strict=True)
    ]
    parts = [loft(np.array(sections), paint, caps=True)]
    y, look = half * 0.985, Look(GLASS, "car", "glass", layer=1)
    parts.append(side_glass(length - 2.5, length - 1.55, y + 0.02, 1.3, 1.95, look))
    if windows:
        for x0 in (0.4, 1.75):
            parts.append(side_glass(x0, x0 + 1.2, y + 0.02, 1.35, 2.0, look))
    shield = np.array(
        [
            (length - 0.8, -0.86, 1.33),
            (length - 0.8, 0.86, 1.33),
            (length - 1.66, 0.8, 2.32),
            (length - 1.66, -0.8, 2.32),
        ]
    )
    parts.append(quads((shield + np.array([0.03, 0, 0.03]))[None], glass))
    parts.append(
        quads(
            np.array(
                [[(-0.005, 0.8, 1.35), (-0.005, -0.8, 1.35), (-0.005, -0.75, 2.0), (-0.005, 0.75, 2.0)]]
            ),
            look,
        )
    )
    parts += axles([0.95, length - 1.0], half, 0.34)
    parts += lamps("car", length - 0.1, half, 0.85, 0.9)
    parts += [plate(length, 0.5, front=True), plate(-0.012, 0.7, front=False)]
    parts.append(box((length - 0.06, -0.55, 0.62), (length + 0.012, 0.55, 0.85), Look(DARK, "car")))
    parts += _van_trim(length, half)
    mirror = box((length - 1.5, half - 0.02, 1.35), (length - 1.38, half + 0.2, 1.65), Look(DARK, "car"))
    mesh = Mesh.concat([*parts, both(mirror)]).shifted((-length / 2, 0, 0))
    return mesh.moved(np.diag([scale, scale, scale, 1.0]))


def _van_trim(length: float, half: float) -> list[Mesh]:
    """Dark bumpers and strips, and the seams of doors."""
    dark, seam = Look((0.03, 0.03, 0.033), "car"), Look(DARK, "car", layer=1)
    parts = [
        box((length - 0.4, -0.9 * half, 0.3), (length + 0.02, 0.9 * half, 0.56), dark),
        box((-0.05, -0.95 * half, 0.3), (0.12, 0.95 * half, 0.52), dark),
    ]
    side = half + 0.006
    low, high = 1.55, length - 1.6
    strip = [(high, side, 0.62), (low, side, 0.62), (low, side, 0.76), (high, side, 0.76)]
    parts.append(both(quads(np.array([strip]), Look(dark.color, "car", layer=1))))
    for x in (length - 2.62, length - 1.42):
        line = [(x, side, 0.5), (x - 0.018, side, 0.5), (x - 0.018, side, 1.9), (x, side, 1.9)]
        parts.append(both(quads(np.array([line]), seam)))
    return parts


def truck(cab_color: Color, box_color: Color, length: float) -> Mesh:
    """A lorry with a closed body."""
    half, top = 1.25, 3.6
    paint, cargo = Look(cab_color, "truck", "metal"), Look(box_color, "truck", "metal")
    dark, glass = Look(DARK, "truck"), Look(GLASS, "truck", "glass", layer=1)
    x = [length - 2.1, length - 2.0, length - 0.25, length - 0.12, length - 0.02, length]
    tops, plan = [2.9, 3.0, 2.95, 2.75, 1.6, 1.1], [0.96, 0.96, 0.96, 0.95, 0.94, 0.92]
    cab = [box_section(xi, half * f, 0.55, t, 0.04, 0.12) for xi, f, t in zip(x, plan, tops, strict=True)]
    parts = [loft(np.array(cab), paint, caps=True)]
    parts.append(
        box(
            (0.0, -half, 1.05),
            (length - 2.3, half, top),
            cargo,
            ("top", "bottom", "back", "front", "right", "left"),
        )
    )
    parts.append(
        box(
            (0.1, -0.45, 0.65),
            (length - 0.6, 0.45, 1.05),
            dark,
            ("top", "bottom", "back", "front", "right", "left"),
        )
    )
    parts.append(side_glass(length - 1.5, length - 0.55, half * 0.96 + 0.01, 1.8, 2.5, glass))
    low, high = length - 0.018, length - 0.096  # just before the cab's own front
    shield = [(low, -1.0, 1.75), (low, 1.0, 1.75), (high, 0.98, 2.65), (high, -0.98, 2.65)]
    parts.append(quads(np.array([shield]), Look(GLASS, "truck", "glass", layer=1)))
    parts.append(box((length - 0.03, -0.85, 0.75), (length + 0.02, 0.85, 1.1), dark))
    rear = length * 0.2 + 0.6
    parts += [named(p, "truck") for p in axles([rear, length - 1.1], half - 0.03, 0.5, 0.35)]
    if length > 9:
        parts += [named(p, "truck") for p in axles([rear + 1.25], half - 0.03, 0.5, 0.35)]
    parts += lamps("truck", length, half, 0.85, 0.75)
    parts += [
        named(plate(length + 0.02, 0.62, front=True), "truck"),
        named(plate(-0.012, 0.9, front=False), "truck"),
    ]
    parts.append(box((-0.008, -half + 0.05, 0.55), (0.12, half - 0.05, 0.7), dark))
    seams = [
        box((-0.01, y - 0.02, 1.1), (0.0, y + 0.02, top - 0.05), dark)
        for y in (-half + 0.03, 0.0, half - 0.03)
    ]
    mirror = box((length - 0.35, half - 0.04, 1.9), (length - 0.25, half + 0.22, 2.5), dark)
    return Mesh.concat([*parts, *seams, both(mirror)]).shifted((-length / 2, 0, 0))


def bus(color: Color, length: float) -> Mesh:
    """A city bus."""
    half, top = 1.27, 3.1
    paint, dark = Look(color, "bus", "metal"), Look(DARK, "bus")
    glass = Look(GLASS, "bus", "glass", layer=1)
    x = [0.0, 0.1, length - 0.3, length - 0.08, length]
    sections = [
        box_section(xi, half * f, 0.32, t, 0.05, 0.14)
        for xi, f, t in zip(
            x, [0.97, 1, 1, 0.97, 0.93], [top - 0.1, top, top, top - 0.15, top - 0.35], strict=True
        )
    ]
    parts = [loft(np.array(sections), paint, caps=True)]
    n = int((length - 1.4) / 1.45)
    for k in range(n):
        x0 = 0.6 + k * (length - 1.2) / n
        parts.append(side_glass(x0, x0 + (length - 1.2) / n - 0.1, half + 0.008, 1.35, 2.55, glass))
    for x0 in (length - 1.75, length * 0.48):
        door = np.array(
            [
                (x0, -half - 0.012, 0.38),
                (x0 + 1.15, -half - 0.012, 0.38),
                (x0 + 1.15, -half - 0.012, 2.5),
                (x0, -half - 0.012, 2.5),
            ]
        )
        parts.append(quads(door[None], Look((0.05, 0.055, 0.06), "bus", "glass", layer=2)))
    parts.append(
        quads(
            np.array(
                [
                    [
                        (length + 0.012, -1.1, 1.05),
                        (length + 0.012, 1.1, 1.05),
                        (length - 0.06, 1.1, 2.45),
                        (length - 0.06, -1.1, 2.45),
                    ]
                ]
            ),
            glass,
        )
    )
    sign = box(
        (length - 0.07, -0.8, 2.5),
        (length + 0.0, 0.8, 2.75),
        Look((0.5, 0.25, 0.02), "bus", "lamp", emission=0.6),
    )
    parts.append(sign)
    parts.append(
        quads(
            np.array([[(-0.006, 1.0, 1.5), (-0.006, -1.0, 1.5), (-0.006, -1.0, 2.4), (-0.006, 1.0, 2.4)]]),
            glass,
        )
    )
    parts += [named(p, "bus") for p in axles([length * 0.27, length - 2.7], half, 0.48, 0.3)]
    parts += lamps("bus", length, half, 0.75, 0.9)
    parts += [named(plate(length, 0.5, front=True), "bus"), named(plate(-0.012, 0.7, front=False), "bus")]
    mirror = box((length - 0.05, half - 0.05, 2.1), (length + 0.2, half + 0.15, 2.5), dark)
    return Mesh.concat([*parts, both(mirror)]).shifted((-length / 2, 0, 0))
