"""A raw drive of KITTI as a scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, InvalidLabelError, SceneLookupError, StoreError
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.drive_building import DriveBuilder
from drivelabel.formats.imported import Imported
from drivelabel.formats.kitti.calibration import Calibration, read_values, rigid
from drivelabel.formats.kitti.drive import STEP_NS, VELODYNE, image_files, numbered_files
from drivelabel.formats.kitti.gather import OnInvalid
from drivelabel.formats.kitti.oxts import count_other_values, read_oxts, world_from_imu
from drivelabel.formats.kitti_raw.times import read_timestamps
from drivelabel.formats.kitti_raw.tracklets import FACTS, UNSET, Tracklet, read_tracklets
from drivelabel.formats.report import Tally
from drivelabel.geometry import invert_rigid, matrix_to_quat_wxyz, transform_points
from drivelabel.labels import IMPORTED, KITTI, Attributes, Boxes3D, Grouped, Taxonomy
from drivelabel.media.images import read_image_header
from drivelabel.media.sweeps import KITTI_KIND
from drivelabel.scene import Camera, Layer, Lidar, Poses, Scene, Source
from drivelabel.typing import FloatArray, IntArray

CAMERAS = tuple(f"image_{k:02d}" for k in range(4))
TRACKLETS = "tracklet_labels.xml"
OTHER_SWEEP = "unknown_sweep"


def read_kitti_raw(
    path: Path | str, *, layer: str = "truth", scene: str | None = None, on_invalid: OnInvalid = "error"
) -> Imported:
    """One drive: all cameras, the velodyne, poses from oxts, and cuboids from its tracklets.

    Calibration is looked for beside the drive's folder, where KITTI has it, and in it. A sample is a turn of
    the velodyne, or an image where there are no turns. The world's origin is the first pose.

    Args:
        path: the drive's folder, or the day's with several drives.
        layer: name of the layer with the labels.
        scene: the drive's folder, where the day has several.
        on_invalid: ``error`` refuses damaged tracklets, ``skip`` leaves them out and counts them.

    Raises:
        StoreError: there is no drive, or a file cannot be read.
        SceneLookupError: there is no such drive.
        FormatError: a file is damaged, or the drive must be named.
    """
    folder = _drive(Path(path), scene)
    tally = Tally()
    rig = _Rig(folder, tally)
    drive = _Drive(folder, rig)
    poses = _poses(folder, rig, drive, tally)
    tracklets = _tracklets(folder, on_invalid, tally)
    names = list(dict.fromkeys(tracklet.name for tracklet in tracklets))
    taxonomy = KITTI if set(names) <= set(KITTI.names) else taxonomy_of_names("kitti", names)
    tables = {}
    if (folder / TRACKLETS).is_file():
        tables["boxes3d"] = _boxes(tracklets, taxonomy, drive.samples_ns, poses, tally)
    made = Scene(
        name=folder.name,
        sensors=tuple(drive.builder.sensors),
        taxonomy=taxonomy,
        frames=drive.builder.frames(),
        sweeps=drive.builder.sweeps(),
        samples_ns=drive.samples_ns,
        sources=tuple(drive.builder.sources),
        poses=poses,
        layers={layer: Layer(layer, taxonomy, author="KITTI", tables=tables)},
        root=str(folder.absolute()),
        info={"format": "kitti-raw"},
    )
    return Imported(made, tally.report("kitti-raw", str(folder)))


def _is_drive(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    names = {item.name.lower() for item in folder.iterdir() if item.is_dir()}
    return bool({"velodyne_points", "oxts"} & names) and bool({*CAMERAS, "velodyne_points"} & names)


def drive_names(path: Path) -> list[str]:
    """The drives in a folder of days or of one day, or its own name when it is one."""
    return sorted(_drives(path))


def _drives(path: Path) -> dict[str, Path]:
    if _is_drive(path):
        return {path.name: path}
    if not path.is_dir():
        return {}
    days = [path, *sorted(item for item in path.iterdir() if item.is_dir())]
    return {item.name: item for day in days for item in sorted(day.iterdir()) if _is_drive(item)}


def is_kitti_raw(path: Path) -> bool:
    """Whether a path looks like a raw drive of KITTI, or a day of them."""
    return bool(drive_names(path))


def _drive(path: Path, scene: str | None) -> Path:
    drives = _drives(path)
    names = sorted(drives)
    if not names:
        raise StoreError(f"{path}: expected a drive with velodyne_points or oxts in it.")
    if scene is None and len(names) > 1:
        raise FormatError(f"{path}: has the drives {', '.join(names[:10])}. Name one with scene=...")
    if scene is not None and scene not in names:
        raise SceneLookupError(f"{path}: no drive {scene!r}.{did_you_mean(scene, names)}")
    return drives[scene or names[0]]


class _Rig:
    """The calibration files of a drive's day, where they are there."""

    def __init__(self, folder: Path, tally: Tally) -> None:
        self.cameras: dict[int, Calibration] = {}
        self.velo_from_imu = np.eye(4)
        velo = self._motion(folder, "calib_velo_to_cam.txt")
        imu = self._motion(folder, "calib_imu_to_velo.txt")
        path = self._find(folder, "calib_cam_to_cam.txt")
        if imu is not None:
            self.velo_from_imu = imu
        if path is None or velo is None:
            tally.approximate("sensors", "calibration", 1, 0.0, "", "not told: cameras have none")
            return
        values = read_values(path)
        tally.drop("calib", "", 1, "cameras before rectification")
        rotation = values.get("R_rect_00")
        if rotation is None or rotation.size != 9:
            raise FormatError(f"{path}: expected 9 numbers called R_rect_00.")
        rect, _ = rigid(path, rotation.reshape(3, 3), np.zeros(3))
        for k in range(len(CAMERAS)):
            projection = values.get(f"P_rect_{k:02d}")
            if projection is not None and projection.size == 12:
                given = projection.reshape(3, 4)
                if not (given[0, 0] > 0 and given[1, 1] > 0 and given[2, 2] > 0):
                    raise FormatError(f"{path}: P_rect_{k:02d}: expected positive focal lengths.")
                self.cameras[k] = Calibration(given / given[2, 2], rect @ velo)

    @staticmethod
    def _find(folder: Path, name: str) -> Path | None:
        return next((p / name for p in (folder, folder.absolute().parent) if (p / name).is_file()), None)

    def _motion(self, folder: Path, name: str) -> FloatArray | None:
        path = self._find(folder, name)
        if path is None:
            return None
        values = read_values(path)
        rotation, shift = values.get("R"), values.get("T")
        if rotation is None or rotation.size != 9 or shift is None or shift.size != 3:
            raise FormatError(f"{path}: expected 9 numbers called R and 3 called T.")
        return rigid(path, rotation.reshape(3, 3), shift)[0]


@dataclass(slots=True)
class _Drive:
    """The sensors' files of a drive."""

    folder: Path
    rig: _Rig
    builder: DriveBuilder = field(default_factory=DriveBuilder)
    samples_ns: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        cameras = {k: self._files(name, image=True) for k, name in enumerate(CAMERAS)}
        turns = self._files("velodyne_points", image=False)
        leader = turns or next((files for files in cameras.values() if files), {})
        if not leader:
            raise StoreError(f"{self.folder}: has neither images nor turns of the velodyne.")
        leader_ns = {number: time for number, (_, time) in leader.items()}
        if turns and (listed := self._listed("velodyne_points")) is not None:
            leader_ns = dict(enumerate(listed.tolist()))  # also turns whose file is not there
        self.samples_ns = np.array(list(leader_ns.values()), np.int64)
        if (np.diff(self.samples_ns) <= 0).any():
            raise FormatError(f"{self.folder}: expected times that rise from frame to frame.")
        place = {number: row for row, number in enumerate(leader_ns)}
        for k, files in cameras.items():
            if files:
                sensor = self.builder.add_sensor(self._camera(k, next(iter(files.values()))[0]))
                self._add(sensor, files, place, "image")
        if turns:
            sensor = self.builder.add_sensor(Lidar(VELODYNE, np.eye(4)))
            self._add(sensor, turns, place, KITTI_KIND)

    def _files(self, name: str, *, image: bool) -> dict[int, tuple[Path, int]]:
        """Number to file and time of one sensor."""
        found = [item for item in self.folder.iterdir() if item.name.lower() == name and item.is_dir()]
        if not found:
            return {}
        files = (
            image_files(found[0] / "data") if image else numbered_files(found[0] / "data", (".bin", ".pcd"))
        )
        numbers = {int(stem): path for stem, path in files.items() if stem.isascii() and stem.isdecimal()}
        times, given = found[0] / "timestamps.txt", self._listed(name)
        if given is not None and numbers and max(numbers) >= len(given):
            raise FormatError(f"{times}: expected {max(numbers) + 1} lines, one a frame, got {len(given)}.")
        return {
            number: (path, int(given[number]) if given is not None else number * STEP_NS)
            for number, path in sorted(numbers.items())
        }

    def _listed(self, name: str) -> IntArray | None:
        """The times in a sensor's ``timestamps.txt``, None where it is not there."""
        files = [item / "timestamps.txt" for item in self.folder.iterdir() if item.name.lower() == name]
        return read_timestamps(files[0]) if files and files[0].is_file() else None

    def _camera(self, k: int, image: Path) -> Camera:
        hw, known = read_image_header(image).image_hw, self.rig.cameras.get(k)
        if known is None:
            return Camera(CAMERAS[k], hw)
        try:
            return Camera(CAMERAS[k], hw, known.camera_matrix, ego_from_sensor=known.ego_from_camera)
        except InvalidLabelError as error:
            raise FormatError(f"{self.folder}: {error}") from None

    def _add(self, sensor: int, files: dict[int, tuple[Path, int]], place: dict[int, int], kind: str) -> None:
        for number, (path, time) in files.items():
            own = kind if kind == "image" or path.suffix.lower() == ".bin" else OTHER_SWEEP
            source = Source(path.relative_to(self.folder).as_posix(), own)
            self.builder.add(sensor, time, source, place.get(number, -1))

    @property
    def span_ns(self) -> tuple[int, int]:
        """The times of the first and last image or turn."""
        taken = [self.builder.frames().timestamp_ns, self.builder.sweeps().timestamp_ns]
        times = np.concatenate([*taken, self.samples_ns])
        return int(times.min()), int(times.max())


def _poses(folder: Path, rig: _Rig, drive: _Drive, tally: Tally) -> Poses:
    """The velodyne's poses, from the first image or turn to the last."""
    files = list(numbered_files(folder / "oxts" / "data", (".txt",)).values())
    first, last = drive.span_ns
    if not files:
        note = "not told; the world is the velodyne's coords in each frame"
        tally.approximate("poses", "", len(drive.samples_ns), 0.0, "", note)
        times = np.unique([first, *drive.samples_ns.tolist(), last]).astype(np.int64)
        return Poses(times, np.zeros((len(times), 3)), np.tile([1.0, 0, 0, 0], (len(times), 1)))
    packets = read_oxts(files)
    path = folder / "oxts" / "timestamps.txt"
    times = read_timestamps(path) if path.is_file() else np.arange(len(packets), dtype=np.int64) * STEP_NS
    if len(times) < len(packets) or not len(packets):
        raise FormatError(f"{path}: expected {len(packets)} lines, one a packet, got {len(times)}.")
    times = times[: len(packets)]
    if (np.diff(times) <= 0).any():
        raise FormatError(f"{path}: expected times that rise from packet to packet.")
    count_other_values(packets, tally)
    motion = world_from_imu(packets) @ invert_rigid(rig.velo_from_imu)
    translation, quat = motion[:, :3, 3], matrix_to_quat_wxyz(motion)
    return _widened(times, translation, quat, first, last, tally)


def _widened(
    times: IntArray, translation: FloatArray, quat: FloatArray, first: int, last: int, tally: Tally
) -> Poses:
    """Poses that reach from `first` to `last`: going on straight before the first and after the last."""
    before, after = max(int(times[0]) - first, 0), max(last - int(times[-1]), 0)
    note = "images and turns before the first or after the last packet: the car goes on straight"
    off = max(before, after) / 1e6
    tally.approximate("poses", "timestamp_ns", int(before > 0) + int(after > 0), off, "ms", note)
    if before:
        speed = (translation[1] - translation[0]) / (times[1] - times[0]) if len(times) > 1 else np.zeros(3)
        times, quat = np.r_[first, times], np.concatenate([quat[:1], quat])
        translation = np.concatenate([translation[:1] - speed * before, translation])
    if after:
        speed = (
            (translation[-1] - translation[-2]) / (times[-1] - times[-2]) if len(times) > 1 else np.zeros(3)
        )
        times, quat = np.r_[times, last], np.concatenate([quat, quat[-1:]])
        translation = np.concatenate([translation, translation[-1:] + speed * after])
    return Poses(times, translation.copy(), quat)


def _tracklets(folder: Path, on_invalid: OnInvalid, tally: Tally) -> list[Tracklet]:
    if not (folder / TRACKLETS).is_file():
        return []
    kept = []
    for found in read_tracklets(folder / TRACKLETS):
        if isinstance(found, Tracklet):
            kept.append(found)
        elif on_invalid == "error":
            raise FormatError(f'{found} Leave it out with on_invalid="skip".')
        else:
            tally.drop("tracklets", "", 1, "damaged")
    return kept


def _boxes(
    tracklets: list[Tracklet], taxonomy: Taxonomy, samples_ns: IntArray, poses: Poses, tally: Tally
) -> Grouped[Boxes3D]:
    n, lengths = len(samples_ns), [len(tracklet.poses) for tracklet in tracklets]
    track = np.repeat(np.arange(len(tracklets)), lengths)
    steps = [t.first_frame + np.arange(len(t.poses)) for t in tracklets]
    frame = np.concatenate([np.zeros(0, np.int64), *steps]).astype(np.int64)
    pose = np.concatenate([np.zeros((0, 6)), *(tracklet.poses for tracklet in tracklets)])
    facts = np.concatenate([np.zeros((0, len(FACTS))), *(tracklet.facts for tracklet in tracklets)])
    size = np.array([tracklet.size_hwl for tracklet in tracklets]).reshape(-1, 3)[track]
    inside = frame < n
    tally.drop("tracklets", "poses", int((~inside).sum()), "in frames that are not there")
    order = np.flatnonzero(inside)[np.argsort(frame[inside], kind="stable")]
    frame, pose, facts, size, track = frame[order], pose[order], facts[order], size[order], track[order]
    world = poses.at(samples_ns)[frame] if n else np.zeros((0, 4, 4))
    middle = pose[:, :3] + np.stack([0 * pose[:, 0], 0 * pose[:, 0], size[:, 0] / 2], axis=1)
    columns: dict[str, Any] = {
        "timestamp_ns": samples_ns[frame],
        "center": transform_points(world, middle),
        "size_lwh": size[:, [2, 1, 0]].astype(np.float32),
        "quat_wxyz": matrix_to_quat_wxyz(world[:, :3, :3] @ _rotation(pose[:, 3:])),
        "category_id": taxonomy.ids_of(tracklets[k].name for k in track.tolist()),
        "track_id": track,
        "origin": np.full(len(track), IMPORTED, np.uint8),
        "attributes": _attributes(facts),
    }
    tally.keep("boxes3d", "", len(track))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(frame, minlength=n))]).astype(np.int64)
    return Grouped(Boxes3D(**columns), offsets, np.ones(n, np.bool_))


def _rotation(angles: FloatArray) -> FloatArray:
    """(n, 3, 3) of rotations about x, then y, then z."""
    cos, sin = np.cos(angles), np.sin(angles)
    turns = np.tile(np.eye(3), (3, len(angles), 1, 1))
    for axis, (one, other) in enumerate(((1, 2), (2, 0), (0, 1))):
        turns[axis, :, one, one] = turns[axis, :, other, other] = cos[:, axis]
        turns[axis, :, one, other], turns[axis, :, other, one] = -sin[:, axis], sin[:, axis]
    whole: FloatArray = turns[2] @ turns[1] @ turns[0]
    return whole


def _attributes(facts: FloatArray) -> Attributes:
    columns = {
        name: [
            None if value == UNSET else int(value) if value.is_integer() else value
            for value in column.tolist()
        ]
        for name, column in zip(FACTS, facts.T, strict=True)
    }
    told = {name: column for name, column in columns.items() if any(value is not None for value in column)}
    return Attributes.of(told, len(facts))
