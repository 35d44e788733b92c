"""A drive as an MCAP file of Foxglove messages, for Foxglove and other players."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from drivelabel._optional import require
from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_file
from drivelabel.formats.mcap.messages import (
    Message,
    calibration,
    compressed_image,
    image_annotations,
    point_cloud,
    scene_update,
    transform,
    transform_of_quat,
)
from drivelabel.formats.mcap.schemas import SCHEMAS
from drivelabel.formats.pictures import Data
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.labels import Keypoints
from drivelabel.media import open_frames, read_sweep
from drivelabel.media.frames import FrameReader, source_path
from drivelabel.scene import ImageSet, Layer, Scene

_KINDS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp"}
_JPEG_QUALITY = 90
_LAST_LIFETIME_NS = 500_000_000

_Event = tuple[int, str, str, Message]
"""Time, topic, schema and message."""


def write_mcap(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: bool = False,
    points: bool = False,
    overwrite: bool = False,
) -> ConversionReport:
    """Write one drive: poses, cameras, labels in images and in the world, in order of time.

    Args:
        data: one scene; an image set has no times.
        out: the ``.mcap`` file.
        layer: whose labels.
        images: put the images in too: JPEG, PNG and WebP files as they are, others as JPEG.
        points: put the lidar points in too.
        overwrite: replace what is at `out`.

    Raises:
        FormatError: several scenes or an image set were given, or a time lies before 1970.
        StoreError: `out` is there already or cannot be written, or an image or sweep cannot be read.
        SceneLookupError: the scene has no such layer.
        MissingExtraError: mcap is not installed.
    """
    writer = require("mcap.writer", extra="mcap")
    items = [data] if isinstance(data, (Scene, ImageSet)) else list(data)
    scene = items[0] if len(items) == 1 else None
    if not isinstance(scene, Scene):
        raise FormatError(
            "mcap holds one drive, with times. Export scenes one by one; image sets have no times."
        )
    own, tally = scene.layer(layer), Tally()
    _check_times(scene)
    with new_file(Path(out), overwrite=overwrite) as place, place.open("wb") as file:
        stream = writer.Writer(file)
        stream.start(profile="", library="drivelabel")
        channels: dict[str, int] = {}
        schemas: dict[str, int] = {}
        with open_frames(scene) as frames:
            for sequence, (time_ns, topic, schema, message) in enumerate(
                _events(scene, own, images, points, frames, tally)
            ):
                if schema not in schemas:
                    text = json.dumps(SCHEMAS[schema]).encode()
                    schemas[schema] = stream.register_schema(schema, "jsonschema", text)
                if topic not in channels:
                    channels[topic] = stream.register_channel(topic, "json", schemas[schema])
                body = json.dumps(message, allow_nan=False, separators=(",", ":")).encode()
                stream.add_message(channels[topic], time_ns, body, time_ns, sequence)
        stream.add_metadata("drivelabel", _facts(scene, own))
        stream.finish()
    _count(scene, own, images, points, tally)
    return tally.report("mcap", str(out))


def _check_times(scene: Scene) -> None:
    for times in (scene.frames.timestamp_ns, scene.sweeps.timestamp_ns, scene.samples_ns):
        if len(times) and int(times.min()) < 0:
            raise FormatError(f"{scene.name}: mcap has no times before 1970, got {int(times.min())} ns.")
    if scene.poses is not None and int(scene.poses.timestamp_ns[0]) < 0:
        raise FormatError(f"{scene.name}: mcap has no times before 1970, got a pose at one.")


def _events(
    scene: Scene, layer: Layer, images: bool, points: bool, frames: FrameReader, tally: Tally
) -> Iterator[_Event]:
    """Everything in order of time; an image and its labels are made when their time has come."""
    order: list[tuple[int, int, str, int]] = []
    order += [(int(t), 2, "frame", row) for row, t in enumerate(scene.frames.timestamp_ns.tolist())]
    order += [(int(t), 3, "sample", row) for row, t in enumerate(scene.samples_ns.tolist())]
    if scene.poses is not None:
        order += [(int(t), 1, "pose", row) for row, t in enumerate(scene.poses.timestamp_ns.tolist())]
    if points:
        order += [(int(t), 2, "sweep", row) for row, t in enumerate(scene.sweeps.timestamp_ns.tolist())]
    order.sort()
    start_ns = order[0][0] if order else 0
    yield from _fixed(scene, start_ns)
    for time_ns, _, kind, row in order:
        if kind == "pose" and scene.poses is not None:
            moved = transform_of_quat(
                time_ns, "world", "ego", scene.poses.translation[row], scene.poses.quat_wxyz[row]
            )
            yield time_ns, "/tf", "foxglove.FrameTransforms", {"transforms": [moved]}
        elif kind == "frame":
            yield from _frame(scene, layer, row, time_ns, images, frames, tally)
        elif kind == "sweep":
            sweep = read_sweep(scene, row)
            yield time_ns, f"/{sweep.channel}/points", "foxglove.PointCloud", point_cloud(sweep)
        elif kind == "sample" and "boxes3d" in layer.tables and layer.boxes3d.labelled[row]:
            later = scene.samples_ns[row + 1 :]
            lifetime = int(later[0]) - time_ns if len(later) else _LAST_LIFETIME_NS
            update = scene_update(time_ns, lifetime, layer.boxes3d[row], layer.taxonomy)
            yield time_ns, "/boxes3d", "foxglove.SceneUpdate", update


def _fixed(scene: Scene, start_ns: int) -> Iterator[_Event]:
    mounted = [
        transform(start_ns, "ego", sensor.channel, sensor.ego_from_sensor)
        for sensor in scene.sensors
        if sensor.ego_from_sensor is not None
    ]
    if mounted:
        yield start_ns, "/tf", "foxglove.FrameTransforms", {"transforms": mounted}
    for camera in scene.cameras:
        message = calibration(start_ns, camera)
        yield start_ns, f"/{camera.channel}/calibration", "foxglove.CameraCalibration", message


def _frame(
    scene: Scene, layer: Layer, row: int, time_ns: int, images: bool, frames: FrameReader, tally: Tally
) -> Iterator[_Event]:
    channel = scene.camera_of(row).channel
    if images:
        data, kind = _image(scene, row, frames, tally)
        message = compressed_image(time_ns, channel, data, kind)
        yield time_ns, f"/{channel}/image", "foxglove.CompressedImage", message
    if any(kind != "boxes3d" and grouped.labelled[row] for kind, grouped in layer.tables.items()):
        message = image_annotations(time_ns, layer, row)
        yield time_ns, f"/{channel}/annotations", "foxglove.ImageAnnotations", message


def _image(scene: Scene, row: int, frames: FrameReader, tally: Tally) -> tuple[bytes, str]:
    source = scene.sources[int(scene.frames.source[row])]
    suffix = Path(source.path).suffix.lower()
    if source.kind == "image" and suffix in _KINDS:
        frames.read(row)  # what does not decode is said here, not by the player
        tally.keep("images", "", 1, "the files' own bytes")
        return source_path(scene, source).read_bytes(), _KINDS[suffix]
    image_bgr = np.ascontiguousarray(frames.read(row)[..., ::-1])
    done, code = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise FormatError(f"{scene.name}, frame {row}: the image cannot be written as JPEG.")
    again = cv2.imdecode(code, cv2.IMREAD_COLOR)
    error = float(np.abs(again.astype(np.int16) - image_bgr).max(initial=0))
    tally.approximate("images", "pixels", 1, error, "grey levels", f"as JPEG {_JPEG_QUALITY}")
    return code.tobytes(), "jpeg"


def _facts(scene: Scene, layer: Layer) -> dict[str, str]:
    return {"scene": scene.name, "layer": layer.name, "author": layer.author, "taxonomy": layer.taxonomy.name}


def _count(scene: Scene, layer: Layer, images: bool, points: bool, tally: Tally) -> None:
    for kind, grouped in layer.tables.items():
        if kind == "tags":
            tally.drop(kind, "", len(grouped.rows), "mcap messages draw; tags have no shape")
        else:
            tally.keep(kind, "", len(grouped.rows), "shapes; other columns as metadata")
    for kind, store in (("label_map", layer.label_maps), ("instance_map", layer.instance_maps)):
        if store is not None:
            tally.drop(kind, "", int(store.labelled().sum()), "no message for masks")
    if "keypoints" in layer.tables:
        absent = [
            bool((_points(layer.keypoints.rows, k) == 0).any()) for k in range(len(layer.keypoints.rows))
        ]
        tally.keep("keypoints", "absent points", int(sum(absent)), "in the metadata only")
    tally.keep("poses", "", 0 if scene.poses is None else len(scene.poses))
    tally.keep("sensors", "", len(scene.sensors))
    if not images:
        tally.drop("images", "pixels", len(scene.frames), "ask for them with images=true")
    if points:
        tally.keep("sweeps", "", len(scene.sweeps))
    else:
        tally.drop("sweeps", "", len(scene.sweeps), "ask for them with points=true")


def _points(table: Keypoints, row: int) -> Any:
    return table.keypoints[row][:, 2]
