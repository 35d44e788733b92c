"""What is to be simulated, and the weather and light that it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drivelabel._check import did_you_mean
from drivelabel.errors import InvalidLabelError
from drivelabel.simulate.render import Effects, Light
from drivelabel.simulate.rig import Rig, default_rig
from drivelabel.simulate.world import WorldSettings
from drivelabel.typing import FloatArray

WEATHERS = ("clear", "cloudy", "rain", "fog")
IMAGE_FORMATS = ("jpg", "png")
MAX_FRAMES = 200_000
"""Frames and sweeps of one drive."""


@dataclass(frozen=True, slots=True, eq=False)
class SimulateSettings:
    """A drive to be simulated.

    Attributes:
        world: its seed, length, kind of road, and whether it is night.
        rig: the car's sensors.
        weather: one of WEATHERS.
        image_format: ``jpg`` or ``png``.
        radius_m: how far cameras see things that stand up; the ground goes on.
        threads: that draw; the pictures do not depend on it.

    Raises:
        InvalidLabelError: a value is out of range or unknown, or the drive would have too many frames.
    """

    world: WorldSettings = field(default_factory=WorldSettings)
    rig: Rig = field(default_factory=default_rig)
    weather: str = "clear"
    image_format: str = "jpg"
    radius_m: float = 200.0
    threads: int = 2

    def __post_init__(self) -> None:
        if self.weather not in WEATHERS:
            raise InvalidLabelError(f"weather: no {self.weather!r}.{did_you_mean(self.weather, WEATHERS)}")
        if self.image_format not in IMAGE_FORMATS:
            raise InvalidLabelError(
                f"image_format: expected {' or '.join(IMAGE_FORMATS)}, got {self.image_format!r}."
            )
        if not 20 <= self.radius_m <= 1000:
            raise InvalidLabelError(f"radius_m: expected 20 to 1000, got {self.radius_m:g}.")
        if self.threads < 1:
            raise InvalidLabelError(f"threads: expected at least 1, got {self.threads}.")
        rates = [camera.hz for camera in self.rig.cameras] + [lidar.hz for lidar in self.rig.lidars]
        if sum(rates) * self.world.seconds > MAX_FRAMES:
            raise InvalidLabelError(
                f"rig: {sum(rates):g} frames and sweeps a second for {self.world.seconds:g} s are more than "
                f"{MAX_FRAMES:,}. Ask for fewer seconds or lower rates."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Air:
    """The light and the weather of a drive.

    Attributes:
        elevation_deg, azimuth_deg: of the sun.
        cloud_cover: 0 clear to 1 overcast.
        rain: 0 dry to 1 a downpour.
        fog_per_m: share of light lost per metre.
        time_of_day: ``day``, ``dusk`` or ``night``.
        exposure_ev: stops by which the cameras are set brighter than metered.
        white_balance: their gains of red, green and blue.
        jpeg_quality: of the pictures' files.
    """

    elevation_deg: float
    azimuth_deg: float
    cloud_cover: float
    rain: float
    fog_per_m: float
    time_of_day: str
    exposure_ev: float
    white_balance: tuple[float, float, float]
    jpeg_quality: int

    @classmethod
    def draw(cls, settings: SimulateSettings) -> Air:
        """That of one drive, from its seed."""
        rng = np.random.default_rng([settings.world.seed, 77])
        elevation = float(rng.choice([rng.uniform(8, 16), rng.uniform(25, 60), rng.uniform(25, 60)]))
        cover = {"clear": rng.uniform(0.05, 0.45), "cloudy": rng.uniform(0.85, 1.0), "rain": 1.0, "fog": 0.95}
        if settings.weather != "clear":
            elevation = max(elevation, 30.0)
        time_of_day = "night" if settings.world.night else "dusk" if elevation < 18 else "day"
        warm, green = (float(x) for x in np.clip(rng.normal(0.0, [0.03, 0.01]), -0.06, 0.06))
        return cls(
            elevation,
            float(rng.uniform(-180, 180)),
            float(cover[settings.weather]),
            float(rng.uniform(0.35, 0.8)) if settings.weather == "rain" else 0.0,
            {"fog": float(rng.uniform(0.012, 0.025)), "rain": 0.003}.get(settings.weather, 0.0),
            time_of_day,
            float(np.clip(rng.normal(0.0, 0.25), -0.6, 0.6)),
            (1.0 + warm, 1.0 + green, 1.0 - warm),
            int(rng.integers(86, 96)),
        )

    def light(self, world_from_ego: FloatArray) -> Light:
        """The light around the ego."""
        if self.time_of_day != "night":
            return Light.day(self.elevation_deg, self.azimuth_deg, self.cloud_cover)
        lamps = np.array([[3.5, 0.65, 0.7, 1], [3.5, -0.65, 0.7, 1]]) @ world_from_ego.T
        return Light.night(lamps[:, :3], world_from_ego[:3, 0], self.cloud_cover)

    def effects(self, velocity_cam: FloatArray, turn_cam: FloatArray) -> Effects:
        """What the camera and the air do to a picture."""
        night = self.time_of_day == "night"
        vx, vy, vz = (float(x) for x in velocity_cam)
        wx, wy, wz = (float(x) for x in turn_cam)
        return Effects(
            exposure_ev=self.exposure_ev,
            white_balance=self.white_balance,
            noise=0.02 if night else 0.008,
            motion_blur_s=0.008 if night else 0.002,
            velocity_cam=(vx, vy, vz),
            turn_cam=(wx, wy, wz),
            rain=self.rain,
            fog_per_m=self.fog_per_m,
        )
