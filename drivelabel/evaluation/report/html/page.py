"""From numbers and matches to one page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import jinja2
import numpy as np
from markupsafe import Markup

from drivelabel.evaluation.report.findings import MAX_FINDINGS, Finding
from drivelabel.evaluation.report.html import charts, headline, notes, pictures, tables, words
from drivelabel.evaluation.report.html.frames import frame_shapes, worst_frames
from drivelabel.evaluation.report.log import LogReport
from drivelabel.labels import NO_TRACK
from drivelabel.typing import FloatArray, UInt8Array

Draw: TypeAlias = Callable[[int], UInt8Array]
"""Frame -> its image, (h, w, 3) uint8 RGB; the page lays truth and prediction over it."""

Command: TypeAlias = Callable[[int, int], str]
"""Frame and track (or NO_TRACK) -> what to type to see it; "" for nothing."""

WORST_FRAMES = 4
FIRST_FINDINGS = 16
"""Shown at once; the others unfold."""


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page.

    Attributes:
        html: the whole file.
        pictures_left_out: for which there was no room.
    """

    html: str
    pictures_left_out: int


def render(
    metrics: dict[str, Any],
    logs: Sequence[LogReport],
    *,
    draw: Draw | None = None,
    command: Command | None = None,
    baseline: dict[str, Any] | None = None,
    baseline_name: str = "",
    links: Sequence[str] = (),
) -> Page:
    """One self-contained page.

    Args:
        metrics: of :func:`metrics_json`.
        logs: the reports it was made from. With one, the page shows its findings, times, map and frames;
            with several the totals, and a row per log.
        draw: gives a frame's image; no pictures when None.
        command: how to open a frame.
        baseline: the ``metrics.json`` of an earlier evaluation to tell the change against.
        baseline_name: what to call it.
        links: a page per log to link to.
    """
    one = logs[0] if len(logs) == 1 else None
    album = pictures.Album()
    numbers = metrics["logs"][0] if one else metrics["total"]
    context: dict[str, Any] = {
        "m": metrics,
        "title": one.name if one else f"{len(logs)} logs",
        "verdict": words.unbroken(headline.verdict(numbers, metrics["pred"])),
        "reasons": words.unbroken(f"{headline.reasons(numbers)} {headline.beside(metrics)}".strip()),
        "six": headline.numbers(numbers, None if baseline is None else baseline["total"]),
        "baseline_note": notes.baseline_note(metrics, baseline, baseline_name),
        "warnings": notes.warnings(metrics, logs),
        "logs": logs,
        "log_table": tables.log_table(metrics, links),
        "rules": tables.rules(numbers),
        "tasks": [
            tables.object_section(kind, numbers, metrics["settings"], one)
            for kind in headline.OBJECTS
            if kind in numbers["tasks"]
        ],
        "lanes": tables.lane_section(numbers),
        "areas": tables.area_section(numbers),
        "lights": tables.light_section(numbers),
        "comparison": metrics.get("comparison"),
        "run": tables.run(metrics, logs),
        "confidence": 100 * metrics["settings"]["confidence"],
        "errors": tables.ERRORS,
        "w": words,
    }
    context |= _single(one, numbers, draw, command, album) if one else {"n_findings": 0}
    context["sections"] = _sections(context)
    if album.left_out:
        context["warnings"].append(f"{album.left_out} pictures were left out to keep the page small.")
    return Page(_template().render(context), album.left_out)


def _single(
    log: LogReport, numbers: dict[str, Any], draw: Draw | None, command: Command | None, album: pictures.Album
) -> dict[str, Any]:
    """What only the page of one log has."""
    steps = [t["timeline"]["step_seconds"] for t in numbers["tasks"].values() if "timeline" in t]
    return {
        "findings": [_finding(log, f, draw, command, album) for f in log.findings[:MAX_FINDINGS]],
        "n_findings": len(log.findings),
        "first_findings": FIRST_FINDINGS,
        "frames": _frames(log, draw, command, album),
        "times": charts.times(numbers),
        "step": f"{steps[0]:g}" if steps else "",
        "above": charts.above(log),
    }


def _finding(
    log: LogReport, finding: Finding, draw: Draw | None, command: Command | None, album: pictures.Album
) -> dict[str, Any]:
    in_image = finding.camera >= 0
    picture = Markup("")
    if finding.shapes and in_image and draw:
        picture = pictures.thumb(draw(finding.group), finding.shapes, album, finding.what)
    elif finding.shapes and not in_image:
        picture = pictures.ground(finding.shapes, _ego_at(log, finding.at_ns), finding.what)
    first, last = ((t - log.start_ns) / 1e9 for t in (finding.first_ns, finding.last_ns))
    when = f"{first:.1f} s" if finding.n == 1 else f"{first:.1f}–{last:.1f} s, {finding.n} frames"
    where = [log.channels[finding.camera]] if in_image else []
    where += [f"{finding.distance:.0f} m away"] if finding.distance == finding.distance else []
    where += [f"track {finding.track_id}"] if finding.track_id != NO_TRACK else []
    return {
        "picture": picture,
        "error": finding.error,
        "what": finding.what,
        "when": ", ".join([when, *where]),
        "command": command(finding.group, finding.track_id) if command and in_image else "",
    }


def _ego_at(log: LogReport, time_ns: int) -> FloatArray | None:
    if not len(log.path_ns):
        return None
    place: FloatArray = log.path_xy[min(int(np.searchsorted(log.path_ns, time_ns)), len(log.path_ns) - 1)]
    return place


def _frames(
    log: LogReport, draw: Draw | None, command: Command | None, album: pictures.Album
) -> list[dict[str, Any]]:
    if draw is None:
        return []
    found = []
    for one in worst_frames(log, WORST_FRAMES):
        seconds = (one["time_ns"] - log.start_ns) / 1e9
        caption = (
            f"{log.channels[one['camera']]}, {seconds:.1f} s, frame {one['frame']}: {one['errors']} errors"
        )
        shapes = frame_shapes(log, one["frame"])
        picture = pictures.whole_frame(draw(one["frame"]), shapes, album, caption)
        told = command(one["frame"], NO_TRACK) if command else ""
        found.append({"caption": caption, "picture": picture, "command": told})
    return [one for one in found if one["picture"]]


def _sections(context: dict[str, Any]) -> list[tuple[str, str]]:
    """The page's sections that have something in them."""
    parts = [("logs", "Logs")] if len(context["logs"]) > 1 else []
    first = (
        ("look", "Look here first", "n_findings"),
        ("compare", "Compared", "comparison"),
        ("rules", "Rules", "rules"),
        ("time", "Over time", "times"),
    )
    parts += [(id_, name) for id_, name, key in first if context.get(key)]
    parts += [(task["id"], task["title"]) for task in context["tasks"]]
    later = (
        ("states", words.NAMES["light_states"], "lights"),
        ("lanes", words.NAMES["lane_lines"], "lanes"),
        ("areas", words.NAMES["label_map"], "areas"),
        ("above", "From above", "above"),
        ("frames", "Worst frames", "frames"),
    )
    parts += [(id_, name) for id_, name, key in later if context.get(key)]
    return [*parts, ("run", "What was run")]


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    folder = Path(__file__).parent
    script = (folder / "report.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(folder),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Our own files, not anybody's labels: they are markup as they stand.
    environment.globals |= {
        "script": Markup(script),
        "css": Markup((folder / "report.css").read_text("utf-8")),
        "script_hash": f"sha256-{digest}",
    }
    return environment.get_template("report.html.j2")
