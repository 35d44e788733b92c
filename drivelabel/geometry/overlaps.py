"""How much turned boxes overlap: from above, upright in space, or turned any way.

Each comes dense, as an (n, m) matrix, and sparse, as the list of pairs that overlap at all. Of two hundred
cars in a street each meets one or two of the other layer: the sparse form is smaller and faster there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels import overlaps as kernels
from drivelabel.geometry.poses import quat_wxyz_to_matrix
from drivelabel.typing import AnyArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class IouPairs:
    """Pairs of rows that overlap, in order of `row`, then `column`.

    Attributes:
        row: (e,) int64, row of the first table.
        column: (e,) int64, row of the second.
        iou: (e,) float64.
        shape: rows of the first table, rows of the second.
    """

    row: IntArray
    column: IntArray
    iou: FloatArray
    shape: tuple[int, int]

    def __len__(self) -> int:
        return len(self.row)

    def dense(self) -> FloatArray:
        """(n, m) float64, 0 for the pairs that are not listed."""
        matrix = np.zeros(self.shape)
        matrix[self.row, self.column] = self.iou
        return matrix


@dataclass(frozen=True, slots=True, eq=False)
class _Solids:
    kind: int
    rows: FloatArray
    size: FloatArray
    low: FloatArray
    high: FloatArray


def pairwise_bev_iou(a: AnyArray, b: AnyArray) -> FloatArray:
    """Intersection over union from above of each turned box of `a` with each of `b`.

    Args:
        a: (n, 5) center x, center y, length, width, yaw; metres and radians.
        b: (m, 5) the same.

    Returns:
        (n, m) float64 in [0, 1]; 0 where the boxes only touch, also for boxes without area.

    Raises:
        InvalidLabelError: another shape, a number that is not finite, or a negative side.
    """
    return _dense(_from_above("a", a), _from_above("b", b))


def sparse_bev_iou(a: AnyArray, b: AnyArray, above: float = 0.0) -> IouPairs:
    """The pairs with an IoU from above greater than `above`; see :func:`pairwise_bev_iou`."""
    return _sparse(_from_above("a", a), _from_above("b", b), above)


def bev_overlap(a: AnyArray, b: AnyArray) -> FloatArray:
    """(n,) square metres that row i of (n, 5) `a` and row i of (n, 5) `b` have in common from above."""
    return _paired(_from_above("a", a), _from_above("b", b))


def pairwise_upright_iou(a: AnyArray, b: AnyArray) -> FloatArray:
    """Intersection over union in space of cuboids that stand upright.

    Args:
        a: (n, 7) center x, y, z, length, width, height, yaw; metres and radians.
        b: (m, 7) the same.

    Returns:
        (n, m) float64 in [0, 1]; 0 where the cuboids only touch, also for those without volume.

    Raises:
        InvalidLabelError: another shape, a number that is not finite, or a negative side.
    """
    return _dense(_upright("a", a), _upright("b", b))


def sparse_upright_iou(a: AnyArray, b: AnyArray, above: float = 0.0) -> IouPairs:
    """The pairs with an IoU greater than `above`; see :func:`pairwise_upright_iou`."""
    return _sparse(_upright("a", a), _upright("b", b), above)


def upright_overlap(a: AnyArray, b: AnyArray) -> FloatArray:
    """(n,) cubic metres that row i of (n, 7) `a` and row i of (n, 7) `b` have in common."""
    return _paired(_upright("a", a), _upright("b", b))


def pairwise_cuboid_iou(
    center_a: AnyArray,
    size_lwh_a: AnyArray,
    quat_wxyz_a: AnyArray,
    center_b: AnyArray,
    size_lwh_b: AnyArray,
    quat_wxyz_b: AnyArray,
) -> FloatArray:
    """Intersection over union in space of cuboids turned any way, exactly.

    Args:
        center_a: (n, 3), metres.
        size_lwh_a: (n, 3), metres, along the cuboid's own x, y, z.
        quat_wxyz_a: (n, 4).
        center_b: (m, 3), in the coords of `center_a`.
        size_lwh_b: (m, 3).
        quat_wxyz_b: (m, 4).

    Returns:
        (n, m) float64 in [0, 1]; 0 where the cuboids only touch, also for those without volume.

    Raises:
        InvalidLabelError: another shape, a number that is not finite, a negative side, or a quaternion of
            length zero.
    """
    return _dense(
        _turned("a", center_a, size_lwh_a, quat_wxyz_a), _turned("b", center_b, size_lwh_b, quat_wxyz_b)
    )


def sparse_cuboid_iou(
    center_a: AnyArray,
    size_lwh_a: AnyArray,
    quat_wxyz_a: AnyArray,
    center_b: AnyArray,
    size_lwh_b: AnyArray,
    quat_wxyz_b: AnyArray,
    above: float = 0.0,
) -> IouPairs:
    """The pairs with an IoU greater than `above`; see :func:`pairwise_cuboid_iou`."""
    return _sparse(
        _turned("a", center_a, size_lwh_a, quat_wxyz_a),
        _turned("b", center_b, size_lwh_b, quat_wxyz_b),
        above,
    )


def _dense(a: _Solids, b: _Solids) -> FloatArray:
    iou: FloatArray = kernels.dense_iou(a.kind, a.rows, b.rows, a.size, b.size, *_search(a, b))
    return iou


def _sparse(a: _Solids, b: _Solids, above: float) -> IouPairs:
    if not 0 <= above <= 1:
        raise InvalidLabelError(f"above: expected a number in [0, 1], got {above}.")
    found = kernels.sparse_iou(a.kind, a.rows, b.rows, a.size, b.size, *_search(a, b), float(above))
    return IouPairs(*found, shape=(len(a.rows), len(b.rows)))


def _paired(a: _Solids, b: _Solids) -> FloatArray:
    check_shape("b", b.rows, a.rows.shape)
    overlap: FloatArray = kernels.paired_overlap(a.kind, a.rows, b.rows, a.size, b.size)
    return overlap


def _search(a: _Solids, b: _Solids) -> tuple[Any, IntArray, FloatArray, float]:
    """What row_candidates needs: the hulls, b by its lowest x, and the longest hull of b."""
    order = np.argsort(b.low[:, 0], kind="stable")
    longest = float((b.high[:, 0] - b.low[:, 0]).max(initial=0.0))
    # A little more than the longest, since the sum in the kernel is rounded.
    longest += 1e-9 * (longest + float(np.abs(b.low[:, 0]).max(initial=0.0)))
    return (a.low, a.high, b.low, b.high), order, b.low[order, 0], longest


def _from_above(name: str, boxes: AnyArray) -> _Solids:
    box = _checked(name, boxes, 5, slice(2, 4))
    tall = np.concatenate([box[:, :2], np.zeros((len(box), 1)), box[:, 2:4], np.full((len(box), 1), 2.0)], 1)
    return _yawed(kernels.BEV, tall, box[:, 4], box[:, 2] * box[:, 3])


def _upright(name: str, boxes: AnyArray) -> _Solids:
    box = _checked(name, boxes, 7, slice(3, 6))
    return _yawed(kernels.UPRIGHT, box[:, :6], box[:, 6], box[:, 3] * box[:, 4] * box[:, 5])


def _yawed(kind: int, box: FloatArray, yaw: FloatArray, size: FloatArray) -> _Solids:
    cos, sin = np.cos(yaw), np.sin(yaw)
    half = 0.5 * box[:, 3:6]
    reach = np.stack(
        [
            np.abs(cos) * half[:, 0] + np.abs(sin) * half[:, 1],
            np.abs(sin) * half[:, 0] + np.abs(cos) * half[:, 1],
            half[:, 2],
        ],
        axis=1,
    )
    rows = np.concatenate([box[:, :3], half, cos[:, None], sin[:, None]], axis=1)
    return _Solids(kind, rows, np.ascontiguousarray(size), box[:, :3] - reach, box[:, :3] + reach)


def _turned(name: str, center: AnyArray, size_lwh: AnyArray, quat_wxyz: AnyArray) -> _Solids:
    middle, size = np.asarray(center, np.float64), np.asarray(size_lwh, np.float64)
    check_shape(f"center_{name}", middle, (None, 3))
    check_shape(f"size_lwh_{name}", size, (len(middle), 3))
    check_shape(f"quat_wxyz_{name}", np.asarray(quat_wxyz), (len(middle), 4))
    check_finite(f"center_{name}", middle)
    _check_sides(f"size_lwh_{name}", size)
    rotation = quat_wxyz_to_matrix(quat_wxyz)
    reach: FloatArray = np.einsum("nij,nj->ni", np.abs(rotation), 0.5 * size)
    rows = np.concatenate([middle, 0.5 * size, rotation.reshape(-1, 9)], axis=1)
    return _Solids(kernels.TURNED, rows, np.prod(size, axis=1), middle - reach, middle + reach)


def _checked(name: str, boxes: AnyArray, columns: int, sides: slice) -> FloatArray:
    box = np.ascontiguousarray(boxes, np.float64)
    check_shape(name, box, (None, columns))
    check_finite(name, box)
    _check_sides(name, box[:, sides])
    return box


def _check_sides(name: str, sides: FloatArray) -> None:
    check_finite(name, sides)
    wrong = np.flatnonzero((sides < 0).any(axis=1))
    if len(wrong):
        raise InvalidLabelError(
            f"{name}, row {wrong[0]}: expected sides of at least 0, got {sides[wrong[0]].tolist()}."
        )
