"""Panoptic quality's counts by sets of pixels. Slow on purpose."""

from __future__ import annotations

import numpy as np


def count(frames, n_classes):
    """Counts per class over frames of (truth, pred) segments."""
    out = {name: np.zeros(n_classes) for name in ("tp", "fp", "fn", "iou")}
    for truth, pred in frames:
        void = truth.segment_map == 0
        matched_truth, matched_pred = set(), set()
        for t, t_class, crowd in zip(truth.segment_id, truth.category_id, truth.is_crowd, strict=True):
            for p, p_class in zip(pred.segment_id, pred.category_id, strict=True):
                a, b = truth.segment_map == t, (pred.segment_map == p) & ~void
                iou = (a & b).sum() / (a | b).sum()
                if t_class == p_class and not crowd and iou > 0.5:
                    out["tp"][t_class] += 1
                    out["iou"][t_class] += iou
                    matched_truth.add(t)
                    matched_pred.add(p)
        crowds = {}
        for t, t_class, crowd in zip(truth.segment_id, truth.category_id, truth.is_crowd, strict=True):
            if crowd:
                crowds[t_class] = t
            elif t not in matched_truth:
                out["fn"][t_class] += 1
        for p, p_class in zip(pred.segment_id, pred.category_id, strict=True):
            inside = pred.segment_map == p
            excused = inside & (void | (truth.segment_map == crowds.get(p_class, 0)))
            if p not in matched_pred and excused.sum() <= 0.5 * inside.sum():
                out["fp"][p_class] += 1
    return out
