"""From grids of times to poses at any time, smooth enough to be differentiated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivelabel.simulate.world.layout import Layout
from drivelabel.simulate.world.routes import Route
from drivelabel.simulate.world.streets import KERB_M
from drivelabel.simulate.world.traffic import STEP_S, Tracks, walker_tracks
from drivelabel.simulate.world.walkers import Walk
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Where some movers are at one time, one row each.

    Attributes:
        xyz: (n, 3), metres, world coords, on the ground.
        yaw: (n,), radians.
        alive: (n,), who is on the map.
    """

    xyz: FloatArray
    yaw: FloatArray
    alive: BoolArray


class VehicleMotion:
    """All vehicles of a drive; row 0 is the ego."""

    def __init__(self, tracks: Tracks, routes: list[Route]) -> None:
        self.tracks, self.routes = tracks, routes
        self.rows_of = [np.flatnonzero(tracks.route == row) for row in range(len(routes))]

    def at(self, time_s: float, rows: IntArray | None = None, *, shift_m: float = 0.0) -> Placed:
        """Everybody at one time, or some rows only; `shift_m` along their way."""
        tracks = self.tracks
        s, s_rate = _hermite(tracks.time_s, tracks.s, tracks.v, time_s)
        d, d_rate = _hermite(tracks.time_s, tracks.d, tracks.d_rate, time_s)
        n, s = len(s), s + shift_m
        xyz, yaw, alive = np.zeros((n, 3)), np.zeros(n), np.zeros(n, np.bool_)
        for route, mine in zip(self.routes, self.rows_of, strict=True):
            if rows is not None:
                mine = np.intersect1d(mine, rows)
            if not len(mine):
                continue
            line = route.line
            alive[mine] = (s[mine] > 1.0) & (s[mine] < line.length - 1.0)
            xyz[mine, :2] = line.at(s[mine], d[mine])
            yaw[mine] = line.heading(s[mine]) + np.arctan2(d_rate[mine], np.maximum(s_rate[mine], 1.0))
        return Placed(xyz, yaw, alive)

    def row_at(self, time_s: float) -> int:
        """The grid's row at or before a time."""
        return int(np.clip((time_s - self.tracks.time_s[0]) / STEP_S, 0, len(self.tracks.time_s) - 2))


def _hermite(
    times: FloatArray, values: FloatArray, rates: FloatArray, time_s: float
) -> tuple[AnyArray, AnyArray]:
    """(n,) values and rates at a time, by cubic pieces."""
    row = int(np.clip((time_s - times[0]) / STEP_S, 0, len(times) - 2))
    h = float(times[row + 1] - times[row])
    x = (time_s - float(times[row])) / h
    p0, p1, m0, m1 = values[row], values[row + 1], rates[row] * h, rates[row + 1] * h
    a, b = 2 * (p0 - p1) + m0 + m1, 3 * (p1 - p0) - 2 * m0 - m1
    return ((a * x + b) * x + m0) * x + p0, ((3 * a * x + 2 * b) * x + m0) / h


class WalkerMotion:
    """All people on foot."""

    def __init__(self, layout: Layout, walks: list[Walk], times: FloatArray) -> None:
        self.times = times
        xy, _ = walker_tracks(walks, times)
        smooth = _smoothed(xy)
        self.xy = smooth
        self.rate = np.gradient(smooth, STEP_S, axis=0)
        speed = np.linalg.norm(self.rate, axis=2)
        self.heading = _headings(self.rate, speed, xy)
        self.distance = np.concatenate([np.zeros((1, len(walks))), np.cumsum(speed[:-1] * STEP_S, axis=0)])
        self.speed = speed
        self.z = _smoothed(_ground(layout, xy)[:, :, None])[:, :, 0]
        self.z_rate = np.gradient(self.z, STEP_S, axis=0)

    def at(self, time_s: float) -> tuple[Placed, FloatArray, FloatArray]:
        """Everybody at one time, (n,) metres walked, and (n,) m/s."""
        xy, _ = _hermite(self.times, self.xy, self.rate, time_s)
        z, _ = _hermite(self.times, self.z, self.z_rate, time_s)
        row = int(np.clip((time_s - self.times[0]) / STEP_S, 0, len(self.times) - 2))
        x = (time_s - float(self.times[row])) / STEP_S

        def mixed(values: FloatArray) -> FloatArray:
            out: FloatArray = values[row] * (1 - x) + values[row + 1] * x
            return out

        placed = Placed(
            np.concatenate([xy, z[:, None]], axis=1), mixed(self.heading), np.ones(len(xy), np.bool_)
        )
        return placed, mixed(self.distance), mixed(self.speed)


def _smoothed(values: FloatArray, half: int = 3) -> FloatArray:
    """Running means along the first axis, twice; corners become round."""
    for _ in range(2):
        padded = np.concatenate([values[:1].repeat(half, 0), values, values[-1:].repeat(half, 0)])
        total = np.cumsum(np.concatenate([np.zeros((1, *values.shape[1:])), padded]), axis=0)
        width = 2 * half + 1
        values = (total[width:] - total[:-width]) / width
    return values


def _headings(rate: FloatArray, speed: FloatArray, xy: FloatArray) -> FloatArray:
    """(t, n) where people look: where they walk, and where they last walked when they stand."""
    heading = np.arctan2(rate[:, :, 1], rate[:, :, 0])
    for k in range(heading.shape[1]):
        moving = speed[:, k] > 0.25
        if not moving.any():
            whole = xy[-1, k] - xy[0, k]
            heading[:, k] = np.arctan2(whole[1], whole[0])
            continue
        rows = np.arange(len(heading))
        last = np.maximum.accumulate(np.where(moving, rows, -1))
        last = np.where(last < 0, int(np.argmax(moving)), last)
        heading[:, k] = np.unwrap(heading[last, k])
    return _smoothed(heading)


def _ground(layout: Layout, xy: FloatArray) -> FloatArray:
    """(t, n) height of the ground: streets lie lower than pavements."""
    if xy.shape[1] == 0:
        return np.zeros(xy.shape[:2])
    flat = xy.reshape(-1, 2)
    s, d = layout.main.line.locate(flat)
    on_road = np.abs(d) < layout.main.profile.half
    for junction in layout.junctions:
        near = np.flatnonzero(np.abs(s - junction.s) < 16)
        if len(near):
            _, across = junction.cross.line.locate(flat[near])
            on_road[near] |= np.abs(across) < junction.cross.profile.half
    return np.where(on_road, 0.0, KERB_M).reshape(xy.shape[:2])
