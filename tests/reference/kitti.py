"""KITTI's average precision, straight from the rules: dicts, one object at a time."""

from __future__ import annotations

import math

EASY_TO_HARD = ((40, 0, 0.15), (25, 1, 0.3), (25, 2, 0.5))
NEIGHBOUR = {"Car": "Van", "Pedestrian": "Person_sitting", "Cyclist": None}


def curve(images, category, level, min_iou):
    """Precision at 41 recalls; images are (truth, pred, overlap(t, p), part_in_area(d, p)).

    Truth and predictions are dicts of name, height, occlusion, truncation and score.
    """
    min_height, max_occlusion, max_truncation = EASY_TO_HARD[level]

    def truth_kind(t):
        hard = t["occlusion"] > max_occlusion or t["truncation"] > max_truncation or t["height"] <= min_height
        if t["name"] == category:
            return "aside" if hard else "wanted"
        return "aside" if t["name"] == NEIGHBOUR[category] else None

    def pred_kind(p):
        if math.floor(p["height"]) < min_height:
            return "aside"
        return "wanted" if p["name"] == category else None

    n_truth = sum(truth_kind(t) == "wanted" for truth, *_ in images for t in truth)
    scores = []
    for truth, pred, overlap, _ in images:
        free = [p for p in pred if pred_kind(p)]
        for t in truth:
            if not truth_kind(t):
                continue
            near = [p for p in free if overlap(t, p) > min_iou]
            if near:
                best = max(near, key=lambda p: p["score"])
                free.remove(best)
                if truth_kind(t) == pred_kind(best) == "wanted":
                    scores.append(best["score"])
    scores.sort(reverse=True)
    limits, recall = [], 0.0
    for k, score in enumerate(scores):
        here, following = (k + 1) / n_truth, (k + 2) / n_truth
        if k + 1 < len(scores) and following - recall < recall - here:
            continue
        limits.append(score)
        recall += 1 / 40
    precision = [0.0] * 41
    for k, limit in enumerate(limits):
        right = wrong = 0
        for truth, pred, overlap, inside in images:
            free = [p for p in pred if pred_kind(p) and p["score"] >= limit]
            for t in truth:
                if not truth_kind(t):
                    continue
                near = [p for p in free if overlap(t, p) > min_iou]
                wanted = [p for p in near if pred_kind(p) == "wanted"]
                if not near:
                    continue
                best = max(wanted, key=lambda p: overlap(t, p)) if wanted else near[0]
                free.remove(best)
                right += truth_kind(t) == pred_kind(best) == "wanted"
            for p in free:
                areas = [t for t in truth if t["name"] == "DontCare"]
                wrong += pred_kind(p) == "wanted" and not any(inside(d, p) > min_iou for d in areas)
        precision[k] = right / (right + wrong) if right + wrong else 0.0
    return [max(precision[k:]) for k in range(41)], n_truth
