"""What streets are made of: asphalt, kerbs, pavements, medians, and the ground beside them."""

from __future__ import annotations

import numpy as np

from drivelabel.simulate.world.layout import Junction, Layout, Profile, Road, corner_radius
from drivelabel.simulate.world.lines import Line
from drivelabel.simulate.world.mesh import Color, Look, Mesh, box, fan, quads, ribbon, turn_z
from drivelabel.typing import AnyArray, FloatArray

KERB_M = 0.13
"""Height of pavements over the road."""

GROUND_DEPTH_M = 45.0
"""How far the ground beside a street reaches."""

ASPHALT = Look((0.095, 0.095, 0.098), "road", "asphalt")
KERBSTONE = Look((0.3, 0.3, 0.29), "sidewalk", "concrete")
PAVEMENT = Look((0.2, 0.195, 0.185), "sidewalk", "concrete")
LAWN = Look((0.07, 0.13, 0.03), "terrain", "grass")
YARD = Look((0.16, 0.155, 0.15), "sidewalk", "concrete")
WORLD_FLOOR = Look((0.07, 0.11, 0.035), "terrain", "grass")
WOODS = Look((0.035, 0.06, 0.022), "vegetation", "foliage")
GUARD_RAIL = Look((0.42, 0.43, 0.44), "barrier", "metal")


def strip(line: Line, s: AnyArray, d_right: float, d_left: float, look: Look, z: float = 0.0) -> Mesh:
    """The band along a line between two offsets."""
    return ribbon(line.at3(s, d_left, z), line.at3(s, d_right, z), look, v=s)


def wall_along(
    line: Line, s: AnyArray, d: float, low: float, high: float, look: Look, *, faces_left: bool
) -> Mesh:
    """An upright band along a line that is seen from its left, or from its right."""
    lower, upper = line.at3(s, d, low), line.at3(s, d, high)
    return ribbon(upper, lower, look, v=s) if not faces_left else ribbon(lower, upper, look, v=s)


def blocks(layout: Layout) -> list[tuple[float, float]]:
    """The stretches of the main road between junctions."""
    main = layout.main
    edges = [0.0]
    for junction in layout.junctions:
        reach = junction.reach(main.profile)
        edges += [junction.s - reach, junction.s + reach]
    edges.append(main.line.length)
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]


def cross_blocks(layout: Layout, junction: Junction) -> list[tuple[float, float]]:
    """The stretches of a crossing street on both sides of the main road."""
    middle = junction.cross.line.length / 2
    reach = layout.main.profile.half + corner_radius(layout.main.profile)
    return [(0.0, middle - reach), (middle + reach, junction.cross.line.length)]


def make_streets(layout: Layout, rng: np.random.Generator) -> Mesh:
    """All asphalt, kerbs, pavements and ground."""
    main = layout.main
    parts = [_floor(main.line), _hills(main.line, rng)]
    s = main.line.stations(0, main.line.length, 4.0)
    parts.append(strip(main.line, s, -main.profile.half, main.profile.half, ASPHALT))
    for start, stop in blocks(layout):
        parts += _sides(layout, main, start, stop, lawn=layout.style != "city")
    for junction in layout.junctions:
        parts += _junction(layout, junction)
        for start, stop in cross_blocks(layout, junction):
            parts += _cross_street(layout, junction, start, stop)
    parts += _repairs(main, rng)
    if layout.style == "highway":
        parts += _barriers(main)
    return Mesh.concat(parts).recolored(_tones(rng))


def _tones(rng: np.random.Generator) -> dict[Color, Color]:
    """The ground's own colours in one world: old pale asphalt or fresh dark one, dry or lush lawns."""
    tones: dict[Color, Color] = {}
    for look in (ASPHALT, KERBSTONE, PAVEMENT, LAWN, YARD, WORLD_FLOOR):
        bright = float(np.clip(rng.lognormal(0.05, 0.28), 0.6, 1.9))
        warm = float(rng.normal(0.01, 0.03 if look.material != "grass" else 0.15))
        r, g, b = look.color
        tones[look.color] = (bright * r * (1 + warm), bright * g, bright * b * (1 - warm))
    return tones


def _floor(line: Line) -> Mesh:
    """A wide plain below everything, in tiles so that near ones are drawn well."""
    low, high = line.xy.min(axis=0) - 1500, line.xy.max(axis=0) + 1500
    x, y = np.arange(low[0], high[0] + 150, 150.0), np.arange(low[1], high[1] + 150, 150.0)
    gx, gy = np.meshgrid(x[:-1], y[:-1])
    corners = np.stack(
        [
            np.stack([gx + dx, gy + dy, np.full_like(gx, -0.2)], axis=-1)
            for dx, dy in ((0, 0), (150, 0), (150, 150), (0, 150))
        ],
        axis=-2,
    ).reshape(-1, 4, 3)
    return quads(corners, WORLD_FLOOR, corners[:, :, :2])


def _hills(line: Line, rng: np.random.Generator) -> Mesh:
    """Wooded hills around everything, far away, so that the land does not end in a ruled line."""
    center = (line.xy.min(axis=0) + line.xy.max(axis=0)) / 2
    reach = np.ptp(line.xy, axis=0).max() / 2 + 700.0
    turns = np.linspace(0.0, 2 * np.pi, 181)
    waves = [np.sin(k * turns + rng.uniform(0, 6.3)) / k**0.5 for k in (2, 3, 5, 8, 13, 21, 34, 55)]
    height = 16.0 + 9.0 * np.sum(waves, axis=0)
    ridge = np.maximum(height, 3.0)
    ring = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    foot = np.column_stack([center + ring * reach, np.full(181, -1.0)])
    top = np.column_stack([center + ring * (reach + 250.0), ridge])
    return ribbon(top, foot, WOODS)


def _sides(layout: Layout, road: Road, start: float, stop: float, *, lawn: bool) -> list[Mesh]:
    """Kerb, pavement and ground on both sides of a stretch."""
    s = road.line.stations(start, stop, 4.0)
    wide = road.line.stations(start, stop, 8.0)
    half, pavement = road.profile.half, road.profile.sidewalk
    ground = LAWN if lawn else YARD
    parts = []
    for sign in (1, -1):
        if pavement <= 0:
            parts.append(_band(road.line, wide, sign, half, half + GROUND_DEPTH_M, LAWN, -0.03))
            continue
        parts += kerb(road.line, s, sign, half)
        parts.append(_band(road.line, s, sign, half + 0.16, half + pavement, PAVEMENT, KERB_M))
        parts.append(
            _band(
                road.line,
                wide,
                sign,
                half + pavement,
                half + pavement + GROUND_DEPTH_M,
                ground,
                KERB_M - 0.02,
            )
        )
    return parts


def _band(line: Line, s: AnyArray, sign: int, near: float, far: float, look: Look, z: float) -> Mesh:
    """A band beside a road, on its left (sign 1) or right (-1)."""
    low, high = sorted((sign * near, sign * far))
    return strip(line, s, low, high, look, z)


def kerb(line: Line, s: AnyArray, sign: int, half: float) -> list[Mesh]:
    """The face and the top of a kerb."""
    face = wall_along(line, s, sign * half, 0.0, KERB_M, KERBSTONE, faces_left=sign < 0)
    return [face, _band(line, s, sign, half, half + 0.16, KERBSTONE, KERB_M)]


def _cross_street(layout: Layout, junction: Junction, start: float, stop: float) -> list[Mesh]:
    road = junction.cross
    middle = road.line.length / 2
    s = road.line.stations(start, stop, 4.0)
    half, pavement = road.profile.half, road.profile.sidewalk
    parts = [strip(road.line, s, -half, half, ASPHALT)]
    # The ground beside the main road fills the corners; the side street's own begins behind it.
    inner = layout.main.profile.half + layout.main.profile.sidewalk + GROUND_DEPTH_M
    far = (start, min(stop, middle - inner)) if start < middle else (max(start, middle + inner), stop)
    for sign in (1, -1):
        parts += kerb(road.line, s, sign, half)
        parts.append(_band(road.line, s, sign, half + 0.16, half + pavement, PAVEMENT, KERB_M))
        if far[1] - far[0] > 5:
            wide = road.line.stations(*far, 8.0)
            parts.append(_band(road.line, wide, sign, half + pavement, half + 60, LAWN, KERB_M - 0.02))
    return parts


def junction_frame(layout: Layout, junction: Junction) -> FloatArray:
    """(4, 4), world from the junction's own coords: x along the main road, y to its left."""
    x, y = layout.main.line.at(np.array(junction.s))
    return turn_z(float(layout.main.line.heading(np.array(junction.s))), (x, y, 0.0))


def _junction(layout: Layout, junction: Junction) -> list[Mesh]:
    """The mouths of the side street and the four rounded corners."""
    hc, hm = junction.cross.profile.half, layout.main.profile.half
    radius = corner_radius(layout.main.profile)
    parts = []
    for side in (1, -1):
        mouth = np.array([[-hc, hm, 0], [hc, hm, 0], [hc, hm + radius, 0], [-hc, hm + radius, 0]])
        mouth = mouth if side > 0 else mouth[::-1] * [1, -1, 1]
        parts.append(fan(mouth, ASPHALT))
        for end in (1, -1):
            parts += _corner(hc, hm, radius, end, side)
    frame = junction_frame(layout, junction)
    return [part.moved(frame) for part in parts]


def _corner(hc: float, hm: float, radius: float, end: int, side: int) -> list[Mesh]:
    """The corner ahead (end 1) or behind, on the left (side 1) or right of a junction."""
    angle = np.linspace(0, np.pi / 2, 9)
    # From the main road's kerb to the side street's, around the corner's middle.
    arc = np.stack([hc + radius - radius * np.sin(angle), hm + radius - radius * np.cos(angle)], axis=1)
    arc *= [end, side]
    corner, middle = np.array([end * hc, side * hm]), np.array([end * (hc + radius), side * (hm + radius)])
    if end * side < 0:
        arc = arc[::-1]

    def at(xy: AnyArray, z: float) -> FloatArray:
        return np.concatenate([xy, np.full((len(xy), 1), z)], axis=1)

    # Seen from above the arc runs clockwise around the corner's middle, which is on its right.
    asphalt = fan(at(np.concatenate([[corner], arc[::-1]]), 0.0), ASPHALT)
    inner = middle + (arc - middle) * (radius - 0.16) / radius
    paving = fan(at(np.concatenate([[middle], inner[::-1]]), KERB_M), PAVEMENT)
    face = ribbon(at(arc, 0.0), at(arc, KERB_M), KERBSTONE)
    top = ribbon(at(arc, KERB_M), at(inner, KERB_M), KERBSTONE)
    return [_up(asphalt), _up(paving), face, _up(top)]


def _up(mesh: Mesh) -> Mesh:
    """The same flat mesh with every triangle facing up."""
    t = mesh.triangles
    down = np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0])[:, 2] < 0
    t = t.copy()
    t[down] = t[down][:, ::-1]
    uv = mesh.uv.copy()
    uv[down] = uv[down][:, ::-1]
    return Mesh(t, mesh.color, mesh.emission, mesh.category, mesh.material, mesh.layer, uv, mesh.part)


def _repairs(road: Road, rng: np.random.Generator) -> list[Mesh]:
    """Patches, seams and covers in the asphalt."""
    parts = []
    half = road.profile.half
    for _ in range(int(road.line.length / 14)):
        s, d = float(rng.uniform(5, road.line.length - 20)), float(rng.uniform(-half + 1, half - 1))
        kind = rng.random()
        if kind < 0.45:
            look = Look((0.07, 0.07, 0.073), "road", "asphalt", layer=1).shade(float(rng.uniform(0.8, 1.5)))
            size = (float(rng.uniform(1, 9)), float(rng.uniform(0.4, 1.6)))
        elif kind < 0.75:
            look, size = (
                Look((0.02, 0.02, 0.022), "road", "asphalt", layer=1),
                (float(rng.uniform(3, 14)), 0.07),
            )
        else:
            parts.append(_cover(road.line, s, d))
            continue
        parts.append(strip(road.line, road.line.stations(s, s + size[0], 4.0), d, d + size[1], look))
    return parts


def _cover(line: Line, s: float, d: float) -> Mesh:
    angle = np.arange(12) * 2 * np.pi / 12
    xy = line.at(np.array(s), d) + 0.34 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return fan(
        np.concatenate([xy, np.zeros((12, 1))], axis=1), Look((0.09, 0.085, 0.08), "road", "metal", layer=1)
    )


def _barriers(road: Road) -> list[Mesh]:
    """Guard rails along both edges and a concrete wall in the middle."""
    s = road.line.stations(0, road.line.length, 4.0)
    parts = []
    wall = Look((0.33, 0.33, 0.31), "barrier", "concrete")
    for sign in (1, -1):
        d = sign * (road.profile.half + 0.5)
        parts.append(wall_along(road.line, s, d, 0.45, 0.78, GUARD_RAIL, faces_left=sign < 0))
        parts.append(wall_along(road.line, s, d + 0.04 * sign, 0.45, 0.78, GUARD_RAIL, faces_left=sign > 0))
        for post in road.line.stations(2, road.line.length - 2, 4.0):
            x, y = road.line.at(np.array(post), d + 0.1 * sign)
            heading = float(road.line.heading(np.array(post)))
            rail = box((-0.05, -0.05, -0.1), (0.05, 0.05, 0.7), GUARD_RAIL)
            parts.append(rail.moved(turn_z(heading, (x, y, 0.0))))
        foot = 0.3 * sign
        parts.append(wall_along(road.line, s, foot, 0.0, 0.85, wall, faces_left=sign > 0))
    parts.append(strip(road.line, s, -0.3, 0.3, wall, 0.85))
    return parts


def half_with_pavement(profile: Profile) -> float:
    """From the middle to the outer edge of the pavement."""
    return profile.half + profile.sidewalk
