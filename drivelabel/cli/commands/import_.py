"""drivelabel import: labels of another tool's format become a scene."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drivelabel.cli.commands._converting import (
    DriveOption,
    OnInvalidOption,
    OptionsOption,
    StrictOption,
    facts_of,
    say_report,
)
from drivelabel.cli.commands._options import JsonOption
from drivelabel.cli.output import count, say, say_json


def import_(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="The format's name, or auto.")],
    source: Annotated[Path, typer.Argument(metavar="PATH", help="The label file or the data set's folder.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The scene to make: a folder or s3://...")],
    layer: Annotated[str, typer.Option("--layer", help="What the layer is called.")] = "truth",
    scene: DriveOption = None,
    on_invalid: OnInvalidOption = "error",
    strict: StrictOption = False,
    sidecar: Annotated[
        bool, typer.Option(help="Take what our own export left beside its labels: it is exact.")
    ] = True,
    copy: Annotated[bool, typer.Option("--copy", help="Copy the images into the scene.")] = False,
    option: OptionsOption = [],  # noqa: B006  typer reads it, nobody changes it
    as_json: JsonOption = False,
) -> None:
    """Make a scene of another format's labels.

    Of data with several drives, OUT/NAME.scene each. Says what was kept, approximated and dropped.
    """
    from drivelabel.cli.interrupt import interruptible
    from drivelabel.pipeline import import_labels

    with interruptible(f"What is complete at {out} stays; nothing stands there half made."):
        made = import_labels(
            format,
            source,
            out,
            layer=layer,
            scene=scene,
            on_invalid=on_invalid,
            strict=strict,
            copy=copy,
            sidecar=sidecar,
            options=option,
        )
    found = [facts_of(each) for each in made]
    if as_json:
        say_json({"scenes": found})
        return
    for each, facts in zip(made, found, strict=True):
        parts = [count(len(facts["cameras"]), "camera"), count(facts["frames"], "frame")]
        if facts["sweeps"]:
            parts.append(count(facts["sweeps"], "lidar sweep"))
        parts += [f"layer {name}" for name in facts["layers"]]
        say(f"{each.location}: {', '.join(parts)}")
        say_report(each.report)
