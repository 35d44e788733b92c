"""Undriven images: generic detection and segmentation data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from drivelabel._check import check_shape, did_you_mean
from drivelabel.errors import InvalidLabelError, SceneLookupError
from drivelabel.labels import Grouped, Taxonomy
from drivelabel.scene.frames import NO_SAMPLE, Frames, Source
from drivelabel.scene.layer import Layer, MaskStore, MemoryMasks
from drivelabel.scene.scene import Scene
from drivelabel.scene.sensors import Camera
from drivelabel.typing import IntArray


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ImageSet:
    """Images without a drive around them, with the same kinds of labels as a scene.

    An image's row is the group of its labels in every table.

    Attributes:
        name: of the set.
        sources: one file an image.
        image_hw: (n, 2) int64, pixels, height and width of each image.
        taxonomy: the classes that new layers use.
        layers: name to labels.
        splits: name (``train``, ``val``, ...) to rows of the images in it.
        root: the folder (or URL) that relative source paths count from.

    Raises:
        InvalidLabelError: columns differ in length, a size is not positive, or a split names no image.
    """

    name: str
    sources: tuple[Source, ...]
    image_hw: IntArray
    taxonomy: Taxonomy
    layers: Mapping[str, Layer] = field(default_factory=dict)
    splits: Mapping[str, IntArray] = field(default_factory=dict)
    root: str = "."

    def __post_init__(self) -> None:
        check_shape(f"{self.name}.image_hw", self.image_hw, (len(self.sources), 2))
        if (self.image_hw <= 0).any():
            row = int(np.argmax((self.image_hw <= 0).any(axis=1)))
            raise InvalidLabelError(f"{self.name}, image {row}: expected a positive size.")
        for split, rows in self.splits.items():
            if len(rows) and (rows.min() < 0 or rows.max() >= len(self)):
                raise InvalidLabelError(f"{self.name}, split {split!r}: names an image that is not there.")

    def __len__(self) -> int:
        return len(self.sources)

    def __repr__(self) -> str:
        return f"<ImageSet {self.name!r}: {len(self)} images, layers {', '.join(self.layers) or 'none'}>"

    def layer(self, name: str) -> Layer:
        """One author's labels. Raises SceneLookupError when the set has no such layer."""
        if name not in self.layers:
            raise SceneLookupError(f"{self.name}: no layer {name!r}.{did_you_mean(name, self.layers)}")
        return self.layers[name]

    def as_scene(self) -> Scene:
        """The same images and labels as a scene, so that they can be stored, shown and reviewed like a drive.

        Images of one size are the frames of one camera, ``images_HEIGHTxWIDTH``. Frame times are the rows
        of the set, in nanoseconds; ``info["images"]`` says that this is no drive and holds the splits.
        """
        sizes, camera_of = np.unique(self.image_hw, axis=0, return_inverse=True)
        order = np.argsort(camera_of.reshape(-1), kind="stable")
        n = len(order)
        frames = Frames(
            timestamp_ns=order.astype(np.int64),
            sensor=camera_of.reshape(-1)[order].astype(np.int32),
            source=order.astype(np.int32),
            source_index=np.zeros(n, np.int32),
            sample=np.full(n, NO_SAMPLE, np.int32),
        )
        return Scene(
            name=self.name,
            sensors=tuple(Camera(f"images_{h}x{w}", (h, w)) for h, w in sizes.tolist()),
            taxonomy=self.taxonomy,
            frames=frames,
            sources=self.sources,
            layers={name: _reordered(layer, order) for name, layer in self.layers.items()},
            root=self.root,
            info={"images": {split: np.asarray(rows).tolist() for split, rows in self.splits.items()}},
        )


def is_image_set(scene: Scene) -> bool:
    """Whether a scene is no drive but an image set that :meth:`ImageSet.as_scene` made."""
    return isinstance(scene.info.get("images"), Mapping)


def image_set_of(scene: Scene) -> ImageSet:
    """The image set that a scene was made from by :meth:`ImageSet.as_scene`.

    Raises:
        InvalidLabelError: the scene is a drive.
    """
    if not is_image_set(scene):
        raise InvalidLabelError(f"{scene.name}: expected a scene made of an image set, got a drive.")
    order = np.argsort(scene.frames.timestamp_ns, kind="stable")
    hws = np.asarray([camera.image_hw for camera in scene.cameras], np.int64).reshape(-1, 2)
    return ImageSet(
        name=scene.name,
        sources=tuple(scene.sources[row] for row in scene.frames.source[order].tolist()),
        image_hw=hws[scene.frames.sensor[order]],
        taxonomy=scene.taxonomy,
        layers={name: _reordered(layer, order) for name, layer in scene.layers.items()},
        splits={split: np.asarray(rows, np.int64) for split, rows in scene.info["images"].items()},
        root=scene.root,
    )


def _reordered(layer: Layer, order: IntArray) -> Layer:
    """The layer with group i taken from the old group ``order[i]``."""
    tables = {kind: _table_reordered(grouped, order) for kind, grouped in layer.tables.items()}
    maps = [_masks_reordered(masks, order) for masks in (layer.label_maps, layer.instance_maps)]
    return replace(layer, tables=tables, label_maps=maps[0], instance_maps=maps[1])


def _table_reordered(grouped: Grouped[Any], order: IntArray) -> Grouped[Any]:
    counts = grouped.counts[order]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    inner = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    rows = np.repeat(grouped.offsets[order], counts) + inner
    return Grouped(grouped.rows[rows], offsets, grouped.labelled[order])


def _masks_reordered(masks: MaskStore | None, order: IntArray) -> MaskStore | None:
    if masks is None:
        return None
    found = {new: masks.read(old) for new, old in enumerate(order.tolist()) if old in masks}
    return MemoryMasks(found, len(order))
