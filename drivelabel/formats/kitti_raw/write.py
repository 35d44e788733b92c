"""Scenes as raw drives of KITTI."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_folder
from drivelabel.formats.classes import layer_under
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.kitti.oxts import packets_of
from drivelabel.formats.kitti.points import write_velodyne
from drivelabel.formats.kitti_raw.read import CAMERAS, TRACKLETS
from drivelabel.formats.kitti_raw.times import timestamps_text
from drivelabel.formats.kitti_raw.tracklets import FACTS, UNSET, Tracklet, write_tracklets
from drivelabel.formats.losses import count_columns
from drivelabel.formats.nuscenes.numbers import shortest
from drivelabel.formats.pictures import Data, Picture, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.geometry import invert_rigid, quat_wxyz_to_matrix, transform_points
from drivelabel.labels import KITTI, NO_TRACK, Attributes, Boxes3D
from drivelabel.scene import NO_SAMPLE, Camera, Layer, Scene
from drivelabel.typing import FloatArray, IntArray

_SAME_WAY = 1e-6


def write_kitti_raw(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: ImagesMode = "copy",
    classes: Literal["kitti", "keep"] = "kitti",
    overwrite: bool = False,
) -> ConversionReport:
    """Write scenes as drives: ``OUT/DATE/DATE_drive_0001_sync``, with calibration beside the first.

    A frame is a sample. KITTI's rectified cameras all look one way, so of the scene's cameras those that look
    as the first does are written, four at most. A thing has one size: the middle one of its boxes.

    Args:
        data: scenes.
        out: a folder.
        layer: whose cuboids.
        images: ``copy`` and ``link`` put images and turns of the first lidar into the folder.
        classes: ``kitti`` maps classes to KITTI's own and drops others, ``keep`` writes the layer's names.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        FormatError: image sets were given, or a scene has no samples.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing.
    """
    tally = Tally()
    pictures = pictures_of(data, layer)
    with new_folder(Path(out), overwrite=overwrite) as place:
        for number, scene in enumerate(pictures.data, 1):
            if not isinstance(scene, Scene) or not len(scene.samples_ns):
                raise FormatError(f"{scene.name}: expected a drive with samples.")
            date = f"{datetime.fromtimestamp(int(scene.samples_ns[0]) // 10**9, UTC):%Y_%m_%d}"
            folder = place / date / f"{date}_drive_{number:04d}_sync"
            folder.mkdir(parents=True)
            with ImageFiles(pictures, folder, images, tally) as files:
                _write_drive(folder, pictures, number - 1, files, classes, tally)
    return tally.report("kitti-raw", str(out))


def _write_drive(
    folder: Path, pictures: Pictures, row: int, files: ImageFiles, classes: str, tally: Tally
) -> None:
    scene = pictures.data[row]
    assert isinstance(scene, Scene), "checked before"
    cameras = _written_cameras(scene, tally)
    _write_calibration(folder, scene, cameras)
    items = [picture for picture in pictures.items if picture.data == row]
    frames = _frames(scene, items, cameras, tally)
    for k, own in enumerate(frames):
        times = scene.samples_ns.copy()
        for sample, picture in own.items():
            files.place(picture, f"{CAMERAS[k]}/data/{sample:010d}")
            times[sample] = picture.timestamp_ns
        (folder / CAMERAS[k]).mkdir(exist_ok=True)
        (folder / CAMERAS[k] / "timestamps.txt").write_text(timestamps_text(times), encoding="ascii")
    if files.folder is not None:
        _write_turns(folder, pictures, scene, items, tally)
    world = _world_from_velo(scene, tally)
    if world is not None:
        _write_oxts(folder, scene, world, tally)
    _write_labels(folder, scene, pictures.layers[row], world, classes, tally)
    _count_dropped(scene, pictures.layers[row], tally)


def _written_cameras(scene: Scene, tally: Tally) -> list[Camera]:
    """The cameras that look as the first does, four at most."""
    first = scene.cameras[0] if scene.cameras else None
    same = [camera for camera in scene.cameras if first is not None and _looks_alike(camera, first)]
    tally.drop(
        "sensors", "", len(scene.cameras) - len(same[:4]), "cameras that look another way than the first"
    )
    tally.drop("sensors", "", max(len(scene.lidars) - 1, 0), "lidars after the first")
    bent = sum(camera.distortion.model != "none" for camera in same[:4])
    tally.drop("sensors", "distortion", bent, "rectified images are straight")
    return same[:4]


def _looks_alike(one: Camera, other: Camera) -> bool:
    if one.ego_from_sensor is None or other.ego_from_sensor is None:
        return one is other or one.ego_from_sensor is other.ego_from_sensor
    return bool(np.abs(one.ego_from_sensor[:3, :3] - other.ego_from_sensor[:3, :3]).max() < _SAME_WAY)


def _ego_from_velo(scene: Scene) -> FloatArray:
    return scene.lidars[0].ego_from_sensor if scene.lidars else np.eye(4)


def _write_calibration(folder: Path, scene: Scene, cameras: list[Camera]) -> None:
    calibrated = [camera for camera in cameras if camera.is_calibrated]
    if not calibrated or len(calibrated) < len(cameras):
        return
    first = cameras[0].ego_from_sensor
    assert first is not None, "calibrated"
    lines = ["calib_time: 01-Jan-2011 00:00:00", f"R_rect_00: {_words(np.eye(3))}"]
    for k, camera in enumerate(cameras):
        assert camera.camera_matrix is not None and camera.ego_from_sensor is not None, "calibrated"
        shift = (invert_rigid(camera.ego_from_sensor) @ first)[:3, 3]
        projection = np.concatenate([camera.camera_matrix, (camera.camera_matrix @ shift)[:, None]], axis=1)
        height, width = camera.image_hw
        lines += [f"S_rect_{k:02d}: {width} {height}", f"P_rect_{k:02d}: {_words(projection)}"]
    (folder.parent / "calib_cam_to_cam.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
    rect_from_velo = invert_rigid(first) @ _ego_from_velo(scene)
    for name, motion in (("velo_to_cam", rect_from_velo), ("imu_to_velo", np.eye(4))):
        text = f"calib_time: 01-Jan-2011 00:00:00\nR: {_words(motion[:3, :3])}\nT: {_words(motion[:3, 3])}\n"
        (folder.parent / f"calib_{name}.txt").write_text(text, encoding="ascii")


def _words(matrix: FloatArray) -> str:
    return " ".join(repr(float(value)) for value in matrix.reshape(-1))


def _frames(
    scene: Scene, items: list[Picture], cameras: list[Camera], tally: Tally
) -> list[dict[int, Picture]]:
    """Of each written camera, sample to its frame; frames of no sample are counted."""
    number = {camera.channel: k for k, camera in enumerate(cameras)}
    found: list[dict[int, Picture]] = [{} for _ in cameras]
    lost = other = 0
    for picture in items:
        sample = int(scene.frames.sample[picture.group])
        if picture.camera not in number:
            other += 1
        elif sample == NO_SAMPLE or sample in found[number[picture.camera]]:
            lost += 1
        else:
            found[number[picture.camera]][sample] = picture
    tally.drop("frames", "", lost, "between samples")
    tally.drop("frames", "", other, "of cameras that are not written")
    tally.keep("frames", "", len(items) - lost - other)
    return found


def _write_turns(folder: Path, pictures: Pictures, scene: Scene, items: list[Picture], tally: Tally) -> None:
    home = folder / "velodyne_points"
    if not scene.lidars:
        return
    home.mkdir()
    times = scene.samples_ns.copy()
    by_sample = {int(scene.frames.sample[picture.group]): picture for picture in items}
    for sample in range(len(times)):
        if sample in by_sample:
            path = home / "data" / f"{sample:010d}.bin"
            write_velodyne(pictures, by_sample[sample], path, tally)
    first = scene.sensor_row(scene.lidars[0].channel)
    mine = np.flatnonzero((scene.sweeps.sensor == first) & (scene.sweeps.sample != NO_SAMPLE))
    times[scene.sweeps.sample[mine]] = scene.sweeps.timestamp_ns[mine]
    off = np.abs(times - scene.samples_ns)
    worst = float(off.max(initial=0)) / 1e6
    note = "a sample is a turn of the velodyne"
    tally.approximate("samples", "timestamp_ns", int((off > 0).sum()), worst, "ms", note)
    tally.drop("sweeps", "", len(scene.sweeps) - len(mine), "between samples, or of other lidars")
    (home / "timestamps.txt").write_text(timestamps_text(times), encoding="ascii")


def _world_from_velo(scene: Scene, tally: Tally) -> FloatArray | None:
    """(s, 4, 4) at the samples' times."""
    poses = scene.poses
    if poses is None:
        return None
    inside = (scene.samples_ns >= poses.timestamp_ns[0]) & (scene.samples_ns <= poses.timestamp_ns[-1])
    if not inside.all():
        tally.drop("poses", "", len(poses), "a sample lies outside of them")
        return None
    return poses.at(scene.samples_ns) @ _ego_from_velo(scene)


def _write_oxts(folder: Path, scene: Scene, world: FloatArray, tally: Tally) -> None:
    (folder / "oxts" / "data").mkdir(parents=True)
    for sample, packet in enumerate(packets_of(world).tolist()):
        text = " ".join(repr(value) for value in packet) + "\n"
        (folder / "oxts" / "data" / f"{sample:010d}.txt").write_text(text, encoding="ascii")
    (folder / "oxts" / "timestamps.txt").write_text(timestamps_text(scene.samples_ns), encoding="ascii")
    assert scene.poses is not None, "there are poses"
    moved = float(np.linalg.norm(world[0, :3, 3]))
    note = "the world's origin moves to the first pose"
    tally.approximate("poses", "translation", len(world), moved, "m", note)
    lost = int((~np.isin(scene.poses.timestamp_ns, scene.samples_ns)).sum())
    tally.drop("poses", "", lost, "between samples")


def _write_labels(
    folder: Path, scene: Scene, layer: Layer, world: FloatArray | None, classes: str, tally: Tally
) -> None:
    if "boxes3d" not in layer.tables:
        return
    if classes not in ("kitti", "keep"):
        raise FormatError(f"classes: expected kitti or keep, got {classes!r}.")
    if classes == "kitti" and layer.taxonomy != KITTI:
        layer = layer_under(layer, KITTI, tally)
        n = len(layer.tables["boxes3d"].rows)
        tally.approximate("boxes3d", "category_id", n, 0.0, "", "as KITTI's classes")
    table = layer.boxes3d
    boxes, sample = table.rows, table.group_of_row
    if world is None:
        world = np.tile(_ego_from_velo(scene), (len(scene.samples_ns), 1, 1))
    write_tracklets(folder / TRACKLETS, _tracklets(layer, boxes, sample, invert_rigid(world)[sample], tally))
    off = np.abs(boxes.timestamp_ns - scene.samples_ns[sample])
    worst = float(off.max(initial=0)) / 1e6
    tally.approximate("boxes3d", "timestamp_ns", int((off > 0).sum()), worst, "ms", "the sample's time")
    rest = {name: column for name, column in boxes.attributes.by_name.items() if name not in FACTS}
    kept = {"center", "size_lwh", "quat_wxyz", "category_id", "track_id", "timestamp_ns"}
    count_columns(boxes.replace(attributes=Attributes(len(boxes), rest)), kept, tally)
    unseen = int((~table.labelled).sum())
    tally.drop("boxes3d", "labelled", unseen, "nothing tells which samples nobody looked at")


def _tracklets(
    layer: Layer, boxes: Boxes3D, sample: IntArray, velo_from_world: FloatArray, tally: Tally
) -> list[Tracklet]:
    """Things as runs of samples without gaps."""
    size = shortest(boxes.size_lwh)[:, [2, 1, 0]]
    pose = np.zeros((len(boxes), 6))
    pose[:, :3] = transform_points(velo_from_world, boxes.center)
    pose[:, 3:] = _angles(velo_from_world[:, :3, :3] @ quat_wxyz_to_matrix(boxes.quat_wxyz))
    facts = _facts(boxes)
    found, worst, n_resized = [], 0.0, 0
    runs, n_split = _runs(boxes, sample)
    for run in runs:
        middle = np.median(size[run], axis=0)
        miss = float(np.abs(size[run] - middle).max())
        worst, n_resized = max(worst, miss), n_resized + int(miss > 0)
        own = pose[run].copy()
        own[:, 2] -= middle[0] / 2
        name = layer.taxonomy.names[int(boxes.category_id[run[0]])]
        found.append(Tracklet(name, middle, int(sample[run[0]]), own, facts[run]))
    tally.keep("boxes3d", "", len(boxes))
    tally.approximate("boxes3d", "size_lwh", n_resized, worst, "m", "a thing has one size")
    tally.approximate("boxes3d", "track_id", len(boxes), 0.0, "", "things are numbered in order")
    tally.approximate("boxes3d", "track_id", n_split, 0.0, "", "a thing that is gone for a while is two")
    return found


def _runs(boxes: Boxes3D, sample: IntArray) -> tuple[list[IntArray], int]:
    """Rows of one thing and class in samples that follow each other; and how often a track was cut."""
    track = np.where(boxes.track_id == NO_TRACK, -2 - np.arange(len(boxes)), boxes.track_id)
    order = np.lexsort((sample, track))
    cuts = [0]
    n_split = 0
    for place, (one, other) in enumerate(pairwise(order.tolist()), 1):
        same = track[one] == track[other]
        follows = sample[other] == sample[one] + 1 and boxes.category_id[one] == boxes.category_id[other]
        if not (same and follows):
            cuts.append(place)
            n_split += int(same)
    runs = [order[a:b] for a, b in pairwise([*cuts, len(order)]) if b > a]
    return sorted(runs, key=lambda run: (int(sample[run[0]]), int(run[0]))), n_split


def _angles(rotation: FloatArray) -> FloatArray:
    """(n, 3) rx, ry, rz of rotations about x, then y, then z."""
    rx = np.arctan2(rotation[:, 2, 1], rotation[:, 2, 2])
    ry = np.arcsin(np.clip(-rotation[:, 2, 0], -1, 1))
    rz = np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0])
    return np.stack([rx, ry, rz], axis=1)


def _facts(boxes: Boxes3D) -> FloatArray:
    facts = np.full((len(boxes), len(FACTS)), UNSET)
    for column, name in enumerate(FACTS):
        if name in boxes.attributes:
            for row, value in enumerate(boxes.attributes[name].to_list()):
                if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9:
                    facts[row, column] = value
    return facts


def _count_dropped(scene: Scene, layer: Layer, tally: Tally) -> None:
    why = "tracklets are cuboids"
    for kind, grouped in layer.tables.items():
        if kind != "boxes3d":
            tally.drop(kind, "", len(grouped.rows), why)
    for kind, masks in (("label_map", layer.label_maps), ("instance_map", layer.instance_maps)):
        if masks is not None:
            tally.drop(kind, "", int(masks.labelled().sum()), why)
    tally.drop("layer", "model", int(bool(layer.model)), why)
    tally.keep("sensors", "calibration", sum(camera.is_calibrated for camera in scene.cameras))
