"""What was recorded, to the store and back: sensors, frames, sweeps, samples, sources, poses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from drivelabel.errors import CorruptSceneError, StoreError
from drivelabel.labels import Category, Taxonomy
from drivelabel.scene import Camera, Distortion, Frames, Lidar, Poses, Scene, Sensor, Source, Sweeps
from drivelabel.storage._arrays import Arrays
from drivelabel.typing import AnyArray

FORMAT_VERSION = 1
"""Version of the layout in docs/scene-format.md; a scene of a newer one is refused."""

COLUMNS = ("timestamp_ns", "sensor", "source", "source_index", "sample")


def write_recording(arrays: Arrays, scene: Scene) -> None:
    """Write all of a scene but its layers."""
    arrays.set_attrs(
        "",
        {
            "drivelabel": {
                "format_version": FORMAT_VERSION,
                "kind": "scene",
                "name": scene.name,
                "taxonomy": taxonomy_to_json(scene.taxonomy),
                "sensors": [_sensor_to_json(sensor) for sensor in scene.sensors],
                "info": dict(scene.info),
            }
        },
    )
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
        for column in ("timestamp_ns", "translation", "quat_wxyz"):
            arrays.write_array(f"recording/poses/{column}", getattr(scene.poses, column))


def read_header(arrays: Arrays) -> dict[str, Any]:
    """The scene's own facts, from the root group.

    Raises:
        StoreError: it is no scene, or of a newer version.
    """
    header = arrays.attrs("").get("drivelabel")
    if not isinstance(header, dict):
        raise StoreError(f"{arrays.where}: not a drivelabel scene.")
    version = header.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise StoreError(
            f"{arrays.where}: written by a newer drivelabel (scene format {version}; this one reads up to "
            f"{FORMAT_VERSION}). Update drivelabel."
        )
    return header


def read_recording(arrays: Arrays, layers: Mapping[str, Any], root: str) -> Scene:
    """The scene, with the layers given."""
    header = read_header(arrays)
    return Scene(
        name=header["name"],
        sensors=tuple(_sensor_from_json(item) for item in header["sensors"]),
        taxonomy=taxonomy_from_json(header["taxonomy"]),
        frames=Frames(*(_needed(arrays, f"recording/frames/{column}") for column in COLUMNS)),
        sweeps=Sweeps(*(_needed(arrays, f"recording/sweeps/{column}") for column in COLUMNS)),
        samples_ns=_needed(arrays, "recording/samples_ns"),
        sources=_read_sources(arrays),
        poses=_read_poses(arrays),
        layers=layers,
        root=root,
        info=header["info"],
    )


def _needed(arrays: Arrays, path: str) -> AnyArray:
    values = arrays.read_array(path)
    if values is None:
        raise CorruptSceneError(f"{arrays.where}: {path} is missing.")
    return values


def _read_poses(arrays: Arrays) -> Poses | None:
    if arrays.node("recording/poses") is None:
        return None
    columns = ("timestamp_ns", "translation", "quat_wxyz")
    return Poses(*(_needed(arrays, f"recording/poses/{column}") for column in columns))


def _write_sources(arrays: Arrays, sources: tuple[Source, ...]) -> None:
    # Paths are one text of lines: a long log has 100,000 of them, too many for a JSON attribute.
    arrays.set_attrs("recording/sources", {})
    for column in ("path", "kind", "sha256"):
        _write_texts(arrays, f"recording/sources/{column}", [getattr(source, column) for source in sources])
    sizes = np.array([source.n_bytes for source in sources], np.int64)
    arrays.write_array("recording/sources/n_bytes", sizes)


def _read_sources(arrays: Arrays) -> tuple[Source, ...]:
    texts = [_read_texts(arrays, f"recording/sources/{column}") for column in ("path", "kind", "sha256")]
    sizes = _needed(arrays, "recording/sources/n_bytes").tolist()
    return tuple(Source(*row) for row in zip(*texts, sizes, strict=True))


def _write_texts(arrays: Arrays, path: str, texts: list[str]) -> None:
    encoded = [text.encode("utf-8", "surrogateescape") for text in texts]
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    arrays.set_attrs(path, {})
    arrays.write_array(f"{path}/utf8", np.frombuffer(b"".join(encoded), np.uint8))
    arrays.write_array(f"{path}/offsets", offsets)


def _read_texts(arrays: Arrays, path: str) -> list[str]:
    joined = _needed(arrays, f"{path}/utf8").tobytes()
    offsets = _needed(arrays, f"{path}/offsets").tolist()
    return [joined[start:stop].decode("utf-8", "surrogateescape") for start, stop in pairwise(offsets)]


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
