"""The work that stands between two layers: the fewest edits that turn one into the other, and their seconds.

An edit is: add a label, delete one, move one (any change of its shape), relabel one (its class), or
re-identify: give another track to an unbroken run of one track's labels. Labels of a frame are paired so that
the edits are fewest, then the seconds. A label can only be moved to where it already is in part; otherwise it
is deleted and another one added. Identity is settled after that: each true track keeps one of the tracks that
run along it, no track is kept twice, and every other run is one edit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.matching import pair_labels
from drivelabel.geometry import pairwise_chamfer, pairwise_cuboid_iou, pairwise_iou
from drivelabel.labels import NO_TRACK, Boxes2D, Boxes3D, Grouped, LaneLines
from drivelabel.typing import AnyArray, FloatArray, IntArray

Similarity = Callable[[IntArray, IntArray], FloatArray]

EDIT_WEIGHT = 1e6
"""What an edit counts beside a second: pairs are chosen for fewest edits first."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long a person takes for one edit, and to see that a label is right.

    The first five are from QUALITY's sources (measured by others); the rest are set by us for lack of one.
    """

    accept: float = 1.0
    delete: float = 1.5
    adjust: float = 8.0
    box: float = 7.0
    cuboid: float = 23.0
    line: float = 10.0
    relabel: float = 2.0
    reidentify: float = 2.0


@dataclass(frozen=True, slots=True)
class Effort:
    """Edits and seconds of one task; those of several logs or tasks add up with ``+``.

    Attributes:
        accept: labels that are right as they are.
        add: labels to draw.
        delete: labels to take away.
        move: labels whose shape changes.
        relabel: labels whose class changes.
        reidentify: runs of labels that get another track.
        seconds: for all of it, accepting included.
        seconds_from_scratch: to draw all wanted labels by hand.
    """

    accept: int
    add: int
    delete: int
    move: int
    relabel: int
    reidentify: int
    seconds: float
    seconds_from_scratch: float

    @property
    def edits(self) -> int:
        """All edits; accepting is none."""
        return self.add + self.delete + self.move + self.relabel + self.reidentify

    @property
    def saved(self) -> float:
        """Share of the time saved against drawing by hand; below 0 if repair takes longer; NaN of nothing."""
        whole = self.seconds_from_scratch
        return 1.0 - self.seconds / whole if whole else float("nan")

    def __add__(self, other: Effort) -> Effort:
        """Both together."""
        return Effort(*(getattr(self, spec.name) + getattr(other, spec.name) for spec in fields(self)))

    def to_json(self) -> dict[str, Any]:
        """Plain numbers by name."""
        return {"edits": self.edits, "saved": self.saved} | asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a layer says, one label a row.

    Attributes:
        frame: (n,) int64.
        category_id: (n,) int64.
        track_id: (n,) int64; NO_TRACK for none.
    """

    frame: IntArray
    category_id: IntArray
    track_id: IntArray

    def __post_init__(self) -> None:
        for name in ("frame", "category_id", "track_id"):
            column = np.asarray(getattr(self, name), np.int64)
            check_shape(name, column, (len(self.frame),))
            object.__setattr__(self, name, column)

    @classmethod
    def of(cls, labels: Grouped[Any]) -> Rows:
        """The columns of a layer's table."""
        return cls(labels.group_of_row, labels.rows.category_id, labels.rows.track_id)


def review_effort(
    want: Rows,
    have: Rows,
    similarity: Similarity,
    *,
    same: float,
    movable: float = 0.0,
    add_seconds: float,
    seconds: Seconds | None = None,
) -> Effort:
    """The fewest edits that turn the labels we have into those we want.

    Args:
        want: the labels as they should be, such as truth.
        have: the labels as they are, of the same frames and taxonomy.
        similarity: rows of `want` and rows of `have` -> (n, m) how alike they are, in [0, 1].
        same: from this similarity on a label need not be moved.
        movable: above this similarity a label can be moved instead of drawn anew.
        add_seconds: to draw one label.
        seconds: for the other edits.

    Raises:
        InvalidLabelError: a threshold is out of range, or a similarity is no number in [0, 1].
    """
    if not 0 <= movable < same <= 1:
        raise InvalidLabelError(f"movable, same: expected 0 <= {movable} < {same} <= 1.")
    costs = seconds or Seconds()
    rows_want, rows_have, alike = _pair_frames(want, have, similarity, same, movable, add_seconds, costs)
    moved = alike < same
    renamed = want.category_id[rows_want] != have.category_id[rows_have]
    accept = int((~moved & ~renamed).sum())
    move, relabel = int(moved.sum()), int(renamed.sum())
    add, delete = len(want.frame) - len(rows_want), len(have.frame) - len(rows_have)
    reidentify = _reidentify(want, have, rows_want, rows_have)
    spent = (
        accept * costs.accept
        + add * add_seconds
        + delete * costs.delete
        + move * costs.adjust
        + relabel * costs.relabel
        + reidentify * costs.reidentify
    )
    return Effort(accept, add, delete, move, relabel, reidentify, spent, len(want.frame) * add_seconds)


def boxes_effort(want: Grouped[Boxes2D], have: Grouped[Boxes2D], *, same: float = 0.75) -> Effort:
    """:func:`review_effort` of boxes in images, alike by IoU; frames not labelled in `want` are left out.

    Raises:
        InvalidLabelError: the two differ in their number of frames.
    """
    a, b = _judged(want, have)
    iou: Similarity = lambda x, y: pairwise_iou(a.rows.xyxy[x], b.rows.xyxy[y])  # noqa: E731
    return review_effort(Rows.of(a), Rows.of(b), iou, same=same, add_seconds=Seconds().box)


def cuboids_effort(want: Grouped[Boxes3D], have: Grouped[Boxes3D], *, same: float = 0.7) -> Effort:
    """:func:`review_effort` of cuboids, alike by IoU in space; samples as frames in :func:`boxes_effort`.

    Raises:
        InvalidLabelError: the two differ in their number of samples.
    """
    a, b = _judged(want, have)

    def iou(x: IntArray, y: IntArray) -> FloatArray:
        p, q = a.rows, b.rows
        return pairwise_cuboid_iou(
            p.center[x], p.size_lwh[x], p.quat_wxyz[x], q.center[y], q.size_lwh[y], q.quat_wxyz[y]
        )

    return review_effort(Rows.of(a), Rows.of(b), iou, same=same, add_seconds=Seconds().cuboid)


def lanes_effort(
    want: Grouped[LaneLines], have: Grouped[LaneLines], *, same_px: float = 5.0, reach_px: float = 40.0
) -> Effort:
    """:func:`review_effort` of lane lines, alike by mean distance (Chamfer).

    They are right up to `same_px` and movable up to `reach_px`; frames as in :func:`boxes_effort`.

    Raises:
        InvalidLabelError: the two differ in their number of frames.
    """
    a, b = _judged(want, have)

    def near(x: IntArray, y: IntArray) -> FloatArray:
        lines = [a.rows.points[row] for row in x.tolist()], [b.rows.points[row] for row in y.tolist()]
        return np.clip(1.0 - pairwise_chamfer(*lines) / reach_px, 0.0, 1.0)

    same = 1.0 - same_px / reach_px
    return review_effort(Rows.of(a), Rows.of(b), near, same=same, add_seconds=Seconds().line)


def _judged(want: Grouped[Any], have: Grouped[Any]) -> tuple[Grouped[Any], Grouped[Any]]:
    """Both tables without the groups that nobody labelled in `want`."""
    if len(want) != len(have):
        raise InvalidLabelError(f"have: expected {len(want)} frames like the wanted layer, got {len(have)}.")
    groups = np.flatnonzero(want.labelled).tolist()
    kind = type(want.rows)
    return tuple(  # type: ignore[return-value]
        Grouped.from_groups(kind, len(want), {g: side[g] for g in groups}) for side in (want, have)
    )


def _pair_frames(
    want: Rows,
    have: Rows,
    similarity: Similarity,
    same: float,
    movable: float,
    add_seconds: float,
    costs: Seconds,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Rows of `want` and of `have` that are one label, and how alike they are."""
    pairs: list[tuple[IntArray, IntArray, FloatArray]] = []
    anew = 2 * EDIT_WEIGHT + costs.delete + add_seconds
    for frame in np.intersect1d(want.frame, have.frame).tolist():
        x, y = np.flatnonzero(want.frame == frame), np.flatnonzero(have.frame == frame)
        alike = similarity(x, y)
        check_shape("similarity", alike, (len(x), len(y)))
        if not ((alike >= 0) & (alike <= 1)).all():
            raise InvalidLabelError(f"frame {frame}: expected similarities in [0, 1].")
        moved = alike < same
        renamed = want.category_id[x][:, None] != have.category_id[y]
        cost = (
            moved * (EDIT_WEIGHT + costs.adjust)
            + renamed * (EDIT_WEIGHT + costs.relabel)
            + ~(moved | renamed) * costs.accept
        )
        # Of equal work the better fit; its weight is below any difference in seconds.
        gain = np.where(alike > movable, np.maximum(0.0, anew - cost + 1e-3 * alike), 0.0)
        rows, columns = pair_labels(gain)
        pairs.append((x[rows], y[columns], alike[rows, columns]))
    if not pairs:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    rows_want, rows_have, values = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return rows_want, rows_have, values


def _reidentify(want: Rows, have: Rows, rows_want: IntArray, rows_have: IntArray) -> int:
    """How many runs of labels get another track."""
    true, given = want.track_id[rows_want], have.track_id[rows_have]
    tracked = true != NO_TRACK
    order = np.lexsort((want.frame[rows_want][tracked], true[tracked]))
    true, given = true[tracked][order], given[tracked][order]
    begins = np.ones(len(true), np.bool_)
    begins[1:] = (true[1:] != true[:-1]) | (given[1:] != given[:-1])
    runs: AnyArray = np.stack([true[begins], given[begins]], axis=1)
    kept = runs[runs[:, 1] != NO_TRACK]
    couples, times = np.unique(kept, axis=0, return_counts=True)
    trues, i = np.unique(couples[:, 0], return_inverse=True)
    givens, j = np.unique(couples[:, 1], return_inverse=True)
    table = np.zeros((len(trues), len(givens)))
    table[i.reshape(-1), j.reshape(-1)] = times
    rows, columns = pair_labels(table)
    return len(runs) - int(table[rows, columns].sum())
