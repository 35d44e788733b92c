"""Writes metrics.json and report.html."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drivelabel.errors import FormatError, StoreError
from drivelabel.evaluation.report.html.page import Command, Draw, render
from drivelabel.evaluation.report.log import LogReport
from drivelabel.evaluation.report.metrics import SCHEMA, metrics_json, of_one_log
from drivelabel.evaluation.report.settings import Settings


def write_report(
    out: Path,
    logs: Sequence[LogReport],
    *,
    settings: Settings | None = None,
    others: Sequence[LogReport] = (),
    draws: Sequence[Draw | None] = (),
    commands: Sequence[Command | None] = (),
    baseline: dict[str, Any] | None = None,
    baseline_name: str = "",
) -> dict[str, Any]:
    """Write ``metrics.json`` and ``report.html``; with several logs also ``logs/NAME.html`` for each.

    Args:
        out: the folder; it is made.
        logs: what :func:`evaluate_scene` said of each log, with the same settings.
        settings: those.
        others: the same of another prediction, to compare with.
        draws: a frame's image, per log; see :data:`Draw`.
        commands: how to open a frame, per log.
        baseline: what :func:`read_baseline` gave.
        baseline_name: what to call it.

    Returns:
        What was written to ``metrics.json``.

    Raises:
        StoreError: the folder cannot be written.
    """
    settings = settings or Settings()
    metrics = metrics_json(logs, settings, others)
    told: dict[str, Any] = {"baseline": baseline, "baseline_name": baseline_name}
    names = page_names([log.name for log in logs])
    pages: dict[str, str] = {}
    for i, log in enumerate(logs):
        own = metrics if len(logs) == 1 else of_one_log(metrics, i, logs, settings, others)
        draw = draws[i] if i < len(draws) else None
        command = commands[i] if i < len(commands) else None
        page = render(own, [log], draw=draw, command=command, **(told if len(logs) == 1 else {}))
        pages["report.html" if len(logs) == 1 else names[i]] = page.html
    if len(logs) > 1:
        pages["report.html"] = render(metrics, logs, links=names, **told).html
    try:
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(metrics, ensure_ascii=False, indent=1, allow_nan=False)
        (out / "metrics.json").write_text(text + "\n", "utf-8")
        for name, html in pages.items():
            (out / name).parent.mkdir(exist_ok=True)
            (out / name).write_text(html, "utf-8", errors="replace")
    except OSError as error:
        raise StoreError(f"{out}: the report cannot be written: {error.strerror or error}.") from error
    return metrics


def page_names(names: Sequence[str]) -> list[str]:
    """A file per log, from letters that every system takes; no two alike."""
    found: list[str] = []
    for i, name in enumerate(names):
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:80] or "log"
        path = f"logs/{plain}.html"
        found.append(path if path not in found else f"logs/{plain}_{i}.html")
    return found


def read_baseline(path: Path) -> dict[str, Any]:
    """An earlier ``metrics.json``.

    Raises:
        StoreError: it cannot be read.
        FormatError: it is something else.
    """
    try:
        metrics = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise StoreError(f"{path}: the baseline cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise FormatError(f"{path}: expected a metrics.json, got text that is no JSON ({error}).") from error
    if not isinstance(metrics, dict) or metrics.get("schema") != SCHEMA:
        found = metrics.get("schema") if isinstance(metrics, dict) else type(metrics).__name__
        raise FormatError(f"{path}: expected a metrics.json of schema {SCHEMA}, got {found!r}.")
    return metrics
