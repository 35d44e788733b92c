"""The plan of a recording: which sensor looks when, and the scene that this makes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from drivelabel.geometry import matrix_to_quat_wxyz
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.scene import NO_SAMPLE, Frames, Poses, Scene, Source, Sweeps
from drivelabel.simulate.settings import SimulateSettings
from drivelabel.simulate.world import START_NS, World
from drivelabel.typing import Int32Array, IntArray

POSE_HZ = 100
IMAGE_KIND, SWEEP_KIND = "image", "npy_sweep"
_MARGIN_NS = 500_000_000


def plan_recording(settings: SimulateSettings, world: World, name: str) -> Scene:
    """The scene of a drive, without labels; the files that it names are not there yet."""
    rig = settings.rig
    samples = _sample_times(settings)
    cameras = [(c.camera.channel, _times(settings, c.hz, c.offset_s)) for c in rig.cameras]
    lidars = [(x.lidar.channel, _times(settings, x.hz, x.offset_s)) for x in rig.lidars]
    sources = [
        Source(f"media/{channel}/{i:06d}.{settings.image_format}", IMAGE_KIND)
        for channel, times in cameras
        for i in range(len(times))
    ]
    n_images = len(sources)
    sources += [
        Source(f"media/{ch}/{i:06d}.npy", SWEEP_KIND) for ch, times in lidars for i in range(len(times))
    ]
    frames = _columns([times for _, times in cameras], 0, 0, samples)
    sweeps = _columns([times for _, times in lidars], len(cameras), n_images, samples)
    return Scene(
        name=name,
        sensors=(*(c.camera for c in rig.cameras), *(x.lidar for x in rig.lidars)),
        taxonomy=DRIVING,
        frames=Frames(*frames),
        sweeps=Sweeps(*sweeps),
        samples_ns=samples,
        sources=tuple(sources),
        poses=poses_of(world, settings.world.seconds),
        info={
            "simulated": True,
            "seed": settings.world.seed,
            "style": settings.world.style,
            "weather": settings.weather,
            "night": settings.world.night,
            "license": "CC0-1.0",
        },
    )


def _times(settings: SimulateSettings, hz: float, offset_s: float) -> IntArray:
    """(n,) nanoseconds at which a sensor looks; at least once."""
    n = max(1, int(np.ceil((settings.world.seconds - offset_s) * hz - 1e-9)))
    since_ns: IntArray = np.round((offset_s + np.arange(n) / hz) * 1e9).astype(np.int64)
    return START_NS + since_ns


def _sample_times(settings: SimulateSettings) -> IntArray:
    rig = settings.rig
    first = rig.cameras[0] if rig.cameras else rig.lidars[0]
    return _times(settings, first.hz, first.offset_s)


def _columns(
    times: Iterable[IntArray], first_sensor: int, first_source: int, samples: IntArray
) -> tuple[IntArray, Int32Array, Int32Array, Int32Array, Int32Array]:
    """Time, sensor, source, index within the source, and sample of frames or sweeps."""
    listed = list(times)
    if not listed:
        empty = np.zeros(0, np.int32)
        return np.zeros(0, np.int64), empty, empty, empty, empty
    timestamp_ns = np.concatenate(listed)
    sensor = np.repeat(np.arange(len(listed)) + first_sensor, [len(t) for t in listed])
    source = np.arange(len(timestamp_ns)) + first_source
    sample = np.concatenate([_nearest(samples, t) for t in listed])
    first, row, within, of = (x.astype(np.int32) for x in (sensor, source, np.zeros_like(source), sample))
    return timestamp_ns, first, row, within, of


def _nearest(samples: IntArray, times: IntArray) -> IntArray:
    """(n,) the sample that each time belongs to: a sample has one frame of a sensor, the nearest."""
    sample = np.full(len(times), NO_SAMPLE, np.int64)
    for row, when in enumerate(samples):
        nearest = int(np.abs(times - when).argmin())
        if sample[nearest] == NO_SAMPLE:
            sample[nearest] = row
    return sample


def poses_of(world: World, seconds: float) -> Poses:
    """The ego's motion, POSE_HZ times a second, a little longer than the drive."""
    step = 1_000_000_000 // POSE_HZ
    stop = START_NS + int(seconds * 1e9) + _MARGIN_NS
    times = np.arange(START_NS - _MARGIN_NS, stop + step, step, dtype=np.int64)
    matrices = np.array([world.ego_pose(int(t)) for t in times])
    quat = matrix_to_quat_wxyz(matrices[:, :3, :3])
    return Poses(times, matrices[:, :3, 3].copy(), quat)
