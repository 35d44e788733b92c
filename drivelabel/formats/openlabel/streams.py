"""OpenLABEL's streams and frames as sensors, times and sources of a scene."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import Fields
from drivelabel.formats.openlabel.coords import FrameTransforms, Systems, read_frame_transforms
from drivelabel.formats.report import Tally
from drivelabel.geometry import matrix_to_quat_wxyz
from drivelabel.scene import NO_DISTORTION, Camera, Distortion, Lidar, Poses, Sensor
from drivelabel.typing import FloatArray, IntArray

MAX_FRAMES = 1_000_000
_PERIOD_NS = 100_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Instants:
    """The frames of a file.

    Attributes:
        numbers: of the frames, rising; one frame 0 where the file has none.
        frames: each frame as the file has it; an empty object where there is none.
        properties: the same of ``frame_properties``.
        timestamp_ns: (n,) rising.
        transforms: of each frame.
    """

    numbers: list[int]
    frames: list[Fields]
    properties: list[Fields]
    timestamp_ns: IntArray
    transforms: list[FrameTransforms] = field(default_factory=list)


def read_instants(root: Fields, tally: Tally) -> Instants:
    """The frames of a file, in order.

    Raises:
        FormatError: a number or interval is damaged, or there are more than a million.
    """
    given = root.object("frames") if "frames" in root else Fields({}, root.where)
    numbers = {_number(key, given.where) for key in given.value}
    for interval in root.objects("frame_intervals", []) if "frame_intervals" in root else ():
        start, stop = interval.integer("frame_start"), interval.integer("frame_end")
        if not 0 <= start <= stop < MAX_FRAMES:
            raise FormatError(
                f"{interval.where}: expected frames of 0 to {MAX_FRAMES - 1}, got {start} to {stop}."
            )
        numbers |= set(range(start, stop + 1))
    ordered = sorted(numbers) or [0]
    empty = Fields({}, root.where)
    frames = [given.object(str(number)) if str(number) in given else empty for number in ordered]
    properties = [
        frame.object("frame_properties") if "frame_properties" in frame else empty for frame in frames
    ]
    times = _times(ordered, properties, tally)
    transforms = [read_frame_transforms(one) for one in properties]
    return Instants(ordered, frames, properties, times, transforms)


def _number(key: object, where: str) -> int:
    text = str(key)
    if not (text.isascii() and text.isdecimal() and len(text) < 8) or int(text) >= MAX_FRAMES:
        raise FormatError(f"{where}: expected frame numbers of 0 to {MAX_FRAMES - 1}, got {text[:40]!r}.")
    return int(text)


def _times(numbers: list[int], properties: list[Fields], tally: Tally) -> IntArray:
    times = [time_ns_of(one.get("timestamp")) for one in properties]
    stamps = np.asarray([0 if time is None else time for time in times], np.int64)
    if all(time is not None for time in times) and (np.diff(stamps) > 0).all():
        return stamps
    told = sum(time is not None for time in times)
    tally.drop("frames", "timestamp", told, "not of all frames, or not rising: ten frames a second instead")
    return np.asarray(numbers, np.int64) * _PERIOD_NS


def time_ns_of(value: object) -> int | None:
    """Nanoseconds since 1970 of a date and time, or of a number of seconds; None when it is neither."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 9e9:
        return round(value * 1e9)
    if not isinstance(value, str):
        return None
    found = re.fullmatch(
        r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?", value.strip()
    )
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found[1].replace(" ", "T") + (found[3] or "Z").replace("Z", "+00:00"))
    except ValueError:
        return None
    since = moment - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    time_ns = seconds * 1_000_000_000 + int((found[2] or "").ljust(9, "0"))
    return time_ns if -(2**63) <= time_ns < 2**63 else None


def read_sensors(
    root: Fields, systems: Systems, hull_hw: tuple[int, int], tally: Tally
) -> tuple[dict[str, Sensor], list[Fields]]:
    """Stream name to sensor, and the streams in the same order; one camera where the file names none.

    Raises:
        FormatError: a calibration is damaged.
    """
    given = root.object("streams") if "streams" in root else Fields({}, root.where)
    found: dict[str, Sensor] = {}
    streams: list[Fields] = []
    for name in given.value:
        stream = given.object(name)
        kind = stream.text("type", "")
        mounting = _mounting(systems, name)
        if kind == "camera":
            found[name] = _camera(stream, _channel(name, found), mounting, hull_hw, tally)
        elif kind == "lidar":
            found[name] = Lidar(_channel(name, found), np.eye(4) if mounting is None else mounting)
        else:
            tally.drop("streams", kind[:40] or "without type", 1, "neither camera nor lidar")
            continue
        streams.append(stream)
    if not any(isinstance(sensor, Camera) for sensor in found.values()):
        found[""] = Camera("camera", hull_hw)
        streams.append(Fields({}, root.where))
    return found, streams


def _channel(name: str, taken: dict[str, Sensor]) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name.encode("ascii", "replace").decode()) or "camera"
    used = {sensor.channel for sensor in taken.values()}
    count = 2
    while plain in used:
        plain, count = f"{plain}_{count}", count + 1
    return plain


def _mounting(systems: Systems, name: str) -> FloatArray | None:
    if name not in systems.parents:
        return None
    root, root_from_sensor = systems.to_root(name)
    return root_from_sensor if systems.kinds.get(root) != "scene_cs" else None


def _camera(
    stream: Fields, channel: str, mounting: FloatArray | None, hull_hw: tuple[int, int], tally: Tally
) -> Camera:
    properties = (
        stream.object("stream_properties") if "stream_properties" in stream else Fields({}, stream.where)
    )
    for key in properties.value:
        known = ("intrinsics_pinhole", "sync", "total_frames")
        tally.drop("streams", str(key)[:40], int(key not in known), "no place for it")
    if "intrinsics_pinhole" not in properties:
        return Camera(channel, hull_hw, ego_from_sensor=mounting)
    lens = properties.object("intrinsics_pinhole")
    hw = (lens.integer("height_px"), lens.integer("width_px"))
    matrix = lens.numbers("camera_matrix_3x4", 12).reshape(3, 4)[:, :3]
    bent = lens.numbers("distortion_coeffs_1xN") if "distortion_coeffs_1xN" in lens else np.zeros(0)
    if bent.any() and len(bent) not in (4, 5, 8):
        tally.drop("sensors", "distortion", 1, f"{len(bent)} coefficients")
        bent = np.zeros(0)
    lens_model = Distortion("brown", bent) if bent.any() else NO_DISTORTION
    if matrix[0, 0] <= 0 or matrix[1, 1] <= 0:
        raise FormatError(f"{lens.where}: camera_matrix_3x4: expected positive focal lengths.")
    return Camera(channel, hw, matrix, lens_model, mounting)


def read_poses(instants: Instants, systems: Systems) -> Poses | None:
    """The ego's motion: where the first ``local_cs`` was in each frame; None when no frame tells it."""
    local = next((name for name, kind in systems.kinds.items() if kind == "local_cs"), None)
    if local is None:
        return None
    found = [(row, one.world_from(systems, local)) for row, one in enumerate(instants.transforms)]
    known = [(row, matrix) for row, matrix in found if matrix is not None]
    if not known:
        return None
    rows = np.asarray([row for row, _ in known])
    matrices = np.stack([matrix for _, matrix in known])
    return Poses(instants.timestamp_ns[rows], matrices[:, :3, 3], matrix_to_quat_wxyz(matrices))
