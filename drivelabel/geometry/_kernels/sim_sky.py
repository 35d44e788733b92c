"""The sky and the air, for numba. Directions are unit, world coords; colours linear RGB."""

from __future__ import annotations

from typing import NamedTuple

from drivelabel.geometry._kernels.sim_bare import bare
from drivelabel.geometry._kernels.sim_noise import CLOUD, fade, smooth, tile
from drivelabel.typing import Float32Array, FloatArray

Rgb = tuple[float, float, float]

SKY_STEP = 4
"""Pixels between the places where a picture's sky is worked out; clouds and haze are soft."""


class Sky(NamedTuple):
    """What fills the space around the surfaces.

    ``sun_direction, sun, zenith, horizon, ground, haze``: (3,) float64; ``noise``: see ``noise_tiles``;
    ``thickness``: share of light lost per metre of air.
    """

    sun_direction: FloatArray
    sun: FloatArray
    zenith: FloatArray
    horizon: FloatArray
    ground: FloatArray
    haze: FloatArray
    cloud_cover: float
    thickness: float
    is_night: bool
    noise: Float32Array


@bare
def sky_color(sky: Sky, x: float, y: float, z: float) -> Rgb:
    """Light of the clear sky from a direction; below the horizon, of the ground far away. Without the sun."""
    up = max(z, 0.0)
    mix = fade(3.6 * up)
    r = sky.zenith[0] + (sky.horizon[0] - sky.zenith[0]) * mix
    g = sky.zenith[1] + (sky.horizon[1] - sky.zenith[1]) * mix
    b = sky.zenith[2] + (sky.horizon[2] - sky.zenith[2]) * mix
    towards = max(x * sky.sun_direction[0] + y * sky.sun_direction[1] + z * sky.sun_direction[2], 0.0)
    power = towards * towards
    power *= power
    power *= power
    glow = 0.10 * power + 0.25 * power**8
    r, g, b = r + glow * sky.sun[0], g + glow * sky.sun[1], b + glow * sky.sun[2]
    if z < 0.0:
        down = smooth(0.0, 0.08, -z)
        r += down * (sky.ground[0] - r)
        g += down * (sky.ground[1] - g)
        b += down * (sky.ground[2] - b)
    veiled: Rgb = _veiled(sky, up, r, g, b)
    return veiled


@bare
def _veiled(sky: Sky, up: float, r: float, g: float, b: float) -> Rgb:
    """Light through all the air above."""
    veil = fade(sky.thickness * 60.0 / (up + 0.02))
    return (
        sky.haze[0] + (r - sky.haze[0]) * veil,
        sky.haze[1] + (g - sky.haze[1]) * veil,
        sky.haze[2] + (b - sky.haze[2]) * veil,
    )


@bare
def cloudy_sky(sky: Sky, x: float, y: float, z: float) -> tuple[float, float, float, float]:
    """The same with clouds, and the share of the sun's disc that they let through."""
    r, g, b = sky_color(sky, x, y, z)
    if sky.cloud_cover <= 0.0 or z < 0.003:
        return r, g, b, 1.0
    s = 0.11 / (z + 0.12)
    shape = tile(sky.noise, CLOUD, x * s + 0.31, y * s + 0.17, 1.0, 0.0)
    shape += 0.45 * tile(sky.noise, CLOUD, x * s * 4.3 + 0.7, y * s * 4.3, 1.0, 0.0)
    low = 1.0 - 2.3 * sky.cloud_cover
    cover = smooth(low, low + 0.8, shape) * smooth(0.0, 0.12, z)
    thick = smooth(low + 0.3, low + 1.5, shape)
    towards = max(x * sky.sun_direction[0] + y * sky.sun_direction[1] + z * sky.sun_direction[2], 0.0)
    white, lit = 1.0 - 0.32 * thick, 0.22 + 0.12 * towards * towards * towards
    c_r, c_g, c_b = _veiled(
        sky,
        z,
        white * (sky.horizon[0] * 0.85 + lit * sky.sun[0]),
        white * (sky.horizon[1] * 0.85 + lit * sky.sun[1]),
        white * (sky.horizon[2] * 0.87 + lit * sky.sun[2]),
    )
    return r + cover * (c_r - r), g + cover * (c_g - g), b + cover * (c_b - b), 1.0 - 0.85 * cover


@bare
def sun_disc(sky: Sky, x: float, y: float, z: float) -> float:
    """How bright the sun itself is in a direction, in units of its light."""
    towards = x * sky.sun_direction[0] + y * sky.sun_direction[1] + z * sky.sun_direction[2]
    if sky.is_night or towards < 0.9998:
        return 0.0
    disc: float = 30.0 * smooth(0.99985, 0.99997, towards)
    return disc


@bare
def mirrored(sky: Sky, x: float, y: float, z: float) -> Rgb:
    """What a shiny surface sees in a direction: sky above a line of houses and trees, ground below."""
    r, g, b = sky_color(sky, x, y, z)
    skyline = 0.16 + 0.10 * tile(sky.noise, CLOUD, 0.4 * x + 0.2 * y, 0.6 * y, 1.0, 0.0)
    skyline += 0.05 * tile(sky.noise, CLOUD, 1.9 * x + 1.2 * y, 0.3 * x - 1.6 * y, 1.0, 16.0)
    wall = 1.0 - smooth(skyline - 0.03, skyline + 0.03, z)
    dark_r, dark_g, dark_b = 0.9 * sky.ground[0], 0.9 * sky.ground[1], 0.95 * sky.ground[2]
    return r + wall * (dark_r - r), g + wall * (dark_g - g), b + wall * (dark_b - b)
