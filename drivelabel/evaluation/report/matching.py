"""Which prediction is which true object: once per log, from the pairs that are near each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.classes import group_of
from drivelabel.evaluation.report.columns import Matched, Objects
from drivelabel.typing import BoolArray, FloatArray, IntArray

Closeness: TypeAlias = Callable[[IntArray, IntArray], FloatArray]
"""Rows of truth (n,) and of pred (m,) in one frame -> (n, m), larger is closer."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of truth and pred that are near each other, best prediction first, closest truth first."""

    truth: IntArray
    pred: IntArray
    closeness: FloatArray


def near_pairs(truth: Objects, pred: Objects, closeness: Closeness, at_least: float) -> Pairs:
    """All pairs of one frame (sample) that are at least so close."""
    starts = np.unique(truth.group)
    found: list[tuple[IntArray, IntArray, FloatArray]] = []
    edges_t = np.searchsorted(truth.group, [starts, starts + 1])
    edges_p = np.searchsorted(pred.group, [starts, starts + 1])
    for t0, t1, p0, p1 in zip(*edges_t.tolist(), *edges_p.tolist(), strict=True):
        if p0 == p1:
            continue
        rows_t, rows_p = np.arange(t0, t1), np.arange(p0, p1)
        near = closeness(rows_t, rows_p)
        i, j = np.nonzero(near >= at_least)
        found.append((rows_t[i], rows_p[j], near[i, j]))
    if not found:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    t, p, near = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((t, -near, p, -pred.score[p]))
    return Pairs(t[order], p[order], near[order])


def greedy(pairs: Pairs, use: BoolArray, free_t: BoolArray, free_p: BoolArray) -> tuple[IntArray, IntArray]:
    """Each prediction in order of score takes the closest true object that is still free.

    Args:
        pairs: all pairs.
        use: which of them.
        free_t, free_p: who may be taken.

    Returns:
        (n,) the prediction of each truth, (m,) the truth of each prediction; NOBODY for none.
    """
    of_truth, of_pred = np.full(len(free_t), c.NOBODY), np.full(len(free_p), c.NOBODY)
    taken_t, taken_p = (~free_t).tolist(), (~free_p).tolist()
    rows = np.flatnonzero(use)
    for t, p in zip(pairs.truth[rows].tolist(), pairs.pred[rows].tolist(), strict=True):
        if not (taken_t[t] or taken_p[p]):
            taken_t[t] = taken_p[p] = True
            of_truth[t], of_pred[p] = p, t
    return of_truth, of_pred


def match(
    kind: str,
    truth: Objects,
    pred: Objects,
    closeness: Closeness,
    *,
    same: float,
    loose: float,
    inside: Closeness,
    judged_categories: IntArray | None = None,
    min_height_px: float = 0.0,
) -> Matched:
    """Match both sides and name each row's error.

    First predictions take true objects of their own class, as COCO does; what is left over takes objects
    of another class; then loose ones of the same class. What lies on an ignored object of the same kind of
    thing is ignored; of what remains, a second label on a found object is a duplicate, the rest is false.

    Args:
        kind: of label.
        truth, pred: in order of frames.
        closeness: of two rows.
        same: from which closeness two rows are the same object.
        loose: from which closeness a row is the same object, badly placed.
        inside: (i, m) share of a prediction that lies in an ignored truth, whose rows are counted among the
            ignored ones.
        judged_categories: classes that the truth's author could have labelled; others are not judged.
        min_height_px: lower predictions that match nothing are ignored, as COCO does with small ones.
    """
    n, m = len(truth), len(pred)
    pairs = near_pairs(truth, pred, closeness, min(loose, same))
    alike = truth.category[pairs.truth] == pred.category[pairs.pred]
    counts = ~truth.ignored
    can = np.ones(m, np.bool_) if judged_categories is None else np.isin(pred.category, judged_categories)
    truth_error, pred_error = np.full(n, c.MISSED), np.full(m, c.FALSE)
    truth_pred, pred_truth = np.full(n, c.NOBODY), np.full(m, c.NOBODY)
    steps = (
        (c.FOUND, alike & (pairs.closeness >= same)),
        (c.WRONG_CLASS, ~alike & (pairs.closeness >= same)),
        (c.LOOSE, alike & (pairs.closeness >= loose)),
    )
    for error, use in steps:
        of_truth, of_pred = greedy(pairs, use, counts & (truth_pred < 0), can & (pred_truth < 0))
        truth_error[of_truth >= 0], pred_error[of_pred >= 0] = error, error
        truth_pred, pred_truth = np.maximum(truth_pred, of_truth), np.maximum(pred_truth, of_pred)
    ignorable = _on_ignored(truth, pred, inside, same) | (pred.height_px < min_height_px)
    free = pred_truth < 0
    again = np.zeros(m, np.bool_)
    again[pairs.pred[alike & (pairs.closeness >= same) & counts[pairs.truth]]] = True
    pred_error[free & again] = c.DUPLICATE
    pred_error[free & ~again & ignorable] = c.IGNORED
    pred_error[~can] = c.NOT_JUDGED
    truth_error[~counts] = c.IGNORED
    return Matched(
        kind, truth, pred, truth_error, truth_pred, pred_error, pred_truth,
        _partner_closeness(pairs, truth_pred), np.zeros(n, np.int64), np.zeros(m, np.int64),
    )  # fmt: skip


def _on_ignored(truth: Objects, pred: Objects, inside: Closeness, same: float) -> BoolArray:
    """(m,) which predictions lie on an ignored object of the same kind of thing."""
    on = np.zeros(len(pred), np.bool_)
    rows = np.flatnonzero(truth.ignored)

    pairs = near_pairs(truth.take(rows), pred, inside, same)
    groups = group_of()
    alike = groups[truth.category[rows[pairs.truth]]] == groups[pred.category[pairs.pred]]
    on[pairs.pred[alike]] = True
    return on


def _partner_closeness(pairs: Pairs, truth_pred: IntArray) -> FloatArray:
    closeness = np.full(len(truth_pred), np.nan)
    own = truth_pred[pairs.truth] == pairs.pred
    closeness[pairs.truth[own]] = pairs.closeness[own]
    return closeness
