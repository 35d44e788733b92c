"""The verdict in one sentence, and the six numbers above everything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

OBJECTS = (("boxes2d", "objects"), ("boxes3d", "cuboids"), ("traffic_lights", "traffic lights"))
MIN_TRUTH = 10
"""A slice with fewer true objects does not make the verdict."""


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


def percent(value: float | None, digits: int = 1) -> str:
    """``60.1 %``; a dash when there is nothing to take a share of."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def duration(seconds: float) -> str:
    """``47 min`` of seconds."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def verdict(total: dict[str, Any], pred: str) -> str:
    """What a lead would say in one sentence (two, where there is a worst slice)."""
    parts = []
    for kind, name in OBJECTS:
        task = total["tasks"].get(kind)
        if task:
            counts = task["counts"]
            found = f"finds {percent(counts['recall'], 0)} of {counts['truth']:,} {name}"
            right = f"{percent(counts['precision'], 0)} of its {counts['pred']:,} labels are right"
            parts.append(f"{found}, and {right}" if counts["pred"] else f"{found}, and has no label to judge")
    lanes = total["tasks"].get("lane_lines")
    if lanes:
        main = lanes["at"][0]
        parts.append(
            f"finds {percent(main['recall'], 0)} of {lanes['truth']:,} lane lines "
            f"({main['width_px']:g} px of {main['of_image_width_px']:g} wide, overlap above {main['iou']:g})"
        )
    areas = total["tasks"].get("label_map")
    if areas and areas["mean_iou"] is not None:
        parts.append(f"areas overlap by {percent(areas['mean_iou'], 0)} on average")
    return f"{pred} " + "; ".join(parts) + f". {_worst(total)}"


def _worst(total: dict[str, Any]) -> str:
    """The slice that loses most true objects beyond the average."""
    best, text = 0.0, ""
    for kind, name in OBJECTS:
        task = total["tasks"].get(kind)
        if not task or task["counts"]["recall"] is None:
            continue
        for dimension, slices in task["slices"].items():
            for value, one in slices.items():
                lost = task["counts"]["recall"] * one["truth"] - one["found"]
                if one["truth"] >= MIN_TRUTH and value != "unknown" and lost > best:
                    best = lost
                    text = (
                        f"Weakest: {name} with {dimension.removeprefix('tag: ')} {value}, "
                        f"{one['found']:,} of {one['truth']:,} found."
                    )
    return text


def repair(total: dict[str, Any]) -> tuple[float, float]:
    """Seconds to repair everything, and seconds to draw everything by hand."""
    efforts = [task["effort"] for task in total["tasks"].values() if "effort" in task]
    return sum(e["seconds"] for e in efforts), sum(e["seconds_by_hand"] for e in efforts)


def numbers(total: dict[str, Any], before: dict[str, Any] | None) -> list[Number]:
    """The first six numbers that there are, with their change."""
    now, then = _values(total), {} if before is None else {v[0]: v[1] for v in _values(before)}
    return [_number(*value, then) for value in now][:6]


def _number(name: str, value: float | None, counts: str, unit: str, then: dict[str, Any]) -> Number:
    shown = duration(value) if unit == "s" and value is not None else _share(value, unit)
    old = then.get(name)
    if old is None or value is None:
        return Number(name, shown, counts)
    gain = value - old
    if unit == "s":
        return Number(name, shown, counts, f"{'−' if gain < 0 else '+'}{duration(abs(gain))}", gain <= 0)
    text = f"{gain:+.0f}" if unit == "n" else f"{100 * gain:+.1f} points"
    return Number(name, shown, counts, text.replace("-", "−"), gain <= 0 if unit == "n" else gain >= 0)


def _share(value: float | None, unit: str) -> str:
    return f"{value:,.0f}" if unit == "n" and value is not None else percent(value)


def _values(total: dict[str, Any]) -> list[tuple[str, float | None, str, str]]:
    """Name, value, counts and unit (% of, n, s), the most telling first; the time to repair is the sixth."""
    kinds = [(kind, name) for kind, name in OBJECTS if kind in total["tasks"]]
    tasks = total["tasks"]
    values = [*_objects(tasks, *kinds[0])] if kinds else []
    values += [*_areas_and_lines(tasks)]
    values += [*_identities(tasks, *kinds[0])] if kinds else []
    for kind, name in kinds[1:]:
        values += [*_objects(tasks, kind, name), *_identities(tasks, kind, name)]
    seconds, by_hand = repair(total)
    if by_hand:
        repaired = ("time to repair", seconds, f"by hand from nothing {duration(by_hand)}", "s")
        values = [*values[:5], repaired, *values[5:]]
    return values


def _objects(tasks: dict[str, Any], kind: str, name: str) -> Iterator[tuple[str, float | None, str, str]]:
    counts, ap = tasks[kind]["counts"], tasks[kind]["ap"]
    at = f"{ap['at']:g} m" if kind == "boxes3d" else f"IoU {ap['at']:g}"
    yield f"{name} found", counts["recall"], f"{counts['found']:,} of {counts['truth']:,}, {at}", "%"
    yield f"{name}: labels right", counts["precision"], f"{counts['right']:,} of {counts['pred']:,}", "%"
    yield f"{name}: mean AP", ap["value"], f"{len(ap['over'])} classes, {at}", "%"


def _areas_and_lines(tasks: dict[str, Any]) -> Iterator[tuple[str, float | None, str, str]]:
    if "lane_lines" in tasks:
        lanes = tasks["lane_lines"]
        main, strict = lanes["at"][:2]
        wide = f"{main['width_px']:g} px of {main['of_image_width_px']:g}"
        counts = f"{wide}; F1@.75 {percent(strict['f1'])}; {lanes['truth']:,} lines"
        yield "lane lines F1@.5", main["f1"], counts, "%"
    if "label_map" in tasks:
        areas = tasks["label_map"]
        yield "areas, mean IoU", areas["mean_iou"], f"{len(areas['mean_over'])} classes", "%"
    if "light_states" in tasks:
        states = tasks["light_states"]
        counts = f"{states['right']:,} of {states['housings']:,}"
        yield "light states right", states["accuracy"], counts, "%"


def _identities(tasks: dict[str, Any], kind: str, name: str) -> Iterator[tuple[str, float | None, str, str]]:
    tracks, c = tasks[kind]["tracks"], tasks[kind]["counts"]
    if tracks:
        followed = f"{tracks['mostly_followed']:,} of {tracks['tracks']:,} tracks mostly followed"
        yield f"{name}: identity switches", tracks["switches"], followed, "n"
    also = f"{c['missed']:,} missed, {c['loose']:,} loose, {c['false'] + c['duplicate']:,} false"
    yield f"{name} of the wrong class", c["wrong_class"], also, "n"
