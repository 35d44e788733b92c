"""A drive log, or a labelled stretch of it: what was recorded, and everybody's labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from drivelabel._check import did_you_mean
from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.labels import Taxonomy
from drivelabel.scene.frames import Frames, Source, Sweeps
from drivelabel.scene.instance import Instance, find_instance
from drivelabel.scene.layer import Layer
from drivelabel.scene.poses import Poses
from drivelabel.scene.sensors import Camera, Lidar, Sensor
from drivelabel.typing import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Scene:
    """What was recorded in one drive, and the labels of every task on it.

    Attributes:
        name: of the log.
        sensors: cameras and lidars, in order.
        taxonomy: the classes that new layers use.
        frames: the images.
        sweeps: the lidar turns.
        samples_ns: (s,) int64, the instants at which all sensors are annotated; cuboids belong to them.
        sources: the files that images and sweeps are read from.
        poses: the ego motion, or None when it was not recorded.
        layers: name to labels.
        root: the folder (or URL) that relative source paths count from.
        info: facts about the log that readers found: location, weather, licence, ...

    Raises:
        InvalidLabelError: two sensors share a name, or a frame names a sensor or source that is not there.
    """

    name: str
    sensors: tuple[Sensor, ...]
    taxonomy: Taxonomy
    frames: Frames = field(default_factory=Frames.empty)
    sweeps: Sweeps = field(default_factory=Sweeps.empty)
    samples_ns: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    sources: tuple[Source, ...] = ()
    poses: Poses | None = None
    layers: Mapping[str, Layer] = field(default_factory=dict)
    root: str = "."
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        channels = [sensor.channel for sensor in self.sensors]
        for channel in channels:
            if channels.count(channel) > 1:
                raise InvalidLabelError(f"{self.name}: two sensors are called {channel!r}.")
        for what, rows in (("frames", self.frames), ("sweeps", self.sweeps)):
            _check_range(f"{self.name}, {what}.sensor", rows.sensor, 0, len(self.sensors))
            _check_range(f"{self.name}, {what}.source", rows.source, 0, len(self.sources))
            _check_range(f"{self.name}, {what}.sample", rows.sample, -1, len(self.samples_ns))
        self._check_kinds()
        if (np.diff(self.samples_ns) <= 0).any():
            raise InvalidLabelError(f"{self.name}, samples_ns: time must rise from sample to sample.")

    def _check_kinds(self) -> None:
        """Frames are of cameras, sweeps of lidars."""
        is_camera = np.array([isinstance(sensor, Camera) for sensor in self.sensors], np.bool_)
        for what, rows, good, kind in (
            ("frames", self.frames, is_camera, "camera"),
            ("sweeps", self.sweeps, ~is_camera, "lidar"),
        ):
            wrong = ~good[rows.sensor]
            if wrong.any():
                row = int(np.argmax(wrong))
                channel = self.sensors[int(rows.sensor[row])].channel
                raise InvalidLabelError(
                    f"{self.name}, {what}, row {row}: expected a sensor that is a {kind}, got {channel!r}."
                )

    @cached_property
    def _sensor_rows(self) -> dict[str, int]:
        return {sensor.channel: row for row, sensor in enumerate(self.sensors)}

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """The cameras, in order."""
        return tuple(sensor for sensor in self.sensors if isinstance(sensor, Camera))

    @property
    def lidars(self) -> tuple[Lidar, ...]:
        """The lidars, in order."""
        return tuple(sensor for sensor in self.sensors if isinstance(sensor, Lidar))

    def sensor_row(self, channel: str) -> int:
        """The row of a sensor.

        Raises:
            SceneLookupError: the scene has no such sensor.
        """
        row = self._sensor_rows.get(channel)
        if row is None:
            raise SceneLookupError(
                f"{self.name}: no sensor {channel!r}.{did_you_mean(channel, self._sensor_rows)}"
            )
        return row

    def sensor(self, channel: str) -> Sensor:
        """A sensor by name. Raises SceneLookupError when there is none."""
        return self.sensors[self.sensor_row(channel)]

    def camera(self, channel: str) -> Camera:
        """A camera by name. Raises SceneLookupError when there is none."""
        sensor = self.sensor(channel)
        if not isinstance(sensor, Camera):
            raise SceneLookupError(f"{self.name}: {channel!r} is a lidar, not a camera.")
        return sensor

    def camera_of(self, frame: int) -> Camera:
        """The camera that took a frame. Raises SceneLookupError when there is no such frame."""
        self._check_frame(frame)
        sensor = self.sensors[self.frames.sensor[frame]]
        assert isinstance(sensor, Camera), "frames of a lidar are refused when a scene is made"
        return sensor

    def frames_of(self, channel: str) -> range:
        """The frames of one camera, in order of time. Raises SceneLookupError for an unknown camera."""
        rows = np.flatnonzero(self.frames.sensor == self.sensor_row(channel))
        return range(int(rows[0]), int(rows[-1]) + 1) if len(rows) else range(0)

    def layer(self, name: str) -> Layer:
        """One author's labels.

        Raises:
            SceneLookupError: the scene has no such layer.
        """
        if name not in self.layers:
            raise SceneLookupError(f"{self.name}: no layer {name!r}.{did_you_mean(name, self.layers)}")
        return self.layers[name]

    def instance(self, track_id: int, layer: str | None = None) -> Instance:
        """Every label of one thing, over all cameras, times and tasks.

        Args:
            track_id: which thing.
            layer: whose labels; all layers when None.

        Raises:
            SceneLookupError: no layer has labels of that thing.
        """
        layers = self.layers if layer is None else {layer: self.layer(layer)}
        found = find_instance(track_id, layers)
        if not found.layers:
            raise SceneLookupError(f"{self.name}: no labels with track id {track_id}.")
        return found

    def world_from_camera(self, frame: int) -> FloatArray:
        """(4, 4), where the camera stood when it took the frame, at the frame's own time.

        Raises:
            SceneLookupError: the log has no poses at that time, or the camera's mounting is not known.
        """
        camera = self.camera_of(frame)
        if self.poses is None or camera.ego_from_sensor is None:
            raise SceneLookupError(f"{self.name}: {camera.channel} has no pose.")
        return self.poses.at(int(self.frames.timestamp_ns[frame])) @ camera.ego_from_sensor

    def _check_frame(self, frame: int) -> None:
        if not 0 <= frame < len(self.frames):
            raise SceneLookupError(
                f"{self.name}: no frame {frame}. It has {len(self.frames)}, from 0 to {len(self.frames) - 1}."
            )

    def __repr__(self) -> str:
        return (
            f"<Scene {self.name!r}: {len(self.cameras)} cameras, {len(self.lidars)} lidars, "
            f"{len(self.frames)} frames, {len(self.sweeps)} sweeps, "
            f"layers {', '.join(self.layers) or 'none'}>"
        )


def _check_range(name: str, values: Any, low: int, high: int) -> None:
    bad = (values < low) | (values >= high)
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidLabelError(f"{name}, row {row}: expected {low} to {high - 1}, got {int(values[row])}.")
