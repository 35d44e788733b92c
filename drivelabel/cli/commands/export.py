"""drivelabel export: a layer in another tool's format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from drivelabel.cli.commands._options import JsonOption, SceneArgument
from drivelabel.cli.output import say, say_json


def export(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="The other format, such as coco.")],
    scene: SceneArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file or folder to write.")],
    layer: Annotated[str, typer.Option("--layer", help="Whose labels.")] = "auto",
    images: Annotated[
        Literal["reference", "copy"],
        typer.Option("--images", help="Name the recorded images, or put copies beside the labels."),
    ] = "reference",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is at OUT.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a layer in another format.

    Says what was kept, approximated and dropped.
    """
    from drivelabel.cli.interrupt import interruptible
    from drivelabel.formats import find_writer
    from drivelabel.media.frames import open_frames
    from drivelabel.storage import open_scene

    write = find_writer(format)
    with interruptible(f"{scene} is unchanged; run the same command again."):
        opened = open_scene(scene)
        with open_frames(opened) as frames:
            report = write(opened, out, layer, images=images, read_image=frames.read, overwrite=overwrite)
    if as_json:
        say_json(report.to_json())
        return
    say(str(report))
