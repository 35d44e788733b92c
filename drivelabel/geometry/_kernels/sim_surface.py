"""What a point of a surface sends towards the camera, for numba. Colours are linear RGB."""

from __future__ import annotations

from typing import NamedTuple

from drivelabel.geometry._kernels.sim_bare import inside
from drivelabel.geometry._kernels.sim_lighting import Maps, light_on
from drivelabel.geometry._kernels.sim_noise import CLOUD, GRAIN, LEAF, WALL, smooth, tile
from drivelabel.geometry._kernels.sim_sky import Rgb, Sky, mirrored
from drivelabel.geometry._kernels.sim_texture import (
    ASPHALT,
    CONCRETE,
    FACADE,
    FOLIAGE,
    GLASS,
    GRASS,
    LAMP,
    METAL,
    PAINT,
    asphalt,
    concrete,
    foliage,
    grass,
    paint,
    wall,
    window,
)
from drivelabel.typing import AnyArray, Float32Array, FloatArray


class Skin(NamedTuple):
    """Triangles and what they look like; columns of ``Surfaces`` and (m, 3, 3) `normals` at the corners."""

    triangles: Float32Array
    normals: Float32Array
    color: Float32Array
    emission: Float32Array
    material: AnyArray
    is_ground: AnyArray
    house: AnyArray
    uv: Float32Array


class View(NamedTuple):
    """Where a camera is and how it looks.

    ``inverse`` is (2,), 1 / focal length; ``rays`` is (h, w, 2) in the plane z = 1, or empty for a pinhole;
    ``mirror`` (h / k, w / k, 3) is what wet ground mirrors, or empty; ``mirror_scale`` is its size over the
    image's.
    """

    world_from_cam: FloatArray
    matrix: FloatArray
    inverse: FloatArray
    rays: FloatArray
    wetness: float
    mirror: Float32Array
    mirror_scale: float


@inside
def shine_back(
    number: int, x: float, y: float, z: float, dx: float, dy: float, dz: float,
    nx: float, ny: float, nz: float, u: float, v: float, px: float, cells: float,
    skin: Skin, maps: Maps, sky: Sky, view: View, column: float, row: float,
) -> Rgb:  # fmt: skip
    """Light from a point (x, y, z) with a normal, seen along (dx, dy, dz)."""
    material = skin.material[number]
    r, g, b = float(skin.color[number, 0]), float(skin.color[number, 1]), float(skin.color[number, 2])
    noise = sky.noise
    glow = float(skin.emission[number])
    shine, mirror = 0.0, 0.0  # share of mirrored light head-on, and how clear the mirror is
    lit_r = lit_g = lit_b = 0.0
    if material == ASPHALT:
        r, g, b = asphalt(noise, r, g, b, u, v, px, cells)
    elif material == PAINT:
        r, g, b = paint(noise, r, g, b, u, v, px, cells)
    elif material == GRASS:
        r, g, b = grass(noise, r, g, b, u, v, px, cells)
    elif material == FOLIAGE:
        # Along the world's axes: a crown's own uv stretches at its poles.
        if abs(nz) > max(abs(nx), abs(ny)):
            u, v = x, y
        elif abs(nx) > abs(ny):
            u, v = y, z
        else:
            u, v = x, z
        leaf = tile(noise, LEAF, u, v, 1 / 3.1, cells)
        r, g, b = foliage(noise, r, g, b, leaf)
        bump = 0.8 * min(1.0, 0.2 / px)
        other = tile(noise, GRAIN, u, v, 1 / 13.0, cells)
        nx, ny, nz = nx + bump * (leaf - 0.4 * other), ny + bump * other, nz + bump * leaf + 0.15
    elif material == CONCRETE:
        r, g, b = concrete(noise, r, g, b, u, v, px, cells, nz > 0.7)
    elif material == FACADE and abs(nz) < 0.5:
        house = float(skin.house[number])
        glass, frame, chance, floor = window(u, v, px, house)
        r, g, b = wall(noise, r, g, b, u, v, px, cells, house)
        rest = 1.0 - glass - frame
        curtain = 0.05 + (0.25 if chance < 0.2 else 0.02)
        r = rest * r + frame * 0.35 + glass * curtain
        g = rest * g + frame * 0.35 + glass * curtain
        b = rest * b + frame * 0.34 + glass * curtain
        shine = glass * 0.14
        mirror = glass
        if sky.is_night:
            share = 0.75 if v < 4.0 and floor > 0.4 else 0.28
            if chance < share:
                power = glass * (0.10 + 0.35 * chance / share)
                lit_r, lit_g, lit_b = power, power * (0.72 + 0.2 * floor), power * (0.42 + 0.4 * floor)
    elif material == METAL:
        shine, mirror = 0.05, 1.0
        if z < 0.9:  # road dirt, most of it low down
            dust = (0.9 - max(z, 0.0)) * (0.30 + 0.25 * tile(noise, WALL, x + y, z, 1 / 2.3, cells))
            r, g, b = r + dust * (0.11 - r), g + dust * (0.10 - g), b + dust * (0.085 - b)
            mirror = 1.0 - 0.8 * dust
    elif material == GLASS:
        # Seats and the street beyond show through, as light and dark patches.
        through = max(0.15, 0.7 + 1.3 * tile(noise, CLOUD, u, v, 1 / 3.7, cells))
        r, g, b = r * through, g * through, b * through
        shine, mirror = 0.13, 1.0
    elif material == LAMP:
        shine, mirror = 0.06, 0.6
    else:
        spot = 1.0 + 0.12 * tile(noise, WALL, u, v, 1 / 2.7, cells)
        r, g, b = r * spot, g * spot, b * spot
    wetness = view.wetness
    wet_share, wet_u, wet_v = 0.0, 0.0, 0.0
    if wetness > 0.0:
        dark = 1.0 - (0.45 if nz > 0.8 else 0.15) * wetness
        r, g, b = r * dark, g * dark, b * dark
        # Lawns soak the water up.
        if skin.is_ground[number] and material != GRASS and nz > 0.8 and view.mirror.shape[0] > 0:
            pool = tile(noise, CLOUD, x, y, 1 / 19.0, cells) + 0.3 * tile(noise, CLOUD, x, y, 1 / 5.0, cells)
            pool = smooth(-0.1, 0.6, pool)
            grazing = 1.0 - min(max(-dz, 0.0), 1.0)
            wet_share = (0.02 + 0.98 * grazing**5) * wetness * (0.30 + 0.45 * pool)
            rough = 9.0 * (1.0 - 0.75 * pool)
            wet_u = column + 0.5 * rough * tile(noise, GRAIN, x, y, 1 / 0.9, cells)
            wet_v = row + rough * tile(noise, GRAIN, x + 0.35, y, 1 / 0.9, cells)
    e_r, e_g, e_b, shadow = light_on(
        x, y, z, nx, ny, nz, skin.is_ground[number], material == FOLIAGE, maps, sky
    )
    lit_r, lit_g, lit_b = lit_r + r * e_r, lit_g + g * e_g, lit_b + b * e_b
    if mirror > 0.0:
        lit_r, lit_g, lit_b = _shiny(lit_r, lit_g, lit_b, dx, dy, dz, nx, ny, nz, shine, mirror, shadow, sky)
    if wet_share > 0.0:
        m_r, m_g, m_b = _wet_mirror(view, wet_u, wet_v)
        lit_r, lit_g, lit_b = (
            lit_r + wet_share * (m_r - lit_r),
            lit_g + wet_share * (m_g - lit_g),
            lit_b + wet_share * (m_b - lit_b),
        )
    if glow > 0.0:
        power = glow * (3.0 if not sky.is_night else 2.2)
        lit_r += power * skin.color[number, 0]
        lit_g += power * skin.color[number, 1]
        lit_b += power * skin.color[number, 2]
    return lit_r, lit_g, lit_b


@inside
def _wet_mirror(view: View, column: float, row: float) -> Rgb:
    """What wet ground mirrors at a position of the image."""
    height, width = view.mirror.shape[0], view.mirror.shape[1]
    u = min(max(column * view.mirror_scale - 0.5, 0.0), width - 1.001)
    v = min(max(row * view.mirror_scale - 0.5, 0.0), height - 1.001)
    left, top = int(u), int(v)
    fu, fv = u - left, v - top
    r = g = b = 0.0
    for k in range(4):
        part = (fu if k & 1 else 1.0 - fu) * (fv if k & 2 else 1.0 - fv)
        y, x = top + (k >> 1), left + (k & 1)
        r += part * view.mirror[y, x, 0]
        g += part * view.mirror[y, x, 1]
        b += part * view.mirror[y, x, 2]
    return r, g, b


@inside
def _shiny(
    r: float, g: float, b: float, dx: float, dy: float, dz: float, nx: float, ny: float, nz: float,
    shine: float, mirror: float, shadow: float, sky: Sky,
) -> Rgb:  # fmt: skip
    """A surface's own light under what it mirrors. Source: Schlick 1994, equation 15."""
    along = nx * dx + ny * dy + nz * dz
    fresnel = (shine + (1.0 - shine) * (1.0 - min(max(-along, 0.0), 1.0)) ** 5) * mirror
    tx, ty, tz = dx - 2.0 * along * nx, dy - 2.0 * along * ny, dz - 2.0 * along * nz
    m_r, m_g, m_b = mirrored(sky, tx, ty, tz)
    r, g, b = r + fresnel * (m_r - r), g + fresnel * (m_g - g), b + fresnel * (m_b - b)
    towards = tx * sky.sun_direction[0] + ty * sky.sun_direction[1] + tz * sky.sun_direction[2]
    if towards > 0.7:
        power = towards**24
        spark = shadow * mirror * (1.2 * power**8 + 0.06 * power) * (0.3 + 2.0 * shine)
        r, g, b = r + spark * sky.sun[0], g + spark * sky.sun[1], b + spark * sky.sun[2]
    return r, g, b
