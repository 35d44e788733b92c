"""A spinning lidar in the simulated world, with what each of its points lies on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels.sim_lidar import cast_columns
from drivelabel.geometry._kernels.sim_raster import NOTHING
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.simulate.geometry3d import MATERIALS, Surfaces
from drivelabel.typing import AnyArray, BoolArray, Float32Array, FloatArray, IntArray, UInt8Array, UInt16Array


def _hdl_32e() -> FloatArray:
    # Source: Velodyne HDL-32E manual, 32 beams from -30.67 to +10.67 degrees, 1.33 apart.
    elevation: FloatArray = np.radians(np.linspace(-30.67, 10.67, 32))
    return elevation


@dataclass(frozen=True, slots=True, eq=False)
class LidarModel:
    """How a spinning lidar looks around.

    Attributes:
        elevation: (b,) float64, radians, rising; one for each beam, up is positive.
        n_azimuths: columns of a turn.
        turn_s: seconds that a turn takes.
        is_clockwise: seen from above.
        start_azimuth: radians about the lidar's z from its x, where a turn starts.
        min_range, max_range: metres.
        range_noise: metres, standard deviation.
        dropout: share of returns that are lost for no reason.

    Raises:
        InvalidLabelError: a number is out of range.
    """

    elevation: FloatArray = field(default_factory=_hdl_32e)
    n_azimuths: int = 1080
    turn_s: float = 0.05
    is_clockwise: bool = True
    start_azimuth: float = -np.pi / 2
    min_range: float = 1.0
    max_range: float = 90.0
    range_noise: float = 0.015
    dropout: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "elevation", np.asarray(self.elevation, np.float64))
        check_shape("lidar.elevation", self.elevation, (None,))
        check_finite("lidar.elevation", self.elevation)
        if len(self.elevation) == 0 or (np.diff(self.elevation) <= 0).any():
            raise InvalidLabelError("lidar.elevation: expected rising angles, one at least.")
        if np.abs(self.elevation).max() >= np.pi / 2:
            raise InvalidLabelError("lidar.elevation: expected angles within 90 degrees of level.")
        if not 3 <= self.n_azimuths <= 100_000:
            raise InvalidLabelError(f"lidar.n_azimuths: expected 3 to 100000, got {self.n_azimuths}.")
        if not self.turn_s >= 0:
            raise InvalidLabelError(f"lidar.turn_s: expected 0 or more, got {self.turn_s!r}.")
        if not 0 <= self.min_range < self.max_range:
            raise InvalidLabelError(
                f"lidar: expected 0 <= min_range < max_range, got {self.min_range:g} and {self.max_range:g}."
            )
        if not self.range_noise >= 0 or not 0 <= self.dropout <= 1:
            raise InvalidLabelError(
                f"lidar: expected range_noise from 0 on and dropout in [0, 1], got {self.range_noise!r} "
                f"and {self.dropout!r}."
            )


@dataclass(frozen=True, slots=True, eq=False)
class SweepRender:
    """The points of one turn and their truth, column by column, in each from the lowest beam up.

    Attributes:
        points: (n, 4) float32, x, y, z in metres and intensity in [0, 255]; in the lidar's coords at the
            sweep's time: the lidar's own motion during the turn is taken out, that of things is not.
        ring: (n,) uint8, beam, 0 is the lowest.
        time_offset_s: (n,) float32, when each was measured, relative to the sweep's time.
        category: (n,) uint8, row of DRIVING.
        instance: (n,) uint16, 1 + row of the world's things, 0 for none.
    """

    points: Float32Array
    ring: UInt8Array
    time_offset_s: Float32Array
    category: UInt8Array
    instance: UInt16Array

    def __len__(self) -> int:
        return len(self.points)


SurfacesAt = Callable[[int], Surfaces]
"""What there is at a timestamp_ns."""
PosesAt = Callable[[IntArray], FloatArray]
"""(n,) timestamps to (n, 4, 4) world_from_lidar."""

_REFLECTS = {"paint": 0.75, "metal": 0.55, "glass": 0.12, "foliage": 0.5, "facade": 0.45, "lamp": 0.8}
"""Share of infrared light that comes back from materials, where colour does not say; else 0.1 and colour."""
_RETRO = ("traffic_sign", "traffic_cone")


def cast_lidar(
    surfaces_at: SurfacesAt | Surfaces,
    poses_at: PosesAt,
    model: LidarModel,
    timestamp_ns: int,
    seed: int,
    *,
    rain: float = 0.0,
    fog_per_m: float = 0.0,
    slices: int = 4,
) -> SweepRender:
    """One turn of a lidar.

    The turn's middle is at `timestamp_ns`. Every column of beams has its own time and pose; things move in
    `slices` steps during the turn.

    Args:
        surfaces_at: what there is at a time; or surfaces that stand still.
        poses_at: where the lidar is at some times.
        model: its beams.
        timestamp_ns: the sweep's time.
        seed: of noise and dropout.
        rain: 0 to 1; drops swallow returns, far ones most of all, and make some of their own.
        fog_per_m: share of light that fog takes per metre, there and back; it sends some of it back, too.
        slices: how often things move during a turn.

    Raises:
        InvalidLabelError: `slices` is below 1, or the poses have another shape.
    """
    if slices < 1:
        raise InvalidLabelError(f"slices: expected 1 or more, got {slices}.")
    n = model.n_azimuths
    offset_s = ((np.arange(n) + 0.5) / n - 0.5) * model.turn_s
    times = timestamp_ns + np.round(offset_s * 1e9).astype(np.int64)
    poses = np.asarray(poses_at(np.append(times, timestamp_ns)), np.float64)
    check_shape("poses_at", poses, (n + 1, 4, 4))
    step = (-1 if model.is_clockwise else 1) * 2 * np.pi / n
    azimuth = model.start_azimuth + step * np.arange(n)
    distance = np.full((n, len(model.elevation)), np.inf)
    facts = _Facts.empty(distance.shape)
    for first, stop in _parts(n, slices):
        now = (
            surfaces_at if isinstance(surfaces_at, Surfaces) else surfaces_at(int(times[(first + stop) // 2]))
        )
        rows = slice(first, stop)
        behind = np.full((stop - first, distance.shape[1]), NOTHING, np.int32)
        lidar_from_world = _relative(poses[rows], now.origin)
        cast_columns(
            now.triangles,
            now.layer,
            lidar_from_world,
            azimuth[rows],
            step,
            0,
            np.tan(model.elevation),
            model.max_range,
            distance[rows],
            behind,
        )
        facts.read(now, behind, _beams(azimuth[rows], model.elevation), lidar_from_world, rows)
    rng, air = np.random.default_rng(seed), _Air(rain, fog_per_m)
    return _measure(model, azimuth, distance, facts, offset_s, poses, rng, air)


@dataclass(frozen=True, slots=True)
class _Air:
    """What is between a lidar and the world."""

    rain: float
    fog_per_m: float

    @property
    def thickness(self) -> float:
        """Share of light lost per metre."""
        return 0.001 + 0.012 * self.rain + self.fog_per_m

    @property
    def dropout(self) -> float:
        """Share of returns lost to water on the lidar's window."""
        return 0.05 * self.rain

    @property
    def echoes(self) -> float:
        """Share of beams that drops or droplets near the lidar send back."""
        return min(0.5, 0.012 * self.rain + 0.8 * self.fog_per_m)


@dataclass(frozen=True, slots=True, eq=False)
class _Facts:
    """What each beam met, (columns, beams)."""

    category: UInt8Array
    instance: UInt16Array
    reflects: Float32Array
    facing: Float32Array
    is_glass: BoolArray

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> _Facts:
        return cls(
            np.zeros(shape, np.uint8),
            np.zeros(shape, np.uint16),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.bool_),
        )

    def read(
        self, now: Surfaces, behind: AnyArray, beams: FloatArray, lidar_from_world: FloatArray, rows: slice
    ) -> None:
        """Take down what the beams of some columns met."""
        column, beam = np.nonzero(behind != NOTHING)
        hit = behind[column, beam]
        at = (column + rows.start, beam)
        self.category[at], self.instance[at] = now.category[hit], now.instance[hit]
        t = now.triangles[hit].astype(np.float64)
        normal = np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        beams_world = np.einsum("nji,nj->ni", lidar_from_world[column, :, :3], beams[column, beam])
        self.facing[at] = np.abs((normal * beams_world).sum(axis=1))
        self.reflects[at] = _reflectivity(now, hit)
        self.is_glass[at] = now.material[hit] == MATERIALS.index("glass")


def _reflectivity(now: Surfaces, hit: AnyArray) -> FloatArray:
    material = now.material[hit]
    share = 0.1 + 0.6 * now.color[hit].mean(axis=1)
    for name, value in _REFLECTS.items():
        share = np.where(material == MATERIALS.index(name), value * (0.6 + 0.4 * share), share)
    retro = np.isin(now.category[hit], [DRIVING.id_of(name) for name in _RETRO])
    reflectivity: FloatArray = np.where(retro, 1.6, share)
    return reflectivity


def _measure(
    model: LidarModel,
    azimuth: FloatArray,
    distance: FloatArray,
    facts: _Facts,
    offset_s: FloatArray,
    poses: FloatArray,
    rng: np.random.Generator,
    air: _Air,
) -> SweepRender:
    """Noise, losses, and points in the coords of the sweep's time."""
    shape = distance.shape
    noise, luck, glint = rng.standard_normal(shape), rng.random(shape), rng.random(shape)
    met = np.isfinite(distance)
    reach = np.where(met, distance, model.max_range)
    # Light that comes back: weaker with distance, at grazing sight, and through rain and fog.
    power = facts.reflects * (0.15 + 0.85 * facts.facing) * np.exp(-2 * air.thickness * reach)
    seen = power * (0.62 * model.max_range / np.maximum(reach, 1.0)) ** 2
    lost = luck < model.dropout + air.dropout + np.exp(-22.0 * seen) + np.where(facts.is_glass, 0.7, 0.0)
    keep = met & ~lost & (reach >= model.min_range)
    measured = reach + model.range_noise * noise
    category, instance, intensity = facts.category, facts.instance, 255 * np.clip(power, 0.0, 1.0)
    if air.echoes > 0:
        drop_at = 1.5 + 12.0 * glint**2
        drop = (rng.random(shape) < air.echoes) & (drop_at < reach) & (drop_at > model.min_range)
        keep |= drop
        measured = np.where(drop, drop_at, measured)
        intensity = np.where(drop, 3.0, intensity)
        category = np.where(drop, np.uint8(DRIVING.id_of("other_stuff")), category)
        instance = np.where(drop, np.uint16(0), instance)
    column, beam = np.nonzero(keep)
    local = _beams(azimuth, model.elevation)[column, beam] * measured[column, beam, None]
    own = poses[:-1][column]
    world = np.einsum("nij,nj->ni", own[:, :3, :3], local) + own[:, :3, 3]
    points = (world - poses[-1, :3, 3]) @ poses[-1, :3, :3]
    return SweepRender(
        np.concatenate([points, intensity[column, beam, None]], axis=1).astype(np.float32),
        beam.astype(np.uint8),
        offset_s[column].astype(np.float32),
        category[column, beam],
        instance[column, beam],
    )


def _beams(azimuth: FloatArray, elevation: FloatArray) -> FloatArray:
    """(c, b, 3), unit, lidar coords."""
    flat, up = np.cos(elevation), np.sin(elevation)
    return np.stack(
        [
            np.cos(azimuth)[:, None] * flat,
            np.sin(azimuth)[:, None] * flat,
            np.broadcast_to(up, (len(azimuth), len(elevation))),
        ],
        axis=2,
    )


def _relative(poses: FloatArray, origin: FloatArray) -> FloatArray:
    """(c, 3, 4) lidar_from_world, for triangles relative to an origin."""
    rotation = poses[:, :3, :3].transpose(0, 2, 1)
    offset = -np.einsum("nij,nj->ni", rotation, poses[:, :3, 3] - origin)
    return np.ascontiguousarray(np.concatenate([rotation, offset[:, :, None]], axis=2))


def _parts(n: int, slices: int) -> list[tuple[int, int]]:
    edges = np.linspace(0, n, min(slices, n) + 1).astype(int).tolist()
    return list(pairwise(edges))
