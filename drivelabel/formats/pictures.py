"""The images of scenes and image sets, one after the other, as image formats see them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import safe_name
from drivelabel.labels import Boxes2D, Taxonomy, TrafficLights
from drivelabel.scene import ImageSet, Layer, Scene, Source
from drivelabel.typing import BoolArray

Data: TypeAlias = Scene | ImageSet
"""What formats read and write: a drive, or images without one."""

IMAGE_KINDS = ("boxes2d", "lane_lines", "traffic_lights", "keypoints", "polygons", "tags")
"""The tables that are grouped by image."""

_PLAIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{4,99})\.[A-Za-z]{1,4}")
"""File names in which nothing is odd: most are, and taking paths apart takes long."""

VIDEO_KINDS = ("video", "damaged_video")


@dataclass(frozen=True, slots=True)
class Picture:
    """One image.

    Attributes:
        data: row of the scenes or sets that were given.
        group: its frame, or its row in the set: the group of its labels in every table.
        name: a path without suffix, of safe parts, that no other picture has, also not in other case.
        image_hw: height and width, pixels.
        source: the file, and which image of it.
        split: ``train``, ``val``, ..., or "" when it is in none; all of a drive are in its ``info["split"]``.
        camera: its channel, or "" in image sets.
        timestamp_ns: when it was taken; None in image sets.
    """

    data: int
    group: int
    name: str
    image_hw: tuple[int, int]
    source: Source
    source_index: int = 0
    split: str = ""
    camera: str = ""
    timestamp_ns: int | None = None

    @property
    def is_file(self) -> bool:
        """Whether the picture is a file of its own on this machine, not an image of a video."""
        return self.source.kind not in VIDEO_KINDS and "://" not in self.source.path


@dataclass(frozen=True, slots=True)
class Pictures:
    """All images of some scenes or image sets, and one layer of each.

    Attributes:
        items: the pictures, in order.
        data: the scenes and sets.
        layers: of each, the layer that is written.
        taxonomy: of all layers.
    """

    items: tuple[Picture, ...]
    data: tuple[Data, ...]
    layers: tuple[Layer, ...]
    taxonomy: Taxonomy

    def __len__(self) -> int:
        return len(self.items)

    def layer_of(self, picture: Picture) -> Layer:
        """The layer with the picture's labels."""
        return self.layers[picture.data]

    def table(self, kind: str, picture: Picture) -> Any:
        """The picture's rows of one kind; None when nobody looked at it for that kind."""
        grouped = self.layers[picture.data].tables.get(kind)
        return grouped[picture.group] if grouped is not None and grouped.labelled[picture.group] else None

    def labelled_kinds(self, picture: Picture) -> list[str]:
        """The kinds of label that somebody looked for, masks (``label_map``, ``instance_map``) included."""
        layer = self.layers[picture.data]
        kinds = [kind for kind in IMAGE_KINDS if self.table(kind, picture) is not None]
        for kind, masks in (("label_map", layer.label_maps), ("instance_map", layer.instance_maps)):
            if masks is not None and picture.group in masks:
                kinds.append(kind)
        return kinds

    def path(self, picture: Picture) -> Path:
        """Where the picture's source is on this machine."""
        return Path(self.data[picture.data].root) / picture.source.path


def pictures_of(data: Data | Sequence[Data], layer: str, *, rename: bool = False) -> Pictures:
    """The images of scenes and image sets.

    Pictures of an image set keep their file's path below the set's root. Pictures of a scene are called
    ``CAMERA/FRAME``, with the scene's name before when there are several.

    Args:
        data: what is written.
        layer: whose labels.
        rename: number the pictures of image sets too (``000000``), instead of keeping their names.

    Raises:
        SceneLookupError: one of them has no such layer.
        FormatError: nothing was given, two have one name, or their layers have different taxonomies.
    """
    given = [data] if isinstance(data, (Scene, ImageSet)) else list(data)
    if not given:
        raise FormatError("expected at least one scene or image set, got none.")
    layers = tuple(item.layer(layer) for item in given)
    for item, own in zip(given, layers, strict=True):
        if own.taxonomy != layers[0].taxonomy:
            raise FormatError(
                f"{item.name}: layer {layer!r} has taxonomy {own.taxonomy.name!r}, {given[0].name} has "
                f"{layers[0].taxonomy.name!r}. Export them apart, or under one taxonomy."
            )
    prefixes = _prefixes(given)
    taken: dict[str, int] = {}
    items: list[Picture] = []
    for row, item in enumerate(given):
        rows = _of_scene(item, row) if isinstance(item, Scene) else _of_set(item, row, rename)
        items += [_unique(picture, prefixes[row], taken) for picture in rows]
    return Pictures(tuple(items), tuple(given), layers, layers[0].taxonomy)


def _prefixes(given: list[Data]) -> list[str]:
    if len(given) == 1:
        return [""]
    names = [safe_name(item.name) for item in given]
    folded = [name.casefold() for name in names]
    for name in names:
        if folded.count(name.casefold()) > 1:
            raise FormatError(f"two scenes are called {name!r}. Give them different names.")
    return [f"{name}/" for name in names]


def _of_scene(scene: Scene, row: int) -> list[Picture]:
    frames = scene.frames
    part = scene.info.get("split", "")
    return [
        Picture(
            data=row,
            group=frame,
            name=f"{scene.camera_of(frame).channel}/{frame:06d}",
            image_hw=scene.camera_of(frame).image_hw,
            source=scene.sources[frames.source[frame]],
            source_index=int(frames.source_index[frame]),
            split=part if isinstance(part, str) else "",
            camera=scene.camera_of(frame).channel,
            timestamp_ns=int(frames.timestamp_ns[frame]),
        )
        for frame in range(len(frames))
    ]


def _of_set(images: ImageSet, row: int, rename: bool) -> list[Picture]:
    splits = [""] * len(images)
    for split, rows in images.splits.items():
        for image in np.asarray(rows).tolist():
            splits[image] = split
    hws = images.image_hw.tolist()
    return [
        Picture(
            data=row,
            group=image,
            name=f"{image:06d}" if rename else _kept_name(source),
            image_hw=(hws[image][0], hws[image][1]),
            source=source,
            split=splits[image],
        )
        for image, source in enumerate(images.sources)
    ]


def _kept_name(source: Source) -> str:
    """The path below the set's root without suffix, of safe parts; only the name when it is absolute."""
    if plain := _PLAIN.fullmatch(source.path):
        return plain[1]
    path = PurePosixPath(source.path.replace("\\", "/"))
    parts = (path.name,) if path.is_absolute() or "://" in source.path else path.parts
    kept = [safe_name(part) for part in parts if part not in ("..", ".")] or ["image"]
    stem, dot, suffix = kept[-1].rpartition(".")
    kept[-1] = stem if dot and stem and len(suffix) <= 4 else kept[-1]
    return "/".join(kept)


def _unique(picture: Picture, prefix: str, taken: dict[str, int]) -> Picture:
    """The picture under a name that is free also where letters' case does not count."""
    name = prefix + picture.name
    count = taken.get(name.casefold(), 0)
    while count and f"{name}_{count}".casefold() in taken:
        count += 1
    taken[name.casefold()] = count + 1
    if count:
        name = f"{name}_{count}"
        taken[name.casefold()] = 1
    return picture if name == picture.name else replace(picture, name=name)


def same_objects(boxes: Boxes2D, lights: TrafficLights | None) -> BoolArray:
    """(n,), boxes that a traffic light has as its housing: one object, so one shape."""
    if lights is None or not len(lights):
        return np.zeros(len(boxes), np.bool_)
    same = (boxes.xyxy[:, None] == lights.xyxy[None]).all(axis=2)
    same &= boxes.category_id[:, None] == lights.category_id[None]
    return np.asarray(same.any(axis=1), np.bool_)
