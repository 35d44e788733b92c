"""drivelabel ingest: a recording becomes a scene."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from drivelabel.cli.commands._options import JsonOption
from drivelabel.cli.commands.import_ import import_
from drivelabel.cli.output import count, say, say_json


def ingest(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A video, image folder or drive log.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The scene to make: a folder or s3://...")],
    format: Annotated[
        str, typer.Option("--format", help="auto, video, images, pandaset, nuscenes, ...")
    ] = "auto",
    name: Annotated[str | None, typer.Option("--name", help="Of the log; else the source's own.")] = None,
    hz: Annotated[
        float | None, typer.Option("--hz", min=1e-6, help="Images a second, where they tell no times.")
    ] = None,
    on_invalid: Annotated[
        Literal["error", "skip"],
        typer.Option("--on-invalid", help="Damaged input: stop, or leave it out and count it."),
    ] = "error",
    copy: Annotated[bool, typer.Option("--copy", help="Copy the recording's files into the scene.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Read a recording and keep it as a scene."""
    from drivelabel.cli.interrupt import interruptible
    from drivelabel.pipeline import ingest as run
    from drivelabel.pipeline import labels_format

    foreign = labels_format(source, format) if source.exists() else None
    if foreign is not None:
        if name is not None or hz is not None:
            raise typer.BadParameter("--name and --hz are for recordings without labels.")
        import_(foreign, source, out, on_invalid=on_invalid, copy=copy, as_json=as_json)
        return
    with interruptible(f"Nothing was written to {out}; run the same command again."):
        scene = run(source, out, copy=copy, format=format, name=name, hz=hz, on_invalid=on_invalid).scene()
    skipped: dict[str, Any] = {
        key: value for key, value in scene.info.items() if key.startswith("skipped") and value
    }
    facts = {
        "scene": out,
        "name": scene.name,
        "cameras": [camera.channel for camera in scene.cameras],
        "lidars": [lidar.channel for lidar in scene.lidars],
        "frames": len(scene.frames),
        "sweeps": len(scene.sweeps),
        "layers": list(scene.layers),
        **skipped,
    }
    if as_json:
        say_json(facts)
        return
    parts = [count(len(scene.cameras), "camera"), count(len(scene.frames), "frame")]
    if len(scene.sweeps):
        parts.append(count(len(scene.sweeps), "lidar sweep"))
    parts += [f"layer {layer}" for layer in scene.layers]
    parts += [f"{key} {value}" for key, value in skipped.items()]
    say(f"{out}: {', '.join(parts)}")
