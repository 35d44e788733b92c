"""The page's sections as plain values for the template."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.html import headline, svg
from drivelabel.evaluation.report.log import LogReport
from drivelabel.evaluation.report.objects import PROJECTED
from drivelabel.evaluation.report.tracks import Track
from drivelabel.labels import DRIVING

TITLES = {"boxes2d": "Objects in images", "boxes3d": "Cuboids", "traffic_lights": "Traffic lights"}
MAX_TRACKS = 40
MIN_CURVE = 5
FILLED = {
    "without_filled_truth": "without filled truth",
    "without_filled_pred": "without filled labels",
    "without_both": "without either",
}


def signed(value: float | None) -> str:
    """``+1.2`` points of a share."""
    return "–" if value is None else f"{100 * value:+.1f}".replace("-", "−")


def warnings(metrics: dict[str, Any], logs: Sequence[LogReport]) -> list[str]:
    """What a reader must know before any number."""
    told: dict[str, int] = {}
    for log in logs:
        for kind, why in log.not_judged.items():
            line = f"{kind}: {why.rstrip('.')}"
            told[line] = told.get(line, 0) + 1
    parts = [line if len(logs) == 1 else f"{line} ({n} logs)" for line, n in told.items()]
    lines = [f"Not judged. {'. '.join(parts)}."] if parts else []
    for kind, task in metrics["total"]["tasks"].items():
        judged = task.get("judged") or {}
        empty = judged.get("pred_unlabelled", task.get("pred_unlabelled", 0))
        if empty:
            lines.append(f"{kind}: at {empty:,} judged frames nothing was predicted; they count as empty.")
        for side in ("truth", "pred"):
            if judged.get(f"unmapped_{side}"):
                n = judged[f"unmapped_{side}"]
                lines.append(f"{kind}: {n:,} rows of the {side} have a class that is none of ours; left out.")
        if task.get("counts", {}).get("not_judged"):
            n = task["counts"]["not_judged"]
            lines.append(
                f"{kind}: {n:,} labels are of classes that the truth's author does not label; left out."
            )
    return lines


def log_rows(metrics: dict[str, Any], links: Sequence[str]) -> list[dict[str, Any]]:
    """A row per log and kind of object."""
    hrefs = [*links, *[""] * len(metrics["logs"])]
    return [
        {
            "name": log["name"],
            "href": hrefs[i],
            "seconds": log["seconds"],
            "task": kind,
            "c": task["counts"],
            "ap": task["ap"]["value"],
        }
        for i, log in enumerate(metrics["logs"])
        for kind, task in log["tasks"].items()
        if "ap" in task
    ]


def rules(numbers: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules of all kinds, broken ones first."""
    every = [
        rule | {"kind": kind} for kind, task in numbers["tasks"].items() for rule in task.get("rules", ())
    ]
    return sorted(every, key=lambda rule: (rule["broken"] == 0, -rule["broken"]))


def object_section(kind: str, numbers: dict[str, Any], log: LogReport | None) -> dict[str, Any]:
    """One kind of object."""
    task = numbers["tasks"][kind]
    tracks = log.objects[kind].tracks if log else []
    return {
        "id": kind,
        "title": TITLES[kind],
        "note": _note(kind, task),
        "intervals": task["intervals"],
        "filled": _filled(task),
        "slices": _slices(task),
        "flat": kind != "boxes3d",
        "merged": task["merged"],
        "confusion": _confusion(task["confusion"]),
        "curves": _curves(task),
        "tracks": task["tracks"],
        "tracks_note": _tracks_note(task["tracks"], len(tracks)),
        "track_svg": _track_svg(tracks, log, kind) if log and tracks else "",
        "lengths": _lengths(task["track_lengths"]),
        "effort_note": effort_note(task["effort"]),
    }


def _note(kind: str, task: dict[str, Any]) -> str:
    counts, ap = task["counts"], task["ap"]
    at = f"centres within {ap['at']:g} m" if kind == "boxes3d" else f"IoU {ap['at']:g}"
    parts = [
        f"Same object: {at}, one to one, best score first. {task['judged']['groups']:,} frames were judged."
    ]
    if task.get("truth_from") == PROJECTED:
        parts.append(
            "The truth is cuboids, projected into the images; those too low, too far or too hidden do not "
            f"count ({counts['ignored_truth']:,}, with {counts['ignored_pred']:,} labels on them or too low "
            "to judge). "
            "Only other cuboids hide a cuboid here: one behind a wall or a fence still counts as true."
        )
    if ap["value"] is not None:
        parts.append(
            f"Mean AP {headline.percent(ap['value'])} at the first threshold and "
            f"{headline.percent(ap['mean'])} as the mean over {ap['mean_at'][0]:g} to "
            f"{ap['mean_at'][-1]:g}, over {len(ap['over'])} classes: "
            f"{', '.join(ap['over'])}."
        )
    place = task["placement"]
    if place["mean"] is not None:
        unit = "m apart" if place["unit"] == "metres" else "IoU"
        parts.append(f"Found objects: {place['mean']:.2f} {unit} on average ({place['n']:,}).")
    folded = {
        f"{name} ({side}: {', '.join(names)})"
        for side in ("truth", "pred")
        for name, names in task.get("classes", {}).get(side, {}).get("merged", {}).items()
    }
    if folded:
        parts.append(f"Classes folded into one of ours: {'; '.join(sorted(folded))}.")
    return " ".join(parts)


def _filled(task: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    filled = task["filled"]
    if not (filled["truth_rows"] or filled["pred_rows"]):
        return []
    return [("all rows", task["counts"]), *((FILLED[key], filled[key]) for key in FILLED if key in filled)]


def _slices(task: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    found = []
    for dimension, slices in task["slices"].items():
        if dimension.startswith("tag: ") and len(slices) < 2:
            continue  # every frame has the same value: nothing to compare
        rows = [
            {
                "name": name,
                "c": counts,
                "no_precision": dimension == "distance" and "ap" in task and _flat(task),
            }
            for name, counts in slices.items()
        ]
        if dimension == "class":
            for row in rows:
                curve = task["curves"].get(row["name"])
                if curve is not None:
                    row["ap"] = curve["ap"]
            rows.sort(key=lambda row: -row["c"]["truth"])
        found.append((dimension.removeprefix("tag: "), rows))
    return found


def _flat(task: dict[str, Any]) -> bool:
    return bool(task["placement"]["unit"] == "iou")


def _confusion(confusion: dict[str, Any]) -> dict[str, Any]:
    names, table = confusion["classes"], confusion["table"]
    rows = []
    for i, line in enumerate(table):
        whole = max(sum(line), 1)
        cells = [
            {"n": n, "h": n / whole, "css": "" if not n else "diag" if i == j else "hot"}
            for j, n in enumerate(line)
        ]
        rows.append({"name": names[i] if i < len(names) else "no object", "cells": cells})
    return {"classes": names, "rows": rows}


def _curves(task: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "ap": one["ap"], "n": one["n_truth"], "svg": svg.pr_curve(one, name)}
        for name, one in task["curves"].items()
        if one["n_truth"] >= MIN_CURVE and one["ap"]
    ]


def _tracks_note(tracks: dict[str, Any] | None, shown: int) -> str:
    if not tracks:
        return ""
    return (
        f"{tracks['tracks']:,} true tracks: {tracks['mostly_followed']:,} mostly followed (80 % and more), "
        f"{tracks['partly_followed']:,} partly, {tracks['mostly_lost']:,} mostly lost. "
        f"{tracks['switches']:,} identity switches, {tracks['gaps']:,} gaps, "
        f"{tracks['pred_tracks']:,} predicted tracks, {tracks['untracked']:,} labels without one. "
        f"MOTA {headline.percent(tracks['mota'])}, IDF1 {headline.percent(tracks['idf1'])}."
        + (f" The {MAX_TRACKS} with most frames not found:" if shown > MAX_TRACKS else "")
    )


def _track_svg(tracks: list[Track], log: LogReport, kind: str) -> Markup:
    worst = sorted(tracks, key=lambda t: (t.found - len(t.rows) - 3 * t.switches, t.track_id))[:MAX_TRACKS]
    return svg.track_bars([_bar(track, log, kind) for track in worst], log.seconds)


def _bar(track: Track, log: LogReport, kind: str) -> dict[str, Any]:
    at = (log.objects[kind].matched.truth.time_ns[track.rows] - log.start_ns) / 1e9
    found = track.pred_track != -1
    found = log.objects[kind].matched.truth_error[track.rows] == c.FOUND
    edges = np.flatnonzero(np.r_[True, np.diff(found.astype(int)) != 0, True])
    spans = [
        (float(at[a]), float(at[min(b, len(at) - 1)]), bool(found[a]))
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
    ids = np.flatnonzero(track.pred_track != -1)
    changed = ids[1:][np.diff(track.pred_track[ids]) != 0]
    camera = f" {log.channels[track.camera]}" if track.camera >= 0 else ""
    name = f"{DRIVING.names[track.category]} {track.track_id}{camera}"
    return {"name": name, "spans": spans, "switches": at[changed].tolist()}


def _lengths(lengths: dict[str, Any]) -> list[dict[str, Any]]:
    names = dict.fromkeys([*lengths["truth"], *lengths["pred"]])
    return [{"name": n, "truth": lengths["truth"].get(n), "pred": lengths["pred"].get(n)} for n in names]


def effort_note(effort: dict[str, Any]) -> str:
    """Edits and seconds in a sentence."""
    edits = ", ".join(
        f"{name} {number:,} × {effort['seconds_per_edit'][name]:g} s"
        for name, number in effort["edits"].items()
        if number
    )
    saved = "" if effort["saved"] is None else f", {headline.percent(effort['saved'], 0)} saved"
    return (
        f"{headline.duration(effort['seconds'])} if every label is looked at and repaired on its own "
        f"({edits or 'no edits'}); "
        f"drawing everything by hand takes {headline.duration(effort['seconds_by_hand'])}{saved}."
    )


def lane_section(numbers: dict[str, Any]) -> dict[str, Any] | None:
    """Lane lines, or None."""
    lanes = numbers["tasks"].get("lane_lines")
    if not lanes:
        return None
    px = "–" if lanes["distance_px"] is None else f"{lanes['distance_px']:.1f} px"
    note = (
        f"{lanes['frames']:,} frames, {lanes['frames_without_lines']:,} of them without a true line. "
        "Lines are drawn at the width named and compared as areas; a wide line forgives more, so read the "
        "width with the number. "
        f"Lines found lie {px} apart on average. {effort_note(lanes['effort'])}"
    )
    slices = [
        (name.removeprefix("tag: "), list(values.items()))
        for name, values in lanes["slices"].items()
        if len(values) > 1
    ]
    return {**lanes, "note": note, "slices": slices}


def comparison(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """Both predictions, or None."""
    compared = metrics.get("comparison")
    if not compared:
        return None
    first = next(iter(compared.values()))
    kinds = [(TITLES[kind], value) for kind, value in compared.items()]
    return {"unit": first["unit"], "units": first["units"], "kinds": kinds}


def times(numbers: dict[str, Any]) -> list[Markup]:
    """The small multiples of every kind of object."""
    charts = []
    for kind, task in numbers["tasks"].items():
        line = task.get("timeline")
        if not line:
            continue
        step, name = line["step_seconds"], TITLES[kind].lower()
        share = [f / t if t else 0.0 for f, t in zip(line["found"], line["truth"], strict=True)]
        false = [a + b for a, b in zip(line["false"], line["duplicate"], strict=True)]
        series = (
            ("share found", share, "share"),
            ("missed", line["missed"], "missed"),
            ("false labels", false, "false"),
            ("wrong class", line["wrong_class"], "wrong_class"),
            ("loose", line["loose"], "loose"),
            ("true objects", line["truth"], "share"),
        )
        charts += [svg.bars_over_time(f"{name}: {what}", v, step, css) for what, v, css in series if any(v)]
    return charts


def above(log: LogReport) -> Markup | str:
    """The path with what was missed, when anything has a place in the world."""
    kind = "boxes3d" if "boxes3d" in log.objects else "boxes2d"
    if kind not in log.objects:
        return ""
    matched = log.objects[kind].matched
    places = matched.truth.center[:, :2]
    if not np.isfinite(places[matched.counted]).any():
        return ""
    points = [
        (places[matched.truth_error == c.FOUND], "found"),
        (places[matched.truth_error == c.MISSED], "missed"),
    ]
    return svg.from_above(log.path_xy, points)


def run(metrics: dict[str, Any], logs: Sequence[LogReport]) -> list[tuple[str, str]]:
    """Versions, models, settings, and what was dropped."""
    rows = [("drivelabel", metrics["drivelabel"]), ("format of metrics.json", metrics["schema"])]
    models = dict.fromkeys(
        json.dumps(log["models"], ensure_ascii=False, default=str) for log in metrics["logs"]
    )
    rows += [("what made the prediction", text) for text in models if text != "{}"]
    for log in logs[:1]:
        facts = ", ".join(f"{name.replace('_', ' ')} {_fact(value)}" for name, value in log.facts.items())
        rows.append(("the log" if len(logs) == 1 else "first log", f"{log.seconds:.1f} s, {facts}"))
    rows += [(name.replace("_", " "), _fact(value)) for name, value in metrics["settings"].items()]
    for kind, task in metrics["total"]["tasks"].items():
        if "counts" in task:
            dropped = {
                "truth ignored by rule": task["counts"]["ignored_truth"],
                "labels ignored by rule": task["counts"]["ignored_pred"],
                "labels of classes not judged": task["counts"]["not_judged"],
                "labels below the score": task["judged"]["low_score"],
                "truth of unknown class": task["judged"]["unmapped_truth"],
                "labels of unknown class": task["judged"]["unmapped_pred"],
            }
            rows.append((f"{kind}, left out", ", ".join(f"{n:,} {what}" for what, n in dropped.items())))
    return rows


def _fact(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, (tuple, list)):
        return ", ".join(_fact(part) for part in value)
    return f"{value:,.5g}" if isinstance(value, (int, float)) else str(value)


def sections(context: dict[str, Any]) -> list[tuple[str, str]]:
    """The page's sections that have something in them."""
    parts = [("logs", "Logs")] if len(context["logs"]) > 1 else []
    named = (
        ("look", "Look here first", "findings"),
        ("compare", "Compared", "comparison"),
        ("rules", "Rules", "rules"),
        ("time", "Over time", "times"),
    )
    parts += [(id_, name) for id_, name, key in named if context.get(key)]
    parts += [(task["id"], task["title"]) for task in context["tasks"]]
    later = (
        ("lanes", "Lane lines", "lanes"),
        ("areas", "Areas", "areas"),
        ("states", "Light states", "lights"),
        ("above", "From above", "above"),
        ("frames", "Worst frames", "frames"),
    )
    parts += [(id_, name) for id_, name, key in later if context.get(key)]
    return [*parts, ("run", "What was run")]
