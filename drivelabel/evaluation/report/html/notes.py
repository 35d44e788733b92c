"""What a reader must know before any number: what was not judged, and what was left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from drivelabel.evaluation.report.html.words import NAMES
from drivelabel.evaluation.report.log import LogReport


def warnings(metrics: dict[str, Any], logs: Sequence[LogReport]) -> list[str]:
    """One sentence each."""
    told: dict[str, int] = {}
    for log in logs:
        for kind, why in log.not_judged.items():
            line = f"{NAMES.get(kind, kind)}: {why.rstrip('.')}"
            told[line] = told.get(line, 0) + 1
    parts = [line if len(logs) == 1 else f"{line} ({n} logs)" for line, n in told.items()]
    lines = [f"Not judged. {'. '.join(parts)}."] if parts else []
    for kind, task in metrics["total"]["tasks"].items():
        lines += [f"{NAMES[kind]}: {text}" for text in _of_task(task)]
    return lines


def _of_task(task: dict[str, Any]) -> list[str]:
    lines = []
    judged = task.get("judged") or {}
    empty = judged.get("pred_unlabelled", task.get("pred_unlabelled", 0))
    if empty:
        lines.append(f"at {empty:,} judged frames nothing was predicted; they count as empty.")
    for side in ("truth", "pred"):
        n = judged.get(f"unmapped_{side}")
        if n:
            lines.append(f"{n:,} rows of the {side} have a class that is none of ours; left out.")
    if task.get("counts", {}).get("not_judged"):
        n = task["counts"]["not_judged"]
        lines.append(f"{n:,} labels are of classes that the truth's author does not label; left out.")
    if "ap_missing" in task:
        lines.append(f"no average precision. {task['ap_missing']}")
    unused = task.get("never_predicted")
    if unused and task["mean_over"]:
        share = sum(unused.values()) / max(task["pixels"], 1)
        names = ", ".join(name.replace("_", " ") for name in unused)
        lines.append(
            f"{100 * share:.0f} % of the true pixels are of classes that the prediction never uses; the "
            f"mean IoU is without these: {names}."
        )
    return lines


def baseline_note(metrics: dict[str, Any], baseline: dict[str, Any] | None, name: str) -> str:
    """What the changes are against."""
    if baseline is None:
        return "No baseline was given: --baseline metrics.json shows the change against an earlier run."
    same = [log["name"] for log in metrics["logs"]] == [log["name"] for log in baseline["logs"]]
    settings = _rules_of(baseline) == _rules_of(metrics)
    parts = [f"Change against {name or baseline['pred']} ({baseline['pred']}, {len(baseline['logs'])} logs)."]
    parts += [] if same else ["Careful: those are other logs."]
    parts += [] if settings else ["Careful: it was made with other settings."]
    return " ".join(parts)


def _rules_of(metrics: dict[str, Any]) -> str:
    """The settings that change a number; those of the bootstrap only change its interval."""
    only = ("resamples", "seed", "confidence", "min_logs", "min_units")
    ours = {k: v for k, v in metrics["settings"].items() if k not in only}
    return json.dumps(ours, sort_keys=True)
