"""A scene in the Rerun viewer, or as an .rrd file for it.

The tree is ``world / ego / CAMERA / image / LAYER / KIND``; cuboids are at ``world / LAYER / boxes3d``, lidar
points at ``world / ego / LIDAR``. World coords are moved so that the log starts at the origin: Rerun keeps
float32, which steps by 6 cm at 1000 km. A lens that bends is drawn as a pinhole: labels in the image are
exact, cuboids seen through the image are not.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from drivelabel._optional import require
from drivelabel.errors import MissingExtraError, StoreError
from drivelabel.labels import LIGHT_STATES, VOID, Boxes2D, Boxes3D, LaneLines, Taxonomy, TrafficLights
from drivelabel.media.draw.cuboids import depth_colors
from drivelabel.media.draw.marks import line_color
from drivelabel.media.draw.style import LIGHT_COLORS
from drivelabel.media.frames import open_frames
from drivelabel.scene import Camera, Layer, Lidar, Scene
from drivelabel.typing import AnyArray, FloatArray, UInt8Array

JPEG_QUALITY = 88
TIMELINE = "time"
_YEAR_1990_NS = 631_152_000_000_000_000


def write_rerun(
    scene: Scene,
    out: Path | None,
    *,
    layers: Sequence[str] | None = None,
    start: int = 0,
    stop: int | None = None,
    max_width: int = 1280,
    lidar: bool = True,
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write a scene as an .rrd file, or send it to a viewer that is opened.

    Args:
        scene: the log.
        out: the file to write; None opens the viewer.
        layers: whose labels; all layers when None.
        start, stop: frames of each camera, counted within it, half-open.
        max_width: larger images, and their labels with them, are made this wide; pixels.
        lidar: whether to show the sweeps.
        on_progress: called with frames done and frames in all.

    Returns:
        How many frames were written.

    Raises:
        MissingExtraError: rerun-sdk is not installed, or does not work here.
        SceneLookupError: the scene has no such layer.
        StoreError: an image or sweep cannot be read, or `out` cannot be written.
    """
    rerun = require_rerun()
    strict = rerun.error_utils.strict_mode()
    rerun.set_strict_mode(True)  # otherwise it warns, and leaves out what it could not take
    try:
        return _write(rerun, scene, out, layers, max_width, (start, stop), lidar, on_progress)
    finally:
        rerun.set_strict_mode(strict)


def _write(
    rerun: Any,
    scene: Scene,
    out: Path | None,
    layers: Sequence[str] | None,
    max_width: int,
    part: tuple[int, int | None],
    lidar: bool,
    on_progress: Callable[[int, int], None] | None,
) -> int:
    chosen = [scene.layer(name) for name in (scene.layers if layers is None else layers)]
    stream = rerun.RecordingStream("drivelabel", recording_id=secrets.token_hex(16))
    stream.send_recording_name(scene.name)
    if out is None:
        stream.spawn()
        return _Writer(rerun, stream, scene, chosen, max_width).write(part, lidar, on_progress)
    aside = out.with_name(f".{out.name}.{secrets.token_hex(4)}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        stream.save(aside)
        n_frames = _Writer(rerun, stream, scene, chosen, max_width).write(part, lidar, on_progress)
        stream.disconnect()
        aside.replace(out)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{out}: cannot be written ({error.strerror or error}).") from error
    finally:
        stream.disconnect()
        aside.unlink(missing_ok=True)
    return n_frames


def require_rerun() -> Any:
    """The rerun module. Raises MissingExtraError when it is not installed or does not load."""
    try:
        return require("rerun", extra="rerun")
    except MissingExtraError:
        raise
    except ImportError as error:
        # Seen with numpy 1.26: rerun-sdk 0.23 installs pyarrow 26, which refuses it; pyarrow 24 does not.
        raise MissingExtraError(f"rerun-sdk is installed but cannot be loaded: {error}") from error


@dataclass(slots=True)
class _Writer:
    """One recording that is being written."""

    rerun: Any
    stream: Any
    scene: Scene
    layers: list[Layer]
    max_width: int

    def write(
        self, part: tuple[int, int | None], lidar: bool, on_progress: Callable[[int, int], None] | None
    ) -> int:
        own = [self.scene.frames_of(camera.channel)[slice(*part)] for camera in self.scene.cameras]
        rows = [row for frames in own for row in frames]
        times = self.scene.frames.timestamp_ns[rows] if rows else np.zeros(0, np.int64)
        span = (int(times.min()), int(times.max())) if rows else (0, 0)
        self.stream.log("world", self.rerun.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        for sensor in self.scene.sensors:
            self._sensor(sensor)
        self._poses(times)
        for layer in self.layers:
            self._cuboids(layer, span)
        if lidar:
            self._sweeps(span)
        with open_frames(self.scene) as reader:
            for done, (row, image_rgb) in enumerate(zip(rows, reader.iterate(rows), strict=True), start=1):
                self._frame(row, image_rgb)
                if on_progress is not None:
                    on_progress(done, len(rows))
        self.stream.flush()
        return len(rows)

    def _at(self, time_ns: int) -> None:
        """Real times are dates; those of a plain video count from its start."""
        if time_ns > _YEAR_1990_NS:
            self.stream.set_time(TIMELINE, timestamp=np.datetime64(time_ns, "ns"))
        else:
            self.stream.set_time(TIMELINE, duration=np.timedelta64(time_ns, "ns"))

    def _path(self, sensor: Camera | Lidar) -> str:
        mounted = sensor.ego_from_sensor is not None and self.scene.poses is not None
        return f"world/ego/{sensor.channel}" if mounted else f"sensors/{sensor.channel}"

    def _sensor(self, sensor: Camera | Lidar) -> None:
        path = self._path(sensor)
        if sensor.ego_from_sensor is not None:
            self.stream.log(path, self._transform(sensor.ego_from_sensor), static=True)
        if not isinstance(sensor, Camera):
            return
        for layer in self.layers:
            context = _context(self.rerun, layer.taxonomy)
            self.stream.log(f"{path}/image/{layer.name}", context, static=True)
        if sensor.camera_matrix is not None:
            scale = self._scale(sensor)
            matrix = np.diag([scale, scale, 1.0]) @ sensor.camera_matrix
            height, width = sensor.image_hw
            pinhole = self.rerun.Pinhole(
                image_from_camera=matrix,
                resolution=[round(width * scale), round(height * scale)],
                camera_xyz=self.rerun.ViewCoordinates.RDF,
            )
            self.stream.log(f"{path}/image", pinhole, static=True)

    def _scale(self, camera: Camera) -> float:
        return min(1.0, self.max_width / camera.image_hw[1])

    def _transform(self, dst_from_src: FloatArray) -> Any:
        return self.rerun.Transform3D(translation=dst_from_src[:3, 3], mat3x3=dst_from_src[:3, :3])

    @property
    def _origin(self) -> FloatArray:
        return np.zeros(3) if self.scene.poses is None else self.scene.poses.translation[0]

    def _poses(self, frame_times: AnyArray) -> None:
        """The ego vehicle at the own time of every frame and sweep, and its path."""
        poses = self.scene.poses
        if poses is None:
            return
        times = np.unique(np.concatenate([frame_times, self.scene.sweeps.timestamp_ns]))
        times = times[(times >= poses.timestamp_ns[0]) & (times <= poses.timestamp_ns[-1])]
        for time_ns, world_from_ego in zip(times.tolist(), poses.at(times), strict=True):
            self._at(time_ns)
            moved = world_from_ego.copy()
            moved[:3, 3] -= self._origin
            self.stream.log("world/ego", self._transform(moved))
        path = self.rerun.LineStrips3D([poses.translation - self._origin], colors=[(120, 190, 255)])
        self.stream.log("world/path", path, static=True)

    def _cuboids(self, layer: Layer, span: tuple[int, int]) -> None:
        if "boxes3d" not in layer.tables:
            return
        path = f"world/{layer.name}"
        self.stream.log(path, _context(self.rerun, layer.taxonomy), static=True)
        for sample, time_ns in enumerate(self.scene.samples_ns.tolist()):
            near = span[0] - 1_000_000_000 <= time_ns <= span[1] + 1_000_000_000
            if near and layer.boxes3d.labelled[sample]:
                self._at(time_ns)
                shape = _boxes3d(self.rerun, layer.boxes3d[sample], layer.taxonomy, self._origin)
                self.stream.log(f"{path}/boxes3d", shape)

    def _sweeps(self, span: tuple[int, int]) -> None:
        from drivelabel.media.sweeps import read_sweep

        for row, time_ns in enumerate(self.scene.sweeps.timestamp_ns.tolist()):
            if not span[0] - 1_000_000_000 <= time_ns <= span[1] + 1_000_000_000:
                continue
            self._at(time_ns)
            points = read_sweep(self.scene, row).points[:, :3]
            colors = depth_colors(np.linalg.norm(points, axis=1))
            lidar = self.scene.sensors[self.scene.sweeps.sensor[row]]
            self.stream.log(self._path(lidar), self.rerun.Points3D(points, colors=colors, radii=0.03))

    def _frame(self, row: int, image_rgb: UInt8Array) -> None:
        camera = self.scene.camera_of(row)
        scale, path = self._scale(camera), f"{self._path(camera)}/image"
        self._at(int(self.scene.frames.timestamp_ns[row]))
        image = self.rerun.EncodedImage(contents=_jpeg(image_rgb, scale), media_type="image/jpeg")
        self.stream.log(path, image)
        for layer in self.layers:
            self._labels(layer, row, f"{path}/{layer.name}", scale)

    def _labels(self, layer: Layer, row: int, path: str, scale: float) -> None:
        shapes: dict[str, Callable[[Any], Any]] = {
            "boxes2d": lambda rows: _boxes2d(self.rerun, rows, layer.taxonomy, scale),
            "lane_lines": lambda rows: _lane_lines(self.rerun, rows, scale),
            "traffic_lights": lambda rows: _traffic_lights(self.rerun, rows, scale),
        }
        for kind, shape in shapes.items():
            if kind in layer.tables and layer.tables[kind].labelled[row]:
                self.stream.log(f"{path}/{kind}", shape(layer.tables[kind][row]))
        if layer.label_maps is not None and row in layer.label_maps:
            labels = _resized(layer.label_maps.read(row), scale, cv2.INTER_NEAREST)
            self.stream.log(f"{path}/label_map", self.rerun.SegmentationImage(labels, opacity=0.4))


def _jpeg(image_rgb: UInt8Array, scale: float) -> bytes:
    bgr = cv2.cvtColor(_resized(image_rgb, scale, cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise StoreError("an image could not be encoded as JPEG.")
    return data.tobytes()


def _resized(image: AnyArray, scale: float, method: int) -> AnyArray:
    if scale == 1.0:
        return image
    height, width = image.shape[:2]
    return np.asarray(cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=method))


def _context(rerun: Any, taxonomy: Taxonomy) -> Any:
    """Names and colours of class ids; what nobody labelled is clear."""
    rows = [(row, c.name, tuple(taxonomy.colors[row].tolist())) for row, c in enumerate(taxonomy)]
    elements = []
    for class_id, name, color in [*rows, (VOID, "void", (0, 0, 0, 0))]:
        info = rerun.AnnotationInfo(id=class_id, label=name, color=color)
        description = rerun.ClassDescription(info=info)
        element = rerun.datatypes.ClassDescriptionMapElem(class_id=class_id, class_description=description)
        # A plain number: rerun's own ClassId cannot be put in an array with numpy 1 (seen with 0.23.1).
        object.__setattr__(element, "class_id", class_id)
        elements.append(element)
    return rerun.AnnotationContext(elements)


def _names(rows: Boxes2D | Boxes3D, taxonomy: Taxonomy) -> list[str]:
    names = [taxonomy.categories[i].name for i in rows.category_id.tolist()]
    return [f"{n} #{t}" if t >= 0 else n for n, t in zip(names, rows.track_id.tolist(), strict=True)]


def _boxes2d(rerun: Any, boxes: Boxes2D, taxonomy: Taxonomy, scale: float) -> Any:
    return rerun.Boxes2D(
        array=boxes.xyxy * scale,
        array_format=rerun.Box2DFormat.XYXY,
        class_ids=boxes.category_id.astype(np.uint16),
        labels=_names(boxes, taxonomy),
    )


def _boxes3d(rerun: Any, cuboids: Boxes3D, taxonomy: Taxonomy, origin: FloatArray) -> Any:
    return rerun.Boxes3D(
        centers=cuboids.center - origin,
        sizes=cuboids.size_lwh,
        quaternions=np.roll(cuboids.quat_wxyz, -1, axis=1),  # Rerun wants x, y, z, w
        class_ids=cuboids.category_id.astype(np.uint16),
        labels=_names(cuboids, taxonomy),
    )


def _lane_lines(rerun: Any, lines: LaneLines, scale: float) -> Any:
    return rerun.LineStrips2D(
        [lines.points[row] * scale for row in range(len(lines))],
        colors=[line_color(lines, row) for row in range(len(lines))],
        radii=2.0,
        labels=[f"line #{track_id}" if track_id >= 0 else "line" for track_id in lines.track_id.tolist()],
    )


def _traffic_lights(rerun: Any, lights: TrafficLights, scale: float) -> Any:
    states = [LIGHT_STATES[code] for code in lights.state.tolist()]
    return rerun.Boxes2D(
        array=lights.xyxy * scale,
        array_format=rerun.Box2DFormat.XYXY,
        colors=[LIGHT_COLORS[state] for state in states],
        labels=states,
    )
