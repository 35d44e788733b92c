"""What lights the world, and what a camera and the weather do to its picture."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.typing import AnyArray, FloatArray

Rgb = tuple[float, float, float]
"""Linear RGB; for light, in units in which a clear noon sun is about 3."""


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """The light at one time.

    Attributes:
        sun_direction: (3,) float64, unit, world coords, towards the sun (or the moon).
        sun: light on a surface that faces the sun.
        zenith, horizon: light from the sky, above and at the horizon.
        cloud_cover: 0 clear to 1 overcast.
        is_night: street lamps, windows and headlights are lit.
        ego_headlights: (n, 3) float64, metres, world coords, where the ego's own lamps are; empty when off.
        ego_forward: (3,) float64, unit, world coords, where they point.

    Raises:
        InvalidLabelError: a direction has another shape or no length.
    """

    sun_direction: FloatArray
    sun: Rgb
    zenith: Rgb
    horizon: Rgb
    cloud_cover: float = 0.3
    is_night: bool = False
    ego_headlights: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))
    ego_forward: FloatArray = field(default_factory=lambda: np.array([1.0, 0.0, 0.0]))

    def __post_init__(self) -> None:
        for name in ("sun_direction", "ego_forward"):
            direction = np.asarray(getattr(self, name), np.float64)
            check_shape(f"light.{name}", direction, (3,))
            length = float(np.linalg.norm(direction))
            if not np.isfinite(length) or length == 0:
                raise InvalidLabelError(f"light.{name}: expected a direction, got {direction.tolist()}.")
            object.__setattr__(self, name, direction / length)
        object.__setattr__(self, "ego_headlights", np.asarray(self.ego_headlights, np.float64))
        check_shape("light.ego_headlights", self.ego_headlights, (None, 3))
        _check_share("light.cloud_cover", self.cloud_cover)

    @classmethod
    def day(cls, elevation_deg: float = 45.0, azimuth_deg: float = 60.0, cloud_cover: float = 0.3) -> Light:
        """Daylight with the sun at some height, `azimuth_deg` left of +x.

        Raises:
            InvalidLabelError: the sun is not above the horizon, or the cover is no share.
        """
        if not 0 < elevation_deg <= 90:
            raise InvalidLabelError(
                f"elevation_deg: expected a sun above the horizon, got {elevation_deg:g}."
            )
        _check_share("cloud_cover", cloud_cover)
        height = np.sin(np.radians(elevation_deg))
        # What of each colour comes through the air: blue is lost first, and more of it when the way is long.
        air = 1.0 / (height + 0.15 * (elevation_deg + 3.885) ** -1.253)
        through = np.exp(-np.array([0.08, 0.14, 0.26]) * air)
        open_sky = 1.0 - max(0.0, cloud_cover - 0.55) / 0.45
        sun = 3.6 * through * open_sky**2
        grey = np.array([0.80, 0.84, 0.90]) * (0.35 + 0.65 * height)
        clear_zenith, clear_horizon = np.array([0.22, 0.42, 0.90]), np.array([0.76, 0.92, 1.12])
        warm = np.array([1.15, 0.93, 0.72]) if elevation_deg < 15 else np.ones(3)
        bright = 0.25 + 0.75 * min(1.0, height * 1.6)
        zenith = bright * (open_sky * clear_zenith + (1 - open_sky) * grey)
        horizon = bright * (open_sky * clear_horizon * warm + (1 - open_sky) * grey * 1.15)
        return cls(_towards(elevation_deg, azimuth_deg), _rgb(sun), _rgb(zenith), _rgb(horizon), cloud_cover)

    @classmethod
    def night(
        cls,
        ego_headlights: AnyArray | None = None,
        ego_forward: AnyArray | None = None,
        cloud_cover: float = 0.4,
    ) -> Light:
        """A moonlit town, with the ego's headlights where given."""
        lamps = np.zeros((0, 3)) if ego_headlights is None else np.asarray(ego_headlights, np.float64)
        return cls(
            _towards(40.0, 120.0),
            (0.012, 0.014, 0.02),
            (0.006, 0.008, 0.016),
            (0.03, 0.026, 0.024),
            cloud_cover,
            True,
            lamps,
            np.array([1.0, 0.0, 0.0]) if ego_forward is None else np.asarray(ego_forward, np.float64),
        )


@dataclass(frozen=True, slots=True)
class Effects:
    """What the weather and the camera do to a picture; all zero is a perfect camera in clear air.

    Attributes:
        exposure_ev: stops brighter (above 0) or darker than metered.
        white_balance: gain of red, green and blue.
        noise: standard deviation at mid grey, share of full scale.
        motion_blur_s: how long the shutter is open.
        velocity_cam: (x, y, z) m/s of the camera in its own coords, for motion blur.
        turn_cam: (x, y, z) rad/s of the camera in its own coords, for motion blur.
        rain: 0 dry to 1 a downpour.
        fog_per_m: share of light lost per metre; 0.02 is a dense fog.
        vignette: share of light lost in the corners.
        defocus_px: standard deviation of the lens's blur.
    """

    exposure_ev: float = 0.0
    white_balance: Rgb = (1.0, 1.0, 1.0)
    noise: float = 0.008
    motion_blur_s: float = 0.0
    velocity_cam: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn_cam: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rain: float = 0.0
    fog_per_m: float = 0.0
    vignette: float = 0.25
    defocus_px: float = 0.45

    def __post_init__(self) -> None:
        for name in ("rain", "vignette"):
            _check_share(f"effects.{name}", getattr(self, name))
        for name in ("noise", "motion_blur_s", "fog_per_m", "defocus_px"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise InvalidLabelError(f"effects.{name}: expected a number from 0 on, got {value!r}.")
        if not all(np.isfinite(gain) and gain > 0 for gain in self.white_balance):
            raise InvalidLabelError(
                f"effects.white_balance: expected three gains above 0, got {self.white_balance!r}."
            )
        if not np.isfinite(self.exposure_ev):
            raise InvalidLabelError(f"effects.exposure_ev: expected a number, got {self.exposure_ev!r}.")


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise InvalidLabelError(f"{name}: expected a number in [0, 1], got {value!r}.")


def _towards(elevation_deg: float, azimuth_deg: float) -> FloatArray:
    up, around = np.radians(elevation_deg), np.radians(azimuth_deg)
    return np.array([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)])


def _rgb(color: FloatArray) -> Rgb:
    r, g, b = (float(value) for value in color)
    return r, g, b
