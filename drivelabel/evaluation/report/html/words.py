"""How things are called on the page, and numbers as people read them."""

from __future__ import annotations

import re
from typing import Any

NAMES = {
    "boxes2d": "Objects in images",
    "boxes3d": "Cuboids",
    "traffic_lights": "Traffic lights",
    "light_states": "What lights show",
    "lane_lines": "Lane lines",
    "label_map": "Areas",
}
SHORT = {
    "boxes2d": "objects",
    "boxes3d": "cuboids",
    "traffic_lights": "traffic lights",
    "lane_lines": "lane lines",
    "label_map": "areas",
}
NUMBERS = {
    "recall": "share found",
    "precision": "labels right",
    "f1": "F1 of both",
    "ap": "mean AP at that IoU",
}
FILLED = {
    "without_filled_truth": "without filled truth",
    "without_filled_pred": "without filled labels",
    "without_both": "without either",
}


def percent(value: float | None, digits: int = 1) -> str:
    """``60.1 %``; a dash when there is nothing to take a share of."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def unbroken(text: str) -> str:
    """The same with numbers that keep their units on one line."""
    return re.sub(r"(?<=\d) (?=(%|s|min|h|m|px)\b|%)", "\u00a0", text)


def signed(value: float | None) -> str:
    """``+1.2`` points of a share."""
    return "–" if value is None else f"{100 * value:+.1f}".replace("-", "−")


def number(value: float | None, digits: int = 2) -> str:
    """``0.73``; a dash when there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def duration(seconds: float) -> str:
    """``47 min`` of seconds."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def fact(value: Any) -> str:
    """A setting or a fact of the log."""
    if value is None:
        return "unknown"
    if isinstance(value, (tuple, list)):
        inner = [" of ".join(fact(v) for v in part) if isinstance(part, (tuple, list)) else fact(part)
                 for part in value]  # fmt: skip
        return ", ".join(inner)
    return f"{value:,.5g}" if isinstance(value, (int, float)) else str(value)


def score_rows(scores: dict[str, Any]) -> list[list[str]]:
    """Name, both values, difference and interval of the other numbers of a comparison."""
    rows = []
    for key, d in scores.items():
        kind, _, name = key.partition(": ")
        seconds = name.startswith("seconds")
        shown = [_seconds(d[k]) if seconds else number(d[k], 3) for k in ("pred", "other", "difference")]
        bounds = "too few logs"
        if d["p"] is not None:
            low, high = ((_seconds(d[k]) if seconds else number(d[k], 3)) for k in ("low", "high"))
            bounds = f"{low} to {high}"
        name = "time to repair" if seconds else name
        rows.append([f"{NAMES[kind]}: {name}", *shown, bounds, number(d["p"], 3)])
    return rows


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{'−' if value < 0 else ''}{duration(abs(value))}"


def effort_note(effort: dict[str, Any]) -> str:
    """Edits and seconds in a sentence."""
    edits = ", ".join(
        f"{name} {n:,} × {effort['seconds_per_edit'][name]:g} s" for name, n in effort["edits"].items() if n
    )
    saved = ""
    if effort["saved"] is not None:
        less = "less" if effort["saved"] >= 0 else "more"
        saved = f", so repair takes {percent(abs(effort['saved']), 0)} {less}"
    return (
        f"The fewest edits that turn the labels into the truth take {duration(effort['seconds'])} "
        f"({edits or 'none'}); drawing everything by hand takes {duration(effort['seconds_by_hand'])}{saved}."
    )
