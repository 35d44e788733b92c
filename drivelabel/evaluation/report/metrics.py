"""The numbers of a report as plain JSON values; ``docs/metrics.md`` says what each one is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.area_numbers import area_interval, area_slices, areas_json
from drivelabel.evaluation.report.bootstrap import intervals
from drivelabel.evaluation.report.columns import Matched, concat_matched
from drivelabel.evaluation.report.compare import compare
from drivelabel.evaluation.report.confusion import confusion
from drivelabel.evaluation.report.counts import count, count_slices, ratio, total
from drivelabel.evaluation.report.cuboid_precision import cuboid_precision
from drivelabel.evaluation.report.effort import effort_json
from drivelabel.evaluation.report.findings import MAX_FINDINGS
from drivelabel.evaluation.report.followed import track_lengths
from drivelabel.evaluation.report.gather import MOTIONS
from drivelabel.evaluation.report.image_precision import image_precision
from drivelabel.evaluation.report.lane_numbers import lanes_json
from drivelabel.evaluation.report.lights import states_json
from drivelabel.evaluation.report.log import LogReport, kinds_of, matched_of
from drivelabel.evaluation.report.objects import ObjectReport
from drivelabel.evaluation.report.scores import compare_scores
from drivelabel.evaluation.report.settings import Settings
from drivelabel.evaluation.report.timeline import area_timeline, timeline
from drivelabel.evaluation.report.tracks import tracks_json

SCHEMA = "drivelabel.evaluation/2"


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
    return result | _comparison(logs, others, settings)


def of_one_log(
    metrics: dict[str, Any],
    index: int,
    logs: Sequence[LogReport],
    settings: Settings,
    others: Sequence[LogReport] = (),
) -> dict[str, Any]:
    """The same as if one of several logs had been judged alone; nothing is counted again but a comparison."""
    log = metrics["logs"][index]
    total = {"logs": 1, "seconds": log["seconds"], "frames": log["frames"], "tasks": log["tasks"]}
    alone = {name: value for name, value in metrics.items() if name != "comparison"}
    rest = [others[index]] if others else []
    return alone | {"logs": [log], "total": total} | _comparison([logs[index]], rest, settings)


def _comparison(logs: Sequence[LogReport], others: Sequence[LogReport], settings: Settings) -> dict[str, Any]:
    """Both predictions side by side; empty without another one."""
    if not others:
        return {}
    shared = _comparable(logs, others)
    tasks = {
        kind: compare(_pooled(logs, kind), _pooled(others, kind), len(logs), settings)
        for kind in kinds_of(logs)
        if kind in shared
    }
    return {"comparison": {"tasks": tasks, "scores": compare_scores(logs, others, settings)}}


def _comparable(logs: Sequence[LogReport], others: Sequence[LogReport]) -> set[str]:
    """Kinds that both have in the same logs by the same truth; not what lights show: each found others."""
    pairs = [(a.matched(), b.matched()) for a, b in zip(logs, others, strict=True)]
    same = set.intersection(*(set(a) & set(b) for a, b in pairs)) - {"light_states"}
    return {
        kind for kind in same if all(np.array_equal(a[kind].truth.row, b[kind].truth.row) for a, b in pairs)
    }


def log_json(log: LogReport, settings: Settings) -> dict[str, Any]:
    """One log's numbers."""
    tasks = _tasks([log], settings)
    for kind, matched in log.matched().items():
        tasks[kind]["timeline"] = timeline(matched, log.start_ns, log.stop_ns)
    for kind, report in log.objects.items():
        tasks[kind] |= {
            "truth_from": report.truth_from,
            "classes": {"truth": report.truth_classes.to_json(), "pred": report.pred_classes.to_json()},
        }
    if log.areas is not None:
        tasks["label_map"]["timeline"] = area_timeline(log.areas, log.start_ns, log.stop_ns)
    return {
        "name": log.name,
        "seconds": log.seconds,
        **dict(log.facts),
        "models": _plain(log.models),
        "not_judged": dict(log.not_judged),
        "tasks": tasks,
        "n_findings": len(log.findings),
        "findings": [finding.to_json(log.start_ns) for finding in log.findings[:MAX_FINDINGS]],
    }


def total_json(logs: Sequence[LogReport], settings: Settings) -> dict[str, Any]:
    """The numbers of all logs together; counts are the sums of the logs'."""
    return {
        "logs": len(logs),
        "seconds": sum(log.seconds for log in logs),
        "frames": sum(log.facts["frames"] for log in logs),
        "tasks": _tasks(logs, settings),
    }


def _tasks(logs: Sequence[LogReport], settings: Settings) -> dict[str, Any]:
    """Every kind of label, of one log or of several together."""
    tasks: dict[str, Any] = {}
    for kind in kinds_of(logs):
        pooled, n = _pooled(logs, kind), len(matched_of(logs, kind))
        tasks[kind] = {"logs": n, **_matched_numbers(pooled, n, settings)}
        reports = [log.objects[kind] for log in logs if kind in log.objects]
        if reports:
            tasks[kind] |= _object_numbers(logs, kind, pooled, reports)
    lights = [log.lights for log in logs if log.lights is not None]
    if lights:
        tasks["light_states"] |= states_json(lights)
    lanes = [log.lanes for log in logs if log.lanes is not None]
    if lanes:
        effort = effort_json([lane.effort for lane in lanes], "lane_lines")
        tasks["lane_lines"] |= lanes_json(lanes, settings) | {"effort": effort}
    areas = [log.areas for log in logs if log.areas is not None]
    if areas:
        tasks["label_map"] = {
            "logs": len(areas),
            **areas_json(areas),
            "intervals": {"mean_iou": area_interval(areas, settings).to_json()},
            "slices": area_slices(areas),
        }
    return tasks


def _matched_numbers(matched: Matched, n_logs: int, settings: Settings) -> dict[str, Any]:
    """What follows from matches, whatever the kind."""
    return {
        "counts": count(matched).to_json(),
        "placement": _placement(matched),
        "intervals": {name: one.to_json() for name, one in intervals(matched, n_logs, settings).items()},
        "slices": {
            dimension: {name: one.to_json() for name, one in slices.items()}
            for dimension, slices in count_slices(matched).items()
        },
        "track_lengths": {side: track_lengths(matched, side) for side in ("truth", "pred")},
    }


def _object_numbers(
    logs: Sequence[LogReport], kind: str, pooled: Matched, reports: Sequence[ObjectReport]
) -> dict[str, Any]:
    cuboids = [log.cuboids for log in logs if log.cuboids is not None]
    scores = [report.scores for report in reports if report.scores is not None]
    return {
        "judged": _summed([report.judged for report in reports]),
        **(cuboid_precision(cuboids) if kind == "boxes3d" else image_precision(pooled)),
        "confusion": confusion(pooled),
        "tracks": tracks_json(scores),
        **_motion(reports),
        "effort": effort_json([report.effort for report in reports], kind),
        **_filled(reports),
        "rules": _summed_rules(reports),
    }


def _motion(reports: Sequence[ObjectReport]) -> dict[str, Any]:
    """Found cuboids by true and predicted motion; empty for other kinds."""
    tables = [report.motion for report in reports if report.motion is not None]
    return {"motion": {"names": list(MOTIONS), "table": np.sum(tables, axis=0).tolist()}} if tables else {}


def _placement(matched: Matched) -> dict[str, Any]:
    """How well found objects are placed: IoU, or metres for cuboids."""
    found = matched.closeness[matched.truth_error == c.FOUND]
    whole = float(np.abs(found).sum())
    return {
        "unit": "metres" if matched.kind == "boxes3d" else "iou",
        "sum": whole,
        "n": len(found),
        "mean": ratio(whole, len(found)),
    }


def _summed(parts: Sequence[Any]) -> dict[str, int]:
    return {name: sum(part[name] for part in parts) for name in parts[0]}


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


def _pooled(logs: Sequence[LogReport], kind: str) -> Matched:
    parts = matched_of(logs, kind)
    return parts[0] if len(parts) == 1 else concat_matched(parts)


def _plain(value: Any) -> Any:
    """Facts of a layer as JSON values; what JSON has no word for becomes text."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
