"""Scenes and image sets as OpenLABEL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_file, new_folder
from drivelabel.formats.losses import count_losses
from drivelabel.formats.openlabel.objects import ObjectWriter
from drivelabel.formats.openlabel.read import FILE
from drivelabel.formats.pictures import Data, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.scene import NO_SAMPLE, Camera, ImageSet, Scene

WORLD, EGO = "world", "ego"

_COMMON = {"category_id", "attributes", "score", "track_id"}
_KEPT = {
    "boxes2d": {"xyxy"} | _COMMON, "polygons": {"points", "ring_sizes"} | _COMMON,
    "lane_lines": {"points"} | _COMMON, "keypoints": {"keypoints"} | _COMMON,
    "traffic_lights": {"xyxy", "state", "arrow", "relevance"} | _COMMON,
    "boxes3d": {"timestamp_ns", "center", "size_lwh", "quat_wxyz", "velocity", "n_points"} | _COMMON,
}  # fmt: skip


def write_openlabel(
    data: Data | Sequence[Data], out: Path, layer: str, *, overwrite: bool = False
) -> ConversionReport:
    """Write one scene as an OpenLABEL 1.0 file.

    A sample and its images are one frame; images without a sample are frames of their own. Cuboids are in the
    scene's ``world``; the ego's pose of each frame and the sensors' mountings lead there.

    Args:
        data: a scene or an image set.
        out: a folder (the file becomes ``openlabel.json`` in it), or the path of a ``.json`` file.
        layer: whose labels.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        FormatError: several scenes were given.
        StoreError: `out` is there already or cannot be written.
    """
    given = [data] if isinstance(data, (Scene, ImageSet)) else list(data)
    if len(given) != 1:
        raise FormatError(f"expected one scene for one OpenLABEL file, got {len(given)}.")
    scene = given[0].as_scene() if isinstance(given[0], ImageSet) else given[0]
    tally = Tally()
    text = json.dumps({"openlabel": _root(scene, layer, tally)}, allow_nan=False)
    pictures = pictures_of(scene, layer)
    count_losses(pictures, tally, _KEPT, "no place for it in OpenLABEL's objects", times=True, drive=False)
    out = Path(out)
    if out.suffix.lower() == ".json":
        with new_file(out, overwrite=overwrite) as place:
            place.write_text(text, encoding="ascii")
    else:
        with new_folder(out, overwrite=overwrite) as place:
            (place / FILE).write_text(text, encoding="ascii")
    return tally.report("openlabel", str(out))


def _root(scene: Scene, layer: str, tally: Tally) -> dict[str, Any]:
    instants = _instants(scene)
    number_of = {frame: number for number, (_, frames, _) in enumerate(instants) for frame in frames}
    sample_number = {sample: number for number, (_, _, sample) in enumerate(instants) if sample != NO_SAMPLE}
    objects = ObjectWriter(scene, scene.layer(layer), tally)
    by_frame = objects.data_by_frame(number_of, sample_number)
    frames: dict[str, Any] = {}
    for number, (time_ns, members, _) in enumerate(instants):
        properties: dict[str, Any] = {"timestamp": time_text(time_ns), "streams": _streams_of(scene, members)}
        transform = _ego_pose(scene, time_ns, tally)
        if transform is not None:
            properties["transforms"] = {f"{EGO}_to_{WORLD}": transform}
        frames[str(number)] = {"frame_properties": properties, "objects": by_frame.get(number, {})}
    n_poses = (
        0 if scene.poses is None else len(np.setdiff1d(scene.poses.timestamp_ns, [t for t, _, _ in instants]))
    )
    tally.drop("poses", "", n_poses, "between frames")
    tally.drop("sweeps", "", len(scene.sweeps), "files of lidar turns are not named")
    last = max(len(instants) - 1, 0)
    return {
        "metadata": {"schema_version": "1.0.0", "name": scene.name},
        "coordinate_systems": _systems(scene),
        "streams": _streams(scene, tally),
        "objects": objects.objects(),
        "frames": frames,
        "frame_intervals": [{"frame_start": 0, "frame_end": last}] if frames else [],
    }


def _instants(scene: Scene) -> list[tuple[int, list[int], int]]:
    """Time, frames and sample of each OpenLABEL frame, in order of time."""
    of_sample: dict[int, list[int]] = {sample: [] for sample in range(len(scene.samples_ns))}
    found: list[tuple[int, list[int], int]] = []
    for frame in range(len(scene.frames)):
        sample = int(scene.frames.sample[frame])
        members = of_sample.get(sample)
        taken = members is None or any(scene.frames.sensor[m] == scene.frames.sensor[frame] for m in members)
        if taken:
            found.append((int(scene.frames.timestamp_ns[frame]), [frame], NO_SAMPLE))
        elif members is not None:
            members.append(frame)
    found += [(int(scene.samples_ns[sample]), members, sample) for sample, members in of_sample.items()]
    found.sort(key=lambda entry: (entry[0], entry[2]))
    return _joined(found, scene)


def _joined(found: list[tuple[int, list[int], int]], scene: Scene) -> list[tuple[int, list[int], int]]:
    """Frames of different cameras at one time as one."""
    joined: list[tuple[int, list[int], int]] = []
    for time_ns, frames, sample in found:
        if joined and joined[-1][0] == time_ns and sample == NO_SAMPLE:
            sensors = {int(scene.frames.sensor[frame]) for frame in joined[-1][1]}
            if not sensors & {int(scene.frames.sensor[frame]) for frame in frames}:
                joined[-1][1].extend(frames)
                continue
        joined.append((time_ns, list(frames), sample))
    return joined


def time_text(time_ns: int) -> str:
    """Date and time with nine digits of seconds, UTC."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _streams_of(scene: Scene, members: list[int]) -> dict[str, Any]:
    streams: dict[str, Any] = {}
    for frame in members:
        source = scene.sources[scene.frames.source[frame]]
        entry: dict[str, Any] = {
            "stream_properties": {"sync": {"timestamp": time_text(int(scene.frames.timestamp_ns[frame]))}}
        }
        if source.kind == "image":
            entry["uri"] = source.path
        else:
            entry["stream_properties"]["sync"]["frame_stream"] = int(scene.frames.source_index[frame])
        streams[scene.camera_of(frame).channel] = entry
    return streams


def _ego_pose(scene: Scene, time_ns: int, tally: Tally) -> dict[str, Any] | None:
    if scene.poses is None:
        return None
    if not scene.poses.timestamp_ns[0] <= time_ns <= scene.poses.timestamp_ns[-1]:
        return None
    matrix = scene.poses.at(time_ns)
    return {"src": EGO, "dst": WORLD, "transform_src_to_dst": {"matrix4x4": matrix.reshape(-1).tolist()}}


def _systems(scene: Scene) -> dict[str, Any]:
    systems: dict[str, Any] = {
        WORLD: {"type": "scene_cs", "parent": "", "children": []},
        EGO: {"type": "local_cs", "parent": "", "children": []},
    }
    for sensor in scene.sensors:
        if sensor.ego_from_sensor is None:
            continue
        systems[EGO]["children"].append(sensor.channel)
        pose = {"matrix4x4": sensor.ego_from_sensor.reshape(-1).tolist()}
        systems[sensor.channel] = {
            "type": "sensor_cs",
            "parent": EGO,
            "children": [],
            "pose_wrt_parent": pose,
        }
    return systems


def _streams(scene: Scene, tally: Tally) -> dict[str, Any]:
    streams: dict[str, Any] = {}
    for row, sensor in enumerate(scene.sensors):
        if not isinstance(sensor, Camera):
            streams[sensor.channel] = {"type": "lidar", "uri": "", "description": ""}
            continue
        stream: dict[str, Any] = {"type": "camera", "uri": _video(scene, row), "description": ""}
        height, width = sensor.image_hw
        if sensor.camera_matrix is not None:
            bent = sensor.distortion
            tally.drop("sensors", "distortion", int(bent.model == "fisheye"), "of another fisheye model")
            stream["stream_properties"] = {
                "intrinsics_pinhole": {
                    "width_px": width, "height_px": height,
                    "camera_matrix_3x4": np.c_[sensor.camera_matrix, np.zeros(3)].reshape(-1).tolist(),
                    "distortion_coeffs_1xN": bent.coefficients.tolist() if bent.model == "brown" else [],
                }
            }  # fmt: skip
        else:
            tally.drop("sensors", "image_hw", 1, "told with a calibration only")
        streams[sensor.channel] = stream
    return streams


def _video(scene: Scene, sensor: int) -> str:
    rows = np.flatnonzero(scene.frames.sensor == sensor)
    sources = {int(scene.frames.source[row]) for row in rows}
    if len(sources) == 1:
        source = scene.sources[sources.pop()]
        return "" if source.kind == "image" else source.path
    return ""
