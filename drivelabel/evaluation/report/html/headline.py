"""The verdict in one sentence, and the six numbers above everything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drivelabel.evaluation.report.html.words import SHORT, duration, number, percent, signed

OBJECTS = ("boxes2d", "boxes3d", "traffic_lights")
MIN_TRUTH = 10
"""A slice with fewer true objects does not make the verdict."""
SIGNIFICANT = 0.05
GOOD, POOR = 0.5, 0.1
"""Shares of the time saved by repairing instead of drawing that decide how the verdict begins."""

Value = tuple[str, float | None, str, str]
"""Name, value, counts and unit: ``%`` of a share, ``1`` of a number up to 1, ``n``, ``s``."""


@dataclass(frozen=True, slots=True)
class Number:
    """One number of the headline.

    Attributes:
        name, value, counts: as shown.
        change: against the baseline, with its sign; "" without one.
        better: whether the change is good; None when there is none.
    """

    name: str
    value: str
    counts: str
    change: str = ""
    better: bool | None = None


def verdict(total: dict[str, Any], pred: str) -> str:
    """What a lead would say in one sentence: is it worth repairing, and how much was found."""
    found = []
    for kind in [*OBJECTS, "lane_lines"]:
        counts = total["tasks"].get(kind, {}).get("counts")
        if counts and counts["recall"] is not None:
            found.append(f"{percent(counts['recall'], 0)} of {counts['truth']:,} {SHORT[kind]}")
    areas = total["tasks"].get("label_map")
    said = f"{pred} finds {_and(found)}" if found else ""
    if areas and areas["mean_iou"] is not None:
        over = f"areas overlap by {percent(areas['mean_iou'], 0)} ({_list(areas['mean_over'])})"
        said = f"{said}; {over}" if said else f"{pred}: {over}"
    return f"{_judgement(total)}{said or f'{pred} has nothing that could be found'}."


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _judgement(total: dict[str, Any]) -> str:
    """Whether the labels are worth repairing; "" where that is not known."""
    seconds, by_hand = repair(total)
    if not by_hand:
        return ""
    saved = 1 - seconds / by_hand
    times = f"{duration(seconds)} of repair against {duration(by_hand)} by hand"
    if saved >= GOOD:
        return f"Worth repairing, {times}: "
    if saved >= POOR:
        return f"Worth repairing, but only just, {times}: "
    return f"Not worth repairing, {times}: "


def reasons(total: dict[str, Any]) -> str:
    """What stands behind the verdict: how many labels are right, and where it is weakest."""
    right = []
    for kind in [*OBJECTS, "lane_lines"]:
        counts = total["tasks"].get(kind, {}).get("counts")
        if counts and counts["pred"]:
            right.append(f"{percent(counts['precision'], 0)} of {counts['pred']:,} {SHORT[kind]}")
        elif counts:
            right.append(f"no label for {SHORT[kind]}")
    text = f"Labels that are right: {', '.join(right)}." if right else ""
    return f"{text}{_worst(total)}".strip()


def _list(names: list[str]) -> str:
    shown = [name.replace("_", " ") for name in names]
    return ", ".join(shown) if len(shown) <= 3 else f"{len(shown)} classes"


def beside(metrics: dict[str, Any]) -> str:
    """How the prediction compares with the other one, by F1; "" where there is no other."""
    tasks = metrics.get("comparison", {}).get("tasks", {})
    better, same, unknown = [], [], []
    for kind, task in tasks.items():
        f1 = task["numbers"]["f1"]
        if f1["p"] is None or f1["difference"] is None:
            unknown.append(SHORT[kind])
        elif f1["p"] < SIGNIFICANT:
            better.append(f"{SHORT[kind]} {signed(f1['difference'])} points (p {f1['p']:.3f})")
        else:
            same.append(SHORT[kind])
    parts = [f"F1 of {', '.join(better)}"] if better else []
    parts += [f"no difference worth a decision in {', '.join(same)}"] if same else []
    parts += [f"too little to tell in {', '.join(unknown)}"] if unknown else []
    return f"Against {metrics['compare']}: {'; '.join(parts)}." if parts else ""


def _worst(total: dict[str, Any]) -> str:
    """The slice that loses most true objects beyond the average."""
    best, text = 0.0, ""
    for kind in OBJECTS:
        task = total["tasks"].get(kind)
        if not task or task["counts"]["recall"] is None:
            continue
        for dimension, slices in task["slices"].items():
            for value, one in slices.items():
                lost = task["counts"]["recall"] * one["truth"] - one["found"]
                if one["truth"] >= MIN_TRUTH and value != "unknown" and lost > best:
                    best = lost
                    where = _where(SHORT[kind], dimension.removeprefix("tag: "), str(value))
                    text = f" Weakest: {where}, {one['found']:,} of {one['truth']:,} found."
    return text


def _where(things: str, dimension: str, value: str) -> str:
    if dimension == "class":
        return f"{things} of class {value.replace('_', ' ')}"
    if dimension == "size":
        return f"{things} {value} in size"
    if dimension == "distance":
        return f"{things} {value} away"
    return f"{things}, {dimension.replace('_', ' ')} {value}"


def repair(total: dict[str, Any]) -> tuple[float, float]:
    """Seconds to repair everything, and seconds to draw everything by hand."""
    efforts = [task["effort"] for task in total["tasks"].values() if "effort" in task]
    return sum(e["seconds"] for e in efforts), sum(e["seconds_by_hand"] for e in efforts)


def numbers(total: dict[str, Any], before: dict[str, Any] | None) -> list[Number]:
    """The first six numbers that there are, with their change; one that has no value is left out."""
    then = {} if before is None else {value[0]: value[1] for value in _values(before)}
    return [_number(*value, then) for value in _values(total) if value[1] is not None][:6]


def _number(name: str, value: float | None, counts: str, unit: str, then: dict[str, Any]) -> Number:
    shown = _shown(value, unit)
    old = then.get(name)
    if old is None or value is None:
        return Number(name, shown, counts)
    gain = value - old
    if unit == "s":
        return Number(name, shown, counts, f"{'−' if gain < 0 else '+'}{duration(abs(gain))}", gain <= 0)
    if unit == "n":
        return Number(name, shown, counts, f"{gain:+,.0f}".replace("-", "−"), gain <= 0)
    text = f"{gain:+.3f}" if unit == "1" else f"{100 * gain:+.1f} points"
    return Number(name, shown, counts, text.replace("-", "−"), gain >= 0)


def _shown(value: float | None, unit: str) -> str:
    if value is not None and unit in "sn":
        return duration(value) if unit == "s" else f"{value:,.0f}"
    return number(value, 3) if unit == "1" else percent(value)


def _values(total: dict[str, Any]) -> list[Value]:
    """The most telling first; the time to repair is the sixth."""
    tasks = total["tasks"]
    kinds = [kind for kind in OBJECTS if kind in tasks]
    values = [*_objects(tasks, kinds[0])] if kinds else []
    values += [*_lines_and_areas(tasks)]
    for kind in kinds:
        values += [*_tracks_and_precision(tasks, kind)]
    for kind in kinds[1:]:
        values += [*_objects(tasks, kind)]
    seconds, by_hand = repair(total)
    if by_hand:
        edits = sum(task["effort"]["n_edits"] for task in tasks.values() if "effort" in task)
        values.append(("edits to repair", float(edits), "draw, delete, move, relabel, re-identify", "n"))
        repaired = ("time to repair", seconds, f"by hand from nothing {duration(by_hand)}", "s")
        values = [*values[:5], repaired, *values[5:]]
    return values


def _objects(tasks: dict[str, Any], kind: str) -> Iterator[Value]:
    counts, name = tasks[kind]["counts"], SHORT[kind]
    yield f"{name} found", counts["recall"], f"{counts['found']:,} of {counts['truth']:,}", "%"
    yield f"{name}: labels right", counts["precision"], f"{counts['right']:,} of {counts['pred']:,}", "%"


def _lines_and_areas(tasks: dict[str, Any]) -> Iterator[Value]:
    if "lane_lines" in tasks:
        lanes = tasks["lane_lines"]
        main, strict = lanes["culane"][:2]
        wide = f"{main['width_px']:g} px of {main['of_image_width_px']:g} wide"
        yield "lane lines F1@.5", main["f1"], f"{wide}; F1@.75 {percent(strict['f1'])}", "%"
    if "label_map" in tasks:
        areas = tasks["label_map"]
        yield "areas, mean IoU", areas["mean_iou"], f"{_list(areas['mean_over'])}; no background", "%"
    if "light_states" in tasks:
        c = tasks["light_states"]["counts"]
        yield "light states right", c["recall"], f"{c['found']:,} of {c['truth']:,} lights found", "%"


def _tracks_and_precision(tasks: dict[str, Any], kind: str) -> Iterator[Value]:
    task, name = tasks[kind], SHORT[kind]
    tracks, ap = task["tracks"], task["ap"]
    if tracks:
        ids = f"IDF1 {number(tracks['idf1'])}, {tracks['idsw']:,} switches"
        yield f"{name}: HOTA", tracks["hota"], f"{tracks['tracks']:,} tracks; {ids}", "1"
    if ap and kind == "boxes3d":
        yield f"{name}: mean AP", ap["mean_ap"], f"nuScenes, {len(ap['over'])} classes", "%"
    elif ap:
        yield (
            f"{name}: AP",
            ap["AP"],
            f"COCO .50:.95, {len(ap['over'])} classes; AP50 {percent(ap['AP50'])}",
            "%",
        )
