"""What a DGP scene recorded: its samples, sensors, files and ego motion."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.dgp.files import read_pose, time_ns_of
from drivelabel.formats.drive_building import DriveBuilder
from drivelabel.formats.loading import Fields, read_json, safe_join
from drivelabel.formats.report import Tally
from drivelabel.geometry import invert_rigid, matrix_to_quat_wxyz
from drivelabel.media.sweep_files import DGP_KIND
from drivelabel.scene import NO_DISTORTION, Camera, Distortion, Lidar, Poses, Sensor, Source
from drivelabel.typing import FloatArray, IntArray

_BENT = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")
_INT64 = range(-(2**63), 2**63)


@dataclass(slots=True)
class Datum:
    """One image or sweep of a sample.

    Attributes:
        annotations: number of the kind to the file's name.
        world_from_sensor: (4, 4), at its own time.
    """

    channel: str
    time_ns: int
    sample: int
    is_camera: bool
    file: str
    image_hw: tuple[int, int]
    world_from_sensor: FloatArray
    annotations: dict[str, str]
    where: str


@dataclass(slots=True)
class Recording:
    """All of a scene but its labels."""

    samples_ns: IntArray
    data: list[Datum]
    drive: DriveBuilder
    poses: Poses | None
    row_of: dict[str, int] = field(default_factory=dict)


def read_recording(scene: Fields, folder: Path, tally: Tally) -> Recording:
    """The recorded part of a scene.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a file breaks a rule of the format.
    """
    by_key = {item.text("key"): item for item in scene.objects("data")}
    samples = list(scene.objects("samples"))
    if not samples:
        raise FormatError(f"{scene.where}: expected at least one sample, got none.")
    times = [time_ns_of(sample.object("id")) for sample in samples]
    data = [
        datum
        for row, sample in enumerate(samples)
        for key in sample.items("datum_keys")
        if (datum := _datum(by_key, key, row, sample.where, tally)) is not None
    ]
    _shift_times(times, data, tally)
    samples_ns = np.asarray(times, np.int64)
    if (np.diff(samples_ns) <= 0).any():
        raise FormatError(f"{scene.where}: samples: time must rise from sample to sample.")
    mountings, lenses = _calibration(samples, folder, tally)
    recording = Recording(samples_ns, data, DriveBuilder(), _poses(data, mountings, scene.where))
    for datum in data:
        if datum.channel not in recording.row_of:
            sensor = _sensor(datum, mountings, lenses)
            recording.row_of[datum.channel] = recording.drive.add_sensor(sensor)
        kind = "image" if datum.is_camera else DGP_KIND
        source = Source(safe_join(folder, datum.file).relative_to(folder).as_posix(), kind)
        recording.drive.add(recording.row_of[datum.channel], datum.time_ns, source, datum.sample)
    return recording


def _datum(by_key: dict[str, Fields], key: object, sample: int, where: str, tally: Tally) -> Datum | None:
    if not isinstance(key, str) or key not in by_key:
        raise FormatError(f"{where}: datum_keys: no datum {str(key)[:60]!r}.")
    item = by_key[key]
    identity, value = item.object("id"), item.object("datum")
    kind = next((name for name in ("image", "point_cloud") if name in value), None)
    if kind is None:
        tally.drop("data", ", ".join(map(str, value.value))[:60], 1, "neither image nor points")
        return None
    taken = value.object(kind)
    annotations = taken.object("annotations").value if "annotations" in taken else {}
    hw = (taken.integer("height", 0), taken.integer("width", 0)) if kind == "image" else (0, 0)
    if kind == "point_cloud" and taken.items("point_format", ["X", "Y", "Z"])[:3] != ["X", "Y", "Z"]:
        raise FormatError(f"{taken.where}: point_format: expected X, Y, Z first.")
    pose = read_pose(taken.object("pose")) if "pose" in taken else np.eye(4)
    return Datum(
        channel=identity.text("name").lower(),
        time_ns=time_ns_of(identity),
        sample=sample,
        is_camera=kind == "image",
        file=taken.text("filename"),
        image_hw=hw,
        world_from_sensor=pose,
        annotations={str(number): str(file) for number, file in annotations.items()},
        where=item.where,
    )


def _shift_times(times: list[int], data: list[Datum], tally: Tally) -> None:
    """Times beyond 64 bits (after 2262) are counted from the first one."""
    everything = [*times, *(datum.time_ns for datum in data)]
    if min(everything) in _INT64 and max(everything) in _INT64:
        return
    first = min(everything)
    times[:] = [time_ns - first for time_ns in times]
    for datum in data:
        datum.time_ns -= first
    note = "after the year 2262, so counted from the scene's first"
    tally.drop("samples", "timestamp", len(times), note)


def _calibration(
    samples: list[Fields], folder: Path, tally: Tally
) -> tuple[dict[str, FloatArray], dict[str, Fields]]:
    """Channel to ``ego_from_sensor`` and to its intrinsics, of the first sample."""
    keys = list(dict.fromkeys(sample.text("calibration_key", "") for sample in samples))
    tally.drop("sensors", "calibration", len(keys) - 1, "changes in the scene; the first one is taken")
    if not keys[0]:
        return {}, {}
    file = safe_join(folder, f"calibration/{keys[0]}.json")
    found = Fields(read_json(file), str(file))
    names = [str(name).lower() for name in found.items("names")]
    extrinsics, lenses = list(found.objects("extrinsics")), list(found.objects("intrinsics"))
    if not len(names) == len(extrinsics) == len(lenses):
        raise FormatError(f"{file}: expected as many extrinsics and intrinsics as names.")
    return dict(zip(names, map(read_pose, extrinsics), strict=True)), dict(zip(names, lenses, strict=True))


def _sensor(datum: Datum, mountings: dict[str, FloatArray], lenses: dict[str, Fields]) -> Sensor:
    mounting = mountings.get(datum.channel)
    if not datum.is_camera:
        return Lidar(datum.channel, np.eye(4) if mounting is None else mounting)
    lens = lenses.get(datum.channel)
    if lens is None or lens.number("fx", 0.0) <= 0:
        return Camera(datum.channel, datum.image_hw, ego_from_sensor=mounting)
    fx, fy, cx, cy, skew = (lens.number(name, 0.0) for name in ("fx", "fy", "cx", "cy", "skew"))
    matrix = np.array([[fx, skew, cx], [0, fy, cy], [0, 0, 1]])
    return Camera(datum.channel, datum.image_hw, matrix, _distortion(lens), mounting)


def _distortion(lens: Fields) -> Distortion:
    if lens.integer("fisheye", 0):
        return Distortion("fisheye", np.array([lens.number(name, 0.0) for name in ("k1", "k2", "k3", "k4")]))
    bent = np.array([lens.number(name, 0.0) for name in _BENT])
    return Distortion("brown", bent) if bent.any() else NO_DISTORTION


def _poses(data: list[Datum], mountings: dict[str, FloatArray], where: str) -> Poses | None:
    """The ego's motion, from each sensor's own pose and mounting."""
    found: dict[int, FloatArray] = {}
    for datum in data:
        if datum.channel in mountings:
            pose = datum.world_from_sensor @ invert_rigid(mountings[datum.channel])
            found.setdefault(datum.time_ns, pose)
    if not found:
        return None
    times = np.asarray(sorted(found), np.int64)
    matrices = np.stack([found[time] for time in times.tolist()])
    try:
        return Poses(times, matrices[:, :3, 3], matrix_to_quat_wxyz(matrices))
    except InvalidLabelError as error:
        raise FormatError(f"{where}: {error}") from error
