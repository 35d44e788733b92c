"""TuSimple's lane metric, a loop a line, from its rules. Slow on purpose."""

from __future__ import annotations

import numpy as np


def frame(truth, pred, rows, run_time=0.0):
    """(accuracy, FP, FN) of one frame; lines are lists of x, negative for missing."""
    if run_time > 200 or len(pred) > len(truth) + 2:
        return 0.0, 0.0, 1.0
    best_of_line = []
    for line in truth:
        seen = [(y, x) for x, y in zip(line, rows, strict=True) if x >= 0]
        slope = np.polyfit(*zip(*seen, strict=True), 1)[0] if len(seen) > 1 else 0.0
        limit = 20 / np.cos(np.arctan(slope))
        shares = [0.0]
        for guess in pred:
            pairs = [(x if x >= 0 else -100, g if g >= 0 else -100) for x, g in zip(line, guess, strict=True)]
            shares.append(sum(abs(x - g) < limit for x, g in pairs) / len(pairs))
        best_of_line.append(max(shares))
    found = sum(share >= 0.85 for share in best_of_line)
    missed = len(truth) - found
    total = sum(best_of_line)
    if len(truth) > 4:
        total -= min(best_of_line)
        missed = max(0, missed - 1)
    fp = (len(pred) - found) / len(pred) if pred else 0.0
    return total / max(min(4, len(truth)), 1), fp, missed / max(min(4, len(truth)), 1)
