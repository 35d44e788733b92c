"""HOTA, CLEAR and Identity from their papers, with dense matrices and dicts. Slow on purpose.

A log is a list of frames, each a dict from track id to box (xyxy).
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from scipy.optimize import linear_sum_assignment


def iou(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def matrices(truth, pred):
    """Per frame: true ids, predicted ids, similarities."""
    for t, p in zip(truth, pred, strict=True):
        yield (
            list(t),
            list(p),
            np.array([[iou(a, b) for b in p.values()] for a in t.values()]).reshape(len(t), len(p)),
        )


def best(gain):
    return zip(*linear_sum_assignment(-gain), strict=True)


def hota(truth, pred, alpha):
    """(HOTA, DetA, AssA, LocA) at one alpha; both sides have rows."""
    n_truth = Counter(i for frame in truth for i in frame)
    n_pred = Counter(i for frame in pred for i in frame)
    shared = defaultdict(float)
    for ts, ps, s in matrices(truth, pred):
        for i, j in np.argwhere(s > 0):
            shared[ts[i], ps[j]] += s[i, j] / (s[i].sum() + s[:, j].sum() - s[i, j])
    matches, located = Counter(), []
    for ts, ps, s in matrices(truth, pred):
        gain = np.zeros(s.shape)
        for i, j in np.argwhere(s > 0):
            both = shared[ts[i], ps[j]]
            gain[i, j] = s[i, j] * both / (n_truth[ts[i]] + n_pred[ps[j]] - both)
        for i, j in best(gain):
            if s[i, j] >= alpha - np.finfo(float).eps:
                matches[ts[i], ps[j]] += 1
                located.append(s[i, j])
    tp = sum(matches.values())
    det_a = tp / (sum(n_truth.values()) + sum(n_pred.values()) - tp)
    ass_a = sum(c * c / (n_truth[t] + n_pred[p] - c) for (t, p), c in matches.items()) / max(1, tp)
    return (det_a * ass_a) ** 0.5, det_a, ass_a, np.mean(located) if located else 1.0


def clear(truth, pred):
    """(matches, switches, MT, PT, ML, fragments, sum of similarity)."""
    last, before, seen = {}, {}, Counter(i for frame in truth for i in frame)
    matched, begun, switches, total = Counter(), Counter(), 0, 0.0
    for ts, ps, s in matrices(truth, pred):
        if not ts or not ps:
            continue
        gain = np.where(s >= 0.5 - np.finfo(float).eps, s, 0)
        for i, t in enumerate(ts):
            for j, p in enumerate(ps):
                if gain[i, j] and before.get(t) == p:
                    gain[i, j] += 1000
        now = {ts[i]: (ps[j], s[i, j]) for i, j in best(gain) if gain[i, j] > 0}
        for t, (p, similarity) in now.items():
            switches += last.get(t, p) != p
            begun[t] += t not in before
            matched[t] += 1
            last[t] = p
            total += similarity
        before = {t: p for t, (p, _) in now.items()}
    share = [matched[t] / n for t, n in seen.items()]
    mt, lost = sum(x > 0.8 for x in share), sum(x < 0.2 for x in share)
    return (
        sum(matched.values()),
        switches,
        mt,
        len(share) - mt - lost,
        lost,
        sum(n - 1 for n in begun.values() if n),
        total,
    )


def idtp(truth, pred):
    """Rows that agree when each true id has at most one predicted id."""
    count = Counter()
    for ts, ps, s in matrices(truth, pred):
        count.update((ts[i], ps[j]) for i, j in np.argwhere(s >= 0.5))
    ts, ps = sorted({t for t, _ in count}), sorted({p for _, p in count})
    gain = np.array([[count[t, p] for p in ps] for t in ts]).reshape(len(ts), len(ps))
    return int(sum(gain[i, j] for i, j in best(gain)))
