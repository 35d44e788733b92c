"""Images and their 2D labels as nuImages' tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.formats.aside import new_folder
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.losses import count_columns, labelled_pictures
from drivelabel.formats.nuimages import schema
from drivelabel.formats.nuimages.labels import COLUMNS, KINDS, LabelWriter, tags_of
from drivelabel.formats.nuscenes.records import Records
from drivelabel.formats.nuscenes.tables import check_version
from drivelabel.formats.pictures import Data, Picture, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.geometry import matrix_to_quat_wxyz
from drivelabel.labels import NUSCENES, VOID
from drivelabel.scene import Camera, Scene

DEFAULT_VERSION = "v1.0-train"
_LABELS = KINDS | {"label_map", "instance_map"}


def write_nuimages(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    version: str = DEFAULT_VERSION,
    images: ImagesMode = "copy",
    overwrite: bool = False,
) -> ConversionReport:
    """Write the images that somebody labelled, their boxes, masks of things and areas.

    Classes keep their names. What nuImages has no key for is written under the key ``drivelabel``.

    Args:
        data: scenes and image sets.
        out: the folder, which becomes the ``dataroot``.
        layer: whose labels.
        version: name of the folder with the tables.
        images: ``copy`` or ``link`` puts images into the folder; ``reference`` names the recorded files,
            ``none`` names files that are not there.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: one of them has no such layer.
        FormatError: the version is no name of a folder, or an image cannot be read.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing.
    """
    check_version(version)
    tally = Tally()
    pictures = pictures_of(data, layer)
    records = Records(schema.TABLES)
    for name in _category_names(pictures):
        records.add("category", None, name, name=name, description="")
    for name in schema.ATTRIBUTES:
        records.add("attribute", None, name, name=name, description="")
    with new_folder(Path(out), overwrite=overwrite) as place:
        with ImageFiles(pictures, place, images, tally) as files:
            writer = _Writer(records, pictures, files, tally)
            rows = labelled_pictures(pictures, _LABELS, tally)
            for row in rows:
                writer.add(pictures.items[row])
        records.write(place / version)
    taken = sum(picture.timestamp_ns is not None for picture in pictures.items)
    written = sum(pictures.items[row].timestamp_ns is not None for row in rows)
    tally.drop("frames", "timestamp_ns", taken - written, "of images that nobody labelled")
    _count_dropped(pictures, tally)
    return tally.report("nuimages", str(out))


def _category_names(pictures: Pictures) -> list[str]:
    """All of the taxonomy; of nuScenes' those that nuImages has, and others that labels need."""
    taxonomy = pictures.taxonomy
    if taxonomy != NUSCENES:
        return list(taxonomy.names)
    used = {name for name in taxonomy.names if name not in schema.NOT_IN_NUIMAGES}
    for layer in pictures.layers:
        if "boxes2d" in layer.tables:
            rows = np.unique(layer.tables["boxes2d"].rows.category_id).tolist()
            used |= {taxonomy.names[row] for row in rows}
        for frame in np.flatnonzero(layer.label_maps.labelled()).tolist() if layer.label_maps else []:
            rows = np.unique(layer.label_map(frame).label_map).tolist()
            used |= {taxonomy.names[row] for row in rows if row != VOID}
    return [name for name in taxonomy.names if name in used]


class _Writer:
    """Adds pictures to the tables."""

    def __init__(self, records: Records, pictures: Pictures, files: ImageFiles, tally: Tally) -> None:
        self.records, self.pictures, self.files = records, pictures, files
        self._tally = tally
        self._labels = LabelWriter(records, pictures, tally)
        self._logs: dict[int, str] = {}
        self._sensors: dict[str, str] = {}
        self._calibrated: dict[tuple[int, str], str] = {}

    def add(self, picture: Picture) -> None:
        """Add a picture, its sample, and its labels."""
        data = self.pictures.data[picture.data]
        time_us = 0 if picture.timestamp_ns is None else picture.timestamp_ns // 1000
        key = (data.name, picture.name)
        data_token = self.records.book("sample_data").take(None, *key)
        sample = self.records.add(
            "sample",
            None,
            *key,
            timestamp=time_us,
            log_token=self._log(picture.data),
            key_camera_token=data_token,
            key_lidar_token="",
            **{schema.EXTRA: self._extra(picture)},
        )
        height, width = picture.image_hw
        name = self._file(picture)
        self.records.rows["sample_data"].append(
            {
                "token": data_token,
                "sample_token": sample,
                "ego_pose_token": self._pose(picture, data_token, time_us),
                "calibrated_sensor_token": self._sensor(picture),
                "filename": name,
                "fileformat": name.rpartition(".")[2],
                "width": width,
                "height": height,
                "timestamp": time_us,
                "is_key_frame": True,
                "prev": "",
                "next": "",
            }
        )
        self._labels.add(picture, data_token)

    def _file(self, picture: Picture) -> str:
        if self.files.how == "reference":
            return self.files.referenced(picture)
        folder = picture.name if picture.name.startswith("samples/") else f"samples/{picture.name}"
        name: str = self.files.place(picture, folder)
        return name

    def _extra(self, picture: Picture) -> dict[str, Any]:
        """Which kinds somebody labelled, the split, and tags."""
        kinds = [kind for kind in self.pictures.labelled_kinds(picture) if kind in _LABELS]
        extra: dict[str, Any] = {"labelled": kinds}
        if picture.split:
            extra["split"] = picture.split
        tags = tags_of(self.pictures, picture, self._tally)
        return extra | ({"tags": tags} if tags else {})

    def _log(self, data: int) -> str:
        if data not in self._logs:
            name = self.pictures.data[data].name
            info = getattr(self.pictures.data[data], "info", {})
            place = info.get("location")
            self._logs[data] = self.records.add(
                "log",
                None,
                name,
                logfile=name,
                vehicle="",
                date_captured="",
                location=place if isinstance(place, str) else "",
            )
        return self._logs[data]

    def _sensor(self, picture: Picture) -> str:
        """The token of the camera's calibration; empty lists where it is not known."""
        key = (picture.data, picture.camera)
        if key in self._calibrated:
            return self._calibrated[key]
        data = self.pictures.data[picture.data]
        channel = (picture.camera or "camera").upper()
        if channel not in self._sensors:
            self._sensors[channel] = self.records.add(
                "sensor", None, channel, channel=channel, modality="camera"
            )
        camera = data.camera(picture.camera) if isinstance(data, Scene) else None
        self._calibrated[key] = self.records.add(
            "calibrated_sensor", None, data.name, channel, sensor_token=self._sensors[channel],
            **_calibration(camera),
        )  # fmt: skip
        return self._calibrated[key]

    def _pose(self, picture: Picture, data_token: str, time_us: int) -> str:
        data = self.pictures.data[picture.data]
        if not isinstance(data, Scene) or data.poses is None or picture.timestamp_ns is None:
            return ""
        times = data.poses.timestamp_ns
        if not times[0] <= picture.timestamp_ns <= times[-1]:
            return ""
        pose = data.poses.at(picture.timestamp_ns)
        return self.records.add(
            "ego_pose",
            data_token,
            translation=pose[:3, 3].tolist(),
            rotation=matrix_to_quat_wxyz(pose).tolist(),
            timestamp=time_us,
            rotation_rate=[],
            acceleration=[],
            speed=None,
        )


def _calibration(camera: Camera | None) -> dict[str, Any]:
    known = camera is not None and camera.ego_from_sensor is not None
    mounting = camera.ego_from_sensor if camera is not None and known else None
    matrix = None if camera is None else camera.camera_matrix
    return {
        "translation": [] if mounting is None else mounting[:3, 3].tolist(),
        "rotation": [] if mounting is None else matrix_to_quat_wxyz(mounting).tolist(),
        "camera_intrinsic": [] if matrix is None else matrix.tolist(),
        "camera_distortion": [] if camera is None else camera.distortion.coefficients.tolist(),
    }


def _count_dropped(pictures: Pictures, tally: Tally) -> None:
    why = "nuImages has boxes and masks only"
    for layer in pictures.layers:
        for kind, grouped in layer.tables.items():
            if kind == "boxes2d":
                count_columns(grouped.rows, COLUMNS, tally)
            elif kind == "tags":
                count_columns(grouped.rows, {"score", "origin", "attributes"}, tally)
            else:
                tally.drop(kind, "", len(grouped.rows), why)
    for data in pictures.data:
        if isinstance(data, Scene):
            tally.drop("sweeps", "", len(data.sweeps), why)
            tally.keep("sensors", "calibration", sum(c.is_calibrated for c in data.cameras))
            tally.drop("poses", "", 0 if data.poses is None else len(data.poses), "between labelled images")
            off = data.frames.timestamp_ns % 1000
            error = float(off.max(initial=0)) / 1e6
            count = int((off > 0).sum())
            tally.approximate("frames", "timestamp_ns", count, error, "ms", "whole microseconds")
