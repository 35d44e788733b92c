"""Bodies of people: x forward, y left, z up, the origin on the ground below the hips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from drivelabel.simulate.world.mesh import Color, Look, Mesh, ball, box, tube, turn_y
from drivelabel.typing import FloatArray

BODY, LEFT_LEG, RIGHT_LEG, LEFT_ARM, RIGHT_ARM = range(5)
"""Parts of a walking person; legs swing about the hips, arms about the shoulders."""

HIP_M, SHOULDER_M = 0.9, 1.42
"""Heights of the joints of a person who is TALL_M tall."""

TALL_M = 1.75

MAX_STRIDE = 1.1
"""The longest step, in ordinary ones."""

SKIN: tuple[Color, ...] = ((0.52, 0.32, 0.24), (0.42, 0.24, 0.16), (0.25, 0.13, 0.08), (0.1, 0.05, 0.035))
HAIR: tuple[Color, ...] = ((0.015, 0.012, 0.01), (0.06, 0.03, 0.015), (0.25, 0.15, 0.05), (0.25, 0.25, 0.25))
CLOTHES: tuple[Color, ...] = (
    (0.02, 0.02, 0.025),
    (0.04, 0.05, 0.09),
    (0.2, 0.2, 0.21),
    (0.5, 0.5, 0.48),
    (0.3, 0.03, 0.03),
    (0.04, 0.12, 0.3),
    (0.05, 0.15, 0.07),
    (0.4, 0.3, 0.1),
    (0.22, 0.13, 0.07),
    (0.3, 0.1, 0.25),
)
TROUSERS: tuple[Color, ...] = ((0.02, 0.02, 0.025), (0.03, 0.05, 0.12), (0.08, 0.08, 0.085), (0.2, 0.16, 0.1))


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """What somebody wears."""

    skin: Color
    hair: Color
    top: Color
    trousers: Color
    has_bag: bool

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Wardrobe:
        """Any clothes."""

        def one(colors: tuple[Color, ...]) -> Color:
            r, g, b = np.clip(np.array(colors[int(rng.integers(len(colors)))]) * rng.uniform(0.7, 1.3), 0, 1)
            return float(r), float(g), float(b)

        return cls(one(SKIN), one(HAIR), one(CLOTHES), one(TROUSERS), bool(rng.random() < 0.3))


def _head(look: Wardrobe, category: str, x: float, z: float) -> list[Mesh]:
    return [
        ball((x, 0, z), (0.095, 0.08, 0.12), Look(look.skin, category), rings=6, sides=8),
        ball((x - 0.018, 0, z + 0.035), (0.1, 0.088, 0.105), Look(look.hair, category), rings=5, sides=8),
        tube(
            np.array([(x - 0.01, 0, z - 0.17), (x, 0, z - 0.08)]), [0.055, 0.05], Look(look.skin, category), 6
        ),
    ]


_PLAIN = Wardrobe((0.51, 0.01, 0.01), (0.01, 0.51, 0.01), (0.01, 0.01, 0.51), (0.51, 0.51, 0.01), False)
"""Colours that stand for clothes in bodies that are made once and dressed often."""


def _dressed(mesh: Mesh, look: Wardrobe) -> Mesh:
    names = ("skin", "hair", "top", "trousers")
    return mesh.recolored({getattr(_PLAIN, name): getattr(look, name) for name in names})


@lru_cache(maxsize=2)
def _walker(has_bag: bool) -> Mesh:
    return _make_walker(replace(_PLAIN, has_bag=has_bag))


@lru_cache(maxsize=4)
def _rider(category_of_seat: str, has_bag: bool) -> Mesh:
    return _make_rider(replace(_PLAIN, has_bag=has_bag), category_of_seat)


def walker(look: Wardrobe, height: float) -> Mesh:
    """A person who stands upright; the parts are moved by SWING."""
    scale = height / TALL_M
    return _dressed(_walker(look.has_bag), look).moved(np.diag([scale, scale, scale, 1.0]))


def rider(look: Wardrobe, category_of_seat: str) -> Mesh:
    """A person on a bicycle or a motorcycle; the origin is that of the vehicle."""
    return _dressed(_rider(category_of_seat, look.has_bag), look)


@lru_cache(maxsize=2)
def _reach(has_bag: bool) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest corner of somebody TALL_M tall over all moments of the longest step."""
    mesh = _walker(has_bag)
    corners = []
    for moment in np.linspace(-MAX_STRIDE, MAX_STRIDE, 45):
        points = mesh.triangles.astype(np.float64)
        for part, (share, height) in SWING.items():
            rows = mesh.part == part
            turn = turn_y(share * moment, (0.0, 0.0, height))
            points[rows] = points[rows] @ turn[:3, :3].T + turn[:3, 3]
        corners += [points.min(axis=(0, 1)), points.max(axis=(0, 1))]
    return np.min(corners, axis=0), np.max(corners, axis=0)


def reach(look: Wardrobe, height: float) -> tuple[FloatArray, FloatArray]:
    """(3,) lowest and (3,) highest corner of the room that somebody needs for walking, metres."""
    low, high = _reach(look.has_bag)
    scale = height / TALL_M
    return low * scale, high * scale


def _make_walker(look: Wardrobe) -> Mesh:
    cloth, legs = Look(look.top, "pedestrian"), Look(look.trousers, "pedestrian")
    skin, shoe = Look(look.skin, "pedestrian"), Look((0.02, 0.018, 0.016), "pedestrian")
    torso = [(0, 0, 0.94), (0, 0, 1.03), (0, 0, 1.22), (0, 0, 1.37), (0, 0, 1.44), (0, 0, 1.49)]
    hips = [(0, 0, 0.8), (0, 0, 0.88), (0, 0, 0.99)]
    parts = [_flat_tube(torso, [0.155, 0.15, 0.165, 0.185, 0.165, 0.07], cloth)]
    parts += [_flat_tube(hips, [0.13, 0.155, 0.145], legs), *_head(look, "pedestrian", 0.01, 1.62)]
    for y, leg, arm in ((0.095, LEFT_LEG, LEFT_ARM), (-0.095, RIGHT_LEG, RIGHT_ARM)):
        limb = tube(np.array([(0, y, 0.92), (0.015, y, 0.5), (0, y, 0.08)]), [0.092, 0.066, 0.05], legs, 6)
        foot = box(
            (-0.08, y - 0.045, 0.0),
            (0.18, y + 0.045, 0.09),
            shoe,
            ("top", "bottom", "back", "front", "right", "left"),
        )
        parts += [limb.as_part(leg), foot.as_part(leg)]
        out = 2.12 * y
        sleeve = tube(
            np.array([(0, out * 0.94, 1.44), (0, out, 1.39), (-0.01, out * 1.14, 1.14)]),
            [0.04, 0.062, 0.048],
            cloth,
            6,
        )
        fore = tube(np.array([(-0.01, out * 1.12, 1.16), (0.06, out * 1.1, 0.9)]), [0.045, 0.036], cloth, 6)
        hand = ball((0.075, out * 1.1, 0.86), (0.04, 0.03, 0.06), skin, rings=4, sides=6)
        parts += [sleeve.as_part(arm), fore.as_part(arm), hand.as_part(arm)]
    if look.has_bag:
        bag = Look((0.03, 0.03, 0.035), "pedestrian")
        parts.append(
            box(
                (-0.29, -0.14, 1.0),
                (-0.1, 0.14, 1.42),
                bag,
                ("top", "bottom", "back", "front", "right", "left"),
            )
        )
    return Mesh.concat(parts)


def _flat_tube(points: Sequence[tuple[float, float, float]], radii: list[float], look: Look) -> Mesh:
    """An upright tube that is wider than deep."""
    mesh = tube(np.array(points), radii, look, 10)
    squeeze = np.diag([0.62, 1.15, 1.0, 1.0])
    return mesh.moved(squeeze)


def _make_rider(look: Wardrobe, category_of_seat: str) -> Mesh:
    leans = category_of_seat == "bicycle"
    seat, grip, pedal = (
        ((-0.2, 1.0), (0.4, 1.04), (-0.06, 0.3)) if leans else ((-0.3, 0.84), (0.36, 1.06), (-0.05, 0.4))
    )
    cloth, legs = Look(look.top, "rider"), Look(look.trousers, "rider")
    skin, shoe = Look(look.skin, "rider"), Look((0.02, 0.018, 0.016), "rider")
    neck = (seat[0] + 0.27, seat[1] + 0.56)
    spine = [(seat[0], 0, seat[1] - 0.04), (seat[0] + 0.1, 0, seat[1] + 0.25), (neck[0], 0, neck[1])]
    parts = [_flat_tube_at(spine, [0.15, 0.17, 0.12], cloth)]
    helmet = Look(look.top if leans else (0.02, 0.02, 0.022), "rider", "metal")
    parts += _head(look, "rider", neck[0] + 0.06, neck[1] + 0.17)
    if not leans or look.has_bag:
        parts.append(ball((neck[0] + 0.05, 0, neck[1] + 0.21), (0.125, 0.11, 0.13), helmet, rings=6, sides=8))
    for side in (1, -1):
        y, lift = 0.1 * side, (0.13 if side > 0 else -0.08) if leans else 0.0
        knee = (seat[0] + 0.36, seat[1] - 0.26 + lift)
        foot = (pedal[0] + (0.1 if leans else 0.0), pedal[1] + lift)
        thigh = tube(
            np.array([(seat[0], y, seat[1] - 0.02), (knee[0], y * 1.3, knee[1])]), [0.09, 0.065], legs, 6
        )
        shin = tube(np.array([(knee[0], y * 1.3, knee[1]), (foot[0], y, foot[1])]), [0.062, 0.045], legs, 6)
        sole = box(
            (foot[0] - 0.1, y - 0.04, foot[1] - 0.06), (foot[0] + 0.16, y + 0.04, foot[1] + 0.02), shoe
        )
        elbow = (0.5 * (neck[0] + grip[0]) + 0.02, 0.26 * side, 0.5 * (neck[1] + grip[1]) - 0.06)
        upper = tube(np.array([(neck[0], 0.19 * side, neck[1] - 0.05), elbow]), [0.058, 0.045], cloth, 6)
        fore = tube(np.array([elbow, (grip[0], 0.25 * side, grip[1])]), [0.045, 0.035], cloth, 6)
        hand = ball((grip[0], 0.25 * side, grip[1] + 0.01), (0.045, 0.04, 0.04), skin, rings=4, sides=6)
        parts += [thigh, shin, sole, upper, fore, hand]
    return Mesh.concat(parts)


def _flat_tube_at(points: Sequence[tuple[float, float, float]], radii: list[float], look: Look) -> Mesh:
    mesh = tube(np.array(points), radii, look, 8)
    return mesh.moved(np.diag([1.0, 1.15, 1.0, 1.0]))


SWING = {
    LEFT_LEG: (0.5, HIP_M),
    RIGHT_LEG: (-0.5, HIP_M),
    LEFT_ARM: (-0.42, SHOULDER_M),
    RIGHT_ARM: (0.42, SHOULDER_M),
}
"""Part to (radians that it swings about y at an ordinary pace, height of its joint)."""
