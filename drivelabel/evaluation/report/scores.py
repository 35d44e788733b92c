"""The other numbers of two predictions side by side, with significance where there are enough logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivelabel.evaluation.report.area_numbers import mean_over_used
from drivelabel.evaluation.report.bootstrap import unit_of
from drivelabel.evaluation.report.compare import difference
from drivelabel.evaluation.report.lane_numbers import lanes_json
from drivelabel.evaluation.report.log import LogReport
from drivelabel.evaluation.report.settings import Settings
from drivelabel.evaluation.report.tracks import total_scores
from drivelabel.evaluation.tracks import Clear, Hota, Identity
from drivelabel.typing import FloatArray, IntArray

Numbers = dict[str, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class LogSums:
    """What the numbers of one log are made of, so that logs can be drawn a thousand times.

    Attributes:
        log: the report.
        tracks: kind to its scores of tracks.
        pixels: (n + 1, n + 1) of areas, or None.
    """

    log: LogReport
    tracks: Mapping[str, tuple[Hota, Clear, Identity]]
    pixels: IntArray | None

    @classmethod
    def of(cls, log: LogReport) -> LogSums:
        """Of one log."""
        totals = {
            kind: report.scores.total() for kind, report in log.objects.items() if report.scores is not None
        }
        pixels = None if log.areas is None else log.areas.pixels.sum(axis=0)
        return cls(log, {kind: total for kind, total in totals.items() if total is not None}, pixels)


def scores_of(sums: Sequence[LogSums], settings: Settings) -> Numbers:
    """Numbers that are made of sums over logs: tracks, lines, areas, lights, seconds of repair."""
    found: Numbers = {}
    logs = [one.log for one in sums]
    for kind in dict.fromkeys(kind for log in logs for kind in log.objects):
        totals = [one.tracks[kind] for one in sums if kind in one.tracks]
        if totals:
            found |= {f"{kind}: {name}": value for name, value in total_scores(totals).items()}
        efforts = [log.objects[kind].effort for log in logs if kind in log.objects]
        found[f"{kind}: seconds of repair"] = sum(effort.seconds for effort in efforts)
    lanes = [log.lanes for log in logs if log.lanes is not None]
    if lanes:
        for one in lanes_json(lanes, settings)["culane"]:
            wide = f"{one['width_px']:g} px of {one['of_image_width_px']:g}"
            found[f"lane_lines: F1@{one['iou']:g}, {wide}"] = one["f1"]
        found["lane_lines: seconds of repair"] = sum(lane.effort.seconds for lane in lanes)
    pixels = [one.pixels for one in sums if one.pixels is not None]
    if pixels:
        found["label_map: mean IoU"] = mean_over_used(np.sum(pixels, axis=0))
    lights = [log.lights for log in logs if log.lights is not None]
    if lights:
        scores = lights[0].scores
        for light in lights[1:]:
            scores += light.scores
        found["light_states: macro F1"] = None if np.isnan(scores.macro_f1) else scores.macro_f1
    return found


def compare_scores(
    logs: Sequence[LogReport], others: Sequence[LogReport], settings: Settings
) -> dict[str, Any]:
    """Each number of both predictions; bounds and p from resampling logs, None with too few of them."""
    ours, theirs = [LogSums.of(log) for log in logs], [LogSums.of(log) for log in others]
    a, b = scores_of(ours, settings), scores_of(theirs, settings)
    names = [name for name in a if name in b]
    drawn = np.zeros((0, len(names)))
    if unit_of(len(logs), settings) == "logs" and settings.resamples:
        drawn = _drawn(ours, theirs, names, settings)
    return {
        name: difference(_number(a[name]), _number(b[name]), drawn[:, i], settings)
        for i, name in enumerate(names)
    }


def _drawn(
    ours: Sequence[LogSums], theirs: Sequence[LogSums], names: Sequence[str], settings: Settings
) -> FloatArray:
    """(b, k) differences over logs drawn with replacement, the same ones for both."""
    generator = np.random.default_rng(settings.seed)
    rows = []
    for _ in range(settings.resamples):
        picked = generator.integers(0, len(ours), len(ours)).tolist()
        x, y = (scores_of([side[i] for i in picked], settings) for side in (ours, theirs))
        rows.append([_number(x.get(name)) - _number(y.get(name)) for name in names])
    return np.array(rows)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
