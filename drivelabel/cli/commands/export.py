"""drivelabel export: a layer in another tool's format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drivelabel.cli.commands._options import JsonOption, SceneArgument
from drivelabel.cli.output import say, say_json


def export(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="The other format, such as coco.")],
    scene: SceneArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file or folder to write.")],
    layer: Annotated[str, typer.Option("--layer", help="Whose labels.")] = "auto",
    as_json: JsonOption = False,
) -> None:
    """Write a layer in another format.

    Says what was kept, approximated and dropped.
    """
    from drivelabel.cli.interrupt import interruptible
    from drivelabel.formats import find_writer
    from drivelabel.storage import open_scene

    write = find_writer(format)
    with interruptible(f"{scene} is unchanged; run the same command again."):
        report = write(open_scene(scene), out, layer)
    if as_json:
        say_json(report.to_json())
        return
    say(str(report))
