"""Label maps against label maps: pixels by true and predicted class, segments, and outlines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.areas import PanopticQuality, Segments, boundary_of, panoptic_quality
from drivelabel.evaluation.areas.mean_iou import confusion_of
from drivelabel.evaluation.report.area_findings import area_findings
from drivelabel.evaluation.report.findings import Finding
from drivelabel.evaluation.report.settings import Settings
from drivelabel.labels import DRIVING, UNMAPPED, VOID, InstanceMap, LabelMap, Taxonomy, mapping
from drivelabel.scene import Layer, Scene
from drivelabel.typing import BoolArray, IntArray, UInt8Array

N = len(DRIVING)


@dataclass(frozen=True, slots=True, eq=False)
class AreaFrames:
    """Areas of one log.

    Attributes:
        frame: (f,) row of the scene's frames.
        time_ns, camera: (f,) of them.
        pixels: (f, N + 1, N + 1) int64, true class of DRIVING by predicted class; the last stand for void.
        bands: dimension to (f,) the name of the slice.
        pred_missing: how many of the frames have no predicted map; all their pixels count as void.
        unmapped: class of the truth's (``truth``) and the prediction's (``pred``) taxonomy that is none of
            DRIVING, to its pixels.
        segments: panoptic quality; only classes that both sides use are reported.
        with_instances: whether things were told apart on both sides; else each class is one area.
        outline: (N, 2) int64, pixels near a class's outline on both sides, and on either.
        findings: what to look at.
    """

    frame: IntArray
    time_ns: IntArray
    camera: IntArray
    pixels: IntArray
    bands: Mapping[str, Any]
    pred_missing: int
    unmapped: dict[str, dict[str, int]]
    segments: PanopticQuality
    with_instances: bool
    outline: IntArray
    findings: list[Finding]


class AreaMaps:
    """Both sides' maps in the classes of DRIVING, frame by frame.

    Raises:
        InvalidLabelError: a side has maps of another number of frames.
    """

    def __init__(self, scene: Scene, truth: Layer, pred: Layer) -> None:
        self._scene, self._layers = scene, (truth, pred)
        for layer in self._layers:
            n = len(layer.label_maps.labelled()) if layer.label_maps is not None else len(scene.frames)
            if n != len(scene.frames):
                raise InvalidLabelError(
                    f"{scene.name}, layer {layer.name!r}, label_map: expected maps of the scene's "
                    f"{len(scene.frames)} frames, got {n}. The labels belong to another recording."
                )
        self._tables = [_table(layer.taxonomy) for layer in (truth, pred)]
        self.unmapped: dict[str, dict[str, int]] = {"truth": {}, "pred": {}}

    def read(self, frame: int, *, first: bool = False) -> tuple[UInt8Array, UInt8Array]:
        """(h, w) of both sides; void where a class is none of DRIVING or nothing was predicted.

        Args:
            frame: of the scene.
            first: count the pixels of classes that are none of DRIVING.

        Raises:
            InvalidLabelError: they differ in size, or hold a class that is none.
        """
        truth, pred = self._layers
        assert truth.label_maps is not None and pred.label_maps is not None, "the caller has seen both"
        a = truth.label_maps.read(frame)
        b = pred.label_maps.read(frame) if frame in pred.label_maps else np.full_like(a, VOID)
        if a.shape != b.shape:
            raise InvalidLabelError(
                f"{self._scene.name}, frame {frame}: expected label maps of one size, got {a.shape} in "
                f"{truth.name!r} and {b.shape} in {pred.name!r}."
            )
        if first:
            for side, layer, values in zip(("truth", "pred"), self._layers, (a, b), strict=True):
                pixels = np.bincount(values.ravel(), minlength=256)
                _count(f"{self._scene.name}, frame {frame}", layer.taxonomy, pixels, self.unmapped[side])
        return self._tables[0][a], self._tables[1][b]

    def instances(self, frame: int) -> tuple[InstanceMap | None, InstanceMap | None]:
        """Both sides' things, None where a side has none."""
        found = []
        for layer in self._layers:
            has = layer.instance_maps is not None and frame in layer.instance_maps
            found.append(layer.instance_map(frame) if has else None)
        return found[0], found[1]


def _table(taxonomy: Taxonomy) -> UInt8Array:
    """(256,) a layer's values to categories of DRIVING, VOID for all others."""
    table = np.full(256, VOID, np.uint8)
    own = mapping(taxonomy, DRIVING)
    table[: len(own)] = np.where(own == UNMAPPED, VOID, own)
    return table


def _count(where: str, taxonomy: Taxonomy, pixels: IntArray, unmapped: dict[str, int]) -> None:
    own = mapping(taxonomy, DRIVING)
    if pixels[len(own) : VOID].any():
        wrong = int(np.flatnonzero(pixels[len(own) : VOID])[0]) + len(own)
        raise InvalidLabelError(
            f"{where}: expected a category of taxonomy {taxonomy.name} (0 to {len(own) - 1}) or void "
            f"({VOID}) in the label map, got {wrong}."
        )
    for row in np.flatnonzero((own == UNMAPPED) & (pixels[: len(own)] > 0)).tolist():
        name = taxonomy.names[row]
        unmapped[name] = unmapped.get(name, 0) + int(pixels[row])


def area_frames(
    scene: Scene, truth: Layer, pred: Layer, bands: Mapping[str, Any], settings: Settings
) -> AreaFrames:
    """Judge every frame of which the truth has a label map.

    Raises:
        InvalidLabelError: the two maps of a frame differ in size, or hold a class that is none.
    """
    assert truth.label_maps is not None and pred.label_maps is not None, "the caller has seen both"
    frames = np.flatnonzero(truth.label_maps.labelled())
    maps = AreaMaps(scene, truth, pred)
    tables = np.zeros((len(frames), N + 1, N + 1), np.int64)
    for i, frame in enumerate(frames.tolist()):
        tables[i] = confusion_of([maps.read(frame, first=True)], N)
    used = used_classes(tables.sum(axis=0))
    outline, segments, with_instances = _second_look(maps, frames, used, settings)
    time_ns, camera = scene.frames.timestamp_ns[frames], scene.frames.sensor[frames].astype(np.int64)
    return AreaFrames(
        frame=frames,
        time_ns=time_ns,
        camera=camera,
        pixels=tables,
        bands={name: values[frames] for name, values in bands.items()},
        pred_missing=int((~pred.label_maps.labelled()[frames]).sum()),
        unmapped=maps.unmapped,
        segments=segments,
        with_instances=with_instances,
        outline=outline,
        findings=area_findings(tables, frames, time_ns, camera, used, maps.read),
    )


def used_classes(table: IntArray) -> IntArray:
    """The classes that both sides use, from (N + 1, N + 1) pixels."""
    used: IntArray = np.flatnonzero((table[:N].sum(axis=1) > 0) & (table[:N, :N].sum(axis=0) > 0))
    return used


def _second_look(
    maps: AreaMaps, frames: IntArray, used: IntArray, settings: Settings
) -> tuple[IntArray, PanopticQuality, bool]:
    """Outlines and segments of the classes that both sides use."""
    outline = np.zeros((N, 2), np.int64)
    told_apart = False
    is_thing = [category.is_thing for category in DRIVING]
    total = panoptic_quality([], DRIVING.names, is_thing)
    for frame in frames.tolist():
        a, b = maps.read(frame)
        void = a == VOID
        for k in used.tolist():
            outline[k] += _near_outlines(a == k, (b == k) & ~void, settings.boundary_ratio)
        instances = maps.instances(frame)
        both = instances[0] is not None and instances[1] is not None
        told_apart |= both
        pairs = [(_segments(a, instances[0], both), _segments(b, instances[1], both))]
        total += panoptic_quality(pairs, DRIVING.names, is_thing)
    return outline, total, told_apart


def _near_outlines(truth: BoolArray, pred: BoolArray, ratio: float) -> list[int]:
    """Pixels near the outline on both sides, and on either.

    Only the part that holds the class is looked at: what lies round it is empty and bounds it all the same.
    """
    some = truth | pred
    rows, columns = np.flatnonzero(some.any(axis=1)), np.flatnonzero(some.any(axis=0))
    if not len(rows):
        return [0, 0]
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    same = ratio * math.hypot(*some.shape) / math.hypot(*some[part].shape)
    a, b = boundary_of(truth[part], same), boundary_of(pred[part], same)
    return [int((a & b).sum()), int((a | b).sum())]


def _segments(label_map: UInt8Array, instances: InstanceMap | None, both: bool) -> Segments:
    """Things are told apart only where both sides do so; else each class is one area."""
    if both:
        return Segments.of_maps(LabelMap(label_map), instances, DRIVING)
    area = np.where(label_map == VOID, 0, label_map.astype(np.int64) + 1)
    found = np.flatnonzero(np.bincount(area.ravel(), minlength=1))
    found = found[found > 0]
    return Segments(area, found, found - 1, np.zeros(len(found), np.bool_))
