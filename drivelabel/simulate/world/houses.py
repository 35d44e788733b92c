"""Houses of a city street and of a suburb."""

from __future__ import annotations

import numpy as np

from drivelabel.simulate.world.mesh import (
    SIDES,
    Color,
    Look,
    Mesh,
    box,
    fan,
    quads,
)

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
