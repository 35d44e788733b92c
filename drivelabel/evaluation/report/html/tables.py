"""The page's sections as plain values for the template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drivelabel.evaluation.report.html import charts, paragraphs
from drivelabel.evaluation.report.html.headline import OBJECTS, repair
from drivelabel.evaluation.report.html.words import FILLED, NAMES, SHORT, effort_note, fact
from drivelabel.evaluation.report.log import LogReport
from drivelabel.evaluation.report.settings import Settings

ERRORS = {
    "trans_err": ("place", "m"),
    "scale_err": ("size, 1 − IoU", ""),
    "orient_err": ("heading", "rad"),
    "vel_err": ("velocity", "m/s"),
    "attr_err": ("attribute", "share wrong"),
}


def log_table(metrics: dict[str, Any], links: Sequence[str]) -> dict[str, Any]:
    """A row per log, those that save least first: of each kind what is true, found and right."""
    tasks = metrics["total"]["tasks"]
    kinds = [kind for kind in (*OBJECTS, "lane_lines") if kind in tasks]
    hrefs = [*links, *[""] * len(metrics["logs"])]
    rows = []
    for log, href in zip(metrics["logs"], hrefs, strict=False):
        seconds, by_hand = repair(log)
        rows.append(
            {
                "name": log["name"],
                "href": href,
                "seconds": log["seconds"],
                "counts": [log["tasks"].get(kind, {}).get("counts") for kind in kinds],
                "states": log["tasks"].get("light_states", {}).get("counts", {}).get("recall"),
                "iou": log["tasks"].get("label_map", {}).get("mean_iou"),
                "hota": (log["tasks"].get(kinds[0], {}).get("tracks") or {}).get("hota") if kinds else None,
                "repair": seconds,
                "saved": 1 - seconds / by_hand if by_hand else None,
            }
        )
    rows.sort(key=lambda row: (row["saved"] is None, row["saved"]))
    return {"kinds": [SHORT[kind] for kind in kinds], "rows": rows, "also": set(tasks)}


def rules(numbers: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules of all kinds, broken ones first."""
    every = [
        rule | {"kind": NAMES[kind].lower()}
        for kind, task in numbers["tasks"].items()
        for rule in task.get("rules", ())
    ]
    return sorted(every, key=lambda rule: (rule["broken"] == 0, -rule["broken"]))


def object_section(
    kind: str, numbers: dict[str, Any], settings: dict[str, Any], log: LogReport | None
) -> dict[str, Any]:
    """One kind of object."""
    task = numbers["tasks"][kind]
    tracks = log.objects[kind].tracks if log else []
    return {
        "id": kind,
        "title": NAMES[kind],
        "note": paragraphs.objects(kind, task, settings),
        "ap_note": paragraphs.precision(kind, task),
        "errors": _errors(task) if kind == "boxes3d" else [],
        "intervals": task["intervals"],
        "filled": _filled(task),
        "slices": slices(task),
        "flat": kind != "boxes3d",
        "merged": task["merged"],
        "confusion": _confusion(task["confusion"]),
        "motion": task.get("motion"),
        "curves": charts.curves(task),
        "tracks": task["tracks"],
        "tracks_note": paragraphs.tracks(task["tracks"], len(tracks)),
        "track_svg": charts.track_bars(tracks, log, kind) if log and tracks else "",
        "lengths": _lengths(task["track_lengths"]),
        "effort_note": effort_note(task["effort"]),
    }


def _errors(task: dict[str, Any]) -> list[dict[str, Any]]:
    """nuScenes' errors of true positives, per class and their mean."""
    ap = task["ap"]
    if ap is None or not ap["over"]:
        return []
    rows = [{"name": name, "ap": one["AP"], "e": one["errors"]} for name, one in task["curves"].items()]
    return [*rows, {"name": "mean", "ap": ap["mean_ap"], "e": ap["errors"]}]


def _filled(task: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    filled = task["filled"]
    if not (filled["truth_rows"] or filled["pred_rows"]):
        return []
    return [("all rows", task["counts"]), *((FILLED[key], filled[key]) for key in FILLED if key in filled)]


def slices(task: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Dimension to its rows; dimensions in which all have one value are left out."""
    found = []
    for dimension, values in task["slices"].items():
        if dimension != "class" and len(values) < 2:
            continue
        if dimension == "class" and "curves" not in task:
            continue
        no_precision = dimension == "distance" and task["placement"]["unit"] == "iou"
        rows = [{"name": name, "c": c, "no_precision": no_precision} for name, c in values.items()]
        if dimension == "class":
            for row in rows:
                row["ap"] = task["curves"].get(row["name"], {}).get("AP")
                row["hota"] = ((task["tracks"] or {}).get("by_class", {}).get(row["name"]) or {}).get("hota")
            rows.sort(key=lambda row: -row["c"]["truth"])
        found.append((dimension.removeprefix("tag: ").replace("_", " "), rows))
    return found


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


def _lengths(lengths: dict[str, Any]) -> list[dict[str, Any]]:
    names = dict.fromkeys([*lengths["truth"], *lengths["pred"]])
    return [{"name": n, "truth": lengths["truth"].get(n), "pred": lengths["pred"].get(n)} for n in names]


def lane_section(numbers: dict[str, Any]) -> dict[str, Any] | None:
    """Lane lines, or None."""
    lanes = numbers["tasks"].get("lane_lines")
    if not lanes:
        return None
    texts = {"note": paragraphs.lanes(lanes), "effort_note": effort_note(lanes["effort"])}
    return {**lanes, **texts, "rows": slices(lanes)}


def area_section(numbers: dict[str, Any]) -> dict[str, Any] | None:
    """Areas, or None."""
    areas = numbers["tasks"].get("label_map")
    if not areas:
        return None
    segments = areas["panoptic"]["classes"]
    rows = [(name, one, segments.get(name)) for name, one in areas["classes"].items() if one["pred"]]
    cut = [
        (name.removeprefix("tag: "), values)
        for name, values in areas["slices"].items()
        if len(values) > 1 and areas["mean_over"]
    ]
    return {**areas, "note": paragraphs.areas(areas), "rows": rows, "cut": cut}


def light_section(numbers: dict[str, Any]) -> dict[str, Any] | None:
    """What lights show, or None."""
    lights = numbers["tasks"].get("light_states")
    if not lights:
        return None
    return {**lights, "note": paragraphs.lights(lights), "rows": slices(lights)}


def _facts(name: str, value: Any) -> list[tuple[str, str]]:
    """A tree of facts as rows, each named by its place in the tree."""
    if isinstance(value, dict):
        return [row for key, part in value.items() for row in _facts(f"{name}, {key}", part)]
    return [(name, fact(value))]


def run(metrics: dict[str, Any], logs: Sequence[LogReport]) -> list[tuple[str, str]]:
    """Versions, models, settings, and what was dropped."""
    rows = [("drivelabel", metrics["drivelabel"]), ("format of metrics.json", metrics["schema"])]
    rows += dict.fromkeys(row for log in metrics["logs"] for row in _facts("prediction", log["models"]))
    for log in logs[:1]:
        facts = ", ".join(f"{name.replace('_', ' ')} {fact(value)}" for name, value in log.facts.items())
        rows.append(("the log" if len(logs) == 1 else "first log", f"{log.seconds:.1f} s, {facts}"))
    usual = Settings().to_json()
    for name, value in metrics["settings"].items():
        changed = "" if fact(value) == fact(usual[name]) else f" (changed from {fact(usual[name])})"
        rows.append((f"setting {name}", fact(value) + changed))
    for kind, task in metrics["total"]["tasks"].items():
        if "judged" in task:
            dropped = {
                "truth ignored by rule": task["counts"]["ignored_truth"],
                "labels ignored by rule": task["counts"]["ignored_pred"],
                "labels of classes not judged": task["counts"]["not_judged"],
                "labels below the score": task["judged"]["low_score"],
                "truth of unknown class": task["judged"]["unmapped_truth"],
                "labels of unknown class": task["judged"]["unmapped_pred"],
            }
            rows.append(
                (f"{NAMES[kind]}, left out", ", ".join(f"{n:,} {what}" for what, n in dropped.items()))
            )
    return rows
