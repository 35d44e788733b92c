"""The numbers of areas: of one log or of several together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from drivelabel.evaluation.areas import MeanIou, mean_iou
from drivelabel.evaluation.report.areas import AreaFrames, N, used_classes
from drivelabel.evaluation.report.bootstrap import Interval, bounds
from drivelabel.evaluation.report.counts import ratio
from drivelabel.evaluation.report.settings import Settings
from drivelabel.labels import DRIVING
from drivelabel.typing import BoolArray, IntArray

BACKGROUND = "everything else"
MERGED = {
    "any road": ("road", "lane", "lane_marking", "crosswalk", "stop_line", "other_road_marking"),
    "any paint": ("lane_marking", "crosswalk", "stop_line", "other_road_marking"),
}
"""Groups of classes scored as one beside the classes themselves."""


def areas_json(parts: Sequence[AreaFrames]) -> dict[str, Any]:
    """Of one log or several; pixels and segments add up, means are taken of the sums.

    `mean_iou` goes over the classes that both sides use, without background. Beside it stand the mean with
    all other pixels as one more class, and Cityscapes' mean over every class that either side has.
    """
    table = np.sum([part.pixels.sum(axis=0) for part in parts], axis=0)
    outline = np.sum([part.outline for part in parts], axis=0)
    used = used_classes(table)
    every = mean_iou(table, DRIVING.names)
    background = _merged_iou(table, np.setdiff1d(np.arange(N), used), void_too=True)
    names = [DRIVING.names[k] for k in used.tolist()]
    ious = [float(every.iou[k]) for k in used.tolist()]
    with_background = [*ious, *([] if background["iou"] is None else [background["iou"]])]
    unused = [k for k in range(N) if table[k].sum() and k not in used]
    return {
        "frames": sum(len(part.frame) for part in parts),
        "pred_unlabelled": sum(part.pred_missing for part in parts),
        "pixels": int(table[:N].sum()),
        "pixels_without_prediction": int(table[:N, N].sum()),
        "mean_iou": float(np.mean(ious)) if ious else None,
        "mean_over": names,
        "mean_iou_with_background": float(np.mean(with_background)) if with_background else None,
        "background": {"name": BACKGROUND, **background},
        "mean_iou_all_classes": None if np.isnan(every.mean) else every.mean,
        "all_classes": [DRIVING.names[k] for k in np.flatnonzero(~np.isnan(every.iou)).tolist()],
        "never_predicted": {DRIVING.names[k]: int(table[k].sum()) for k in unused},
        "classes": {
            DRIVING.names[k]: _class(every, k, outline) for k in np.flatnonzero(~np.isnan(every.iou)).tolist()
        },
        "merged": _merged(table),
        "panoptic": _panoptic(parts, used),
        "unmapped_pixels": _lost(parts),
    }


def _class(every: MeanIou, k: int, outline: IntArray) -> dict[str, Any]:
    tp, fp, fn = int(every.tp[k]), int(every.fp[k]), int(every.fn[k])
    both, either = outline[k].tolist()
    return {
        "both": tp,
        "truth": tp + fn,
        "pred": tp + fp,
        "iou": float(every.iou[k]) if tp + fn else None,
        "outline_both": both,
        "outline_either": either,
        "boundary_iou": ratio(both, either),
    }


def _merged_iou(table: IntArray, members: IntArray, void_too: bool = False) -> dict[str, Any]:
    """Some classes as one; pixels whose truth is void are left out."""
    columns = np.append(members, N) if void_too else members
    both = int(table[np.ix_(members, columns)].sum())
    truth, pred = int(table[members].sum()), int(table[:N][:, columns].sum())
    return {"both": both, "truth": truth, "pred": pred, "iou": ratio(both, truth + pred - both)}


def _merged(table: IntArray) -> dict[str, Any]:
    found = {}
    for name, names in MERGED.items():
        ids = DRIVING.ids_of(names)
        present = ids[(table[ids].sum(axis=1) + table[:N, ids].sum(axis=0)) > 0]
        if len(present) > 1:
            members = [DRIVING.names[k] for k in present.tolist()]
            found[name] = {"members": members, **_merged_iou(table, present)}
    return found


def _panoptic(parts: Sequence[AreaFrames], used: IntArray) -> dict[str, Any]:
    """Over the classes that both sides use."""
    total = parts[0].segments
    for part in parts[1:]:
        total += part.segments
    rows = used[(total.tp + total.fp + total.fn)[used] > 0]
    means = {"pq": total.pq[rows], "sq": total.sq[rows], "rq": total.rq[rows]}
    return {
        **{name: float(values.mean()) if len(values) else None for name, values in means.items()},
        "over": [total.names[k] for k in rows.tolist()],
        "things_told_apart": any(part.with_instances for part in parts),
        "classes": {
            total.names[k]: {
                "pq": float(total.pq[k]),
                "iou_sum": float(total.iou_sum[k]),
                "tp": int(total.tp[k]),
                "fp": int(total.fp[k]),
                "fn": int(total.fn[k]),
            }
            for k in rows.tolist()
        },
    }


def _lost(parts: Sequence[AreaFrames]) -> dict[str, Any]:
    lost: dict[str, dict[str, int]] = {"truth": {}, "pred": {}}
    for part in parts:
        for side, names in part.unmapped.items():
            for name, pixels in names.items():
                lost[side][name] = lost[side].get(name, 0) + pixels
    return lost


def area_interval(parts: Sequence[AreaFrames], settings: Settings) -> Interval:
    """Of the mean IoU, from resampling logs; areas have no tracks, so few logs have no interval."""
    tables = np.stack([part.pixels.sum(axis=0) for part in parts])
    value, n = mean_over_used(tables.sum(axis=0)), len(parts)
    if n < settings.min_logs or not settings.resamples:
        why = f"too few logs for an interval: {n}; {settings.min_logs} are needed"
        return Interval(value, None, None, "logs", n, why if settings.resamples else "not asked for")
    generator = np.random.default_rng(settings.seed)
    picked = generator.integers(0, n, (settings.resamples, n))
    means = [mean_over_used(tables[rows].sum(axis=0)) for rows in picked]
    drawn = np.array([np.nan if mean is None else mean for mean in means], np.float64)
    return Interval(value, *bounds(drawn, settings.confidence), "logs", n, "")


def area_slices(parts: Sequence[AreaFrames]) -> dict[str, Any]:
    """Dimension to slice to pixels and IoU of every class that both sides use, over the frames in it."""
    used = used_classes(np.sum([part.pixels.sum(axis=0) for part in parts], axis=0))
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for part in parts for name in part.bands):
        values = np.concatenate([part.bands.get(name, np.full(len(part.frame), "unknown")) for part in parts])
        pixels = np.concatenate([part.pixels for part in parts])
        found[name] = {
            str(value): _slice(pixels[values == value], used) for value in sorted(set(values.tolist()))
        }
    return found


def _slice(pixels: IntArray, used: IntArray) -> dict[str, Any]:
    table = pixels.sum(axis=0)
    classes = {DRIVING.names[k]: _merged_iou(table, np.array([k])) for k in used.tolist()}
    known = [one["iou"] for one in classes.values() if one["iou"] is not None]
    return {"frames": len(pixels), "mean_iou": float(np.mean(known)) if known else None, "classes": classes}


def mean_over_used(table: IntArray) -> float | None:
    """Mean IoU over the classes that both sides use, from (N + 1, N + 1) pixels; None without any."""
    used = used_classes(table)
    both = table[used, used].astype(np.float64)
    ious = both / (table[used].sum(axis=1) + table[:N][:, used].sum(axis=0) - both)
    return float(ious.mean()) if len(used) else None


def mean_of_used(areas: AreaFrames, rows: BoolArray) -> float | None:
    """Mean IoU in some frames, over the classes that both sides use in the log; None without frames."""
    used = used_classes(areas.pixels.sum(axis=0))
    mean: float | None = _slice(areas.pixels[rows], used)["mean_iou"]
    return mean
