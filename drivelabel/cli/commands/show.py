"""drivelabel show: one frame with its labels, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drivelabel.cli.commands._options import JsonOption, SceneArgument
from drivelabel.cli.output import say, say_json


def show(
    scene: SceneArgument,
    frame: Annotated[int, typer.Option("--frame", min=0, help="Counts within the camera if one is given.")],
    out: Annotated[Path, typer.Option("--out", help="The picture to write: .png or .jpg.")],
    camera: Annotated[
        str | None, typer.Option("--camera", help="A camera's channel, or 'all' for one picture of all.")
    ] = None,
    layer: Annotated[
        list[str] | None, typer.Option("--layer", help="Whose labels; may be repeated. Else the newest.")
    ] = None,
    lidar: Annotated[bool, typer.Option("--lidar/--no-lidar", help="Draw lidar points.")] = True,
    birds_eye: Annotated[bool, typer.Option("--bev", help="Add the scene from above.")] = False,
    scale: Annotated[
        float, typer.Option("--scale", min=0.05, max=4.0, help="Picture pixels per image pixel.")
    ] = 1.0,
    snapshot: Annotated[
        str | None, typer.Option("--at", help="An earlier state: a commit's id or HEAD~N.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a frame with its labels."""
    from drivelabel.cli.picture import draw_one, draw_rig, row_of_frame, write_picture
    from drivelabel.storage import open_scene

    opened = open_scene(scene, snapshot)
    if camera == "all":
        picture, row = draw_rig(opened, frame, layers=layer, lidar=lidar)
    else:
        row = row_of_frame(opened, frame, camera)
        picture = draw_one(opened, row, layers=layer, lidar=lidar, birds_eye=birds_eye, scale=scale)
    write_picture(out, picture)
    height, width = picture.shape[:2]
    if as_json:
        channel = "all" if camera == "all" else opened.camera_of(row).channel
        say_json({"out": out, "frame": row, "camera": channel, "width": width, "height": height})
        return
    say(f"{out}: {width} x {height} pixels")
