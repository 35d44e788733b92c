"""drivelabel annotate: models label a scene."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from drivelabel.cli.commands._options import JsonOption
from drivelabel.cli.output import count, say, say_json

TASKS = "boxes,tracks,road,lanes,lights"


def annotate(
    scene: Annotated[
        str, typer.Argument(metavar="SCENE|SOURCE", help="A scene, or a recording to make one of first.")
    ],
    tasks: Annotated[str, typer.Option("--tasks", help="What to label, separated by commas.")] = TASKS,
    into: Annotated[str, typer.Option("--into", help="The layer to write.")] = "auto",
    camera: Annotated[
        list[str] | None, typer.Option("--camera", help="Which camera; may be repeated. Else all.")
    ] = None,
    detector: Annotated[
        str, typer.Option("--detector", help="A known name, an .onnx file, or ultralytics' .pt file.")
    ] = "yolox_nano",
    segmenter: Annotated[
        str, typer.Option("--segmenter", help="A known name or .onnx file.")
    ] = "twinlitenet",
    device: Annotated[str, typer.Option("--device", help="cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option("--threads", min=0, help="Of each network; 0 for all cores.")] = 0,
    trust: Annotated[
        bool, typer.Option("--trust", help="Load a .pt file, which can run code of whoever wrote it.")
    ] = False,
    on_invalid: Annotated[
        Literal["error", "skip"],
        typer.Option("--on-invalid", help="Frames that cannot be decoded: stop, or leave out and count."),
    ] = "error",
    as_json: JsonOption = False,
) -> None:
    """Label a scene or a recording with models.

    Objects with ids, road and lane areas, lane lines, traffic lights.
    An interrupted run goes on where it stopped when the same command is given again.
    """
    from drivelabel.cli.interrupt import interruptible
    from drivelabel.cli.labelling import label, scene_of
    from drivelabel.pipeline.tasks import ModelChoice

    wanted = [task.strip() for task in tasks.split(",") if task.strip()]
    models = ModelChoice(detector, segmenter, device, threads, trust)
    with interruptible("Finished frames are kept; give the same command again to go on."):
        location = scene_of(scene)
        report = label(
            location,
            tasks=wanted,
            into=into,
            models=models,
            cameras=camera,
            on_invalid=on_invalid,
            quiet=as_json,
        )
    if as_json:
        say_json({"scene": location, **asdict(report)})
        return
    parts = [f"{count(report.frames, 'frame')} labelled"]
    parts += [f"{report.earlier:,} done before"] if report.earlier else []
    parts += [f"{report.skipped:,} skipped"] if report.skipped else []
    parts += [f"{report.kept:,} left as people corrected them"] if report.kept else []
    parts += [f"{kind} {number:,}" for kind, number in report.rows.items()]
    say(f"{location}, layer {into}: {', '.join(parts)}")
