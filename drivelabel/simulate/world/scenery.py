"""What stands beside streets: houses, trees, lamps, signs, and the small things of a pavement."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from drivelabel.simulate.geometry3d import MATERIALS
from drivelabel.simulate.world.mesh import (
    SIDES,
    Color,
    Look,
    Mesh,
    ball,
    box,
    disc,
    fan,
    loft,
    quads,
    tube,
    turn_z,
)
from drivelabel.typing import FloatArray

FACADES: tuple[Color, ...] = (
    (0.38, 0.3, 0.22),
    (0.46, 0.42, 0.36),
    (0.3, 0.14, 0.1),
    (0.24, 0.11, 0.08),
    (0.5, 0.48, 0.44),
    (0.35, 0.35, 0.36),
    (0.42, 0.36, 0.24),
    (0.2, 0.22, 0.25),
    (0.45, 0.38, 0.34),
)
ROOFS: tuple[Color, ...] = ((0.22, 0.07, 0.045), (0.08, 0.08, 0.085), (0.13, 0.1, 0.08))
SHOPS: tuple[Color, ...] = (
    (0.4, 0.04, 0.03),
    (0.03, 0.1, 0.3),
    (0.03, 0.2, 0.08),
    (0.5, 0.35, 0.03),
    (0.05, 0.05, 0.06),
    (0.45, 0.45, 0.45),
)
METAL: Color = (0.16, 0.165, 0.17)


def tower_block(rng: np.random.Generator, width: float, depth: float, height: float) -> Mesh:
    """A house of a city street; x along the street, the front at y = 0, facing -y."""
    color = FACADES[int(rng.integers(len(FACADES)))]
    wall = Look(color, "building", "facade").shade(float(rng.uniform(0.75, 1.25)))
    trim = Look((0.4, 0.39, 0.37), "building", "concrete").shade(float(rng.uniform(0.6, 1.2)))
    ground = 4.2
    parts = [box((0, 0, ground), (width, depth, height), wall)]
    parts.append(box((-0.15, -0.18, height), (width + 0.15, depth, height + 0.7), trim))
    parts.append(_shop_front(rng, width, depth, ground))
    if rng.random() < 0.5:
        for floor in np.arange(ground + 3.2, height - 1.5, 3.2):
            parts.append(
                box(
                    (0, -0.07, floor - 0.12),
                    (width, 0.0, floor + 0.05),
                    trim,
                    ("top", "bottom", "front", "back", "right"),
                )
            )
    if rng.random() < 0.4 and height > 9:
        parts += _balconies(rng, width, height, ground, trim)
    for _ in range(int(rng.integers(0, 4))):
        x, y = float(rng.uniform(1, width - 3)), float(rng.uniform(2, depth - 3))
        parts.append(
            box((x, y, height), (x + 2, y + 2, height + float(rng.uniform(1.2, 3))), trim.shade(0.7))
        )
    return Mesh.concat(parts)


def _balconies(
    rng: np.random.Generator, width: float, height: float, ground: float, look: Look
) -> list[Mesh]:
    parts = []
    rail = Look((0.1, 0.1, 0.11), "building", "metal")
    for x in np.arange(float(rng.uniform(1, 2.5)), width - 3, 6.0):
        for z in np.arange(ground + 0.1, height - 2.6, 3.2):
            parts.append(box((x, -1.1, z - 0.12), (x + 2.6, 0, z), look, ("top", "bottom", *SIDES)))
            parts.append(box((x, -1.1, z), (x + 2.6, -1.06, z + 0.95), rail))
    return parts


def _shop_front(rng: np.random.Generator, width: float, depth: float, height: float) -> Mesh:
    """The ground floor: pillars, windows, doors, a sign band, perhaps awnings."""
    base = Look((0.25, 0.24, 0.23), "building", "concrete").shade(float(rng.uniform(0.5, 1.3)))
    glass, frame = (
        Look((0.035, 0.045, 0.05), "building", "glass", layer=1),
        Look((0.03, 0.03, 0.032), "building", layer=2),
    )
    parts = [box((0, 0, 0), (width, depth, height), base, SIDES)]
    bays = max(1, round(width / 4.6))
    bay = width / bays
    for k in range(bays):
        x0, x1 = k * bay + 0.35, (k + 1) * bay - 0.35
        sill = 0.15 if rng.random() < 0.6 else 0.8
        parts.append(_front((x0, sill), (x1, 3.0), -0.01, glass))
        door = x0 + float(rng.uniform(0.1, 0.6)) * (x1 - x0 - 1.0)
        parts.append(
            _front(
                (door, 0.0), (door + 1.0, 2.4), -0.02, Look((0.06, 0.06, 0.065), "building", "glass", layer=2)
            )
        )
        for x in np.linspace(x0, x1, 4):
            parts.append(_front((float(x) - 0.04, sill), (float(x) + 0.04, 3.0), -0.03, frame))
        if rng.random() < 0.75:
            color = SHOPS[int(rng.integers(len(SHOPS)))]
            sign = Look(color, "building")
            parts.append(
                box((x0, -0.16, 3.2), (x1, 0, 3.85), sign, ("top", "bottom", "back", "front", "right"))
            )
            letters = Look((0.7, 0.7, 0.66), "building", layer=1)
            n = int(rng.integers(4, 10))
            for i in range(n):
                xa = x0 + 0.4 + i * 0.34
                if xa + 0.3 < x1 - 0.2 and rng.random() < 0.85:
                    high = 3.68 if rng.random() < 0.7 else 3.58
                    parts.append(_front((xa, 3.38), (xa + 0.22, high), -0.17, letters))
            if rng.random() < 0.35:
                parts.append(_awning(x0, x1, Look(color, "building")))
    return Mesh.concat(parts)


def _front(low: tuple[float, float], high: tuple[float, float], y: float, look: Look) -> Mesh:
    """An upright rectangle that faces -y."""
    return quads(
        np.array([[(low[0], y, low[1]), (high[0], y, low[1]), (high[0], y, high[1]), (low[0], y, high[1])]]),
        look,
    )


def _awning(x0: float, x1: float, look: Look) -> Mesh:
    top = np.array([[(x0, -1.4, 2.55), (x1, -1.4, 2.55), (x1, -0.02, 3.15), (x0, -0.02, 3.15)]])
    below = top[:, ::-1] - [0, 0, 0.02]
    return Mesh.concat(
        [quads(top, look), quads(below, look.shade(0.5)), _front((x0, 2.3), (x1, 2.55), -1.4, look)]
    )


def family_house(rng: np.random.Generator, width: float, depth: float) -> Mesh:
    """A house with a pitched roof; the front at y = 0, facing -y."""
    height = float(rng.choice([3.0, 5.6, 5.6]))
    color = FACADES[int(rng.integers(len(FACADES)))]
    wall = Look(color, "building", "facade").shade(float(rng.uniform(0.9, 1.6)))
    roof = Look(ROOFS[int(rng.integers(len(ROOFS)))], "building", "plain")
    ridge = height + depth * float(rng.uniform(0.28, 0.45))
    over = 0.45
    parts = [box((0, 0, 0), (width, depth, height), wall, SIDES)]
    for x, turned in ((0.0, False), (width, True)):
        gable = np.array([(x, depth, height), (x, 0, height), (x, depth / 2, ridge)])
        parts.append(fan(gable[::-1] if turned else gable, wall))
    eave = height - over * (ridge - height) / (depth / 2)
    front = np.array(
        [
            [
                (-over, -over, eave),
                (width + over, -over, eave),
                (width + over, depth / 2, ridge),
                (-over, depth / 2, ridge),
            ]
        ]
    )
    back = np.array(
        [
            [
                (width + over, depth + over, eave),
                (-over, depth + over, eave),
                (-over, depth / 2, ridge),
                (width + over, depth / 2, ridge),
            ]
        ]
    )
    parts += [quads(front, roof), quads(back, roof), quads(front[:, ::-1] - [0, 0, 0.05], roof.shade(0.6))]
    x = float(rng.uniform(0.2, 0.7)) * width
    parts.append(
        box((x, depth * 0.6, height), (x + 0.7, depth * 0.6 + 0.7, ridge + 0.8), Look(FACADES[3], "building"))
    )
    door = float(rng.uniform(0.3, 0.6)) * width
    parts.append(
        _front(
            (door, 0),
            (door + 1.1, 2.2),
            -0.02,
            Look(SHOPS[int(rng.integers(len(SHOPS)))], "building", layer=1),
        )
    )
    return Mesh.concat(parts)


N_PLANTS = 8
"""Different plants of each kind; each is made once."""


def _grown(kind: str, rng: np.random.Generator, height: float, made_for: float) -> Mesh:
    """One of the plants of a kind, turned and grown to a height, with its own green."""
    mesh = _plant(kind, int(rng.integers(N_PLANTS)))
    scale = height / made_for
    grown = mesh.moved(turn_z(float(rng.uniform(-np.pi, np.pi))) @ np.diag([scale, scale, scale, 1.0]))
    tint = (rng.uniform(0.75, 1.3, 3) * [1.1, 1.0, 0.9]).astype(np.float32)
    is_leaf = grown.material == MATERIALS.index("foliage")
    color = np.where(is_leaf[:, None], np.clip(grown.color * tint, 0, 1), grown.color)
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
        lumps = rng.uniform(0.78, 1.12, (6, 9))
        center = (out * np.cos(angle), out * np.sin(angle), z)
        radii = (size, size, min(size * 0.85, height - z))
        parts.append(
            ball(center, radii, leaf.shade(float(rng.uniform(0.85, 1.2))), rings=6, sides=9, lumps=lumps)
        )
    return Mesh.concat(parts)


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
        parts.append(loft(np.stack([ring, tip]), leaf))
    return Mesh.concat(parts)


def _make_bush(rng: np.random.Generator) -> Mesh:
    size = 1.0
    leaf = Look((0.04, 0.1, 0.025), "vegetation", "foliage").shade(float(rng.uniform(0.7, 1.5)))
    return ball(
        (0, 0, size * 0.42), (size * 0.7, size * 0.7, size * 0.55), leaf, lumps=rng.uniform(0.8, 1.15, (6, 8))
    )


@lru_cache(maxsize=256)
def hedge(length: float, height: float) -> Mesh:
    """A clipped hedge along x."""
    leaf = Look((0.03, 0.08, 0.02), "vegetation", "foliage")
    return box((0, -0.4, 0), (length, 0.4, height), leaf)


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


_SEGMENTS = {
    0: "abcdef",
    1: "bc",
    2: "abged",
    3: "abgcd",
    4: "fgbc",
    5: "afgcd",
    6: "afgedc",
    7: "abc",
    8: "abcdefg",
    9: "abcdfg",
}


def _digit(number: int, y0: float, z0: float, size: float, x: float, look: Look) -> Mesh:
    """A digit on a sign that faces -x; y runs to the reader's left."""
    w, h, t = 0.55 * size, size, 0.15 * size
    spans = {
        "a": (0, h - t, w, h),
        "g": (0, h / 2 - t / 2, w, h / 2 + t / 2),
        "d": (0, 0, w, t),
        "f": (0, h / 2, t, h),
        "e": (0, 0, t, h / 2),
        "b": (w - t, h / 2, w, h),
        "c": (w - t, 0, w, h / 2),
    }
    strokes = []
    for name in _SEGMENTS[number]:
        a0, b0, a1, b1 = spans[name]
        corners = [(x, y0 - a0, z0 + b0), (x, y0 - a1, z0 + b0), (x, y0 - a1, z0 + b1), (x, y0 - a0, z0 + b1)]
        strokes.append(quads(np.array([corners]), look))
    return Mesh.concat(strokes)


def _plate_of(outline: FloatArray, color: Color, x: float, layer: int) -> Mesh:
    """A flat plate that faces -x, from (k, 2) y and z, counter-clockwise seen by the reader."""
    corners = np.concatenate([np.full((len(outline), 1), x), outline], axis=1)
    return fan(corners, Look(color, "traffic_sign", layer=layer))


def _round(radius: float, z: float, sides: int = 18) -> FloatArray:
    angle = np.arange(sides) * 2 * np.pi / sides
    return np.stack([-radius * np.cos(angle), z + radius * np.sin(angle)], axis=1)


SIGN_KINDS = (
    "speed_30",
    "speed_50",
    "speed_80",
    "speed_120",
    "no_parking",
    "yield",
    "stop",
    "parking",
    "crossing",
    "priority",
    "warning",
)


@lru_cache(maxsize=256)
def traffic_sign(kind: str, height: float) -> Mesh:
    """A sign plate without its post: it faces -x, its middle at `height`.

    Args:
        kind: one of SIGN_KINDS.
        height: of its middle, metres.
    """
    red, white, blue, black = (0.5, 0.015, 0.02), (0.72, 0.72, 0.7), (0.015, 0.08, 0.4), (0.01, 0.01, 0.012)
    yellow, grey = (0.7, 0.45, 0.02), (0.3, 0.31, 0.32)
    triangle = np.array([(0.42, -0.3), (-0.42, -0.3), (0.0, 0.46)])
    square = np.array([(0.32, -0.32), (-0.32, -0.32), (-0.32, 0.32), (0.32, 0.32)])
    up = np.array([0.0, height])
    ink = Look(black, "traffic_sign", layer=2)
    if kind.startswith("speed"):
        number = kind.split("_")[1]
        parts = [
            _plate_of(_round(0.35, height), red, 0, 0),
            _plate_of(_round(0.28, height), white, -0.004, 1),
        ]
        outline, size = _round(0.35, height), 0.26 if len(number) == 2 else 0.19
        wide = len(number) * 0.72 * size
        parts += [
            _digit(int(c), wide / 2 - i * 0.75 * size, height - size / 2, size, -0.008, ink)
            for i, c in enumerate(number)
        ]
    elif kind == "no_parking":
        outline = _round(0.33, height)
        bar = np.array([(0.26, 0.2), (0.2, 0.26), (-0.26, -0.2), (-0.2, -0.26)])[::-1] + up
        parts = [
            _plate_of(outline, red, 0, 0),
            _plate_of(_round(0.26, height), blue, -0.004, 1),
            _plate_of(bar, red, -0.008, 2),
        ]
    elif kind == "yield":
        outline = triangle[::-1] * [1, -1] + up
        parts = [
            _plate_of(outline, red, 0, 0),
            _plate_of((triangle[::-1] * [0.7, -0.7] + [0, -0.0]) + up + [0, 0.03], white, -0.004, 1),
        ]
    elif kind == "stop":
        angle = (np.arange(8) + 0.5) * np.pi / 4
        outline = np.stack([-0.38 * np.cos(angle), height + 0.38 * np.sin(angle)], axis=1)
        parts = [_plate_of(outline, red, 0, 0)]
        for k in range(4):
            glyph = np.array(
                [
                    (0.27 - 0.14 * k, -0.09),
                    (0.17 - 0.14 * k, -0.09),
                    (0.17 - 0.14 * k, 0.09),
                    (0.27 - 0.14 * k, 0.09),
                ]
            )
            parts.append(_plate_of(glyph + up, white, -0.004, 1))
    elif kind == "priority":
        diamond = np.array([(0.45, 0), (0, -0.45), (-0.45, 0), (0, 0.45)])
        outline = diamond + up
        parts = [_plate_of(outline, white, 0, 0), _plate_of(diamond * 0.7 + up, yellow, -0.004, 1)]
    elif kind == "warning":
        outline = triangle + up
        parts = [_plate_of(outline, red, 0, 0), _plate_of(triangle * 0.68 + up + [0, 0.0], white, -0.004, 1)]
        bar = np.array([(0.035, -0.02), (-0.035, -0.02), (-0.035, 0.2), (0.035, 0.2)])
        parts.append(_plate_of(bar + up, black, -0.008, 2))
    else:
        outline = square + up
        parts = [_plate_of(outline, blue, 0, 0)]
        if kind == "parking":
            p = [
                [(0.13, -0.22), (0.05, -0.22), (0.05, 0.22), (0.13, 0.22)],
                [(0.05, 0.0), (-0.14, 0.0), (-0.14, 0.22), (0.05, 0.22)],
            ]
            parts += [_plate_of(np.array(shape) + up, white, -0.004, 1) for shape in p]
        else:
            parts.append(_plate_of(triangle * 0.6 + up, white, -0.004, 1))
            parts.append(
                _plate_of(
                    np.array([(0.05, -0.14), (-0.05, -0.14), (-0.05, 0.12), (0.05, 0.12)]) + up,
                    black,
                    -0.008,
                    2,
                )
            )
    rear = np.concatenate([np.full((len(outline), 1), 0.015), outline], axis=1)[::-1]
    rim = np.stack([np.concatenate([np.full((len(outline), 1), x), outline], axis=1) for x in (0.015, 0.0)])
    grey_look = Look(grey, "traffic_sign", "metal")
    return Mesh.concat([*parts, fan(rear, grey_look), loft(rim, grey_look)])


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


def gantry(span: float, reach: float) -> tuple[Mesh, Mesh]:
    """A sign bridge over one direction of a motorway, and its blue board; the road runs along x.

    Args:
        span: metres from the post to the far end of the beam, along +y.
        reach: metres from the post to the board's near edge.
    """
    steel = Look((0.35, 0.36, 0.37), "pole", "metal")
    faces = ("top", "bottom", *SIDES)
    frame = [
        box((-0.2, -0.2, 0), (0.2, 0.2, 7.4), steel),
        box((-0.15, 0, 6.8), (0.15, span, 7.2), steel, faces),
    ]
    blue, white = Look((0.015, 0.1, 0.42), "traffic_sign"), Look((0.7, 0.7, 0.68), "traffic_sign", layer=1)
    board = [box((-0.25, reach, 5.6), (-0.17, reach + 4.5, 8.0), blue, faces)]
    rng = np.random.default_rng(int(span * 100))
    for z in (7.3, 6.6, 5.95):
        for k in range(int(rng.integers(4, 9))):
            y = reach + 3.9 - 0.36 * k
            corners = [
                (-0.253, y, z),
                (-0.253, y - 0.24, z),
                (-0.253, y - 0.24, z + 0.4),
                (-0.253, y, z + 0.4),
            ]
            board.append(quads(np.array([corners]), white))
    return Mesh.concat(frame), Mesh.concat(board)


def advert(rng: np.random.Generator) -> Mesh:
    """A lit poster pillar that faces -x and +x."""
    color = SHOPS[int(rng.integers(len(SHOPS)))]
    faces = ("top", *SIDES)
    frame = box((-0.1, -0.7, 0.0), (0.1, 0.7, 2.6), Look((0.05, 0.05, 0.055), "other_stuff", "metal"), faces)
    poster = box((-0.11, -0.6, 0.7), (0.11, 0.6, 2.45), Look(color, "other_stuff", emission=0.2), faces)
    stripe = disc((-0.115, 0, 1.7), -1, 0.35, Look((0.7, 0.65, 0.5), "other_stuff", emission=0.2, layer=1))
    return Mesh.concat([frame, poster, stripe]).moved(turn_z(0.0))
