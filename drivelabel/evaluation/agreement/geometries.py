"""How alike two labels are, in [0, 1], for each geometry: what :func:`agreement` needs.

Each function takes the labels of all people and returns a function of row numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry import pairwise_chamfer, pairwise_cuboid_iou, pairwise_iou, pairwise_polygon_iou
from drivelabel.typing import AnyArray, FloatArray, IntArray

Similarity = Callable[[IntArray, IntArray], FloatArray]


def box_similarity(xyxy: AnyArray) -> Similarity:
    """IoU of boxes (n, 4)."""
    boxes = np.asarray(xyxy, np.float64)
    return lambda a, b: pairwise_iou(boxes[a], boxes[b])


def cuboid_similarity(center: AnyArray, size_lwh: AnyArray, quat_wxyz: AnyArray) -> Similarity:
    """IoU in space of cuboids, (n, 3), (n, 3) and (n, 4)."""
    columns = [np.asarray(column, np.float64) for column in (center, size_lwh, quat_wxyz)]
    return lambda a, b: pairwise_cuboid_iou(*(c[a] for c in columns), *(c[b] for c in columns))


def polygon_similarity(polygons: Sequence[AnyArray]) -> Similarity:
    """IoU of polygons, (k, 2) each."""
    return lambda a, b: pairwise_polygon_iou(
        [polygons[row] for row in a.tolist()], [polygons[row] for row in b.tolist()]
    )


def mask_similarity(masks: AnyArray) -> Similarity:
    """IoU of masks (n, h, w) bool; two empty ones have none."""
    flat = np.asarray(masks, np.bool_)
    check_shape("masks", flat, (None, None, None))
    flat = flat.reshape(len(flat), -1)

    def iou(a: IntArray, b: IntArray) -> FloatArray:
        both = flat[a].astype(np.float64) @ flat[b].T.astype(np.float64)
        union = flat[a].sum(axis=1)[:, None] + flat[b].sum(axis=1) - both
        share: FloatArray = both / np.maximum(1, union)
        return share

    return iou


def lane_similarity(lines: Sequence[AnyArray], reach: float = 30.0) -> Similarity:
    """1 less the lines' mean distance (Chamfer) over `reach`, at least 0; lines are (k, d) points.

    Raises:
        InvalidLabelError: the reach is not positive.
    """
    if not reach > 0:
        raise InvalidLabelError(f"reach: expected a positive number, got {reach}.")

    def near(a: IntArray, b: IntArray) -> FloatArray:
        distance = pairwise_chamfer([lines[r] for r in a.tolist()], [lines[r] for r in b.tolist()])
        return np.clip(1.0 - distance / reach, 0.0, 1.0)

    return near


def keypoint_similarity(keypoints: AnyArray, size: AnyArray, falloff: float = 0.1) -> Similarity:
    """Mean over points of ``exp(-d^2 / 2 (falloff size)^2)``, as OKS; a point that only one has gives 0.

    Args:
        keypoints: (n, k, 3) u, v, visibility; 0 is absent.
        size: (n,) how large each label is, pixels; a pair takes the mean.
        falloff: the share of the size at which a point is worth 0.61.

    Raises:
        InvalidLabelError: columns differ in length or shape, or a number is not finite or positive.
    """
    points, sizes = np.asarray(keypoints, np.float64), np.asarray(size, np.float64)
    check_shape("keypoints", points, (None, None, 3))
    check_shape("size", sizes, (len(points),))
    check_finite("keypoints", points)
    if not ((sizes > 0).all() and falloff > 0):
        raise InvalidLabelError("size, falloff: expected positive numbers.")

    def oks(a: IntArray, b: IntArray) -> FloatArray:
        p, q = points[a][:, None], points[b][None]
        scale = falloff * (sizes[a][:, None] + sizes[b][None]) / 2
        worth = np.exp(-((p[..., :2] - q[..., :2]) ** 2).sum(axis=-1) / (2 * scale[..., None] ** 2))
        both, either = (p[..., 2] > 0) & (q[..., 2] > 0), (p[..., 2] > 0) | (q[..., 2] > 0)
        mean: FloatArray = (worth * both).sum(axis=-1) / np.maximum(1, either.sum(axis=-1))
        return mean

    return oks


def track_similarity(track: AnyArray, frame: AnyArray, rows: Similarity, n_tracks: int) -> Similarity:
    """Summed similarity of the rows of two tracks over the frames that either has: a tube's IoU.

    Args:
        track: (n,) which of the tracks, 0 to ``n_tracks - 1``, each row belongs to.
        frame: (n,) the frame of each row; a track has one row a frame at most.
        rows: how alike rows are, such as :func:`box_similarity`.
        n_tracks: how many tracks of all people there are.

    Raises:
        InvalidLabelError: columns differ in length, or a track has two rows in a frame.
    """
    owner, when = np.asarray(track, np.int64), np.asarray(frame, np.int64)
    check_shape("track", owner, (None,))
    check_shape("frame", when, owner.shape)
    if len(np.unique(np.stack([owner, when]), axis=1).T) != len(owner):
        raise InvalidLabelError("track: expected at most one row of a track in each frame.")
    sums, length = np.zeros((n_tracks, n_tracks)), np.bincount(owner, minlength=n_tracks)
    shared = np.zeros((n_tracks, n_tracks))
    for moment in np.unique(when).tolist():
        at = np.flatnonzero(when == moment)
        sums[np.ix_(owner[at], owner[at])] += rows(at, at)
        shared[np.ix_(owner[at], owner[at])] += 1
    tube = np.minimum(1.0, sums / np.maximum(1, length[:, None] + length - shared))
    return lambda a, b: tube[np.ix_(a, b)]
