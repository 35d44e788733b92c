"""One DGP scene as a scene of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError, InvalidLabelError
from drivelabel.formats.dgp.files import BOXES_2D, BOXES_3D, KINDS, Classes, read_classes, read_pose
from drivelabel.formats.dgp.recorded import Datum, Recording, read_recording
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import Fields, read_json, safe_join
from drivelabel.formats.picking import picked_scene
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.report import Tally
from drivelabel.geometry import matrix_to_quat_wxyz
from drivelabel.labels import IMPORTED, NO_TRACK, UNKNOWN_COUNT, Attributes, Boxes2D, Boxes3D, Grouped
from drivelabel.scene import Camera, Frames, Layer, Scene


def looks_like_dgp(path: Path) -> bool:
    """Whether a path is a DGP scene file, or a folder that holds some."""
    if path.is_file():
        return path.name.startswith("scene_") and path.suffix == ".json"
    return path.is_dir() and bool(dgp_scenes(path))


def dgp_scenes(path: Path) -> list[str]:
    """The scene files below a folder, up to two levels down."""
    if not path.is_dir():
        return []
    files = [file for level in ("", "*/", "*/*/") for file in path.glob(f"{level}scene_*.json")]
    names = [file for file in files if "dataset" not in file.name and (file.parent / "calibration").is_dir()]
    return sorted(file.relative_to(path).as_posix() for file in names)


def read_dgp(
    path: Path,
    *,
    layer: str = "truth",
    scene: str | None = None,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """One scene: cameras, lidar, ego motion, and boxes in 2D and 3D.

    Args:
        path: a scene's JSON file, or a folder with one or several.
        layer: name of the layer.
        scene: which scene file, when there are several.
        on_invalid: ``skip`` leaves out boxes that break a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: there are several scenes and none is named, or a file breaks a rule.
    """
    file = _scene_file(Path(path), scene)
    tally = Tally()
    found = Fields(read_json(file), str(file))
    recording = read_recording(found, file.parent, tally)
    classes = read_classes(found, file.parent)
    labels = _Labels(file.parent, classes, on_invalid == "skip", tally)
    tables = labels.tables(recording)
    drive = recording.drive
    built = Scene(
        name=found.text("name", "") or file.parent.name,
        sensors=tuple(drive.sensors),
        taxonomy=classes.taxonomy,
        frames=drive.frames(),
        sweeps=drive.sweeps(),
        samples_ns=recording.samples_ns,
        sources=tuple(drive.sources),
        poses=recording.poses,
        layers={layer: Layer(layer, classes.taxonomy, tables=tables)} if tables else {},
        root=str(file.parent),
        info={"format": "dgp", "log": found.text("log", ""), "description": found.text("description", "")},
    )
    tally.keep("frames", "", len(built.frames))
    tally.keep("sweeps", "", len(built.sweeps))
    return Imported(built, tally.report("dgp", str(file)))


def _scene_file(path: Path, scene: str | None) -> Path:
    if path.is_file():
        return path
    expected = "a scene_*.json beside a folder calibration"
    return picked_scene(path, dgp_scenes(path), scene, "scene", expected)


@dataclass(slots=True)
class _Labels:
    folder: Path
    classes: Classes
    skip: bool
    tally: Tally

    def tables(self, recording: Recording) -> dict[str, Grouped[Any]]:
        """Boxes of cameras by frame, cuboids of lidars (of cameras where no lidar has any) by sample."""
        frames = recording.drive.frames()
        row_of = _frame_rows(recording, frames)
        boxes: dict[int, Boxes2D] = {}
        cuboids: dict[int, list[Boxes3D]] = {}
        lidar_has = any(BOXES_3D in datum.annotations for datum in recording.data if not datum.is_camera)
        for datum in recording.data:
            for number, name in datum.annotations.items():
                if number == BOXES_2D and datum.is_camera:
                    boxes[row_of[datum.channel, datum.time_ns]] = self._boxes2d(name, datum)
                elif number == BOXES_3D and datum.is_camera == (not lidar_has):
                    cuboids.setdefault(datum.sample, []).append(self._boxes3d(name, datum))
                else:
                    again = number == BOXES_3D
                    note = "the lidar's are taken" if again else "no place for it"
                    self.tally.drop(KINDS.get(number, f"annotation {number[:20]}"), "", 1, note)
        tables: dict[str, Grouped[Any]] = {}
        if boxes:
            tables["boxes2d"] = Grouped.from_groups(Boxes2D, len(frames), boxes)
        if cuboids:
            merged = {sample: Boxes3D.concat(parts) for sample, parts in cuboids.items()}
            tables["boxes3d"] = Grouped.from_groups(Boxes3D, len(recording.samples_ns), merged)
        return tables

    def _boxes2d(self, name: str, datum: Datum) -> Boxes2D:
        rows = self._rows(name, BOXES_2D, _box2d)
        self.tally.keep("boxes2d", "", len(rows))
        self.tally.drop("boxes2d", "area", sum(row["area"] for row in rows), "not that of the box")
        if not rows:
            return Boxes2D.empty()
        xywh = np.asarray([row["xywh"] for row in rows], np.float64)
        xyxy = CORNER.to_xyxy(np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1))
        return Boxes2D(xyxy=xyxy.astype(np.float32), **_common(rows))

    def _boxes3d(self, name: str, datum: Datum) -> Boxes3D:
        rows = self._rows(name, BOXES_3D, _box3d)
        self.tally.keep("boxes3d", "", len(rows))
        if not rows:
            return Boxes3D.empty()
        world_from_box = datum.world_from_sensor @ np.stack([row["pose"] for row in rows])
        return Boxes3D(
            timestamp_ns=np.full(len(rows), datum.time_ns, np.int64),
            center=world_from_box[:, :3, 3],
            size_lwh=np.asarray([row["size_lwh"] for row in rows], np.float32),
            quat_wxyz=matrix_to_quat_wxyz(world_from_box),
            n_points=np.asarray([row["n_points"] for row in rows], np.int64),
            **_common(rows),
        )

    def _rows(self, name: str, kind: str, parse: Any) -> list[dict[str, Any]]:
        file = safe_join(self.folder, name)
        rows = []
        for item in Fields(read_json(file), str(file)).objects("annotations", []):
            try:
                row = parse(item)
                row["category_id"] = self.classes.row(kind, item.integer("class_id", 0), item.where)
            except (FormatError, InvalidLabelError) as error:
                if not self.skip:
                    raise
                self.tally.drop(KINDS[kind], "", 1, f"invalid: {error}")
                continue
            row["track_id"] = item.integer("instance_id", NO_TRACK)
            row["attributes"] = _facts(item) | row["facts"]
            rows.append(row)
        return rows


def _frame_rows(recording: Recording, frames: Frames) -> dict[tuple[str, int], int]:
    """Channel and time to frame."""
    sensors = recording.drive.sensors
    pairs = zip(frames.sensor.tolist(), frames.timestamp_ns.tolist(), strict=True)
    channels = [sensor.channel if isinstance(sensor, Camera) else "" for sensor in sensors]
    return {(channels[sensor], time_ns): row for row, (sensor, time_ns) in enumerate(pairs)}


def _box2d(item: Fields) -> dict[str, Any]:
    box = item.object("box")
    xywh = [box.number(name, 0.0) for name in ("x", "y", "w", "h")]
    if xywh[2] < 0 or xywh[3] < 0:
        raise FormatError(f"{item.where}: box has negative size {xywh[2]:g} x {xywh[3]:g} px.")
    facts = {"iscrowd": True} if item.flag("iscrowd", False) else {}
    area = item.number("area", xywh[2] * xywh[3])
    return {"xywh": xywh, "facts": facts, "area": int(abs(area - xywh[2] * xywh[3]) > 0.5)}


def _box3d(item: Fields) -> dict[str, Any]:
    box = item.object("box")
    size_lwh = [box.number(name) for name in ("length", "width", "height")]
    if min(size_lwh) <= 0:
        raise FormatError(f"{item.where}: expected positive sides, got {size_lwh}.")
    facts = {name: box.number(name) for name in ("occlusion", "truncation") if name in box}
    pose = read_pose(box.object("pose"))
    return {
        "size_lwh": size_lwh,
        "pose": pose,
        "n_points": item.integer("num_points", UNKNOWN_COUNT),
        "facts": facts,
    }


def _facts(item: Fields) -> Mapping[str, Any]:
    given = item.object("attributes").value if "attributes" in item else {}
    return {str(name): str(value) for name, value in given.items()}


def _common(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "category_id": np.asarray([row["category_id"] for row in rows], np.int64),
        "track_id": np.asarray([row["track_id"] for row in rows], np.int64),
        "origin": np.full(len(rows), IMPORTED, np.uint8),
        "attributes": Attributes.from_rows([row["attributes"] for row in rows]),
    }
