"""Light on surfaces, seen through a camera, for numba. Colours are linear RGB."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from drivelabel.geometry._kernels.sim_bare import bare, inside
from drivelabel.geometry._kernels.sim_raster import NOTHING
from drivelabel.geometry._kernels.sim_sky import TILE, Rgb, Sky, mirrored, sky_color, smooth, tile
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
    window,
)
from drivelabel.typing import AnyArray, Float32Array, FloatArray, Int32Array


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


class Maps(NamedTuple):
    """Pictures of the light, seen along parallel rays; each with its (3, 4) ``map_from_world``.

    ``near`` and ``far``: (h, w) nearness to the sun; ``cover``: (h, w), how much of the sky the ground lacks;
    ``lamps``: (h, w, 3), light of lamps on the ground.
    """

    near: Float32Array
    near_from_world: FloatArray
    far: Float32Array
    far_from_world: FloatArray
    cover: Float32Array
    cover_from_world: FloatArray
    lamps: Float32Array
    lamps_from_world: FloatArray
    headlights: FloatArray
    headlights_forward: FloatArray


class View(NamedTuple):
    """Where a camera is and how it looks.

    ``rays`` is (h, w, 2) in the plane z = 1, or empty for a pinhole; ``mirror`` (h / k, w / k, 3) is what wet
    ground mirrors, or empty; ``mirror_scale`` is its size over the image's.
    """

    world_from_cam: FloatArray
    matrix: FloatArray
    rays: FloatArray
    wetness: float
    mirror: Float32Array
    mirror_scale: float


@bare
def shade_image(
    behind: Int32Array, skin: Skin, maps: Maps, sky: Sky, view: View, rgb: Float32Array, depth: Float32Array
) -> None:
    """Colours (h, w, 3) and rough depths (h, w) of pixels that each hold 2 x 2 cells of `behind`.

    A pixel whose four cells hold one triangle is shaded once, at its middle; else each triangle once.
    """
    height, width = rgb.shape[0], rgb.shape[1]
    for y in range(height):
        for x in range(width):
            a, b = behind[2 * y, 2 * x], behind[2 * y, 2 * x + 1]
            c, d = behind[2 * y + 1, 2 * x], behind[2 * y + 1, 2 * x + 1]
            red = green = blue = 0.0
            nearest = np.inf
            left = 4.0
            for k in range(4):
                number = a if k == 0 else (b if k == 1 else (c if k == 2 else d))
                if (k > 0 and number == a) or (k > 1 and number == b) or (k > 2 and number == c):
                    continue
                in_a, in_b = 1.0 if a == number else 0.0, 1.0 if b == number else 0.0
                in_c, in_d = 1.0 if c == number else 0.0, 1.0 if d == number else 0.0
                count = in_a + in_b + in_c + in_d
                px = x + 0.25 + 0.5 * (in_b + in_d) / count
                py = y + 0.25 + 0.5 * (in_c + in_d) / count
                r1, g1, b1, z = _shade(number, px, py, skin, maps, sky, view)
                share = 0.25 * count
                red, green, blue = red + share * r1, green + share * g1, blue + share * b1
                nearest = min(nearest, z)
                left -= count
                if left == 0.0:
                    break
            rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2], depth[y, x] = red, green, blue, nearest


@inside
def flat_ray(view: View, x: float, y: float) -> tuple[float, float]:
    """Where a pixel position lies in the plane z = 1."""
    if view.rays.shape[0] == 0:
        ray_y = (y - view.matrix[1, 2]) / view.matrix[1, 1]
        return (x - view.matrix[0, 2] - view.matrix[0, 1] * ray_y) / view.matrix[0, 0], ray_y
    height, width = view.rays.shape[0], view.rays.shape[1]
    column, row = min(int(x), width - 1), min(int(y), height - 1)
    right, low = min(column + 1, width - 1), min(row + 1, height - 1)
    left, top = right - 1, low - 1
    fx, fy = x - 0.5 - column, y - 0.5 - row
    ray_x, ray_y = view.rays[row, column, 0], view.rays[row, column, 1]
    ray_x += fx * (view.rays[row, right, 0] - view.rays[row, left, 0])
    ray_x += fy * (view.rays[low, column, 0] - view.rays[top, column, 0])
    ray_y += fx * (view.rays[row, right, 1] - view.rays[row, left, 1])
    ray_y += fy * (view.rays[low, column, 1] - view.rays[top, column, 1])
    return ray_x, ray_y


@inside
def _shade(
    number: int, x: float, y: float, skin: Skin, maps: Maps, sky: Sky, view: View
) -> tuple[float, float, float, float]:
    """(red, green, blue, depth) of one triangle, or of the sky, at a position in the image."""
    ray_x, ray_y = flat_ray(view, x, y)
    m = view.world_from_cam
    long = 1.0 / np.sqrt(ray_x * ray_x + ray_y * ray_y + 1.0)
    dx = (m[0, 0] * ray_x + m[0, 1] * ray_y + m[0, 2]) * long
    dy = (m[1, 0] * ray_x + m[1, 1] * ray_y + m[1, 2]) * long
    dz = (m[2, 0] * ray_x + m[2, 1] * ray_y + m[2, 2]) * long
    if number < NOTHING or not (np.isfinite(ray_x) and np.isfinite(ray_y)):
        return 0.0, 0.0, 0.0, np.inf
    if number < 0:
        r, g, b = sky_color(sky, dx, dy, dz, True)
        return r, g, b, np.inf
    t = skin.triangles[number]
    ax, ay, az = t[0, 0] - m[0, 3], t[0, 1] - m[1, 3], t[0, 2] - m[2, 3]
    bx, by, bz = t[1, 0] - m[0, 3], t[1, 1] - m[1, 3], t[1, 2] - m[2, 3]
    cx, cy, cz = t[2, 0] - m[0, 3], t[2, 1] - m[1, 3], t[2, 2] - m[2, 3]
    w0 = dx * (by * cz - bz * cy) + dy * (bz * cx - bx * cz) + dz * (bx * cy - by * cx)
    w1 = dx * (cy * az - cz * ay) + dy * (cz * ax - cx * az) + dz * (cx * ay - cy * ax)
    w2 = dx * (ay * bz - az * by) + dy * (az * bx - ax * bz) + dz * (ax * by - ay * bx)
    total = w0 + w1 + w2
    if total == 0.0:
        total = 1e-30
    w0, w1, w2 = w0 / total, w1 / total, w2 / total
    # A cell's average position may lie a little outside of a sliver.
    w0, w1 = min(max(w0, 0.0), 1.0), min(max(w1, 0.0), 1.0)
    w2 = min(max(1.0 - w0 - w1, 0.0), 1.0)
    rx, ry, rz = w0 * ax + w1 * bx + w2 * cx, w0 * ay + w1 * by + w2 * cy, w0 * az + w1 * bz + w2 * cz
    distance = np.sqrt(rx * rx + ry * ry + rz * rz)
    uv = skin.uv[number]
    u = w0 * uv[0, 0] + w1 * uv[1, 0] + w2 * uv[2, 0]
    v = w0 * uv[0, 1] + w1 * uv[1, 1] + w2 * uv[2, 1]
    n = skin.normals[number]
    nx = w0 * n[0, 0] + w1 * n[1, 0] + w2 * n[2, 0]
    ny = w0 * n[0, 1] + w1 * n[1, 1] + w2 * n[2, 1]
    nz = w0 * n[0, 2] + w1 * n[1, 2] + w2 * n[2, 2]
    scale = 1.0 / max(np.sqrt(nx * nx + ny * ny + nz * nz), 1e-12)
    facing = (nx * dx + ny * dy + nz * dz) * scale
    if facing > 0.0:
        scale, facing = -scale, -facing
    nx, ny, nz = nx * scale, ny * scale, nz * scale
    px = distance / (view.matrix[0, 0] * np.sqrt(max(-facing, 0.03)))
    lod = np.log2(px * TILE)
    r, g, b = _lit(
        number,
        m[0, 3] + rx,
        m[1, 3] + ry,
        m[2, 3] + rz,
        dx,
        dy,
        dz,
        nx,
        ny,
        nz,
        u,
        v,
        px,
        lod,
        skin,
        maps,
        sky,
        view,
        view.matrix[0, 0] * ray_x + view.matrix[0, 2],
        view.matrix[1, 1] * ray_y + view.matrix[1, 2],
    )
    clear = np.exp(-sky.thickness * distance)
    r = sky.haze[0] + (r - sky.haze[0]) * clear
    g = sky.haze[1] + (g - sky.haze[1]) * clear
    b = sky.haze[2] + (b - sky.haze[2]) * clear
    return r, g, b, distance * long


@inside
def _lit(
    number: int, x: float, y: float, z: float, dx: float, dy: float, dz: float,
    nx: float, ny: float, nz: float, u: float, v: float, px: float, lod: float,
    skin: Skin, maps: Maps, sky: Sky, view: View, column: float, row: float,
) -> Rgb:  # fmt: skip
    """Light from a point of a surface towards the camera."""
    material = skin.material[number]
    r, g, b = float(skin.color[number, 0]), float(skin.color[number, 1]), float(skin.color[number, 2])
    noise = sky.noise
    glow = float(skin.emission[number])
    shine, mirror = 0.0, 0.0  # share of mirrored light head-on, and how clear the mirror is
    lit_r = lit_g = lit_b = 0.0
    if material == ASPHALT:
        r, g, b = asphalt(noise, r, g, b, u, v, px, lod)
    elif material == PAINT:
        r, g, b = paint(noise, r, g, b, u, v, px, lod)
    elif material == GRASS:
        r, g, b = grass(noise, r, g, b, u, v, px, lod)
    elif material == FOLIAGE:
        # Along the world's axes: a crown's own uv stretches at its poles.
        if abs(nz) > max(abs(nx), abs(ny)):
            u, v = x, y
        elif abs(nx) > abs(ny):
            u, v = y, z
        else:
            u, v = x, z
        r, g, b = foliage(noise, r, g, b, u, v, px, lod)
        bump = 0.5 * min(1.0, 0.2 / px)
        nx += bump * tile(noise, 1, u, v, 2.9, lod)
        ny += bump * tile(noise, 1, u + 1.16, v, 2.9, lod)
        nz += bump * tile(noise, 1, u, v + 1.74, 2.9, lod) + 0.15
    elif material == CONCRETE:
        r, g, b = concrete(noise, r, g, b, u, v, px, lod, nz > 0.7)
    elif material == FACADE and abs(nz) < 0.5:
        glass, frame, chance, floor = window(u, v, px, float(skin.house[number]))
        stain = 1.0 + 0.07 * tile(noise, 1, u, v, 2.1, lod) + 0.12 * tile(noise, 0, u, v, 13.0, lod)
        rest = 1.0 - glass - frame
        curtain = 0.05 + (0.25 if chance < 0.2 else 0.02)
        r = rest * stain * r + frame * 0.35 + glass * curtain
        g = rest * stain * g + frame * 0.35 + glass * curtain
        b = rest * stain * b + frame * 0.34 + glass * curtain
        shine = glass * 0.14
        mirror = glass
        if sky.is_night:
            share = 0.75 if v < 4.0 and floor > 0.4 else 0.28
            if chance < share:
                power = glass * (0.10 + 0.35 * chance / share)
                lit_r, lit_g, lit_b = power, power * (0.72 + 0.2 * floor), power * (0.42 + 0.4 * floor)
    elif material == METAL:
        shine, mirror = 0.05, 1.0
    elif material == GLASS:
        r, g, b = r * 0.6, g * 0.6, b * 0.6
        shine, mirror = 0.09, 1.0
    elif material == LAMP:
        shine, mirror = 0.06, 0.6
    else:
        spot = 1.0 + 0.08 * tile(noise, 0, u, v, 2.7, lod)
        r, g, b = r * spot, g * spot, b * spot
    wetness = view.wetness
    wet_share, wet_u, wet_v = 0.0, 0.0, 0.0
    if wetness > 0.0:
        dark = 1.0 - (0.45 if nz > 0.8 else 0.15) * wetness
        r, g, b = r * dark, g * dark, b * dark
        if skin.is_ground[number] and nz > 0.8 and view.mirror.shape[0] > 0:
            pool = smooth(-0.1, 0.6, tile(noise, 0, x, y, 19.0, lod) + 0.3 * tile(noise, 0, x, y, 5.0, lod))
            grazing = 1.0 - min(max(-dz, 0.0), 1.0)
            wet_share = (0.02 + 0.98 * grazing**5) * wetness * (0.30 + 0.45 * pool)
            rough = 9.0 * (1.0 - 0.75 * pool)
            wet_u = column + 0.5 * rough * tile(noise, 1, x, y, 0.9, lod)
            wet_v = row + rough * tile(noise, 1, x + 0.35, y, 0.9, lod)
    e_r, e_g, e_b, shadow = _light_on(
        x, y, z, nx, ny, nz, skin.is_ground[number], material == FOLIAGE, maps, sky
    )
    lit_r, lit_g, lit_b = lit_r + r * e_r, lit_g + g * e_g, lit_b + b * e_b
    if mirror > 0.0:
        lit_r, lit_g, lit_b = _shiny(
            lit_r, lit_g, lit_b, dx, dy, dz, nx, ny, nz, shine, mirror, shadow, sky, z
        )
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
    shine: float, mirror: float, shadow: float, sky: Sky, height: float,
) -> Rgb:  # fmt: skip
    """A surface's own light under what it mirrors. Source: Schlick 1994, equation 15."""
    along = nx * dx + ny * dy + nz * dz
    fresnel = (shine + (1.0 - shine) * (1.0 - min(max(-along, 0.0), 1.0)) ** 5) * mirror
    tx, ty, tz = dx - 2.0 * along * nx, dy - 2.0 * along * ny, dz - 2.0 * along * nz
    m_r, m_g, m_b = mirrored(sky, tx, ty, tz)
    r, g, b = r + fresnel * (m_r - r), g + fresnel * (m_g - g), b + fresnel * (m_b - b)
    towards = max(tx * sky.sun_direction[0] + ty * sky.sun_direction[1] + tz * sky.sun_direction[2], 0.0)
    spark = shadow * mirror * (1.2 * towards**200 + 0.06 * towards**24) * (0.3 + 2.0 * shine)
    return r + spark * sky.sun[0], g + spark * sky.sun[1], b + spark * sky.sun[2]


@inside
def _light_on(
    x: float,
    y: float,
    z: float,
    nx: float,
    ny: float,
    nz: float,
    is_ground: bool,
    is_leaf: bool,
    maps: Maps,
    sky: Sky,
) -> tuple[float, float, float, float]:
    """(red, green, blue) light on a surface, and the share of the sun that reaches it."""
    to_sun = nx * sky.sun_direction[0] + ny * sky.sun_direction[1] + nz * sky.sun_direction[2]
    if is_leaf:
        to_sun = 0.35 + 0.65 * to_sun  # leaves let light through
    seen = 0.0
    if to_sun > 0.0 and sky.sun[1] > 0.0:
        seen = _sun_reaches(x + 0.04 * nx, y + 0.04 * ny, z + 0.04 * nz, 0.45 if is_leaf else 0.03, maps)
    direct = max(to_sun, 0.0) * seen
    cover = _lookup(maps.cover, maps.cover_from_world, x, y, z)
    open_sky = 1.0 - cover
    if not is_ground:
        open_sky = 1.0 - 0.75 * cover * max(0.0, 1.0 - z / 1.5) if nz < 0.5 else 1.0
    above = 0.5 + 0.5 * nz
    side = 1.0 - abs(nz)
    r = sky.zenith[0] + (sky.horizon[0] - sky.zenith[0]) * (0.42 + 0.3 * side)
    g = sky.zenith[1] + (sky.horizon[1] - sky.zenith[1]) * (0.42 + 0.3 * side)
    b = sky.zenith[2] + (sky.horizon[2] - sky.zenith[2]) * (0.42 + 0.3 * side)
    bounce = 1.0 - above
    r = open_sky * (above * r + bounce * sky.ground[0]) + direct * sky.sun[0]
    g = open_sky * (above * g + bounce * sky.ground[1]) + direct * sky.sun[1]
    b = open_sky * (above * b + bounce * sky.ground[2]) + direct * sky.sun[2]
    if sky.is_night:
        l_r, l_g, l_b = _lamp_light(x, y, z, nx, ny, nz, maps)
        r, g, b = r + l_r, g + l_g, b + l_b
    return r, g, b, seen


@inside
def _sun_reaches(x: float, y: float, z: float, slack: float, maps: Maps) -> float:
    """Share of four cells of the finest shadow map around a point that let the sun through."""
    for k in range(2):
        m = maps.near_from_world if k == 0 else maps.far_from_world
        grid = maps.near if k == 0 else maps.far
        u = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3] - 0.5
        v = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3] - 0.5
        if u < 1.0 or v < 1.0 or u >= grid.shape[1] - 2.0 or v >= grid.shape[0] - 2.0:
            continue
        here = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3] + slack * (1.0 if k == 0 else 4.0)
        column, row = int(u), int(v)
        fu, fv = u - column, v - row
        a = 1.0 if here >= grid[row, column] else 0.0
        b = 1.0 if here >= grid[row, column + 1] else 0.0
        c = 1.0 if here >= grid[row + 1, column] else 0.0
        d = 1.0 if here >= grid[row + 1, column + 1] else 0.0
        top, low = a + fu * (b - a), c + fu * (d - c)
        share: float = top + fv * (low - top)
        return share
    return 1.0


@inside
def _lookup(grid: Float32Array, m: FloatArray, x: float, y: float, z: float) -> float:
    """A map's value at a point, between its cells; 0 beyond its border."""
    u = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3] - 0.5
    v = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3] - 0.5
    if u < 0.0 or v < 0.0 or u >= grid.shape[1] - 1.0 or v >= grid.shape[0] - 1.0:
        return 0.0
    column, row = int(u), int(v)
    fu, fv = u - column, v - row
    top = grid[row, column] + fu * (grid[row, column + 1] - grid[row, column])
    low = grid[row + 1, column] + fu * (grid[row + 1, column + 1] - grid[row + 1, column])
    value: float = top + fv * (low - top)
    return value


@inside
def _lamp_light(x: float, y: float, z: float, nx: float, ny: float, nz: float, maps: Maps) -> Rgb:
    """Light of street lamps and other cars, and of the ego's headlights."""
    m = maps.lamps_from_world
    u, v = m[0, 0] * x + m[0, 1] * y + m[0, 3], m[1, 0] * x + m[1, 1] * y + m[1, 3]
    r = g = b = 0.0
    if u >= 0.0 and v >= 0.0 and u < maps.lamps.shape[1] - 1.0 and v < maps.lamps.shape[0] - 1.0:
        column, row = int(u), int(v)
        fu, fv = u - column, v - row
        # Walls get less of the light that falls on the ground beside them, and less with height.
        share = (0.35 + 0.65 * max(nz, 0.0)) * np.exp(-max(z, 0.0) / 6.0)
        for k in range(4):
            part = (fu if k & 1 else 1.0 - fu) * (fv if k & 2 else 1.0 - fv) * share
            cell = maps.lamps[row + (k >> 1), column + (k & 1)]
            r, g, b = r + part * cell[0], g + part * cell[1], b + part * cell[2]
    for i in range(maps.headlights.shape[0]):
        hx, hy, hz = x - maps.headlights[i, 0], y - maps.headlights[i, 1], z - maps.headlights[i, 2]
        distance = np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
        forward = maps.headlights_forward
        along = (hx * forward[0] + hy * forward[1] + hz * forward[2]) / distance
        up = hz / distance
        beam = smooth(0.83, 0.99, along) * (1.0 - 0.94 * smooth(-0.015, 0.004, up))
        beam *= 0.12 + 0.88 * smooth(-0.22, -0.03, up)
        beam += 0.03 * smooth(0.2, 0.9, along)
        facing = max(-(nx * hx + ny * hy + nz * hz) / distance, 0.0)
        power = 420.0 * beam * (facing * (1.0 - 0.7 * facing) + 0.01) / (distance * distance + 60.0)
        r, g, b = r + power, g + 0.97 * power, b + 0.9 * power
    return r, g, b
