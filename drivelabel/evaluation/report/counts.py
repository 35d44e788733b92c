"""Counts of one slice, and the numbers that follow from them. Counts of logs add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched
from drivelabel.typing import BoolArray


def ratio(part: float, whole: float) -> float | None:
    """A share, or None when there is nothing to take a share of; never a silent zero."""
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the objects of one slice.

    Attributes:
        truth: true objects that count: found + wrong_class + loose + missed.
        found, wrong_class, loose, missed: of those.
        pred: labels that were judged: right + pred_wrong_class + pred_loose + duplicate + false.
        right, pred_wrong_class, pred_loose, duplicate, false: of those.
        ignored_truth, ignored_pred: left out by rule.
        not_judged: labels of classes that the truth's author could not have given.
    """

    truth: int = 0
    found: int = 0
    wrong_class: int = 0
    loose: int = 0
    missed: int = 0
    pred: int = 0
    right: int = 0
    pred_wrong_class: int = 0
    pred_loose: int = 0
    duplicate: int = 0
    false: int = 0
    ignored_truth: int = 0
    ignored_pred: int = 0
    not_judged: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def recall(self) -> float | None:
        """Share of the true objects that were found with their class."""
        return ratio(self.found, self.truth)

    @property
    def precision(self) -> float | None:
        """Share of the judged labels that are right."""
        return ratio(self.right, self.pred)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        return ratio(self.found + self.right, self.truth + self.pred)

    def to_json(self) -> dict[str, Any]:
        """Counts, then the shares of them."""
        counts = {f.name: getattr(self, f.name) for f in fields(self)}
        return counts | {"recall": self.recall, "precision": self.precision, "f1": self.f1}


def count(
    matched: Matched, truth_rows: BoolArray | None = None, pred_rows: BoolArray | None = None
) -> Counts:
    """Counts over some rows of both sides; over all when None."""
    truth = matched.truth_error if truth_rows is None else matched.truth_error[truth_rows]
    pred = matched.pred_error if pred_rows is None else matched.pred_error[pred_rows]
    t = np.bincount(truth, minlength=len(c.TRUTH_ERRORS)).tolist()
    p = np.bincount(pred, minlength=len(c.PRED_ERRORS)).tolist()
    return Counts(
        truth=sum(t) - t[c.IGNORED],
        found=t[c.FOUND],
        wrong_class=t[c.WRONG_CLASS],
        loose=t[c.LOOSE],
        missed=t[c.MISSED],
        pred=sum(p) - p[c.IGNORED] - p[c.NOT_JUDGED],
        right=p[c.RIGHT],
        pred_wrong_class=p[c.WRONG_CLASS],
        pred_loose=p[c.LOOSE],
        duplicate=p[c.DUPLICATE],
        false=p[c.FALSE],
        ignored_truth=t[c.IGNORED],
        ignored_pred=p[c.IGNORED],
        not_judged=p[c.NOT_JUDGED],
    )


def total(parts: Iterable[Counts]) -> Counts:
    """The sum."""
    return sum(parts, Counts())


def count_slices(matched: Matched) -> dict[str, dict[str, Counts]]:
    """Dimension to slice to its counts; slices in which nothing counts are left out."""
    found: dict[str, dict[str, Counts]] = {}
    for name in dict.fromkeys([*matched.truth.bands, *matched.pred.bands]):
        truth, pred = matched.truth.bands[name], matched.pred.bands[name]
        slices = {
            value: count(matched, truth == value, pred == value)
            for value in sorted(set(truth.tolist()) | set(pred.tolist()), key=_by_number)
        }
        kept = {value: one for value, one in slices.items() if one.truth or one.pred or one.not_judged}
        if kept and set(kept) != {"unknown"} and not (name == "camera" and set(kept) == {"all"}):
            found[name] = kept
    return found


def _by_number(text: str) -> tuple[int, float, str]:
    """Bands in order of their first number, then names, ``unknown`` last."""
    if text == "unknown":
        return 2, 0.0, text
    digits = text.removeprefix("≥ ").partition("–")[0].partition(" ")[0]
    number = float(digits) if digits.replace(".", "", 1).isdigit() and digits.isascii() else None
    order = number if number is not None else 0.0
    return 0 if number is not None else 1, order + (0.5 if text.startswith("≥") else 0.0), text
