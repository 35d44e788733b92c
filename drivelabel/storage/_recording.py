"""What was recorded, to the store and back: sensors, frames, sweeps, samples, sources, poses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from drivelabel.errors import InvalidLabelError, NewerFormatError, StoreError
from drivelabel.labels import Category, Taxonomy
from drivelabel.scene import Camera, Distortion, Frames, Lidar, Poses, Scene, Sensor, Source, Sweeps
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._texts import texts_of, write_texts
from drivelabel.typing import AnyArray

FORMAT_VERSION = 2
"""Version of the layout in docs/scene-format.md; a scene of a newer one is refused."""

COLUMNS = ("timestamp_ns", "sensor", "source", "source_index", "sample")

_TEXTS = ("path", "kind", "sha256")
_POSES = ("timestamp_ns", "translation", "quat_wxyz")
_POSES_PATH = "recording/poses/"
_RECORDING = (
    *(f"recording/{table}/{column}" for table in ("frames", "sweeps") for column in COLUMNS),
    *(f"recording/sources/{text}/{part}" for text in _TEXTS for part in ("utf8", "offsets")),
    *(_POSES_PATH + column for column in _POSES),
    "recording/samples_ns",
    "recording/sources/n_bytes",
)


def write_recording(arrays: Arrays, scene: Scene, mask_codec: str) -> None:
    """Write all of a scene but its layers."""
    header = {
        "format_version": FORMAT_VERSION,
        "kind": "scene",
        "name": scene.name,
        "mask_codec": mask_codec,
        "taxonomy": taxonomy_to_json(scene.taxonomy),
        "sensors": [_sensor_to_json(sensor) for sensor in scene.sensors],
        "has_poses": scene.poses is not None,
        "info": plain_json(f"{scene.name}, info", dict(scene.info)),
    }
    arrays.set_attrs("", {"drivelabel": header})
    arrays.set_attrs("recording", {})
    arrays.set_attrs("layers", {})
    for name, table in (("frames", scene.frames), ("sweeps", scene.sweeps)):
        arrays.set_attrs(f"recording/{name}", {})
        for column in COLUMNS:
            arrays.write_array(f"recording/{name}/{column}", getattr(table, column))
    arrays.write_array("recording/samples_ns", scene.samples_ns)
    _write_sources(arrays, scene.sources)
    if scene.poses is not None:
        arrays.set_attrs("recording/poses", {})
        for column in _POSES:
            arrays.write_array(f"recording/poses/{column}", getattr(scene.poses, column))


def read_header(arrays: Arrays) -> dict[str, Any]:
    """The scene's own facts, from the root group.

    Raises:
        StoreError: it is no scene.
        NewerFormatError: it is of a newer version.
    """
    header = arrays.attrs("").get("drivelabel")
    if not isinstance(header, dict):
        raise StoreError(f"{arrays.where}: an Icechunk repository, but not a drivelabel scene.")
    version = header.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise NewerFormatError(
            f"{arrays.where}: written by a newer drivelabel (scene format {version}; this one reads up to "
            f"{FORMAT_VERSION}). Update drivelabel."
        )
    return header


def note_format(arrays: Arrays) -> None:
    """Mark a scene as of this version, because something was written into it that older ones do not know."""
    root = arrays.attrs("")
    if root["drivelabel"]["format_version"] < FORMAT_VERSION:
        arrays.set_attrs("", root | {"drivelabel": root["drivelabel"] | {"format_version": FORMAT_VERSION}})


def read_recording(arrays: Arrays, layers: Mapping[str, Any], root: str) -> Scene:
    """The scene, with the layers given.

    Raises:
        StoreError: see :func:`read_header`.
        CorruptSceneError: an array is missing or damaged.
    """
    header = read_header(arrays)
    wanted = [path for path in _RECORDING if header["has_poses"] or not path.startswith(_POSES_PATH)]
    found = arrays.read_arrays(wanted)
    return Scene(
        name=header["name"],
        sensors=tuple(_sensor_from_json(item) for item in header["sensors"]),
        taxonomy=taxonomy_from_json(header["taxonomy"]),
        frames=Frames(*(found[f"recording/frames/{column}"] for column in COLUMNS)),
        sweeps=Sweeps(*(found[f"recording/sweeps/{column}"] for column in COLUMNS)),
        samples_ns=found["recording/samples_ns"],
        sources=_sources(found),
        poses=Poses(*(found[_POSES_PATH + column] for column in _POSES)) if header["has_poses"] else None,
        layers=layers,
        root=root,
        info=header["info"],
    )


def _write_sources(arrays: Arrays, sources: tuple[Source, ...]) -> None:
    # Paths are one text of lines: a long log has 100,000 of them, too many for a JSON attribute.
    arrays.set_attrs("recording/sources", {})
    for column in _TEXTS:
        write_texts(arrays, f"recording/sources/{column}", [getattr(source, column) for source in sources])
    sizes = np.array([source.n_bytes for source in sources], np.int64)
    arrays.write_array("recording/sources/n_bytes", sizes)


def _sources(found: Mapping[str, AnyArray]) -> tuple[Source, ...]:
    texts = [texts_of(found, f"recording/sources/{column}") for column in _TEXTS]
    return tuple(
        Source(*row) for row in zip(*texts, found["recording/sources/n_bytes"].tolist(), strict=True)
    )


def plain_json(what: str, value: Any) -> Any:
    """`value` as it comes back from JSON.

    Raises:
        InvalidLabelError: JSON cannot hold it.
    """
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InvalidLabelError(f"{what}: expected plain JSON values ({error}).") from None


def taxonomy_to_json(taxonomy: Taxonomy) -> dict[str, Any]:
    """A taxonomy as plain JSON values."""
    return {"name": taxonomy.name, "categories": [asdict(category) for category in taxonomy]}


def taxonomy_from_json(item: Mapping[str, Any]) -> Taxonomy:
    """The taxonomy that :func:`taxonomy_to_json` wrote."""
    categories = [Category(**{**row, "skeleton": tuple(row["skeleton"])}) for row in item["categories"]]
    return Taxonomy(item["name"], tuple(categories))


def _sensor_to_json(sensor: Sensor) -> dict[str, Any]:
    mounting = None if sensor.ego_from_sensor is None else sensor.ego_from_sensor.tolist()
    item: dict[str, Any] = {"channel": sensor.channel, "ego_from_sensor": mounting}
    if isinstance(sensor, Lidar):
        return item | {"modality": "lidar"}
    return item | {
        "modality": "camera",
        "image_hw": list(sensor.image_hw),
        "camera_matrix": None if sensor.camera_matrix is None else sensor.camera_matrix.tolist(),
        "distortion": {
            "model": sensor.distortion.model,
            "coefficients": sensor.distortion.coefficients.tolist(),
        },
    }


def _sensor_from_json(item: Mapping[str, Any]) -> Sensor:
    mounting = None if item["ego_from_sensor"] is None else np.array(item["ego_from_sensor"], np.float64)
    if item["modality"] == "lidar":
        assert mounting is not None, "a lidar always has a mounting"
        return Lidar(item["channel"], mounting)
    matrix = item["camera_matrix"]
    return Camera(
        channel=item["channel"],
        image_hw=(int(item["image_hw"][0]), int(item["image_hw"][1])),
        camera_matrix=None if matrix is None else np.array(matrix, np.float64),
        distortion=Distortion(item["distortion"]["model"], np.array(item["distortion"]["coefficients"])),
        ego_from_sensor=mounting,
    )
