"""The other numbers of two predictions side by side, with significance where there are enough logs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from drivelabel.evaluation.report.area_numbers import areas_json
from drivelabel.evaluation.report.bootstrap import unit_of
from drivelabel.evaluation.report.compare import difference
from drivelabel.evaluation.report.effort import effort_json
from drivelabel.evaluation.report.lanes import lanes_json
from drivelabel.evaluation.report.lights import states_json
from drivelabel.evaluation.report.log import LogReport
from drivelabel.evaluation.report.settings import Settings
from drivelabel.evaluation.report.tracks import tracks_json

Numbers = dict[str, float | None]


def scores_of(logs: Sequence[LogReport], settings: Settings) -> Numbers:
    """Numbers that are made of sums over logs: tracks, lines, areas, lights, seconds of repair."""
    found: Numbers = {}
    for kind in dict.fromkeys(kind for log in logs for kind in log.objects):
        reports = [log.objects[kind] for log in logs if kind in log.objects]
        tracks = tracks_json([report.scores for report in reports if report.scores is not None])
        if tracks is not None:
            found |= {f"{kind}: {name.upper()}": tracks[name] for name in ("hota", "mota", "idf1")}
        found[f"{kind}: seconds of repair"] = effort_json([report.effort for report in reports], kind)[
            "seconds"
        ]
    lanes = [log.lanes for log in logs if log.lanes is not None]
    if lanes:
        for one in lanes_json(lanes, settings)["culane"]:
            wide = f"{one['width_px']:g} px of {one['of_image_width_px']:g}"
            found[f"lane_lines: F1@{one['iou']:g}, {wide}"] = one["f1"]
    areas = [log.areas for log in logs if log.areas is not None]
    if areas:
        found["label_map: mean IoU"] = areas_json(areas)["mean_iou"]
    lights = [log.lights for log in logs if log.lights is not None]
    if lights:
        found["light_states: macro F1"] = states_json(lights)["macro_f1"]
    return found


def compare_scores(
    logs: Sequence[LogReport], others: Sequence[LogReport], settings: Settings
) -> dict[str, Any]:
    """Each number of both predictions; bounds and p from resampling logs, None with too few of them."""
    a, b = scores_of(logs, settings), scores_of(others, settings)
    names = [name for name in a if name in b]
    drawn = np.zeros((0, len(names)))
    if unit_of(len(logs), settings) == "logs" and settings.resamples:
        drawn = _drawn(logs, others, names, lambda picked: scores_of(picked, settings), settings)
    return {
        name: difference(_number(a[name]), _number(b[name]), drawn[:, i], settings)
        for i, name in enumerate(names)
    }


def _drawn(
    logs: Sequence[LogReport],
    others: Sequence[LogReport],
    names: Sequence[str],
    score: Callable[[Sequence[LogReport]], Numbers],
    settings: Settings,
) -> Any:
    """(b, k) differences over logs drawn with replacement, the same ones for both."""
    generator = np.random.default_rng(settings.seed)
    rows = []
    for _ in range(settings.resamples):
        picked = generator.integers(0, len(logs), len(logs)).tolist()
        x, y = score([logs[i] for i in picked]), score([others[i] for i in picked])
        rows.append([_number(x.get(name)) - _number(y.get(name)) for name in names])
    return np.array(rows)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
