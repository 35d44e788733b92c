"""Bodies of vehicles: x forward, y left, z up, the origin on the ground below the middle."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from drivelabel.simulate.world.mesh import (
    SIDES,
    Color,
    Look,
    Mesh,
    box,
    category_id,
    disc,
    fan,
    loft,
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

CAR_COLORS: tuple[Color, ...] = (
    (0.75, 0.75, 0.75),
    (0.82, 0.82, 0.8),
    (0.02, 0.02, 0.022),
    (0.03, 0.03, 0.035),
    (0.16, 0.17, 0.18),
    (0.32, 0.33, 0.35),
    (0.42, 0.43, 0.45),
    (0.02, 0.045, 0.16),
    (0.05, 0.12, 0.3),
    (0.36, 0.015, 0.02),
    (0.22, 0.01, 0.012),
    (0.24, 0.2, 0.14),
    (0.02, 0.09, 0.05),
    (0.5, 0.22, 0.03),
)
"""About as often as on the road: white, grey and black first."""


@dataclass(frozen=True, slots=True)
class CarShape:
    """Measures of a car, metres; distances along x count from the rear bumper."""

    length: float
    width: float
    height: float
    trunk: float
    bonnet: float
    belt: float
    rear_glass: float
    roof_rear: float
    roof_front: float
    front_glass: float
    wheel: float
    wheelbase: float
    clearance: float = 0.19


CAR_SHAPES = {
    "sedan": CarShape(4.7, 1.82, 1.45, 0.98, 0.88, 0.94, 0.75, 1.4, 2.75, 3.5, 0.325, 2.75),
    "hatchback": CarShape(4.1, 1.76, 1.48, 0.94, 0.9, 0.94, 0.12, 0.5, 2.4, 3.1, 0.31, 2.55),
    "estate": CarShape(4.75, 1.83, 1.48, 0.95, 0.88, 0.94, 0.12, 0.55, 2.8, 3.55, 0.325, 2.8),
    "suv": CarShape(4.65, 1.9, 1.72, 1.08, 1.04, 1.1, 0.12, 0.5, 2.75, 3.4, 0.365, 2.7, 0.24),
    "small": CarShape(3.55, 1.64, 1.5, 0.92, 0.92, 0.95, 0.1, 0.45, 2.1, 2.85, 0.285, 2.35),
    "coupe": CarShape(4.5, 1.84, 1.36, 0.92, 0.84, 0.9, 0.6, 1.7, 2.35, 3.25, 0.33, 2.65, 0.16),
}


def _profile(x: AnyArray, keys: list[tuple[float, float]]) -> AnyArray:
    return np.interp(x, [k for k, _ in keys], [v for _, v in keys])


def _half_section(x: float, half: float, low: float, top: float) -> AnyArray:
    """(8, 3), one slice through a car's lower body, counter-clockwise seen from the front."""
    side = [
        (0.84 * half, low),
        (0.97 * half, low + 0.14),
        (half, low + 0.5 * (top - low)),
        (0.95 * half, top - 0.07),
        (0.8 * half, top),
    ]
    points = [(x, y, z) for y, z in side] + [(x, -y, z) for y, z in reversed(side)]
    return np.array(points)


def _lower_body(shape: CarShape, paint: Look) -> Mesh:
    length, half = shape.length, shape.width / 2
    x = np.array([0.0, 0.1, 0.45, 1.0, shape.front_glass, length - 0.85, length - 0.4, length - 0.12, length])
    x = np.unique(np.concatenate([x, [max(shape.rear_glass, 0.1)]]))
    plan = _profile(
        x, [(0, 0.86), (0.1, 0.94), (0.45, 1), (length - 0.85, 1), (length - 0.12, 0.9), (length, 0.78)]
    )
    top = _profile(
        x,
        [
            (0, shape.trunk - 0.12),
            (0.1, shape.trunk - 0.02),
            (shape.rear_glass + 0.1, max(shape.trunk, shape.belt)),
            (shape.front_glass, shape.belt),
            (length - 0.85, shape.bonnet - 0.04),
            (length - 0.12, shape.bonnet - 0.16),
            (length, shape.bonnet - 0.24),
        ],
    )
    low = _profile(
        x,
        [
            (0, shape.clearance + 0.1),
            (0.3, shape.clearance),
            (length - 0.3, shape.clearance),
            (length, shape.clearance + 0.05),
        ],
    )
    sections = [_half_section(xi, half * f, zi, ti) for xi, f, zi, ti in zip(x, plan, low, top, strict=True)]
    return loft(np.array(sections), paint, caps=True)


def _panels(bottom: AnyArray, top: AnyArray, breaks: list[float], looks: list[Look]) -> Mesh:
    """A wall between two edges, (2, 3) each, cut into panels at fractions of its length."""
    meshes = []
    for start, stop, look in zip(breaks[:-1], breaks[1:], looks, strict=True):
        b0, b1 = bottom[0] + start * (bottom[1] - bottom[0]), bottom[0] + stop * (bottom[1] - bottom[0])
        t0, t1 = top[0] + start * (top[1] - top[0]), top[0] + stop * (top[1] - top[0])
        meshes.append(quads(np.array([[b0, b1, t1, t0]]), look))
    return Mesh.concat(meshes)


def _greenhouse(shape: CarShape, paint: Look, glass: Look) -> Mesh:
    half = shape.width / 2
    z0, z1, z2 = shape.belt - 0.02, shape.height - 0.09, shape.height
    yb, yt = 0.86 * half, 0.68 * half
    back, front, roof_back, roof_front = (
        shape.rear_glass,
        shape.front_glass,
        shape.roof_rear,
        shape.roof_front,
    )
    bottom = np.array([[back, -yb, z0], [front, -yb, z0], [front, yb, z0], [back, yb, z0]])
    top = np.array([[roof_back, -yt, z1], [roof_front, -yt, z1], [roof_front, yt, z1], [roof_back, yt, z1]])
    b_pillar = 0.48 if roof_back < 1.2 else 0.42
    side_breaks = [0.0, 0.07, b_pillar, b_pillar + 0.04, 0.9, 1.0]
    side_looks = [paint, glass, paint, glass, paint]
    end_breaks, end_looks = [0.0, 0.06, 0.94, 1.0], [paint, glass, paint]
    walls = []
    for i, j in ((0, 1), (1, 2), (2, 3), (3, 0)):
        along_side = i % 2 == 0
        breaks, looks = (side_breaks, side_looks) if along_side else (end_breaks, end_looks)
        if i == 2:
            breaks = [1.0 - b for b in reversed(breaks)]
        walls.append(_panels(bottom[[i, j]], top[[i, j]], breaks, looks))
    shrink = np.array([0.12, 0.12, 0])
    middle = top.mean(axis=0)
    crown = middle + (top - middle) * (1 - shrink)
    crown[:, 2] = z2
    roof = loft(np.stack([top, crown]), paint)
    return Mesh.concat([*walls, roof, fan(crown, paint)])


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


def _arch(x: float, y: float, radius: float, *, left: bool) -> Mesh:
    angle = np.linspace(0, np.pi, 9)
    corners = np.stack(
        [x + radius * np.cos(angle), np.full(9, y), 0.9 * radius + radius * np.sin(angle)], axis=1
    )
    corners[:, 2] -= 0.05
    return fan(corners if not left else corners[::-1], Look(DARK, "car", layer=1))


def _both(mesh: Mesh) -> Mesh:
    return Mesh.concat([mesh, mesh.mirrored()])


def _plate(x: float, z: float, *, front: bool, length: float = 0.52) -> Mesh:
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


def car(kind: str, color: Color, scale: float = 1.0) -> Mesh:
    """A passenger car.

    Args:
        kind: one of CAR_SHAPES.
        color: of the paint.
        scale: of all measures.
    """
    shape = CAR_SHAPES[kind]
    paint, glass = Look(color, "car", "metal"), Look(GLASS, "car", "glass")
    dark = Look(DARK, "car")
    half, length = shape.width / 2, shape.length
    rear_axle = (length - shape.wheelbase) / 2 - 0.03
    parts = [_lower_body(shape, paint), _greenhouse(shape, paint, glass)]
    for x in (rear_axle, rear_axle + shape.wheelbase):
        for left in (True, False):
            sign = 1.0 if left else -1.0
            parts.append(wheel(x, sign * (half + 0.012), shape.wheel, 0.21, left=left))
            parts.append(_arch(x, sign * (half + 0.004), 1.17 * shape.wheel, left=left))
    nose, tail_z = shape.bonnet - 0.24, shape.trunk - 0.2
    head = box(
        (length - 0.32, 0.52 * half, nose - 0.02),
        (length - 0.03, 0.9 * half, nose + 0.1),
        Look(WHITE_LAMP, "car", "lamp"),
    )
    blink = box(
        (length - 0.33, 0.88 * half, nose),
        (length - 0.2, 0.94 * half, nose + 0.08),
        Look(AMBER, "car", "lamp"),
    )
    tail = box(
        (-0.015, 0.52 * half, tail_z), (0.22, 0.95 * half, tail_z + 0.15), Look(RED_LAMP, "car", "lamp")
    )
    mirror = box(
        (shape.front_glass - 0.42, half - 0.1, shape.belt - 0.02),
        (shape.front_glass - 0.25, half + 0.14, shape.belt + 0.12),
        paint,
    )
    parts += [_both(head.as_part(HEAD)), _both(mirror)]
    parts += [tail.as_part(BRAKE), tail.mirrored().as_part(BRAKE)]
    parts += [blink.as_part(LEFT_BLINK), blink.mirrored().as_part(RIGHT_BLINK)]
    parts.append(
        box((length - 0.05, -0.48 * half, nose - 0.12), (length + 0.006, 0.48 * half, nose + 0.02), dark)
    )
    parts.append(
        box(
            (length - 0.1, -0.7 * half, shape.clearance + 0.03),
            (length + 0.01, 0.7 * half, shape.clearance + 0.16),
            dark,
        )
    )
    parts.append(
        box((-0.012, -0.7 * half, shape.clearance + 0.08), (0.1, 0.7 * half, shape.clearance + 0.2), dark)
    )
    parts.append(_plate(length + 0.01, nose - 0.16, front=True))
    parts.append(_plate(-0.012, tail_z - 0.05 if shape.rear_glass < 0.3 else tail_z + 0.08, front=False))
    for x in (shape.front_glass - 0.15, shape.roof_rear + 0.42 * (shape.roof_front - shape.roof_rear) + 0.1):
        seam = [(x, half + 0.002, shape.clearance + 0.2), (x - 0.015, half + 0.002, shape.clearance + 0.2)]
        seam += [(x - 0.015, 0.96 * half, shape.belt - 0.05), (x, 0.96 * half, shape.belt - 0.05)]
        parts.append(_both(quads(np.array([seam]), Look(DARK, "car", layer=1))))
    mesh = Mesh.concat(parts).shifted((-length / 2, 0, 0))
    return mesh.moved(np.diag([scale, scale, scale, 1.0]))


def _box_section(x: float, half: float, low: float, top: float, tilt: float, edge: float) -> AnyArray:
    """(8, 3), one slice through a van or bus, counter-clockwise seen from the front."""
    side = [(half, low), (half, top - tilt * 6), (half - tilt, top - edge), (half - tilt - edge, top)]
    points = [(x, y, z) for y, z in side] + [(x, -y, z) for y, z in reversed(side)]
    return np.array(points)


def _side_glass(x0: float, x1: float, y: float, z0: float, z1: float, look: Look) -> Mesh:
    """A window on both sides."""
    return _both(quads(np.array([[(x1, y, z0), (x0, y, z0), (x0, y, z1), (x1, y, z1)]]), look))


def _axles(positions: list[float], half: float, radius: float, width: float = 0.25) -> list[Mesh]:
    parts = []
    for x in positions:
        for left in (True, False):
            sign = 1.0 if left else -1.0
            parts.append(wheel(x, sign * (half + 0.012), radius, width, left=left))
            parts.append(_arch(x, sign * (half + 0.004), 1.15 * radius, left=left))
    return parts


def _lamps(category: str, length: float, half: float, head_z: float, tail_z: float) -> list[Mesh]:
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
        _both(head.as_part(HEAD)),
        _both(tail.as_part(BRAKE)),
        blink.as_part(LEFT_BLINK),
        blink.mirrored().as_part(RIGHT_BLINK),
    ]


def _named(mesh: Mesh, category: str) -> Mesh:
    """The mesh with one category."""
    return replace(mesh, category=np.full(len(mesh), category_id(category), np.uint8))


def van(color: Color, *, windows: bool, scale: float = 1.0) -> Mesh:
    """A delivery van, or a minibus with windows all along."""
    length, half, top = 5.6, 1.0, 2.45
    paint, glass = Look(color, "car", "metal"), Look(GLASS, "car", "glass")
    x = [0.0, 0.08, length - 1.75, length - 1.0, length - 0.75, length - 0.12, length]
    tops = [top - 0.06, top, top, 1.75, 1.25, 1.05, 0.9]
    plan = [0.97, 1.0, 1.0, 1.0, 0.98, 0.93, 0.85]
    sections = [
        _box_section(xi, half * f, 0.3, t, 0.07 if t > 1.3 else 0.03, 0.1)
        for xi, f, t in zip(x, plan, tops, strict=True)
    ]
    parts = [loft(np.array(sections), paint, caps=True)]
    y, look = half * 0.985, Look(GLASS, "car", "glass", layer=1)
    parts.append(_side_glass(length - 2.5, length - 1.55, y + 0.02, 1.3, 1.95, look))
    if windows:
        for x0 in (0.4, 1.75):
            parts.append(_side_glass(x0, x0 + 1.2, y + 0.02, 1.35, 2.0, look))
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
    parts += _axles([0.95, length - 1.0], half, 0.34)
    parts += _lamps("car", length - 0.1, half, 0.85, 0.9)
    parts += [_plate(length, 0.5, front=True), _plate(-0.012, 0.7, front=False)]
    parts.append(box((length - 0.06, -0.55, 0.62), (length + 0.012, 0.55, 0.85), Look(DARK, "car")))
    mirror = box((length - 1.5, half - 0.02, 1.35), (length - 1.38, half + 0.2, 1.65), Look(DARK, "car"))
    mesh = Mesh.concat([*parts, _both(mirror)]).shifted((-length / 2, 0, 0))
    return mesh.moved(np.diag([scale, scale, scale, 1.0]))


def truck(cab_color: Color, box_color: Color, length: float) -> Mesh:
    """A lorry with a closed body."""
    half, top = 1.25, 3.6
    paint, cargo = Look(cab_color, "truck", "metal"), Look(box_color, "truck", "metal")
    dark, glass = Look(DARK, "truck"), Look(GLASS, "truck", "glass", layer=1)
    x = [length - 2.1, length - 2.0, length - 0.25, length - 0.12, length - 0.02, length]
    tops, plan = [2.9, 3.0, 2.95, 2.75, 1.6, 1.1], [0.96, 0.96, 0.96, 0.95, 0.94, 0.92]
    cab = [_box_section(xi, half * f, 0.55, t, 0.04, 0.12) for xi, f, t in zip(x, plan, tops, strict=True)]
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
    parts.append(_side_glass(length - 1.5, length - 0.55, half * 0.96 + 0.01, 1.8, 2.5, glass))
    low, high = length - 0.018, length - 0.096  # just before the cab's own front
    shield = [(low, -1.0, 1.75), (low, 1.0, 1.75), (high, 0.98, 2.65), (high, -0.98, 2.65)]
    parts.append(quads(np.array([shield]), Look(GLASS, "truck", "glass", layer=1)))
    parts.append(box((length - 0.03, -0.85, 0.75), (length + 0.02, 0.85, 1.1), dark))
    rear = length * 0.2 + 0.6
    parts += [_named(p, "truck") for p in _axles([rear, length - 1.1], half - 0.03, 0.5, 0.35)]
    if length > 9:
        parts += [_named(p, "truck") for p in _axles([rear + 1.25], half - 0.03, 0.5, 0.35)]
    parts += _lamps("truck", length, half, 0.85, 0.75)
    parts += [
        _named(_plate(length + 0.02, 0.62, front=True), "truck"),
        _named(_plate(-0.012, 0.9, front=False), "truck"),
    ]
    parts.append(box((-0.008, -half + 0.05, 0.55), (0.12, half - 0.05, 0.7), dark))
    seams = [
        box((-0.01, y - 0.02, 1.1), (0.0, y + 0.02, top - 0.05), dark)
        for y in (-half + 0.03, 0.0, half - 0.03)
    ]
    mirror = box((length - 0.35, half - 0.04, 1.9), (length - 0.25, half + 0.22, 2.5), dark)
    return Mesh.concat([*parts, *seams, _both(mirror)]).shifted((-length / 2, 0, 0))


def bus(color: Color, length: float) -> Mesh:
    """A city bus."""
    half, top = 1.27, 3.1
    paint, dark = Look(color, "bus", "metal"), Look(DARK, "bus")
    glass = Look(GLASS, "bus", "glass", layer=1)
    x = [0.0, 0.1, length - 0.3, length - 0.08, length]
    sections = [
        _box_section(xi, half * f, 0.32, t, 0.05, 0.14)
        for xi, f, t in zip(
            x, [0.97, 1, 1, 0.97, 0.93], [top - 0.1, top, top, top - 0.15, top - 0.35], strict=True
        )
    ]
    parts = [loft(np.array(sections), paint, caps=True)]
    n = int((length - 1.4) / 1.45)
    for k in range(n):
        x0 = 0.6 + k * (length - 1.2) / n
        parts.append(_side_glass(x0, x0 + (length - 1.2) / n - 0.1, half + 0.008, 1.35, 2.55, glass))
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
    parts += [_named(p, "bus") for p in _axles([length * 0.27, length - 2.7], half, 0.48, 0.3)]
    parts += _lamps("bus", length, half, 0.75, 0.9)
    parts += [_named(_plate(length, 0.5, front=True), "bus"), _named(_plate(-0.012, 0.7, front=False), "bus")]
    mirror = box((length - 0.05, half - 0.05, 2.1), (length + 0.2, half + 0.15, 2.5), dark)
    return Mesh.concat([*parts, _both(mirror)]).shifted((-length / 2, 0, 0))


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
            parts.append(_named(wheel(x, 0.07 * sign, 0.31, 0.14, left=left), "motorcycle"))
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
