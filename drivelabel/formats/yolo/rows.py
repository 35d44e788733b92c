"""Our tables as rows of numbers from 0 to 1, one line each, for one task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.formats.outlines import joined
from drivelabel.formats.pictures import Pictures
from drivelabel.formats.report import Tally
from drivelabel.labels import NO_TRACK, Boxes2D, Grouped, Keypoints, Polygons
from drivelabel.scene import Layer
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Rows:
    """Lines of several pictures.

    Attributes:
        picture: (n,) row of the pictures, rising.
        category_id: (n,).
        values: (m,) numbers of all lines one after the other.
        start: (n + 1,) where each line's numbers start.
        whole: (m,) which numbers are whole.
        size: (m,) what a number of 1 stands for, pixels.
    """

    picture: IntArray
    category_id: IntArray
    values: FloatArray
    start: IntArray
    whole: BoolArray
    size: FloatArray


def box_rows(pictures: Pictures, scores: bool, tally: Tally) -> Rows:
    """Boxes of all pictures as centre and size, clipped to the image."""
    boxes, picture, hw = _all_rows(pictures, "boxes2d", Boxes2D)
    size = hw[:, ::-1]
    exact = boxes.xyxy.astype(np.float64)
    xyxy = np.clip(exact, 0, np.tile(size, 2))
    good = (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1)
    tally.drop("boxes2d", "", int((~good).sum()), "outside of the image or without area")
    _count_clipped("boxes2d", "xyxy", np.abs(xyxy - exact)[good], tally)
    xyxy, size, boxes = xyxy[good], size[good], boxes[good]
    cxcywh = np.concatenate([(xyxy[:, :2] + xyxy[:, 2:]) / 2, xyxy[:, 2:] - xyxy[:, :2]], axis=1)
    tally.keep("boxes2d", "", len(boxes))
    pixels = np.tile(size, 2).astype(np.float64)
    values = cxcywh / pixels
    if scores:
        values = np.concatenate([values, boxes.score[:, None].astype(np.float64)], axis=1)
        pixels = np.concatenate([pixels, np.ones((len(boxes), 1))], axis=1)
    n = values.shape[1]
    return Rows(
        picture=picture[good],
        category_id=boxes.category_id,
        values=values.reshape(-1),
        start=np.arange(len(boxes) + 1) * n,
        whole=np.zeros(values.size, np.bool_),
        size=pixels.reshape(-1),
    )


def outline_rows(pictures: Pictures, turned: bool, tally: Tally) -> Rows:
    """Polygons as one ring each, clipped to the image; with `turned`, only those of four corners."""
    polygons, picture, hw = _all_rows(pictures, "polygons", Polygons)
    rings, good = [], np.zeros(len(polygons), np.bool_)
    n_joined = 0
    for row in range(len(polygons)):
        parts = polygons.rings(row)
        if turned and (len(parts) > 1 or len(parts[0]) != 4):
            continue
        ring = joined(parts) if len(parts) > 1 else parts[0]
        exact = np.asarray(ring, np.float64)
        clipped = np.clip(exact, 0, hw[row, ::-1])
        if (clipped.max(axis=0) <= clipped.min(axis=0)).any():
            continue
        good[row] = True
        n_joined += len(parts) > 1
        _count_clipped("polygons", "points", np.abs(clipped - exact).reshape(-1), tally)
        rings.append(clipped)
    why = "not of four corners, or outside of the image" if turned else "outside of the image or without area"
    tally.drop("polygons", "", int((~good).sum()), why)
    tally.drop("polygons", "ring_sizes", n_joined, "rings joined to one outline by bridges without area")
    tally.keep("polygons", "", int(good.sum()))
    if turned:
        shapes = polygons[good].attributes
        n = int(shapes["shape"].is_value("rotated_box").sum()) if "shape" in shapes else 0
        tally.keep("polygons", "attributes.shape", n, "rotated_box")
    counts = np.array([ring.size for ring in rings], np.int64)
    size = np.repeat(hw[good][:, ::-1].astype(np.float64), counts // 2, axis=0).reshape(-1)
    pixels = np.concatenate([np.zeros((0, 2)), *rings]).reshape(-1)
    return Rows(
        picture=picture[good],
        category_id=polygons.category_id[good],
        values=pixels / size,
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        whole=np.zeros(len(pixels), np.bool_),
        size=size,
    )


def pose_rows(pictures: Pictures, tally: Tally) -> tuple[Rows, int]:
    """Skeletons with the box of their track (else round their points), boxes without one with absent points.

    Returns the rows, and how many points each has.
    """
    boxes, box_picture, box_hw = _all_rows(pictures, "boxes2d", Boxes2D)
    points, picture, hw = _all_rows(pictures, "keypoints", Keypoints)
    n_points = int(points.keypoints.counts.max(initial=1))
    found: list[tuple[int, int, FloatArray, AnyArray, Any]] = []
    alone = {
        (int(p), int(t)): k
        for k, (p, t) in enumerate(zip(picture, points.track_id, strict=True))
        if t != NO_TRACK
    }
    for row in range(len(boxes)):
        key = (int(box_picture[row]), int(boxes.track_id[row]))
        partner = alone.get(key)
        if partner is not None and points.category_id[partner] == boxes.category_id[row]:
            own = points.keypoints[alone.pop(key)]
        else:
            own = np.zeros((0, 3))
        box = boxes.xyxy[row].astype(np.float64)
        found.append((key[0], int(boxes.category_id[row]), box, own, box_hw[row]))
    used = (
        set(range(len(points)))
        - set(alone.values())
        - set(np.flatnonzero(points.track_id == NO_TRACK).tolist())
    )
    n_round = 0
    for row in sorted(set(range(len(points))) - used):
        own = points.keypoints[row]
        seen = own[own[:, 2] > 0, :2].astype(np.float64)
        if not len(seen):
            tally.drop("keypoints", "", 1, "no point of it is labelled, and it has no box")
            continue
        n_round += 1
        box = np.concatenate([seen.min(axis=0), seen.max(axis=0)])
        found.append((int(picture[row]), int(points.category_id[row]), box, own, hw[row]))
    tally.keep("keypoints", "", n_round, "with a box round its points")
    tally.keep("boxes2d", "", len(boxes))
    found.sort(key=lambda item: item[0])
    return _pose_lines(found, n_points, tally), n_points


def _pose_lines(found: list[tuple[int, int, FloatArray, AnyArray, Any]], n_points: int, tally: Tally) -> Rows:
    width = 4 + 3 * n_points
    values, size = np.zeros((len(found), width)), np.ones((len(found), width))
    whole = np.zeros((len(found), width), np.bool_)
    whole[:, 6::3] = True
    for k, (_, _, box, own, image_hw) in enumerate(found):
        wh = np.array(image_hw[::-1], np.float64)
        clipped = np.clip(box, 0, np.tile(wh, 2))
        _count_clipped("boxes2d", "xyxy", np.abs(clipped - box), tally)
        values[k, :4] = [*(clipped[:2] + clipped[2:]) / 2, *clipped[2:] - clipped[:2]]
        size[k, :4] = np.tile(wh, 2)
        inside = np.clip(own[:, :2].astype(np.float64), 0, wh)
        error = np.abs(inside - own[:, :2])[own[:, 2] > 0]
        _count_clipped("keypoints", "keypoints", error.reshape(-1), tally)
        flat = np.concatenate([inside, own[:, 2:]], axis=1).reshape(-1)
        values[k, 4 : 4 + len(flat)] = flat
        size[k, 4:] = np.tile([*wh, 1.0], n_points)
    return Rows(
        picture=np.array([item[0] for item in found], np.int64),
        category_id=np.array([item[1] for item in found], np.int64),
        values=(values / size).reshape(-1),
        start=np.arange(len(found) + 1) * width,
        whole=whole.reshape(-1),
        size=size.reshape(-1),
    )


def _all_rows(pictures: Pictures, kind: str, table: Any) -> tuple[Any, IntArray, IntArray]:
    """The rows of all pictures in order, the picture of each, and its height and width."""
    parts, counts = [], []
    for data in range(len(pictures.data)):
        grouped = _grouped(pictures.layers[data], kind, table, _n_groups(pictures, data))
        parts.append(grouped.rows)
        counts.append(grouped.counts)
    hws = np.array([picture.image_hw for picture in pictures.items], np.int64).reshape(-1, 2)
    picture = np.repeat(np.arange(len(pictures)), np.concatenate(counts))
    return table.concat(parts), picture, hws[picture]


def _n_groups(pictures: Pictures, data: int) -> int:
    own = pictures.data[data]
    return len(own.frames) if hasattr(own, "frames") else len(own)


def _grouped(layer: Layer, kind: str, table: Any, n: int) -> Grouped[Any]:
    return layer.tables[kind] if kind in layer.tables else Grouped.unlabelled(table, n)


def _count_clipped(kind: str, column: str, error: FloatArray, tally: Tally) -> None:
    """`error` is (n, k) for n labels, or (k,) for one."""
    rows = np.atleast_2d(error) if error.ndim == 1 else error
    if error.size:
        n = int((rows.reshape(len(rows), -1) > 0).any(axis=1).sum())
        tally.approximate(kind, column, n, float(error.max()), "px", "clipped to the image")
