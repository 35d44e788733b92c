"""drivelabel evaluate: a layer judged by another, as numbers and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drivelabel.cli.commands._options import JsonOption
from drivelabel.cli.output import say, say_json


def evaluate(
    scenes: Annotated[list[str], typer.Argument(metavar="SCENE...", help="One scene or more.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write.")],
    truth: Annotated[str, typer.Option("--truth", help="The layer to judge by.")] = "truth",
    pred: Annotated[str, typer.Option("--pred", help="The layer to judge.")] = "auto",
    compare: Annotated[
        str | None, typer.Option("--compare", help="Another layer to set beside it, with significance.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="An earlier metrics.json to show the change against.")
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Put images into the report.")
    ] = True,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A rule, such as iou=0.6; may be repeated (docs/metrics.md).",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Judge labels by others.

    Writes metrics.json and report.html, one page that opens without a network.
    """
    from drivelabel.cli.evaluating import evaluate_scenes
    from drivelabel.cli.interrupt import interruptible
    from drivelabel.evaluation.report import Settings, changed
    from drivelabel.evaluation.report.html.headline import beside, numbers, reasons, verdict

    rules = changed(Settings(), settings or [])
    with interruptible("The scenes are unchanged; run the same command again."):
        metrics = evaluate_scenes(
            scenes, truth, pred, out, compare=compare, baseline=baseline, pictures=pictures, settings=rules
        )
    if as_json:
        say_json({"out": out, **metrics})
        return
    say(verdict(metrics["total"], pred))
    say(f"{reasons(metrics['total'])} {beside(metrics)}".strip())
    for number in numbers(metrics["total"], None):
        say(f"  {number.name}: {number.value} ({number.counts})")
    say(f"{out / 'report.html'}")
