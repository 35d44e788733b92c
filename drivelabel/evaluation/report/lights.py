"""What traffic lights show, for the housings that both sides have."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel.evaluation.report.columns import FOUND, Matched
from drivelabel.evaluation.report.counts import ratio
from drivelabel.labels import LIGHT_STATES, TrafficLights
from drivelabel.typing import IntArray


def state_table(matched: Matched, truth: TrafficLights, pred: TrafficLights) -> IntArray:
    """(s, s) found housings by true and predicted state, in the order of LIGHT_STATES."""
    rows = np.flatnonzero(matched.truth_error == FOUND)
    a = truth.state[matched.truth.row[rows]].astype(np.int64)
    b = pred.state[matched.pred.row[matched.truth_pred[rows]]].astype(np.int64)
    table = np.zeros((len(LIGHT_STATES), len(LIGHT_STATES)), np.int64)
    np.add.at(table, (a, b), 1)
    return table


def states_json(table: IntArray) -> dict[str, Any]:
    """F1 per state from the table; yellow and off stand on their own, truth of unknown state is left out."""
    known = table[1:]
    by_state = {}
    for row, name in enumerate(LIGHT_STATES[1:], start=1):
        both, truth, pred = int(table[row, row]), int(table[row].sum()), int(known[:, row].sum())
        by_state[name] = {"both": both, "truth": truth, "pred": pred, "f1": ratio(2 * both, truth + pred)}
    right, n = int(np.trace(table[1:, 1:])), int(known.sum())
    return {
        "states": list(LIGHT_STATES),
        "table": table.tolist(),
        "right": right,
        "housings": n,
        "accuracy": ratio(right, n),
        "truth_unknown": int(table[0].sum()),
        "by_state": by_state,
    }
