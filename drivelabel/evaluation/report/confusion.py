"""Which class was taken for which."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel.evaluation.report.columns import FOUND, WRONG_CLASS, Matched


def confusion(matched: Matched) -> dict[str, Any]:
    """Rows are true classes, columns predicted ones; last come ``not found`` and ``no object``.

    Loose labels count as not found, and as no object. What is ignored or not judged is left out.
    """
    met = np.isin(matched.truth_error, (FOUND, WRONG_CLASS))
    truth, pred = matched.truth.category, matched.pred.category
    names = matched.present()
    slot = np.full(len(matched.names), -1)
    slot[names] = np.arange(len(names))
    table = np.zeros((len(names) + 1, len(names) + 1), np.int64)
    np.add.at(table, (slot[truth[met]], slot[pred[matched.truth_pred[met]]]), 1)
    lost = matched.counted & ~met
    np.add.at(table, (slot[truth[lost]], len(names)), 1)
    extra = matched.judged & ~np.isin(matched.pred_error, (FOUND, WRONG_CLASS))
    np.add.at(table, (len(names), slot[pred[extra]]), 1)
    return {"classes": [matched.names[row] for row in names.tolist()], "table": table.tolist()}
