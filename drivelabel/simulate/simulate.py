"""The simulation itself: the world drawn instant by instant, with everything that is true of it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from drivelabel.errors import StoreError
from drivelabel.geometry import invert_rigid, transform_points
from drivelabel.labels import Boxes3D, Grouped
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.scene import Camera, Layer, MemoryMasks, Scene
from drivelabel.simulate.recording import plan_recording
from drivelabel.simulate.render import Lit, cast_lidar, light_up, render_camera
from drivelabel.simulate.rig import RigLidar
from drivelabel.simulate.settings import Air, SimulateSettings
from drivelabel.simulate.truth import FrameTruth, View, cuboids_of, drive_tags, frame_truth
from drivelabel.simulate.world import START_NS, World
from drivelabel.typing import BoolArray, Float32Array, FloatArray, IntArray, UInt8Array

JPEG_QUALITY = 92
TRUTH = "truth"
AUTHOR = "drivelabel simulate"


@dataclass(frozen=True, slots=True, eq=False)
class MadeFrame:
    """One frame: its row in the scene, its picture, the bytes of its file, and its labels."""

    frame: int
    image_rgb: UInt8Array
    encoded: bytes
    truth: FrameTruth


@dataclass(frozen=True, slots=True, eq=False)
class MadeSweep:
    """One turn of a lidar: its row in the scene and its points.

    Attributes:
        points: (n, 8) float32: x, y, z in metres, lidar coords at the sweep's time; intensity 0 to 255; when
            it was measured, seconds after the sweep's time; ring; row of DRIVING; track id, 0 for none.
    """

    sweep: int
    points: Float32Array

    @property
    def encoded(self) -> bytes:
        """The bytes of its .npy file."""
        buffer = BytesIO()
        np.save(buffer, self.points, allow_pickle=False)
        return buffer.getvalue()


@dataclass(frozen=True, slots=True, eq=False)
class MadeSample:
    """The cuboids of one sample, by its row in the scene."""

    sample: int
    boxes3d: Boxes3D


Made: TypeAlias = MadeFrame | MadeSweep | MadeSample


class Simulation:
    """A drive that is drawn as it is asked for.

    ``simulation.scene`` is known from the start, without labels; ``simulation.run()`` yields frames, sweeps
    and samples in order of time. The same settings give the same bytes.

    Args:
        settings: what is to be simulated.
        name: of the scene.
    """

    def __init__(self, settings: SimulateSettings, name: str = "simulated") -> None:
        self.settings = settings
        self.world = World(settings.world)
        self.scene: Scene = plan_recording(settings, self.world, name)
        self.air = Air.draw(settings)
        self._tags = drive_tags(settings.weather, self.air.time_of_day, settings.world.style)
        n = len(self.scene.samples_ns)
        self._seen: BoolArray = np.zeros((n, len(self.world.things)), np.bool_)
        self._points: dict[int, list[FloatArray]] = {}

    @property
    def n_steps(self) -> int:
        """Frames and sweeps."""
        return len(self.scene.frames) + len(self.scene.sweeps)

    def run(self) -> Iterator[Made]:
        """Frames, sweeps and samples, in order of time."""
        frames, sweeps = self.scene.frames, self.scene.sweeps
        instants = np.unique(np.concatenate([frames.timestamp_ns, sweeps.timestamp_ns]))
        open_of = np.bincount(
            np.concatenate([frames.sample, sweeps.sample]) + 1, minlength=len(self.scene.samples_ns) + 1
        )[1:]
        waiting: deque[Future[MadeFrame | MadeSweep]] = deque()
        with ThreadPoolExecutor(self.settings.threads) as pool:
            for instant in instants:
                for task in self._tasks(int(instant)):
                    waiting.append(pool.submit(task))
                while len(waiting) > 2 * self.settings.threads + 6:
                    yield from self._finish(waiting.popleft().result(), open_of)
            while waiting:
                yield from self._finish(waiting.popleft().result(), open_of)

    def _finish(self, made: MadeFrame | MadeSweep, open_of: IntArray) -> Iterator[Made]:
        """The frame or sweep, and its sample when it was the sample's last."""
        yield made
        if isinstance(made, MadeFrame):
            sample = int(self.scene.frames.sample[made.frame])
            found = np.unique(made.truth.instance_map)
            if sample >= 0:
                self._seen[sample, found[found > 0] - 1] = True
        else:
            sample = int(self.scene.sweeps.sample[made.sweep])
            if sample >= 0:
                self._points.setdefault(sample, []).append(self._points_world(made))
        if sample < 0:
            return
        open_of[sample] -= 1
        if open_of[sample] == 0:
            yield self._sample(sample)

    def _points_world(self, made: MadeSweep) -> FloatArray:
        assert self.scene.poses is not None
        lidar = self._rig_lidar(made.sweep).lidar
        pose = self.scene.poses.at(int(self.scene.sweeps.timestamp_ns[made.sweep])) @ lidar.ego_from_sensor
        return transform_points(pose, made.points[:, :3].astype(np.float64))

    def _sample(self, sample: int) -> MadeSample:
        timestamp_ns = int(self.scene.samples_ns[sample])
        points = self._points.pop(sample, None)
        states = self.world.states(timestamp_ns)
        together = None if points is None else np.concatenate(points)
        return MadeSample(sample, cuboids_of(self.world, states, timestamp_ns, together, self._seen[sample]))

    def _tasks(self, timestamp_ns: int) -> list[Callable[[], MadeFrame | MadeSweep]]:
        """What is to be done at one instant; the surfaces are shared."""
        frames = np.flatnonzero(self.scene.frames.timestamp_ns == timestamp_ns)
        sweeps = np.flatnonzero(self.scene.sweeps.timestamp_ns == timestamp_ns)
        tasks: list[Callable[[], MadeFrame | MadeSweep]] = []
        if len(frames):
            assert self.scene.poses is not None
            ego = self.scene.poses.at(timestamp_ns)
            surfaces = self.world.surfaces(timestamp_ns, ego[:3, 3], self.settings.radius_m)
            lit = light_up(surfaces, self.air.light(ego), ego[:3, 3])
            tasks += [lambda frame=int(frame): self._frame(frame, lit) for frame in frames]  # type: ignore[misc]
        tasks += [lambda sweep=int(sweep): self._sweep(sweep) for sweep in sweeps]  # type: ignore[misc]
        return tasks

    def _frame(self, frame: int, lit: Lit) -> MadeFrame:
        camera = self.scene.camera_of(frame)
        timestamp_ns = int(self.scene.frames.timestamp_ns[frame])
        pose = self.scene.world_from_camera(frame)
        seed = self._seed(int(self.scene.frames.sensor[frame]), timestamp_ns)
        effects = self.air.effects(*self._motion_of(camera, timestamp_ns))
        made = render_camera(lit, pose, camera, lit.light, effects, seed)
        view = View(timestamp_ns, camera, pose, made.category, made.instance, made.depth)
        truth = frame_truth(self.world, view, lit.surfaces, self._tags)
        encoded = encode(made.image_rgb, self.settings.image_format, self.air.jpeg_quality)
        return MadeFrame(frame, made.image_rgb, encoded, truth)

    def _motion_of(self, camera: Camera, timestamp_ns: int) -> tuple[FloatArray, FloatArray]:
        """(3,) m/s and (3,) rad/s of a camera in its own coords."""
        h = 5_000_000
        before, after = self.world.ego_pose(timestamp_ns - h), self.world.ego_pose(timestamp_ns + h)
        assert camera.ego_from_sensor is not None
        step = invert_rigid(before @ camera.ego_from_sensor) @ (after @ camera.ego_from_sensor)
        turn = np.array([step[2, 1] - step[1, 2], step[0, 2] - step[2, 0], step[1, 0] - step[0, 1]]) / 2
        return step[:3, 3] / (2e-9 * h), turn / (2e-9 * h)

    def _seed(self, sensor: int, timestamp_ns: int) -> int:
        words = [self.settings.world.seed, sensor, timestamp_ns - START_NS + 10**12]
        return int(np.random.SeedSequence(words).generate_state(1)[0])

    def _sweep(self, sweep: int) -> MadeSweep:
        rig = self._rig_lidar(sweep)
        timestamp_ns = int(self.scene.sweeps.timestamp_ns[sweep])
        poses = self.scene.poses
        assert poses is not None
        eye = poses.at(timestamp_ns)[:3, 3]
        reach = rig.range_m + 10.0
        made = cast_lidar(
            lambda when: self.world.surfaces(when, eye, reach),
            lambda times: poses.at(times) @ rig.lidar.ego_from_sensor,
            rig.model(),
            timestamp_ns,
            self._seed(int(self.scene.sweeps.sensor[sweep]), timestamp_ns),
            rain=self.air.rain,
            fog_per_m=self.air.fog_per_m,
        )
        more = (made.time_offset_s, made.ring, made.category, made.instance)
        columns = [made.points, *(np.asarray(column, np.float32)[:, None] for column in more)]
        return MadeSweep(sweep, np.concatenate(columns, axis=1, dtype=np.float32))

    def _rig_lidar(self, sweep: int) -> RigLidar:
        row = int(self.scene.sweeps.sensor[sweep]) - len(self.scene.cameras)
        return self.settings.rig.lidars[row]


def encode(image_rgb: UInt8Array, image_format: str, jpeg_quality: int = JPEG_QUALITY) -> bytes:
    """The bytes of an image file.

    Raises:
        StoreError: OpenCV cannot write it.
    """
    options = (
        [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality]
        if image_format == "jpg"
        else [cv2.IMWRITE_PNG_COMPRESSION, 3]
    )
    done, data = cv2.imencode(f".{image_format}", image_rgb[:, :, ::-1], options)
    if not done:
        raise StoreError(f"an image of {image_rgb.shape} cannot be written as {image_format}.")
    return data.tobytes()


def truth_layer(simulation: Simulation) -> Layer:
    """The layer of a drive's truth, without labels yet."""
    return Layer(
        TRUTH, DRIVING, AUTHOR, {"simulated": True, "seed": simulation.settings.world.seed}, START_NS
    )


def simulate(
    settings: SimulateSettings,
    folder: str | os.PathLike[str],
    *,
    name: str = "simulated",
    progress: Callable[[int, int], None] | None = None,
) -> Scene:
    """A whole drive: files in a folder, and the scene with its truth in memory.

    For long drives use :func:`drivelabel.pipeline.simulate`, which keeps the truth on disk.

    Args:
        settings: what is to be simulated.
        folder: where the images and sweeps are put; made when it is not there.
        name: of the scene.
        progress: called with frames and sweeps done, and with those in all.

    Raises:
        StoreError: a file cannot be written.
    """
    simulation = Simulation(settings, name)
    root, scene = Path(folder), simulation.scene
    tables: dict[str, dict[int, object]] = {"boxes2d": {}, "lane_lines": {}, "traffic_lights": {}, "tags": {}}
    label_maps, instance_maps = {}, {}
    samples: dict[int, Boxes3D] = {}
    done = 0
    for made in simulation.run():
        if isinstance(made, MadeSample):
            samples[made.sample] = made.boxes3d
            continue
        write_media(simulation, made, root)
        done += 1
        if isinstance(made, MadeFrame):
            for kind, groups in tables.items():
                groups[made.frame] = getattr(made.truth, kind)
            label_maps[made.frame] = made.truth.label_map
            instance_maps[made.frame] = made.truth.instance_map
        if progress is not None:
            progress(done, simulation.n_steps)
    n = len(scene.frames)
    grouped: dict[str, Grouped[object]] = {  # type: ignore[type-var]
        kind: Grouped.from_groups(type(next(iter(groups.values()))), n, groups)  # type: ignore[type-var]
        for kind, groups in tables.items()
        if groups
    }
    grouped["boxes3d"] = Grouped.from_groups(Boxes3D, len(scene.samples_ns), samples)  # type: ignore[assignment]
    layer = replace(
        truth_layer(simulation),
        tables=grouped,
        label_maps=MemoryMasks(label_maps, n),
        instance_maps=MemoryMasks(instance_maps, n),
        instance_track_id=simulation.world.things.track_id,
    )
    return replace(scene, layers={TRUTH: layer}, root=str(root))


def write_media(simulation: Simulation, made: MadeFrame | MadeSweep, root: Path) -> None:
    """Write the file of a frame or sweep.

    Raises:
        StoreError: it cannot be written.
    """
    scene = simulation.scene
    row = scene.frames.source[made.frame] if isinstance(made, MadeFrame) else scene.sweeps.source[made.sweep]
    path = root / scene.sources[int(row)].path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made.encoded)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}).") from error
