"""The files through which a simulated world reaches Blender and its pictures come back.

A *job* is one picture: a JSON file that names geometry files (.npz, no pickles), a camera, the sky and the
lamps, and says where the answer goes. Blender's side of it is in ``bpy_side``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.simulate.geometry3d import MATERIALS, Surfaces
from drivelabel.simulate.render.lightmaps import corner_normals
from drivelabel.typing import AnyArray, Float32Array, UInt8Array, UInt16Array

VERSION = 1
"""Of the job files; ``bpy_side`` knows the same number."""

BLENDER_MATERIALS = (*MATERIALS, "car_paint")
"""What the column ``material`` of a geometry file counts."""

_VEHICLES = [DRIVING.id_of(name) for name in ("car", "truck", "bus", "motorcycle")]
_COLUMNS = ("triangles", "color", "emission", "category", "instance", "layer", "uv", "origin")

Rgb = tuple[float, float, float]
Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class SkyJob:
    """The sky of a job; linear RGB in the units of :class:`drivelabel.simulate.render.Light`."""

    sun_direction: Point
    sun: Rgb
    zenith: Rgb
    horizon: Rgb
    ground: Rgb
    cloud_cover: float
    is_night: bool


@dataclass(frozen=True, slots=True)
class LampJob:
    """A lamp: ``street``, ``car`` or ``headlight``; metres from the origin; its light one metre away."""

    kind: str
    where: Point
    facing: Point
    power: Rgb


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One picture to be rendered.

    Attributes:
        geometry: files made by :func:`write_geometry`, all with one origin.
        origin: metres, world coords, from which all else counts.
        camera_matrix: (3, 3), pixels, of a pinhole.
        image_hw: of the picture.
        world_from_camera: (4, 4), metres, counted from the origin.
        sky: behind everything.
        lamps: that shed light at night.
        wetness: 0 dry to 1.
        samples: light paths per pixel.
        seed: of their noise.
        light_file: .npy, where the picture goes.
        truth_file: .npz, where instances and categories go.
    """

    geometry: tuple[str, ...]
    origin: Point
    camera_matrix: list[list[float]]
    image_hw: tuple[int, int]
    world_from_camera: list[list[float]]
    sky: SkyJob
    lamps: tuple[LampJob, ...]
    wetness: float
    samples: int
    seed: int
    light_file: str
    truth_file: str

    def write(self, path: Path) -> None:
        """Write the JSON file.

        Raises:
            StoreError: it cannot be written.
        """
        facts = {"version": VERSION, "materials": list(BLENDER_MATERIALS), **asdict(self)}
        try:
            path.write_text(json.dumps(facts, allow_nan=False), encoding="utf-8")
        except OSError as error:
            raise StoreError(f"{path}: cannot be written ({error.strerror}).") from error

    @classmethod
    def read(cls, path: Path) -> Job:
        """The job of a file.

        Raises:
            FormatError: the file has another version or lacks a field.
        """
        facts = json.loads(path.read_text(encoding="utf-8"))
        if facts.pop("version", None) != VERSION or facts.pop("materials", None) != list(BLENDER_MATERIALS):
            raise FormatError(f"{path}: expected a job of version {VERSION} with its materials.")
        try:
            facts["sky"] = SkyJob(**_tuples(facts["sky"]))
            facts["lamps"] = tuple(LampJob(**_tuples(lamp)) for lamp in facts["lamps"])
            facts["geometry"] = tuple(facts["geometry"])
            facts["origin"], facts["image_hw"] = tuple(facts["origin"]), tuple(facts["image_hw"])
            return cls(**facts)
        except (TypeError, KeyError) as error:
            raise FormatError(f"{path}: is no job ({error}).") from error


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """What Blender made of a job.

    Attributes:
        radiance: (h, w, 3) float32, linear light.
        instance: (h, w) uint16, 1 + row of the world's things, 0 for none, behind each pixel's middle.
        category: (h, w) uint8, row of DRIVING.
    """

    radiance: Float32Array
    instance: UInt16Array
    category: UInt8Array

    @classmethod
    def read(cls, job: Job) -> Rendered:
        """The answer to a job.

        Raises:
            StoreError: it is not there or of another size.
        """
        try:
            radiance = np.load(job.light_file, allow_pickle=False)
            with np.load(job.truth_file, allow_pickle=False) as file:
                instance, category = file["instance"], file["category"]
        except (OSError, KeyError, ValueError) as error:
            raise StoreError(f"{job.light_file}: Blender's answer cannot be read ({error}).") from error
        if radiance.shape != (*job.image_hw, 3) or not instance.shape == category.shape == job.image_hw:
            raise StoreError(
                f"{job.light_file}: expected a picture of {job.image_hw}, got {radiance.shape} with truth "
                f"of {instance.shape}."
            )
        names = np.where(category == 0, DRIVING.id_of("sky"), category.astype(np.int64) - 1)
        return cls(radiance, instance, names.astype(np.uint8))


def write_geometry(surfaces: Surfaces, path: Path) -> None:
    """Write triangles with all that shaders need; see ``bpy_side/geometry.py``.

    Besides the columns of Surfaces: ``normals`` (m, 3, 3) at the corners; ``material``, a row of
    BLENDER_MATERIALS; ``house`` (m, 3) in [0, 1), random numbers that differ from colour to colour.

    Raises:
        StoreError: it cannot be written.
    """
    columns: dict[str, Any] = {name: getattr(surfaces, name) for name in _COLUMNS}
    material = surfaces.material.copy()
    is_body = np.isin(surfaces.category, _VEHICLES) & (material == MATERIALS.index("metal"))
    material[is_body] = BLENDER_MATERIALS.index("car_paint")
    more: dict[str, Any] = {
        "material": material,
        "normals": corner_normals(surfaces),
        "house": houses(surfaces.color),
    }
    try:
        np.savez(path, **columns, **more)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}).") from error


def read_geometry(path: Path) -> Surfaces:
    """The surfaces of a geometry file."""
    with np.load(path, allow_pickle=False) as file:
        material = file["material"].copy()
        material[material == BLENDER_MATERIALS.index("car_paint")] = MATERIALS.index("metal")
        return Surfaces(material=material, **{name: file[name] for name in _COLUMNS})


def houses(color: AnyArray) -> Float32Array:
    """(m, 3) numbers in [0, 1) that scatter with (m, 3) colours; equal colours get equal numbers."""
    levels = np.round(np.asarray(color, np.float64) * 255).astype(np.uint64)
    word = levels @ np.array([1, 256, 65_536], np.uint64)
    out = np.empty((len(color), 3), np.float32)
    for k, factor in enumerate((2_654_435_761, 2_246_822_519, 3_266_489_917)):
        mixed = word * np.uint64(factor)
        out[:, k] = ((mixed ^ (mixed >> np.uint64(15))) & np.uint64(0xFFFFFF)) / 0x1000000
    return out


def _tuples(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
