"""What it would take a person to repair a layer, in edits and in seconds."""

from __future__ import annotations

from typing import Any

from drivelabel.evaluation.report.counts import Counts, ratio

SECONDS: dict[str, float] = {
    "accept": 1.0,
    "delete": 1.5,
    "relabel": 2.0,
    "reidentify": 2.0,
    "adjust": 8.0,
    "box": 7.0,
    "cuboid": 23.0,
    "line": 10.0,
}
"""Of one edit, for one label in one frame."""


def object_effort(counts: Counts, switches: int, kind: str) -> dict[str, Any]:
    """Edits and seconds if every label is looked at, and every wrong one is repaired on its own.

    Nothing is assumed to repair a whole track at once, so this is an upper limit; the share that is saved
    against drawing everything by hand uses the same rule on both sides.
    """
    add = "cuboid" if kind == "boxes3d" else "box"
    edits = {
        "accept": counts.right,
        "delete": counts.false + counts.duplicate,
        "relabel": counts.wrong_class,
        "adjust": counts.loose,
        "reidentify": switches,
        add: counts.missed,
    }
    return _priced(edits, counts.truth * SECONDS[add])


def line_effort(found: int, missed: int, false: int) -> dict[str, Any]:
    """The same for lane lines."""
    edits = {"accept": found, "delete": false, "line": missed}
    return _priced(edits, (found + missed) * SECONDS["line"])


def _priced(edits: dict[str, int], by_hand: float) -> dict[str, Any]:
    seconds = sum(number * SECONDS[name] for name, number in edits.items())
    saved = ratio(by_hand - seconds, by_hand)
    return {
        "edits": edits,
        "seconds": seconds,
        "seconds_by_hand": by_hand,
        "saved": saved,
        "seconds_per_edit": {name: SECONDS[name] for name in edits},
    }
