"""Good files to damage: what each reader claims of the real data, and our own small exports."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from drivelabel.errors import DriveLabelError
from drivelabel.formats import find_format, format_names
from drivelabel.formats.options import option_types
from drivelabel.labels import (
    DRIVING,
    TABLES,
    Boxes2D,
    Boxes3D,
    Grouped,
    Keypoints,
    LaneLines,
    Polygons,
    Tags,
    TrafficLights,
)
from drivelabel.scene import Camera, Frames, ImageSet, Layer, MemoryMasks, Poses, Scene, Source

MAX_TREE = 1_500_000
"""Bytes of a seed; larger ones make few inputs a second."""

LABEL_SUFFIXES = (".json", ".jsonl", ".ndjson", ".xml", ".txt", ".csv", ".yaml", ".yml", ".ini", ".toml")
HW = (24, 32)
T0_NS = 1_600_000_000_000_000_000
MATRIX = np.array([[20.0, 0, 16], [0, 20, 12], [0, 0, 1]])
EGO_FROM_CAMERA = np.array([[0.0, 0, 1, 1.5], [-1, 0, 0, 0], [0, -1, 0, 1.6], [0, 0, 0, 1]])


@dataclass(frozen=True, slots=True)
class Seed:
    """A file or folder that a reader takes.

    Attributes:
        label: where it comes from.
        entry: path that the reader is given, relative; "" for the folder of all files.
        files: relative path to bytes.
    """

    label: str
    entry: str
    files: dict[str, bytes]


def readers() -> list[str]:
    """The formats that can be read."""
    return [name for name in format_names() if find_format(name).read is not None]


def real_seeds(name: str, data: Path | None) -> Iterator[Seed]:
    """The files and folders of the real data that a reader takes, small ones first."""
    found = find_format(name)
    if data is None or found.matches is None:
        return
    for path in _candidates(data):
        if found.matches(path):
            seed = _seed_of(path, str(path.relative_to(data)))
            if seed is not None:
                yield seed


@cache
def _candidates(data: Path) -> tuple[Path, ...]:
    paths = [path for path in data.rglob("*") if path.is_dir() or path.suffix in LABEL_SUFFIXES]
    return tuple(sorted((p for p in paths if len(p.relative_to(data).parts) <= 5), key=lambda p: str(p)))


def _seed_of(path: Path, label: str) -> Seed | None:
    """A tree's files, small ones first while they are no more than MAX_TREE; None for one large file."""
    files = [path] if path.is_file() else [p for p in sorted(path.rglob("*")) if p.is_file()]
    root = path.parent if path.is_file() else path
    kept: dict[str, bytes] = {}
    left = MAX_TREE
    for file in sorted(files, key=lambda p: p.stat().st_size):
        left -= file.stat().st_size
        if left < 0:
            break
        kept[str(file.relative_to(root))] = file.read_bytes()
    return Seed(label, path.name if path.is_file() else "", kept) if kept else None


def own_seeds(name: str) -> Iterator[Seed]:
    """What our own writer makes of an image set and of a drive."""
    found = find_format(name)
    if found.write is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        for data in small_data(Path(folder)):
            for suffix in ("", ".json", ".txt", ".xml"):
                out = Path(folder) / f"out{suffix}"
                options: dict[str, Any] = {}
                if "images" in option_types(found.write) and not suffix:
                    options["images"] = "copy"
                try:
                    found.write(data, out, "truth", **options)
                except DriveLabelError:
                    continue
                seed = _seed_of(out, f"own {type(data).__name__}{suffix}")
                shutil.rmtree(out) if out.is_dir() else out.unlink()
                if seed is not None:
                    yield seed
                    break


def small_data(folder: Path) -> list[ImageSet | Scene]:
    """An image set of three images and a drive of two cameras, with labels of every kind, and real files."""
    names = [f"{k:06d}.png" for k in range(4)]
    (folder / "images").mkdir(exist_ok=True)
    for k, name in enumerate(names):
        cv2.imwrite(str(folder / "images" / name), np.full((*HW, 3), 50 * k, np.uint8))
    sources = tuple(Source(name, "image") for name in names)
    images = ImageSet(
        "set", sources[:3], np.full((3, 2), HW), DRIVING, {"truth": small_layer(3, 0)},
        {"train": np.array([0, 1]), "val": np.array([2])}, str(folder / "images"),
    )  # fmt: skip
    times = [T0_NS, T0_NS + 500_000_000]
    cameras = tuple(
        Camera(channel, HW, MATRIX, ego_from_sensor=EGO_FROM_CAMERA) for channel in ("cam_front", "cam_back")
    )
    drive = Scene(
        "drive", cameras, DRIVING, Frames(times * 2, [0, 0, 1, 1], [0, 1, 2, 3], [0] * 4, [0, 1] * 2),
        samples_ns=np.array(times), sources=sources, root=str(folder / "images"),
        poses=Poses(np.array(times), np.array([[0.0, 0, 0], [1, 0, 0]]), np.array([[1.0, 0, 0, 0]] * 2)),
        layers={"truth": small_layer(4, 2)},
    )  # fmt: skip
    return [images, drive]


def small_layer(n_groups: int, n_samples: int) -> Layer:
    """A few rows of every kind in the first two groups, masks included."""
    car, person, light, line = DRIVING.ids_of(["car", "pedestrian", "traffic_light", "lane_marking"])
    ring = np.array([(1, 1), (9, 1), (9, 8), (1, 8)], np.float32)
    rows: dict[str, Any] = {
        "boxes2d": Boxes2D(
            xyxy=[[1, 2, 10, 12], [4, 4, 20, 20]], category_id=[car, person], track_id=[1, 2],
            attributes={"occluded": [True, False]},
        ),
        "polygons": Polygons(**Polygons.ring_columns([[ring]]), category_id=[car], track_id=[1]),
        "keypoints": Keypoints(keypoints=[[(3, 3, 2), (4, 9, 1)]], category_id=[person]),
        "lane_lines": LaneLines(points=[[(4, 23), (12, 8)]], category_id=[line], position=[-1], style=[1]),
        "traffic_lights": TrafficLights(
            xyxy=[[2, 2, 6, 12]], keypoints=[[(4, 4, 2), (4, 7, 2), (4, 10, 2)]], category_id=[light],
            state=[2],
        ),
        "tags": Tags(score=[1.0], attributes={"weather": ["rain"]}),
    }  # fmt: skip
    tables: dict[str, Grouped[Any]] = {
        kind: Grouped.from_groups(TABLES[kind], n_groups, {0: table, 1: table, 2: type(table).empty()})
        for kind, table in rows.items()
    }
    if n_samples:
        cuboids = Boxes3D(
            timestamp_ns=[T0_NS], center=[[10, 1, 1]], size_lwh=[[4, 2, 1.5]], quat_wxyz=[[1, 0, 0, 0]],
            category_id=[car], track_id=[1], velocity=[[1, 0, 0]],
        )  # fmt: skip
        tables["boxes3d"] = Grouped.from_groups(Boxes3D, n_samples, {0: cuboids, 1: Boxes3D.empty()})
    road = np.full(HW, DRIVING.id_of("road"), np.uint8)
    things = np.zeros(HW, np.uint16)
    things[2:12, 1:10] = 1
    layer = Layer("truth", DRIVING, author="Ada", tables=tables, instance_track_id=np.array([1]))
    return replace(
        layer, label_maps=MemoryMasks({0: road}, n_groups), instance_maps=MemoryMasks({0: things}, n_groups)
    )
