"""Bodies of cars: x forward, y left, z up, the origin on the ground below the middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.simulate.world.mesh import (
    Color,
    Look,
    Mesh,
    box,
    fan,
    loft,
    quads,
)
from drivelabel.simulate.world.vehicle_parts import (
    AMBER,
    BRAKE,
    DARK,
    GLASS,
    HEAD,
    LEFT_BLINK,
    RED_LAMP,
    RIGHT_BLINK,
    WHITE_LAMP,
    arch,
    both,
    plate,
    wheel,
)
from drivelabel.typing import AnyArray

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
            parts.append(arch(x, sign * (half + 0.004), 1.17 * shape.wheel, left=left))
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
    parts += [both(head.as_part(HEAD)), both(mirror)]
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
    parts.append(plate(length + 0.01, nose - 0.16, front=True))
    parts.append(plate(-0.012, tail_z - 0.05 if shape.rear_glass < 0.3 else tail_z + 0.08, front=False))
    for x in (shape.front_glass - 0.15, shape.roof_rear + 0.42 * (shape.roof_front - shape.roof_rear) + 0.1):
        seam = [(x, half + 0.002, shape.clearance + 0.2), (x - 0.015, half + 0.002, shape.clearance + 0.2)]
        seam += [(x - 0.015, 0.96 * half, shape.belt - 0.05), (x, 0.96 * half, shape.belt - 0.05)]
        parts.append(both(quads(np.array([seam]), Look(DARK, "car", layer=1))))
    mesh = Mesh.concat(parts).shifted((-length / 2, 0, 0))
    return mesh.moved(np.diag([scale, scale, scale, 1.0]))
