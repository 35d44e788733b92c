"""What was recorded in a scene of nuScenes: samples, images, sweeps, sensors and ego poses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.loading import Fields, safe_join
from drivelabel.formats.loading.json_table import JsonTable
from drivelabel.formats.nuscenes import schema
from drivelabel.formats.nuscenes.tables import Tables
from drivelabel.formats.report import Tally
from drivelabel.geometry import pose_matrix
from drivelabel.media.sweeps import LIDARSEG_KIND, NUSCENES_KIND
from drivelabel.scene import (
    NO_DISTORTION,
    NO_SAMPLE,
    Camera,
    Distortion,
    Frames,
    Lidar,
    Poses,
    Sensor,
    Source,
    Sweeps,
)
from drivelabel.typing import BoolArray, FloatArray, IntArray

OTHER_SWEEP = "unknown_sweep"
"""Kind of a lidar file that is no .pcd.bin."""
_UNIT = 1e-3


@dataclass(slots=True)
class Recording:
    """The parts of a scene while they are read.

    Attributes:
        samples: (s,) rows of the table of samples, in order of time.
        samples_us: (s,) their times.
        is_made: (s,) whether a sample was only made to hold images of a scene that has none.
        tokens: token lists and records that a later export writes again.
        frame_rows: (f,) row of the table of sample data, of each frame.
    """

    samples: IntArray
    samples_us: IntArray
    is_made: BoolArray
    sensors: tuple[Sensor, ...] = ()
    frames: Frames = field(default_factory=Frames.empty)
    sweeps: Sweeps = field(default_factory=Sweeps.empty)
    sources: tuple[Source, ...] = ()
    poses: Poses | None = None
    tokens: dict[str, Any] = field(default_factory=dict)
    frame_rows: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def samples_ns(self) -> IntArray:
        """(k,) the times of the samples that are not made, nanoseconds since 1970."""
        return self.samples_us[~self.is_made] * 1000


def read_recording(tables: Tables, scene: Fields, tally: Tally) -> Recording:
    """The recording of a scene.

    Raises:
        StoreError: a table is missing or cannot be read.
        FormatError: the tables contradict themselves.
    """
    recording = _samples(tables, scene)
    data = tables.sample_data
    tables.index("sample_data")  # a token that occurs twice is refused
    sample_of_row = tables.index("sample").find(data.texts["sample_token"])
    _check_known(data, "sample_token", sample_of_row)
    place = np.full(len(tables.sample), -1, np.int64)
    place[recording.samples] = np.arange(len(recording.samples))
    rows = np.flatnonzero(place[sample_of_row] >= 0)
    times = data.integers("timestamp")[rows]
    calibrated = data.texts["calibrated_sensor_token"][rows].texts()
    channels = [_channel(tables, token, data.path) for token in calibrated]
    _drop_radar(channels, tally)
    sensors = _Sensors(tables, rows, calibrated, channels, tally)
    order = sensors.order(times)
    rows, times = rows[order], times[order]
    recording.sensors = tuple(sensors.made)
    _columns(recording, tables, rows, times, sensors.of_row[order], place[sample_of_row[rows]], tally)
    recording.poses = _poses(tables, rows, times, recording, tally)
    recording.tokens["sensors"] = sensors.tokens
    return recording


def _samples(tables: Tables, scene: Fields) -> Recording:
    table = tables.sample
    tables.index("sample")
    token = scene.text("token")
    rows = np.array(
        [row for row, text in enumerate(table.texts["scene_token"].texts()) if text == token], np.int64
    )
    times = table.integers("timestamp")[rows]
    order = np.argsort(times, kind="stable")
    rows, times = rows[order], times[order]
    if (np.diff(times) <= 0).any():
        row = int(rows[1:][np.diff(times) <= 0][0])
        raise FormatError(f"{table.path}, row {row}: two samples of {scene.text('name')} have one timestamp.")
    if len(rows) != scene.integer("nbr_samples", len(rows)):
        raise FormatError(
            f"{scene.where}: expected {scene.integer('nbr_samples')} samples, got {len(rows)}. "
            "Were the tables cut?"
        )
    names = table.texts["token"][rows].texts()
    for key, expected in (("prev", ["", *names[:-1]]), ("next", [*names[1:], ""])):
        given = table.texts[key][rows].texts()
        if names and given != expected:
            at = next(k for k, pair in enumerate(zip(given, expected, strict=True)) if pair[0] != pair[1])
            raise FormatError(
                f"{table.path}, row {int(rows[at])}: {key}: expected {expected[at]!r}, "
                f"got {given[at][:80]!r}."
            )
    extras = extras_of(table, rows)
    made = np.array([bool(extra.get("made")) for extra in extras], np.bool_)
    recording = Recording(rows, times, made)
    recording.tokens["samples"] = [name for name, is_made in zip(names, made, strict=True) if not is_made]
    recording.tokens["unlabelled"] = [
        place
        for place, extra in enumerate(e for e in extras if not e.get("made"))
        if extra.get("labelled") is False
    ]
    return recording


def extras_of(table: JsonTable, rows: IntArray) -> list[dict[str, Any]]:
    """What our own writer put beside nuScenes' keys in some rows; empty where it did not."""
    values = table.texts[schema.EXTRA][rows].values()
    return [value if isinstance(value, dict) else {} for value in values]


def _check_known(table: JsonTable, key: str, found: IntArray) -> None:
    if (found < 0).any():
        row = int(np.argmax(found < 0))
        token = table.texts[key][row : row + 1].texts()[0]
        raise FormatError(f"{table.path}, row {row}: {key} {token[:80]!r} is not there.")


def _channel(tables: Tables, token: str, path: Path) -> tuple[str, str]:
    """Channel and modality of a calibrated sensor, as nuScenes writes them."""
    calibrated = tables.small("calibrated_sensor").get(token, str(path))
    sensor = tables.small("sensor").get(calibrated.text("sensor_token"), calibrated.where)
    return sensor.text("channel"), sensor.text("modality")


def _drop_radar(channels: list[tuple[str, str]], tally: Tally) -> None:
    for channel in sorted({name for name, modality in channels if modality not in ("camera", "lidar")}):
        count = sum(name == channel for name, _ in channels)
        tally.drop("sample_data", channel, count, "no camera and no lidar; left where it is")


class _Sensors:
    """The cameras and lidars of a scene, in the order of the table of sensors."""

    def __init__(
        self,
        tables: Tables,
        rows: IntArray,
        calibrated: list[str],
        channels: list[tuple[str, str]],
        tally: Tally,
    ) -> None:
        self.made: list[Sensor] = []
        self.tokens: dict[str, list[str]] = {}
        self.of_row = np.full(len(rows), -1, np.int64)
        data = tables.sample_data
        names = np.array([name for name, _ in channels], object)
        for record in tables.small("sensor").records.values():
            if record.text("modality") not in ("camera", "lidar"):
                continue
            mine = np.flatnonzero(names == record.text("channel"))
            if not len(mine):
                continue
            tokens = dict.fromkeys(calibrated[row] for row in mine.tolist())
            first = tables.small("calibrated_sensor").records[next(iter(tokens))]
            if len(tokens) > 1:
                others = [tables.small("calibrated_sensor").records[token] for token in tokens]
                worst = max(
                    np.abs(_mounting(other, [0.0, 0, 0])[:, 3] - _mounting(first, [0.0, 0, 0])[:, 3]).max()
                    for other in others
                )
                tally.approximate(
                    "sensors",
                    "calibration",
                    len(tokens) - 1,
                    float(worst),
                    "m",
                    f"{record.text('channel')} has several; the first is taken",
                )
            self.of_row[mine] = len(self.made)
            self.made.append(_sensor(record, first, _size(data, rows[mine], record)))
            self.tokens[self.made[-1].channel] = [record.text("token"), first.text("token")]

    def order(self, times: IntArray) -> IntArray:
        """The rows that have a sensor, sensor by sensor, each in order of time."""
        order = np.lexsort((times, self.of_row))
        kept: IntArray = order[self.of_row[order] >= 0]
        return kept


def _size(data: JsonTable, rows: IntArray, sensor: Fields) -> tuple[int, int]:
    """Height and width of a camera's images."""
    if sensor.text("modality") != "camera":
        return (0, 0)
    height, width = data.numbers["height"][rows], data.numbers["width"][rows]
    wrong = (height != height[0]) | (width != width[0])
    if wrong.any():
        row = int(rows[np.argmax(wrong)])
        raise FormatError(
            f"{data.path}, row {row}: expected all images of {sensor.text('channel')} in one size, got "
            f"{width[np.argmax(wrong)]:g}x{height[np.argmax(wrong)]:g} and {width[0]:g}x{height[0]:g}."
        )
    if not (0 < height[0] < 1e5 and 0 < width[0] < 1e5):
        raise FormatError(f"{data.path}, row {int(rows[0])}: expected the image's width and height.")
    return int(height[0]), int(width[0])


def _sensor(record: Fields, calibrated: Fields, image_hw: tuple[int, int]) -> Sensor:
    channel = record.text("channel").lower()
    try:
        if record.text("modality") == "lidar":
            return Lidar(channel, _mounting(calibrated))
        matrix = None
        if calibrated.items("camera_intrinsic"):
            rows = [
                _numbers(row, f"{calibrated.where}, camera_intrinsic", 3)
                for row in calibrated.items("camera_intrinsic")
            ]
            matrix = np.array(rows).reshape(-1, 3)
        mounting = _mounting(calibrated) if calibrated.items("rotation") else None
        return Camera(channel, image_hw, matrix, _distortion(calibrated), mounting)
    except InvalidLabelError as error:
        raise FormatError(f"{calibrated.where}: {error}") from None


def _distortion(calibrated: Fields) -> Distortion:
    coefficients = calibrated.items("camera_distortion", [])
    if not coefficients:
        return NO_DISTORTION
    extra = calibrated.get(schema.EXTRA)
    model = extra.get("distortion_model") if isinstance(extra, dict) else None
    values = _numbers(coefficients, f"{calibrated.where}, camera_distortion")
    return Distortion(model if isinstance(model, str) else "brown", values)


def _mounting(calibrated: Fields, default: list[float] | None = None) -> FloatArray:
    """(4, 4) ``ego_from_sensor``."""
    if default is not None and not calibrated.items("rotation"):
        return np.eye(4)
    quat = calibrated.numbers("rotation", 4)
    if abs(float(np.linalg.norm(quat)) - 1) > _UNIT:
        raise FormatError(f"{calibrated.where}: rotation: expected a quaternion of unit length.")
    return pose_matrix(calibrated.numbers("translation", 3), quat)


def _numbers(value: Any, where: str, count: int | None = None) -> FloatArray:
    return Fields({"list": value}, where).numbers("list", count)


def _columns(
    recording: Recording,
    tables: Tables,
    rows: IntArray,
    times: IntArray,
    sensor: IntArray,
    sample: IntArray,
    tally: Tally,
) -> None:
    """Fill in frames, sweeps and sources."""
    data = tables.sample_data
    names = data.texts["filename"][rows].texts()
    is_key = data.numbers["is_key_frame"][rows] > 0
    after = np.minimum(np.searchsorted(recording.samples_us, times), len(recording.samples) - 1)
    other = ~is_key & (after != sample)
    tally.drop(
        "sample_data", "sample_token", int(other.sum()), "between key frames, not the sample that follows"
    )
    is_camera = np.array([isinstance(item, Camera) for item in recording.sensors], np.bool_)[sensor]
    places = np.cumsum(~recording.is_made) - 1
    of_scene = np.where(is_key & ~recording.is_made[sample], places[sample], NO_SAMPLE)
    sources = []
    for name, camera in zip(names, is_camera.tolist(), strict=True):
        safe_join(tables.root, name)
        lidar = NUSCENES_KIND if name.endswith(".pcd.bin") else OTHER_SWEEP
        sources.append(Source(name, "image" if camera else lidar))
    recording.sources = tuple(sources)
    texts = data.texts["token"][rows].texts()
    for kind, mine in (("frames", is_camera), ("sweeps", ~is_camera)):
        picked = np.flatnonzero(mine)
        columns = (times[picked] * 1000, sensor[picked], picked, np.zeros(len(picked)), of_scene[picked])
        wanted = Frames if kind == "frames" else Sweeps
        try:
            made = wanted(columns[0], *(column.astype(np.int32) for column in columns[1:]))
        except InvalidLabelError as error:
            raise FormatError(f"{data.path}: {error}") from None
        setattr(recording, kind, made)
        recording.tokens[kind] = [texts[row] for row in picked.tolist()]
        if kind == "frames":
            recording.frame_rows = rows[picked]


def _poses(
    tables: Tables, rows: IntArray, times: IntArray, recording: Recording, tally: Tally
) -> Poses | None:
    """The ego poses at the times of frames and sweeps; None when they have none."""
    column = tables.sample_data.texts["ego_pose_token"][rows]
    has = ~column.is_empty
    if not has.any():
        return None
    table = tables.ego_pose
    found = tables.index("ego_pose").find(column[has])
    _check_known_of(table, tables.sample_data, rows[has], found)
    own, times = found, times[has]
    off = int((table.integers("timestamp")[own] != times).sum())
    tally.drop("ego_pose", "timestamp", off, "is not that of the image or sweep")
    times, first, back = np.unique(times, return_index=True, return_inverse=True)
    translation, quat = table.numbers["translation"][own], table.numbers["rotation"][own]
    miss = np.abs(translation - translation[first][back.reshape(-1)]).max(axis=1)
    tally.approximate(
        "ego_pose",
        "translation",
        int((miss > 0).sum()),
        float(miss.max(initial=0)),
        "m",
        "another sensor has another pose at the same time; one is kept",
    )
    length = np.linalg.norm(quat, axis=1)
    if not (np.abs(length - 1) < _UNIT).all():
        row = int(own[np.argmax(~(np.abs(length - 1) < _UNIT))])
        raise FormatError(f"{table.path}, row {row}: rotation: expected a quaternion of unit length.")
    off_unit = np.abs(length - 1) > 1e-9
    tally.approximate(
        "ego_pose",
        "rotation",
        int(off_unit.sum()),
        float(np.abs(length - 1).max()),
        "",
        "brought to unit length",
    )
    quat = np.where(off_unit[:, None], quat / length[:, None], quat)
    tokens = table.texts["token"][own].texts()
    data_tokens = tables.sample_data.texts["token"][rows[has]].texts()
    recording.tokens["ego_poses"] = {a: b for a, b in zip(data_tokens, tokens, strict=True) if a != b}
    return Poses(times * 1000, translation[first].copy(), quat[first].copy())


def _check_known_of(table: JsonTable, data: JsonTable, rows: IntArray, found: IntArray) -> None:
    if (found < 0).any():
        row = int(rows[np.argmax(found < 0)])
        raise FormatError(f"{data.path}, row {row}: ego_pose_token: {table.path.name} has no such token.")


def read_lidarseg(tables: Tables, recording: Recording, tally: Tally) -> Mapping[str, str]:
    """Sweep's file to the file with its points' classes, where the version has any; sources are added."""
    if not tables.path("lidarseg").is_file():
        return {}
    by_token = dict(zip(recording.tokens["sweeps"], recording.sweeps.source.tolist(), strict=True))
    found: dict[str, str] = {}
    more: list[Source] = []
    for record in tables.small("lidarseg").records.values():
        source = by_token.get(record.text("sample_data_token"))
        if source is not None:
            name = record.text("filename")
            safe_join(tables.root, name)
            found[recording.sources[source].path] = name
            more.append(Source(name, LIDARSEG_KIND))
    recording.sources = (*recording.sources, *more)
    tally.keep("lidarseg", "", len(found), "classes of points, as files")
    return found
