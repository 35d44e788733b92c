"""What was recorded in a scene, as records of nuScenes' tables."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.nuscenes import schema
from drivelabel.formats.nuscenes.records import Records
from drivelabel.formats.nuscenes.write_files import FileWriter
from drivelabel.formats.report import Tally
from drivelabel.geometry import interpolate_poses, matrix_to_quat_wxyz, pose_matrix
from drivelabel.scene import NO_SAMPLE, Camera, Poses, Scene, Sensor
from drivelabel.typing import BoolArray, FloatArray, IntArray

_EXACT = 1e-12
"""Errors below this come from turning a matrix into a quaternion, and are not counted."""


def write_recording(
    records: Records, scene: Scene, kept: Mapping[str, Any], files: FileWriter, tally: Tally
) -> list[str]:
    """Add samples, sensors, ego poses and the data of sensors; the tokens of the samples.

    Raises:
        FormatError: times or channels collide in nuScenes' spelling.
        StoreError: a recorded file is missing.
    """
    samples_us, made = _sample_times(scene, tally)
    tokens = _samples(records, scene, samples_us, made, _listed(kept, "samples", len(scene.samples_ns)))
    calibrated = [_sensor(records, scene, sensor, kept, tally) for sensor in scene.sensors]
    _check_channels(scene)
    _count_poses(scene, tally)
    for kind in ("frames", "sweeps"):
        rows = scene.frames if kind == "frames" else scene.sweeps
        is_key, sample = _key_frames(scene, kind, samples_us, made, tally)
        times = _microseconds(rows.timestamp_ns, f"{scene.name}, {kind}", rows.sensor, kind, tally)
        poses = _poses_at(scene.poses, rows.timestamp_ns)
        own = _listed(kept, kind, len(rows))
        first = len(records.rows["sample_data"])
        for row in range(len(rows)):
            _data(
                records,
                scene,
                kind,
                row,
                int(times[row]),
                bool(is_key[row]),
                tokens[sample[row]],
                calibrated[rows.sensor[row]],
                None if poses is None else (poses[0][row], poses[1][row]),
                own[row],
                kept,
                files,
            )
        _chain(records.rows["sample_data"][first:])
        tally.keep(kind, "", len(rows))
    return tokens


def _listed(kept: Mapping[str, Any], name: str, n: int) -> list[Any]:
    """The tokens that an import kept, where they still fit."""
    found = kept.get(name)
    return found if isinstance(found, list) and len(found) == n else [None] * n


def _sample_times(scene: Scene, tally: Tally) -> tuple[IntArray, bool]:
    """(s,) microseconds, and whether they were made up for a scene without samples."""
    times, made = scene.samples_ns, False
    if not len(times):
        rows = scene.frames if len(scene.frames) else scene.sweeps
        times, made = rows.timestamp_ns[rows.sensor == rows.sensor[:1]], True
        tally.approximate(
            "samples", "", len(times), 0.0, "", "made at the first sensor's times: there are none"
        )
    return _microseconds(
        times, f"{scene.name}, samples", np.zeros(len(times), np.int64), "samples", tally
    ), made


def _microseconds(times_ns: IntArray, where: str, sensor: Any, kind: str, tally: Tally) -> IntArray:
    times = times_ns // 1000
    off = times_ns - times * 1000
    tally.approximate(
        kind,
        "timestamp_ns",
        int((off > 0).sum()),
        float(off.max(initial=0)) / 1e6,
        "ms",
        "whole microseconds",
    )
    if ((np.diff(times) <= 0) & (np.diff(sensor) == 0)).any():
        raise FormatError(f"{where}: two have one time in microseconds.")
    return times


def _samples(records: Records, scene: Scene, times: IntArray, made: bool, kept: list[Any]) -> list[str]:
    own = kept if len(kept) == len(times) else [None] * len(times)
    tokens = [
        records.add(
            "sample",
            own[row],
            scene.name,
            time,
            timestamp=time,
            prev="",
            next="",
            scene_token="",
            **({schema.EXTRA: {"made": True}} if made else {}),
        )
        for row, time in enumerate(times.tolist())
    ]
    _chain(records.rows["sample"][len(records.rows["sample"]) - len(tokens) :])
    return tokens


def _chain(rows: list[dict[str, Any]]) -> None:
    """Link records that follow each other in time and are of one sensor."""
    for one, other in pairwise(rows):
        if one.get("calibrated_sensor_token") == other.get("calibrated_sensor_token"):
            one["next"], other["prev"] = other["token"], one["token"]


def _check_channels(scene: Scene) -> None:
    upper = [sensor.channel.upper() for sensor in scene.sensors]
    if len(set(upper)) < len(upper):
        raise FormatError(f"{scene.name}: two channels are one in capitals: {', '.join(upper)}.")


def _sensor(records: Records, scene: Scene, sensor: Sensor, kept: Mapping[str, Any], tally: Tally) -> str:
    """Add a sensor, once for all scenes, and its calibration in this scene; the latter's token."""
    named = kept.get("sensors")
    own = named.get(sensor.channel, []) if isinstance(named, Mapping) else []
    sensor_token, calibrated_token = own if len(own) == 2 else (None, None)
    channel = sensor.channel.upper()
    tally.approximate("sensors", "channel", int(channel.lower() != sensor.channel), 0.0, "", "in capitals")
    modality = "camera" if isinstance(sensor, Camera) else "lidar"
    known = [row for row in records.rows["sensor"] if row["channel"] == channel]
    if known:
        token = known[0]["token"]
    else:
        token = records.add("sensor", sensor_token, channel, channel=channel, modality=modality)
    fields: dict[str, Any] = {"sensor_token": token, **_mounting(sensor, tally), "camera_intrinsic": []}
    if isinstance(sensor, Camera):
        if sensor.camera_matrix is not None:
            fields["camera_intrinsic"] = sensor.camera_matrix.tolist()
        if sensor.distortion.model != "none":
            fields["camera_distortion"] = sensor.distortion.coefficients.tolist()
            fields[schema.EXTRA] = {"distortion_model": sensor.distortion.model}
            tally.keep("sensors", "distortion", 1, "extra field; nuScenes' own images have none")
        tally.keep("sensors", "calibration", int(sensor.is_calibrated))
    return records.add("calibrated_sensor", calibrated_token, scene.name, channel, **fields)


def _mounting(sensor: Sensor, tally: Tally) -> dict[str, Any]:
    """Translation and rotation; empty lists where they are not known."""
    if sensor.ego_from_sensor is None:
        return {"translation": [], "rotation": []}
    quat = matrix_to_quat_wxyz(sensor.ego_from_sensor)
    error = float(np.abs(pose_matrix(sensor.ego_from_sensor[:3, 3], quat) - sensor.ego_from_sensor).max())
    tally.approximate("sensors", "ego_from_sensor", int(error > _EXACT), error, "", "as a quaternion")
    return {"translation": sensor.ego_from_sensor[:3, 3].tolist(), "rotation": quat.tolist()}


def _key_frames(
    scene: Scene, kind: str, samples_us: IntArray, made: bool, tally: Tally
) -> tuple[BoolArray, IntArray]:
    """Which rows are key frames, and the sample of each: its own, or the one that follows."""
    rows = scene.frames if kind == "frames" else scene.sweeps
    times_us = rows.timestamp_ns // 1000
    if made:
        at = np.searchsorted(samples_us, times_us)
        at = np.minimum(at, len(samples_us) - 1)
        return samples_us[at] == times_us, at
    away = np.abs(rows.timestamp_ns - scene.samples_ns[rows.sample]) if len(scene.samples_ns) else rows.sample
    order = np.lexsort((away, rows.sample, rows.sensor))
    pair = np.stack([rows.sensor, rows.sample], axis=1)[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (pair[1:] != pair[:-1]).any(axis=1)
    is_key = np.zeros(len(order), np.bool_)
    is_key[order] = first
    more = int((~is_key & (rows.sample != NO_SAMPLE)).sum())
    tally.drop(kind, "sample", more, "a sample has one key frame a sensor")
    is_key &= rows.sample != NO_SAMPLE
    after = np.minimum(np.searchsorted(samples_us, times_us), max(len(samples_us) - 1, 0))
    return is_key, np.where(is_key, rows.sample, after).astype(np.int64)


def _poses_at(poses: Poses | None, times_ns: IntArray) -> tuple[FloatArray, FloatArray] | None:
    """(n, 3) and (n, 4) the ego's position and orientation at times; recorded ones as they are.

    NaN at times before the first and after the last pose.
    """
    if poses is None or not len(times_ns):
        return None
    inside = np.clip(times_ns, poses.timestamp_ns[0], poses.timestamp_ns[-1])
    matrices = interpolate_poses(poses.timestamp_ns, poses.translation, poses.quat_wxyz, inside)
    translation, quat = matrices[:, :3, 3].copy(), matrix_to_quat_wxyz(matrices)
    at = np.minimum(np.searchsorted(poses.timestamp_ns, times_ns), len(poses) - 1)
    same = poses.timestamp_ns[at] == times_ns
    translation[same], quat[same] = poses.translation[at[same]], poses.quat_wxyz[at[same]]
    translation[inside != times_ns] = np.nan
    return translation, quat


def _count_poses(scene: Scene, tally: Tally) -> None:
    """Count poses that are at no sensor's time, and how far interpolation of the others misses them."""
    poses = scene.poses
    if poses is None:
        return
    times = np.unique(np.concatenate([scene.frames.timestamp_ns, scene.sweeps.timestamp_ns]))
    times = times[(times >= poses.timestamp_ns[0]) & (times <= poses.timestamp_ns[-1])]
    lost = ~np.isin(poses.timestamp_ns, times)
    tally.keep("poses", "", int((~lost).sum()), "at the times of images and sweeps")
    inner = np.zeros(len(poses), np.bool_)
    if len(times):
        inner = lost & (poses.timestamp_ns > times[0]) & (poses.timestamp_ns < times[-1])
    note = "before the first or after the last image and sweep"
    tally.drop("poses", "", int((lost & ~inner).sum()), note)
    written = _poses_at(poses, times)
    if inner.any() and written is not None:
        again = interpolate_poses(times, written[0], written[1], poses.timestamp_ns[inner])
        error = float(np.linalg.norm(again[:, :3, 3] - poses.translation[inner], axis=1).max())
        note = "those between the times of images and sweeps are interpolated"
        tally.approximate("poses", "translation", int(inner.sum()), error, "m", note)


def _data(
    records: Records,
    scene: Scene,
    kind: str,
    row: int,
    time: int,
    is_key: bool,
    sample: str,
    calibrated: str,
    pose: tuple[FloatArray, FloatArray] | None,
    own: Any,
    kept: Mapping[str, Any],
    files: FileWriter,
) -> None:
    """Add one image or sweep and its ego pose."""
    rows = scene.frames if kind == "frames" else scene.sweeps
    sensor = scene.sensors[rows.sensor[row]]
    hw = sensor.image_hw if isinstance(sensor, Camera) else (0, 0)
    place = files.frame if kind == "frames" else files.sweep
    name = place(row, time, is_key=is_key)
    token = records.book("sample_data").take(own, scene.name, sensor.channel, time)
    pose_token = ""
    if pose is not None and not np.isnan(pose[0]).any():
        other = kept.get("ego_poses")
        pose_own = other.get(own, own) if isinstance(other, Mapping) and own is not None else token
        taken = {"translation": pose[0].tolist(), "rotation": pose[1].tolist()}
        pose_token = records.add(
            "ego_pose",
            pose_own,
            scene.name,
            sensor.channel,
            time,
            timestamp=time,
            rotation=taken["rotation"],
            translation=taken["translation"],
        )
    suffix = "pcd" if name.endswith(".pcd.bin") else name.rpartition(".")[2]
    records.rows["sample_data"].append(
        {
            "token": token,
            "sample_token": sample,
            "ego_pose_token": pose_token,
            "calibrated_sensor_token": calibrated,
            "timestamp": time,
            "fileformat": suffix,
            "is_key_frame": is_key,
            "height": hw[0],
            "width": hw[1],
            "filename": name,
            "prev": "",
            "next": "",
        }
    )
    if kind == "sweeps":
        _lidarseg(records, row, token, files)


def _lidarseg(records: Records, row: int, token: str, files: FileWriter) -> None:
    source = files.lidarseg_source(row)
    if source is not None:
        files.lidarseg(source, source.path)
        records.rows.setdefault("lidarseg", []).append(
            {"token": token, "sample_data_token": token, "filename": source.path}
        )
