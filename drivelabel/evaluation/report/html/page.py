"""From numbers and matches to one page."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import jinja2
from markupsafe import Markup

from drivelabel.evaluation.report.findings import MAX_FINDINGS, Finding
from drivelabel.evaluation.report.html import headline, tasks
from drivelabel.evaluation.report.html.pictures import Album, thumb, whole_frame, worst_frames
from drivelabel.evaluation.report.log import LogReport
from drivelabel.labels import NO_TRACK
from drivelabel.typing import UInt8Array

Draw: TypeAlias = Callable[[int], UInt8Array]
"""Frame -> its image, (h, w, 3) uint8 RGB; the page lays truth and prediction over it."""

Command: TypeAlias = Callable[[int, int], str]
"""Frame and track (or NO_TRACK) -> what to type to see it; "" for nothing."""

WORST_FRAMES = 4
KEY = Markup(
    '<p class="key soft"><span><i class="found"></i>truth, found</span>'
    '<span><i class="missed"></i>truth, missed</span><span><i class="dash"></i>label, right</span>'
    '<span><i class="dash false"></i>label, false</span>'
    '<span><i class="wrong_class"></i>wrong class</span><span><i class="loose"></i>loose</span></p>'
)
WORDS = {
    "recall": "objects found",
    "precision": "labels right",
    "f1": "F1 of both",
    "ap": "mean AP of the classes",
}


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
    album = Album()
    numbers = metrics["logs"][0] if one else metrics["total"]
    context: dict[str, Any] = {
        "m": metrics,
        "title": one.name if one else f"{len(logs)} logs",
        "verdict": headline.verdict(numbers, metrics["pred"]),
        "six": headline.numbers(numbers, None if baseline is None else baseline["total"]),
        "baseline_note": _baseline_note(metrics, baseline, baseline_name),
        "warnings": tasks.warnings(metrics, logs),
        "logs": logs,
        "log_rows": tasks.log_rows(metrics, links),
        "rules": tasks.rules(numbers),
        "tasks": [
            tasks.object_section(kind, numbers, one) for kind in tasks.TITLES if kind in numbers["tasks"]
        ],
        "lanes": tasks.lane_section(numbers),
        "areas": numbers["tasks"].get("label_map"),
        "lights": numbers["tasks"].get("light_states"),
        "comparison": tasks.comparison(metrics),
        "run": tasks.run(metrics, logs),
        "confidence": 100 * metrics["settings"]["confidence"],
        "key": KEY,
        "words": WORDS,
        "percent": headline.percent,
        "signed": tasks.signed,
    }
    context |= _single(one, numbers, draw, command, album) if one else {"n_findings": 0}
    context["sections"] = tasks.sections(context)
    if album.left_out:
        context["warnings"].append(f"{album.left_out} pictures were left out to keep the page small.")
    return Page(_template().render(context), album.left_out)


def _single(
    log: LogReport, numbers: dict[str, Any], draw: Draw | None, command: Command | None, album: Album
) -> dict[str, Any]:
    """What only the page of one log has."""
    findings = sorted((f for r in log.objects.values() for f in r.findings), key=lambda f: -f.weight)
    shown = findings[:MAX_FINDINGS]
    return {
        "frames": _frames(log, draw, command, album),
        "findings": [_finding(log, finding, draw, command, album) for finding in shown],
        "n_findings": len(findings),
        "times": tasks.times(numbers),
        "step": next(
            (f"{t['timeline']['step_seconds']:g}" for t in numbers["tasks"].values() if "timeline" in t), ""
        ),
        "above": tasks.above(log),
    }


def _finding(
    log: LogReport, finding: Finding, draw: Draw | None, command: Command | None, album: Album
) -> dict[str, Any]:
    matched = log.objects[finding.kind].matched
    in_image = finding.kind != "boxes3d"
    picture = thumb(draw(finding.group), matched, finding, album) if draw and in_image else Markup("")
    row = finding.truth_row if finding.truth_row >= 0 else finding.pred_row
    side = matched.truth if finding.truth_row >= 0 else matched.pred
    camera = int(side.camera[row])
    first, last = ((t - log.start_ns) / 1e9 for t in (finding.first_ns, finding.last_ns))
    when = f"{first:.1f} s" if finding.n == 1 else f"{first:.1f}–{last:.1f} s, {finding.n} frames"
    where = [log.channels[camera]] if camera >= 0 else []
    where += [f"{finding.distance:.0f} m away"] if finding.distance == finding.distance else []
    where += [f"track {finding.track_id}"] if finding.track_id != NO_TRACK else []
    return {
        "picture": picture,
        "error": finding.error,
        "what": _what(finding, matched.pred.score[finding.pred_row] if finding.pred_row >= 0 else None),
        "when": ", ".join([when, *where]),
        "command": command(finding.group, finding.track_id) if command and in_image else "",
    }


def _what(finding: Finding, score: float | None) -> str:
    said = f"{finding.pred_class}, score {score:.2f}" if score is not None else finding.pred_class
    if finding.error == "missed":
        return f"{finding.truth_class} has no label"
    if finding.error == "wrong_class":
        return f"{finding.truth_class} is labelled {said}"
    if finding.error == "loose":
        return f"{finding.truth_class} has a label that fits badly ({said})"
    if finding.error == "duplicate":
        return f"a second label on one object: {said}"
    return f"label without an object: {said}"


def _frames(log: LogReport, draw: Draw | None, command: Command | None, album: Album) -> list[dict[str, Any]]:
    report = log.objects.get("boxes2d")
    if report is None or draw is None:
        return []
    found = []
    for one in worst_frames(report.matched, WORST_FRAMES):
        seconds = (one["time_ns"] - log.start_ns) / 1e9
        caption = (
            f"{log.channels[one['camera']]}, {seconds:.1f} s, frame {one['frame']}: {one['errors']} errors"
        )
        picture = whole_frame(draw(one["frame"]), report.matched, one["frame"], album, caption)
        told = command(one["frame"], NO_TRACK) if command else ""
        found.append({"caption": caption, "picture": picture, "command": told})
    return [one for one in found if one["picture"]]


def _baseline_note(metrics: dict[str, Any], baseline: dict[str, Any] | None, name: str) -> str:
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
    ours = {k: v for k, v in metrics["settings"].items() if k not in ("resamples", "seed", "confidence")}
    return json.dumps(ours, sort_keys=True)


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    folder = Path(__file__).parent
    script = (folder / "report.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.ChainableUndefined,
        loader=jinja2.FileSystemLoader(folder),
        trim_blocks=True,
    )
    # Our own files, not anybody's labels: they are markup as they stand.
    environment.globals |= {
        "script": Markup(script),
        "css": Markup((folder / "report.css").read_text("utf-8")),
        "script_hash": f"sha256-{digest}",
    }
    return environment.get_template("report.html.j2")
