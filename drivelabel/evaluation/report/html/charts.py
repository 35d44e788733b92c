"""The page's charts: errors over time, tracks as bars, curves, the path from above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.followed import Track
from drivelabel.evaluation.report.html import svg
from drivelabel.evaluation.report.html.words import NAMES
from drivelabel.evaluation.report.log import LogReport
from drivelabel.labels import DRIVING

MAX_TRACKS = 40
MIN_CURVE = 5


def times(numbers: dict[str, Any]) -> list[tuple[str, list[Markup]]]:
    """The small multiples of every kind of label, kind by kind."""
    charts = []
    for kind, task in numbers["tasks"].items():
        line = task.get("timeline")
        if line:
            drawn = _areas(line) if kind == "label_map" else _counts(kind, line)
            charts.append((NAMES[kind], drawn))
    return [(name, drawn) for name, drawn in charts if drawn]


def _areas(line: dict[str, Any]) -> list[Markup]:
    values = [0.0 if value is None else value for value in line["mean_iou"]]
    return [svg.bars_over_time("mean IoU", values, line["step_seconds"], "share")] if any(values) else []


def _counts(kind: str, line: dict[str, Any]) -> list[Markup]:
    share = [f / t if t else 0.0 for f, t in zip(line["found"], line["truth"], strict=True)]
    false = [a + b for a, b in zip(line["false"], line["duplicate"], strict=True)]
    states = kind == "light_states"
    series = (
        ("share right" if states else "share found", share, "share"),
        ("missed", line["missed"], "missed"),
        ("false labels", false, "false"),
        ("wrong state" if states else "wrong class", line["wrong_class"], "wrong_class"),
        ("fits badly", line["loose"], "loose"),
        ("true ones", line["truth"], "plain"),
    )
    return [svg.bars_over_time(what, v, line["step_seconds"], css) for what, v, css in series if any(v)]


def curves(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Precision over recall of the classes with enough truth."""
    return [
        {"name": name.replace("_", " "), "ap": one["AP"], "n": one["n_truth"], "svg": svg.pr_curve(one, name)}
        for name, one in task["curves"].items()
        if one["n_truth"] >= MIN_CURVE and one["AP"]
    ]


def track_bars(tracks: Sequence[Track], log: LogReport, kind: str) -> Markup:
    """Those that lose most frames and names first."""
    worst = sorted(tracks, key=lambda t: (t.found - len(t.rows) - 3 * len(t.switched), t.track_id))
    return svg.track_bars([_bar(track, log, kind) for track in worst[:MAX_TRACKS]], log.seconds)


def _bar(track: Track, log: LogReport, kind: str) -> dict[str, Any]:
    matched = log.objects[kind].matched
    at = (matched.truth.time_ns[track.rows] - log.start_ns) / 1e9
    found = matched.truth_error[track.rows] == c.FOUND
    edges = np.flatnonzero(np.r_[True, np.diff(found.astype(int)) != 0, True])
    spans = [
        (float(at[a]), float(at[min(b, len(at) - 1)]), bool(found[a]))
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
    camera = f" {log.channels[track.camera]}" if track.camera >= 0 else ""
    name = f"{DRIVING.names[track.category].replace('_', ' ')} {track.track_id}{camera}"
    return {"name": name, "spans": spans, "switches": at[track.switched].tolist()}


def above(log: LogReport) -> Markup | str:
    """The path with what was missed, when anything has a place in the world."""
    kind = "boxes3d" if "boxes3d" in log.objects else "boxes2d"
    if kind not in log.objects:
        return ""
    matched = log.objects[kind].matched
    places = matched.truth.center[:, :2]
    if not np.isfinite(places[matched.counted]).any():
        return ""
    errors = (
        (c.FOUND, "found"),
        (c.LOOSE, "loose"),
        (c.WRONG_CLASS, "wrong_class"),
        (c.MISSED, "missed"),
    )
    points = [(places[matched.truth_error == code], css) for code, css in errors]
    return svg.from_above(log.path_xy, _path_errors(log), points)


def _path_errors(log: LogReport) -> Any:
    """(k,) share of what counts that was not found, at the time of each pose; NaN where nothing counts."""
    shares = np.full(len(log.path_ns), np.nan)
    kind = "boxes3d" if "boxes3d" in log.objects else "boxes2d"
    matched = log.objects[kind].matched
    rows = np.flatnonzero(matched.counted)
    if not len(shares) or not len(rows):
        return shares
    slot = np.clip(np.searchsorted(log.path_ns, matched.truth.time_ns[rows]), 0, len(shares) - 1)
    n = np.bincount(slot, minlength=len(shares))
    bad = np.bincount(slot[matched.truth_error[rows] != c.FOUND], minlength=len(shares))
    shares[n > 0] = bad[n > 0] / n[n > 0]
    known = np.flatnonzero(n > 0)
    nearest = known[np.abs(known[None] - np.arange(len(shares))[:, None]).argmin(axis=1)]
    filled: Any = shares[nearest]
    return filled
