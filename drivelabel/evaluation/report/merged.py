"""Groups of classes scored as one class, with the names of what was merged."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched
from drivelabel.evaluation.report.counts import ratio
from drivelabel.evaluation.report.precision import average_precision, merged_members
from drivelabel.labels import DRIVING


def merged_json(matched: Matched) -> dict[str, Any]:
    """Group to its members and numbers; a label of another class of the group is right."""
    return {name: _group(matched, members) for name, members in merged_members(matched).items()}


def _group(matched: Matched, members: list[str]) -> dict[str, Any]:
    ids = DRIVING.ids_of(members)
    truth_in = np.isin(matched.truth.category, ids)
    pred_in = np.isin(matched.pred.category, ids)
    mixed = matched.pred_error == c.WRONG_CLASS
    partner_in = np.zeros(len(pred_in), np.bool_)
    partner_in[mixed] = truth_in[matched.pred_truth[mixed]]
    right = pred_in & (matched.hits[0] | partner_in)
    n_truth = int((truth_in & matched.counted).sum())
    rows = np.flatnonzero(pred_in & matched.judged)
    rows = rows[np.argsort(-matched.pred.score[rows], kind="stable")]
    found = int(right[rows].sum())
    return {
        "members": members,
        "truth": n_truth,
        "found": found,
        "pred": len(rows),
        "recall": ratio(found, n_truth),
        "precision": ratio(found, len(rows)),
        "ap": average_precision(right[rows], n_truth) if n_truth else None,
    }
