"""Traffic signs and sign bridges."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from drivelabel.simulate.world.mesh import (
    SIDES,
    Color,
    Look,
    Mesh,
    box,
    fan,
    loft,
    quads,
)
from drivelabel.typing import FloatArray

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
