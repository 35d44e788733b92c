"""Agreement of people who drew the labels themselves: first whose label means which thing, then how alike.

Labels are grouped into things frame by frame: the first person's labels open things, each next person's
labels are paired with them for the largest total similarity (mean over the thing's labels), what is left
opens new things. With two people that is the optimal pairing. A person without a label of a thing said
"nothing there".

The alpha of the geometry is Krippendorff's with distance 1 - similarity: two labels of different frames, and
a label and nothing, are 1 apart; nothing and nothing are 0 apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from drivelabel._check import check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.agreement.alpha import krippendorff_alpha
from drivelabel.evaluation.agreement.kappa import cohen_kappa, fleiss_kappa
from drivelabel.evaluation.matching import pair_labels
from drivelabel.typing import AnyArray, FloatArray, IntArray

Similarity = Callable[[IntArray, IntArray], FloatArray]
"""Rows of labels (n,) and (m,) -> (n, m) how alike they are, in [0, 1]."""

NOTHING = -1
"""The class that a person gives to a thing without drawing it."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree on what is there, what it is and where.

    Attributes:
        n_raters: people.
        n_frames: frames with a label of anyone.
        n_labels: labels of all people.
        n_things: groups of labels that mean one thing.
        n_shared: things that at least two people drew.
        n_unanimous: things that all people drew.
        existence_f1: 2 x pairs over labels, mean over pairs of people: do they draw the same things?
        mean_similarity: of labels of one thing, over all pairs of people; NaN without shared things.
        geometry_alpha: Krippendorff's alpha of the geometry, see the module; NaN when nothing can differ.
        class_alpha: Krippendorff's alpha of the classes of shared things, those who drew nothing left out.
        class_kappa: Fleiss' kappa of the classes, "nothing" being a class; Cohen's for two people.
    """

    n_raters: int
    n_frames: int
    n_labels: int
    n_things: int
    n_shared: int
    n_unanimous: int
    existence_f1: float
    mean_similarity: float
    geometry_alpha: float
    class_alpha: float
    class_kappa: float

    def to_json(self) -> dict[str, Any]:
        """Plain numbers by name."""
        return asdict(self)


def agreement(
    frame: AnyArray,
    rater: AnyArray,
    category_id: AnyArray,
    similarity: Similarity,
    *,
    n_raters: int,
    threshold: float = 0.5,
) -> Agreement:
    """Agreement of people on labels of one kind.

    Args:
        frame: (n,) whole numbers, the frame of each label (or 0 for tracks of one log).
        rater: (n,) who drew it, 0 to ``n_raters - 1``; a person may have drawn nothing.
        category_id: (n,) its class.
        similarity: how alike rows are, see :mod:`geometries`.
        n_raters: how many people looked, at least 2.
        threshold: labels less alike than this never mean one thing.

    Raises:
        InvalidLabelError: columns differ in length, or a number is out of range.
    """
    frames, raters, classes = (np.asarray(column, np.int64) for column in (frame, rater, category_id))
    check_shape("frame", frames, (None,))
    check_shape("rater", raters, frames.shape)
    check_shape("category_id", classes, frames.shape)
    if n_raters < 2:
        raise InvalidLabelError(f"n_raters: expected at least 2, got {n_raters}.")
    if not 0 < threshold <= 1:
        raise InvalidLabelError(f"threshold: expected a number in (0, 1], got {threshold}.")
    bad = (raters < 0) | (raters >= n_raters)
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidLabelError(f"rater, row {row}: expected 0 to {n_raters - 1}, got {int(raters[row])}.")
    if (classes < 0).any():
        row = int(np.argmin(classes))
        raise InvalidLabelError(f"category_id, row {row}: expected at least 0, got {int(classes[row])}.")
    things, within, alike = _things(frames, raters, similarity, n_raters, threshold)
    drawn = things >= 0
    named = np.where(drawn, classes[things], NOTHING) if len(classes) else things
    people = drawn.sum(axis=1)
    return Agreement(
        n_raters,
        len(np.unique(frames)),
        len(frames),
        len(things),
        int((people >= 2).sum()),
        int((people == n_raters).sum()),
        _existence_f1(drawn),
        float(np.mean(within)) if within else float("nan"),
        _geometry_alpha(drawn, within, things, frames, similarity, alike),
        krippendorff_alpha(np.where(drawn, named, np.nan).T),
        _kappa(named),
    )


def _things(
    frames: IntArray, raters: IntArray, similarity: Similarity, n_raters: int, threshold: float
) -> tuple[IntArray, list[float], float]:
    """(t, people) rows of labels that mean one thing, -1 for none; similarities of pairs of labels of one
    thing; and the sum of similarities over all ordered pairs of labels of one frame.
    """
    things: list[IntArray] = []
    within: list[float] = []
    alike = 0.0
    order = np.argsort(frames, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(frames[order])) + 1):
        if not len(rows):
            continue
        table = _checked(similarity(rows, rows), len(rows))
        alike += float(table.sum() - np.trace(table))
        groups = _group(table, raters[rows], n_raters, threshold)
        for group in groups:
            things.append(np.where(group >= 0, rows[group], -1))
            members = group[group >= 0]
            within += [float(table[a, b]) for a, b in combinations(members.tolist(), 2)]
    return np.array(things, np.int64).reshape(-1, n_raters), within, alike


def _group(table: FloatArray, raters: IntArray, n_raters: int, threshold: float) -> IntArray:
    """(t, people) places in `table` that mean one thing, -1 for none."""
    groups = np.zeros((0, n_raters), np.int64)
    for person in range(n_raters):
        own = np.flatnonzero(raters == person)
        member = groups >= 0
        sums = np.where(member[:, :, None], table[groups][:, :, own], 0.0).sum(axis=1)
        rows, columns = pair_labels(sums / np.maximum(1, member.sum(axis=1))[:, None], threshold)
        groups[rows, person] = own[columns]
        left = np.setdiff1d(np.arange(len(own)), columns)
        fresh = np.full((len(left), n_raters), -1, np.int64)
        fresh[:, person] = own[left]
        groups = np.concatenate([groups, fresh])
    return groups


def _checked(table: FloatArray, n: int) -> FloatArray:
    check_shape("similarity", table, (n, n))
    if not ((table >= 0) & (table <= 1)).all():
        raise InvalidLabelError("similarity: expected numbers in [0, 1].")
    return table


def _existence_f1(drawn: AnyArray) -> float:
    scores = []
    for a, b in combinations(range(drawn.shape[1]), 2):
        labels = int(drawn[:, a].sum() + drawn[:, b].sum())
        if labels:
            scores.append(2 * int((drawn[:, a] & drawn[:, b]).sum()) / labels)
    return float(np.mean(scores)) if scores else float("nan")


def _kappa(named: IntArray) -> float:
    if not len(named):
        return float("nan")
    if named.shape[1] == 2:
        return cohen_kappa(named[:, 0], named[:, 1])
    names = np.unique(named)
    return fleiss_kappa((named[:, :, None] == names).sum(axis=1))


def _geometry_alpha(
    drawn: AnyArray,
    within: list[float],
    things: IntArray,
    frames: IntArray,
    similarity: Similarity,
    alike: float,
) -> float:
    """Alpha over things x people, where each value is a label or nothing."""
    n = drawn.size
    labels = int(drawn.sum())
    nothing = n - labels
    people = drawn.sum(axis=1)
    both = (people * (people - 1)).sum() - 2.0 * sum(within)
    mixed = 2.0 * (people * (drawn.shape[1] - people)).sum()
    expected = (labels * (labels - 1.0) - alike + 2.0 * labels * nothing) / max(1, n - 1)
    observed = (both + mixed) / (drawn.shape[1] - 1)
    return float(1.0 - observed / expected) if expected > 0 else float("nan")
