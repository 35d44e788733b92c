"""Label maps against label maps: pixels counted by true and predicted class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.report.counts import ratio
from drivelabel.labels import DRIVING, UNMAPPED, VOID, Taxonomy, mapping
from drivelabel.scene import Layer, Scene
from drivelabel.typing import AnyArray, IntArray

N = len(DRIVING)
"""The code of a pixel that its side says nothing about."""


@dataclass(frozen=True, slots=True, eq=False)
class AreaFrames:
    """Pixels of one log by class, one row per judged frame.

    Attributes:
        frame: (f,) row of the scene's frames.
        classes: (k,) the categories of DRIVING that occur; the last row and column stand for void.
        pixels: (f, k + 1, k + 1) int64, true class by predicted class.
        bands: dimension to (f,) the name of the slice.
        pred_missing: how many of the frames have no predicted map; all their pixels count as void.
        unmapped: class of the truth's (``truth``) and the prediction's (``pred``) taxonomy that is none of
            DRIVING, to its pixels.
    """

    frame: IntArray
    classes: IntArray
    pixels: IntArray
    bands: Mapping[str, Any]
    pred_missing: int
    unmapped: dict[str, dict[str, int]]

    def to_json(self, rows: Any = slice(None)) -> dict[str, Any]:
        """IoU per class with its pixels; pixels whose truth is void are left out."""
        return areas_json(self.classes, self.pixels[rows].sum(axis=0), len(self.frame[rows]))


def areas_json(classes: IntArray, table: IntArray, n_frames: int) -> dict[str, Any]:
    """IoU per class from a table of pixels, true class by predicted class, void last."""
    judged = table[:-1]
    result = {}
    for i, row in enumerate(classes.tolist()):
        both, truth, pred = int(judged[i, i]), int(judged[i].sum()), int(judged[:, i].sum())
        iou = ratio(both, truth + pred - both) if truth else None
        result[DRIVING.names[row]] = {"both": both, "truth": truth, "pred": pred, "iou": iou}
    ious = [one["iou"] for one in result.values() if one["iou"] is not None]
    return {
        "frames": n_frames,
        "pixels": int(judged.sum()),
        "pixels_without_prediction": int(judged[:, -1].sum()),
        "mean_iou": float(np.mean(ious)) if ious else None,
        "mean_over": [name for name, one in result.items() if one["iou"] is not None],
        "classes": result,
    }


def area_frames(scene: Scene, truth: Layer, pred: Layer, bands: Mapping[str, Any]) -> AreaFrames:
    """Count the pixels of every frame of which the truth has a label map.

    Raises:
        InvalidLabelError: the two maps of a frame differ in size, or hold a class that is none.
    """
    assert truth.label_maps is not None and pred.label_maps is not None, "the caller has seen both"
    frames = np.flatnonzero(truth.label_maps.labelled())
    tables = np.zeros((len(frames), N + 1, N + 1), np.int64)
    lost: dict[str, dict[str, int]] = {"truth": {}, "pred": {}}
    missing = 0
    for i, frame in enumerate(frames.tolist()):
        a = truth.label_maps.read(frame)
        has = frame in pred.label_maps
        missing += not has
        b = pred.label_maps.read(frame) if has else np.full_like(a, VOID)
        if a.shape != b.shape:
            raise InvalidLabelError(
                f"{scene.name}, frame {frame}: expected label maps of one size, got {a.shape} in "
                f"{truth.name!r} and {b.shape} in {pred.name!r}."
            )
        codes = _codes(truth.taxonomy, a, lost["truth"]) * (N + 1) + _codes(pred.taxonomy, b, lost["pred"])
        tables[i] = np.bincount(codes.ravel(), minlength=(N + 1) ** 2).reshape(N + 1, N + 1)
    used = tables.sum(axis=0)
    classes = np.flatnonzero((used.sum(axis=0) + used.sum(axis=1))[:N])
    keep = np.append(classes, N)
    cut = {name: values[frames] for name, values in bands.items()}
    return AreaFrames(frames, classes, tables[:, keep][:, :, keep], cut, missing, lost)


def _codes(taxonomy: Taxonomy, label_map: AnyArray, unmapped: dict[str, int]) -> IntArray:
    """Categories of DRIVING; N for void and for classes that are none of it, which are counted."""
    table = np.full(256, N, np.int64)
    own = mapping(taxonomy, DRIVING)
    table[: len(own)] = np.where(own == UNMAPPED, N, own)
    pixels = np.bincount(label_map.ravel(), minlength=256)
    if pixels[len(own) : VOID].any():
        wrong = int(np.flatnonzero(pixels[len(own) : VOID])[0]) + len(own)
        raise InvalidLabelError(
            f"label map: expected a category of taxonomy {taxonomy.name} (0 to {len(own) - 1}) or void, "
            f"got {wrong}."
        )
    for row in np.flatnonzero((own == UNMAPPED) & (pixels[: len(own)] > 0)).tolist():
        name = taxonomy.names[row]
        unmapped[name] = unmapped.get(name, 0) + int(pixels[row])
    codes: IntArray = table[label_map]
    return codes


def pooled_areas(parts: list[AreaFrames]) -> dict[str, Any]:
    """The numbers of several logs together; pixels add up."""
    classes = np.unique(np.concatenate([part.classes for part in parts]))
    table = np.zeros((len(classes) + 1, len(classes) + 1), np.int64)
    for part in parts:
        slots = np.append(np.searchsorted(classes, part.classes), len(classes))
        table[np.ix_(slots, slots)] += part.pixels.sum(axis=0)
    return areas_json(classes, table, sum(len(part.frame) for part in parts))
