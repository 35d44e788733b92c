"""The numbers of a report as plain JSON values; ``docs/metrics.md`` says what each one is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.areas import pooled_areas
from drivelabel.evaluation.report.bootstrap import intervals
from drivelabel.evaluation.report.columns import Matched, concat_matched
from drivelabel.evaluation.report.compare import compare
from drivelabel.evaluation.report.confusion import confusion
from drivelabel.evaluation.report.counts import count, count_slices, ratio, total
from drivelabel.evaluation.report.effort import line_effort, object_effort
from drivelabel.evaluation.report.findings import MAX_FINDINGS
from drivelabel.evaluation.report.lanes import LaneFrames
from drivelabel.evaluation.report.lights import states_json
from drivelabel.evaluation.report.log import LogReport, matched_of
from drivelabel.evaluation.report.merged import merged_json
from drivelabel.evaluation.report.objects import ObjectReport
from drivelabel.evaluation.report.precision import class_curves, mean_ap
from drivelabel.evaluation.report.settings import Settings
from drivelabel.evaluation.report.timeline import timeline
from drivelabel.evaluation.report.tracks import count_tracks, track_lengths, true_tracks

SCHEMA = "drivelabel.evaluation/1"


def metrics_json(
    logs: Sequence[LogReport], settings: Settings, others: Sequence[LogReport] = ()
) -> dict[str, Any]:
    """Everything that was measured: per log, in total, and against another prediction.

    Args:
        logs: the prediction's report of each log.
        settings: the rules they were made with.
        others: another prediction's reports of the same logs, in the same order.
    """
    from drivelabel import __version__

    result = {
        "schema": SCHEMA,
        "drivelabel": __version__,
        "truth": logs[0].truth,
        "pred": logs[0].pred,
        "compare": others[0].pred if others else None,
        "settings": settings.to_json(),
        "logs": [log_json(log, settings) for log in logs],
        "total": total_json(logs, settings),
    }
    if others:
        result["comparison"] = {
            kind: compare(_pooled(logs, kind), _pooled(others, kind), len(logs), settings)
            for kind in _kinds(logs)
            if all(kind in other.objects for other in others)
        }
    return result


def log_json(log: LogReport, settings: Settings) -> dict[str, Any]:
    """One log's numbers."""
    tasks: dict[str, Any] = {}
    for kind, report in log.objects.items():
        tasks[kind] = {
            **_sources(report),
            **object_numbers(report.matched, 1, settings),
            **_filled([report]),
            "rules": [rule.to_json() for rule in report.rules],
            "timeline": timeline(report.matched, log.start_ns, log.stop_ns),
            "n_findings": len(report.findings),
            "findings": [finding.to_json(log.start_ns) for finding in report.findings[:MAX_FINDINGS]],
        }
    return {
        "name": log.name,
        "seconds": log.seconds,
        **dict(log.facts),
        "models": _plain(log.models),
        "not_judged": dict(log.not_judged),
        "tasks": tasks | _other_tasks([log], settings),
    }


def total_json(logs: Sequence[LogReport], settings: Settings) -> dict[str, Any]:
    """The numbers of all logs together; counts are the sums of the logs'."""
    tasks = {}
    for kind in _kinds(logs):
        reports = [log.objects[kind] for log in logs if kind in log.objects]
        pooled = _pooled(logs, kind)
        tasks[kind] = {
            "logs": len(reports),
            "judged": _judged(reports),
            **object_numbers(pooled, len(reports), settings),
            **_filled(reports),
            "rules": _summed_rules(reports),
        }
    return {
        "logs": len(logs),
        "seconds": sum(log.seconds for log in logs),
        "frames": sum(log.facts["frames"] for log in logs),
        "tasks": tasks | _other_tasks(logs, settings),
    }


def object_numbers(matched: Matched, n_logs: int, settings: Settings) -> dict[str, Any]:
    """What can be said of objects, of one log or of several together."""
    counts = count(matched)
    curves = class_curves(matched)
    mean, over = mean_ap(curves)
    tracks = true_tracks(matched)
    tracked = count_tracks(matched, tracks)
    return {
        "counts": counts.to_json(),
        "ap": {
            "value": None if mean is None else float(mean[0]),
            "at": abs(float(matched.thresholds[0])),
            "mean": None if mean is None else float(mean[1:].mean()),
            "mean_at": [abs(float(t)) for t in matched.thresholds[1:]],
            "over": over,
            "n_truth": counts.truth,
            "n_pred": counts.pred,
        },
        "placement": _placement(matched),
        "intervals": {name: one.to_json() for name, one in intervals(matched, n_logs, settings).items()},
        "slices": {
            dimension: {name: one.to_json() for name, one in slices.items()}
            for dimension, slices in count_slices(matched).items()
        },
        "merged": merged_json(matched),
        "curves": {name: one.to_json() for name, one in curves.items()},
        "confusion": confusion(matched),
        "tracks": tracked.to_json() if tracked.tracks else None,
        "track_lengths": {side: track_lengths(matched, side) for side in ("truth", "pred")},
        "effort": object_effort(counts, tracked.switches, matched.kind),
    }


def _placement(matched: Matched) -> dict[str, Any]:
    """How well found objects are placed: IoU, or metres for cuboids."""
    found = matched.closeness[matched.truth_error == c.FOUND]
    in_3d = matched.kind == "boxes3d"
    whole = float(np.abs(found).sum())
    return {
        "unit": "metres" if in_3d else "iou",
        "sum": whole,
        "n": len(found),
        "mean": ratio(whole, len(found)),
    }


def _sources(report: ObjectReport) -> dict[str, Any]:
    return {
        "truth_from": report.truth_from,
        "judged": _judged([report]),
        "classes": {"truth": report.truth_classes.to_json(), "pred": report.pred_classes.to_json()},
    }


def _judged(reports: Sequence[ObjectReport]) -> dict[str, int]:
    return {
        "groups": sum(report.groups for report in reports),
        "pred_unlabelled": sum(report.pred_unlabelled for report in reports),
        "low_score": sum(report.low_score for report in reports),
        "unmapped_truth": sum(sum(report.truth_classes.unmapped.values()) for report in reports),
        "unmapped_pred": sum(sum(report.pred_classes.unmapped.values()) for report in reports),
    }


def _filled(reports: Sequence[ObjectReport]) -> dict[str, Any]:
    """Numbers with and without interpolated rows; logs without any count as they are."""
    names = dict.fromkeys(name for report in reports for name in report.filled)
    filled: dict[str, Any] = {
        "truth_rows": sum(report.filled_rows[0] for report in reports),
        "pred_rows": sum(report.filled_rows[1] for report in reports),
    }
    for name in names:
        parts = (report.filled.get(name) or count(report.matched) for report in reports)
        filled[name] = total(parts).to_json()
    return {"filled": filled}


def _summed_rules(reports: Sequence[ObjectReport]) -> list[dict[str, Any]]:
    summed: dict[str, list[int]] = {}
    for rule in (rule for report in reports for rule in report.rules):
        one = summed.setdefault(rule.name, [0, 0])
        one[0] += rule.checked
        one[1] += rule.broken
    rules = [{"rule": name, "checked": n, "broken": bad} for name, (n, bad) in summed.items()]
    return sorted(rules, key=lambda rule: (rule["broken"] == 0, -rule["broken"]))


def _other_tasks(logs: Sequence[LogReport], settings: Settings) -> dict[str, Any]:
    tasks: dict[str, Any] = {}
    lanes = [log.lanes for log in logs if log.lanes is not None]
    if lanes:
        tasks["lane_lines"] = lanes_json(lanes, settings)
    areas = [log.areas for log in logs if log.areas is not None]
    if areas:
        missing = sum(part.pred_missing for part in areas)
        tasks["label_map"] = pooled_areas(areas) | {"pred_unlabelled": missing, **_lost_pixels(areas)}
    states = [log.light_states for log in logs if log.light_states is not None]
    if states:
        tasks["light_states"] = states_json(np.sum(states, axis=0))
    return tasks


def _lost_pixels(areas: Sequence[Any]) -> dict[str, Any]:
    lost: dict[str, dict[str, int]] = {"truth": {}, "pred": {}}
    for part in areas:
        for side, names in part.unmapped.items():
            for name, pixels in names.items():
                lost[side][name] = lost[side].get(name, 0) + pixels
    return {"unmapped_pixels": lost}


def lanes_json(parts: Sequence[LaneFrames], settings: Settings) -> dict[str, Any]:
    """Lane lines of one log or several."""
    whole = parts[0] if len(parts) == 1 else _pooled_lanes(parts)
    numbers = whole.counts(settings.lane_widths)
    main = numbers["at"][0]
    slices = {
        name: {
            str(value): whole.counts(settings.lane_widths, values == value)
            for value in sorted(set(values.tolist()))
        }
        for name, values in whole.bands.items()
    }
    return {
        **numbers,
        "pred_unlabelled": int((~whole.pred_labelled).sum()),
        "slices": slices,
        "effort": line_effort(main["found"], main["missed"], main["false"]),
    }


def _pooled_lanes(parts: Sequence[LaneFrames]) -> LaneFrames:
    names = set.intersection(*(set(part.bands) for part in parts))
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("frame", "time_ns", "n_truth", "n_pred", "hits", "distance_sum", "pred_labelled")
    }
    bands = {name: np.concatenate([p.bands[name] for p in parts]) for name in parts[0].bands if name in names}
    return LaneFrames(**joined, bands=bands)


def _kinds(logs: Sequence[LogReport]) -> list[str]:
    return list(dict.fromkeys(kind for log in logs for kind in log.objects))


def _pooled(logs: Sequence[LogReport], kind: str) -> Matched:
    parts = matched_of(list(logs), kind)
    return parts[0] if len(parts) == 1 else concat_matched(parts)


def _plain(value: Any) -> Any:
    """Facts of a layer as JSON values; what JSON has no word for becomes text."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
